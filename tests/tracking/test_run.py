"""What identifies a run."""

from dataclasses import replace

from forgetting.dashboard.studies.registry import STUDY_KINDS
from forgetting.recipe.recipe import MODERN, PUBLISHED, DataSettings
from forgetting.tracking.run import RUN_KINDS, run_key


def test_each_kind_of_study_is_a_kind_of_run():
    assert {*RUN_KINDS} == {"training", "comparison", "reproduction", "own_model", *STUDY_KINDS}


def test_what_a_run_does_not_depend_on_is_no_part_of_its_key():
    sha256 = "0" * 64
    other = replace(MODERN, sweep=replace(MODERN.sweep, seeds=3), data=DataSettings(source="file", file="renamed.csv"))
    assert run_key("training", MODERN, sha256) == run_key("training", other, sha256)
    assert run_key("dose", MODERN, sha256) != run_key("dose", other, sha256)
    keys = {run_key(kind, MODERN, sha256, model) for kind in RUN_KINDS for model in ("", "7 epochs")}
    keys |= {run_key("training", PUBLISHED, sha256), run_key("training", MODERN, "1" * 64)}
    assert len(keys) == 2 * len(RUN_KINDS) + 2


def test_a_key_stays_what_it_was():
    """Computed when the first runs were stored; another value would lose what people named and noted."""
    changed = replace(MODERN, training=replace(MODERN.training, epochs=7))
    assert run_key("training", changed, "0" * 64) == "8ce0630c277189efe77d0f19b0f20ff495e77c5dfafa72ffeeed7c379c2bed38"
