"""Nothing that a user gives is ever run: no module unpickles or evaluates, and hostile files stay data."""

import ast
import io
import json
import pickle
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load

from forgetting.core.errors import DataError
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.saved import model_bytes
from forgetting.recipe.recipe import MODERN

ROOT = Path(__file__).parents[2]
SOURCES = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py")), *sorted((ROOT / "forgetting").rglob("*.py"))]
RUNNING = {"eval", "exec", "compile", "__import__"}  # built in
RUNNING_MODULES = {"exec_module", "run_path", "run_module", "system", "popen"}  # of an object
UNPICKLING = {"pickle", "_pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "jsonpickle", "yaml"}
LOADING = {"loads", "load", "Unpickler", "read_pickle", "memmap", "load_module", "open_memmap"}
# What there is, and why it may be: own tasks for own workers; a file that whoever starts the app names; JSON.
ALLOWED = {
    ("forgetting/core/parallel.py", "import pickle"),
    ("forgetting/core/parallel.py", "import cloudpickle"),
    ("forgetting/cli/study_source.py", "import cloudpickle"),
    ("forgetting/cli/study_source.py", "exec_module"),
    ("forgetting/studies/study_result.py", "json.loads"),
    ("forgetting/core/parallel.py", "pickle.loads"),
    ("forgetting/unlearning/task.py", "exec_module"),
    ("forgetting/recipe/recipe.py", "json.loads"),
    ("forgetting/experiment/pretrained.py", "json.loads"),
    ("forgetting/data/formats/json_tables.py", "json.loads"),
    ("forgetting/data/formats/spreadsheets.py", "json.loads"),
    ("forgetting/data/formats/worker.py", "json.loads"),
    ("forgetting/experiment/loading.py", "json.loads"),
    ("forgetting/cli/options.py", "json.loads"),
    ("forgetting/tracking/experiment_file.py", "json.loads"),
    ("forgetting/tracking/review_differences.py", "json.loads"),
    ("forgetting/tracking/run_store.py", "json.loads"),
}


def found_in(path: Path) -> set[tuple[str, str]]:
    """What a module imports or calls that could run what it is given."""
    name, found = path.relative_to(ROOT).as_posix(), set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            found |= {(name, f"import {module}") for module in names if module.split(".")[0] in UNPICKLING}
        elif isinstance(node, ast.Attribute) and node.attr in LOADING:
            owner = node.value.id if isinstance(node.value, ast.Name) else "…"
            found.add((name, f"{owner}.{node.attr}"))
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in RUNNING:
                found.add((name, called.id))
            elif isinstance(called, ast.Attribute) and called.attr in RUNNING_MODULES:
                found.add((name, called.attr))
    return found


def test_no_module_can_run_what_it_is_given_but_where_that_is_meant():
    assert set().union(*map(found_in, SOURCES)) <= ALLOWED


def test_the_search_finds_what_it_is_for(tmp_path):
    for code, what in {
        "import pickle": "import pickle",
        "from joblib import load; import joblib; joblib.load(x)": "joblib.load",
        "torch.load(x)": "torch.load",
        "np.load(x, allow_pickle=True)": "np.load",
        "pd.read_pickle(x)": "pd.read_pickle",
        "eval(x)": "eval",
        "from cloudpickle import loads": "import cloudpickle",
        "a.b.Unpickler(x).load()": "….Unpickler",
    }.items():
        path = ROOT / "pages" / "none.py"
        assert what in {name for _, name in _found(code, tmp_path, path)}, code


def _found(code: str, folder: Path, path: Path) -> set[tuple[str, str]]:
    copy = folder / path.name
    copy.write_text(code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "ROOT", folder)
        return found_in(copy)


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path):
        self.path = str(path)

    def __reduce__(self):
        return open, (self.path, "w")


def traps(path: Path) -> dict[str, bytes]:
    """Files of formats that hold pickles, each with a trap in it."""
    trap = Trap(path)
    saved, array, parquet = io.BytesIO(), io.BytesIO(), io.BytesIO()
    torch.save({"text": trap}, saved)
    np.save(array, np.array([trap], dtype=object), allow_pickle=True)
    field = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickle.dumps(trap)}
    schema = pa.schema([pa.field("text", pa.string(), metadata=field), pa.field("label", pa.string())])
    metadata = {b"pandas": json.dumps({"columns": [], "index_columns": [], "creator": {"library": "pandas"}}).encode()}
    rows = [["one two three", "four five six"] * 2, ["a", "b"] * 2]
    pq.write_table(pa.table(rows, schema=schema).replace_schema_metadata(metadata), parquet)
    table = b"text,label\none two three," + pickle.dumps(trap, protocol=0).replace(b"\n", b" ") + b"\nfour five six,b\n"
    return {
        "model.pkl": pickle.dumps(trap),
        "model.pt": saved.getvalue(),
        "rows.npy": array.getvalue(),
        "rows.parquet": parquet.getvalue(),
        "rows.csv": table,
        "rows.jsonl": json.dumps({"py/object": "builtins.open", "text": "one two three", "label": "a"}).encode(),
    }


def test_the_traps_work(tmp_path):
    path = tmp_path / "sprung"
    pickle.loads(traps(path)["model.pkl"]).close()
    assert path.exists()


def test_a_file_that_holds_a_pickle_is_not_unpickled(tmp_path):
    path = tmp_path / "sprung"
    for name, data in traps(path).items():
        try:
            reviews = read_reviews(data, "text", "label", name=name)
            assert "text" not in reviews.texts
        except DataError:
            pass
        assert not path.exists(), name


@pytest.mark.slow
def test_python_itself_reports_that_nothing_was_unpickled(tmp_path):
    """Its audit hook hears of each class that is looked up for a pickle, whoever reads that."""
    folder = tmp_path / "files"
    folder.mkdir()
    for name, data in traps(tmp_path / "sprung").items():
        (folder / name).write_bytes(data)
    code = f"""
import pickle, sys
from pathlib import Path
from forgetting import run
from forgetting.data.sample import load_sample
from forgetting.data.tables import read_table
from forgetting.core.errors import ForgettingError
from forgetting.recipe.recipe import MODERN, Recipe
heard = []
sys.addaudithook(lambda event, _: event.startswith(("pickle.", "marshal.")) and heard.append(event))
pickle.loads(pickle.dumps(MODERN))
assert heard, "the hook hears nothing"
heard.clear()
for path in Path({str(folder)!r}).iterdir():
    try:
        read_table(path).reviews()
    except ForgettingError:
        pass
run(Recipe.from_json(MODERN.with_value("training.epochs", 2).to_json()), load_sample())
print(sorted({{event for event in heard if event.startswith("pickle.")}}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert not (tmp_path / "sprung").exists()


def test_a_saved_model_is_a_safetensors_file_and_holds_numbers_and_bytes_alone(small_reviews):
    recipe = MODERN.with_value("training.epochs", 2)
    split = prepare(recipe, small_reviews)
    trained = train(recipe, split)
    data = model_bytes(recipe, split, trained)
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert {value["dtype"] for name, value in header.items() if name != "__metadata__"} == {"F32", "U8"}
    assert json.loads(header["__metadata__"]["recipe"])["training"] == recipe.training.to_dict()
    found, state = load(data), trained.model.state_dict()
    assert all(torch.equal(value, found[name]) for name, value in state.items())


IMPORTED_AS = {"scikit-learn": "sklearn", "vl-convert-python": "vl_convert"}
THROUGH_OTHERS = {
    "cloudpickle": "joblib",
    "starlette": "streamlit",
    "vl_convert": "altair",
}  # what is used of, or by, a requirement
OPTIONAL = {"distributed", "mlflow"}  # an error says how to install it where it is asked for


def test_every_dependency_is_pinned_needed_and_named():
    lines = (ROOT / "requirements.txt").read_text().split()
    pins = dict(line.split("==") for line in lines)
    assert all(version[0].isdigit() for version in pins.values())
    needed = {IMPORTED_AS.get(name, name.replace("-", "_")) for name in pins}
    imported = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"forgetting"}
    assert foreign - needed - OPTIONAL <= set(THROUGH_OTHERS)
    assert needed - foreign <= set(THROUGH_OTHERS)


def test_the_app_is_closed_by_default():
    """It listens to this machine alone, for a browser that asked for it by that name, and tells nobody."""
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "localhost"
    assert set(config["server"]["allowedHosts"]) == {"localhost", "127.0.0.1", "::1"}
    assert not {"enableCORS", "enableXsrfProtection", "enableStaticServing", "enableAgentApi"} & set(config["server"])
    assert config["browser"]["gatherUsageStats"] is False
    assert config["client"]["showErrorDetails"] == "none"
