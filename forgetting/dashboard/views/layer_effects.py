"""What a model's layers hold, as sentences from a sweep's rows, each with what it rests on."""

import pandas as pd
import streamlit as st

from forgetting.charts import dose_response as dose_response_charts
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies import sweep
from forgetting.dashboard.ui.chart_files import study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.tables import chart_table
from forgetting.metrics.baselines import Baselines
from forgetting.reporting.layer_effects import describe_layer_effects
from forgetting.reporting.names import format_scheme

NOTHING_TO_CONCLUDE = "The study has no validation accuracy to conclude from."


def _moves(study: Study) -> dict[str, float]:
    """How far training moved each layer, ‖θ_t − θ_0‖₂ / ‖θ_0‖₂, by its name; layers that began at 0 are left out."""
    found = sweep.distances_of(study).items()
    return {name: far.distance / far.initial_norm for name, far in found if far.distance and far.initial_norm}


def layer_effects_view(study: Study, baselines: Baselines) -> None:
    """The sentences that the rows show, with the effects that they rest on."""
    effects = None if study.running else sweep.find_layer_effects(study)
    if effects is None:
        st.info("Conclusions are drawn once the study stands still." if study.running else NOTHING_TO_CONCLUDE)
        return
    first, sentences = describe_layer_effects(effects, baselines, sweep.scope_of(study), _moves(study))
    conclude(first, "forgetting", "re-initialization", "95 % interval")
    for sentence in sentences:
        icon = ":material/check_circle:" if sentence.shown else ":material/help:"
        st.markdown(f"{icon} **{sentence.topic}.** {literal(sentence.text)}")
    if not effects.listed:
        return
    chart = dose_response_charts.layer_effects_chart(effects.listed)
    st.altair_chart(chart, key="layer_effects", alt="Forgetting of single layer sets, each with its interval")
    chart_table(
        lambda: pd.DataFrame(
            [
                {
                    "layers": effect.layers,
                    "scheme": format_scheme(effect.scheme),
                    "forgetting": effect.forgetting,
                    "from": effect.low,
                    "to": effect.high,
                    "conclusion": effect.conclusion,
                }
                for effect in effects.listed
            ]
        ),
        key="layer_effects",
        alt="Forgetting of single layer sets",
        charts={"conclusions": study_chart(study, chart, "conclusions")},
        tables=sweep.files_of(study),
    )
