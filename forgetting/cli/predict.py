"""The command that predicts the classes of texts: its options, and where the texts come from."""

import sys
from pathlib import Path

import click

from forgetting.cli.options import (
    FILE,
    JSON_HELP,
    SWITCHES,
    as_json_text,
    check_out,
    load_reviews,
    progress_bar,
    randomization_options,
    split_names,
    write_or_rescue,
)
from forgetting.cli.output import say
from forgetting.cli.tables import format_predictions
from forgetting.core.errors import DataError, RecipeError
from forgetting.core.limits import limits
from forgetting.data.archives import Source, read_source, unpack
from forgetting.data.formats.encodings import decode
from forgetting.data.reading import ReadingSettings
from forgetting.data.tables import read_table
from forgetting.experiment.flip import explain_flip
from forgetting.experiment.loading import load_model
from forgetting.experiment.prediction import Predictor, make_predictor
from forgetting.experiment.pretrained import load_pretrained
from forgetting.experiment.saved import SavedModel
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.data import describe_reading
from forgetting.reporting.formatting import format_count

RANDOMIZING = ("layers", "fraction", "scheme", "unit", "seed")
READING = {name: details for name, details in SWITCHES.items() if details[0].startswith("reading.")}
DATA_HELP = (
    "Texts: a table with a column of them, or one text a line in a file that ends with .txt; - is standard input, one "
    "text a line."
)
REVIEWS_HELP = "File of reviews that the model was trained on, which only a model of an earlier version needs."


@click.command("predict")
@click.option("--model", type=FILE, help="Model of run --save.  [the sample's]")
@click.option("--text", "typed", multiple=True, help="A text; may be repeated.")
@click.option("--data", type=click.Path(path_type=Path, allow_dash=True), help=DATA_HELP)
@click.option("--column", help="Column of the texts in the table.  [the likely one]")
@click.option("--reviews", type=FILE, help=REVIEWS_HELP)
@randomization_options
@click.option("--seed", type=int, help="Seed of the randomization.  [0]")
@click.option("--out", type=FILE, help="File for a row a text: .csv, .parquet or .json.")
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def predict_command(
    model: Path | None,
    typed: tuple[str, ...],
    data: Path | None,
    column: str | None,
    reviews: Path | None,
    out: Path | None,
    as_json: bool,
    **options,
) -> None:
    """Predict the classes of texts, and where a randomization is asked for, by the randomized model beside it."""
    if out:
        check_out(out)
    if bool(typed) == (data is not None):
        raise RecipeError(
            f"Texts come from --text, which may be repeated, or from --data; got {'both' if typed else 'neither'}. "
            f"{'Leave one of them out' if typed else 'Give one of them'}."
        )
    _check_used(model, reviews, data, {"--column": column, **{name: options[_key(name)] for name in READING}})
    saved = load_model(model) if model else None
    predictor = _load_predictor(saved, reviews)
    given = {name: options[name] for name in RANDOMIZING if options[name] is not None}
    if "layers" in given:
        given["layers"] = split_names((given["layers"],))
        if not given["layers"]:
            raise RecipeError("--layers must be 'all' or names of layers; it is empty. Leave it out for all.")
    randomization = Recipe.from_dict({"randomization": given}, predictor.recipe).randomization if given else None
    texts = typed or _read_texts(data, column, options)
    with progress_bar("Texts", quiet=as_json or len(texts) < 2) as progress:
        result = predictor.predict(texts, randomization, progress=progress)
    if out:
        write_or_rescue(result.write, out)
    if as_json:
        about = {"file": saved.name, "sha256": saved.digest} if saved else None
        say(as_json_text({"model": about, **result.to_dict()}))
        return
    flip = None
    if len(texts) == 1 and randomization:
        models = predictor.model, predictor.randomize(randomization).model
        inputs = predictor.encoder.model_inputs(result.texts)
        flip = explain_flip(*models, inputs, words=predictor.encoder.words, classes=predictor.classes)
    say(format_predictions(result, predictor.encoder.tokenizer.kind, flip))
    if out:
        say(f"{format_count(len(texts), 'row')} in {out}")


def _load_predictor(saved: SavedModel | None, reviews: Path | None) -> Predictor:
    """The predictor of a saved model, or of the sample's."""
    if saved is None:
        pretrained = load_pretrained()
        return make_predictor(pretrained.recipe, pretrained.split, pretrained.trained)
    return saved.predictor(load_reviews(reviews, saved.recipe)[1] if reviews else None)


def _check_used(model: Path | None, reviews: Path | None, data: Path | None, given: dict[str, object]) -> None:
    """Refuse options that nothing would ask for.

    Raises:
        RecipeError: One of them is given.
    """
    if reviews and not model:
        raise RecipeError("--reviews is for the model of --model; the sample's needs none. Leave it out.")
    used = () if data is None else ("--encoding", "--line-encodings") if _is_lines(data) else tuple(given)
    for name, value in given.items():
        if value is not None and name not in used:
            what = "a table" if data else "a table or file"
            raise RecipeError(f"{name} is for {what} of --data; the texts are of no such. Leave it out.")


def _is_lines(data: Path) -> bool:
    """Whether it holds one text a line."""
    return str(data) == "-" or data.suffix.lower() == ".txt"


def _read_texts(data: Path, column: str | None, options: dict) -> list[str]:
    """The texts of a file or of standard input."""
    given = {setting.split(".")[1]: options[_key(name)] for name, (setting, _) in READING.items()}
    reading = ReadingSettings.from_dict({name: value for name, value in given.items() if value is not None})
    if str(data) == "-":
        return _read_lines(sys.stdin.buffer, "standard input", reading)
    if _is_lines(data):
        return _read_lines(data, data.name, reading)
    table = read_table(data, reading=reading)
    for sentence in describe_reading(table.reading):
        say(sentence, err=True)
    return list(table.frame[table.text_column(column)])


def _read_lines(source: Source, name: str, reading: ReadingSettings) -> list[str]:
    try:
        plain = unpack(read_source(source, limits().bytes)[0])
        if not plain:
            raise DataError("There must be one text a line; it is empty. Give a line at least.")
        text = "".join(decode(plain, reading).pieces())
    except DataError as error:
        raise DataError(f"{name}: {error}") from error
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return lines.split("\n")


def _key(option: str) -> str:
    """The name that click gives to an option's value."""
    return option.split("/")[0].removeprefix("--").replace("-", "_")


for _name, (_, _details) in reversed(READING.items()):
    predict_command = click.option(_name, **_details)(predict_command)
