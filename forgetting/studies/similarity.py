"""How similar each layer stays to the original's by fraction randomized, beside independently trained models.

Similarity is the linear CKA of `metrics.similarity`. Two models that learned the same task from other initial weights
are similar, too: what falls to their similarity has lost what makes this model this one, and what falls below it has
lost of the task.
"""

import copy
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import torch

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import second_seed
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import Progress, make_trainer
from forgetting.experiment.results import Trained
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.crossed import CrossedChange, crossed_change
from forgetting.metrics.intervals import Band, median_band, seed_bands
from forgetting.metrics.multiplicity import holm
from forgetting.metrics.similarity import linear_cka
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Split
from forgetting.model.tokens import TokenRows
from forgetting.randomization.layers import named_layers
from forgetting.randomization.path import layer_paths
from forgetting.randomization.patterns import expand_set, name_set
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.activations import activation_places, draw_reviews, layer_activations
from forgetting.studies.sweep import check_sweep_plan

RANDOMIZED_MODEL, INDEPENDENT_MODEL = "randomized", "independent"


@dataclass(frozen=True)
class SimilarityRow:
    """One model beside the original.

    Attributes:
        model: "randomized", or "independent" for one that was trained from another seed.
        layers: The layer set that is randomized, its layers joined by "+"; "" for an independent model.
        dose: Fraction of its units that are randomized; None for an independent model.
        seed: Seed of the replicate.
        similarity: CKA of each layer's activations with the original's, by the layer.
    """

    model: str
    layers: str
    dose: float | None
    seed: int
    similarity: dict[str, Measurement] = field(default_factory=dict)


@dataclass(frozen=True)
class SimilarityChange:
    """How a layer's similarity to the original differs from that of independently trained models.

    Attributes:
        layers: The layer set that is randomized.
        layer: The layer that is compared.
        dose: The fraction.
        change: Similarity less that of independently trained models, mean over seeds with its interval.
        adjusted_p: Its p-value, corrected by Holm for all layers and layer sets.
    """

    layers: str
    layer: str
    dose: float
    change: CrossedChange
    adjusted_p: float


@dataclass(frozen=True, eq=False)
class SimilarityResult(TableResult):
    """The rows of a study of similarity, finished or stopped.

    Attributes:
        plan: Which variants.
        rows: One a model that is done.
        recipe: The recipe that the original was trained by.
        sha256: SHA-256 of the reviews' file.
        reviews: How many reviews were compared, and how many the validation part has.
        planned: Number of rows of the whole plan.
        layers: Names of the model's layers, in order.
        epochs: Epochs that the original was trained, None where that is not known.
    """

    plan: Explanation
    rows: tuple[SimilarityRow, ...]
    recipe: Recipe
    sha256: str
    reviews: tuple[int, int]
    planned: int
    layers: tuple[str, ...]
    epochs: int | None = None

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row a model and layer: model, layers, dose, scheme, seed, layer, cka, missing."""
        return pd.DataFrame(
            [
                (row.model, row.layers, row.dose, self.plan.scheme, row.seed, layer, found.value, found.missing)
                for row in self.rows
                for layer, found in row.similarity.items()
            ],
            columns=["model", "layers", "dose", "scheme", "seed", "layer", "cka", "missing"],
        ).astype({"dose": float, "cka": float})

    @cached_property
    def curves(self) -> pd.DataFrame:
        """Bands over seeds: layers, layer, dose, seeds, low, median, high; in the order of the plan."""
        randomized = self.frame[self.frame["model"] == RANDOMIZED_MODEL]
        return seed_bands(randomized, "cka", ("layers", "layer", "dose")).reset_index()

    @cached_property
    def independent(self) -> dict[str, Band]:
        """The band over seeds of independently trained models, by layer; NaN where none is trained yet."""
        found = self.frame[self.frame["model"] == INDEPENDENT_MODEL]
        layers = dict.fromkeys(self.frame["layer"])
        return {layer: median_band(found.loc[found["layer"] == layer, "cka"].dropna().tolist()) for layer in layers}

    @cached_property
    def changes(self) -> tuple[SimilarityChange, ...]:
        """At the largest fraction, how each layer that the randomization reaches differs from independent models.

        A layer depends on those up to it alone: what several sets do alike to it is named once, of the smallest set.
        """
        table = self.frame
        dose, places = max(self.plan.doses), activation_places(self.layers)
        beside = table[table["model"] == INDEPENDENT_MODEL].set_index(["layer", "seed"])["cka"]
        reached: dict[tuple[str, tuple[str, ...]], str] = {}
        for layers in sorted(set(table.loc[table["model"] == RANDOMIZED_MODEL, "layers"]), key=len):
            randomized = expand_set(layers, self.layers)
            for layer, reaching in places.items():
                moved = tuple(name for name in randomized if name in reaching)
                if moved:
                    reached.setdefault((layer, moved), layers)
        found = []
        for (layer, _), layers in reached.items():
            chosen = (table["layers"] == layers) & (table["dose"] == dose) & (table["layer"] == layer)
            after = table[chosen].set_index(["layer", "seed"])["cka"]
            differences = (after - beside).dropna().to_numpy()
            if len(differences) > 1:
                found.append((layers, layer, crossed_change(differences)))
        adjusted = holm([change.p for *_, change in found])
        return tuple(
            SimilarityChange(layers, layer, dose, change, float(p))
            for (layers, layer, change), p in zip(found, adjusted, strict=True)
        )

    def export(self) -> tuple[pd.DataFrame, Recipe, dict[str, object]]:
        """The frame, with the plan and what trained the model as its recipe."""
        about = {"data_sha256": self.sha256, "epochs_trained": self.epochs, "rows_planned": self.planned}
        about["reviews"] = self.reviews[0]
        return self.frame, replace(self.recipe.for_training(), explanation=self.plan), about


def count_rows(plan: Explanation, known: tuple[str, ...]) -> int:
    """The number of rows of a plan: its variants, and an independently trained model for each seed.

    Args:
        plan: Which variants.
        known: Names of the model's layers, in order.

    Raises:
        RecipeError: The plan does not fit the layers.
    """
    return plan.count(known) + plan.seeds


def similarity_slices(
    trained: Trained,
    split: Split,
    plan: Explanation,
    *,
    recipe: Recipe = MODERN,
    known: Collection[int] = (),
    trains: bool = True,
) -> Iterator[list[SimilarityRow]]:
    """The rows of a plan seed by seed, in slices of a fraction of a second, empty ones while a model is trained.

    Of each seed the independently trained model comes first. Its weights and its batches are of another seed than the
    original's; the split and the words are the same. Where the original was stopped, it is trained as many steps, as
    what training longer does would else count as luck. A validation part of more than MOST_REVIEWS reviews is compared
    on a random sample of as many.

    Args:
        trained: The original model.
        split: The reviews that it was trained on.
        plan: Which variants; its attributions do not matter.
        recipe: The recipe that the model was trained by.
        known: Seeds to leave out.
        trains: Whether there are independently trained models, or randomized ones alone.

    Raises:
        RecipeError: The plan does not fit the model; at once.
    """
    layers = tuple(named_layers(trained.model))
    count_rows(plan, layers)
    check_sweep_plan(recipe, plan.sweep, layers)
    sets = plan.sweep.sets(layers, plan.group)
    if plan.scheme == "rewind" and not trained.initial:
        raise RecipeError("Scheme 'rewind' needs the weights from before training; this model has none.")
    seeds = [seed for seed in plan.sweep.replicates if seed not in known]
    return _slices(trained, split, plan, recipe, sets, seeds, trains)


def _slices(
    trained: Trained,
    split: Split,
    plan: Explanation,
    recipe: Recipe,
    sets: tuple[tuple[str, ...], ...],
    seeds: list[int],
    trains: bool,
) -> Iterator[list[SimilarityRow]]:
    inputs = split.validation.model_inputs.rows(torch.from_numpy(draw_reviews(split.validation)))
    original = layer_activations(trained.model, inputs)
    steps = math.inf if trained.state == "finished" else trained.steps
    for seed in seeds:
        if trains:
            other = second_seed(seed)  # which is the original's in one of 2³² recipes
            own = replace(recipe, seed=seed if other == recipe.seed else other)
            trainer = make_trainer(own, split, record_history=False)
            while trainer.epochs_left and trainer.steps < steps:
                trainer.step()
                yield []
            found = layer_activations(trainer.model, inputs)
            similarity = {name: linear_cka(original[name], values) for name, values in found.items()}
            yield [SimilarityRow(INDEPENDENT_MODEL, "", None, seed, similarity)]
        yield from _variants(trained, split, plan, seed, sets, inputs, original)


def _variants(
    trained: Trained,
    split: Split,
    plan: Explanation,
    seed: int,
    sets: tuple[tuple[str, ...], ...],
    inputs: SparseMatrix | TokenRows,
    original: Mapping[str, np.ndarray],
) -> Iterator[list[SimilarityRow]]:
    """The rows of one seed, dose by dose. What sets randomize alike in the first layers is computed once."""
    randomized, mixed = copy.deepcopy(trained.model), copy.deepcopy(trained.model)
    layers = tuple(named_layers(randomized))
    used = tuple(name for name in layers if any(name in chosen for chosen in sets))
    paths = layer_paths(
        randomized,
        Randomization(layers=used, scheme=plan.scheme, seed=seed),
        initial=trained.initial,
        vocabulary=split.words,
    )
    walks = {name: path.walk([path.count(dose) for dose in plan.doses]) for name, path in paths.items()}
    modules = {False: named_layers(trained.model), True: named_layers(randomized)}
    depths = {name: len(reaching) for name, reaching in activation_places(layers).items()}
    same = {(False,) * depths[name]: linear_cka(values, values) for name, values in original.items()}
    for dose in plan.doses:
        for name, walk in walks.items():
            paths[name].write(next(walk))
        known = dict(same)  # similarity at the place in which a prefix ends, by whether each layer is randomized
        rows = []
        for chosen in sets:
            choice = tuple(name in chosen for name in layers)
            prefixes = {name: choice[:depth] for name, depth in depths.items()}
            if not all(prefix in known for prefix in prefixes.values()):
                for name, moved in zip(layers, choice, strict=True):
                    mixed.set_submodule(name, modules[moved][name])
                for name, values in layer_activations(mixed, inputs).items():
                    if prefixes[name] not in known:
                        known[prefixes[name]] = linear_cka(original[name], values)
            similarity = {name: known[prefix] for name, prefix in prefixes.items()}
            rows.append(SimilarityRow(RANDOMIZED_MODEL, name_set(chosen, layers), dose, seed, similarity))
        yield rows


def run_similarity(
    trained: Trained,
    split: Split,
    plan: Explanation = MODERN.explanation,
    *,
    recipe: Recipe = MODERN,
    progress: Progress | None = None,
) -> SimilarityResult:
    """A whole study of similarity at once; see `similarity_slices`.

    Args:
        trained: The original model.
        split: The reviews that it was trained on.
        plan: Which variants.
        recipe: The recipe that the model was trained by.
        progress: Called with the number of rows done and of those planned.

    Raises:
        RecipeError: The plan does not fit the model.
    """
    rows: list[SimilarityRow] = []
    layers = tuple(named_layers(trained.model))
    planned = count_rows(plan, layers)
    for found in similarity_slices(trained, split, plan, recipe=recipe):
        rows += found
        if progress and found:
            progress(len(rows), planned)
    return make_similarity_result(rows, split, plan, recipe, planned, layers, len(trained.history))


def make_similarity_result(
    rows: Sequence[SimilarityRow],
    split: Split,
    plan: Explanation,
    recipe: Recipe,
    planned: int,
    layers: tuple[str, ...],
    epochs: int,
) -> SimilarityResult:
    """Rows as a result; the arguments are those of `SimilarityResult`, with the split for what it tells of reviews."""
    reviews = (len(draw_reviews(split.validation)), len(split.validation))
    return SimilarityResult(plan, tuple(rows), recipe, split.reviews.sha256, reviews, planned, layers, epochs)
