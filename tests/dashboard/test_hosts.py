"""A name that the app does not answer to gets a page with the reason; all other requests pass as they are."""

import asyncio
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit import config

from forgetting.dashboard.server.hosts import KnownHosts

ALLOWED = ["localhost", "127.0.0.1", "::1", "wine.example.org", "*.class.example"]


@pytest.fixture(autouse=True, scope="module")
def allowed():
    before = config.get_option("server.allowedHosts")
    config.set_option("server.allowedHosts", ALLOWED)
    yield
    config.set_option("server.allowedHosts", before)


def ask(
    *hosts: bytes, path: str = "/", kind: str = "http", server: KnownHosts | None = None, **others: bytes
) -> tuple[int, str] | None:
    """Status and page of an answer; None where the request came through to the app.

    server: one that was asked before. others: headers, with "_" for "-".
    """
    came, sent = [], []
    headers = [(b"host", host) for host in hosts]
    headers += [(name.replace("_", "-").encode(), value) for name, value in others.items()]
    scope = {"type": kind, "path": path, "method": "GET", "headers": headers}

    async def inner(*_) -> None:
        came.append(1)

    async def send(message) -> None:
        sent.append(message)

    server = server or KnownHosts(inner)
    server.app = inner
    asyncio.run(server(scope, None, send))
    if came:
        assert not sent
        return None
    headers = dict(sent[0]["headers"])
    assert headers[b"content-type"].startswith(
        b"application/json" if path.endswith("host-config") and server.refused else b"text/html"
    )
    assert headers[b"cache-control"] == b"no-store"
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:]).decode()


@pytest.mark.parametrize(
    "host",
    [
        *(b"localhost", b"localhost:8501", b"LOCALHOST", b"localhost.", b"127.0.0.1:80", b"[::1]", b"[::1]:8501"),
        *(b"wine.example.org", b"Wine.Example.Org.:443", b"a.class.example"),
    ],
)
def test_a_name_that_is_allowed_comes_through(host):
    assert ask(host) is None


@pytest.mark.parametrize(
    ("host", "name"),
    [
        (b"evil.example", "evil.example"),
        (b"EVIL.example.:8501", "evil.example"),
        (b"192.168.0.10:8501", "192.168.0.10"),
        (b"[fe80::1]:8501", "fe80::1"),
        (b"name-8501.app.github.dev", "name-8501.app.github.dev"),
        (b"localhost.evil.example", "localhost.evil.example"),
        (b"0.0.0.0:8501", "0.0.0.0"),
    ],
)
@pytest.mark.parametrize("path", ["/", "/train", "/base/data", "/_stcore/host-config", "/_stcore/upload_file/a/b"])
def test_another_name_gets_the_option_that_allows_it(host, name, path):
    status, page = ask(host, path=path)
    assert status == 403
    assert f"You asked for <code>{name}</code>" in page
    assert f"<code>--server.allowedHosts {name}</code>" in page
    assert not re.search(r"src=|href=|url\(|@import|<script|https?:", page), "nothing is asked for elsewhere"


@pytest.mark.parametrize(
    "host",
    [
        *(
            b"",
            b"user@localhost",
            b"localhost/x",
            b"localhost:99999",
            b"localhost:x",
            b"[::1",
            b"a b",
            b"a;rm",
            b"$(a)",
        ),
        *(b"<script>alert(1)</script>", b'"><img src=x>', b"\xff\xfe", b"a" * 5_000, b"{0}", b"%00", b"\x00"),
    ],
)
def test_what_is_no_name_is_shown_as_text_and_never_as_an_option(host):
    status, page = ask(host)
    assert status == 403
    assert "Check the address" in page
    assert "--server" not in page
    assert not re.search(r"<script|<img", page)
    assert len(page) < 2_000


def test_a_request_without_a_name_is_told_so():
    assert "no name at all" in ask()[1]


def test_whether_the_server_lives_is_told_under_any_name_and_a_socket_is_for_streamlit_to_refuse():
    assert ask(b"10.0.0.7", path="/_stcore/health") is None
    assert ask(b"10.0.0.7", path="/base/_stcore/health") is None
    assert ask(b"10.0.0.7", path="/_stcore/stream", kind="websocket") is None
    assert ask(kind="lifespan") is None


PROXY = {"x_forwarded_host": b"wine.example.net:444, inner", "origin": b"https://wine.example.net:444"}


def test_behind_a_proxy_with_another_name_the_page_learns_why_its_socket_was_refused():
    server = KnownHosts(None)
    assert ask(b"localhost:8501", server=server, **PROXY) is None
    assert ask(b"localhost:8501", server=server, kind="websocket", path="/_stcore/stream", **PROXY) is None
    status, text = ask(b"localhost:8501", server=server, path="/base/_stcore/host-config", **PROXY)
    assert status == 421
    assert json.loads(text).endswith("\n--browser.serverAddress wine.example.net")
    status, page = ask(b"localhost:8501", server=server, path="/train", **PROXY)
    assert status == 421
    assert "calls it <code>localhost:8501</code>" in page
    assert "--browser.serverAddress wine.example.net" in page
    assert ask(b"localhost:8501", server=server, path="/_stcore/health", **PROXY) is None
    assert ask(b"localhost:8501", server=server) is None, "whoever comes without the proxy is not kept out"
    assert ask(b"localhost:8501", server=server, x_forwarded_host=b"other.example.net") is None


@pytest.mark.parametrize(
    ("host", "headers"),
    [
        (b"localhost:8501", PROXY | {"origin": b"http://localhost:8501"}),  # a tunnel that changes both
        (b"localhost:8501", PROXY | {"origin": b"https://evil.example"}),
        (b"localhost:8501", {"origin": b"https://evil.example"}),
        (b"localhost:8501", {"x_forwarded_host": b"wine.example.net"}),
        (b"localhost:8501", PROXY | {"origin": b"null"}),
        (b"localhost:8501", {"x_forwarded_host": b"<b>", "origin": b"https://<b>"}),
        (b"wine.example.org", {"x_forwarded_host": b"wine.example.org", "origin": b"https://wine.example.org:99"}),
        (b"evil.example", PROXY),
    ],
)
def test_no_socket_but_a_refused_one_of_the_browsers_own_name_is_remembered(host, headers):
    server = KnownHosts(None)
    assert ask(host, server=server, kind="websocket", **headers) is None
    assert server.refused == {}


def test_names_are_not_remembered_without_end():
    server = KnownHosts(None)
    for number in range(300):
        name = b"%d.example.net" % number
        ask(b"localhost", server=server, kind="websocket", x_forwarded_host=name, origin=b"https://" + name)
    assert list(server.refused)[-1] == ("localhost", "299.example.net")
    assert len(server.refused) == 100


@given(st.binary(max_size=300))
def test_no_name_breaks_the_page_or_writes_into_it(host):
    answer = ask(host)
    if answer:
        status, page = answer
        assert status == 403
        own = set(re.findall(r"<(/?\w+)", ask(b"evil.example")[1]))
        assert set(re.findall(r"<(/?\w+)", page)) <= own
