"""The option that stores what a command computes as a run, which the app and the command `runs` list."""

from collections.abc import Sequence

import click

from forgetting.cli.output import say
from forgetting.core.errors import StoreError
from forgetting.tracking.run import RUN_TITLES, Run
from forgetting.tracking.run_store import FOLDER_VARIABLE, RunStore, runs_folder

SHOWN_KEY = 12  # signs of a key that are shown


def _check_store(context: click.Context, option: click.Parameter, asked: bool) -> bool:  # noqa: ARG001
    """Refuse before anything is computed."""
    if asked:
        open_store().check()
    return asked


log_option = click.option(
    "--log-run",
    is_flag=True,
    callback=_check_store,
    help="Store what is computed as a run, which the app and `forgetting runs` list.",
)


def open_store() -> RunStore:
    """The stored runs of this machine. Raises StoreError where FORGETTING_RUNS says that none are stored."""
    folder = runs_folder()
    if folder is None:
        raise StoreError(f"{FOLDER_VARIABLE} is empty, so that no runs are stored. Name a folder by it, or unset it.")
    return RunStore(folder / "runs.sqlite")


def log_runs(runs: Sequence[Run]) -> None:
    """Store runs, and say so on standard error. Raises StoreError where they cannot be stored."""
    store = open_store()
    for run in runs:
        stored = store.save(run)
        say(f"Stored as run {stored.key[:SHOWN_KEY]} ({RUN_TITLES[run.kind]}).", err=True)
    for sentence in store.notices:
        say(sentence, err=True)
