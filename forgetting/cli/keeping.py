"""What a command keeps of what it has computed, where it is asked to: an experiment that the app opens, and runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from forgetting.cli.mlflow_logging import log_runs_to_mlflow
from forgetting.cli.options import read_start, write_or_rescue
from forgetting.cli.output import say
from forgetting.cli.run_logging import log_runs
from forgetting.core.files import file_title, write_atomically
from forgetting.paper.material import Material
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.experiment_check import describe_lacks, describe_reproduction, match_results
from forgetting.tracking.experiment_file import (
    ExperimentFile,
    ExperimentResult,
    current_versions,
    experiment_bytes,
    is_experiment,
    read_experiment,
    same_experiment,
)
from forgetting.tracking.page_state import find_page
from forgetting.tracking.run import Run


def keep_runs(
    make_runs: Callable[[], Sequence[Run]],
    make_material: Callable[[], Material] | None,
    recipe: Recipe,
    options: dict,
    model: str = "",
) -> None:
    """Keep what a command has computed, as its options ask for.

    Args:
        make_runs: Makes the runs, the last of which is what the command shows; called where anything is kept.
        make_material: Makes what the model, the charts and the report in MLflow are of; None for no model of ours.
        recipe: The recipe, with the name and the SHA-256 of its file.
        options: Values of `experiment_file` and `mlflow_uri`, None where not given, and `log_run`.
        model: See `ExperimentFile`.

    Raises:
        RecipeError: It cannot be written, or logged.
        StoreError: The runs cannot be stored.
    """
    opened, mlflow_uri = _opened_experiment(recipe), options.get("mlflow_uri")
    asked = options.get("experiment_file") is not None or options.get("log_run") or mlflow_uri is not None
    if not asked and opened is None:
        return
    runs = make_runs()
    if opened:
        _say_reproduced(opened, runs)
    if options.get("experiment_file") is not None:
        _save_experiment(runs, recipe, options["experiment_file"], model)
    if options.get("log_run"):
        log_runs(runs)
    if mlflow_uri is not None:
        log_runs_to_mlflow(runs, mlflow_uri, make_material)


def _save_experiment(runs: Sequence[Run], recipe: Recipe, path: Path, model: str) -> None:
    page, tab = find_page(runs[-1].kind)
    experiment = ExperimentFile(
        recipe=recipe,
        data_name=runs[-1].data_name,
        data_sha256=runs[-1].data_sha256,
        page=page,
        tab=tab,
        model=model,
        versions=current_versions(),
        results=tuple(map(ExperimentResult.of_run, runs)),
    )
    write_or_rescue(lambda place: write_atomically(place, experiment_bytes(experiment)), path)


def _opened_experiment(recipe: Recipe) -> ExperimentFile | None:
    """The experiment that --recipe names, where no other option has changed its recipe."""
    path = click.get_current_context().params.get("recipe_file")
    content = b"" if path is None else read_start(path)
    if not is_experiment(content):
        return None
    experiment = read_experiment(content, file_title(path))
    return experiment if same_experiment(recipe, experiment.recipe) else None


def _say_reproduced(experiment: ExperimentFile, runs: Sequence[Run]) -> None:
    """Say on standard error what differs from an experiment, and whether its numbers are those that were computed."""
    sentences = describe_lacks(experiment, runs[-1].data_sha256, current_versions())
    pairs = match_results(experiment, list(map(ExperimentResult.of_run, runs)))
    sentences += [describe_reproduction(file, found)[1] for file, found in pairs if found]
    for sentence in sentences:
        say(sentence, err=True)
