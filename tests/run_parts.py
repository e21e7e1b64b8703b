"""What the tests of runs share: pairs of them that the library made of a small split."""

from dataclasses import replace
from functools import cache

from streamlit.testing.v1 import AppTest
from study_parts import small_recipe, trained_small

from forgetting.experiment.pipeline import make_result, train
from forgetting.experiment.results import Result
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.split import Split
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.studies.sweep import SweepResult, run_sweep
from forgetting.tracking.run import Run
from forgetting.tracking.run_records import comparison_run, study_run

SWEEP_PLAN = Sweep(layers=("fc1", "all"), doses=(0.0, 0.5, 1.0), schemes=("reinit",), seeds=4)


@cache
def compared_run(split: Split, seed: int = 0, fraction: float = 1.0) -> tuple[Run, Result]:
    """A comparison's run with what it is of."""
    recipe = replace(small_recipe(), seed=seed, randomization=Randomization(layers=("fc1",), fraction=fraction))
    result = make_result(recipe, split, train(recipe, split) if seed else trained_small(split)[1])
    return comparison_run(recipe, split, result.trained, result.comparison, result.baselines), result


@cache
def swept_run(split: Split, plan: Sweep = SWEEP_PLAN) -> tuple[Run, SweepResult]:
    """A sweep's run with what it is of."""
    recipe, trained = trained_small(split)
    recipe = replace(recipe, sweep=plan)
    result = run_sweep(trained.model, split, plan, recipe=recipe, initial=trained.initial)
    return study_run("dose", result, trained, compute_baselines(split, "cross_entropy", svc_limit=0)), result


def _show(a, b):  # whose source is run by itself, and knows no name of this module
    from forgetting.dashboard.views.run_comparison import run_comparison_view

    run_comparison_view(a, b)


def show_both(a: Run, b: Run) -> AppTest:
    """The view of two runs, by itself, with the tables of its charts open."""
    test = AppTest.from_function(_show, args=(a, b), default_timeout=20)
    for place in range(3):
        test.session_state[f"compared_runs_{place}_table"] = True
    test.run()
    assert not test.exception
    return test
