"""Figures of unlearned models against numpy, scipy and scikit-learn on logits made by hand; rows of known figures."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.special import expit, log_expit, log_softmax, softmax
from scipy.stats import binomtest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from forgetting.metrics.intervals import share_interval
from forgetting.metrics.scores import LOSS_TOO_LARGE, NOT_FINITE
from forgetting.model.split import Part, Split
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning import evaluation
from forgetting.unlearning.evaluation import ModelEvaluation, compare_with_retraining, evaluate_unlearned, failed_row
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.row import MODEL_METRICS, PAIR_METRICS, SETS, UNLEARNING_METRICS, UnlearningRow

CLASSES = 4
UNTESTED = dict.fromkeys(("test_accuracy", "retrained_test_accuracy", "test_tow"), evaluation.NO_TEST_PART)
OBJECTIVES = ("cross_entropy", "bitwise")
every_objective = pytest.mark.parametrize("objective", OBJECTIVES)
BOTH_SETS = ("forget", "validation")


# Sets and models made by hand: the inputs of a part are its name, and a model is what it says of each.


def part(name: str, rows, seed: int = 0) -> Part:
    rows = np.asarray(rows)
    return Part(
        name, torch.from_numpy(np.random.default_rng([seed, *map(ord, name)]).integers(0, CLASSES, len(rows))), rows
    )


def sets_of(forget=30, retain=50, validation=40, non_members=None, seed=0) -> ForgetSets:
    """non_members: places in the validation part, all of them by default."""
    parts = [part(name, range(count), seed) for name, count in (("forget", forget), ("retain", retain))]
    # The rows are in no order, as those of a split.
    held = part("validation", 1000 + np.random.default_rng(seed).permutation(validation), seed)
    places = np.arange(validation) if non_members is None else np.asarray(non_members, dtype=int)
    other = Part("non_members", held.targets[places], held.rows[places])
    classes = tuple(f"class {number}" for number in range(CLASSES))
    return ForgetSets(*parts, other, Split(parts[1], held, (), classes, None))


def parts_of(sets: ForgetSets) -> dict[str, Part]:
    return {"forget": sets.forget, "retain": sets.retain, "validation": sets.retain_split.validation}


def saying(sets: ForgetSets, seed=0, scale=1.0, lift=0.0):
    """A model of random logits; lift: of the true class."""
    numbers = np.random.default_rng(seed)
    logits = {}
    for name, one in parts_of(sets).items():
        values = numbers.normal(size=(len(one), CLASSES)) * scale
        values[np.arange(len(one)), one.targets.numpy()] += lift
        logits[name] = torch.from_numpy(values.astype(np.float32))
    return logits


def naming(sets: ForgetSets, hits: dict[str, int], sure=5.0):
    """A model that is right on so many reviews of each set."""
    logits = {}
    for name, one in parts_of(sets).items():
        named = (one.targets + (torch.arange(len(one)) >= hits[name])) % CLASSES
        logits[name] = sure * torch.nn.functional.one_hot(named, CLASSES).float()
    return logits


def measured(sets, logits, objective="cross_entropy") -> ModelEvaluation:
    return evaluate_unlearned(logits.__getitem__, sets, objective)


def row_of(own, reference, before=None, **changes) -> UnlearningRow:
    given = {"method": "own", "seed": 3, "seconds": (1.0, 4.0), "relearned": (at(4), at(16))} | changes
    return compare_with_retraining(own, reference, before or reference, **given)


def at(steps: int, limit=100) -> TimeToTarget:
    return TimeToTarget("reached" if steps else "already there", steps, steps, limit)


def plain_losses(logits: np.ndarray, targets: np.ndarray, objective: str) -> np.ndarray:
    chances = log_softmax(logits, axis=1) if objective == "cross_entropy" else log_expit(logits)
    return -chances[np.arange(len(targets)), targets]


def plain_loss(logits: np.ndarray, targets: np.ndarray, objective: str) -> float:
    if objective == "cross_entropy":
        return float(plain_losses(logits, targets, objective).mean())
    wanted = np.eye(CLASSES)[targets]
    return float(-(wanted * log_expit(logits) + (1 - wanted) * log_expit(-logits)).mean())


# The figures of one model.


@pytest.mark.slow
@every_objective
@settings(deadline=None, max_examples=12)
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 30), st.floats(-3, 3))
def test_accuracy_and_loss_by_numpy(objective, seed, scale, lift):
    sets = sets_of(seed=seed % 5)
    logits = saying(sets, seed, scale, lift)
    found = measured(sets, logits, objective)
    for name, one in parts_of(sets).items():
        values, targets = logits[name].numpy().astype(float), one.targets.numpy()
        hits = sum(int(row.argmax()) == target for row, target in zip(values, targets, strict=True))
        interval = binomtest(hits, len(one)).proportion_ci(method="wilson")
        assert found.metrics[f"{name}_accuracy"] == hits / len(one)
        assert found.intervals[f"{name}_accuracy"] == pytest.approx((interval.low, interval.high), abs=1e-12)
        assert found.metrics[f"{name}_loss"] == pytest.approx(
            plain_loss(values, targets, objective), rel=1e-4, abs=1e-6
        )
        np.testing.assert_allclose(found.losses[name], plain_losses(values, targets, objective), rtol=1e-9, atol=1e-12)
        assert name == "retain" or torch.equal(found.logits[name], logits[name])
    assert set(found.metrics) | {"relearn_steps", "seconds"} == set(MODEL_METRICS)


def plain_logistic(members, non_members) -> float:
    """Ten folds written out: each standardized by its own training reviews."""
    losses, truth = np.concatenate([members, non_members]), np.repeat([1, 0], [len(members), len(non_members)])
    scores = []
    for learnt, held in StratifiedKFold(10, shuffle=True, random_state=0).split(losses[:, None], truth):
        middle, width = losses[learnt].mean(), losses[learnt].std()
        model = LogisticRegression(class_weight="balanced").fit(
            ((losses[learnt] - middle) / width)[:, None], truth[learnt]
        )
        guesses = model.predict(((losses[held] - middle) / width)[:, None])
        scores.append(balanced_accuracy_score(truth[held], guesses))
    return float(np.mean(scores))


def plain_true_positives(members, non_members, rate=0.01) -> float:
    shares = [0.0]
    for threshold in members:
        if (non_members <= threshold).mean() <= rate:
            shares.append((members <= threshold).mean())
    return max(shares)


@pytest.mark.parametrize(("objective", "seed"), [("cross_entropy", 0), ("bitwise", 3)])
def test_attacks_by_scikit_learn_on_the_forget_set_and_the_non_members(objective, seed):
    places = np.random.default_rng(seed).permutation(260)[:150]
    sets = sets_of(60, 90, 260, np.sort(places), seed)
    logits = saying(sets, seed, 1.0)
    logits["forget"][range(60), sets.forget.targets] += 1 + seed  # members have lower losses
    found = measured(sets, logits, objective)
    members = plain_losses(logits["forget"].numpy().astype(float), sets.forget.targets.numpy(), objective)
    held = sets.retain_split.validation
    non_members = plain_losses(logits["validation"].numpy().astype(float), held.targets.numpy(), objective)[
        np.sort(places)
    ]
    np.testing.assert_allclose(found.losses["non_members"], non_members, rtol=1e-9, atol=1e-12)
    truth = np.repeat([1, 0], [60, 150])
    area = roc_auc_score(truth, -np.concatenate([members, non_members]))
    assert area > 0.6
    assert found.metrics["attack_auc"] == pytest.approx(area, abs=1e-12)
    assert found.metrics["attack_accuracy"] == pytest.approx(plain_logistic(members, non_members), abs=1e-9)
    assert found.metrics["attack_tpr"] == pytest.approx(plain_true_positives(members, non_members), abs=1e-12)
    low, high = found.intervals["attack_auc"]
    assert low < area < high
    assert "attack_accuracy" not in found.intervals
    assert found.intervals["attack_tpr"] == share_interval(members, non_members, 0.01)
    assert found.missing == {"test_accuracy": evaluation.NO_TEST_PART}


def test_members_with_higher_losses_give_an_area_below_a_half():
    sets = sets_of()
    logits = saying(sets)
    logits["forget"][range(30), sets.forget.targets] -= 6
    assert measured(sets, logits).metrics["attack_auc"] < 0.2


@pytest.mark.parametrize(("forget", "non_members"), [(9, 40), (30, 9), (30, 0)])
def test_an_attack_on_few_reviews_is_missing_with_their_counts(forget, non_members):
    found = measured(sets_of(forget, 50, 40, range(non_members)), saying(sets_of(forget, 50, 40)))
    for name in ("attack_auc", "attack_accuracy", "attack_tpr"):
        assert found.metrics[name] is None
        assert f"there are {forget} members and {non_members} non-members" in found.missing[name]
        assert "at least 10 reviews on each side" in found.missing[name]
        assert name not in found.intervals
    assert found.metrics["forget_accuracy"] is not None


def test_the_share_at_one_percent_needs_a_hundred_non_members():
    for count in (99, 100):
        sets = sets_of(30, 50, count)
        found = measured(sets, saying(sets))
        assert (found.metrics["attack_tpr"] is None) is (count == 99)
        assert found.metrics["attack_auc"] is not None
        if count == 99:
            assert "at least 100 non-members, and there are 99" in found.missing["attack_tpr"]


@pytest.mark.parametrize(
    ("objective", "name", "bad"),
    [
        ("cross_entropy", "forget", math.nan),
        ("bitwise", "retain", math.inf),
        ("cross_entropy", "validation", -math.inf),
    ],
)
def test_outputs_that_are_not_finite_are_missing_for_their_set_alone(objective, name, bad):
    sets = sets_of()
    logits = saying(sets)
    logits[name][3, (int(parts_of(sets)[name].targets[3]) + 1) % CLASSES] = bad
    found = measured(sets, logits, objective)
    for one in SETS:
        gone = one == name
        assert (found.metrics[f"{one}_accuracy"] is None) is (found.metrics[f"{one}_loss"] is None) is gone
        assert (found.missing.get(f"{one}_accuracy"), found.missing.get(f"{one}_loss")) == (
            (NOT_FINITE, NOT_FINITE) if gone else (None, None)
        )
        assert (f"{one}_accuracy" in found.intervals) is not gone


@every_objective
def test_a_loss_beyond_all_numbers_is_missing_with_its_reason(objective):
    sets = sets_of()
    logits = saying(sets)
    logits["retain"] = torch.full((50, CLASSES), -3e38)
    logits["retain"][range(50), (sets.retain.targets + 1) % CLASSES] = 3e38
    found = measured(sets, logits, objective)
    assert found.metrics["retain_accuracy"] == 0
    assert found.metrics["retain_loss"] is None
    assert found.missing["retain_loss"] == LOSS_TOO_LARGE
    row = row_of(found, measured(sets, saying(sets), objective))
    assert (row.metrics["retain_loss"], row.gap("retain_loss")) == (None, None)
    assert row.missing == {"retain_loss": LOSS_TOO_LARGE} | UNTESTED | {
        f"{whose}attack_tpr": row.missing["attack_tpr"] for whose in ("", "retrained_")
    }


# A row: one model beside another.


def test_tow_by_hand():
    """(1 − 0.5)·(1 − 0.1)·(1 − 0.25), whichever of the two knows more."""
    sets = sets_of(30, 50, 40)
    own = measured(sets, naming(sets, {"forget": 0, "retain": 50, "validation": 30}))
    reference = measured(sets, naming(sets, {"forget": 15, "retain": 45, "validation": 20}))
    for row in (row_of(own, reference), row_of(reference, own)):
        assert row.metrics["tow"] == pytest.approx(0.5 * 0.9 * 0.75)
        assert row.gap("tow") == pytest.approx(0.3375 - 1)
    row = row_of(own, reference)
    assert [row.metrics[f"{name}_accuracy"] for name in SETS] == [0, 1, 0.75]
    assert [row.retrained[f"{name}_accuracy"] for name in SETS] == [0.5, 0.9, 0.5]
    assert [row.gap(f"{name}_accuracy") for name in SETS] == pytest.approx([-0.5, 0.1, 0.25])


@pytest.mark.parametrize("seed", range(2))
def test_agreement_and_divergence_by_scipy(seed):
    sets = sets_of(seed=seed)
    sides = [saying(sets, seed), saying(sets, seed + 100, 4.0, 1.0)]
    own, reference = (measured(sets, logits) for logits in sides)
    row = row_of(own, reference)
    for name in BOTH_SETS:
        one, other = (logits[name].numpy().astype(float) for logits in sides)
        pairs = list(zip(one, other, strict=True))
        assert row.metrics[f"{name}_agreement"] == np.mean([a.argmax() == b.argmax() for a, b in pairs])
        apart = np.mean([jensenshannon(softmax(a), softmax(b), base=2) ** 2 for a, b in pairs])
        assert row.metrics[f"{name}_divergence"] == pytest.approx(apart, abs=1e-9)
        assert row.gap(f"{name}_agreement") == row.metrics[f"{name}_agreement"] - 1
        assert row.gap(f"{name}_divergence") == row.metrics[f"{name}_divergence"]


@every_objective
@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1))
@pytest.mark.slow
def test_each_gap_is_own_less_retrained_and_its_sign(objective, seed):
    sets = sets_of(30, 50, 120, seed=seed % 3)
    own, reference = (measured(sets, saying(sets, [seed, side]), objective) for side in (1, 2))
    row = row_of(own, reference)
    for name, ideal in {**row.retrained, **PAIR_METRICS}.items():
        missing = name.startswith("test_")  # of the test part, which there is not
        assert row.gap(name) == (None if missing else row.metrics[name] - ideal)
    assert tuple(row.metrics) == UNLEARNING_METRICS
    assert tuple(row.retrained) == tuple(MODEL_METRICS)
    assert {whose for _, whose in row.intervals} == {"unlearned", "retrained"}
    for (name, whose), ends in row.intervals.items():
        assert ends == (own if whose == "unlearned" else reference).intervals[name]


def test_a_model_like_the_retrained_one_has_the_ideal_figures():
    sets = sets_of(30, 50, 120)
    same = measured(sets, saying(sets))
    row = row_of(same, same, seconds=(2.0, 2.0), relearned=(at(13), at(13)))
    present = [name for name in UNLEARNING_METRICS if name not in UNTESTED]
    assert {name: row.metrics[name] for name in PAIR_METRICS if name in present} == pytest.approx(
        {name: ideal for name, ideal in PAIR_METRICS.items() if name in present}
    )
    assert [row.gap(name) for name in present] == pytest.approx([0] * len(present), abs=1e-12)
    assert row.missing == UNTESTED
    assert (row.over_forgets, row.remembers) == (None, False)  # 30 reviews could hide 5 points


def test_seconds_and_their_ratio():
    sets = sets_of()
    row = row_of(*[measured(sets, saying(sets))] * 2, seconds=(0.5, 4.0))
    assert (row.metrics["seconds"], row.retrained["seconds"]) == (0.5, 4.0)
    assert row.metrics["seconds_ratio"] == 0.125
    assert row.gap("seconds") == -3.5
    assert row.gap("seconds_ratio") == -0.875


NEVER, LOST = TimeToTarget("never", None, None, 1200), TimeToTarget("diverged", None, None, 1200)


@pytest.mark.parametrize(
    ("own", "reference", "steps", "index", "reasons"),
    [
        (at(5), at(20), (5, 20), 0.25, {}),
        (at(30), at(20), (30, 20), 1.5, {}),
        (at(0), at(20), (0, 20), 0.0, {}),
        (at(2), at(9), (2, 9), None, {"anamnesis": "takes 9 steps, and an index of fewer than 10 says little"}),
        (at(2), at(0), (2, 0), None, {"anamnesis": "the retrained model is at the target before any step"}),
        (
            NEVER,
            at(8),
            (None, 8),
            None,
            {
                "relearn_steps": "never reached within 1,200 steps",
                "anamnesis": "does not reach the target within 1,200",
            },
        ),
        (
            at(2),
            NEVER,
            (2, None),
            None,
            {"retrained_relearn_steps": "never reached within 1,200 steps", "anamnesis": "within 1,200 steps"},
        ),
        (
            LOST,
            at(8),
            (None, 8),
            None,
            {"relearn_steps": "training diverged", "anamnesis": "diverges before the target"},
        ),
        (
            "left out",
            "left out",
            (None, None),
            None,
            {"relearn_steps": "left out", "retrained_relearn_steps": "left out", "anamnesis": "left out"},
        ),
    ],
)
def test_relearning_and_why_it_is_missing(own, reference, steps, index, reasons):
    sets = sets_of(30, 50, 120)
    row = row_of(*[measured(sets, saying(sets))] * 2, relearned=(own, reference))
    assert (row.metrics["relearn_steps"], row.retrained["relearn_steps"]) == steps
    assert row.metrics["anamnesis"] == index
    assert set(row.missing) == {*reasons, *UNTESTED}
    for name, reason in reasons.items():
        assert reason in row.missing[name]
    assert row.gap("anamnesis") == (None if index is None else index - 1)
    assert row.gap("relearn_steps") == (None if None in steps else steps[0] - steps[1])


@pytest.mark.parametrize("whose", ["unlearned", "retrained"])
def test_of_outputs_that_are_not_finite_each_missing_figure_has_a_reason(whose):
    sets = sets_of(30, 50, 120)
    broken = {name: torch.full_like(values, math.nan) for name, values in saying(sets).items()}
    fine, bad = measured(sets, saying(sets)), measured(sets, broken)
    row = row_of(*((bad, fine) if whose == "unlearned" else (fine, bad)))
    check_reasons(row)
    assert all(row.metrics[name] is None for name in evaluation.SIMILARITY_METRICS)
    assert row.over_forgets is None
    ten = [f"{name}_{figure}" for name in SETS for figure in ("accuracy", "loss")]
    lost, prefix = (row.metrics, "") if whose == "unlearned" else (row.retrained, "retrained_")
    for name in [*ten, "attack_auc", "attack_accuracy", "attack_tpr"]:
        assert lost[name] is None
        assert row.missing[prefix + name] == NOT_FINITE


def check_reasons(row: UnlearningRow):
    """A figure is a finite number, or None with a reason; nothing that is there has one."""
    for prefix, values in (("", row.metrics), ("retrained_", row.retrained)):
        for name, value in values.items():
            reason = row.missing.get(prefix + name)
            assert (value is None) is bool(reason), prefix + name
            assert value is None or math.isfinite(value), prefix + name
    known = {*UNLEARNING_METRICS, *(f"retrained_{name}" for name in MODEL_METRICS)}
    assert set(row.missing) <= known


# What is kept of each review.


@every_objective
def test_probabilities_and_confidence_of_the_true_class(objective):
    sets = sets_of()
    models = {whose: saying(sets, seed, 2.0) for seed, whose in enumerate(("unlearned", "retrained", "original"))}
    found = {whose: measured(sets, logits, objective) for whose, logits in models.items()}
    row = row_of(found["unlearned"], found["retrained"], found["original"])
    targets = sets.forget.targets.numpy()
    for whose, logits in models.items():
        values = logits["forget"].numpy().astype(float)
        chances = softmax(values, axis=1) if objective == "cross_entropy" else expit(values)
        true = chances[np.arange(30), targets]
        np.testing.assert_allclose(row.probabilities[whose], true, rtol=1e-9)
        np.testing.assert_allclose(row.confidence[whose], np.log(true / (1 - true)), rtol=1e-7, atol=1e-9)
    assert set(row.losses) == {"unlearned", "retrained"}
    for whose, losses in row.losses.items():
        assert set(losses) == {"forget", "retain", "non_members"}
        np.testing.assert_allclose(np.exp(-losses["forget"]), row.probabilities[whose], rtol=1e-5)
        for name in ("retain", "non_members"):
            part_name = "validation" if name == "non_members" else name
            one = parts_of(sets)[part_name]
            expected = plain_losses(models[whose][part_name].numpy().astype(float), one.targets.numpy(), objective)
            np.testing.assert_allclose(losses[name], expected, rtol=1e-5, atol=1e-7)


# A method that gives no model.


def test_a_failed_method_s_row_has_its_reason_and_the_retrained_model_s_figures():
    sets = sets_of(30, 50, 120)
    reference = measured(sets, saying(sets))
    row = failed_row("it broke", reference, method="own", seed=4, seconds=2.5)
    assert (row.method, row.seed, row.over_forgets) == ("own", 4, None)
    assert row.metrics == dict.fromkeys(UNLEARNING_METRICS)
    assert {name: row.missing[name] for name in UNLEARNING_METRICS} == dict.fromkeys(UNLEARNING_METRICS, "it broke")
    assert row.retrained == reference.metrics | {"relearn_steps": None, "seconds": 2.5}
    assert all(row.gap(name) is None for name in UNLEARNING_METRICS)


@pytest.mark.parametrize("non_members", [120, 5])
def test_of_a_failed_method_s_row_the_retrained_model_s_missing_figures_have_reasons(non_members):
    """Neither its relearning nor its attacks have a figure."""
    sets = sets_of(30, 50, 120, range(non_members))
    row = failed_row("it broke", measured(sets, saying(sets)), method="own", seed=4, seconds=2.5)
    check_reasons(row)
