"""The reviews of a visitor's recipe, their split and their profile, computed once for all visitors."""

import json
from dataclasses import replace

import streamlit as st

from forgetting.core.errors import DataError
from forgetting.dashboard.state.cache import shared
from forgetting.dashboard.state.session import session
from forgetting.data import download, sample, tables
from forgetting.data.download import ORIGINAL_SHA256, ORIGINAL_SIZE, is_downloaded
from forgetting.data.profile import DataProfile, profile_data
from forgetting.data.reviews import Reviews
from forgetting.data.tables import Table
from forgetting.experiment import published
from forgetting.experiment.pipeline import prepare, select_reviews
from forgetting.model.split import Split, encode_labels, split_rows
from forgetting.recipe.recipe import Recipe


@st.cache_resource(max_entries=1, show_spinner=False)
def _sample_table() -> Table:
    return tables.read_table(sample.SAMPLE, name="synthetic sample")


@st.cache_resource(max_entries=1, show_spinner=False)
def _original_table() -> Table:
    return tables.read_table(download.download_wine_reviews(), name="original file")


def download_original() -> None:
    """Fetch the original file into the cache folder. Raises DataError where it cannot be had."""
    _original_table()


def original_at_hand() -> bool:
    """Whether the original file is here already, downloaded earlier or uploaded now."""
    upload = session().upload
    return bool(upload and upload.sha256 == ORIGINAL_SHA256) or is_downloaded()


def current_table() -> Table:
    """The file of the session's recipe. Raises DataError where it is not at hand, saying what to do."""
    data, upload = session().recipe.data, session().upload
    if data.source == "sample":
        return _sample_table()
    if data.source == "original":
        if upload and upload.sha256 == ORIGINAL_SHA256:
            return upload
        if not is_downloaded():
            raise DataError(
                f"The original file ({ORIGINAL_SIZE // 1000:,} kB) is not downloaded yet. Download it on the Data page."
            )
        return _original_table()
    if upload is None or (data.sha256 and upload.sha256 != data.sha256):
        name = f"{data.file!r}, SHA-256 {data.sha256[:12]}…" if data.sha256 else "a file"
        raise DataError(f"This experiment is on {name}, which this session does not have. Upload it on the Data page.")
    return upload


def current_reviews() -> Reviews:
    """The reviews of the session's recipe, before its filters."""
    data, current = session().recipe.data, current_table()
    key = json.dumps([current.sha256, data.text_column, data.label_column])
    found = _reviews(key, current, data.text_column, data.label_column)
    return replace(found, report=replace(found.report, source="reviews"))  # a file's name is not shared


@shared(most=2)
def _reviews(table: Table, text: str, label: str) -> Reviews:
    return table.reviews(text or None, label or None)


def current_split() -> Split:
    """The split of the session's recipe."""
    recipe, found = session().recipe, current_reviews()
    return _split(split_key(recipe, found.sha256), recipe, found)


def split_key(recipe: Recipe, digest: str) -> str:
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
    original = upload if upload and upload.sha256 == ORIGINAL_SHA256 else _original_table()
    return _published_split(original.sha256, original)


@st.cache_resource(max_entries=1, show_spinner=False)
def _published_split(digest: str, _table: Table) -> Split:  # noqa: ARG001 - the key
    return published.make_published_split(_table.reviews())


def current_profile() -> DataProfile:
    """The data check of the reviews that the recipe keeps, with its split where there can be one."""
    recipe, found = session().recipe, current_reviews()
    return _check(split_key(recipe, found.sha256), recipe, found)


@shared(most=2)
def _check(recipe: Recipe, reviews: Reviews) -> DataProfile:
    kept = select_reviews(recipe, reviews)
    try:  # without words, which take a while and are not looked at
        _, validation = split_rows(kept, encode_labels(kept)[1], recipe.split)
    except DataError:
        validation = None
    return profile_data(kept, validation=validation)


def file_profile() -> DataProfile:
    """The data check of all reviews of the file, before the recipe's filters."""
    data, found = session().recipe.data, current_reviews()
    published = session().recipe.protocol == "published" and not data.label_column
    key = json.dumps([found.sha256, data.text_column, data.label_column, published])
    return _file_check(key, found.by_name() if published else found)


@shared(most=2)
def _file_check(reviews: Reviews) -> DataProfile:
    return profile_data(reviews)
