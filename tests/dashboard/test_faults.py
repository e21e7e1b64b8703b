"""What the world does to a running program: a full disk, a clock that jumps, a process that is killed."""

import http.server
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

from forgetting.data.original import ORIGINAL_SHA256
from forgetting.experiment.pipeline import make_trainer, prepare, train
from forgetting.recipe.recipe import MODERN

ROOT = Path(__file__).parents[2]
# The system refuses to let any file grow beyond so many bytes, as it does on a full disk.
FULL = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))"


def python(code: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture
def original_server(wine_reviews_path):
    """A server that has the original file; gives its address."""
    data = wine_reviews_path.read_bytes()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/wine_review.csv"
        server.shutdown()
        thread.join()


@pytest.mark.slow
def test_a_download_that_fills_the_disk_leaves_nothing_half_written(tmp_path, original_server):
    code = f"""
        {FULL}
        import sys
        from forgetting.data.download import download_wine_reviews
        from forgetting.core.errors import DataError
        try:
            download_wine_reviews(cache=sys.argv[1], url=sys.argv[2])
        except DataError as error:
            print(error)
    """
    done = python(code, str(tmp_path / "cache"), original_server, no_proxy="127.0.0.1")
    assert "The cache folder must be writable" in done.stdout, done.stderr
    assert "use the synthetic sample" in done.stdout
    assert [*(tmp_path / "cache").iterdir()] == []


@pytest.mark.slow
def test_a_download_killed_in_the_middle_is_begun_anew(tmp_path, original_server):
    """A part that it leaves is never taken for the file."""
    code = """
        import os, sys
        from forgetting.data import download
        os.replace = lambda *_: os.kill(os.getpid(), 9)
        download.download_wine_reviews(cache=sys.argv[1], url=sys.argv[2])
    """
    killed = python(code, str(tmp_path), original_server, no_proxy="127.0.0.1")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (tmp_path / "wine_review.csv").exists()
    code = """
        import sys
        from forgetting.data.download import download_wine_reviews, is_downloaded
        assert not is_downloaded(cache=sys.argv[1])
        download_wine_reviews(cache=sys.argv[1], url=sys.argv[2])
        assert is_downloaded(cache=sys.argv[1])
    """
    assert python(code, str(tmp_path), original_server, no_proxy="127.0.0.1").returncode == 0
    assert len(ORIGINAL_SHA256) == 64


@pytest.mark.slow
def test_rows_for_which_there_is_no_room_are_written_elsewhere(tmp_path):
    """A sweep may have taken hours before its file cannot be written."""
    code = """
        import os, sys
        from pathlib import Path
        write = Path.write_bytes
        def full(path, data):
            if path.parent == Path(sys.argv[-1]).parent:
                raise OSError(28, "No space left on device")
            return write(path, data)
        Path.write_bytes = full
        from forgetting.cli import main
        sys.argv = ["forgetting", "sweep", "--layers", "fc1", "--schemes", "zero", "--doses", "0,1", "--seeds", "2",
            "--out", sys.argv[-1]]
        main()
    """
    spare = tmp_path / "spare"
    (tmp_path / "full").mkdir()
    spare.mkdir()
    out = tmp_path / "full" / "rows.csv"
    done = python(code, str(out), TMPDIR=str(spare))
    assert done.returncode == 2
    last = done.stderr.strip().splitlines()[-1]
    assert "No space left on device" in last
    assert "make room" in last
    spared = next(spare.glob("forgetting-*/rows.csv"))
    assert str(spared) in last
    assert len(pd.read_csv(spared)) == 4
    assert [*out.parent.iterdir()] == []


def test_a_clock_that_jumps_changes_nothing(monkeypatch, small_reviews):
    """Of the two clocks only the one that cannot be set is looked at."""
    recipe = MODERN.with_value("training.epochs", 30)
    split = prepare(recipe, small_reviews)
    expected = train(recipe, split)
    hour, jumps = 3_600.0, iter(range(10_000))
    monkeypatch.setattr(time, "time", lambda: hour * (-1) ** next(jumps) * next(jumps))
    trainer = make_trainer(recipe, split)
    slices, started = 0, time.perf_counter()
    while trainer.epochs_left:
        trainer.advance(seconds=0.002)
        slices += 1
    assert 1 <= slices <= 30
    assert 0 <= trainer.seconds <= time.perf_counter() - started
    for name, value in trainer.model.state_dict().items():
        assert value.equal(expected.model.state_dict()[name])


def test_no_module_looks_at_the_clock_that_can_be_set():
    sources = [*(ROOT / "forgetting").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
    dated = {"run.py", "run_store.py"}  # a run says when it was, and nothing is measured by that
    wrong = [
        path.name
        for path in sources
        if path.name not in dated
        for word in ("time.time(", "datetime.now", ".today(", "utcnow", "time_ns(")
        if word in path.read_text()
    ]
    assert wrong == []


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_no_rows_that_were_there(tmp_path):
    """The command ends with one line and status 2, and the file has the rows that were measured before."""
    code = """
        import os, signal, sys
        first, seen = os.getpid(), []
        sys.argv = ["forgetting", "sweep", "--layers", "fc1", "--schemes", "zero", "--doses", "0,1", "--seeds", "40",
            "--jobs", "2", "--out", sys.argv[-1]]
        from forgetting.cli import commands, work
        bar = work.progress_bar
        from contextlib import contextmanager
        import psutil
        @contextmanager
        def killing(title, **options):
            with bar(title, **options) as progress:
                def count(done, total):
                    if title == "Variants" and done >= 4 and not seen:
                        seen.append(done)
                        started = psutil.Process(first).children()
                        [child for child in started if "resource_tracker" not in " ".join(child.cmdline())][0].kill()
                    if progress:
                        progress(done, total)
                yield count
        work.progress_bar = killing
        commands.main()
    """
    out = tmp_path / "rows.csv"
    done = python(code, str(out))
    rows = pd.read_csv(out)
    assert len(rows) >= 4
    assert rows.notna()["validation_accuracy"].all()
    if done.returncode:  # else the other worker had all the rest already
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert "worker" in done.stderr.lower()
    assert not list(tmp_path.glob(".*.part"))
