"""How robust each layer is to re-initialization and to re-randomization."""

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.ui.chart_files import study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.tables import chart_table, show_table
from forgetting.dashboard.views.dose_response import choose_sets
from forgetting.experiment.export import csv_bytes
from forgetting.metrics.baselines import Baselines
from forgetting.reporting import dose_response as dose_response_sentences
from forgetting.reporting.comparison import FORGETTING_SCALE
from forgetting.reporting.formatting import format_share

NOT_REWOUND = "The study has no layer that is re-initialized as a whole, so that nothing is said of robustness."


def robustness_view(study: Study, baselines: Baselines) -> None:
    """Each layer re-initialized and re-randomized, with a conclusion for each."""
    rows = () if study.running else sweep.find_robustness(study)
    if not rows:
        st.info("Conclusions are drawn once the study stands still." if study.running else NOT_REWOUND)
        return
    names = choose_sets(study, pd.DataFrame({"layers": [row.layer for row in rows]}), "robustness")["layers"].tolist()
    rows = tuple(row for row in rows if row.layer in names)
    hollow = sweep.is_hollow_study(study)
    conclude(
        dose_response_sentences.describe_robustness(rows, baselines, sweep.scope_of(study), hollow=hollow),
        "forgetting",
        "robust",
        "critical",
    )
    chart = dose_response_charts.robustness_chart(rows)
    st.altair_chart(chart, key="robustness", alt="Forgetting of each layer, re-initialized and re-randomized")
    chart_table(
        lambda: (
            dose_response_charts.robustness_points(rows)
            .drop(columns="decided")
            .rename(columns={"how": "weights", "alone": "looked at alone"})
        ),
        key="robustness",
        alt="Forgetting of each layer",
        charts={"robustness": study_chart(study, chart, "robustness")},
        tables={"robustness.csv": lambda: csv_bytes(table), **sweep.files_of(study)},
    )
    table = pd.DataFrame(
        {
            "layer": [row.layer for row in rows],
            "conclusion": ["undefined" if hollow else row.conclusion for row in rows],
            "looked at alone": ["undefined" if hollow else row.alone for row in rows],
            "parameters": [row.parameters for row in rows],
            "accuracy": [row.accuracy_before for row in rows],
            "re-initialized": [row.accuracies[0] for row in rows],
            "re-randomized": [row.accuracies[1] for row in rows],
            "chance": [row.chance for row in rows],
            "largest class": baselines.majority["validation"],
            "‖θt − θ0‖₂": [row.distance for row in rows],
            "‖θ0‖₂": [row.initial_norm for row in rows],
        }
    )
    shares = ("accuracy", "re-initialized", "re-randomized", "chance", "largest class")
    show_table(table, formats=dict.fromkeys(shares, format_share), alt="Robustness of each layer")
    st.caption(
        "After Zhang, Bengio & Singer, “Are All Layers Created Equal?”: re-initialization sets one layer back to its "
        "weights from before training, re-randomization draws it anew as before training. A layer is critical where "
        "at least half of the accuracy above chance is gone after re-initialization, and robust where at most a "
        f"quarter is. These bounds are ours; where the 95{PERCENT} interval crosses one, both words stand, and "
        "the bars are pale. It is corrected for the number of layers (Bonferroni); the conclusion without that "
        "stands in the table as “looked at alone”. "
        f"{FORGETTING_SCALE}"
    )
