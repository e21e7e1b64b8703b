"""Train: the settings, the training shown live, and the layers of the classifier."""

import pandas as pd
import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainingRun, rerun_page, session
from forgetting.dashboard.state.work import TRAINING
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.page import open_page
from forgetting.dashboard.ui.prerequisites import PLAYS, need_data
from forgetting.dashboard.ui.saved_models import load_control
from forgetting.dashboard.ui.tables import show_table
from forgetting.dashboard.ui.training_form import preset_buttons, training_form
from forgetting.dashboard.views.keep import keep_control
from forgetting.dashboard.views.training import PLAY_EVERY, outdated_notice, play, training_buttons, training_view
from forgetting.experiment.saved import model_bytes
from forgetting.randomization.layers import layer_table
from forgetting.reporting.formatting import format_share
from forgetting.reporting.glossary import explain

open_page("train")
keep_control()
st.markdown("# Train")
need_data()
if st.session_state.pop(PLAYS, False):
    play()
    rerun_page()  # with a sidebar that says so

with st.container(key="controls_and_answer"):
    form, training_run = st.columns([1, 2.6], gap="medium")
with form:
    preset_buttons()
    training_form(models.find_shown(session()))
with training_run:
    training_buttons()
    outdated_notice()
    advancing.advance_in_fragment(TRAINING, training_view, running=session().playing, every=PLAY_EVERY)

shown = models.find_shown(session())
if shown:
    st.markdown("## Layers")
    rows = layer_table(shown.trainer.model if isinstance(shown, TrainingRun) else shown.trained.model)
    total = sum(row.parameters for row in rows)
    largest = max(rows, key=lambda row: row.parameters)
    st.text(f"{total:,} parameters, {format_share(largest.parameters / total)} of them in {largest.name}.")
    table = pd.DataFrame(
        {
            "layer": [row.name for row in rows],
            "kind": [row.kind for row in rows],
            "weight": [" × ".join(map(str, row.shapes["weight"])) for row in rows],
            "bias": [row.shapes.get("bias", (0,))[0] for row in rows],
            "parameters": [row.parameters for row in rows],
        }
    )
    # Another network's table is another one: it would keep the widths of the columns of the one before.
    key = f"layers_{'_'.join(row.name for row in rows)}"
    show_table(table, width="content", alt="Layers with their shapes and parameter counts", key=key)
    models.store_progress(session())

with st.container(horizontal=True):
    if shown and not session().playing:
        trained_model = models.find_trained_model(session())
        known = not models.is_outdated(trained_model, session().inputs) and trained_model.trained.steps
        if known and trained_model.trained.state != "diverged":
            st.download_button(
                "Download the model (safetensors)",
                lambda: model_bytes(trained_model.recipe, trained_model.split, trained_model.trained),
                file_name="model.safetensors",
                icon=":material/download:",
                on_click="ignore",
                help=explain("Download the model (safetensors)"),
            )
    load_control()
