"""The page Runs: what was trained, compared and studied, as a table; one run whole, and two side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256

import pandas as pd
import streamlit as st

from forgetting.core.errors import StoreError
from forgetting.dashboard.state.runs import VisitorRuns, current_run, session_store
from forgetting.dashboard.state.session import LEAVES, assign, open_tab, session
from forgetting.dashboard.ui.escape import cells, literal
from forgetting.dashboard.ui.navigation import page_link
from forgetting.dashboard.ui.tables import show_table
from forgetting.reporting.formatting import format_count, format_seconds
from forgetting.reporting.glossary import explain
from forgetting.tracking.metric_texts import format_baselines_of, format_metric_of
from forgetting.tracking.page_state import find_page
from forgetting.tracking.run import RUN_KINDS, RUN_TITLES, Run
from forgetting.tracking.run_table import (
    RUN_FORMATS,
    describe_run_settings,
    headline,
    matching_runs,
    runs_bytes,
)

HELD = "held_run"  # key of the key of the run that others are compared with
DELETED = "deleted_run"  # key of the run that was deleted last
SWAPPED = "swapped_runs"  # key of whether the run that was chosen second is A
CURRENT = "with_current"  # key of whether a run is compared with what the session shows
ROWS_SEEN = 10  # of the table that are seen at once
TRAINED_GROUPS = ("reading", "data", "split", "model", "training", "seed", "protocol")  # of which every run is


def runs_view() -> None:
    """The table of runs, and below it what is chosen in it."""
    store = session_store(session())
    runs = store.runs()
    _where_kept(store)
    _deleted_notice(store)
    if not runs:
        st.info(
            "Nothing has been run yet. A training, a study, and a comparison that you look at for two seconds will "
            "stand here, each with its settings, its metrics and what trivial models reach.",
            icon=":material/history:",
        )
        page_link("train", "Train a model")
        page_link("forget", "Randomize its layers")
        return
    shown = _filtered(runs)
    chosen = _table(store, shown) if shown else []
    if not shown:
        st.info("No run is of this kind with these words.")
    _compare_or_show(store, runs, chosen)


def _where_kept(store: VisitorRuns) -> None:
    if store.disk:
        st.caption(literal(f"Kept on this machine, in {store.disk.path}, until they are deleted."))
    else:
        st.caption("Kept in this session only: they are gone when the tab is closed. Download what should stay.")


def _filtered(runs: Sequence[Run]) -> list[Run]:
    kinds = [kind for kind in RUN_TITLES if any(run.kind == kind for run in runs)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.multiselect(
            "Kind of run", kinds, format_func=RUN_TITLES.get, key="runs_kinds", width=320, help=explain("Kind of run")
        )
        words = st.text_input(
            "Filter", key="runs_filter", placeholder="a name, a setting, a file", width=260, help=explain("Filter")
        )
        shown = matching_runs(runs, wanted, words)
        with st.popover("Download", icon=":material/download:"):
            for kind in RUN_FORMATS:
                st.download_button(
                    f"These runs, {kind.upper() if kind == 'csv' else kind.title()}",
                    partial(runs_bytes, shown, kind),
                    file_name=f"runs.{kind}",
                    key=f"runs_{kind}",
                    on_click="ignore",
                    help=explain("Download"),
                )
    return shown


def _table(store: VisitorRuns, runs: Sequence[Run]) -> list[Run]:
    """The table; returns the runs that are chosen in it."""
    frame = pd.DataFrame(
        {
            "time": [run.at for run in runs],
            "run": [RUN_TITLES[run.kind] for run in runs],
            "name": [run.name for run in runs],
            "metrics": [headline(run) for run in runs],
            "settings": [describe_run_settings(run) for run in runs],
            "reviews": [run.data_name for run in runs],
            "seed": [run.recipe.seed for run in runs],
            "done": [_describe_done(run) for run in runs],
            "took": [format_seconds(run.seconds) if run.seconds else "–" for run in runs],
            "version": [run.version for run in runs],
            "kept": [_describe_kept(store, run) for run in runs],
        }
    )
    columns = {
        "time": st.column_config.DatetimeColumn(
            format="D MMM YYYY, HH:mm:ss", timezone=st.context.timezone or "UTC", width=150
        ),
        "name": st.column_config.TextColumn(width=130),
        "metrics": st.column_config.TextColumn(width=400),
        "settings": st.column_config.TextColumn(width=320),
    }
    chosen = show_table(
        cells(frame),
        column_config=columns,
        on_select="rerun",
        selection_mode="multi-row",
        key=table_key(runs),
        height="auto" if len(runs) > ROWS_SEEN else "content",
        alt="Runs, the newest first",
    )
    return [runs[row] for row in sorted(chosen["selection"]["rows"]) if row < len(runs)]


def table_key(runs: Sequence[Run]) -> str:
    """The key of the table of these runs: what is chosen in it is not chosen in that of others."""
    return f"runs_{sha256(''.join(run.key for run in runs).encode()).hexdigest()[:12]}"


def _describe_done(run: Run) -> str:
    return "all" if run.done >= run.planned else f"{run.done:,} of {run.planned:,}"


def _describe_kept(store: VisitorRuns, run: Run) -> str:
    words = ("pinned" if run.pinned else "", "" if store.lasts(run.key) else "in this session only")
    return ", ".join(filter(None, words)) or "yes"


def _compare_or_show(store: VisitorRuns, runs: Sequence[Run], chosen: Sequence[Run]) -> None:
    """Two runs side by side, of which one may be held or what the session shows; or one run whole."""
    held = next((run for run in runs if run.key == st.session_state.get(HELD)), None)
    others = [run for run in chosen[::-1] if held is None or run.key != held.key]  # the older one is A
    now = current_run(session()) if st.session_state.get(CURRENT) else None
    pair = [run for run in (held, *others, now) if run]
    with st.container(horizontal=True, vertical_alignment="center"):
        if held:
            st.button("Let go of A", key="let_go", on_click=_hold, args=("",), help=explain("Let go of A"))
        if len(pair) == 2:
            st.button(
                "Swap A and B", icon=":material/swap_horiz:", key="swap", on_click=_swap, help=explain("Swap A and B")
            )
        if held or pair:
            label = "Compare with what is shown now"
            st.toggle(label, key=CURRENT, help=explain(label))
    if len(pair) > 2:
        st.info("Choose one run to see it whole, or two to compare them.")
    elif len(pair) == 2:
        from forgetting.dashboard.views.run_comparison import run_comparison_view

        pair = pair[::-1] if st.session_state.get(SWAPPED) else pair
        for letter, run in zip("AB", pair, strict=True):
            st.caption(literal(f"{letter}: {'what is shown now: ' if run is now else ''}{_title(run)}"))
        run_comparison_view(*(replace(run, content=run.content or store.content(run.key)) for run in pair))
    elif held and not others:
        st.caption(literal(f"A is held: {_title(held)}. Choose B in the table."))
    elif pair and not now:
        _whole(store, pair[0])
    elif not pair:
        st.caption("Choose a run in the table to see it whole, or two to compare them.")


def _title(run: Run) -> str:
    return run.name or f"{RUN_TITLES[run.kind]}, {describe_run_settings(run)}"


def _whole(store: VisitorRuns, run: Run) -> None:
    """All that is known of a run, and what can be done with it."""
    key = run.key
    st.markdown(f"## {literal(run.name or RUN_TITLES[run.kind])}")
    with st.container(horizontal=True, vertical_alignment="center"):
        if run.kind != "own_model":
            st.button(
                "Open", icon=":material/open_in_new:", on_click=_open, args=(run,), key="open_run", help=explain("Open")
            )
        label, icon = ("Unpin", "keep_off") if run.pinned else ("Pin", "keep")
        pin = partial(_edit, store, key, pinned=not run.pinned)
        st.button(label, icon=f":material/{icon}:", on_click=pin, key="pin_run", help=explain(label))
        st.button(
            "Hold as A",
            icon=":material/compare_arrows:",
            on_click=_hold,
            args=(key,),
            key="hold",
            help=explain("Hold as A"),
        )
        st.button(
            "Delete",
            icon=":material/delete:",
            on_click=_delete,
            args=(store, run),
            key="delete_run",
            help=explain("Delete"),
        )
    names, notes = st.columns([1, 2])
    for column, field, make in ((names, "name", st.text_input), (notes, "note", st.text_area)):
        with column:
            control = f"run_{field}_{key}"
            st.session_state.setdefault(control, getattr(run, field))
            options = {"max_chars": 200} if field == "name" else {"height": 68, "max_chars": 10_000}
            change = partial(_edit_text, store, key, field, control)
            make(field.title(), key=control, on_change=change, help=explain(field), **options)
    facts = (
        f"{run.data_name}, SHA-256 {run.data_sha256[:12]}",
        f"settings: {describe_run_settings(run)}",
        f"seed {run.recipe.seed}",
        f"{run.done:,} of {format_count(run.planned, 'part')} done",
        format_seconds(run.seconds) if run.seconds else "",
        f"version {run.version}",
        f"model: {run.model}" if run.model else "",
        "" if store.lasts(key) else "in this session only",
    )
    st.caption(literal("; ".join(filter(None, facts)) + "."))
    table = pd.DataFrame(
        {
            "metric": [metric.name for metric in run.metrics],
            "value": [format_metric_of(metric) for metric in run.metrics],
            "trivial models": [format_baselines_of(metric) or "–" for metric in run.metrics],
            "missing": [metric.missing for metric in run.metrics],
        }
    )
    if not table["missing"].any():
        table = table.drop(columns="missing")
    show_table(
        cells(table), alt="Metrics of the run", height="content" if len(table) < 15 else 500, key=f"metrics_{key}"
    )


def _edit(store: VisitorRuns, key: str, **changes: object) -> None:
    try:
        store.edit(key, **changes)
    except StoreError as error:
        session().notices.append(str(error))


def _edit_text(store: VisitorRuns, key: str, field: str, control: str) -> None:
    _edit(store, key, **{field: st.session_state[control]})


def _hold(key: str) -> None:
    st.session_state[HELD] = key


def _swap() -> None:
    st.session_state[SWAPPED] = not st.session_state.get(SWAPPED)


def _delete(store: VisitorRuns, run: Run) -> None:
    whole = replace(run, content=store.content(run.key))
    try:
        store.delete(run.key)
    except StoreError as error:
        session().notices.append(str(error))
    else:
        st.session_state[DELETED] = whole


def _deleted_notice(store: VisitorRuns) -> None:
    """Say which run was deleted last, with a button that brings it back."""
    if run := st.session_state.get(DELETED):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.info(literal(f"Deleted: {_title(run)}."), icon=":material/delete:")
            st.button(
                "Bring it back", key="undelete", on_click=_undelete, args=(store, run), help=explain("Bring it back")
            )


def _undelete(store: VisitorRuns, run: Run) -> None:
    store.save(run)
    # It may have been run again meanwhile, without what was said of it.
    _edit(store, run.key, name=run.name, note=run.note, pinned=run.pinned)
    st.session_state[DELETED] = None


def _open(run: Run) -> None:
    """Make the settings that a run depends on those of the session, and lead to the page and the tab that show it."""
    mine, (page, tab) = session(), find_page(run.kind)
    own_table = run.kind == "reproduction"  # whose settings are not those of the page
    groups = set() if own_table else {*TRAINED_GROUPS, *RUN_KINDS[run.kind](run.recipe)}
    recipe = run.recipe
    names = [
        name for name in LEAVES if name.partition(".")[0] in groups and recipe.value(name) != mine.recipe.value(name)
    ]
    assign({name: recipe.value(name) for name in names}, announce=True)
    open_tab(page, tab)
    mine.destination = page
    if run.model:
        steps = run.model.endswith(" steps")
        what = f"trained for {run.model} alone" if steps else f"loaded from a file with SHA-256 {run.model[:12]}"
        mine.notices.append(f"The model of this run was {what}; the one that is shown may be another one.")
