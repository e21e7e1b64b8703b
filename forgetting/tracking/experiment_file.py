"""An experiment as one file: the recipe, the data's name and SHA-256, the versions, and what came of it.

    content = experiment_bytes(ExperimentFile(recipe, …))
    read_experiment(content) == ExperimentFile(recipe, …)

The file is JSON in ASCII. It holds neither reviews nor weights, and no time, so that the same experiment is the same
file. What is read is bounded, then checked, before it is believed; nothing in it is code, and all texts are data.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from forgetting.core.errors import RecipeError, shorten
from forgetting.core.numbers import format_size
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.environment import program_version, versions
from forgetting.tracking.run import RUN_KINDS, Run, RunMetric

EXPERIMENT_MARK, EXPERIMENT_FORMAT = "learning-to-forget experiment", 1
PROGRAM = "learning-to-forget"
MOST_BYTES = 5 * 2**20
MOST_RESULTS, MOST_METRICS, LONGEST_TEXT = 100, 10_000, 10_000  # of a file, of a result, of a text
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
    reader = _Reader(name)
    reader.check_keys(values, EXPERIMENT_KEYS, "it")
    recipe = _read_recipe(values["recipe"], name)
    for setting in Recipe.leaves():
        for text in _texts(recipe.value(setting)):
            reader.text(text, setting)
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
        results=tuple(reader.result(value, f"results[{number}]") for number, value in enumerate(results)),
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
            f"{name} is of a later version of the program: its format is {version}, and this version reads up to "
            f"{EXPERIMENT_FORMAT}. Update the program, or save the experiment with this version."
        )


def _read_recipe(values: Any, name: str) -> Recipe:
    try:
        return Recipe.from_dict(values)
    except RecipeError as error:
        raise RecipeError(f"The recipe in {name} cannot be used: {error}") from error


@dataclass(frozen=True)
class _Reader:
    """Reads parts of a file, each of its type and within its bounds.

    Attributes:
        name: The name of the file.
    """

    name: str

    def refuse(self, rule: str, value: Any) -> RecipeError:
        return RecipeError(f"Of an experiment, {rule}; {self.name} has {shorten(repr(value))}. {REMEDY}")

    def check_keys(self, values: dict, keys: tuple[str, ...], place: str) -> None:
        if set(values) != set(keys):
            raise self.refuse(f"{place} must hold {', '.join(keys)}", ", ".join(map(shorten, values)))

    def mapping(self, value: Any, place: str) -> dict[str, Any]:
        if not isinstance(value, dict) or len(value) > MOST_RESULTS:
            raise self.refuse(f"{place} must be an object of at most {MOST_RESULTS} values", value)
        return value

    def items(self, value: Any, place: str, most: int) -> list:
        if not isinstance(value, list) or len(value) > most:
            raise self.refuse(f"{place} must be a list of at most {most:,}", value)
        return value

    def text(self, value: Any, place: str) -> str:
        if not isinstance(value, str) or len(value) > LONGEST_TEXT:
            raise self.refuse(f"{place} must be a text of at most {LONGEST_TEXT:,} characters", value)
        if any("\ud800" <= letter <= "\udfff" for letter in value):
            raise self.refuse(f"{place} must hold no halves of characters", value)
        return value

    def count(self, value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**53:
            raise self.refuse(f"{place} must be a whole number of at least 0", value)
        return value

    def number(self, value: Any, place: str) -> float:
        if not isinstance(value, float | int) or isinstance(value, bool) or not _is_finite(value):
            raise self.refuse(f"{place} must be a finite number", value)
        return value

    def result(self, value: Any, place: str) -> ExperimentResult:
        values = self.mapping(value, place)
        self.check_keys(values, ("kind", "done", "planned", "metrics", "model"), place)
        if values["kind"] not in tuple(RUN_KINDS):
            raise self.refuse(f"{place}.kind must be one of {', '.join(RUN_KINDS)}", values["kind"])
        metrics = self.items(values["metrics"], f"{place}.metrics", MOST_METRICS)
        return ExperimentResult(
            kind=values["kind"],
            done=self.count(values["done"], f"{place}.done"),
            planned=self.count(values["planned"], f"{place}.planned"),
            metrics=tuple(self.metric(metric, f"{place}.metrics[{number}]") for number, metric in enumerate(metrics)),
            model=self.text(values["model"], f"{place}.model"),
        )

    def metric(self, value: Any, place: str) -> RunMetric:
        values = self.mapping(value, place)
        self.check_keys(values, ("name", "value", "interval", "baselines", "missing"), place)
        interval = values["interval"]
        if interval is not None:
            ends = self.items(interval, f"{place}.interval", 2)
            if len(ends) != 2:
                raise self.refuse(f"{place}.interval must have two ends", interval)
            interval = (self.number(ends[0], place), self.number(ends[1], place))
        baselines = self.mapping(values["baselines"], f"{place}.baselines")
        return RunMetric(
            name=self.text(values["name"], f"{place}.name"),
            value=None if values["value"] is None else self.number(values["value"], f"{place}.value"),
            interval=interval,
            baselines={key: self.number(number, f"{place}.baselines") for key, number in baselines.items()},
            missing=self.text(values["missing"], f"{place}.missing"),
        )


def _texts(value: Any) -> tuple[str, ...]:
    """The texts of a setting."""
    return tuple(item for item in (value if isinstance(value, tuple) else (value,)) if isinstance(item, str))


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond any float
        return False
