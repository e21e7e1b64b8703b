"""A saved model: loaded it gives the same numbers, and what does not hold together is refused in words."""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from forgetting import Predictor, load_model, make_predictor, randomize, save_model
from forgetting.core.errors import ModelError, RecipeError
from forgetting.experiment.pipeline import make_result, make_trainer, prepare, snapshot, train
from forgetting.experiment.saved import checksums, model_bytes
from forgetting.model.settings import ModelSettings
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, PUBLISHED
from forgetting.studies.sweep import run_sweep

pytestmark = pytest.mark.filterwarnings("ignore:The number of unique classes")
RECIPE = replace(
    MODERN.with_value("training.epochs", 3).with_value("training.by_size", False), model=ModelSettings(hidden=(6, 4))
)


@pytest.fixture(scope="module")
def made(small_reviews):
    """The content of a file, with the split and the model that it was made of."""
    split = prepare(RECIPE, small_reviews)
    trained = train(RECIPE, split)
    return model_bytes(RECIPE, split, trained), split, trained


def header_of(data: bytes) -> dict:
    return json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])


def rewritten(data: bytes, change: Callable[[dict, dict], object], *, forge: bool = True) -> bytes:
    """The file with its metadata and arrays changed in place, and, where it is forged, with checksums that fit."""
    about, arrays = header_of(data)["__metadata__"], dict(load(data))
    change(about, arrays)
    if forge and about.pop("checksums", None):
        about["checksums"] = json.dumps(checksums(about, arrays))
    return save(arrays, about)


def with_header(data: bytes, change: Callable[[dict], object]) -> bytes:
    header = header_of(data)
    change(header)
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data[8 + int.from_bytes(data[:8], "little") :]


@pytest.mark.parametrize("recipe", [RECIPE, PUBLISHED.with_value("seed", 4)], ids=["modern", "published"])
def test_what_follows_a_loaded_model_is_what_follows_the_trained_one(recipe, small_reviews, tmp_path):
    split = prepare(recipe, small_reviews)
    trained = train(recipe, split)
    save_model(tmp_path / "m.safetensors", recipe, split, trained)
    saved = load_model(tmp_path / "m.safetensors")
    again = prepare(saved.recipe, small_reviews)
    restored = saved.restore(again)
    assert saved.lacks == ""
    assert saved.sha256 == small_reviews.sha256
    assert (restored.history, restored.state, restored.steps, restored.seconds) == (
        (trained.history, trained.state, trained.steps, trained.seconds)
    )
    randomizations = [Randomization(("fc1",), 0.4, scheme) for scheme in SCHEMES]
    for each in (
        [recipe] if recipe.protocol == "published" else [replace(recipe, randomization=r) for r in randomizations]
    ):
        assert make_result(each, split, trained).to_dict() == make_result(each, again, restored).to_dict()
    if recipe is RECIPE:
        sweeps = [
            run_sweep(model.model, parts, Sweep(doses=(0.0, 0.5), seeds=1), initial=model.initial)
            for model, parts in ((trained, split), (restored, again))
        ]
        assert sweeps[0].frame.equals(sweeps[1].frame)
        once_more = load(model_bytes(recipe, again, restored))
        assert all(
            np.array_equal(once_more.pop(name), value)
            for name, value in load((tmp_path / "m.safetensors").read_bytes()).items()
        )
        assert not once_more


def test_a_transformer_is_saved_whole_and_predicts_without_its_reviews(small_reviews):
    recipe = MODERN.with_value("training.epochs", 2)
    recipe = replace(recipe, model=ModelSettings(kind="transformer", width=8, heads=2, feedforward=8, max_tokens=4))
    split = prepare(recipe, small_reviews)
    trained = train(recipe, split)
    data = model_bytes(recipe, split, trained)
    saved = load_model(data, "t.safetensors")
    restored = saved.restore(split)
    for ours, theirs in (
        (restored.model.state_dict(), trained.model.state_dict()),
        (restored.initial, trained.initial),
    ):
        assert list(ours) == list(theirs)
        assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    texts = [split.reviews.texts[row] for row in split.validation.rows]
    with torch.no_grad():
        expected = trained.model(split.validation.tokens).softmax(dim=1)
    assert torch.equal(torch.from_numpy(saved.predictor().predict(texts).original.probabilities), expected)
    for key, rule in (("positions.weight", r"shape \(4, 8\)"), ("words.weight", "must have two dimensions")):
        with pytest.raises(ModelError, match=rule):
            load_model(rewritten(data, lambda _, arrays, key=key: arrays.update({key: np.zeros(3, np.float32)})))
    with pytest.raises(ModelError, match=r"layers words, positions, .* and 17 more; these weights"):
        load_model(rewritten(data, lambda _, arrays: arrays.pop("head.bias")))


def test_a_file_of_format_3_is_loaded(made):
    def change(about: dict, _: dict) -> None:
        recipe = json.loads(about["recipe"])
        recipe["model"] = {name: recipe["model"][name] for name in ("hidden", "dropout")}
        del recipe["training"]["optimizer"]
        about.update(format="3", recipe=json.dumps(recipe))

    saved = load_model(rewritten(made[0], change))
    assert saved.recipe == load_model(made[0]).recipe
    assert saved.encoder


def test_a_model_of_other_reviews_than_the_sample_asks_for_their_file(made, small_reviews):
    """As the library trains it: the recipe alone would name the sample."""
    data = load_model(made[0]).recipe.data
    assert (data.source, data.sha256) == ("file", small_reviews.sha256)


def test_a_model_half_trained_stays_half_trained(small_reviews):
    split = prepare(RECIPE, small_reviews)
    trainer = make_trainer(RECIPE, split)
    initial = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    trainer.step()
    saved = load_model(model_bytes(RECIPE, split, snapshot(trainer, initial)))
    assert (saved.state, saved.steps, saved.epochs) == ("running", 1, 1)


def test_a_file_of_an_earlier_version_is_loaded_and_says_what_it_lacks(made, small_reviews):
    trained = made[2]
    recipe = RECIPE.to_dict()
    del recipe["reading"], recipe["split"]["words"], recipe["split"]["stopping"], recipe["data"]["missing"]
    state = {name: np.ascontiguousarray(value) for name, value in trained.model.state_dict().items()}
    earlier = save(state, {"recipe": json.dumps(recipe), "epochs": "3"})
    saved = load_model(earlier, "old.safetensors")
    assert saved.recipe.split.words == "basic"
    assert saved.recipe.data.missing == ()
    assert "initial weights are drawn again" in saved.lacks
    restored = saved.restore(prepare(saved.recipe, small_reviews))
    for name in state:
        assert torch.equal(restored.initial[name], trained.initial[name])
        assert torch.equal(restored.model.state_dict()[name], trained.model.state_dict()[name])
    assert (restored.state, restored.steps, len(restored.history)) == ("finished", trained.steps, 3)
    last = restored.history[-1]
    assert (last.training, last.validation) == (trained.history[-1].training, trained.history[-1].validation)
    assert np.isnan(restored.history[0].training.loss)
    again = load_model(model_bytes(saved.recipe, prepare(saved.recipe, small_reviews), restored))
    assert again.texts["history"][-1] == last
    assert np.isnan(again.texts["history"][0].training.loss)


def format_2(about: dict, arrays: dict) -> None:
    """What the version before wrote of a model."""
    del about["tokenizer"], arrays["idf"], arrays["class_counts"]
    about["format"] = "2"


def test_a_file_of_the_version_before_goes_on_and_predicts_with_its_reviews(made, small_reviews):
    data, split, trained = made
    saved = load_model(rewritten(data, format_2), "old.safetensors")
    assert (saved.encoder, saved.class_counts, saved.lacks) == (None, (), "")
    assert saved.restore(split).history == trained.history
    with pytest.raises(ModelError, match=r"old.*saved by an earlier version.*Give the file .*--reviews"):
        saved.predictor()
    found, expected = (each.predict(small_reviews.texts) for each in (saved.predictor(small_reviews), predictor(data)))
    assert found.to_bytes("json") == expected.to_bytes("json")
    with pytest.raises(RecipeError, match="with SHA-256"):
        saved.predictor(replace(small_reviews, sha256="6" * 64))


def test_a_loaded_model_predicts_without_its_reviews_what_the_trained_one_does(made):
    data, split, trained = made
    texts = [split.reviews.texts[row] for row in split.validation.rows]
    found = predictor(data).predict(texts, Randomization(("fc1",), 0.3, "rewind"))
    model = randomize(trained.model, Randomization(("fc1",), 0.3, "rewind"), initial=trained.initial)
    for each, expected in ((found.original, trained.model), (found.randomized, model)):
        logits = expected(split.validation.inputs)
        assert torch.equal(torch.from_numpy(each.probabilities), logits.softmax(dim=1))
        assert each.numbers.tolist() == logits.argmax(dim=1).tolist()
    expected = make_predictor(RECIPE, split, trained).predict(texts, Randomization(("fc1",), 0.3, "rewind"))
    assert found.original.probabilities.tolist() == expected.original.probabilities.tolist()
    assert (found.largest_class, found.largest_share) == (expected.largest_class, expected.largest_share)


def predictor(data: bytes) -> Predictor:
    return load_model(data).predictor()


def test_an_encoder_that_is_not_of_the_reviews_is_refused(made):
    data, split, _ = made
    for forge in (put("idf", np.full(20, 2, np.float32)), put("tokenizer", "words")):
        with pytest.raises(ModelError, match="document frequencies must be those of its reviews"):
            load_model(rewritten(data, forge)).restore(split)


def test_a_diverged_model_is_not_saved(made):
    _, split, trained = made
    bad = {name: value * np.nan for name, value in trained.model.state_dict().items()}
    model = type(trained.model)(len(split.words), len(split.classes), (6, 4))
    model.load_state_dict(bad)
    with pytest.raises(RecipeError, match=r"finite.*Lower the learning rate"):
        model_bytes(RECIPE, split, replace(trained, model=model))
    with pytest.raises(RecipeError, match=r"finite.*Lower the learning rate"):  # its loss was the first to overflow
        model_bytes(RECIPE, split, replace(trained, state="diverged"))


def set_recipe(name: str, value: object) -> Callable:
    """A change of one setting, which a forger writes as plain JSON."""

    def change(about: dict, _: dict) -> None:
        recipe = json.loads(about["recipe"])
        group, _, leaf = name.rpartition(".")
        (recipe[group] if group else recipe)[leaf] = value
        about["recipe"] = json.dumps(recipe)

    return change


def put(name: str, value: object) -> Callable:
    return lambda about, arrays: (about if isinstance(value, str) else arrays).update({name: value})


def lines(*items: str) -> np.ndarray:
    return np.frombuffer("\n".join(items).encode(), np.uint8)


PARTS = '"training": {"loss": %s, "accuracy": NaN}, "validation": {"loss": NaN, "accuracy": NaN}'
EPOCH = f'{{"epoch": 1, {PARTS}, "seconds": 1}}'
FORGED = {  # what a forger with the right checksums may write, and what is said of it
    "a setting out of bounds": (set_recipe("training.epochs", -1), r"recipe must be one; training\.epochs must be"),
    "an unknown setting": (set_recipe("training.virus", 1), "Unknown setting 'training.virus'"),
    "other layers": (set_recipe("model.hidden", [6]), r"layers fc1, fc2; .* fc3\.bias, fc3\.weight"),
    "other widths": (
        set_recipe("model.hidden", [7, 4]),
        r"fc1\.weight must have the shape \(7, 20\); it has \(6, 20\)",
    ),
    "no recipe": (put("recipe", "[]"), "recipe must be one"),
    "a recipe that is no JSON": (put("recipe", "{" * 50_000), "recipe must be JSON"),
    "another format": (put("format", "99"), "format must be one of 2 to 4; it is '99'. Update the program"),
    "another state": (put("state", "diverged"), "state must be one of ready, running, finished; it is 'diverged'"),
    "no number of steps": (put("steps", "1e400"), "steps must be a number"),
    "negative time": (put("seconds", "-1"), "seconds must be a number"),
    "another file": (put("sha256", "0" * 64), "SHA-256 differ"),
    "no digest": (lambda about, _: about.pop("sha256"), "it lacks sha256"),
    "weights that are not finite": (
        lambda _, arrays: arrays.update({"fc2.bias": np.full(4, np.inf, np.float32)}),
        r"must be finite numbers; some of fc2\.bias are not",
    ),
    "initial weights that are not finite": (
        lambda _, arrays: arrays.update({"initial.fc1.bias": np.full(6, np.nan, np.float32)}),
        "must be finite numbers",
    ),
    "no initial weights": (lambda _, arrays: arrays.pop("initial.fc1.bias"), r"missing or too many: fc1\.bias"),
    "a layer too many": (put("fc9.weight", np.zeros((1, 1), np.float32)), r"too many: fc9\.weight"),
    "a number for a weight": (put("fc1.weight", np.zeros((), np.float32)), "two dimensions"),
    "an empty weight": (put("fc1.weight", np.zeros((6, 0), np.float32)), "needs words and classes"),
    "doubles": (put("fc1.bias", np.zeros(6)), "'fc1.bias' must be of F32; it is of F64"),
    "logits of no shape": (put("training_logits", np.zeros(3, np.float32)), "training_logits must be finite rows"),
    "frequencies of fewer words": (put("idf", np.ones(19, np.float32)), "idf must be 20 finite numbers"),
    "frequencies that are not finite": (put("idf", np.full(20, np.inf, np.float32)), "idf must be 20 finite numbers"),
    "frequencies of more reviews than there are": (put("idf", np.zeros(20, np.float32)), "of at least 1"),
    "no frequencies": (lambda _, arrays: arrays.pop("idf"), "idf must be 20 finite numbers"),
    "another tokenizer": (put("tokenizer", "eval"), "tokenizer must be one of basic, words, characters; it is 'eval'"),
    "half a review": (put("class_counts", np.full(3, 0.5, np.float32)), "class_counts must be 3 whole numbers"),
    "no review": (put("class_counts", np.zeros(3, np.float32)), "class_counts must be 3 whole numbers"),
    "no words": (lambda _, arrays: arrays.pop("words"), "must hold its words"),
    "fewer words": (put("words", lines('"a"')), "words must be 20, as its weights have; they are 1"),
    "words that are lists": (put("words", lines(*['["a"]'] * 20)), r"a line of its words .* '\[\"a\"\]'"),
    "words that never end": (put("words", lines(*['"a'] * 20)), "a line of its words must be JSON"),
    "more epochs than can be": (put("history", lines(*["{}"] * 2_001)), "history must be at most 2,000"),
    "an epoch of another kind": (put("history", lines("7")), "epoch 1 of its history"),
    "an epoch without metrics": (
        put("history", lines('{"epoch": 1, "training": null, "validation": null, "seconds": 1}')),
        "epoch 1 of its history",
    ),
    "a loss beyond any float": (put("history", lines(EPOCH % 10**400)), "epoch 1 of its history"),
    "a last epoch that is unknown": (put("history", lines(EPOCH % 1, EPOCH % 2)), "epoch 1 of its history"),
    "an epoch that grows": (put("history", lines("[" * 5_000)), "a line of its history"),
}


@pytest.mark.parametrize("change", FORGED)
def test_a_forged_file_is_refused_for_what_is_wrong_with_it(made, change):
    forge, message = FORGED[change]
    with pytest.raises(ModelError, match=message) as refused:
        load_model(rewritten(made[0], forge), "m.safetensors")
    assert str(refused.value).startswith("m.safetensors cannot be loaded as a saved model: ")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (set_recipe("training.epochs", 4), "recipe"),
        (put("fc1.bias", np.zeros(6, np.float32)), r"fc1\.bias"),
        (put("words", lines(*(f'"{n}"' for n in range(20)))), "words"),
        (lambda _, arrays: arrays.pop("training_logits", arrays.pop("classes")), "classes"),
        (
            lambda about, arrays: (put("steps", "7")(about, arrays), put("state", "ready")(about, arrays)),
            "state, steps",
        ),
    ],
)
def test_an_edited_file_says_which_of_its_parts_were_changed(made, change, parts):
    with pytest.raises(ModelError, match=f"changed since then: {parts}"):
        load_model(rewritten(made[0], change, forge=False))


HUGE = (2**40).to_bytes(8, "little") + b"{" + b" " * 100
OTHERS = {
    "nothing": (b"", "does not begin as one"),
    "text": (b"review,label\ngood,red\n" * 9, "does not begin as one"),
    "a pickle": (b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n", "a pickle, which may hold code"),
    "a zip archive": (b"PK\x03\x04" + bytes(40), "a zip archive, as torch.save"),
    "a header without end": (HUGE, "header may have at most 4"),
    "a header of 5 MB": ((5_000_000).to_bytes(8, "little") + b"{" + b" " * 5_000_000, "header may have at most 4"),
    "a header that is deep": ((9_000).to_bytes(8, "little") + b'{"a":' + b"[" * 8_995, "header must be JSON"),
    "a header alone": ((2).to_bytes(8, "little") + b"{}", "metadata must hold the recipe"),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_file_of_another_kind_is_refused_as_what_it_is(kind):
    data, message = OTHERS[kind]
    with pytest.raises(ModelError, match=message):
        load_model(data)


def test_a_tensor_that_claims_more_than_there_is_is_refused_before_room_is_made(made):
    def claim(header: dict) -> None:
        header["fc1.weight"]["shape"] = [2**40, 2**20]

    with pytest.raises(ModelError, match="must be whole"):
        load_model(with_header(made[0], claim))
    with pytest.raises(ModelError, match="must be of F32; it is of BF16"):
        load_model(with_header(made[0], lambda header: header["fc1.weight"].update(dtype="BF16")))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_file_is_refused_or_holds_the_same(made, data):
    whole = made[0]
    at = data.draw(st.one_of(st.integers(0, 6_000), st.integers(0, len(whole) - 1)))
    damaged = data.draw(
        st.sampled_from([whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :], whole + whole[:at]])
    )
    with suppress(ModelError):
        found, kept = load_model(damaged), original(whole)
        assert (found.recipe, found.texts, found.state, found.steps) == (
            kept.recipe,
            kept.texts,
            kept.state,
            kept.steps,
        )
        assert all(np.array_equal(found.weights[name], value) for name, value in kept.weights.items())


original = cache(load_model)


def test_a_model_goes_on_only_with_its_own_reviews_words_and_classes(made, small_reviews):
    data, split, _ = made
    saved = load_model(data, "m.safetensors")
    other = replace(split, reviews=replace(small_reviews, sha256="6" * 64))
    with pytest.raises(ModelError, match=r"was trained on .* SHA-256 5{64}, and these have 6{64}\. Give that file"):
        saved.restore(other)
    fewer = replace(split, words=("zzz", *split.words[1:]))
    with pytest.raises(
        ModelError, match=rf"20 words, .*; in the file alone: '{split.words[0]}'; in the reviews alone: 'z"
    ):
        saved.restore(fewer)
    with pytest.raises(ModelError, match="the same in another order"):
        saved.restore(replace(split, classes=split.classes[::-1]))
