"""The command line: `python -m forgetting run …`, `… sweep …` and `… reproduce …`."""

import json
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from forgetting import tables, workers
from forgetting.datasets import Reviews, fetch_wine_reviews, load_sample, read_reviews
from forgetting.downloads import SHA256
from forgetting.errors import ForgettingError, RecipeError
from forgetting.experiment import Progress, plain, prepare, run, train
from forgetting.metrics import baselines
from forgetting.plan import FAMILIES, JOINED, even_doses
from forgetting.published import reproduce, summarize
from forgetting.randomization import SCHEMES, UNITS
from forgetting.randomness import pin_threads
from forgetting.recipe import PROTOCOLS, Recipe
from forgetting.sweeps import MEMORY, SweepResult, check_plan, check_sweep, sweep

KINDS = (".csv", ".parquet", ".json")
DATA = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Randomize a network's layers, and measure what it forgets."""


@cli.command("run")
@click.option("--data", type=DATA, help="File of reviews; without it the synthetic sample.")
@click.option("--text", help="Column of the texts; without it the likely one.")
@click.option("--label", help="Column of the labels; without it the likely one.")
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Ready recipe to start from.  [modern]")
@click.option("--recipe", "recipe_file", type=DATA, help="Recipe as JSON; the other options change it.")
@click.option("--layers", help="'all', or names such as fc1,fc2.  [all]")
@click.option("--fraction", type=float, help="Dose: share of each layer's units to randomize, 0 to 1.  [1]")
@click.option("--scheme", help=f"One of {', '.join(SCHEMES)}.  [normal]")
@click.option("--unit", help=f"One of {', '.join(UNITS)}.  [weight]")
@click.option("--seed", type=int, help="Of initial weights, training and randomizing; the split keeps its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def run_command(data: Path | None, recipe_file: Path | None, protocol: str | None, as_json: bool, **options) -> None:
    """Train, randomize, and compare before and after."""
    recipe = _recipe(recipe_file, protocol, options)
    reviews = _reviews(data, recipe)
    recipe = _of_file(recipe, data, reviews)
    with _progress("Training", quiet=as_json) as progress:
        result = run(recipe, reviews, progress=progress)
    click.echo(_json(result.to_dict()) if as_json else tables.run_table(result))


@cli.command("sweep")
@click.option("--data", type=DATA, help="File of reviews; without it the synthetic sample.")
@click.option("--text", help="Column of the texts; without it the likely one.")
@click.option("--label", help="Column of the labels; without it the likely one.")
@click.option("--recipe", "recipe_file", type=DATA, help="Recipe as JSON, with its plan; the options change it.")
@click.option(
    "--layers",
    multiple=True,
    help=f"A layer set, such as fc1 or fc1,fc2, or one of {', '.join(FAMILIES)}; may be repeated.  [each, all]",
)
@click.option("--schemes", multiple=True, help=f"Of {', '.join(SCHEMES)}; may be repeated, or joined by commas.")
@click.option("--units", multiple=True, help=f"Of {', '.join(UNITS)}; may be repeated, or joined by commas.  [weight]")
@click.option("--doses", help="How many, evenly from 0 to 1, or a list of shares such as 0,0.1,0.5.  [21]")
@click.option("--seeds", type=int, help="Replicates.  [10]")
@click.option("--match", help="Doses are of units (dose), or of ‖ΔW‖ by ‖W‖ (change).  [dose]")
@click.option("--retrain", is_flag=True, help="Train a model of its own for each seed.")
@click.option("--seed", type=int, help="Of initial weights and training; the replicates' seeds follow from it.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option("--dask", default="", help="Address of a Dask scheduler, whose workers are used instead.")
@click.option("--memory", type=int, default=MEMORY // 2**20, show_default=True, help="MiB for variants, a process.")
@click.option("--out", type=DATA, required=True, help="File for the rows: .csv, .parquet or .json.")
def sweep_command(
    data: Path | None, recipe_file: Path | None, out: Path, jobs: int, dask: str, memory: int, **options
) -> None:
    """Randomize layer sets at many doses and seeds, and write a row for each variant."""
    _check_out(out)
    recipe = _recipe(recipe_file, None, {name: options[name] for name in ("text", "label", "seed")})
    recipe = _with_plan(recipe, options)
    check_plan(recipe, recipe.sweep, recipe.model.layers)
    workers.check(jobs=jobs, dask=dask)
    reviews = _reviews(data, recipe)
    recipe = _of_file(recipe, data, reviews)
    split = prepare(recipe, reviews)
    check_sweep(recipe, split, memory=memory * 2**20)
    with _progress("Training") as progress:
        trained = train(recipe, split, progress=progress)
    rows, planned = [], recipe.sweep.count(recipe.model.layers)
    epochs = None if recipe.sweep.retrain else len(trained.history)
    try:
        with _progress("Variants") as progress:
            for row in sweep(
                trained.model,
                split,
                recipe.sweep,
                recipe=recipe,
                initial=trained.initial,
                progress=progress,
                jobs=jobs,
                dask=dask,
                memory=memory * 2**20,
            ):
                rows.append(row)
    finally:  # what was done is kept, also where workers are lost or the user stops
        if rows:
            result = SweepResult(recipe.sweep, tuple(rows), recipe, reviews.sha256, epochs, planned)
            result.write(out)
    click.echo(tables.sweep_table(result, baselines(split, recipe.training.objective)))
    click.echo(f"{len(rows):,} rows in {out}")


@cli.command("reproduce")
@click.option("--data", type=DATA, required=True, help="The original file of wine reviews.")
@click.option("--seeds", type=int, required=True, help="How many seeds to run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def reproduce_command(data: Path, seeds: int, as_json: bool) -> None:
    """Re-run the published experiment, and show its table beside what it hides."""
    reviews = read_reviews(data)
    with _progress("Seeds", quiet=as_json) as progress:
        summary = summarize(reproduce(reviews, seeds, progress=progress))
    summary["data"] = {"sha256": reviews.sha256, "original_file": reviews.sha256 == SHA256}
    click.echo(_json(summary) if as_json else tables.published_table(summary))


def _of_file(recipe: Recipe, data: Path | None, reviews: Reviews) -> Recipe:
    """The recipe with the name and the SHA-256 of the file that was given, if any."""
    if not data:
        return recipe
    named = {"source": "file", "file": data.name, "sha256": recipe.data.sha256 or reviews.sha256}
    return Recipe.from_dict({"data": named}, recipe)


def _check_out(out: Path) -> None:
    """Refused before anything is computed, so that no work is lost for a wrong name."""
    if out.suffix.lower() not in KINDS:
        raise RecipeError(f"--out must end with {', '.join(KINDS)}; got {out.name!r}. Choose one of these formats.")
    if out.is_dir():
        raise RecipeError(f"--out must be a file; {out.name!r} is a folder. Give another name.")
    if not out.absolute().parent.is_dir():
        raise RecipeError(f"--out must be in a folder that exists; there is no {str(out.parent)!r}. Make it first.")
    if not os.access(out.absolute().parent, os.W_OK):
        raise RecipeError(
            f"--out must be in a folder that can be written to; {str(out.parent)!r} cannot. Choose another."
        )


def _with_plan(recipe: Recipe, options: dict) -> Recipe:
    """The recipe with the plan that the options change."""
    plan: dict = {}
    if options["layers"]:
        plan["layers"] = [names.replace(",", JOINED) for names in options["layers"]]
    for name in ("schemes", "units"):
        if options[name]:
            plan[name] = [item for names in options[name] for item in names.split(",") if item]
    if options["doses"] is not None:
        plan["doses"] = _doses(options["doses"])
    plan |= {name: options[name] for name in ("seeds", "seed", "match") if options[name] is not None}
    if options["retrain"]:
        plan["retrain"] = True
    return Recipe.from_dict({"sweep": plan}, recipe)


def _doses(text: str) -> list:
    """A whole number of doses, evenly from 0 to 1, or a list of them; what is neither is left to the plan to refuse."""
    if text.isdecimal():
        count = int(text)
        if not 2 <= count <= 1_001:
            raise RecipeError(f"--doses must be a number from 2 to 1,001, or a list of shares; got {text}.")
        return list(even_doses(count))
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise RecipeError(
            f"--doses must be a whole number, or shares from 0 to 1 such as 0,0.1,0.5; got {text!r}."
        ) from None


def _recipe(recipe_file: Path | None, protocol: str | None, options: dict) -> Recipe:
    given = {name: value for name, value in options.items() if value is not None}
    values = _read_recipe(recipe_file)
    if protocol:
        values["protocol"] = protocol
    randomizing = {name: given[name] for name in ("layers", "fraction", "scheme", "unit") if name in given}
    if values.get("protocol") == "published" and randomizing:
        raise RecipeError(
            f"The published protocol randomizes every layer as published; got --{' --'.join(randomizing)}. "
            "Leave it out, or use --protocol modern."
        )
    recipe = Recipe.from_dict(values)
    if "layers" in randomizing:
        randomizing["layers"] = tuple(name for name in randomizing["layers"].split(",") if name)
    if "seed" in given and recipe.protocol != "published":
        randomizing["seed"] = given["seed"]
    changes = {
        "randomization": randomizing,
        "data": {name: given[name] for name in ("text", "label") if name in given},
        **({"seed": given["seed"]} if "seed" in given else {}),
    }
    return Recipe.from_dict(changes, recipe)


def _read_recipe(recipe_file: Path | None) -> dict:
    if recipe_file is None:
        return {}
    try:
        values = json.loads(recipe_file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"--recipe must be a readable JSON file: {error}.") from error
    Recipe.from_dict(values)
    return values


def _reviews(data: Path | None, recipe: Recipe) -> Reviews:
    if data is None and recipe.data.source == "file":
        raise RecipeError(f"The recipe is for the file {recipe.data.file!r}: name it with --data.")
    if data is None:
        return fetch_wine_reviews() if recipe.data.source == "original" else load_sample()
    return read_reviews(data, text=recipe.data.text or None, label=recipe.data.label or None)


@contextmanager
def _progress(label: str, *, quiet: bool = False) -> Iterator[Progress | None]:
    """A progress bar on standard error, so that the output can be piped; None where it is to be quiet."""
    if quiet:
        yield None
        return
    with ExitStack() as shown:
        bars = []  # made when there is progress, so that a refusal before it is one line

        def progress(done: int, total: int) -> None:
            if not bars:
                bars.append(shown.enter_context(click.progressbar(length=total, label=label, file=sys.stderr)))
            bars[0].update(done - bars[0].pos)

        yield progress


def _json(values: dict) -> str:
    return json.dumps(plain(values), allow_nan=False)


def main() -> None:
    """Entry point: bad input ends with exit status 2 and one line on standard error."""
    pin_threads()
    # Where nearly every review is its own class, as in the published protocol, scikit-learn suspects a regression.
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it becomes one line
    try:
        cli.main(prog_name="python -m forgetting", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except (ForgettingError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo("Error: " + " ".join(message.split()), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
