"""Sessions at the same time: each gets the metrics that it gets alone, and sees nothing of another's data."""

import asyncio
import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from types import SimpleNamespace
from urllib.parse import urlencode
from weakref import WeakSet, WeakValueDictionary

import pytest
import torch
from app_pages import app, go, metrics, own_file, page_text, press, run, setting, upload, uploading
from serving import serving
from streamlit.testing.v1 import AppTest
from visitor import Visitor

from forgetting import Randomization, Recipe, Sweep, run_sweep
from forgetting.core.errors import DataError
from forgetting.dashboard.state import cache, data, models, queue, resources
from forgetting.dashboard.state.session import Session
from forgetting.dashboard.ui import advancing, chosen_file, page
from forgetting.dashboard.ui.escape import literal
from forgetting.experiment.pipeline import compare, prepare, train
from forgetting.experiment.pipeline import run as run_recipe
from forgetting.recipe.recipe import MODERN
from forgetting.recipe.url import encode_query

pytestmark = pytest.mark.slow  # each case has several sessions at work
RECIPES = [
    replace(
        MODERN.with_value("training.epochs", 12).with_value("training.batch_size", 16 * (seed % 2)),
        seed=seed,
        randomization=Randomization(fraction=0.1 * (seed + 1), scheme=scheme, seed=seed),
    )
    for seed, scheme in enumerate(("normal", "reinit", "permute", "noise", "zero", "rewind"))
]

NINE = MODERN.with_value("training.epochs", 9)
FRACTIONS = (0.2, 0.9)


def everything(recipe, reviews) -> dict[str, torch.Tensor | float]:
    """All numbers of a session: weights before and after, scores, and the rows of a sweep."""
    split = prepare(recipe, reviews)
    trained = train(recipe, split)
    comparison = compare(recipe, split, trained)
    plan = Sweep(layers=("fc1",), doses=(0.3, 1.0), schemes=(recipe.randomization.scheme,), seeds=3)
    rows = run_sweep(trained.model, split, plan, initial=trained.initial).frame
    return {
        **{f"before {name}": value for name, value in trained.model.state_dict().items()},
        **{f"after {name}": value for name, value in comparison.model.state_dict().items()},
        **{f"logits {name}": value for name, value in comparison.randomized.logits.items()},
        "rows": torch.tensor(rows.select_dtypes("number").to_numpy(dtype=float)),
    }


@pytest.mark.usefixtures("global_state_kept")
def test_sessions_at_the_same_time_get_what_each_gets_alone_bit_for_bit(small_reviews):
    alone = [everything(recipe, small_reviews) for recipe in RECIPES]
    gate = threading.Barrier(len(RECIPES))

    def together(recipe):
        gate.wait()
        return everything(recipe, small_reviews)

    with ThreadPoolExecutor(len(RECIPES)) as pool:
        for expected, found in zip(alone, pool.map(together, RECIPES), strict=True):
            assert expected.keys() == found.keys()
            for name, value in expected.items():
                assert torch.equal(value.nan_to_num(7), found[name].nan_to_num(7)), name


def test_pages_at_the_same_time_show_what_the_library_finds(tmp_path):
    """Two visitors of one server train and randomize at the same time."""
    recipes = [
        replace(recipe, seed=31001 + number, randomization=Randomization(layers=("fc1",)))
        for number, recipe in enumerate((NINE, NINE.with_value("model.hidden", (16,))))
    ]
    with serving(tmp_path) as server:
        shown = asyncio.run(_slide_together(server.port, recipes))
    for recipe, losses in zip(recipes, shown, strict=True):
        for fraction, loss in zip(FRACTIONS, losses, strict=True):
            one = replace(recipe, randomization=replace(recipe.randomization, fraction=fraction))
            found = run_recipe(one, data._sample_table().reviews()).comparison
            before, after = (getattr(found, name).scores["validation"].loss for name in ("original", "randomized"))
            assert loss == f"{before:.2f} → {after:.2f}"


async def _slide_together(port: int, recipes: list[Recipe]) -> list[list[str]]:
    """The losses that each visitor sees, with a recipe each, at each fraction; all of them act at the same time."""

    async def look(recipe: Recipe) -> list[str]:
        seen = []
        async with Visitor(port) as visitor:
            await visitor.open(f"forget?{urlencode(encode_query(recipe))}")
            await visitor.settle()
            visitor.click("Train these settings (9 epochs)")
            await visitor.until(lambda: visitor.idle and visitor.metrics(), what="the metrics")
            for fraction in FRACTIONS:
                visitor.slide(fraction)
                await visitor.settle()
                seen.append(visitor.metrics()["Validation loss"])
        assert visitor.errors == []
        return seen

    return await asyncio.gather(*map(look, recipes))


SECRET = "salaries-of-the-board.csv"


def test_the_same_file_shares_work_but_neither_names_nor_columns():
    content = own_file(rows=44)
    header, body = content.split("\n", 1)
    content = f"{header},other\n" + "\n".join(
        f"{line},{'xy'[row % 2]}" for row, line in enumerate(body.split("\n")) if line
    )
    first = uploading(content, SECRET, seed="31003")
    first.selectbox(key=setting("data.label_column")).set_value("other")
    run(first)
    second = uploading(content, "mine.csv", seed="31003")
    mine, other = (test.session_state.session for test in (first, second))
    assert mine.upload.content is other.upload.content
    frames = [next(iter(each.cached["tables"].values())).frame for each in (mine, other)]
    assert frames[0] is frames[1]
    assert (mine.upload.source, other.upload.source) == (SECRET, "mine.csv")
    assert (mine.recipe.data.label_column, other.recipe.data.label_column) == ("other", "")
    for name in ("data", "train", "forget", "overview"):
        go(second, name)
        assert "salaries" not in page_text(second)
        assert "salaries" not in str(second.query_params)


def test_a_refused_column_does_not_tell_another_visitors_file_name():
    content = "text,label\n" + "\n".join(f"one two three {row},{row}" for row in range(30))
    first = uploading(content, SECRET)
    second = uploading(content, "mine.csv")
    assert SECRET in page_text(first)
    assert SECRET not in page_text(second)
    assert "mine.csv" in page_text(second)


def test_a_link_to_another_visitors_file_gives_nothing_of_it():
    theirs = uploading(own_file("secret class", rows=46), SECRET, seed="31004", **{"training.epochs": "3"})
    go(theirs, "forget")
    press(theirs, f"Train on {literal(SECRET)} (3 epochs)")
    assert metrics(theirs)
    parameters = {name: text for name, text in theirs.query_params.items() if name != "data.file"}
    for name in ("overview", "data", "train", "forget", "layers", "explain", "relearn", "unlearn"):
        mine = app(name, **{key: text[0] if isinstance(text, list) else text for key, text in parameters.items()})
        assert "which this session does not have" in page_text(mine)
        assert "secret class" not in page_text(mine)
        assert not mine.metric


def test_a_model_under_way_is_nobody_elses():
    first = app("train", seed="31005", **{"training.epochs": "50"})
    press(first, "One step")
    second = app("train", seed="31005", **{"training.epochs": "50"})
    assert second.session_state.session.trained_model is None
    assert first.session_state.session.trained_model.trained.steps == 1


def test_wrong_variables_are_told_and_the_usual_limits_hold(monkeypatch):
    monkeypatch.setenv("FORGETTING_LIMITS", "rows=many")
    monkeypatch.setenv("FORGETTING_METHODS", "/nowhere/mine.py")
    page._prepare_process.clear()
    page.prepare_engine.clear()
    try:
        test = app("train", seed="31006", **{"training.epochs": "2"})
        assert "limits.rows must be a whole number" in page_text(test)
        assert "/nowhere/mine.py" in page_text(test)
        press(test, "Play")
        assert not test.exception
        assert "the limits are the usual ones" in page_text(test)
    finally:
        page._prepare_process.clear()
        page.prepare_engine.clear()


def test_who_waits_takes_the_model_that_another_trains_meanwhile(monkeypatch):
    """Of many who ask for the same model only one trains it."""
    monkeypatch.setattr(queue, "QUEUE", queue.TrainingQueue(lambda: 1))
    queue.QUEUE.ask("somebody")
    asked, trained = {"seed": "31007", "training.epochs": "3"}, []

    def describe(position: int) -> str:
        if not trained:  # once while this visitor waits, the model of the one before becomes ready
            trained.append(position)
            models.FINISHED._values[key] = finished
        return "Waiting"

    first = app("forget", **asked)
    monkeypatch.setattr(queue, "QUEUE", queue.TrainingQueue(lambda: 1))
    press(first, "Train these settings (3 epochs)")
    finished = first.session_state.session.cached["finished models"].popitem()[1]
    key = models.trained_key(first.session_state.session.recipe, finished.sha256)
    models.FINISHED.clear()
    queue.QUEUE.ask("somebody")
    monkeypatch.setattr(advancing, "describe_position", describe)
    second = app("forget", **asked)
    press(second, "Train these settings (3 epochs)")
    assert trained == [1]
    assert second.session_state.session.trained_model.trained is finished.trained
    assert metrics(second) == metrics(first)


@pytest.fixture
def small_uploads(monkeypatch):
    """No file is in use, and 1 MB is the most; gives files of 0.9 MB in memory, one for each word."""
    monkeypatch.setenv("FORGETTING_LIMITS", "uploads=1,training=100")
    gc.unfreeze()  # as housekeeping does: the first visitors were there when it was frozen
    gc.collect()
    monkeypatch.setattr(resources, "_IN_USE", WeakSet())
    monkeypatch.setattr(resources, "_CONTENTS", WeakValueDictionary())  # the visitors of other tests never leave

    def content(word: str) -> str:
        rows = (f"{'cherry plum leather ' * 12}{word} {row},{'ab'[row % 2]}" for row in range(2_000))
        return "\n".join(["text,label", *rows])

    return content


def given(name: str, content: str) -> AppTest:
    return upload(app("data", **{"data.source": "file"}), content, name)


def taken(test: AppTest) -> str | None:
    return test.session_state.session.upload and test.session_state.session.upload.source


def test_uploads_of_all_visitors_together_have_a_limit(small_uploads):
    first, second = given("first.csv", small_uploads("fig")), given("second.csv", small_uploads("pear"))
    assert taken(first) == "first.csv"
    assert "may take 1\N{NO-BREAK SPACE}MB together" in page_text(second)
    assert "use the synthetic sample" in page_text(second)
    assert taken(second) is None
    assert taken(given("same.csv", small_uploads("fig"))) == "same.csv"  # which takes no more


def test_what_was_refused_for_others_is_taken_when_they_have_left(small_uploads):
    first, second = given("first.csv", small_uploads("fig")), given("second.csv", small_uploads("pear"))
    assert taken(second) is None
    del first
    gc.collect()
    assert taken(upload(second, small_uploads("pear"), "again.csv")) == "again.csv"


def test_a_file_in_use_counts_also_after_another_was_refused(small_uploads):
    first = given("first.csv", small_uploads("fig"))
    upload(first, small_uploads("pear"), "more.csv")
    upload(first, "no,table\n", "broken.csv")
    assert taken(first) == "first.csv"
    gc.collect()
    assert taken(given("second.csv", small_uploads("plum"))) is None


def test_a_file_that_is_read_in_another_way_takes_the_room_that_it_took_before(small_uploads):
    first = given("first.csv", small_uploads("fig"))
    for header in ("no", "yes", "automatic"):
        first.selectbox(key=setting("reading.header")).set_value(header)
        assert f"In use: first.csv ({2_000 + (header == 'no'):,} rows)" in page_text(run(first))


def test_files_that_come_at_the_same_time_are_counted_one_after_the_other(small_uploads, monkeypatch):
    here = threading.local()
    monkeypatch.setattr(cache, "session", lambda: here.session)
    sessions, found, gate = [Session() for _ in range(6)], [], threading.Barrier(6)

    def come(number: int) -> None:
        here.session = sessions[number]
        gate.wait()
        with suppress(DataError):
            upload = resources.share_upload(small_uploads(f"word{number}").encode(), f"{number}.csv")
            resources.take_upload(here.session, upload)
            found.append(upload)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(come, range(6)))
    assert len(found) == 1


@pytest.mark.parametrize(("content", "taken_in"), [(own_file(rows=48), True), ("no,table\n", False)])
def test_streamlit_keeps_no_bytes_of_what_was_read_or_refused(monkeypatch, content, taken_in):
    let_go = []
    manager = SimpleNamespace(remove_file=lambda session, file: let_go.append((session, file)))
    context = SimpleNamespace(session_id="a session", uploaded_file_mgr=manager)
    monkeypatch.setattr(chosen_file, "get_script_run_ctx", lambda: context)
    test = given("mine.csv", content)
    assert let_go == [("a session", test.session_state.upload.file_id)]
    assert taken(test) == ("mine.csv" if taken_in else None)
    assert ("In use: mine.csv (48 rows)" in page_text(test)) == taken_in
