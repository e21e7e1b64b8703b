"""Names of a package that are imported when they are first asked for.

torch takes longer to import than all else that the app's first screen needs. So no package imports its modules only to
hand on their names.
"""

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def lazy_names(package: str, modules: Mapping[str, Sequence[str]]) -> tuple[Callable[[str], Any], list[str]]:
    """What a package needs to hand on names of its modules, as its `__getattr__` (PEP 562) and its `__all__`.

    Args:
        package: Name of the package.
        modules: Names to hand on, by the module within the package that has them.

    Returns:
        The function that finds such a name, and all names: those in capitals first, then classes, then functions.
    """
    places = {name: f"{package}.{module}" for module, names in modules.items() for name in names}

    def find(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(places[name]), name)

    return find, sorted(places, key=lambda name: (not name.isupper(), not name[0].isupper(), name))
