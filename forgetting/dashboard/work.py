"""The library's work at the page edge: shared by all visitors through the content it depends on.

Keys are made of the SHA-256 of the data and of the recipe; never of names, and never of a data frame. What is shared is
never changed: training on copies it.
"""

import json
import threading
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from weakref import WeakSet

import streamlit as st

from forgetting import datasets, published
from forgetting.checks import DataCheck, check_data
from forgetting.dashboard.session import Learned, Lesson, session
from forgetting.dashboard.shared import Shared, shared
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
from forgetting.features import Split, number_classes, split_rows
from forgetting.forget_set import Forget, ForgetSets, forget_sets
from forgetting.limits import check_limit
from forgetting.metrics import Baselines, baselines
from forgetting.randomization import ALL, Randomization
from forgetting.reading import Columns
from forgetting.recipe import MODERN, Recipe


def read_table(data: bytes, name: str) -> Table:
    """An uploaded file as a table. The same bytes are read once for all; the name stays the visitor's own.

    One file is read at a time, as each may take much memory, and what it leaves is only known then. Raises DataError
    where it cannot be read, and where the uploads of all visitors would take too much memory.
    """
    key = sha256(data).hexdigest()
    with _READING:
        if _read_table.shared.get(key) is None:
            _check_uploads(name, len(data))
        found = replace(_read_table(key, data, name), source=name)
        _IN_USE.add(found.judged)
        try:
            _check_uploads(name)
        except DataError:
            _read_table.shared.drop(key)
            raise
    return found


_READING = threading.Lock()
_IN_USE: WeakSet[Columns] = WeakSet()  # of the files that any session has; all tables of a file have the same


@shared(most=1)
def _read_table(data: bytes, name: str) -> Table:
    return datasets.read_table(data, name=name)


def _check_uploads(name: str, more: int = 0) -> None:
    """Raise DataError where the files that are held, and so many bytes more, are too much together."""
    held = sum(columns.frame.memory_usage(deep=True).sum() for columns in _IN_USE)
    check_limit(
        "uploads",
        -(-(int(held) + more) // 1024**2),
        f"{name}: The files of all visitors may take {{most}} MB together; with this one they take {{found}} MB.",
        "Try again when others have left, upload fewer rows or columns, or use the sample.",
    )


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
    key = json.dumps([current.sha256, data.text, data.label])
    found = _reviews(key, current, data.text, data.label)
    return replace(found, report=replace(found.report, source="reviews"))  # a file's name is not shared


@shared(most=2)
def _reviews(table: Table, text: str, label: str) -> Reviews:
    return table.reviews(text or None, label or None)


def split() -> Split:
    """The split of the session's recipe."""
    recipe, found = session().recipe, reviews()
    return _split(_split_key(recipe, found.sha256), recipe, found)


def _split_key(recipe: Recipe, digest: str) -> str:
    """What a split depends on: the bytes of the file, whatever it is called, and a part of the recipe."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    parts = {"data": nameless.to_dict(), "split": recipe.split.to_dict(), "protocol": recipe.protocol}
    return json.dumps(parts, sort_keys=True)


@shared(most=2)
def _split(recipe: Recipe, reviews: Reviews) -> Split:
    return prepare(recipe, reviews)


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


@shared(most=2)
def _check(recipe: Recipe, reviews: Reviews) -> DataCheck:
    kept = select(recipe, reviews)
    try:  # without words, which take a while and are not looked at
        _, validation = split_rows(kept, number_classes(kept)[1], recipe.split)
    except DataError:
        validation = None
    return check_data(kept, validation=validation)


def file_check() -> DataCheck:
    """The data check of all reviews of the file, before the recipe's filters."""
    data, found = session().recipe.data, reviews()
    published = session().recipe.protocol == "published" and not data.label
    key = json.dumps([found.sha256, data.text, data.label, published])
    return _file_check(key, found.by_name() if published else found)


@shared(most=2)
def _file_check(reviews: Reviews) -> DataCheck:
    return check_data(reviews)


def _trained_key(recipe: Recipe, digest: str) -> str:
    """What a trained model depends on: the recipe without its randomization, and the bytes of the file."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    return replace(recipe.until_trained(), data=nameless).hash


FINISHED = Shared("finished models", most=4)
KEPT: list[Learned] = []  # the model that every visitor meets first, once it is trained: also while nobody is there


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
        finished = replace(learned, recipe=nameless)
        FINISHED.put(_trained_key(lesson.recipe, lesson.sha256), finished)
        if lesson.recipe.until_trained() == MODERN.until_trained():
            KEPT[:] = [finished]


def keep_progress() -> None:
    """Keep what the session's lesson has learnt since it was last kept."""
    lesson = session().lesson
    if lesson and lesson.trainer.steps != lesson.kept:
        keep(lesson)


def find_learned() -> Learned | None:
    """The session's model; where that is none or out of date, the right one if anyone trained it before."""
    if outdated(session().learned):
        adopt()
    return session().learned


def adopt() -> bool:
    """Take the finished model of the session's recipe, where a visitor who is there has trained it."""
    mine = session()
    with suppress(DataError):  # without the data there is no model to find
        if found := FINISHED.get(_trained_key(mine.recipe, table().sha256)):
            mine.learned = replace(found, recipe=mine.recipe)
            return True
    return False


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
    return _comparison(comparison_key(learned), _compared(learned), learned, model_key(learned))


def comparison_key(learned: Learned) -> str:
    """What a comparison depends on: the model and the randomization."""
    return f"{model_key(learned)}:{_compared(learned).randomization}"


def _compared(learned: Learned) -> Recipe:
    published = learned.recipe.protocol == "published"
    return learned.recipe if published else replace(learned.recipe, randomization=fitting(learned))


def model_key(learned: Learned) -> str:
    """What tells a model, as far as it is trained, from all others."""
    return f"{_trained_key(learned.recipe, learned.sha256)}:{learned.trained.steps}"


@shared(most=4)
def _comparison(recipe: Recipe, learned: Learned, key: str) -> Comparison:
    original = _outcome(key, recipe, learned)
    return compare(recipe, learned.split, learned.trained, original)


@shared(most=2)
def _outcome(recipe: Recipe, learned: Learned) -> Outcome:
    return assess(recipe, learned.split, learned.trained)


def forget_sets_of(learned: Learned) -> ForgetSets:
    """The session's forget set among a model's reviews. Raises ForgettingError where there can be none."""
    forget = session().recipe.forget
    return _forget_sets(f"{_split_key(learned.recipe, learned.sha256)}:{forget}", learned.split, forget)


@shared(most=2)
def _forget_sets(split: Split, forget: Forget) -> ForgetSets:
    return forget_sets(split, forget)


def baselines_of(run: Learned | Lesson) -> Baselines:
    """The baselines on the split that a model was, or is being, trained on."""
    objective = run.recipe.training.objective
    return _baselines(f"{_split_key(run.recipe, run.sha256)}:{objective}", run.split, objective)


@shared(most=4)
def _baselines(split: Split, objective: str) -> Baselines:
    return baselines(split, objective)
