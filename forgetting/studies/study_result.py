"""The result of a study of any model, its file, and reading it back."""

import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from forgetting.core.errors import DataError, RecipeError, shorten
from forgetting.core.files import file_format, write_atomically
from forgetting.core.limits import check_limit, limits
from forgetting.core.numbers import format_size
from forgetting.data.formats.process import read_apart
from forgetting.experiment.export import TABLE_FORMATS, csv_bytes
from forgetting.experiment.results import to_plain
from forgetting.randomization.patterns import LAYER_SEPARATOR, WHOLE, expand_set
from forgetting.recipe.plans import Sweep
from forgetting.studies.dose_response import HalfWay, cascade_curves, curves, half_way
from forgetting.studies.evaluation import ROW_COLUMNS, SWEEP_METRICS, Hits, SweepRow, frame_of_rows
from forgetting.studies.given import PART
from forgetting.studies.layer_robustness import LayerDistance, LayerRobustness, robustness_of_rows
from forgetting.studies.nested import nested_curves, nested_half_ways

STUDY_FORMAT = 1  # of the file
STUDY_KEY = "study"  # of the metadata of the file's schema
WHEN = ("after", "before")  # in the order of `Hits`
MOST_TEXT, MOST_SET, MOST_REASONS = 1_000, 100_000, 20_000  # signs of a name, a layer set's, and a row's reasons
MOST_NOTES = 100
MOST_LOOK_UPS = 20_000_000  # modules in the names of layer sets, times layers
NOT_OF_A_STUDY = (  # what odd values raise
    *(RecipeError, pa.ArrowException, ArithmeticError, ValueError, TypeError, LookupError, AttributeError),
    RecursionError,
)
NOT_SETTLED = (
    "The model has BatchNorm, whose statistics were not re-estimated (`settle`): they are those of the original's "
    "activations, so a part of what is lost may be theirs."
)
NOT_ITERATED = (
    "The model has a spectral norm, whose vectors were not iterated again (`settle`): they are those of the original's "
    "weights, so randomized weights are not divided by their own norm, and a part of what is lost may be due to that."
)


@dataclass(frozen=True, eq=False)
class StudyResult:
    """The rows of a study, finished or stopped, with all that is needed to show them.

    Attributes:
        plan: Which variants.
        rows: A row for each variant that is done.
        title: What was studied, such as the name of the model's class.
        layers: How far each of the model's layers has gone in training, by its name, in order.
        metric: The metric that forgetting is of.
        chance: Its value at chance; None where it is not known.
        planned: Number of rows of the whole plan.
        notes: What the reader should know of the evaluation, in sentences.
        reviews: Number of rows of each part that has logits.
        hollow: Whether the original is not shown to be better than always naming the largest class.
        batch_norm: Whether the model has layers whose statistics were estimated from activations (BatchNorm).
        settled: Whether these were estimated again of each variant.
    """

    plan: Sweep
    rows: tuple[SweepRow, ...]
    title: str
    layers: Mapping[str, LayerDistance]
    metric: str = "accuracy"
    chance: float | None = None
    planned: int = 0
    notes: tuple[str, ...] = ()
    reviews: Mapping[str, int] | None = None
    hollow: bool = False
    batch_norm: bool = False
    settled: bool = False

    @cached_property
    def frame(self) -> pd.DataFrame:
        """A row for each variant, see `frame_of_rows`."""
        return frame_of_rows(self.rows)

    @property
    def column(self) -> str:
        """The column of the frame that holds the metric."""
        return f"{PART}_{self.metric}"

    def curves(self, metric: str = "") -> pd.DataFrame:
        """Median and band over seeds of the metric, or of another column, by dose; see `dose_response.curves`."""
        return curves(self.frame, metric or self.column)

    def cascades(
        self, scheme: str = "", *, unit: str = "", dose: float | None = None, metric: str = ""
    ) -> pd.DataFrame:
        """The metric while layers are randomized one after another; see `dose_response.cascade_curves`.

        Args:
            scheme: One of the plan's; the first, where none is named.
            unit: One of the plan's; the first, where none is named.
            dose: One of the planned doses; the largest, where none is given.
            metric: Another column of the frame.
        """
        plan, frame = self.plan, self.frame
        chosen = (scheme or plan.schemes[0], unit or plan.units[0], plan.doses[-1] if dose is None else dose)
        rows = frame[(frame[["scheme", "unit", "planned_dose"]] == chosen).all(axis=1)]
        return cascade_curves(rows, tuple(self.layers), metric or self.column)

    def half_way(self) -> tuple[HalfWay, ...]:
        """The half-way dose of each curve, with intervals over rows and seeds where there are logits."""
        found = half_way(self.frame, PART, planned_doses=self.plan.doses, hollow=self.hollow)
        return nested_half_ways(found, tuple(nested_curves(self.rows)))

    def robustness(self) -> tuple[LayerRobustness, ...]:
        """Of each layer set that is rewound whole in the plan; see `robustness_of_rows`."""
        note = NOT_SETTLED if self.batch_norm and not self.settled else ""
        return robustness_of_rows(self.rows, self.plan, self.layers, note=note)

    def to_bytes(self, kind: str) -> bytes:
        """The rows as a file's content; Parquet holds all that `read_study` needs.

        Args:
            kind: One of TABLE_FORMATS.

        Raises:
            RecipeError: Another kind.
        """
        if kind == "csv":
            return csv_bytes(self.frame)
        if kind == "json":
            values = {"study": self._about(), "rows": self.frame.to_dict("records")}
            return json.dumps(to_plain(values), allow_nan=False).encode()
        if kind != "parquet":
            raise RecipeError(f"A study is written as {', '.join(TABLE_FORMATS)}; got {kind!r}. Choose one of them.")
        hits = {
            f"{part}_hits_{when}": [getattr(row.part_hits.get(part), when, None) for row in self.rows]
            for part in dict.fromkeys(part for row in self.rows for part in row.part_hits)
            for when in WHEN
        }
        table = pa.Table.from_pandas(self.frame, preserve_index=False)
        for name, values in hits.items():
            table = table.append_column(name, pa.array(values, pa.binary()))
        about = json.dumps(to_plain(self._about()), allow_nan=False)
        content = io.BytesIO()
        pq.write_table(table.replace_schema_metadata({**(table.schema.metadata or {}), STUDY_KEY: about}), content)
        return content.getvalue()

    def write(self, path: str | Path) -> None:
        """Write the rows to a file. A file that is there is replaced as a whole or not at all.

        Args:
            path: Path of the file, whose ending is one of TABLE_FORMATS.

        Raises:
            RecipeError: Another ending, or the file cannot be written.
        """
        write_atomically(path, self.to_bytes(file_format(path)))

    def _about(self) -> dict[str, object]:
        distances = {
            name: [layer.parameters, layer.distance, layer.initial_norm] for name, layer in self.layers.items()
        }
        names = ("title", "metric", "chance", "planned", "notes", "reviews", "hollow", "batch_norm", "settled")
        values = {name: getattr(self, name) for name in names}
        parts = list(dict.fromkeys(part for row in self.rows for part in row.parts))
        return {"format": STUDY_FORMAT, **values, "plan": self.plan.to_dict(), "layers": distances, "parts": parts}


def read_study(source: bytes | str | Path) -> StudyResult:
    """Read a Parquet file that `StudyResult.write` has written.

    Args:
        source: The file's path, or its content.

    Raises:
        DataError: It is no such file, is damaged or too large, or holds what no study can.
    """
    most = limits().megabytes * 2**20
    if not isinstance(source, bytes):
        try:
            source = Path(source).read_bytes()
        except OSError as error:
            raise DataError(f"{source} cannot be read: {error.strerror or error}. Check the name.") from error
    if len(source) > most:
        raise DataError(f"A file may hold at most {format_size(most)}; this one has {format_size(len(source))}.")
    table = read_apart("parquet", source, most, lambda _, reason: _unfit(f"is damaged ({shorten(reason, 200)})"))
    about = (table.schema.metadata or {}).get(STUDY_KEY.encode())
    if about is None:
        raise _unfit("holds no study")
    check_limit(
        "variants", table.num_rows, "A study may have at most {most} variants; this file has {found}.", "Split it."
    )
    try:
        values = json.loads(about)
        if values.pop("format", None) != STUDY_FORMAT:
            raise _unfit("is of another version of this format")
        plan = Sweep.from_dict(values.pop("plan"))
        if values.keys() != RULES.keys() or (wrong := [name for name, rule in RULES.items() if not rule(values[name])]):
            raise ValueError(f"{wrong[0] if values.keys() == RULES.keys() else 'a value'} is of another kind")
        parts, layers = values.pop("parts"), values.pop("layers")
        found = {name: LayerDistance(*layer) for name, layer in layers.items()}
        rows = _read_rows(table, parts, values["reviews"], plan, tuple(found))
        _check_whole(rows, values["metric"], values["reviews"])
        notes = tuple(values.pop("notes"))
        return StudyResult(plan, rows, layers=found, notes=notes, **values)
    except DataError:
        raise
    except NOT_OF_A_STUDY as error:
        raise _unfit(f"holds what no study can ({shorten(' '.join(str(error).split()), 200)})") from error


def _unfit(what: str) -> DataError:
    return DataError(
        f"A study's file must be the Parquet file that `forgetting study` or StudyResult.write has written; this one "
        f"{what}. Write it again."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= MOST_TEXT


def _is_distance(values: object) -> bool:
    return len(values) == 3 and _is_count(values[0]) and all(value is None or _is_number(value) for value in values[1:])


RULES: dict[str, Callable[[Any], bool]] = {  # what each value of the metadata must be
    "title": _is_name,
    "metric": _is_name,
    "chance": lambda value: value is None or _is_number(value),
    "planned": _is_count,
    "notes": lambda values: isinstance(values, list) and len(values) <= MOST_NOTES and all(map(_is_name, values)),
    "reviews": lambda values: all(map(_is_name, values)) and all(map(_is_count, values.values())),
    "hollow": lambda value: isinstance(value, bool),
    "batch_norm": lambda value: isinstance(value, bool),
    "settled": lambda value: isinstance(value, bool),
    "parts": lambda values: isinstance(values, list) and all(map(_is_name, values)) and all(values),
    "layers": lambda values: all(map(_is_name, values)) and all(map(_is_distance, values.values())),
}


RULES_OF_COLUMNS: dict[str, Callable[[Any], bool]] = {  # all others are numbers that may be missing
    "layers": lambda value: isinstance(value, str) and len(value) <= MOST_SET,
    **dict.fromkeys(("scheme", "unit"), _is_name),
    **dict.fromkeys(("seed", "split"), _is_count),
    "missing": lambda value: isinstance(value, str) and len(value) <= MOST_REASONS,
}


def _read_rows(
    table: pa.Table, parts: Sequence[str], reviews: Mapping[str, int], plan: Sweep, known: tuple[str, ...]
) -> tuple[SweepRow, ...]:
    """The rows of a table, each value checked."""
    names = [name for name in table.column_names if not name.endswith(("_hits_before", "_hits_after"))]
    metrics = {}
    for name in names:
        if name not in (*ROW_COLUMNS, "missing"):
            part = max((part for part in parts if name.startswith(f"{part}_")), key=len)
            metrics[name] = part, name.removeprefix(f"{part}_")
    columns = {name: table[name].to_pylist() for name in table.column_names}
    for name in names:
        check = RULES_OF_COLUMNS.get(name, lambda value: value is None or not math.isinf(value))
        if wrong := [value for value in columns[name] if not check(value)]:
            raise ValueError(f"column {shorten(name)} holds {shorten(repr(wrong[0]))}")
    names_of_sets = dict.fromkeys(columns["layers"])
    if sum(len(name.split(LAYER_SEPARATOR)) for name in names_of_sets) * len(known) > MOST_LOOK_UPS:
        raise ValueError("it has too many layers and layer sets")
    for layers in names_of_sets:
        if "*" in layers.replace(WHOLE, ""):  # rows name layers, not patterns, which take long to look for
            raise ValueError(f"column layers holds {shorten(repr(layers))}")
        expand_set(layers, known)
    for name, allowed in (("scheme", plan.schemes), ("unit", plan.units), ("planned_dose", plan.doses)):
        if other := set(columns[name]) - set(allowed):
            raise ValueError(f"{name} {shorten(repr(min(other)))} is not in the plan")
    rows = []
    for place in range(table.num_rows):
        line = {name: values[place] for name, values in columns.items()}
        line = {name: None if value != value else value for name, value in line.items()}  # NaN
        measured: dict[str, dict[str, float | None]] = {part: {} for part in parts}
        for name, (part, metric) in metrics.items():
            measured[part][metric] = line[name]
        hits = {}
        for part in parts:
            packed = [line.get(f"{part}_hits_{when}") for when in WHEN]
            if None not in packed:
                if any(not isinstance(value, bytes) or len(value) != -(-reviews[part] // 8) for value in packed):
                    raise ValueError(f"the hits of part {shorten(part)} are not of its reviews")
                hits[part] = Hits(reviews[part], *packed)
        own = {name: line[name] for name in ROW_COLUMNS}
        rows.append(SweepRow(**own, parts=measured, missing=_read_reasons(line["missing"], names), part_hits=hits))
    return tuple(rows)


def _check_whole(rows: Sequence[SweepRow], metric: str, reviews: Mapping[str, int]) -> None:
    """Refuse rows that lack what is shown of them, or that are of one variant."""
    for row in rows[:1]:  # all have the same columns
        needed = {part: set(SWEEP_METRICS) for part in reviews}
        needed[PART] = {metric, "forgetting"} | needed.get(PART, set())
        for part, names in needed.items():
            if lacking := sorted(names - row.parts[part].keys()):
                raise ValueError(f"there is no column {shorten(f'{part}_{lacking[0]}')}")
    if reviews and any(not _is_number(row.chance) for row in rows):
        raise ValueError("column chance must hold numbers where there are logits")
    variants = {(row.layers, row.planned_dose, row.scheme, row.unit, row.seed, row.split) for row in rows}
    if len(variants) < len(rows):
        raise ValueError("several rows are of one variant")


def _read_reasons(text: str, names: Sequence[str]) -> dict[str, str]:
    """The reasons by column of a cell of "missing"; a reason may hold the sign that stands between reasons."""
    found: dict[str, str] = {}
    last = ""
    for piece in text.split("; ") if text else ():
        name, sign, reason = piece.partition(": ")
        if sign and name in names:
            found[name], last = reason, name
        elif last:
            found[last] += f"; {piece}"
    return found
