"""A study that was opened from a file, shown with the views of the session's own sweeps."""

import streamlit as st

from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.opened import baselines_of, describe_opened, open_control
from forgetting.dashboard.views import dose_response
from forgetting.dashboard.views.layer_effects import layer_effects_view
from forgetting.dashboard.views.robustness import robustness_view

OPENED_VIEWS = {
    "Curves": dose_response.curves_view,
    "Heat map": dose_response.heat_view,
    "Cascades": dose_response.cascade_view,
    "Half-way": dose_response.half_way_view,
    "How sure?": dose_response.uncertainty_view,
    "Conclusions": layer_effects_view,
    "Robustness": robustness_view,
}


def opened_study_view(study: Study) -> None:
    """What the file says of its study, and its views in tabs; its intervals are computed in slices."""
    with st.container(key="controls_and_answer"):
        about, answer = st.columns([1, 2.6], gap="medium")
    tabs = answer.tabs(list(OPENED_VIEWS), key="opened_view", on_change="rerun")
    with about:
        describe_opened(study)
        open_control()
    for view, tab in zip(OPENED_VIEWS.values(), tabs, strict=True):
        if tab.open:
            with tab:
                view(study, baselines_of(study))
