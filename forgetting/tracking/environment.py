"""Which program, and which versions of what it stands on, a result comes from."""

import platform
from importlib.metadata import PackageNotFoundError, version

PROGRAM_VERSION = "1.0.0"  # which pyproject.toml takes from here
STANDS_ON = ("torch", "numpy", "scipy", "pandas", "scikit-learn", "streamlit")


def program_version() -> str:
    """The version of the program."""
    return PROGRAM_VERSION


def versions() -> dict[str, str]:
    """The versions of Python and of the packages whose numbers the results are, by name. Nothing is imported."""
    found = {"python": platform.python_version()}
    for name in STANDS_ON:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # the library runs without Streamlit
            continue
    return found
