"""Every label of the interface has its help, every axis its word in the glossary, and every word of it a use."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from app_pages import MARKS, PAGES, QUICK, SMALL_TRANSFORMER, app, live, overview, press, run
from chart_parts import made_up_rerun
from run_parts import SWEEP_PLAN, compared_run, show_both, swept_run
from streamlit import dataframe_util
from streamlit.testing.v1 import AppTest
from study_pages import finished, trained

from forgetting.core.numbers import BEFORE_UNIT, PERCENT
from forgetting.dashboard.state import data as state_data
from forgetting.dashboard.ui import navigation
from forgetting.dashboard.views.dose_response import METRIC_GROUPS
from forgetting.dashboard.views.keep import KEEP_PARTS
from forgetting.dashboard.views.runs import table_key
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.reporting.glossary import GLOSSARY, find_term
from forgetting.reporting.names import SCHEME_NAMES, name_metric
from forgetting.reporting.story import SCENES
from forgetting.unlearning.row import UNLEARNING_METRICS

TABS = {  # of each page: the key that opens a tab, and the tabs
    "data": ("data_view", ("Classes", "Lengths", "First rows", "Left out")),
    "forget": (
        "forget_view",
        ("Accuracy and loss", "A review", "Dose–response", "Classes", "Confusion", "Weights", "Reviews", "Relearn"),
    ),
    "layers": (
        "layers_view",
        ("Curves", "Heat map", "Cascades", "Half-way", "Equal ‖ΔW‖", "Robustness", "Words"),
    ),
    "explain": ("explain_view", ("Sanity check", "Map", "Similarity")),
    "relearn": ("relearn_view", ("This randomization", "Savings by fraction")),
    "unlearn": ("unlearn_view", ("Comparison", "Trade-off", "Attack", "Layers", "Reviews", "Forget set")),
    "method": ("method_view", ("Words", "Protocols", "Schemes and units", "Unlearning methods")),
}
FAST = QUICK | {
    "sweep.doses": "0,0.5,1",
    "sweep.seeds": "2",
    "sweep.layers": "each,down",
    "sweep.schemes": "reinit,noise",
    "explanation.doses": "0,1",
    "explanation.seeds": "2",
    "relearning.doses": "0,1",
    "relearning.seeds": "1",
    "relearning.epochs": "3",
    "randomization.scheme": "noise",
    "unlearning.seeds": "1",
    "unlearning.epochs": "2",
    "unlearning.methods": "retrain,fine_tune",
    "unlearning.relearn_epochs": "2",
}
OTHERS = (  # what stands on a page only in some state
    ("data", {"data.source": "original"}),
    ("data", {"data.source": "file"}),
    (
        "layers",
        {"sweep.units": "word", "sweep.layers": "fc1", "randomization.unit": "word", "randomization.words": "cherry"},
    ),
    ("unlearn", {"forget.by": "class", "forget.label": "Malbec"}),
    ("unlearn", {"forget.by": "reviews"}),
    ("forget", {"protocol": "published"}),
)
CHART_TABLES = (  # keys of the tables and the files of charts, which are made once they are opened
    *("accuracy_and_loss", "train", "relearn", "recall", "confusion", "weights", "current_dose", "curves_dose"),
    *("curves_change", "heat", "cascade", "half_way", "robustness", "words", "learning_curves", "savings", "gaps"),
    *("trade_off", "attack", "losses", "classes", "lengths", "map", "similarity", "layers", "training_run"),
    "published",
)
CHARTS = ("vega_lite_chart", "arrow_vega_lite_chart", "plotly_chart")
EXEMPT = {"page_link", "expander", "popover", "tab", "form", "radio"}  # which lead somewhere, hold something, or ask
TABLES = ("arrow_data_frame", "dataframe")
BAR = f"%g{PERCENT}%"  # of a column of bars, whose numbers are rounded by the rule
SPOKEN = "an alternative text, which no line of the page breaks"
OWN = "The first rows of the file"  # the table whose columns are those of the visitor's file


class Seen:
    """What all pages show.

    Attributes:
        labels: Of controls, metrics and columns, each with whether it has a help, and where it stands.
        axes: Titles of axes, and where.
        shown: Values of elements that show text, and where.
        hovers: Templates of what a chart of Plotly shows under the pointer, and where.
        unformatted: Numbers that the browser would write in its own way: columns of tables, and sliders.
        bare: Charts that no table of their points follows before the next one that has its table, and where.
        texts: Everything that is written, in lower case.
    """

    def __init__(self):
        self.labels: dict[tuple[str, bool], str] = {}
        self.axes: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.hovers: dict[str, str] = {}
        self.unformatted: dict[str, str] = {}
        self.bare: dict[str, str] = {}
        self.texts = ""

    def look(self, test: AppTest, where: str) -> None:
        for block in (test.main, test.sidebar, test._tree[2]):  # the last of which holds an open dialog
            bare = []
            for element in walk(block):
                if hasattr(element, "children"):
                    bare = [] if getattr(element, "label", "") == "As a table" else bare
                    continue
                self._element(element.type, element.proto, where)
                if element.type in CHARTS:
                    bare.append(element.proto.alt)
            self.bare |= dict.fromkeys(bare, where)
        for table in test.dataframe:
            assert set(table.value.get("scheme", [])) <= set(SCHEME_NAMES.values()), where
        if shown := live(test):
            self.labels |= {(metric["label"], bool(metric["help"])): where for metric in shown["metrics"]}
            self.texts += json.dumps(shown, ensure_ascii=False).casefold()
            self.shown |= dict.fromkeys([shown["now"]["sentence"], *shown["now"]["values"]], where)

    def _element(self, kind: str, proto, where: str) -> None:
        if kind in ("vega_lite_chart", "arrow_vega_lite_chart"):
            self.axes |= dict.fromkeys(vega_axes(json.loads(proto.spec)), where)
        elif kind == "plotly_chart":
            figure = json.loads(proto.spec)
            layout = figure["layout"]
            self.hovers |= dict.fromkeys([trace.get("hovertemplate", "") for trace in figure["data"]], where)
            texts = [text for trace in figure["data"] for text in np.ravel(trace.get("text", [])).tolist()]
            self.shown |= dict.fromkeys(map(str, texts), where)
            titles = [axis.get("title") or {} for name, axis in layout.items() if name[1:].startswith("axis")]
            self.axes |= dict.fromkeys([title["text"] for title in titles if title.get("text")], where)
        elif kind in TABLES:
            columns = json.loads(proto.columns or "{}")
            columns.pop("_index", None)
            if proto.alt != OWN:
                self._numbers(proto, columns, where)
            if proto.alt == OWN:
                assert not any(column.get("help") for column in columns.values())
                columns = {}
            self.labels |= {
                (column.get("label") or name, bool(column.get("help"))): where for name, column in columns.items()
            }
        elif kind == "slider" and not proto.options:
            self.unformatted[proto.label] = where
        elif kind == "select_slider":
            self.shown |= dict.fromkeys(proto.options, where)
        if kind not in TABLES and getattr(proto, "label", "") and hasattr(proto, "help") and kind not in EXEMPT:
            self.labels[proto.label, bool(proto.help)] = where
        self.texts += f"\n{proto}".casefold()
        names = ("label", "body", "delta", "help", "text")
        text = " ".join(str(getattr(proto, name, "")) for name in names).translate(MARKS)
        self.shown |= {getattr(proto, "alt", ""): SPOKEN, text: where}

    def _numbers(self, proto, columns: dict, where: str) -> None:
        """The texts of a table's numbers; a bar has a format of its own, as it takes no text."""
        read, data = dataframe_util.convert_arrow_bytes_to_pandas_df, proto.arrow_data
        values, texts = read(data.data), read(data.styler.display_values) if data.HasField("styler") else None
        for name in values.select_dtypes("number"):
            form = columns.get(name, {}).get("type_config", {}).get("format")
            if form != BAR if form else texts is None:
                self.unformatted[f"{proto.alt}: {name}"] = where
            elif not form:
                self.shown |= dict.fromkeys(map(str, texts[name]), where)


def walk(block) -> Iterator:
    """The elements of a block, and the blocks in it with theirs."""
    for child in block.children.values():
        yield child
        if hasattr(child, "children"):
            yield from walk(child)


def vega_axes(spec) -> Iterator[str]:
    """Titles of the axes of a chart, wherever in its specification."""
    if isinstance(spec, list):
        for part in spec:
            yield from vega_axes(part)
    elif isinstance(spec, dict):
        for name, part in spec.items():
            if name in ("x", "y") and isinstance(part, dict) and part.get("title"):
                title = part["title"]
                yield " ".join(title) if isinstance(title, list) else title  # of several lines
            yield from vega_axes(part)


@pytest.fixture(scope="module")
def seen(small_split, tmp_path_factory) -> Seen:
    """All pages, with the runs of this visit alone: a seed is a name, so those of other tests follow no rule."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FORGETTING_RUNS", str(tmp_path_factory.mktemp("runs")))
        return _visit(small_split)


def _visit(small_split) -> Seen:
    found = Seen()
    for page in PAGES:
        test = trained(app(page, **FAST))
        for name in CHART_TABLES:
            test.session_state[f"{name}_table"] = test.session_state[f"{name}_files"] = True
        key, tabs = TABS.get(page, ("", ("",)))
        for tab in tabs:
            if key:
                test.session_state[key] = tab
            run(test)
            if any(button.label == "Start" for button in test.button):
                press(test, "Start")
            found.look(finished(test), f"{page} {tab}")
    for group in METRIC_GROUPS:
        test = app("layers", **FAST)
        test.session_state["curves_dose_metric"] = group
        found.look(finished(run(test)), f"layers, {group}")
    for number in range(1, len(SCENES) + 1):
        test = app("story", scene=str(number))
        test.radio[0].set_value(0)
        found.look(run(test), f"story, scene {number}")
    test.session_state.session.recipe = MODERN
    found.look(run(test), "story, changed")
    for page, tab in (
        *((page, "") for page in ("train", "forget", "layers", "explain", "relearn", "unlearn")),
        *(("layers", tab) for tab in ("Conclusions", "To unlearn")),
        *(("explain", tab) for tab in ("Map", "Similarity")),
    ):
        test = trained(app(page, **SMALL_TRANSFORMER))
        if tab:
            test.session_state[TABS[page][0]] = tab
        found.look(run(test), f"{page} {tab} of a Transformer")
    for page, parameters in OTHERS:
        found.look(app(page, **parameters), f"{page} {parameters}")
    test = app("forget", **FAST)
    for part in KEEP_PARTS:
        test.session_state.keep_view, test.session_state.keeping = part, True
        found.look(run(test), f"save and cite, {part}")
    for rows in ([0], [0, 1]):  # of what the pages above have logged
        test = app("runs")
        key = table_key(test.session_state.session.runs.runs())
        test.session_state[key] = {"selection": {"rows": rows, "columns": [], "cells": []}}
        found.look(run(test), f"runs {rows}")
    press(test, "Swap A and B")
    with pytest.MonkeyPatch.context() as patch:  # as if the original file were here
        patch.setattr(state_data, "has_original", lambda _: True)
        patch.setattr(state_data, "find_published_split", lambda _: small_split)
        test = overview()
        test.session_state.session.reruns = [made_up_rerun(0), made_up_rerun(1)]
        test.session_state.published_table = True
        found.look(run(test), "overview, with re-runs")
    pairs = {
        "comparisons": [compared_run(small_split, seed)[0] for seed in (0, 1)],
        "studies": [swept_run(small_split, replace(SWEEP_PLAN, seed=seed))[0] for seed in (0, 9)],
    }
    for name, pair in pairs.items():
        found.look(show_both(*pair), f"two {name}")
    return found


def test_every_page_is_looked_at():
    assert set(PAGES) == set(navigation.PAGES)


def test_every_control_metric_and_column_has_its_help(seen):
    assert {label: where for (label, has_help), where in seen.labels.items() if not has_help} == {}


def test_every_chart_has_a_table_of_its_points(seen):
    assert seen.bare == {}


def test_every_axis_is_in_the_glossary(seen):
    assert {title: where for title, where in seen.axes.items() if not find_term(title)} == {}


def test_every_setting_is_in_the_glossary():
    assert [name for name in Recipe.leaves() if not find_term(name)] == []


def test_every_word_of_the_glossary_is_used(seen):
    labels = (label for label, _ in seen.labels)
    rows = map(name_metric, UNLEARNING_METRICS)  # of the table of gaps
    explained = {find_term(use) for use in [*Recipe.leaves(), *seen.axes, *rows, *labels]}
    terms = [term for terms in GLOSSARY.values() for term in terms]
    assert [
        term.name
        for term in terms
        if term not in explained and not any(use.casefold() in seen.texts for use in (term.name, *term.used))
    ] == []


def test_no_two_words_explain_the_same():
    uses = [use.casefold() for terms in GLOSSARY.values() for term in terms for use in (term.name, *term.used)]
    assert sorted(uses) == sorted(set(uses))


# A hyphen before a number, where no letter or digit precedes it, and four or more digits in a row without a comma.
# Neither a SHA-256 nor an identifier of arXiv is a number.
HYPHEN = re.compile(r"(?<![\w\-.])-\d")
DIGITS = re.compile(r"(?<![\d.,:/\w])\d{4,}(?![\d\w.])")
YEARS = re.compile(r"\b(?:18|19|20)\d\d\b")
CITED = re.compile(r"Source: .*")  # with the pages of articles


def test_numbers_are_written_by_one_rule(seen):
    other = ("SHA-256", "arXiv", "<style>")  # no number that is written by a rule of ours
    shown = {text: where for text, where in seen.shown.items() if not any(sign in text for sign in other)}
    texts = {CITED.sub("", text): where for text, where in shown.items()}
    assert {text: where for text, where in texts.items() if HYPHEN.search(text)} == {}
    assert {text: where for text, where in texts.items() if DIGITS.search(YEARS.sub("", text))} == {}
    assert {text: where for text, where in texts.items() if re.search(r"\d%|−0(?:\.0+)?(?![\d.])", text)} == {}
    assert {text: where for text, where in texts.items() if where != SPOKEN and BEFORE_UNIT.search(text)} == {}
    assert {template: where for template, where in seen.hovers.items() if re.search(r"%\{\w+:", template)} == {}
    assert seen.unformatted == {}
