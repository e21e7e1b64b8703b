"""What a sanity check concludes, beside separate computations on rows made by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from forgetting.core.errors import RecipeError
from forgetting.metrics.baselines import Baselines
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.explanation import describe_faithfulness
from forgetting.studies.explanation import ExplanationResult, ExplanationRow
from forgetting.studies.sanity_check import (
    SIMILARITIES,
    agreement_curves,
    conclude_faithfulness,
    explanation_curves,
    reference_similarities,
)

REVIEWS = 40
SHARES = {"validation": 0.3}
BASELINES = Baselines(
    0.25, 1.4, SHARES, SHARES, 0.75, None, majority_class=0, majority_balanced_accuracy={"validation": 0.25}
)


def rows_of(left, alone, *, layers="fc1+fc2", attribution="occlusion", dose=1.0, kept=True, agreement=0.5):
    """Rows with the similarities of each review to the original and to the input, (seeds, reviews) each."""
    rows = []
    for seed, pair in enumerate(zip(left, alone, strict=True)):
        for reference, values in zip(("original", "tf_idf"), pair, strict=True):
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
                    metrics=dict.fromkeys(SIMILARITIES, mean) | {"agreement": agreement},
                    by_review=dict.fromkeys(SIMILARITIES, values.astype(np.float32)) if kept else None,
                )
            )
    return rows


def draw(mean, seeds=5, spread=0.1, number=0):
    return np.random.default_rng(number).normal(mean, spread, (seeds, REVIEWS))


@pytest.mark.parametrize(("left", "conclusion"), [(0.1, "follows"), (0.6, "does not follow"), (0.302, "undecided")])
def test_a_method_is_called_so_only_where_it_is_decided(left, conclusion):
    (found,) = conclude_faithfulness(rows_of(draw(left), draw(0.3, number=1)))
    assert found.conclusion == conclusion
    assert (found.seeds, found.reviews) == (5, REVIEWS)
    assert (found.beyond.high < 0, found.beyond.low > 0) == (conclusion == "follows", conclusion == "does not follow")


def test_of_one_seed_it_is_the_paired_t_test_over_reviews():
    left, alone = draw(0.3, seeds=1), draw(0.33, seeds=1, number=1)
    (found,) = conclude_faithfulness(rows_of(left, alone))
    test = stats.ttest_rel(left[0], alone[0])
    assert found.beyond.p == found.adjusted == pytest.approx(test.pvalue, rel=1e-4)
    assert (found.beyond.low, found.beyond.high) == pytest.approx(tuple(test.confidence_interval()), abs=1e-5)
    assert found.left.change == pytest.approx(left.mean(), abs=1e-6)
    assert found.alone == pytest.approx(alone.mean(), abs=1e-6)


def test_where_no_review_is_kept_it_is_the_t_test_over_seeds():
    left, alone = draw(0.3), draw(0.32, number=1)
    (found,) = conclude_faithfulness(rows_of(left, alone, kept=False))
    test = stats.ttest_rel(left.mean(axis=1), alone.mean(axis=1))
    assert found.beyond.p == pytest.approx(test.pvalue)
    assert found.reviews == 0


def test_methods_of_a_layer_set_are_corrected_together_and_others_are_not():
    rows = []
    for number, (layers, attribution) in enumerate([("fc1", "occlusion"), ("fc1", "smoothgrad"), ("fc2", "occlusion")]):
        pair = draw(0.3, seeds=1, number=2 * number), draw(0.33, seeds=1, number=2 * number + 1)
        rows += rows_of(*pair, layers=layers, attribution=attribution)
    first, second, alone = conclude_faithfulness(rows)
    low, high = sorted((first.beyond.p, second.beyond.p))
    assert {first.adjusted, second.adjusted} == {min(2 * low, 1.0), max(min(2 * low, 1.0), high)}
    assert alone.adjusted == alone.beyond.p


def test_reviews_without_an_order_are_left_out_and_without_any_nothing_is_told():
    left, alone = draw(0.1), draw(0.3, number=1)
    left[2, :5] = np.nan
    (found,) = conclude_faithfulness(rows_of(left, alone))
    assert found.reviews == REVIEWS - 5
    assert found.left.change == pytest.approx(left[:, 5:].mean(), abs=1e-6)
    rows = rows_of(np.full((2, REVIEWS), np.nan), alone[:2])
    (nothing,) = conclude_faithfulness(rows)
    assert (nothing.left, nothing.beyond, nothing.conclusion) == (None, None, "undecided")
    assert math.isnan(nothing.adjusted)
    frame = ExplanationResult(None, tuple(rows)).frame
    assert explanation_curves(frame, SIMILARITIES[0]).empty
    assert "Nothing can be compared" in describe_faithfulness([nothing], agreement_curves(frame), BASELINES)


def test_only_the_largest_dose_counts_and_curves_are_medians_over_seeds():
    before = rows_of(np.ones((5, REVIEWS)), draw(0.4), dose=0.0, agreement=1.0)
    after = rows_of(draw(0.1), draw(0.3, number=1))
    frame = ExplanationResult(None, (*before, *after)).frame
    assert conclude_faithfulness([*before, *after]) == conclude_faithfulness(after)
    curves = explanation_curves(frame, SIMILARITIES[0]).set_index("dose")["median"]
    assert curves[1.0] == pytest.approx(np.median(draw(0.1).mean(axis=1)))
    assert agreement_curves(frame)["median"].tolist() == [1.0, 0.5]
    expected = draw(0.3, number=1).mean()
    assert reference_similarities(frame, SIMILARITIES[0]) == {("fc1+fc2", "tf_idf"): pytest.approx(expected)}


@pytest.mark.parametrize(
    ("levels", "said"),
    [
        ((0.1, 0.1, 0.1), "All 3 methods follow the model"),
        ((0.6, 0.6, 0.6), "None of the 3 methods follows the model"),
        ((0.1, 0.1, 0.6), "Gradient × input and occlusion follow the model"),
        ((0.1, 0.6, 0.6), "Occlusion and SmoothGrad do not follow the model"),
        ((0.1, 0.6, 0.302), "Of SmoothGrad it cannot be told"),
    ],
)
def test_the_sentence_names_what_is_decided_beside_its_numbers(levels, said):
    rows = []
    for attribution, level in zip(("gradient_input", "occlusion", "smoothgrad"), levels, strict=True):
        rows += rows_of(draw(level), draw(0.3, number=1), attribution=attribution)
    agreement = agreement_curves(ExplanationResult(None, tuple(rows)).frame)
    text = describe_faithfulness(conclude_faithfulness(rows), agreement, BASELINES)
    assert said in text
    assert "50\u00a0% of the validation reviews (chance is 25\u00a0%)" in text
    assert "5 seeds and 40 reviews, corrected for 3 methods." in text


def test_a_plan_without_methods_is_refused_in_the_words_of_the_control():
    with pytest.raises(RecipeError, match=r"explanation\.attributions must name at least one"):
        MODERN.with_value("explanation.attributions", ())
    assert Explanation(doses=(1.0, 0.0, 1.0)).doses == (0.0, 1.0)
