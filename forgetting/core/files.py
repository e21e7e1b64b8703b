"""Writing files whole or not at all."""

import secrets
from contextlib import suppress
from pathlib import Path

from forgetting.core.errors import RecipeError


def file_format(path: str | Path) -> str:
    """The kind that a file's name asks for."""
    return Path(path).suffix.removeprefix(".").lower()


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file; what is there is replaced only by the whole of it.

    Raises RecipeError where it cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise RecipeError(f"{path} cannot be written: {error.strerror}. Choose another place or make room.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
