"""Single texts through a randomization: what the model makes of them at each fraction, and what their words say.

A text holds few of the words. So the model is cut down to what its first layer holds of these words, which leaves its
outputs as they are, and methods of attribution then take as long as the text is, however many words the model knows.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from forgetting.experiment.prediction import Predictor
from forgetting.metrics.scores import NOT_FINITE, probabilities
from forgetting.model.attribution import attribute
from forgetting.model.classifier import TextClassifier
from forgetting.model.sparse import SparseMatrix
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.path import layer_paths
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import Recipe


@dataclass(frozen=True, eq=False)
class ReviewOutcome:
    """What a model makes of one text.

    Attributes:
        probabilities: Of the classes, (classes,); None where the outputs are not finite.
        predicted: Number of the predicted class; None where there is none.
        explained: How much each stored value or token of the text's row speaks for the explained class, (stored,) in
            units of the logit; None where it cannot be told.
        remainder: What these leave of the explained quantity, such as the biases; None as well.
        toward: How much each speaks for the predicted class rather than for the explained one, (stored,).
        toward_remainder: The remainder of that.
        missing: The reason of what is None.
    """

    probabilities: np.ndarray | None = None
    predicted: int | None = None
    explained: np.ndarray | None = None
    remainder: float | None = None
    toward: np.ndarray | None = None
    toward_remainder: float | None = None
    missing: str = ""


@dataclass(frozen=True)
class Explaining:
    """How texts are explained.

    Attributes:
        method: Attribution method, a name in ATTRIBUTIONS.
        objective: Of the training, which says what the outputs mean.
        samples: Of SmoothGrad, see `Explanation`; noise and seed too.
        noise: See `samples`.
        seed: See `samples`.
    """

    method: str
    objective: str
    samples: int
    noise: float
    seed: int


TextModel = TextClassifier | TextTransformer
TextRows = SparseMatrix | TokenRows
WORD_PARAMETERS = {"fc1.weight": 1, "words.weight": 0}  # of each kind of model: what holds words, and along which axis


def narrow(model: TextModel, inputs: TextRows) -> tuple[TextModel, TextRows]:
    """A model that knows only the words of some rows, and the rows with its columns; its outputs are the same.

    Args:
        model: The model; it does not change.
        inputs: The rows as the model takes them.
    """
    columns = _columns(inputs)
    places = torch.searchsorted(columns, inputs.columns.long()).int()
    if isinstance(inputs, TokenRows):
        few = torch.nn.Parameter(model.words.weight.detach()[columns])
        narrowed = copy.deepcopy(model, {id(model.words.weight): few})
        return narrowed, TokenRows(inputs.offsets, places, (inputs.shape[0], len(columns)))
    state = model.state_dict()
    widths = [value.shape[0] for name, value in state.items() if name.endswith("weight")]
    narrowed = TextClassifier(len(columns), widths[-1], widths[:-1], model.dropout)
    narrowed.load_state_dict(state | {"fc1.weight": state["fc1.weight"][:, columns]})
    return narrowed, SparseMatrix(inputs.offsets, places, inputs.values, (len(inputs.offsets) - 1, len(columns)))


def _columns(inputs: TextRows) -> torch.Tensor:
    """The columns that hold a value, rising; the first one where there is none, as a model needs a word."""
    columns = inputs.columns.long().unique()
    return columns if len(columns) else torch.zeros(1, dtype=torch.long)


@torch.no_grad()
def narrow_path(
    model: TextModel,
    inputs: TextRows,
    randomization: Randomization,
    fractions: Sequence[float],
    *,
    initial: Mapping[str, torch.Tensor] | None,
    vocabulary: Sequence[str],
) -> Iterator[TextModel]:
    """The model randomized to each of rising fractions, cut down to the words of some rows as `narrow` does.

    It is one model, changed in place from step to step. Other arguments are those of `randomize`.

    Args:
        model: The original; it does not change.
        inputs: The rows as the model takes them.
        randomization: What is randomized; its fraction does not count.
        fractions: The fractions.
        initial: See `randomize`.
        vocabulary: See `randomize`.
    """
    randomized, (narrowed, _) = copy.deepcopy(model), narrow(model, inputs)
    columns = _columns(inputs)
    paths = layer_paths(randomized, randomization, initial=initial, vocabulary=vocabulary)
    walks = {name: path.walk([path.count(fraction) for fraction in fractions]) for name, path in paths.items()}
    own = dict(narrowed.named_parameters())
    for _ in fractions:
        for name, path in paths.items():
            path.write(next(walks[name]))
            for key, parameter in path.parameters.items():
                whole = f"{name.partition(':')[0]}.{key}"
                axis = WORD_PARAMETERS.get(whole)
                own[whole].copy_(parameter if axis is None else parameter.index_select(axis, columns))
        yield narrowed


def explain_review(predictor: Predictor, text: str, recipe: Recipe) -> dict[str, ReviewOutcome]:
    """What both models make of a text and of its words, as the tab “A review” of Forget shows it.

    Args:
        predictor: The original.
        text: The text.
        recipe: Says what is randomized, and how words are attributed to the class that the original predicts.

    Returns:
        The outcomes of "original" and "randomized"; what they say of words has the order of `predictor.encoder`'s row.
    """
    inputs = predictor.encoder.model_inputs([text])
    original, rows = narrow(predictor.model, inputs)
    randomized, _ = narrow(predictor.randomize(recipe.randomization).model, inputs)
    with torch.no_grad():
        explained = [int(original(rows)[0].argmax())]
    plan, objective = recipe.explanation, predictor.recipe.training.objective
    explaining = Explaining(recipe.review.attribution, objective, plan.samples, plan.noise, plan.seed)
    both = {"original": original, "randomized": randomized}
    return {name: explain_reviews(model, rows, explained, explaining)[0] for name, model in both.items()}


def explain_reviews(
    model: TextModel, inputs: TextRows, classes: Sequence[int], explaining: Explaining
) -> list[ReviewOutcome]:
    """What a model makes of texts.

    Args:
        model: The model.
        inputs: The texts as the model takes them.
        classes: Number of the explained class of each text.
        explaining: How.
    """
    with torch.no_grad():
        logits = model(inputs)
    if not torch.isfinite(logits).all():
        return [ReviewOutcome(missing=NOT_FINITE)] * len(classes)
    predicted = logits.argmax(dim=1).tolist()
    shares = probabilities(logits, explaining.objective).numpy()
    twice = inputs.rows(torch.arange(len(classes)).repeat(2))
    found = attribute(
        model,
        twice,
        torch.tensor([*classes, *predicted]),
        explaining.method,
        samples=explaining.samples,
        noise=explaining.noise,
        seed=explaining.seed,
    )
    rows, remainders = np.split(found.values.numpy(), twice.offsets[1:-1].numpy()), found.remainder.tolist()
    count = len(classes)
    return [
        ReviewOutcome(
            shares[row],
            predicted[row],
            rows[row],
            remainders[row],
            rows[count + row] - rows[row],
            remainders[count + row] - remainders[row],
        )
        for row in range(count)
    ]
