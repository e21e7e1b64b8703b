"""The command line: what `python -m forgetting` runs."""

from forgetting.cli.commands import main

__all__ = ["main"]
