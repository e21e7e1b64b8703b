"""Runs: what was trained, compared and studied, newest first; one run whole, and two side by side."""

import streamlit as st

from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.runs import runs_view

open_page("runs")
keep_control()
st.markdown("# Runs\nWhat was trained, compared and studied, the newest first.")
runs_view()
