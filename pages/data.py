"""Data: where the reviews come from, their columns and filters, and what is in them."""

import streamlit as st

from forgetting.core.errors import EmptyStateError, ForgettingError
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import session
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.prerequisites import train_next
from forgetting.dashboard.ui.saved_models import waiting_notice
from forgetting.dashboard.views.data import (
    INVITATIONS,
    columns_view,
    filters_view,
    first_rows_view,
    labels_view,
    profile_view,
    source_view,
)
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.reading import offer_button, reading_view

open_page("data")
keep_control()
st.markdown(
    "# Data\nWhere the reviews come from, what the classifier is to tell apart, and what to know of them first."
)

with st.container(key="controls_and_answer_of_data"):
    settings, contents = st.columns([1, 2], gap="medium")
with settings:
    source_view()
table = None
try:
    try:
        table = data.find_table(session().inputs)
    finally:
        if session().recipe.data.source == "file" and (session().upload or session().refused_upload):
            with settings:
                reading_view(table)
    with settings:
        columns_view(table)
        labels_view()
        filters_view()
    with contents:
        profile_view(table)
        train_next()
except EmptyStateError as error:
    contents.info(literal(f"{error} {INVITATIONS[session().recipe.data.source]}"), icon=":material/table_view:")
    with contents:
        waiting_notice()
except ForgettingError as error:
    show_error(error, contents, icon=":material/table_view:")
    with contents:
        offer_button(error.offer, "reviews")
    if table:  # its columns must be seen for others to be chosen
        with contents:
            first_rows_view(table)
