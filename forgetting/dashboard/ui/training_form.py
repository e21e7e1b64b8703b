"""The settings of training as a form, with the two protocols as presets."""

from dataclasses import replace

import streamlit as st

from forgetting.dashboard.state.session import refresh_controls, session
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    number_control,
    submit_form,
    switch_control,
    widths_control,
)
from forgetting.model.settings import ModelSettings
from forgetting.randomization.settings import ALL, Randomization
from forgetting.recipe.recipe import PROTOCOLS

TRAINING_SETTINGS = (
    "training.objective",
    "training.epochs",
    "training.learning_rate",
    "training.batch_size",
    "model.hidden",
    "model.dropout",
    "training.weight_decay",
    "training.label_smoothing",
    "training.word_dropout",
    "split.validation_share",
    "split.min_df",
    "split.max_words",
    "split.sublinear_tf",
    "split.stratify",
    "split.seed",
    "seed",
)


def preset_buttons() -> None:
    """Buttons that take a protocol's settings; the file, its columns and the randomization stay where they fit."""
    protocol = session().recipe.protocol
    with st.container(horizontal=True):
        for name, title in (("modern", "Modern preset"), ("published", "Published preset")):
            kind = "primary" if name == protocol else "secondary"
            st.button(title, type=kind, on_click=_take_preset, args=(name,), key=f"preset_{name}")


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


def training_form() -> None:
    """Every setting of the split, the model and the training; nothing changes until the form is sent."""
    published = session().recipe.protocol == "published"
    if published:
        st.caption("The published protocol is fixed but for its seed; take the modern preset to change more.")
    fixed = {"form": True, "disabled": published}
    with st.form("training", border=True, height=470):
        # At the top, so that it is in view however long the form is.
        st.form_submit_button("Apply", on_click=_apply, width="stretch")
        choice_control("training.objective", "Objective", **fixed)
        left, right = st.columns(2)
        with left:
            number_control("training.epochs", "Epochs", **fixed)
            number_control("training.learning_rate", "Learning rate", step=0.001, format="%.4f", **fixed)
            number_control("training.batch_size", "Batch size (0: all)", **fixed)
            number_control("training.weight_decay", "Weight decay", step=0.0005, format="%.4f", **fixed)
        with right:
            widths_control(
                "model.hidden", "Hidden widths", disabled=published, help="One number a hidden layer: 64, or 64,32"
            )
            number_control("model.dropout", "Dropout", **fixed)
            number_control("training.label_smoothing", "Label smoothing", **fixed)
            number_control("training.word_dropout", "Word dropout", **fixed)
        left, right = st.columns(2)
        with left:
            number_control("split.validation_share", "Validation share", **fixed)
            number_control("split.min_df", "Reviews a word needs", **fixed)
            number_control("split.max_words", "Words at most (0: all)", **fixed)
        with right:
            number_control("split.seed", "Seed of the split", **fixed)
            number_control("seed", "Seed of weights and training", form=True)
            switch_control("split.sublinear_tf", "Sublinear TF", **fixed)
            switch_control("split.stratify", "Stratify", **fixed)


def _apply() -> None:
    """Take the form's values, and leave out layers to randomize that the new model lacks."""
    if session().recipe.protocol == "published":
        submit_form(["seed"])
        return
    hidden = min(control_state("model.hidden").count(",") + 1, 4)
    names = ModelSettings(hidden=(1,) * hidden).layers
    submit_form(
        TRAINING_SETTINGS,
        also={"randomization.layers": _without_unknown_layers(session().recipe.randomization, names).layers},
    )


def _without_unknown_layers(randomization: Randomization, names: tuple[str, ...]) -> Randomization:
    """The randomization without the layers that a model of these layers lacks."""
    if randomization.layers == (ALL,):
        return randomization
    return replace(randomization, layers=tuple(name for name in randomization.layers if name in names))
