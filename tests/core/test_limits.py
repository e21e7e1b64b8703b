"""Limits: what is read from the environment, and that each is kept, one above and not at it."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from forgetting.core.errors import DataError, RecipeError
from forgetting.core.limits import Limits, check_limit, limits
from forgetting.data.reviews import Report, Reviews
from forgetting.data.tables import read_table
from forgetting.experiment.pipeline import build_model, make_trainer, prepare, train
from forgetting.model.settings import ModelSettings
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.unlearning.runner import UnlearningRunner

ROOT = Path(__file__).parents[2]
TABLE = "text,label\none two,a\nthree four,b\n"


def allow(monkeypatch, text: str) -> None:
    monkeypatch.setenv("FORGETTING_LIMITS", text)


def test_without_the_variable_the_defaults_are_in_force(monkeypatch):
    monkeypatch.delenv("FORGETTING_LIMITS", raising=False)
    assert limits() == Limits()
    assert limits().bytes == 104_857_600


def test_the_environment_changes_those_it_names(monkeypatch):
    allow(monkeypatch, "rows=7, classes=3,")
    assert limits() == replace(Limits(), rows=7, classes=3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rows", r'must look like "rows=1000000,classes=5000"; got .rows.'),
        ("row=3", "Unknown setting .limits.row."),
        ("rows=none", "limits.rows must be a whole number from 1 to"),
        ("rows=0", "got 0"),
        ("rows=1e6", "got .1e6."),
    ],
)
def test_a_wrong_variable_is_refused(monkeypatch, text, said):
    allow(monkeypatch, text)
    with pytest.raises(RecipeError, match=said):
        limits()


def test_the_browser_is_allowed_files_as_large_as_the_library():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert Limits().bytes <= config["server"]["maxUploadSize"] * 1_000_000 <= 1.01 * Limits().bytes


def test_half_of_the_cores_train_at_once_and_one_at_the_least(monkeypatch):
    for cores, sessions in ((None, 1), (1, 1), (2, 1), (8, 4)):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        assert Limits().training_at_once == sessions
    assert Limits(training=5).training_at_once == 5


def test_a_limit_says_itself_what_came_and_what_to_do():
    check_limit("rows", 250_000, "at most {most}; got {found}.", "Fewer.")
    with pytest.raises(DataError) as error:
        check_limit("rows", 250_001, "at most {most}; got {found}.", "Fewer.")
    assert str(error.value) == "at most 250,000; got 250,001. Fewer."


def test_rows_columns_and_values_of_a_table(monkeypatch):
    for text in ("rows=2", "columns=2", "values=4"):
        allow(monkeypatch, text)
        assert read_table(TABLE.encode()).frame.shape == (2, 2)
    for text, said in (("rows=1", "at most 1 rows"), ("columns=1", "at most 1 columns"), ("values=3", "at most 3 val")):
        allow(monkeypatch, text)
        with pytest.raises(DataError, match=said):
            read_table(TABLE.encode())


def test_megabytes_of_a_file_and_of_what_it_expands_to(monkeypatch):
    allow(monkeypatch, "megabytes=1")
    header = b"text,label\n"
    size = 1024 * 1024 - len(header)
    body = b"word,a\n" * (size // 7) + b"\n" * (size % 7)
    assert len(read_table(header + body).frame) == size // 7
    with pytest.raises(DataError, match="at most 1\u00a0MB"):
        read_table(header + body + b"\n")


def test_classes_and_words_of_the_reviews(monkeypatch, small_reviews):
    split = prepare(MODERN, small_reviews)
    classes = len(split.classes)
    words = {
        word for text in split.reviews.texts for word in _words(text)
    }  # of both parts, rare ones too, which the split's own words are not
    assert len(words) >= len(split.words)
    allow(monkeypatch, f"classes={classes},words={len(words)}")
    assert prepare(MODERN, small_reviews).words == split.words
    allow(monkeypatch, f"classes={classes - 1}")
    with pytest.raises(DataError, match=f"at most {classes - 1} classes apart; {classes} are kept"):
        prepare(MODERN, small_reviews)
    allow(monkeypatch, f"words={len(words) - 1}")
    with pytest.raises(DataError, match=f"at most {len(words) - 1:,} different words"):
        prepare(MODERN, small_reviews)


def _words(text: str) -> set[str]:
    """As scikit-learn's default pattern takes them, written anew: runs of two or more letters, digits and _."""
    apart = "".join(sign if sign.isalnum() or sign == "_" else " " for sign in text.lower())
    return {word for word in apart.split() if len(word) > 1}


def test_parameters_and_activations_of_a_model(monkeypatch, small_reviews):
    split = prepare(MODERN, small_reviews)
    recipe = Recipe().with_value("model.hidden", (5, 4))
    words, classes, reviews = len(split.words), len(split.classes), len(split.training)
    parameters = 5 * words + 5 + 4 * 5 + 4 + classes * 4 + classes
    allow(monkeypatch, f"parameters={parameters},activations={reviews * (5 + 4 + classes)}")
    assert sum(value.numel() for value in build_model(recipe, split).parameters()) == parameters
    allow(monkeypatch, f"parameters={parameters - 1}")
    with pytest.raises(RecipeError, match=f"at most {parameters - 1:,} parameters; one of {words:,} words and "):
        build_model(recipe, split)
    allow(monkeypatch, f"activations={reviews * (5 + 4 + classes) - 1}")
    with pytest.raises(RecipeError, match=r"activations; .* Choose narrower layers"):
        build_model(recipe, split)


def test_the_batches_of_some_epochs_are_those_of_all_reviews(monkeypatch):
    """Without their stopping part they would be few, and one batch."""
    texts = tuple(f"style{row % 11} number{row}" for row in range(1_520))
    reviews = Reviews(texts, tuple(text.split()[0] for text in texts), None, "5" * 64, Report("", "", "", None, 1_520))
    split = prepare(MODERN, reviews)
    allow(monkeypatch, f"activations={128 * (64 + 11)}")
    assert len(split.training) < 1_200 < split.size[0]
    assert make_trainer(MODERN, split, epochs=1).training.batch_size == 128


def test_variants_of_a_sweep(monkeypatch):
    plan = Sweep(layers=("fc1",), doses=(0.0, 1.0), schemes=("zero",), seeds=3)
    allow(monkeypatch, "variants=6")
    assert plan.count(("fc1", "fc2")) == 6
    allow(monkeypatch, "variants=5")
    with pytest.raises(RecipeError, match="at most 5 variants"):
        plan.count(("fc1", "fc2"))


def test_parameters_of_all_models_that_unlearning_keeps(monkeypatch, small_reviews):
    recipe = MODERN.with_value("training.epochs", 2).with_value("unlearning.seeds", 3)
    split = prepare(recipe, small_reviews)
    trained = train(recipe, split)
    kept = 3 * 3 * sum(value.numel() for value in trained.model.parameters())
    allow(monkeypatch, f"models={kept}")
    unlearner = UnlearningRunner(trained, split, recipe)
    with pytest.raises(RecipeError, match=r"3 × 4 seeds × .* Ask for fewer seeds"):
        unlearner.with_settings(recipe.with_value("unlearning.seeds", 4).unlearning)
    allow(monkeypatch, f"models={kept - 1}")
    with pytest.raises(RecipeError, match="Ask for fewer seeds"):
        UnlearningRunner(trained, split, recipe)


def test_a_step_of_a_transformer(monkeypatch, small_reviews):
    """5 words of each of 35 reviews, in batches of 32; 2 × 8 + 2 blocks × (9 × 8 + 2 × 8) numbers for each."""
    recipe = replace(MODERN, model=ModelSettings(kind="transformer", width=8, heads=2, feedforward=8))
    split = prepare(recipe, small_reviews)
    numbers = 32 * 5 * (2 * 8 + 2 * (9 * 8 + 2 * 8))
    allow(monkeypatch, f"activations={numbers}")
    assert train(recipe.with_value("training.epochs", 1), split).steps == 2
    allow(monkeypatch, f"activations={numbers - 1}")
    with pytest.raises(RecipeError, match=f"160 words of the longest reviews × 192 units are {numbers:,}"):
        build_model(recipe, split)
    with pytest.raises(RecipeError, match="smaller batches"):
        build_model(recipe.with_value("training.batch_size", 2_000), split)
