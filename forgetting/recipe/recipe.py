"""The recipe: everything that determines a result but the file's bytes, as frozen settings with a canonical form."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, setting
from forgetting.data.reading import ReadingSettings
from forgetting.data.reviews import MISSING
from forgetting.model.settings import ModelSettings, SplitSettings, TrainingSettings
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import ChosenReview, Explanation
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.renamed import complete_settings, rename_settings

if TYPE_CHECKING:
    from forgetting.data.reviews import Reviews
    from forgetting.data.tables import Table


@dataclass(frozen=True)
class DataSettings(Settings):
    """Which reviews.

    Attributes:
        source: The synthetic "sample", the "original" file of wine reviews, or another "file".
        file: Name of the file, "" for any.
        sha256: SHA-256 of the file's bytes, "" for any.
        text_column: Column of the texts, "" for the likely one.
        label_column: Column of the labels, "" for the likely one.
        missing: Words that stand for a missing text or label, in any case; the empty one always does.
        fold_labels: Whether labels that differ in letter case, blanks or the writing of a number are one class.
        quantile_classes: Number of classes of equal size that numeric labels are cut into; 0 leaves them as they are.
        drop_duplicates: Whether a review that occurs again is left out; this and the others: see `filter_reviews`.
        min_reviews: Reviews that a class needs.
        max_classes: Number of classes at most, 0 for all.
        max_reviews: Number of reviews at most, 0 for all.
        seed: Seed that the reviews are drawn from where there are more.
    """

    group: ClassVar[str] = "data"
    source: str = setting("sample", choices=("sample", "original", "file"))
    file: str = setting("")
    sha256: str = setting("")
    text_column: str = setting("")
    label_column: str = setting("")
    missing: tuple[str, ...] = setting(MISSING, most=100)
    fold_labels: bool = setting(True)
    quantile_classes: int = setting(0, low=0, high=100)
    drop_duplicates: bool = setting(True)
    min_reviews: int = setting(2, low=1, high=100_000)
    max_classes: int = setting(0, low=0, high=100_000)
    max_reviews: int = setting(0, low=0, high=1_000_000)
    seed: int = setting(0, low=0, high=2**32 - 1)

    def make_reviews(self, table: Table) -> Reviews:
        """The reviews of a table, before these settings select from them. Raises DataError as `Table.reviews` does."""
        return table.reviews(
            self.text_column or None,
            self.label_column or None,
            missing=self.missing,
            fold_labels=self.fold_labels,
            quantile_classes=self.quantile_classes,
        )


@dataclass(frozen=True)
class Recipe(Settings):
    """All settings of an experiment: how a model is trained and randomized, and the plans of its studies.

    Attributes:
        protocol: "modern" or "published". In the published protocol the labels are the names of the reviews, and the
            randomized model is a fresh one drawn from N(0, 1) and then trained as the original was.
        reading: How the file becomes a table.
        data: Which reviews.
        split: How the reviews are split, and the words counted.
        model: Shape of the classifier.
        training: How it is trained.
        randomization: What is randomized, how much, and how.
        sweep: Plan of a sweep.
        relearning: Plan of relearning.
        forget: Which reviews are to be forgotten.
        unlearning: Which unlearning methods are compared.
        review: Which review is looked at.
        explanation: Plan of the sanity check of attributions.
        seed: Seed of the initial weights and of training.

    Raises:
        RecipeError: The published protocol is asked for anything but other data or another seed, or the randomization
            is of layers that the model will not have.
    """

    protocol: str = setting("modern", choices=("modern", "published"))
    reading: ReadingSettings = field(default=ReadingSettings())
    data: DataSettings = field(default=DataSettings())
    split: SplitSettings = field(default=SplitSettings())
    model: ModelSettings = field(default=ModelSettings())
    training: TrainingSettings = field(default=TrainingSettings())
    randomization: Randomization = field(default=Randomization())
    sweep: Sweep = field(default=Sweep())
    relearning: Relearning = field(default=Relearning())
    forget: Forget = field(default=Forget())
    unlearning: Unlearning = field(default=Unlearning())
    review: ChosenReview = field(default=ChosenReview())
    explanation: Explanation = field(default=Explanation())
    seed: int = setting(0, low=0, high=2**32 - 1)

    def __post_init__(self):
        super().__post_init__()
        for name in self._lists():  # of a bare layer the name is empty, but no recipe has one
            if "" in (value := self.value(name)):
                raise RecipeError(f"{name} must hold names that are not empty; got {value}. Leave it out.")
        self.randomization.chosen_layers(self.model.layers)
        if self.protocol == "published":
            _check_published(self)

    @classmethod
    @cache
    def _lists(cls) -> tuple[str, ...]:
        """The dotted names of the settings that are tuples."""
        return tuple(name for name, item in cls.leaves().items() if isinstance(item.default, tuple))

    @classmethod
    def from_dict(cls, values: Any, base: Self | None = None) -> Self:
        """Read what `to_dict` wrote, in this version or an earlier one.

        Args:
            values: Settings by name, those of a group as a dictionary of their own.
            base: Where the settings that are left out come from; None for the protocol that `values` names.

        Raises:
            RecipeError: A name is unknown, a setting is given under an earlier and today's name, or a value is of
                the wrong type or out of its bounds.
        """
        if isinstance(values, dict):
            values = rename_settings(values) if base else complete_settings(rename_settings(values))
            protocol = values.get("protocol")
            base = base or (PROTOCOLS.get(protocol) if isinstance(protocol, str) else None)
        return super().from_dict(values, base)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a recipe from JSON.

        Raises:
            RecipeError: The text is no JSON object, or one that `from_dict` refuses.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise RecipeError(f"A recipe must be a JSON object: {error}. `Recipe.to_json` writes one.") from error
        return cls.from_dict(values)

    def to_json(self) -> str:
        """The canonical form: all settings as JSON, sorted by name, without spaces, in ASCII."""
        return json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical form, as 64 hexadecimal digits.

        The form holds every setting, so a version that brings a new one gives the same experiment another hash.
        """
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @property
    def labels_by_name(self) -> bool:
        """Whether each review is labelled with its own name, as in the published protocol without a label column."""
        return self.protocol == "published" and not self.data.label_column

    def used_value(self, name: str) -> Any:
        """The value of a setting by its dotted name, as it is used; see `Unlearning.for_kind`."""
        group, _, rest = name.partition(".")
        return self.unlearning.for_kind(self.model.kind).value(rest) if group == "unlearning" else self.value(name)

    def for_training(self) -> Self:
        """The settings that determine the trained model; those of what is done to it afterwards have their defaults."""
        later = ("randomization", "sweep", "relearning", "forget", "unlearning", "review", "explanation")
        return replace(self, **{name: getattr(MODERN, name) for name in later})


_PUBLISHED_SETTINGS = {
    "split": SplitSettings(words="basic", stratify=False, sublinear_tf=False, min_df=1, stopping="never", seed=42),
    "model": ModelSettings(),
    "training": TrainingSettings(
        objective="bitwise",
        by_size=False,
        epochs=15,
        learning_rate=0.001,
        weight_decay=0.0,
        label_smoothing=0.0,
        dropout_steps=1,
        reuse_forward_pass=True,
    ),
    "randomization": Randomization(),
}


def _check_published(recipe: Recipe) -> None:
    for group, fixed in _PUBLISHED_SETTINGS.items():
        asked = getattr(recipe, group)
        for name, value in fixed.to_dict().items():
            if asked.to_dict()[name] != value:
                raise RecipeError(
                    f"The published protocol fixes {group}.{name} at {value!r}; got {asked.to_dict()[name]!r}. "
                    "Only its data and seed can be chosen: leave the setting out, or use the modern protocol."
                )


MODERN = Recipe()
PUBLISHED = Recipe(
    protocol="published",
    data=DataSettings(source="original", missing=(), fold_labels=False, drop_duplicates=False, min_reviews=1),
    **_PUBLISHED_SETTINGS,
)
# What a first visitor sees: most is lost, but not all. On the sample the accuracy falls from 84 % to 31 %, where a
# uniform guess reaches 9 % and the largest class 19 %. At 60 % it is still 83 %: who drags the slider back finds how
# much of the layer is redundant. "normal", the default, draws weights some 20 times as large as the trained ones, and
# destroys the model at 5 %, which teaches about scale, not about memory. The defaults stay, as links depend on them.
OPENING = replace(MODERN, randomization=Randomization(layers=("fc1",), fraction=0.9, scheme="reinit"))
# By the kind of the model. A Transformer's words stand where fc1 does; of these the accuracy falls from 83 % to 32 %.
OPENINGS = {
    "mlp": OPENING,
    "transformer": replace(
        OPENING,
        model=ModelSettings(kind="transformer"),
        randomization=replace(OPENING.randomization, layers=("words",), fraction=0.7),
    ),
}
PROTOCOLS = {"modern": MODERN, "published": PUBLISHED}
