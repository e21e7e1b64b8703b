"""A run: what was trained, compared or studied once, with its metrics beside those of trivial models.

How results become runs, and where runs are stored, does not belong here.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property, partial

from forgetting.randomization.settings import ALL
from forgetting.recipe import url
from forgetting.recipe.plans import MOST_ROBUSTNESS_SEEDS, Relearning, Sweep
from forgetting.recipe.recipe import MODERN, Recipe

NOT_COMPUTED = "it cannot be computed"


def _own_models(plan: Sweep | Relearning) -> dict[str, object]:
    """The seed of training, which does not matter where each replicate has a model that is trained from its own."""
    return {"seed": 0} if plan.retrain else {}


def _compared(recipe: Recipe) -> dict[str, object]:
    drawn, known = recipe.randomization, recipe.model.layers
    chosen = drawn.chosen_layers(known)
    drawn = replace(drawn, layers=(ALL,) if chosen == known else chosen)
    return {"randomization": drawn if drawn.scheme == "noise" else replace(drawn, scale=1.0)}


def _swept(recipe: Recipe, **fixed: object) -> dict[str, object]:
    """The plan of a sweep, of which the scheme "noise" alone has a scale."""
    plan = replace(recipe.sweep, **fixed)
    plan = plan if "noise" in plan.schemes else replace(plan, scale=1.0)
    return {"sweep": plan, **_own_models(plan)}


def _robustness(recipe: Recipe) -> dict[str, object]:
    return {"sweep": replace(MODERN.sweep, seeds=min(recipe.sweep.seeds, MOST_ROBUSTNESS_SEEDS))}


def _layer_choice(recipe: Recipe) -> dict[str, object]:
    return {**_swept(recipe, splits=1, match="dose"), "forget": recipe.forget.used}


def _similarity(recipe: Recipe) -> dict[str, object]:
    """The plan of explanations without what only attributions depend on."""
    names = ("attributions", "top", "samples", "noise")
    defaults = {name: getattr(MODERN.explanation, name) for name in names}
    return {"explanation": replace(recipe.explanation, **defaults)}


def _learning_curves(recipe: Recipe) -> dict[str, object]:
    """The plan of relearning without the variants of the savings; each replicate draws with a seed of its own."""
    names, plan = ("layers", "doses", "schemes"), recipe.relearning
    plan = replace(plan, **{name: getattr(MODERN.relearning, name) for name in names})
    drawn = replace(_compared(recipe)["randomization"], seed=0)
    return {"randomization": drawn, "relearning": plan, **_own_models(plan)}


def _savings(recipe: Recipe) -> dict[str, object]:
    return {"relearning": recipe.relearning, **_own_models(recipe.relearning)}


def _unlearning(recipe: Recipe) -> dict[str, object]:
    return {"forget": recipe.forget.used, "unlearning": recipe.unlearning}


# Each kind of run, and the settings, besides those of training, that it depends on: a function that gives them as they
# are used. The keys of studies are those of the pages.
RUN_KINDS: dict[str, Callable[[Recipe], dict[str, object]]] = {
    "training": lambda _: {},
    "comparison": _compared,
    "dose": partial(_swept, match="dose"),
    "change": partial(_swept, match="change"),
    "robustness": _robustness,
    "layer_choice": _layer_choice,
    "explanation": lambda recipe: {"explanation": recipe.explanation},
    "similarity": _similarity,
    "learning_curves": _learning_curves,
    "savings": _savings,
    "unlearning": _unlearning,
    "reproduction": lambda _: {},
    "own_model": _swept,
}


STUDY_TITLES = {  # what a kind of study is called: on its page, in a report and among the runs; in this order
    "dose": "Dose–response",
    "change": "Equal ‖ΔW‖",
    "robustness": "Robustness",
    "layer_choice": "Which layer to unlearn in",
    "explanation": "Sanity check",
    "similarity": "Similarity",
    "learning_curves": "Learning curves",
    "savings": "Savings",
    "unlearning": "Unlearning",
}
RUN_TITLES = {  # what a kind of run is called
    "training": "Training",
    "comparison": "Before and after",
    **STUDY_TITLES,
    "reproduction": "Published table",
    "own_model": "Study of one's own model",
}


@dataclass(frozen=True)
class RunMetric:
    """A metric that a run reached.

    Attributes:
        name: What it is, such as "validation accuracy, randomized".
        value: Its value; None where there is none.
        interval: Its 95 % interval; None where there is none.
        baselines: What trivial models reach, by their names.
        missing: Why there is no value; "" where there is one.
    """

    name: str
    value: float | None
    interval: tuple[float, float] | None = None
    baselines: Mapping[str, float] = field(default_factory=dict)
    missing: str = ""


def make_metric(
    name: str,
    value: float | None,
    missing: str = "",
    interval: tuple[float | None, float | None] | None = None,
    baselines: Mapping[str, float | None] | None = None,
) -> RunMetric:
    """A metric, of which nothing stands where its value is None or not finite.

    Args:
        name: What it is.
        value: Its value.
        missing: Why there is none, where it is None.
        interval: Its 95 % interval, or None; an interval with an end that is missing is none.
        baselines: What trivial models reach, None where that is not known.
    """
    known = {what: float(reached) for what, reached in (baselines or {}).items() if _is_finite(reached)}
    if not _is_finite(value):
        return RunMetric(name, None, None, known, missing or NOT_COMPUTED)
    ends = interval if interval and all(map(_is_finite, interval)) else None
    return RunMetric(name, float(value), ends and (float(ends[0]), float(ends[1])), known)


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


@dataclass(frozen=True)
class Run:
    """What was trained, compared or studied once.

    Attributes:
        kind: One of RUN_KINDS.
        recipe: All settings.
        data_name: What the reviews are called: the name of their file, or of their source.
        data_sha256: SHA-256 of the file that they come from, as 64 hexadecimal digits.
        metrics: What it reached.
        done: How many of its parts are done: epochs, variants and the like.
        planned: How many there are.
        seconds: How long it took.
        version: Version of the program.
        at: When it ended, in UTC.
        model: What tells its model from the one that the recipe trains to the end, "" for that one: the digest of the
            file that it was loaded from, or how many steps it was trained for. A training has none of the latter, so
            that one that is stopped and goes on is one run.
        content: What two runs are compared by, as Parquet: epochs, predictions of reviews, or the rows of a study;
            empty where that is not stored.
        name: What a person calls it.
        note: What a person noted of it.
        pinned: Whether it stays when older ones go.
    """

    kind: str
    recipe: Recipe
    data_name: str
    data_sha256: str
    metrics: tuple[RunMetric, ...]
    done: int
    planned: int
    seconds: float
    version: str
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    model: str = ""
    content: bytes = b""
    name: str = ""
    note: str = ""
    pinned: bool = False

    @cached_property
    def key(self) -> str:
        """What identifies it, so that a run that is repeated is the same one; see `run_key`."""
        return run_key(self.kind, self.recipe, self.data_sha256, self.model)


def used_recipe(kind: str, recipe: Recipe) -> Recipe:
    """The settings that a run of a kind depends on; all others have their defaults.

    Args:
        kind: One of RUN_KINDS.
        recipe: All settings.
    """
    used = RUN_KINDS[kind](recipe) | {"seed": recipe.seed}
    return replace(recipe.for_training(), **used)


def run_key(kind: str, recipe: Recipe, data_sha256: str, model: str = "") -> str:
    """The SHA-256, as 64 hexadecimal digits, of all that a run depends on.

    It is made of what differs from the defaults, which never change, so a version that brings a new setting gives the
    same experiment the same key. The name of the file is no part of it.

    Args:
        kind: One of RUN_KINDS.
        recipe: All settings, of which those count that the kind depends on.
        data_sha256: SHA-256 of the file of the reviews.
        model: See `Run`.
    """
    data = replace(recipe.data, source="file", file="", sha256=data_sha256)
    used = RUN_KINDS[kind](recipe)
    differences = url.encode_query(replace(recipe.for_training(), data=data, **used))
    text = json.dumps([kind, model, differences], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
