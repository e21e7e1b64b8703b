"""The figures of the README and of the studies' README are those that the library computes on the original file."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from forgetting import MODERN, Sweep, half_way, prepare, robustness, run_sweep, train
from forgetting.metrics.baselines import compute_baselines
from forgetting.recipe.plans import Relearning
from forgetting.studies.nested import nested_curves, nested_half_ways
from forgetting.studies.savings import savings_slices
from forgetting.studies.splits import accuracy_over_splits, each_split, summarize_splits

ROOT = Path(__file__).parents[1]
NEAR = 0.015  # what rounding, and another machine, may make of a figure

pytestmark = pytest.mark.slow


def read_figures(page: str, pattern: str) -> list[float]:
    """The numbers that a pattern finds in a page, of which blanks are any; "78 %" is 0.78."""
    text = " ".join((ROOT / page).read_text(encoding="utf-8").split())
    (found,) = re.findall(pattern, text)
    return [float(number.replace("−", "-")) / (1 if "." in number else 100) for number in found]


@pytest.fixture(scope="module")
def split(wine_reviews):
    return prepare(MODERN, wine_reviews)


@pytest.fixture(scope="module")
def trained(split):
    return train(MODERN, split)


def test_the_accuracy_over_splits(split):
    found = summarize_splits([one for done in accuracy_over_splits(split, MODERN, 12) for one in done])
    baselines = [compute_baselines(other, "cross_entropy") for _, other in each_split(split, MODERN, 12)]
    reference = [each.linear_svc["validation"] for each in baselines]
    figures = read_figures(
        "README.md",
        r"reaches (\S+) ± (\S+) on validation .* of the mean (\S+) to (0\.\d+)\), LinearSVC (\S+) ± (\S+) on the same "
        r"features; chance is (\S+) and the largest class (0\.\d+)\.",
    )
    spread = (np.mean(reference), np.std(reference, ddof=1))
    expected = [found.mean, found.sd, found.low, found.high, *spread, baselines[0].chance, found.majority]
    assert figures == pytest.approx(expected, abs=NEAR)
    assert found.mean > np.mean(reference) - 0.02


def test_the_half_way_doses(split, trained):
    result = run_sweep(trained.model, split, Sweep(layers=("each",)), initial=trained.initial)
    halves = nested_half_ways(half_way(result.frame), list(nested_curves(result.rows)))
    figures = read_figures(
        "forgetting/studies/README.md",
        r"above chance at (\d+) % of its weights \((\d+)–(\d+) %, over .* one of fc2 at (\d+) % \((\d+)–(\d+) %\)\. "
        r"N\(0, 1\) \(`normal`\) costs it at (\d+) % \((\d+)–(\d+) %\) and at (\d+) % \((\d+)–(\d+) %\)\.",
    )
    assert figures == pytest.approx([end for half in halves for end in (half.dose, half.low, half.high)], abs=NEAR)


def test_what_is_left_at_an_equal_change(split, trained):
    plan = Sweep(layers=("fc1",), doses=(1.0,), match="change")
    medians = (
        run_sweep(trained.model, split, plan, initial=trained.initial).frame.groupby("scheme").median(numeric_only=True)
    )
    figures = read_figures(
        "forgetting/studies/README.md",
        r"`reinit` \(a dose of (\S+) %\) leaves an accuracy of (\S+), and N\(0, 1\) \(a dose of "
        r"\S+ %\) leaves (0\.\d+)\.",
    )
    reinit, normal = medians.loc["reinit"], medians.loc["normal"]
    expected = [reinit["dose"], reinit["validation_accuracy"], normal["validation_accuracy"]]
    assert figures == pytest.approx(expected, abs=NEAR)


def test_what_robustness_leaves(split, trained):
    fc1, fc2 = robustness(trained.model, split, trained.initial)
    figures = read_figures(
        "forgetting/studies/README.md",
        r"before training, fc1 leaves (\S+) and is critical. fc2 leaves (0\.\d+), .* \(forgetting (−\S+) to (0\.\d+), ",
    )
    assert figures == pytest.approx([fc1.accuracies[0], fc2.accuracies[0], *fc2.interval], abs=NEAR)
    assert (fc1.conclusion, fc2.conclusion) == ("critical", "robust or in between")


def test_how_far_the_mean_of_savings_is_below_0(split, trained):
    plan = Relearning(layers=("all",), doses=(1.0,), schemes=("reinit",), seeds=1, splits=14)
    rows = [row for done in savings_slices(trained, split, replace(MODERN, relearning=plan)) for row in done]
    figures = read_figures(
        "forgetting/studies/README.md",
        r"drawn anew whole, it is (\S+) ± (\S+) \(standard error\) over 14 splits of the original file, and that of "
        r"the log ratio (\S+) ± (\d\.\d+), by",
    )
    values = [np.array([getattr(row, name) for row in rows]) for name in ("savings", "log_ratio")]
    expected = [figure for each in values for figure in (each.mean(), each.std() / np.sqrt(len(each)))]
    assert figures == pytest.approx(expected, abs=NEAR)
    assert values[0].mean() < values[1].mean() < 0.1, "the first is below 0 by its formula alone"
