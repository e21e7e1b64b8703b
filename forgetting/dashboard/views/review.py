"""A review of the visitor's own: what both models make of it, what its words say, and what an edit changes.

All of it follows the live fraction: the browser gets a frame for each whole percent, as it does in `views.live`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable

import pandas as pd
import streamlit as st
import torch

from forgetting.core.errors import ForgettingError, shorten
from forgetting.core.limits import limits
from forgetting.core.seeding import generator
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.session import TrainedModel, Versions, assign, rerun_page, session
from forgetting.dashboard.studies.fraction_path import fractions_of
from forgetting.dashboard.ui.chart_files import chart_files, result_tables
from forgetting.dashboard.ui.controls import choice_control
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import show_error
from forgetting.dashboard.ui.own_review import is_typing, own_review, typed_count
from forgetting.dashboard.ui.tables import EXCERPT, reviews_table
from forgetting.dashboard.views.review_frames import find_predictor, find_review_frames, review_path
from forgetting.data.reviews import review_key
from forgetting.experiment.prediction import clean_text
from forgetting.experiment.results import Comparison
from forgetting.metrics.scores import NOT_FINITE
from forgetting.recipe.explanation import MOST_LINKED, linked_size
from forgetting.recipe.plans import FRACTIONS
from forgetting.reporting.formatting import format_count, format_fraction, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import ATTRIBUTION_NAMES
from forgetting.studies.own_review import narrow

KEYS = SharedCache("keys of reviews", most=1)
MOST_LINES = 1_000  # reviews that are predicted at once
MOST_TRIED = 400  # reviews that are looked through for one that never flips


class KeyedTexts(dict):
    """The texts of a file by their keys."""


def review_view(trained_model: TrainedModel, comparison: Comparison) -> None:
    """Choose, type or edit a review, and see what both models make of it."""
    fraction = format_fraction(session().recipe.randomization.fraction)
    picks = {
        "random": ("A random review", _find_random),
        "flipping": (f"One that flips at {fraction}", _find_flipping),
        "steady": ("One that never flips", _find_steady),
    }
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for key, (label, find) in picks.items():
            arguments = (find, trained_model, comparison)
            st.button(label, key=f"pick_{key}", on_click=_pick, args=arguments, help=explain(label.split(" at ")[0]))
        choice_control("review.attribution", titles=ATTRIBUTION_NAMES, width=230)
    _versions_view(trained_model, comparison)
    expander = st.expander("Many reviews at once", key="many_reviews", on_change="rerun")
    if expander.open:
        with expander:
            _many_view(trained_model)


@st.fragment
def _versions_view(trained_model: TrainedModel, comparison: Comparison) -> None:
    """The editor and what follows from its text: drawn anew on each edit, without the rest of the page."""
    if session().touched:
        rerun_page()  # which writes the address
    chosen = _chosen_text(trained_model)
    versions = _versions()
    text, first = (chosen, None) if versions is None else (versions.text, versions.first or chosen)
    shown = find_review_frames(trained_model, comparison, text, first, brief=is_typing())
    fraction = session().recipe.randomization.fraction
    data = {
        "count": typed_count(),
        "typing": is_typing(),
        "text": text,
        "percent": FRACTIONS.index(fraction) if fraction in FRACTIONS else 100 * fraction,
    }
    own_review(
        json.dumps(data).encode()[:-1] + b", " + shown.parts[1:-1] + b', "frames": ' + shown.frames + b"}", _typed
    )
    if versions is None:
        if session().versions:
            st.button("Back to my text", on_click=_return, help=explain("Back to my text"))
        return
    with st.container(horizontal=True):
        st.button("Back to the first version", on_click=_drop, help=explain("Back to the first version"))
        st.button("Compare edits with this", on_click=_compare, args=(text,), help=explain("Compare edits with this"))
        st.button(
            "Put my text into the link",
            on_click=_link,
            args=(text,),
            disabled=linked_size(text) > MOST_LINKED,
            help=explain("Put my text into the link"),
        )


@st.fragment
def _many_view(trained_model: TrainedModel) -> None:
    """The classes of all lines of a text, before and after."""

    label = "One review a line"
    text = st.text_area(label, key="review_lines", height=160, persist_state="session", help=explain(label))
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        st.caption("Paste texts, and what both models make of each stands here.")
        return
    if len(lines) > MOST_LINES:
        st.error(
            f"At most {MOST_LINES:,} reviews are predicted here at once; these are {len(lines):,} lines. Paste fewer, "
            f"or give the file to the command “forgetting predict”, which takes up to {limits().rows:,}."
        )
        return
    published = trained_model.recipe.protocol == "published"
    randomization = models.fit_randomization(session().recipe.randomization, trained_model)
    try:
        result = find_predictor(trained_model).predict(lines, None if published else randomization)
    except ForgettingError as error:
        show_error(error)
        return
    table = pd.DataFrame({"review": [line[:EXCERPT] for line in result.texts]})
    for when, found in zip(("before", "after"), result.models.values(), strict=False):
        table[when] = [name or f"missing: {NOT_FINITE}" for name in found.labels]
        table[f"probability {when}"] = found.probabilities.max(axis=1)
    table["unknown words"] = [" ".join(words)[:EXCERPT] for words in result.unknown]
    flipped = result.flipped
    if flipped is not None:
        changed, known = int(flipped.sum()), int((~flipped.isna()).sum())
        st.text(f"Reviews that change their predicted class: {changed:,} of {known:,}.")
    shares = [name for name in table if name.startswith("probability")]
    options = {"formats": dict.fromkeys(shares, format_share), "alt": "Predicted class of each line, before and after"}
    reviews_table(table, result.texts, key="many_reviews_table", height=330, **options)
    files = result_tables(result, "predictions")
    chart_files({}, key="many_reviews", tables=files)


# Which text


def _recipe_review() -> tuple[str, str]:
    review = session().recipe.review
    return review.key, review.text


def _versions() -> Versions | None:
    """What the visitor has typed over the review that the recipe now has."""
    versions = session().versions
    return versions if versions and versions.over == _recipe_review() else None


def _chosen_text(trained_model: TrainedModel) -> str:
    """The text that the recipe names; without one, the typical review, or the first one that is validated with."""
    key, text = _recipe_review()
    if text:
        return text
    reviews = trained_model.split.reviews
    if key:
        keyed = KEYS.ask(
            models.model_key(trained_model), lambda: KeyedTexts((review_key(each), each) for each in reviews.texts)
        )
        if key in keyed:
            return keyed[key]
        st.caption(literal(f"No review of this file has the key {shorten(key)!r}; here is another one."))
    if models.is_pretrained(trained_model):
        return models.find_known_typical_review(trained_model).text
    return reviews.texts[trained_model.split.validation.rows[0]]


def _return() -> None:
    key, text = session().versions.over
    assign({"review.key": key, "review.text": text})


def _typed(text: str) -> None:
    """Keep what was typed, as a page can write it."""
    versions = _versions()
    session().versions = Versions(_recipe_review(), clean_text(text), versions and versions.first)


def _drop() -> None:
    session().versions = None


def _compare(text: str) -> None:
    session().versions = Versions(_recipe_review(), text, text)


def _link(text: str) -> None:
    session().versions = None
    assign({"review.key": "", "review.text": text})


def _pick(
    find: Callable[[TrainedModel, Comparison], tuple[int | None, str]],
    trained_model: TrainedModel,
    comparison: Comparison,
) -> None:
    """Look at the validation review that `find` gives the position of, and say why there is none, or not the like."""
    position, reason = find(trained_model, comparison)
    if reason:
        session().notices.append(reason)
    if position is None:
        return
    split = trained_model.split
    key = review_key(split.reviews.texts[split.validation.rows[position]])
    if session().versions and session().versions.over == (key, ""):
        session().versions = None  # else what was typed stands there, to which one can come back from another review
    assign({"review.key": key, "review.text": ""})


def _find_random(trained_model: TrainedModel, comparison: Comparison) -> tuple[int | None, str]:  # noqa: ARG001
    return secrets.randbelow(len(trained_model.split.validation)), ""


def _find_flipping(trained_model: TrainedModel, comparison: Comparison) -> tuple[int | None, str]:  # noqa: ARG001
    before, after = (each.logits["validation"] for each in (comparison.original, comparison.randomized))
    if not (before.isfinite().all() and after.isfinite().all()):
        return None, f"No review can be found that flips: {NOT_FINITE}."
    found = (before.argmax(1) != after.argmax(1)).nonzero().flatten().tolist()
    if not found:
        return None, "At this fraction no validation review flips: choose a larger one."
    return secrets.choice(found), ""


def _find_steady(trained_model: TrainedModel, comparison: Comparison) -> tuple[int | None, str]:  # noqa: ARG001
    """One of the reviews that keep their class on the whole path, or else the longest, among those that are tried."""
    part = trained_model.split.validation
    randomization = models.fit_randomization(session().recipe.randomization, trained_model)
    if not randomization.chosen_layers(trained_model.recipe.model.layers):
        return None, "Nothing is randomized, so that no review flips: choose a layer."
    fractions = fractions_of(trained_model)
    most_tried = MOST_TRIED * len(fractions) // len(FRACTIONS)
    order = torch.randperm(len(part), generator=generator(secrets.randbits(32), "review"))[:most_tried]
    inputs = part.model_inputs.rows(order)
    narrowed, rows = narrow(trained_model.trained.model, inputs)
    with torch.no_grad():
        logits = narrowed(rows)
        if not logits.isfinite().all():
            return None, f"No review can be found that keeps its class: {NOT_FINITE}."
        before = logits.argmax(1)
        steady = torch.ones(len(order), dtype=torch.bool)
        kept = torch.zeros(len(order), dtype=torch.long)  # at how many of the fractions from 0 on
        for model in review_path(trained_model, inputs, randomization, fractions):
            logits = model(rows)
            steady &= (logits.argmax(1) == before) & logits.isfinite().all(1)
            kept += steady
    most = int(kept.max())
    reason = ""
    if most < len(fractions):
        reason = (
            f"Each of {format_count(len(order), 'validation review')} that were tried flips at some fraction; this one "
            f"keeps its class the longest, up to {format_fraction(fractions[most - 1])}."
        )
    return int(order[kept.argmax()]), reason
