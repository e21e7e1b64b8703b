"""Downloading from a server of our own on 127.0.0.1; nothing here reaches the internet."""

import hashlib
import socket
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from threading import enumerate as running_threads
from unittest.mock import Mock

import pytest

from forgetting.core.errors import DataError
from forgetting.data import download
from forgetting.data.download import download_wine_reviews, fetch_file, fetch_wine_reviews

FILE = b"Review_name,Review_content,Type_of_wine\n" + b"".join(
    b"Wine %d,A wine with cherry and spice,%s\n" % (row, b"red" if row % 2 else b"white") for row in range(5_000)
)
SHA256 = hashlib.sha256(FILE).hexdigest()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@contextmanager
def server(answer):
    """A server that handles each request by `answer(handler, stop)`; yields its address and its requests.

    `stop` is set when the test is over, so that an answer that stalls can end.
    """
    stop, requests = Event(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            requests.append(self.path)
            answer(self, stop)

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{serving.server_port}/wine_review.csv", requests
        finally:
            stop.set()
            serving.shutdown()
            thread.join()


def send(body: bytes, *, length: int | None = None, status: int = 200):
    def answer(handler, _stop):
        handler.send_response(status)
        if length is not None:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


STALL = 30  # seconds that a server lets wait


def stall(handler, stop):
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(FILE)))
    handler.end_headers()
    handler.wfile.write(FILE[:1_000])
    stop.wait(STALL)


def stall_before_answering(_handler, stop):
    stop.wait(STALL)


def trickle(handler, stop):
    """A byte every 20 ms: no single read ever times out."""
    handler.send_response(200)
    handler.end_headers()
    for place in range(len(FILE)):
        if stop.wait(0.02):
            return
        try:
            handler.wfile.write(FILE[place : place + 1])
        except OSError:
            return


def trickle_headers(handler, stop):
    handler.wfile.write(b"HTTP/1.0 200 OK\r\nX-Slow: ")
    while not stop.wait(0.02):
        try:
            handler.wfile.write(b"a")
        except OSError:
            return


def endless(sent):
    """Bytes for ever; `sent` gets the size of each piece that was taken."""

    def answer(handler, _stop):
        handler.send_response(200)
        handler.end_headers()
        with suppress(OSError):
            while True:
                sent.append(handler.wfile.write(bytes(100_000)))

    return answer


def fetch(url, folder, timeout=5.0):
    return fetch_file(url, folder / "wine_review.csv", sha256=SHA256, size=len(FILE), timeout=timeout)


def assert_refused(answer, folder, *parts, timeout=5.0):
    """Fetching fails with a message of these parts and the remedy, and leaves no file behind."""
    with server(answer) as (url, _), pytest.raises(DataError) as caught:
        fetch(url, folder, timeout)
    missing = [
        part for part in (*parts, " 127.0.0.1:", "Upload the file", "synthetic sample") if part not in str(caught.value)
    ]
    assert not missing, f"{missing} not in: {caught.value}"
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("length", [None, len(FILE)])
def test_the_right_file_is_kept_and_used_again(tmp_path, length):
    with server(send(FILE, length=length)) as (url, requests):
        path = fetch(url, tmp_path / "new" / "folder")
        assert path.read_bytes() == FILE
        assert fetch(url, tmp_path / "new" / "folder") == path
        assert requests == ["/wine_review.csv"], "the second time needs no request"
        assert list(path.parent.iterdir()) == [path], "no temporary file is left"


def test_a_cached_file_needs_no_network(tmp_path):
    (tmp_path / "wine_review.csv").write_bytes(FILE)
    assert fetch("http://127.0.0.1:9/", tmp_path).read_bytes() == FILE


def test_a_damaged_cached_file_is_fetched_anew(tmp_path):
    (tmp_path / "wine_review.csv").write_bytes(FILE[:-1] + b"?")
    with server(send(FILE)) as (url, requests):
        assert fetch(url, tmp_path).read_bytes() == FILE
    assert len(requests) == 1


def test_a_damaged_cached_file_survives_a_failed_fetch_but_is_not_used(tmp_path):
    (tmp_path / "wine_review.csv").write_bytes(b"damaged")
    with server(send(b"", status=404)) as (url, _), pytest.raises(DataError, match="answered 404"):
        fetch(url, tmp_path)


def test_refuses_wrong_bytes(tmp_path):
    wrong = FILE[:-1] + b"?"
    assert_refused(send(wrong), tmp_path, "SHA-256 must be", SHA256[:12], hashlib.sha256(wrong).hexdigest()[:12])


def test_refuses_an_error_of_the_server(tmp_path):
    assert_refused(send(b"not here", status=404), tmp_path, "must have the original file", "answered 404")


def test_refuses_a_download_that_is_cut_off(tmp_path):
    parts = (f"must have {len(FILE):,} bytes", "only 1,000")
    assert_refused(send(FILE[:1_000], length=len(FILE)), tmp_path, *parts)


def test_refuses_more_bytes_than_the_file_has(tmp_path):
    assert_refused(send(FILE + b"\n"), tmp_path, f"must have {len(FILE):,} bytes", "sent more")


def test_stops_an_endless_download(tmp_path):
    sent = []
    assert_refused(endless(sent), tmp_path, f"must have {len(FILE):,} bytes", "sent more")
    assert sum(sent) < len(FILE) + 50_000_000, "no more than what the system's buffers take"


@pytest.mark.parametrize("answer", [stall, stall_before_answering, trickle, trickle_headers])
def test_a_slow_server_cannot_hang_it(tmp_path, answer):
    start = time.monotonic()
    assert_refused(answer, tmp_path, "must finish within 0.4 seconds", "stalled or was too slow", timeout=0.4)
    assert time.monotonic() - start < STALL, "it ends before the server does"


@pytest.mark.parametrize("answer", [stall, stall_before_answering, trickle])
def test_a_download_that_was_given_up_ends_by_itself(tmp_path, answer):
    before = set(running_threads())
    with server(answer) as (url, _):
        with pytest.raises(DataError, match="must finish within"):
            fetch(url, tmp_path, timeout=0.3)
        for thread in set(running_threads()) - before:
            if thread.name == "download":
                thread.join(1)
                assert not thread.is_alive(), "the server still answers, but nobody may be reading"


def test_refuses_an_unreachable_server(tmp_path):
    with server(send(FILE)) as (url, _):
        pass  # by now nobody listens there
    with pytest.raises(DataError, match=r"must be reachable; 127\.0\.0\.1.*Upload the file"):
        fetch(url, tmp_path)


def test_without_a_connection_the_reason_is_in_plain_words(tmp_path, monkeypatch):
    unknown = urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))
    monkeypatch.setattr(urllib.request, "urlopen", Mock(side_effect=unknown))
    with pytest.raises(DataError, match=r"as without an internet connection.*Upload the file") as raised:
        fetch("http://nowhere.invalid/a", tmp_path)
    assert "Errno" not in str(raised.value)


@pytest.mark.parametrize("url", ["file:///etc/hostname", "ftp://127.0.0.1/a", "wine_review.csv"])
def test_refuses_other_addresses(tmp_path, url):
    with pytest.raises(DataError, match="must begin with https:// or http://"):
        fetch(url, tmp_path)


def test_refuses_a_malformed_address(tmp_path):
    with pytest.raises(DataError, match="must be reachable"):
        fetch("http://127.0.0.1:port/", tmp_path)


def test_refuses_a_cache_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with server(send(FILE)) as (url, _), pytest.raises(DataError, match="cache folder must be writable"):
        fetch(url, tmp_path / "file")
    (tmp_path / "wine_review.csv").mkdir()
    with server(send(FILE)) as (url, _), pytest.raises(DataError, match="cache folder must be writable"):
        fetch(url, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "wine_review.csv"]


def test_fetch_wine_reviews_reads_what_it_downloads(tmp_path, monkeypatch):
    monkeypatch.setattr(download, "ORIGINAL_SHA256", SHA256)
    monkeypatch.setattr(download, "ORIGINAL_SIZE", len(FILE))
    monkeypatch.setattr(download, "user_cache_path", lambda app: tmp_path / app)
    with server(send(FILE)) as (url, _):
        reviews = fetch_wine_reviews(url=url)
    assert (len(reviews), reviews.sha256) == (5_000, SHA256)
    assert reviews.report.source == "wine_review.csv"
    assert (tmp_path / "learning-to-forget" / "wine_review.csv").read_bytes() == FILE


def test_the_original_file_is_accepted(tmp_path, wine_reviews_path):
    with server(send(wine_reviews_path.read_bytes())) as (url, _):
        reviews = fetch_wine_reviews(cache=tmp_path, url=url)
        path = download_wine_reviews(cache=str(tmp_path), url=url)
    assert len(reviews) == 309
    assert path.stat().st_size == download.ORIGINAL_SIZE == 608_850


def test_the_address_names_one_commit():
    assert download.ORIGINAL_URL == (
        "https://raw.githubusercontent.com/chungimungi/Learning-to-Forget/"
        "3a1b8bb17cc98b3e5adc9a53efed99260565dfba/data/wine_review.csv"
    )
