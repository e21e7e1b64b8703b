"""Train: the settings, the classifier learning live, and its layers."""

import pandas as pd
import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Lesson, session
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.page import frame
from forgetting.dashboard.ui.prerequisites import need_data
from forgetting.dashboard.ui.training_form import presets, training_form
from forgetting.dashboard.views import playing
from forgetting.dashboard.views.training import lesson_buttons, lesson_view, outdated_notice, shown_run
from forgetting.experiment.export import checkpoint
from forgetting.randomization.layers import layer_table
from forgetting.reporting.formatting import percent

frame("train")
st.markdown("### Train")
need_data()

form, lesson = st.columns([1, 2.6], gap="medium")
with form:
    presets()
    training_form()
with lesson:
    lesson_buttons()
    advancing.advancing(lesson_view, running=session().playing, every=playing.EVERY)
    outdated_notice()

shown = shown_run()
if shown:
    st.markdown("#### Layers")
    rows = layer_table(shown.trainer.model if isinstance(shown, Lesson) else shown.trained.model)
    total = sum(row.parameters for row in rows)
    st.text(f"{total:,} parameters, {percent(rows[0].parameters / total)} of them in {rows[0].name}.")
    table = pd.DataFrame(
        {
            "layer": [row.name for row in rows],
            "kind": [row.kind for row in rows],
            "weight": [" × ".join(map(str, row.shapes["weight"])) for row in rows],
            "bias": [row.shapes["bias"][0] for row in rows],
            "parameters": [row.parameters for row in rows],
        }
    )
    st.dataframe(table, hide_index=True, width="content", alt="Layers with their shapes and parameter counts")
    models.keep_progress()
    learned = models.find_learned()
    if not models.outdated(learned):
        st.download_button(
            "Download the model (safetensors)",
            lambda: checkpoint(learned.recipe, learned.trained),
            file_name="model.safetensors",
            icon=":material/download:",
            on_click="ignore",
        )
