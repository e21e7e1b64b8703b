"""The commands that write an experiment for a paper: a report of it, and a notebook that computes it anew."""

from pathlib import Path

import click

from forgetting.cli.options import (
    FILE,
    check_file,
    input_options,
    load_reviews,
    make_recipe,
    progress_bar,
    randomization_options,
    split_names,
    write_or_rescue,
)
from forgetting.cli.output import say
from forgetting.cli.work import describe_loaded, train_model
from forgetting.core.files import write_atomically
from forgetting.experiment.saved import SavedModel
from forgetting.recipe.recipe import PROTOCOLS

STUDY_HELP = (
    "A study with the recipe's plan: dose, change, robustness, layer_choice, explanation, similarity, learning_curves, "
    "savings or unlearning; may be repeated, or joined by commas."
)


def _paper_options(command):
    """Add the options that both commands have."""
    for option in (
        click.option("--study", "studies", multiple=True, help=STUDY_HELP),
        click.option("--seed", type=int, help="Seed of the initial weights, training and randomizing."),
        randomization_options,
        click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Recipe to start from.  [modern]"),
        input_options,
    ):
        command = option(command)
    return command


@click.command("report")
@_paper_options
@click.option("--out", type=FILE, required=True, help="File of the report: .html or .pdf.")
def report_command(
    data: Path | None,
    saved: SavedModel | None,
    recipe_file: Path | None,
    protocol: str | None,
    studies: tuple[str, ...],
    out: Path,
    **options,
) -> None:
    """Train, randomize, run studies, and write a report of it, with methods text and references.

    It opens offline, runs nothing, and holds no text of a review.
    """
    from forgetting.paper.collect import check_kinds, collect_material
    from forgetting.paper.report import REPORT_KINDS, make_report, report_bytes

    check_file("--out", out, REPORT_KINDS)
    recipe = make_recipe(recipe_file, protocol, options, saved)
    kinds = check_kinds(recipe, split_names(studies))
    recipe, split, trained = train_model(recipe, data, saved)
    material = collect_material(recipe, split, trained, kinds, progress_of=progress_bar, model=describe_loaded(saved))
    content = report_bytes(make_report(material), out.suffix.removeprefix(".").lower())
    write_or_rescue(lambda path: write_atomically(path, content), out)
    say(f"The report is in {out}")


@click.command("notebook")
@_paper_options
@click.option("--out", type=FILE, required=True, help="File of the notebook: .ipynb.")
def notebook_command(
    data: Path | None,
    saved: SavedModel | None,
    recipe_file: Path | None,
    protocol: str | None,
    studies: tuple[str, ...],
    out: Path,
    **options,
) -> None:
    """Write a Jupyter notebook that trains, randomizes and runs studies, and shows what a report shows."""
    from forgetting.paper.collect import check_kinds
    from forgetting.paper.notebook import notebook_bytes

    check_file("--out", out, ("ipynb",))
    recipe, _ = load_reviews(data, make_recipe(recipe_file, protocol, options, saved))
    kinds = check_kinds(recipe, split_names(studies))
    content = notebook_bytes(recipe, dict.fromkeys(kinds, recipe), model=describe_loaded(saved))
    write_or_rescue(lambda path: write_atomically(path, content), out)
    say(f"The notebook is in {out}")
