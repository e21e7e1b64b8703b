"""What tells unlearned from retrained models: of logits made by hand, of which the answer is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from forgetting.metrics.crossed import CrossedChange
from forgetting.metrics.multiplicity import benjamini_hochberg
from forgetting.model.split import Part, Split
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.unlearning import describe_unlearning
from forgetting.studies.time_to_target import TimeToTarget
from forgetting.unlearning import contrasts, evaluation
from forgetting.unlearning.evaluation import compare_with_retraining, evaluate_unlearned
from forgetting.unlearning.forget_set import ForgetSets
from forgetting.unlearning.membership import Attack, loss_threshold_attack
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import UnlearningRow

CLASSES, FORGET, RETAIN, VALIDATION, TEST = 4, 40, 120, 80, 60
EVERY_FACTOR = pytest.mark.parametrize("factor", [0.5, 0.37, 3.0])
EVERY_CHOICE = pytest.mark.parametrize("by_class", [False, True])


@pytest.fixture(autouse=True)
def _one_attack(monkeypatch):
    """The others take most of the time, and nothing here asks for them."""
    others = dict.fromkeys(("attack_accuracy", "attack_tpr"), lambda *_: Attack(None, missing="left out"))
    monkeypatch.setattr(evaluation, "ATTACKS", {"attack_auc": loss_threshold_attack} | others)


def sets_of(by_class: bool, test: bool = False) -> ForgetSets:
    """by_class: the forget set is class 3, of which 20 validation reviews are the non-members."""
    numbers = np.random.default_rng(0)

    def part(name: str, count: int, classes: int = CLASSES) -> Part:
        return Part(name, torch.from_numpy(numbers.integers(0, classes, count)), np.arange(count))

    forget, retain, validation = part("forget", FORGET), part("retain", RETAIN), part("validation", VALIDATION)
    non_members = np.arange(VALIDATION)
    if by_class:
        forget.targets[:], retain.targets[:] = 3, retain.targets % 3
        validation.targets[:20], validation.targets[20:] = 3, validation.targets[20:] % 3
        non_members = np.arange(20)
    others = Part("non_members", validation.targets[non_members], validation.rows[non_members])
    tested = part("test", TEST) if test else None
    split = Split(retain, validation, (), tuple("abcd"), None, test=tested)
    return ForgetSets(forget, retain, others, split)


def world(sets: ForgetSets, seed: int, known=1.0, hard: int = 99) -> dict[str, torch.Tensor]:
    """Logits of one model by part. Each review has a difficulty of its own, the same for all models; of a forgotten
    class no model knows any."""
    numbers, common = np.random.default_rng([hard, seed]), np.random.default_rng(hard)
    split, logits = sets.retain_split, {}
    parts = {"forget": sets.forget, "retain": sets.retain, "validation": split.validation, "test": split.test}
    for name, part in parts.items():
        if part is None:
            continue
        values = numbers.normal(size=(len(part), CLASSES)) * 0.3
        lift = known + common.normal(size=len(part)) + (4 if name == "retain" else 0)
        kept = np.isin(part.targets.numpy(), sets.retain.targets.numpy())
        values[np.arange(len(part)), part.targets.numpy()] += np.where(kept, lift, lift - 5)
        logits[name] = torch.from_numpy(values.astype(np.float32))
    return logits


def lowered(sets: ForgetSets, logits: dict, by: float) -> dict:
    """The true class of the forgotten reviews less likely; of a forgotten class, in all its reviews."""
    changed = {name: values.clone() for name, values in logits.items()}
    changed["forget"][torch.arange(FORGET), sets.forget.targets] -= by
    if not np.isin(3, sets.retain.targets):
        changed["validation"][:, 3] -= by
    return changed


def row_of(sets, own: dict, reference: dict, seed: int = 0, method: str = "fine_tune", steps=(12, 12)) -> UnlearningRow:
    retrained = evaluate_unlearned(reference.__getitem__, sets, "cross_entropy")
    models = evaluate_unlearned(own.__getitem__, sets, "cross_entropy", retrained), retrained
    times = tuple(TimeToTarget("reached", count, count, 100) for count in steps)
    return compare_with_retraining(*models, models[1], method=method, seed=seed, seconds=(1.0, 1.0), relearned=times)


def rows_of(sets, change, seeds=5, method="fine_tune", **options) -> list[UnlearningRow]:
    """change: makes a method's logits of those of a retrained model, not the one that it is compared with."""
    return [
        row_of(sets, change(world(sets, seed)), world(sets, 100 + seed), seed, method, **options)
        for seed in range(seeds)
    ]


def scaled(logits: dict, factor: float) -> dict:
    return {name: values * factor for name, values in logits.items()}


def result_of(sets, *rows: UnlearningRow) -> UnlearningResult:
    return UnlearningResult(MODERN, sets, tuple(rows), 10, len(rows))


# Over-forgetting.


@EVERY_FACTOR
@EVERY_CHOICE
def test_a_cooler_or_warmer_retraining_does_not_over_forget(by_class, factor):
    """It names every review as before. The rule that looked at the forget loss alone was wrong of it."""
    sets = sets_of(by_class)
    same = [row_of(sets, scaled(world(sets, seed), factor), world(sets, seed), seed) for seed in range(5)]
    assert all(row.metrics["tow"] == 1 for row in same)
    assert all(abs(row.gap("forget_loss")) > 0.1 for row in same)
    other = rows_of(sets, lambda logits: scaled(logits, factor))
    for rows in (same, other, same[:1]):  # two models may differ by the luck of training
        assert contrasts.over_forgets(rows) is not True
        assert contrasts.remembers(rows) is not True
    assert abs(contrasts.loss_excess(same).change) < 1e-3
    assert contrasts.over_forgets(same) is not True


@EVERY_FACTOR
@EVERY_CHOICE
def test_what_is_pushed_below_retraining_is_over_forgotten_at_any_temperature(by_class, factor):
    sets = sets_of(by_class)
    rows = rows_of(sets, lambda logits: scaled(lowered(sets, logits, 4.0), factor))
    assert contrasts.over_forgets(rows) is True
    assert contrasts.over_forgets(rows[:1]) is True
    assert result_of(sets, *rows).over_forgets("fine_tune") is True


def test_a_model_that_knows_every_review_less_does_not_over_forget():
    """Its forget accuracy lies far below that of retraining, as does that of unseen reviews."""
    sets = sets_of(by_class=False)

    def destroy(logits: dict) -> dict:
        return {name: torch.roll(values, 1, dims=1) for name, values in logits.items()}

    rows = rows_of(sets, destroy)
    assert contrasts.accuracy_contrast(rows, "forget").high < -0.3
    assert contrasts.over_forgets(rows) is not True


def test_of_a_forgotten_class_the_other_classes_are_the_yardstick():
    sets = sets_of(by_class=True)
    assert not sets.unseen[:20].any()
    assert sets.unseen[20:].all()
    assert sets_of(by_class=False).unseen.all()


def test_without_a_best_temperature_losses_decide_nothing():
    sets = sets_of(by_class=False)
    flat = {name: torch.zeros_like(values) for name, values in world(sets, 0).items()}
    row = row_of(sets, flat, world(sets, 1))
    assert row.scaled_losses["unlearned"] == {}
    assert contrasts.loss_excess([row]) is None


# The attack.


def test_the_attack_counts_beside_that_on_retrained_models():
    """Where the forgotten reviews are harder for every model, an area below 0.5 is nothing that a method did."""
    sets = sets_of(by_class=False)

    def harder(logits: dict) -> dict:
        return lowered(sets, logits, 1.0)

    rows = [row_of(sets, harder(world(sets, seed)), harder(world(sets, 100 + seed)), seed) for seed in range(5)]
    assert all(row.retrained["attack_auc"] < 0.4 for row in rows)
    assert contrasts.remembers(rows) is False
    assert contrasts.over_forgets(rows) is not True
    # A method that brings the area back to 0.5 has not forgotten.
    back = [row_of(sets, world(sets, seed), harder(world(sets, 100 + seed)), seed) for seed in range(5)]
    assert all(abs(row.metrics["attack_auc"] - 0.5) < 0.15 for row in back)
    assert contrasts.remembers(back) is True


def test_a_failed_seed_leaves_the_others():
    sets = sets_of(by_class=False)
    rows = rows_of(sets, lambda logits: lowered(sets, logits, -3.0))
    failed = replace(rows[0], metrics=dict.fromkeys(rows[0].metrics), losses={}, hits={}, scaled_losses={})
    assert result_of(sets, *rows[1:], failed).remembers("fine_tune") is True


# What is decided, and how many are tried.


@pytest.mark.parametrize(
    ("low", "high", "p", "sign", "expected"),
    [
        (0.02, 0.3, 0.02, 1, True),
        (-0.02, 0.3, 0.2, 1, None),
        (-0.08, 0.08, 1.0, 1, False),  # shown to be under 0.1
        (-0.3, -0.02, 0.02, 1, False),
        (-0.3, -0.02, 0.02, -1, True),
        (0.02, 0.3, 0.02, -1, False),
        (0.001, 0.002, 0.001, 1, False),  # one of the last digits, however certain
    ],
)
def test_a_change_is_there_is_not_or_cannot_be_told(low, high, p, sign, expected):
    change = CrossedChange((low + high) / 2, low, high, p, 5)
    assert contrasts.decide(change, 0.1, sign) is expected
    assert contrasts.decide(None, 0.1, sign) is None
    if expected is True:
        assert contrasts.decide(change, 0.1, sign, p=0.06) is not True


def test_more_methods_make_each_conclusion_harder():
    """Holm's correction over the candidates; neither the original nor exact retraining is one of them."""
    sets = sets_of(by_class=False)
    slight = rows_of(sets, lambda logits: lowered(sets, logits, -0.9), 2)
    p = contrasts.area_contrast(slight).p
    assert 0.01 < p <= 0.05  # so that one alone is a finding, and one of six is none
    alone = result_of(sets, *slight)
    nothing = [rows_of(sets, lambda logits: logits, 2, name) for name in ("scrub", "eu_k", "cf_k", "a", "b")]
    among = result_of(sets, *slight, *(row for rows in nothing for row in rows))
    yardsticks = [replace(row, method=name) for name in ("original", "retrain") for row in slight]
    beside = result_of(sets, *slight, *yardsticks)
    assert (alone.remembers("fine_tune"), beside.remembers("fine_tune")) == (True, True)
    assert among.remembers("fine_tune") is not True
    assert (set(beside.conclusions["remembers"]), beside.remembers("original")) == ({"fine_tune"}, None)


def test_the_table_is_corrected_over_the_candidates_and_the_yardsticks_each_alone():
    sets = sets_of(by_class=False)
    rows = [
        *rows_of(sets, lambda logits: logits, 3, "retrain"),
        *rows_of(sets, lambda logits: lowered(sets, logits, -4.0), 3, "original"),
        *rows_of(sets, lambda logits: lowered(sets, logits, 4.0), 3, "scrub"),
    ]
    gaps = result_of(sets, *rows).gaps.dropna(subset=["p"])
    tested = {*contrasts.RETRAINED_CONTRASTS, *contrasts.REFERENCE_CONTRASTS}
    assert set(gaps[gaps["method"] == "scrub"]["metric"]) == tested
    assert set(gaps[gaps["method"] == "retrain"]["metric"]) == set(contrasts.RETRAINED_CONTRASTS)
    for _, of_method in gaps.groupby("method"):
        assert of_method["adjusted_p"].to_numpy() == pytest.approx(benjamini_hochberg(of_method["p"]))
    line = gaps[(gaps["method"] == "scrub") & (gaps["metric"] == "forget_loss")].iloc[0]
    assert line["change_low"] < line["change"] < line["change_high"]
    assert line["adjusted_p"] < 0.05


# The nearest, and how soon a model relearns.


def test_the_nearest_has_ties_and_a_claim_of_the_test_part():
    sets = sets_of(by_class=False, test=True)
    rows = [
        *rows_of(sets, lambda logits: logits, 3, "scrub"),
        *rows_of(sets, lambda logits: logits, 3, "eu_k", steps=(11, 12)),
        *rows_of(sets, lambda logits: {name: -values for name, values in logits.items()}, 3, "cf_k"),
    ]
    nearest = result_of(sets, *rows).nearest
    assert {nearest.method, *nearest.ties} == {"scrub", "eu_k"}
    assert (nearest.among, nearest.equal, nearest.original_ties) == (3, False, False)
    row = next(row for row in rows if row.method == nearest.method)
    gaps = [abs(row.gap(f"{name}_accuracy")) for name in ("forget", "retain", "test")]
    assert row.metrics["test_tow"] == pytest.approx(np.prod([1 - gap for gap in gaps]))
    assert nearest.test_tow == pytest.approx(np.median([made.metrics["test_tow"] for made in rows[:3]]))
    without = result_of(sets_of(by_class=False), *rows_of(sets_of(by_class=False), lambda logits: logits)).nearest
    assert (without.test_tow, without.ties) == (None, ())


def test_of_one_method_and_of_equal_ones_none_is_nearest():
    sets = sets_of(by_class=False)
    alike = [rows_of(sets, lambda logits: logits, 3, name) for name in ("original", "scrub", "eu_k", "cf_k")]
    found = result_of(sets, *itertools.chain(*alike))
    assert (found.nearest.equal, found.nearest.original_ties) == (True, True)
    line = describe_unlearning(found).split("\n")[1]
    assert line.startswith("All 3 methods come equally near")
    assert line.endswith("The original, which forgets nothing, cannot be told from them either.")
    line = describe_unlearning(result_of(sets, *alike[1])).split("\n")[1]
    assert line.startswith("How near SCRUB comes")
    assert "earest" not in line


def test_tow_s_terms_are_its_slopes_by_the_reviews():
    """Each review left out in turn changes ToW by what its term says, to first order."""
    sets = sets_of(by_class=False)
    rows = [row_of(sets, lowered(sets, world(sets, 1), 3.0), world(sets, 2))]
    (tow,), terms = contrasts._tow_terms(rows, "validation")
    for name, term in zip(("forget", "retain", "validation"), terms, strict=True):
        for place in range(5):
            hits = {model: found | {name: np.delete(found[name], place)} for model, found in rows[0].hits.items()}
            less = contrasts._tow_terms([replace(rows[0], hits=hits)], "validation")[0][0]
            assert less - tow == pytest.approx(-term[0, place] / (term.shape[1] - 1), abs=1e-9)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [([(2, 12), (3, 14), (2, 13)], True), ([(12, 12), (13, 12), (11, 12)], False), ([(5, 12), (8, 12), (6, 12)], None)],
)
def test_whether_a_model_relearns_soon(steps, expected):
    sets = sets_of(by_class=False)
    rows = [row_of(sets, world(sets, 1), world(sets, 2), seed, steps=pair) for seed, pair in enumerate(steps)]
    assert contrasts.relearns_soon(rows) is expected


def test_no_index_of_few_steps():
    sets = sets_of(by_class=False)
    row = row_of(sets, world(sets, 1), world(sets, 2), steps=(1, 3))
    assert (row.metrics["relearn_steps"], row.retrained["relearn_steps"]) == (1, 3)
    assert row.metrics["anamnesis"] is None
    assert "takes 3 steps" in row.missing["anamnesis"]
    assert contrasts.relearns_soon([row]) is None
    assert contrasts.steps_contrast([row]).change == -2
    there = row_of(sets, world(sets, 1), world(sets, 2), steps=(0, 0))
    for made, reason in ((row, "takes under 10 steps."), (there, "is already there before any step.")):
        assert describe_unlearning(result_of(sets, made)).endswith(f"fine-tuning, as a retrained model {reason}")
    one = row_of(sets, world(sets, 1), world(sets, 2), steps=(1, 1))
    assert "takes 1 step," in one.missing["anamnesis"]
