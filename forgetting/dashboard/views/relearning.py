"""What the Relearn page shows: courses of training again, and savings by dose, with their verdicts."""

import pandas as pd
import streamlit as st

from forgetting.charts import relearning as relearning_charts
from forgetting.dashboard.state.session import Study
from forgetting.dashboard.studies.panel import downloads
from forgetting.metrics.baselines import Baselines
from forgetting.reporting import comparison as comparison_sentences
from forgetting.reporting import relearning as relearning_sentences
from forgetting.reporting.formatting import format_number, format_share
from forgetting.studies.savings import learning_curve_bands, leaves_one_model, savings_curves


def courses_view(study: Study, baselines: Baselines) -> None:
    """The courses of the session's randomization, and whether it still remembers."""
    result, layers = study.result, study.trained_model.recipe.model.layers
    target = comparison_sentences.describe_randomization(result.recipe.randomization, layers)
    alike = leaves_one_model(result.recipe.randomization.scheme, result.recipe.randomization.fraction)
    st.text(
        relearning_sentences.describe_relearning(result.courses, result.outcomes, target, baselines, same_model=alike)
    )
    goal = result.courses[0].target_accuracy
    lines = {"chance": baselines.chance, "largest class": baselines.majority["validation"]}
    chart = relearning_charts.course_chart(
        learning_curve_bands(result.curves), lines, epochs=study.plan.epochs, target=goal.target
    )
    st.altair_chart(chart, key="courses", alt="Validation accuracy by epoch of training again, with bands over seeds")
    with st.expander("Each seed"):
        st.dataframe(_seeds(result.outcomes), hide_index=True, alt="Steps to the target of each seed and model")
    st.caption(
        f"Target: {format_share(study.plan.target_share)} of the original's validation accuracy, "
        f"{format_share(goal.accuracy_before)}. "
        "Savings: 1 − steps to relearn / steps from scratch (Ebbinghaus); 1 never lost, 0 gone, below 0 slower than "
        "from scratch. All are trained with the original's own settings; a step is an update of the weights. N(0, 1) "
        "also makes the weights larger, which hinders training whatever is remembered; “reinit” does not."
    )
    files = {f"relearning.{kind}": lambda kind=kind: result.to_bytes(kind) for kind in ("csv", "parquet")}
    downloads(files, {"relearning": chart}, "courses")


def _seeds(outcomes: pd.DataFrame) -> pd.DataFrame:
    """A line a seed: steps of each kind of model, or what became of it, and the savings."""
    told = outcomes.assign(
        told=[
            f"{steps:,.0f} steps" if outcome == "reached" else outcome
            for outcome, steps in zip(outcomes["outcome"], outcomes["steps"], strict=True)
        ]
    )
    table = told.pivot_table(index="seed", columns="model", values="told", aggfunc="first", sort=False).reset_index()
    table = table.rename(columns=relearning_charts.MODEL_NAMES)
    saved = outcomes[outcomes["model"] == "randomized"].set_index("seed")
    values = saved["savings"].map(lambda value: format_number(value) if value == value else None)
    table["savings"] = table["seed"].map(values.fillna(saved["missing"]))
    return table


def savings_view(study: Study, baselines: Baselines) -> None:
    """Savings by dose of each layer set, for one scheme, and the verdict of every variant."""
    result = study.result
    curves = savings_curves(result.frame)
    schemes = list(dict.fromkeys(curves["scheme"]))
    scheme = st.pills(
        "Scheme", schemes, default=schemes[0], required=True, key="savings_scheme", persist_state="session"
    )
    own = curves[curves["scheme"] == (scheme or schemes[0])]
    st.text(relearning_sentences.describe_savings(own, result.frame, baselines))
    chart = relearning_charts.savings_chart(own)
    st.altair_chart(chart, key="savings", alt="Savings by dose: median and 5–95 % band over seeds for each layer set")
    with st.expander("Each variant"):
        st.dataframe(_variants(own, baselines), hide_index=True, alt="Accuracy, savings and verdict of each variant")
    st.caption(
        "Verdict: a one-sided sign test over the seeds, for one variant; of twenty that are drawn anew and remember "
        "nothing, about one passes. All seeds of “rewind” go back to the original's first weights, which may be lucky "
        "ones. “Already there” needs no step: its savings are 1."
    )
    files = {f"savings.{kind}": lambda kind=kind: result.to_bytes(kind) for kind in ("csv", "parquet")}
    downloads(files, {"savings": chart}, "savings")


def _variants(curves: pd.DataFrame, baselines: Baselines) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "layers": curves["layers"],
            "dose": curves["dose"].map(format_share),
            "accuracy after": curves["accuracy"].map(format_share),
            "chance": format_share(baselines.chance),
            "largest class": format_share(baselines.majority["validation"]),
            "savings": curves["median"].map(lambda value: format_number(value) if value == value else "none"),
            "already there": curves["already_there"],
            "never reached": curves["never"],
            "conclusion": curves["conclusion"],
        }
    )
