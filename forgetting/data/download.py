"""The original data file: downloaded once, checked, and stored in the user's cache folder.

Reading it is the work of `tables.py`. scikit-learn's `fetch_file` checks the hash only once all has arrived, however
much that is, and has no deadline, so the file is received here.
"""

import http.client
import os
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future
from hashlib import sha256 as new_hash
from pathlib import Path
from threading import Thread

from platformdirs import user_cache_path

from forgetting.core.errors import DataError, plain_reason
from forgetting.core.files import write_atomically
from forgetting.data.original import ORIGINAL_SHA256, ORIGINAL_SIZE, ORIGINAL_URL
from forgetting.data.reviews import Reviews

TIMEOUT = 30.0  # seconds for the whole download
STALL = 10.0  # seconds without a byte after which a connection is given up
DOWNLOAD_CHUNK = 64 * 1024
DOWNLOAD_REMEDY = "Upload the file instead, or use the synthetic sample."


def fetch_wine_reviews(
    *, cache: str | os.PathLike | None = None, url: str = ORIGINAL_URL, timeout: float = TIMEOUT, **options
) -> Reviews:
    """Read the reviews that the published results were computed on, as their file has them: 309, 15 of them twice.

    The other arguments and the errors are those of `download_wine_reviews`.

    Args:
        options: Those of `read_reviews`.
    """
    from forgetting.data.tables import read_reviews  # which imports pandas and pyarrow: not to know the file alone

    file = download_wine_reviews(cache=cache, url=url, timeout=timeout)
    return read_reviews(file, **{"missing": (), "fold_labels": False} | options)


def download_wine_reviews(
    *, cache: str | os.PathLike | None = None, url: str = ORIGINAL_URL, timeout: float = TIMEOUT
) -> Path:
    """Make sure that the original file is in the cache folder.

    Args:
        cache: The folder, by default the user's cache folder.
        url: Where to download the file from, if it is not there or its SHA-256 is wrong.
        timeout: Seconds for the whole download.

    Returns:
        The path of the file.

    Raises:
        DataError: The file cannot be had. A half-written file is never left.
    """
    return fetch_file(url, _cached_path(cache), sha256=ORIGINAL_SHA256, size=ORIGINAL_SIZE, timeout=timeout)


def is_downloaded(*, cache: str | os.PathLike | None = None) -> bool:
    """Whether the original file is in the cache folder already, whole and unchanged."""
    return _is_right(_cached_path(cache), ORIGINAL_SHA256)


def _cached_path(cache: str | os.PathLike | None) -> Path:
    folder = user_cache_path("learning-to-forget") if cache is None else Path(cache)
    return folder / "wine_review.csv"


def fetch_file(url: str, path: Path, *, sha256: str, size: int, timeout: float) -> Path:
    """Make sure that a file has the right bytes, downloading them if it has not.

    Args:
        url: Where to download it from, with http:// or https://.
        path: Where it is or will be; its folder is made where it is missing.
        sha256: Of the right bytes, as 64 hexadecimal digits.
        size: How many bytes they are; of more, at most one chunk is ever received.
        timeout: Seconds for the whole download.

    Returns:
        `path`.

    Raises:
        DataError: The bytes cannot be had in that time, are not the right ones, or cannot be written.
    """
    if not _is_right(path, sha256):
        data = _within(timeout, lambda: _receive(url, sha256, size, timeout), _server(url))
        write_atomically(path, data, make_folder=True, refuse=_refuse_folder)
    return path


def _refuse_folder(path: Path, reason: str) -> DataError:
    return DataError(f"The cache folder must be writable; {str(path.parent)!r} is not ({reason}). {DOWNLOAD_REMEDY}")


def _is_right(path: Path, sha256: str) -> bool:
    try:
        return new_hash(path.read_bytes()).hexdigest() == sha256
    except OSError:
        return False


def _server(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _within(seconds: float, work: Callable[[], bytes], server: str) -> bytes:
    """What `work` returns, or DataError after so many seconds, whatever it hangs in.

    A socket's timeout begins anew with every byte and does not cover looking up a name, so the work is done
    in a thread that is not waited for any longer; it gives up by itself and writes nothing.
    """
    outcome = Future()

    def run():
        try:
            outcome.set_result(work())
        except Exception as error:
            outcome.set_exception(error)

    Thread(target=run, name="download", daemon=True).start()
    try:
        return outcome.result(timeout=seconds)
    except TimeoutError as error:
        raise DataError(
            f"The download must finish within {seconds:g} seconds; {server} stalled or was too slow. {DOWNLOAD_REMEDY}"
        ) from error


def _receive(url: str, sha256: str, size: int, timeout: float) -> bytes:
    """The bytes at `url`, checked while they arrive; at most one chunk more than `size` is ever held."""
    end = time.monotonic() + timeout
    received, digest = bytearray(), new_hash()
    if not url.startswith(("https://", "http://")):
        raise DataError(f"An address must begin with https:// or http://; {url!r} does not. {DOWNLOAD_REMEDY}")
    server = _server(url)
    try:
        with urllib.request.urlopen(url, timeout=min(STALL, timeout)) as response:
            # read1 returns what has arrived; read would wait for a whole chunk.
            while len(received) <= size and time.monotonic() < end and (chunk := response.read1(DOWNLOAD_CHUNK)):
                received += chunk
                digest.update(chunk)
    except urllib.error.HTTPError as error:
        error.close()
        raise DataError(
            f"The server must have the original file; {server} answered {error.code}. {DOWNLOAD_REMEDY}"
        ) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        if isinstance(getattr(error, "reason", error), TimeoutError):
            raise TimeoutError(str(error)) from error
        reason = getattr(error, "reason", None) or error
        why = "its server cannot be found, as without an internet connection"
        why = why if isinstance(reason, socket.gaierror) else plain_reason(reason)
        raise DataError(f"The original file must be reachable; {server} is not ({why}). {DOWNLOAD_REMEDY}") from error
    if time.monotonic() >= end:
        raise TimeoutError("the deadline has passed")
    if len(received) > size:
        raise DataError(f"The original file must have {size:,} bytes; {server} sent more. {DOWNLOAD_REMEDY}")
    if len(received) < size:
        raise DataError(
            f"The original file must have {size:,} bytes; {server} sent only {len(received):,}. {DOWNLOAD_REMEDY}"
        )
    if digest.hexdigest() != sha256:
        raise DataError(
            f"The original file's SHA-256 must be {sha256[:12]}…; that from {server} is {digest.hexdigest()[:12]}…. "
            f"{DOWNLOAD_REMEDY}"
        )
    return bytes(received)
