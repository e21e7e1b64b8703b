"""What the tests of the pages of studies share: studies that run to their end, and what is drawn."""

import math
from functools import cache

import pandas as pd
import pytest
from app_pages import MARKS, run
from streamlit import dataframe_util
from streamlit.testing.v1 import AppTest

from forgetting.dashboard.state import work
from forgetting.dashboard.state.session import Session, Study
from forgetting.dashboard.state.work import find_work
from forgetting.data.sample import load_sample
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.results import Trained
from forgetting.model.split import Split
from forgetting.recipe.recipe import Recipe
from forgetting.recipe.url import decode_query

FIRST = ("dose", "explanation", "learning_curves", "unlearning")  # the study that each page shows first


def trained(test: AppTest) -> AppTest:
    """The page with a model, which is trained where there is none yet."""
    for found in test.button:
        if found.key == "train_now":
            found.click()
            run(test)
    return test


def finished(test: AppTest, kind: str = "") -> AppTest:
    """The study that is shown has ended, in one slice, as each run of the page draws all of it."""
    kind = kind or first(test)
    if kind in mine(test).studies and study(test, kind).running:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(work, "SLICE", math.inf)
            run(test)
        assert not study(test, kind).running
    return test


def advance_beside(test: AppTest) -> list[str]:
    """What the sidebar's fragment does, as AppTest runs none again: a slice of all that the page does not advance."""
    found = find_work(mine(test))
    mine(test).beside = found.keys() - mine(test).advanced
    for kind in mine(test).beside:
        found[kind].advance()
    run(test)
    return list(found)


def progress(test: AppTest) -> list[str]:
    """What the sidebar shows of what is under way."""
    return [bar.proto.text for bar in test.sidebar.get("progress")]


def keys(test: AppTest) -> list[str]:
    return [found.key for found in test.button]


def mine(test: AppTest) -> Session:
    return test.session_state.session


def first(test: AppTest) -> str:
    """The kind of the study that the page shows first, "" where it is not started."""
    return next((kind for kind in FIRST if kind in mine(test).studies), "")


def study(test: AppTest, kind: str = "") -> Study:
    """The session's study of this kind, by default the one that the page shows first."""
    return mine(test).studies[kind or first(test)]


def labels(test: AppTest) -> list[str]:
    """Of the buttons, but for what every page has: to save, the list of kept studies, and what can be undone."""
    return [found.label for found in test.button if not str(found.key).startswith(("keep", "kept_", "undo"))]


def icon(test: AppTest, page: str) -> str:
    """What stands before a page's name in the navigation."""
    return next(link.icon for link in test.page_link if link.label == page)


def sentence(test: AppTest) -> str:
    """The conclusions."""
    return "\n".join(element.value for element in test.text)


def errors(test: AppTest) -> str:
    return "\n".join(element.value for element in test.error).translate(MARKS)


def charts(test: AppTest) -> int:
    return len(test.get("vega_lite_chart"))


def tables(test: AppTest) -> list[pd.DataFrame]:
    """The data of all charts."""
    return [
        dataframe_util.convert_arrow_bytes_to_pandas_df(part.data.data)
        for chart in test.get("vega_lite_chart")
        for part in chart.proto.datasets
    ]


def drawn(test: AppTest, column: str = "median") -> pd.DataFrame:
    """The data of the first chart that have this column."""
    return next(table for table in tables(test) if column in table)


@cache
def trained_by_link(**parameters: str) -> tuple[Recipe, Split, Trained]:
    """What the library makes of a link."""
    recipe, sentences = decode_query(parameters)
    assert not sentences
    parts = prepare(recipe, load_sample())
    return recipe, parts, train(recipe, parts)
