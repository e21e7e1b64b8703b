"""What `run` shows beside the comparison where it is asked to, as single tabs of pages do.

A detail is an option and a function of both models in the table `DETAILS`, which gives tables by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import pandas as pd

from forgetting.core.errors import RecipeError
from forgetting.data.reviews import review_key
from forgetting.experiment.pipeline import make_trainer
from forgetting.experiment.prediction import make_predictor
from forgetting.experiment.results import Result, to_plain
from forgetting.model.attribution import most_influential_words
from forgetting.model.split import PARTS, Split
from forgetting.studies.activations import map_layer
from forgetting.studies.own_review import explain_review

if TYPE_CHECKING:
    Tables = dict[str, pd.DataFrame]

LONGEST_PRINTED = 20  # of a table on the terminal; --json has all


def _relearn(result: Result, split: Split, epochs: int) -> Tables:
    if result.comparison.history:
        raise RecipeError("The published protocol trains the randomized model already. Leave --relearn out.")
    trainer = make_trainer(result.recipe, split, result.comparison.model, epochs=epochs)
    trainer.advance(epochs=epochs)
    rows = [
        {"epoch": epoch.epoch} | {f"{part}_{name}": value for part in PARTS for name, value in _metrics(epoch, part)}
        for epoch in trainer.history
    ]
    return {"relearned": pd.DataFrame(rows)}


def _metrics(epoch: object, part: str) -> list[tuple[str, float]]:
    return list(asdict(getattr(epoch, part)).items())


def _map(result: Result, split: Split, layer: str, part: str = "validation") -> Tables:
    found = map_layer(result.trained.model, result.comparison.model, split.parts[part], layer)
    if isinstance(found, str):
        raise RecipeError(f"There is no map of {layer}: {found}. Randomize less, or map another layer.")
    both = {"original": found.original, "randomized": found.randomized}
    return {
        "map": pd.DataFrame({f"{name}_{axis + 1}": points[:, axis] for name, points in both.items() for axis in (0, 1)})
    }


def _words(result: Result, split: Split, label: str) -> Tables:
    label = label or split.classes[0]
    if label not in split.classes:
        raise RecipeError(f"--words-of must name one of {', '.join(split.classes)}; got {label[:80]!r}.")
    influence = most_influential_words(result.trained.model, split, split.classes.index(label))
    return {"influence": pd.DataFrame(influence.items(), columns=["word", "influence"])}


def _review(result: Result, split: Split) -> Tables:
    chosen = result.recipe.review
    texts = [text for text in split.reviews.texts if review_key(text) == chosen.key] if chosen.key else []
    text = chosen.text or next(iter(texts), "")
    if not text:
        raise RecipeError("--review needs a review: give its text as --set review.text=…, or its key as review.key.")
    predictor = make_predictor(result.recipe, split, result.trained)
    predicted = predictor.predict([text], result.recipe.randomization)
    classes = {"class": split.classes} | {name: each.probabilities[0] for name, each in predicted.models.items()}
    columns = predictor.encoder.model_inputs([text]).columns.tolist()
    words = {"word": [split.words[column] for column in columns]}
    outcomes = explain_review(predictor, text, result.recipe)
    words |= {name: [None] * len(columns) if each.missing else each.explained for name, each in outcomes.items()}
    return {"review": pd.DataFrame(classes), "review_words": pd.DataFrame(words)}


DETAILS = {
    "relearn": _relearn,
    "map_layer": _map,
    "words_of": _words,
    "review": _review,
}


def detail_options(command: Callable) -> Callable:
    """Add the options of the details."""
    for option in (
        click.option("--review", is_flag=True, help="Also what both models make of the recipe's review and its words."),
        click.option("--words-of", metavar="CLASS", help="Also the words that speak most for this class."),
        click.option("--map-part", type=click.Choice(PARTS), default="validation", help="The part that is mapped."),
        click.option("--map", "map_layer", metavar="LAYER", help="Also where reviews lie in this layer, in two maps."),
        click.option(
            "--relearn", type=click.IntRange(1, 2_000), help="Also train the randomized model for so many epochs."
        ),
    ):
        command = option(command)
    return command


def compute_details(result: Result, split: Split, options: dict) -> Tables:
    """The tables of the details that options ask for, by their names.

    Args:
        result: The comparison.
        split: The reviews.
        options: Values of `detail_options`, which are taken out.

    Raises:
        RecipeError: One of them cannot be had.
    """
    part, found = options.pop("map_part"), {}
    for name, make in DETAILS.items():
        value = options.pop(name)
        if value is None or value is False:
            continue
        arguments = () if value is True else (value, part) if name == "map_layer" else (value,)
        found |= make(result, split, *arguments)
    return found


def plain_details(tables: Tables) -> dict[str, list[dict]]:
    """The tables as plain values for JSON."""
    return {name: to_plain(table.to_dict("records")) for name, table in tables.items()}


def format_details(tables: Tables) -> str:
    """The tables as text, long ones by their first and last lines."""
    written = {name: table.to_string(index=False, max_rows=LONGEST_PRINTED) for name, table in tables.items()}
    return "".join(f"\n{name.replace('_', ' ')}\n{lines}\n" for name, lines in written.items())
