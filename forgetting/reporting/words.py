"""What texts were cut into and why, and how many reviews a model cannot see, in sentences."""

from forgetting.model.settings import SplitSettings
from forgetting.model.split import Split
from forgetting.model.words import WORD_KINDS, Tokenizer
from forgetting.reporting.formatting import format_share
from forgetting.reporting.names import KIND_NAMES

MANY = 0.05  # share of a part's reviews


def describe_tokenizer(tokenizer: Tokenizer) -> str:
    """What texts were cut into, and why where the texts decided it."""
    what = f"Texts are cut into {KIND_NAMES[tokenizer.kind]}"
    if tokenizer.uncovered is None:
        return f"{what}."
    reasons = (
        (
            tokenizer.uncovered,
            f"basic words leave out or do not cut {format_share(tokenizer.uncovered)} of the letters, marks and signs, "
            f"in {format_share(tokenizer.losing)} of the texts",
        ),
        (tokenizer.alike, f"basic words take {format_share(tokenizer.alike)} of the texts for the same as others"),
        (tokenizer.single, f"{format_share(tokenizer.single)} of the texts hold one word of one letter or digit"),
    )
    if tokenizer.kind == "basic":
        reasons = reasons[:1]
    if why := "; ".join(reason for share, reason in reasons if share):
        return f"{what}: {why}."
    return f"{what} of at least 2 letters or digits. They hold all letters, marks and signs but those of shorter words."


def describe_unknown_words(split: Split, splitting: SplitSettings) -> str | None:
    """Why many reviews have no word that the model knows, and what to do; None where they are few.

    Args:
        split: The split.
        splitting: Its settings.
    """
    unknown = split.without_known_words
    shares = {name: unknown[name] / len(part) for name, part in split.parts.items()}
    if max(shares.values()) < MANY:
        return None
    kind, empty = split.tokenizer.kind, split.without_words
    found = " and ".join(f"{format_share(share)} of the {name} reviews" for name, share in shares.items())
    sentence = f"{found} have no word that the model knows: it predicts the same class for all of them."
    remedy = "Choose another split.words or text column."
    if 2 * empty >= sum(unknown.values()):
        return f"{sentence} Most of them have no word at all: {WORD_KINDS[kind].rule}. {remedy}"
    rare, frequent = "Their words occur in no training review", ""
    if splitting.min_df > 1:
        rare = f"Their words occur in fewer than split.min_df = {splitting.min_df} of the training reviews"
    if splitting.max_words:
        frequent = f", or are not among the split.max_words = {splitting.max_words:,} most frequent"
    return f"{sentence} {rare}{frequent}. {remedy}"
