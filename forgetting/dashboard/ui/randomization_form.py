"""The controls of the randomization: layers, fraction, scheme, unit and seed."""

from collections.abc import Sequence

import streamlit as st

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, assign, control_value, session
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    names_of_control,
    number_control,
    prepare_control,
    share_control,
)
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.navigation import page_link
from forgetting.randomization.groups import group_of, groups_of
from forgetting.randomization.patterns import LAYER_SEPARATOR, matching_layers, name_set
from forgetting.randomization.settings import ALL
from forgetting.randomization.units import UNITS
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import SCHEME_NAMES, describe_scheme

UNIT_TITLES = {
    "weight": "weight",
    "neuron": "neuron (a row)",
    "word": "word (all that {first} holds of it)",
    "head": "head of attention",
}
CHOSEN_GROUPS = "layer_groups"  # key of the groups of layers that are chosen


def can_choose(trained_model: TrainedModel) -> bool:
    """Whether there is a fraction to choose; in the published protocol there is none, and a sentence says why."""
    if "published" not in (trained_model.recipe.protocol, session().recipe.protocol):
        return True
    st.info(
        "In the published protocol the randomized model is a fresh one, drawn from N(0, 1) and then trained as the "
        "original was. There are no layers or fractions to choose."
    )
    page_link("train", "Take the modern preset on the Train page")
    return False


def layer_controls(trained_model: TrainedModel) -> None:
    """The layers to randomize, by groups where there are some, and buttons for all and none of them."""
    layers = trained_model.recipe.model.layers
    groups = {title: matching_layers(pattern, layers) for title, pattern in groups_of(layers).items()}
    if not groups:
        _layer_pills(layers)
    else:
        chosen = set(control_value("randomization.layers"))
        st.session_state[CHOSEN_GROUPS] = [title for title, names in groups.items() if chosen.issuperset(names)]
        st.pills(
            "Groups of layers",
            list(groups),
            selection_mode="multi",
            wrap=True,
            key=CHOSEN_GROUPS,
            on_change=_groups_picked,
            args=(groups, layers),
            help=explain("Groups of layers"),
        )
        with st.expander("Single layers"):
            _layer_pills(layers)
    with st.container(horizontal=True):
        st.button("All layers", on_click=_choose, args=(layers, layers), help=explain("All layers"))
        st.button("Restore", on_click=_choose, args=((), layers), help=explain("Restore"))


def _layer_pills(layers: tuple[str, ...]) -> None:
    key = prepare_control("randomization.layers")
    chosen = st.session_state[key] = [name for name in st.session_state[key] if name in layers]
    st.pills(
        options=layers,
        selection_mode="multi",
        wrap=True,
        default=chosen,
        key=key,
        on_change=_layers_picked,
        args=(layers,),
        **names_of_control("randomization.layers"),
    )


def _groups_picked(groups: dict[str, tuple[str, ...]], layers: tuple[str, ...]) -> None:
    """Choose all layers of a group that was picked, and none of one that was left."""
    chosen = control_value("randomization.layers")
    before = [title for title, names in groups.items() if set(chosen).issuperset(names)]
    picked = st.session_state[CHOSEN_GROUPS]
    left = {name for title in before if title not in picked for name in groups[title]}
    taken = [name for title in picked if title not in before for name in groups[title]]
    _choose([*(name for name in chosen if name not in left), *taken], layers)


def fraction_control() -> None:
    """The fraction, where nothing follows it while it moves."""
    share_control("randomization.fraction")


def toggle_layer(name: str, layers: tuple[str, ...]) -> None:
    """Choose a layer, or take it out of the choice."""
    chosen = control_value("randomization.layers")
    _choose([*chosen, name] if name not in chosen else [other for other in chosen if other != name], layers)


def scheme_control() -> None:
    """The scheme, and what a randomized weight becomes by it, which is longer than a field."""
    choice_control("randomization.scheme", titles=SCHEME_NAMES)
    sentence = describe_scheme(control_value("randomization.scheme"))
    st.caption(f"{sentence[0].upper()}{sentence[1:]}.")


def scheme_controls(trained_model: TrainedModel) -> None:
    """Scheme, unit, the words that the randomization is limited to, and a button that takes all words again."""
    layers, randomization = trained_model.recipe.model.layers, session().recipe.randomization
    scheme_control()
    if randomization.scheme == "noise":
        number_control("randomization.scale", step=0.1)
    unit = prepare_control("randomization.unit")
    units = [name for name in UNITS if name != "head" or groups_of(layers) or st.session_state[unit] == name]
    st.selectbox(
        options=units,
        index=units.index(st.session_state[unit]),
        format_func=lambda unit: UNIT_TITLES.get(unit, unit).format(first=layers[0]),
        key=unit,
        on_change=_unit_picked,
        args=(layers,),
        **names_of_control("randomization.unit"),
    )
    words, known = randomization.words, models.fit_randomization(randomization, trained_model).words
    if words:
        listed = ", ".join(known[:8]) + (" …" if len(known) > 8 else "")
        unknown = f"; {len(words) - len(known)} not in this model" if len(known) < len(words) else ""
        st.caption(literal(f"Only these words: {listed or 'none'}{unknown}"))
        st.button("All words", on_click=assign, args=({"randomization.words": ()},), help=explain("All words"))


def seed_control() -> None:
    """The seed of the draws, and the next one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number_control("randomization.seed")
        st.button("Re-roll", icon=":material/casino:", on_click=_reroll, help=explain("Re-roll"))


def _layers_picked(layers: tuple[str, ...]) -> None:
    _choose(control_state("randomization.layers"), layers)


def _choose(names: Sequence[str], layers: tuple[str, ...]) -> None:
    """Choose layers among those shown. A choice of all layers is written as "all", which also fits a deeper model.

    An outdated model may lack layers of the recipe: for these the choice stays.
    """
    known = session().recipe.model.layers
    hidden = [name for name in control_value("randomization.layers") if name not in layers] if names else []
    chosen = tuple(name for name in known if name in names or name in hidden)
    whole = tuple(name_set(chosen, known).split(LAYER_SEPARATOR)) if chosen else ()
    assign({"randomization.layers": (ALL,) if chosen == known else whole})


def _unit_picked(layers: tuple[str, ...]) -> None:
    """The unit "word" belongs to the first layer and "head" to attention, so that they narrow the choice to these."""
    unit, chosen = control_state("randomization.unit"), control_value("randomization.layers")
    values = {"randomization.unit": unit, "randomization.words": ()}
    if unit == "word" and chosen:
        values["randomization.layers"] = layers[:1]
    elif unit == "head" and chosen:
        attention = [name for name in layers if group_of(name) == "attention"]
        values["randomization.layers"] = tuple(name for name in chosen if name in attention) or tuple(attention)
    assign(values)


def _reroll() -> None:
    assign({"randomization.seed": (session().recipe.randomization.seed + 1) % 2**32})
