"""The accuracy over splits, against splits, models and formulas one by one."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from scipy.stats import t
from study_parts import small_recipe

from forgetting.core.errors import RecipeError
from forgetting.experiment.pipeline import train
from forgetting.metrics.scores import evaluate
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split
from forgetting.studies.splits import SplitAccuracy, accuracy_over_splits, each_split, summarize_splits


def test_each_split_has_a_model_of_its_own(small_split):
    recipe = replace(small_recipe(epochs=5), split=SplitSettings(validation_share=0.25, seed=3))
    first = make_split(small_split.reviews, recipe.split)
    slices = list(accuracy_over_splits(first, recipe, 3))
    assert [] in slices
    found = list(chain.from_iterable(slices))
    assert [one.seed for one in found] == [3, 4, 5]
    for one in found:
        split = make_split(small_split.reviews, replace(recipe.split, seed=one.seed))
        expected = evaluate(train(recipe, split).model, split.validation, "cross_entropy").accuracy
        assert one.accuracy == pytest.approx(expected)
        most = np.bincount(split.training.targets).argmax()
        assert one.majority == pytest.approx((split.validation.targets == most).double().mean().item())
        assert (one.reviews, one.training) == (len(split.validation), len(split.training))
    assert next(each_split(first, recipe, 1))[1] is first
    with pytest.raises(RecipeError, match=r"split\.seed"):
        next(each_split(first, recipe.with_value("split.seed", 2**32 - 1), 2))


def test_the_summary_by_hand():
    found = [SplitAccuracy(seed, value, 0.25, 20, 80) for seed, value in enumerate((0.5, 0.6, None, 0.7))]
    summary = summarize_splits(found)
    error = np.sqrt((1 / 3 + 0.25) * 0.01)
    assert (summary.splits, summary.mean, summary.sd) == (3, pytest.approx(0.6), pytest.approx(0.1))
    assert (summary.low, summary.high) == pytest.approx(
        (max(0.6 - t.ppf(0.975, 2) * error, 0), 0.6 + t.ppf(0.975, 2) * error)
    )
    assert summary.above == pytest.approx((summary.low - 0.25, summary.high - 0.25))
    assert summarize_splits(found[:1]).low is None
    assert (summarize_splits([]).mean, summarize_splits([]).majority) == (None, None)
