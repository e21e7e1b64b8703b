"""What a command keeps of what it has computed, where it is asked to: an experiment that the app opens."""

from collections.abc import Callable, Sequence

from forgetting.cli.options import write_or_rescue
from forgetting.core.files import write_atomically
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.code import find_page
from forgetting.tracking.experiment_file import ExperimentFile, ExperimentResult, current_versions, experiment_bytes
from forgetting.tracking.run import Run


def keep_runs(make_runs: Callable[[], Sequence[Run]], recipe: Recipe, options: dict, model: str = "") -> None:
    """Keep what a command has computed, as its options ask for.

    Args:
        make_runs: Makes the runs, the last of which is what the command shows; called where anything is kept.
        recipe: The recipe, with the name and the SHA-256 of its file.
        options: Values of `experiment_file`; None where not given.
        model: See `ExperimentFile`.

    Raises:
        RecipeError: It cannot be written.
    """
    if options.get("experiment_file") is None:
        return
    runs = make_runs()
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
    write_or_rescue(lambda path: write_atomically(path, experiment_bytes(experiment)), options["experiment_file"])
