"""The view of two runs: settings and metrics first, then both in one chart; texts of files are not read as Markdown."""

from dataclasses import replace

import pytest
from run_parts import SWEEP_PLAN, compared_run, show_both, swept_run


@pytest.mark.slow
def test_two_comparisons_stand_side_by_side(small_split):
    runs = [compared_run(small_split, seed, 1.0 - seed / 2)[0] for seed in (0, 1)]
    runs = [replace(run, data_name="*mine*.csv", data_sha256=str(seed) * 64) for seed, run in enumerate(runs)]
    test = show_both(*runs)
    settings, metrics = (table.value for table in test.dataframe[:2])
    assert settings["setting"].tolist() == ["reviews", "fraction randomized", "seed of weights and training"]
    assert settings["B"].iloc[0] == f"*mine*.csv ({'1' * 12})"
    assert "chance 33" in metrics.set_index("metric").loc["validation accuracy, original", "trivial models"]
    assert "different files" in test.caption[0].value
    charts = test.get("vega_lite_chart")
    assert len(charts) == 3  # both models' accuracies, and the epochs
    assert all(chart.proto.alt for chart in charts)
    assert len(test.dataframe) == 5  # a table for each


@pytest.mark.slow
def test_a_curve_of_two_studies_is_chosen(small_split):
    runs = [swept_run(small_split, replace(SWEEP_PLAN, schemes=(scheme,)))[0] for scheme in ("reinit", "normal")]
    test = show_both(*runs)
    test.selectbox(key="compared_curve").select("fc1+fc2").run()
    test.selectbox(key="compared_metric").select("validation loss").run()
    assert not test.exception
    assert [chart.proto.alt for chart in test.get("vega_lite_chart")] == [
        "Validation loss of both runs, medians with 5–95 % of seeds",
        "How far validation loss differs, with 95 % intervals",
    ]
