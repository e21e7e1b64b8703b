"""Forget: choose layers, fraction and scheme, and see what the model has lost."""

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import session
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.page import is_presenting, open_page, presentable_heading
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.dose_response import current_fraction_view
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.live import advance_live, live_view
from forgetting.dashboard.views.relearning import relearn_once_view
from forgetting.dashboard.views.review import review_view

open_page("forget")
keep_control()
presentable_heading("Forget")
trained_model = need_model()

has_choice = randomization_form.can_choose(trained_model)
try:
    comparison = models.find_comparison(trained_model, session().recipe.randomization)
except ForgettingError as error:
    show_error(error)
    comparison = None
baselines = models.find_baselines(trained_model)
if comparison:
    live_view(trained_model, comparison, baselines, with_review=is_presenting("forget"))
if comparison and is_presenting("forget"):
    comparison_views.accuracy_and_loss_view(trained_model, comparison, baselines)
    advance_live(trained_model)
    st.stop()
with st.container(key="answer_and_controls"):  # which stand below each other where there is no room for both
    answer, controls = st.columns([2.6, 1], gap="medium")
with controls:
    if has_choice:
        randomization_form.layer_controls(trained_model)
        randomization_form.scheme_controls(trained_model)
        randomization_form.seed_control()
    st.caption(comparison_views.describe_model(trained_model))
if comparison is None:
    st.stop()
with answer:
    views = {
        "Accuracy and loss": lambda: comparison_views.accuracy_and_loss_view(trained_model, comparison, baselines),
        "A review": lambda: review_view(trained_model, comparison),
        "Dose–response": lambda: current_fraction_view(trained_model, comparison, baselines),
        "Classes": lambda: comparison_views.recall_view(trained_model, comparison, baselines),
        "Confusion": lambda: comparison_views.confusion_view(trained_model, comparison),
        "Weights": lambda: comparison_views.weights_view(trained_model, comparison),
        "Reviews": lambda: comparison_views.flipped_reviews_view(trained_model, comparison),
        "Relearn": lambda: relearn_once_view(trained_model, comparison, baselines),
    }
    for tab, view in zip(st.tabs(list(views), key="forget_view", on_change="rerun"), views.values(), strict=True):
        if tab.open:
            with tab:
                view()
advance_live(trained_model)
