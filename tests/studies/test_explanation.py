"""The sanity check of attributions against a plain loop of `randomize`, `attribute` and scipy."""

import pickle
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from scipy.stats import entropy, spearmanr
from study_parts import trained_small, trained_transformer

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import generator
from forgetting.metrics.comparisons import measure_agreement, measure_divergence
from forgetting.model.attribution import attribute
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part
from forgetting.model.token_attribution import sum_by_word
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.recipe import PUBLISHED
from forgetting.studies import explanation
from forgetting.studies.explanation import COMPLEXITY_BINS, explanation_slices, run_explanation
from forgetting.studies.explanation_rows import BY_REVIEW, EXPLANATION_COLUMNS, EXPLANATION_METRICS, REFERENCES

PLAN = Explanation(layers=("down", "each"), doses=(0.0, 0.4, 1.0), seeds=2, seed=3, top=2, samples=4)


def by_hand(model, split, plan, initial, layers, dose, seed, method, reference):
    """The numbers of each review, one at a time, from the variant made alone."""
    variant = randomize(model, Randomization(tuple(layers.split("+")), dose, plan.scheme, seed=seed), initial=initial)
    inputs = split.validation.inputs
    with torch.no_grad():
        classes = model(inputs).argmax(dim=1)

    def values_of(one) -> np.ndarray:
        options = {"samples": plan.samples, "noise": plan.noise, "seed": plan.seed}
        return attribute(one, inputs, classes, method, **options).values.numpy()

    draws = torch.randn(len(inputs.values), generator=generator(seed, "explanation", "random"), dtype=torch.float64)
    training = split.training.inputs.to_scipy()
    references = {
        "original": lambda: values_of(model),
        "random": draws.numpy,
        "random_input": lambda: draws.numpy() * inputs.values.numpy(),
        "tf_idf": inputs.values.numpy,
        "word_frequency": lambda: (training != 0).mean(axis=0).A1[inputs.columns],
    }
    first, second, offsets = references[reference](), values_of(variant), inputs.offsets
    found = {name: [] for name in BY_REVIEW}
    for start, end in pairwise(offsets):
        one, other = first[start:end], second[start:end]
        found["rank_correlation"].append(spearmanr(one, other).statistic)
        found["absolute_rank_correlation"].append(spearmanr(np.abs(one), np.abs(other)).statistic)
        tops = [set(np.argsort(-np.abs(values))[: plan.top]) for values in (one, other)]
        found["top_overlap"].append(len(tops[0] & tops[1]) / plan.top)
    pairs = [
        [
            entropy(np.histogram(values[start:end].astype(float), COMPLEXITY_BINS)[0])
            for values in (values_of(model), second, references["random_input"]())
        ]
        for start, end in pairwise(offsets)
    ]
    return found, np.array(pairs), variant


@pytest.mark.filterwarnings("ignore:An input array is constant")
@pytest.mark.parametrize("hidden", [(5,), (4, 3)])
def test_rows_are_those_of_one_variant_at_a_time(small_split, hidden):
    recipe, done = trained_small(small_split, hidden)
    result = run_explanation(done.model, small_split, PLAN, recipe=recipe, initial=done.initial)
    sets = PLAN.sweep.sets(tuple(name for name, _ in done.model.named_children()))
    assert len(result.rows) == result.planned == len(sets) * 3 * 2 * len(ATTRIBUTIONS) * len(REFERENCES)
    checked = set()
    for row in result.rows[:: 13 if len(hidden) == 1 else 61]:
        if row.reference == "linear_svm":
            continue
        found, pairs, variant = by_hand(
            done.model, small_split, PLAN, done.initial, row.layers, row.dose, row.seed, row.attribution, row.reference
        )
        checked.add((row.attribution, row.reference))
        for name in ("rank_correlation", "absolute_rank_correlation"):
            np.testing.assert_allclose(row.by_review[name], found[name], atol=1e-6)
            assert row.compared == np.isfinite(row.by_review["rank_correlation"]).sum() <= row.reviews == 14
            assert row.metrics[name] == pytest.approx(np.nanmean(found[name]), abs=1e-6)
        told = ~np.isnan(row.by_review["top_overlap"])
        np.testing.assert_allclose(row.by_review["top_overlap"][told], np.array(found["top_overlap"])[told], atol=1e-6)
        assert row.metrics["complexity"] == pytest.approx(pairs[:, 1].mean(), abs=1e-6)
        assert row.metrics["complexity_before"] == pytest.approx(pairs[:, 0].mean(), abs=1e-6)
        rise = ((pairs[:, 1] - pairs[:, 0]) / pairs[:, 0]).mean()
        assert row.metrics["complexity_rise"] == pytest.approx(rise, abs=1e-6)
        inputs = small_split.validation.inputs
        with torch.no_grad():
            logits = done.model(inputs), variant(inputs)
        assert row.metrics["agreement"] == pytest.approx(measure_agreement(*logits).value)
        assert row.metrics["complexity_random"] == pytest.approx(pairs[:, 2].mean(), abs=1e-6)
        same = np.bincount(logits[0].argmax(1).numpy())
        assert row.metrics["constant_agreement"] == same.max() / same.sum()
        assert row.metrics["divergence"] == pytest.approx(measure_divergence(*logits).value, abs=1e-6)
    assert len(checked) == len(ATTRIBUTIONS) * (len(REFERENCES) - 1) or len(hidden) > 1
    for row in result.rows:
        if row.dose == 0 and row.reference == "original":
            assert [row.metrics[name] for name in BY_REVIEW] == pytest.approx([1, 1, 1])
            assert (row.metrics["complexity_rise"], row.metrics["agreement"]) == (0, 1)
    frame = result.frame
    assert list(frame.columns) == EXPLANATION_COLUMNS
    assert frame["rank_correlation"].tolist() == [row.metrics["rank_correlation"] for row in result.rows]
    assert result.to_bytes("csv").count(b"\n") == len(frame) + 1


def test_the_linear_svm_is_explained_by_its_weights(small_split):
    from sklearn.svm import LinearSVC

    recipe, done = trained_small(small_split)
    plan = replace(PLAN, layers=("fc2",), doses=(0.0,), seeds=1, attributions=("gradient_input",))
    rows = run_explanation(done.model, small_split, plan, recipe=recipe).rows
    (row,) = (row for row in rows if row.reference == "linear_svm")
    training, inputs = small_split.training, small_split.validation.inputs
    svm = LinearSVC(dual=False, random_state=0).fit(training.inputs.to_scipy(), training.targets.numpy())
    with torch.no_grad():
        classes = done.model(inputs).argmax(dim=1)
    ours = attribute(done.model, inputs, classes, "gradient_input").values.numpy()
    expected = []
    for number, dense in enumerate(inputs.to_scipy().toarray()):
        columns = inputs.columns[inputs.offsets[number] : inputs.offsets[number + 1]].numpy()
        weights = svm.coef_[classes[number]] - svm.coef_.mean(axis=0)
        values = ours[inputs.offsets[number] : inputs.offsets[number + 1]]
        expected.append(spearmanr(values, (dense * weights)[columns]).statistic)
    np.testing.assert_allclose(row.by_review["rank_correlation"], expected, atol=1e-6)
    assert row.metrics["rank_correlation"] > 0.5  # both know the task


def test_slices_workers_and_other_plans_give_the_same_rows(small_split, monkeypatch):
    def at_workers(function, shared, tasks, **_):
        return (function(pickle.loads(pickle.dumps(shared)), task) for task in tasks)

    monkeypatch.setattr(explanation.parallel, "run_tasks", at_workers)
    recipe, done = trained_small(small_split)
    slices = list(explanation_slices(done.model, small_split, PLAN, recipe=recipe))
    assert len(slices) == PLAN.seeds * len(PLAN.doses)
    rows = [row for part in slices for row in part]
    apart = list(explanation_slices(done.model, small_split, PLAN, recipe=recipe, jobs=2))
    assert [row for part in apart for row in part] == rows
    for one, other in zip(rows, (row for part in apart for row in part), strict=True):
        assert all(one.by_review[name].tobytes() == other.by_review[name].tobytes() for name in BY_REVIEW)
    alone = replace(PLAN, seeds=1, seed=4, attributions=("occlusion",))
    found = run_explanation(done.model, small_split, alone, recipe=recipe).rows
    assert list(found) == [row for row in rows if row.seed == 4 and row.attribution == "occlusion"]


def with_validation(split, matrix: np.ndarray):
    part = split.validation
    inputs = SparseMatrix.from_scipy(csr_matrix(matrix.astype(np.float32)))
    return replace(split, validation=Part(inputs, part.targets[: len(matrix)], part.rows[: len(matrix)]))


def test_what_reviews_do_not_define_is_missing_with_its_reason(small_split):
    recipe, done = trained_small(small_split)
    plan = replace(PLAN, layers=("fc2",), doses=(0.0, 1.0), seeds=1, top=3)
    dense = np.zeros((3, 20))
    dense[1, 4] = 1  # no known word, and one
    for extra, compared in ((0, 0), (2, 1)):  # and words of which two are ranked, but no three stand out
        dense[2, :extra] = 0.7
        rows = run_explanation(done.model, with_validation(small_split, dense), plan, recipe=recipe).rows
        for row in rows:
            if row.reference in ("original", "random"):
                assert (row.reviews, row.compared) == (3, compared)
                assert (row.metrics["rank_correlation"] is None) == (not compared)
            assert row.metrics["top_overlap"] is None
            assert "more than 3 known words" in row.missing["top_overlap"]
            assert row.metrics["agreement"] is not None
            assert {name for name, value in row.metrics.items() if value is None} == set(row.missing)
        assert not compared or any(
            "no review has two known words" in row.missing.get("rank_correlation", "") for row in rows
        )


def test_a_model_that_is_not_finite_has_no_numbers(small_split):
    recipe, done = trained_small(small_split)
    broken = randomize(done.model, Randomization(("fc2",), 0.0))
    with torch.no_grad():
        broken.fc2.weight[0, 0] = torch.nan
    plan = replace(PLAN, layers=("each",), doses=(0.0, 1.0), seeds=1)
    for row in run_explanation(broken, small_split, plan, recipe=recipe).rows:
        assert set(row.missing) == set(EXPLANATION_METRICS)
        assert set(row.missing.values()) == {"the model's outputs are not finite numbers"}
        assert set(row.metrics.values()) == {None}
        assert row.compared == 0


def test_of_many_reviews_some_are_explained_and_their_numbers_may_be_kept_at_the_largest_dose_alone(
    small_split, monkeypatch
):
    recipe, done = trained_small(small_split)
    monkeypatch.setattr(explanation, "MOST_EXPLAINED", 6)
    monkeypatch.setattr(explanation, "KEPT_MEMORY", 0)
    plan = replace(PLAN, layers=("fc1",), doses=(0.0, 1.0), seeds=1)
    chosen = explanation.explained_reviews(done.model, small_split, plan)
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    rows = run_explanation(done.model, small_split, plan, recipe=recipe).rows
    part = small_split.validation
    few = Part(part.inputs.rows(chosen), part.targets[chosen], part.rows[chosen.numpy()])
    assert run_explanation(done.model, replace(small_split, validation=few), plan, recipe=recipe).rows == rows
    assert {row.reviews for row in rows} == {6}
    assert {(row.dose, row.by_review is None) for row in rows} == {(0.0, True), (1.0, False)}
    assert all(values.shape == (6,) for row in rows if row.by_review for values in row.by_review.values())


def test_what_does_not_fit_is_refused_before_the_first_row(small_split, monkeypatch):
    recipe, done = trained_small(small_split)

    def refused(plan=PLAN, recipe=recipe, match=""):
        with pytest.raises(RecipeError, match=match):
            explanation_slices(done.model, small_split, plan, recipe=recipe)

    refused(recipe=PUBLISHED, match="Use the modern protocol")
    refused(replace(PLAN, layers=("fc9",)), match="explanation.layers must be layers of the model")
    refused(replace(PLAN, scheme="rewind"), match="needs the weights from before training")
    monkeypatch.setattr(explanation, "MEMORY", 1_000)
    refused(match=r"Keep fewer words \(split.max_words\)")


def test_a_row_of_a_transformer_is_that_of_its_words_in_one_variant(small_reviews):
    recipe, split, done = trained_transformer(small_reviews)
    plan = replace(
        PLAN, layers=("blocks.0", "all"), doses=(0.5,), seeds=1, attributions=("occlusion", "gradient_input")
    )
    result = run_explanation(done.model, split, plan, recipe=recipe, initial=done.initial)
    part = split.validation
    with torch.no_grad():
        classes = done.model(part.tokens).argmax(dim=1)
    rows = [row for row in result.rows if row.reference == "original"]
    assert [row.layers for row in rows[::2]] == ["blocks.0", "words+positions+blocks+norm+head"]
    for row in rows:
        chosen = Randomization(tuple(row.layers.split("+")), 0.5, plan.scheme, seed=plan.seed)
        both = [
            sum_by_word(attribute(model, part.tokens, classes, row.attribution).values, part.tokens, part.inputs)
            for model in (done.model, randomize(done.model, chosen))
        ]
        found = [
            spearmanr(*(values[start:end] for values in both)).statistic for start, end in pairwise(part.inputs.offsets)
        ]
        np.testing.assert_allclose(row.by_review["rank_correlation"], found, atol=1e-5)
