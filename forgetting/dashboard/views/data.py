"""The parts of the Data page: source, columns, filters, and the profile of the reviews."""

from collections.abc import Callable
from dataclasses import astuple

import altair as alt
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forgetting.charts.data import classes_chart, count_lengths, lengths_chart
from forgetting.core.errors import ForgettingError, shorten
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import PREFIX, assign, session, source_name
from forgetting.dashboard.ui.chart_files import ChartFile
from forgetting.dashboard.ui.controls import (
    control_state,
    names_of_control,
    number_control,
    prepare_control,
    segments_control,
    switch_control,
)
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import LABELS
from forgetting.dashboard.ui.prerequisites import download_button
from forgetting.dashboard.ui.tables import EXCERPT, chart_table, reviews_table, show_table
from forgetting.dashboard.views.reading import OF_A_FILE, offer_button, reading_values, upload_view
from forgetting.dashboard.views.words_check import words_check_view
from forgetting.data.columns import Choice
from forgetting.data.profile import DataProfile
from forgetting.data.reading import DEFAULT_READING
from forgetting.data.reviews import MEAN_MISSING, MISSING
from forgetting.data.tables import Table
from forgetting.reporting.captions import ChartSource, describe_chart
from forgetting.reporting.data import describe_labels, describe_reason
from forgetting.reporting.formatting import format_count, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_class

SOURCES = {"sample": "Synthetic sample", "original": "Original file", "file": "Upload"}
INVITATIONS = {  # what to do where the file is missing
    "original": "Download it, or upload it.",
    "file": "Choose it under “A file of reviews”: a table with a column of texts, and one of labels to tell apart.",
}
COLUMN_SETTINGS = ("data.text_column", "data.label_column")  # settings whose empty value is the likely column


def source_view() -> None:
    """Choose the synthetic sample, the original file or an upload."""
    segments_control("data.source", SOURCES, _source_changed)
    chosen = session().recipe.data.source
    if chosen == "sample":
        st.caption("Synthetic: 1,218 reviews of 11 styles, written by a grammar for this project. No wine is real.")
    elif chosen == "original":
        st.caption("309 reviews of a wine blog, which the published results were computed on.")
        if not data.has_original(session().uploads):
            download_button()
    else:
        upload_view()


def _source_changed() -> None:
    chosen, upload = control_state("data.source"), session().upload
    known = chosen == "file" and upload is not None
    file = {"data.file": upload.source if known else "", "data.sha256": upload.sha256 if known else ""}
    assign({"data.source": chosen, **file, **OF_A_FILE, **reading_values(DEFAULT_READING)})


def columns_view(table: Table) -> None:
    """Choose the columns of the texts and of the labels."""
    data = session().recipe.data
    read = _columns_read(table, data.text_column, data.label_column)
    likely = (_columns_read(table, "", data.label_column)[0], _columns_read(table, data.text_column, "")[1])
    choices = (table.roles.text_choice(data.label_column or None), table.roles.label_choice(read[0]))
    with st.grid(2, min_column_width=120):
        for name, column, alone, choice in zip(COLUMN_SETTINGS, read, likely, choices, strict=True):
            key = PREFIX + name
            st.session_state[key] = column  # one choice may change what is likely for the other
            with st.container(gap="xsmall"):
                st.selectbox(
                    options=list(table.columns),
                    index=None if column is None else table.columns.index(column),
                    placeholder="Choose a column",
                    key=key,
                    on_change=_column_changed,
                    args=(name, alone),
                    **names_of_control(name),
                )
                if choice and choice.column == column:
                    _choice_view(name, choice)


def _choice_view(name: str, choice: Choice) -> None:
    """Why a column was chosen unasked, and a button that takes the one that is likely without it."""
    st.caption(literal(describe_reason(choice.reason)))
    if choice.runner_up:
        st.button(
            literal(f"Use {shorten(choice.runner_up, 30)} instead"),
            key=f"runner_up_{name}",
            type="tertiary",
            on_click=assign,
            args=({name: choice.runner_up},),
            help=explain(LABELS[name], name),
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


def labels_view() -> None:
    """Choose which labels count as missing, and which as one class."""
    name = "data.missing"
    with st.expander("How the labels are read", key="labels"):
        key = prepare_control(name)
        st.multiselect(
            options=[*dict.fromkeys([*MISSING, *st.session_state[key]])],
            default=st.session_state[key],
            accept_new_options=True,
            key=key,
            on_change=_missing_changed,
            **names_of_control(name),
        )
        if not session().recipe.labels_by_name:
            switch_control("data.fold_labels")
            number_control("data.quantile_classes")


def _missing_changed() -> None:
    """Take the words, several of which may have been typed at once; a comma separates them in the address, too."""
    words = ",".join(control_state("data.missing")).split(",")
    assign({"data.missing": tuple(dict.fromkeys(word.strip() for word in words if word.strip()))})


def filters_view() -> None:
    """Choose which reviews are kept."""
    switch_control("data.drop_duplicates")
    for row in (("data.min_reviews", "data.max_classes"), ("data.max_reviews", "data.seed")):
        for column, name in zip(st.columns(2, vertical_alignment="bottom"), row, strict=True):
            with column:
                number_control(name, step=100 if name == "data.max_reviews" else None)


def _file_of(profile: DataProfile, make: Callable[[], alt.TopLevelMixin], name: str) -> dict[str, ChartFile]:
    """A chart of the reviews that are kept, as a file."""
    recipe, kept = session().recipe, {"kept": sum(profile.classes.values())}
    source = ChartSource(source_name(recipe), recipe, kept, len(profile.classes), kind="data")
    return {name: ChartFile(make, lambda: describe_chart(name, source))}


def profile_view(table: Table) -> None:
    """What is in the file, and which of its reviews are kept."""
    inputs = session().inputs
    profile, reviews = data.find_profile(inputs), data.find_selected(inputs)
    kept = sum(profile.classes.values())
    largest, count = next(iter(profile.classes.items()))
    st.text(
        f"{kept:,} of {reviews.report.rows:,} reviews are kept, in {len(profile.classes)} classes. Always predicting "
        f"the largest, {format_class(largest)}, is right for {format_share(count / kept)} of them; a uniform guess "
        f"for {format_share(1 / len(profile.classes))}."
    )
    if sentences := describe_labels(reviews.report):
        st.text(" ".join(sentences))
        offer_button(reviews.report.offer, "labels")
    unknown = _data_metrics(profile)
    names = ["Classes", "Lengths", "First rows", "Left out"]
    classes, lengths, rows, dropped = st.tabs(names, key="data_view", on_change="rerun")
    if classes.open:
        classes.altair_chart(classes_chart(profile.classes), key="classes", alt="Reviews of each class")
        if len(profile.classes) > 30:
            classes.caption(f"The 30 largest of {len(profile.classes)} classes are drawn.")
        with classes:
            chart_table(
                lambda: _class_counts(profile),
                key="classes",
                alt="Reviews of each class",
                formats={"share of the reviews": format_share},
                charts=_file_of(profile, lambda: classes_chart(profile.classes), "classes"),
            )
    if lengths.open:
        lengths.text(
            f"Split at blanks, the texts have {profile.shortest_text:,} to {profile.longest_text:,} words, and the "
            f"median is {profile.median_text:,g}."
        )
        lengths.altair_chart(lengths_chart(profile.words), key="lengths", alt="Lengths of the texts in words")
        with lengths:
            chart_table(
                lambda: count_lengths(profile.words).set_axis(["words from", "words to", "reviews"], axis=1),
                key="lengths",
                alt="Lengths of the texts in words",
                formats=dict.fromkeys(("words from", "words to"), "{:,.1f}".format),
                charts=_file_of(profile, lambda: lengths_chart(profile.words), "lengths"),
            )
    if rows.open:
        with rows:
            first_rows_view(table)
    if dropped.open:
        with dropped:
            why = pd.DataFrame({"why": list(profile.dropped), "rows": list(profile.dropped.values())})
            if why.empty:
                st.text("Nothing is left out.")
            else:
                show_table(why, width="content", alt="Rows that were left out, and why")
            if merged := reviews.report.merged:
                st.text("These writings are one class each:")
                writings = [(each.label, text, count) for each in merged for text, count in each.writings]
                found = pd.DataFrame(writings, columns=["class", "writing", "rows"])
                show_table(found, alt="Writings that are one class")
            if bad := table.reading.shown_bad_rows:
                st.text(f"{format_count(table.reading.bad_rows, 'row')} could not be read; the first of them:")
                columns = ("line", "cause", "text of the row")
                found = pd.DataFrame([astuple(row) for row in bad], columns=columns)
                show_table(found, alt="The first rows that could not be read")
            how = [part for part in (table.reading.encoding, table.reading.delimiter and "delimited") if part]
            st.text(f"The file was read as {', '.join(how) or 'a table'}. Its SHA-256 is {reviews.sha256}.")
            if profile.decoded:
                st.text(f"HTML entities such as &amp; were decoded in {format_count(profile.decoded, 'row')}.")
    words_check_view(profile, *unknown)  # last, as it takes longest


def _class_counts(profile: DataProfile) -> pd.DataFrame:
    """A row a class, the largest on top."""
    counts = pd.Series(profile.classes, name="reviews").rename_axis("class").reset_index()
    return counts.assign(**{"share of the reviews": counts["reviews"] / counts["reviews"].sum()})


def first_rows_view(table: Table) -> None:
    """The first rows of the file."""
    frame = table.frame.head(20)
    whole = ["\n".join(f"{column}: {value}" for column, value in row.items()) for row in frame.to_dict("records")]
    excerpts = frame.map(lambda value: str(value)[:EXCERPT])
    reviews_table(excerpts, whole, key="first_rows", height=330, explained=False, alt="The first rows of the file")


def _data_metrics(profile: DataProfile) -> tuple[DeltaGenerator, DeltaGenerator]:
    """Counts of the file and of what the filters leave; returns places for a metric and a sentence of words."""
    file = data.find_file_profile(session().inputs)
    empty = sum(rows for reason, rows in file.dropped.items() if reason.startswith("empty") or MEAN_MISSING in reason)
    metrics = (
        ("Duplicates", file.duplicates, f"{profile.duplicates:,} after the filters"),
        ("Conflicting texts", file.conflicts, f"{profile.conflicts:,} after the filters"),
        ("Empty rows", empty, "all left out"),
        (
            "Classes with one review",
            len(file.single_classes),
            f"{len(profile.single_classes):,} after the filters",
        ),
        (
            "Labels not in training",
            format_share(profile.new_labels) if profile.new_labels is not None else "no split",
            "of the validation reviews",
        ),
    )
    with st.grid(3, min_column_width=125, vertical_alignment="bottom"):  # never one alone in a row
        for label, value, kept in metrics:
            st.metric(label, value, kept, delta_color="off", delta_arrow="off", help=explain(label))
        metric = st.empty()
    return metric, st.empty()
