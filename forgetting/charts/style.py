"""One colour a meaning, in light and dark theme, told apart by colour-blind eyes by their lightness too."""

from collections.abc import Iterable, Mapping, Sequence

import altair as alt
import numpy as np
import pandas as pd

HEIGHT = 300
NO_WIDTH = "\u2060"
# fmt: off
OBJECT_NAMES = frozenset((
    "__proto__", "__defineGetter__", "__defineSetter__", "__lookupGetter__", "__lookupSetter__", "constructor",
    "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable", "toLocaleString", "toString", "valueOf",
))


def baseline_rules(baselines: Mapping[str, float], form: str, gap: float, *, margin: bool = False) -> list[alt.Chart]:
    """Dashed lines with their names; gap: the least distance of two names, in units of the axis.

    margin: the names stand to the right of the plot, whose padding must hold them, instead of on the lines.
    """
    values = list(baselines.values())
    lines = pd.DataFrame({"name": list(baselines), "value": values, "place": _apart(values, gap)})
    base = alt.Chart(lines).encode(y="value:Q", tooltip=["name:N", alt.Tooltip("value:Q", format=form)])
    rule = base.mark_rule(color=BASELINE, strokeDash=[5, 4], strokeWidth=1.5)
    place = {"align": "right", "baseline": "bottom", "dx": -2, "dy": -2}
    if margin:
        place = {"align": "left", "baseline": "middle", "dx": 5}
    texts = alt.Chart(lines).mark_text(color=BASELINE, fontSize=11, **place)
    return [rule, texts.encode(y="place:Q", text="name:N", x=alt.value("width"))]


def _apart(values: Sequence[float], gap: float) -> list[float]:
    """The values, each moved up as far as it takes to be `gap` above the one below it."""
    places, last = dict.fromkeys(range(len(values)), 0.0), -np.inf
    for index in np.argsort(values, kind="stable"):
        places[index] = last = max(values[index], last + gap)
    return list(places.values())


def plain_names(names: Iterable[str]) -> list[str]:
    """Names that Vega can keep apart: one that every object of JavaScript has gets a sign of no width before it."""
    return [f"{NO_WIDTH}{name}" if name in OBJECT_NAMES else name for name in names]

ORIGINAL = "#a5385f"  # burgundy
RANDOMIZED = "#4292d4"  # blue
RELEARNED = "#dca028"  # gold; retrained too
SERIES = (RANDOMIZED, "#8a63c4", "#1f9e89", "#d15b9d", "#a07f45", "#5f7f95")  # layer sets or schemes side by side
BASELINE = "#857d86"  # grey; always dashed or dotted
