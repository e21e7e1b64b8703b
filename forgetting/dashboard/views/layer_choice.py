"""Which layer to unlearn in: what layers lose of the forget set beyond the retain set, and the way to Unlearn."""

import pandas as pd
import streamlit as st

from forgetting.charts import layer_choice as layer_choice_charts
from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Study, assign
from forgetting.dashboard.studies.layer_choice import find_ranking
from forgetting.dashboard.ui.chart_files import result_tables, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.controls import scheme_pills
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.navigation import open_state
from forgetting.dashboard.ui.tables import chart_table
from forgetting.metrics.baselines import Baselines
from forgetting.randomization.groups import title_set
from forgetting.reporting import layer_choice as layer_choice_sentences
from forgetting.reporting.formatting import format_p
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import name_scope
from forgetting.unlearning.layer_choice import LayerLoss

CHOSEN_METHODS = ("original", "retrain", "randomize_and_repair", "repair_all_layers", "repair_random_layer")


def layer_choice_view(study: Study, baselines: Baselines) -> None:  # noqa: ARG001 - one signature for all views
    """The ranking of the layer sets for one scheme, with a button that takes the best to the Unlearn page."""
    known = study.trained_model.recipe.model.layers
    done = {row.scheme for row in study.rows}
    scheme = scheme_pills([each for each in study.plan.schemes if each in done], "layer_choice_scheme")
    try:
        ranking = find_ranking(study, scheme)
    except ForgettingError as error:
        show_error(error)
        return
    scope = name_scope(retrain=study.plan.retrain, splits=1)
    conclude(
        layer_choice_sentences.describe_layer_choice(ranking, known, scope),
        "forget set",
        "retain set",
        "excess loss",
        "95 % interval",
    )
    if ranking.best and not study.running:
        _offer_unlearning(ranking.best, ranking.scheme, known)
    rows = layer_choice_sentences.list_losses(ranking, known)
    chart = layer_choice_charts.excess_chart(rows)
    st.altair_chart(chart, key="layer_choice", alt="What each layer set loses of the forget set beyond the retain set")
    st.caption(layer_choice_sentences.HOW_RANKED)
    table = pd.DataFrame(rows).drop(columns="shown").rename(columns={"excess": "excess, points"})
    chart_table(
        lambda: table,
        key="layer_choice",
        alt="What each layer set loses of both sets",
        formats={"adjusted p": format_p},
        charts={"layer choice": study_chart(study, chart, "layer choice", shown={"scheme": scheme})},
        tables=result_tables(study.result, "sweep"),
    )


def _offer_unlearning(best: LayerLoss, scheme: str, known: tuple[str, ...]) -> None:
    """A button that makes the best layer set that of `randomize_and_repair`, beside all layers and a random one."""
    asked = st.button(
        literal(f"Unlearn in {title_set(best.layers, known)}"),
        icon=":material/delete_sweep:",
        type="primary",
        key="unlearn_in_best",
        help=explain("Unlearn in the best layer set"),
    )
    if asked:  # no callback, as the study is a fragment, which leads to no page
        values = {
            "unlearning.repair_layers": best.names,
            "unlearning.repair_scheme": scheme,
            "unlearning.methods": CHOSEN_METHODS,
        }
        assign(values, announce=True)
        open_state("unlearn")
