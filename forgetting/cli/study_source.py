"""Where `forgetting study` takes a model and its evaluation from: a function of a person's own file."""

import importlib
import importlib.util
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

from forgetting.core.errors import RecipeError, describe_error, shorten

OWN = ("model", "evaluate", "initial", "rebuild", "settle", "stages", "metric", "chance")  # arguments that it may give


def load_study(source: str) -> dict[str, Any]:
    """The arguments of `study` that a function gives.

    Args:
        source: "module:function" or "file.py:function". A file may import what lies in its folder, and a module what
            lies in the folder that the command runs in.

    Raises:
        RecipeError: There is no such function, its file or it raised, or it gives no model and evaluation.
    """
    place, separator, name = source.rpartition(":")
    if not separator or not place or not name.isidentifier():
        raise RecipeError(f"What is studied is named as module:function or file.py:function; got {shorten(source)!r}.")
    try:
        module = _import(place)
    except Exception as error:  # of a person's own code
        raise RecipeError(
            f"Importing {place} raised {describe_error(error)}. See that it is there, and mend what raises in it."
        ) from error
    function = getattr(module, name, None)
    if not callable(function):
        raise RecipeError(f"{source} must be a function; {place} has none of the name {name!r}.")
    try:
        given = function()
    except Exception as error:
        raise RecipeError(
            f"Calling {name}() of {place} without arguments raised {describe_error(error)}. Mend it there."
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
    """A module, by its name or as a file, which may import what lies beside it."""
    is_file = place.endswith(".py")
    folder = str(Path(place).resolve().parent if is_file else Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if not is_file:
        return importlib.import_module(place)
    # Under a name that no other module has: a file may be called random.py.
    spec = importlib.util.spec_from_file_location(f"forgetting_study_{Path(place).stem}", place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
