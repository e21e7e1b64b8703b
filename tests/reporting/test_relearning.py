"""Answers as sentences, of courses, savings and rows made by hand: the right words, and each accuracy's baselines."""

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forgetting.metrics.baselines import Baselines
from forgetting.model.trainer import PartMetrics
from forgetting.recipe.forget import Forget
from forgetting.recipe.recipe import MODERN
from forgetting.reporting import relearning as relearning_sentences
from forgetting.reporting.relearning import conclude_from_curves, describe_relearning, describe_savings
from forgetting.reporting.unlearning import describe_unlearning
from forgetting.studies.relearning import CurvePoint, LearningCurve
from forgetting.studies.time_to_target import TargetAccuracy, TimeToTarget
from forgetting.unlearning.evaluation import MODEL_METRICS, UNLEARNING_METRICS, UnlearningRow
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.result import UnlearningResult

BASELINES = Baselines(
    chance=0.25,
    chance_loss=1.386,
    majority={"training": 0.5, "validation": 0.4},
    majority_macro_f1={"training": 0.2, "validation": 0.15},
    all_no=0.75,
    linear_svc=None,
)
GOAL = TargetAccuracy(accuracy_before=0.8, target=0.72, chance=0.25, majority=0.4)
AFTER = "After randomizing 40 % of fc1 validation accuracy is 30 % (chance 25 %, largest class 40 %). "
NEVER, LOST = TimeToTarget("never", None, None, 1200), TimeToTarget("diverged", None, None, 1200)


# Relearning.


def at(steps: int) -> TimeToTarget:
    return TimeToTarget("reached" if steps else "already there", steps, steps, 1200)


def course(model: str, seed: int, reached: TimeToTarget, accuracy=0.3, goal=GOAL) -> LearningCurve:
    points = [
        CurvePoint(steps, steps, PartMetrics(1.0, 0.9), PartMetrics(1.0, accuracy + steps / 2)) for steps in (0, 1)
    ]
    return LearningCurve(model, seed, tuple(points), reached, goal)


def courses_of(randomized, scratch, goal=GOAL, accuracies=None) -> list[LearningCurve]:
    """Of each seed: how soon the randomized model and the one from scratch get there."""
    found = []
    for seed, (own, other) in enumerate(zip(randomized, scratch, strict=True)):
        accuracy = accuracies[seed] if accuracies else 0.3
        found += [course("scratch", seed, other, 0.1, goal), course("randomized", seed, own, accuracy, goal)]
        found += [course("continued", seed, at(0), 0.8, goal)]
    return found


def outcomes_of(courses) -> pd.DataFrame:
    """The table that a result has, by plain division."""
    scratch = {one.seed: one.time_to_target.steps for one in courses if one.model == "scratch"}
    lines = []
    for one in courses:
        own, other = one.time_to_target.steps, scratch[one.seed]
        known = one.model == "randomized" and not one.target_accuracy.missing and own is not None and other
        lines.append({"model": one.model, "seed": one.seed, "savings": 1 - own / other if known else np.nan})
    return pd.DataFrame(lines)


def told(randomized, scratch, **options) -> str:
    courses = courses_of(randomized, scratch, **options)
    return describe_relearning(courses, outcomes_of(courses), "40 % of fc1", BASELINES)


def test_it_remembers():
    """Six of six above 0: p = 1/64."""
    assert told([at(5)] * 6, [at(20)] * 6) == AFTER + (
        "To 72 % it takes 5 steps, a model from scratch 20 steps: savings 0.75 (0.75 to 0.75). "
        "It still remembers (sign test over 6 seeds, p = 0.016)."
    )


def test_of_seeds_that_leave_one_model_nothing_is_claimed():
    courses = courses_of([at(5)] * 6, [at(20)] * 6)
    said = describe_relearning(courses, outcomes_of(courses), "40 % of fc1", BASELINES, same_model=True)
    assert said.endswith(
        "savings 0.75 (0.75 to 0.75). It cannot be told: all seeds leave the same model, perhaps one of lucky weights."
    )


def test_it_is_gone():
    assert told([at(20)] * 6, [at(20)] * 6).endswith(
        "20 steps: savings 0.00 (0.00 to 0.00). No memory can be shown (sign test over 6 seeds, p = 1)."
    )
    assert told([at(30)] * 5, [at(20)] * 5).endswith(
        "savings −0.50 (−0.50 to −0.50). No memory can be shown (sign test over 5 seeds, p = 1)."
    )


def test_medians_and_bands_over_seeds():
    """Savings 0.1, 0.2 … 0.5: 5 % and 95 % lie at 0.12 and 0.48; five of five, p = 1/32."""
    said = told([at(steps) for steps in (9, 8, 7, 6, 5)], [at(10)] * 5, accuracies=[0.1, 0.9, 0.2, 0.5, 0.3])
    assert said == AFTER + (
        "To 72 % it takes 7 steps, a model from scratch 10 steps: savings 0.30 (0.12 to 0.48). "
        "It still remembers (sign test over 5 seeds, p = 0.031)."
    )


def test_too_few_seeds():
    assert told([at(5)] * 2, [at(20)] * 2).endswith("Too few seeds to tell: 2 of the 5 seeds needed.")


def test_too_few_seeds_of_which_some_have_no_savings():
    """Seeds in which the randomized model fails count, though they have no savings."""
    said = told([at(5), at(5), NEVER, LOST], [at(20)] * 4)
    assert "Too few seeds to tell" in said
    assert "4 with savings" not in said


def test_seeds_that_never_get_there():
    said = told([at(5), at(7), NEVER, LOST, NEVER, NEVER], [at(20)] * 5 + [NEVER])
    assert "To 72 % it takes 6 steps (4 of 6 seeds never get there), a model from scratch 20 steps (1 of 6 " in said
    assert said.endswith("No memory can be shown (sign test over 5 seeds, p = 0.81).")  # 26 of 32


def test_where_no_seed_gets_there():
    said = told([NEVER] * 5, [at(20)] * 5)
    assert said == AFTER + (
        "To 72 % it takes more than 1,200 steps, a model from scratch 20 steps. "
        "No memory can be shown (sign test over 5 seeds, p = 1)."
    )
    said = told([at(4)] * 5, [NEVER] * 5)
    assert said.endswith("it takes 4 steps, a model from scratch more than 1,200 steps. It cannot be told.")


def test_training_that_diverges_is_not_said_to_take_long():
    """After three steps all was lost: "more than 1,200 steps" would suggest that they were taken."""
    said = told([LOST] * 5, [at(20)] * 5)
    assert "more than 1,200 steps" not in said


def test_a_target_that_tells_nothing():
    low = TargetAccuracy(accuracy_before=0.4, target=0.36, chance=0.25, majority=0.4)
    said = told([at(2)] * 5, [at(4)] * 5, goal=low)
    reason = "the target, an accuracy of 0.360, is not above that of always naming one class (0.400)"
    assert said == AFTER + f"Savings are undefined: {reason}."


def test_before_the_first_randomized_course():
    only = [course("scratch", 0, at(20))]
    assert describe_relearning(only, outcomes_of(only), "fc1", BASELINES) == (
        "No randomized model is there to compare yet, or its outputs are not finite numbers."
    )


def test_a_randomized_model_of_which_no_loss_is_finite():
    """Its course has no points, as `Course` says."""
    courses = courses_of([LOST] * 2, [at(20)] * 2)
    courses = [replace(one, points=()) if one.model == "randomized" else one for one in courses]
    said = describe_relearning(courses, outcomes_of(courses), "fc1", BASELINES)
    check_sentence(said)


@pytest.mark.parametrize(
    ("randomized", "scratch", "verdict", "seeds"),
    [
        ([at(5)] * 5, [at(20)] * 5, "remembers", 5),
        ([at(5)] * 4, [at(20)] * 4, "too few seeds", 4),
        ([at(5)] * 4 + [NEVER], [at(20)] * 5, "gone", 5),  # the one that fails counts
        ([at(5)] * 5 + [NEVER], [at(20)] * 5 + [NEVER], "remembers", 5),  # unless nobody gets there
        ([at(5)] * 5 + [LOST], [at(20)] * 5 + [at(0)], "remembers", 5),  # or it needs nothing
        ([NEVER] * 5, [at(20)] * 5, "gone", 5),
        ([NEVER] * 5, [NEVER] * 5, "undefined", 0),
        ([at(5)] * 5, [NEVER] * 5, "undefined", 0),
    ],
)
def test_the_verdict_over_seeds(randomized, scratch, verdict, seeds):
    courses = courses_of(randomized, scratch)
    memory = conclude_from_curves(courses, outcomes_of(courses))
    assert (memory.conclusion, memory.seeds) == (verdict, seeds)


def test_a_target_that_tells_nothing_has_no_failures():
    low = TargetAccuracy(accuracy_before=0.4, target=0.36, chance=0.25, majority=0.4)
    courses = courses_of([NEVER] * 5, [at(20)] * 5, low)
    assert conclude_from_curves(courses, outcomes_of(courses)).conclusion == "undefined"


reached = st.one_of(st.sampled_from([NEVER, LOST, at(0)]), st.integers(1, 1200).map(at))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(reached, reached, st.floats(0, 1)), min_size=1, max_size=7), st.floats(0, 1))
def test_any_courses_give_a_whole_sentence(drawn, target):
    randomized, scratch, accuracies = (list(each) for each in zip(*drawn, strict=True))
    goal = replace(GOAL, target=target)
    said = told(randomized, scratch, goal=goal, accuracies=accuracies)
    check_sentence(said)
    assert "(chance 25 %, largest class 40 %)" in said


def check_sentence(said: str):
    assert not re.search(r"\b(nan|None|inf)\b", said), said
    assert all(line.endswith(".") and not line.endswith("..") and "  " not in line for line in said.split("\n")), said


# Savings by dose.


def curves_of(*lines, scheme="reinit") -> pd.DataFrame:
    columns = ["layers", "dose", "accuracy", "median", "conclusion"]
    return pd.DataFrame(lines, columns=columns).assign(scheme=scheme)


BEFORE = pd.DataFrame({"accuracy_before": [0.8, 0.8]})
BASES = " Before it was 80 %, chance is 25 %, the largest class 40 %."


def test_savings_at_the_largest_dose():
    curves = curves_of(
        ("fc1", 0.5, 0.7, 0.9, "remembers"),
        ("fc1", 1.0, 0.3, 0.4, "remembers"),
        ("fc2", 1.0, np.nan, np.nan, "undefined"),
        ("fc1+fc2", 1.0, 0.25, -0.1, "gone"),
        ("fc3", 1.0, 0.1, 0.0, "too few seeds"),
    )
    assert describe_savings(curves, BEFORE, BASELINES) == (
        "Right after a dose of 100 % (reinit) validation accuracy is: fc1 30 %, savings 0.40 (remembers); fc2 missing, "
        "without savings (cannot be told); fc1+fc2 25 %, savings −0.10 (no memory shown); fc3 10 %, savings 0.00 "
        "(too few seeds)." + BASES
    )


def test_more_than_six_layer_sets():
    curves = curves_of(*((f"fc{number}", 0.75, 0.3, 0.5, "gone") for number in range(1, 10)))
    said = describe_savings(curves, BEFORE, BASELINES)
    assert "Right after a dose of 75 %" in said
    assert said.endswith("fc6 30 %, savings 0.50 (no memory shown), and 3 more." + BASES)
    assert "fc7" not in said


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.just("fc1"),
            st.sampled_from([0.0, 0.5, 1.0]),
            st.one_of(st.just(np.nan), st.floats(0, 1)),
            st.one_of(st.just(np.nan), st.floats(-5, 1)),
            st.sampled_from(list(relearning_sentences.CONCLUSIONS)),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_any_savings_give_a_whole_sentence(lines):
    said = describe_savings(curves_of(*lines), BEFORE, BASELINES)
    check_sentence(said)
    assert said.endswith(BASES)


# Unlearning.


@pytest.fixture(scope="module")
def sets(small_split):
    return make_forget_sets(small_split, Forget(by="class", label="white"))


def row(method: str, seed: int, retrained=0.5, remembers=None, over_forgets=None, **figures) -> UnlearningRow:
    values = dict.fromkeys(UNLEARNING_METRICS) | figures
    reference = dict.fromkeys(MODEL_METRICS) | {"forget_accuracy": retrained}
    return UnlearningRow(method, seed, values, reference, over_forgets=over_forgets, remembers=remembers)


def said_of(sets, *rows: UnlearningRow) -> list[str]:
    return describe_unlearning(UnlearningResult(MODERN, sets, rows, 10, len(rows))).split("\n")


@pytest.fixture(scope="module")
def first(small_split) -> str:
    """What every answer begins with: by hand, of 40 reviews; red is the largest class of those that are left."""
    count = int((np.array(small_split.reviews.labels)[small_split.training.rows] == "white").sum())
    return (
        f"{count} of 40 training reviews are to be forgotten; after exact retraining {{}} of them are named right "
        "(chance 33 %, largest class 0 %)."
    )


UNKNOWN = [
    "Nearest to it in accuracy: cannot be told.",
    "Told by their loss, so remembered: cannot be told.",
    "Forgotten too much: cannot be told.",
    "Known again in less than half of the steps: cannot be told.",
]


def test_each_line_by_hand(sets, first):
    rows = [
        row("original", 0, remembers=True, over_forgets=True, tow=1.0, anamnesis=0.0),
        row("retrain", 0, remembers=True, over_forgets=True, tow=0.97, anamnesis=0.1),
        row("fine_tune", 0, remembers=True, over_forgets=False, tow=0.9, anamnesis=0.5),
        row("scrub", 0, remembers=False, over_forgets=True, tow=0.95, anamnesis=0.49),
        row("cf_k", 0, remembers=True, over_forgets=True, tow=0.2, anamnesis=0.0),
        row("eu_k", 0),
    ]
    assert said_of(sets, *rows) == [
        first.format("50 %"),
        "Nearest to it in accuracy: scrub (ToW 0.95; another retraining has 0.97).",
        "Told by their loss, so remembered: fine_tune, cf_k.",
        "Forgotten too much: scrub, cf_k.",
        "Known again in less than half of the steps: scrub, cf_k.",
    ]


def test_of_a_method_that_mostly_fails_nothing_is_praised_or_blamed(sets, first):
    """Its other seeds may be the best alone; a figure that is missing is not as good as the median of the rest."""
    lucky = [row("scrub", 0, tow=0.99, anamnesis=0.3), *(row("scrub", seed) for seed in range(1, 5))]
    steady = [row("cf_k", seed, tow=0.9, anamnesis=1.0) for seed in range(5)]
    half = [row("eu_k", seed, tow=0.95, anamnesis=0.3) for seed in range(2)] + [row("eu_k", seed) for seed in (2, 3)]
    most = [row("fine_tune", seed, tow=0.8, anamnesis=0.3) for seed in range(3)] + [row("fine_tune", 3)]
    assert said_of(sets, *lucky, *steady, *half, *most) == [
        first.format("50 %"),
        "Nearest to it in accuracy: cf_k (ToW 0.90).",
        *UNKNOWN[1:3],
        "Known again in less than half of the steps: fine_tune.",
    ]


def test_without_another_retraining(sets, first):
    expected = [first.format("50 %"), "Nearest to it in accuracy: fine_tune (ToW 0.90).", *UNKNOWN[1:]]
    assert said_of(sets, row("fine_tune", 0, tow=0.9)) == expected
    assert said_of(sets, row("retrain", 0), row("fine_tune", 0, tow=0.9)) == expected


def test_nothing_but_the_original_and_retraining(sets, first):
    rows = [row("original", 0, remembers=True, tow=0.6), row("retrain", 0, tow=0.9)]
    assert said_of(sets, *rows) == [first.format("50 %")]
    assert said_of(sets, row("eu_k", 0)) == [first.format("50 %"), *UNKNOWN]


def test_where_it_is_known_of_some_and_true_of_none_that_is_said(sets, first):
    rows = [row("eu_k", 0), row("cf_k", 0, remembers=False, over_forgets=False, tow=0.5, anamnesis=0.9)]
    assert said_of(sets, *rows) == [
        first.format("50 %"),
        "Nearest to it in accuracy: cf_k (ToW 0.50).",
        *(line.replace("cannot be told", "none") for line in UNKNOWN[1:]),
    ]


def test_medians_over_seeds(sets, first):
    """The accuracy of retraining counts once a seed, whatever the number of methods."""
    rows = [
        row("fine_tune", seed, retrained, tow=tow)
        for seed, retrained, tow in zip(range(3), (0.1, 0.4, 0.9), (0.2, 0.8, 0.7), strict=True)
    ]
    rows += [row(name, 2, 0.9, tow=0.6) for name in ("scrub", "eu_k", "cf_k", "dampening")]
    expected = [first.format("40 %"), "Nearest to it in accuracy: fine_tune (ToW 0.70).", *UNKNOWN[1:]]
    assert said_of(sets, *rows) == expected


@pytest.mark.parametrize("rows", [(), (row("eu_k", 0, None), row("retrain", 0, None))])
def test_where_nothing_is_known_of_retraining_no_number_is_missing_of_them(sets, rows):
    """No sentence such as "missing of them are named right"."""
    said = "\n".join(said_of(sets, *rows))
    check_sentence(said)
    assert "missing of them" not in said


share = st.one_of(st.none(), st.floats(0, 1))
vote = st.sampled_from([None, True, False])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["original", "retrain", "fine_tune", "scrub", "eu_k"]),
            st.integers(0, 3),
            st.floats(0, 1),
            vote,
            vote,
            share,
            st.one_of(st.none(), st.floats(0, 100)),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda line: line[:2],
    )
)
def test_any_rows_give_whole_sentences(sets, lines):
    rows = [row(*line[:5], tow=line[5], anamnesis=line[6]) for line in lines]
    said = said_of(sets, *rows)
    check_sentence("\n".join(said))
    assert "(chance 33 %, largest class 0 %)" in said[0]
    assert not any("original" in line or "retrain," in line for line in said[1:])
    assert len(said) == (5 if {made.method for made in rows} - {"original", "retrain"} else 1)
    for line in said[1:]:
        own = {name for name in ("fine_tune", "scrub", "eu_k") if name in line}
        assert bool(own) != line.endswith((": none.", ": cannot be told."))
        assert own <= {made.method for made in rows}
