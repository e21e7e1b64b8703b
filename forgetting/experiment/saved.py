"""A trained model as one file, which can be loaded again, checked, and gone on with as if it had just been trained.

    save_model("model.safetensors", recipe, split, trained)
    saved = load_model("model.safetensors")
    split = prepare(saved.recipe, reviews)
    trained = saved.restore(split)

or predicts without its reviews: `saved.predictor().predict(texts)`.

The file is safetensors: numbers, and texts as their bytes. Nothing in it is code, and nothing is unpickled. It holds
the weights under their own names, those from before training after "initial.", the words with their inverse document
frequencies, the classes with their training reviews and the epochs as lines of JSON, and in its metadata the recipe,
the kind of words, the SHA-256 of the reviews' file, and a checksum of each of these. The checksums find damage and
edits by hand; they are no signature, as anybody can write them. So what fits them is still checked for what it must be.

Files of earlier versions are loaded, too. Format 3 is of a version that knew no Transformer. Format 2 has no inverse
document frequencies, kind of words and counts of classes, and the first version, which has no number, holds the
weights, the recipe and the number of epochs alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import save

from forgetting.core.errors import ModelError, RecipeError, shorten
from forgetting.core.files import write_atomically
from forgetting.data.sample import SAMPLE, load_sample
from forgetting.experiment.prediction import Predictor, count_classes, make_predictor
from forgetting.experiment.results import Trained
from forgetting.model.encoding import TextEncoder, inverse_frequencies
from forgetting.model.history import Epoch, PartMetrics
from forgetting.recipe.recipe import Recipe

if TYPE_CHECKING:
    import torch

    from forgetting.data.reviews import Reviews
    from forgetting.model.split import Split

FORMAT, WITHOUT_ENCODER = 4, 2
TEXTS = ("words", "classes", "history")
INITIAL, LOGITS, IDF, COUNTS = "initial.", "training_logits", "idf", "class_counts"
ABOUT = ("format", "recipe", "sha256", "state", "steps", "seconds", "tokenizer")  # the metadata beside the checksums
EXAMPLES = 3  # words and names that a message gives as examples


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a file holds of a trained model. The arrays are never changed.

    Attributes:
        name: The file's name.
        digest: SHA-256 of the file, as 64 hexadecimal digits.
        recipe: All settings.
        sha256: SHA-256 of the file of its reviews; "" where an earlier version did not write it.
        texts: The words, the classes and the epochs, as the file's lines of JSON mean them; {} for an earlier version.
        weights: The state dict, of float32.
        initial: The state dict from before training; {} for an earlier version.
        training_logits: See `Trained`.
        state: State of its Trainer, such as "finished".
        steps: Number of optimizer steps.
        seconds: Time spent in training and measuring.
        epochs: Number of epochs trained.
        encoder: What makes inputs of texts; None where an earlier version did not write it.
        class_counts: Training reviews of each class; () where an earlier version did not write them.
    """

    name: str
    digest: str
    recipe: Recipe
    sha256: str
    texts: dict[str, tuple]
    weights: dict[str, np.ndarray]
    initial: dict[str, np.ndarray]
    training_logits: np.ndarray | None
    state: str
    steps: int
    seconds: float
    epochs: int
    encoder: TextEncoder | None = None
    class_counts: tuple[int, ...] = ()

    @property
    def lacks(self) -> str:
        """What the file of an earlier version lacks, as a sentence; "" where it is whole."""
        if self.texts:
            return ""
        return (
            f"{self.name} was saved by an earlier version: its curves and its words are not in it, and its initial "
            "weights are drawn again from the recipe's seed."
        )

    def restore(self, split: Split) -> Trained:
        """The trained model, for the split that `prepare` makes of its reviews with its recipe.

        Raises:
            ModelError: The reviews, their words or their classes are not those that the model was trained on.
            RecipeError: The model, or a step of its training, would be too large.
        """
        import torch

        from forgetting.experiment.pipeline import build_model

        if self.sha256 and split.reviews.sha256 != self.sha256:
            raise ModelError(
                f"A saved model goes on with the reviews that it was trained on; {self.name} was trained on "
                f"{self.recipe.data.file or self.recipe.data.source!r} with SHA-256 {self.sha256}, and these have "
                f"{split.reviews.sha256}. Give that file."
            )
        for kind, found in (("words", split.words), ("classes", split.classes)):
            _check_same(self, kind, found)
        if self.encoder and not (
            self.encoder.tokenizer.kind == split.tokenizer.kind
            and np.allclose(self.encoder.idf, inverse_frequencies(split), rtol=1e-5)
        ):
            raise refuse_model(
                self.name, "its kind of words and document frequencies must be those of its reviews; they are others"
            )
        model = build_model(self.recipe, split)
        initial = self._load_weights(model)
        logits = None if self.training_logits is None else torch.from_numpy(self.training_logits.copy())
        if logits is not None and logits.shape != (len(split.training), len(split.classes)):
            raise refuse_model(
                self.name,
                f"{LOGITS} must have a row for each of {len(split.training):,} training reviews; it has the shape "
                f"{tuple(logits.shape)}",
            )
        history = self.texts.get("history") or _measure_last(self, split, model)
        batch = self.recipe.training.for_size(*split.size).batch_size or len(split.training)
        steps = self.steps or self.epochs * math.ceil(len(split.training) / batch)
        return Trained(model, initial, history, self.state, steps, self.seconds, logits)

    def predictor(self, reviews: Reviews | None = None) -> Predictor:
        """The model with what it takes to predict the classes of any text.

        Args:
            reviews: The reviews that it was trained on, which only a file of an earlier version needs; where it was
                trained on the bundled sample, those are taken by default.

        Raises:
            ModelError: The reviews are needed, or are others.
            DataError: The reviews do not fit the recipe.
        """
        from forgetting.data.tables import read_table
        from forgetting.experiment.pipeline import make_model, prepare

        if self.encoder and reviews is None:
            words, classes = self.texts["words"], self.texts["classes"]
            model = make_model(self.recipe, len(words), len(classes))
            initial = self._load_weights(model)
            return Predictor(self.recipe, model, initial, self.encoder, classes, self.class_counts)
        if reviews is None:
            if self.recipe.data.source != "sample":
                raise ModelError(
                    f"A model predicts with the words of its reviews; {self.name} was saved by an earlier version, "
                    f"which did not write them. Give the file that it was trained on "
                    f"({self.recipe.data.file or self.recipe.data.source!r}; --reviews), or save the model again."
                )
            reviews = self.recipe.data.make_reviews(read_table(SAMPLE, name="synthetic sample"))
        split = prepare(self.recipe, reviews)
        return make_predictor(self.recipe, split, self.restore(split))

    def _load_weights(self, model: torch.nn.Module) -> dict[str, torch.Tensor]:
        """Give an untrained model the trained weights; gives those from before training."""
        import torch

        from forgetting.experiment.pipeline import copy_state

        states = [
            {name: torch.from_numpy(array) for name, array in each.items()} for each in (self.initial, self.weights)
        ]
        if self.initial:
            model.load_state_dict(states[0])
        initial = copy_state(model)
        model.load_state_dict(states[1])
        return initial


def _measure_last(saved: SavedModel, split: Split, model: torch.nn.Module) -> tuple[Epoch, ...]:
    """The epochs of a model whose history is not known, with the metrics of the last one."""
    from forgetting.model.trainer import measure_part

    unknown, objective = PartMetrics(math.nan, math.nan), saved.recipe.training.objective
    epochs = [Epoch(number, unknown, unknown, 0.0) for number in range(1, saved.epochs + 1)]
    metrics = {name: measure_part(model, part, objective) for name, part in split.parts.items()}
    return (*epochs[:-1], *(replace(last, **metrics) for last in epochs[-1:]))


def _check_same(saved: SavedModel, kind: str, found: tuple[str, ...]) -> None:
    """Raise ModelError where the words or classes of a split are not those of the file."""
    count = dict(zip(("words", "classes"), sizes_of_weights(saved.recipe, saved.weights), strict=True))[kind]
    known = saved.texts.get(kind)
    if known == found or (known is None and count == len(found)):
        return
    differences = ""
    if known is not None:
        sides = (("in the file alone", known, found), ("in the reviews alone", found, known))
        for where, these, those in sides:
            others = set(those)
            if alone := [text for text in these if text not in others][:EXAMPLES]:
                differences += f"; {where}: {', '.join(repr(shorten(text, 30)) for text in alone)}"
        differences = differences or "; they are the same in another order"
    raise ModelError(
        f"A saved model has the {kind} that its recipe makes of the reviews; {saved.name} has {count:,} {kind}, and "
        f"these reviews give {len(found):,}{differences}. Use the reviews and the version of the program that it was "
        "saved with, or train it anew."
    )


def sizes_of_weights(recipe: Recipe, weights: Mapping[str, np.ndarray]) -> tuple[int, int]:
    """The numbers of words and classes of a state dict of the recipe's model."""
    first, last = (weights[f"{recipe.model.layers[end]}.weight"] for end in (0, -1))
    return first.shape[1 if recipe.model.kind == "mlp" else 0], last.shape[0]


def model_bytes(recipe: Recipe, split: Split, trained: Trained) -> bytes:
    """The content of a file for a trained model; see `save_model`."""
    state = trained.model.state_dict()
    if trained.state == "diverged" or not all(value.isfinite().all() for value in state.values()):
        raise RecipeError(
            "Only a model whose loss and weights are finite can be saved; the training of this one diverged. Lower the "
            "learning rate (training.learning_rate) and train again."
        )
    digest, data = split.reviews.sha256, recipe.data
    if data.source == "sample" and digest != load_sample().sha256:  # of reviews that the library was given
        recipe = replace(recipe, data=replace(data, source="file", sha256=digest))
    tensors = state | {INITIAL + name: value for name, value in trained.initial.items()}
    if trained.training_logits is not None:
        tensors[LOGITS] = trained.training_logits
    arrays = {name: np.ascontiguousarray(value.numpy()) for name, value in tensors.items()}
    arrays[IDF] = inverse_frequencies(split)
    arrays[COUNTS] = np.array(count_classes(split), np.float32)
    for name, items in zip(TEXTS, (split.words, split.classes, map(asdict, trained.history)), strict=True):
        arrays[name] = np.frombuffer("\n".join(map(json.dumps, items)).encode(), np.uint8)
    steps, seconds, kind = str(trained.steps), repr(trained.seconds), split.tokenizer.kind
    values = (str(FORMAT), recipe.to_json(), digest, trained.state, steps, seconds, kind)
    about = dict(zip(ABOUT, values, strict=True))
    return save(arrays, about | {"checksums": json.dumps(checksums(about, arrays))})


def save_model(path: str | Path, recipe: Recipe, split: Split, trained: Trained) -> None:
    """Save a trained model with all that is needed to load it again. A file that is there is replaced as a whole.

    Args:
        path: Where to write; by custom it ends with .safetensors.
        recipe: The recipe that it was trained with.
        split: The split that it was trained on.
        trained: The model.

    Raises:
        RecipeError: The training diverged, or the file cannot be written.
    """
    write_atomically(path, model_bytes(recipe, split, trained))


def checksums(about: Mapping[str, str], arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
    """SHA-256 of each part of a file, by its name; of an array with its shape."""
    texts = {name: sha256(text.encode("utf-8", "surrogatepass")).hexdigest() for name, text in about.items()}
    for name, array in arrays.items():
        found = sha256(str(array.shape).encode())
        found.update(memoryview(array).cast("B") if array.size else b"")
        texts[name] = found.hexdigest()
    return texts


def refuse_model(name: str, rule: str, remedy: str = "Save the model again, or train it anew") -> ModelError:
    """The error for a file that is no model which can be loaded, of the rule that it breaks and what to do."""
    return ModelError(f"{name} cannot be loaded as a saved model: {rule}. {remedy}.")
