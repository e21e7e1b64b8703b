"""The controls of the forget set and of the unlearning methods."""

import numpy as np
import pandas as pd
import streamlit as st

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import TrainedModel, assign, session
from forgetting.dashboard.ui.controls import (
    choice_control,
    control_state,
    names_of_control,
    number_control,
    prepare_control,
    segments_control,
    share_control,
)
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.plan_form import names_control
from forgetting.dashboard.ui.tables import explained_columns, reviews_table
from forgetting.data.reviews import review_key
from forgetting.randomization.groups import groups_of
from forgetting.randomization.settings import ALL
from forgetting.reporting.formatting import format_count
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import SCHEME_NAMES, format_method
from forgetting.reporting.unlearning import describe_chosen, describe_method
from forgetting.unlearning.forget_set import SHOWN_CHARACTERS
from forgetting.unlearning.task import METHODS

FORGET_BY = {"share": "Share", "class": "Class", "reviews": "Reviews"}
MOST_LISTED = 500  # reviews at once
METHOD_SETTINGS = {  # the step of each, None for that of its kind
    "epochs": None,
    "learning_rate": 0.001,
    "last_layers": None,
    "repair_fraction": 0.05,
    "ascent_rate": 0.1,
    "ascent_clip": 0.1,
    "ascent_tolerance": 0.01,
    "dampening_alpha": 0.5,
    "dampening_lambda": 0.1,
    "scrub_alpha": 0.1,
    "scrub_gamma": 0.1,
    "scrub_epochs": None,
    "scrub_temperature": 0.5,
    "salun_share": 0.05,
    "neggrad_beta": 0.01,
    "relearn_epochs": None,
}
SCRUB_ORDERS = {"retain_first": "retain set", "forget_first": "forget set"}


def forget_controls(trained_model: TrainedModel) -> None:
    """Choose what to forget: a class, a share of the reviews, or single reviews."""
    segments_control("forget.by", FORGET_BY, _forget_by_picked, trained_model.split.classes)
    forget = session().recipe.forget
    if forget.by == "class":
        key, classes = prepare_control("forget.label"), trained_model.split.classes
        st.selectbox(
            options=classes,
            index=classes.index(st.session_state[key]) if st.session_state[key] in classes else None,
            key=key,
            on_change=lambda: assign({"forget.label": control_state("forget.label") or ""}),
            **names_of_control("forget.label"),
        )
    elif forget.by == "share":
        share_control("forget.share")
        number_control("forget.seed")
    else:
        st.caption(f"Reviews ticked: {len(forget.reviews):,}. Search and tick them in the tab “Forget set”.")
        st.button(
            "Untick all",
            on_click=assign,
            args=({"forget.reviews": ()},),
            disabled=not forget.reviews,
            help=explain("Untick all"),
        )


def _forget_by_picked(classes: tuple[str, ...]) -> None:
    by = control_state("forget.by") or "share"
    known = session().recipe.forget.label in classes
    assign({"forget.by": by} | ({} if by != "class" or known else {"forget.label": classes[0]}))


def method_controls(trained_model: TrainedModel) -> None:
    """Choose methods, seeds, and the settings of the methods."""
    names_control(
        "unlearning.methods",
        list(dict.fromkeys([*METHODS, *session().recipe.unlearning.methods])),
        format_method,
    )
    number_control("unlearning.seeds")
    with st.expander("Settings of the methods"):
        for name, step in METHOD_SETTINGS.items():
            number_control(f"unlearning.{name}", step=step)
        choice_control("unlearning.scrub_order", titles=SCRUB_ORDERS)
        choice_control("unlearning.repair_scheme", titles=SCHEME_NAMES)
        known = trained_model.recipe.model.layers
        groups = {pattern: title for title, pattern in groups_of(known).items()}
        layers = dict.fromkeys([ALL, *groups, *known, *session().recipe.unlearning.repair_layers])
        names_control("unlearning.repair_layers", list(layers), lambda item: groups.get(item, item))
        number_control("unlearning.seed")
        if note := describe_chosen(session().recipe.unlearning, trained_model.recipe.model.kind):
            st.caption(note)
    with st.expander("What they do"):
        for name in session().recipe.unlearning.methods:
            if name in METHODS:
                st.caption(literal(f"{format_method(name)}: {describe_method(name)}."))


def forget_set_view(trained_model: TrainedModel) -> None:
    """The forget set; where single reviews are chosen, a search over the training part with boxes to tick."""
    if session().recipe.forget.by == "reviews":
        _review_picker(trained_model)
        return
    try:
        sets = models.find_forget_sets(trained_model, session().recipe.forget)
    except ForgettingError as error:
        show_error(error)
        return
    table = _review_table(trained_model, sets.forget.rows)
    st.text(
        f"{format_count(len(sets.forget), 'review')} to forget, {len(sets.retain):,} to retain. Comparable to the "
        f"first: {format_count(len(sets.non_members), 'validation review')} never seen (non-members)."
    )
    shown, reviews = table.head(MOST_LISTED), trained_model.split.reviews
    reviews_table(
        shown.drop(columns="row"),
        [reviews.texts[row] for row in shown["row"]],
        key="forget_set",
        height=420,
        column_config={"type": st.column_config.TextColumn("class")},
        alt="The reviews that are to be forgotten",
    )
    _caption_most(len(table))


def _review_picker(trained_model: TrainedModel) -> None:
    chosen = session().recipe.forget.reviews
    search = st.text_input(
        "Search the training reviews",
        key="forget_search",
        placeholder="a word, or a class",
        help=explain("Search the training reviews"),
    )
    table = _review_table(trained_model, trained_model.split.training.rows).drop_duplicates("key")
    wanted = search.strip().casefold()
    if wanted:
        texts = trained_model.split.reviews.texts
        found = [wanted in f"{texts[row.row]} {row.type}".casefold() for row in table.itertuples()]
        table = table[found]
    table = table.assign(forget=table["key"].isin(chosen)).sort_values("forget", ascending=False, kind="stable")
    shown = table.head(MOST_LISTED).set_index("key")
    st.text(f"Reviews found: {len(table):,}; ticked in all: {len(chosen):,}.")
    key = f"ticks:{wanted}:{hash(chosen)}"
    st.data_editor(
        cells(shown[["forget", "type", "review"]]),
        hide_index=True,
        height=420,
        disabled=("type", "review"),
        column_config=explained_columns(
            ("forget", "type", "review"),
            {
                "forget": st.column_config.CheckboxColumn(width="small"),
                "type": st.column_config.TextColumn("class", width="small"),
                "review": st.column_config.TextColumn(width="large"),
            },
        ),
        key=key,
        on_change=_ticked,
        args=(key, tuple(shown.index)),
    )
    _caption_most(len(table))


def _ticked(key: str, keys: tuple[str, ...]) -> None:
    chosen = dict.fromkeys(session().recipe.forget.reviews)
    for row, changes in st.session_state[key]["edited_rows"].items():
        if changes.get("forget"):
            chosen[keys[int(row)]] = None
        else:
            chosen.pop(keys[int(row)], None)
    assign({"forget.reviews": tuple(chosen)})


def _review_table(trained_model: TrainedModel, rows: np.ndarray) -> pd.DataFrame:
    reviews = trained_model.split.reviews
    return pd.DataFrame(
        {
            "key": [review_key(reviews.texts[row]) for row in rows],
            "type": [reviews.labels[row] for row in rows],
            "review": [reviews.texts[row][:SHOWN_CHARACTERS] for row in rows],
            "row": rows,
        }
    )


def _caption_most(found: int) -> None:
    if found > MOST_LISTED:
        st.caption(f"The first {MOST_LISTED:,} of {found:,} are listed; search for others.")
