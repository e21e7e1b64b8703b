"""The library without its dashboard needs no interface: proved by its source and by fresh processes."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIBRARY = ROOT / "forgetting"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): path
    for path in sorted(LIBRARY.rglob("*.py"))
    if LIBRARY / "dashboard" not in path.parents
}


def imported(path: Path) -> set[str]:
    """First names of all modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} if node.module else set()
    return found


def loaded_after(*modules: str) -> set[str]:
    code = f"import sys, {', '.join(modules)}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_the_library_loads_no_interface():
    assert not loaded_after("forgetting") & {"streamlit", "plotly", "altair", "forgetting.dashboard"}


def test_importing_every_module_but_the_dashboard_loads_no_streamlit():
    names = [name.removesuffix(".__init__") for name in MODULES if not name.endswith("__main__")]
    loaded = loaded_after(*names)
    assert set(names) <= loaded
    assert not loaded & {"streamlit", "forgetting.dashboard"}


@pytest.mark.parametrize("name", MODULES)
def test_source_imports_neither_streamlit_nor_the_dashboard(name):
    for module in imported(MODULES[name]):
        assert module.split(".")[0] != "streamlit"
        assert not f"{module}.".startswith("forgetting.dashboard.")


def test_public_names_are_there():
    import forgetting

    assert all(hasattr(forgetting, name) for name in forgetting.__all__)
    assert forgetting.__all__ == sorted(
        forgetting.__all__, key=lambda name: (not name.isupper(), not name[0].isupper(), name)
    )
