"""What the commands do alike: train or load a model, compute the rows of a study, and show them.

What a command computes, and its options, do not belong here.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from forgetting.cli.keeping import keep_runs
from forgetting.cli.options import load_reviews, progress_bar, write_or_rescue
from forgetting.cli.output import say
from forgetting.experiment.export import TableResult
from forgetting.experiment.pipeline import prepare, train
from forgetting.experiment.results import Trained
from forgetting.experiment.saved import SavedModel
from forgetting.metrics.baselines import Baselines, compute_baselines
from forgetting.metrics.scores import evaluate
from forgetting.model.split import Split
from forgetting.paper.material import Material
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_hollow
from forgetting.reporting.formatting import format_count
from forgetting.tracking.code import describe_loaded_file
from forgetting.tracking.run import Run
from forgetting.tracking.run_records import study_run, training_run


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
    label: str,
    slices: Iterable[list],
    planned: int,
    make_result: Callable[[list], TableResult],
    out: Path | None,
    *,
    quiet: bool = False,
) -> TableResult:
    """The result of a study, whose rows are written also where workers are lost or the user stops."""
    rows: list = []
    try:
        with progress_bar(label, quiet=quiet) as progress:
            for found in slices:
                rows += found
                if progress:
                    progress(len(rows), planned)
    finally:
        if rows and out:
            write_or_rescue(make_result(rows).write, out)
    return make_result(rows)


@dataclass(frozen=True, eq=False)
class Studied:
    """What a study was of, and where its rows went.

    Attributes:
        recipe: The recipe, with its file.
        split: The reviews.
        trained: The original.
        baselines: The baselines on the split.
        saved: The saved model that the original is from; None where it was trained.
        out: The file of the rows.
        options: See `keep_runs`.
    """

    recipe: Recipe
    split: Split
    trained: Trained
    baselines: Baselines
    saved: SavedModel | None
    out: Path
    options: dict

    @cached_property
    def hollow(self) -> str:
        """Why the original has nothing to forget, "" where it has."""
        scores = evaluate(self.trained.model, self.split.validation, self.recipe.training.objective)
        return describe_hollow(scores, self.baselines)


def show_rows(kind: str, table: str, result: TableResult, studied: Studied) -> None:
    """Show a study's table, and before anything else where its original has nothing to forget; keep what is asked for.

    Args:
        kind: The kind of the study, one of RUN_KINDS.
        table: The table.
        result: The result.
        studied: What it was of.
    """
    if studied.hollow:
        say(f"{studied.hollow}\n")
    say(table)
    say(f"{format_count(len(result.export()[0]), 'row')} in {studied.out}")
    recipe, split, trained, saved = studied.recipe, studied.split, studied.trained, studied.saved
    digest = saved.digest if saved else ""

    def make_runs() -> list[Run]:
        baselines = compute_baselines(split, recipe.training.objective)  # all of them, as runs of the app have them
        original = training_run(recipe, split, trained, baselines, digest=digest)
        return [original, study_run(kind, result, trained, baselines, digest=digest, hollow=bool(studied.hollow))]

    def make_material() -> Material:
        return Material(recipe, split, trained, studied.baselines, studies={kind: result}, model=describe_loaded(saved))

    keep_runs(make_runs, make_material, recipe, studied.options, describe_loaded(saved))


def describe_loaded(saved: SavedModel | None) -> str:
    """What tells a loaded model from the one that its recipe trains, as the end of a sentence; "" for none."""
    return describe_loaded_file(saved.digest) if saved else ""
