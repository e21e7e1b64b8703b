"""The library's work at the page edge: cached by the content it depends on, bounded, and shared by all visitors.

Caches are keyed by SHA-256 of the data and by recipe; never by names, and never on a data frame. What is cached is
never changed: training on copies it.
"""

import json
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import streamlit as st

from forgetting import datasets, published
from forgetting.checks import DataCheck, check_data
from forgetting.dashboard.session import Learned, Lesson, session
from forgetting.datasets import Reviews, Table
from forgetting.downloads import SHA256, SIZE, is_downloaded
from forgetting.errors import DataError
from forgetting.experiment import (
    Comparison,
    Outcome,
    assess,
    compare,
    make_trainer,
    prepare,
    select,
    snapshot,
    state_of,
)
from forgetting.features import Split
from forgetting.forget_set import Forget, ForgetSets, forget_sets
from forgetting.metrics import Baselines, baselines
from forgetting.randomization import ALL, Randomization
from forgetting.recipe import Recipe


def read_table(data: bytes, name: str) -> Table:
    """An uploaded file as a table. The same bytes are read once for all; the name stays the visitor's own."""
    return replace(_read_table(data, name), source=name)


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={bytes: lambda data: sha256(data).hexdigest()})
def _read_table(data: bytes, _name: str) -> Table:
    return datasets.read_table(data, name=_name)


@st.cache_resource(max_entries=1, show_spinner=False)
def _sample_table() -> Table:
    return datasets.read_table(datasets.SAMPLE, name="synthetic sample")


@st.cache_resource(max_entries=1, show_spinner=False)
def _original_table() -> Table:
    return datasets.read_table(datasets.download_wine_reviews(), name="original file")


def download_original() -> None:
    """Fetch the original file into the cache folder. Raises DataError where it cannot be had."""
    _original_table()


def original_at_hand() -> bool:
    """Whether the original file is here already, downloaded earlier or uploaded now."""
    upload = session().upload
    return bool(upload and upload.sha256 == SHA256) or is_downloaded()


def table() -> Table:
    """The file of the session's recipe. Raises DataError where it is not at hand, saying what to do."""
    data, upload = session().recipe.data, session().upload
    if data.source == "sample":
        return _sample_table()
    if data.source == "original":
        if upload and upload.sha256 == SHA256:
            return upload
        if not is_downloaded():
            raise DataError(
                f"The original file ({SIZE // 1000:,} kB) is not downloaded yet. Download it on the Data page."
            )
        return _original_table()
    if upload is None or (data.sha256 and upload.sha256 != data.sha256):
        name = f"{data.file!r}, SHA-256 {data.sha256[:12]}…" if data.sha256 else "a file"
        raise DataError(f"This experiment is on {name}, which this session does not have. Upload it on the Data page.")
    return upload


def reviews() -> Reviews:
    """The reviews of the session's recipe, before its filters."""
    data, current = session().recipe.data, table()
    found = _reviews(current.sha256, data.text, data.label, current)
    return replace(found, report=replace(found.report, source="reviews"))  # a file's name is not shared


@st.cache_resource(max_entries=8, show_spinner=False)
def _reviews(sha256: str, text: str, label: str, _table: Table) -> Reviews:  # noqa: ARG001 - the key
    return _table.reviews(text or None, label or None)


def split() -> Split:
    """The split of the session's recipe."""
    recipe, found = session().recipe, reviews()
    return _split(_split_key(recipe, found.sha256), recipe, found)


def _split_key(recipe: Recipe, digest: str) -> str:
    """What a split depends on: the bytes of the file, whatever it is called, and a part of the recipe."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    parts = {"data": nameless.to_dict(), "split": recipe.split.to_dict(), "protocol": recipe.protocol}
    return json.dumps(parts, sort_keys=True)


@st.cache_resource(max_entries=8, show_spinner=False)
def _split(key: str, _recipe: Recipe, _reviews: Reviews) -> Split:  # noqa: ARG001 - the key
    return prepare(_recipe, _reviews)


def published_split() -> Split:
    """The split of the published experiment on the original file, which must be at hand."""
    upload = session().upload
    original = upload if upload and upload.sha256 == SHA256 else _original_table()
    return _published_split(original.sha256, original)


@st.cache_resource(max_entries=1, show_spinner=False)
def _published_split(digest: str, _table: Table) -> Split:  # noqa: ARG001 - the key
    return published.published_split(_table.reviews())


def check() -> DataCheck:
    """The data check of the reviews that the recipe keeps, with its split where there can be one."""
    recipe, found = session().recipe, reviews()
    return _check(_split_key(recipe, found.sha256), recipe, found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _check(key: str, _recipe: Recipe, _reviews: Reviews) -> DataCheck:
    try:
        parts = _split(key, _recipe, _reviews)
        return check_data(parts.reviews, validation=parts.validation.rows)
    except DataError:
        return check_data(select(_recipe, _reviews))


def file_check() -> DataCheck:
    """The data check of all reviews of the file, before the recipe's filters."""
    data, found = session().recipe.data, reviews()
    published = session().recipe.protocol == "published" and not data.label
    return _file_check(found.sha256, data.text, data.label, published, found.by_name() if published else found)


@st.cache_resource(max_entries=8, show_spinner=False)
def _file_check(sha256: str, text: str, label: str, named: bool, _reviews: Reviews) -> DataCheck:  # noqa: ARG001
    return check_data(_reviews)


def _trained_key(recipe: Recipe, digest: str) -> str:
    """What a trained model depends on: the recipe without its randomization, and the bytes of the file."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    return replace(recipe.until_trained(), data=nameless).hash


class Store:
    """The last finished models of all visitors, by key, at most `most` of them."""

    def __init__(self, most: int = 16):
        self.most = most
        self.models: OrderedDict[str, Learned] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, key: str) -> Learned | None:
        with self.lock:
            if key in self.models:
                self.models.move_to_end(key)
            return self.models.get(key)

    def put(self, key: str, learned: Learned) -> None:
        with self.lock:
            self.models[key] = learned
            while len(self.models) > self.most:
                self.models.popitem(last=False)


@st.cache_resource(show_spinner=False)
def store() -> Store:
    return Store()


def start_lesson() -> Lesson:
    """Begin to train the session's recipe anew."""
    recipe, parts = session().recipe, split()
    trainer = make_trainer(recipe, parts)
    return Lesson(recipe, parts, reviews().sha256, trainer, state_of(trainer.model))


def keep(lesson: Lesson) -> None:
    """Make a lesson's model, as it stands, the session's; a finished one is shared."""
    learned = Learned(lesson.recipe, lesson.split, snapshot(lesson.trainer, lesson.initial), lesson.sha256)
    session().learned, lesson.kept = learned, lesson.trainer.steps
    if learned.trained.state == "finished":
        nameless = replace(lesson.recipe, data=replace(lesson.recipe.data, source="file", file=""))
        store().put(_trained_key(lesson.recipe, lesson.sha256), replace(learned, recipe=nameless))


def keep_progress() -> None:
    """Keep what the session's lesson has learnt since it was last kept."""
    lesson = session().lesson
    if lesson and lesson.trainer.steps != lesson.kept:
        keep(lesson)


def find_learned() -> Learned | None:
    """The session's model; where that is none or out of date, the right one if anyone trained it before."""
    mine = session()
    if outdated(mine.learned):
        with suppress(DataError):  # without the data there is no other model to find
            if known := store().get(_trained_key(mine.recipe, table().sha256)):
                mine.learned = replace(known, recipe=mine.recipe)
    return mine.learned


def outdated(learned: Learned | Lesson | None) -> bool:
    """Whether there is no model, or it was trained with other settings or data than the recipe now has."""
    if learned is None:
        return True
    recipe = session().recipe
    try:
        digest = table().sha256
    except DataError:
        digest = recipe.data.sha256
    return _trained_key(learned.recipe, learned.sha256) != _trained_key(recipe, digest)


def fitting(learned: Learned) -> Randomization:
    """The session's randomization, of those layers and words that a model has: one out of date may have fewer."""
    randomization, known = session().recipe.randomization, learned.recipe.model.layers
    if randomization.words:
        vocabulary = set(learned.split.words)
        words = tuple(word for word in randomization.words if word in vocabulary)
        return replace(randomization, words=words) if words else replace(randomization, words=(), layers=())
    if randomization.layers == (ALL,):
        return randomization
    return replace(randomization, layers=tuple(name for name in randomization.layers if name in known))


def comparison(learned: Learned) -> Comparison:
    """Before and after for the session's randomization of a model."""
    return _comparison(comparison_key(learned), _compared(learned), learned)


def comparison_key(learned: Learned) -> str:
    """What a comparison depends on: the model and the randomization."""
    return f"{model_key(learned)}:{_compared(learned).randomization}"


def _compared(learned: Learned) -> Recipe:
    published = learned.recipe.protocol == "published"
    return learned.recipe if published else replace(learned.recipe, randomization=fitting(learned))


def model_key(learned: Learned) -> str:
    """What tells a model, as far as it is trained, from all others."""
    return f"{_trained_key(learned.recipe, learned.sha256)}:{learned.trained.steps}"


@st.cache_resource(max_entries=12, show_spinner=False)
def _comparison(key: str, _recipe: Recipe, _learned: Learned) -> Comparison:  # noqa: ARG001 - the key
    original = _outcome(model_key(_learned), _recipe, _learned)
    return compare(_recipe, _learned.split, _learned.trained, original)


@st.cache_resource(max_entries=12, show_spinner=False)
def _outcome(key: str, _recipe: Recipe, _learned: Learned) -> Outcome:  # noqa: ARG001 - the key
    return assess(_recipe, _learned.split, _learned.trained)


def forget_sets_of(learned: Learned) -> ForgetSets:
    """The session's forget set among a model's reviews. Raises ForgettingError where there can be none."""
    forget = session().recipe.forget
    return _forget_sets(f"{_split_key(learned.recipe, learned.sha256)}:{forget}", learned.split, forget)


@st.cache_resource(max_entries=8, show_spinner=False)
def _forget_sets(key: str, _split: Split, _forget: Forget) -> ForgetSets:  # noqa: ARG001 - the key
    return forget_sets(_split, _forget)


def baselines_of(run: Learned | Lesson) -> Baselines:
    """The baselines on the split that a model was, or is being, trained on."""
    return _baselines(_split_key(run.recipe, run.sha256), run.recipe.training.objective, run.split)


@st.cache_resource(max_entries=8, show_spinner=False)
def _baselines(key: str, objective: str, _split: Split) -> Baselines:  # noqa: ARG001 - the key
    return baselines(_split, objective)
