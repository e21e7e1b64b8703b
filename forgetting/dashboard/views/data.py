"""The parts of the Data page: source, columns, filters, and the data check."""

import pandas as pd
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from forgetting.charts.data import classes_chart, lengths_chart
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import data, resources
from forgetting.dashboard.state.session import PREFIX, assign, session
from forgetting.dashboard.ui.controls import (
    bound_control,
    control_state,
    number_control,
    prepare_control,
    switch_control,
)
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.dashboard.ui.prerequisites import download_button
from forgetting.data.profile import DataProfile
from forgetting.data.reviews import Reviews
from forgetting.data.tables import Table
from forgetting.reporting.formatting import format_share

SOURCES = {"sample": "Synthetic sample", "original": "Original file", "file": "Upload"}
FORMATS = ("csv", "tsv", "txt", "gz", "zip", "parquet", "jsonl", "ndjson", "json")
LIKELY_COLUMNS = {"data.text_column": "", "data.label_column": ""}  # of another file, the likely ones


def source_view() -> None:
    """Sample, original or upload."""
    key = prepare_control("data.source")
    st.segmented_control(
        "Reviews from",
        list(SOURCES),
        default=st.session_state[key],
        format_func=SOURCES.get,
        required=True,
        key=key,
        on_change=_source_changed,
    )
    chosen = session().recipe.data.source
    if chosen == "sample":
        st.caption("Synthetic: 1,218 reviews of 11 styles, written by a grammar for this project. No wine is real.")
    elif chosen == "original":
        st.caption("309 reviews of a wine blog, which the published results were computed on.")
        if not data.has_original(session().upload):
            download_button()
    else:
        _upload()


def _source_changed() -> None:
    chosen, upload = control_state("data.source"), session().upload
    named = chosen == "file" and upload is not None
    file = {"data.file": upload.source if named else "", "data.sha256": upload.sha256 if named else ""}
    assign({"data.source": chosen, **file, **LIKELY_COLUMNS})


def _upload() -> None:
    mine = session()
    st.file_uploader(
        "A file of reviews",
        type=FORMATS,
        key="upload",
        on_change=_uploaded,
        help="CSV, TSV, Parquet or JSON lines; gz or zip of one of them. It stays on this machine.",
    )
    if mine.upload:
        st.caption(literal(f"In use: {mine.upload.source} ({len(mine.upload.frame):,} rows)"))


def _uploaded() -> None:
    """Read a new file. One that cannot be read is refused with the reason, and the one before stays.

    Streamlit would keep its bytes as long as the session; they have been read.
    """
    mine, uploaded = session(), st.session_state.upload
    if not isinstance(uploaded, UploadedFile):  # taken away
        return
    context = get_script_run_ctx()
    context.uploaded_file_mgr.remove_file(context.session_id, uploaded.file_id)
    try:
        mine.upload = resources.read_upload(uploaded.getvalue(), uploaded.name)
    except ForgettingError as error:
        mine.notices.append(str(error))
        return
    assign({"data.source": "file", "data.file": uploaded.name, "data.sha256": mine.upload.sha256, **LIKELY_COLUMNS})


def columns_view(table: Table) -> None:
    """Which column holds the texts, and which the labels."""
    data = session().recipe.data
    read = _columns_read(table, data.text_column, data.label_column)
    likely = (_columns_read(table, "", data.label_column)[0], _columns_read(table, data.text_column, "")[1])
    with st.container(horizontal=True):
        titles = ("Column of the texts", "Column of the labels")
        for name, title, column, alone in zip(LIKELY_COLUMNS, titles, read, likely, strict=True):
            key = PREFIX + name
            st.session_state[key] = column  # one choice may change what is likely for the other
            st.selectbox(
                title,
                list(table.columns),
                index=None if column is None else table.columns.index(column),
                placeholder="Choose a column",
                key=key,
                on_change=_column_changed,
                args=(name, alone),
            )


def _columns_read(table: Table, text: str, label: str) -> tuple[str | None, str | None]:
    """The columns that are read where these are chosen, "" for none; None for one that has to be chosen."""
    text, label = (column if column in table.columns else None for column in (text, label))
    if session().recipe.protocol == "published" and label is None:
        label = table.likely_name
    try:
        return table.columns_of(text, label)
    except ForgettingError:
        return text or table.likely_text, label


def _column_changed(name: str, likely: str | None) -> None:
    """The likely column is written as none, so that it stays likely for another file."""
    chosen = control_state(name)
    assign({name: "" if chosen in (None, likely) else chosen})


def filters_view() -> None:
    """Which reviews are kept."""
    switch_control("data.drop_duplicates", "Drop exact duplicates")
    left, right = st.columns(2)
    with left:
        number_control("data.min_reviews", "Reviews a class needs")
        number_control("data.max_reviews", "Reviews at most (0: all)", step=100)
    with right:
        number_control("data.max_classes", "Classes at most (0: all)")
        st.number_input("Seed of the sample", 0, 2**32 - 1, step=1, **bound_control("data.seed"))


def profile_view(table: Table) -> None:
    """What is in the file and what is kept of it."""
    inputs = session().inputs
    check, reviews = data.find_profile(inputs), data.find_reviews(inputs)
    kept = sum(check.classes.values())
    largest, count = next(iter(check.classes.items()))
    st.text(
        f"{kept:,} of {reviews.report.rows:,} reviews are kept, in {len(check.classes)} classes. Always naming the "
        f"largest, {largest}, is right for {format_share(count / kept)} of them; a uniform guess for "
        f"{format_share(1 / len(check.classes))}."
    )
    _figures(check)
    names = ["Classes", "Lengths", "First rows", "Left out"]
    classes, lengths, rows, dropped = st.tabs(names, key="data_view", on_change="rerun")
    if classes.open:
        classes.altair_chart(classes_chart(check.classes), key="classes", alt="Reviews of each class")
        if len(check.classes) > 30:
            classes.caption(f"The 30 largest of {len(check.classes)} classes are drawn.")
    if lengths.open:
        lengths.text(f"{check.shortest_text} to {check.longest_text} words, median {check.median_text:g}.")
        lengths.altair_chart(lengths_chart(check.words), key="lengths", alt="Lengths of the texts in words")
    if rows.open:
        with rows:
            first_rows_view(table)
    if dropped.open:
        with dropped:
            _left_out(check, reviews)


def first_rows_view(table: Table) -> None:
    """A preview of the file, its values cut short, and where its encoding was guessed, what to do if it is wrong."""
    frame = table.frame.head(20).map(lambda value: str(value)[:300])
    st.dataframe(cells(frame), hide_index=True, height=330, alt="The first rows of the file")
    if table.encoding and not table.encoding.startswith("utf"):
        st.caption(
            f"Read as {table.encoding}, which the file looks like. Where letters are wrong, save it as UTF-8 and "
            "upload it again."
        )


def _figures(check: DataProfile) -> None:
    """What is in the file, before the filters, and what of it is kept."""
    file = data.find_file_profile(session().inputs)
    empty = sum(rows for reason, rows in file.dropped.items() if reason.startswith("empty"))
    cells = (
        ("Duplicates", file.duplicates, f"{check.duplicates:,} kept", "Reviews that repeat an earlier text and label"),
        ("Conflicting", file.conflicts, f"{check.conflicts:,} kept", "Texts that occur under more than one label"),
        ("Empty", empty, "0 kept", "Rows without a text or a label"),
        (
            "Lone classes",
            len(file.single_classes),
            f"{len(check.single_classes):,} kept",
            "Classes with one review cannot be both learnt and tested",
        ),
        (
            "Unseen labels",
            format_share(check.non_members, 1) if check.non_members is not None else "no split",
            "of validation",
            "Share of the validation reviews whose label never occurs in training: no model can get them right",
        ),
    )
    with st.grid(5, min_column_width=105):
        for label, value, kept, meaning in cells:
            st.metric(label, value, kept, delta_color="off", delta_arrow="off", help=meaning)


def _left_out(check: DataProfile, reviews: Reviews) -> None:
    table = pd.DataFrame({"why": list(check.dropped), "rows": list(check.dropped.values())})
    if table.empty:
        st.text("Nothing is left out.")
    else:
        st.dataframe(table, hide_index=True, width="content", alt="Rows that were left out, and why")
    how = [part for part in (reviews.report.encoding, reviews.report.delimiter and "delimited") if part]
    st.text(f"Read as {', '.join(how) or 'a table'}. SHA-256 {reviews.sha256}")
