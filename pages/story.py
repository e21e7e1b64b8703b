"""Start here: a guided story of six scenes, each with a question, a prediction and an answer."""

import streamlit as st

from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.prerequisites import need_model
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.story import scene_states, scene_view

open_page("story", scene_states())
keep_control()
scene_view(need_model())
st.caption("Leave whenever you like: the pages in the navigation show your own experiment, which waits as it is.")
