"""Two runs in one chart are told apart by dash, shape and letter, not by colour alone."""

import numpy as np
import pandas as pd
import pytest
from colours import SIGHT, apart

from forgetting.charts.run_comparison import (
    MOST_MARKS,
    RUN_COLOURS,
    difference_chart,
    overlaid_chart,
    side_by_side_chart,
)


def points(count=60):
    along = np.linspace(0, 1, count)
    tables = [
        pd.DataFrame(
            {"run": run, "along": along, "median": along**power, "part": "validation", "low": 0.0, "high": 1.0}
        )
        for run, power in (("A", 1), ("B", 2))
    ]
    return pd.concat(tables, ignore_index=True)


def layers_of(chart, kind):
    return [layer for layer in chart["layer"] if layer["mark"]["type"] == kind]


def rows_of(chart, layer):
    return chart["datasets"][layer["data"]["name"]]


def test_both_curves_are_told_apart_without_their_colours():
    options = {"title": "accuracy", "along_title": "fraction", "form": ".1%", "fractions": True}
    chart = overlaid_chart(points(), {"chance": 0.1}, **options).to_dict()
    (line,), (marks,) = layers_of(chart, "line"), layers_of(chart, "point")
    dashes = line["encoding"]["strokeDash"]
    assert dashes["value"] != dashes["condition"]["value"]
    assert marks["encoding"]["shape"]["scale"]["range"] == ["circle", "square"]
    assert len(rows_of(chart, marks)) == 2 * MOST_MARKS
    letters = {row["run"]: row for layer in layers_of(chart, "text")[1:] for row in rows_of(chart, layer)}
    assert letters.keys() == {"A", "B"}
    assert (
        letters["A"]["along"] == letters["B"]["along"] == pytest.approx(0.5, abs=0.01)
    )  # where they are furthest apart
    assert rows_of(chart, layers_of(chart, "rule")[0])[0]["name"] == "chance"


def test_differences_of_shares_are_points_and_what_is_unknown_is_left_out():
    rows = pd.DataFrame({"along": [0.0, 1.0], "change": [0.1, 0.2], "low": [-np.inf, 0.1], "high": [np.inf, 0.3]})
    options = {"along_title": "fraction", "form": ".1%", "fractions": True}
    chart = difference_chart(rows.assign(shown=True), **options).to_dict()
    (row,) = rows_of(chart, layers_of(chart, "point")[0])
    assert row["change"] == pytest.approx(20)


def test_values_stand_side_by_side_in_the_order_of_their_table():
    rows = [("z", "A", 0.5, 0.4, 0.6), ("z", "B", 0.6, np.nan, np.nan), ("a", "A", 0.1, 0.0, 0.2)]
    table = pd.DataFrame(rows, columns=["name", "run", "value", "low", "high"])
    chart = side_by_side_chart(table, {"chance": 0.1}, title="accuracy", form=".1%").to_dict()
    assert layers_of(chart, "point")[0]["encoding"]["y"]["sort"] == ["z", "a"]


@pytest.mark.parametrize("sight", SIGHT)
def test_the_two_colours_are_apart_to_all_eyes(sight):
    assert apart(*RUN_COLOURS, sight) > 0.1
