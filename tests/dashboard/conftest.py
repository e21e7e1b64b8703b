"""What all tests of the app share."""

import math
import urllib.error
from functools import cache
from types import SimpleNamespace

import pytest
from altair.utils import schemapi
from streamlit.components.v2 import manifest_scanner

from forgetting.dashboard.state import data, work
from forgetting.dashboard.studies import base, panel
from forgetting.dashboard.ui import chart_files
from forgetting.data import download


@pytest.fixture(scope="session", autouse=True)
def components_found_once():
    """Streamlit reads what each installed package says of itself once, not a quarter of a second in each test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="module", autouse=True)
def charts_checked_once(request):
    """Altair holds charts to its schema in `test_help`, which draws each of them, and not in every other test again."""
    with pytest.MonkeyPatch.context() as patch:
        if not request.module.__name__.endswith("test_help"):
            patch.setattr(schemapi, "DEBUG_MODE", False)
            patch.setattr(schemapi.SchemaBase, "validate", lambda *_, **__: None)
        yield


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """The cache folder is empty and there is no network; the addresses that were asked for are recorded."""
    asked = []

    def refuse(url, timeout):  # noqa: ARG001 - the signature of what it stands for
        asked.append(url)
        raise OSError("no network in tests")

    monkeypatch.setattr(download, "user_cache_path", lambda name: tmp_path / name)
    opener = SimpleNamespace(request=SimpleNamespace(urlopen=refuse), error=urllib.error)
    monkeypatch.setattr(download, "urllib", opener)  # of that module alone, as tests ask the app that they start
    data._original_table.clear()
    return asked


@pytest.fixture(autouse=True)
def unasked_studies(monkeypatch):
    """Every study starts by itself, however long the estimate of a busy machine."""
    monkeypatch.setattr(base, "UNASKED_SECONDS", math.inf)


@pytest.fixture
def slow_studies(monkeypatch):
    """Nothing starts by itself, and each run of the page does a little."""
    monkeypatch.setattr(base, "UNASKED_SECONDS", -1)
    monkeypatch.setattr(work, "SLICE", 0.001)
    monkeypatch.setattr(panel, "LONGEST_SLICE", 0.0)


@pytest.fixture
def files(monkeypatch) -> dict:
    """The files that the page offers, by name, each a function that makes it."""
    offered = {}
    monkeypatch.setattr(chart_files, "_button", lambda label, make, file, key: offered.update({file: make}))  # noqa: ARG005
    return offered
