"""Tasks on other processes: joblib's on this machine, and those of a real Dask scheduler, whose workers are killed."""

import os
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from forgetting.core import parallel
from forgetting.core.errors import DataError, RecipeError, WorkersError
from forgetting.core.parallel import run_tasks
from forgetting.experiment.pipeline import train
from forgetting.experiment.results import Trained
from forgetting.model.settings import ModelSettings, TrainingSettings
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.sweep import sweep_rows

PATIENCE = 60  # seconds after which what should have ended counts as hanging
FOLDERS = (str(Path(__file__).parents[2]), str(Path(__file__).parents[1]))  # workers import the project and this module


# What workers are given to do.


def echo(shared, task):
    return shared, task, os.getpid()


def threads(shared, task):  # noqa: ARG001
    return torch.get_num_threads()


def end_the_process(shared, task):
    if task == shared:
        os._exit(3)
    return task


def refuse(shared, task):
    if task == shared:
        raise DataError(f"task {task} has no data; the message arrives whole")
    return task


def break_down(shared, task):  # noqa: ARG001
    raise ZeroDivisionError("nothing that the library raises on purpose")


def wait_for_file(shared, task):
    """The tasks after the first wait until the file is there, so that they are under way when a worker is lost."""
    until = time.monotonic() + PATIENCE
    while task and not Path(shared).exists() and time.monotonic() < until:
        time.sleep(0.02)
    return task, os.getpid()


def within_patience(function, seconds=PATIENCE):
    """What a function returns or raises; a failure where it does not end, as a hanging test would say nothing."""
    found = []

    def run():
        try:
            found.append((function(), None))
        except BaseException as error:
            found.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    assert found, f"still not ended after {seconds} s"
    value, error = found[0]
    if error:
        raise error
    return value


RECIPE = Recipe(model=ModelSettings(hidden=(6,)), training=TrainingSettings(epochs=8, learning_rate=0.05))
PLAN = Sweep(("each", "all"), (0.0, 0.5, 1.0), ("permute", "rewind", "noise"), ("weight", "neuron"), seeds=2)
RETRAINED = Sweep(("each",), (0.0, 0.5, 1.0), ("rewind",), seeds=3, retrain=True)


@pytest.fixture(scope="module")
def done(small_split) -> Trained:
    return train(RECIPE, small_split)


def rows_of(done, split, plan, recipe=RECIPE, **where) -> list[SweepRow]:
    return within_patience(
        lambda: list(sweep_rows(done.model, split, plan, recipe=recipe, initial=done.initial, **where))
    )


@pytest.fixture(scope="module")
def alone(done, small_split):
    """The rows of a plan as this process alone makes them."""
    return cache(lambda plan, recipe=RECIPE: rows_of(done, small_split, plan, recipe))


# On this machine.


@pytest.mark.slow
@pytest.mark.parametrize("plan", [PLAN, RETRAINED], ids=["one model", "retrained"])
@pytest.mark.usefixtures("global_state_kept")
def test_two_processes_give_the_same_rows_bit_for_bit(done, small_split, alone, plan):
    assert len(alone(plan)) == plan.count(RECIPE.model.layers)
    assert rows_of(done, small_split, plan, jobs=2) == alone(plan)


@pytest.mark.parametrize("jobs", [2, -1])
@pytest.mark.slow
def test_results_come_in_the_order_of_the_tasks_from_other_processes(jobs):
    found = within_patience(lambda: list(run_tasks(echo, "shared", range(12), jobs=jobs)))
    assert [(shared, task) for shared, task, _ in found] == [("shared", task) for task in range(12)]
    assert os.getpid() not in {process for _, _, process in found}


@pytest.mark.slow
def test_a_sweep_on_two_processes_can_be_left(done, small_split, alone):
    walk = sweep_rows(done.model, small_split, PLAN, recipe=RECIPE, initial=done.initial, jobs=2)
    assert [next(walk) for _ in range(5)] == alone(PLAN)[:5]
    within_patience(walk.close)
    assert rows_of(done, small_split, PLAN, jobs=2) == alone(PLAN)


@pytest.mark.slow
def test_workers_use_as_many_threads_as_this_process():
    assert torch.get_num_threads() == 1
    assert within_patience(lambda: list(run_tasks(threads, None, range(4), jobs=2))) == [1] * 4


@pytest.mark.parametrize("jobs", [0, -2, -100])
def test_an_impossible_number_of_jobs_is_refused(done, small_split, jobs):
    with pytest.raises(RecipeError, match=rf"jobs must be .* or -1 for one a core; got {jobs}\."):
        next(sweep_rows(done.model, small_split, PLAN, recipe=RECIPE, initial=done.initial, jobs=jobs))


@pytest.mark.slow
def test_a_worker_that_dies_is_told_and_the_next_sweep_works(done, small_split, alone):
    with pytest.raises(WorkersError, match=r"A worker process ended before its task was done: .* Use fewer jobs"):
        within_patience(lambda: list(run_tasks(end_the_process, 3, range(8), jobs=2)))
    assert rows_of(done, small_split, PLAN, jobs=2) == alone(PLAN)


@pytest.mark.slow
def test_what_a_task_raises_on_purpose_arrives_as_it_is():
    walk, found = run_tasks(refuse, 4, range(8), jobs=2), []
    with pytest.raises(DataError, match=r"^task 4 has no data; the message arrives whole$"):
        within_patience(lambda: found.extend(walk))
    with pytest.raises(ZeroDivisionError, match="on purpose"):
        within_patience(lambda: list(run_tasks(break_down, None, range(3), jobs=2)))


def test_a_plan_that_does_not_fit_is_refused_before_any_process_starts(done, small_split):
    with pytest.raises(RecipeError, match="got 'fc9'"):
        next(sweep_rows(done.model, small_split, Sweep(("fc9",)), recipe=RECIPE, jobs=2, dask="tcp://127.0.0.1:1"))


# On Dask.


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    """A scheduler and workers, each a process started here."""

    def __init__(self, folder: Path):
        from distributed import Client

        self.folder, self.workers, self.started = folder, [], 0
        self.address = f"tcp://127.0.0.1:{free_port()}"
        host, port = self.address.removeprefix("tcp://").split(":")
        self.scheduler = self._start("dask_scheduler", "--host", host, "--port", port, "--no-show")
        self.client = Client(self.address, timeout=PATIENCE, set_as_default=False)

    def _start(self, module: str, *options: str) -> subprocess.Popen:
        self.started += 1
        path = os.pathsep.join([*FOLDERS, os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        with (self.folder / f"{module} {self.started}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{module}", *options, "--no-dashboard"],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=os.environ | {"PYTHONPATH": path},
            )

    def start_workers(self, count: int) -> None:
        """As many more, registered at the scheduler."""
        for _ in range(count):
            folder = self.folder / f"worker {self.started}"
            options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(folder))
            self.workers.append(self._start("dask_worker", self.address, *options))
        self.wait()

    def have_workers(self, count: int) -> "Cluster":
        """Just so many."""
        while len(self.workers) > count:
            self.kill_worker()
        self.start_workers(count - len(self.workers))
        return self

    def kill_worker(self, place: int = -1) -> None:
        kill(self.workers.pop(place))

    def kill_all(self) -> None:
        while self.workers:
            self.kill_worker()

    def processes(self) -> set[int]:
        return {worker.pid for worker in self.workers}

    def wait(self) -> None:
        """Until the scheduler knows of the workers that there are, and of no others."""
        until = time.monotonic() + PATIENCE
        while len(self.client.scheduler_info(n_workers=-1)["workers"]) != len(self.workers):
            assert time.monotonic() < until, [path.read_text() for path in self.folder.glob("*.log")]
            time.sleep(0.02)

    def close(self) -> None:
        self.kill_all()
        kill(self.scheduler)
        within_patience(lambda: self.client.close(timeout=2), seconds=15)


def kill(process: subprocess.Popen) -> None:
    process.kill()
    process.wait()


@pytest.fixture(scope="module")
def one_cluster(tmp_path_factory):
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.close()


@pytest.fixture
def cluster(one_cluster):
    """Two workers, whatever became of those of the test before."""
    return one_cluster.have_workers(2)


@pytest.fixture
def soon(monkeypatch):
    """Lost workers are given up sooner than people would want."""
    monkeypatch.setattr(parallel, "LOST", 4)


@pytest.mark.slow
@pytest.mark.parametrize("plan", [PLAN, RETRAINED], ids=["one model", "retrained"])
@pytest.mark.usefixtures("global_state_kept")
def test_dask_gives_the_same_rows_bit_for_bit(done, small_split, alone, cluster, plan):
    assert rows_of(done, small_split, plan, dask=cluster.address) == alone(plan)


@pytest.mark.slow
def test_both_workers_do_the_work_and_this_process_does_none(cluster):
    address = cluster.address.removeprefix("tcp://")  # which may be left out
    found = within_patience(lambda: list(run_tasks(echo, "shared", range(20), dask=address)))
    assert [(shared, task) for shared, task, _ in found] == [("shared", task) for task in range(20)]
    assert {process for _, _, process in found} == cluster.processes()
    imported = cluster.client.run_on_scheduler(lambda: {"forgetting", "torch"} & set(sys.modules))
    assert imported == set(), "the scheduler would not answer meanwhile"


@pytest.mark.slow
def test_workers_of_dask_use_as_many_threads_as_this_process(cluster):
    try:
        torch.set_num_threads(2)
        found = within_patience(lambda: list(run_tasks(threads, None, range(6), dask=cluster.address)))
    finally:
        torch.set_num_threads(1)
    assert found == [2] * 6


@pytest.mark.slow
def test_what_a_task_raises_arrives_from_dask_too(cluster):
    with pytest.raises(DataError, match=r"^task 4 has no data; the message arrives whole$"):
        within_patience(lambda: list(run_tasks(refuse, 4, range(8), dask=cluster.address)))
    with pytest.raises(
        WorkersError, match=rf"{cluster.address} failed: ZeroDivisionError: nothing that .*same versions"
    ):
        within_patience(lambda: list(run_tasks(break_down, None, range(3), dask=cluster.address)))


@pytest.mark.slow
def test_a_sweep_on_dask_can_be_left(done, small_split, alone, cluster):
    walk = sweep_rows(done.model, small_split, PLAN, recipe=RECIPE, initial=done.initial, dask=cluster.address)
    assert [next(walk) for _ in range(5)] == alone(PLAN)[:5]
    within_patience(walk.close)
    assert rows_of(done, small_split, PLAN, dask=cluster.address) == alone(PLAN)


@pytest.mark.slow
def test_one_worker_alone_does_the_work(done, small_split, alone, one_cluster):
    cluster = one_cluster.have_workers(1)
    found = within_patience(lambda: list(run_tasks(echo, None, range(4), dask=cluster.address)))
    assert {process for _, _, process in found} == cluster.processes()
    assert rows_of(done, small_split, RETRAINED, dask=cluster.address) == alone(RETRAINED)


@pytest.mark.slow
def test_a_worker_that_joins_later_does_the_tasks_of_one_that_is_killed(one_cluster, tmp_path):
    cluster = one_cluster.have_workers(1)
    walk = run_tasks(wait_for_file, str(tmp_path / "go on"), range(12), dask=cluster.address)
    within_patience(lambda: next(walk))
    cluster.start_workers(1)
    cluster.kill_worker(0)
    (tmp_path / "go on").touch()
    rest = within_patience(lambda: list(walk))
    assert {process for _, process in rest} == cluster.processes()


LONG = replace(RETRAINED, seeds=16)
SLOWLY = replace(RECIPE, training=replace(RECIPE.training, epochs=100))  # a replicate takes a tenth of a second


@pytest.mark.slow
def test_a_sweep_survives_a_killed_worker(done, small_split, alone, cluster):
    walk = sweep_rows(done.model, small_split, LONG, recipe=SLOWLY, initial=done.initial, dask=cluster.address)
    first = within_patience(lambda: next(walk))
    cluster.kill_worker()
    assert [first, *within_patience(lambda: list(walk))] == alone(LONG, SLOWLY)


@pytest.mark.slow
@pytest.mark.usefixtures("soon")
def test_without_workers_a_sweep_ends_and_its_rows_stay(done, small_split, alone, cluster):
    walk = sweep_rows(done.model, small_split, LONG, recipe=SLOWLY, initial=done.initial, dask=cluster.address)
    found = [within_patience(lambda: next(walk))]
    cluster.kill_all()
    with pytest.raises(WorkersError, match=rf"No worker of the Dask scheduler at {cluster.address} has been left for"):
        within_patience(lambda: found.extend(walk))
    assert found == alone(LONG, SLOWLY)[: len(found)]
    assert len(found) < len(alone(LONG, SLOWLY))


@pytest.mark.slow
@pytest.mark.usefixtures("soon")
def test_a_scheduler_that_is_lost_is_told(tmp_path):
    own = Cluster(tmp_path)
    try:
        own.start_workers(1)
        walk = run_tasks(wait_for_file, str(tmp_path / "never"), range(4), dask=own.address)
        assert within_patience(lambda: next(walk))[0] == 0
        kill(own.scheduler)
        with pytest.raises(WorkersError, match=own.address):
            within_patience(lambda: list(walk))
    finally:
        own.close()


@pytest.mark.slow
def test_a_scheduler_without_workers_is_told(one_cluster):
    cluster = one_cluster.have_workers(0)
    cluster.wait()
    with pytest.raises(WorkersError, match=rf"at {cluster.address} has no workers\. Start some with `dask worker tcp"):
        within_patience(lambda: list(run_tasks(echo, None, range(2), dask=cluster.address)))


class Silent:
    """In place of a client: one whose scheduler answers, or does not."""

    def __init__(self):
        self.futures, self.scheduler, self.workers = {}, SimpleNamespace(ncores=None), {"tcp://127.0.0.1:1": 1}

    def sync(self, *asked, **options):  # noqa: ARG002
        if self.workers is None:
            raise TimeoutError
        return self.workers


@pytest.mark.parametrize("lost", [None, {}], ids=["no answer", "no workers"])
def test_one_look_that_fails_after_a_pause_is_no_loss(monkeypatch, lost):
    clock, client = [0.0], Silent()
    monkeypatch.setattr(parallel.time, "monotonic", lambda: clock[0])
    watch = parallel._Watch(client, "tcp://127.0.0.1:8786")
    clock[0], client.workers = 1_000.0, lost
    watch.look()
    clock[0] += parallel.LOST - 1
    watch.look()
    client.workers = {"tcp://127.0.0.1:2": 1}
    watch.look()
    client.workers = lost
    clock[0] += 1
    watch.look()
    clock[0] += parallel.LOST + 1
    with pytest.raises(WorkersError, match=r"No worker of the Dask scheduler at tcp://127.0.0.1:8786 has been left"):
        watch.look()


@pytest.fixture
def briefly(monkeypatch):
    """A scheduler is not waited for as long as people would want."""
    monkeypatch.setattr(parallel, "CONNECT", 1)


@pytest.mark.slow
@pytest.mark.usefixtures("briefly")
def test_where_nothing_listens():
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(WorkersError, match=rf"none answered at '{address}' within 1 s .*`dask scheduler`"):
        within_patience(lambda: list(run_tasks(echo, None, range(2), dask=address)))


@pytest.mark.parametrize(
    "address",
    ["nonsense", "tcp://", "tcp://127.0.0.1:notaport", "tcp://127.0.0.1:99999", "tcp://127.0.0.1", "::", "http://x:1",
     "tcp://127.0.0.1:0", " ", "tcp://[::1", "ucx://127.0.0.1:1", "tls://127.0.0.1:1", "inproc://127.0.0.1:1"],
)  # fmt: skip
@pytest.mark.usefixtures("briefly")
def test_an_address_of_no_scheduler_is_refused_by_name(address):
    with pytest.raises(WorkersError) as error:
        within_patience(lambda: list(run_tasks(echo, None, range(2), dask=address)))
    assert repr(address) in str(error.value) or repr(f"tcp://{address}") in str(error.value)
    assert "tcp://127.0.0.1:8786" in str(error.value)


@pytest.fixture(params=["silence", "a web server", "zeros", "ones", "a long frame", "the end"])
def something_else(request):
    """The address of a server that is no scheduler."""
    answer = {
        "silence": None,
        "a web server": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "zeros": bytes(4_096),
        "ones": b"\xff" * 4_096,
        "a long frame": (1).to_bytes(8, "little") + (2**45).to_bytes(8, "little"),
        "the end": b"",
    }[request.param]
    opened = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:  # the test is over
                return
            opened.append(connection)
            if answer:
                connection.sendall(answer)
            elif answer is not None:
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE)
    for connection in opened:
        connection.close()


@pytest.mark.slow
@pytest.mark.usefixtures("briefly")
def test_where_something_else_listens(something_else):
    # Of one that accepts and says nothing, Dask's own client would wait for the greeting for ever.
    with pytest.raises(WorkersError, match=rf"none answered at '{something_else}' within"):
        within_patience(lambda: list(run_tasks(echo, None, range(2), dask=something_else)), seconds=15)


AFTER_A_WRONG_ADDRESS = """
import gc, sys
from distributed.utils import LoopRunner
from forgetting.core.errors import WorkersError
from forgetting.core.parallel import run_tasks
from tests.core.test_parallel import echo

wrong, right = sys.argv[1:]
gc.disable()
try:
    list(run_tasks(echo, None, [0], dask=wrong))
except WorkersError:
    pass
start = LoopRunner._start_unlocked
LoopRunner._start_unlocked = lambda self: (gc.collect(), start(self))  # as it may happen at any moment
print(len(list(run_tasks(echo, None, range(3), dask=right))))
"""


@pytest.mark.slow
def test_a_scheduler_is_found_after_a_wrong_address(one_cluster):
    cluster = one_cluster.have_workers(1)
    done = subprocess.run(
        [sys.executable, "-c", AFTER_A_WRONG_ADDRESS, "http://x:1", cluster.address],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(FOLDERS)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("3\n", 0), done.stderr


def test_without_dask_it_is_said_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(WorkersError, match=r"^Dask is not installed.*pip install 'dask\[distributed\]'"):
        next(run_tasks(echo, None, range(2), dask="tcp://127.0.0.1:8786"))
