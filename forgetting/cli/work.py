"""What the commands do alike: train or load a model, compute the rows of a study, and show them.

What a command computes, and its options, do not belong here.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import click

from forgetting.cli.options import load_reviews, progress_bar, write_or_rescue
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.results import Trained
from forgetting.experiment.saved import SavedModel
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.scores import evaluate
from forgetting.model.split import Split
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_hollow
from forgetting.reporting.formatting import format_count


def train_model(
    recipe: Recipe,
    data: Path | None,
    saved: SavedModel | None,
    check: Callable[[Recipe, Split], object] | None = None,
    *,
    quiet: bool = False,
) -> tuple[Recipe, Split, Trained]:
    """The recipe with its file, the split of that file, and the trained or saved model.

    Args:
        recipe: the recipe.
        data: the file of reviews; None for the recipe's.
        saved: a saved model, which is not trained again.
        check: raises before anything is trained.
        quiet: whether no progress is shown.
    """
    recipe, reviews = load_reviews(data, recipe)
    split = prepare(recipe, reviews)
    if check:
        check(recipe, split)
    if saved:
        return recipe, split, saved.restore(split)
    with progress_bar("Training", quiet=quiet) as progress:
        return recipe, split, train(recipe, split, progress=progress)


def compute_rows(
    label: str, slices: Iterable[list], planned: int, make_result: Callable[[list], TableResult], out: Path
) -> TableResult:
    """The result of a study, whose rows are written also where workers are lost or the user stops."""
    rows: list = []
    try:
        with progress_bar(label) as progress:
            for found in slices:
                rows += found
                progress(len(rows), planned)
    finally:
        if rows:
            write_or_rescue(make_result(rows).write, out)
    return make_result(rows)


def show_rows(table: str, result: TableResult, out: Path, trained: Trained, split: Split, baselines: Baselines) -> None:
    """Show a study's table, and before anything else where its original has nothing to forget."""
    if hollow := find_hollow(result, trained, split, baselines):
        click.echo(f"{hollow}\n")
    click.echo(table)
    click.echo(f"{format_count(len(result.export()[0]), 'row')} in {out}")


def find_hollow(result: TableResult, trained: Trained, split: Split, baselines: Baselines) -> str:
    """Why a study's original has nothing to forget, "" where it has."""
    return describe_hollow(evaluate(trained.model, split.validation, result.recipe.training.objective), baselines)
