"""Where `forgetting study` takes a model and its evaluation from: a function of a person's own file."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from forgetting.core.errors import RecipeError, shorten

OWN = ("model", "evaluate", "initial", "rebuild", "settle", "stages", "metric", "chance")  # arguments that it may give


def load_study(source: str) -> dict[str, Any]:
    """The arguments of `study` that a function gives.

    Args:
        source: "module:function", or "file.py:function"; the folder that the command runs in is looked into.

    Raises:
        RecipeError: There is no such function, or it gives no model and evaluation.
    """
    place, separator, name = source.rpartition(":")
    if not separator or not place or not name.isidentifier():
        raise RecipeError(f"What is studied is named as module:function or file.py:function; got {shorten(source)!r}.")
    try:
        module = _import(place)
        given = getattr(module, name)()
    except Exception as error:  # of a person's own code
        line = shorten(" ".join(str(error).split()), 200)
        raise RecipeError(
            f"{source} must be a function that can be called without arguments; {type(error).__name__}: {line}."
        ) from error
    if module.__name__ != "__main__":
        cloudpickle.register_pickle_by_value(module)  # so that workers need not have the file
    if isinstance(given, tuple) and len(given) == 2:
        given = dict(zip(OWN, given, strict=False))
    if not isinstance(given, Mapping) or not {"model", "evaluate"} <= given.keys() <= set(OWN):
        raise RecipeError(
            f"{source} must give (model, evaluate), or a mapping with these and any of {', '.join(OWN[2:])}; it gave "
            f"{shorten(repr(list(given) if isinstance(given, Mapping) else type(given).__name__), 100)}."
        )
    return dict(given)


def _import(place: str) -> ModuleType:
    if not place.endswith(".py"):
        if str(Path.cwd()) not in sys.path:
            sys.path.insert(0, str(Path.cwd()))
        return importlib.import_module(place)
    spec = importlib.util.spec_from_file_location(Path(place).stem, place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
