"""What is to be forgotten: a class, chosen reviews, or a random share, and the sets that follow from it.

The vectorizer, the split and the class numbers stay as they are: the retain set is a part of the same training part,
with the same columns. So the words of the forgotten reviews stay known as words, though not what they were said of.
"""

import hashlib
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch

from forgetting.core.errors import DataError, RecipeError
from forgetting.model.split import Part, Split
from forgetting.recipe.forget import Forget, describe_forget

SHOWN_CHARACTERS = 400  # characters of a review that are shown


@dataclass(frozen=True, eq=False)
class ForgetSets:
    """The reviews by what becomes of them.

    forget, retain: the two parts of the training part. unseen: the validation reviews that forgotten ones can be
    compared with, of texts that were not in training: all where a random share is forgotten, which is drawn from the
    same reviews as they are; else as many as there are with the same mix of classes, since some classes are harder
    than others, whether they were learnt or not. retained: the split with the retain set as its training part.
    """

    forget: Part
    retain: Part
    non_members: Part
    retain_split: Split


def review_key(text: str) -> str:
    """What names a review: the first twelve hexadecimal digits of the SHA-256 of its text. Copies have the same."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def make_forget_sets(split: Split, forget: Forget) -> ForgetSets:
    """The sets of a split. Copies of a chosen review, or of one in a share, go with it: a copy would teach it again.

    Raises RecipeError where a class or a review is not in the training part, and DataError where the forget set is
    empty or leaves nothing.
    """
    keys = np.array([review_key(split.reviews.texts[row]) for row in split.training.rows])
    chosen = CHOICES[forget.by](split, forget, keys)  # (training reviews,) bool
    if not chosen.any():
        raise DataError(
            f"There must be something to forget; {describe_forget(forget)} is none of {len(chosen):,} training "
            "reviews. "
            f"{REMEDIES[forget.by]}"
        )
    if chosen.all():
        raise DataError(
            f"Something must be left to learn from; {describe_forget(forget)} is all of {len(chosen):,} training "
            "reviews. "
            "Forget fewer."
        )
    whole, validation = split.training, split.validation
    lost, kept = (np.flatnonzero(side) for side in (chosen, ~chosen))
    known = set(keys.tolist())
    others = np.array([review_key(split.reviews.texts[row]) for row in validation.rows])
    unseen = np.flatnonzero([key not in known for key in others])
    if forget.by != "share":
        unseen = _alike(whole.targets[torch.from_numpy(lost)].numpy(), unseen, validation.targets.numpy(), others)
    retain = select_part(whole, kept)
    return ForgetSets(
        forget=select_part(whole, lost),
        retain=retain,
        non_members=select_part(validation, unseen),
        retain_split=replace(split, training=retain),
    )


def _alike(lost: np.ndarray, places: np.ndarray, targets: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Those of the places, as many as can be, whose classes are in the proportions of `lost`, the classes forgotten.

    Where there are more of a class than are needed, those of the lowest keys, which is as good as by chance.
    """
    wanted = np.bincount(lost)
    of_class = {number: places[targets[places] == number] for number in np.flatnonzero(wanted)}
    most = min(Fraction(len(found), int(wanted[number])) for number, found in of_class.items())
    taken = [found[np.argsort(keys[found])][: round(most * int(wanted[number]))] for number, found in of_class.items()]
    return np.sort(np.concatenate(taken))


def select_part(part: Part, places: np.ndarray) -> Part:
    """The reviews of a part at these places."""
    indices = torch.from_numpy(places)
    return Part(part.inputs.rows(indices), part.targets[indices], part.rows[places])


def _class(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001 - one signature
    if forget.label not in split.classes:
        names = ", ".join(repr(name[:40]) for name in split.classes[:12]) + (" …" if len(split.classes) > 12 else "")
        raise RecipeError(
            f"forget.label must be one of the classes ({names}); got {forget.label[:80]!r}. Choose one of them."
        )
    return (split.training.targets == split.classes.index(forget.label)).numpy()


def _reviews(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    known = set(keys.tolist())
    unknown = [key for key in forget.reviews if key not in known]
    if unknown:
        raise RecipeError(
            f"forget.reviews must be keys of training reviews (see `review_key`); {unknown[0][:80]!r} is none. "
            "Only what was learnt can be forgotten: choose reviews of the training part."
        )
    return np.isin(keys, forget.reviews)


def _share(split: Split, forget: Forget, keys: np.ndarray) -> np.ndarray:  # noqa: ARG001
    different = np.unique(keys)
    count = round(forget.share * len(different))
    return np.isin(keys, np.random.default_rng(forget.seed).choice(different, count, replace=False))


CHOICES = {"class": _class, "reviews": _reviews, "share": _share}
REMEDIES = {
    "class": "Choose a class that the training part has.",
    "reviews": "Choose at least one.",
    "share": "Raise forget.share.",
}
