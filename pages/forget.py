"""Forget: choose layers, dose and scheme, and see what the model has lost."""

import streamlit as st

from forgetting.dashboard import dose, panels, work
from forgetting.dashboard.frame import frame, need_model
from forgetting.dashboard.relearning import relearning
from forgetting.dashboard.responses import own_dose
from forgetting.dashboard.text import literal
from forgetting.errors import ForgettingError

frame("forget")
st.markdown("### Forget")
learned = need_model()

controls, answer = st.columns([1, 2.6], gap="medium")
with controls:
    if dose.can_choose(learned):
        dose.network(learned)
        dose.dose_controls(learned)
        dose.scheme_controls(learned)
        dose.seed_control()
    st.caption(panels.about(learned))
with answer:
    try:
        comparison = work.comparison(learned)
    except ForgettingError as error:
        st.error(literal(str(error)))
        st.stop()
    baselines = work.baselines_of(learned)
    panels.headline(learned, comparison, baselines)
    views = {
        "Accuracy and loss": lambda: panels.accuracy_and_loss(learned, comparison, baselines),
        "Dose": lambda: own_dose(learned, comparison, baselines),
        "Classes": lambda: panels.recalls(learned, comparison, baselines),
        "Confusion": lambda: panels.confusion(learned, comparison),
        "Weights": lambda: panels.weights(learned, comparison),
        "Reviews": lambda: panels.flipped_reviews(learned, comparison),
        "Relearn": lambda: relearning(learned, comparison, baselines),
    }
    for tab, view in zip(st.tabs(list(views), key="view", on_change="rerun"), views.values(), strict=True):
        if tab.open:
            with tab:
                view()
