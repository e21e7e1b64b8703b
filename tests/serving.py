"""The app as a user starts it, on a free port: for tests with and without a browser, and for measurements."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60  # seconds that a start, and 10 that an end, may take


@dataclass(frozen=True)
class Server:
    """Where the app runs, the file that its output goes to, and when its command was given (of `perf_counter`)."""

    port: int
    log: Path
    process: subprocess.Popen
    started: float

    @property
    def address(self) -> str:
        return f"http://localhost:{self.port}"


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        return free.getsockname()[1]


@contextmanager
def serving(
    folder: Path, entry: str = "app.py", *, root: Path = ROOT, port: int = 0, limits: str = "", **options: str
) -> Iterator[Server]:
    """Run the app, and end it whatever happens.

    folder: for its log, its cache of downloads and its runs. root: of the checkout. limits: see
    `forgetting/core/limits.py`, else those of the surroundings. options: of Streamlit, by their names, such as
    server.fileWatcherType.
    """
    given = {"server.port": port or free_port(), "server.address": "localhost", "server.headless": "true"}
    given |= options
    streamlit = Path(sys.executable).with_name("streamlit")  # which, unlike `python -m`, adds no folder to look in
    command = [streamlit, "run", entry, *(f"--{name}={value}" for name, value in given.items())]
    environment = os.environ | {"XDG_CACHE_HOME": str(folder / "cache"), "FORGETTING_RUNS": str(folder / "runs")}
    environment |= {"FORGETTING_LIMITS": limits} if limits else {}
    log = folder / "log.txt"
    with log.open("ab") as output:
        started = time.perf_counter()
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=output)
    server = Server(given["server.port"], log, process, started)
    try:
        _wait_for(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(server: Server) -> None:
    while server.process.poll() is None and time.perf_counter() - server.started < PATIENCE:
        try:
            if urllib.request.urlopen(f"{server.address}/_stcore/health", timeout=2).read() == b"ok":
                return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError(f"The app did not start:\n{server.log.read_text(errors='replace')[-2000:]}")
