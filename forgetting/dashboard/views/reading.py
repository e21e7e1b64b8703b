"""The parts of the Data page about the file itself: its upload, how it is read, and what was found on the way."""

from collections.abc import Callable
from dataclasses import replace

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import resources
from forgetting.dashboard.state.session import PREFIX, Upload, assign, session
from forgetting.dashboard.ui.chosen_file import UPLOADER, take_file, watched_uploader
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    names_of_control,
    number_control,
    switch_control,
)
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import LABELS, in_words, short_label
from forgetting.data.reading import DEFAULT_READING, FIELDS, PLAIN, ReadingSettings
from forgetting.data.tables import Table
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.data import describe_reading
from forgetting.reporting.formatting import format_count
from forgetting.reporting.glossary import explain

FORMATS = ("csv", "tsv", "txt", "gz", "zip", "parquet", "jsonl", "ndjson", "json", "xlsx", "xlsm", "xlsb", "xls", "ods")
UPLOAD_REFUSED = "upload_refused"  # key of why the file that was chosen last cannot be read
# What is found anew in another file: an empty column is the likely one.
OF_A_FILE = {"data.text_column": "", "data.label_column": "", "data.quantile_classes": 0}
READING_TITLES = {"automatic": "Automatic", "yes": "Yes", "no": "No", FIELDS: "Enclose fields", PLAIN: "Plain signs"}


def reading_values(reading: ReadingSettings) -> dict[str, object]:
    """The settings of how a file is read, by their dotted names."""
    return {f"reading.{name}": value for name, value in reading.to_dict().items()}


def upload_view() -> None:
    """Choose a file, and see why it was refused and what would mend that."""
    watched_uploader("A file of reviews", FORMATS, key=UPLOADER, on_change=_uploaded)
    mine = session()
    if (refused := st.session_state.get(UPLOAD_REFUSED)) and st.session_state[UPLOADER]:  # which still lists the file
        st.error(in_words(refused))
        if mine.refused_upload:
            offer_button(mine.refused_upload.offer, "upload", _change_refused)


def reading_view(table: Table | None) -> None:
    """How an uploaded file is read, with what was found by evidence, and the switches to change it.

    Args:
        table: The file as it was read; None where it could not be.
    """
    if table:
        st.caption(literal(f"In use: {table.source} ({format_count(len(table.frame), 'row')})"))
        if found := describe_reading(table.reading):
            st.caption(literal(" ".join(found)))
    is_open = session().recipe.reading != DEFAULT_READING or (table and len(table.reading.sheets) > 1)
    with st.expander("How the file is read", expanded=bool(is_open), key="reading"):
        change = {"on_change": _reading_changed}
        with st.grid(2, min_column_width=110, vertical_alignment="bottom"):
            for name in ("reading.header", "reading.quotes", "reading.encoding"):
                if _acts(name, table):
                    choice_control(name, titles=READING_TITLES, args=(name,), **change)
            if _acts("reading.skip_lines", table):
                number_control("reading.skip_lines", args=("reading.skip_lines",), **change)
            if table and table.reading.sheets:
                _sheet_control(table)
        for name in ("reading.leave_out_bad_rows", "reading.line_encodings"):
            if _acts(name, table):
                switch_control(name, args=(name,), **change)


def _acts(name: str, table: Table | None) -> bool:
    """Whether a setting changes how a file of this format is read, or has been changed and can be changed back."""
    if table is None or session().recipe.value(name) != Recipe.leaves()[name].default:
        return True
    found = table.reading
    delimited = found.delimiter is not None
    acts = {
        "reading.header": found.header is not None,
        "reading.quotes": delimited,
        "reading.skip_lines": delimited or bool(found.sheets),
    }
    return acts.get(name, found.encoding is not None)


def offer_button(
    offer: tuple[str, object] | None, place: str, take: Callable[[str, object], None] | None = None
) -> None:
    """A button that changes the one setting with which the file can be read, where there is such a setting.

    Args:
        offer: The setting by its dotted name, and its value.
        place: Where on the page it is, as there may be one in each.
        take: What it does with them; None to change the recipe.
    """
    if offer:
        name, value = offer
        label = short_label(name)
        shown = (", ".join(value) or "none") if isinstance(value, tuple) else READING_TITLES.get(value, value)
        st.button(
            literal(label if value is True else f"{label}: {shown}"),
            key=f"offer_{place}",
            on_click=take or _change,
            args=offer,
            help=explain(LABELS[name], name),
        )


def _sheet_control(table: Table) -> None:
    """A select box of the sheets, of which the one that was read is chosen."""
    name, sheets = "reading.sheet", table.reading.sheets
    st.session_state[PREFIX + name] = table.reading.sheet
    st.selectbox(
        options=sheets,
        index=sheets.index(table.reading.sheet),
        key=PREFIX + name,
        on_change=_reading_changed,
        args=(name,),
        **names_of_control(name),
    )


def _uploaded() -> None:
    """Read a new file. One that cannot be read is refused with the reason, and the one before stays."""
    if (file := take_file(UPLOADER)) is None:
        return
    upload, mine = resources.share_upload(*file), session()
    if mine.recipe.data.sha256 == upload.sha256 not in [other.sha256 for other in mine.uploads]:
        _take(upload, mine.recipe.reading, awaited=True)
    else:
        _take(upload, DEFAULT_READING)


def _take(upload: Upload, reading: ReadingSettings, *, awaited: bool = False) -> None:
    """Make a file the recipe's, read in this way, or note why it is refused.

    Args:
        upload: The file.
        reading: How it is read.
        awaited: Whether the recipe is of this file already, and so has its columns.
    """
    st.session_state[UPLOAD_REFUSED] = ""
    try:
        resources.take_upload(session(), upload, reading)
    except ForgettingError as error:
        st.session_state[UPLOAD_REFUSED] = str(error)
        return
    file = {"data.source": "file", "data.file": upload.source, "data.sha256": upload.sha256}
    assign(file if awaited else file | OF_A_FILE | reading_values(reading))


def _reading_changed(name: str) -> None:
    """Read the file in another way, and also the one that was refused, where there is one."""
    value = control_state(name)
    _change(name, value)
    if session().refused_upload:
        _change_refused(name, value)


def _change(name: str, value: object) -> None:
    assign({name: value})


def _change_refused(name: str, value: object) -> None:
    """Read the refused file in another way: with its own settings, as those of the recipe are of the file in use."""
    refused = session().refused_upload
    reading = replace(refused.reading, **{name.removeprefix("reading."): value})
    _take(refused.upload, reading)
