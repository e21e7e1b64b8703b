"""The command line: what `forgetting` and `python -m forgetting` run."""

from forgetting.cli.commands import main

__all__ = ["main"]
