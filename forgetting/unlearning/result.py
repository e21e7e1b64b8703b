"""What the rows of an unlearning comparison say over seeds: gaps with bands, ε of each review, and tidy tables.

Bands hold 5–95 % of the seeds: they tell how much the luck of training matters, not how much the reviews do. What is
concluded is of both, and corrected for how many methods and metrics are tried: see `contrasts.py`.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from forgetting.data.reviews import review_key
from forgetting.experiment.export import TableResult
from forgetting.metrics.crossed import CrossedChange
from forgetting.metrics.intervals import median_band
from forgetting.metrics.multiplicity import benjamini_hochberg, holm
from forgetting.metrics.paired import LEVEL, SIGNIFICANT
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning import contrasts
from forgetting.unlearning.forget_set import SHOWN_CHARACTERS, ForgetSets
from forgetting.unlearning.indistinguishability import Indistinguishability, indistinguishability
from forgetting.unlearning.row import MODEL_METRICS, SETS, UNLEARNING_METRICS, UnlearningRow
from forgetting.unlearning.task import REFERENCE

QUESTIONS = {  # what is asked of a method: the contrasts that answer it, and what they decide
    "remembers": ((contrasts.area_contrast,), lambda rows, p: contrasts.remembers(rows, p[0])),
    "over_forgets": ([contrast for contrast, _ in contrasts.FORGOTTEN_CONTRASTS.values()], contrasts.over_forgets),
    "relearns_soon": ((contrasts.soon_contrast,), lambda rows, p: contrasts.relearns_soon(rows, p[0])),
}
CHOSEN_LAYERS = "randomize_and_repair"  # the method whose layers are chosen
UNCHOSEN_LAYERS = ("repair_all_layers", "repair_random_layer")  # those that the choice is held against


CHOICE_CONTRASTS = {"tow": contrasts.tow_contrast, "relearn_steps": contrasts.relearning_contrast}  # more is better


@dataclass(frozen=True)
class ChoiceContrast:
    """How much nearer to exact retraining the chosen layers come than other layers, by one metric.

    Attributes:
        method: The method of the other layers.
        metric: A key of CHOICE_CONTRASTS: the ToW, or the steps to relearn the forget set, which count up to those of
            the retrained model.
        change: The metric of the chosen layers less that of the others, with its interval over models and reviews,
            corrected for how many such contrasts there are (Bonferroni).
        p: Its p-value, corrected likewise, so that nothing is concluded beyond the interval.
    """

    method: str
    metric: str
    change: CrossedChange
    p: float

    @property
    def conclusion(self) -> str:
        """Whether the chosen layers are shown to come "nearer" or "less near", or it is "open"."""
        return "open" if not self.p <= SIGNIFICANT else "nearer" if self.change.change > 0 else "less near"


@dataclass(frozen=True)
class Nearest:
    """The method that comes nearest to exact retraining, by its ToW.

    Attributes:
        method: Its name.
        tow: Median of its ToW.
        among: Number of methods that it was chosen from.
        ties: Those of the others that cannot be told from it.
        equal: Whether it and all others have the same ToW, so that none is nearer.
        original_ties: Whether the original, which forgets nothing, cannot be told from it either.
        test_tow: Median of its ToW with the accuracy of the test part, which did not choose it; None without one.
    """

    method: str
    tow: float
    among: int
    ties: tuple[str, ...]
    equal: bool
    original_ties: bool
    test_tow: float | None


@dataclass(frozen=True, eq=False)
class UnlearningResult(TableResult):
    """The rows of a comparison, finished or stopped, with the recipe and the sets that they are of.

    Attributes:
        recipe: What leads to the rows.
        sets: The reviews, by what becomes of them.
        rows: One a method and seed, in the order of the plan.
        epochs: For how many epochs the originals and the retrained models were trained.
        planned: Number of rows of the whole plan.
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
        """Accuracy, by set, of always predicting the retain set's most frequent class."""
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

    @property
    def methods(self) -> list[str]:
        """Names of the methods that have a row, in the order of the rows."""
        return list(dict.fromkeys(row.method for row in self.rows))

    @property
    def candidates(self) -> list[str]:
        """The methods but exact retraining and the original, about which conclusions are drawn."""
        return [name for name in self.methods if name not in (REFERENCE, "original")]

    @property
    def seeds(self) -> int:
        """How many seeds have a row."""
        return len({row.seed for row in self.rows})

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The rows as a table: each metric, retraining's ("retrained_…"), and their gap ("gap_…"), NaN where missing.

        Beside them stand the intervals over reviews ("…_low", "…_high"), the trivial accuracies, whether the method
        over-forgets or remembers, and the reasons of what is missing.
        """
        intervals = [*(f"{name}_accuracy" for name in SETS), "attack_auc", "attack_tpr"]
        columns = [
            *("method", "seed", *UNLEARNING_METRICS),
            *(f"{name}_{end}" for name in intervals for end in ("low", "high")),
            *(f"retrained_{name}" for name in MODEL_METRICS),
            *(f"gap_{name}" for name in UNLEARNING_METRICS),
            *("over_forgets", "remembers", "chance", *(f"{name}_majority" for name in SETS), "missing"),
        ]
        table = pd.DataFrame([self._flat(row) for row in self.rows], columns=columns)
        texts = ("method", "seed", "over_forgets", "remembers", "missing")
        return table.astype({name: float for name in table.columns if name not in texts})

    def _flat(self, row: UnlearningRow) -> dict:
        values = {name: getattr(row, name) for name in ("method", "seed", "over_forgets", "remembers")}
        values |= {"chance": self.chance}
        values |= row.metrics | {f"{name}_majority": accuracy for name, accuracy in self.majority.items()}
        values |= {f"retrained_{name}": value for name, value in row.retrained.items()}
        values |= {f"gap_{name}": row.gap(name) for name in UNLEARNING_METRICS}
        for (name, model), (low, high) in row.intervals.items():
            if model == "unlearned":
                values |= {f"{name}_low": low, f"{name}_high": high}
        return values | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}

    @cached_property
    def gaps(self) -> pd.DataFrame:
        """A table over seeds, with one row a method and metric.

        Returns:
            Columns: "method", "metric"; "value", "low", "high": median and 5–95 % band; "retrained": median of exact
            retraining, NaN where the metric is of a pair; "gap", "gap_low", "gap_high": the same of the gap; "seeds":
            how many have the metric; "missing": the most frequent reason where none has it, or none has a gap.
            "change", "change_low", "change_high": mean gap of models and reviews with its 95 % interval, of ToW and
            the forget divergence to another retraining, see `contrasts.py`; "p": its p-value; "adjusted_p": the same by
            Benjamini & Hochberg over all candidates and all these metrics, and over the metrics alone for exact
            retraining and the original. NaN where there are none.
        """
        table = [self._gap_row(method, metric) for method in self.methods for metric in UNLEARNING_METRICS]
        columns = ["method", "metric", "value", "low", "high", "retrained", "gap", "gap_low", "gap_high", "seeds"]
        columns += ["missing", "change", "change_low", "change_high", "p"]
        found = pd.DataFrame(table, columns=columns)
        family = found["method"].mask(found["method"].isin(self.candidates), "candidates")
        found["adjusted_p"] = found.groupby(family)["p"].transform(benjamini_hochberg)
        return found

    def _rows_of(self, method: str) -> list[UnlearningRow]:
        return [row for row in self.rows if row.method == method]

    def _models_of(self, method: str) -> list[UnlearningRow]:
        """The rows of a method that gave a model."""
        return [row for row in self._rows_of(method) if any(value is not None for value in row.metrics.values())]

    def _contrast(self, method: str, metric: str) -> CrossedChange | None:
        """A metric's mean gap to retraining, or to another retraining, as surely as models and reviews allow."""
        rows = self._models_of(method)
        if contrast := contrasts.RETRAINED_CONTRASTS.get(metric):
            return contrast(rows)
        if method == REFERENCE or metric not in contrasts.REFERENCE_CONTRASTS:
            return None
        return contrasts.REFERENCE_CONTRASTS[metric](rows, self._models_of(REFERENCE))

    def _gap_row(self, method: str, metric: str) -> dict:
        rows = self._rows_of(method)
        values = [row.metrics[metric] for row in rows if row.metrics[metric] is not None]
        gaps = [gap for row in rows if (gap := row.gap(metric)) is not None]
        retrained = [value for row in rows if (value := row.retrained.get(metric)) is not None]
        reasons = [reason for row in rows if (reason := row.missing.get(metric))]
        if not gaps and not reasons:
            reasons = [reason for row in rows if (reason := row.missing.get(f"retrained_{metric}"))]
        value, gap = median_band(values), median_band(gaps)
        contrast = self._contrast(method, metric) or CrossedChange(np.nan, np.nan, np.nan, np.nan, 0)
        return {
            **{"method": method, "metric": metric, "value": value.median, "low": value.low, "high": value.high},
            "retrained": float(np.median(retrained)) if retrained else np.nan,
            **{"gap": gap.median, "gap_low": gap.low, "gap_high": gap.high, "seeds": len(values)},
            "missing": "" if gaps or not reasons else max(dict.fromkeys(reasons), key=reasons.count),
            **{"change": contrast.change, "change_low": contrast.low, "change_high": contrast.high, "p": contrast.p},
        }

    @cached_property
    def conclusions(self) -> dict[str, dict[str, bool | None]]:
        """What is concluded of each candidate, by question of QUESTIONS; None where it cannot be told.

        p-values are adjusted by Holm over the candidates, as sentences name them one by one.
        """
        found, rows = {}, {method: self._models_of(method) for method in self.candidates}
        for question, (tests, decide) in QUESTIONS.items():
            p = [_p_value(test(models)) for models in rows.values() for test in tests]
            adjusted = holm(p).reshape(-1, len(tests)).tolist()
            found[question] = {
                method: decide(models, own) for (method, models), own in zip(rows.items(), adjusted, strict=True)
            }
        return found

    def over_forgets(self, method: str) -> bool | None:
        """Whether a method's models know the forget set less than retrained ones; None where it cannot be told."""
        return self.conclusions["over_forgets"].get(method)

    def remembers(self, method: str) -> bool | None:
        """Whether the attack finds more than after retraining; None where it cannot be told."""
        return self.conclusions["remembers"].get(method)

    @cached_property
    def nearest(self) -> Nearest | None:
        """The candidate with the highest ToW, chosen by the validation part; None where none has one.

        Those whose ToW differs from it by less than models and reviews show, with Holm's correction, are its ties.
        """
        scores = {name: score for name in self.candidates if (score := self.median(name, "tow")) is not None}
        if not scores:
            return None
        best = max(scores, key=scores.get)
        others = [name for name in scores if name != best]
        models, original = {name: self._models_of(name) for name in scores}, self._models_of("original")
        adjusted = holm([_p_value(contrasts.tow_contrast(models[best], models[name])) for name in others])
        ties = tuple(name for name, p in zip(others, adjusted, strict=True) if not p <= SIGNIFICANT)
        equal = ties == tuple(others) and set(map(scores.get, others)) == {scores[best]}
        from_original = contrasts.tow_contrast(models[best], original)
        original_ties = from_original is not None and from_original.p > SIGNIFICANT
        return Nearest(best, scores[best], len(scores), ties, equal, original_ties, self.median(best, "test_tow"))

    @cached_property
    def choice(self) -> tuple[ChoiceContrast, ...]:
        """What the choice of layers is worth: `randomize_and_repair` beside all layers and beside random ones."""
        own = self._models_of(CHOSEN_LAYERS)
        asked = [(name, metric) for name in UNCHOSEN_LAYERS if name in self.methods for metric in CHOICE_CONTRASTS]
        level = 1 - (1 - LEVEL) / max(1, len(asked))
        found = {
            (name, metric): change
            for name, metric in asked
            if (change := CHOICE_CONTRASTS[metric](own, self._models_of(name), level=level))
        }
        return tuple(ChoiceContrast(*key, change, min(1.0, len(asked) * change.p)) for key, change in found.items())

    def median(self, method: str, metric: str) -> float | None:
        """Median over a method's seeds; None where half or more lack the metric, as the rest may be the best."""
        values = [row.metrics[metric] for row in self._rows_of(method)]
        present = [value for value in values if value is not None]
        return float(np.median(present)) if len(present) > len(values) / 2 else None

    @cached_property
    def indistinguishable(self) -> dict[str, Indistinguishability]:
        """By method, how well its models can be told from retrained ones by the probabilities of each forget review."""
        found = {}
        for method in self.methods:
            rows = [row.confidence for row in self._rows_of(method) if row.confidence]
            sides = [np.array([confidence[model] for confidence in rows]) for model in ("unlearned", "retrained")]
            found[method] = indistinguishability(*sides)
        return found

    def forget_reviews(self, method: str) -> pd.DataFrame:
        """The reviews of the forget set one by one: probability of the true class, median over seeds, and ε.

        Args:
            method: Key of METHODS.

        Returns:
            Columns: "key", "class", "original", "unlearned", "retrained", "gap" (unlearned − retrained), "epsilon",
            "review"; NaN where no seed has a model.
        """
        rows = [row.probabilities for row in self._rows_of(method) if row.probabilities]
        part, split = self.sets.forget, self.sets.retain_split
        texts = [split.reviews.texts[row] for row in part.rows]
        medians = {
            model: np.median([each[model] for each in rows], axis=0) if rows else np.full(len(part), np.nan)
            for model in ("original", "unlearned", "retrained")
        }
        epsilons = self.indistinguishable[method].epsilons if rows else None
        return pd.DataFrame(
            {
                "key": [review_key(text) for text in texts],
                "class": [split.classes[number] for number in part.targets],
                **medians,
                "gap": medians["unlearned"] - medians["retrained"],
                "epsilon": np.nan if epsilons is None else epsilons,
                "review": [text[:SHOWN_CHARACTERS] for text in texts],
            }
        )

    def losses(self, method: str, model: str = "unlearned") -> dict[str, np.ndarray]:
        """−ln of the probability of the true class of all seeds, by set: "forget", "retain", "non_members".

        Args:
            method: Key of METHODS.
            model: "unlearned" for the method's models, or "retrained" for those that they are compared with.
        """
        rows = [row.losses[model] for row in self._rows_of(method) if row.losses]
        return {name: np.concatenate([losses[name] for losses in rows]) for name in (rows[0] if rows else {})}

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with what it depends on as its recipe."""
        about = {"data_sha256": self.sets.retain_split.reviews.sha256, "epochs_trained": self.epochs}
        counts = self.reviews
        about |= {f"{name}_reviews": counts[name] for name in SETS}
        about |= {"non_member_reviews": counts["non_members"], "rows_planned": self.planned}
        recipe = self.recipe
        done = replace(recipe.for_training(), forget=recipe.forget, unlearning=recipe.unlearning)
        return self.frame, done, about


def _p_value(change: CrossedChange | None) -> float:
    return np.nan if change is None else change.p
