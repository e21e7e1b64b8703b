"""Replicates on several processes: through joblib on this machine, through joblib and Dask on others.

What all tasks share is sent once to each worker. The results come in the order of the tasks, whoever computed them.
"""

import asyncio
import hashlib
import pickle
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import joblib
import numpy as np
import torch

from forgetting.core.errors import ForgettingError, RecipeError, WorkersError

CONNECT = 5  # seconds to reach a scheduler
LOST = 10  # seconds without a worker, or without the scheduler, after which the work is given up
LOOK = 0.5  # seconds between two looks at the workers
INSTALL = "pip install 'dask[distributed]'"
_KEPT: dict[str, bytes] = {}  # in a worker of Dask: what tasks share, by key


def run_tasks(
    function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any], *, jobs: int = 1, dask: str = ""
) -> Iterator[Any]:
    """`function(shared, task)` of each task, in order, as they are ready.

    jobs: processes on this machine, −1 for one a core. dask: address of a scheduler, whose workers are used instead;
    they need this project and the same versions of its requirements. Workers use this process's number of torch
    threads, so that results are the same bit for bit.

    Raises RecipeError for an impossible `jobs`, and WorkersError where the workers cannot be had or are lost; what
    was yielded before stays valid.
    """
    _check_jobs(jobs)
    return _on_dask(function, shared, tasks, dask) if dask else _on_this_machine(function, shared, tasks, jobs)


def check_workers(*, jobs: int = 1, dask: str = "") -> None:
    """Raise what `spread` would: for a wrong number of jobs, or a scheduler that does not answer or has no workers."""
    _check_jobs(jobs)
    if dask:
        _connect(dask).close(timeout=2)


def _check_jobs(jobs: int) -> None:
    if jobs == 0 or jobs < -1:
        raise RecipeError(f"jobs must be the number of processes, or -1 for one a core; got {jobs}.")


def _run(function: Callable, shared: np.ndarray | str, task: Any, threads: int) -> Any:
    """A task, in the worker. shared: its pickle, or the key under which the worker keeps that."""
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    packed = _KEPT[shared] if isinstance(shared, str) else shared.tobytes()
    return function(_unpacked(packed), task)


@lru_cache(maxsize=1)
def _unpacked(packed: bytes) -> Any:
    return pickle.loads(packed)  # of this library's own making, in the process that started the work


def _on_this_machine(function: Callable, shared: Any, tasks: Sequence[Any], jobs: int) -> Iterator[Any]:
    # joblib lays a large array in memory that the processes share, so it is sent once.
    packed, threads = np.frombuffer(pickle.dumps(shared), dtype=np.uint8), torch.get_num_threads()
    calls = [joblib.delayed(_run)(function, packed, task, threads) for task in tasks]
    try:
        yield from joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=1)(calls)
    except joblib.externals.loky.process_executor.TerminatedWorkerError as error:
        raise WorkersError(
            f"A worker process ended before its task was done: {' '.join(str(error).split())[:200]} Use fewer jobs, "
            "so that each has more memory."
        ) from error


def _on_dask(function: Callable, shared: Any, tasks: Sequence[Any], address: str) -> Iterator[Any]:
    client, threads = _connect(address), torch.get_num_threads()
    watch, parallel = _Watch(client, address), None
    try:
        key = _keep_on_workers(client, pickle.dumps(shared), watch)
        calls = [joblib.delayed(_run)(function, key, task, threads) for task in tasks]
        with joblib.parallel_config(backend=_never_here(client)):
            parallel = joblib.Parallel(return_as="generator", batch_size=1)
        # A thread waits for the results, as joblib would wait for ever where no worker is left.
        results = _in_thread(lambda: parallel(calls))
        for _ in calls:
            value, error = _next(results, watch)
            if error:
                raise _failed(error, address)
            yield value
    finally:
        if parallel:
            parallel._aborting = True  # joblib's own word for "stop waiting"; there is no public one
            with suppress(Exception):  # the scheduler may be gone
                _within(2, lambda: client.unregister_worker_plugin(key))
        client.close(timeout=2)


def _never_here(client: Any) -> Any:
    """joblib's backend "dask", with two jobs at the least: for one it would do the work in this process."""
    from joblib._dask import DaskDistributedBackend

    class Backend(DaskDistributedBackend):
        def effective_n_jobs(self, n_jobs: int) -> int:
            return max(2, super().effective_n_jobs(n_jobs))

    return Backend(client=client, wait_for_workers_timeout=LOST)


def _keep_on_workers(client: Any, packed: bytes, watch: "_Watch") -> str:
    """Give all workers, those too that join later, the bytes once, under the key that is returned.

    What Dask itself scatters to a worker is lost with that worker, and what comes with each task is sent each time.
    """
    from distributed import WorkerPlugin

    key = hashlib.sha256(packed).hexdigest()

    class Keep(WorkerPlugin):
        name = key

        def setup(self, worker: Any) -> None:  # noqa: ARG002 - Dask's signature
            _keep(key, packed)

        def teardown(self, worker: Any) -> None:  # noqa: ARG002
            _keep(key, None)

    while True:
        try:
            client.register_plugin(Keep())
            return key
        except OSError:  # a worker has just been lost, and the scheduler still counts on it
            watch.look()
            time.sleep(LOOK)


def _keep(key: str, packed: bytes | None) -> None:
    """In a worker: a function of this module, as a class that travels has globals of its own there."""
    if packed is None:
        _KEPT.pop(key, None)
    else:
        _KEPT[key] = packed


def _next(results: queue.SimpleQueue, watch: "_Watch") -> tuple[Any, BaseException | None]:
    while True:
        with suppress(queue.Empty):
            return results.get(timeout=LOOK)
        watch.look()


def _failed(error: BaseException, address: str) -> BaseException:
    """What a task raised on purpose as it is; anything else tells of the workers."""
    if isinstance(error, ForgettingError):
        return error
    return WorkersError(
        f"The workers of {address} failed: {_line(error)}. They need this project and the same versions of its "
        "requirements; mend them and start again."
    )


def _in_thread(values: Callable[[], Iterable[Any]]) -> queue.SimpleQueue:
    """The values, made in a thread of their own, as (value, None) each; an error that ends it as (None, error)."""
    results: queue.SimpleQueue = queue.SimpleQueue()

    def run() -> None:
        try:
            for value in values():
                results.put((value, None))
        except BaseException as error:  # for whoever waits for the results
            results.put((None, error))

    threading.Thread(target=run, daemon=True).start()
    return results


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkersError(f"Dask is not installed, which an address of a scheduler needs: {INSTALL}.") from error
    address = _checked(address)

    def connect() -> tuple[Any, int]:
        # Tried without a client first: one whose start fails is never closed, and may block all others when collected.
        asyncio.run(_greeted(address))
        client = Client(address, timeout=CONNECT, set_as_default=False)
        return client, len(client.scheduler_info(n_workers=-1)["workers"])

    try:
        client, workers = _within(2 * CONNECT, connect)
    except Exception as error:  # a wrong address raises whatever it leads to: OSError, ValueError, even MemoryError
        raise WorkersError(
            f"There must be a Dask scheduler at the address; none answered at {address!r} within {CONNECT} s "
            f"({_line(error)}). Start one with `dask scheduler` and give its address, such as tcp://127.0.0.1:8786."
        ) from error
    if not workers:
        client.close(timeout=2)
        raise WorkersError(f"The Dask scheduler at {address} has no workers. Start some with `dask worker {address}`.")
    return client


async def _greeted(address: str) -> None:
    """Open a connection to a scheduler and close it again. Raises whatever a wrong address leads to."""
    from distributed.comm import connect

    connection = await asyncio.wait_for(connect(address, timeout=CONNECT), CONNECT)
    await connection.close()


def _within(seconds: float, function: Callable[[], Any]) -> Any:
    """What the function returns or raises; TimeoutError where it takes longer, and it is left to itself then.

    Dask's client waits for ever for a greeting from whatever accepts its connection and says nothing.
    """
    results = _in_thread(lambda: [function()])
    try:
        value, error = results.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError(f"no answer within {seconds} s") from None
    if error:
        raise error
    return value


def _checked(address: str) -> str:
    """The address with its scheme, refused at once where it cannot be one."""
    whole = address if "://" in address else f"tcp://{address}"
    try:
        parts = urlsplit(whole)
        if parts.scheme in ("tcp", "tls") and parts.hostname and parts.port:
            return whole
    except ValueError:  # a port that is no number, or too large
        pass
    raise WorkersError(
        f"The address of a Dask scheduler must be like tcp://127.0.0.1:8786, with a host and a port; got {address!r}. "
        "`dask scheduler` prints its own when it starts."
    )


class _Watch:
    """Looks whether work can still go on, and gives it up where it cannot."""

    def __init__(self, client: Any, address: str):
        self.client, self.address = client, address
        self.lost_since: float | None = None  # when the first of the looks in a row found no worker

    def look(self) -> None:
        for state in list(self.client.futures.values()):
            if state.status == "error":  # a task's own exception is a result; this is of Dask itself
                raise WorkersError(
                    f"The workers of {self.address} gave a replicate up: {_line(state.exception)}. Look at their logs; "
                    "they need this project, the same versions of its requirements, and enough memory."
                )
        if self._workers():
            self.lost_since = None
            return
        self.lost_since = self.lost_since or time.monotonic()
        if time.monotonic() - self.lost_since > LOST:
            raise WorkersError(
                f"No worker of the Dask scheduler at {self.address} has been left for {LOST} s. The rows so far are "
                "kept; start workers and run the rest again."
            )

    def _workers(self) -> int:
        try:
            return len(self.client.sync(self.client.scheduler.ncores, callback_timeout=2))
        except Exception:  # the scheduler is gone, for now or for good
            return 0


def _line(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
