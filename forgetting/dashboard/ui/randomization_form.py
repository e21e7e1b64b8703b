"""The controls of the dose: which layers, how much of them, how. Shared by the Overview and the Forget page."""

from collections.abc import Sequence

import streamlit as st

from forgetting.charts.comparison import network_chart
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import Learned, assign, control_value, session
from forgetting.dashboard.ui.controls import bound, choice, number, picked, seeded
from forgetting.dashboard.ui.escape import literal
from forgetting.randomization.layers import layer_table
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import ALL
from forgetting.randomization.units import UNITS

TITLES = {name: f"{name} – {function.__doc__.splitlines()[0].rstrip('.')}" for name, function in SCHEMES.items()}
UNIT_TITLES = {"weight": "weight", "neuron": "neuron (a row)", "word": "word (a column of fc1)"}


def can_choose(learned: Learned) -> bool:
    """Whether there is a dose to choose; in the published protocol there is none, and it is said why."""
    if "published" not in (learned.recipe.protocol, session().recipe.protocol):
        return True
    st.info(
        "In the published protocol the randomized model is a fresh one, drawn from N(0, 1) and then trained as the "
        "original was. There are no layers or doses to choose: take the modern preset on the Train page for that."
    )
    return False


def dose_controls(learned: Learned) -> None:
    """Layers, fraction, and the two buttons: what the first screen needs."""
    layers = learned.recipe.model.layers
    key = seeded("randomization.layers")
    chosen = st.session_state[key] = [name for name in st.session_state[key] if name in layers]
    st.pills(
        "Layers to randomize",
        layers,
        selection_mode="multi",
        default=chosen,
        key=key,
        on_change=_layers_picked,
        args=(layers,),
    )
    with st.container(horizontal=True):
        st.button("All layers", on_click=_choose, args=(layers, layers))
        st.button("Restore", on_click=_choose, args=((), layers))
    st.slider("Fraction randomized", 0.0, 1.0, step=0.01, format="percent", **bound("randomization.fraction"))


def network(learned: Learned) -> None:
    """The picture of the network: a click on a layer chooses it, or takes it out again."""
    layers = learned.recipe.model.layers
    randomization = models.fitting(learned)
    figure = network_chart(
        layer_table(learned.trained.model),
        randomization.among(layers),
        randomization.fraction,
        (len(learned.split.words), len(learned.split.classes)),
    )
    st.plotly_chart(
        figure,
        key="network",
        on_select=lambda: _layer_clicked(layers),
        selection_mode="points",
        config={"displayModeBar": False},
        alt="The layers of the network, filled with the share of their weights that is randomized",
    )


def scheme_controls(learned: Learned) -> None:
    """Scheme and unit."""
    layers = learned.recipe.model.layers
    choice("randomization.scheme", "Scheme", titles=TITLES)
    if session().recipe.randomization.scheme == "noise":
        number("randomization.scale", "Noise s, in standard deviations of the layer", step=0.1)
    unit = seeded("randomization.unit")
    st.selectbox(
        "Unit",
        list(UNITS),
        index=list(UNITS).index(st.session_state[unit]),
        format_func=lambda unit: UNIT_TITLES.get(unit, unit),
        key=unit,
        on_change=_unit_picked,
        args=(layers,),
    )
    _words(learned)


def seed_control() -> None:
    """The seed of the draws, and the next one."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number("randomization.seed", "Seed")
        st.button("Re-roll", icon=":material/casino:", on_click=_reroll, help="Draw other weights: the next seed")


def _words(learned: Learned) -> None:
    """The words that are picked on the Layers page, and a button that takes all words again."""
    words, known = session().recipe.randomization.words, models.fitting(learned).words
    if words:
        listed = ", ".join(known[:8]) + (" …" if len(known) > 8 else "")
        unknown = f"; {len(words) - len(known)} are none of this model's" if len(known) < len(words) else ""
        st.caption(literal(f"Only these words: {listed or 'none'}{unknown}"))
        st.button("All words", on_click=_all_words)


def _all_words() -> None:
    assign({"randomization.words": ()})


def _layers_picked(layers: tuple[str, ...]) -> None:
    _choose(picked("randomization.layers"), layers)


def _layer_clicked(layers: tuple[str, ...]) -> None:
    points = st.session_state.network.selection.points
    if points:
        name = points[0]["customdata"]
        name = name[0] if isinstance(name, list) else name
        chosen = control_value("randomization.layers")
        _choose([*chosen, name] if name not in chosen else [other for other in chosen if other != name], layers)


def _choose(names: Sequence[str], layers: tuple[str, ...]) -> None:
    """Randomize these of the layers on show; all of the recipe's are written "all", as a deeper model's would be.

    The recipe may have layers that a model which is out of date does not show: those stay as they are chosen.
    """
    own = session().recipe.model.layers
    hidden = [name for name in control_value("randomization.layers") if name not in layers] if names else []
    chosen = tuple(name for name in own if name in names or name in hidden)
    assign({"randomization.layers": (ALL,) if chosen == own else chosen})


def _unit_picked(layers: tuple[str, ...]) -> None:
    """A word is a unit of the first layer alone, so picking it narrows the choice to that."""
    unit = picked("randomization.unit")
    chosen = control_value("randomization.layers")
    values = {"randomization.unit": unit, "randomization.words": ()}
    assign(values | ({"randomization.layers": layers[:1]} if unit == "word" and chosen else {}))


def _reroll() -> None:
    assign({"randomization.seed": (session().recipe.randomization.seed + 1) % 2**32})
