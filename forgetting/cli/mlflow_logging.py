"""The option that logs what a command computes to MLflow, with the model, the charts and the report."""

import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from forgetting.cli.output import say
from forgetting.core.errors import RecipeError
from forgetting.paper.material import Material
from forgetting.tracking.mlflow_log import INSTALL_MLFLOW, log_to_mlflow
from forgetting.tracking.run import RUN_TITLES, Run

SQLITE = "sqlite:///"  # begins the URI of a database that is a file


def _check_place(context: click.Context, option: click.Parameter, uri: str | None) -> str | None:  # noqa: ARG001
    """Refuse before anything is computed."""
    if uri is not None and importlib.util.find_spec("mlflow") is None:
        raise RecipeError(f"--mlflow needs MLflow, which is not installed. Install it: {INSTALL_MLFLOW}.")
    if uri is not None and uri.startswith(SQLITE):
        folder = Path(uri.removeprefix(SQLITE)).absolute().parent
        if not (folder.is_dir() and os.access(folder, os.W_OK)):  # MLflow would try to open it for hours
            raise RecipeError(
                f"--mlflow must name a database in a folder that can be written to; got {uri!r}. Make the folder, or "
                "name another one."
            )
    return uri


mlflow_option = click.option(
    "--mlflow",
    "mlflow_uri",
    is_flag=False,
    flag_value="",
    metavar="[URI]",
    callback=_check_place,
    help="Log what is computed to MLflow: to a folder, a database or a server.  [a database in the working folder]",
)


def log_runs_to_mlflow(runs: Sequence[Run], uri: str, make_material: Callable[[], Material] | None = None) -> None:
    """Log runs to MLflow, and say so on standard error.

    Args:
        runs: The runs, the last of which is what the command shows; the one before is of the model's training.
        uri: Where to; "" for the default.
        make_material: Makes what the model, the charts and the report are of; None where there is no model of ours.

    Raises:
        RecipeError: They cannot be logged there.
    """
    from forgetting.paper.report_files import report_files  # which imports what draws charts

    material = make_material and make_material()
    model = _model_file(material) if material else b""
    for run in runs:
        files = dict(report_files(material)) if material and run is runs[-1] else {}
        of_model = model if run is runs[0] else b""
        identifier = log_to_mlflow(run, model=of_model, files=files, tracking_uri=uri or None)
        say(f"Logged to MLflow as run {identifier} ({RUN_TITLES[run.kind]}).", err=True)


def _model_file(material: Material) -> bytes:
    from forgetting.experiment.saved import model_bytes

    try:
        return model_bytes(material.recipe, material.split, material.trained)
    except RecipeError as error:  # as its training diverged
        say(f"The model is not logged: {error}", err=True)
        return b""
