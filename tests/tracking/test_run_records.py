"""Runs of results: their metrics beside baselines, computed anew by plain loops, and what two runs are compared by."""

import io
import json
import math
from dataclasses import replace
from statistics import median

import numpy as np
import pyarrow.parquet as pq
import pytest

from forgetting.data.reviews import review_key
from forgetting.experiment.pipeline import compare, train
from forgetting.experiment.published import PUBLISHED_METRICS, PUBLISHED_MODELS, PublishedRun
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.settings import TrainingSettings
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN
from forgetting.studies.study import study
from forgetting.studies.sweep import run_sweep
from forgetting.tracking.run import Run
from forgetting.tracking.run_content import EPOCHS
from forgetting.tracking.run_records import comparison_run, own_model_run, reproduction_run, study_run, training_run
from forgetting.tracking.run_table import describe_run_settings, headline, matching_runs, runs_frame

RECIPE = replace(
    MODERN,
    training=TrainingSettings(epochs=4, by_size=False),
    randomization=Randomization(layers=("fc1",), fraction=0.5, scheme="reinit"),
    sweep=Sweep(layers=("fc1",), doses=(0.0, 1.0), schemes=("reinit",), seeds=3),
)


@pytest.fixture(scope="module")
def trained(small_split):
    return train(RECIPE, small_split)


@pytest.fixture(scope="module")
def baselines(small_split):
    return compute_baselines(small_split, "cross_entropy")


@pytest.fixture(scope="module")
def comparison(small_split, trained):
    return compare(RECIPE, small_split, trained)


def values(run: Run) -> dict:
    return {metric.name: metric for metric in run.metrics}


def hits(model, split) -> tuple[list[str], list[float]]:
    """The predicted label of each validation review, and −ln of the probability of its class, one by one."""
    rows = model(split.validation.model_inputs).detach().numpy().astype(float)
    labels = [split.classes[int(np.argmax(row))] for row in rows]
    losses = [
        -math.log(math.exp(row[target]) / sum(map(math.exp, row)))
        for row, target in zip(rows, split.validation.targets.tolist(), strict=True)
    ]
    return labels, losses


def test_a_comparison_has_both_models_beside_trivial_ones_and_each_review(small_split, trained, comparison, baselines):
    run = comparison_run(RECIPE, small_split, trained, comparison, baselines)
    found, table = values(run), pq.read_table(io.BytesIO(run.content))
    assert run.seconds == comparison.seconds > 0
    part = small_split.validation
    truth = [small_split.classes[target] for target in part.targets.tolist()]
    assert table["review"].to_pylist() == [review_key(small_split.reviews.texts[row]) for row in part.rows]
    assert table["class"].to_pylist() == truth
    for name, model in (("original", trained.model), ("randomized", comparison.model)):
        labels, losses = hits(model, small_split)
        assert table[name].to_pylist() == labels
        assert table[f"{name}_loss"].to_numpy() == pytest.approx(losses, rel=1e-4)
        accuracy = sum(map(str.__eq__, labels, truth)) / len(truth)
        metric = found[f"validation accuracy, {name}"]
        assert metric.value == pytest.approx(accuracy)
        assert metric.interval[0] < accuracy < metric.interval[1]
        assert metric.baselines["chance"] == pytest.approx(1 / 3)
        assert metric.baselines["largest class"] == truth.count("red") / len(truth)
    before, after = (found[f"validation accuracy, {name}"].value for name in ("original", "randomized"))
    assert found["validation accuracy, change"].value == pytest.approx(after - before)
    assert run.recipe == replace(RECIPE, sweep=MODERN.sweep)
    assert (run.data_name, run.data_sha256, run.model) == ("reviews", "5" * 64, "")


def test_a_training_has_its_epochs_and_is_one_run_however_far_it_came(small_split, trained, baselines):
    run = training_run(RECIPE, small_split, trained, baselines)
    epochs = json.loads(pq.read_table(io.BytesIO(run.content)).schema.metadata[EPOCHS.encode()])
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3, 4]
    last = trained.reached
    assert epochs[last.epoch - 1]["validation_loss"] == last.validation.loss
    assert values(run)["validation accuracy"].value == pytest.approx(last.validation.accuracy)
    assert values(run)["training loss"].baselines == {"uniform guess": pytest.approx(math.log(3))}
    stopped = replace(trained, history=trained.history[:2], state="running", steps=2)
    paused = training_run(RECIPE, small_split, stopped, baselines)
    assert (paused.done, paused.planned, paused.key) == (2, 4, run.key)
    loaded = training_run(RECIPE, small_split, trained, baselines, digest="a" * 64)
    assert loaded.key != run.key


def test_a_sweep_has_its_half_way_fraction_and_which_reviews_each_variant_gets_right(small_split, trained, baselines):
    sweep = run_sweep(trained.model, small_split, RECIPE.sweep, recipe=RECIPE, initial=trained.initial)
    run = study_run("dose", sweep, trained, baselines)
    assert (run.done, run.planned) == (6, 6)
    ends = [row.validation["accuracy"] for row in sweep.rows if row.planned_dose == 1]
    found = values(run)
    assert found["validation accuracy at the largest fraction, fc1, re-randomization"].value == median(ends)
    assert {name for name in found if name.startswith("half-way")} == {"half-way fraction, fc1, re-randomization"}
    assert all(metric.baselines or "half-way" in metric.name for metric in run.metrics)
    table = pq.read_table(io.BytesIO(run.content)).to_pylist()
    for line, row in zip(table, sweep.rows, strict=True):
        right = np.unpackbits(np.frombuffer(line["validation_hits"], np.uint8), count=line["validation_reviews"])
        assert right.mean() == pytest.approx(row.validation["accuracy"])
    hollow = values(study_run("dose", sweep, trained, baselines, hollow=True))
    half = hollow["half-way fraction, fc1, re-randomization"]
    assert half.value is None
    assert "not shown" in half.missing


def test_a_study_of_ones_own_model_and_the_published_table_are_runs(small_split, trained):
    part = small_split.validation
    own = study(trained.model, lambda model: (model(part.model_inputs), part.targets), RECIPE.sweep)
    run = own_model_run(own, "mine.py:make", "a" * 64)
    assert (run.kind, run.data_name, run.done) == ("own_model", "mine.py:make", 6)
    models = [dict.fromkeys([*PUBLISHED_METRICS, ("validation", "accuracy")], value) for value in (0.1, 0.3, 0.2)]
    reruns = [PublishedRun(seed, 20, 4, dict.fromkeys(PUBLISHED_MODELS, (model,))) for seed, model in enumerate(models)]
    found = values(reproduction_run(reruns, "f" * 64))
    bitwise = found["validation bitwise accuracy, original, median"]
    assert (bitwise.value, bitwise.baselines["always “no”"]) == (0.2, 0.75)
    assert found["validation top-1 accuracy, original, median"].baselines == {"chance": 0.25}


def test_runs_in_words_and_as_a_table(small_split, trained, comparison, baselines):
    run = comparison_run(RECIPE, small_split, trained, comparison, baselines)
    run = replace(run, name="=SUM(1)", note="mine")
    assert "epochs" in describe_run_settings(run)
    assert "seed" not in describe_run_settings(run)
    assert "largest class" in headline(run)
    assert matching_runs([run], (), "MINE fc1") == [run]
    assert matching_runs([run], ("training",)) == matching_runs([run], (), "none of it") == []
    frame = runs_frame([run])
    assert len(frame) == len(run.metrics)
    assert frame["value"].tolist() == pytest.approx(
        [math.nan if metric.value is None else metric.value for metric in run.metrics], nan_ok=True
    )
