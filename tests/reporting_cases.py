"""Results made by hand, and the sentences about them that are compared whole with `reporting/approved.json`.

After a sentence was changed on purpose, write the file anew, from the root of the checkout, and review its difference:

    python -m tests.reporting_cases && git diff tests/reporting/approved.json
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import nn

from forgetting.experiment.flip import Contribution, Flip
from forgetting.experiment.prediction import ClassPredictions, Predictions
from forgetting.experiment.results import Comparison, Outcome
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.comparisons import Measurement, measure_forgetting
from forgetting.metrics.components import Component, remedies
from forgetting.metrics.crossed import CrossedChange
from forgetting.metrics.intervals import Band, wilson_interval
from forgetting.metrics.scores import NOT_FINITE, Scores, recall_of
from forgetting.model.history import Epoch, PartMetrics
from forgetting.model.split import Part, Split
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.forget import Unlearning
from forgetting.recipe.plans import Relearning
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.activations import describe_layers, describe_map, describe_similarity
from forgetting.reporting.comparison import (
    REPLACEMENTS,
    describe_agreement,
    describe_by_heart,
    describe_comparison,
    describe_experiment,
    describe_forgetting,
    describe_hollow,
    describe_published,
    describe_randomization,
    describe_training,
    describe_weights,
)
from forgetting.reporting.dose_response import (
    describe_cascades,
    describe_half_way,
    describe_heat_map,
    describe_matched,
    describe_robustness,
    describe_uncertainty,
)
from forgetting.reporting.layer_choice import describe_layer_choice
from forgetting.reporting.names import name_scope
from forgetting.reporting.power import describe_smallest_change
from forgetting.reporting.recalls import describe_recalls
from forgetting.reporting.relearning import describe_relearning, describe_relearning_power, describe_savings
from forgetting.reporting.review import describe_edit, describe_flip, describe_known_words, describe_prediction
from forgetting.reporting.splits import describe_splits, describe_splits_under_way
from forgetting.reporting.story import (
    SCENES,
    Answer,
    Scene,
    answer_fraction,
    answer_layers,
    answer_published,
    answer_relearning,
)
from forgetting.reporting.unlearning import describe_choice, describe_threshold, describe_unlearning, tabulate_threshold
from forgetting.studies.activations import ActivationMap
from forgetting.studies.differences import Difference
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness
from forgetting.studies.relearning import CurvePoint, LearningCurve, RelearningResult
from forgetting.studies.similarity import SimilarityResult, SimilarityRow
from forgetting.studies.splits import SplitAccuracy, summarize_splits
from forgetting.studies.time_to_target import TargetAccuracy, TimeToTarget
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.layer_choice import LayerLoss, LayerRanking
from forgetting.unlearning.membership import threshold_attack
from forgetting.unlearning.representations import LayerContrast
from forgetting.unlearning.result import CHOSEN_LAYERS, UNCHOSEN_LAYERS, ChoiceContrast, UnlearningResult
from forgetting.unlearning.row import MODEL_METRICS, UNLEARNING_METRICS, UnlearningRow

APPROVED = Path(__file__).parent / "reporting" / "approved.json"
LAYERS = ("fc1", "fc2")
BASELINES = Baselines(
    chance=0.25,
    chance_loss=1.386,
    majority={"training": 0.5, "validation": 0.375},
    majority_macro_f1={"training": 0.2, "validation": 0.15},
    all_no=0.9966,
    linear_svc=None,
    majority_class=0,
    majority_balanced_accuracy={"training": 0.25, "validation": 0.25},
)


# Training, and the original beside the randomized model.

SOME = Randomization(("fc1",), 0.4)
WORDS = Randomization(("fc1",), 1.0, unit="word", words=("cherry", "plum"))


SIZES = (75, 50, 40, 35)  # reviews of each class, of which the first is the largest
NONE = Scores(sum(SIZES), missing={"accuracy": NOT_FINITE})


def counted(hits: Sequence[int], sizes: Sequence[int] = SIZES, bitwise: float = 0.9) -> Scores:
    """Scores of so many hits in each class; what is wrong is predicted to be of the next class."""
    return of_confusion(np.diag(hits) + np.roll(np.diag(np.subtract(sizes, hits)), 1, axis=1), bitwise)


def of_confusion(confusion: np.ndarray, bitwise: float = 0.9) -> Scores:
    """Scores of counts, (true classes, predicted classes)."""
    recall, total, reviews = recall_of(confusion), int(np.trace(confusion)), int(confusion.sum())
    return Scores(
        reviews,
        accuracy=total / reviews,
        interval=wilson_interval(total, reviews),
        balanced_accuracy=float(np.nanmean(recall)),
        bitwise_accuracy=bitwise,
        recall=recall,
        confusion=confusion,
    )


def scores(accuracy: float | None, bitwise: float = 0.9, sizes: Sequence[int] = SIZES) -> Scores:
    """Scores of an accuracy that is about the same in each class."""
    if accuracy is None:
        return NONE
    return counted(np.diff(np.round(accuracy * np.cumsum([0, *sizes]))).astype(int), sizes, bitwise)


def comparison(
    before: Scores,
    after: Scores,
    agreement: Measurement = Measurement(0.5),  # noqa: B008 - frozen
    divergence: Measurement = Measurement(0.25),  # noqa: B008
) -> Comparison:
    other = scores(1.0)
    outcomes = [Outcome({}, {"training": other, "validation": score}) for score in (before, after)]
    ratios = {"training": Measurement(0.0), "validation": Measurement(0.0)}
    lost = gained = dict.fromkeys(ratios)
    if before.confusion is not None and after.confusion is not None:  # no review is lost and another gained
        fewer = np.diag(before.confusion) - np.diag(after.confusion)
        lost, gained = ({"training": 0 * fewer, "validation": np.maximum(sign * fewer, 0)} for sign in (1, -1))
    return Comparison(
        *outcomes, None, ratios, ratios, {"validation": agreement}, {"validation": divergence}, lost, gained, 1
    )


def cost(before: Scores, after: Scores, randomization: Randomization = SOME, *, untouched: bool = False) -> str:
    found = replace(comparison(before, after), changed_weights=0 if untouched else 9)
    return describe_comparison(found, BASELINES, randomization, LAYERS)


def published(before: float, after: float | None) -> str:
    second = NONE if after is None else scores(0.016, bitwise=after)
    return describe_published(comparison(scores(0.0, bitwise=before), second), BASELINES)


def recalls(before: Sequence[int] | None, after: Sequence[int] | None, sizes: Sequence[int] = SIZES) -> str:
    """Of hits in each class; None for outputs that are not finite."""
    found = comparison(*(NONE if hits is None else counted(hits, sizes) for hits in (before, after)))
    return describe_recalls(found, ("ale", "port", "rye", "gin")[: len(sizes)], BASELINES)


def training(svc: dict | None = None, epochs: int = 0) -> str:
    history = [
        Epoch(number, PartMetrics(1.0, 0.95), PartMetrics(1.0, 0.6 + number / 100), 1.0)
        for number in range(1, epochs + 1)
    ]
    return describe_training(history, replace(BASELINES, linear_svc=svc))


def by_heart(accuracy: float) -> str:
    return describe_by_heart([Epoch(1, PartMetrics(1.0, 1.0), PartMetrics(1.0, accuracy), 1.0)])


def weights() -> str:
    first, second = (nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}) for _ in range(2))
    with torch.no_grad():
        for model, weight in ((first, 1.0), (second, 3.0)):
            model["a"].weight.fill_(weight)
            model["a"].bias.fill_(-weight)
            model["b"].weight.fill_(0.5)
            model["b"].bias.fill_(-0.5)
    return describe_weights(first, second)


# Dose–response curves, and the robustness of layers.

MODEL = name_scope(retrain=False, splits=1)


def half(layers="fc1", dose=0.4, low=0.3, high=0.5, scheme="zero", unit="weight") -> HalfWay:
    return HalfWay(layers, scheme, unit, dose, low, high, 10)


def no_half(layers: str, kind: str, until: float = 1.0) -> HalfWay:
    return HalfWay(layers, "zero", "weight", None, None, None, 10, "a reason", kind, until)


def half_way(*halves: HalfWay, before: float = 0.9, scope: str = MODEL, sources: tuple = ()) -> str:
    return describe_half_way(halves, BASELINES, before, scope, sources)


def curves(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["layers", "planned_dose", "median"])


def differ(first: str, second: str, change: float, adjusted: float = 0.001) -> Difference:
    return Difference(first, second, change, change - 0.05, change + 0.05, adjusted / 2, adjusted, 40, 10, 1)


SETS_AT_END = curves(("fc1", 0.0, 0.9), ("fc2", 0.0, 0.9), ("fc1", 0.8, 0.6), ("fc2", 0.8, 0.3), ("all", 0.8, 0.4))


def heat_map(*differences: Difference, table: pd.DataFrame = SETS_AT_END, before: float = 0.9) -> str:
    return describe_heat_map(table, BASELINES, before, MODEL, differences)


STEPS = pd.DataFrame(
    {
        "cascade": ["top-down"] * 3 + ["bottom-up"] * 3,
        "step": [0, 1, 2] * 2,
        "layers": ["none", "fc2", "fc1+fc2", "none", "fc1", "fc1+fc2"],
        "median": [0.9, 0.6, 0.3, 0.9, 0.4, 0.3],
    }
)
MATCHED = pd.DataFrame(  # one scheme goes on to a larger change than the other
    {
        "layers": "fc1",
        "scheme": ["zero", "noise", "zero", "noise", "noise"],
        "planned_dose": [0.0, 0.0, 0.5, 0.5, 1.0],
        "median": [0.9, 0.9, 0.7, 0.4, 0.1],
        "dose": [0.0, 0.0, 0.3, 0.2, 0.6],
        "relative_change": [0.0, 0.0, 0.5, 0.5, 1.0],
    }
)
BEFORE_SWEEP = pd.DataFrame({"validation_accuracy_before": [0.9] * 5})


def matched(table: pd.DataFrame, by: str = "scheme", *differences: Difference) -> str:
    return describe_matched(table, BEFORE_SWEEP, BASELINES, by, MODEL, differences)


def robustness(layer: str, forgetting: float | None, accuracies: tuple, conclusion: str, before=0.9) -> LayerRobustness:
    anew, interval = (Band(0.5, 0.4, 0.6), (forgetting - 0.1, forgetting + 0.1)) if forgetting else (None, None)
    return LayerRobustness(layer, 10, before, 0.25, forgetting, anew, accuracies, 1.0, 1.0, conclusion, interval)


def uncertainty(variances: dict[str, float], several: bool = False) -> str:
    """With 40 reviews and, where there are replicates, 10 seeds and, where there are splits, 5 of them."""
    shrinks = {"both": ("reviews", "seeds"), "split": (), "reviews": ("reviews",)}
    splits = ("splits",) if "split" in variances else ()
    parts = [Component(name, value, shrinks.get(name, ("seeds",)) + splits) for name, value in variances.items()]
    counts = {"reviews": 40, "seeds": 10} | dict.fromkeys(splits, 5)
    ways = remedies(parts, counts, {"seeds": 3.0, "splits": 40.0})
    half = 1.96 * sum(variances.values()) ** 0.5
    return describe_uncertainty(parts, half, 0.8, ways, BASELINES, several=several)


# Relearning.

TARGET = TargetAccuracy(accuracy_before=0.8, target=0.72, chance=0.25, majority=0.4)
LOW_TARGET = TargetAccuracy(accuracy_before=0.4, target=0.36, chance=0.25, majority=0.4)
NEVER, DIVERGED = TimeToTarget("never", None, None, 1200), TimeToTarget("diverged", None, None, 1200)


def at(steps: int) -> TimeToTarget:
    return TimeToTarget("reached" if steps else "already there", steps, steps, 1200)


def split_accuracies(*accuracies: float | None, majority: float = 0.4) -> str:
    found = [SplitAccuracy(seed, accuracy, majority, 20, 80) for seed, accuracy in enumerate(accuracies)]
    return describe_splits(summarize_splits(found), accuracies[0])


def curve(model: str, seed: int, time: TimeToTarget, accuracy=0.3, target=TARGET) -> LearningCurve:
    points = [
        CurvePoint(steps, steps, PartMetrics(1.0, 0.9), PartMetrics(1.0, accuracy + steps / 2)) for steps in (0, 1)
    ]
    return LearningCurve(model, seed, tuple(points), time, target)


def curves_of(randomized, scratch, target=TARGET, accuracies=None) -> list[LearningCurve]:
    """For each seed, how soon the randomized model and the one from scratch get there."""
    found = []
    for seed, (time, other) in enumerate(zip(randomized, scratch, strict=True)):
        accuracy = accuracies[seed] if accuracies else 0.3
        found += [curve("scratch", seed, other, 0.1, target), curve("randomized", seed, time, accuracy, target)]
        found += [curve("continued", seed, at(0), 0.8, target)]
    return found


def relearning_result(curves, *, retrain=True) -> RelearningResult:
    """The curves as a result: each replicate with an original of its own, or all with one."""
    return RelearningResult(MODERN, tuple(replace(one, original_seed=one.seed if retrain else 0) for one in curves))


def relearning(curves: list[LearningCurve], **options) -> str:
    retrain = not options.get("same_model")
    result = relearning_result(curves, retrain=options.pop("retrain", retrain))
    return describe_relearning(result.learning_curves, result.outcomes, "40 % of fc1", BASELINES, **options)


def relearned(randomized, scratch, **options) -> str:
    return relearning(curves_of(randomized, scratch, **options))


# The story.


def asked(scene: Scene) -> str:
    return "\n".join([scene.title, scene.introduction, scene.question, *scene.choices])


def answered(answer: Answer) -> str:
    return f"{answer.right}: {answer.text}\n{answer.limit}"


def forgetting(before: float, after: float) -> Comparison:
    lost = measure_forgetting(before, after, BASELINES.chance)
    return replace(comparison(scores(before), scores(after)), forgetting={"validation": lost})


def again(randomized, scratch, **options) -> str:
    result = relearning_result(curves_of(randomized, scratch, **options), retrain=False)
    return answered(answer_relearning(result, BASELINES))


def savings_curves(*lines, units=6) -> pd.DataFrame:
    columns = ["layers", "dose", "accuracy", "median", "conclusion"]
    table = pd.DataFrame(lines, columns=columns).assign(scheme="reinit", unit="model", units=units)
    shown = table["conclusion"].isin(["remembers", "one model"])
    return table.assign(p=np.where(shown, 0.5**units, 0.5), median_high=table["median"])


def savings(*lines, units=6) -> str:
    curves = savings_curves(*lines, units=units)
    return describe_savings(curves, pd.DataFrame({"accuracy_before": [0.8, 0.8]}), BASELINES)


# Unlearning: 12 of 40 reviews are forgotten, all of one class; another is the largest of those that are left.


def _part(name: str, *classes: int) -> Part:
    return Part(name, torch.tensor(classes), np.arange(len(classes)))


_RETAIN = _part("retain", *[0] * 12, *[1] * 16)
_VALIDATION = _part("validation", *[0] * 5, *[1] * 5, *[2] * 4)
SETS = ForgetSets(
    _part("forget", *[2] * 12),
    _RETAIN,
    _part("non-members", *[2] * 4),
    Split(_RETAIN, _VALIDATION, (), ("port", "red", "white"), None),
)


def row(method: str, seed: int = 0, retrained=0.5, remembers=None, over_forgets=None, **metrics) -> UnlearningRow:
    values = dict.fromkeys(UNLEARNING_METRICS) | metrics
    reference = dict.fromkeys(MODEL_METRICS) | {"forget_accuracy": retrained}
    return UnlearningRow(method, seed, values, reference, over_forgets=over_forgets, remembers=remembers)


THRESHOLDED = (np.linspace(0, 0.5, 60).reshape(20, 3).T, np.linspace(0.05, 0.8, 36).reshape(12, 3).T)  # losses


def unlearning(*rows: UnlearningRow) -> str:
    """As if what is concluded of a method were that of its first row."""
    result = UnlearningResult(MODERN, SETS, rows, 10, len(rows))
    firsts = {made.method: made for made in reversed(rows)}
    soon = {name: None if (index := result.median(name, "anamnesis")) is None else index < 0.5 for name in firsts}
    result.__dict__["conclusions"] = {
        "remembers": {name: made.remembers for name, made in firsts.items()},
        "over_forgets": {name: made.over_forgets for name, made in firsts.items()},
        "relearns_soon": soon,
    }
    return describe_unlearning(result)


def choice(*contrasts: tuple[str, str, float, float], layers=("fc1",), tow: float | None = 0.9, half=0.5) -> str:
    """What is said of a choice of layers; contrasts: method, metric, change and p-value of each."""
    settings = Unlearning(methods=(CHOSEN_LAYERS, *UNCHOSEN_LAYERS), repair_layers=layers)
    rows = (row(CHOSEN_LAYERS, tow=tow, relearn_steps=12),)
    result = UnlearningResult(replace(MODERN, unlearning=settings), SETS, rows, 10, 3)
    result.__dict__["choice"] = tuple(
        ChoiceContrast(method, metric, CrossedChange(change, change - half, change + half, p, 5), p)
        for method, metric, change, p in contrasts
    )
    return describe_choice(result)


def layer_loss(layers: str, forget: float, retain: float, p: float, behind_p: float | None = None) -> LayerLoss:
    changes = [
        CrossedChange(value, value - 0.04, value + 0.04, p, 10) for value in (forget, retain, forget - retain, 0.1)
    ]
    excess, behind = changes[2], None if behind_p is None else changes[3]
    ends = (excess.change - 0.06, excess.change + 0.06)
    return LayerLoss(layers, layers == "all", *changes[:3], ends, p, behind, math.nan if behind_p is None else behind_p)


def ranking(*losses: LayerLoss) -> str:
    counts, shares, trivial = ({"forget": a, "retain": b} for a, b in ((75, 889), (0.99, 1.0), (0.0, 0.21)))
    found = LayerRanking("reinit", "weight", losses, 20, 10, counts, shares, trivial, 1 / 11)
    return describe_layer_choice(found, ("fc1", "fc2", "fc3"), "of this model")


# The sentences, by name.


def class_predictions(*rows: Sequence[float]) -> ClassPredictions:
    """What a model predicts of three classes; nothing of a row of NaN."""
    numbers = [-1 if math.isnan(row[0]) else int(np.argmax(row)) for row in rows]
    return ClassPredictions(("red", "rosé", "white"), np.array(rows, np.float32), np.array(numbers))


def predictions(
    original: ClassPredictions, randomized: ClassPredictions | None = None, words: Sequence[str] = ("cherry", "cherry")
) -> Predictions:
    """Predictions for texts of these words, of which the model does not know those that begin with a z."""
    known, unknown = (
        tuple(tuple(word for word in text.split() if (word[0] == "z") == strange) for text in words)
        for strange in (False, True)
    )
    return Predictions(MODERN, tuple(words), known, unknown, original, randomized, 1 / 3, "red", 0.5)


RED, PALE, NOTHING = (0.7, 0.2, 0.1), (0.1, 0.35, 0.55), (math.nan,) * 3
CHANGES = {word: Contribution(-0.5 + n / 10, 0.3) for n, word in enumerate(("cherry", "plum", "oak", "fig", "leather"))}
FLIP = Flip("red", "white", CHANGES, Contribution(0.2, 0.1), Contribution(-1.3, 1.6))


def experiment(randomization: Randomization = SOME, classes: int = 3, known: bool = True, **more: bool) -> str:
    weights = dict.fromkeys(LAYERS, 1000) if known else {}
    return describe_experiment("mine.csv", 1_200, ("ale", "port", "rye")[:classes], weights, randomization, **more)


LAYER_MEDIANS = {
    ("retrain", "fc1"): 0.96,
    ("retrain", "fc2"): 0.95,
    ("original", "fc1"): 0.86,
    ("original", "fc2"): 0.85,
}


def mapped(moved: float, held_after: float | None, flipped: int = 23, moving: int = 0) -> str:
    """What is said of a map; moving: reviews that lie elsewhere in the randomized model."""
    points, after = np.zeros((2, 242, 2))
    after[:moving] = 50
    places = ActivationMap(points, after, np.array([0.29, 0.16]), held_after, moved)
    return describe_map(places, "fc1", flipped, len(points))


def similarities(rows: Sequence[SimilarityRow]) -> SimilarityResult:
    return SimilarityResult(
        Explanation(doses=(0.0, 1.0)), tuple(rows), MODERN, "0" * 64, (242, 242), 9, MODERN.model.layers
    )


def similarity(first: tuple, second: tuple, anew: float | None = 0.98, *, hollow: bool = False) -> str:
    """What is said of fc1 and fc2 where fc1 is randomized, by the CKA of each seed at a fraction of 100 %."""

    def both(*values: float | None) -> dict[str, Measurement]:
        found = zip(("fc1", "fc2"), values, strict=True)
        return {layer: Measurement(value, "" if value is not None else NOT_FINITE) for layer, value in found}

    rows = []
    for seed, values in enumerate(zip(first, second, strict=True)):
        other = None if anew is None else anew + seed / 1000
        rows.append(SimilarityRow("independent", "", None, seed, both(other, other)))
        for dose, each in ((0.0, (1, 1)), (1.0, values)):
            rows.append(SimilarityRow("randomized", "fc1", dose, seed, both(*each)))
    return describe_similarity(similarities(rows), hollow=hollow)


def layer_contrast(
    method: str, layer: str, change: float, from_original: float, kept: float = 0.1, p: float = 0.001
) -> LayerContrast:
    first, second, third = (
        CrossedChange(value, value - 0.01, value + 0.01, p, 5) for value in (change, from_original, kept)
    )
    return LayerContrast(method, layer, first, p, second, p, third, p)


CASES: dict[str, Callable[[], str]] = {
    "layer choice: shown": lambda: ranking(layer_loss("fc1", 0.4, 0.2, 0.001), layer_loss("fc2", 0.2, 0.2, 0.9, 0.01)),
    "layer choice: tied": lambda: ranking(layer_loss("fc1", 0.4, 0.2, 0.001), layer_loss("fc2", 0.3, 0.2, 0.9, 0.4)),
    "layer choice: open": lambda: ranking(layer_loss("fc1", 0.22, 0.2, 0.6), layer_loss("fc2", 0.2, 0.2, 0.9, 0.4)),
    "layer choice: one alone": lambda: ranking(layer_loss("fc1", 0.4, 0.2, 0.001)),
    "layer choice: none": lambda: ranking(layer_loss("all", 0.4, 0.2, 0.001)),
    "choice: helps": lambda: choice(
        ("repair_all_layers", "tow", 0.12, 0.001),
        ("repair_all_layers", "relearn_steps", 4.0, 0.01),
        ("repair_random_layer", "tow", 0.1, 0.003),
    ),
    "choice: helps beside one": lambda: choice(
        ("repair_all_layers", "relearn_steps", 4.0, 0.01), ("repair_random_layer", "relearn_steps", 0.4, 0.6)
    ),
    "choice: does not help": lambda: choice(
        ("repair_all_layers", "tow", -0.12, 0.001), ("repair_random_layer", "tow", 0.1, 0.003)
    ),
    "choice: not shown": lambda: choice(
        ("repair_all_layers", "tow", 0.0, 0.9), ("repair_random_layer", "tow", 0.01, 0.8)
    ),
    "choice: of one seed": lambda: choice(("repair_all_layers", "relearn_steps", -2.0, 1.0), half=math.inf),
    "choice: undecided": lambda: choice(tow=None),
    "choice: of all layers": lambda: choice(layers=("all",)),
    **{
        f"experiment: {scheme}": lambda scheme=scheme: experiment(replace(SOME, scheme=scheme))
        for scheme in REPLACEMENTS
    },
    "experiment: two classes, no layer": lambda: experiment(Randomization((), 1.0), classes=2),
    "experiment: published": lambda: experiment(known=False),
    "experiment: untrained": lambda: experiment(untrained=True),
    "experiment: words": lambda: experiment(WORDS),
    "randomization: words": lambda: describe_randomization(WORDS, LAYERS),
    "hollow": lambda: describe_hollow(scores(0.4), BASELINES),
    "hollow: worse": lambda: describe_hollow(scores(0.2), BASELINES),
    "hollow: few reviews": lambda: describe_hollow(scores(0.75, sizes=(3, 2, 2, 1)), BASELINES),
    "hollow: not better than chance": lambda: describe_hollow(counted((0, 15, 8, 7), (10, 90, 50, 50)), BASELINES),
    "cost": lambda: cost(scores(0.82), scores(0.51)),
    "cost: a gain": lambda: cost(scores(0.7), scores(0.8)),
    "cost: hollow": lambda: cost(scores(0.4), scores(0.2)),
    "cost: undecided": lambda: cost(scores(0.82), scores(0.8)),
    "cost: undecided, as many lost as gained": lambda: cost(scores(0.82), scores(0.82)),
    "cost: untouched": lambda: cost(scores(0.82), scores(0.82), untouched=True),
    "cost: words": lambda: cost(scores(0.82), scores(0.51), WORDS),
    "cost: nothing randomized": lambda: cost(scores(0.82), scores(0.82), Randomization((), 1.0)),
    "cost: missing": lambda: cost(NONE, scores(0.5)),
    "training": lambda: training(epochs=12),
    "training: by heart": lambda: by_heart(0.27),
    "training: not by heart": lambda: by_heart(0.83),
    "training: not begun": lambda: training(),
    "training: with LinearSVC": lambda: training({"training": 1.0, "validation": 0.9125}, epochs=1),
    "published": lambda: published(0.908, 0.5088),
    "published: it rises": lambda: published(0.486, 0.513),
    "published: missing": lambda: published(0.908, None),
    "recalls": lambda: recalls([70, 40, 30, 0], [60, 10, 0, 9]),
    "recalls: a tie": lambda: recalls([10, 10, 10, 4], [5, 10, 5, 0], (10, 10, 10, 4)),
    "recalls: a tie of three": lambda: recalls([10, 10, 10, 4], [7, 7, 7, 4], (10, 10, 10, 4)),
    "recalls: luck": lambda: recalls([70, 40, 30, 30], [70, 40, 30, 29]),
    "recalls: none lost": lambda: recalls([70, 40, 30, 0], [75, 40, 30, 0]),
    "recalls: hollow": lambda: recalls([30, 20, 15, 15], [0, 0, 0, 0]),
    "recalls: few reviews": lambda: recalls([4, 4, 4, 4], [0, 0, 0, 0], (4, 4, 4, 4)),
    "recalls: one class": lambda: recalls([0, 9, 4, 4], [0, 2, 0, 0], (0, 9, 4, 4)),
    "recalls: missing": lambda: recalls(None, [0, 0, 0, 0]),
    "forgetting": lambda: " · ".join(describe_forgetting(Measurement(0.5), Measurement(0.625), "")),
    "forgetting: undefined": lambda: " · ".join(
        describe_forgetting(Measurement(0.5), Measurement(None, "a reason"), "hollow")
    ),
    "agreement": lambda: describe_agreement(comparison(scores(0.5), scores(0.5))),
    "agreement: missing": lambda: describe_agreement(
        comparison(scores(0.5), scores(None), Measurement(None, NOT_FINITE), Measurement(None, NOT_FINITE))
    ),
    "weights": weights,
    "half-way": lambda: half_way(
        half(), no_half("fc2", "never"), half("fc1+fc2", 0.125, None, None), half("all", 0.2, 0.1, None)
    ),
    "half-way: never, before, unmeasured, undefined": lambda: half_way(
        *(
            no_half(f"fc{number}", kind, 0.4)
            for number, kind in enumerate(("never", "before", "unmeasured", "undefined"))
        )
    ),
    "half-way: schemes and units": lambda: half_way(half(), half(scheme="normal", dose=0.2, unit="neuron")),
    "half-way: many": lambda: half_way(*(half(f"fc{number}", number / 100) for number in range(1, 41))),
    "half-way: over reviews and seeds": lambda: half_way(half(), sources=("reviews", "seeds")),
    "half-way: models of their own": lambda: half_way(half(), scope=name_scope(retrain=True, splits=1)),
    "half-way: splits": lambda: half_way(half(), scope=name_scope(retrain=True, splits=5), sources=("splits",)),
    "heat map": heat_map,
    "heat map: least": lambda: heat_map(
        differ("fc1", "fc2", -0.3), differ("fc1", "all", -0.2), differ("fc2", "all", 0.1)
    ),
    "heat map: cannot be told": lambda: heat_map(
        differ("fc1", "fc2", -0.3), differ("fc1", "all", -0.2), differ("fc2", "all", 0.1, 0.06)
    ),
    "heat map: a tie": lambda: heat_map(
        differ("fc1", "fc2", -0.002, 0.9), table=curves(("fc1", 1.0, 0.301), ("fc2", 1.0, 0.299))
    ),
    "heat map: one set": lambda: heat_map(table=curves(("fc1", 0.0, 0.9), ("fc1", 0.8, 0.6))),
    "heat map: empty": lambda: heat_map(table=curves()),
    "cascades": lambda: describe_cascades(STEPS, BASELINES, MODEL),
    "cascades: one": lambda: describe_cascades(STEPS[3:], BASELINES, MODEL),
    "cascades: compared": lambda: describe_cascades(STEPS, BASELINES, MODEL, [differ("fc2", "fc1", -0.2)]),
    "matched": lambda: matched(MATCHED),
    "matched: compared": lambda: matched(MATCHED, "scheme", differ("zero", "noise", -0.3)),
    "matched: cannot be told": lambda: matched(MATCHED, "scheme", differ("zero", "noise", -0.3, 0.2)),
    "matched: other changes": lambda: matched(MATCHED.assign(relative_change=[0, 0, 0.53, 0.46, 1])),
    "matched: no common change": lambda: matched(MATCHED.iloc[[2, 4]].reset_index(drop=True)),
    "matched: no common change of layer sets": lambda: matched(
        MATCHED.iloc[[2, 4]].rename(columns={"scheme": "layers", "layers": "scheme"}).reset_index(drop=True), "layers"
    ),
    "robustness": lambda: describe_robustness(
        [
            robustness("fc1", 0.8, (0.38, 0.36), "critical"),
            robustness("fc2", 0.3, (0.7, 0.65), "undecided"),
            robustness("fc3", 0.1, (0.84, 0.825), "robust or in between"),
        ],
        BASELINES,
        MODEL,
    ),
    "robustness: hollow": lambda: describe_robustness(
        [robustness("fc1", 0.8, (0.38, 0.36), "critical")], BASELINES, MODEL, hollow=True
    ),
    "robustness: undefined": lambda: describe_robustness(
        [robustness("fc1", None, (0.2, 0.2), "undefined", before=0.2)], BASELINES, MODEL
    ),
    "map": lambda: mapped(2.5, 0.3),
    "map: one flip": lambda: mapped(0.8, 0.125, flipped=1),
    "map: nothing reached": lambda: mapped(0.0, 0.6, flipped=0),
    "map: most are where they were": lambda: mapped(0.0, 0.6, moving=80),
    "map: no variance left": lambda: mapped(2.5, None),
    "similarity": lambda: similarity((0.05, 0.06, 0.07), (0.9, 0.99, 0.93)),
    "similarity: more": lambda: similarity((0.999, 0.998, 0.9985), (0.6, 0.62, 0.61)),
    "similarity: one seed": lambda: similarity((0.05,), (0.9,)),
    "similarity: one of two seeds": lambda: similarity((0.05, None), (0.9, None)),
    "similarity: hollow": lambda: similarity((0.05, 0.06, 0.07), (0.9, 0.99, 0.93), hollow=True),
    "similarity: missing": lambda: similarity((None,), (None,), anew=None),
    "similarity: not begun": lambda: describe_similarity(similarities(())),
    "layers": lambda: describe_layers(
        [
            layer_contrast("original", "fc1", -0.1, 0.0),
            layer_contrast("eu_k", "fc1", -0.1, 0.0),
            layer_contrast("eu_k", "fc2", -0.001, 0.1, p=0.4),
            layer_contrast("cf_k", "fc2", -0.05, 0.1, kept=-0.02),
            layer_contrast("random_labels", "fc1", -0.8, -0.7),
            layer_contrast("random_labels", "fc2", -0.8, -0.7),
            layer_contrast("scrub", "fc1", 0.01, 0.2),
        ],
        LAYER_MEDIANS,
        "forget",
    ),
    "layers: one seed": lambda: describe_layers([], LAYER_MEDIANS, "validation"),
    "layers: without retraining": lambda: describe_layers([], {("scrub", "fc1"): 0.3}, "forget"),
    "splits": lambda: split_accuracies(0.6, 0.7, 0.65, 0.75),  # 0.675 ± 3.18 · √((1/4 + 20/80) · 1/240)
    "splits: not above the largest class": lambda: split_accuracies(0.6, 0.3, 0.5, 0.6),
    "splits: not finite": lambda: split_accuracies(None, 0.3),
    "splits: under way": lambda: describe_splits_under_way(3, 10, 0.6),
    "power: few reviews": lambda: describe_smallest_change(5),
    "power: of one model": lambda: describe_smallest_change(8),
    "power: of many models": lambda: describe_smallest_change(242, 1260),
    "uncertainty: seeds": lambda: uncertainty({"reviews": 2e-4, "draw": 9e-4, "both": 1e-4}),
    "uncertainty: seeds, up to a point": lambda: uncertainty({"reviews": 5e-4, "draw": 5e-4}),
    "uncertainty: reviews": lambda: uncertainty({"reviews": 9e-4, "draw": 0.0}, several=True),
    "uncertainty: all of it": lambda: uncertainty({"reviews": 1e-4, "training": 2e-4, "both": 0.0, "split": 9e-4}),
    "uncertainty: none": lambda: uncertainty({"reviews": 0.0, "draw": 0.0}),
    "uncertainty: one seed": lambda: uncertainty({"reviews": 4e-4}),
    "relearning: remembers": lambda: relearned([at(5)] * 6, [at(20)] * 6),  # 6 of 6 above 0: p = 1/64
    "relearning: one model": lambda: relearning(curves_of([at(5)] * 6, [at(20)] * 6), same_model=True),
    "relearning: of this model": lambda: relearning(curves_of([at(5)] * 6, [at(20)] * 6), retrain=False),
    "relearning: power": lambda: describe_relearning_power(Relearning(seeds=6), 3),
    "relearning: power, too few": lambda: describe_relearning_power(Relearning(seeds=3, retrain=False)),
    "relearning: gone": lambda: relearned([at(30)] * 5, [at(20)] * 5),
    # Savings 0.1, 0.2 … 0.5: 5 % and 95 % lie at 0.12 and 0.48; 5 of 5, p = 1/32.
    "relearning: medians": lambda: relearned([at(steps) for steps in (9, 8, 7, 6, 5)], [at(10)] * 5),
    "relearning: too few seeds": lambda: relearned([at(5)] * 2, [at(20)] * 2),
    "relearning: some never": lambda: relearned([at(5), at(7), NEVER, DIVERGED, NEVER, NEVER], [at(20)] * 5 + [NEVER]),
    "relearning: none ever": lambda: relearned([NEVER] * 5, [at(20)] * 5),
    "relearning: most never": lambda: relearned([at(5), at(7), NEVER, NEVER, NEVER], [at(20)] * 5),
    "relearning: scratch never": lambda: relearned([at(4)] * 5, [NEVER] * 5),
    "relearning: neither ever": lambda: relearned([NEVER] * 5, [NEVER] * 5),
    "relearning: diverges": lambda: relearned([DIVERGED] * 5, [at(20)] * 5),
    "relearning: trivial target": lambda: relearned([at(2)] * 5, [at(4)] * 5, target=LOW_TARGET),
    "relearning: not begun": lambda: relearning([curve("scratch", 0, at(20))]),
    "savings": lambda: savings(
        ("fc1", 0.5, 0.7, 0.9, "remembers"),
        ("fc1", 1.0, 0.3, 0.4, "remembers"),
        ("fc2", 1.0, np.nan, np.nan, "undefined"),
        ("fc1+fc2", 1.0, 0.25, -0.1, "gone"),
        ("fc3", 1.0, 0.1, 0.0, "too few seeds"),
    ),
    "savings: shown alone": lambda: savings(
        ("fc1", 1.0, 0.3, 0.4, "remembers"),
        ("fc2", 1.0, 0.3, 0.5, "remembers"),
        ("fc1+fc2", 1.0, 0.25, -math.inf, "gone"),
        units=5,
    ),
    "savings: many": lambda: savings(*((f"fc{number}", 0.75, 0.3, 0.5, "gone") for number in range(1, 10))),
    "unlearning": lambda: unlearning(
        row("original", remembers=True, over_forgets=True, tow=1.0, anamnesis=0.0),
        row("retrain", remembers=True, over_forgets=True, tow=0.97, anamnesis=0.1),
        row("fine_tune", remembers=True, over_forgets=False, tow=0.9, anamnesis=0.5),
        row("scrub", remembers=False, over_forgets=True, tow=0.95, anamnesis=0.49),
        row("cf_k", remembers=True, over_forgets=True, tow=0.2, anamnesis=0.0),
        row("eu_k"),
    ),
    "attack at a threshold": lambda: describe_threshold(
        0.1, {"SalUn": threshold_attack(*THRESHOLDED, 0.1), "exact retraining": threshold_attack(*THRESHOLDED, 0.4)}
    ),
    "attack at a threshold, as a table": lambda: "\n".join(
        map(": ".join, tabulate_threshold(threshold_attack(*THRESHOLDED, 0.1)).items())
    ),
    "unlearning: nothing known": lambda: unlearning(row("eu_k", retrained=None)),
    "unlearning: true of none": lambda: unlearning(
        row("eu_k"), row("cf_k", remembers=False, over_forgets=False, tow=0.5, anamnesis=0.9)
    ),
    "unlearning: without methods": lambda: unlearning(
        row("original", remembers=True, tow=0.6), row("retrain", tow=0.9)
    ),
    "review: all known": lambda: describe_known_words(("a", "b"), (), "basic"),
    "review: some known": lambda: describe_known_words(("a",), tuple("bcdef"), "basic"),
    "review: none known": lambda: describe_known_words((), ("b", "c"), "words"),
    "review: no word": lambda: describe_known_words((), (), "characters"),
    "review: original": lambda: describe_prediction(predictions(class_predictions(RED))),
    "review: same class": lambda: describe_prediction(
        predictions(class_predictions(RED), class_predictions((0.6, 0.2, 0.2)))
    ),
    "review: another class": lambda: describe_prediction(predictions(class_predictions(RED), class_predictions(PALE))),
    "review: not finite": lambda: describe_prediction(predictions(class_predictions(RED), class_predictions(NOTHING))),
    "review: no prediction": lambda: describe_prediction(predictions(class_predictions(NOTHING))),
    "review: all classes equal": lambda: describe_prediction(
        predictions(class_predictions((1 / 3,) * 3), class_predictions((1 / 3,) * 3))
    ),
    "review: flip": lambda: describe_flip(FLIP),
    "review: flip, two words": lambda: describe_flip(
        replace(FLIP, words={word: CHANGES[word] for word in ("cherry", "oak")})
    ),
    "review: flip, none": lambda: describe_flip(Flip("red", "red", {})),
    "review: flip, not finite": lambda: describe_flip(Flip("red", None, {}, missing=NOT_FINITE)),
    "review: edit": lambda: describe_edit(
        predictions(class_predictions(RED, PALE), words=("cherry oak", "lemon oak slate zest apple"))
    ),
    "review: edit, words added": lambda: describe_edit(
        predictions(class_predictions(RED, (0.5, 0.3, 0.2)), words=("cherry", "cherry plum"))
    ),
    "review: edit, unknown word": lambda: describe_edit(
        predictions(class_predictions(RED, RED), words=("cherry zesty", "cherry"))
    ),
    "review: edit, other numbers": lambda: describe_edit(
        predictions(class_predictions(RED, (0.5, 0.3, 0.2)), words=("cherry", "cherry cherry"))
    ),
    "review: edit, not finite": lambda: describe_edit(predictions(class_predictions(RED, NOTHING))),
    **{f"story: {scene.name}": lambda scene=scene: asked(scene) for scene in SCENES},
    "story: layers, in the last one": lambda: answered(answer_layers({"fc1": 100, "fc2": 900}, 10)),
    "story: fraction, some left": lambda: answered(answer_fraction(forgetting(0.8, 0.5), BASELINES, 0.6)),
    "story: fraction, nothing left": lambda: answered(answer_fraction(forgetting(0.8, 0.26), BASELINES, 0.6)),
    "story: fraction, between": lambda: answered(answer_fraction(forgetting(0.8, 0.3), BASELINES, 0.6)),
    "story: fraction, hollow": lambda: answered(answer_fraction(forgetting(0.2, 0.2), BASELINES, 0.6)),
    "story: relearning, remembers": lambda: again([at(5)] * 6, [at(20)] * 6),
    "story: relearning, alike": lambda: again([at(20)] * 5, [at(20)] * 5),
    "story: relearning, most never": lambda: again([at(20), NEVER, NEVER, NEVER, NEVER], [at(20)] * 5),
    "story: relearning, later": lambda: again([at(30)] * 5, [at(20)] * 5),
    "story: relearning, undefined": lambda: again([at(2)] * 5, [at(4)] * 5, target=LOW_TARGET),
    "story: published, answer": lambda: answered(answer_published()),
}

if __name__ == "__main__":
    sentences = {name: sentence() for name, sentence in CASES.items()}
    APPROVED.write_text(json.dumps(sentences, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
