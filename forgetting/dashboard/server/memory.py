"""Housekeeping: what visitors leave behind goes when their time is over, also where nobody comes after them.

Streamlit 1.67 keeps the state of a closed tab for `server.disconnectedSessionTTL` seconds, and then until another tab
is opened or closed: it looks for what has expired only then (`TTLCache` in its `runtime/caching/ttl_cache.py`). One
thread looks in between, and gives the memory back to the system. It does nothing where Streamlit is built otherwise.

Streamlit would also collect garbage after each run of a page, through the half million objects that the libraries
hold: 0.2 s in which nobody is answered. So `runner.postScriptGC` is off; Python collects by itself, and here when a
visitor has left.

Each run of a page is a thread of its own, and glibc would give many of them an arena, in which what others leave free
cannot be used: one is shared by all (`mallopt(3)`), as Python lets them take turns anyway.
"""

import ctypes
import gc
import threading
import time
from contextlib import suppress

from streamlit import net_util
from streamlit.runtime import Runtime

HOUSEKEEPING_SECONDS = 10.0  # between two looks at the memory
ARENA_MAX = -8  # M_ARENA_MAX of malloc.h


def start_housekeeping() -> None:
    """Begin, once for the process; not where no server runs."""
    gc.collect()
    gc.freeze()  # what the libraries hold is held for good, and need not be looked through again
    _libc("mallopt", ARENA_MAX, 1)
    ask_nobody()
    if Runtime.exists() and hasattr(Runtime.instance(), "_session_mgr"):
        threading.Thread(target=_keep, args=(Runtime.instance(),), name="housekeeping", daemon=True).start()


def ask_nobody() -> None:
    """Let Streamlit not ask another host for this machine's address.

    It would do so for each WebSocket that a page of another site tries to open, twice, for a second at the most each,
    in which nobody is answered. Who may come in is told by `server.allowedHosts`, not by that address.
    """
    net_util.get_external_ip = lambda: None


def _keep(runtime: Runtime) -> None:
    there: set[str] = set()
    while True:
        time.sleep(HOUSEKEEPING_SECONDS)
        with suppress(AttributeError, RuntimeError):  # of another Streamlit, or while it stops
            there = _tidy(runtime, there)


def _tidy(runtime: Runtime, before: set[str]) -> set[str]:
    """Let go of expired sessions; returns those who are left. before: those who were there the last time."""
    found, looked = set(), threading.Event()

    def look() -> None:  # on the server's own thread, which alone may touch them
        found.update(info.session.id for info in runtime._session_mgr.list_sessions())
        looked.set()

    runtime._get_async_objs().eventloop.call_soon_threadsafe(look)
    if not looked.wait(HOUSEKEEPING_SECONDS):
        return before
    if before - found:
        gc.unfreeze()  # the first visitors were there when it was frozen
        gc.collect()
        gc.freeze()
        trim()
    return found


def trim() -> None:
    """Give memory that was freed back to the system."""
    _libc("malloc_trim", 0)


def _libc(name: str, *arguments: int) -> None:
    """Call a function of the C library, where that has it."""
    with suppress(AttributeError, OSError):
        getattr(ctypes.CDLL(None), name)(*arguments)
