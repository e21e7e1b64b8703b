"""What identifies a run."""

from dataclasses import replace

import pytest

from forgetting.dashboard.state.session import TrainedModel
from forgetting.dashboard.studies.base import StudyRequest
from forgetting.dashboard.studies.registry import STUDY_KINDS
from forgetting.experiment.pretrained import load_pretrained
from forgetting.paper.collect import RUNNERS
from forgetting.paper.study_methods import STUDY_METHODS
from forgetting.paper.study_sections import STUDY_SECTIONS
from forgetting.recipe.recipe import MODERN, PUBLISHED, DataSettings, Recipe
from forgetting.reporting.captions import DONE, PLAN_GROUPS
from forgetting.tracking.page_state import SHOWN_RESULTS, find_page
from forgetting.tracking.run import RUN_KINDS, RUN_TITLES, STUDY_TITLES, run_key
from forgetting.tracking.study_differences import STUDY_TABLES
from forgetting.tracking.study_metrics import METRICS_OF


def test_each_kind_of_study_is_a_kind_of_run():
    assert {*RUN_KINDS} == {"training", "comparison", "reproduction", "own_model", *STUDY_KINDS}
    assert {*RUN_TITLES} == {*RUN_KINDS}
    assert {*STUDY_TITLES} == {*STUDY_KINDS}
    assert {kind: STUDY_KINDS[kind].title for kind in STUDY_TITLES} == STUDY_TITLES


@pytest.mark.parametrize(
    "table", [METRICS_OF, STUDY_TABLES, SHOWN_RESULTS, STUDY_METHODS, STUDY_SECTIONS, RUNNERS, PLAN_GROUPS, DONE]
)
def test_each_kind_of_study_is_in_all_tables_that_go_by_kinds(table):
    assert {*STUDY_TITLES} <= {*table}
    assert all(find_page(kind)[0] for kind in STUDY_TITLES)


def test_what_a_run_does_not_depend_on_is_no_part_of_its_key():
    sha256 = "0" * 64
    other = replace(MODERN, sweep=replace(MODERN.sweep, seeds=3), data=DataSettings(source="file", file="renamed.csv"))
    assert run_key("training", MODERN, sha256) == run_key("training", other, sha256)
    assert run_key("dose", MODERN, sha256) != run_key("dose", other, sha256)
    keys = {run_key(kind, MODERN, sha256, model) for kind in RUN_KINDS for model in ("", "7 epochs")}
    keys |= {run_key("training", PUBLISHED, sha256), run_key("training", MODERN, "1" * 64)}
    assert len(keys) == 2 * len(RUN_KINDS) + 2


OTHER_VALUES = {  # of settings whose values are no numbers
    "randomization.layers": ("fc1",),
    "randomization.scheme": "zero",
    "randomization.unit": "neuron",
    "sweep.layers": ("fc1",),
    "sweep.schemes": ("zero",),
    "sweep.match": "change",
    "relearning.layers": ("fc1",),
    "relearning.schemes": ("zero",),
    "explanation.layers": ("fc1",),
    "explanation.attributions": ("occlusion",),
    "explanation.scheme": "zero",
    "forget.by": "class",
    "forget.label": "red",
    "forget.reviews": ("0" * 12,),
    "unlearning.methods": ("retrain",),
    "unlearning.repair_layers": ("fc1",),
    "unlearning.repair_scheme": "zero",
    "unlearning.scrub_order": "forget_first",
    "review.key": "0" * 12,
    "review.text": "a red one",
    "review.attribution": "occlusion",
}
LATER = ("randomization", "sweep", "relearning", "forget", "unlearning", "explanation", "review")
NO_PART = {"learning_curves": "randomization.scale"}  # of a run's key, as no scheme of the recipe has a scale


def change(recipe: Recipe, name: str) -> Recipe:
    value = recipe.value(name)
    if name in OTHER_VALUES:
        return recipe.with_value(name, OTHER_VALUES[name])
    if isinstance(value, tuple):
        return recipe.with_value(name, (0.25,))
    return recipe.with_value(
        name, not value if isinstance(value, bool) else value + 1 if isinstance(value, int) else value / 2 + 0.3
    )


@pytest.mark.slow
@pytest.mark.parametrize("retrain", [False, True])
def test_a_study_and_its_run_depend_on_the_same_settings(retrain):
    """Changing any setting of what is done to a model gives a study another key if and only if it gives its run one."""
    came = load_pretrained("mlp")
    base = MODERN.with_value("sweep.retrain", retrain).with_value("relearning.retrain", retrain)
    names = [name for name in Recipe.leaves() if name.partition(".")[0] in LATER and not name.endswith(".words")]
    names = [name for name in names if name not in ("sweep.units", "seed")]  # pages take the first unit alone
    changed = {name: change(base, name) for name in names}

    def keys(kind: str, recipe: Recipe) -> tuple[str, str]:
        model = TrainedModel(replace(came.recipe, seed=recipe.seed), came.split, came.trained, came.sha256)
        return STUDY_KINDS[kind].key(StudyRequest(model, recipe)), run_key(kind, recipe, came.sha256)

    for kind in STUDY_KINDS:
        study_key, key = keys(kind, base)
        for name, recipe in (changed | {"seed": replace(base, seed=1)}).items():
            another_study, another = keys(kind, recipe)
            if NO_PART.get(kind) != name:
                assert (study_key == another_study) == (key == another), (kind, name)


def test_a_key_stays_what_it_was():
    """Computed when the first runs were stored; another value would lose what people named and noted."""
    changed = replace(MODERN, training=replace(MODERN.training, epochs=7))
    assert run_key("training", changed, "0" * 64) == "8ce0630c277189efe77d0f19b0f20ff495e77c5dfafa72ffeeed7c379c2bed38"
