"""Charts of unlearning: bars as long as the gaps, one colour a meaning, and what is missing is drawn as nothing."""

import math
import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from chart_parts import data_of, marks, scale_of, texts_of, valid

from forgetting.charts import unlearning as unlearning_charts
from forgetting.charts.export import chart_bytes
from forgetting.charts.style import ORIGINAL, RELEARNED, REVIEW_COLOUR, SERIES_COLOURS
from forgetting.charts.unlearning import (
    GAP_COLUMNS,
    HALF_COLUMN,
    LEAST_GAP,
    LEAST_LOSS,
    LOSS_BINS,
    LOSS_THRESHOLDS,
    MOST_LOSS,
    ROW_HEIGHT,
    attack_chart,
    gap_chart,
    losses_chart,
    trade_off_chart,
)
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import MODERN
from forgetting.unlearning.contrasts import area_contrast
from forgetting.unlearning.forget_set import ForgetSets, make_forget_sets
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import MODEL_METRICS, UNLEARNING_METRICS, UnlearningRow

RETRAINED = {
    **{"forget_accuracy": 0.5, "retain_accuracy": 0.875, "validation_accuracy": 0.75},
    **{"forget_loss": 1.0, "attack_auc": 0.5, "relearn_steps": 12},
}
SAME = RETRAINED | {"tow": 1.0, "forget_divergence": 0.0, "relearn_steps": 12}  # as exact retraining
HOSTILE = "my-method.v2 [α/β] \\'\"<b>&amp;</b> datum.label ${x}"  # of a user's own


def row(method: str, seed: int, *, failed: bool = False, known: float = 0.0, **changes) -> UnlearningRow:
    """known: by how much lower than on the retrained model the losses of the forget set are."""
    metrics = dict.fromkeys(UNLEARNING_METRICS) | ({} if failed else SAME | changes)
    missing = {name: "by hand" for name, value in metrics.items() if value is None}
    made = UnlearningRow(method, seed, metrics, dict.fromkeys(MODEL_METRICS) | RETRAINED, missing=missing)
    if failed:
        return made
    sides = {"forget": np.linspace(1, 3, 20), "non_members": np.linspace(1, 3, 30)}
    losses = {"retrained": sides, "unlearned": sides | {"forget": sides["forget"] - known}}
    return replace(made, losses=losses)


@pytest.fixture(scope="module")
def sets(small_split) -> ForgetSets:
    return make_forget_sets(small_split, Forget(by="class", label="port"))


@pytest.fixture(scope="module")
def result_of(sets):
    return lambda *rows: UnlearningResult(MODERN, sets, rows, 5, len(rows))


ROWS = (
    # Gaps of the forget accuracy: original 0.5 twice; retrain −0.125 and 0.0625; eu_k 0.125 and 0.375.
    row("original", 0, forget_accuracy=1.0, attack_auc=0.9, known=1.5),
    row("original", 1, forget_accuracy=1.0, attack_auc=0.7, known=1.0),
    row("retrain", 0, forget_accuracy=0.375),
    row("retrain", 1, forget_accuracy=0.5625),
    row("eu_k", 0, forget_accuracy=0.625, retain_accuracy=0.75, relearn_steps=None),
    row("eu_k", 1, forget_accuracy=0.875, retain_accuracy=0.75, relearn_steps=None),
    row(HOSTILE, 0, forget_accuracy=0.25),
    row(HOSTILE, 1, forget_accuracy=0.25),
)
LOSSES = {"retain": np.full(4, 0.01), "forget": np.array([0.5, 1.0]), "non_members": np.array([2.0])}


@pytest.fixture(scope="module")
def charts(result_of):
    """Each chart of each kind of result that there can be."""
    cases = {
        "several": ROWS,
        "one seed": ROWS[::2],
        "one method alone": (row("scrub", 0),),
        "retrain alone": (row("retrain", 0),),
        "one that failed": (*ROWS[:2], row("mine", 0, failed=True), row("mine", 1, failed=True)),
        "all failed": (row("mine", 0, failed=True), row("other", 0, failed=True)),
        "many": tuple(row(f"method_number_{number}_with_a_long_name", 0) for number in range(20)),
    }
    made = {}
    for name, rows in cases.items():
        result = result_of(*rows)
        made |= {
            ("gaps", name): gap_chart(result),
            ("trade-off", name): trade_off_chart(result),
            ("trade-off, validation", name): trade_off_chart(result, "validation"),
            ("attack", name): attack_chart(result),
        }
    made["losses", "several"] = losses_chart(LOSSES)
    made["losses", "with a threshold"] = losses_chart(LOSSES, 0.1)
    made["losses", "no non-members"] = losses_chart(LOSSES | {"non_members": np.array([])})
    return made


KINDS = ("gaps", "trade-off", "trade-off, validation", "attack", "losses")


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_chart_is_valid_and_a_file(charts, kind):
    found = {key: chart for key, chart in charts.items() if key[0] == kind}
    assert found
    for chart in found.values():
        assert valid(chart)["height"]
        assert texts_of(chart_bytes(chart, "svg"))
    assert chart_bytes(chart, "png").startswith(b"\x89PNG\r\n\x1a\n")


# Gaps.


def cells_of(chart) -> dict:
    (bar,) = marks(chart, "bar")
    titles = {title.replace("\n", " "): metric for metric, title in GAP_COLUMNS.items()}
    return {(row["method"], titles[row["title"]]): row for row in data_of(chart, bar)}


def column(metric: str) -> float:
    """Where its middle is."""
    return list(GAP_COLUMNS).index(metric) + 0.5


def test_bars_go_from_the_middle_by_the_median_gap(result_of):
    chart = gap_chart(result_of(*ROWS))
    cells, (bar,) = cells_of(chart), marks(chart, "bar")
    assert (bar["encoding"]["x"]["field"], bar["encoding"]["x2"]["field"]) == ("middle", "end")
    assert bar["encoding"]["x"]["scale"] == {"domain": [0, 8], "nice": False}
    # The largest median gap of the forget accuracy, 0.5, takes HALF of the column; the others by their shares of it.
    for method, gap in (("original", 0.5), ("retrain", -0.03125), ("eu_k", 0.25), (HOSTILE, -0.25)):
        cell = cells[method, "forget_accuracy"]
        assert cell["middle"] == 0.5
        assert cell["end"] == pytest.approx(0.5 + HALF_COLUMN * gap / 0.5)
    assert cells["eu_k", "retain_accuracy"]["end"] == pytest.approx(
        1.5 - HALF_COLUMN
    )  # −0.125, the largest of its column
    for method in ("original", "retrain", "eu_k"):  # no gap, in a column without any
        assert cells[method, "validation_accuracy"]["end"] == cells[method, "validation_accuracy"]["middle"] == 2.5
    assert len(cells) == 4 * 8
    assert HALF_COLUMN < 0.5


def test_each_column_tells_its_scale(result_of):
    chart = gap_chart(result_of(*ROWS))
    heads = [data_of(chart, layer) for layer in marks(chart, "text") if layer["encoding"]["text"]["field"] == "title"]
    scales = [row["scale"].replace("\n", " ") for row in heads[0]]
    assert [row["title"] for row in heads[0]] == list(GAP_COLUMNS.values())
    assert scales[0].startswith("axis ± 50")  # in percent or points
    assert scales[1].startswith(("axis ± 12", "axis ± 13"))
    assert scales[2].startswith("axis ± 5")  # of no gap at all
    assert LEAST_GAP == 0.05


def test_bands_are_of_the_seeds_and_end_with_the_column(result_of):
    rows = [row("scrub", seed, tow=1 + gap) for seed, gap in enumerate((-0.9, -0.5, -0.1))]
    chart = gap_chart(result_of(*rows))
    cell = cells_of(chart)["scrub", "tow"]
    (span,) = (layer for layer in marks(chart, "rule") if layer["encoding"]["x"]["field"] == "low_end")
    assert span["encoding"]["x2"]["field"] == "high_end"
    # Median gap −0.5; the 5th and 95th percentile are −0.86 and −0.14.
    assert cell["end"] == pytest.approx(4.5 - HALF_COLUMN)
    assert cell["low_end"] == pytest.approx(4.5 - HALF_COLUMN)  # not into the next column
    assert cell["high_end"] == pytest.approx(4.5 - HALF_COLUMN * 0.14 / 0.5)
    assert cell["band"] == "−0.86 to −0.14"  # clipped in the picture alone


@pytest.mark.slow
def test_nothing_leaves_its_column(charts):
    for (kind, name), chart in charts.items():
        if kind == "gaps":
            for (_, metric), cell in cells_of(chart).items():
                for end in ("end", "low_end", "high_end"):
                    assert cell[end] is None or abs(cell[end] - column(metric)) <= HALF_COLUMN + 1e-9, (name, metric)


def test_the_floor_is_the_band_of_retraining_itself(result_of):
    chart = gap_chart(result_of(*ROWS))
    (floor,) = marks(chart, "rect")
    assert floor["mark"]["color"] == RELEARNED
    assert (floor["encoding"]["x"]["field"], floor["encoding"]["x2"]["field"]) == ("floor_low", "floor_high")
    rows = data_of(chart, floor)
    assert len(rows) == 8
    # Gaps −0.125 and 0.0625: their 5th and 95th percentile, by the column's scale of 0.5.
    low, high = -0.125 + 0.05 * 0.1875, -0.125 + 0.95 * 0.1875
    ends = rows[0]["floor_low"], rows[0]["floor_high"]
    assert ends == pytest.approx((0.5 + HALF_COLUMN * low / 0.5, 0.5 + HALF_COLUMN * high / 0.5))
    assert (rows[1]["floor_low"], rows[1]["floor_high"]) == (1.5, 1.5)


def test_without_retraining_there_is_no_floor(result_of):
    chart = gap_chart(result_of(*ROWS[:2]))
    (floor,) = marks(chart, "rect")
    assert {(row["floor_low"], row["floor_high"]) for row in data_of(chart, floor)} == {(None, None)}


def test_one_colour_a_meaning_in_the_charts_of_rows(result_of):
    own, others = SERIES_COLOURS[1], SERIES_COLOURS[0]  # as in the trade-off, whatever else is compared
    expected = {"original": ORIGINAL, "retrain": RELEARNED, "eu_k": own, HOSTILE: others}
    for chart in (gap_chart(result_of(*ROWS)), attack_chart(result_of(*ROWS))):
        layer = next(layer for kind in ("bar", "point") for layer in chart.to_dict()["layer"]
                     if layer["mark"]["type"] == kind)  # fmt: skip
        assert {row["method"]: row["colour"] for row in data_of(chart, layer)} == expected
        assert layer["encoding"]["color"] == {"field": "colour", "type": "nominal", "scale": None}


def test_values_are_written_and_what_is_missing_is_said(result_of):
    cells = cells_of(gap_chart(result_of(*ROWS)))
    assert cells["eu_k", "forget_accuracy"]["value_text"] == "75\u00a0%"
    assert cells["eu_k", "forget_accuracy"]["gap_text"] == "+25\u00a0points"
    assert cells["eu_k", "forget_accuracy"]["retrained_text"] == "50\u00a0%"
    assert cells[HOSTILE, "forget_accuracy"]["gap_text"] == "−25\u00a0points"
    assert cells["original", "tow"]["value_text"] == "1.00"
    assert cells["original", "tow"]["retrained_text"] == "–"  # of a pair
    missing = cells["eu_k", "relearn_steps"]
    assert (missing["value_text"], missing["gap_text"], missing["missing"]) == ("missing", "missing", "by hand")
    assert (missing["end"], missing["low_end"], missing["high_end"]) == (None, None, None)
    texts = texts_of(chart_bytes(gap_chart(result_of(*ROWS)), "svg"))
    assert texts.count("missing") == 1
    assert texts.count("75\u00a0%") == 2 + 4  # eu_k's forget and retain accuracy, and everyone's on validation


def test_all_failed_is_said_in_every_cell(charts):
    texts = texts_of(chart_bytes(charts["gaps", "all failed"], "svg"))
    assert texts.count("missing") == 2 * 8
    assert not any("nan" in text.lower() for text in texts)


@pytest.mark.parametrize("kind", ["gaps", "attack", "trade-off"])
def test_names_are_those_of_the_methods_whatever_they_are(charts, kind):
    texts = texts_of(chart_bytes(charts[kind, "several"], "svg"))
    assert any(text.startswith("my-method.v2 [α") for text in texts)
    assert "EU-k" in texts


def test_a_name_is_written_alike_in_all_charts(charts):
    written = {
        kind: {text for text in texts_of(chart_bytes(charts[kind, "several"], "svg")) if re.fullmatch("(?i)eu.k", text)}
        for kind in ("gaps", "attack", "trade-off")
    }
    assert written["gaps"] == written["attack"] == written["trade-off"] == {"EU-k"}


def test_methods_stand_in_the_order_of_the_plan(result_of):
    chart = gap_chart(result_of(*ROWS))
    (bar,) = marks(chart, "bar")
    assert bar["encoding"]["y"]["scale"] == {"domain": ["original", "retrain", "eu_k", HOSTILE]}


def test_the_comparison_keeps_its_height_while_methods_are_still_to_come(result_of):
    whole = gap_chart(result_of(*ROWS))
    planned = ["original", "retrain", "eu_k", HOSTILE]
    first = gap_chart(result_of(*ROWS[:2]), planned)
    (bar,) = marks(first, "bar")
    assert bar["encoding"]["y"]["scale"] == {"domain": planned}
    assert first.to_dict()["height"] == whole.to_dict()["height"] == {"step": ROW_HEIGHT}  # of each row of the domain


def test_titles_stand_above_the_plot_and_inside_the_picture(charts):
    """Each text's place is the sum of the shifts of what it is in."""
    found = {}

    def walk(item, x, y):
        for across, down in re.findall(r"translate\(([-\d.e]+)[, ]([-\d.e]+)\)", item.get("transform", "")):
            x, y = x + float(across), y + float(down)
        if item.tag.endswith("}text"):
            found.setdefault("".join(item.itertext()), (x, y))
        for child in item:
            walk(child, x, y)

    walk(ElementTree.fromstring(chart_bytes(charts["gaps", "several"], "svg", width="two columns")), 0.0, 0.0)
    titles = [found[title.replace("\n", "")] for title in GAP_COLUMNS.values()]
    assert titles == sorted(titles)
    assert min(right - left for (left, _), (right, _) in pairwise(titles)) > 60
    assert (
        10 < max(down for _, down in titles) < found["axis ±5\u00a0points"][1] < found["original"][1] < found["EU-k"][1]
    )


# The trade-off.


@pytest.mark.parametrize("across", ["retain", "validation"])
def test_the_trade_off_holds_each_seed_and_the_medians(result_of, across):
    rows = [
        row("scrub", seed, forget_accuracy=forget, retain_accuracy=other, validation_accuracy=other / 2)
        for seed, (forget, other) in enumerate([(0.0, 0.5), (0.25, 1.0), (1.0, 0.75)])
    ]
    chart = trade_off_chart(result_of(*rows), across)
    seeds, medians, _ = marks(chart, "point")
    share = 1 if across == "retain" else 0.5
    of_method = [
        (point["seed"], point["across"], point["forget"])
        for point in data_of(chart, seeds)
        if point["method"] == "scrub"
    ]
    assert of_method == [(0, 0.5 * share, 0.0), (1, share, 0.25), (2, 0.75 * share, 1.0)]
    other, forget = RETRAINED[f"{across}_accuracy"], RETRAINED["forget_accuracy"]
    assert {point["method"]: (point["x"], point["y"]) for point in data_of(chart, medians)} == {
        "the reference": (0, 0),
        "scrub": (100 * (0.75 * share - other), 100 * (0.25 - forget)),
    }
    assert medians["mark"]["size"] > 2 * seeds["mark"]["size"]
    assert seeds["encoding"]["x"]["title"][0].startswith(f"gap in {across} accuracy")
    for channel in ("x", "y"):
        assert seeds["encoding"][channel]["scale"]["type"] == "symlog"
        assert "symmetric log" in seeds["encoding"][channel]["title"][1]
    trivial, *crosses = marks(chart, "rule")
    lines = {line["name"]: line["value"] / 100 + forget for line in data_of(chart, trivial)}
    assert lines == pytest.approx({"chance": 1 / 3, "largest class": lines["largest class"]})
    for cross in crosses:
        (at,) = data_of(chart, cross)
        assert (at["x"], at["y"]) == (0, 0)
        assert cross["mark"]["color"] == RELEARNED
    assert {tuple(cross["encoding"]) for cross in crosses} == {("x",), ("y",)}


def test_the_star_is_retraining_once_a_seed(result_of):
    chart = trade_off_chart(result_of(*ROWS))
    seeds, medians, _ = marks(chart, "point")
    stars = [point for point in data_of(chart, seeds) if point["method"] == "the reference"]
    assert [point["seed"] for point in stars] == [0, 1]  # not once a method
    colours, shapes = scale_of(medians), scale_of(medians, "shape")
    assert list(colours) == ["the reference", "original", "retrain", "eu_k", HOSTILE]
    assert (colours["the reference"], colours["retrain"], colours["original"]) == (RELEARNED, RELEARNED, ORIGINAL)
    assert {colours["eu_k"], colours[HOSTILE]} < set(SERIES_COLOURS)
    assert colours["eu_k"] != colours[HOSTILE]
    assert shapes["the reference"].startswith("M")
    assert len(set(shapes.values())) == 5


def test_colours_and_shapes_together_tell_the_methods_apart(charts):
    for name in ("several", "many"):
        _, medians, _ = marks(charts["trade-off", name], "point")
        scales = [medians["encoding"][kind]["scale"]["range"] for kind in ("color", "shape")]
        pairs = list(zip(*scales, strict=True))
        assert len(set(pairs)) == len(pairs)


def test_accuracies_of_the_trade_off_stand_beside_what_trivial_models_reach(charts):
    """The design: never show an accuracy without the baseline that a trivial model reaches on it."""
    texts = texts_of(chart_bytes(charts["trade-off", "several"], "svg"))
    assert any("chance" in text for text in texts)
    assert any("largest class" in text for text in texts)


def test_nothing_is_drawn_of_a_method_that_failed(charts):
    chart = charts["trade-off", "one that failed"]
    _, medians, _ = marks(chart, "point")
    points = {point["method"]: (point["x"], point["y"]) for point in data_of(chart, medians)}
    assert points.get("mine", (None, None)) == (None, None)
    assert points["original"] == (0, 100 * (1.0 - RETRAINED["forget_accuracy"]))


# Losses.


def shares_of(losses: dict) -> dict[str, list[tuple[float, float]]]:
    chart = losses_chart({name: np.asarray(values) for name, values in losses.items()})
    (line,) = marks(chart, "line")
    found = {}
    for point in data_of(chart, line):
        found.setdefault(point["set"], []).append((point["loss"], point["share"]))
    return found


NAMES = {"retain": "retained", "forget": "forgotten", "non_members": "non-members"}


def test_losses_are_counted_in_even_steps_of_their_logarithm():
    shares = shares_of(LOSSES)
    assert list(shares) == list(NAMES.values())
    step = (math.log10(MOST_LOSS) - math.log10(LEAST_LOSS)) / LOSS_BINS
    for name, values in LOSSES.items():
        own = shares[NAMES[name]]
        assert len(own) == LOSS_BINS
        assert sum(share for _, share in own) == pytest.approx(1)
        expected = {}
        for value in values:
            place = int((math.log10(value) - math.log10(LEAST_LOSS)) / step)
            expected[place] = expected.get(place, 0) + 1 / len(values)
        assert {place: share for place, (_, share) in enumerate(own) if share} == pytest.approx(expected)
        for place, (loss, _) in enumerate(own):
            assert math.log10(loss) == pytest.approx(math.log10(LEAST_LOSS) + (place + 0.5) * step)


@pytest.mark.parametrize(  # rows keep losses as float32
    ("kind", "value", "place"),
    [
        (np.float32, 0.0, 0),
        (np.float64, LEAST_LOSS, 0),
        (np.float32, MOST_LOSS, -1),
        (np.float64, MOST_LOSS, -1),
        (np.float32, 1e6, -1),
    ],
)
def test_losses_beyond_both_ends_are_counted_at_the_ends(kind, value, place):
    shares = shares_of({"retain": [1.0], "forget": np.array([value, value, 1.0, 1.0], kind), "non_members": [1.0]})
    own = [share for _, share in shares["forgotten"]]
    assert sum(own) == pytest.approx(1)
    assert own[place] == 0.5


def test_losses_that_are_no_numbers_are_left_out():
    shares = shares_of({"retain": [1.0, np.nan], "forget": [np.nan], "non_members": []})
    assert [sum(share for _, share in own) for own in shares.values()] == pytest.approx([1, 0, 0])


def test_shares_are_drawn_over_one_another_not_upon_one_another():
    """Vega-Lite stacks coloured areas unless told not to; the lines are not stacked."""
    chart = losses_chart(LOSSES)
    (area,), (line,) = marks(chart, "area"), marks(chart, "line")
    assert area["encoding"]["y"]["field"] == line["encoding"]["y"]["field"] == "share"
    assert area["encoding"]["y"].get("stack", "zero") in (None, False)


def test_sets_of_reviews_have_their_own_colour_and_dashes():
    (line,), (area,) = marks(losses_chart(LOSSES), "line"), marks(losses_chart(LOSSES), "area")
    dashes = scale_of(line, "strokeDash")
    assert list(dashes) == list(NAMES.values())
    assert len(set(map(tuple, dashes.values()))) == 3
    assert line["mark"]["color"] == area["mark"]["color"] == REVIEW_COLOUR
    assert area["transform"] == [{"filter": "(datum.set === 'forgotten')"}]
    assert line["encoding"]["x"]["scale"]["type"] == "log"


def test_a_threshold_is_marked_where_it_is_and_is_one_of_those_that_can_be_chosen():
    chart = losses_chart(LOSSES, LOSS_THRESHOLDS[40])
    (rule,) = marks(chart, "rule")
    assert data_of(chart, rule)[0]["at"] == LOSS_THRESHOLDS[40]
    assert len(losses_chart(LOSSES).layer) == 2
    shown = [loss for loss, _ in shares_of(LOSSES)["retained"]]
    assert list(LOSS_THRESHOLDS) == sorted(set(LOSS_THRESHOLDS))
    assert shown[0] == pytest.approx(LOSS_THRESHOLDS[0], rel=0.05)  # so that the axis stands still
    assert shown[-1] == pytest.approx(LOSS_THRESHOLDS[-1], rel=0.05)


# The attack.


def test_the_attack_stands_beside_that_on_retrained_models(result_of):
    result = result_of(*ROWS)
    chart = attack_chart(result)
    (point,) = marks(chart, "point")
    rows = {row["method"]: row for row in data_of(chart, point)}
    assert list(rows) == ["original", "retrain", "eu_k", HOSTILE]
    assert (rows["original"]["attack_auc"], rows["original"]["retrained"]) == (pytest.approx(0.8), 0.5)
    change = area_contrast(ROWS[:2])
    found = [rows["original"][name] for name in ("change", "change_low", "change_high")]
    assert found == pytest.approx([change.change, change.low, change.high])
    assert (rows["original"]["differs"], rows["eu_k"]["differs"]) == (True, False)
    span = next(layer for layer in marks(chart, "rule") if "x2" in layer["encoding"])
    assert (span["encoding"]["x"]["field"], span["encoding"]["x2"]["field"]) == ("change_low", "change_high")
    low, high = point["encoding"]["x"]["scale"]["domain"]
    assert low <= -0.2 < 0.2 < change.high <= high
    assert point["encoding"]["y"]["sort"] is None
    reference = next(layer for layer in marks(chart, "rule") if layer["encoding"]["x"]["field"] == "at")
    assert (data_of(chart, reference)[0]["at"], reference["mark"]["color"]) == (0, RELEARNED)
    assert "exact retraining" in texts_of(chart_bytes(chart, "svg"))


def test_what_cannot_be_told_from_retraining_is_pale(result_of):
    """By the p-values of the table, which are corrected, and not by those of a cell alone."""
    for chart, kind in ((gap_chart(result_of(*ROWS)), "bar"), (attack_chart(result_of(*ROWS)), "point")):
        (layer,) = marks(chart, kind)
        opacity = layer["encoding"]["opacity"]
        assert opacity["condition"] == {"test": "datum.differs", "value": 1}
        assert opacity["value"] < 0.5
        for cell in data_of(chart, layer):
            assert cell["differs"] is (cell["adjusted_p"] is not None and cell["adjusted_p"] <= 0.05)


def test_of_a_method_without_an_attack_there_is_no_line(charts):
    (point,) = marks(charts["attack", "one that failed"], "point")
    assert [row["method"] for row in data_of(charts["attack", "one that failed"], point)] == ["original"]


def test_every_public_chart_is_proved(charts):
    public = {name for name in vars(unlearning_charts) if name.endswith("_chart")}
    assert public == {"gap_chart", "trade_off_chart", "losses_chart", "attack_chart"}
    assert {kind for kind, _ in charts} == set(KINDS)
