"""From the file of a saved model to what it holds: every part is bounded, then checked, before it is believed.

What the file is, and how it is written, is in `saved.py`.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

from forgetting.core.errors import ModelError, RecipeError, shorten
from forgetting.core.limits import check_limit, limits
from forgetting.core.numbers import format_size
from forgetting.data.archives import Source, read_source
from forgetting.data.original import ORIGINAL_SHA256
from forgetting.experiment.saved import (
    ABOUT,
    COUNTS,
    EXAMPLES,
    FORMAT,
    IDF,
    INITIAL,
    LOGITS,
    TEXTS,
    WITHOUT_ENCODER,
    SavedModel,
    checksums,
    refuse_model,
    sizes_of_weights,
)
from forgetting.model.encoding import TextEncoder
from forgetting.model.history import Epoch, PartMetrics
from forgetting.model.words import WORD_KINDS, Tokenizer
from forgetting.recipe.recipe import Recipe

STATES = ("ready", "running", "finished")
MOST_HEADER = 4 * 1024**2  # bytes; a recipe with all the words and keys that it may name takes less than one million
EPOCHS_AT_MOST = 2_000
MOST_LINE = 1_000  # characters of an epoch
OTHER_FILES = {  # beginnings of other files, and what they are
    b"PK": "a zip archive, as torch.save and spreadsheets are",
    b"\x80": "a pickle, which may hold code and is never opened here",
    b"\x89HDF": "an HDF5 file",
    b"GGUF": "a GGUF file",
    b"\x1f\x8b": "a gzip file",
}


def load_model(source: Source, name: str = "") -> SavedModel:
    """Load what `save_model` wrote, in this version or an earlier one. What does not hold together is refused.

    Args:
        source: A path, bytes, or an open binary file.
        name: The file's name for messages; by default that of the source.

    Raises:
        ModelError: The file is no safetensors file, is cut off or was changed, or what it holds is not a model that
            this program trains.
        DataError: The file cannot be read, or is too large.
    """
    data, found = read_source(source, 8 * limits().parameters + limits().bytes)
    name = name or found
    header = _read_header(data, name)
    about = header.pop("__metadata__", None)
    if not isinstance(about, dict) or "recipe" not in about or not all(isinstance(v, str) for v in about.values()):
        raise refuse_model(
            name, "its metadata must hold the recipe; it holds none", "Choose a file that was saved here"
        )
    if about.get("format", str(FORMAT)) not in map(str, range(WITHOUT_ENCODER, FORMAT + 1)):
        raise refuse_model(
            name,
            f"its format must be one of {WITHOUT_ENCODER} to {FORMAT}; it is {shorten(about['format'])!r}",
            "Update the program, or save it with this version",
        )
    for key, entry in header.items():
        kind = "U8" if key in TEXTS else "F32"
        if not isinstance(entry, dict) or entry.get("dtype") != kind:
            got = entry.get("dtype") if isinstance(entry, dict) else entry
            raise refuse_model(name, f"{shorten(key)!r} must be of {kind}; it is of {shorten(str(got))}")
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise refuse_model(
            name, f"it must be whole; reading it failed ({error})", "Download or copy it again"
        ) from error
    if "format" in about:
        _check_checksums(name, about, arrays)
        return _read(name, data, about, arrays)
    return _read_earlier(name, data, about, arrays)


def _read_header(data: bytes, name: str) -> dict:
    """The header of a safetensors file, which is bounded before it is parsed."""
    if len(data) < 10 or data[8:9] != b"{":
        known = (f"is {what}" for beginning, what in OTHER_FILES.items() if data.startswith(beginning))
        raise refuse_model(
            name,
            f"it must be a safetensors file; it {next(known, 'does not begin as one')}",
            "Choose the file of “Download the model (safetensors)” or --save",
        )
    length = int.from_bytes(data[:8], "little")
    if length > min(MOST_HEADER, len(data) - 8):
        most = format_size(MOST_HEADER)
        raise refuse_model(
            name,
            f"its header may have at most {most} and must be whole; it is said to have {length:,} of "
            f"{len(data) - 8:,} bytes",
            "Download or copy it again",
        )
    try:
        return json.loads(data[8 : 8 + length])  # begins with "{", so it is an object
    except (ValueError, RecursionError) as error:
        raise refuse_model(name, f"its header must be JSON; {error}", "Download or copy it again") from error


def _check_checksums(name: str, about: dict[str, str], arrays: dict[str, np.ndarray]) -> None:
    """Raise ModelError where a part is not what it was when the file was written."""
    written = _parse(name, "checksums", about.pop("checksums", "null"))
    if not isinstance(written, dict):
        raise refuse_model(name, "its metadata must hold the checksums of its parts; it holds none")
    found = checksums(about, arrays)
    changed = sorted(part for part in {**found, **written} if found.get(part) != written.get(part))
    if changed:
        parts = ", ".join(shorten(str(part)) for part in changed[:EXAMPLES])
        more = f" and {len(changed) - EXAMPLES} more" if len(changed) > EXAMPLES else ""
        raise refuse_model(name, f"its parts must be as they were saved; changed since then: {parts}{more}")


def _parse(name: str, part: str, text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise refuse_model(name, f"{part} must be JSON; {error}") from error


def _read_recipe(name: str, values: object) -> Recipe:
    try:
        return Recipe.from_dict(values)
    except RecipeError as error:
        raise refuse_model(name, f"its recipe must be one; {str(error).rstrip('.')}") from error


def _number(name: str, part: str, text: str, kind: type[int] | type[float]) -> float:
    """A number of the metadata that is neither negative nor beyond what a run can have."""
    try:
        value = kind(text[:30])
    except ValueError:
        value = math.nan
    if not 0 <= value < 1e12:
        raise refuse_model(name, f"{part} must be a number of at least 0; it is {shorten(text)!r}")
    return value


def _read(name: str, data: bytes, about: dict[str, str], arrays: dict[str, np.ndarray]) -> SavedModel:
    """The content of a file with a format, each part checked for what it must be."""
    encodes = about["format"] != str(WITHOUT_ENCODER)
    needed = [part for part in ABOUT if encodes or part != "tokenizer"]
    if missing := [part for part in needed if part not in about]:
        raise refuse_model(name, f"its metadata must hold {', '.join(needed)}; it lacks {', '.join(missing)}")
    recipe = _read_recipe(name, _parse(name, "recipe", about["recipe"]))
    lines = {kind: arrays.pop(kind, None) for kind in TEXTS}
    logits, idf, counts = (arrays.pop(key, None) for key in (LOGITS, IDF, COUNTS))
    initial = {key.removeprefix(INITIAL): arrays.pop(key) for key in list(arrays) if key.startswith(INITIAL)}
    words, classes = _check_weights(name, recipe, arrays)
    _check_weights(name, recipe, initial, (words, classes))
    if logits is not None and (logits.ndim != 2 or not np.isfinite(logits).all()):
        raise refuse_model(name, f"{LOGITS} must be finite rows of numbers")
    texts: dict[str, tuple] = {
        kind: _read_lines(name, kind, lines[kind], count) for kind, count in (("words", words), ("classes", classes))
    }
    texts["history"] = _read_history(name, _read_lines(name, "history", lines["history"]))
    if about["state"] not in STATES:
        raise refuse_model(name, f"state must be one of {', '.join(STATES)}; it is {shorten(about['state'])!r}")
    if len(about["sha256"]) > 64 or (recipe.data.sha256 and recipe.data.sha256 != about["sha256"]):
        raise refuse_model(name, "its recipe and its metadata must name the same file of reviews; their SHA-256 differ")
    saved = SavedModel(
        name,
        sha256(data).hexdigest(),
        recipe,
        about["sha256"],
        texts,
        arrays,
        initial,
        logits,
        about["state"],
        _number(name, "steps", about["steps"], int),
        _number(name, "seconds", about["seconds"], float),
        len(texts["history"]),
    )
    return _with_encoder(saved, about["tokenizer"], idf, counts) if encodes else saved


def _with_encoder(saved: SavedModel, kind: str, idf: np.ndarray | None, counts: np.ndarray | None) -> SavedModel:
    """A saved model with what makes inputs of texts, and the training reviews of its classes."""
    name, words, classes = saved.name, len(saved.texts["words"]), len(saved.texts["classes"])
    if kind not in WORD_KINDS:
        raise refuse_model(name, f"tokenizer must be one of {', '.join(WORD_KINDS)}; it is {shorten(kind)!r}")
    if idf is None or idf.shape != (words,) or not ((idf >= 1) & np.isfinite(idf)).all():
        raise refuse_model(name, f"{IDF} must be {words:,} finite numbers of at least 1, one for each word")
    whole = counts is not None and counts.shape == (classes,) and ((counts >= 0) & (counts % 1 == 0)).all()
    if not whole or not 0 < counts.sum() < 1e12:
        raise refuse_model(name, f"{COUNTS} must be {classes:,} whole numbers of at least 0, one for each class")
    recipe = saved.recipe
    encoder = TextEncoder(saved.texts["words"], idf, Tokenizer(kind), recipe.split.sublinear_tf, recipe.model.tokens)
    return replace(saved, encoder=encoder, class_counts=tuple(counts.astype(int).tolist()))


def _read_earlier(name: str, data: bytes, about: dict[str, str], arrays: dict[str, np.ndarray]) -> SavedModel:
    """The content of a file of an earlier version, whose recipe may lack settings that came later."""
    recipe = _read_recipe(name, _parse(name, "recipe", about["recipe"]))
    _check_weights(name, recipe, arrays)
    epochs = int(_number(name, "epochs", about.get("epochs", ""), int))
    if epochs > EPOCHS_AT_MOST:
        raise refuse_model(name, f"epochs must be at most {EPOCHS_AT_MOST:,}; it is {epochs:,}")
    state = "finished" if epochs >= recipe.training.epochs else "running"
    reviews = ORIGINAL_SHA256 if recipe.data.source == "original" else recipe.data.sha256
    digest = sha256(data).hexdigest()
    return SavedModel(name, digest, recipe, reviews, {}, arrays, {}, None, state, 0, 0.0, epochs)


def _check_weights(
    name: str, recipe: Recipe, arrays: Mapping[str, np.ndarray], sizes: tuple[int, int] | None = None
) -> tuple[int, int]:
    """The numbers of words and classes of weights; ModelError where they are not a state dict of the recipe's model.

    Args:
        name: The file's name.
        recipe: The recipe.
        arrays: The weights.
        sizes: The numbers of words and classes that they must have; None for any.
    """
    layers = recipe.model.layers
    keys = {f"{layer}.{key}" for layer, shapes in recipe.model.parameter_shapes(1, 1).items() for key in shapes}
    if wrong := sorted(keys ^ set(arrays)):
        more = f" and {len(layers) - EXAMPLES} more" if len(layers) > EXAMPLES else ""
        raise refuse_model(
            name,
            f"its recipe has the layers {', '.join(layers[:EXAMPLES])}{more}; these weights are missing or too many: "
            f"{', '.join(shorten(key) for key in wrong[:EXAMPLES])}",
        )
    first, last = (arrays[f"{layers[end]}.weight"] for end in (0, -1))
    if first.ndim != 2 or last.ndim != 2:
        raise refuse_model(name, f"a weight must have two dimensions; they have {first.ndim} and {last.ndim}")
    words, classes = sizes = sizes or sizes_of_weights(recipe, arrays)
    if not words or not classes:
        raise refuse_model(name, f"a model needs words and classes; this one has {words} and {classes}")
    check_limit(
        "parameters",
        sum(recipe.model.parameters(*sizes).values()),
        f"A model may have at most {{most}} parameters; {name} has {{found}}.",
        "Raise the limit (FORGETTING_LIMITS), or train a smaller model.",
        kind=ModelError,
    )
    for layer, shapes in recipe.model.parameter_shapes(*sizes).items():
        for key, shape in ((f"{layer}.{key}", shape) for key, shape in shapes.items()):
            if arrays[key].shape != shape:
                raise refuse_model(
                    name, f"by its recipe {key} must have the shape {shape}; it has {tuple(arrays[key].shape)}"
                )
            if not np.isfinite(arrays[key]).all():
                raise refuse_model(name, f"weights must be finite numbers; some of {key} are not")
    return sizes


def _read_lines(name: str, kind: str, array: np.ndarray | None, count: int | None = None) -> tuple:
    """The values of lines of JSON, whose number is known before they are parsed.

    Args:
        name: The file's name.
        kind: What the lines are.
        array: Their bytes, ASCII.
        count: How many texts they must be; None for any number of epochs, which are objects.
    """
    if array is None:
        raise refuse_model(name, f"it must hold its {kind}; it does not")
    data = array.tobytes()
    found = data.count(b"\n") + 1 if data else 0
    if found > EPOCHS_AT_MOST if count is None else found != count:
        wanted = f"at most {EPOCHS_AT_MOST:,}" if count is None else f"{count:,}, as its weights have"
        raise refuse_model(name, f"its {kind} must be {wanted}; they are {found:,}")
    lines = data.decode("ascii", "replace").split("\n") if data else []
    for line in lines:  # a text begins and ends with a quote; anything else could grow as it is parsed
        if len(line) > MOST_LINE if count is None else not line.startswith('"'):
            raise refuse_model(name, f"a line of its {kind} must be one of them; it is {shorten(line)!r}")
    return tuple(_parse(name, f"a line of its {kind}", line) for line in lines)


def _read_history(name: str, items: Sequence[object]) -> tuple[Epoch, ...]:
    """The epochs, numbered from 1, with finite numbers; before the last one all metrics may be NaN, for unknown."""
    epochs = []
    for number, values in enumerate(items, start=1):
        try:
            epoch = Epoch(
                **{key: PartMetrics(**part) if isinstance(part, dict) else part for key, part in values.items()}
            )
            parts = [part for part in vars(epoch).values() if isinstance(part, PartMetrics)]
            metrics = (epoch.seconds, *(metric for part in parts for metric in (part.loss, part.accuracy)))
            sound = epoch.epoch == number and {type(epoch.training), type(epoch.validation)} == {PartMetrics}
            sound &= isinstance(epoch.stopping, PartMetrics | None)
            unknown = number < len(items) and all(map(math.isnan, metrics[1:]))
            sound &= all(type(metric) in (int, float) for metric in metrics)
            sound &= all(map(math.isfinite, metrics[:1] if unknown else metrics))
        except (AttributeError, OverflowError, TypeError):
            sound = False
        if not sound:
            raise refuse_model(name, f"epoch {number:,} of its history must be numbered and have finite metrics")
        epochs.append(epoch)
    return tuple(epochs)
