"""Plans of sweeps that are ready to be started, each with the time that it takes at the most."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from forgetting.dashboard.state.session import TrainedModel, assign, session
from forgetting.dashboard.studies.base import PACE
from forgetting.dashboard.studies.panel import start_study
from forgetting.dashboard.studies.sweep import sweep_seconds
from forgetting.randomization.groups import groups_of
from forgetting.randomization.patterns import ALL
from forgetting.recipe.plans import Sweep, even_doses
from forgetting.reporting.formatting import format_count, format_duration
from forgetting.reporting.glossary import explain

PRESET_SEEDS = 3
PLANS_OPEN = "plans"  # key of the popover, which closes once a plan is started, so that it hides nothing


@dataclass(frozen=True)
class PlanPreset:
    """A plan of a sweep for a model.

    Attributes:
        title: What it is called.
        purpose: What it shows, in a sentence.
        make: The plan for a model with such layers.
        tab: The tab that shows it, where it is not the one from which it is started.
    """

    title: str
    purpose: str
    make: Callable[[tuple[str, ...]], Sweep]
    tab: str = ""

    def plan(self, trained_model: TrainedModel, current: Sweep) -> Sweep:
        """The plan for a model; its first seed, its splits and what else it does not say are those of another plan."""
        made = self.make(trained_model.recipe.model.layers)
        kept = {name: getattr(current, name) for name in ("seed", "splits", "retrain", "scale")}
        return replace(made, **kept)


def _of_groups(known: tuple[str, ...]) -> Sweep:
    return Sweep((*groups_of(known).values(), ALL), even_doses(6), ("reinit",), seeds=PRESET_SEEDS)


def _of_layers(known: tuple[str, ...]) -> Sweep:  # noqa: ARG001 - as the others take it
    return Sweep(("each",), even_doses(6), ("reinit",), seeds=PRESET_SEEDS)


def _of_cascades(known: tuple[str, ...]) -> Sweep:  # noqa: ARG001
    return Sweep(("down", "up"), (1.0,), ("reinit",), seeds=PRESET_SEEDS)


CASCADES_PRESET = PlanPreset(
    "Cascades", "Layer after layer is drawn anew, from the top down and from the bottom up.", _of_cascades, "Cascades"
)
PLAN_PRESETS = (
    PlanPreset("Groups and blocks", "Which group of layers, and which block, holds it.", _of_groups),
    PlanPreset("Each layer", "How accuracy falls with the fraction of each layer.", _of_layers),
    CASCADES_PRESET,
)


def preset_controls(trained_model: TrainedModel) -> None:
    """A button that opens the plans that are ready, where the model has groups of layers."""
    if not groups_of(trained_model.recipe.model.layers):
        return
    with st.popover("Plans", icon=":material/list_alt:", help=explain("Plans"), key=PLANS_OPEN, on_change="rerun"):
        for preset in PLAN_PRESETS:
            start_preset_button(trained_model, preset)


def start_preset_button(trained_model: TrainedModel, preset: PlanPreset, place: str = PLANS_OPEN) -> None:
    """A button that starts a plan, and what it shows and how long it takes below. place: Where it stands, by a key."""
    plan = preset.plan(trained_model, session().recipe.sweep)
    count = plan.count(trained_model.recipe.model.layers)
    st.button(
        f"Start: {preset.title}",
        icon=":material/play_arrow:",
        key=f"preset_{place}_{preset.title}",
        on_click=_start,
        args=(trained_model, plan, preset.tab),
        help=explain("Plans"),
    )
    seconds = format_duration(PACE * sweep_seconds(trained_model, plan))
    st.caption(f"{preset.purpose} {format_count(count, 'variant')}, {seconds}.")


def _start(trained_model: TrainedModel, plan: Sweep, tab: str) -> None:
    """Make a plan the visitor's, and start it."""
    assign({f"sweep.{name}": getattr(plan, name) for name in ("layers", "doses", "schemes", "units", "seeds", "words")})
    start_study(trained_model, "dose")
    st.session_state[PLANS_OPEN] = False
    if tab:
        st.session_state["layers_view"] = tab
