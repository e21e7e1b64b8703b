"""Recipe and reviews to result: the same numbers each time, the filters, the refusals, and both protocols."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.seeding import generator
from forgetting.data.reviews import Report, Reviews
from forgetting.experiment.pipeline import (
    build_model,
    compare,
    copy_state,
    make_trainer,
    measure_outcome,
    prepare,
    run,
    select_reviews,
    snapshot,
    train,
    train_published_randomized,
)
from forgetting.metrics.paired import compare_hits
from forgetting.metrics.scores import NOT_FINITE
from forgetting.model.sparse import SparseMatrix
from forgetting.randomization.settings import Randomization
from forgetting.recipe.recipe import MODERN, PUBLISHED, Recipe

pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes")
QUICK = MODERN.with_value("training.epochs", 12)
HALF = replace(QUICK, randomization=Randomization(("fc1",), 0.5, seed=3))


@pytest.mark.parametrize("recipe", [HALF, PUBLISHED, QUICK.with_value("training.batch_size", 16)])
def test_the_same_recipe_gives_the_same_numbers(recipe, small_reviews):
    first, second = (run(recipe, small_reviews) for _ in range(2))
    assert json.dumps(first.to_dict()) == json.dumps(second.to_dict())
    for name, value in first.comparison.model.state_dict().items():
        assert torch.equal(value, second.comparison.model.state_dict()[name])


def test_a_result_as_plain_values(small_reviews):
    result = run(HALF, small_reviews)
    values = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert Recipe.from_dict(values["recipe"]) == HALF
    assert values["recipe_hash"] == HALF.hash
    distinct = {*zip(small_reviews.texts, small_reviews.labels, strict=True)}
    words = len(prepare(HALF, small_reviews).words)
    assert values["data"] == {
        "rows": len(distinct),
        "words": words,
        "classes": 3,
        "sha256": "5" * 64,
        "tokenizer": {"kind": "basic", "uncovered": 0.0, "losing": 0.0, "alike": 0.0, "single": 0.0},
        "without_known_words": {"training": 0, "validation": 0},
    }
    assert values["layers"] == {"fc1": 64 * (words + 1), "fc2": 3 * 65}
    assert values["parameters"] == sum(values["layers"].values()) == result.parameters
    assert (values["epochs"], values["state"]) == (12, "finished")
    for model in ("original", "randomized"):
        for part in ("training", "validation"):
            scores = values[model][part]
            confusion = np.array(scores["confusion"])
            assert scores["reviews"] == confusion.sum()
            assert scores["accuracy"] == pytest.approx(np.trace(confusion) / confusion.sum())
            assert scores["loss"] > 0
            assert 0 < scores["bitwise_accuracy"] <= 1


def test_what_is_compared_is_before_and_after(small_reviews):
    result = run(HALF, small_reviews)
    comparison, split = result.comparison, prepare(HALF, small_reviews)
    for part in ("training", "validation"):
        X = torch.from_numpy(split.parts[part].inputs.to_scipy().toarray())
        for model, outcome in ((result.trained.model, comparison.original), (comparison.model, comparison.randomized)):
            with torch.no_grad():
                logits = (
                    functional.relu(X @ model.fc1.weight.t() + model.fc1.bias) @ model.fc2.weight.t() + model.fc2.bias
                )
            torch.testing.assert_close(outcome.logits[part], logits)
        before, after = comparison.original.scores[part].accuracy, comparison.randomized.scores[part].accuracy
        assert comparison.forgetting[part].value == pytest.approx((before - after) / (before - 1 / 3))
        same = comparison.original.logits[part].argmax(1) == comparison.randomized.logits[part].argmax(1)
        assert comparison.agreement[part].value == pytest.approx(same.double().mean().item())
        targets = split.parts[part].targets
        hits = [outcome.logits[part].argmax(1) == targets for outcome in (comparison.original, comparison.randomized)]
        assert comparison.changes[part] == compare_hits(*(one.numpy() for one in hits))
        for number, change in enumerate(comparison.class_changes(part)):
            assert change == compare_hits(*(one[targets == number].numpy() for one in hits))
            recalls = [outcome.scores[part].recall[number] for outcome in (comparison.original, comparison.randomized)]
            assert change.change == pytest.approx(recalls[1] - recalls[0])
        shown = result.to_dict()
        assert shown["change"][part]["change"] == pytest.approx(after - before)
        assert shown["change"][part]["lost"] == sum(shown["lost"][part])
        assert shown["advantage_over_majority"][part]["change"] == pytest.approx(
            before - result.baselines.majority[part]
        )
    changed = [
        (one != other).sum().item()
        for one, other in zip(result.trained.model.parameters(), comparison.model.parameters(), strict=True)
    ]
    assert comparison.changed_weights == sum(changed)
    changed = result.trained.model.fc1.weight != comparison.model.fc1.weight
    assert 0.4 < changed.double().mean() < 0.6
    assert torch.equal(result.trained.model.fc2.weight, comparison.model.fc2.weight)


@pytest.mark.parametrize(
    ("untouched", "trained"),
    [
        ({"fraction": 0.0}, True),
        ({"layers": ("fc2",), "fraction": 0.001}, True),  # no unit after rounding
        ({"scheme": "noise", "scale": 0.0}, True),
        ({"scheme": "rewind"}, False),  # the weights are those from before training
    ],
)
def test_what_leaves_every_weight_as_it_was_changes_no_weight(small_reviews, untouched, trained):
    recipe = replace(QUICK, randomization=Randomization(**untouched))
    split = prepare(recipe, small_reviews)
    trainer = make_trainer(recipe, split)
    initial = copy_state(trainer.model)
    if trained:
        trainer.advance(seconds=0)
    comparison = compare(recipe, split, snapshot(trainer, initial))
    assert comparison.changed_weights == 0
    for change in comparison.changes.values():
        assert (change.lost, change.gained) == (0, 0)


def test_fraction_zero_and_rewind_at_one(small_reviews):
    intact = run(HALF.with_value("randomization.fraction", 0), small_reviews).comparison
    for part in ("training", "validation"):
        assert intact.forgetting[part].value == intact.divergence[part].value == 0
        assert intact.agreement[part].value == 1
    rewound = run(replace(QUICK, randomization=Randomization(scheme="rewind")), small_reviews)
    start = build_model(QUICK, prepare(QUICK, small_reviews)).state_dict()
    assert all(torch.equal(value, start[name]) for name, value in rewound.comparison.model.state_dict().items())


def test_the_last_row_of_the_history_is_the_originals_scores(small_reviews):
    result = run(QUICK, small_reviews)
    row, scores = result.trained.history[-1], result.comparison.original.scores
    assert len(result.trained.history) == 12
    for part in ("training", "validation"):
        assert getattr(row, part).loss == pytest.approx(scores[part].loss, abs=1e-7)
        assert getattr(row, part).accuracy == pytest.approx(scores[part].accuracy)


def test_progress_counts_epochs(small_reviews):
    calls = []
    run(QUICK, small_reviews, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (12, 12)
    assert calls == sorted(calls)
    quiet = run(QUICK, small_reviews).to_dict()
    assert run(QUICK, small_reviews, progress=lambda *_: None).to_dict() == quiet


LABELS = st.lists(st.sampled_from("aabbccde"), min_size=4, max_size=30)


@settings(deadline=None, max_examples=150)
@given(LABELS, st.booleans(), st.integers(1, 4), st.integers(0, 4), st.integers(0, 20), st.integers(0, 99))
def test_filters_applied_twice_change_nothing(labels, duplicates, least, classes, most, seed):
    reviews = Reviews(tuple(f"text {n % 9}" for n in range(len(labels))), tuple(labels), None, "0" * 64,
                      Report("by hand", "text", "label", None, len(labels)))  # fmt: skip
    data = replace(
        MODERN.data, drop_duplicates=duplicates, min_reviews=least, max_classes=classes, max_reviews=most, seed=seed
    )
    recipe = replace(MODERN, data=data)
    try:
        once = select_reviews(recipe, reviews)
    except DataError:
        return
    twice = select_reviews(recipe, once)
    assert (twice.texts, twice.labels) == (once.texts, once.labels)


def test_refuses_another_file(small_reviews):
    recipe = QUICK.with_value("data.sha256", "a" * 64)
    with pytest.raises(RecipeError, match=f"SHA-256 {'a' * 64}; these reviews .*{'5' * 64}. Use that file, or clear"):
        run(recipe, small_reviews)
    assert run(QUICK.with_value("data.sha256", "5" * 64), small_reviews).data["sha256"] == "5" * 64


def test_refuses_what_the_model_or_the_data_cannot_do(small_reviews):
    with pytest.raises(RecipeError, match="fc7"):
        run(replace(QUICK, randomization=Randomization(("fc7",))), small_reviews)
    with pytest.raises(DataError, match="no name column"):
        run(PUBLISHED, replace(small_reviews, names=None))


def test_refuses_more_logits_than_the_limit(small_reviews, monkeypatch):
    monkeypatch.setenv("FORGETTING_LIMITS", f"logits={54 * 3 - 1}")
    with pytest.raises(DataError, match=r"54 reviews of 3 classes need 162 logits; the limit is 161\. Keep fewer"):
        run(QUICK.with_value("data.drop_duplicates", False), small_reviews)


def with_nan(split):
    inputs = split.training.inputs
    spoilt = SparseMatrix(inputs.offsets, inputs.columns, inputs.values * torch.nan, inputs.shape)
    return replace(split, training=replace(split.training, inputs=spoilt))


def test_diverged_training_leaves_metrics_missing_with_their_reason(small_reviews):
    recipe = replace(QUICK, randomization=Randomization(("fc1",), 0.5))
    split = with_nan(prepare(recipe, small_reviews))
    trained = train(recipe, split)
    assert (trained.state, trained.history) == ("diverged", ())
    comparison = compare(recipe, split, trained)
    for part in ("training", "validation"):
        for outcome in (comparison.original, comparison.randomized):
            assert outcome.scores[part].accuracy is None
            assert outcome.scores[part].missing["accuracy"] == NOT_FINITE
        for name in ("forgetting", "forgetting_above_majority", "agreement", "divergence"):
            ratio = getattr(comparison, name)[part]
            assert ratio.value is None
            assert ratio.missing == NOT_FINITE
        assert comparison.changes[part] is None
        assert comparison.class_changes(part) == []


def test_the_forward_pass_of_mini_batches_can_be_reused(small_reviews):
    recipe = QUICK.with_value("training.reuse_forward_pass", True).with_value("training.batch_size", 16)
    result = run(recipe, small_reviews)
    assert len(result.trained.history) == 12
    assert result.comparison.original.scores["training"].reviews <= result.data["rows"]


def test_an_unstratified_split_of_few_reviews_can_be_run():
    """Wherever the one review of the second class falls, metrics are there or missing with a reason."""
    reviews = Reviews(("red fruit", "red wine fruit", "red fruit wine", "green fruit wine"), ("a", "a", "a", "b"), None,
                      "0" * 64, Report("by hand", "text", "label", None, 4))  # fmt: skip
    recipe = replace(QUICK, split=replace(QUICK.split, stratify=False, min_df=1, validation_share=0.25))
    recipe = recipe.with_value("data.min_reviews", 1)
    for seed in range(6):
        base = run(recipe.with_value("split.seed", seed), reviews).baselines
        assert (base.linear_svc is None) == bool(base.missing)


def test_a_snapshot_is_not_changed_by_training_on(small_reviews):
    split = prepare(QUICK, small_reviews)
    trainer = make_trainer(QUICK, split)
    initial = copy_state(trainer.model)
    trainer.advance(epochs=3)
    taken = snapshot(trainer, initial)
    before = copy_state(taken.model)
    trainer.advance()
    assert len(taken.history) == 3
    assert all(torch.equal(value, before[name]) for name, value in taken.model.state_dict().items())
    assert not torch.equal(taken.model.fc1.weight, trainer.model.fc1.weight)
    assert all(
        torch.equal(taken.initial[name], value) for name, value in build_model(QUICK, split).state_dict().items()
    )


def test_training_a_model_on_copies_it(small_reviews):
    split = prepare(QUICK, small_reviews)
    trained = train(QUICK, split)
    before = copy_state(trained.model)
    again = make_trainer(QUICK, split, trained.model, epochs=2)
    again.advance()
    assert len(again.history) == 2
    assert all(torch.equal(value, before[name]) for name, value in trained.model.state_dict().items())
    assert not torch.equal(again.model.fc1.weight, trained.model.fc1.weight)


def test_published_randomized_model_is_drawn_then_trained(small_reviews):
    """A hand-written run of the published second model, from the same N(0, 1) draws."""
    split = prepare(PUBLISHED, small_reviews)
    trained = train_published_randomized(PUBLISHED, split)
    assert len(trained.history) == 15
    values = torch.cat([value.flatten() for value in trained.initial.values()])
    assert abs(values.mean()) < 0.1
    assert abs(values.std() - 1) < 0.1

    layers = [value.clone().contiguous().requires_grad_() for value in trained.initial.values()]
    adam = torch.optim.Adam(layers, lr=0.001, foreach=False)
    X, y = torch.from_numpy(split.training.inputs.to_scipy().toarray()), split.training.targets
    one_hot = torch.eye(len(split.classes))[y]
    mask = torch.rand(len(y), 64, generator=generator(0, "training", "dropout")) >= 0.5
    losses = []
    for step in range(15):
        hidden = (X @ layers[0].t() + layers[1]).clamp(min=0)
        outputs = (hidden * mask * 2 if step == 0 else hidden) @ layers[2].t() + layers[3]
        loss = functional.binary_cross_entropy_with_logits(outputs, one_hot)
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    np.testing.assert_allclose([row.training.loss for row in trained.history], losses, atol=1e-5)
    scores = measure_outcome(PUBLISHED, split, trained).scores["training"]
    assert scores.loss == pytest.approx(losses[-1], abs=1e-5)
    matches = (outputs.detach().sigmoid() >= 0.5) == one_hot.bool()
    assert scores.bitwise_accuracy == pytest.approx(matches.double().mean().item(), abs=1e-5)


def test_published_run(small_reviews):
    result = run(PUBLISHED, small_reviews)
    comparison = result.comparison
    assert result.data["classes"] == 45
    assert result.data["rows"] == 54
    assert len(comparison.history) == len(result.trained.history) == 15
    for history, outcome in (
        (result.trained.history, comparison.original),
        (comparison.history, comparison.randomized),
    ):
        for part in ("training", "validation"):  # of the training part: the last step's forward pass
            assert getattr(history[-1], part).loss == pytest.approx(outcome.scores[part].loss, abs=1e-6)
    reused = result.trained.training_logits
    after = result.trained.model(prepare(PUBLISHED, small_reviews).training.inputs)
    assert not torch.allclose(reused, after, atol=1e-6)


def test_published_protocol_takes_a_label_of_ones_own(small_reviews):
    assert run(PUBLISHED.with_value("data.label_column", "label"), small_reviews).data["classes"] == 3


def test_ratios_are_numbers_and_a_missing_one_has_its_reason(small_reviews):
    values = run(QUICK, small_reviews).to_dict()
    for part in ("training", "validation"):
        before, after = (values[model][part]["accuracy"] for model in ("original", "randomized"))
        chance = values["baselines"]["chance"]
        assert before > chance
        assert values["forgetting"][part] == pytest.approx((before - after) / (before - chance))
    few = "9 reviews do not show that the original is better than the largest class"
    assert values["beats_trivial"] == {"training": True, "validation": False}
    assert values["missing"] == {"forgetting_above_majority.validation": few}
    untrained = replace(QUICK, training=replace(QUICK.training, epochs=1, learning_rate=1e-6), seed=3)
    values = run(untrained, small_reviews).to_dict()
    for part in ("training", "validation"):
        assert values["original"][part]["accuracy"] < values["baselines"]["chance"]
        assert values["forgetting"][part] is None
        assert "is not above chance" in values["missing"][f"forgetting.{part}"]
