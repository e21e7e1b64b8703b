"""The library as a package: what pip installs of it can be imported from another folder, and brings its command."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory) -> Path:
    """The folder that pip installs a copy of the project into, without what it depends on."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "forgetting", source / "forgetting", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([*pip, "--target", str(target), str(source)], check=True, timeout=300)
    return target


def test_every_file_of_the_library_is_installed(installed):
    kinds = {path.suffix for path in (ROOT / "forgetting").rglob("*") if path.is_file()} - {".pyc"}
    for kind in kinds:
        files = {path.relative_to(ROOT) for path in (ROOT / "forgetting").rglob(f"*{kind}")}
        assert {path.relative_to(installed) for path in (installed / "forgetting").rglob(f"*{kind}")} == files


def test_it_depends_on_what_the_project_pins(installed):
    (about,) = installed.glob("learning_to_forget-*.dist-info/METADATA")
    required = {line.removeprefix("Requires-Dist: ") for line in about.read_text().splitlines() if "Requires-D" in line}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    pinned = set((ROOT / "requirements.txt").read_text().split())
    named = {f'{name}; extra == "{extra}"' for extra, names in extras.items() for name in names}
    assert required == pinned | named
    tested = set((ROOT / "tests" / "requirements.txt").read_text().split())
    assert {name for names in extras.values() for name in names} <= tested


def test_its_command_runs_from_another_folder(installed, tmp_path):
    (command,) = installed.glob("bin/forgetting*")
    environment = {"PYTHONPATH": str(installed)}
    options = {"cwd": tmp_path, "env": environment, "capture_output": True, "text": True, "check": True}
    code = "import forgetting; print(forgetting.__file__, len(forgetting.load_sample().texts))"
    where, count = subprocess.run([sys.executable, "-c", code], **options).stdout.split()
    assert Path(where).is_relative_to(installed)
    assert int(count) == 1_218
    assert "Usage: forgetting run [OPTIONS]" in subprocess.run([command, "run", "--help"], **options).stdout
