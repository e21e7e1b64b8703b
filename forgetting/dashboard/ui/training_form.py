"""The settings of training as fields that write the recipe, with the two protocols as presets."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import streamlit as st

from forgetting.core.errors import RecipeError
from forgetting.dashboard.state.session import TrainedModel, TrainingRun, assign, refresh_controls, session
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    number_control,
    read_widths,
    switch_control,
    widths_control,
    widths_error,
)
from forgetting.dashboard.ui.differences import changed_settings
from forgetting.dashboard.ui.labels import LABELS
from forgetting.model.settings import ModelSettings
from forgetting.randomization.settings import ALL, Randomization
from forgetting.recipe.recipe import PROTOCOLS
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import KIND_NAMES, OBJECTIVE_NAMES

MARK = " ●"  # after the label of a field that differs from the curves on show
FIRST = {  # side by side, each with what draws it
    "training.epochs": number_control,
    "model.hidden": lambda name, **look: widths_control(name, on_change=take_fields, **look),
}
OTHERS = {
    "training.learning_rate": partial(number_control, step=0.001),
    "model.dropout": number_control,
    "training.batch_size": number_control,
    "training.label_smoothing": number_control,
    "training.weight_decay": partial(number_control, step=0.0005),
    "training.word_dropout": number_control,
    "split.validation_share": number_control,
    "split.words": partial(choice_control, titles=KIND_NAMES),
    "split.seed": number_control,
    "split.min_df": number_control,
    "seed": number_control,
    "split.max_words": number_control,
    "split.stratify": switch_control,
    "split.sublinear_tf": switch_control,
}
TRAINING_SETTINGS = (*FIRST, "training.objective", *OTHERS)


def preset_buttons() -> None:
    """Buttons that take a protocol's settings; the file, its columns and the randomization stay where they fit.

    The button of the protocol is filled while the settings are those of the preset.
    """
    recipe, changed = session().recipe, _changed_from_preset()
    with st.container(horizontal=True):
        for name, title in (("modern", "Modern preset"), ("published", "Published preset")):
            kind = "primary" if name == recipe.protocol and not changed else "secondary"
            st.button(title, type=kind, on_click=_take_preset, args=(name,), key=f"preset_{name}", help=explain(title))


def _changed_from_preset() -> list[str]:
    """The settings of training that are not those of the protocol's preset."""
    recipe = session().recipe
    return [name for name in TRAINING_SETTINGS if recipe.value(name) != PROTOCOLS[recipe.protocol].value(name)]


def _take_preset(protocol: str) -> None:
    """Take a protocol's settings on the same file. The column of the labels stays only within a protocol."""
    mine, preset = session(), PROTOCOLS[protocol]
    before = mine.recipe.randomization
    columns = ("text_column", "label_column") if protocol == mine.recipe.protocol else ("text_column",)
    same = {name: getattr(mine.recipe.data, name) for name in ("source", "file", "sha256", *columns)}
    mine.recipe, mine.touched = replace(preset, data=replace(preset.data, **same)), True
    if protocol == "modern":
        mine.recipe = replace(mine.recipe, randomization=_without_unknown_layers(before, preset.model.layers))
    refresh_controls()


def training_form(shown: TrainingRun | TrainedModel | None) -> None:
    """Every setting of the split, the model and the training.

    Args:
        shown: The run or model whose curves are on show; what differs from it is marked.
    """
    recipe = session().recipe
    fixed = recipe.protocol == "published"
    if fixed:
        st.caption("The published protocol is fixed but for its seed; take the modern preset to change more.")
    differs = changed_settings(shown) if shown else ()
    marks = {name: MARK if name in differs else "" for name in TRAINING_SETTINGS}
    fields = FIRST | OTHERS

    def draw(names: Iterable[str]) -> None:
        with st.grid(2, min_column_width=90):
            for name in names:
                fields[name](name, mark=marks[name], disabled=fixed and name != "seed")

    with st.container(border=True, height=470):  # so that Play stays in sight, however far the fields are scrolled
        draw(FIRST)
        widths_error("model.hidden")
        mark = marks["training.objective"]
        choice_control("training.objective", mark=mark, titles=OBJECTIVE_NAMES, disabled=fixed)
        draw(OTHERS)
    if changed := _changed_from_preset():  # below, so that no field moves
        names = ", ".join(LABELS[name].split(" (")[0] for name in changed)
        st.caption(f"Changed from the {recipe.protocol} preset: {names}.")


def take_fields() -> bool:
    """Write what the fields hold into the recipe; returns whether all of them could be read.

    Each writes itself when it changes. But Play may be pressed in the same moment as the last field is left.
    """
    if session().recipe.protocol == "published":
        assign({"seed": control_state("seed")})
        return True
    values = {name: control_state(name) for name in TRAINING_SETTINGS}
    try:
        values["model.hidden"] = read_widths("model.hidden")
    except RecipeError:
        del values["model.hidden"]
    else:
        layers = ModelSettings(hidden=values["model.hidden"]).layers
        values["randomization.layers"] = _without_unknown_layers(session().recipe.randomization, layers).layers
    assign(values)
    return "model.hidden" in values


def _without_unknown_layers(randomization: Randomization, names: tuple[str, ...]) -> Randomization:
    """The randomization without the layers that a model of these layers lacks."""
    if randomization.layers == (ALL,):
        return randomization
    return replace(randomization, layers=tuple(name for name in randomization.layers if name in names))
