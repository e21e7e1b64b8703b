"""What a sanity check concludes, beside separate computations on rows made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from forgetting.core.errors import RecipeError
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.rank_correlation import RaggedRows
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.explanation import describe_sanity_check
from forgetting.studies.explanation_rows import ExplanationResult, ExplanationRow
from forgetting.studies.sanity_check import (
    CONCLUDED,
    MARGIN,
    SIMILARITIES,
    agreement_curves,
    conclude_sanity_check,
    explanation_curves,
    reference_similarities,
)

REVIEWS = 40
SHARES = {"validation": 0.3}
BASELINES = Baselines(
    0.25, 1.4, SHARES, SHARES, 0.75, None, majority_class=0, majority_balanced_accuracy={"validation": 0.25}
)


def rows_of(
    left, alone, *, layers="fc1+fc2", attribution="occlusion", dose=1.0, kept=True, agreement=0.5, missing=None
):
    """Rows with the similarities of each review to the original and to random × input, (seeds, reviews) each."""
    rows = []
    for seed, pair in enumerate(zip(left, alone, strict=True)):
        for reference, values in zip(("original", "random_input", "tf_idf"), (*pair, pair[1] + 0.2), strict=True):
            known = values[~np.isnan(values)]
            mean = float(known.mean()) if len(known) else None
            rows.append(
                ExplanationRow(
                    layers=layers,
                    dose=dose,
                    scheme="reinit",
                    seed=seed,
                    attribution=attribution,
                    reference=reference,
                    reviews=len(values),
                    compared=len(known),
                    metrics=dict.fromkeys(SIMILARITIES, mean) | {"agreement": agreement, "constant_agreement": 0.4},
                    missing=missing or {},
                    by_review=dict.fromkeys(SIMILARITIES, values.astype(np.float32)) if kept else None,
                )
            )
    return rows


def result_of(rows, *, scheme="reinit", planned=None):
    return ExplanationResult(
        Explanation(scheme=scheme), tuple(rows), planned=planned or len(rows), layers=("fc1", "fc2")
    )


def draw(mean, seeds=5, spread=0.1, number=0):
    return np.random.default_rng(number).normal(mean, spread, (seeds, REVIEWS))


@pytest.mark.parametrize(("left", "conclusion"), [(0.31, "changes"), (0.6, "keeps more"), (0.2, "changes")])
def test_a_method_is_called_so_only_where_it_is_decided(left, conclusion):
    (found,) = conclude_sanity_check(result_of(rows_of(draw(left), draw(0.3, number=1))))
    assert found.conclusion == conclusion
    assert (found.seeds, found.reviews, found.hindrance) == (5, REVIEWS, "")
    assert (found.beyond.high < MARGIN) == (conclusion == "changes")
    wide = rows_of(draw(left, seeds=2, spread=3), draw(0.3, seeds=2, spread=3, number=1))
    assert conclude_sanity_check(result_of(wide))[0].conclusion == "undecided"


SEEDS, EXPLAINED, WORDS, VOCABULARY = 6, 100, 25, 400
HALF = np.arange(VOCABULARY) % 2


def explained(random, make):
    """Rows of explanations that are noise × input: `make` gives each seed's noise from the original's, by word."""
    weights = np.exp(0.4 * random.standard_normal((EXPLAINED, WORDS)))
    columns = np.stack([random.choice(VOCABULARY, WORDS, replace=False) for _ in range(EXPLAINED)])
    lines = RaggedRows(np.arange(EXPLAINED + 1) * WORDS)
    original = random.standard_normal(VOCABULARY)

    def standard(values):
        return lines.standard(lines.ranks(np.abs(values * weights).ravel()[None]))

    similar = [[], []]
    for _ in range(SEEDS):
        variant = standard(make(original, random.standard_normal(VOCABULARY))[columns])
        others = original[columns], random.standard_normal((EXPLAINED, WORDS))
        for found, other in zip(similar, others, strict=True):
            found.append(lines.correlate(standard(other), variant)[0])
    return rows_of(*map(np.stack, similar))


@pytest.mark.parametrize(
    ("make", "conclusion", "at_times"),
    [
        (lambda _, fresh: fresh, "changes", "undecided"),
        (lambda original, _: original, "keeps more", "keeps more"),
        (lambda original, fresh: np.where(HALF, original, fresh), "keeps more", "keeps more"),
        (lambda original, fresh: 0.5 * original + np.sqrt(0.75) * fresh, "keeps more", "undecided"),
    ],
    ids=["noise drawn anew", "noise drawn once", "half of the original's", "a correlation of 0.5"],
)
def test_noise_times_input_is_called_what_it_is(make, conclusion, at_times):
    found = [conclude_sanity_check(result_of(explained(np.random.default_rng(number), make)))[0] for number in range(8)]
    assert {one.conclusion for one in found} <= {conclusion, at_times}
    assert sum(one.conclusion == conclusion for one in found) >= 6


def test_only_all_layers_randomized_wholly_in_a_finished_check_of_several_seeds_are_concluded_from():
    whole = rows_of(draw(0.31), draw(0.3, number=1))
    part = rows_of(draw(0.6), draw(0.3, number=1), layers="fc2")
    before = rows_of(np.ones((5, REVIEWS)), draw(0.4), dose=0.5, agreement=1.0)
    alone = rows_of(draw(0.31, seeds=1), draw(0.3, seeds=1, number=1))
    for result, hindrances in (
        (result_of([*before, *whole, *part]), ["", "part"]),
        (result_of(whole, planned=100), ["unfinished"]),
        (result_of(before), ["never whole"]),
        (result_of(part), ["never whole"]),
        (replace(result_of(whole), layers=()), ["never whole"]),
        (replace(result_of(whole), layers=("fc1", "fc2", "fc3")), ["never whole"]),
        (result_of(whole, scheme="noise"), ["still there"]),
        (result_of(alone), ["one seed"]),
    ):
        found = conclude_sanity_check(result)
        assert [one.hindrance for one in found] == hindrances
        (hollow, *_) = conclude_sanity_check(result, hollow=True)
        assert (hollow.hindrance, hollow.conclusion) == ("hollow", "none")
        for one in [hollow, *found]:
            assert (one.conclusion == "none") == bool(one.hindrance)
            text = describe_sanity_check([one], agreement_curves(result.frame), BASELINES)
            assert ("with the model" in text) == (one.hindrance == "")
            assert "rank correlation of strengths" in text


def test_the_interval_beyond_is_the_paired_t_test_over_reviews_at_the_level_of_so_many_methods():
    left, alone = draw(0.3, seeds=1), draw(0.33, seeds=1, number=1)
    pair = rows_of(left, alone), rows_of(left, alone, attribution="smoothgrad")
    test = stats.ttest_rel(left[0], alone[0])
    for methods, rows in enumerate((pair[0], [*pair[0], *pair[1]]), start=1):
        found = conclude_sanity_check(result_of(rows))[0]
        expected = test.confidence_interval(1 - 0.05 / methods)
        assert (found.beyond.low, found.beyond.high) == pytest.approx(tuple(expected), abs=1e-5)
        assert found.left.change == pytest.approx(left.mean(), abs=1e-6)
        assert found.references["random_input"] == pytest.approx(alone.mean(), abs=1e-6)


def test_where_no_review_is_kept_it_is_the_t_test_over_seeds():
    left, alone = draw(0.3), draw(0.32, number=1)
    (found,) = conclude_sanity_check(result_of(rows_of(left, alone, kept=False)))
    test = stats.ttest_rel(left.mean(axis=1), alone.mean(axis=1))
    assert (found.beyond.low, found.beyond.high) == pytest.approx(tuple(test.confidence_interval()))
    assert found.reviews == 0


def test_reviews_without_an_order_are_left_out_and_without_any_the_reason_is_told():
    left, alone = draw(0.1), draw(0.3, number=1)
    left[2, :5] = np.nan
    (found,) = conclude_sanity_check(result_of(rows_of(left, alone)))
    assert found.reviews == REVIEWS - 5
    assert found.left.change == pytest.approx(left[:, 5:].mean(), abs=1e-6)
    rows = rows_of(np.full((2, REVIEWS), np.nan), alone[:2], missing={CONCLUDED: "the outputs are not finite"})
    (nothing,) = conclude_sanity_check(result_of(rows))
    assert (nothing.left, nothing.beyond, nothing.conclusion) == (None, None, "none")
    frame = result_of(rows).frame
    assert explanation_curves(frame, SIMILARITIES[0]).empty
    text = describe_sanity_check([nothing], agreement_curves(frame), BASELINES)
    assert text == "Nothing can be compared: the outputs are not finite."


def test_only_the_largest_dose_counts_and_curves_are_medians_over_seeds():
    before = rows_of(np.ones((5, REVIEWS)), draw(0.4), dose=0.0, agreement=1.0)
    after = rows_of(draw(0.1), draw(0.3, number=1))
    frame = result_of([*before, *after]).frame
    assert conclude_sanity_check(result_of([*before, *after])) == conclude_sanity_check(result_of(after))
    curves = explanation_curves(frame, SIMILARITIES[0]).set_index("dose")["median"]
    assert curves[1.0] == pytest.approx(np.median(draw(0.1).mean(axis=1)))
    assert agreement_curves(frame)["median"].tolist() == [1.0, 0.5]
    expected = draw(0.3, number=1).mean()
    assert reference_similarities(frame, SIMILARITIES[0]) == {
        ("fc1+fc2", "random_input"): pytest.approx(expected),
        ("fc1+fc2", "tf_idf"): pytest.approx(expected + 0.2),
    }


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ((0.31, 0.31, 0.31), "All 3 methods change with the model"),
        ((0.6, 0.6, 0.6), "All 3 methods keep more of the original's explanation"),
        ((0.31, 0.31, 0.6), "Gradient × input and occlusion change with the model"),
        ((0.31, 0.6, 0.6), "Occlusion and SmoothGrad keep more"),
        ((0.31, 0.6, None), "Of SmoothGrad it cannot be told"),
    ],
)
def test_the_sentence_names_what_is_decided_beside_its_numbers(levels, said):
    rows = []
    for attribution, level in zip(("gradient_input", "occlusion", "smoothgrad"), levels, strict=True):
        left = draw(0.3, spread=4) if level is None else draw(level)
        rows += rows_of(left, draw(0.3, number=1), attribution=attribution)
    agreement = agreement_curves(result_of(rows).frame)
    text = describe_sanity_check(conclude_sanity_check(result_of(rows)), agreement, BASELINES)
    assert said in text
    assert "50\u00a0% of the validation reviews (chance is 25\u00a0%, always naming" in text
    assert "most frequent class has 40\u00a0%)." in text
    assert f"TF-IDF alone {draw(0.3, number=1).mean() + 0.2:.2f}" in text
    assert "5 seeds and 40 reviews, corrected for 3 methods." in text
    assert ("necessary and not sufficient" in text) == (0.31 in levels)


def test_a_plan_without_methods_is_refused_in_the_words_of_the_control():
    with pytest.raises(RecipeError, match=r"explanation\.attributions must name at least one"):
        MODERN.with_value("explanation.attributions", ())
    assert Explanation(doses=(1.0, 0.0, 1.0)).doses == (0.0, 1.0)
