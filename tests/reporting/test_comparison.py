"""Sentences against comparisons made by hand: the right numbers, and the baseline of each accuracy beside it."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from forgetting.experiment.results import Comparison, Outcome
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.intervals import Band
from forgetting.metrics.scores import NOT_FINITE, Scores
from forgetting.randomization.settings import Randomization
from forgetting.reporting import comparison as comparison_sentences
from forgetting.reporting import dose_response as dose_response_sentences
from forgetting.reporting import formatting as formatting_sentences
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_number, format_share
from forgetting.studies.dose_response import HalfWay
from forgetting.studies.layer_robustness import LayerRobustness

LAYERS = ("fc1", "fc2")
HALF = Randomization(("fc1",), 0.4)
SAME, APART = Measurement(0.5), Measurement(0.25)
BASELINES = Baselines(
    chance=0.25,
    chance_loss=1.386,
    majority={"training": 0.5, "validation": 0.375},
    majority_macro_f1={"training": 0.2, "validation": 0.15},
    all_no=0.9966,
    linear_svc=None,
)


def scores(accuracy: float | None, bitwise: float = 0.9, recall: list | None = None) -> Scores:
    missing = {"accuracy": NOT_FINITE} if accuracy is None else {}
    found = None if recall is None else np.array(recall)
    return Scores(40, accuracy=accuracy, bitwise_accuracy=bitwise, recall=found, missing=missing)


def comparison(before: Scores, after: Scores, same: Measurement = SAME, apart: Measurement = APART) -> Comparison:
    other = scores(1.0)
    outcomes = [Outcome({}, {"training": other, "validation": score}) for score in (before, after)]
    ratios = {"training": Measurement(0.0), "validation": Measurement(0.0)}
    return Comparison(*outcomes, None, ratios, {"validation": same}, {"validation": apart})


def cost(before: float | None, after: float | None, randomization: Randomization = HALF) -> str:
    return comparison_sentences.describe_cost(
        comparison(scores(before), scores(after)), BASELINES, randomization, LAYERS
    )


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.584, "58 %"), (0.005, "0.5 %"), (0.996, "99.6 %"), (None, "missing")],
)
def test_percent(share, text):
    assert format_share(share) == text


@pytest.mark.parametrize("share", [1e-2, 1e-3, 4e-4, 1e-5, 1 - 1e-3, 1 - 4e-4, 1 - 1e-5])
@pytest.mark.parametrize("digits", [0, 1])
def test_a_percentage_next_to_none_or_all_is_not_shown_as_that(share, digits):
    assert float(format_share(share, digits).split()[0]) not in (0, 100)


def test_percent_with_a_decimal():
    assert format_share(0.9966, 1) == "99.7 %"
    assert format_share(0.5, 1) == "50.0 %"


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0.00"), (0.0312, "0.03"), (0.0031, "0.0031"), (12.345, "12.35"), (None, "missing")]
)
def test_number(value, text):
    assert format_number(value) == text


def test_a_number_next_to_zero_is_not_shown_as_zero():
    assert float(format_number(2e-5)) != 0


@pytest.mark.parametrize(
    ("randomization", "text"),
    [
        (Randomization(("fc1",), 0.4), "40 % of fc1"),
        (Randomization(("fc2", "fc1"), 1.0), "100 % of all layers"),
        (Randomization(("all",), 0.05), "5 % of all layers"),
        (Randomization(("fc2",), 0.005), "0.5 % of fc2"),
    ],
)
def test_what_is_randomized_in_words(randomization, text):
    assert describe_randomization(randomization, LAYERS) == text


def test_several_of_more_layers_are_listed():
    assert describe_randomization(Randomization(("fc3", "fc1"), 0.5), ("fc1", "fc2", "fc3")) == "50 % of fc1, fc3"


def test_the_cost_in_points_with_both_baselines():
    assert cost(0.82, 0.51) == (
        "Randomizing 40 % of fc1 costs 31 points of validation accuracy: 82 % → 51 %, where a uniform guess reaches "
        "25 %, always naming the largest class 38 %."
    )


def test_a_gain_is_called_a_gain():
    sentence = cost(0.25, 0.35)
    assert "adds 10 points" in sentence
    assert "25 % → 35 %" in sentence
    assert "costs" not in sentence


@pytest.mark.parametrize(
    "randomization", [Randomization(("fc1",), 0.0), Randomization((), 1.0), Randomization(("all",), 0.0)]
)
def test_where_nothing_is_randomized_that_is_said(randomization):
    sentence = cost(0.82, 0.82, randomization)
    assert sentence.startswith("Nothing is randomized: validation accuracy 82 %")
    assert "25 %" in sentence
    assert "38 %" in sentence


@pytest.mark.parametrize(("before", "after"), [(None, 0.5), (0.5, None), (None, None)])
def test_a_missing_accuracy_is_said_with_its_reason(before, after):
    assert cost(before, after) == f"There is no accuracy to compare: {NOT_FINITE}."


def test_the_published_figures_beside_what_they_hide():
    made = comparison(scores(0.0, bitwise=0.908), scores(0.016, bitwise=0.5088))
    sentence = comparison_sentences.describe_published(made, BASELINES)
    for part in ("90.8 % to 50.9 %", "“no” reaches 99.7 %", "0.0 % of the reviews before", "1.6 % after", "25.0 %"):
        assert part in sentence


def test_published_figures_that_are_missing_are_said_with_their_reason():
    made = comparison(scores(0.0, bitwise=0.908), Scores(40, missing={"accuracy": NOT_FINITE}))
    assert comparison_sentences.describe_published(made, BASELINES) == f"There is no accuracy to compare: {NOT_FINITE}."


def test_a_published_accuracy_that_rises_does_not_fall():
    made = comparison(scores(0.0, bitwise=0.486), scores(0.0, bitwise=0.513))
    assert "accuracy goes from 48.6 % to 51.3 %" in comparison_sentences.describe_published(made, BASELINES)


def recalls(before: list | None, after: list | None, classes: tuple = ("ale", "port", "rye")) -> str:
    return comparison_sentences.describe_recalls(
        comparison(scores(0.5, recall=before), scores(0.5, recall=after)), classes
    )


def test_the_class_that_loses_most_and_those_never_found_again():
    assert recalls([0.9, 0.5, 0.0], [0.2, 0.0, 0.4]) == (
        "ale loses most, 70 points of recall; 1 of the 2 classes that were found before are never found any more."
    )


def test_where_no_class_loses_recall_that_is_said():
    assert recalls([0.9, 0.5, 0.0], [0.9, 0.6, 0.0]) == (
        "No class loses recall: all 2 that were found before still are."
    )


def test_a_class_without_a_review_in_the_part_is_not_the_worst():
    assert recalls([float("nan"), 0.5, 0.4], [float("nan"), 0.4, 0.0]).startswith("rye loses most, 40 points")


@pytest.mark.parametrize(("before", "after"), [(None, [0.0, 0.0, 0.0]), ([0.0, 0.0, 0.0], None)])
def test_missing_recalls_are_said(before, after):
    assert recalls(before, after) == "There is no recall to compare: the model's outputs are not finite numbers."


def test_agreement():
    sentence = comparison_sentences.describe_agreement(comparison(scores(0.5), scores(0.5)))
    assert "the same class for 50 %" in sentence
    assert "0.25 apart" in sentence


def test_agreement_that_is_missing():
    missing = Measurement(None, NOT_FINITE)
    sentence = comparison_sentences.describe_agreement(comparison(scores(0.5), scores(None), missing, missing))
    assert sentence == f"The two models cannot be compared: {NOT_FINITE}."


def test_spreads_of_the_layers():
    first, second = (nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.Linear(1, 1)}) for _ in range(2))
    with torch.no_grad():
        for model, weight in ((first, 1.0), (second, 3.0)):
            model["a"].weight.fill_(weight)
            model["a"].bias.fill_(-weight)
            model["b"].weight.fill_(0.5)
            model["b"].bias.fill_(-0.5)
    assert (
        comparison_sentences.describe_weights(first, second)
        == "Standard deviation of the weights: a 1 → 3, b unchanged at 0.5."
    )


# Responses.

TRIVIAL = "chance is 25 %, the largest class 38 %"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "under 1 s"),
        (0.9, "under 1 s"),
        (1.0, "about 1 s"),
        (3.4, "about 3 s"),
        (89.0, "about 89 s"),
        (100.0, "about 2 min"),
        (3_600.0, "about 60 min"),
    ],
)
def test_durations(seconds, text):
    assert formatting_sentences.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("cherry",), "40 % of the word (cherry)"),
        (("cherry", "plum"), "40 % of 2 words (cherry, plum)"),
        (("cherry", "plum", "smoke"), "40 % of 3 words (cherry, plum, smoke)"),
        (("cherry", "plum", "smoke", "oak", "fig"), "40 % of 5 words (cherry, plum, smoke …)"),
    ],
)
def test_named_words_are_what_is_randomized(words, text):
    assert describe_randomization(Randomization(("fc1",), 0.4, unit="word", words=words), LAYERS) == text


def test_the_cost_of_named_words():
    chosen = Randomization(("fc1",), 1.0, unit="word", words=("cherry", "plum"))
    assert cost(0.82, 0.51, chosen) == (
        "Randomizing 100 % of 2 words (cherry, plum) costs 31 points of validation accuracy: 82 % → 51 %, where a "
        "uniform guess reaches 25 %, always naming the largest class 38 %."
    )


def half(layers="fc1", dose=0.4, low=0.3, high=0.5, scheme="zero", unit="weight") -> HalfWay:
    return HalfWay(layers, scheme, unit, dose, low, high, 10)


def without(layers: str, kind: str, until: float = 1.0) -> HalfWay:
    return HalfWay(layers, "zero", "weight", None, None, None, 10, "a reason", kind, until)


def test_half_way_doses_in_words():
    halves = [half(), without("fc2", "never"), half("fc1+fc2", 0.125, None, None), half("all", 0.2, 0.1, None)]
    assert dose_response_sentences.describe_half_way(halves, BASELINES, 0.9) == (
        f"Validation accuracy is 90 %, where {TRIVIAL}. Half-way down to chance: 40 % of fc1 (30 % to 50 %), not up to "
        "100 % for fc2, 12 % of fc1+fc2, 20 % of all (10 % to open)."
    )


@pytest.mark.parametrize(
    ("kind", "until", "text"),
    [
        ("never", 1.0, "not up to 100 %"),
        ("never", 0.4, "not up to 40 %"),
        ("before", 1.0, "before the smallest dose"),
        ("unmeasured", 0.4, "not measured yet"),
        ("undefined", 1.0, "undefined"),
    ],
)
def test_where_there_is_no_half_way_dose_it_is_said_why(kind, until, text):
    sentence = dose_response_sentences.describe_half_way([without("fc1", kind, until)], BASELINES, 0.9)
    assert sentence == f"Validation accuracy is 90 %, where {TRIVIAL}. Half-way down to chance: {text} for fc1."


def test_an_accuracy_that_there_is_not_is_missing():
    sentence = dose_response_sentences.describe_half_way([without("fc1", "undefined")], BASELINES, float("nan"))
    assert sentence.startswith(f"Validation accuracy is missing, where {TRIVIAL}. ")
    assert "nan" not in sentence


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.3, 0.5, "30 % to 50 %"),
        (0.0, 1.0, "0 % to 100 %"),
        (0.3, None, "30 % to open"),
        (None, 0.5, "open to 50 %"),
        (0.0, None, "0 % to open"),
        (None, None, ""),
    ],
)
def test_intervals_in_words(low, high, text):
    assert formatting_sentences.format_interval(low, high) == text


def test_several_schemes_are_named():
    sentence = dose_response_sentences.describe_half_way([half(), half(scheme="normal", dose=0.2)], BASELINES, 0.9)
    assert "40 % of fc1 by zero (30 % to 50 %), 20 % of fc1 by normal" in sentence


def test_several_units_are_told_apart():
    sentence = dose_response_sentences.describe_half_way([half(), half(unit="neuron", dose=0.2)], BASELINES, 0.9)
    assert "neuron" in sentence


@pytest.mark.parametrize(("count", "more"), [(6, None), (7, 1), (40, 34)])
def test_of_many_curves_six_are_named(count, more):
    halves = [half(f"fc{number}", number / 100) for number in range(1, count + 1)]
    sentence = dose_response_sentences.describe_half_way(halves, BASELINES, 0.9)
    assert "6 % of fc6" in sentence
    assert "fc7" not in sentence
    assert sentence.endswith(f"(30 % to 50 %), and {more} more below." if more else "6 % of fc6 (30 % to 50 %).")
    assert TRIVIAL in sentence


def curve_of(rows: list[tuple], keys=("layers", "level", "median")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(keys))


def test_a_heat_map_in_words():
    table = curve_of([("fc1", 0.0, 0.9), ("fc2", 0.0, 0.9), ("fc1", 0.8, 0.6), ("fc2", 0.8, 0.3), ("all", 0.8, 0.4)])
    assert dose_response_sentences.describe_heat_map(table, BASELINES, 0.9) == (
        "At a dose of 80 % validation accuracy is 30 % with fc2 randomized and 60 % with fc1; before it was 90 %, "
        "chance is 25 %, the largest class 38 %."
    )


def test_a_heat_map_of_one_set_names_it_once():
    table = curve_of([("fc1", 0.0, 0.9), ("fc1", 0.8, 0.6)])
    assert dose_response_sentences.describe_heat_map(table, BASELINES, 0.9) == (
        "At a dose of 80 % validation accuracy is 60 % with fc1 randomized; before it was 90 %, chance is 25 %, the "
        "largest class 38 %."
    )


def test_where_there_is_no_accuracy_that_is_said():
    table = curve_of([]).astype({"level": float, "median": float})
    for sentence in (
        dose_response_sentences.describe_heat_map(table, BASELINES, 0.9),
        dose_response_sentences.describe_matched(
            table.assign(scheme="zero", dose=0.0), pd.DataFrame({"validation_accuracy_before": []}), BASELINES
        ),
    ):
        assert sentence.startswith("There is no accuracy to show: ")
        assert "nan" not in sentence


def test_cascades_in_words():
    steps = pd.DataFrame(
        {
            "cascade": ["top-down"] * 3 + ["bottom-up"] * 3,
            "step": [0, 1, 2] * 2,
            "layers": ["none", "fc2", "fc1+fc2", "none", "fc1", "fc1+fc2"],
            "median": [0.9, 0.6, 0.3, 0.9, 0.4, 0.3],
        }
    )
    assert dose_response_sentences.describe_cascades(steps, BASELINES) == (
        "From 90 %: top-down, fc2 alone leaves 60 %; bottom-up, fc1 alone leaves 40 %. Chance is 25 %, the largest "
        "class 38 %."
    )
    assert dose_response_sentences.describe_cascades(steps[3:], BASELINES) == (
        "From 90 %: bottom-up, fc1 alone leaves 40 %. Chance is 25 %, the largest class 38 %."
    )


def matched_rows() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Of two schemes, one goes on to a larger change than the other."""
    reached = [("zero", 0.0), ("noise", 0.0), ("zero", 0.5), ("noise", 0.5), ("noise", 1.0)]
    table = pd.DataFrame(
        {
            "layers": "fc1",
            "scheme": [scheme for scheme, _ in reached],
            "level": [level for _, level in reached],
            "median": [0.9, 0.9, 0.7, 0.4, 0.1],
            "dose": [0.0, 0.0, 0.3, 0.2, 0.6],
        }
    )
    return table, pd.DataFrame({"validation_accuracy_before": [0.9] * 5})


def test_schemes_are_compared_at_the_largest_change_that_all_reach():
    assert dose_response_sentences.describe_matched(*matched_rows(), BASELINES) == (
        "With the weights moved by 50 % of their norm, validation accuracy is: noise 40 % (dose 20 %), zero 70 % (dose "
        "30 %). Before it was 90 %, chance is 25 %, the largest class 38 %."
    )


def test_layer_sets_are_compared_in_the_same_way():
    table, rows = matched_rows()
    table = table.assign(layers=table["scheme"].map({"zero": "fc1", "noise": "fc2"}), scheme="normal")
    sentence = dose_response_sentences.describe_matched(table, rows, BASELINES, by="layers")
    assert "validation accuracy is: fc2 40 % (dose 20 %), fc1 70 % (dose 30 %)." in sentence
    assert "by 50 %" in sentence
    assert "chance is 25 %, the largest class 38 %" in sentence


@pytest.mark.parametrize(("by", "side"), [("scheme", "scheme"), ("layers", "layer set")])
def test_where_no_change_is_reached_by_all_that_is_said(by, side):
    table, rows = matched_rows()
    table = table.rename(columns={"scheme": by, "layers": "scheme"} if by == "layers" else {})
    apart = table.iloc[[2, 4]].reset_index(drop=True)  # zero at 0.5, noise at 1
    sentence = dose_response_sentences.describe_matched(apart, rows, BASELINES, by)
    assert sentence == f"There is no change of the weights that each {side} reaches at a dose of the plan."


def test_a_scheme_that_reaches_nothing_is_one_of_all():
    table, rows = matched_rows()
    table.attrs["series"] = {"scheme": ["zero", "noise", "permute"]}
    assert dose_response_sentences.describe_matched(table, rows, BASELINES).startswith(
        "There is no change of the weights that each scheme "
    )
    table.attrs["series"] = {"scheme": ["zero", "noise"]}
    assert dose_response_sentences.describe_matched(table, rows, BASELINES).startswith(
        "With the weights moved by 50 % of their norm, "
    )


def robustness(layer: str, forgetting: float | None, accuracies: tuple, verdict: str, before=0.9) -> LayerRobustness:
    anew, interval = (Band(0.5, 0.4, 0.6), (forgetting - 0.1, forgetting + 0.1)) if forgetting else (None, None)
    return LayerRobustness(layer, 10, before, 0.25, forgetting, anew, accuracies, 1.0, 1.0, verdict, interval)


def test_robustness_in_words():
    rows = [robustness("fc1", 0.8, (0.38, 0.36), "critical"), robustness("fc2", 0.3, (0.7, 0.65), "undecided")]
    rows.append(robustness("fc3", 0.1, (0.84, 0.825), "robust or in between"))
    assert dose_response_sentences.describe_robustness(rows, BASELINES) == (
        "fc1 is critical (set back to before training it leaves 38 %, drawn anew 36 %); fc2 is undecided (set back to "
        "before training it leaves 70 %, drawn anew 65 %); fc3 is robust or in between (set back to before training it "
        "leaves 84 %, drawn anew 82 %). Validation accuracy before is 90 %, chance 25 %, the largest class 38 %."
    )


def test_robustness_that_is_undefined_is_said_so():
    rows = [robustness("fc1", None, (0.2, 0.2), "undefined", before=0.2)]
    assert dose_response_sentences.describe_robustness(rows, BASELINES) == (
        "fc1: there is no accuracy above chance that it could lose. Validation accuracy before is 20 %, chance 25 %, "
        "the largest class 38 %."
    )
    none = [robustness("fc1", None, (None, None), "undefined", before=None)]
    assert (
        "Validation accuracy before is missing, chance 25 %, the largest class 38 %."
        in dose_response_sentences.describe_robustness(none, BASELINES)
    )
