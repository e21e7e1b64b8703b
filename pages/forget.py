"""Forget: choose layers, dose and scheme, and see what the model has lost."""

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.page import frame
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.dose_response import own_dose
from forgetting.dashboard.views.relearn_tab import relearning

frame("forget")
st.markdown("### Forget")
learned = need_model()

controls, answer = st.columns([1, 2.6], gap="medium")
with controls:
    if randomization_form.can_choose(learned):
        randomization_form.network(learned)
        randomization_form.dose_controls(learned)
        randomization_form.scheme_controls(learned)
        randomization_form.seed_control()
    st.caption(comparison_views.about(learned))
with answer:
    try:
        comparison = models.comparison(learned)
    except ForgettingError as error:
        st.error(literal(str(error)))
        st.stop()
    baselines = models.baselines_of(learned)
    comparison_views.headline(learned, comparison, baselines)
    views = {
        "Accuracy and loss": lambda: comparison_views.accuracy_and_loss(learned, comparison, baselines),
        "Dose": lambda: own_dose(learned, comparison, baselines),
        "Classes": lambda: comparison_views.recalls(learned, comparison, baselines),
        "Confusion": lambda: comparison_views.confusion(learned, comparison),
        "Weights": lambda: comparison_views.weights(learned, comparison),
        "Reviews": lambda: comparison_views.flipped_reviews(learned, comparison),
        "Relearn": lambda: relearning(learned, comparison, baselines),
    }
    for tab, view in zip(st.tabs(list(views), key="view", on_change="rerun"), views.values(), strict=True):
        if tab.open:
            with tab:
                view()
