"""Method: the words, the protocols, the schemes and the unlearning methods, each with its source."""

import streamlit as st

from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.views import method
from forgetting.dashboard.views.keep import keep_control

open_page("method")
keep_control()
st.markdown("# Method\nWhat every word means, what is done to a model, and where it comes from.")
views = {
    "Words": method.glossary_view,
    "Protocols": method.protocols_view,
    "Schemes and units": method.schemes_view,
    "Unlearning methods": method.methods_view,
}
for tab, view in zip(st.tabs(list(views), key="method_view", on_change="rerun"), views.values(), strict=True):
    if tab.open:
        with tab:
            view()
