"""Housekeeping, with a server that is made up: whom it looks for, and when it collects."""

import gc
from types import SimpleNamespace

import pytest
from streamlit import net_util
from streamlit.web.server import server_util

from forgetting.dashboard.server import memory


@pytest.fixture
def collected(monkeypatch) -> list[str]:
    """What is done, in order; nothing of this process is really frozen."""
    done: list[str] = []
    for name in ("freeze", "unfreeze", "collect"):
        monkeypatch.setattr(gc, name, lambda name=name: done.append(name))
    monkeypatch.setattr(memory, "trim", lambda: done.append("trim"))
    return done


def runtime(*names: str) -> SimpleNamespace:
    """A server with visitors of these names, whose loop does at once what it is asked to."""
    infos = [SimpleNamespace(session=SimpleNamespace(id=name)) for name in names]
    loop = SimpleNamespace(call_soon_threadsafe=lambda call: call())
    return SimpleNamespace(
        _session_mgr=SimpleNamespace(list_sessions=lambda: infos),
        _get_async_objs=lambda: SimpleNamespace(eventloop=loop),
    )


def test_it_collects_when_somebody_has_left_and_only_then(collected):
    assert memory._tidy(runtime("a", "b"), set()) == {"a", "b"}
    assert memory._tidy(runtime("a", "b", "c"), {"a", "b"}) == {"a", "b", "c"}
    assert collected == []
    assert memory._tidy(runtime("c"), {"a", "b", "c"}) == {"c"}
    assert collected == ["unfreeze", "collect", "freeze", "trim"]


def test_a_server_that_does_not_answer_is_asked_again_later(monkeypatch, collected):
    monkeypatch.setattr(memory, "HOUSEKEEPING_SECONDS", 0.01)
    silent = runtime()
    silent._get_async_objs = lambda: SimpleNamespace(eventloop=SimpleNamespace(call_soon_threadsafe=[].append))
    assert memory._tidy(silent, {"a"}) == {"a"}
    assert collected == []


def test_without_a_server_no_thread_is_started(collected, monkeypatch):
    monkeypatch.setattr(memory.threading, "Thread", lambda **_: pytest.fail("a thread"))
    memory.start_housekeeping()
    assert collected == ["collect", "freeze"]


def test_memory_is_given_back_or_nothing_happens():
    memory.trim()


def test_a_c_library_without_a_function_is_let_be():
    assert memory._libc("no_such_function", 1) is None


def test_nobody_is_asked_for_this_machines_address(monkeypatch):
    """Streamlit would for each WebSocket that a page of another site tries to open, while all others wait."""
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda *_, **__: pytest.fail("a request to another host"))
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)  # put back in the end
    memory.disable_address_lookup()
    assert not server_util.is_url_from_allowed_origins("http://evil.example")
    assert server_util.is_url_from_allowed_origins("http://localhost:8501")
