"""The commands: what each takes, and the call of the library that carries it out.

Neither reading of options and files nor tables belong here.
"""

import logging
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import click

from forgetting.cli import tables
from forgetting.cli.keeping import keep_runs
from forgetting.cli.mlflow_logging import mlflow_option
from forgetting.cli.options import (
    FILE,
    JSON_HELP,
    as_json_text,
    check_out,
    check_save,
    describe_offer,
    forget_options,
    forget_settings,
    input_options,
    make_recipe,
    out_option,
    plan_settings,
    randomization_options,
    study_recipe,
    write_or_rescue,
)
from forgetting.cli.output import say
from forgetting.cli.page_commands import data_command, robustness_command, similarity_command
from forgetting.cli.paper_commands import notebook_command, report_command
from forgetting.cli.predict import predict_command
from forgetting.cli.run_details import compute_details, detail_options, format_details, plain_details
from forgetting.cli.run_logging import log_option
from forgetting.cli.runs import digest_of_source, runs_command
from forgetting.cli.study_source import load_study
from forgetting.cli.work import Studied, compute_rows, describe_loaded, show_rows, train_model
from forgetting.core import parallel
from forgetting.core.errors import ForgettingError
from forgetting.core.files import file_title
from forgetting.core.limits import describe_limits
from forgetting.core.seeding import pin_threads
from forgetting.data.original import ORIGINAL_SHA256
from forgetting.data.tables import read_reviews
from forgetting.experiment.pipeline import make_result
from forgetting.experiment.published import rerun_published, summarize_runs
from forgetting.experiment.reproduction import Reproduction, ReproductionSummary
from forgetting.experiment.results import Trained
from forgetting.experiment.saved import SavedModel, save_model
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.model.split import Split
from forgetting.paper.material import Material
from forgetting.randomization.patterns import FAMILIES
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.forget import Unlearning
from forgetting.recipe.plans import Sweep
from forgetting.recipe.recipe import PROTOCOLS, PUBLISHED, Recipe
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_count
from forgetting.reporting.relearning import describe_relearning
from forgetting.studies.explanation import check_explanation, count_explanations, explanation_slices
from forgetting.studies.explanation_rows import ExplanationResult
from forgetting.studies.memory import leaves_one_model
from forgetting.studies.relearning import RUNS, RelearningResult, learning_curve_slices
from forgetting.studies.savings import savings_slices
from forgetting.studies.study import prepare_study
from forgetting.studies.sweep import SWEEP_MEMORY, SweepResult, check_sweep, check_sweep_plan, sweep_slices
from forgetting.studies.time_to_target import check_relearning
from forgetting.tracking.run import Run
from forgetting.tracking.run_records import comparison_run, own_model_run, reproduction_run, training_run
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.layer_choice import check_layer_choice
from forgetting.unlearning.runner import UnlearningRunner, check_unlearning
from forgetting.unlearning.task import METHODS, load_custom_methods

LAYERS_HELP = (
    f"A layer set, such as fc1, fc1,fc2 or blocks.*.attention, or one of {', '.join(FAMILIES)}, alone or of the "
    "modules of a pattern (each:blocks.*); may be repeated.  [each, all]"
)
DOSES_HELP = "Fractions randomized: how many, evenly from 0 to 1, or a list such as 0,0.1,0.5 or 1, (one).  "
SCHEMES_HELP = f"One or more of {', '.join(SCHEMES)}, joined by commas.  [reinit, normal]"
SEED_HELP = "Seed of the initial weights and of training; the replicates' seeds start from it."


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Randomize a network's layers, and measure what it forgets."""


for command in (
    data_command,
    robustness_command,
    similarity_command,
    predict_command,
    runs_command,
    report_command,
    notebook_command,
):
    cli.add_command(command)


@cli.command("run")
@input_options
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Recipe to start from.  [modern]")
@randomization_options
@click.option("--seed", type=int, help="Seed of the initial weights, training and randomizing, but not of the split.")
@click.option("--save", type=FILE, help="File to save the trained model to: .safetensors, for --model.")
@detail_options
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def run_command(
    data: Path | None,
    saved: SavedModel | None,
    recipe_file: Path | None,
    protocol: str | None,
    save: Path | None,
    as_json: bool,
    **options,
) -> None:
    """Train, randomize, and compare before and after."""
    check_save(save)
    recipe = make_recipe(recipe_file, protocol, options, saved)
    recipe, split, trained = train_model(recipe, data, saved, quiet=as_json)
    if save:
        write_or_rescue(lambda path: save_model(path, recipe, split, trained), save)
    result = make_result(recipe, split, trained)
    details = compute_details(result, split, options)
    if as_json:
        say(as_json_text(result.to_dict() | plain_details(details)))
    else:
        say(tables.format_run(result) + format_details(details))
    digest = saved.digest if saved else ""

    def make_runs() -> list[Run]:
        baselines = result.baselines
        original = training_run(recipe, split, trained, baselines, digest=digest)
        return [original, comparison_run(recipe, split, trained, result.comparison, baselines, digest=digest)]

    def make_material() -> Material:
        return replace(Material.of_result(result, split), model=describe_loaded(saved))

    keep_runs(make_runs, make_material, recipe, options, describe_loaded(saved))


@cli.command("sweep")
@input_options
@click.option("--layers", multiple=True, help=LAYERS_HELP)
@click.option("--schemes", multiple=True, help=SCHEMES_HELP)
@click.option("--units", multiple=True, help=f"One or more of {', '.join(UNITS)}, joined by commas.  [weight]")
@click.option("--doses", help=f"{DOSES_HELP}[21]")
@click.option("--seeds", type=int, help="Number of replicates.  [10]")
@click.option("--splits", type=int, help="Number of splits of the reviews, each with a model of its own.  [1]")
@click.option("--match", help="Whether fractions are of units (dose), or ‖ΔW‖ / ‖W‖ (change).  [dose]")
@click.option("--retrain", is_flag=True, default=None, help="Train another model for each seed.")
@forget_options
@click.option("--seed", type=int, help=SEED_HELP)
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option("--dask", default="", help="Address of a Dask scheduler, whose workers compute the replicates instead.")
@click.option("--memory", type=int, default=SWEEP_MEMORY // 2**20, show_default=True, help="MiB for each process.")
@out_option
def sweep_command(
    data: Path | None,
    saved: SavedModel | None,
    recipe_file: Path | None,
    out: Path,
    jobs: int,
    dask: str,
    memory: int,
    **options,
) -> None:
    """Randomize layer sets at many fractions and seeds, and write a row for each variant.

    Where a forget set is named, the rows also have what is lost of it and of the retain set, and layer sets are ranked
    by that: which layer to unlearn in.
    """
    check_out(out)
    plan = plan_settings(options, seeds="seeds", seed="seed", splits="splits", match="match", retrain="retrain")
    forget = forget_settings(options)
    recipe = study_recipe(recipe_file, options, saved, sweep=plan, forget=forget)
    check_sweep_plan(recipe, recipe.sweep, recipe.model.layers)
    parallel.check_workers(jobs=jobs, dask=dask)
    budget = memory * 2**20

    def measured(recipe: Recipe, split: Split) -> Split:
        if not forget:
            return split
        sets = make_forget_sets(split, recipe.forget)
        check_layer_choice(recipe.sweep, sets)
        return sets.measured_in(split)

    recipe, split, trained = train_model(
        recipe, data, saved, lambda recipe, split: check_sweep(recipe, measured(recipe, split), memory=budget)
    )
    split = measured(recipe, split)
    epochs = None if recipe.sweep.retrain else len(trained.history)
    planned = recipe.sweep.count(recipe.model.layers)

    def make_result(rows: list) -> SweepResult:
        return SweepResult(recipe.sweep, tuple(rows), recipe, split.reviews.sha256, epochs, planned)

    rows = sweep_slices(
        trained.model,
        split,
        recipe.sweep,
        recipe=recipe,
        initial=trained.initial,
        jobs=jobs,
        dask=dask,
        memory=budget,
    )
    result = compute_rows("Variants", rows, planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    hollow = bool(studied.hollow)
    table = tables.format_sweep(result, baselines, hollow=hollow)
    if forget:
        table = "\n\n".join([table, *tables.format_layer_choice(result)])
    show_rows("layer_choice" if forget else recipe.sweep.match, table, result, studied)


@cli.command("study")
@click.argument("source", metavar="MODULE:FUNCTION")
@click.option("--layers", multiple=True, help=LAYERS_HELP)
@click.option("--schemes", multiple=True, help=SCHEMES_HELP)
@click.option("--units", multiple=True, help=f"One or more of {', '.join(UNITS)}, joined by commas.  [weight]")
@click.option("--doses", help=f"{DOSES_HELP}[21]")
@click.option("--seeds", type=int, help="Number of replicates.  [10]")
@click.option("--match", help="Whether fractions are of units (dose), or ‖ΔW‖ / ‖W‖ (change).  [dose]")
@click.option("--seed", type=int, help="Seed of the first replicate.  [0]")
@click.option("--metric", help="The number that forgetting is of.  [accuracy]")
@click.option("--chance", type=float, help="The metric's value at chance.  [1 / classes]")
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option("--dask", default="", help="Address of a Dask scheduler, whose workers compute the replicates instead.")
@log_option
@mlflow_option
@out_option
def study_command(
    source: str, out: Path, jobs: int, dask: str, metric: str | None, chance: float | None, **options
) -> None:
    """Randomize layer sets of a model of your own, and write a row for each variant.

    The function of your file is called without arguments. It gives (model, evaluate), or a dictionary with these and,
    if you like, initial, rebuild, settle, stages, metric and chance, which the help of `forgetting.study` explains.
    """
    check_out(out)
    plan = Sweep.from_dict(plan_settings(options, seeds="seeds", seed="seed", match="match"))
    parallel.check_workers(jobs=jobs, dask=dask)
    arguments = load_study(source)
    given = {"metric": metric, "chance": chance}
    work = prepare_study(**arguments | {name: value for name, value in given.items() if value is not None}, plan=plan)
    result = compute_rows("Variants", work.slices(jobs, dask), work.empty.planned, work.result, out)
    say(tables.format_study(result))
    say(f"{format_count(len(result.rows), 'row')} in {out}")
    keep_runs(lambda: [own_model_run(result, source, digest_of_source(source))], None, Recipe(sweep=plan), options)


@cli.command("explain")
@input_options
@click.option("--methods", multiple=True, help=f"One or more of {', '.join(ATTRIBUTIONS)}, joined by commas.  [all]")
@click.option("--layers", multiple=True, help=LAYERS_HELP.replace("[each, all]", "[down, each]"))
@click.option("--scheme", help=f"One of {', '.join(SCHEMES)}.  [reinit]")
@click.option("--doses", help=f"{DOSES_HELP}[21]")
@click.option("--seeds", type=int, help="Number of replicates.  [5]")
@click.option("--top", type=int, help="k of the overlap of the k strongest words.  [5]")
@click.option("--seed", type=int, help=SEED_HELP)
@click.option("--jobs", type=int, default=1, show_default=True, help="Processes; -1 for one a core.")
@click.option("--dask", default="", help="Address of a Dask scheduler, whose workers compute the replicates instead.")
@out_option
def explain_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, out: Path, jobs: int, dask: str, **options
) -> None:
    """Randomize layer sets, and measure how far explanations of reviews change with the model."""
    check_out(out)
    plan = plan_settings(options, scheme="scheme", seeds="seeds", top="top", seed="seed")
    if (methods := plan.pop("methods", None)) is not None:
        plan["attributions"] = methods
    recipe = study_recipe(recipe_file, options, saved, explanation=plan)
    check_explanation(recipe, recipe.explanation, recipe.model.layers)
    parallel.check_workers(jobs=jobs, dask=dask)
    recipe, split, trained = train_model(recipe, data, saved)
    planned = count_explanations(trained.model, recipe.explanation)

    def make_result(rows: list) -> ExplanationResult:
        return ExplanationResult(
            recipe.explanation,
            tuple(rows),
            recipe,
            split.reviews.sha256,
            len(trained.history),
            planned,
            recipe.model.layers,
        )

    rows = explanation_slices(
        trained.model, split, recipe.explanation, recipe=recipe, initial=trained.initial, jobs=jobs, dask=dask
    )
    result = compute_rows("Comparisons", rows, planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective, svc_limit=0)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    table = tables.format_explanation(result, baselines, hollow=bool(studied.hollow))
    show_rows("explanation", table, result, studied)


@cli.command("relearn")
@input_options
@click.option("--layers", multiple=True, help=LAYERS_HELP)
@click.option("--schemes", multiple=True, help=SCHEMES_HELP)
@click.option("--doses", help=f"{DOSES_HELP}[6]")
@click.option("--seeds", type=int, help="Number of replicates.  [5]")
@click.option("--share", type=float, help="Target accuracy, as a share of the original validation accuracy.  [0.95]")
@click.option("--epochs", type=int, help="Epochs after which the target counts as never reached.  [100]")
@click.option("--splits", type=int, help="Number of splits of the reviews, each with models of its own.  [1]")
@click.option(
    "--retrain/--one-model",
    default=None,
    help="Whether each seed has an original of its own, or all randomize one.  [retrain]",
)
@click.option("--seed", type=int, help=SEED_HELP)
@click.option("--curves", is_flag=True, help="Learning curves of the recipe's randomization, instead of savings.")
@out_option
def relearn_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, out: Path, curves: bool, **options
) -> None:
    """Randomize layer sets, train them again, and count the steps beside a model trained from scratch."""
    check_out(out)
    names = {name: name for name in ("seeds", "seed", "epochs", "splits", "retrain")}
    plan = plan_settings(options, **names, share="target_share")
    recipe = study_recipe(recipe_file, options, saved, relearning=plan)
    check_relearning(recipe)
    recipe, split, trained = train_model(recipe, data, saved)
    if curves:
        _show_learning_curves(recipe, split, trained, out, saved, options)
        return
    planned = recipe.relearning.count(recipe.model.layers)

    def make_result(rows: list) -> RelearningResult:
        return RelearningResult(recipe, (), tuple(rows), split.reviews.sha256, len(trained.history), planned)

    rows = savings_slices(trained, split, recipe)
    result = compute_rows("Variants", rows, planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    table = tables.format_relearning(result, baselines, hollow=bool(studied.hollow))
    show_rows("savings", table, result, studied)


def _show_learning_curves(
    recipe: Recipe, split: Split, trained: Trained, out: Path, saved: SavedModel | None, options: dict
) -> None:
    plan, randomization = recipe.relearning, recipe.randomization
    planned, slices = RUNS * plan.splits * plan.seeds, learning_curve_slices(trained, split, recipe)

    def make_result(curves: list) -> RelearningResult:
        return RelearningResult(recipe, tuple(curves), (), split.reviews.sha256, len(trained.history), planned)

    result = compute_rows("Training runs", slices, planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    hollow = bool(studied.hollow)
    sentence = describe_relearning(
        result.learning_curves,
        result.outcomes,
        describe_randomization(randomization, recipe.model.layers),
        baselines,
        same_model=leaves_one_model(randomization.scheme, randomization.fraction),
        hollow=hollow,
    )
    show_rows("learning_curves", sentence, result, studied)


@cli.command("unlearn")
@input_options
@forget_options
@click.option("--methods", multiple=True)
@click.option("--seeds", type=int, help="Number of replicates, each with an original and a retrained model.  [5]")
@click.option("--epochs", type=int, help="Epochs of the methods that train the original on.  [20, of a Transformer 5]")
@click.option("--k", type=int, help="Number of last layers that EU-k and CF-k train.  [1]")
@click.option("--seed", type=int, help=SEED_HELP)
@out_option
def unlearn_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, out: Path, **options
) -> None:
    """Forget a class, reviews or a share by several methods, and compare each with exact retraining.

    Where no forget set is named, it is that of the recipe: a share of 0.1.
    """
    check_out(out)
    plan = plan_settings(options, seeds="seeds", seed="seed", epochs="epochs", k="last_layers")
    recipe = study_recipe(recipe_file, options, saved, forget=forget_settings(options), unlearning=plan)
    check_unlearning(recipe, recipe.unlearning)

    def check(recipe: Recipe, split: Split) -> None:
        make_forget_sets(split, recipe.forget)

    recipe, split, trained = train_model(recipe, data, saved, check)
    runner = UnlearningRunner(trained, split, recipe)
    rows, planned = runner.slices(), len(runner.planned)
    result = compute_rows("Methods × seeds", rows, planned, lambda _: runner.result, out)
    baselines = compute_baselines(split, recipe.training.objective, svc_limit=0)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    show_rows("unlearning", tables.format_unlearning(result), result, studied)


@cli.command("reproduce")
@click.option("--data", type=FILE, required=True, help="The original file of wine reviews.")
@click.option("--seeds", type=int, required=True, help="How many seeds to run.")
@click.option("--out", type=FILE, help="File for the metrics of each re-run by epoch: .csv, .parquet or .json.")
@click.option("--table", type=FILE, help="File for the published table beside the re-runs: .csv, .parquet or .json.")
@log_option
@mlflow_option
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def reproduce_command(data: Path, seeds: int, out: Path | None, table: Path | None, as_json: bool, **options) -> None:
    """Re-run the published experiment, and show its table beside what it hides."""
    for option, file in (("--out", out), ("--table", table)):
        if file:
            check_out(file, option)
    reviews = read_reviews(data, missing=(), fold_labels=False)
    file = {"source": "file", "file": file_title(data), "sha256": reviews.sha256}
    recipe = Recipe.from_dict({"data": file}, PUBLISHED)
    reruns = ([rerun] for rerun in rerun_published(reviews, seeds))
    result = compute_rows(
        "Seeds", reruns, seeds, lambda rows: Reproduction(tuple(rows), recipe, reviews.sha256), out, quiet=as_json
    )
    if table:
        write_or_rescue(ReproductionSummary(result.reruns, recipe, reviews.sha256).write, table)
    summary = summarize_runs(result.reruns)
    summary["data"] = {"sha256": reviews.sha256, "original_file": reviews.sha256 == ORIGINAL_SHA256}
    say(as_json_text(summary) if as_json else tables.format_published(summary))
    keep_runs(lambda: [reproduction_run(result.reruns, reviews.sha256)], None, recipe, options)


@cli.command("limits")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def limits_command(as_json: bool) -> None:
    """Show the limits in force; the environment variable FORGETTING_LIMITS changes them."""
    limits = describe_limits()
    values = {name: {"value": value, "meaning": meaning} for name, (value, meaning) in limits.items()}
    say(as_json_text(values) if as_json else tables.format_limits(limits))


def main() -> None:
    """Run the command line: bad input ends with exit status 2 and one line on standard error."""
    pin_threads()
    # Where nearly every review is its own class, as in the published protocol, scikit-learn suspects a regression.
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters in its log becomes one line
    try:
        load_custom_methods()
        methods = next(option for option in unlearn_command.params if option.name == "methods")
        asked = ", ".join(name for name in METHODS if name not in Unlearning().methods)
        methods.help = f"One or more of {', '.join(METHODS)}, joined by commas.  [all but {asked}]"
        cli.main(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        say(error.format_message(), err=True)
        sys.exit(2)
    except (ForgettingError, click.ClickException) as error:
        message = (
            error.format_message() if isinstance(error, click.ClickException) else f"{error}{describe_offer(error)}"
        )
        say("Error: " + " ".join(message.split()), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)
