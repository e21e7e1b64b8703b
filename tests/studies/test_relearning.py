"""Learning curves against copies trained by hand, and their tables and files."""

import io
import json
import math
from dataclasses import replace
from itertools import chain, zip_longest

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from study_parts import PLAN, by_hand, curves_of, recipe_of, rows_of, trained

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import generator, second_seed
from forgetting.experiment.pipeline import build_model, copy_state, prepare, train
from forgetting.metrics.scores import evaluate
from forgetting.model.history import PartMetrics
from forgetting.model.split import make_split
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.studies import relearning, time_to_target
from forgetting.studies.memory import savings_curves
from forgetting.studies.relearning import (
    CurvePoint,
    LearningCurve,
    RelearningResult,
    learning_curve_bands,
    learning_curve_slices,
)
from forgetting.studies.savings import savings_slices
from forgetting.studies.time_to_target import TargetAccuracy, TimeToTarget


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"batch_size": 15, "word_dropout": 0.2}, {"objective": "bitwise"}])
def test_a_curve_is_a_copy_trained_by_hand(small_split, changes):
    recipe = recipe_of(replace(PLAN, seed=3), Randomization(("fc1",), 0.7, "rewind", "neuron"), seed=3, **changes)
    done = trained(small_split, recipe)
    curves = curves_of(done, small_split, recipe)
    assert [(curve.model, curve.seed) for curve in curves] == [
        (name, seed) for seed in (3, 4) for name in ("scratch", "randomized", "continued")
    ]
    for curve in curves:
        randomization = Randomization(("fc1",), 0.7, "rewind", "neuron", seed=curve.seed)
        model = {
            "scratch": lambda: build_model(replace(recipe, seed=second_seed(curve.seed)), small_split),  # noqa: B023
            "randomized": lambda: randomize(done.model, randomization, initial=done.initial),  # noqa: B023
            "continued": lambda: randomize(done.model, Randomization(())),
        }[curve.model]()
        path = by_hand(recipe, small_split, curve.seed, model)
        assert len(curve.points) == len(path) == 26
        for point, (epoch, steps, training, validation) in zip(curve.points, path, strict=True):
            assert (point.epoch, point.steps) == (epoch, steps)
            assert (point.training.loss, point.training.accuracy) == pytest.approx(training, rel=1e-6)
            assert (point.validation.loss, point.validation.accuracy) == pytest.approx(validation, rel=1e-6)
        before = evaluate(done.model, small_split.validation, "cross_entropy").accuracy
        assert curve.target_accuracy.target == pytest.approx(0.95 * before)
        epoch, steps = next(((row[0], row[1]) for row in path if row[3][1] >= 0.95 * before - 1e-9), (None, None))
        assert (curve.time_to_target.epochs, curve.time_to_target.steps, curve.time_to_target.limit) == (
            epoch,
            steps,
            path[-1][1],
        )


def test_a_curve_may_be_of_named_words(small_split):
    words = ("cherry", "lemon", "smoke")
    named = Randomization(("fc1",), 1.0, "normal", "word", words=words)
    recipe = recipe_of(replace(PLAN, seeds=1, epochs=2), named)
    done = trained(small_split)
    _, randomized, _ = curves_of(done, small_split, recipe)
    model = randomize(done.model, named, vocabulary=small_split.words)
    scores = evaluate(model, small_split.validation, "cross_entropy")
    assert randomized.points[0].validation == PartMetrics(pytest.approx(scores.loss), scores.accuracy)
    assert scores.loss != pytest.approx(done.history[-1].validation.loss)


def test_the_model_from_scratch_is_not_the_originals_own_run(small_split):
    recipe = recipe_of(replace(PLAN, seeds=1))
    done = trained(small_split)
    scratch, _, continued = curves_of(done, small_split, recipe)
    first = build_model(recipe, small_split)
    start = scratch.points[0].training
    assert start.loss != pytest.approx(evaluate(first, small_split.training, "cross_entropy").loss, rel=1e-4)
    assert scratch.points[1].training.loss != pytest.approx(done.history[0].training.loss, rel=1e-4)
    assert continued.points[0].validation == done.history[-1].validation
    assert continued.time_to_target.kind == "already there"


def test_a_curve_that_diverges_keeps_the_points_before(small_split):
    recipe = recipe_of(replace(PLAN, seeds=1), Randomization(("fc1",), 1.0, "rewind"))
    done = trained(small_split)
    broken = replace(done, initial={**done.initial, "fc1.bias": torch.full((5,), torch.inf)})
    scratch, randomized, continued = curves_of(broken, small_split, recipe)
    assert (randomized.points, randomized.time_to_target) == ((), TimeToTarget("diverged", None, None, 25))
    assert (len(scratch.points), len(continued.points)) == (26, 26)
    result = RelearningResult(recipe, (scratch, randomized, continued))
    assert result.outcomes["outcome"].tolist() == [scratch.time_to_target.kind, "diverged", "already there"]
    assert result.outcomes["missing"][1].startswith("the randomized model diverges before the target and")
    assert np.isnan(result.outcomes["steps"][1])
    assert set(result.curves["model"]) == {"scratch", "continued"}


def test_a_curve_and_a_row_of_the_same_variant_agree(small_split):
    plan = replace(PLAN, layers=("fc2",), doses=(0.8,), schemes=("reinit",), seeds=4)
    recipe = recipe_of(plan)
    done = trained(small_split)
    curves = curves_of(done, small_split, recipe)
    result = RelearningResult(recipe, tuple(curves), tuple(rows_of(done, small_split, recipe)))
    again = result.outcomes[result.outcomes["model"] == "randomized"]
    for name in ("outcome", "steps", "savings"):
        pd.testing.assert_series_equal(again[name].reset_index(drop=True), result.frame[name])
    scratch = result.outcomes[result.outcomes["model"] == "scratch"]
    assert scratch["steps"].tolist() == result.frame["scratch_steps"].tolist()
    assert scratch["savings"].isna().all()
    assert (scratch["missing"] == "").all()


# What must not change.


@pytest.mark.usefixtures("global_state_kept")
def test_the_same_plan_gives_the_same_and_changes_nothing(small_split, monkeypatch):
    recipe = recipe_of()
    done = trained(small_split)
    before, initial = copy_state(done.model), {name: value.clone() for name, value in done.initial.items()}
    rows, curves = rows_of(done, small_split, recipe), curves_of(done, small_split, recipe)
    assert len(rows) == 2 * 3 * 3 * 2
    monkeypatch.setattr(time_to_target, "SLICE_SECONDS", 0.0)  # two at once, each left after every step
    pairs = zip_longest(savings_slices(done, small_split, recipe), learning_curve_slices(done, small_split, recipe))
    first, second = zip(*pairs, strict=True)
    assert list(chain.from_iterable(filter(None, first))) == rows
    assert [] in first
    again = list(chain.from_iterable(filter(None, second)))
    assert [(one.points, one.time_to_target, one.target_accuracy) for one in again] == [
        (one.points, one.time_to_target, one.target_accuracy) for one in curves
    ]
    assert all(torch.equal(value, before[name]) for name, value in done.model.state_dict().items())
    assert all(torch.equal(value, initial[name]) for name, value in done.initial.items())


# Originals, splits and a test part of their own.


def test_each_replicate_has_an_original_trained_from_its_seed(small_split):
    """By another way: train by the recipe of that seed, and relearn that model alone."""
    plan = replace(PLAN, layers=("fc2",), doses=(0.8,), schemes=("reinit",), retrain=True, seed=3)
    recipe = recipe_of(plan)
    rows = rows_of(trained(small_split), small_split, recipe)
    curves = curves_of(trained(small_split), small_split, recipe)
    assert [row.original_seed for row in rows] == [row.seed for row in rows] == [3, 4]
    for row, curve in zip(rows, (one for one in curves if one.model == "randomized"), strict=True):
        own = trained(small_split, recipe_of(seed=row.seed))
        alone = recipe_of(replace(plan, retrain=False, seeds=1, seed=row.seed), seed=row.seed)
        assert rows_of(own, small_split, alone) == [row]
        assert curves_of(own, small_split, alone)[1].points == curve.points
        assert curve.original_seed == row.seed


@pytest.mark.parametrize("retrain", [True, False])
def test_splits_have_originals_of_their_own_and_known_replicates_are_left_out(small_split, retrain):
    plan = replace(PLAN, layers=("fc2",), doses=(0.8,), schemes=("reinit",), retrain=retrain, splits=3)
    recipe = recipe_of(plan)
    done = trained(small_split)
    rows = rows_of(done, small_split, recipe)
    assert [(row.split, row.seed) for row in rows] == [(split, seed) for split in range(3) for seed in range(2)]
    assert rows[:2] == rows_of(done, small_split, recipe.with_value("relearning.splits", 1))
    other = make_split(small_split.reviews, recipe.with_value("split.seed", 2).split)
    alone = recipe.with_value("split.seed", 2).with_value("relearning.splits", 1)
    assert rows_of(trained(other, recipe_of()), other, alone) == rows[4:]
    known = {(0, 0), (0, 1), (1, 1)}
    assert list(chain.from_iterable(savings_slices(done, small_split, recipe, known))) == [rows[2], *rows[4:]]
    assert recipe.relearning.count(recipe.model.layers) == 6


def test_the_target_comes_from_the_validation_part_and_is_measured_on_the_test_part(small_split):
    plan = replace(PLAN, layers=("fc2",), doses=(1.0,), schemes=("reinit",), target_share=0.7, seeds=1)
    recipe = recipe_of(plan).with_value("split.test_share", 0.25)
    split = prepare(recipe, small_split.reviews)
    done = train(recipe, split)
    (row,) = rows_of(done, split, recipe)
    before = evaluate(done.model, split.validation, "cross_entropy").accuracy
    assert (row.measured_on, row.accuracy_before, row.target) == ("test", before, 0.7 * before)
    on_test = replace(split, validation=split.test)
    path = by_hand(recipe, on_test, 0, build_model(replace(recipe, seed=second_seed(0)), split))
    expected = next((steps for _, steps, _, (_, accuracy) in path if accuracy >= row.target - 1e-9), None)
    assert row.scratch_steps == expected
    most = split.training.targets.bincount().argmax()
    assert row.majority == pytest.approx((split.test.targets == most).double().mean().item())


@pytest.mark.parametrize("epochs", [25, 3])
def test_losses_that_are_not_finite_end_a_run_as_by_hand(small_split, epochs):
    """Weights so large that the loss overflows after some steps: a plain loop of torch's own Adam is the judge."""
    recipe = recipe_of(replace(PLAN, seeds=1, epochs=epochs), learning_rate=10.0, weight_decay=1.0)
    done = trained(small_split)
    huge = copy_state(done.model)
    huge["fc2.weight"] *= 1e37
    broken = replace(done, initial=huge)
    rewound = replace(recipe, randomization=Randomization(("fc2",), 1.0, "rewind"))
    _, randomized, continued = curves_of(broken, small_split, rewound)
    model = randomize(done.model, rewound.randomization, initial=huge)
    optimizer = torch.optim.Adam(model.parameters(), lr=10.0, weight_decay=1.0)
    source, finite, part = generator(second_seed(0), "training", "dropout"), 0, small_split.training
    for _ in range(epochs):
        optimizer.zero_grad()
        logits = model(part.inputs, dropout_source=source)
        loss = torch.nn.functional.cross_entropy(logits, part.targets, label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            losses = [
                torch.nn.functional.cross_entropy(model(each.inputs), each.targets)
                for each in (small_split.training, small_split.validation)
            ]
        if not all(map(torch.isfinite, (loss, *losses))):
            break
        finite += 1
    assert finite < epochs
    assert len(randomized.points) == finite + 1
    assert randomized.time_to_target.kind in ("diverged", "reached", "already there")
    assert len(continued.points) == epochs + 1


# Tables.


def curve(model, seed, accuracies, kind="reached", steps=1) -> LearningCurve:
    points = tuple(
        CurvePoint(2 * epoch, epoch, PartMetrics(1 / (1 + epoch), value), PartMetrics(2 / (1 + epoch), value / 2))
        for epoch, value in enumerate(accuracies)
    )
    return LearningCurve(model, seed, points, TimeToTarget(kind, steps, steps, 10), TargetAccuracy(0.9, 0.8, 0.1, 0.2))


def test_curves_and_outcomes_by_hand():
    curves = (
        curve("scratch", 0, [0.0, 0.5], steps=8),
        curve("randomized", 0, [0.25, 0.75], steps=2),
        curve("continued", 0, [1.0], "already there", 0),
    )
    result = RelearningResult(MODERN, curves)
    assert result.curves.to_dict("records") == [
        dict(zip(relearning.CURVE_COLUMNS, (*values, 0, 0), strict=True))
        for values in (
            ("scratch", 0, 0, 0.0, 1.0, 0.0, 2.0, 0.0),
            ("scratch", 0, 1, 2.0, 0.5, 0.5, 1.0, 0.25),
            ("randomized", 0, 0, 0.0, 1.0, 0.25, 2.0, 0.125),
            ("randomized", 0, 1, 2.0, 0.5, 0.75, 1.0, 0.375),
            ("continued", 0, 0, 0.0, 1.0, 1.0, 2.0, 0.5),
        )
    ]
    assert result.outcomes.astype(object).where(result.outcomes.notna(), None).to_dict("records") == [
        dict(zip(relearning.OUTCOME_COLUMNS, values, strict=True))
        for values in (
            ("scratch", 0, "reached", 8.0, None, "", None, None, None, None, 0, 0, False),
            ("randomized", 0, "reached", 2.0, 0.75, "", 8.0, 0.75, 0.75, math.log(4), 0, 0, False),
            ("continued", 0, "already there", 0.0, None, "", None, None, None, None, 0, 0, False),
        )
    ]


def test_curve_bands_are_numpys_quantiles():
    paths = [[0.0, 0.5, 1.0], [0.25, 0.75, 0.5], [0.5, 0.25, 0.875], [0.125, 0.5]]  # the last diverged
    curves = [curve(name, seed, path) for seed, path in enumerate(paths) for name in ("scratch", "randomized")]
    table = learning_curve_bands(RelearningResult(MODERN, tuple(curves)).curves, "training_accuracy")
    assert list(table.columns) == ["model", "epoch", "steps", "seeds", "low", "median", "high"]
    assert list(zip(table["model"], table["epoch"], table["steps"], strict=True)) == [
        (name, epoch, 2 * epoch) for name in ("scratch", "randomized") for epoch in range(3)
    ]
    for row in table.itertuples():
        values = [path[row.epoch] for path in paths if len(path) > row.epoch]
        assert (row.low, row.median, row.high) == pytest.approx(tuple(np.quantile(values, [0.05, 0.5, 0.95])))
        assert row.seeds == len(values)
    halves = learning_curve_bands(RelearningResult(MODERN, tuple(curves)).curves)
    assert halves["median"].tolist() == pytest.approx((table["median"] / 2).tolist())


def test_empty_results_have_the_columns():
    empty = RelearningResult(MODERN)
    assert list(empty.frame.columns) == relearning.SAVINGS_COLUMNS
    assert list(empty.curves.columns) == relearning.CURVE_COLUMNS
    assert list(empty.outcomes.columns) == relearning.OUTCOME_COLUMNS
    assert len(savings_curves(empty.frame)) == len(learning_curve_bands(empty.curves)) == 0


# Files.


def test_files_hold_the_rows_and_what_they_are_of(small_split, tmp_path):
    recipe = recipe_of(replace(PLAN, layers=("fc2",), doses=(0.5, 1.0)))
    done = trained(small_split)
    rows = tuple(rows_of(done, small_split, recipe))
    result = RelearningResult(recipe, (), rows, "5" * 64, len(done.history), planned=8)
    kept = replace(recipe.for_training(), relearning=recipe.relearning)
    for kind in ("csv", "parquet", "json"):
        result.write(tmp_path / f"savings.{kind}")
    table = pd.read_csv(tmp_path / "savings.csv", keep_default_na=False)
    assert table["steps"].tolist() == [row.steps for row in rows]
    assert set(table["recipe_hash"]) == {kept.hash}
    assert set(table["data_sha256"].astype(str)) == {"5" * 64}
    assert (set(table["epochs_trained"]), set(table["rows_planned"])) == ({12}, {8})
    parquet = pq.read_table(tmp_path / "savings.parquet")
    pd.testing.assert_frame_equal(parquet.to_pandas(), result.frame)
    assert Recipe.from_json(parquet.schema.metadata[b"recipe"].decode()) == kept
    values = json.loads((tmp_path / "savings.json").read_text())
    assert [row["savings"] for row in values["rows"]] == [row.savings for row in rows]
    assert (values["data_sha256"], values["rows_planned"]) == ("5" * 64, 8)
    with pytest.raises(RecipeError, match=r"csv, parquet or json; got 'txt'"):
        result.write(tmp_path / "savings.txt")
    with pytest.raises(RecipeError, match="cannot be written"):
        result.write(tmp_path / "none" / "savings.csv")


def test_without_rows_the_curves_are_written():
    result = RelearningResult(MODERN, (curve("scratch", 0, [0.0, 0.5]),))
    table = pd.read_csv(io.BytesIO(result.to_bytes("csv")))
    assert table["validation_accuracy"].tolist() == [0.0, 0.25]
    assert list(table.columns[:10]) == relearning.CURVE_COLUMNS
