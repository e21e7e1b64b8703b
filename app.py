"""Overview: the question, the answer at once, the steps of the work, and the published table.

A visitor's run of this page has the name "__main__". The server imports it once before, and takes `app` from it.
"""

import streamlit as st
from starlette.middleware import Middleware

from forgetting.dashboard.server.hosts import KnownHosts
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import session
from forgetting.dashboard.ui import randomization_form
from forgetting.dashboard.ui.navigation import page_link
from forgetting.dashboard.ui.page import first_screen_only, is_presenting, open_page, presentable_heading
from forgetting.dashboard.ui.prerequisites import offer_model
from forgetting.dashboard.views import comparison as comparison_views
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.live import advance_live, live_view
from forgetting.dashboard.views.published import published_view
from forgetting.dashboard.views.splits import splits_view


def draw_overview() -> None:
    """Draw the page."""
    open_page("overview")
    keep_control()
    presentable_heading("When a network's layers are randomized, what does it forget?")
    trained_model = offer_model()
    if trained_model:
        if not is_presenting("overview"):
            comparison_views.experiment_view(trained_model)
            splits_view(trained_model)
        comparison = models.find_comparison(trained_model, session().recipe.randomization)
        baselines = models.find_baselines(trained_model)
        randomization_form.can_choose(trained_model)
        with st.container():  # in which the slider stays in sight on a phone
            live_view(trained_model, comparison, baselines, with_review=True)
            comparison_views.accuracy_and_loss_view(trained_model, comparison, baselines)
        if is_presenting("overview"):
            advance_live(trained_model)
            st.stop()
        st.caption(comparison_views.describe_model(trained_model))

    whole = not first_screen_only()
    if whole and trained_model:
        from forgetting.dashboard.views.review import review_view  # which imports torch

        st.markdown("## A review of your own")
        review_view(trained_model, comparison)

    st.markdown("## The steps of the work")
    steps = {
        "data": ("Data", "Take the synthetic sample, the original file or your own, and see what is in it."),
        "train": (
            "Train",
            "Watch a perceptron or a small Transformer learn, with the loss and accuracy of a trivial model beside it.",
        ),
        "forget": ("Forget", "Choose layers, fraction and scheme; see which classes and reviews go, and relearn them."),
        "layers": (
            "Layers",
            "Ask which layer holds the memory: dose–response curves over many seeds, with their bands.",
        ),
        "explain": (
            "Explain",
            "Does an explanation of the model change when the model does? And where do reviews lie inside it?",
        ),
        "relearn": (
            "Relearn",
            "A model at chance may still remember: train it again, and count the steps that it saves.",
        ),
        "unlearn": (
            "Unlearn",
            "Forget a class, a share or single reviews, and compare with a model that never saw them.",
        ),
    }
    with st.grid(4, min_column_width=220):
        for page, (title, sentence) in steps.items():
            with st.container(border=True, height="stretch"):
                page_link(page, title)
                st.caption(sentence)

    if whole:
        st.markdown("## The published table, and what it hides")
        published_view()
    if trained_model:
        advance_live(trained_model)


if __name__ == "__main__":
    draw_overview()
else:
    app = st.App(__file__, middleware=[Middleware(KnownHosts)])
