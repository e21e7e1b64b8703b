"""The names of files as texts, and writing files whole or not at all."""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from forgetting.core.errors import ForgettingError, RecipeError


def file_format(path: str | Path) -> str:
    """The format that a file's name asks for: its ending in small letters, without the dot."""
    return Path(path).suffix.removeprefix(".").lower()


def file_title(path: str | Path) -> str:
    """The name of a file without its folder, as a text: bytes of it that are no UTF-8 become U+FFFD."""
    return os.fsencode(Path(path).name).decode("utf-8", "replace")


def refuse_path(path: Path, reason: str) -> ForgettingError:
    """The error for a path that a person chose and that cannot be written."""
    return RecipeError(f"{path} cannot be written: {reason}. Choose another place or make room.")


def write_atomically(
    path: str | Path,
    data: bytes,
    *,
    make_folder: bool = False,
    refuse: Callable[[Path, str], ForgettingError] = refuse_path,
) -> None:
    """Write a file; one that is there is replaced only by the whole of the new one.

    Args:
        path: Where to write.
        data: All that the file will hold.
        make_folder: Whether to make the folder, and those above it, where they are missing.
        refuse: The error for a path that cannot be written, of the path and the system's reason.

    Raises:
        ForgettingError: The file cannot be written; the error is that of `refuse`, RecipeError by default.
    """
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise refuse(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
