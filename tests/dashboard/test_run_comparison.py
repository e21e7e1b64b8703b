"""The view of two runs: settings and metrics first, then both in one chart; texts of files are not read as Markdown."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest
from study_parts import small_recipe, trained_small

from forgetting.experiment.pipeline import make_result, train
from forgetting.metrics.baselines import compute_baselines
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.studies.sweep import run_sweep
from forgetting.tracking.run_records import comparison_run, study_run


def show(a, b):
    from forgetting.dashboard.views.run_comparison import run_comparison_view

    run_comparison_view(a, b)


def opened(a, b) -> AppTest:
    test = AppTest.from_function(show, args=(a, b), default_timeout=20).run()
    assert not test.exception
    return test


@pytest.mark.slow
def test_two_comparisons_stand_side_by_side(small_split):
    runs = []
    for seed in (0, 1):
        recipe = replace(small_recipe(), seed=seed, randomization=Randomization(fraction=1.0 - seed / 2))
        result = make_result(recipe, small_split, train(recipe, small_split))
        run = comparison_run(recipe, small_split, result.trained, result.comparison, result.baselines)
        runs.append(replace(run, data_name="*mine*.csv", data_sha256=str(seed) * 64))
    test = opened(*runs)
    settings, metrics = (table.value for table in test.dataframe)
    assert settings["setting"].tolist() == ["reviews", "fraction randomized", "seed of weights and training"]
    assert settings["B"].iloc[0] == f"*mine*.csv ({'1' * 12})"
    assert "chance 33" in metrics.set_index("metric").loc["validation accuracy, original", "baselines"]
    assert "different reviews" in test.caption[0].value
    charts = test.get("vega_lite_chart")
    assert len(charts) == 3  # both models' accuracies, and the epochs
    assert all(chart.proto.alt for chart in charts)
    assert len(test.expander) == 3  # a table for each


@pytest.mark.slow
def test_a_curve_of_two_studies_is_chosen(small_split):
    recipe, trained = trained_small(small_split)
    runs = []
    for scheme in ("reinit", "zero"):
        plan = Sweep(layers=("fc1", "all"), doses=(0.0, 1.0), schemes=(scheme,), seeds=2)
        of = replace(recipe, sweep=plan)
        result = run_sweep(trained.model, small_split, plan, recipe=of, initial=trained.initial)
        runs.append(study_run("dose", result, trained, compute_baselines(small_split, "cross_entropy", svc_limit=0)))
    test = opened(*runs)
    test.selectbox(key="compared_curve").select("fc1+fc2").run()
    test.selectbox(key="compared_metric").select("validation loss").run()
    assert not test.exception
    assert [chart.proto.alt for chart in test.get("vega_lite_chart")] == [
        "Validation loss of both runs, medians with 5–95 % of seeds",
        "How far validation loss differs, with 95 % intervals",
    ]
