"""Sweeps: how a model's figures fall with the dose, for many layer sets, schemes, units and seeds, as tidy rows.

`sweep` yields the rows as they are ready and returns them as a `SweepResult`. The logits come from `variants`, the
figures from `figures`; this module measures in chunks that fit the memory it is given, and hands out replicates.
"""

import io
import json
import math
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch

from forgetting import figures, workers
from forgetting.errors import RecipeError
from forgetting.experiment import Progress, make_trainer, plain, state_of
from forgetting.features import Split
from forgetting.metrics import (
    LOSS_TOO_LARGE,
    NOT_FINITE,
    TOP_K,
    baselines,
    forgetting_ratio,
    no_top_k,
    probabilities,
    wilson,
)
from forgetting.models import TextClassifier, parameter_count
from forgetting.plan import JOINED, Sweep
from forgetting.randomization import Randomization
from forgetting.recipe import MODERN, Recipe
from forgetting.reviews import Report, Reviews
from forgetting.variants import Variant, variants

MEMORY = 512 * 2**20  # bytes that the variants of a sweep may take at once, in each worker
TEMPORARIES = 14  # arrays of the logits' size that measuring holds at once
PARTS = ("training", "validation")
FIGURES = {
    "loss": "of the objective",
    "calibrated_loss": "the least that any temperature gives, see `figures.calibrated`",
    "temperature": "that gives it",
    "accuracy": "top-1, in [0, 1]",
    "accuracy_low": "of its 95 % Wilson interval over reviews",
    "accuracy_high": "of its 95 % Wilson interval over reviews",
    "accuracy_before": "of the original model",
    "majority": "accuracy of always naming the training part's most frequent class",
    "forgetting": "(before − after) / (before − chance)",
    "top_k_accuracy": f"the true class is among the best {TOP_K}",
    "macro_f1": "mean F1 over classes",
    "bitwise_accuracy": "the published one",
    "entropy": "mean of a prediction's entropy, in nats",
    "most_predicted_share": "share of reviews given the most predicted class; 1 is collapse",
    "agreement": "share of reviews given the same class as by the original",
    "divergence": "mean Jensen–Shannon divergence from the original, base 2",
}
TEMPERATURE_ZERO = "0: every answer is right, so the loss falls to 0 with the temperature"
TEMPERATURE_INFINITE = "infinite: no scale of the logits is better than saying the same everywhere"
NOT_REACHED = "dose 1 does not move the weights as far as {level:g} of their norm"


@dataclass(frozen=True)
class Row:
    """One variant. layers: the set, joined by "+". level: the plan's dose. dose and changes: see `Variant`.

    training, validation: the FIGURES by name, None where missing. missing: the reason of each None, by the column
    "validation_loss" and so on.
    """

    layers: str
    level: float
    dose: float | None
    scheme: str
    unit: str
    seed: int
    change: float | None
    relative_change: float | None
    chance: float
    training: dict[str, float | None]
    validation: dict[str, float | None]
    missing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class SweepResult:
    """The rows of a sweep, finished or stopped, with the plan and the recipe that they are of.

    frame: a line a row, figures as "training_accuracy" …, NaN where missing, with all reasons in "missing".
    """

    plan: Sweep
    rows: tuple[Row, ...]
    recipe: Recipe = MODERN
    sha256: str = ""

    @cached_property
    def frame(self) -> pd.DataFrame:
        return pd.DataFrame([_flat(row) for row in self.rows], columns=COLUMNS)

    def to_bytes(self, kind: str) -> bytes:
        """As "csv", "parquet" or "json". CSV has the recipe's hash in each line, the others the recipe itself."""
        recipe = replace(self.recipe, sweep=self.plan)
        table = self.frame.assign(recipe_hash=recipe.hash, data_sha256=self.sha256)
        if kind == "csv":
            return table.to_csv(index=False, lineterminator="\n").encode()
        about = {"recipe": recipe.to_json(), "data_sha256": self.sha256}
        if kind == "parquet":
            plain_table = pa.Table.from_pandas(self.frame, preserve_index=False)
            kept = io.BytesIO()
            pq.write_table(plain_table.replace_schema_metadata({**(plain_table.schema.metadata or {}), **about}), kept)
            return kept.getvalue()
        if kind == "json":
            rows = self.frame.to_dict("records")
            values = {"recipe": recipe.to_dict(), "data_sha256": self.sha256, "rows": rows}
            return json.dumps(plain(values), allow_nan=False).encode()
        raise RecipeError(f"A sweep is written as csv, parquet or json; got {kind!r}. Choose one of them.")

    def write(self, path: str | Path) -> None:
        """Write to a file, in the format of its ending."""
        Path(path).write_bytes(self.to_bytes(Path(path).suffix.removeprefix(".").lower()))


COLUMNS = [
    *("layers", "level", "dose", "scheme", "unit", "seed", "change", "relative_change", "chance"),
    *(f"{part}_{name}" for part in PARTS for name in FIGURES),
    "missing",
]


def _flat(row: Row) -> dict:
    values = {name: getattr(row, name) for name in COLUMNS[:9]}
    values |= {f"{part}_{name}": getattr(row, part).get(name) for part in PARTS for name in FIGURES}
    return values | {"missing": "; ".join(f"{name}: {reason}" for name, reason in row.missing.items())}


@dataclass(frozen=True, eq=False)
class Subject:
    """What a replicate is made of; it goes to the workers, so the split holds no texts."""

    model: TextClassifier
    initial: Mapping[str, torch.Tensor] | None
    split: Split
    recipe: Recipe
    plan: Sweep
    sets: tuple[tuple[str, ...], ...]
    majority: dict[str, float]
    memory: int


@dataclass(frozen=True)
class Replicate:
    """A seed, with the schemes and units that are done on its model."""

    seed: int
    kinds: tuple[tuple[str, str], ...]


def sweep(
    model: TextClassifier,
    split: Split,
    plan: Sweep = MODERN.sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = MEMORY,
) -> Generator[Row, None, SweepResult]:
    """The rows of a plan as they are ready, replicate by replicate in the order of the seeds; returned as a result.

    recipe: that the model was trained by; its objective gives the loss, and its settings train the replicates'
    models where the plan says so. initial: the state dict from before training, for the scheme "rewind".
    progress: called with the rows done and those to be. jobs: processes; −1 for one a core. dask: address of a Dask
    scheduler that the replicates go to instead. memory: bytes that variants may take at once in each process.

    A row equals what `randomize` and `evaluate` give for its variant. The same plan gives the same rows whatever
    `jobs` and `dask` are: workers use as many torch threads as this process.

    Raises RecipeError before the first row where the plan does not fit the model, or not the memory, and
    `WorkersError` where no worker can be had or is left; the rows that were yielded stay valid.
    """
    found = []
    for rows in sweep_slices(model, split, plan, recipe=recipe, initial=initial, jobs=jobs, dask=dask, memory=memory):
        for row in rows:
            found.append(row)
            yield row
        if progress and rows:
            progress(len(found), plan.count(recipe.model.layers))
    return SweepResult(plan, tuple(found), recipe, split.reviews.sha256)


def sweep_slices(
    model: TextClassifier,
    split: Split,
    plan: Sweep,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    jobs: int = 1,
    dask: str = "",
    memory: int = MEMORY,
) -> Iterator[list[Row]]:
    """The same rows in slices of a fraction of a second; an empty one while a replicate's model is being trained."""
    subject = _subject(model, split, plan, recipe, initial, memory)
    tasks = _replicates(plan)
    if jobs == 1 and not dask:
        return (rows for task in tasks for rows in _slices(subject, task))
    return workers.spread(_whole, subject, tasks, jobs=jobs, dask=dask)


def _subject(
    model: TextClassifier,
    split: Split,
    plan: Sweep,
    recipe: Recipe,
    initial: Mapping[str, torch.Tensor] | None,
    memory: int,
) -> Subject:
    """Checked, so that what does not fit is refused before anything is computed."""
    if recipe.protocol == "published":
        raise RecipeError(
            "A sweep randomizes layers of one trained model; in the published protocol the randomized model is a fresh "
            "one that is trained again. Use the modern protocol."
        )
    known = tuple(name for name, _ in model.named_children())
    if "rewind" in plan.schemes and initial is None and not plan.retrain:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    plan.count(known)
    textless = replace(split, reviews=Reviews((), (), None, split.reviews.sha256, Report("", "", "", None, 0)))
    majority = baselines(split, recipe.training.objective, svc_limit=0).majority
    subject = Subject(model, initial, textless, recipe, plan, plan.sets(known), majority, memory)
    _chunk(subject)
    return subject


def _replicates(plan: Sweep) -> list[Replicate]:
    """With one model for all, each scheme and unit is a task of its own; else they share the replicate's model."""
    kinds = tuple((scheme, unit) for scheme in plan.schemes for unit in plan.units)
    if plan.retrain:
        return [Replicate(seed, kinds) for seed in plan.replicates]
    return [Replicate(seed, (kind,)) for seed in plan.replicates for kind in kinds]


def _whole(subject: Subject, task: Replicate) -> list[Row]:
    return [row for rows in _slices(subject, task) for row in rows]


def _slices(subject: Subject, task: Replicate) -> Iterator[list[Row]]:
    model, initial = subject.model, subject.initial
    if subject.plan.retrain:
        trainer = make_trainer(replace(subject.recipe, seed=task.seed), subject.split)
        initial = state_of(trainer.model)
        while trainer.epochs_left:
            trainer.advance(0.2)
            yield []
        model = trainer.model
    measuring = _Measuring(subject, model)
    most = _chunk(subject)
    for scheme, unit in task.kinds:
        randomization = Randomization(scheme=scheme, unit=unit, seed=task.seed, scale=subject.plan.scale)
        inputs = {name: part.inputs for name, part in subject.split.parts.items()}
        waiting: list[Variant] = []
        for variant in variants(
            model,
            inputs,
            subject.sets,
            subject.plan.doses,
            randomization,
            initial=initial,
            match=subject.plan.match,
        ):
            waiting.append(variant)
            if len(waiting) == most:
                yield measuring.rows(waiting, randomization)
                waiting = []
        if waiting:
            yield measuring.rows(waiting, randomization)


def _chunk(subject: Subject) -> int:
    """How many variants are measured at once. Raises RecipeError where the memory does not hold even one."""
    reviews = sum(map(len, subject.split.parts.values()))
    classes, weights = len(subject.split.classes), parameter_count(subject.model)
    widths = sum(layer.out_features for layer in list(subject.model.children())[:-1])
    kept = 60 * weights + 4 * reviews * widths * (len(subject.sets) + 2)  # paths and their draws; hidden activations
    each = 4 * reviews * classes * TEMPORARIES
    fits = int((subject.memory - kept) // each)
    if fits < 1:
        raise RecipeError(
            f"One variant of this model needs about {(kept + each) / 2**20:,.0f} MiB ({weights:,} weights, {reviews:,} "
            f"reviews of {classes:,} classes); the memory allowed is {subject.memory / 2**20:,.0f} MiB. Keep fewer "
            "words (split.max_words), reviews (data.max_reviews) or classes, or allow more memory."
        )
    return min(fits, 128)


class _Measuring:
    """The figures of variants beside those of one original model."""

    def __init__(self, subject: Subject, model: TextClassifier):
        self.split, self.objective = subject.split, subject.recipe.training.objective
        self.majority = subject.majority
        self.chance = 1 / len(self.split.classes)
        with torch.no_grad():
            logits = {name: model(part.inputs) for name, part in self.split.parts.items()}
        self.original = {name: _Original(values) for name, values in logits.items()}
        self.before = {
            name: figures.accuracy(self.original[name].guesses, part.targets).item()
            for name, part in self.split.parts.items()
        }

    def rows(self, chunk: list[Variant], randomization: Randomization) -> list[Row]:
        reached = [variant for variant in chunk if variant.logits is not None]
        measured = {name: self._part(name, reached) for name in PARTS}
        places = {id(variant): place for place, variant in enumerate(reached)}
        rows = []
        for variant in chunk:
            about = {
                "layers": JOINED.join(variant.layers),
                "level": variant.level,
                "dose": variant.dose,
                "scheme": randomization.scheme,
                "unit": randomization.unit,
                "seed": randomization.seed,
                "change": variant.change,
                "relative_change": variant.relative_change,
                "chance": self.chance,
            }
            if variant.logits is None:
                reason = NOT_REACHED.format(level=variant.level)
                empty = {name: self._known(name) for name in PARTS}
                rows.append(Row(**about, **empty, missing={"dose": reason}))
                continue
            found = {name: measured[name][places[id(variant)]] for name in PARTS}
            missing = {f"{name}_{figure}": why for name in PARTS for figure, why in found[name][1].items()}
            rows.append(Row(**about, **{name: found[name][0] for name in PARTS}, missing=missing))
        return rows

    def _known(self, name: str) -> dict[str, float | None]:
        """What is known of a part without a variant."""
        return dict.fromkeys(FIGURES) | {"accuracy_before": self.before[name], "majority": self.majority[name]}

    def _part(self, name: str, chunk: list[Variant]) -> list[tuple[dict[str, float | None], dict[str, str]]]:
        """Figures and the reasons of missing ones, for each variant."""
        if not chunk:
            return []
        targets, classes = self.split.parts[name].targets, len(self.split.classes)
        logits = torch.stack([variant.logits[name] for variant in chunk])  # (variants, reviews, classes)
        finite = torch.isfinite(logits).flatten(1).all(1)
        logits[~finite] = 0
        columns = self._columns(logits, targets, self.original[name])
        reviews, hits = len(targets), (columns["accuracy"] * len(targets)).round().int().tolist()
        lists = {figure: values.tolist() for figure, values in columns.items()}
        found = []
        for place, whole in enumerate(finite.tolist()):
            if not whole:
                names = [figure for figure in FIGURES if figure not in ("accuracy_before", "majority")]
                found.append((self._known(name), dict.fromkeys(names, NOT_FINITE)))
                continue
            values = self._known(name) | {figure: column[place] for figure, column in lists.items()}
            values["accuracy_low"], values["accuracy_high"] = wilson(hits[place], reviews)
            ratio = forgetting_ratio(self.before[name], values["accuracy"], self.chance)
            values["forgetting"] = ratio.value
            missing = {"forgetting": ratio.missing} if ratio.missing else {}
            found.append((values, missing | _unfit(values, classes)))
        return found

    def _columns(self, logits: torch.Tensor, targets: torch.Tensor, original: "_Original") -> dict[str, torch.Tensor]:
        """One number a variant for each figure that is computed for all at once."""
        classes = logits.shape[-1]
        guesses = logits.argmax(-1)
        strided = logits.transpose(-2, -1).contiguous().transpose(-2, -1)  # classes outermost, see `figures`
        softmax = figures.likelihoods(strided)
        chances = softmax if self.objective == "cross_entropy" else probabilities(strided, self.objective)
        temperature, calibrated = figures.calibrated(strided, targets, self.objective)
        return {
            "loss": figures.loss(strided, targets, self.objective),
            "calibrated_loss": calibrated,
            "temperature": temperature,
            "accuracy": figures.accuracy(guesses, targets),
            "top_k_accuracy": figures.top_k_accuracy(strided, targets, TOP_K),
            "macro_f1": figures.macro_f1(guesses, targets, classes),
            "bitwise_accuracy": figures.bitwise_accuracy(chances, targets),
            "entropy": figures.entropy(softmax),
            "most_predicted_share": figures.named(guesses, classes).amax(-1) / len(targets),
            "agreement": figures.agreement(guesses, original.guesses),
            "divergence": figures.divergence(softmax, original.softmax),
        }


class _Original:
    """What variants are compared with, on one part."""

    def __init__(self, logits: torch.Tensor):
        self.guesses = logits.argmax(-1)
        self.softmax = figures.likelihoods(logits)


def _unfit(values: dict[str, float | None], classes: int) -> dict[str, str]:
    """Make figures None that say nothing, and give the reasons."""
    reasons = {}
    if not math.isfinite(values["loss"]):
        reasons["loss"] = LOSS_TOO_LARGE
    if not 0 < values["temperature"] < math.inf:
        reasons["temperature"] = TEMPERATURE_ZERO if values["temperature"] == 0 else TEMPERATURE_INFINITE
    if classes <= TOP_K:
        reasons["top_k_accuracy"] = no_top_k(classes)
    values.update(dict.fromkeys(reasons))
    return reasons
