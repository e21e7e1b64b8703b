"""The plan of a study: its controls, how long it will take, and the buttons that start and stop it."""

from collections.abc import Callable
from itertools import combinations

import streamlit as st

from forgetting.dashboard import studies
from forgetting.dashboard.controls import number, picked, seeded, switch
from forgetting.dashboard.dose import TITLES, UNIT_TITLES
from forgetting.dashboard.session import LEAVES, Learned, assign, session
from forgetting.dashboard.text import literal
from forgetting.errors import ForgettingError
from forgetting.findings import duration, percent
from forgetting.plan import FAMILIES, JOINED, even_doses
from forgetting.randomization import UNITS
from forgetting.schemes import SCHEMES

FAMILY_TITLES = {
    "each": "each layer alone",
    "all": "all layers",
    "down": "top-down cascade",
    "up": "bottom-up cascade",
}
MOST_SETS = 31  # of layers, offered by name


def plan_controls(learned: Learned) -> None:
    """What to vary. Each control writes the plan into the recipe, and so into the address."""
    _several("sweep.layers", "Layer sets", _layer_sets(learned), lambda item: FAMILY_TITLES.get(item, item))
    _several("sweep.schemes", "Schemes", list(SCHEMES), lambda item: TITLES[item].split(" – ")[0])
    _several("sweep.units", "Units", list(UNITS), lambda item: UNIT_TITLES.get(item, item).split(" (")[0])
    if words := session().recipe.sweep.words:
        st.caption(literal(f"Only these words: {', '.join(words[:8])}{' …' if len(words) > 8 else ''}"))
    left, right = st.columns(2)
    with left:
        _doses()
    with right:
        number("sweep.seeds", "Seeds")
    if "noise" in session().recipe.sweep.schemes:
        number("sweep.scale", "Noise s, in standard deviations of the layer", step=0.1)
    with st.expander("More"):
        number("sweep.seed", "First seed")
        switch("sweep.retrain", "Retrain for each seed", help="The bands then also hold the luck of training.")


def _layer_sets(learned: Learned) -> list[str]:
    """Families, every subset of the layers while these are few, and what the recipe names besides."""
    known = learned.recipe.model.layers
    subsets = [JOINED.join(names) for size in range(1, len(known) + 1) for names in combinations(known, size)]
    return list(dict.fromkeys([*FAMILIES, *subsets[:MOST_SETS], *session().recipe.sweep.layers]))


def _several(name: str, label: str, options: list[str], title: Callable[[str], str]) -> None:
    """A list of names."""
    key = seeded(name)
    st.multiselect(
        label,
        options,
        default=list(st.session_state[key]),
        key=key,
        format_func=title,
        on_change=_changed,
        args=(name,),
    )


def _changed(name: str) -> None:
    # A study of words is asked for by a link; it ends with the unit that it is of.
    words = {"sweep.words": ()} if name == "sweep.units" else {}
    assign({name: tuple(picked(name)), **words})


def _doses() -> None:
    """How many doses, evenly from 0 to 1; a link may hold others, which stay until the number is changed."""
    key, doses = seeded("sweep.doses"), session().recipe.sweep.doses
    st.number_input(
        "Doses from 0 to 1",
        1,
        LEAVES["sweep.doses"].metadata["most"],
        value=st.session_state[key],
        key=key,
        on_change=_doses_changed,
        help="Evenly spaced, both ends included. Of equal ‖ΔW‖ they are shares of the norm of the weights.",
    )
    if doses != even_doses(len(doses)):
        st.caption(f"These are {', '.join(map(percent, doses[:5]))}{' …' if len(doses) > 5 else ''}")


def _doses_changed() -> None:
    assign({"sweep.doses": even_doses(int(picked("sweep.doses")))})


def study_buttons(learned: Learned, match: str) -> None:
    """How long the plan takes, and start, stop or go on. A quick plan starts by itself."""
    plan, study, total = studies.plan_for(match), session().studies.get(match), 0
    fresh = study is None or study.of != studies.study_key(learned, plan)
    try:
        total, quick = plan.count(learned.recipe.model.layers), studies.quick(learned, plan)
        if fresh and quick and (study is None or study.quick):  # a long study is not lost for a short one
            study, fresh = studies.begin(learned, match), False
        # A quick plan is not tried first: that would take a good part of what it estimates.
        time = "a few seconds" if quick else duration(studies.study_seconds(learned, plan))
        st.caption(f"{total:,} variants, {time}")
    except ForgettingError as error:
        st.error(literal(str(error)))
    with st.container(horizontal=True):
        if study and study.running:
            st.button("Stop", icon=":material/stop:", on_click=studies.stop, args=(match,))
        elif not fresh and study.left:
            st.button("Go on", icon=":material/play_arrow:", type="primary", on_click=studies.resume, args=(match,))
        if total:
            kind = "primary" if fresh else "secondary"
            label = "Start" if fresh else "Start anew"
            st.button(label, type=kind, on_click=studies.start, args=(learned, match))
    if study is not None and fresh:
        st.warning("The plan or the model has changed: the figures are of the one before. Start runs this one.")
