"""From a recipe and reviews to a result: the whole path in pure functions, which can be cached by their inputs."""

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace

import numpy as np
import torch

from forgetting.core.errors import RecipeError
from forgetting.core.limits import check_limit
from forgetting.data.reviews import Reviews, filter_reviews
from forgetting.experiment.results import Comparison, Outcome, Result, Trained
from forgetting.metrics.baselines import compute_baselines, find_majority, measure_forgettings
from forgetting.metrics.comparisons import join_chunks, measure_agreement, measure_divergence
from forgetting.metrics.scores import score_chunks
from forgetting.model.classifier import TextClassifier
from forgetting.model.split import ROWS_AT_ONCE, Part, Split, make_split
from forgetting.model.trainer import SLICE_SECONDS, Trainer
from forgetting.model.transformer import TextTransformer
from forgetting.randomization.layers import layer_table
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import Recipe

Progress = Callable[[int, int], None]


def run(recipe: Recipe, reviews: Reviews, *, progress: Progress | None = None) -> Result:
    """Select, split, train, randomize and compare, as a recipe says.

    Args:
        recipe: All settings.
        reviews: The reviews of the recipe's file with its columns. The recipe's filters are applied here; applying
            them twice changes nothing.
        progress: Called with the number of epochs done and the number to do.

    Raises:
        DataError: The reviews do not fit the recipe.
        RecipeError: The recipe does not fit the model, or the reviews are of another file.
    """
    split = prepare(recipe, reviews)
    return make_result(recipe, split, train(recipe, split, progress=progress))


def make_result(recipe: Recipe, split: Split, trained: Trained) -> Result:
    """Randomize a trained model and compare, as a recipe says.

    Args:
        recipe: All settings.
        split: The split that the model was trained on.
        trained: The model.

    Raises:
        RecipeError: The recipe does not fit the model.
    """
    data = {
        "rows": len(split.reviews),
        "words": len(split.words),
        "classes": len(split.classes),
        "sha256": split.reviews.sha256,
        "tokenizer": asdict(split.tokenizer),
        "without_known_words": split.without_known_words,
    }
    return Result(
        recipe=recipe,
        data=data,
        layers=layer_table(trained.model),
        trained=trained,
        comparison=compare(recipe, split, trained),
        baselines=compute_baselines(split, recipe.training.objective),
    )


def prepare(recipe: Recipe, reviews: Reviews) -> Split:
    """The split that a recipe makes of reviews.

    Raises:
        DataError: The reviews are too few, or their classes too many.
        RecipeError: The reviews are not of the recipe's file.
    """
    split = make_split(select_reviews(recipe, reviews), recipe.split, max_tokens=recipe.model.tokens)
    reviews, classes = len(split.reviews), len(split.classes)
    check_limit(
        "logits",
        reviews * classes,
        f"{reviews:,} reviews of {classes:,} classes need {{found}} logits; the limit is {{most}}.",
        "Keep fewer classes or fewer reviews.",
    )
    return split


def select_reviews(recipe: Recipe, reviews: Reviews) -> Reviews:
    """The reviews that pass a recipe's filters, with the labels of its protocol.

    Raises:
        DataError: No reviews are left, or the protocol needs a name column that is not there.
        RecipeError: The reviews are not of the recipe's file.
    """
    data = recipe.data
    if data.sha256 and data.sha256 != reviews.sha256:
        raise RecipeError(
            f"The recipe is for {data.file or data.source!r} with SHA-256 {data.sha256}; these reviews are of "
            f"{reviews.report.source!r} with {reviews.sha256}. Use that file, or clear data.sha256."
        )
    if recipe.labels_by_name:
        reviews = reviews.by_name()
    return filter_reviews(
        reviews,
        drop_duplicates=data.drop_duplicates,
        min_reviews=data.min_reviews,
        max_classes=data.max_classes,
        max_reviews=data.max_reviews,
        seed=data.seed,
    )


def build_model(recipe: Recipe, split: Split) -> TextClassifier | TextTransformer:
    """The untrained model of a recipe.

    Raises:
        RecipeError: The model, or a step of its training, would be too large.
    """
    words, classes = len(split.words), len(split.classes)
    layers = recipe.model.parameters(words, classes)
    largest = max(layers, key=layers.get)
    check_limit(
        "parameters",
        sum(layers.values()),
        f"A model may have at most {{most}} parameters; one of {words:,} words and {classes:,} classes has {{found}}, "
        f"most of them in {largest}.",
        "Choose narrower layers, fewer words (split.max_words) or fewer classes.",
        kind=RecipeError,
    )
    batch = min(len(split.training), recipe.training.for_size(*split.size).batch_size or len(split.training))
    rows, row = batch, "reviews"
    if split.max_tokens:
        rows, row = batch * int(split.training.tokens.lengths.max()), "words of the longest reviews"
    units = recipe.model.activations(classes)
    check_limit(
        "activations",
        rows * units,
        f"A step may have at most {{most}} activations; {rows:,} {row} × {units:,} units are {{found}}.",
        "Choose narrower layers, fewer classes or smaller batches (training.batch_size).",
        kind=RecipeError,
    )
    return make_model(recipe, words, classes)


def make_model(recipe: Recipe, words: int, classes: int) -> TextClassifier | TextTransformer:
    """The untrained model of a recipe, of so many words and classes, however large it is."""
    model = recipe.model
    if model.kind == "mlp":
        return TextClassifier(words, classes, model.hidden, model.dropout, seed=recipe.seed)
    names = ("blocks", "width", "heads", "feedforward", "max_tokens", "dropout")
    return TextTransformer(words, classes, **{name: getattr(model, name) for name in names}, seed=recipe.seed)


def make_trainer(
    recipe: Recipe,
    split: Split,
    model: TextClassifier | None = None,
    *,
    epochs: int = 0,
    record_history: bool = True,
) -> Trainer:
    """A Trainer for the recipe's untrained model.

    Args:
        recipe: All settings.
        split: The split to train on.
        model: A model to train instead, which is copied.
        epochs: Number of epochs, after which the model has the weights of the last; 0 for the recipe's, or fewer where
            the split has a stopping part.
        record_history: Whether the metrics of each epoch are recorded.
    """
    model = build_model(recipe, split) if model is None else copy.deepcopy(model)
    training = recipe.training.for_size(*split.size)
    if epochs:
        training, split = replace(training, epochs=epochs), split.without_stopping()
    return Trainer(model, split, training, seed=recipe.seed, record_history=record_history)


def train(recipe: Recipe, split: Split, *, progress: Progress | None = None) -> Trained:
    """Train a recipe's model to the end.

    Args:
        recipe: All settings.
        split: The split to train on.
        progress: Called with the number of epochs done and the number to do.
    """
    return _finish(make_trainer(recipe, split), progress)


def snapshot(trainer: Trainer, initial: dict[str, torch.Tensor]) -> Trained:
    """A copy of a Trainer's model as it is now, which further training does not change.

    Args:
        trainer: The Trainer.
        initial: The model's state dict from before training.
    """
    with trainer.lock:
        model = copy.deepcopy(trainer.model)
        return Trained(
            model,
            initial,
            tuple(trainer.history),
            trainer.state,
            trainer.steps,
            trainer.seconds,
            trainer.training_logits,
        )


def copy_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """A copy of a model's state dict."""
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def _finish(trainer: Trainer, progress: Progress | None = None) -> Trained:
    initial = copy_state(trainer.model)
    while trainer.epochs_left:
        trainer.advance(seconds=SLICE_SECONDS if progress else math.inf)
        if progress:
            total = trainer.training.epochs  # with a stopping part it may end before
            progress(len(trainer.history) if trainer.epochs_left else total, total)
    return snapshot(trainer, initial)


def compare(recipe: Recipe, split: Split, trained: Trained, original: Outcome | None = None) -> Comparison:
    """Compare the original with the randomized model of a recipe.

    Args:
        recipe: All settings.
        split: The split that the original was trained on.
        trained: The original.
        original: The original's outcome, where it is known already.
    """
    started = time.perf_counter()
    original = original or measure_outcome(recipe, split, trained)
    if recipe.protocol == "published":
        randomized = train_published_randomized(recipe, split, epochs=len(trained.history))
    else:
        model = randomize(trained.model, recipe.randomization, initial=trained.initial, vocabulary=split.words)
        randomized = Trained(model, trained.initial, (), trained.state, 0, 0.0)
    outcome = measure_outcome(recipe, split, randomized)
    agreement, divergence, lost, gained = {}, {}, {}, {}
    for name, part in split.parts.items():
        found = [
            (measure_agreement(*pair), measure_divergence(*pair), _count_changes(*pair, targets), len(targets))
            for *pair, targets in _logit_pairs(name, part, (original, trained.model), (outcome, randomized.model))
        ]
        agreement[name] = join_chunks([(agreed, reviews) for agreed, _, _, reviews in found])
        divergence[name] = join_chunks([(diverged, reviews) for _, diverged, _, reviews in found])
        finite = original.scores[name].accuracy is not None and outcome.scores[name].accuracy is not None
        lost[name], gained[name] = sum(counts for _, _, counts, _ in found) if finite else (None, None)
    majority = find_majority(split)
    ratios = {name: measure_forgettings(original.scores[name], outcome.scores[name], majority) for name in split.parts}
    before, after = trained.model.state_dict(), randomized.model.state_dict()
    return Comparison(
        original=original,
        randomized=outcome,
        model=randomized.model,
        forgetting={name: beside_chance for name, (beside_chance, _) in ratios.items()},
        forgetting_above_majority={name: above_majority for name, (_, above_majority) in ratios.items()},
        agreement=agreement,
        divergence=divergence,
        lost=lost,
        gained=gained,
        changed_weights=sum(int((before[name] != after[name]).sum()) for name in before),
        history=randomized.history,
        seconds=time.perf_counter() - started,
    )


def _count_changes(before: torch.Tensor, after: torch.Tensor, targets: torch.Tensor) -> np.ndarray:
    """How many reviews of each class one model alone classifies correctly, the first and the second, (2, classes)."""
    hits = [logits.argmax(dim=1) == targets for logits in (before, after)]
    counts = [targets[one & ~other].bincount(minlength=before.shape[1]) for one, other in (hits, hits[::-1])]
    return torch.stack(counts).numpy()


@torch.no_grad()
def _logit_pairs(name: str, part: Part, *models: tuple[Outcome, torch.nn.Module]) -> Iterator[tuple[torch.Tensor, ...]]:
    """The logits of two models on a part, and its targets: what their outcomes hold, or chunks where they hold none."""
    if all(name in outcome.logits for outcome, _ in models):
        yield *(outcome.logits[name] for outcome, _ in models), part.targets
        return
    for inputs, targets in part.chunks():
        yield *(model(inputs) for _, model in models), targets


def train_published_randomized(recipe: Recipe, split: Split, *, epochs: int = 0) -> Trained:
    """The published "randomized" model: every parameter drawn from N(0, 1), then trained as the original was.

    Args:
        recipe: The published recipe, perhaps with another seed.
        split: The published split.
        epochs: Number of epochs; 0 for the recipe's.
    """
    return _finish(make_trainer(recipe, split, draw_published_randomized(recipe, split), epochs=epochs))


def draw_published_randomized(recipe: Recipe, split: Split) -> TextClassifier:
    """The published "randomized" model before it is trained: every parameter drawn from N(0, 1)."""
    return randomize(build_model(recipe, split), Randomization(scheme="normal", seed=recipe.seed))


@torch.no_grad()
def measure_outcome(recipe: Recipe, split: Split, trained: Trained) -> Outcome:
    """A model's logits and scores on both parts.

    In the published protocol those of the training part come from the forward pass of the last step.
    """
    logits, scores = {}, {}
    for name, part in split.parts.items():
        chunks = ((trained.model(inputs), targets) for inputs, targets in part.chunks())
        if recipe.protocol == "published" and name == "training" and trained.training_logits is not None:
            chunks = [(trained.training_logits, part.targets)]
        if name == "validation" or len(part) <= ROWS_AT_ONCE:
            chunks = list(chunks)
            logits[name] = torch.cat([found for found, _ in chunks])
        scores[name] = score_chunks(chunks, recipe.training.objective)
    return Outcome(logits, scores)
