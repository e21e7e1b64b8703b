"""The sanity check: how far an explanation of a review changes with a model that is randomized step by step.

Adebayo et al. 2018 (arXiv 1810.03292): an explanation of what a model has learnt must change where that is destroyed.
Each variant's attributions of the validation reviews are compared with those of the original, word by word, and with
what no model, or another model, would say of the same words. The class that is explained is always the one that the
original predicts.

What the first layer of an MLP makes of the reviews is computed once for all methods and all layer sets that need it. Of
a Transformer all passes are whole, so that fewer reviews are explained; what it says of the places of a word is added
up.
"""

import copy
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch

from forgetting.core import parallel
from forgetting.core.errors import RecipeError
from forgetting.core.seeding import generator
from forgetting.experiment.pipeline import Progress
from forgetting.metrics import formulas
from forgetting.metrics.baselines import fit_linear_svc
from forgetting.metrics.rank_correlation import RaggedRows
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.attribution import FirstLayer, attribute, attribute_from, later_layers
from forgetting.model.classifier import TextClassifier
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Split
from forgetting.model.token_attribution import sum_by_word
from forgetting.model.tokens import TokenRows
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.layers import named_layers, parameter_count
from forgetting.randomization.path import layer_paths
from forgetting.randomization.patterns import name_set
from forgetting.randomization.schemes import NOT_NESTED
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies.activations import draw_reviews
from forgetting.studies.explanation_rows import (
    BY_REVIEW,
    EXPLANATION_METRICS,
    REFERENCES,
    ExplanationResult,
    ExplanationRow,
)

MOST_EXPLAINED = 1_000  # validation reviews that are explained; of more some are drawn
MOST_READ = 50  # the same, where a Transformer reads them: one takes some hundred passes
COMPLEXITY_BINS = 10  # of the histogram of complexity, the fewest that Quantus takes: reviews have some tens of words
MEMORY = 512 * 2**20  # bytes that the paths and attributions may take at once, in each worker
KEPT_MEMORY = 64 * 2**20  # bytes that the rows may take to keep the numbers of each review
NO_RANKS = "no review has two known words with different attributions"
NO_TOP = "no review has more than {k} known words, the {k} strongest of which stand out"


@dataclass(frozen=True, eq=False)
class _Inputs:
    """All that a replicate is computed from; it goes to the workers.

    Attributes:
        model: The original.
        initial: Its state dict from before training.
        inputs: The reviews that are explained, as TF-IDF rows.
        tokens: The same as tokens, where the model takes these; None where it does not.
        plan: Which variants and methods.
        sets: The layer sets.
        references: The values, (stored,), of the references that all replicates share, by name; a missing one has
            its reason instead.
        keep_from: The dose from which on rows keep the numbers of each review: all where they fit, else the largest.
    """

    model: TextClassifier | TextTransformer
    initial: Mapping[str, torch.Tensor] | None
    inputs: SparseMatrix
    tokens: TokenRows | None
    plan: Explanation
    sets: tuple[tuple[str, ...], ...]
    references: dict[str, np.ndarray | str]
    keep_from: float


def run_explanation(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Explanation = MODERN.explanation,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    progress: Progress | None = None,
    jobs: int = 1,
    dask: str = "",
) -> ExplanationResult:
    """A whole sanity check at once.

    The arguments and errors are those of `explanation_slices`; progress is called with the number of rows done and of
    those planned.
    """
    found, total = [], count_explanations(model, plan)
    for rows in explanation_slices(model, split, plan, recipe=recipe, initial=initial, jobs=jobs, dask=dask):
        found += rows
        if progress:
            progress(len(found), total)
    layers = tuple(named_layers(model))
    return ExplanationResult(plan, tuple(found), recipe, split.reviews.sha256, planned=total, layers=layers)


def count_explanations(model: TextClassifier | TextTransformer, plan: Explanation) -> int:
    """Number of rows of a plan. Raises RecipeError where it does not fit the model; see `Explanation.count`."""
    known = tuple(named_layers(model))
    return plan.count(known) * len(plan.attributions) * len(REFERENCES)


def explanation_slices(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Explanation,
    *,
    recipe: Recipe = MODERN,
    initial: Mapping[str, torch.Tensor] | None = None,
    jobs: int = 1,
    dask: str = "",
    known: Collection[int] = (),
) -> Iterator[list[ExplanationRow]]:
    """The rows of a plan in slices of a fraction of a second, replicate by replicate in the order of the seeds.

    Each variant is that of `randomize`. The same plan gives the same rows bit for bit whatever `jobs` and `dask` are.

    Args:
        model: The original model.
        split: The reviews, of whose validation part at most MOST_EXPLAINED are explained.
        plan: Which variants and methods.
        recipe: The recipe that the model was trained by.
        initial: The state dict from before training, for the scheme "rewind".
        jobs: Number of processes; −1 for one a core. With several, a slice is a replicate.
        dask: Address of a Dask scheduler that the replicates go to instead.
        known: Seeds of replicates to leave out.

    Raises:
        RecipeError: The plan does not fit the recipe, the model or the memory; before the first row.
        WorkersError: No worker can be had or is left; the rows that were yielded stay valid.
    """
    inputs = _make_inputs(model, split, plan, recipe, initial)
    seeds = [seed for seed in plan.sweep.replicates if seed not in known]
    if jobs == 1 and not dask:
        return (rows for seed in seeds for rows in _slices(inputs, seed))
    return parallel.run_tasks(_all_rows, inputs, seeds, jobs=jobs, dask=dask)


def check_explanation(recipe: Recipe, plan: Explanation, known: tuple[str, ...]) -> None:
    """Check that a plan fits a recipe's protocol, and a model.

    Args:
        recipe: The recipe.
        plan: Which variants and methods.
        known: Names of the model's layers, in order.

    Raises:
        RecipeError: It does not fit.
    """
    if recipe.protocol == "published":
        raise RecipeError(
            "A sanity check of explanations randomizes layers of one trained model; in the published protocol the "
            "randomized model is a fresh one that is trained again. Use the modern protocol."
        )
    plan.count(known)


def explained_reviews(model: TextClassifier | TextTransformer, split: Split, plan: Explanation) -> torch.Tensor:
    """Positions in the validation part of the reviews that are explained, rising.

    They are all of them, or where they are more than MOST_EXPLAINED, or than the memory holds, as many drawn ones; of a
    Transformer MOST_READ.

    Raises:
        RecipeError: The memory does not hold the randomized weights.
    """
    if isinstance(model, TextTransformer):
        return torch.from_numpy(draw_reviews(split.validation, MOST_READ))
    weights = parameter_count(model)
    widest = max(layer.out_features for layer in model.children())
    inputs = split.validation.inputs
    words = len(inputs.values) / max(inputs.shape[0], 1)
    review = 4 * widest * (4 * plan.samples + 6 * words)  # bytes of what is computed for it at once
    paths = (100 if plan.scheme in NOT_NESTED else 40) * weights  # units, their order, draws
    fitting = int((MEMORY - paths) // review) if review else MOST_EXPLAINED
    if fitting < 1:
        raise RecipeError(
            f"The sanity check of this model needs about {(paths + review) / 2**20:,.0f} MiB ({weights:,} weights); "
            f"the memory allowed is {MEMORY / 2**20:,.0f} MiB. Keep fewer words (split.max_words), or lower "
            "explanation.samples."
        )
    return torch.from_numpy(draw_reviews(split.validation, min(MOST_EXPLAINED, fitting)))


def _make_inputs(
    model: TextClassifier | TextTransformer,
    split: Split,
    plan: Explanation,
    recipe: Recipe,
    initial: Mapping[str, torch.Tensor] | None,
) -> _Inputs:
    """The inputs of the replicates, checked so that what does not fit is refused before anything is computed."""
    known = tuple(named_layers(model))
    check_explanation(recipe, plan, known)
    if plan.scheme == "rewind" and initial is None:
        raise RecipeError("Scheme 'rewind' needs the weights from before training: pass them as `initial`.")
    part = split.validation.select(explained_reviews(model, split, plan))
    inputs = part.inputs
    with torch.no_grad():
        classes = model(part.model_inputs).argmax(dim=1)
    columns, values = inputs.columns.long(), inputs.values
    training = split.training.inputs
    frequency = training.columns.bincount(minlength=training.shape[1]) / max(training.shape[0], 1)
    references: dict[str, np.ndarray | str] = {
        "tf_idf": values.numpy(),
        "word_frequency": frequency[columns].numpy(),
    }
    svc, why = fit_linear_svc(split)
    if svc is None:
        references["linear_svm"] = why
    else:
        weights = np.zeros((len(split.classes), inputs.shape[1]))
        weights[svc.classes_] = np.concatenate([-svc.coef_, svc.coef_]) if len(svc.classes_) == 2 else svc.coef_
        weights -= weights.mean(axis=0)
        rows = classes.repeat_interleave(inputs.offsets.diff()).numpy()
        references["linear_svm"] = values.numpy() * weights[rows, columns.numpy()]
    count = plan.count(known) * len(plan.attributions) * len(REFERENCES)
    fits = 4 * len(BY_REVIEW) * count * inputs.shape[0] <= KEPT_MEMORY
    keep_from = 0.0 if fits else plan.doses[-1]
    return _Inputs(model, initial, inputs, part.tokens, plan, plan.sweep.sets(known), references, keep_from)


def _all_rows(inputs: _Inputs, seed: int) -> list[ExplanationRow]:
    return [row for rows in _slices(inputs, seed) for row in rows]


@torch.no_grad()
def _slices(inputs: _Inputs, seed: int) -> Iterator[list[ExplanationRow]]:
    """The rows of a replicate, those of a dose at a time, of a Transformer those of a variant."""
    model, plan = inputs.model, inputs.plan
    comparison = _Comparison(inputs, seed)
    randomized, mixed = copy.deepcopy(model), copy.deepcopy(model)
    names = list(named_layers(model))
    used = tuple(name for name in names if any(name in chosen for chosen in inputs.sets))
    chosen = replace(plan.sweep.randomization(plan.scheme, "weight", seed), layers=used)
    paths = layer_paths(randomized, chosen, initial=inputs.initial)
    walks = {name: path.walk([path.count(dose) for dose in plan.doses]) for name, path in paths.items()}
    for dose in plan.doses:
        for name, path in paths.items():
            path.write(next(walks[name]))
        if inputs.tokens is not None:
            for layers in inputs.sets:
                for name in names:
                    mixed.set_submodule(name, (randomized if name in layers else model).get_submodule(name))
                yield comparison.rows(layers, dose, *comparison.explain(mixed))
            continue
        first = comparison.reach(randomized)
        rows = []
        for layers in inputs.sets:
            others = [getattr(randomized if name in layers else model, name) for name in names[1:]]
            found = comparison.explain_from(first if names[0] in layers else comparison.first, others)
            rows += comparison.rows(layers, dose, *found)
        yield rows


class _Comparison:
    """The attributions of the original and of each reference, with which those of variants are compared.

    Args:
        inputs: What a replicate is computed from.
        seed: Its seed.
    """

    def __init__(self, inputs: _Inputs, seed: int):
        self.inputs, self.plan, self.seed = inputs, inputs.plan, seed
        self.known = tuple(named_layers(inputs.model))
        self.lines = RaggedRows(inputs.inputs.offsets.numpy().astype(np.int64))
        reviews = inputs.inputs if inputs.tokens is None else inputs.tokens
        self.classes = inputs.model(reviews).argmax(dim=1)
        if inputs.tokens is None:
            self.first = self.reach(inputs.model)
            values, self.logits = self.explain_from(self.first, list(inputs.model.children())[1:])
        else:
            values, self.logits = self.explain(inputs.model)
        count = len(inputs.inputs.values)
        draws = torch.randn(count, generator=generator(seed, "explanation", "random"), dtype=torch.float64)
        drawn = {"random": draws.numpy(), "random_input": draws.numpy() * inputs.inputs.values.numpy()}
        references = drawn | inputs.references
        self.missing = {name: value for name, value in references.items() if isinstance(value, str)}
        methods = (len(self.plan.attributions), count)
        whole = [np.nan_to_num(values)]
        whole += [
            np.broadcast_to(0.0 if name in self.missing else references[name], methods)
            for name in REFERENCES
            if name != "original"
        ]
        self.finite = bool(np.isfinite(values).all() and torch.isfinite(self.logits).all())
        # Of all references, (references, methods, …).
        self.signed, self.absolute, self.top = self._ranked(np.stack(whole))
        self.complexity = self.lines.entropy(whole[0], COMPLEXITY_BINS)
        random_complexity = self.lines.entropy(drawn["random_input"], COMPLEXITY_BINS)
        self.baselines = {
            "complexity_random": _mean(random_complexity),
            "constant_agreement": self.classes.bincount().amax().item() / len(self.classes)
            if len(self.classes)
            else np.nan,
        }
        self.softmax = formulas.softmax(self.logits)

    def reach(self, model: TextClassifier) -> FirstLayer:
        """What a model's first layer makes of the reviews."""
        plan = self.plan
        return FirstLayer(next(model.children()), self.inputs.inputs, plan.samples, plan.noise, plan.seed)

    def explain_from(self, first: FirstLayer, others: list[torch.nn.Linear]) -> tuple[np.ndarray, torch.Tensor]:
        """What an MLP says of the words, (methods, stored), and its logits."""
        found = [attribute_from(first, others, self.classes, method).values for method in self.plan.attributions]
        return torch.stack(found).numpy(), later_layers(others, first.outputs)

    def explain(self, model: TextTransformer) -> tuple[np.ndarray, torch.Tensor]:
        """What a Transformer says of the words, (methods, stored), and its logits."""
        plan, (tokens, inputs) = self.plan, (self.inputs.tokens, self.inputs.inputs)
        noise = {"samples": plan.samples, "noise": plan.noise, "seed": plan.seed}
        found = [attribute(model, tokens, self.classes, method, **noise).values for method in plan.attributions]
        return torch.stack([sum_by_word(values, tokens, inputs) for values in found]).numpy(), model(tokens)

    def _ranked(self, values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Standardized ranks of the values and of their sizes, and which are the k largest of these: (…, stored)."""
        ranks = self.lines.ranks(np.stack([values, np.abs(values)]))
        return *self.lines.standard(ranks), self.lines.top(ranks[1], self.plan.top)

    def rows(
        self, layers: tuple[str, ...], dose: float, values: np.ndarray, logits: torch.Tensor
    ) -> list[ExplanationRow]:
        """The rows of a variant: of each method with each reference.

        Args:
            layers: The layers that are randomized.
            dose: How much of them.
            values: What the variant says of the words, (methods, stored).
            logits: Its logits, (reviews, classes).
        """
        methods, reviews = self.plan.attributions, len(self.classes)
        finite = self.finite and bool(np.isfinite(values).all() and torch.isfinite(logits).all())
        shape = (len(REFERENCES), len(methods), reviews)
        by_review = dict.fromkeys(BY_REVIEW, np.full(shape, np.nan))
        after = np.full(shape[1:], np.nan)
        common: dict[str, float] = {}
        if finite:
            signed, absolute, top = self._ranked(values)
            by_review = {
                "rank_correlation": self.lines.correlate(self.signed, signed),
                "absolute_rank_correlation": self.lines.correlate(self.absolute, absolute),
                "top_overlap": self.lines.overlap(self.top, top, self.plan.top),
            }
            after = self.lines.entropy(values, COMPLEXITY_BINS)
            common = {
                "agreement": (logits.argmax(dim=1) == self.classes).double().mean().item() if reviews else np.nan,
                "divergence": formulas.divergence(self.softmax, formulas.softmax(logits)).item(),
                **self.baselines,
            }
        rise = (after - self.complexity) / self.complexity
        both = np.where(np.isnan(rise), np.nan, 1)
        means = {name: _mean(numbers) for name, numbers in by_review.items()}
        complexity = {
            "complexity": _mean(after * both),
            "complexity_before": _mean(self.complexity * both),
            "complexity_rise": _mean(rise),
        }
        compared = (~np.isnan(by_review["rank_correlation"])).sum(axis=-1)
        rows = []
        for place, reference in enumerate(REFERENCES):
            for number, method in enumerate(methods):
                metrics = {name: numbers[place, number] for name, numbers in means.items()}
                metrics |= {name: numbers[number] for name, numbers in complexity.items()} | common
                metrics = {name: metrics.get(name, np.nan) for name in EXPLANATION_METRICS}
                lost = reference in self.missing
                metrics = {
                    name: None if np.isnan(value) or (lost and name in BY_REVIEW) else float(value)
                    for name, value in metrics.items()
                }
                missing = {
                    name: self._reason(name, reference, finite) for name, value in metrics.items() if value is None
                }
                kept = None
                if dose >= self.inputs.keep_from:
                    kept = {name: numbers[place, number].astype(np.float32) for name, numbers in by_review.items()}
                rows.append(
                    ExplanationRow(
                        layers=name_set(layers, self.known),
                        dose=dose,
                        scheme=self.plan.scheme,
                        seed=self.seed,
                        attribution=method,
                        reference=reference,
                        reviews=reviews,
                        compared=int(compared[place, number]),
                        metrics=metrics,
                        missing=missing,
                        by_review=kept,
                    )
                )
        return rows

    def _reason(self, name: str, reference: str, finite: bool) -> str:
        if not finite:
            return NOT_FINITE
        if name in BY_REVIEW and reference in self.missing:
            return self.missing[reference]
        return NO_TOP.format(k=self.plan.top) if name == "top_overlap" else NO_RANKS


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean over the last axis of what is not NaN; NaN where nothing is."""
    count = (~np.isnan(values)).sum(axis=-1)
    return np.nansum(values, axis=-1) / np.where(count > 0, count, np.nan)
