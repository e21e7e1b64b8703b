"""Two runs of the library side by side: paired where the reviews or the seeds are the same, and never otherwise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from run_parts import SWEEP_PLAN, compared_run, swept_run
from scipy.stats import binomtest, ttest_1samp, ttest_ind, ttest_rel
from study_parts import small_recipe

from forgetting.data.reviews import review_key
from forgetting.experiment.pipeline import train
from forgetting.metrics.baselines import compute_baselines
from forgetting.metrics.crossed import crossed_change
from forgetting.metrics.multiplicity import holm
from forgetting.model.settings import SplitSettings
from forgetting.model.split import make_split
from forgetting.tracking.comparison_sentences import describe_run_comparison, describe_tests
from forgetting.tracking.review_differences import compare_predictions, read_predictions
from forgetting.tracking.run_comparison import compare_runs
from forgetting.tracking.run_records import training_run


def by_name(comparison):
    return {metric.name: metric for metric in comparison.metrics}


def test_comparisons_on_the_same_reviews_are_paired(small_split):
    (a, before), (b, after) = compared_run(small_split, fraction=0.2), compared_run(small_split, seed=1)
    found, targets = compare_runs(a, b), small_split.validation.targets
    assert [(item.name, item.a, item.b) for item in found.settings] == [
        ("fraction randomized", "20\u00a0%", "100\u00a0%"),
        ("seed of weights and training", "0", "1"),
    ]
    tested = [metric for metric in found.metrics if metric.adjusted_p is not None]
    raw = {}
    for model in ("original", "randomized"):
        logits = [getattr(result.comparison, model).logits["validation"] for result in (before, after)]
        hits = [(values.argmax(1) == targets).numpy() for values in logits]
        lost, gained = (hits[0] & ~hits[1]).sum(), (hits[1] & ~hits[0]).sum()
        accuracy = by_name(found)[f"validation accuracy, {model}"]
        assert accuracy.change == pytest.approx((gained - lost) / len(targets))
        assert accuracy.method.startswith("paired, 14 reviews: McNemar")
        assert accuracy.a.baselines["chance"] == pytest.approx(1 / 3)
        raw[accuracy.name] = binomtest(int(lost), int(lost + gained)).pvalue if lost + gained else 1.0
        losses = [values.log_softmax(1)[range(14), targets].neg().numpy() for values in logits]
        loss = by_name(found)[f"validation loss, {model}"]
        expected = ttest_rel(losses[1], losses[0])
        assert loss.interval == pytest.approx(tuple(expected.confidence_interval()), rel=1e-4)
        raw[loss.name] = expected.pvalue
    smallest = min(raw, key=raw.get)
    assert by_name(found)[smallest].adjusted_p == pytest.approx(min(1, raw[smallest] * len(tested)), rel=1e-3)
    sentence = describe_run_comparison(found)
    assert "20\u00a0% → 100\u00a0%" in sentence
    said = " ".join(describe_tests(found.metrics))
    assert all(said.count(metric.method) == 1 for metric in found.metrics if metric.method)
    assert ("Shown to differ" in sentence) == any(metric.decided for metric in found.metrics)


def test_what_differs_is_named_in_full_where_its_short_text_is_the_same(small_split):
    a, _ = swept_run(small_split, SWEEP_PLAN)
    doses = [tuple(np.linspace(0, 1, 21).round(2)), (*np.linspace(0, 0.9, 19).round(2), 0.99, 1.0)]
    runs = [replace(a, recipe=a.recipe.with_value("sweep.doses", values)) for values in doses]
    (difference,) = compare_runs(*runs).settings
    assert difference.a != difference.b
    assert difference.b.endswith("0.99,1")


def test_only_reviews_that_both_have_are_paired_and_copies_keep_their_order(small_reviews):
    recipe = small_recipe()
    splits = [make_split(small_reviews, SplitSettings(validation_share=0.25, seed=seed)) for seed in (0, 1)]
    runs, hits = [], []
    for seed, split in enumerate(splits):
        trained = train(recipe, split)
        runs.append(
            training_run(
                recipe.with_value("split.seed", seed), split, trained, compute_baselines(split, "cross_entropy")
            )
        )
        part = split.validation
        right = (trained.model(part.model_inputs).argmax(1) == part.targets).tolist()
        keys = [review_key(split.reviews.texts[row]) for row in part.rows]
        hits.append({(key, keys[:at].count(key)): hit for at, (key, hit) in enumerate(zip(keys, right, strict=True))})
    both = hits[0].keys() & hits[1].keys()
    accuracy = by_name(compare_runs(*runs))["validation accuracy"]
    assert 1 < len(both) < 14
    assert f"paired, {len(both)} reviews of 14 and 14: " in accuracy.method
    assert accuracy.change == pytest.approx(sum(hits[1][key] - hits[0][key] for key in both) / len(both))


def test_runs_of_other_reviews_are_never_paired(small_split):
    (a, _), (b, _) = compared_run(small_split, fraction=0.2), compared_run(small_split)
    found = compare_runs(a, replace(b, data_sha256="6" * 64))
    assert any("different files" in notice for notice in found.notices)
    assert not any(item.method.startswith("paired") for item in found.metrics)
    assert by_name(found)["validation accuracy, randomized"].method.startswith("unpaired")
    harder = replace(b.metrics[1], baselines={"chance": 0.5})
    assert harder.name == "validation accuracy, original"
    other = replace(b, data_sha256="6" * 64, metrics=(harder,))
    assert by_name(compare_runs(a, other))[harder.name].change is None  # as chance is another
    halved = [
        replace(item, baselines=item.baselines | {"chance": 0.5} if "chance" in item.baselines else item.baselines)
        for item in b.metrics
    ]
    other = by_name(compare_runs(a, replace(b, data_sha256="6" * 64, metrics=tuple(halved))))
    assert other["validation macro-F1, original"].change is None  # whose own baselines do not tell the classes
    assert other["validation forgetting beside chance"].change is not None  # which is a share of what is above chance


def test_the_loss_of_another_objective_is_not_that_of_what_is_kept(small_split):
    recipe = small_recipe(objective="bitwise")
    runs = []
    for seed in (0, 1):
        trained = train(replace(recipe, seed=seed), small_split)
        runs.append(training_run(recipe, small_split, trained, compute_baselines(small_split, "bitwise")))
    loss = by_name(compare_runs(*runs))["validation loss"]
    assert (loss.a.value, loss.interval) == (
        next(m.value for m in runs[0].metrics if m.name == "validation loss"),
        None,
    )
    assert by_name(compare_runs(*runs))["validation accuracy"].interval is not None


def test_sweeps_are_compared_over_the_seeds_and_reviews_that_both_have(small_split):
    (a, first), (b, second) = (
        swept_run(small_split, replace(SWEEP_PLAN, schemes=(scheme,))) for scheme in ("reinit", "normal")
    )
    found = compare_runs(a, b)
    hits = []
    for result in (first, second):
        rows = {(row.seed, row.planned_dose): row.hits.unpack()[1] for row in result.rows if row.layers == "fc1"}
        hits.append(np.array([[rows[seed, dose] for dose in SWEEP_PLAN.doses] for seed in range(4)]))
    changes = (hits[1].astype(float) - hits[0]).mean(axis=1)  # (seeds, reviews), of the mean over fractions
    expected = crossed_change(changes.mean(axis=1), changes)
    whole = by_name(found)["mean validation accuracy over fractions, fc1"]
    assert (whole.change, *whole.interval) == pytest.approx((expected.change, expected.low, expected.high))
    assert whole.method == "paired, 4 seeds × 14 reviews: t"
    assert whole.a.baselines["chance"] == pytest.approx(1 / 3)
    loss = by_name(found)["mean validation loss over fractions, fc1"]
    means = [
        result.frame[result.frame["layers"] == "fc1"].groupby("seed")["validation_loss"].mean()
        for result in (first, second)
    ]
    assert loss.interval == pytest.approx(tuple(ttest_1samp(means[1] - means[0], 0).confidence_interval()))
    points = found.points[(found.points["curve"] == "fc1") & (found.points["metric"] == "validation_accuracy")]
    assert points["along"].tolist() == list(SWEEP_PLAN.doses)
    halfway = hits[1][:, 1].astype(float) - hits[0][:, 1]
    expected = crossed_change(halfway.mean(axis=1), halfway)
    assert tuple(points[["change", "low", "high"]].iloc[1]) == pytest.approx(
        (expected.change, expected.low, expected.high)
    )
    assert points["a"].tolist() == pytest.approx(
        first.frame[first.frame["layers"] == "fc1"].groupby("planned_dose")["validation_accuracy"].median().tolist()
    )


def test_other_seeds_are_not_paired(small_split):
    (a, first), (b, second) = (
        swept_run(small_split, SWEEP_PLAN),
        swept_run(small_split, replace(SWEEP_PLAN, seed=50, seeds=3)),
    )
    whole = by_name(compare_runs(a, b))["mean validation loss over fractions, fc1"]
    means = [
        result.frame[result.frame["layers"] == "fc1"].groupby("seed")["validation_loss"].mean()
        for result in (first, second)
    ]
    assert whole.interval == pytest.approx(tuple(ttest_ind(means[1], means[0], equal_var=False).confidence_interval()))
    assert whole.method == "unpaired, 4 and 3 seeds, reviews as given: Welch's t"


@pytest.mark.parametrize(("seed", "paired"), [(1, "paired, 3 seeds × 14 reviews: t"), (2, ""), (3, "")])
def test_seeds_are_paired_where_both_have_most_of_them(small_split, seed, paired):
    (a, _), (b, _) = swept_run(small_split, SWEEP_PLAN), swept_run(small_split, replace(SWEEP_PLAN, seed=seed))
    whole = by_name(compare_runs(a, b))["mean validation accuracy over fractions, fc1"]
    assert whole.method == (paired or "unpaired, 4 and 4 seeds, reviews as given: Welch's t")


def test_of_one_model_in_both_runs_nothing_is_tested(small_split):
    (a, _), (b, _) = compared_run(small_split, fraction=0.2), compared_run(small_split, fraction=0.9)
    for item in compare_runs(a, b).metrics:
        if item.name.startswith("validation") and item.name.endswith(", original"):
            assert (item.change, item.interval, item.missing) == (0.0, None, "the runs do not differ in it")


def test_models_that_do_the_same_are_said_to(small_split):
    a, _ = compared_run(small_split)
    again = replace(a, recipe=a.recipe.with_value("randomization.seed", 9))
    assert describe_run_comparison(compare_runs(a, again)).endswith("Their metrics are the same.")


def test_one_review_in_common_and_other_classes_are_told_from_none(small_split):
    (a, _), (b, _) = compared_run(small_split, fraction=0.2), compared_run(small_split)
    first, second = (read_predictions(run.content)[0] for run in (a, b))
    assert "on one review in common" in compare_predictions(first, second[3:4])[1]
    assert "on no reviews in common" in compare_predictions(first[:2], second[3:4])[1]
    of_one_class = first["class"] == first["class"].iloc[0]
    assert compare_predictions(first[of_one_class], second)[0]  # as both know all classes
    fewer = first.copy()
    fewer.attrs["classes"] = {*fewer["class"].unique()[:2]}
    assert "classes of the reviews are not the same" in compare_predictions(fewer, second)[1]


def test_what_cannot_be_compared_says_why(small_split):
    (a, _), (b, _) = compared_run(small_split, fraction=0.2), swept_run(small_split, SWEEP_PLAN)
    found = compare_runs(a, b)
    assert "different kinds" in found.notices[0]
    assert all(metric.interval or metric.missing for metric in found.metrics)
    empty = compare_runs(replace(a, content=b""), replace(a, content=b"PAR1"))
    assert any("Run it again" in notice for notice in empty.notices)
    assert not any(metric.interval for metric in empty.metrics)
    assert describe_run_comparison(compare_runs(a, a)) == "A and B are the same run."


def test_the_p_values_of_all_metrics_are_corrected_together(small_split):
    (a, _), (b, _) = (swept_run(small_split, replace(SWEEP_PLAN, schemes=(scheme,))) for scheme in ("reinit", "normal"))
    found = compare_runs(a, b)
    adjusted = [metric.adjusted_p for metric in found.metrics if metric.adjusted_p is not None]
    assert len(adjusted) == 4  # two curves, accuracy and loss
    assert pd.Series(adjusted).le(1).all()
    assert holm(adjusted).min() >= min(adjusted)
