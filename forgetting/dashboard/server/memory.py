"""Housekeeping: the state of visitors who have left is freed in time, also where nobody comes after them.

Streamlit 1.67 stores the state of a closed tab for `server.disconnectedSessionTTL` seconds, and then until another tab
is opened or closed, as it looks for expired states only then (`TTLCache` in its `runtime/caching/ttl_cache.py`). One
thread looks in between, and gives the memory back to the system. It does nothing where Streamlit is built otherwise.

Streamlit would also collect garbage after each run of a page, through the half million objects of the libraries: for
0.2 s nobody would be answered. So `runner.postScriptGC` is off. Python collects by itself, and this module collects
when a visitor has left.

Each run of a page is a thread, and glibc would give an arena to many of the threads. What one thread frees in its arena
the others cannot use. So all threads share one arena (`mallopt(3)`); Python runs one thread at a time anyway.
"""

import ctypes
import gc
import threading
import time
from contextlib import suppress

from streamlit import net_util
from streamlit.runtime import Runtime

from forgetting.dashboard.server.downloads import keep_downloads

HOUSEKEEPING_SECONDS = 10.0  # between two looks at the memory
ARENA_MAX = -8  # M_ARENA_MAX of malloc.h


def start_housekeeping() -> None:
    """Begin, once for the process; not where no server runs."""
    freeze()
    _libc("mallopt", ARENA_MAX, 1)
    disable_address_lookup()
    if Runtime.exists():
        keep_downloads(Runtime.instance().media_file_mgr)
    if Runtime.exists() and hasattr(Runtime.instance(), "_session_mgr"):
        threading.Thread(target=_tidy_forever, args=(Runtime.instance(),), name="housekeeping", daemon=True).start()


def freeze() -> None:
    """Look no more through the objects that are there: those of the libraries stay for good."""
    gc.collect()
    gc.freeze()


def disable_address_lookup() -> None:
    """Make Streamlit ask no other host for the address of this machine.

    It would ask for each WebSocket that a page of another site tries to open: twice, for up to a second each, in which
    nobody is answered. Who may connect is decided by `server.allowedHosts`, not by that address.
    """
    net_util.get_external_ip = lambda: None


def _tidy_forever(runtime: Runtime) -> None:
    there: set[str] = set()
    while True:
        time.sleep(HOUSEKEEPING_SECONDS)
        with suppress(AttributeError, RuntimeError):  # of another Streamlit, or while it stops
            runtime.media_file_mgr.remove_orphaned_files()
            there = _tidy(runtime, there)


def _tidy(runtime: Runtime, before: set[str]) -> set[str]:
    """Free the state of expired sessions.

    Args:
        runtime: Streamlit's.
        before: The names of the sessions that were there the last time.

    Returns:
        The names of the sessions that are there now.
    """
    found, looked = set(), threading.Event()

    def look() -> None:  # on the thread of the server, which alone may touch them
        found.update(info.session.id for info in runtime._session_mgr.list_sessions())
        looked.set()

    runtime._get_async_objs().eventloop.call_soon_threadsafe(look)
    if not looked.wait(HOUSEKEEPING_SECONDS):
        return before
    if before - found:
        gc.unfreeze()  # the first visitors were there when it was frozen
        freeze()
        trim()
    return found


def trim() -> None:
    """Give memory that was freed back to the system."""
    _libc("malloc_trim", 0)


def _libc(name: str, *arguments: int) -> None:
    """Call a function of the C library, where that has it."""
    with suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), name)(*arguments)
