"""How similar the layers of an unlearned model are to those of exact retraining, beside the original's.

A layer may be less similar to retraining than another retraining is for many reasons, such as too little training. It
still holds the forget set where it also treats the forgotten reviews more as the original does than other reviews. One
that is less similar to retraining than even the original is has been damaged. Similarity is the CKA of
`metrics.similarity`, on the forget set and on validation reviews.
"""

import math
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
from forgetting.randomization.layers import named_layers
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
        kept: By how much the method's model is more similar to the original than retraining is, on the forget set less
            the same on validation reviews; None where it is not of the forget set.
        kept_p: Its p-value, corrected likewise; NaN without one.
    """

    method: str
    layer: str
    change: CrossedChange
    adjusted_p: float
    from_original: CrossedChange
    from_original_p: float
    kept: CrossedChange | None = None
    kept_p: float = math.nan

    @property
    def conclusion(self) -> str:
        """What is decided of the layer.

        Where it is less similar to retraining than another retraining is, it is "damaged" if it is even less similar
        than the original is, "holds" if it keeps the original's view of the forget set, and else "differs". It is
        "nearer" where it is more similar than another retraining is, and "open" where neither is shown.
        """
        if self.adjusted_p > SIGNIFICANT:
            return "open"
        if self.change.change > 0:
            return "nearer"
        if self.from_original_p <= SIGNIFICANT and self.from_original.change < 0:
            return "damaged"
        return "holds" if self.kept_p <= SIGNIFICANT and self.kept.change > 0 else "differs"


def compare_layers(
    models: Mapping[str, nn.Module], reference: nn.Module, sets: ForgetSets
) -> dict[str, LayerSimilarity]:
    """The similarity of each layer to another model's, by the name of the model, the set and the layer.

    A set of more than MOST_REVIEWS reviews is compared on a random sample of as many.

    Args:
        models: Models by name.
        reference: The other model, such as the retrained one.
        sets: The reviews.
    """
    found: dict[str, LayerSimilarity] = {name: {} for name in models}
    for place, part in zip(COMPARED_SETS, (sets.forget, sets.retain_split.validation), strict=True):
        inputs = part.model_inputs.rows(torch.from_numpy(draw_reviews(part)))
        others = layer_activations(reference, inputs)
        for name, model in models.items():
            if _alike(model, reference):
                own = layer_activations(model, inputs)
                found[name][place] = {layer: linear_cka(values, others[layer]) for layer, values in own.items()}
            else:
                found[name][place] = dict.fromkeys(others, Measurement(None, OTHER_LAYERS))
    return found


def _alike(model: nn.Module, reference: nn.Module) -> bool:
    """Whether a model has the layers of another one; a method of someone's own may return any."""
    return type(model) is type(reference) and list(named_layers(model)) == list(named_layers(reference))


def similarity_table(rows: Sequence[UnlearningRow]) -> pd.DataFrame:
    """A row a method, seed, set and layer.

    Args:
        rows: Of a comparison.

    Returns:
        Columns: method, seed, set, layer; cka, the similarity to the retrained model; original, that of the original;
        to_original, the similarity of the method's model to the original; and missing, the reason of a missing cka.
    """
    return pd.DataFrame(
        [
            (
                row.method,
                row.seed,
                place,
                layer,
                found.value,
                row.similarity["original"][place][layer].value,
                row.similarity["unlearned_to_original"][place][layer].value,
                found.missing,
            )
            for row in rows
            if row.similarity
            for place, layers in row.similarity["unlearned"].items()
            for layer, found in layers.items()
        ],
        columns=["method", "seed", "set", "layer", "cka", "original", "to_original", "missing"],
    ).astype(dict.fromkeys(["cka", "original", "to_original"], float))


def layer_contrasts(rows: Sequence[UnlearningRow], place: str) -> tuple[LayerContrast, ...]:
    """Which layers of which methods, the original among them, are less or more similar to retraining than retraining.

    Args:
        rows: Of a comparison, with those of the method "retrain".
        place: One of COMPARED_SETS.

    Returns:
        One a method and layer; none where fewer than two seeds have both.
    """
    whole = similarity_table(rows)
    table = whole[whole["set"] == place]
    by_seed = table.pivot_table(index="seed", columns=["layer", "method"], values="cka", dropna=False, sort=False)
    before = table.pivot_table(index="seed", columns="layer", values="original", dropna=False, sort=False)
    # How much nearer the original a model is than the retrained one, whose similarity to it is the original's to it.
    nearer = whole.assign(nearer=whole["to_original"] - whole["original"])
    nearer = nearer.pivot_table(index="seed", columns=["set", "layer", "method"], values="nearer", dropna=False)
    found = []
    for layer, method in dict.fromkeys(zip(table["layer"], table["method"], strict=True)):
        if method == REFERENCE or (layer, REFERENCE) not in by_seed:
            continue
        own = by_seed[layer, method]
        both = [(own - other).dropna().to_numpy(dtype=float) for other in (by_seed[layer, REFERENCE], before[layer])]
        if min(map(len, both)) > 1:
            forget, others = (nearer[name, layer, method] for name in COMPARED_SETS)
            kept = (forget - others).dropna().to_numpy(dtype=float)
            of_kept = crossed_change(kept) if place == COMPARED_SETS[0] and len(kept) > 1 else None
            found.append((method, layer, *map(crossed_change, both), of_kept))
    changes = zip(*(contrast[2:] for contrast in found), strict=True)
    adjusted = [holm([change.p if change else math.nan for change in group]).tolist() for group in changes]
    return tuple(
        LayerContrast(method, layer, change, p, from_original, original_p, kept, kept_p)
        for (method, layer, change, from_original, kept), p, original_p, kept_p in zip(found, *adjusted, strict=True)
    )
