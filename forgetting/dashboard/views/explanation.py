"""The sanity check of attributions: what is left of an explanation once the model is randomized."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from forgetting.charts import explanation as explanation_charts
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.ui.chart_files import result_tables, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.page import is_hollow
from forgetting.dashboard.ui.tables import BAND_TITLES, chart_table, show_table
from forgetting.metrics.baselines import Baselines
from forgetting.randomization.groups import title_set
from forgetting.randomization.patterns import matching_layers
from forgetting.reporting.explanation import EDGES, SANITY_CHECK_NAMES, SIMILARITY_NAMES, describe_sanity_check
from forgetting.reporting.formatting import format_count, format_fraction, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_attribution
from forgetting.studies.sanity_check import (
    CONCLUDED,
    INPUT_ALONE,
    MARGIN,
    SIMILARITIES,
    SanityCheck,
    agreement_curves,
    conclude_sanity_check,
    explanation_curves,
    reference_similarities,
)

EXPLAINED = (
    "**How to read this.** The words of {reviews} are explained before and after randomizing, for the class that the "
    "original predicts. An explanation of what the network has learnt must change where all of that is destroyed "
    "(Adebayo et al. 2018). Its curve does not fall to 0, as all these methods multiply by the input, in which rare "
    "words weigh more: this order stays whatever the network is. Random × input, which knows no network, shows how "
    "much that is. So, where all layers are randomized wholly, a method *changes with the model* if it keeps less "
    "than {margin:g} more than random × input, by its whole interval, and else *keeps more* if the whole interval is "
    "above 0. Changing is necessary and not sufficient: random numbers change, too, and explain nothing. Intervals of"
    " 95{percent} are over seeds and reviews (Obuchowski & Rockette 1995); those beyond random × input hold all "
    "methods at once (Bonferroni)."
)
COMPLEXITY = (
    "The overlap is of the {top} strongest words. The complexity is the entropy of the histogram of a review's values, "
    "and should rise where knowledge is lost (efficient MPRT, Hedström et al. 2024); random × input has as much as "
    "stands in the last column."
)


def sanity_check_view(study: Study, baselines: Baselines) -> None:
    """Curves of each method beside what never looks at the model, and which methods change with the model."""
    result, methods = study.result, study.plan.attributions
    frame = result.frame
    metric, layers = _choose(list(dict.fromkeys(frame["layers"])), result.layers)
    title, hollow = title_set(layers, result.layers), is_hollow(study.trained_model)
    concluded = [one for one in conclude_sanity_check(result, hollow=hollow) if one.layers == layers]
    agreement = agreement_curves(frame)
    conclude(
        describe_sanity_check(concluded, agreement, baselines, title),
        "sanity check",
        SIMILARITY_NAMES[CONCLUDED],
        "random × input",
        "TF-IDF alone",
    )
    references = reference_similarities(frame, metric)
    curves = pd.concat([explanation_curves(frame, metric), agreement], ignore_index=True)
    curves = curves[curves["layers"] == layers]
    by_fraction = explanation_charts.explanation_chart(curves, metric, references, methods)
    st.altair_chart(
        by_fraction,
        key="explanation",
        height="stretch",
        alt=f"{SIMILARITY_NAMES[metric]} with the original explanations by fraction randomized, with bands over seeds",
    )
    chart_table(
        lambda: _curves_table(curves),
        key="explanation",
        alt="Similarity of each method by fraction",
        formats={"fraction randomized": format_fraction},
        charts={
            "explanations": study_chart(
                study, by_fraction, "explanations", shown={"similarity": SIMILARITY_NAMES[metric], "layers": title}
            )
        },
        tables=result_tables(result, "explanation"),
    )
    reviews = format_count(int(frame["reviews"].max()), "validation review")
    st.caption(EXPLAINED.format(percent=PERCENT, margin=MARGIN, reviews=reviews))
    st.markdown(f"**With {format_fraction(concluded[0].dose)} of {literal(title)} randomized**")
    show_table(
        _methods_table(concluded, frame),
        formats={"rise of complexity": format_share},
        alt="Similarity and complexity of each method",
    )
    st.caption(COMPLEXITY.format(top=study.plan.top))
    st.markdown("**Layer by layer**")
    st.caption("The grey marks are random, random × input and TF-IDF alone; pointing at one names it.")
    found = conclude_sanity_check(result, metric)
    by_layers = explanation_charts.layer_sets_chart(found, metric, references)
    st.altair_chart(
        by_layers, key="explanation_layers", alt="What is left of the explanations of each method, for each layer set"
    )
    chart_table(
        lambda: _left_table(found),
        key="explanation_layers",
        alt="Similarity of each method and layer set",
        formats={"fraction randomized": format_fraction},
        charts={
            "explanations by layers": study_chart(
                study, by_layers, "explanations by layers", shown={"similarity": SIMILARITY_NAMES[metric]}
            )
        },
    )


def _choose(sets: Sequence[str], known: tuple[str, ...]) -> tuple[str, str]:
    """The similarity and the layer set that are shown."""
    with st.container(horizontal=True):
        metric = st.pills(
            "Similarity of explanations",
            SIMILARITIES,
            default=SIMILARITIES[0],
            required=True,
            format_func=SIMILARITY_NAMES.get,
            help=explain("Similarity of explanations"),
            key="explanation_similarity",
            persist_state="session",
        )
        largest = max(sets, key=lambda names: len(matching_layers(names, known)))
        layers = st.pills(
            "Layer set",
            sets,
            default=largest,
            required=True,
            format_func=lambda name: title_set(name, known),
            help=explain("Layer set"),
            key="explanation_layer_set",
        )
    return metric or SIMILARITIES[0], layers or largest


def _curves_table(curves: pd.DataFrame) -> pd.DataFrame:
    table = curves.assign(method=curves["attribution"].map(format_attribution))
    columns = ["method", "dose", *BAND_TITLES, "seeds"]
    return table[columns].rename(columns=BAND_TITLES | {"dose": "fraction randomized"})


def _left_table(found: Sequence[SanityCheck]) -> pd.DataFrame:
    """A row for each layer set and method: what is left, with its interval, beside what the input alone leaves."""
    return pd.DataFrame(
        {
            "layers": [one.layers for one in found],
            "fraction randomized": [one.dose for one in found],
            "method": [format_attribution(one.attribution) for one in found],
            "left": [one.left and one.left.change for one in found],
            "left from": [one.left and one.left.low for one in found],
            "left to": [one.left and one.left.high for one in found],
            **{format_attribution(name): [one.references[name] for one in found] for name in (INPUT_ALONE, *EDGES)},
        }
    )


def _methods_table(found: Sequence[SanityCheck], frame: pd.DataFrame) -> pd.DataFrame:
    """A row for each method: the conclusion, and the complexity of its explanations before and after."""
    last = frame[(frame["dose"] == found[0].dose) & (frame["layers"] == found[0].layers)]
    complexity = {"complexity_before": "complexity before", "complexity": "complexity after"}
    complexity |= {"complexity_rise": "rise of complexity", "complexity_random": "complexity of random × input"}
    means = last.groupby("attribution")[list(complexity)].mean().reindex([one.attribution for one in found])
    table = _left_table(found).drop(columns=["layers", "fraction randomized"])
    table.insert(1, "conclusion", [SANITY_CHECK_NAMES[one.conclusion] for one in found])
    place = table.columns.get_loc(format_attribution(INPUT_ALONE)) + 1
    beyond = {"beyond random × input": "change", "beyond from": "low", "beyond to": "high"}
    for number, (title, name) in enumerate(beyond.items()):
        table.insert(place + number, title, [one.beyond and getattr(one.beyond, name) for one in found])
    return table.assign(**{title: means[name].to_numpy() for name, title in complexity.items()})
