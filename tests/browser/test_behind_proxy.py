"""The app behind the Caddy of the server's README: a password, headers, the WebSocket and an upload."""

import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import quote

import pytest
from driver import App
from serving import PATIENCE, ROOT, free_port, serving

CADDY = shutil.which("caddy")
ENTRY = "forgetting/dashboard/server/hardened.py"
PASSWORD = "a password of the class"

pytestmark = pytest.mark.skipif(not CADDY, reason="caddy is not installed")


def caddyfile(address: str, app: str) -> str:
    """The README's, on the loopback alone, for other addresses and with the hash of `PASSWORD`."""
    readme = (ROOT / ENTRY).with_name("README.md").read_text(encoding="utf-8")
    block = re.search(r"^    wine\.example\.org \{$.*?^    \}$", readme, re.MULTILINE | re.DOTALL)[0]
    command = [CADDY, "hash-password", "--plaintext", PASSWORD]
    hashed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    for old, new in {"wine.example.org": address, "PASSWORD_HASH": hashed, "localhost:8501": app}.items():
        assert block.count(old) == 1
        block = block.replace(old, new)
    return f"{{\n    admin off\n    default_bind 127.0.0.1\n}}\n{block}\n"


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Iterator[str]:
    """The address of Caddy in front of the hardened app."""
    folder = tmp_path_factory.mktemp("proxy")
    file, log, address = folder / "Caddyfile", folder / "caddy.txt", f"http://localhost:{free_port()}"
    with serving(folder, ENTRY) as server, log.open("wb") as output:
        file.write_text(caddyfile(address, f"localhost:{server.port}"))
        caddy = subprocess.Popen(
            [CADDY, "run", "--config", str(file), "--adapter", "caddyfile"],
            env=os.environ | {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder), "XDG_DATA_HOME": str(folder)},
            stdout=output,
            stderr=output,
        )
        try:
            end = time.monotonic() + PATIENCE
            while not answers(address):
                assert caddy.poll() is None, log.read_text()[-2000:]
                assert time.monotonic() < end, "Caddy does not answer"
                time.sleep(0.1)
            yield address
        finally:
            caddy.terminate()
            caddy.wait(PATIENCE)


def answers(address: str) -> bool:
    with suppress(urllib.error.URLError):
        return bool(ask(address))
    return False


def ask(address: str, password: str = "") -> tuple[int, dict[str, str]]:
    """Status and headers of an answer."""
    request = urllib.request.Request(address)
    if password:
        request.add_header("Authorization", f"Basic {b64encode(f'class:{password}'.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers)


def test_only_the_password_opens_the_app_and_its_headers_arrive(proxy):
    for path in ("", "/data", "/_stcore/health", "/_stcore/stream"):
        assert ask(proxy + path)[0] == ask(proxy + path, "another")[0] == 401
    status, headers = ask(proxy, PASSWORD)
    assert status == 200
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "no-referrer"


def test_a_visitor_uploads_and_trains_through_the_proxy(proxy, browser):
    context = browser.new_context()
    app = App(context, proxy)
    # The browser then knows the password as after its prompt. Playwright's http_credentials leave out the WebSocket.
    app.page.goto(proxy.replace("://", f"://class:{quote(PASSWORD)}@") + "/_stcore/health")
    app.requests.clear()
    app.open("data", **{"data.source": "file"})  # which is drawn by messages of the WebSocket
    rows = [f"cherry plum note{row % 9} and glass{row % 7},{'red' if row % 2 else 'white'}" for row in range(60)]
    app.upload(name="few.csv", content="\n".join(["review,style", *rows]).encode())
    assert "in 2 classes" in app.sentences()
    app.go("Train")
    app.press("One step")
    assert "Validation accuracy" in app.metrics()
    app.check()
    context.close()
