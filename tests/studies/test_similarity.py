"""Activations, maps and similarity by fraction, beside numpy's matrices, scikit-learn's PCA and single variants."""

import copy
import dataclasses
from dataclasses import replace

import numpy as np
import pytest
import torch
from metric_parts import cka_by_kernels
from sklearn.decomposition import PCA
from study_parts import small_recipe, trained_small, trained_transformer

from forgetting.core.errors import RecipeError
from forgetting.core.seeding import second_seed
from forgetting.experiment.pipeline import make_trainer, snapshot, train
from forgetting.metrics.crossed import crossed_change
from forgetting.metrics.scores import NOT_FINITE
from forgetting.metrics.similarity import ALL_ALIKE
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.explanation import Explanation
from forgetting.studies.activations import NO_PLANE, activation_places, draw_reviews, layer_activations, map_activations
from forgetting.studies.similarity import count_rows, run_similarity, similarity_slices

HIDDEN = (6, 4)
PLAN = Explanation(layers=("down", "each", "fc1+fc3"), doses=(0.0, 0.4, 1.0), seeds=3, seed=5)


def activations(model, inputs) -> dict[str, np.ndarray]:
    """What each layer hands on, by numpy in double precision."""
    values, found = inputs.to_scipy().toarray().astype(float), {}
    layers = dict(model.named_children())
    for name, layer in layers.items():
        values = values @ layer.weight.detach().numpy().astype(float).T + layer.bias.detach().numpy()
        values = found[name] = values if name == list(layers)[-1] else np.maximum(values, 0)
    return found


@pytest.fixture(scope="module")
def original(small_split):
    return trained_small(small_split, HIDDEN)


@pytest.fixture(scope="module")
def result(original, small_split):
    recipe, done = original
    return run_similarity(done, small_split, PLAN, recipe=recipe)


def test_activations_are_those_of_plain_matrices(original, small_split):
    _, done = original
    inputs = small_split.validation.inputs
    found = layer_activations(done.model, inputs)
    for name, values in activations(done.model, inputs).items():
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    np.testing.assert_array_equal(found["fc3"], done.model(inputs).detach())
    assert list(found) == ["fc1", "fc2", "fc3"]
    assert all((found[name] >= 0).all() for name in ("fc1", "fc2"))


def test_a_map_is_that_of_a_pca_fitted_to_the_original_alone(original, small_split):
    _, done = original
    inputs = small_split.training.inputs
    moved = randomize(done.model, Randomization(layers=("fc1",), fraction=0.5, seed=1))
    before, after = (layer_activations(model, inputs) for model in (done.model, moved))
    for name, values in before.items():
        found = map_activations(values, after[name])
        known = PCA(2, svd_solver="full").fit(values.astype(float))
        np.testing.assert_allclose(found.original, known.transform(values), atol=1e-9)
        np.testing.assert_allclose(found.randomized, known.transform(after[name]), atol=1e-9)
        np.testing.assert_allclose(found.held, known.explained_variance_ratio_, atol=1e-9)
        inside = known.transform(after[name]).var(axis=0).sum() / after[name].astype(float).var(axis=0).sum()
        assert found.held_after == pytest.approx(inside)
        steps = np.sqrt(((after[name].astype(float) - values) ** 2).sum(axis=1))
        assert found.moved == pytest.approx(np.median(steps) / np.sqrt(values.astype(float).var(axis=0).sum()))


def test_a_map_of_one_unit_or_of_no_difference():
    draws = np.random.default_rng(0)
    one = draws.standard_normal((9, 1))
    found = map_activations(one, np.ones((9, 1)))
    np.testing.assert_allclose(found.original[:, 0], one[:, 0] - one.mean())
    np.testing.assert_allclose(found.held, [1, 0], atol=1e-12)
    assert (found.original[:, 1] == 0).all()
    assert found.held_after is None
    assert map_activations(np.full((9, 3), 0.1), draws.standard_normal((9, 3))) == NO_PLANE
    for bad in (np.nan, np.inf):
        broken = draws.standard_normal((9, 3))
        broken[1, 1] = bad
        assert map_activations(broken, np.ones((9, 3))) == map_activations(np.eye(9, 3), broken) == NOT_FINITE


def test_a_large_part_is_sampled(small_split):
    part = small_split.training
    np.testing.assert_array_equal(draw_reviews(part), np.arange(len(part)))
    some = draw_reviews(part, 10)
    assert len(set(some.tolist())) == 10
    assert (np.diff(some) > 0).all()
    np.testing.assert_array_equal(some, draw_reviews(part, 10))


def test_each_row_is_that_of_a_variant_of_its_own(original, result, small_split):
    """Each variant randomized by itself and pushed through plain matrices, its CKA by whole kernels."""
    recipe, done = original
    inputs = small_split.validation.inputs
    before = activations(done.model, inputs)
    assert len(result.rows) == result.planned == count_rows(PLAN, ("fc1", "fc2", "fc3"))
    for row in result.rows:
        if row.model == "independent":
            model = train(replace(recipe, seed=second_seed(row.seed)), small_split).model
        else:
            chosen = Randomization(
                layers=tuple(row.layers.split("+")), fraction=row.dose, scheme=PLAN.scheme, seed=row.seed
            )
            model = randomize(done.model, chosen)
        for name, values in activations(model, inputs).items():
            found = row.similarity[name]
            if found.value is None:  # every unit of the layer may be 0 for all reviews
                assert found.missing == ALL_ALIKE
                assert np.ptp(values, axis=0).max() < 1e-4
            else:
                assert found.value == pytest.approx(cka_by_kernels(before[name], values), abs=1e-4)
    assert {row.layers for row in result.rows} == {"", "fc3", "fc2+fc3", "fc1+fc2+fc3", "fc1", "fc2", "fc1+fc3"}


def test_what_no_set_reaches_stays_1_and_what_several_do_alike_is_concluded_once(result):
    table = result.frame
    np.testing.assert_allclose(table.loc[table["dose"] == 0, "cka"], 1)
    np.testing.assert_allclose(table.loc[(table["layers"] == "fc3") & (table["layer"] != "fc3"), "cka"], 1)
    pairs = {(change.layers, change.layer) for change in result.changes}
    assert pairs <= {("fc1", "fc1"), ("fc1", "fc2"), ("fc1", "fc3"), ("fc2", "fc2"), ("fc2", "fc3"), ("fc3", "fc3")} | {
        ("fc2+fc3", "fc3"),
        ("fc1+fc3", "fc3"),
        ("fc1+fc2+fc3", "fc2"),
        ("fc1+fc2+fc3", "fc3"),
    }
    by_seed = table.set_index(["model", "layers", "layer", "seed", "dose"]).sort_index()["cka"]
    for found in result.changes:
        differences = [
            by_seed["randomized", found.layers, found.layer, seed, 1.0]
            - by_seed["independent", "", found.layer, seed].item()
            for seed in PLAN.sweep.replicates
        ]
        known = crossed_change(np.array(differences)[np.isfinite(differences)])
        assert found.change == known
        assert found.adjusted_p >= known.p


def test_a_study_stopped_after_any_part_has_bands_of_what_is_there(original, small_split):
    recipe, done = original
    rows = []
    for found in similarity_slices(done, small_split, PLAN, recipe=recipe):
        rows += found
        if len(rows) > 1:
            break
    whole = run_similarity(done, small_split, PLAN, recipe=recipe)
    for count in (0, 1, len(rows)):
        part = dataclasses.replace(whole, rows=tuple(rows[:count]))
        assert part.changes == ()
        assert len(part.curves) == (3 * (count - 1) if count > 1 else 0)
        assert set(part.independent) == ({"fc1", "fc2", "fc3"} if count else set())


def test_beside_a_model_that_was_stopped_stand_models_that_are_trained_as_long(small_split):
    recipe = small_recipe(HIDDEN)
    trainer = make_trainer(recipe, small_split)
    initial = copy.deepcopy(trainer.model.state_dict())
    for _ in range(3):
        trainer.step()
    plan = replace(PLAN, seeds=1, doses=(1.0,))
    found = run_similarity(snapshot(trainer, initial), small_split, plan, recipe=recipe)
    other = make_trainer(replace(recipe, seed=second_seed(plan.seed)), small_split)
    for _ in range(3):
        other.step()
    inputs = small_split.validation.inputs
    first, second = (activations(model, inputs) for model in (trainer.model, other.model))
    for name, measured in found.rows[0].similarity.items():
        assert measured.value == pytest.approx(cka_by_kernels(first[name], second[name]), abs=1e-4)
    assert found.export()[2]["epochs_trained"] == len(trainer.history)


def test_a_model_that_is_not_finite_has_no_similarity(original, small_split):
    recipe, done = original
    broken = replace(done, model=randomize(done.model, Randomization(fraction=0.0)))
    with torch.no_grad():
        broken.model.fc2.bias[0] = torch.nan
    found = run_similarity(broken, small_split, replace(PLAN, seeds=1), recipe=recipe)
    for row in found.rows:
        assert row.similarity["fc1"].value is not None or row.similarity["fc1"].missing == ALL_ALIKE
        for name in ("fc2", "fc3"):
            assert (row.similarity[name].value, row.similarity[name].missing) == (None, NOT_FINITE)


def test_what_does_not_fit_is_refused_at_once(original, small_split):
    recipe, done = original
    with pytest.raises(RecipeError, match=r"explanation\.layers must be layers of the model"):
        similarity_slices(done, small_split, replace(PLAN, layers=("fc9",)), recipe=recipe)
    with pytest.raises(RecipeError, match="published"):
        similarity_slices(done, small_split, PLAN, recipe=replace(recipe, protocol="published"))


def test_a_transformer_is_looked_into_where_a_part_has_added_its_share(small_reviews):
    recipe, split, done = trained_transformer(small_reviews)
    model, tokens = done.model, split.validation.tokens
    found = layer_activations(model, tokens)
    places = activation_places(recipe.model.layers)
    assert list(found) == list(places)
    assert places["blocks.0.attention"][-1] == "blocks.0.attention.output"
    assert places["blocks.1.feedforward"] == recipe.model.layers[:-2]
    np.testing.assert_allclose(found["head"], model(tokens).detach(), atol=1e-6)
    for row, (start, end) in enumerate(zip(tokens.offsets[:-1], tokens.offsets[1:], strict=True)):
        vectors = model.words.weight[tokens.ids[start:end]] + model.positions.weight[: end - start]
        np.testing.assert_allclose(found["embedding"][row], vectors.mean(0).detach(), atol=1e-6)


def test_each_row_of_a_transformer_is_that_of_a_variant_of_its_own(small_reviews):
    recipe, split, done = trained_transformer(small_reviews)
    plan = Explanation(layers=("down:words+positions+blocks+norm+head", "each:blocks.*"), doses=(0.0, 1.0), seeds=1)
    result = run_similarity(done, split, plan, recipe=recipe)
    before = layer_activations(done.model, split.validation.tokens)
    names = {row.layers for row in result.rows}
    assert names >= {"", "head", "norm+head", "blocks.0", "words+positions+blocks+norm+head"}
    for row in result.rows:
        if row.model == "randomized":
            chosen = Randomization(tuple(row.layers.split("+")), row.dose, plan.scheme, seed=row.seed)
            after = layer_activations(randomize(done.model, chosen), split.validation.tokens)
            for place, values in after.items():
                assert row.similarity[place].value == pytest.approx(cka_by_kernels(before[place], values), abs=2e-3)
    assert {change.layer for change in result.changes} <= set(before)
