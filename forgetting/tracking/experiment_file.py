"""An experiment as one file: the recipe, the data's name and SHA-256, the versions, and what came of it.

    content = experiment_bytes(ExperimentFile(recipe, …))
    read_experiment(content) == ExperimentFile(recipe, …)

The file is JSON in ASCII. It holds neither reviews nor weights, and no time, so that the same experiment is the same
file. What is read is bounded, then checked, before it is believed; nothing in it is code, and all texts are data.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from forgetting.core.errors import RecipeError, shorten
from forgetting.core.numbers import format_size
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.environment import program_version, versions
from forgetting.tracking.run import RUN_KINDS, Run, RunMetric
from forgetting.tracking.value_reader import ValueReader

EXPERIMENT_MARK, EXPERIMENT_FORMAT = "learning-to-forget experiment", 1
PROGRAM = "learning-to-forget"
MOST_BYTES = 5 * 2**20
MOST_RESULTS, MOST_METRICS = 100, 10_000  # of a file, of a result
EXPERIMENT_KEYS = ("format", "version", "recipe", "seeds", "page", "tab", "data", "model", "versions", "results")
REMEDY = "Save the experiment again with “Save and cite”, or choose another file."


@dataclass(frozen=True)
class ExperimentResult:
    """What came of a part of an experiment.

    Attributes:
        kind: One of RUN_KINDS.
        done: How many of its parts are done.
        planned: How many there are.
        metrics: What it reached, beside baselines and with intervals.
        model: See `Run`.
    """

    kind: str
    done: int
    planned: int
    metrics: tuple[RunMetric, ...]
    model: str = ""

    @classmethod
    def of_run(cls, run: Run) -> "ExperimentResult":
        """The same of a run, without its time and its content."""
        return cls(run.kind, run.done, run.planned, run.metrics, run.model)


@dataclass(frozen=True)
class ExperimentFile:
    """What a file holds of an experiment.

    Attributes:
        recipe: All settings.
        data_name: What the reviews are called.
        data_sha256: SHA-256 of the file that they come from, as 64 hexadecimal digits; "" where no file is named yet.
        page: The page that showed it, "" for none.
        tab: The tab of the page that was open, "" for the first.
        model: What tells its model from the one that the recipe trains to the end, as the end of a sentence; "" for
            that one.
        versions: Version of the program and of what it computes with, by name.
        results: What came of it.
    """

    recipe: Recipe
    data_name: str
    data_sha256: str
    page: str = ""
    tab: str = ""
    model: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    results: tuple[ExperimentResult, ...] = ()

    @property
    def seeds(self) -> dict[str, int]:
        """All seeds of the recipe, by the dotted names of their settings."""
        return {name: self.recipe.value(name) for name in Recipe.leaves() if name.rpartition(".")[2] == "seed"}


def current_versions() -> dict[str, str]:
    """The versions that an experiment of this process has."""
    return {PROGRAM: program_version()} | versions()


def experiment_bytes(experiment: ExperimentFile) -> bytes:
    """The content of a file for an experiment; the same experiment gives the same bytes."""
    values = {
        "format": EXPERIMENT_MARK,
        "version": EXPERIMENT_FORMAT,
        "recipe": experiment.recipe.to_dict(),
        "seeds": experiment.seeds,
        "page": experiment.page,
        "tab": experiment.tab,
        "data": {"name": experiment.data_name, "sha256": experiment.data_sha256},
        "model": experiment.model,
        "versions": dict(experiment.versions),
        "results": [asdict(result) for result in experiment.results],
    }
    return (json.dumps(values, indent=1, allow_nan=False) + "\n").encode("ascii")


def same_experiment(first: Recipe, second: Recipe) -> bool:
    """Whether two recipes are the same but for the name of the file, which may be stored under another one."""
    one, other = (replace(each, data=replace(each.data, file="")) for each in (first, second))
    return one == other


def is_experiment(content: bytes) -> bool:
    """Whether a file says of itself that it is an experiment; whether it can be read is another question."""
    return EXPERIMENT_MARK.encode() in content[:1_000]


def read_experiment(content: bytes, name: str = "the file") -> ExperimentFile:
    """Read what `experiment_bytes` wrote.

    Args:
        content: The bytes of the file.
        name: What the file is called, for errors.

    Raises:
        RecipeError: The file is too large, is no experiment or one of a later version, or a part of it is impossible.
    """
    name = shorten(name)
    if len(content) > MOST_BYTES:
        raise RecipeError(
            f"A file of an experiment has at most {format_size(MOST_BYTES)}; {name} has {format_size(len(content))}. "
            "Choose another file."
        )
    values = _parse(content, name)
    _check_format(values, name)
    reader = ValueReader("Of an experiment", name, REMEDY)
    reader.check_texts(values)
    reader.check_keys(values, EXPERIMENT_KEYS, "it")
    recipe = _read_recipe(values["recipe"], name)
    data = reader.mapping(values["data"], "data")
    reader.check_keys(data, ("name", "sha256"), "data")
    sha256 = reader.text(data["sha256"], "data.sha256")
    if sha256 and (len(sha256) != 64 or set(sha256) - set("0123456789abcdef")):
        raise reader.refuse("data.sha256 must be 64 hexadecimal digits", sha256)
    if recipe.data.sha256 not in ("", sha256):
        raise reader.refuse("data.sha256 must be that of its recipe", sha256)
    known = reader.mapping(values["versions"], "versions")
    results = reader.items(values["results"], "results", MOST_RESULTS)
    experiment = ExperimentFile(
        recipe=recipe,
        data_name=reader.text(data["name"], "data.name"),
        data_sha256=sha256,
        page=reader.text(values["page"], "page"),
        tab=reader.text(values["tab"], "tab"),
        model=reader.text(values["model"], "model"),
        versions={key: reader.text(value, "versions") for key, value in known.items()},
        results=tuple(_read_result(reader, value, f"results[{number}]") for number, value in enumerate(results)),
    )
    if reader.mapping(values["seeds"], "seeds") != experiment.seeds:
        raise reader.refuse("its seeds must be those of its recipe", values["seeds"])
    return experiment


def _parse(content: bytes, name: str) -> Any:
    def only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [key for key, _ in pairs]
            twice = next(key for key in names if names.count(key) > 1)
            raise ValueError(f"{shorten(twice)!r} stands in it twice")
        return found

    def refuse_constant(text: str) -> None:
        raise ValueError(f"it holds {text}, which is no number")

    try:
        text = content.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=only_once, parse_constant=refuse_constant)
    except RecursionError:
        reason = "its parts are nested too deeply"
    except ValueError as error:
        reason = shorten(str(error), 120)
    raise RecipeError(f"An experiment is a JSON file; {name} cannot be read as one: {reason}. {REMEDY}")


def _check_format(values: Any, name: str) -> None:
    if not isinstance(values, dict) or values.get("format") != EXPERIMENT_MARK:
        raise RecipeError(
            f"A file of an experiment says so ({EXPERIMENT_MARK!r}); {name} does not. Choose a file that “Save and "
            "cite” saved."
        )
    version = values.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise RecipeError(f"The format of an experiment has a number from 1; {name} has {shorten(repr(version))}.")
    if version > EXPERIMENT_FORMAT:
        raise RecipeError(
            f"{name} is of a later version of the program: its format is {shorten(str(version))}, and this version "
            f"reads up to {EXPERIMENT_FORMAT}. Update the program, or save the experiment with this version."
        )


def _read_recipe(values: Any, name: str) -> Recipe:
    try:
        return Recipe.from_dict(values)
    except RecipeError as error:
        raise RecipeError(f"The recipe in {name} cannot be used: {error}") from error


def _read_result(reader: ValueReader, value: Any, place: str) -> ExperimentResult:
    values = reader.mapping(value, place)
    reader.check_keys(values, ("kind", "done", "planned", "metrics", "model"), place)
    if values["kind"] not in tuple(RUN_KINDS):
        raise reader.refuse(f"{place}.kind must be one of {', '.join(RUN_KINDS)}", values["kind"])
    metrics = reader.items(values["metrics"], f"{place}.metrics", MOST_METRICS)
    return ExperimentResult(
        kind=values["kind"],
        done=reader.count(values["done"], f"{place}.done"),
        planned=reader.count(values["planned"], f"{place}.planned"),
        metrics=tuple(reader.metric(metric, f"{place}.metrics[{number}]") for number, metric in enumerate(metrics)),
        model=reader.text(values["model"], f"{place}.model"),
    )
