"""The corpus of odd and hostile files, uploaded one after another in a real browser."""

import re
from functools import cache
from pathlib import Path

import pytest
from corpus import CORPUS, KINDS_OF_FILES, LARGE, Upload, file_name

from forgetting.dashboard.ui.escape import JOINER

MEGABYTE = 1024 * 1024
LARGEST = 5 * MEGABYTE  # of the files that are all uploaded
BY_PATH = 5 * MEGABYTE  # larger ones are read from the disk: the driver hands them over slowly, or not at all
CHOSEN = (
    "250,000 reviews",
    "five million different cells",
    "JSON with a text of 90 MB",
    "Parquet of one value of 1 MB in 3,000 rows",
)
PARTS = 2  # visits, so that none is long
A_KIND = 3  # files of each kind


def plain(text: str) -> str:
    """Text as the page shows it: without joiners, and with single blanks."""
    return " ".join(text.replace(JOINER, "").split())


def bring(app, name: str, data: bytes, folder: Path) -> None:
    """Upload a file and wait until the page shows what came of it."""
    if len(data) > BY_PATH:
        path = folder / file_name(name)
        path.write_bytes(data)
        app.upload(path)
    else:
        app.upload(name=file_name(name), content=data)


def shown_name(name: str) -> str:
    """The file's name as a browser hands it on."""
    return file_name(name).replace('"', "%22")


def wrong(app, name: str, wanted: Upload) -> str:
    """What of the page is not as expected; "" where all is."""
    page, alerts = plain(app.sentences()), plain(app.alerts())
    parts = [part for part in map(plain, wanted.refused) if part not in alerts]
    if "Traceback" in page or app.page.get_by_test_id("stException").count():
        return "a traceback is shown"
    if wanted.shown:
        counts = f"{wanted.kept} of {wanted.rows or wanted.kept} reviews are kept, in {wanted.classes} classes"
        sentence = re.search(r"[\d,]+ of [\d,]+ reviews are kept, in [\d,]+ classes", page)
        return (
            ""
            if sentence and re.sub(r"(?<=\d),(?=\d)", "", sentence[0]) == counts
            else f"not {counts}: {page[-300:]} {alerts}"
        )
    if parts or (wanted.at == "table" and plain(shown_name(name)) not in alerts):
        return f"{parts or 'the name'} not in the alert: {alerts!r}"
    return ""


def upload_all(app, names, folder: Path) -> dict[str, str]:
    """What is wrong of each file, by its name."""
    found = {}
    for name in names:
        data = CORPUS[name].make()
        try:
            bring(app, name, data, folder)
        except Exception as error:
            found[name] = f"{type(error).__name__}: {str(error)[:200]}"
            app.open("data", **{"data.source": "file"})
            continue
        if problem := wrong(app, name, CORPUS[name]):
            found[name] = problem
    return found


@cache
def some_of_each_kind() -> list[str]:
    """Of each kind of odd file some that are accepted and some that are refused, from all over its table.

    What the reader makes of every file is the library's test; here each way of saying so is seen.
    """
    found = []
    for kind in KINDS_OF_FILES:
        for taken in (True, False):
            names = [name for name, upload in kind.items() if upload.shown is taken and fits(upload)]
            found += names[:: max(1, len(names) // A_KIND)][:A_KIND]
    return found


def fits(upload: Upload) -> bool:
    return len(upload.make()) <= LARGEST


@pytest.mark.parametrize("part", range(PARTS))
def test_small_files_are_told_of_on_the_data_page(visit, tmp_path, part):
    app = visit("data?data.source=file")
    assert upload_all(app, some_of_each_kind()[part::PARTS], tmp_path) == {}


def test_large_files_are_told_of_on_the_data_page(visit, tmp_path):
    assert set(CHOSEN) <= set(LARGE)
    assert upload_all(visit("data?data.source=file"), CHOSEN, tmp_path) == {}


MARKUP = (
    "column names with markup",
    "labels from right to left",
    "labels that are Markdown",
    "labels for templates",
    "labels of 100 kB",
    "texts that are scripts",
)


def test_what_looks_like_markup_is_shown_as_text(visit, tmp_path):
    app = visit("data?data.source=file")
    for name in MARKUP:
        bring(app, name, CORPUS[name].make(), tmp_path)
        for view in ("First rows", "Classes"):
            app.tab(view)
        assert wrong(app, name, CORPUS[name]) == ""
        assert app.page.locator('[data-testid="stMain"] img, [data-testid="stSidebar"] img').count() == 0, name
        assert app.page.locator('[data-testid="stMain"] a[href*="127.0.0.1"]').count() == 0, name


TRAINED = (
    "Parquet of nested types",
    "labels that are scripts",
    "labels that are properties of a script",
    "texts that validation does not know",
)


@pytest.mark.parametrize("name", TRAINED)
def test_an_odd_file_is_trained_and_looked_at(visit, tmp_path, name):
    app = visit("data?data.source=file&training.epochs=5")
    bring(app, name, CORPUS[name].make(), tmp_path)
    app.go("Forget")
    app.page.get_by_test_id("stMain").locator(".st-key-train_now button").first.click()
    app.page.locator(".st-key-train_now").wait_for(state="detached")
    app.settle()
    for view in ("A review", "Classes", "Confusion", "Weights", "Reviews", "Relearn", "Accuracy and loss"):
        app.tab(view)
    assert app.metrics()
