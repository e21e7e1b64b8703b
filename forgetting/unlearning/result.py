"""What the rows of an unlearning comparison say over seeds: gaps with bands, ε of each review, and tidy tables.

Bands hold 5–95 % of the seeds: they tell how much the luck of training matters, not how much the reviews do; for that
each accuracy and the attack have intervals of their own.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forgetting.experiment.export import TableResult
from forgetting.metrics.intervals import median_band
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.evaluation import MODEL_METRICS, SETS, UNLEARNING_METRICS, UnlearningRow
from forgetting.unlearning.forget_set import SHOWN_CHARACTERS, ForgetSets, review_key
from forgetting.unlearning.indistinguishability import Indistinguishability, indistinguishability


@dataclass(frozen=True, eq=False)
class UnlearningResult(TableResult):
    """The rows of a comparison, finished or stopped, with the recipe and the sets that they are of.

    epochs: that the originals and the retrained models were trained. planned: rows of the whole plan.
    """

    recipe: Recipe
    sets: ForgetSets
    rows: tuple[UnlearningRow, ...]
    epochs: int
    planned: int

    @property
    def chance(self) -> float:
        """Accuracy of a uniform guess."""
        return 1 / len(self.sets.retain_split.classes)

    @cached_property
    def majority(self) -> dict[str, float]:
        """Accuracy, by set, of always naming the retain set's most frequent class."""
        targets = {
            "forget": self.sets.forget.targets,
            "retain": self.sets.retain.targets,
            "validation": self.sets.retain_split.validation.targets,
        }
        largest = targets["retain"].bincount().argmax()
        return {name: (found == largest).double().mean().item() for name, found in targets.items()}

    @property
    def reviews(self) -> dict[str, int]:
        """How many reviews each set has."""
        sets = self.sets
        return {
            "forget": len(sets.forget),
            "retain": len(sets.retain),
            "validation": len(sets.retain_split.validation),
            "non_members": len(sets.non_members),
        }

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A line a row: each figure, that of retraining ("retrained_…") and the gap ("gap_…"), NaN where missing.

        Beside them the intervals over reviews ("…_low", "…_high"), the trivial accuracies, whether the method
        over-forgets, and the reasons of what is missing.
        """
        table = pd.DataFrame([self._flat(row) for row in self.rows], columns=self._columns())
        texts = ("method", "seed", "over_forgets", "remembers", "missing")
        return table.astype({name: float for name in table.columns if name not in texts})

    def _columns(self) -> list[str]:
        intervals = [*(f"{name}_accuracy" for name in SETS), "attack_auc", "attack_tpr"]
        return [
            *("method", "seed", *UNLEARNING_METRICS),
            *(f"{name}_{end}" for name in intervals for end in ("low", "high")),
            *(f"retrained_{name}" for name in MODEL_METRICS),
            *(f"gap_{name}" for name in UNLEARNING_METRICS),
            *("over_forgets", "remembers", "chance", *(f"{name}_majority" for name in SETS), "missing"),
        ]

    def _flat(self, row: UnlearningRow) -> dict:
        values = {name: getattr(row, name) for name in ("method", "seed", "over_forgets", "remembers")}
        values |= {"chance": self.chance}
        values |= row.metrics | {f"{name}_majority": share for name, share in self.majority.items()}
        values |= {f"retrained_{name}": value for name, value in row.retrained.items()}
        values |= {f"gap_{name}": row.gap(name) for name in UNLEARNING_METRICS}
        for (name, whose), (low, high) in row.intervals.items():
            if whose == "own":
                values |= {f"{name}_low": low, f"{name}_high": high}
        return values | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """Over seeds, a line a method and figure.

        Columns: method, figure; value, low, high: median and 5–95 % band; retrained: median of exact retraining, NaN
        where the figure is of a pair; gap, gap_low, gap_high: the same of the gap; seeds: that have the figure;
        missing: the most frequent reason where none has it, or none has a gap.
        """
        lines = []
        for method in dict.fromkeys(row.method for row in self.rows):
            own = [row for row in self.rows if row.method == method]
            lines += [self._line(method, figure, own) for figure in UNLEARNING_METRICS]
        columns = ["method", "figure", "value", "low", "high", "retrained", "gap", "gap_low", "gap_high", "seeds"]
        return pd.DataFrame(lines, columns=[*columns, "missing"])

    def _line(self, method: str, metric: str, rows: list[UnlearningRow]) -> dict:
        values = [row.metrics[metric] for row in rows if row.metrics[metric] is not None]
        gaps = [gap for row in rows if (gap := row.gap(metric)) is not None]
        retrained = [value for row in rows if (value := row.retrained.get(metric)) is not None]
        reasons = [reason for row in rows if (reason := row.missing.get(metric))]
        if not gaps and not reasons:
            reasons = [reason for row in rows if (reason := row.missing.get(f"retrained_{metric}"))]
        value, gap = median_band(values), median_band(gaps)
        return {
            **{"method": method, "figure": metric, "value": value.median, "low": value.low, "high": value.high},
            "retrained": float(np.median(retrained)) if retrained else np.nan,
            **{"gap": gap.median, "gap_low": gap.low, "gap_high": gap.high, "seeds": len(values)},
            "missing": "" if gaps or not reasons else max(dict.fromkeys(reasons), key=reasons.count),
        }

    def over_forgets(self, method: str) -> bool | None:
        """Whether a method over-forgets with more than half of its seeds, or by its losses; None if it cannot be told.

        By its losses: of at least 3 seeds, the forget set's loss of each lies above those of all retrained models, by
        more than they differ among themselves. Of models of one kind less than one in 20 would do so.
        """
        rows = [row for row in self.rows if row.method == method]
        own, retrained = (
            [found["forget_loss"] for found in models if found["forget_loss"] is not None]
            for models in ([row.metrics for row in rows], [row.retrained for row in rows])
        )
        if min(len(own), len(retrained)) >= 3 and min(own) - max(retrained) > max(retrained) - min(retrained):
            return True
        return _most([row.over_forgets for row in rows])

    def remembers(self, method: str) -> bool | None:
        """Whether the attack tells the forget set as learnt, in the same way."""
        return _most([row.remembers for row in self.rows if row.method == method])

    @cached_property
    def indistinguishable(self) -> dict[str, Indistinguishability]:
        """By method, how well its models can be told from retrained ones by what they say of each forgotten review."""
        found = {}
        for method in dict.fromkeys(row.method for row in self.rows):
            own = [row.confidence for row in self.rows if row.method == method and row.confidence]
            sides = [np.array([each[whose] for each in own]) for whose in ("own", "retrained")]
            found[method] = indistinguishability(*sides)
        return found

    def forgotten(self, method: str) -> pd.DataFrame:
        """The forgotten reviews one by one: probability of the true class, median over seeds, and ε.

        Columns: key, class, original, unlearned, retrained, gap (unlearned − retrained), epsilon, review.
        """
        own = [row.forgotten for row in self.rows if row.method == method and row.forgotten]
        part, split = self.sets.forget, self.sets.retain_split
        texts = [split.reviews.texts[row] for row in part.rows]
        likely = {
            whose: np.median([each[whose] for each in own], axis=0) if own else np.full(len(part), np.nan)
            for whose in ("original", "own", "retrained")
        }
        epsilons = self.indistinguishable[method].epsilons if own else None
        return pd.DataFrame(
            {
                "key": [review_key(text) for text in texts],
                "class": [split.classes[number] for number in part.targets],
                "original": likely["original"],
                "unlearned": likely["own"],
                "retrained": likely["retrained"],
                "gap": likely["own"] - likely["retrained"],
                "epsilon": np.nan if epsilons is None else epsilons,
                "review": [text[:SHOWN_CHARACTERS] for text in texts],
            }
        )

    def losses(self, method: str, whose: str = "own") -> dict[str, np.ndarray]:
        """−ln of the probability of the true class of all seeds, by set: "forget", "retain", "unseen".

        whose: "own" of the method's models, or "retrained" of those that they are compared with.
        """
        own = [row.losses[whose] for row in self.rows if row.method == method and row.losses]
        return {name: np.concatenate([each[name] for each in own]) for name in (own[0] if own else {})}

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with what it depends on as its recipe."""
        about = {"data_sha256": self.sets.retain_split.reviews.sha256, "epochs_trained": self.epochs}
        about |= {f"{name}_reviews": count for name, count in self.reviews.items()} | {"rows_planned": self.planned}
        recipe = self.recipe
        done = replace(recipe.for_training(), forget=recipe.forget, unlearning=recipe.unlearning)
        return self.frame, done, about


def _most(votes: list[bool | None]) -> bool | None:
    """Whether more than half are true, of those that are not None."""
    known = [vote for vote in votes if vote is not None]
    return sum(known) > len(known) / 2 if known else None
