"""The layout: which package may import which, and what importing the library loads."""

import ast
import importlib
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "forgetting").rglob("*.py"))


def read_arrows() -> dict[str, set[str]]:
    """The packages that each package may import, by the table of the README; arrows go up that table only."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text[text.index("| package of `forgetting/` |") :].split("\n\n")[0].splitlines()[2:]
    arrows: dict[str, set[str]] = {}
    for line in table:
        name, _, allowed = (cell.strip(" `") for cell in line.strip("|").split("|"))
        if allowed.startswith("all above"):
            others = set(allowed.removeprefix("all above").removeprefix(" but").split())
            assert others <= set(arrows), f"{name}: {others - set(arrows)} are not above it"
            arrows[name] = set(arrows) - others
        else:
            arrows[name] = set(allowed.split())
            assert arrows[name] <= set(arrows), f"{name} may import what is below it"
    return arrows


ARROWS = read_arrows()


def imported(path: Path) -> set[str]:
    """Full names of all that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path} imports relative to itself"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def package(name: str) -> str | None:
    """The key of ARROWS that a full name lies in; None outside the library."""
    parts = name.split(".")
    if parts[0] != "forgetting" or len(parts) < 2:
        return None
    return ".".join(parts[1:3]) if parts[1] == "dashboard" else parts[1]


@pytest.mark.parametrize("name", ARROWS)
def test_a_package_imports_only_what_it_may(name):
    folder = ROOT / "forgetting" / Path(*name.split("."))
    found = {(path.name, package(item)) for path in folder.rglob("*.py") for item in imported(path)}
    assert not {(path, other) for path, other in found if other not in (None, name, *ARROWS[name])}


def test_every_module_lies_in_a_package_of_the_table():
    folders = {package(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in MODULES}
    assert folders - {"__init__", "__main__", "dashboard.__init__"} == set(ARROWS)


def test_only_the_dashboard_imports_streamlit():
    users = {path for path in MODULES if any(name.split(".")[0] == "streamlit" for name in imported(path))}
    assert {path.relative_to(ROOT).parts[1] for path in users} == {"dashboard"}


@pytest.mark.slow
def test_importing_the_library_loads_no_interface():
    """In a fresh process: first the public names alone, then every module but the dashboard."""
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES if path.stem != "__main__"]
    names = [name.removesuffix(".__init__") for name in names if not name.startswith("forgetting.dashboard")]
    code = "\n".join(["import sys, forgetting", "print(*sys.modules)", *(f"import {name}" for name in names)])
    command = [sys.executable, "-c", f"{code}\nprint(*sys.modules)"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    public, whole = (set(line.split()) for line in done.stdout.splitlines())
    assert not public & {"torch", "sklearn", "streamlit", "plotly", "altair", "forgetting.dashboard"}
    assert set(names) <= whole
    assert not whole & {"streamlit", "forgetting.dashboard"}


def test_public_names_are_there():
    import forgetting

    assert all(hasattr(forgetting, name) for name in forgetting.__all__)
    assert forgetting.__all__ == sorted(
        forgetting.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )


# Public names that more than one module defines, and why.
HOMONYMS = {
    "main": "what a module does when it is run as a program",
}


def test_a_public_name_is_defined_in_one_module():
    found = defaultdict(set)
    for path in MODULES:
        if path.name == "__init__.py":
            continue  # which hands names on
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = {item.id for target in targets if target for item in ast.walk(target) if isinstance(item, ast.Name)}
            for name in {*names, getattr(node, "name", "_")}:
                if not name.startswith("_"):
                    found[name].add(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in found.items() if len(paths) > 1 and name not in HOMONYMS} == {}


@pytest.mark.parametrize(
    "path", [path for path in MODULES if path.name == "__init__.py"], ids=lambda path: path.parent.name
)
def test_a_package_states_its_purpose_and_its_public_names(path):
    package = importlib.import_module(".".join(path.parent.relative_to(ROOT).parts))
    modules = {other.stem for other in path.parent.iterdir()}
    assert package.__doc__
    assert len(set(package.__all__)) == len(package.__all__) > 0
    assert all(name in modules or hasattr(package, name) for name in package.__all__)
