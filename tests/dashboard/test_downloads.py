"""Downloads while pages are drawn anew: what a button has offered, and the file made for a click, by a set clock."""

import pytest
from streamlit.runtime import media_file_manager
from streamlit.runtime.media_file_manager import MediaFileManager
from streamlit.runtime.media_file_storage import MediaFileStorageError
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage

from forgetting.dashboard.server.downloads import KEPT_SECONDS, keep_downloads

NOW = 1_000.0


@pytest.fixture
def seconds() -> list[float]:
    return [NOW]


@pytest.fixture
def manager(monkeypatch, seconds) -> MediaFileManager:
    monkeypatch.setattr(media_file_manager, "_get_session_id", lambda: "visitor")
    made = MediaFileManager(MemoryMediaFileStorage("/media"))
    keep_downloads(made, lambda: seconds[0])
    return made


def draw(manager: MediaFileManager) -> str:
    """A run of a fragment draws the button, and ends."""
    name = manager.add_deferred(lambda: b"rows", "text/csv", "button", "rows.csv")
    manager.remove_orphaned_files()
    return name


def content(manager: MediaFileManager, url: str) -> bytes:
    """What the browser gets at the address."""
    return manager._storage.get_file(url.rsplit("/", 1)[1]).content


def test_a_click_finds_what_was_drawn_before_and_the_browser_what_was_made(manager):
    clicked = draw(manager)
    for _ in range(5):
        draw(manager)
    url = manager.execute_deferred(clicked)
    for _ in range(5):
        draw(manager)
    assert content(manager, url) == b"rows"


def test_a_page_under_way_keeps_what_it_showed_while_others_come_to_their_end(manager):
    clicked = draw(manager)
    manager.clear_session_refs("visitor")  # as a run of the whole page begins
    manager.remove_orphaned_files()
    assert content(manager, manager.execute_deferred(clicked)) == b"rows"


def test_what_no_page_has_shown_for_some_time_is_forgotten(manager, seconds):
    old = draw(manager)
    new = draw(manager)
    url = manager.execute_deferred(old)
    manager.remove_orphaned_files()
    seconds[0] += KEPT_SECONDS
    manager.remove_orphaned_files()
    with pytest.raises(MediaFileStorageError, match="not found"):
        manager.execute_deferred(old)
    with pytest.raises(MediaFileStorageError):
        content(manager, url)
    assert content(manager, manager.execute_deferred(new)) == b"rows"
