"""The command line: `python -m forgetting run …` and `python -m forgetting reproduce …`."""

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click

from forgetting.datasets import Reviews, fetch_wine_reviews, load_sample, read_reviews
from forgetting.downloads import SHA256
from forgetting.errors import ForgettingError, RecipeError
from forgetting.experiment import Progress, Result, plain, run
from forgetting.metrics import Scores
from forgetting.published import MODELS, reproduce, summarize
from forgetting.randomization import SCHEMES, UNITS
from forgetting.randomness import pin_threads
from forgetting.recipe import PROTOCOLS, Recipe

DATA = click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Randomize a network's layers, and measure what it forgets."""


@cli.command("run")
@click.option("--data", type=DATA, help="File of reviews; without it the synthetic sample.")
@click.option("--text", help="Column of the texts; without it the likely one.")
@click.option("--label", help="Column of the labels; without it the likely one.")
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Ready recipe to start from.  [modern]")
@click.option("--recipe", "recipe_file", type=DATA, help="Recipe as JSON; the other options change it.")
@click.option("--layers", help="'all', or names such as fc1,fc2.  [all]")
@click.option("--fraction", type=float, help="Dose: share of each layer's units to randomize, 0 to 1.  [1]")
@click.option("--scheme", help=f"One of {', '.join(SCHEMES)}.  [normal]")
@click.option("--unit", help=f"One of {', '.join(UNITS)}.  [weight]")
@click.option("--seed", type=int, help="Of initial weights, training and randomizing; the split keeps its own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def run_command(data: Path | None, recipe_file: Path | None, protocol: str | None, as_json: bool, **options) -> None:
    """Train, randomize, and compare before and after."""
    recipe = _recipe(recipe_file, protocol, options)
    reviews = _reviews(data, recipe)
    if data:
        named = {"source": "file", "file": data.name, "sha256": recipe.data.sha256 or reviews.sha256}
        recipe = Recipe.from_dict({"data": named}, recipe)
    with _progress("Training", quiet=as_json) as progress:
        result = run(recipe, reviews, progress=progress)
    click.echo(_json(result.to_dict()) if as_json else _table(result))


@cli.command("reproduce")
@click.option("--data", type=DATA, required=True, help="The original file of wine reviews.")
@click.option("--seeds", type=int, required=True, help="How many seeds to run.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output and nothing else.")
def reproduce_command(data: Path, seeds: int, as_json: bool) -> None:
    """Re-run the published experiment, and show its table beside what it hides."""
    reviews = read_reviews(data)
    with _progress("Seeds", quiet=as_json) as progress:
        summary = summarize(reproduce(reviews, seeds, progress=progress))
    summary["data"] = {"sha256": reviews.sha256, "original_file": reviews.sha256 == SHA256}
    click.echo(_json(summary) if as_json else _published_table(summary))


def _recipe(recipe_file: Path | None, protocol: str | None, options: dict) -> Recipe:
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
        "data": {name: given[name] for name in ("text", "label") if name in given},
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


def _reviews(data: Path | None, recipe: Recipe) -> Reviews:
    if data is None and recipe.data.source == "file":
        raise RecipeError(f"The recipe is for the file {recipe.data.file!r}: name it with --data.")
    if data is None:
        return fetch_wine_reviews() if recipe.data.source == "original" else load_sample()
    return read_reviews(data, text=recipe.data.text or None, label=recipe.data.label or None)


@contextmanager
def _progress(label: str, *, quiet: bool) -> Iterator[Progress | None]:
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


def _json(values: dict) -> str:
    return json.dumps(plain(values), allow_nan=False)


def _table(result: Result) -> str:
    base, comparison = result.baselines, result.comparison
    objective = result.recipe.training.objective
    lines = [
        "{rows} reviews, {words} words, {classes} classes".format(**result.data),
        f"{result.parameters:,} parameters; trained {len(result.trained.history)} epochs ({result.trained.state})",
        "",
        f"{'':22}{'original':>12}{'randomized':>12}   baseline",
    ]
    for part in ("training", "validation"):
        before, after = (outcome.scores[part] for outcome in (comparison.original, comparison.randomized))
        rows = {
            "loss": f"uniform guess {base.chance_loss:.4f} ({objective})",
            "accuracy": f"chance {base.chance:.4f}, majority class {base.majority[part]:.4f}{_svc(result, part)}",
            "macro_f1": f"majority class {base.majority_macro_f1[part]:.4f}",
            "bitwise_accuracy": f"always no {base.all_no:.4f}",
        }
        for name, baseline in rows.items():
            title = f"{part} {name}".replace("_", " ").replace("macro f1", "macro-F1")
            lines.append(f"{title:27}{_figure(before, name):>7}{_figure(after, name):>12}   {baseline}")
        ratio = comparison.forgetting[part]
        lines.append(f"{part + ' forgetting':34}{ratio.missing or format(ratio.value, '12.4f')}")
    return "\n".join(lines)


def _svc(result: Result, part: str) -> str:
    svc = result.baselines.linear_svc
    return f", LinearSVC {svc[part]:.4f}" if svc else f", LinearSVC {result.baselines.missing['linear_svc']}"


def _figure(scores: Scores, name: str) -> str:
    value = getattr(scores, name)
    return "missing" if value is None else f"{value:.4f}"


def _published_table(summary: dict) -> str:
    lines = [f"{'':41}{'published':>10}{'median':>10}{'min':>10}{'max':>10}  published in the range of 120 seeds"]
    for model in MODELS:
        for part, figures in summary[model].items():
            for name, spread in figures.items():
                published = summary["published"][model][part].get(name)
                known = f"{published:10.4f}" if published is not None else f"{'–':>10}"
                values = "".join(f"{spread[key]:10.4f}" for key in ("median", "min", "max"))
                within = {True: "  yes", False: "  no", None: "  not published"}[spread.get("within")]
                title = f"{model} {part} {'top-1 accuracy' if name == 'accuracy' else name}".replace("_", " ")
                lines.append(f"{title:41}{known}{values}{within}")
    best = max(part["bitwise_accuracy"]["max"] for model in MODELS for part in summary[model].values())
    place = "above" if summary["always_no"] > best else "not above"
    always_no = f"Always answering no: bitwise accuracy {summary['always_no']:.4f}, {place} the best of these re-runs."
    other = (
        "" if summary["data"]["original_file"] else "\nThis is not the original file: the published table is not of it."
    )
    return "\n".join([*lines, "", always_no]) + other


def main() -> None:
    """Entry point: bad input ends with exit status 2 and one line on standard error."""
    pin_threads()
    # Where nearly every review is its own class, as in the published protocol, scikit-learn suspects a regression.
    warnings.filterwarnings("ignore", message="The number of unique classes is greater")
    try:
        cli.main(prog_name="python -m forgetting", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except (ForgettingError, click.ClickException) as error:
        message = error.format_message() if isinstance(error, click.ClickException) else str(error)
        click.echo("Error: " + " ".join(message.split()), err=True)
        sys.exit(2)
    except click.Abort:
        sys.exit(130)


if __name__ == "__main__":
    main()
