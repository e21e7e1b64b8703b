"""What the commands share: their common options, and how they read recipes and reviews and show progress."""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from forgetting.core.errors import RecipeError, shorten
from forgetting.core.files import file_format
from forgetting.data.download import fetch_wine_reviews
from forgetting.data.reviews import Reviews
from forgetting.data.sample import load_sample
from forgetting.data.tables import read_reviews
from forgetting.experiment.export import TABLE_FORMATS
from forgetting.experiment.pipeline import Progress
from forgetting.experiment.results import to_plain
from forgetting.recipe.plans import even_doses
from forgetting.recipe.recipe import Recipe

FILE = click.Path(path_type=Path)


def input_options(command: Callable) -> Callable:
    """The options that say which reviews and which recipe."""
    for option in (
        click.option("--recipe", "recipe_file", type=FILE, help="Recipe as JSON; the other options change it."),
        click.option("--label", help="Column of the labels; without it the likely one."),
        click.option("--text", help="Column of the texts; without it the likely one."),
        click.option("--data", type=FILE, help="File of reviews; without it the synthetic sample."),
    ):
        command = option(command)
    return command


out_option = click.option("--out", type=FILE, required=True, help="File for the rows: .csv, .parquet or .json.")


def make_recipe(recipe_file: Path | None, protocol: str | None, options: dict) -> Recipe:
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
        "data": {f"{name}_column": given[name] for name in ("text", "label") if name in given},
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


def load_reviews(data: Path | None, recipe: Recipe) -> Reviews:
    if data is None and recipe.data.source == "file":
        raise RecipeError(f"The recipe is for the file {recipe.data.file!r}: name it with --data.")
    if data is None:
        return fetch_wine_reviews() if recipe.data.source == "original" else load_sample()
    return read_reviews(data, text=recipe.data.text_column or None, label=recipe.data.label_column or None)


@contextmanager
def progress_bar(label: str, *, quiet: bool = False) -> Iterator[Progress | None]:
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


def with_file(recipe: Recipe, data: Path | None, reviews: Reviews) -> Recipe:
    """The recipe with the name and the SHA-256 of the file that was given, if any."""
    if not data:
        return recipe
    named = {"source": "file", "file": data.name, "sha256": recipe.data.sha256 or reviews.sha256}
    return Recipe.from_dict({"data": named}, recipe)


def check_out(out: Path) -> None:
    """Refused before anything is computed, so that no work is lost for a wrong name."""
    if file_format(out) not in TABLE_FORMATS:
        raise RecipeError(f"--out must end with .csv, .parquet, .json; got {out.name!r}. Choose one of these formats.")
    if out.is_dir():
        raise RecipeError(f"--out must be a file; {out.name!r} is a folder. Give another name.")
    if not out.absolute().parent.is_dir():
        raise RecipeError(f"--out must be in a folder that exists; there is no {str(out.parent)!r}. Make it first.")
    if not os.access(out.absolute().parent, os.W_OK):
        raise RecipeError(
            f"--out must be in a folder that can be written to; {str(out.parent)!r} cannot. Choose another."
        )


def write_or_rescue(write: Callable[[Path], None], out: Path) -> None:
    """Write what was found; where there is no room for it after all that work, to the folder for temporary files.

    Raises RecipeError in both cases, saying where it is.
    """
    try:
        write(out)
    except RecipeError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="forgetting-")) / out.name
            write(spare)
        except (OSError, RecipeError):
            raise error from None
        raise RecipeError(f"{error} What was found is kept in {str(spare)!r}.") from error


def split_names(options: tuple[str, ...]) -> list[str]:
    """Names of an option that may be repeated, or joined by commas."""
    return [item for names in options for item in names.split(",") if item]


def dose_list(text: str) -> list:
    """A whole number of doses, evenly from 0 to 1, or a list of them; what is neither is left to the plan to refuse."""
    if text.isdecimal():
        if len(text) > 9 or not 2 <= int(text) <= 1_001:  # Python refuses numbers of some thousand digits
            raise RecipeError(f"--doses must be a number from 2 to 1,001, or a list of shares; got {shorten(text)}.")
        return list(even_doses(int(text)))
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise RecipeError(
            f"--doses must be a whole number, or shares from 0 to 1 such as 0,0.1,0.5; got {text!r}."
        ) from None


def as_json_text(values: dict) -> str:
    return json.dumps(to_plain(values), allow_nan=False)
