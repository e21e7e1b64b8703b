"""Downloads: what a button has offered can be had for some seconds after the page is drawn anew.

A button whose file is made on demand gets another name for the file each time that it is drawn. Streamlit 1.67 forgets
what no page refers to at the end of every run of every visitor (`MediaFileManager` in its
`runtime/media_file_manager.py`): the name before, although a click on it may be on its way, and after the second such
end the file that was made for a click, although the browser may not have fetched it yet. While a study advances, that
takes less than half a second, and the click finds nothing ("Deferred file … not found"). So here the forgetting waits.
"""

import time
from collections.abc import Callable

from streamlit.runtime.media_file_manager import MediaFileManager

KEPT_SECONDS = 5.0  # between the run that leaves a file out and the end of the file


def keep_downloads(manager: MediaFileManager, clock: Callable[[], float] = time.monotonic) -> None:
    """Make a manager forget a file, or how to make it, only when no page has referred to it for some seconds.

    It does nothing where Streamlit is built otherwise.

    Args:
        manager: Streamlit's, which is changed.
        clock: Seconds that never decrease.
    """
    parts = ("_lock", "_file_metadata", "_deferred_callables", "_files_by_session_and_coord")
    if not all(hasattr(manager, name) for name in (*parts, "_delete_file", "_drop_deferred_id")):
        return
    unused_since: dict[str, float] = {}

    def forget_unused() -> None:
        with manager._lock:
            now, known = clock(), manager._file_metadata.keys() | manager._deferred_callables.keys()
            used = {name for files in manager._files_by_session_and_coord.values() for name in files.values()}
            for name in unused_since.keys() - (known - used):
                del unused_since[name]
            for name in known - used:
                if now - unused_since.setdefault(name, now) >= KEPT_SECONDS:
                    forget = manager._delete_file if name in manager._file_metadata else manager._drop_deferred_id
                    forget(name)

    manager.remove_orphaned_files = forget_unused
