"""Relearning: the randomized model trained once beside the original, learning curves over seeds, and savings.

A view draws the charts and the conclusions; the studies themselves are advanced by `dashboard.studies`.
"""

from functools import partial
from math import inf, isnan
from statistics import median

import pandas as pd
import streamlit as st

from forgetting.charts import relearning as relearning_charts
from forgetting.charts.history import Curve
from forgetting.charts.style import RELEARNED
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import RelearningRun, Study, TrainedModel, rerun_page, session
from forgetting.dashboard.state.work import RELEARN_ONCE, stop_relearning
from forgetting.dashboard.ui import advancing
from forgetting.dashboard.ui.chart_files import model_source, result_tables, study_chart
from forgetting.dashboard.ui.conclusion import conclude
from forgetting.dashboard.ui.controls import scheme_pills
from forgetting.dashboard.ui.navigation import page_link
from forgetting.dashboard.ui.page import is_hollow
from forgetting.dashboard.ui.tables import BAND_TITLES, chart_table, show_table
from forgetting.dashboard.views.training import PLAY_EVERY, history_charts, play_slice
from forgetting.experiment.pipeline import make_trainer
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.model.history import Epoch
from forgetting.reporting import comparison as comparison_sentences
from forgetting.reporting import relearning as relearning_sentences
from forgetting.reporting.formatting import format_count, format_epochs, format_fraction, format_share
from forgetting.reporting.glossary import explain
from forgetting.studies.memory import leaves_one_model, savings_curves
from forgetting.studies.relearning import learning_curve_bands
from forgetting.studies.savings import SavingsRow
from forgetting.studies.time_to_target import TargetAccuracy


def relearn_once_view(trained_model: TrainedModel, comparison: Comparison, baselines: Baselines) -> None:
    """Choose how long, relearn, and compare. In the published protocol the second run is there already."""
    if comparison.history:
        _draw_relearning(trained_model, comparison.history, baselines, len(comparison.history))
        return
    mine = session()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        epochs = st.number_input(
            "Epochs to relearn",
            1,
            2_000,
            value=trained_model.training.epochs,
            key="relearn_epochs",
            width=160,
            help=explain("Epochs to relearn"),
        )
        st.button(
            "Relearn",
            icon=":material/replay:",
            type="primary",
            on_click=_start_relearning,
            args=(trained_model, comparison),
            help=explain("Relearn"),
        )
        if mine.relearn_playing:
            st.button("Stop", icon=":material/stop:", on_click=stop_relearning, args=(mine,), help=explain("Stop"))
    if mine.relearning and mine.relearning.key != models.comparison_key(trained_model, mine.recipe.randomization):
        mine.relearning, mine.relearn_playing = None, False
    page_link("relearn", "Is it really gone? Compare with models from scratch, over seeds, on the Relearn page")
    view = partial(_relearn_slice, trained_model, baselines, int(epochs))
    advancing.advance_in_fragment(RELEARN_ONCE, view, running=mine.relearn_playing, every=PLAY_EVERY)


def _start_relearning(trained_model: TrainedModel, comparison: Comparison) -> None:
    mine, epochs = session(), st.session_state.get("relearn_epochs", trained_model.training.epochs)
    trainer = make_trainer(trained_model.recipe, trained_model.split, comparison.model, epochs=int(epochs))
    mine.relearning = RelearningRun(models.comparison_key(trained_model, mine.recipe.randomization), trainer)
    mine.relearn_playing = True


def _relearn_slice(trained_model: TrainedModel, baselines: Baselines, epochs: int) -> None:
    mine = session()
    if mine.relearn_playing and mine.relearning and not mine.queue_position:
        play_slice(mine.relearning.trainer, full_speed=False)
        if not mine.relearning.trainer.epochs_left:
            mine.relearn_playing = False
            rerun_page()
    trainer = mine.relearning.trainer if mine.relearning else None
    _draw_relearning(
        trained_model, trainer.history if trainer else [], baselines, trainer.training.epochs if trainer else epochs
    )
    if trainer and trainer.state == "diverged":
        st.error("Relearning diverged: the loss is not a finite number any more. Randomize less, or train more gently.")


def _draw_relearning(
    trained_model: TrainedModel, history: list[Epoch] | tuple[Epoch, ...], baselines: Baselines, epochs: int
) -> None:
    original = trained_model.trained.history
    if history and original:
        before, after = trained_model.trained.reached.validation.accuracy, history[-1].validation.accuracy
        st.text(
            f"After {format_epochs(len(history))} of relearning validation accuracy is {format_share(after)}; the "
            f"original reached {format_share(before)} in {format_epochs(len(original))}, where chance is "
            f"{format_share(baselines.chance)}."
        )
    else:
        st.text("Relearn trains the randomized model again, with the settings that the original was trained with.")
    curves = [Curve("original", original), Curve("relearned", history, RELEARNED)]
    objective = trained_model.recipe.training.objective
    history_charts(
        curves,
        baselines,
        objective=objective,
        epochs=max(epochs, len(original)),
        key="relearn",
        source=partial(model_source, trained_model, "comparison"),
    )


def learning_curves_view(study: Study, baselines: Baselines) -> None:
    """Learning curves of the randomized model and of models from scratch, and whether it still remembers."""
    result, layers = study.result, study.trained_model.recipe.model.layers
    randomization = comparison_sentences.describe_randomization(result.recipe.randomization, layers)
    hollow = is_hollow(study.trained_model)
    same_model = leaves_one_model(result.recipe.randomization.scheme, result.recipe.randomization.fraction)
    conclude(
        relearning_sentences.describe_relearning(
            result.learning_curves, result.outcomes, randomization, baselines, same_model=same_model, hollow=hollow
        ),
        "validation accuracy",
        "target accuracy",
        "savings",
        "interval of savings",
        "sign test",
    )
    targets = [curve.target_accuracy for curve in result.learning_curves if curve.model == "scratch"]
    before, target = (median(getattr(one, name) for one in targets) for name in ("accuracy_before", "target"))
    lines = {"chance": baselines.chance, "largest class": baselines.majority["validation"]}
    chart = relearning_charts.learning_curve_chart(
        learning_curve_bands(result.curves), lines, epochs=study.plan.epochs, target=target
    )
    st.altair_chart(
        chart,
        key="learning_curves",
        height="stretch",
        alt="Validation accuracy by epoch of relearning and from scratch, with bands over seeds",
    )
    chart_table(
        lambda: (
            learning_curve_bands(result.curves)[["model", "epoch", "steps", *BAND_TITLES, "seeds"]]
            .replace({"model": relearning_charts.MODEL_NAMES})
            .rename(columns=BAND_TITLES)
        ),
        key="learning_curves",
        alt="Accuracy by epoch of each kind of model",
        formats=dict.fromkeys(BAND_TITLES.values(), format_share),
        charts={"relearning": study_chart(study, chart, "relearning", baselines=lines)},
        tables=result_tables(result, "relearning"),
    )
    with st.expander("Each seed"):
        show_table(_seed_table(result.outcomes), alt="Steps to the target of each seed and model")
    st.caption(
        f"The target is {format_share(study.plan.target_share)} of the original's validation accuracy, "
        f"{format_share(before)}{' (median)' if len(targets) > 1 else ''}. {_describe_measured(targets[0])} Savings "
        "are the share of steps that relearning saves, 1 − steps to relearn / steps from scratch (Ebbinghaus): 1 is "
        "never lost, 0 is gone, below 0 is slower than from scratch. A run that never reaches the target counts as "
        "longer than all others. All models are trained with the settings of the original; a step is an update of the "
        "weights. N(0, 1) also makes the weights larger, which hinders training whatever is remembered; "
        "re-randomization does not."
    )


def _describe_measured(target: TargetAccuracy | SavingsRow) -> str:
    """On which reviews the target is to be reached, and what that means."""
    if target.measured_on == "test":
        return "Whether it is reached is measured on the test part, which no choice has looked at."
    return (
        "Whether it is reached is measured on the same reviews that set it; a test part (Data) would measure it on "
        "others."
    )


def _seed_table(outcomes: pd.DataFrame) -> pd.DataFrame:
    """A row a replicate: the steps of each model to the target, or why it did not reach it, and the savings."""
    cells = outcomes.assign(
        cell=[
            f"{steps:,.0f} steps" if outcome == "reached" else outcome
            for outcome, steps in zip(outcomes["outcome"], outcomes["steps"], strict=True)
        ]
    )
    keys = ["split", "seed"] if outcomes["split"].nunique() > 1 else ["seed"]
    table = cells.pivot_table(index=keys, columns="model", values="cell", aggfunc="first", sort=False).reset_index()
    table = table.rename(columns=relearning_charts.MODEL_NAMES)
    randomized = outcomes[outcomes["model"] == "randomized"].set_index(keys)
    savings = [
        missing if isnan(high) or (low, high) == (-inf, 1) else relearning_sentences.format_savings(low, high)
        for low, high, missing in zip(
            randomized["savings_low"].fillna(-inf), randomized["savings_high"], randomized["missing"], strict=True
        )
    ]
    found = randomized.assign(savings=savings)[["savings", "log_ratio"]]
    return table.join(found.rename(columns={"log_ratio": "log ratio of steps"}), on=keys)


def savings_view(study: Study, baselines: Baselines) -> None:
    """Savings by the fraction randomized of each layer set, for one scheme, and the conclusion for every variant."""
    result = study.result
    curves = savings_curves(result.frame, hollow=is_hollow(study.trained_model))
    schemes = list(dict.fromkeys(curves["scheme"]))
    scheme = scheme_pills(schemes, "savings_scheme")
    shown = curves[curves["scheme"] == scheme]
    conclude(
        relearning_sentences.describe_savings(shown, result.frame, baselines),
        "savings",
        "fraction randomized",
        "sign test",
    )
    chart = relearning_charts.savings_chart(shown)
    st.altair_chart(
        chart,
        key="savings",
        height="stretch",
        alt="Savings by fraction randomized: median and 5–95 % band over seeds for each layer set",
    )
    chart_table(
        lambda: _savings_table(shown, baselines),
        key="savings",
        alt="Accuracy, savings and conclusion of each variant",
        formats=dict.fromkeys(("accuracy after", "chance", "largest class"), format_share)
        | {"fraction randomized": format_fraction},
        pale=("p", "conclusion"),
        charts={"savings": study_chart(study, chart, "savings", shown={"scheme": scheme})},
        tables=result_tables(result, "savings"),
    )
    first = curves.iloc[0]
    st.caption(
        f"The conclusion is a one-sided sign test over {format_count(first['units'], first['unit'])}. The sentence "
        "corrects for the layer sets that it names (Holm), the table for all its variants, where at most one in "
        "twenty of those shown is expected to be false (Benjamini–Hochberg); what is shown by a variant's own test "
        f"alone is pale. {_describe_measured(study.result.rows[0])} A run that never reaches the target counts as "
        "longer than all others. All seeds of re-initialization of one model go back to its initial weights, which may "
        "be lucky ones. A model that is already there needs no step: its savings are 1. The mean of savings is below 0 "
        "where nothing is saved, as 1 − a/b is not symmetric; their median, and the mean of log(b/a), are 0 there."
    )


def _savings_table(curves: pd.DataFrame, baselines: Baselines) -> pd.DataFrame:
    """A row a layer set and fraction."""
    return pd.DataFrame(
        {
            "layers": curves["layers"],
            "fraction randomized": curves["dose"],
            "accuracy after": curves["accuracy"],
            "chance": baselines.chance,
            "largest class": baselines.majority["validation"],
            **{title: curves[name] for name, title in (BAND_TITLES | {"median": "savings"}).items()},
            "90 % interval from": curves["interval_low"],
            "90 % interval to": curves["interval_high"],
            "log ratio of steps": [
                None if isnan(pair[1]) else relearning_sentences.format_log_ratio(*pair)
                for pair in zip(curves["log_ratio"], curves["log_ratio_high"], strict=True)
            ],
            "already there": curves["already_there"],
            "never reached": curves["never"],
            "compared": curves["units"],
            "p": curves["p"],
            "corrected p": curves["adjusted"],
            **{
                title: list(map(relearning_sentences.name_conclusion, curves[name], curves["unit"]))
                for title, name in {"conclusion": "conclusion", "corrected conclusion": "corrected"}.items()
            },
        }
    )
