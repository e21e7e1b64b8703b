"""The table, the reviews, the split and the profile of a visitor's recipe, each computed once for all visitors.

Every key is made of the SHA-256 of the data and of parts of the recipe, never of names. What reads and splits files is
imported where that is done, as the first screen needs neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from forgetting.core.errors import DataError, EmptyStateError, ForgettingError
from forgetting.core.numbers import format_size
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import Inputs, Upload
from forgetting.data import download, sample
from forgetting.data.download import is_downloaded
from forgetting.data.original import ORIGINAL_SHA256, ORIGINAL_SIZE
from forgetting.data.profile import DataProfile, profile_data
from forgetting.data.reading import DEFAULT_READING, ReadingSettings
from forgetting.data.reviews import Reviews
from forgetting.experiment import published
from forgetting.experiment.pretrained import Pretrained, load_pretrained
from forgetting.model.settings import TrainingSettings
from forgetting.model.split import Split, encode_labels, make_split, split_rows
from forgetting.model.words import choose_tokenizer
from forgetting.recipe.recipe import Recipe

if TYPE_CHECKING:
    from forgetting.data.tables import Table

REVIEWS = SharedCache("reviews", most=2)
SELECTED = SharedCache("selected reviews", most=2)
SPLITS = SharedCache("splits", most=2)
CHECKED, CHECKED_OF_EACH = 1_000_000, 500  # characters, cut into words in about half a second; of each review
SAMPLE_SPLITS = SharedCache("splits of a sample", most=1)
PROFILES = SharedCache("profiles", most=2)
FILE_PROFILES = SharedCache("file profiles", most=2)


@st.cache_resource(max_entries=1, show_spinner=False)
def _sample_table() -> Table:
    from forgetting.data.tables import read_table

    return read_table(sample.SAMPLE, name="synthetic sample")


@st.cache_resource(show_spinner=False)
def _sample_digest() -> str:
    return sha256(sample.SAMPLE.read_bytes()).hexdigest()


@st.cache_resource(max_entries=1, show_spinner=False)
def _original_table() -> Table:
    from forgetting.data.tables import read_table

    return read_table(download.download_wine_reviews(), name="original file")


def download_original() -> None:
    """Download the original file into the cache folder. Raises DataError where that fails."""
    _original_table()


def has_original(uploads: Iterable[Upload]) -> bool:
    """Whether the original file is here: downloaded earlier, or uploaded by the visitor."""
    return any(upload.sha256 == ORIGINAL_SHA256 for upload in uploads) or is_downloaded()


def find_original_table(uploads: Sequence[Upload]) -> Table:
    """The original file, which is not downloaded for that. Raises EmptyStateError where it is not here."""
    for upload in uploads:
        if upload.sha256 == ORIGINAL_SHA256:
            return _upload_table(upload, DEFAULT_READING)
    if not is_downloaded():
        raise EmptyStateError(f"The original file ({format_size(ORIGINAL_SIZE)}) is not downloaded yet.")
    return _original_table()


def find_table(inputs: Inputs) -> Table:
    """The file of a recipe, read as it says.

    Raises:
        EmptyStateError: The visitor does not have it.
        DataError: It cannot be read so.
    """
    data, upload = inputs.recipe.data, inputs.upload
    if data.source == "sample":
        return _sample_table()
    if data.source == "original":
        return find_original_table([upload] if upload else [])
    return _upload_table(_find_upload(inputs), inputs.recipe.reading)


def _upload_table(upload: Upload, reading: ReadingSettings) -> Table:
    from forgetting.dashboard.state.resources import find_upload_table

    return find_upload_table(upload, reading)


def _find_upload(inputs: Inputs) -> Upload:
    data, upload = inputs.recipe.data, inputs.upload
    if upload is None or (data.sha256 and upload.sha256 != data.sha256):
        if not data.file and not data.sha256:
            raise EmptyStateError("No file of reviews is uploaded yet.")
        name = f"{data.file!r}, SHA-256 {data.sha256[:12]}…" if data.sha256 else repr(data.file)
        raise EmptyStateError(f"This experiment is on {name}, which this session does not have.")
    return upload


def find_digest(inputs: Inputs) -> str:
    """SHA-256 of the file of a recipe, for which no file is read. Raises EmptyStateError where it is not here."""
    source = inputs.recipe.data.source
    if source == "sample":
        return _sample_digest()
    return find_table(inputs).sha256 if source == "original" else _find_upload(inputs).sha256


def find_reviews(inputs: Inputs) -> Reviews:
    """The reviews of a recipe, before its filters. Raises DataError as `find_table` and `Table.reviews` do."""
    data, table = inputs.recipe.data, find_table(inputs)
    found = REVIEWS.ask(_reviews_key(inputs.recipe, table.sha256), lambda: data.make_reviews(table))
    return replace(found, report=replace(found.report, source="reviews"))  # a file's name is not shared


def _reviews_key(recipe: Recipe, digest: str) -> str:
    """What all reviews of a file depend on, before the recipe's filters."""
    names = ("text_column", "label_column", "missing", "fold_labels", "quantile_classes")
    return json.dumps([digest, recipe.reading.to_dict(), *(getattr(recipe.data, name) for name in names)])


def find_selected(inputs: Inputs) -> Reviews:
    """The reviews that a recipe selects. Raises DataError where they cannot be had, or too few are left."""
    from forgetting.dashboard.state.engine import select_reviews

    recipe, reviews = inputs.recipe, find_reviews(inputs)
    return SELECTED.ask(split_key(recipe, reviews.sha256), lambda: select_reviews(recipe, reviews))


def find_split(inputs: Inputs) -> Split:
    """The split of a recipe. Raises DataError where the reviews cannot be had or split."""
    if pretrained := _pretrained_split(inputs):
        return pretrained
    from forgetting.dashboard.state.engine import prepare

    recipe = inputs.recipe
    return SPLITS.ask(split_key(recipe, find_digest(inputs)), lambda: prepare(recipe, find_reviews(inputs)))


def find_size(inputs: Inputs) -> tuple[int, int, str]:
    """`Split.size` of a recipe's split, for which no words are counted. Raises DataError as `find_split` does."""
    if pretrained := _pretrained_split(inputs):
        return pretrained.size
    reviews = find_selected(inputs)
    splitting = inputs.recipe.split
    held_out = ceil(len(reviews) * splitting.validation_share) + round(len(reviews) * splitting.test_share)
    return len(reviews) - held_out, len(reviews.counts), inputs.recipe.model.kind


def find_training(inputs: Inputs) -> TrainingSettings:
    """A recipe's settings of training, with those that the size of its reviews chooses, where these are here."""
    training = inputs.recipe.training
    if not training.by_size:
        return training
    try:
        return training.for_size(*find_size(inputs))
    except ForgettingError:
        return training


def find_pretrained(inputs: Inputs) -> Pretrained | None:
    """What came trained with the program, where it is of the same file. Raises DataError as `find_table` does."""
    digest, found = find_digest(inputs), load_pretrained(inputs.recipe.model.kind)
    return found if digest == found.sha256 and inputs.recipe.data.sha256 in ("", digest) else None


def _pretrained_split(inputs: Inputs) -> Split | None:
    """The split that came with the program, where it is that of the recipe."""
    digest, found = find_digest(inputs), find_pretrained(inputs)
    same = found and split_key(inputs.recipe, digest) == split_key(found.recipe, digest)
    return found.split if same else None


def split_key(recipe: Recipe, digest: str) -> str:
    """What a split depends on: the bytes of the file, whatever it is called, and a part of the recipe."""
    nameless = replace(recipe.data, source="file", file="", sha256=digest)
    parts = {
        "reading": recipe.reading.to_dict(),
        "data": nameless.to_dict(),
        "split": recipe.split.to_dict(),
        "protocol": recipe.protocol,
        "tokens": recipe.model.tokens,
    }
    return json.dumps(parts, sort_keys=True)


def find_published_split(uploads: Sequence[Upload]) -> Split:
    """The split of the published experiment on the original file. Raises EmptyStateError where that is not here."""
    original = find_original_table(uploads)
    return _published_split(original.sha256, original)


@st.cache_resource(max_entries=1, show_spinner=False)
def _published_split(digest: str, _table: Table) -> Split:  # noqa: ARG001 - the key
    return published.make_published_split(_table.reviews(missing=(), fold_labels=False))


def find_checked_split(inputs: Inputs) -> Split:
    """The split of a recipe, for the data check: of a sample of the reviews where all would take a while.

    Raises:
        DataError: The reviews cannot be had or split.
    """
    recipe, key = inputs.recipe, split_key(inputs.recipe, find_digest(inputs))
    if SPLITS.get(key) or find_pretrained(inputs):
        return find_split(inputs)

    def split() -> Split:
        selected = find_selected(inputs)
        if sum(map(len, selected.texts)) <= CHECKED:
            return find_split(inputs)
        texts = tuple(text[:CHECKED_OF_EACH] for text in selected.texts)
        most = max(50, CHECKED * len(texts) // sum(map(len, texts)))
        rows = np.linspace(0, len(texts) - 1, min(len(texts), most)).astype(int)
        sample = replace(selected, texts=texts).take(rows, "not in the sample")
        tokenizer = choose_tokenizer(recipe.split.words, selected.texts)
        settings = replace(recipe.split, words=tokenizer.kind, stratify=False, stopping="never")
        return replace(make_split(sample, settings), tokenizer=tokenizer)

    return SAMPLE_SPLITS.ask(key, split)


def find_profile(inputs: Inputs) -> DataProfile:
    """The data check of the reviews that the recipe selects, with their split where there can be one."""
    recipe, selected = inputs.recipe, find_selected(inputs)

    def profile() -> DataProfile:
        try:  # without words, which take a while and are not looked at
            _, validation = split_rows(selected, encode_labels(selected)[1], recipe.split)
        except DataError:
            validation = None
        return profile_data(selected, validation=validation)

    return PROFILES.ask(split_key(recipe, selected.sha256), profile)


def find_file_profile(inputs: Inputs) -> DataProfile:
    """The data check of all reviews of the file, before the recipe's filters."""
    reviews, by_name = find_reviews(inputs), inputs.recipe.labels_by_name
    key = f"{_reviews_key(inputs.recipe, reviews.sha256)} {by_name}"
    return FILE_PROFILES.ask(key, lambda: profile_data(reviews.by_name() if by_name else reviews))
