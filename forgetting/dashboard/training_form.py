"""The settings of training as a form, with the two protocols as presets."""

from dataclasses import replace

import streamlit as st

from forgetting.dashboard.controls import choice, number, send, switch, widths
from forgetting.dashboard.session import PREFIX, session, show_recipe
from forgetting.models import Architecture
from forgetting.recipe import PROTOCOLS

NAMES = (
    "training.objective",
    "training.epochs",
    "training.learning_rate",
    "training.batch_size",
    "model.hidden",
    "model.dropout",
    "training.weight_decay",
    "training.label_smoothing",
    "training.word_dropout",
    "split.validation",
    "split.min_df",
    "split.max_words",
    "split.sublinear",
    "split.stratify",
    "split.seed",
    "seed",
)


def presets() -> None:
    """Buttons that take a protocol's settings; data source and columns stay."""
    protocol = session().recipe.protocol
    with st.container(horizontal=True):
        for name, title in (("modern", "Modern preset"), ("published", "Published preset")):
            kind = "primary" if name == protocol else "secondary"
            st.button(title, type=kind, on_click=_take, args=(name,), key=f"preset_{name}")


def _take(protocol: str) -> None:
    """A protocol's own settings on the same file. Labels are its own: wine types, or the reviews' names."""
    mine, ready = session(), PROTOCOLS[protocol]
    same = {name: getattr(mine.recipe.data, name) for name in ("source", "file", "sha256", "text")}
    mine.recipe, mine.touched = replace(ready, data=replace(ready.data, **same)), True
    show_recipe()


def training_form() -> None:
    """Every setting that shapes the model; nothing changes until the form is sent."""
    published = session().recipe.protocol == "published"
    if published:
        st.caption("The published protocol is fixed but for its seed; take the modern preset to change more.")
    fixed = {"form": True, "disabled": published}
    with st.form("training", border=True, height=470):
        # On top, so that it is in view however long the form is.
        st.form_submit_button("Apply", on_click=_send, width="stretch")
        choice("training.objective", "Objective", **fixed)
        left, right = st.columns(2)
        with left:
            number("training.epochs", "Epochs", **fixed)
            number("training.learning_rate", "Learning rate", step=0.001, format="%.4f", **fixed)
            number("training.batch_size", "Batch size (0: all)", **fixed)
            number("training.weight_decay", "Weight decay", step=0.0005, format="%.4f", **fixed)
        with right:
            widths("model.hidden", "Hidden widths", disabled=published, help="One number a hidden layer: 64, or 64,32")
            number("model.dropout", "Dropout", **fixed)
            number("training.label_smoothing", "Label smoothing", **fixed)
            number("training.word_dropout", "Word dropout", **fixed)
        left, right = st.columns(2)
        with left:
            number("split.validation", "Validation share", **fixed)
            number("split.min_df", "Reviews a word needs", **fixed)
            number("split.max_words", "Words kept (0: all)", **fixed)
        with right:
            number("split.seed", "Seed of the split", **fixed)
            number("seed", "Seed of weights, training", form=True)
            switch("split.sublinear", "Sublinear TF", **fixed)
            switch("split.stratify", "Stratify", **fixed)


def _send() -> None:
    """Take the form's values; layers to randomize that the new model lacks are left out."""
    if session().recipe.protocol == "published":
        send(["seed"])
        return
    send(NAMES, also=_layers_that_stay(st.session_state[PREFIX + "model.hidden"]))


def _layers_that_stay(hidden: str) -> dict[str, tuple[str, ...]]:
    randomization = session().recipe.randomization
    chosen = randomization.layers
    most = hidden.count(",") + 2
    names = Architecture(hidden=(1,) * min(most - 1, 4)).layers
    return {} if chosen == ("all",) else {"randomization.layers": tuple(name for name in chosen if name in names)}
