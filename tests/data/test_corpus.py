"""Every file of the corpus through the library, up to the step that it is odd to: in bounded time and memory.

Each large one is studied in another process, so that what one leaves behind does not blur the measurement of the
next. Random files and random recipes follow.
"""

import csv
import ctypes
import gc
import gzip
import html
import json
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import pyarrow as pa
import pytest
from corpus import (
    CORPUS,
    LARGE,
    SMALL,
    STEPS,
    file_name,
    json_lines,
    last_step,
    parquet,
    reviews,
    written,
    zipped,
)
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from strategies import LEAVES

from forgetting.core.errors import DataError, ForgettingError, RecipeError
from forgetting.core.limits import limits
from forgetting.core.seeding import pin_threads
from forgetting.data.profile import profile_data
from forgetting.data.reading import DEFAULT_READING, ReadingSettings
from forgetting.data.tables import read_reviews, read_table
from forgetting.experiment.pipeline import compare, copy_state, make_trainer, prepare, select_reviews, snapshot
from forgetting.recipe.recipe import MODERN, Recipe
from forgetting.recipe.url import decode_query, encode_query

READS = 10  # times the processor time of a plain read of as many bytes as a file may have
HARMLESS = written([(text * 9, label) for text, label in reviews(20_000)]).encode()  # 8 MB, rows as long as reviews are
GIGABYTE = 1024**3
TESTS = Path(__file__).parents[1]
pytestmark = pytest.mark.slow  # some 200 files; plain `pytest` reads those of test_tables.py
AT_FIRST_USE = ("sklearn.svm",)  # what training and its baselines load, a second that each process would take anew
STATUS, RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")
ROOM = 5 * GIGABYTE  # that a process of its own may take before memory is refused to it
HANGS = 900  # seconds of processor time after which such a process is ended


def study(data: bytes, name: str, last: str) -> dict[str, object]:
    """The way of a file up to a step, and where it ended: the step that refused it with the message, or "the end"."""
    found: dict[str, object] = {"at": "the end", "message": ""}
    walk = _walk(data, name, found)
    try:
        for step in STEPS[: STEPS.index(last) + 1]:
            found["at"] = step
            next(walk)
    except ForgettingError as error:
        return found | {"message": str(error)}
    return found | {"at": "the end"}


def _walk(data: bytes, name: str, found: dict[str, object]) -> Iterator[None]:
    """The steps of `STEPS`, one at each turn."""
    table = read_table(data, name=name)
    found |= {"rows": len(table.frame), "encoding": table.reading.encoding, "delimiter": table.reading.delimiter}
    yield
    reviews = table.reviews()
    yield
    profile_data(reviews)
    check = profile_data(select_reviews(MODERN, reviews))
    found |= {"kept": check.rows, "classes": len(check.classes), "dropped": check.dropped}
    yield
    split = prepare(MODERN, reviews)
    yield
    trainer = make_trainer(MODERN, split, epochs=2)
    initial = copy_state(trainer.model)
    trainer.advance()
    compare(MODERN, split, snapshot(trainer, initial))
    yield


@pytest.fixture(scope="module", autouse=True)
def _few_objects_to_collect() -> Iterator[None]:
    """What the modules hold is not looked through again each time that memory begins to be measured."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@cache
def plain_read() -> float:
    """Seconds of processor time in which this process reads a harmless file of as many bytes as a file may have."""
    began = time.process_time()
    read_table(HARMLESS)
    return (time.process_time() - began) * limits().bytes / len(HARMLESS)


def measured(data: bytes, name: str, last: str) -> dict[str, object]:
    """What `study` found, the plain reads that it took, and the most memory at once beside the input's own bytes."""
    plain_read()
    before = _start_measuring()
    began = time.process_time()
    found = study(data, name, last)
    reads = (time.process_time() - began) / plain_read()
    return found | {"reads": reads, "memory": _status("VmHWM") - before if before else 0}


def _start_measuring() -> int:
    """Bytes in use now, where the peak begins to count; 0 where the system does not tell."""
    gc.collect()
    if not RESET.exists():
        return 0
    ctypes.CDLL(None).malloc_trim(0)  # else memory that was freed, but kept, would hide what is taken
    RESET.write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = (line.split() for line in STATUS.read_text().splitlines())
    return next(int(words[1]) * 1024 for words in lines if words[0] == f"{name}:")


def assert_expected(name: str, found: dict[str, object]) -> None:
    """The report that the corpus asks for, in time and in room."""
    wanted = CORPUS[name]
    assert found["at"] == (wanted.at or "the end"), found["message"]
    missing = [part for part in wanted.refused if part not in found["message"]]
    assert not missing, f"{missing} not in: {found['message']}"
    assert len(found["message"]) < 1_000 + len(file_name(name))
    if not wanted.refused:
        assert (found["rows"], found["delimiter"]) == (wanted.rows, wanted.delimiter)
        encodings = wanted.encoding if isinstance(wanted.encoding, tuple) else (wanted.encoding,)
        assert found["encoding"] in encodings
        assert found["dropped"] == wanted.dropped
    if wanted.shown:
        assert (found["kept"], found["classes"]) == (wanted.kept, wanted.classes)
    if found["at"] == "table":
        assert found["message"].startswith(f"{file_name(name)}: ")
    assert found["reads"] < READS, f"{found['reads']:.1f} times as long as a plain read of a large file"
    assert found["memory"] < GIGABYTE, f"{found['memory'] / GIGABYTE:.2f} GiB"


@pytest.mark.parametrize("name", SMALL)
def test_a_small_file_is_accepted_or_refused_as_expected(name):
    assert_expected(name, measured(SMALL[name].make(), file_name(name), last_step(name)))


def test_the_corpus_is_the_same_each_time_it_is_made():
    assert len(CORPUS) >= 70
    files = [file_name(name) for name in CORPUS]
    assert len(set(files)) == len(files)
    names = random.Random(0).sample(sorted(SMALL), 30)
    assert [SMALL[name].make() for name in names] == [SMALL[name].make() for name in names]


# Large files


@pytest.fixture(scope="module")
def alone():
    """A function that calls another in a process of its own, a copy of one that has all modules ready.

    Where the call ends the process, it raises BrokenProcessPool.
    """
    context = multiprocessing.get_context("forkserver")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(str(path) for path in (TESTS, TESTS.parent)))
        context.set_forkserver_preload([__name__, *AT_FIRST_USE])

        def call(function, *arguments):
            with ProcessPoolExecutor(1, mp_context=context) as pool:
                return pool.submit(function, *arguments).result()

        call(pin_threads)
    return call


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_accepted_or_refused_as_expected(name, alone, tmp_path):
    path = tmp_path / "upload"
    path.write_bytes(LARGE[name].make())
    found = alone(_measured_alone, path, file_name(name), last_step(name))
    path.unlink()
    if not found["memory"]:
        pytest.skip("the system does not tell the peak of a process's memory (/proc/self/clear_refs)")
    assert_expected(name, found)


def _measured_alone(path: Path, name: str, last: str) -> dict[str, object]:
    """Measured in this process, which is refused memory and ended before the machine suffers from it."""
    pin_threads()
    study(CORPUS["plain"].make(), "warm.csv", last)  # what is loaded at the first use is not the file's
    for limit, most in ((resource.RLIMIT_DATA, _status("VmData") + ROOM), (resource.RLIMIT_CPU, HANGS)):
        resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))
    found = measured(path.read_bytes(), name, last)
    if report := os.environ.get("CORPUS_REPORT"):
        with Path(report).open("a") as file:
            took = f"{found['reads']:.2f} reads of {plain_read():.1f} s"
            file.write(f"{name}\t{took}\t{found['memory'] / 2**20:.0f} MiB\t{found['at']}\n")
    return found


# Random files

VALID = {
    "CSV": written().encode(),
    "quoted": written(delimiter=";", quoting=csv.QUOTE_ALL).encode("utf-8-sig"),
    "UTF-16": written(delimiter="\t").encode("utf-16"),
    "JSON lines": CORPUS["JSON lines of mixed types"].make(),
    "Parquet": parquet(),
    "nested Parquet": CORPUS["Parquet of nested types"].make(),
    "categories": CORPUS["Parquet of categories"].make(),
    "gzip": gzip.compress(written().encode(), mtime=0),
    "zip": zipped({"a.csv": written()}),
    "JSON array": CORPUS["JSON array over several lines"].make(),
    "workbook": gzip.decompress(CORPUS["workbook with shared texts in gzip"].make()),
    "sheet of LibreOffice": CORPUS["sheet of LibreOffice"].make(),
}
READINGS = DEFAULT_READING, ReadingSettings(leave_out_bad_rows=True, line_encodings=True)
IN_A_PROCESS = ("Parquet", "nested Parquet", "categories", "workbook", "sheet of LibreOffice")  # of their own


def assert_read_or_refused(data: bytes, readings: tuple[ReadingSettings, ...] = READINGS) -> None:
    for reading in readings:
        try:
            found = read_reviews(data, reading=reading).report.reading
        except DataError as error:
            assert str(error)  # noqa: PT017 -- either outcome is right
        else:
            "".join(row.text + row.cause for row in found.shown_bad_rows).encode()  # the page can show them


def changed(whole: bytes, seed: int) -> bytes:
    """A valid file with up to six changes: bits turned, parts cut out, doubled, moved or overwritten."""
    source, data = random.Random(seed), bytearray(whole)
    for _ in range(source.randint(1, 6)):
        start, end = sorted(source.randint(0, len(data)) for _ in range(2))
        change = source.choice(["turn", "turn", "cut", "double", "move", "end", "write"])
        if change == "turn" and start < len(data):
            data[start] ^= 1 << source.randrange(8)
        elif change == "cut":
            del data[start : min(end, start + source.choice([1, 2, 40]))]
        elif change == "double":
            data[end:end] = data[start:end]
        elif change == "move":
            data = data[:start] + data[end:] + data[start:end]
        elif change == "end":
            del data[end:]
        elif change == "write":
            data[start : start + 8] = source.choice([b"\0" * 8, b"\xff" * 8, b'"', b"\r", b"{", b"\xed\xa0\x80"])
    return bytes(data)


def _read_changed(kind: str, first: int, count: int) -> None:
    for seed in range(first, first + count):
        # What is read in a process has no such settings.
        assert_read_or_refused(changed(VALID[kind], seed), READINGS[:1] if kind in IN_A_PROCESS else READINGS)


@pytest.mark.parametrize("kind", VALID)
@settings(max_examples=5, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(first=st.integers(0, 2**40))
def test_changed_files_are_read_or_refused(kind, first, alone):
    """In a process of its own, which a damaged Parquet file could end; a failure names the seed of its first file."""
    alone(_read_changed, kind, first, 3 if kind in IN_A_PROCESS else 50)


cells = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=15).filter(
    lambda text: html.unescape(text) == text  # entities are decoded on purpose, as test_tables.py holds
)
names = st.lists(st.text("abcß 日_-.", min_size=1, max_size=6).map(str.strip).filter(bool), min_size=2, unique=True)


@st.composite
def tables(draw) -> tuple[list[str], list[list[str]]]:
    """A header of two to six columns, and rows; a first cell that begins like JSON is another test's."""
    header = draw(names.map(lambda found: found[:6]))
    return header, draw(st.lists(st.lists(cells, min_size=len(header), max_size=len(header)), min_size=1, max_size=8))


@settings(max_examples=200, deadline=None)
@given(tables(), st.sampled_from(",\t;|"), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]), st.data())
def test_a_quoted_table_is_read_as_it_was_written(table, delimiter, quoting, data):
    header, rows = table
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
    found = read_table(written(rows, header, delimiter, end, quoting=quoting).encode(encoding))
    assert list(found.columns) == header
    assert [list(row) for row in found.frame.itertuples(index=False)] == rows
    assert found.reading.delimiter == delimiter


@settings(max_examples=200, deadline=None)
@given(tables(), st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_json_lines_are_read_as_they_were_written(table, ascii_alone, encoding):
    header, rows = table
    lines = (json.dumps(dict(zip(header, row, strict=True)), ensure_ascii=ascii_alone) for row in rows)
    found = read_table("\n".join(lines).encode(encoding))
    assert list(found.columns) == header
    assert [list(row) for row in found.frame.itertuples(index=False)] == rows


@settings(max_examples=12, deadline=None)
@given(tables())
def test_parquet_is_read_as_it_was_written(table):
    header, rows = table
    columns = dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))
    found = read_table(parquet(pa.table(columns)))
    assert found.frame.to_dict("list") == columns


json_values = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), cells, st.lists(st.integers(), max_size=3)
)
json_objects = st.dictionaries(st.text("abc", min_size=1, max_size=2), json_values, max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(json_objects, min_size=1, max_size=6))
def test_json_values_of_any_type_are_text(rows):
    # One object of lists alone is a table by columns.
    assume(len(rows) > 1 or not all(isinstance(value, list) for value in rows[0].values()))
    found = None
    try:
        found = read_table(json_lines(*rows))
    except DataError as error:
        assert not any(rows), str(error)  # noqa: PT017 -- a table of no columns alone is refused
    if found is not None:
        for row, texts in zip(rows, found.frame.to_dict("records"), strict=True):
            assert {key: text for key, text in texts.items() if text} == {
                key: text for key, value in row.items() if (text := _text_of(value))
            }


def _text_of(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


# Random recipes

plain_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
likely_values = st.one_of(
    plain_values,
    st.sampled_from(["all", "fc1", "fc2", "word", "neuron", "zero", "noise", ["fc1"], ["all", "fc1"], [64, 32], 0.5]),
)


@st.composite
def likely_recipes(draw) -> dict:
    """Nested as recipes are, with known and unknown names and any values."""
    found: dict = {}
    for name in draw(st.lists(st.sampled_from(sorted(LEAVES)), max_size=8)):
        *groups, last = name.split(".")
        place = found
        for group in groups:
            place = place.setdefault(group, {})
        place[draw(st.sampled_from([last, last, last, last + "s"]))] = draw(likely_values)
    return found


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=50), plain_values.map(json.dumps), likely_recipes().map(json.dumps)))
def test_a_random_recipe_is_refused_or_survives_writing(text):
    try:
        recipe = Recipe.from_json(text)
    except RecipeError as error:
        assert str(error)  # noqa: PT017 -- either outcome is right
    else:
        assert Recipe.from_json(recipe.to_json()) == recipe
        assert decode_query(encode_query(recipe)) == (recipe, [])


queries = st.one_of(
    st.text(max_size=60),
    st.dictionaries(
        st.sampled_from([*sorted(LEAVES), "x"]),
        st.one_of(st.text(max_size=12), likely_values.map(str), st.sampled_from(["fc1,fc2", "64,32", "1", "0.5", ""])),
        max_size=8,
    ).map(urlencode),
)


@settings(max_examples=300, deadline=None)
@given(queries)
def test_a_random_query_string_decodes_to_a_recipe_that_survives(query):
    recipe, sentences = decode_query(dict(parse_qsl(query, keep_blank_values=True)))
    assert all(isinstance(sentence, str) for sentence in sentences)
    again = dict(parse_qsl(urlencode(encode_query(recipe)), keep_blank_values=True))
    assert decode_query(again) == (recipe, [])
    assert Recipe.from_json(recipe.to_json()) == recipe
