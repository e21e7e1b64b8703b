"""The command line: `python -m forgetting run …`, `… sweep …`, `… relearn …`, `… unlearn …`, `… reproduce …`."""

import logging
import sys
import warnings
from pathlib import Path

import click

from forgetting.cli import tables
from forgetting.cli.options import (
    FILE,
    as_json_text,
    check_out,
    dose_list,
    input_options,
    load_reviews,
    make_recipe,
    out_option,
    progress_bar,
    split_names,
    with_file,
    write_or_rescue,
)
from forgetting.core import parallel
from forgetting.core.errors import ForgettingError, RecipeError
from forgetting.core.seeding import pin_threads
from forgetting.data.download import ORIGINAL_SHA256
from forgetting.data.reviews import Reviews
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import prepare, run, train
from forgetting.experiment.published import reproduce, summarize_runs
from forgetting.experiment.results import Trained
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.split import Split
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.forget import Forget
from forgetting.recipe.plans import FAMILIES, LAYER_SEPARATOR
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.studies.relearning import check_relearning, savings_slices
from forgetting.studies.savings import RelearningResult
from forgetting.studies.sweep import SWEEP_MEMORY, SweepResult, check_sweep, check_sweep_plan, sweep_rows
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning
from forgetting.unlearning.task import METHODS, load_custom_methods

LAYER_SETS = f"A layer set, such as fc1 or fc1,fc2, or one of {', '.join(FAMILIES)}; may be repeated.  [each, all]"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Randomize a network's layers, and measure what it forgets."""


@cli.command("run")
@input_options
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Ready recipe to start from.  [modern]")
@click.option("--layers", help="'all', or names such as fc1,fc2.  [all]")
@click.option("--fraction", type=float, help="Dose: share of each layer's units to randomize, 0 to 1.  [1]")
@click.option("--scheme", help=f"One of {', '.join(SCHEMES)}.  [normal]")
@click.option("--unit", help=f"One of {', '.join(UNITS)}.  [weight]")
@click.option("--seed", type=int, help="Of initial weights, training and randomizing; the split keeps its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def run_command(data: Path | None, recipe_file: Path | None, protocol: str | None, as_json: bool, **options) -> None:
    """Train, randomize, and compare before and after."""
    recipe = make_recipe(recipe_file, protocol, options)
    reviews = load_reviews(data, recipe)
    recipe = with_file(recipe, data, reviews)
    with progress_bar("Training", quiet=as_json) as progress:
        result = run(recipe, reviews, progress=progress)
    click.echo(as_json_text(result.to_dict()) if as_json else tables.format_run(result))


@cli.command("sweep")
@input_options
@click.option("--layers", multiple=True, help=LAYER_SETS)
@click.option("--schemes", multiple=True, help=f"Of {', '.join(SCHEMES)}; may be repeated, or joined by commas.")
@click.option("--units", multiple=True, help=f"Of {', '.join(UNITS)}; may be repeated, or joined by commas.  [weight]")
@click.option("--doses", help="How many, evenly from 0 to 1, or a list of shares such as 0,0.1,0.5.  [21]")
@click.option("--seeds", type=int, help="Replicates.  [10]")
@click.option("--match", help="Doses are of units (dose), or of ‖ΔW‖ by ‖W‖ (change).  [dose]")
@click.option("--retrain", is_flag=True, help="Train a model of its own for each seed.")
@click.option("--seed", type=int, help="Of initial weights and training; the replicates' seeds follow from it.")
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option("--dask", default="", help="Address of a Dask scheduler, whose workers are used instead.")
@click.option(
    "--memory", type=int, default=SWEEP_MEMORY // 2**20, show_default=True, help="MiB for variants, a process."
)
@out_option
def sweep_command(
    data: Path | None, recipe_file: Path | None, out: Path, jobs: int, dask: str, memory: int, **options
) -> None:
    """Randomize layer sets at many doses and seeds, and write a row for each variant."""
    check_out(out)
    recipe = make_recipe(recipe_file, None, {name: options[name] for name in ("text", "label", "seed")})
    recipe = _with_plan(recipe, options)
    check_sweep_plan(recipe, recipe.sweep, recipe.model.layers)
    parallel.check_workers(jobs=jobs, dask=dask)
    reviews = load_reviews(data, recipe)
    recipe = with_file(recipe, data, reviews)
    split = prepare(recipe, reviews)
    check_sweep(recipe, split, memory=memory * 2**20)
    with progress_bar("Training") as progress:
        trained = train(recipe, split, progress=progress)
    rows, planned = [], recipe.sweep.count(recipe.model.layers)
    epochs = None if recipe.sweep.retrain else len(trained.history)
    try:
        with progress_bar("Variants") as progress:
            for row in sweep_rows(
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
            write_or_rescue(result.write, out)
    click.echo(tables.format_sweep(result, compute_baselines(split, recipe.training.objective)))
    click.echo(f"{len(rows):,} rows in {out}")


@cli.command("relearn")
@input_options
@click.option("--layers", multiple=True, help=LAYER_SETS)
@click.option("--schemes", multiple=True, help=f"Of {', '.join(SCHEMES)}, joined by commas.  [reinit, normal]")
@click.option("--doses", help="How many, evenly from 0 to 1, or a list of shares such as 0,0.1,0.5.  [6]")
@click.option("--seeds", type=int, help="Replicates.  [5]")
@click.option("--share", type=float, help="Of the original validation accuracy that is to be reached.  [0.95]")
@click.option("--epochs", type=int, help="After which it counts as never reached.  [100]")
@click.option("--seed", type=int, help="Of initial weights and training; the replicates' seeds start from it.")
@out_option
def relearn_command(data: Path | None, recipe_file: Path | None, out: Path, **options) -> None:
    """Randomize layer sets, train them again, and count the steps beside a model trained from scratch."""
    check_out(out)
    recipe = make_recipe(recipe_file, None, {name: options[name] for name in ("text", "label", "seed")})
    target = {"target_share": options["share"], "epochs": options["epochs"]}
    plan = _variants(options) | {name: value for name, value in target.items() if value is not None}
    recipe = Recipe.from_dict({"relearning": plan}, recipe)
    check_relearning(recipe)
    recipe, reviews, split, trained = _trained(recipe, data)
    rows, planned = [], recipe.relearning.sweep.count(recipe.model.layers)
    try:
        with progress_bar("Variants") as progress:
            for found in savings_slices(trained, split, recipe):
                rows += found
                progress(len(rows), planned)
    finally:  # what was done is kept, also where the user stops
        if rows:
            result = RelearningResult(recipe, (), tuple(rows), reviews.sha256, len(trained.history), planned)
            write_or_rescue(result.write, out)
    click.echo(tables.format_relearning(result, compute_baselines(split, recipe.training.objective)))
    click.echo(f"{len(rows):,} rows in {out}")


@cli.command("unlearn")
@input_options
@click.option("--forget-class", help="Forget all training reviews of this class.")
@click.option("--forget-share", type=float, help="Forget a random share of the training reviews.  [0.1]")
@click.option(
    "--forget-reviews", multiple=True, help="Forget reviews by their keys; may be repeated, or joined by ','."
)
@click.option("--methods", "names", multiple=True, help="Joined by commas.")
@click.option("--seeds", type=int, help="Replicates, each with an original and a retrained model.  [5]")
@click.option("--epochs", type=int, help="Of methods that train the original on.  [20]")
@click.option("--k", type=int, help="Last layers that EU-k and CF-k train.  [1]")
@click.option("--seed", type=int, help="Of initial weights and training; the replicates' seeds start from it.")
@out_option
def unlearn_command(data: Path | None, recipe_file: Path | None, out: Path, **options) -> None:
    """Forget a class, reviews or a share by several methods, and compare each with exact retraining."""
    check_out(out)
    recipe = make_recipe(recipe_file, None, {name: options[name] for name in ("text", "label", "seed")})
    recipe = _with_unlearning(recipe, options)
    check_unlearning(recipe, recipe.unlearning)
    reviews = load_reviews(data, recipe)
    recipe = with_file(recipe, data, reviews)
    split = prepare(recipe, reviews)
    make_forget_sets(split, recipe.forget)
    with progress_bar("Training") as progress:
        trained = train(recipe, split, progress=progress)
    unlearner = UnlearningRunner(trained, split, recipe)
    try:
        with progress_bar("Methods × seeds") as progress:
            for rows in unlearner.slices():
                if rows:
                    progress(len(unlearner.found), len(unlearner.planned))
    finally:  # what was done is kept, also where the user stops
        if unlearner.found:
            write_or_rescue(unlearner.result.write, out)
    click.echo(tables.format_unlearning(unlearner.result))
    click.echo(f"{len(unlearner.found):,} rows in {out}")


@cli.command("reproduce")
@click.option("--data", type=FILE, required=True, help="The original file of wine reviews.")
@click.option("--seeds", type=int, required=True, help="How many seeds to run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def reproduce_command(data: Path, seeds: int, as_json: bool) -> None:
    """Re-run the published experiment, and show its table beside what it hides."""
    reviews = read_reviews(data)
    with progress_bar("Seeds", quiet=as_json) as progress:
        summary = summarize_runs(reproduce(reviews, seeds, progress=progress))
    summary["data"] = {"sha256": reviews.sha256, "original_file": reviews.sha256 == ORIGINAL_SHA256}
    click.echo(as_json_text(summary) if as_json else tables.format_published(summary))


def _variants(options: dict) -> dict:
    """What the options of a sweep and of relearning have in common."""
    plan: dict = {}
    if options["layers"]:
        plan["layers"] = [names.replace(",", LAYER_SEPARATOR) for names in options["layers"]]
    for name in ("schemes", "units"):
        if options.get(name):
            plan[name] = split_names(options[name])
    if options["doses"] is not None:
        plan["doses"] = dose_list(options["doses"])
    return plan | {name: options[name] for name in ("seeds", "seed") if options[name] is not None}


def _with_plan(recipe: Recipe, options: dict) -> Recipe:
    """The recipe with the plan of a sweep that the options change."""
    plan = _variants(options) | ({"match": options["match"]} if options["match"] is not None else {})
    return Recipe.from_dict({"sweep": plan | ({"retrain": True} if options["retrain"] else {})}, recipe)


def _trained(recipe: Recipe, data: Path | None) -> tuple[Recipe, Reviews, Split, Trained]:
    """The recipe with its file, the reviews, their split, and the model that is trained on it."""
    reviews = load_reviews(data, recipe)
    recipe = with_file(recipe, data, reviews)
    split = prepare(recipe, reviews)
    with progress_bar("Training") as progress:
        return recipe, reviews, split, train(recipe, split, progress=progress)


def _with_unlearning(recipe: Recipe, options: dict) -> Recipe:
    """The recipe with what the options say is to be forgotten, and by which methods."""
    given = {
        "class": ("label", options["forget_class"]),
        "share": ("share", options["forget_share"]),
        "reviews": ("reviews", split_names(options["forget_reviews"]) if options["forget_reviews"] else None),
    }
    chosen = {by: value for by, value in given.items() if value[1] is not None}
    if len(chosen) > 1:
        raise RecipeError(
            f"Only one of --forget-class, --forget-share and --forget-reviews can be used; got {len(chosen)}. "
            "Leave out the others."
        )
    forget = {}
    for by, (name, value) in chosen.items():
        forget = Forget().to_dict() | {"by": by, name: value, "seed": recipe.forget.seed}
    settings = {"last_layers": options["k"]} | {name: options[name] for name in ("seeds", "seed", "epochs")}
    plan = {name: value for name, value in settings.items() if value is not None}
    if options["names"]:
        plan["methods"] = split_names(options["names"])
    return Recipe.from_dict({"forget": forget, "unlearning": plan}, recipe)


def _name_methods() -> None:
    """List all methods in the help, those of one's own too, which are known only now."""
    option = next(option for option in unlearn_command.params if option.name == "names")
    option.help = f"Of {', '.join(METHODS)}, joined by commas.  [all built in]"


def main() -> None:
    """Entry point: bad input ends with exit status 2 and one line on standard error."""
    pin_threads()
    # Where nearly every review is its own class, as in the published protocol, scikit-learn suspects a regression.
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it becomes one line
    try:
        load_custom_methods()
        _name_methods()
        cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except (ForgettingError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo("Error: " + " ".join(message.split()), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
