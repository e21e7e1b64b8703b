"""What all tests of the app share."""

import pytest

from forgetting.dashboard.state import data
from forgetting.data import download


@pytest.fixture(autouse=True)
def no_network(monkeypatch, tmp_path):
    """The cache folder is empty and there is no network; the addresses that were asked for are recorded."""
    asked = []

    def refuse(url, timeout):  # noqa: ARG001 - the signature of what it stands for
        asked.append(url)
        raise OSError("no network in tests")

    monkeypatch.setattr(download, "user_cache_path", lambda name: tmp_path / name)
    monkeypatch.setattr(download, "_open", refuse)
    data._original_table.clear()
    return asked
