"""Re-runs of the published experiment as tables and files."""

import io
from dataclasses import replace

import pandas as pd
import pyarrow.parquet as pq
import pytest

from forgetting.experiment.published import PUBLISHED_TABLE, reproduce, summarize_runs
from forgetting.experiment.reproduction import Reproduction, ReproductionSummary, epochs_table, published_table
from forgetting.recipe.recipe import PUBLISHED, Recipe


@pytest.fixture(scope="module")
def reruns(small_reviews):
    return reproduce(small_reviews, 2)


def test_each_epoch_of_each_model_and_part_is_a_row(reruns):
    table = epochs_table(reruns).set_index(["seed", "model", "epoch", "part"])
    assert len(table) == 2 * 2 * 15 * 2
    for run in reruns:
        for model, history in run.histories.items():
            for epoch, values in enumerate(history, 1):
                for (part, metric), value in values.items():
                    assert table.loc[(run.seed, model, epoch, part), metric] == value
    assert set(table["trivial_bitwise_accuracy"]) == {1 - 1 / 45}


def test_the_table_is_the_summary(reruns):
    summary, table = summarize_runs(reruns), published_table(reruns)
    assert len(table) == 12
    for row in table.to_dict("records"):
        found = summary[row["model"]][row["part"]][row["metric"]]
        assert (row["median"], row["min"], row["max"]) == (found["median"], found["min"], found["max"])
        if row["metric"] == "accuracy":
            assert pd.isna(row["published"])
            assert pd.isna(row["place"])
        else:
            assert row["published"] == PUBLISHED_TABLE[row["model"]][row["part"], row["metric"]]
            assert (row["place"], row["within"]) == (found["place"], found["within"])


def test_without_re_runs_the_table_has_what_was_published_beside_what_is_trivial():
    table = published_table([])
    assert list(table) == ["model", "part", "metric", "published", "trivial"]
    assert table["trivial"].round(4).tolist() == [0.0227, 0.9966, 0.0227, 0.9966, 0.0034, 0.0034] * 2


@pytest.mark.parametrize("kind", [Reproduction, ReproductionSummary])
def test_files_hold_the_numbers_and_the_recipe(kind, reruns):
    recipe = replace(PUBLISHED, data=replace(PUBLISHED.data, source="file", file="=1+1.csv", sha256="5" * 64))
    result = kind(tuple(reruns), recipe, "5" * 64)
    expected = epochs_table(reruns) if kind is Reproduction else published_table(reruns)
    content = pd.read_parquet(io.BytesIO(result.to_bytes("parquet")))
    pd.testing.assert_frame_equal(content, expected, check_dtype=False)
    stored = pq.read_schema(io.BytesIO(result.to_bytes("parquet"))).metadata
    assert Recipe.from_json(stored[b"recipe"].decode()) == recipe
    assert stored[b"data_sha256"] == b"5" * 64
    lines = pd.read_csv(io.BytesIO(result.to_bytes("csv")))
    numbers = list(expected.select_dtypes("number"))
    pd.testing.assert_frame_equal(lines[numbers], expected[numbers], check_dtype=False)
