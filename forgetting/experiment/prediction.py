"""What a model makes of any texts: the probabilities of the classes, before and, where asked for, after randomizing.

    predictor = load_model("model.safetensors").predictor()
    result = predictor.predict(["A crisp white with lemon and slate."])
    result.original.labels, result.original.probabilities, result.unknown

torch is imported where a model is made or asked: whoever only reads predictions need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from forgetting.core.limits import check_limit
from forgetting.data.labels import compose
from forgetting.experiment.export import TableResult
from forgetting.experiment.results import Trained, to_plain
from forgetting.metrics.scores import NOT_FINITE, probabilities
from forgetting.model.encoding import TextEncoder, check_text, make_encoder
from forgetting.model.split import ROWS_AT_ONCE, Split
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import Recipe

if TYPE_CHECKING:
    import torch

    from forgetting.model.classifier import TextClassifier


@dataclass(frozen=True, eq=False)
class ClassPredictions:
    """What one model predicts.

    Attributes:
        classes: The classes' labels.
        probabilities: (texts, classes) in [0, 1], NaN where the model's outputs are not finite. They sum to 1, but for
            a model of the objective "bitwise", which gives each class a probability of its own.
        numbers: Number of the predicted class, (texts,), of equal ones the first; −1 where there is none.
    """

    classes: tuple[str, ...]
    probabilities: np.ndarray
    numbers: np.ndarray

    @property
    def labels(self) -> tuple[str | None, ...]:
        """The predicted class of each text; None where the model's outputs are not finite."""
        return tuple(None if number < 0 else self.classes[number] for number in self.numbers)

    @property
    def missing(self) -> tuple[str, ...]:
        """Why a text has no prediction; "" where it has one."""
        return tuple(NOT_FINITE if number < 0 else "" for number in self.numbers)


@dataclass(frozen=True, eq=False)
class Predictions(TableResult):
    """What a model makes of texts.

    Attributes:
        recipe: All settings, with the randomization where there is a randomized model.
        texts: The texts, in NFC as those of files are.
        known: The different words of each text that the model knows, in alphabetical order.
        unknown: Those that it does not, in the order of the text.
        original: What the model predicts.
        randomized: What the randomized model predicts; None where none was asked for.
        chance: Probability of each class by a uniform guess, 1 / classes.
        largest_class: Label of the most frequent class of the training part.
        largest_share: Its share of the training reviews.
    """

    recipe: Recipe
    texts: tuple[str, ...]
    known: tuple[tuple[str, ...], ...]
    unknown: tuple[tuple[str, ...], ...]
    original: ClassPredictions
    randomized: ClassPredictions | None
    chance: float
    largest_class: str
    largest_share: float

    @property
    def models(self) -> dict[str, ClassPredictions]:
        """The predictions of each model, by its name."""
        both = {"original": self.original, "randomized": self.randomized}
        return {name: found for name, found in both.items() if found is not None}

    @property
    def flipped(self) -> pd.arrays.BooleanArray | None:
        """Whether both models predict different classes, (texts,); None without a randomized model.

        It is missing (NA) where one of them predicts nothing.
        """
        if self.randomized is None:
            return None
        before, after = self.original.numbers, self.randomized.numbers
        return pd.arrays.BooleanArray(before != after, (before < 0) | (after < 0))

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """A row for each text, with its number from 1, its words, and each model's prediction and probabilities."""
        columns: dict[str, object] = {
            "row": np.arange(1, len(self.texts) + 1),
            "text": [*self.texts],
            "known_words": [len(words) for words in self.known],
            "unknown_words": [" ".join(words) for words in self.unknown],
        }
        for model, found in self.models.items():
            columns |= {
                f"{model}_class": [*found.labels],
                f"{model}_probability": _largest(found.probabilities),
                f"{model}_missing": [*found.missing],
            }
        if self.flipped is not None:
            columns["flipped"] = self.flipped
        for model, found in self.models.items():
            columns |= {f"{model}: {name}": found.probabilities[:, at] for at, name in enumerate(found.classes)}
        about = {"chance": self.chance, "largest_class": self.largest_class, "largest_share": self.largest_share}
        return pd.DataFrame(columns), self.recipe, about

    def to_dict(self) -> dict:
        """Plain values for JSON. A missing value is None, and the `missing` beside it holds the reason."""
        rows = [
            {"text": text, "known_words": known, "unknown_words": unknown}
            for text, known, unknown in zip(self.texts, self.known, self.unknown, strict=True)
        ]
        for model, found in self.models.items():
            for row, label, values, missing in zip(rows, found.labels, found.probabilities, found.missing, strict=True):
                by_class = dict(zip(found.classes, map(float, values), strict=True))
                row[model] = {"class": label, "probabilities": by_class, "missing": missing}
        return to_plain(
            {
                "recipe": self.recipe.to_dict(),
                "recipe_hash": self.recipe.hash,
                "chance": self.chance,
                "largest_class": self.largest_class,
                "largest_share": self.largest_share,
                "predictions": rows,
            }
        )


def _largest(rows: np.ndarray) -> np.ndarray:
    """The largest value of each row; NaN where it has one."""
    return rows.max(axis=1) if len(rows) else np.zeros(0)


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model with what it takes to predict the classes of any text.

    Attributes:
        recipe: The recipe that it was trained with.
        model: The model; it does not change.
        initial: Its state dict from before training.
        encoder: What makes inputs of texts.
        classes: The classes' labels, by class number.
        class_counts: Training reviews of each class.
    """

    recipe: Recipe
    model: TextClassifier
    initial: dict[str, torch.Tensor]
    encoder: TextEncoder
    classes: tuple[str, ...]
    class_counts: tuple[int, ...]

    def randomize(self, randomization: Randomization) -> Predictor:
        """The same with the randomized model.

        Raises:
            RecipeError: The randomization does not fit the model.
        """
        from forgetting.randomization.path import randomize

        model = randomize(self.model, randomization, initial=self.initial, vocabulary=self.encoder.words)
        return replace(self, recipe=replace(self.recipe, randomization=randomization), model=model)

    def predict(
        self,
        texts: Iterable[str],
        randomization: Randomization | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Predictions:
        """Predict the classes of texts, at most ROWS_AT_ONCE of them at a time.

        Any text has a prediction: one without a word that the model knows is an empty row, as which the model takes all
        such texts. A lone surrogate, which no file can hold, becomes U+FFFD.

        Args:
            texts: The texts.
            randomization: What to randomize in a second model beside it; None for none.
            progress: Called with the number of texts done and the number to do.

        Raises:
            DataError: One of them is no text, or they are too many.
            RecipeError: The randomization does not fit the model.
        """
        import torch

        texts = tuple(map(clean_text, texts))
        predictors = {"original": self} | ({"randomized": self.randomize(randomization)} if randomization else {})
        check_limit("rows", len(texts), "At most {most} texts can be predicted at once; got {found}.", "Give fewer.")
        check_limit(
            "logits",
            len(texts) * len(self.classes) * len(predictors),
            f"{len(texts):,} texts of {len(self.classes):,} classes need {{found}} logits; the limit is {{most}}.",
            "Give fewer texts.",
        )
        known, unknown = [], []
        logits = {name: [torch.zeros(0, len(self.classes))] for name in predictors}
        for start in range(0, len(texts), ROWS_AT_ONCE):
            chunk = texts[start : start + ROWS_AT_ONCE]
            inputs = self.encoder.encode(chunk)
            model_inputs = self.encoder.model_inputs(chunk) if self.encoder.max_tokens else inputs
            bounds = inputs.offsets.tolist()
            columns = [self.encoder.words[column] for column in inputs.columns.tolist()]
            known += [tuple(columns[begin:end]) for begin, end in pairwise(bounds)]
            unknown += map(self.encoder.unknown_words, chunk)
            with torch.no_grad():
                for name, predictor in predictors.items():
                    logits[name].append(predictor.model(model_inputs))
            if progress:
                progress(start + len(chunk), len(texts))
        found = {name: _classify(self, torch.cat(chunks)) for name, chunks in logits.items()}
        largest = int(np.argmax(self.class_counts))
        return Predictions(
            recipe=[*predictors.values()][-1].recipe,
            texts=texts,
            known=tuple(known),
            unknown=tuple(unknown),
            original=found["original"],
            randomized=found.get("randomized"),
            chance=1 / len(self.classes),
            largest_class=self.classes[largest],
            largest_share=self.class_counts[largest] / sum(self.class_counts),
        )


def clean_text(text: str) -> str:
    """A text in NFC, as those of files are; halves of a character become the sign for one that is missing (U+FFFD).

    Raises:
        DataError: It is no text.
    """
    check_text(text)
    return compose(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _classify(predictor: Predictor, logits: torch.Tensor) -> ClassPredictions:
    """The probabilities and the predicted classes that logits (texts, classes) give."""
    finite = logits.isfinite().all(dim=1)
    values = probabilities(logits, predictor.recipe.training.objective)
    values = values.masked_fill(~finite[:, None], float("nan"))
    numbers = logits.argmax(dim=1).masked_fill(~finite, -1)
    return ClassPredictions(predictor.classes, values.numpy(), numbers.numpy())


def count_classes(split: Split) -> tuple[int, ...]:
    """Training reviews of each class, by class number."""
    return tuple(np.bincount(split.training.targets.numpy(), minlength=len(split.classes)).tolist())


def make_predictor(recipe: Recipe, split: Split, trained: Trained) -> Predictor:
    """What predicts the classes of any text with a trained model.

    Args:
        recipe: The recipe that it was trained with.
        split: The split that it was trained on.
        trained: The model.
    """
    encoder = make_encoder(split, recipe.split, recipe.model.tokens)
    return Predictor(recipe, trained.model, trained.initial, encoder, split.classes, count_classes(split))
