"""Data: where the reviews come from, their columns and filters, and what is in them."""

import streamlit as st

from forgetting.dashboard import work
from forgetting.dashboard.data_view import columns, data_check, filters, first_rows, source
from forgetting.dashboard.frame import frame
from forgetting.dashboard.text import literal
from forgetting.errors import ForgettingError

frame("data")
st.markdown(
    "### Data\nWhere the reviews come from, what the classifier is to tell apart, and what to know of them first."
)

settings, contents = st.columns([1, 2], gap="medium")
with settings:
    source()
table = None
try:
    table = work.table()
    with settings:
        columns(table)
        filters()
    with contents:
        data_check(table)
except ForgettingError as error:
    contents.error(literal(str(error)), icon=":material/table_view:")
    if table:  # to choose other columns one has to see them
        with contents:
            first_rows(table)
