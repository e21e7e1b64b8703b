"""What the browser is given of a text: its pieces, and a frame for each whole percent with bars, marks and sentences.

All texts and numbers are formatted here, each by one rule.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import numpy as np
import torch

from forgetting.core.numbers import NO_BREAK
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import TrainedModel, session
from forgetting.dashboard.studies.fraction_path import find_path, fractions_of, path_key
from forgetting.experiment.flip import Contribution, Flip, by_change
from forgetting.experiment.prediction import Predictor, make_predictor
from forgetting.experiment.results import Comparison
from forgetting.model.encoding import TextEncoder
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import FRACTIONS
from forgetting.reporting.formatting import format_fraction, format_gap, format_share
from forgetting.reporting.review import describe_edit, describe_flip, describe_known_words
from forgetting.studies.own_review import (
    Explaining,
    ReviewOutcome,
    TextModel,
    TextRows,
    explain_reviews,
    narrow,
    narrow_path,
)

PREDICTORS = SharedCache("predictors", most=1)
REVIEW_FRAMES = SharedCache("frames of texts", most=4)
MOST_BARS = 11  # with a row of their own; of more, the others are summed in the last row
MOST_MARKED = 400  # words of a text that are marked
MOST_TYPED = 100_000  # characters that the editor takes (`maxlength` in own_review.html)
MOST_FOLLOWED = 5_000  # characters of a text that still follows the slider
MOST_CHANGES = 6  # words of an edit with their numbers
EDITED = 0.5  # share of the first version's known words that an edit of it still has


@dataclass(frozen=True, eq=False)
class ReviewFrames:
    """What the browser shows of a text.

    Attributes:
        parts: What does not depend on the fraction, with the frame of the one now, as a JSON object.
        frames: A frame for each whole percent as a JSON list; "null" where the page follows on release.
    """

    parts: bytes
    frames: bytes


def find_review_frames(
    trained_model: TrainedModel, comparison: Comparison, text: str, first: str | None = None, *, brief: bool = False
) -> ReviewFrames:
    """What both models make of a text.

    Args:
        trained_model: The original.
        comparison: With the randomized model.
        text: The text.
        first: The version that it is compared with; None for none.
        brief: Whether to leave out the frames of other fractions than the one now, unless they are at hand.
    """
    recipe = session().recipe
    fraction, explanation = recipe.randomization.fraction, recipe.explanation
    texts = [text] if first in (None, text) else [text, first]
    path = find_path(trained_model, recipe.randomization)
    longest = max(map(len, texts))
    followed = bool(path and path.finished) and fraction in path.fractions and longest <= MOST_FOLLOWED
    explaining = Explaining(
        recipe.review.attribution,
        trained_model.recipe.training.objective,
        explanation.samples,
        explanation.noise,
        explanation.seed,
    )
    hashes = [hashlib.sha256(each.encode("utf-8", "surrogatepass")).hexdigest() for each in texts]
    of = path_key(trained_model, recipe.randomization)
    at = ":".join([str(explaining), *hashes])
    if followed and brief:
        if known := REVIEW_FRAMES.get(f"{of}:None:{at}"):
            return known
        followed = False
    key = f"{of}:{None if followed else fraction}:{at}"

    def make() -> ReviewFrames:
        drawing = _Drawing(trained_model, texts, explaining)
        now = drawing.look(narrow(comparison.model, drawing.inputs)[0])
        fitting = models.fit_randomization(recipe.randomization, trained_model)
        fractions = fractions_of(trained_model) if followed else ()
        along = review_path(trained_model, drawing.inputs, fitting, fractions)
        looks = [drawing.look(model) for model in along]
        drawing.prepare([now, *looks])
        made = [drawing.frame(look, at_fraction) for look, at_fraction in zip(looks, fractions, strict=True)]
        steps = (len(made) - 1) / (len(FRACTIONS) - 1)  # of a Transformer the nearest one stands at each percent
        frames = [made[round(percent * steps)] for percent in range(len(FRACTIONS))] if followed else None
        parts = drawing.parts() | {"now": drawing.frame(now, fraction)}
        if len(text.encode("utf-16-le", "surrogatepass")) // 2 >= MOST_TYPED:  # as browsers count
            parts["known"] += f" A text ends here after {MOST_TYPED:,} characters."
        if longest > MOST_FOLLOWED:
            parts["known"] += " So long a text follows the slider when you let go."
        return ReviewFrames(json.dumps(parts).encode(), json.dumps(frames).encode())

    return REVIEW_FRAMES.ask(key, make)


def find_predictor(trained_model: TrainedModel) -> Predictor:
    """What predicts the classes of any text with a model."""
    recipe, split, trained = trained_model.recipe, trained_model.split, trained_model.trained
    return PREDICTORS.ask(models.model_key(trained_model), lambda: make_predictor(recipe, split, trained))


def review_path(
    trained_model: TrainedModel, inputs: TextRows, randomization: Randomization, fractions: Sequence[float]
) -> Iterator[TextModel]:
    """The randomized model at some fractions, cut down to the words of some texts; see `narrow_path`.

    Args:
        trained_model: The original.
        inputs: Rows of the texts.
        randomization: As far as it fits the model.
        fractions: Rising fractions.
    """
    trained, words = trained_model.trained, trained_model.split.words
    return narrow_path(trained.model, inputs, randomization, fractions, initial=trained.initial, vocabulary=words)


class _Drawing:
    """Formats what models make of a text, and of the version that it is compared with, if any.

    Attributes:
        inputs: Rows of the texts.
    """

    def __init__(self, trained_model: TrainedModel, texts: Sequence[str], explaining: Explaining):
        split, predictor = trained_model.split, find_predictor(trained_model)
        self.result = predictor.predict(texts[::-1])  # the first version first
        self.texts, self.classes, self.words, self.explaining = texts, split.classes, split.words, explaining
        self.inputs = predictor.encoder.model_inputs(texts)
        self._original, self._rows = narrow(trained_model.trained.model, self.inputs)
        with torch.no_grad():
            self.explained = int(self._original(self._rows)[0].argmax())
        self.before = self.look(self._original)
        self.bitwise = explaining.objective == "bitwise"
        self.kind = predictor.encoder.tokenizer.kind
        self._columns = [columns.tolist() for columns in np.split(self.inputs.columns.numpy(), self._ends)]
        self.in_order = bool(predictor.encoder.max_tokens)  # whether each place of a word has a mark of its own
        self._place(predictor.encoder)

    @property
    def _ends(self) -> np.ndarray:
        return self.inputs.offsets[1:-1].numpy()

    def look(self, model: TextModel) -> list[ReviewOutcome]:
        """What a model, cut down to the words of the texts, makes of them."""
        return explain_reviews(model, self._rows, [self.explained] * len(self.texts), self.explaining)

    def _place(self, encoder: TextEncoder) -> None:
        """Which marks the text has, and the shares of the row's values that each stands for.

        A word that occurs twice is one value of a TF-IDF row, and has one mark; of a row of tokens it is two.
        """
        text, place = self.texts[0], {column: number for number, column in enumerate(self._columns[0])}
        tokens = encoder.tokens(text)[:MOST_MARKED]
        if self.in_order:
            placed = encoder.places(text)[:MOST_MARKED]
        else:
            placed = [tuple(place[column] for column in token.columns) for token in tokens]
        self.pieces, marks, end = [], {}, 0  # of [what stands before it, the token, the number of its mark or −1]
        self.names = []
        for token, places in zip(tokens, placed, strict=True):
            read = tuple((at, share) for at, share in zip(places, token.shares, strict=True) if at >= 0)
            number = marks.setdefault(read, len(marks)) if read else -1
            if number == len(self.names):
                self.names.append(self.words[token.columns[0]])
            self.pieces.append([text[end : token.start], text[token.start : token.end], number])
            end = token.end
        self.rest = text[end:]
        self.shares = np.zeros((len(marks), len(self._columns[0])), np.float32)  # (marks, values of the row)
        for read, number in marks.items():
            for at, share in read:
                self.shares[number, at] = share

    def prepare(self, looks: Sequence[list[ReviewOutcome]]) -> None:
        """Choose what is shown on the whole path, so that nothing changes its place along it."""
        outcomes = [look[0] for look in (self.before, *looks) if look[0].probabilities is not None]
        highest = np.max([each.probabilities for each in outcomes], axis=0) if outcomes else np.zeros(len(self.classes))
        whole = len(self.classes) <= MOST_BARS
        chosen = np.argsort(-highest, kind="stable")[: len(self.classes) if whole else MOST_BARS - 1]
        first = self.before[0].probabilities
        self.shown = sorted(chosen.tolist(), key=lambda number: (0 if first is None else -first[number], number))
        self.hidden = [number for number in range(len(self.classes)) if number not in set(self.shown)]
        strongest = (
            0.0 if self.before[0].explained is None else np.abs(self._marks(self.before[0].explained)).max(initial=0)
        )
        self.strongest = float(strongest) or 1.0
        predicted = sorted({each.predicted for each in outcomes})
        self.edited = self._find_edits()
        self.toward: dict[int, tuple[np.ndarray, float]] = {}  # class → what the original has of `ReviewOutcome.toward`
        if first is not None and predicted:
            before = self.before[0]
            rows = self._rows.rows(torch.zeros(len(predicted), dtype=torch.long))
            found = explain_reviews(self._original, rows, predicted, self.explaining)
            for number, each in zip(predicted, found, strict=True):
                self.toward[number] = (each.explained - before.explained, each.remainder - before.remainder)

    def _marks(self, values: np.ndarray) -> np.ndarray:
        """What values of the row, (stored,), say of each mark, (marks,)."""
        return self.shares @ values

    def _by_column(self, look: list[ReviewOutcome]) -> list[dict[int, float]]:
        """What each version's words say, by their columns: the sum over the places of a word."""
        found: list[dict[int, float]] = []
        for columns, outcome in zip(self._columns, look, strict=True):
            found.append(dict.fromkeys(columns, 0.0))
            for column, value in zip(columns, outcome.explained.tolist(), strict=True):
                found[-1][column] += value
        return found

    def _find_edits(self) -> list[tuple[int, int]]:
        """The words of one version alone: their columns, and 0 where this version has them and 1 where the first has.

        None where most of the first version is gone, as that is no edit of it.
        """
        if len(self.texts) < 2 or self.before[0].explained is None:
            return []
        this, first = map(set, self._columns)
        if len(this & first) < EDITED * len(first):
            return []
        values = self._by_column(self.before)
        found = [(column, int(column in first)) for column in this ^ first]
        return sorted(found, key=lambda each: (-abs(values[each[1]][each[0]]), each))[:MOST_CHANGES]

    def parts(self) -> dict:
        """What does not depend on the fraction."""
        others = f"{len(self.hidden):,} others" if self.hidden else ""
        guess = (
            "A model of the published protocol gives each class a probability of its own; they do not add up to one"
            if self.bitwise
            else f"The thin line is a uniform guess, {format_share(self.result.chance)} for each class"
        )
        legend = (
            f"Each word by how much it speaks for {self.classes[self.explained]}, which the original predicts; the "
            f"strongest mark stands for {_format_mark(self.strongest).lstrip('+')} or more."
        )
        if self.in_order:
            legend += " A word that occurs again is marked at each of its places for itself."
        return {
            "pieces": self.pieces,
            "rest": self.rest,
            "names": self.names,
            "known": describe_known_words(self.result.known[-1], self.result.unknown[-1], self.kind),
            "edit": describe_edit(self.result) if self.edited else "",
            "classes": [self.classes[number] for number in self.shown],
            "others": f"{others}, at most" if others and self.bitwise else others,
            "explained": self.classes[self.explained],
            "strongest": self.strongest,
            "chance": None if self.bitwise else 100 / len(self.classes),
            "chance_text": f"{guess}; "
            f"{format_share(self.result.largest_share)} of the training reviews are of the largest one, "
            f"{self.result.largest_class}.",
            "legend": legend if self.names else "",
            "hint": "Point at a word, or go to it with Tab and the arrow keys, and its numbers stand here."
            if self.names
            else "",
            "before": self._look(self.before),
            "versions": mark_differences(*self.texts[::-1]) if self.edited else [],
            "edits_of": f"How much a word speaks for {self.classes[self.explained]}, in units of the logit",
            "edited": [
                [self.words[column], "taken out" if version else "brought in"] for column, version in self.edited
            ],
        }

    def frame(self, look: list[ReviewOutcome], fraction: float) -> dict:
        """What is shown at a fraction."""
        how = "trained from N(0, 1)" if self.bitwise else f"by {format_fraction(fraction)}"
        return self._look(look) | {"how": how, "why": describe_flip(self._flip(look[0]))}

    def _look(self, look: list[ReviewOutcome]) -> dict:
        outcome = look[0]
        if outcome.probabilities is None:
            count = len(self.shown) + bool(self.hidden)
            return {
                "predicted": "nothing",
                "top": -1,
                "shares": ["missing"] * count,
                "widths": [0] * count,
                "marks": ["missing"] * len(self.names),
                "missing": outcome.missing,
                "versions": ["nothing"] * 2,
                "edits": ["missing"] * len(self.edited),
            }
        shares = outcome.probabilities[self.shown].tolist()
        if self.hidden:
            others = outcome.probabilities[self.hidden]
            shares.append(float(others.max() if self.bitwise else others.sum()))
        top = self.shown.index(outcome.predicted) if outcome.predicted in self.shown else len(self.shown)
        return {
            "predicted": self.classes[outcome.predicted],
            "top": top,
            "shares": [_format_probability(share) for share in shares],
            "widths": [round(100 * min(1.0, share), 2) for share in shares],
            "marks": [_format_mark(value) for value in self._marks(outcome.explained)],
            **self._compare(look),
        }

    def _flip(self, outcome: ReviewOutcome) -> Flip:
        """Why the randomized model predicts another class: `explain_flip`, of what is attributed already."""
        before = self.before[0]
        if outcome.probabilities is None or before.probabilities is None:
            return Flip(None, None, {}, missing=outcome.missing or before.missing)
        labels = self.classes[self.explained], self.classes[outcome.predicted]
        if outcome.predicted == self.explained:
            return Flip(*labels, {})
        values, remainder = self.toward[outcome.predicted]
        words = by_change([self.words[column] for column in self._columns[0]], values.tolist(), outcome.toward.tolist())
        total = Contribution(float(values.sum()) + remainder, float(outcome.toward.sum()) + outcome.toward_remainder)
        return Flip(*labels, words, Contribution(remainder, outcome.toward_remainder), total)

    def _compare(self, look: list[ReviewOutcome]) -> dict:
        """Both versions of an edited text: the class of each with its probability, and what words of one alone say."""
        if not self.edited:
            return {}
        values = self._by_column(look)
        return {
            "versions": [
                f"{self.classes[outcome.predicted]} {format_share(outcome.probabilities[outcome.predicted].item())}"
                for outcome in look
            ],
            "edits": [_format_mark(values[version][column]) for column, version in self.edited],
        }


def mark_differences(first: str, second: str) -> list[list[list]]:
    """The pieces of two versions of a text, each with whether it differs from the other version."""
    pieces = [re.findall(r"\s+|\S+", text) for text in (first, second)]
    runs = SequenceMatcher(None, *pieces, autojunk=False).get_opcodes()
    return [
        [["".join(own[start:end]), kind != "equal"] for kind, start, end in spans]
        for own, spans in (
            (pieces[0], [(kind, start, end) for kind, start, end, _, _ in runs]),
            (pieces[1], [(kind, start, end) for kind, _, _, start, end in runs]),
        )
    ]


def _format_probability(share: float) -> str:
    """A probability as short as a column of them needs, where `format_share` writes all digits of one next to 0."""
    bounds = {"<": 0.001, ">": 0.999}
    if 0 < share < bounds["<"] or bounds[">"] < share < 1:
        sign = "<" if share < bounds["<"] else ">"
        return f"{sign}{NO_BREAK}{format_share(bounds[sign])}"
    return format_share(min(1.0, max(0.0, share)))


def _format_mark(value: float) -> str:
    return format_gap("logit", float(value))
