"""The same function of many tasks on several processes: joblib's on this machine, or the workers of Dask.

What all tasks share is sent once to each worker. The results come in the order of the tasks, whichever worker
computed them.
"""

import asyncio
import hashlib
import pickle
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

import cloudpickle  # which joblib brings, and which also pickles functions of people's own
import joblib
import numpy as np
import torch

from forgetting.core.errors import ForgettingError, RecipeError, WorkersError, describe_error

CONNECT = 5  # seconds to reach a scheduler
LOST = 10  # seconds without a worker, or without the scheduler, after which the work is given up
LOOK = 0.5  # seconds between two looks at the workers
INSTALL = "pip install 'dask[distributed]'"
_SHARED: dict[str, bytes] = {}  # in a worker of Dask: what the tasks share, pickled, by its SHA-256


def run_tasks(
    function: Callable[[Any, Any], Any], shared: Any, tasks: Sequence[Any], *, jobs: int = 1, dask: str = ""
) -> Iterator[Any]:
    """Compute `function(shared, task)` of each task.

    Workers use this process's number of torch threads, so that results are the same bit for bit.

    Args:
        function: A function that can be imported where the workers run.
        shared: What all tasks need; it is sent once to each worker.
        tasks: What differs.
        jobs: Processes on this machine, −1 for one a core.
        dask: Address of a scheduler, whose workers are used instead. They need this project and the same versions of
            its requirements.

    Returns:
        The results in the order of the tasks, each as soon as it and all before it are ready.

    Raises:
        RecipeError: `jobs` is impossible.
        WorkersError: The workers cannot be had, fail, or are lost. What was yielded before stays valid.
        ForgettingError: A task raised it; it arrives as it is.
    """
    _check_jobs(jobs)
    return _on_dask(function, shared, tasks, dask) if dask else _on_this_machine(function, shared, tasks, jobs)


def check_workers(*, jobs: int = 1, dask: str = "") -> None:
    """Refuse early what `run_tasks` would refuse before its first task.

    Raises:
        RecipeError: `jobs` is impossible.
        WorkersError: The scheduler does not answer, or has no workers.
    """
    _check_jobs(jobs)
    if dask:
        _connect(dask).close(timeout=2)


def _check_jobs(jobs: int) -> None:
    if jobs == 0 or jobs < -1:
        raise RecipeError(f"jobs must be the number of processes, or -1 for one a core; got {jobs}.")


def _run(task: Any, function: Callable, shared: np.ndarray | str, threads: int) -> Any:
    """Compute a task in the worker. shared: its pickle, or the key of the pickle that the worker has."""
    if torch.get_num_threads() != threads:
        torch.set_num_threads(threads)
    return function(_unpickled(_SHARED[shared] if isinstance(shared, str) else shared.tobytes()), task)


@lru_cache(maxsize=1)
def _unpickled(pickled: bytes) -> Any:
    return pickle.loads(pickled)  # of this library's own making, in the process that started the work


def _on_this_machine(function: Callable, shared: Any, tasks: Sequence[Any], jobs: int) -> Iterator[Any]:
    # joblib puts a large array into memory that the processes share, so it is sent once.
    pickled, threads = np.frombuffer(cloudpickle.dumps(shared), dtype=np.uint8), torch.get_num_threads()
    calls = [joblib.delayed(_run)(task, function, pickled, threads) for task in tasks]
    done, lost = 0, None  # results so far, and how many there were when a worker was lost
    while done < len(calls):
        try:
            for result in joblib.Parallel(n_jobs=jobs, return_as="generator", batch_size=1)(calls[done:]):
                yield result
                done += 1
        except joblib.externals.loky.process_executor.TerminatedWorkerError as error:
            if lost == done:  # the same task may have ended it twice
                raise WorkersError(
                    f"A worker process ended before its task was done: {' '.join(str(error).split())[:200]} Use fewer "
                    "jobs, so that each has more memory."
                ) from error
            lost = done


def _on_dask(function: Callable, shared: Any, tasks: Sequence[Any], address: str) -> Iterator[Any]:
    client = _connect(address)
    from distributed import as_completed

    watch, key, completed = _Watch(client, address), "", None
    try:
        key = _share_with_workers(client, cloudpickle.dumps(shared), watch)
        # As bytes, and by a function that travels by value, so that the scheduler need not import this project.
        threads = torch.get_num_threads()
        calls = [pickle.dumps(partial(_run, task, function, key, threads)) for task in tasks]
        futures = client.map(lambda call: pickle.loads(call)(), calls, pure=False)
        # Each result is fetched as soon as it is there, so that a worker that is lost costs no task but its last.
        completed = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
        waiting = {future.key: (position, future) for position, future in enumerate(futures)}
        del futures  # the workers drop a result once no future asks for it
        arrivals, ready = _in_thread(lambda: completed), {}
        for position in range(len(tasks)):
            while position not in ready:
                future, result = _next(arrivals, watch)
                ready[waiting.pop(future.key)[0]] = future.status, result
            status, result = ready.pop(position)
            if status != "finished":
                raise _failure(status, result, address)
            yield result
    finally:
        if completed:
            completed.clear()  # which ends the thread
        if key:
            with suppress(Exception):  # the scheduler may be gone
                _within(2, lambda: client.unregister_worker_plugin(key))
        client.close(timeout=2)


def _share_with_workers(client: Any, pickled: bytes, watch: "_Watch") -> str:
    """Give the bytes once to all workers, also to those that join later, and return their key.

    What Dask itself scatters to a worker is lost with that worker, and what comes with each task is sent each time.
    """
    from distributed import WorkerPlugin

    key = hashlib.sha256(pickled).hexdigest()

    class Share(WorkerPlugin):
        name = key

        def setup(self, worker: Any) -> None:  # noqa: ARG002 - Dask's signature
            _store(key, pickled)

        def teardown(self, worker: Any) -> None:  # noqa: ARG002
            _store(key, None)

    while True:
        try:
            client.register_plugin(Share())
            return key
        except OSError:  # a worker has just been lost, and the scheduler still counts on it
            watch.look()
            time.sleep(LOOK)


def _store(key: str, pickled: bytes | None) -> None:
    """In a worker: a function of this module, as a class that is pickled by value brings its own globals."""
    if pickled is None:
        _SHARED.pop(key, None)
    else:
        _SHARED[key] = pickled


def _next(arrivals: queue.SimpleQueue, watch: "_Watch") -> tuple[Any, Any]:
    """The next future that is completed, with its result."""
    while True:
        with suppress(queue.Empty):
            arrival, error = arrivals.get(timeout=LOOK)
            if error:
                raise error
            return arrival
        watch.look()


def _failure(status: str, result: Any, address: str) -> BaseException:
    """The error of a task that is not finished: what it raised on purpose as it is, else one about the workers."""
    from distributed import KilledWorker

    if status != "error":
        return WorkersError(
            f"The Dask scheduler at {address} gave up the work ({status}). "
            "The rows so far stay valid; run the rest again."
        )
    error = result[1]  # of type, error, traceback
    if isinstance(error, ForgettingError):
        return error
    if isinstance(error, KilledWorker):
        return WorkersError(
            f"The workers of {address} gave a replicate up: {describe_error(error)}. Look at their logs; "
            "they need this project, the same versions of its requirements, and enough memory."
        )
    return WorkersError(
        f"The workers of {address} failed: {describe_error(error)}. They need this project and the same versions of "
        "its requirements; mend them and start again."
    )


def _in_thread(values: Callable[[], Iterable[Any]]) -> queue.SimpleQueue:
    """Make the values in another thread: each arrives as (value, None), an error that ends them as (None, error)."""
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
    address = _check_address(address)

    def connect() -> tuple[Any, int]:
        # Tried without a client first: one whose start fails is never closed, and may block all others when collected.
        asyncio.run(_greet(address))
        client = Client(address, timeout=CONNECT, set_as_default=False)
        return client, len(client.scheduler_info(n_workers=-1)["workers"])

    try:
        client, workers = _within(2 * CONNECT, connect)
    except Exception as error:  # a wrong address raises whatever it leads to: OSError, ValueError, even MemoryError
        raise WorkersError(
            f"There must be a Dask scheduler at the address; none answered at {address!r} within {CONNECT} s "
            f"({describe_error(error)}). Start one with `dask scheduler` and give its address, such as tcp://127.0.0.1:8786."
        ) from error
    if not workers:
        client.close(timeout=2)
        raise WorkersError(f"The Dask scheduler at {address} has no workers. Start some with `dask worker {address}`.")
    return client


async def _greet(address: str) -> None:
    """Open a connection to a scheduler and close it again. Raises whatever a wrong address leads to."""
    from distributed.comm import connect

    connection = await asyncio.wait_for(connect(address, timeout=CONNECT), CONNECT)
    await connection.close()


def _within(seconds: float, function: Callable[[], Any]) -> Any:
    """What the function returns or raises; TimeoutError where it takes longer, and nothing waits for it then.

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


def _check_address(address: str) -> str:
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
    """Looks whether a scheduler still has workers, and gives the work up where it has not."""

    def __init__(self, client: Any, address: str):
        self.client, self.address = client, address
        self.lost_since: float | None = None  # when the first of the looks in a row found no worker

    def look(self) -> None:
        try:
            workers = self.client.sync(self.client.scheduler.ncores, callback_timeout=2)
        except Exception:  # the scheduler is gone, for now or for good
            workers = {}
        if workers:
            self.lost_since = None
            return
        self.lost_since = self.lost_since or time.monotonic()
        if time.monotonic() - self.lost_since > LOST:
            raise WorkersError(
                f"No worker of the Dask scheduler at {self.address} has been left for {LOST} s. The rows so far stay "
                "valid; start workers and run the rest again."
            )
