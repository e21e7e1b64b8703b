"""A run: what was trained, compared or studied once, with its metrics beside those of trivial models.

How results become runs, and where runs are stored, does not belong here.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from forgetting.recipe import url
from forgetting.recipe.recipe import Recipe

# The groups of settings, besides those of training, that a run of a kind depends on. The keys of studies are those of
# the pages.
RUN_KINDS: dict[str, tuple[str, ...]] = {
    "training": (),
    "comparison": ("randomization",),
    "dose": ("sweep",),
    "change": ("sweep",),
    "robustness": ("sweep",),
    "layer_choice": ("sweep", "forget"),
    "explanation": ("explanation",),
    "similarity": ("sweep",),
    "learning_curves": ("relearning", "randomization"),
    "savings": ("relearning",),
    "unlearning": ("forget", "unlearning"),
    "reproduction": (),
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
            file that it was loaded from, or how many steps it was trained for.
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

    @property
    def key(self) -> str:
        """What identifies it, so that a run that is repeated is the same one; see `run_key`."""
        return run_key(self.kind, self.recipe, self.data_sha256, self.model)


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
    used = {name: getattr(recipe, name) for name in RUN_KINDS[kind]}
    if "forget" in used:
        used["forget"] = recipe.forget.used
    data = replace(recipe.data, source="file", file="", sha256=data_sha256)
    differences = url.encode_query(replace(recipe.for_training(), data=data, **used))
    text = json.dumps([kind, model, differences], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
