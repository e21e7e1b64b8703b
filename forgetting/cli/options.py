"""What the commands share: options and the recipe that they lead to, reading reviews, progress, and writing rows.

What a command computes does not belong here.
"""

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from pathlib import Path

import click

from forgetting.cli.mlflow_logging import mlflow_option
from forgetting.cli.output import say
from forgetting.cli.run_logging import log_option
from forgetting.core.errors import ForgettingError, RecipeError, shorten
from forgetting.core.files import file_format, file_title
from forgetting.core.numbers import format_size
from forgetting.core.settings import parse_value
from forgetting.data.download import download_wine_reviews
from forgetting.data.reviews import MISSING, Reviews
from forgetting.data.sample import SAMPLE
from forgetting.data.tables import read_table
from forgetting.experiment.export import TABLE_FORMATS
from forgetting.experiment.loading import load_model
from forgetting.experiment.pipeline import Progress
from forgetting.experiment.results import to_plain
from forgetting.experiment.saved import SavedModel
from forgetting.randomization.patterns import LAYER_SEPARATOR
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS
from forgetting.recipe.forget import Forget
from forgetting.recipe.plans import even_doses
from forgetting.recipe.recipe import Recipe
from forgetting.recipe.renamed import RENAMED
from forgetting.reporting.data import describe_labels, describe_reading
from forgetting.tracking.experiment_file import MOST_BYTES, is_experiment, read_experiment

FILE = click.Path(path_type=Path)
SWITCHES = {  # options of how the reviews are read: setting, and what `click.option` takes
    "--text": ("data.text_column", {"help": "Column of the texts.  [the likely one]"}),
    "--label": ("data.label_column", {"help": "Column of the labels.  [the likely one]"}),
    "--header": ("reading.header", {"help": "Whether the first row names the columns: automatic, yes or no."}),
    "--skip-lines": ("reading.skip_lines", {"type": int, "help": "Lines to pass over above the table.  [0]"}),
    "--quotes": (
        "reading.quotes",
        {"help": "Whether quotes enclose fields or are plain signs: automatic, fields or plain."},
    ),
    "--leave-out-bad-rows": (
        "reading.leave_out_bad_rows",
        {"is_flag": True, "default": None, "help": "Leave out rows that cannot be read."},
    ),
    "--encoding": ("reading.encoding", {"help": "Encoding of a text file, such as cp1250.  [automatic]"}),
    "--line-encodings": (
        "reading.line_encodings",
        {"is_flag": True, "default": None, "help": "Read lines that are not UTF-8 in their own encoding."},
    ),
    "--sheet": ("reading.sheet", {"help": "Sheet of a spreadsheet.  [the first that holds a table]"}),
    "--missing": ("data.missing", {"help": f"Words that stand for a missing label or text.  [{','.join(MISSING)}]"}),
    "--fold-labels/--no-fold-labels": (
        "data.fold_labels",
        {"default": None, "help": "Whether labels that differ in letter case or blanks are one class.  [they are]"},
    ),
    "--quantile-classes": (
        "data.quantile_classes",
        {"type": int, "help": "Cut labels that are numbers into so many classes.  [0: as they are]"},
    ),
    "--words": ("split.words", {"help": "What texts are cut into: automatic, basic, words or characters."}),
}
INPUTS = {  # the settings, by the names that click gives to the options
    option.split("/")[0].removeprefix("--").replace("-", "_"): setting for option, (setting, _) in SWITCHES.items()
}


JSON_HELP = "Print one JSON object on standard output and nothing else."
SET_HELP = "Set any setting, by its name in a recipe or an address; may be repeated. Other options go before it."
MODEL_HELP = "Model of run --save, taken with its recipe in place of training; --seed then seeds what comes after."


def _load_saved(context: click.Context, option: click.Parameter, path: Path | None) -> SavedModel | None:  # noqa: ARG001
    return None if path is None else load_model(path)


def _check_experiment(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:  # noqa: ARG001
    if path is not None:
        check_file("--save-experiment", path, ("json",))
    return path


def input_options(command: Callable) -> Callable:
    """Add the options that name the reviews and the recipe, and say how the reviews are read."""
    for option in (
        click.option("--model", "saved", type=FILE, callback=_load_saved, help=MODEL_HELP),
        click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help=SET_HELP),
        click.option(
            "--recipe",
            "recipe_file",
            type=FILE,
            help="Recipe as JSON, or an experiment of the app; the other options change it.",
        ),
        click.option(
            "--save-experiment",
            "experiment_file",
            type=FILE,
            callback=_check_experiment,
            help="File for the recipe and its results: .json, which --recipe and the app open.",
        ),
        log_option,
        mlflow_option,
        *(click.option(name, **details) for name, (_, details) in reversed(SWITCHES.items())),
        click.option("--data", type=FILE, help="File of reviews.  [the synthetic sample]"),
    ):
        command = option(command)
    return command


def randomization_options(command: Callable) -> Callable:
    """Add the options that say what is randomized, but for the seed."""
    for option in (
        click.option("--unit", help=f"One of {', '.join(UNITS)}.  [weight]"),
        click.option("--scheme", help=f"One of {', '.join(SCHEMES)}.  [normal]"),
        click.option("--fraction", type=float, help="Fraction randomized of each layer's units, 0 to 1.  [1]"),
        click.option("--layers", help="'all', or names such as fc1,fc2.  [all]"),
    ):
        command = option(command)
    return command


def forget_options(command: Callable) -> Callable:
    """Add the options that name the forget set, see `forget_settings`."""
    for option in (
        click.option(
            "--forget-reviews",
            multiple=True,
            help="Forget the training reviews with these keys, joined by commas.",
        ),
        click.option("--forget-share", type=float, help="Forget a random share of the training reviews."),
        click.option("--forget-class", help="Forget all training reviews of this class."),
    ):
        command = option(command)
    return command


out_option = click.option("--out", type=FILE, required=True, help="File for the rows: .csv, .parquet or .json.")


def make_recipe(
    recipe_file: Path | None, protocol: str | None, options: dict, saved: SavedModel | None = None
) -> Recipe:
    """The recipe of a file or a protocol, with the changes that the options ask for.

    Args:
        recipe_file: JSON file of a recipe; None for the default recipe.
        protocol: name of a protocol to start from; None for that of the recipe.
        options: values of `layers`, `fraction`, `scheme`, `unit`, `seed` and those of INPUTS, None where not given; and
            texts NAME=VALUE of `settings`.
        saved: a saved model, whose recipe is the one to start from; what it was trained with stays.

    Raises:
        RecipeError: the file cannot be read, a setting or its value is wrong, or the protocol or the saved model
            forbids an option.
    """
    given = {name: value for name, value in options.items() if value is not None}
    settings = read_settings(given.pop("settings", ()))
    named = settings.pop("protocol", None)
    protocol = protocol or named
    values = {} if saved is None else saved.recipe.to_dict()
    if saved and (recipe_file or protocol):
        raise RecipeError(
            f"--model comes with its recipe; got {'--recipe' if recipe_file else '--protocol'} too. Leave one of them "
            "out."
        )
    if recipe_file is not None:
        values = read_recipe_file(recipe_file)
        Recipe.from_dict(values)
    if protocol:
        values["protocol"] = protocol
    randomization = {name: given[name] for name in ("layers", "fraction", "scheme", "unit") if name in given}
    if values.get("protocol") == "published" and randomization:
        raise RecipeError(
            f"The published protocol randomizes every layer as published; got --{' --'.join(randomization)}. "
            "Leave it out, or use --protocol modern."
        )
    recipe = Recipe.from_dict(settings, Recipe.from_dict(values))
    if "layers" in randomization:
        randomization["layers"] = tuple(name for name in randomization["layers"].split(",") if name)
    if "seed" in given and recipe.protocol != "published":
        randomization["seed"] = given["seed"]
    if "missing" in given:
        given["missing"] = [word for word in given["missing"].split(",") if word]
    changes = {"randomization": randomization, **({"seed": given["seed"]} if "seed" in given and not saved else {})}
    for name, setting in INPUTS.items():
        if name in given:
            group, leaf = setting.split(".")
            changes.setdefault(group, {})[leaf] = given[name]
    made = Recipe.from_dict(changes, recipe)
    if saved and made.for_training() != saved.recipe.for_training():
        changed = [name for name in Recipe.leaves() if made.value(name) != saved.recipe.value(name)]
        raise RecipeError(
            f"--model comes with what it was trained with; the options would change {', '.join(changed)}. Leave them "
            "out, or train without --model."
        )
    return made


def read_start(path: Path) -> bytes:
    """The content of a file, or, of one that is too large for an experiment, a byte more than one may have.

    A command reads it once: a pipe gives it once alone, and a file may be another one when the command ends.
    """
    context = click.get_current_context(silent=True)
    kept = context.meta if context else {}
    if str(path) not in kept:
        with path.open("rb") as file:
            kept[str(path)] = file.read(MOST_BYTES + 1)
    return kept[str(path)]


def read_recipe_file(path: Path) -> dict:
    """The nested values of a recipe's file, or of the recipe in the file of an experiment.

    Raises:
        RecipeError: the file is neither.
    """
    try:
        content = read_start(path)
        if len(content) > MOST_BYTES:
            raise RecipeError(
                f"--recipe must be a file of at most {format_size(MOST_BYTES)}; {path.name!r} is larger. Choose "
                "another one."
            )
        if is_experiment(content):
            return read_experiment(content, file_title(path)).recipe.to_dict()
        return json.loads(content.decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RecipeError(f"--recipe must be a readable JSON file: {error}.") from error


def read_settings(texts: Iterable[str]) -> dict:
    """The nested values of settings that are given as NAME=VALUE, as an address writes them; the last of a name counts.

    Raises:
        RecipeError: a text has no name of a setting.
    """
    nested: dict = {}
    for text in texts:
        name, sign, value = text.partition("=")
        name = RENAMED.get(name, name)
        if not sign or name not in Recipe.leaves():
            near = " or ".join(get_close_matches(name, Recipe.leaves(), 2))
            raise RecipeError(
                f"--set must name a setting and its value, such as training.epochs=20; got {shorten(text)!r}. The "
                f"names are those of a recipe, with a dot between group and setting{near and f', such as {near}'}."
            )
        group, _, leaf = name.rpartition(".")
        (nested.setdefault(group, {}) if group else nested)[leaf] = parse_value(Recipe.leaves()[name], value)
    return nested


def study_recipe(recipe_file: Path | None, options: dict, saved: SavedModel | None = None, **groups: dict) -> Recipe:
    """The recipe of a file with the changes that a study's options ask for.

    Args:
        recipe_file: JSON file of a recipe; None for the default recipe.
        options: values of `seed`, of INPUTS and of `settings`; None where not given. Others are not looked at.
        saved: a saved model, whose recipe is the one to start from; None where one is trained.
        groups: settings to change, by the group of the recipe.
    """
    recipe = make_recipe(recipe_file, None, {name: options.get(name) for name in (*INPUTS, "seed", "settings")}, saved)
    return Recipe.from_dict(groups, recipe)


def plan_settings(options: dict, **settings: str) -> dict:
    """The settings of a plan that options of a study change.

    Args:
        options: values by option; None or () where not given. Those that a command lacks may be left out.
        settings: for each option that is handed on as it is, the name of its setting.
    """
    plan = {setting: options[name] for name, setting in settings.items() if options[name] is not None}
    if options.get("layers"):
        plan["layers"] = [names.replace(",", LAYER_SEPARATOR) for names in options["layers"]]
    for name in ("schemes", "units", "methods"):
        if options.get(name):
            plan[name] = split_names(options[name])
    if options.get("doses") is not None:
        plan["doses"] = dose_list(options["doses"])
    return plan


def forget_settings(options: dict) -> dict:
    """The settings of the forget set that the options change; empty where they name none.

    Raises:
        RecipeError: more than one kind of forget set is asked for.
    """
    given = {
        "class": ("label", options["forget_class"]),
        "share": ("share", options["forget_share"]),
        "reviews": ("reviews", split_names(options["forget_reviews"]) if options["forget_reviews"] else None),
    }
    chosen = {by: setting for by, setting in given.items() if setting[1] is not None}
    if len(chosen) > 1:
        raise RecipeError(
            f"Only one of --forget-class, --forget-share and --forget-reviews can be used; got {len(chosen)}. "
            "Leave out the others."
        )
    default = {name: value for name, value in Forget().to_dict().items() if name != "seed"}
    for by, (name, value) in chosen.items():
        return default | {"by": by, name: value}
    return {}


def load_reviews(data: Path | None, recipe: Recipe) -> tuple[Recipe, Reviews]:
    """The reviews of a file, or of the recipe's source, and the recipe with that file's name and SHA-256.

    Raises:
        RecipeError: the recipe is for a file, and none is given.
        DataError: the file cannot be read, or the original file cannot be downloaded.
    """
    if data is None and recipe.data.source == "file":
        raise RecipeError(f"The recipe is for the file {recipe.data.file!r}: name it with --data.")
    if data:
        table = read_table(data, reading=recipe.reading)
    elif recipe.data.source == "original":
        table = read_table(download_wine_reviews())
    else:
        table = read_table(SAMPLE, name="synthetic sample")
    reviews = recipe.data.make_reviews(table)
    for sentence in (*describe_reading(table.reading), *describe_labels(reviews.report)):
        say(sentence, err=True)
    if data is None or recipe.data.sha256 not in ("", reviews.sha256):  # which `prepare` refuses by both names
        return recipe, reviews
    source = {"source": "file", "file": file_title(data), "sha256": reviews.sha256}
    return Recipe.from_dict({"data": source}, recipe), reviews


def describe_offer(error: ForgettingError) -> str:
    """The option that would mend what is refused, as a sentence after the error; empty where there is none."""
    setting, value = error.offer or (None, None)
    option = next((option.split("/")[0] for option, (name, _) in SWITCHES.items() if name == setting), None)
    shown = ",".join(value) or "''" if isinstance(value, tuple) else value
    return "" if option is None else f" Try {option}." if value is True else f" Try {option} {shown}."


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


def check_out(out: Path, option: str = "--out") -> None:
    """Refuse a file that rows cannot be written to, before anything is computed.

    Args:
        out: the file.
        option: that names it.

    Raises:
        RecipeError: the name has another ending, is that of a folder, or lies in no folder that can be written to.
    """
    check_file(option, out, TABLE_FORMATS)


def check_file(option: str, path: Path, formats: tuple[str, ...]) -> None:
    """Refuse a file that cannot be written in one of these formats. Raises RecipeError as `check_out` does."""
    endings = ", ".join(f".{ending}" for ending in formats)
    if file_format(path) not in formats:
        remedy = "Choose one of these formats." if len(formats) > 1 else "Give it this ending."
        raise RecipeError(f"{option} must end with {endings}; got {path.name!r}. {remedy}")
    if path.is_dir():
        raise RecipeError(f"{option} must be a file; {path.name!r} is a folder. Give another name.")
    if not path.absolute().parent.is_dir():
        raise RecipeError(f"{option} must be in a folder that exists; there is no {str(path.parent)!r}. Make it first.")
    if not os.access(path.absolute().parent, os.W_OK):
        raise RecipeError(
            f"{option} must be in a folder that can be written to; {str(path.parent)!r} cannot. Choose another."
        )


def check_save(path: Path | None) -> None:
    """Refuse a file that a model cannot be saved to, before it is trained. Raises RecipeError as `check_out` does."""
    if path is not None:
        check_file("--save", path, ("safetensors",))


def write_or_rescue(write: Callable[[Path], None], out: Path) -> None:
    """Write rows or a model to a file, or, where that fails after all the work, to the folder for temporary files.

    Args:
        write: writes them to a path.
        out: the path to write to.

    Raises:
        RecipeError: they are not in `out`. The error names the file that they are in instead, if any.
    """
    try:
        write(out)
    except RecipeError as error:
        try:
            spare = Path(tempfile.mkdtemp(prefix="forgetting-")) / out.name
            write(spare)
        except (OSError, RecipeError):
            raise error from None
        raise RecipeError(f"{error} What was computed is in {str(spare)!r}.") from error


def split_names(options: tuple[str, ...]) -> list[str]:
    """The names of an option that may be repeated, or joined by commas."""
    return [item for names in options for item in names.split(",") if item]


def dose_list(text: str) -> list:
    """The doses that an option asks for: a whole number of them, evenly from 0 to 1, or a list.

    Values outside of 0 to 1 are left to the plan to refuse.

    Raises:
        RecipeError: the text is neither, or the number is not from 2 to 1,001.
    """
    if text.isdecimal():
        if len(text) > 9 or not 2 <= int(text) <= 1_001:  # Python refuses numbers of some thousand digits
            raise RecipeError(f"--doses must be a number from 2 to 1,001, or a list of fractions; got {shorten(text)}.")
        return list(even_doses(int(text)))
    try:
        return [float(part) for part in text.split(",") if part]
    except ValueError:
        raise RecipeError(
            f"--doses must be a whole number, or fractions from 0 to 1 such as 0,0.1,0.5; got {text!r}."
        ) from None


def as_json_text(values: dict) -> str:
    """One line of JSON, with null for what is missing."""
    return json.dumps(to_plain(values), allow_nan=False)
