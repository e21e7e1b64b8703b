"""The controls of a study's plan: layer sets, schemes, fractions and seeds."""

from collections.abc import Callable
from itertools import combinations

import streamlit as st

from forgetting.dashboard.state.session import LEAVES, TrainedModel, assign, session
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    names_of_control,
    number_control,
    prepare_control,
    switch_control,
)
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.randomization_form import UNIT_TITLES
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.randomization.groups import CASCADE_BY_BLOCKS, group_of, groups_of
from forgetting.randomization.patterns import FAMILIES, LAYER_SEPARATOR
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.plans import even_doses
from forgetting.reporting.formatting import format_fraction
from forgetting.reporting.names import SCHEME_NAMES, format_attribution, format_scheme

FAMILY_TITLES = {
    "each": "each layer alone",
    "all": "all layers",
    "down": "top-down cascade",
    "up": "bottom-up cascade",
}
MOST_LAYER_SETS = 31  # that are offered by the names of their layers


def plan_controls(trained_model: TrainedModel) -> None:
    """The controls of a sweep. Each writes the plan into the recipe, and so into the address."""
    variant_controls(trained_model, "sweep")
    names_control("sweep.units", list(UNITS), lambda item: UNIT_TITLES.get(item, item).split(" (")[0])
    if words := session().recipe.sweep.words:
        st.caption(literal(f"Only these words: {', '.join(words[:8])}{' …' if len(words) > 8 else ''}"))
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        doses_control("sweep.doses")
    with right:
        number_control("sweep.seeds")
    if "noise" in session().recipe.sweep.schemes:
        number_control("sweep.scale", step=0.1)
    with st.expander("More"):
        replicate_controls("sweep")


def replicate_controls(group: str) -> None:
    """What the replicates of a plan differ in, besides their draws. group: "sweep" or "relearning"."""
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        number_control(f"{group}.seed")
    with right:
        number_control(f"{group}.splits")
    switch_control(f"{group}.retrain")


def explanation_controls(trained_model: TrainedModel) -> None:
    """The controls of a sanity check of attributions."""
    names_control("explanation.attributions", list(ATTRIBUTIONS), format_attribution)
    layer_sets_control(trained_model, "explanation")
    choice_control("explanation.scheme", titles=SCHEME_NAMES)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        doses_control("explanation.doses")
    with right:
        number_control("explanation.seeds")
    with st.expander("More"):
        number_control("explanation.top")
        number_control("explanation.seed")
        if "smoothgrad" in session().recipe.explanation.attributions:
            number_control("explanation.samples")
            number_control("explanation.noise")


def similarity_controls(trained_model: TrainedModel) -> None:
    """The controls of a study of similarity, which has the plan of the sanity check but for its attributions."""
    layer_sets_control(trained_model, "explanation")
    choice_control("explanation.scheme", titles=SCHEME_NAMES)
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        doses_control("explanation.doses")
    with right:
        number_control("explanation.seeds")


def variant_controls(trained_model: TrainedModel, group: str) -> None:
    """Layer sets and schemes of a plan; group: "sweep" or "relearning"."""
    layer_sets_control(trained_model, group)
    names_control(f"{group}.schemes", list(SCHEMES), format_scheme)


def layer_sets_control(trained_model: TrainedModel, group: str) -> None:
    """The layer sets of a plan, which may be patterns that a person types; group: that of its settings."""
    known = trained_model.recipe.model.layers
    titles = FAMILY_TITLES | set_titles(known)
    sets = dict.fromkeys([*FAMILIES, *titles, *_subsets(known), *session().recipe.value(f"{group}.layers")])
    options = {"accept_new_options": True} if groups_of(known) else {}
    names_control(f"{group}.layers", list(sets), lambda item: titles.get(item, item), **options)


def set_titles(known: tuple[str, ...]) -> dict[str, str]:
    """What the patterns of a model's groups are called, by the pattern; none where its layers are in no blocks."""
    groups = {pattern: title for title, pattern in groups_of(known).items() if pattern not in known}
    families = {"each:blocks.*": "each block alone", CASCADE_BY_BLOCKS: "top-down by blocks"}
    return {**groups, **families} if group_of(known[0]) and groups else groups


def _subsets(known: tuple[str, ...]) -> list[str]:
    """The layers, and what sets of few layers there are."""
    sizes = range(1, len(known) + 1 if 2 ** len(known) <= MOST_LAYER_SETS + 1 else 2)
    return [LAYER_SEPARATOR.join(names) for size in sizes for names in combinations(known, size)]


def names_control(name: str, options: list[str], title: Callable[[str], str], **more: bool) -> None:
    """A list of names to choose from; title: how a name is shown; more: for the list."""
    key = prepare_control(name)
    st.multiselect(
        options=options,
        default=list(st.session_state[key]),
        key=key,
        format_func=title,
        on_change=_changed,
        args=(name,),
        **names_of_control(name),
        **more,
    )


def _changed(name: str) -> None:
    # Only a link asks for a study of words; another choice of units ends it.
    words = {"sweep.words": ()} if name == "sweep.units" else {}
    assign({name: tuple(control_state(name)), **words})


def doses_control(name: str) -> None:
    """How many fractions, evenly from 0 to 1. A link may hold others, which stay until the number is changed."""
    key, planned = prepare_control(name), session().recipe.value(name)
    st.number_input(
        min_value=1,
        max_value=LEAVES[name].metadata["most"],
        value=st.session_state[key],
        key=key,
        on_change=_doses_changed,
        args=(name,),
        **names_of_control(name),
    )
    if planned != even_doses(len(planned)):
        st.caption(
            f"The fractions are {', '.join(map(format_fraction, planned[:5]))}{' …' if len(planned) > 5 else ''}"
        )


def _doses_changed(name: str) -> None:
    assign({name: even_doses(int(control_state(name)))})
