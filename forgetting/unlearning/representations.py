"""How similar the layers of an unlearned model are to those of exact retraining, beside the original's.

A layer that is less similar to retraining than another retraining is still holds something of the forget set; one that
is less similar than even the original is has been damaged. Similarity is the CKA of
`metrics.similarity`, on the forget set and on validation reviews.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import nn

from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.paired import SIGNIFICANT
from forgetting.metrics.similarity import linear_cka
from forgetting.model.classifier import TextClassifier
from forgetting.studies.activations import draw_reviews, layer_activations
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.row import UnlearningRow
from forgetting.unlearning.task import REFERENCE

COMPARED_SETS = ("forget", "validation")
OTHER_LAYERS = "the method's model has other layers than the original"
LayerSimilarity = dict[str, dict[str, Measurement]]  # by set and layer


@dataclass(frozen=True)
class LayerContrast:
    """How a layer's similarity to retraining differs from that of another retraining, and from the original's.

    Attributes:
        method: Key of METHODS.
        layer: The layer.
        change: Similarity of the method's model less that of the method "retrain", mean over seeds with its interval.
        adjusted_p: Its p-value, corrected by Holm for all methods and layers.
        from_original: The same less the original's similarity.
        from_original_p: Its p-value, corrected likewise.
    """

    method: str
    layer: str
    change: CrossedChange
    adjusted_p: float
    from_original: CrossedChange
    from_original_p: float

    @property
    def conclusion(self) -> str:
        """What is decided of the layer.

        It is "holds" where it is less similar to retraining than another retraining is, "damaged" where it is even less
        similar than the original is, "nearer" where it is more similar than another retraining is, else "open".
        """
        if self.adjusted_p > SIGNIFICANT:
            return "open"
        if self.change.change > 0:
            return "nearer"
        damaged = self.from_original_p <= SIGNIFICANT and self.from_original.change < 0
        return "damaged" if damaged else "holds"


def compare_layers(
    models: Mapping[str, nn.Module], retrained: TextClassifier, sets: ForgetSets
) -> dict[str, LayerSimilarity]:
    """The similarity of each layer to a retrained model's, by the name of the model, the set and the layer.

    A set of more than MOST_REVIEWS reviews is compared on a random sample of as many.

    Args:
        models: Models by name.
        retrained: The retrained model.
        sets: The reviews.
    """
    found: dict[str, LayerSimilarity] = {name: {} for name in models}
    for place, part in zip(COMPARED_SETS, (sets.forget, sets.retain_split.validation), strict=True):
        inputs = part.inputs.rows(torch.from_numpy(draw_reviews(part)))
        ideal = layer_activations(retrained.named_children(), inputs)
        for name, model in models.items():
            if _alike(model, retrained):
                own = layer_activations(model.named_children(), inputs)
                found[name][place] = {layer: linear_cka(values, ideal[layer]) for layer, values in own.items()}
            else:
                found[name][place] = dict.fromkeys(ideal, Measurement(None, OTHER_LAYERS))
    return found


def _alike(model: nn.Module, retrained: TextClassifier) -> bool:
    """Whether a model has the layers of a retrained one; a method of someone's own may return any."""
    return isinstance(model, TextClassifier) and [name for name, _ in model.named_children()] == [
        name for name, _ in retrained.named_children()
    ]


def similarity_table(rows: Sequence[UnlearningRow]) -> pd.DataFrame:
    """A row a method, seed, set and layer: method, seed, set, layer, cka, original (its similarity), missing."""
    return pd.DataFrame(
        [
            (
                row.method,
                row.seed,
                place,
                layer,
                found.value,
                row.similarity["original"][place][layer].value,
                found.missing,
            )
            for row in rows
            if row.similarity
            for place, layers in row.similarity["unlearned"].items()
            for layer, found in layers.items()
        ],
        columns=["method", "seed", "set", "layer", "cka", "original", "missing"],
    ).astype({"cka": float, "original": float})


def layer_contrasts(rows: Sequence[UnlearningRow], place: str) -> tuple[LayerContrast, ...]:
    """Which layers of which methods, the original among them, are less or more similar to retraining than retraining.

    Args:
        rows: Of a comparison, with those of the method "retrain".
        place: One of COMPARED_SETS.

    Returns:
        One a method and layer; none where fewer than two seeds have both.
    """
    table = similarity_table(rows)
    table = table[table["set"] == place]
    by_seed = table.pivot_table(index="seed", columns=["layer", "method"], values="cka", dropna=False, sort=False)
    before = table.pivot_table(index="seed", columns="layer", values="original", dropna=False, sort=False)
    found = []
    for layer, method in dict.fromkeys(zip(table["layer"], table["method"], strict=True)):
        if method == REFERENCE or (layer, REFERENCE) not in by_seed:
            continue
        own = by_seed[layer, method]
        both = [(own - other).dropna().to_numpy(dtype=float) for other in (by_seed[layer, REFERENCE], before[layer])]
        if min(map(len, both)) > 1:
            found.append((method, layer, *map(crossed_change, both)))
    adjusted = [holm([contrast[place].p for contrast in found]).tolist() for place in (2, 3)]
    return tuple(
        LayerContrast(method, layer, change, p, from_original, original_p)
        for (method, layer, change, from_original), p, original_p in zip(found, *adjusted, strict=True)
    )
