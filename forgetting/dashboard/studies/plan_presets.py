"""Plans of studies that are ready to be started, each with the time that it takes at the most."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import TrainedModel, assign, open_tab, session
from forgetting.dashboard.studies.base import StudyRequest
from forgetting.dashboard.studies.explanation import EXPLANATION_STUDY
from forgetting.dashboard.studies.layer_choice import LAYER_CHOICE_STUDY
from forgetting.dashboard.studies.panel import ESTIMATING, start_study, study_buttons
from forgetting.dashboard.studies.registry import STUDY_KINDS
from forgetting.dashboard.studies.similarity import SIMILARITY_STUDY
from forgetting.dashboard.studies.unlearning import UNLEARNING_STUDY
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.randomization.groups import CASCADE_BY_BLOCKS, groups_of
from forgetting.randomization.patterns import ALL
from forgetting.recipe.plans import even_doses
from forgetting.recipe.recipe import MODERN
from forgetting.reporting.formatting import format_count, format_duration
from forgetting.reporting.glossary import explain

PRESET_SEEDS = 3
FEW_METHODS = ("retrain", "randomize_and_repair", "fine_tune", "cf_k")
RELEARN_EPOCHS = 15  # as many as a Transformer is trained for on few reviews
PLANS_STARTED = "plans"  # how many: each makes the popover a new one, which is closed and hides nothing
FIRST = "first"  # part of the key of the button of the plan that is offered first


@dataclass(frozen=True)
class PlanPreset:
    """A plan of a study for a model with groups of layers.

    Attributes:
        title: What it is called.
        purpose: What it shows, in a sentence.
        make: The settings of the plan by their names, for a model with such layers; the others stay as they are.
        tab: The tab of the Layers page that shows it, where it is not the one from which it is started.
    """

    title: str
    purpose: str
    make: Callable[[tuple[str, ...]], dict[str, object]]
    tab: str = ""


def _sweep(layers: tuple[str, ...], doses: tuple[float, ...]) -> dict[str, object]:
    return {
        "sweep.layers": layers,
        "sweep.doses": doses,
        "sweep.schemes": ("reinit",),
        "sweep.units": ("weight",),
        "sweep.seeds": PRESET_SEEDS,
        "sweep.words": (),
    }


def _explanation(layers: tuple[str, ...], doses: tuple[float, ...], **more: object) -> dict[str, object]:
    plan = {"layers": layers, "doses": doses, "scheme": "reinit", "seeds": PRESET_SEEDS} | more
    return {f"explanation.{name}": value for name, value in plan.items()}


def _relearning(**plan: object) -> dict[str, object]:
    """A plan of one original, the model at hand, that takes no more epochs than training such a model does."""
    common = {"epochs": RELEARN_EPOCHS, "retrain": False, "splits": 1}
    return {f"relearning.{name}": value for name, value in (common | plan).items()}


CASCADES_PRESET = PlanPreset(
    "Cascades",
    "Layer after layer is drawn anew, from the top down and from the bottom up.",
    lambda _: _sweep(("down", "up"), (1.0,)),
    "Cascades",
)
GROUPS_PRESET = PlanPreset(
    "Groups and blocks",
    "Which group of layers, and which block, holds it.",
    lambda known: _sweep((*groups_of(known).values(), ALL), even_doses(6)),
)
PLAN_PRESETS = {  # by the kind of the study, the one first that shows most in a few minutes
    "dose": (
        GROUPS_PRESET,
        PlanPreset(
            "Each layer",
            "How accuracy falls with the fraction of each layer.",
            lambda _: _sweep(("each",), even_doses(6)),
        ),
        CASCADES_PRESET,
    ),
    "change": (GROUPS_PRESET,),
    LAYER_CHOICE_STUDY: (
        PlanPreset(
            "Groups and blocks",
            "What drawing each group of layers anew, and each block, costs on the forget set and on the retain set.",
            lambda known: _sweep((*groups_of(known).values(), ALL), (0.5, 1.0)),
        ),
    ),
    EXPLANATION_STUDY: (
        PlanPreset(
            "All methods",
            "The head, then block after block below it is drawn anew, and each method explains again.",
            lambda _: _explanation((CASCADE_BY_BLOCKS,), (1.0,), attributions=ATTRIBUTIONS, seeds=2),
        ),
        PlanPreset(
            "Groups and blocks",
            "How gradient × input changes with the fraction of each group of layers, and of each block.",
            lambda known: _explanation(
                (*groups_of(known).values(), ALL), even_doses(6), attributions=("gradient_input",)
            ),
        ),
    ),
    "learning_curves": (
        PlanPreset("One seed", "The three curves, of the model at hand.", lambda _: _relearning(seeds=1)),
        PlanPreset("Three seeds", "The same with a band over seeds.", lambda _: _relearning(seeds=PRESET_SEEDS)),
    ),
    "savings": (
        PlanPreset(
            "Block by block",
            "Whether what is left saves steps where one block is wholly drawn anew.",
            lambda _: _relearning(layers=("each:blocks.*",), doses=(1.0,), schemes=("reinit",), seeds=2),
        ),
    ),
    UNLEARNING_STUDY: (
        PlanPreset(
            "Four methods",
            "Repair after randomizing, further training of all layers and of the last ones, beside exact retraining.",
            lambda _: {"unlearning.methods": FEW_METHODS, "unlearning.seeds": 1},
        ),
        PlanPreset(
            "Three seeds",
            "The same with an interval over seeds, each of which has an original of its own.",
            lambda _: {"unlearning.methods": FEW_METHODS, "unlearning.seeds": PRESET_SEEDS},
        ),
    ),
    SIMILARITY_STUDY: (
        PlanPreset(
            "Block after block",
            "The head, then block after block below it is drawn anew.",
            lambda _: _explanation((CASCADE_BY_BLOCKS,), even_doses(5), seeds=2),
        ),
    ),
}


def preset_controls(trained_model: TrainedModel, study: str) -> None:
    """A button that opens the plans that are ready, where the model has groups of layers; study: the kind's name."""
    if study not in PLAN_PRESETS or not groups_of(trained_model.recipe.model.layers):
        return
    key = f"{PLANS_STARTED}_{st.session_state.get(PLANS_STARTED, 0)}"
    with st.popover("Plans", icon=":material/list_alt:", help=explain("Plans"), key=key):
        for preset in PLAN_PRESETS[study]:
            start_preset_button(trained_model, preset, study)


def offer_study(trained_model: TrainedModel, study: str) -> None:
    """The buttons of a study; above them the first plan that is ready, until a person has chosen or started one.

    study: The kind's name. The plan of the defaults, which old links name by leaving it out, is made for an MLP, and
    takes a Transformer an hour and more.
    """
    mine, known = session(), trained_model.recipe.model.layers
    ready = PLAN_PRESETS.get(study, ()) if groups_of(known) else ()
    untouched = ready and all(mine.recipe.value(name) == MODERN.value(name) for name in ready[0].make(known))
    shown = mine.studies.get(study)
    first = bool(untouched) and (shown is None or shown.unasked)
    with st.spinner(ESTIMATING):
        if first:
            with st.container(border=True):
                start_preset_button(trained_model, ready[0], study, FIRST)
        study_buttons(trained_model, study, primary=not first)


def start_preset_button(
    trained_model: TrainedModel, preset: PlanPreset, study: str = "dose", place: str = PLANS_STARTED
) -> None:
    """A button that starts a plan, and what it shows and how long it takes below. place: Where it stands, by a key."""
    values, kind = preset.make(trained_model.recipe.model.layers), STUDY_KINDS[study]
    recipe = session().recipe
    for name, value in values.items():
        recipe = recipe.with_value(name, value)
    request = StudyRequest(trained_model, recipe)
    st.button(
        f"Start: {preset.title}",
        icon=":material/play_arrow:",
        key=f"preset_{place}_{preset.title}",
        on_click=_start,
        args=(trained_model, values, study, preset.tab),
        type="primary" if place == FIRST else "secondary",
        help=explain("Plans"),
    )
    try:
        parts, seconds = format_count(kind.total(request), kind.part), format_duration(kind.seconds(request))
    except ForgettingError:  # which the page says where the study stands, such as that nothing is to be forgotten yet
        st.caption(preset.purpose)
    else:
        st.caption(f"{preset.purpose} {parts}, {seconds}.")


def _start(trained_model: TrainedModel, values: dict[str, object], study: str, tab: str) -> None:
    """Make a plan the visitor's, and start it."""
    assign(values)
    start_study(trained_model, study)
    st.session_state[PLANS_STARTED] = st.session_state.get(PLANS_STARTED, 0) + 1
    if tab:
        open_tab("layers", tab)
