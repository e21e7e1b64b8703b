"""What the Layers page shows besides studies: how robust each layer is, and words forgotten on their own."""

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import TrainedModel, session
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.studies.panel import downloads
from forgetting.dashboard.ui.escape import literal
from forgetting.experiment.export import csv_bytes
from forgetting.metrics.baselines import Baselines
from forgetting.reporting import dose_response as dose_response_sentences

MOST_SEEDS = 100  # of the robustness table, which is computed at once


def robustness_view(trained_model: TrainedModel, baselines: Baselines) -> None:
    """Each layer set back to before training and drawn anew, with a verdict in plain words."""
    try:
        rows = sweep.robustness_of(trained_model, min(session().recipe.sweep.seeds, MOST_SEEDS))
    except ForgettingError as error:
        st.error(literal(str(error)))
        return
    st.text(dose_response_sentences.describe_robustness(rows, baselines))
    chart = dose_response_charts.robustness_chart(rows)
    st.altair_chart(chart, key="robustness", alt="Forgetting of each layer set back and drawn anew")
    share = st.column_config.NumberColumn(format="percent")
    table = pd.DataFrame(
        {
            "layer": [row.layer for row in rows],
            "parameters": [row.parameters for row in rows],
            "accuracy": [row.accuracy_before for row in rows],
            "set back": [row.accuracies[0] for row in rows],
            "drawn anew": [row.accuracies[1] for row in rows],
            "chance": [row.chance for row in rows],
            "largest class": baselines.majority["validation"],
            "‖θt − θ0‖₂": [row.distance for row in rows],
            "‖θ0‖₂": [row.initial_norm for row in rows],
            "conclusion": [row.conclusion for row in rows],
        }
    )
    names = ("accuracy", "set back", "drawn anew", "chance", "largest class")
    columns = dict.fromkeys(names, share) | {
        name: st.column_config.NumberColumn(format="%.2f") for name in ("‖θt − θ0‖₂", "‖θ0‖₂")
    }
    st.dataframe(table, hide_index=True, column_config=columns, alt="Robustness of each layer")
    st.caption(
        "After Zhang, Bengio & Singer, “Are All Layers Created Equal?”: re-initialization sets one layer back to its "
        "weights from before training, re-randomization draws it anew from its initializer. Critical: at least "
        "half of the accuracy above chance is gone when it is set back; robust: at most a quarter. These bounds are "
        "ours; where the 95 % interval over the reviews crosses one, both words stand. The band of “drawn anew” is "
        "over seeds."
    )
    downloads({"robustness.csv": lambda: csv_bytes(table)}, {"robustness": chart}, "robustness")
