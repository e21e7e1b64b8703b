"""The settings of training as fields that write the recipe, with the two protocols as presets."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from forgetting.core.errors import ForgettingError, RecipeError
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import (
    LEAVES,
    PREFIX,
    TrainedModel,
    TrainingRun,
    assign,
    refresh_controls,
    session,
)
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    number_control,
    prepare_control,
    read_widths,
    segments_control,
    switch_control,
    widths_control,
    widths_error,
)
from forgetting.dashboard.ui.differences import changed_settings
from forgetting.dashboard.ui.labels import short_label
from forgetting.model.settings import CHOSEN_BY_SIZE, ENOUGH_REVIEWS, learns_by_heart
from forgetting.randomization.settings import ALL
from forgetting.recipe.recipe import OPENINGS, PROTOCOLS
from forgetting.reporting.changes import format_setting
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import KIND_NAMES, NETWORK_NAMES, OBJECTIVE_NAMES, OPTIMIZER_NAMES

BY_SIZE = "training.by_size"
STOPPING_NAMES = {"by_size": "by size", "always": "always", "never": "never"}


def chosen_control(name: str, **look: Any) -> None:
    """A number field of a setting that the size may choose."""
    number_control(name, on_change=_write_chosen, args=(), **look)


def optimizer_control(name: str, **look: Any) -> None:
    """A choice of the optimizer, which the size may choose."""
    choice_control(name, on_change=_write_chosen, args=(), titles=OPTIMIZER_NAMES, **look)


MARK = " ●"  # after the label of a field that differs from the curves on show
SHAPES = {  # of each kind of network: the settings of its size, each with what draws it
    "mlp": {"model.hidden": lambda name, **look: widths_control(name, on_change=take_fields, **look)},
    "transformer": dict.fromkeys(
        ("model.blocks", "model.width", "model.heads", "model.feedforward", "model.max_tokens"),
        lambda name, **look: number_control(name, on_change=_take_shape, args=(name,), **look),
    ),
}
OTHERS = {
    "training.optimizer": optimizer_control,
    "training.learning_rate": partial(chosen_control, step=0.001),
    "model.dropout": number_control,
    "training.batch_size": chosen_control,
    "training.patience": chosen_control,
    "training.label_smoothing": number_control,
    "training.weight_decay": partial(chosen_control, step=0.0005),
    "training.word_dropout": chosen_control,
    "split.validation_share": number_control,
    "split.test_share": number_control,
    "split.words": partial(choice_control, titles=KIND_NAMES),
    "split.seed": number_control,
    "split.min_df": number_control,
    "seed": number_control,
    "split.max_words": number_control,
    "split.stopping": partial(choice_control, titles=STOPPING_NAMES),
    "split.stratify": switch_control,
    "split.sublinear_tf": switch_control,
}
TRAINING_SETTINGS = (
    "training.epochs",
    "model.kind",
    *(name for shape in SHAPES.values() for name in shape),
    "training.objective",
    "training.by_size",
    *OTHERS,
)


def preset_buttons() -> None:
    """Buttons that take a protocol's settings; the file, its columns and the randomization stay where they fit.

    The button of the protocol is filled while the settings are those of the preset. Beside them is the kind of network.
    """
    recipe, changed = session().recipe, _changed_from_preset()
    with st.container(horizontal=True):
        for name, title in (("modern", "Modern preset"), ("published", "Published preset")):
            kind = "primary" if name == recipe.protocol and not changed else "secondary"
            st.button(title, type=kind, on_click=_take_preset, args=(name,), key=f"preset_{name}", help=explain(title))
    if recipe.protocol != "published":  # which has its own
        segments_control("model.kind", NETWORK_NAMES, _take_kind)
        _kind_notice()


def _kind_notice() -> None:
    """Say where a network has too few reviews to learn more than these."""
    kind = session().recipe.model.kind
    try:
        reviews, *_ = data.find_size(session().inputs)
    except ForgettingError:  # which the page says
        return
    if learns_by_heart(kind, reviews):
        st.warning(
            f"A Transformer needs about {ENOUGH_REVIEWS:,} training reviews; these are {reviews:,}. It may rather "
            "learn them by heart: trained on 241 reviews of the sample, it was right about 89\u00a0% of these and "
            "61\u00a0% of others, an MLP about 74\u00a0% of others. Press Play to see it."
        )


def _take_kind() -> None:
    """Take another kind of network; the first and the last layer stay chosen, as do all of them.

    Whoever has not chosen what is randomized gets what the other kind opens with.
    """
    kind, recipe = control_state("model.kind"), session().recipe
    opening, other = (OPENINGS[each].randomization for each in (recipe.model.kind, kind))
    if replace(recipe.randomization, fraction=opening.fraction) == opening:
        names = ("layers", "fraction", "scheme")
        assign({"model.kind": kind} | {f"randomization.{name}": getattr(other, name) for name in names})
        _show_chosen()
        return
    model, chosen = replace(recipe.model, kind=kind), recipe.randomization.layers
    if chosen != (ALL,) and kind != recipe.model.kind:
        known = recipe.model.layers
        ends = {known[0]: model.layers[0], known[-1]: model.layers[-1]}
        kept = recipe.randomization.chosen_layers(known)
        chosen = tuple(ends[name] for name in kept if name in ends)
    unit = {"randomization.unit": "weight"} if recipe.randomization.unit == "head" else {}  # of attention alone
    assign({"model.kind": kind, "randomization.layers": chosen, **unit})
    _show_chosen()


def _take_shape(name: str) -> None:
    """Take a setting of the size of a Transformer, which may then lack layers that were chosen."""
    recipe = session().recipe
    try:
        layers = recipe.model.with_value(name.removeprefix("model."), control_state(name)).layers
    except RecipeError:  # which is said once more
        layers = recipe.model.layers
    assign({name: control_state(name), "randomization.layers": recipe.randomization.fit(layers).layers})


def _changed_from_preset() -> list[str]:
    """The settings of training that are not those of the protocol's preset."""
    recipe = session().recipe
    preset = PROTOCOLS[recipe.protocol]
    return [name for name in TRAINING_SETTINGS if name != "model.kind" and recipe.value(name) != preset.value(name)]


def _take_preset(protocol: str) -> None:
    """Take a protocol's settings on the same file, read as it is.

    How its labels are read and the kind of network stay only within one.
    """
    mine, preset = session(), PROTOCOLS[protocol]
    before = mine.recipe.randomization
    if protocol == mine.recipe.protocol:
        preset = preset.with_value("model.kind", mine.recipe.model.kind)
    of_labels = ("label_column", "missing", "fold_labels", "quantile_classes")
    names = ("source", "file", "sha256", "text_column", *(of_labels if protocol == mine.recipe.protocol else ()))
    same = {name: getattr(mine.recipe.data, name) for name in names}
    mine.recipe = replace(preset, reading=mine.recipe.reading, data=replace(preset.data, **same))
    mine.touched = True
    if protocol == "modern":
        mine.recipe = replace(mine.recipe, randomization=before.fit(preset.model.layers))
    refresh_controls()
    _show_chosen()


def training_form(shown: TrainingRun | TrainedModel | None) -> None:
    """Every setting of the split, the model and the training.

    Args:
        shown: The run or model whose curves are on show; what differs from it is marked.
    """
    _show_chosen()
    recipe = session().recipe
    fixed = recipe.protocol == "published"
    if fixed:
        st.caption("The published protocol is fixed but for its seed; take the modern preset to change more.")
    differs = changed_settings(shown) if shown else ()
    marks = {name: MARK if name in differs else "" for name in TRAINING_SETTINGS}
    shape = SHAPES[recipe.model.kind]
    fields = {"training.epochs": chosen_control} | shape | OTHERS

    def draw(names: Iterable[str]) -> None:
        with st.grid(2, min_column_width=90):
            for name in names:
                fields[name](name, mark=marks[name], disabled=fixed and name != "seed")

    with st.container(border=True, height=470):  # so that Play stays in sight, however far the fields are scrolled
        draw(["training.epochs", *shape])
        if "model.hidden" in shape:
            widths_error("model.hidden")
        _size_control(mark=marks["training.by_size"], disabled=fixed)
        mark = marks["training.objective"]
        choice_control("training.objective", mark=mark, titles=OBJECTIVE_NAMES, disabled=fixed)
        draw(OTHERS)
    if changed := _changed_from_preset():  # below, so that no field moves
        names = ", ".join(map(short_label, changed))
        st.caption(f"Changed from the {recipe.protocol} preset: {names}.")


def _size_control(**look: Any) -> None:
    """The switch of what the size chooses, with what it has chosen, which the fields show."""
    switch_control(BY_SIZE, on_change=_switch_size, args=(), **look)
    chosen, recipe = _chosen(), session().recipe
    if chosen == {name: recipe.value(name) for name in chosen}:
        return
    reviews, classes, _ = data.find_size(session().inputs)
    used = replace(recipe, training=data.find_training(session().inputs))
    parts = [f"{short_label(name).lower()} {format_setting(name, used)}" for name in chosen]
    st.caption(f"Chosen by size for {reviews:,} reviews of {classes:,} classes: {', '.join(parts)}.")


def _show_chosen() -> None:
    """Let the fields hold what the size chooses."""
    for name, value in _chosen().items():
        if st.session_state[prepare_control(name, value)] != value:
            st.session_state[PREFIX + name] = value


def _chosen() -> dict[str, Any]:
    """The settings that the size may choose, as they are used."""
    found = data.find_training(session().inputs)
    return {f"training.{name}": found.value(name) for name in CHOSEN_BY_SIZE}


def _read_chosen() -> dict[str, Any]:
    """What there is to write of these settings: all of them, once a field says something else than the size chose.

    So what is shown is what is used. Where the size chooses nothing, each field is written by itself.
    """
    chosen, recipe = _chosen(), session().recipe
    shown = {name: st.session_state.get(PREFIX + name, value) for name, value in chosen.items()}
    if chosen == {name: recipe.value(name) for name in chosen}:
        return shown
    return {} if shown == chosen else shown | {BY_SIZE: False}


def _write_chosen() -> None:
    assign(_read_chosen())


def _switch_size() -> None:
    """Let the size choose all of them again, or keep what it chose."""
    by_size = control_state(BY_SIZE)
    kept = {name: LEAVES[name].default for name in _chosen()} if by_size else _chosen()
    assign(kept | {BY_SIZE: by_size})
    _show_chosen()


def take_fields() -> bool:
    """Write what the fields hold into the recipe; returns whether all of them could be read.

    Each writes itself when it changes. But Play may be pressed in the same moment as the last field is left.
    """
    if session().recipe.protocol == "published":
        assign({"seed": control_state("seed")})
        return True
    chosen = _chosen()
    values = {name: control_state(name) for name in TRAINING_SETTINGS if name not in chosen} | _read_chosen()
    try:
        values["model.hidden"] = read_widths("model.hidden")
    except RecipeError:
        del values["model.hidden"]
    else:
        layers = replace(session().recipe.model, hidden=values["model.hidden"]).layers
        values["randomization.layers"] = session().recipe.randomization.fit(layers).layers
    assign(values)
    return "model.hidden" in values
