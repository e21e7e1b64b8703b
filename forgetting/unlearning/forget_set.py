"""What is to be forgotten: a class, chosen reviews, or a random share, and the sets of reviews that follow from it.

The vectorizer, the split and the class numbers stay as they are: the retain set is a part of the same training part,
with the same columns. So the words of the forget set stay known as words, though not which class they speak for.
"""

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
import torch

from forgetting.core.errors import DataError, EmptyStateError, RecipeError
from forgetting.data.reviews import review_key
from forgetting.model.split import Part, Split
from forgetting.recipe.forget import Forget, describe_forget

SHOWN_CHARACTERS = 400  # characters of a review that are shown


@dataclass(frozen=True, eq=False)
class ForgetSets:
    """The reviews by what becomes of them.

    Attributes:
        forget: The forget set, of the training part.
        retain: The retain set, the rest of the training part.
        non_members: The validation reviews that the forget set can be compared with, of texts that are not in
            training: all of them where a random share is forgotten, which is drawn from the same reviews; else as many
            as there are with the same mix of classes, since some classes are harder than others for any model.
        retain_split: The split with the retain set as its training part. Its stopping part has neither reviews of a
            forgotten class nor copies of forgotten reviews, which would have a say in when retraining stops.
    """

    forget: Part
    retain: Part
    non_members: Part
    retain_split: Split

    @cached_property
    def kept_classes(self) -> np.ndarray:
        """Whether the retain set has the class of each validation review, (validation reviews,) bool."""
        validation = self.retain_split.validation
        return np.isin(validation.targets.numpy(), self.retain.targets.numpy())

    @cached_property
    def unseen(self) -> np.ndarray:
        """Validation reviews by which one sees what a method does to any review, (validation reviews,) bool.

        They are the non-members; where a class is forgotten, those of the other classes, as the method is to change
        the answers to the whole class.
        """
        found = np.isin(self.retain_split.validation.rows, self.non_members.rows)
        return found if self.kept_classes[found].all() else self.kept_classes

    def measured_in(self, split: Split) -> Split:
        """The split that the sets were made of, with both sets of the training part as subsets, for a study's rows."""
        return replace(split, subsets=(("forget", self.forget), ("retain", self.retain)))


def make_forget_sets(split: Split, forget: Forget) -> ForgetSets:
    """Make the sets of a split.

    Copies of a chosen review, or of one in a share, go with it: a copy would teach the model the same again.

    Args:
        split: With the training part that is to be divided.
        forget: What is to be forgotten.

    Raises:
        RecipeError: Where a class or a review is not in the training part.
        DataError: Where the forget set is empty, or the retain set would be.
    """

    def keys_of(part: Part) -> np.ndarray:
        return np.array([review_key(split.reviews.texts[row]) for row in part.rows])

    keys = keys_of(split.training)
    chosen = CHOICES[forget.by](split, forget, keys)  # (training reviews,) bool
    everything = f"{len(chosen):,} training review{'s' * (len(chosen) != 1)}"
    if not chosen.any():
        among = f"{describe_forget(forget)} is none of {everything}"
        among = "no review is chosen yet" if forget.by == "reviews" else among
        raise EmptyStateError(f"There must be something to forget; {among}. {REMEDIES[forget.by]}")
    if chosen.all():
        raise DataError(
            f"Something must be left to learn from; {describe_forget(forget)} is all of {everything}. Forget fewer."
        )
    training, validation = split.training, split.validation
    known = set(keys.tolist())
    validation_keys = keys_of(validation)
    non_members = np.flatnonzero([key not in known for key in validation_keys])
    if forget.by != "share":
        forgotten = training.targets[torch.from_numpy(chosen)].numpy()
        non_members = _with_same_classes(forgotten, non_members, validation.targets.numpy(), validation_keys)
    retain, stopping = select_part(training, np.flatnonzero(~chosen)), split.stopping
    if stopping:
        related = np.isin(keys_of(stopping), keys[chosen])
        if forget.by == "class":
            related |= np.isin(stopping.targets.numpy(), forgotten)
        stopping = select_part(stopping, np.flatnonzero(~related)) if not related.all() else None
    return ForgetSets(
        forget=select_part(training, np.flatnonzero(chosen)),
        retain=retain,
        non_members=select_part(validation, non_members),
        retain_split=replace(split, training=retain, stopping=stopping),
    )


def _with_same_classes(wanted: np.ndarray, indices: np.ndarray, targets: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """As many of the indices as can be, so that their classes are in the proportions of the targets `wanted`.

    Where there are more of a class than are needed, those of the lowest keys, which is as good as by chance.
    """
    counts = np.bincount(wanted)
    of_class = {number: indices[targets[indices] == number] for number in np.flatnonzero(counts)}
    most = min(Fraction(len(found), int(counts[number])) for number, found in of_class.items())
    taken = [found[np.argsort(keys[found])][: round(most * int(counts[number]))] for number, found in of_class.items()]
    return np.sort(np.concatenate(taken))


def select_part(part: Part, indices: np.ndarray) -> Part:
    """The reviews of a part at these indices, which count the part's reviews, not the rows of the file."""
    return part.select(torch.from_numpy(indices))


def _choose_class(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001 - one signature
    if forget.label not in split.classes:
        names = ", ".join(repr(name[:40]) for name in split.classes[:12]) + (" …" if len(split.classes) > 12 else "")
        raise RecipeError(
            f"forget.label must be one of the classes ({names}); got {forget.label[:80]!r}. Choose one of them."
        )
    return (split.training.targets == split.classes.index(forget.label)).numpy()


def _choose_reviews(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    known = set(keys.tolist())
    unknown = [key for key in forget.reviews if key not in known]
    if unknown:
        raise RecipeError(
            f"forget.reviews must be keys of training reviews (see `review_key`); {unknown[0][:80]!r} is none. "
            "Only what was learnt can be forgotten: choose reviews of the training part."
        )
    return np.isin(keys, forget.reviews)


def _choose_share(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    different = np.unique(keys)
    count = round(forget.share * len(different))
    return np.isin(keys, np.random.default_rng(forget.seed).choice(different, count, replace=False))


CHOICES = {"class": _choose_class, "reviews": _choose_reviews, "share": _choose_share}
REMEDIES = {
    "class": "Choose a class that the training part has.",
    "reviews": "Choose at least one.",
    "share": "Raise forget.share.",
}
