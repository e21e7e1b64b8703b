"""The command that lists the stored runs of this machine."""

import importlib.util
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

import click

from forgetting.cli.options import FILE, JSON_HELP, as_json_text, check_out, write_or_rescue
from forgetting.cli.output import say
from forgetting.cli.run_logging import SHOWN_KEY, open_store
from forgetting.core.files import file_format, write_atomically
from forgetting.reporting.formatting import format_count
from forgetting.tracking.run import RUN_KINDS, RUN_TITLES, Run
from forgetting.tracking.run_table import (
    RUN_FORMATS,
    describe_run_settings,
    headline,
    matching_runs,
    runs_bytes,
    runs_frame,
)

LISTED_RUNS = 20  # runs where no number is asked for


def digest_of_source(source: str) -> str:
    """SHA-256 of the file that a study of one's own model takes its function from; of its name where there is none."""
    place = source.rpartition(":")[0]
    try:
        found = Path(place) if place.endswith(".py") else Path(importlib.util.find_spec(place).origin)
        return sha256(found.read_bytes()).hexdigest()
    except (OSError, ImportError, AttributeError, TypeError, ValueError):
        return sha256(source.encode("utf-8", "surrogatepass")).hexdigest()


@click.command("runs")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(RUN_KINDS)), help="Runs of this kind alone.")
@click.option("--filter", "words", default="", help="Runs in whose name, note, settings or metrics these words occur.")
@click.option("--last", type=click.IntRange(1), help=f"How many, from the newest on.  [{LISTED_RUNS}; all with --out]")
@click.option("--out", type=FILE, help="File with a row for each metric: .csv, .parquet or .json.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def runs_command(kinds: tuple[str, ...], words: str, last: int | None, out: Path | None, as_json: bool) -> None:
    """List what was trained, compared and studied on this machine, the newest first, or write it to a file."""
    if out:
        check_out(out)
    store = open_store()
    runs = matching_runs(store.runs(), kinds, words)
    for sentence in store.notices:
        say(sentence, err=True)
    runs = runs[: last or (len(runs) if out or as_json else LISTED_RUNS)]
    if out:
        kind = file_format(out)
        content = runs_bytes(runs, kind) if kind in RUN_FORMATS else _json(runs).encode()
        write_or_rescue(lambda path: write_atomically(path, content), out)
        say(f"{format_count(len(runs), 'run')} in {out}")
    elif as_json:
        say(_json(runs))
    else:
        say("\n\n".join(map(_describe, runs)) or "No run is stored here.")


def _json(runs: Sequence[Run]) -> str:
    rows = runs_frame(runs).to_dict("records")
    return as_json_text({"runs": [row | {"time": row["time"].isoformat()} for row in rows]})


def _describe(run: Run) -> str:
    done = "" if run.done >= run.planned else f", {run.done:,} of {run.planned:,} parts"
    title = f"{run.key[:SHOWN_KEY]}  {run.at.astimezone():%Y-%m-%d %H:%M}  {RUN_TITLES[run.kind]}{done}"
    lines = [
        f"{title}  {run.name}".rstrip(),
        f"  {run.data_name}; {describe_run_settings(run)}; seed {run.recipe.seed}",
    ]
    return "\n".join([*lines, f"  {headline(run)}"])
