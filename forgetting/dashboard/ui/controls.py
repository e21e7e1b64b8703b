"""Controls that write the recipe, each with its setting's value and bounds from the one table of the settings.

A control's key is filled from the recipe when it is missing, and that value is also the control's default: Streamlit
sends a value that was set in the session state only once, and drops it where the run is overtaken before it arrives,
so that a slider without a default would show its minimum. A control writes the recipe when it changes, and has its
help from the glossary.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st

from forgetting.core.errors import RecipeError
from forgetting.core.settings import check_value, describe_rule, parse_value
from forgetting.dashboard.state.session import LEAVES, PREFIX, assign, control_value
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import LABELS
from forgetting.reporting.glossary import explain


def prepare_control(name: str, value: Any = None) -> str:
    """The key of the control of a setting, holding `value`, or the recipe's where there is none yet."""
    key = PREFIX + name
    if key not in st.session_state:
        st.session_state[key] = control_value(name) if value is None else value
    return key


def bound_control(name: str) -> dict:
    """The arguments that tie a control with a value to a setting."""
    key = prepare_control(name)
    return {"value": st.session_state[key], "key": key, "on_change": _changed, "args": (name,)}


def control_state(name: str) -> Any:
    """A control's value in a callback; the recipe's value where a run that was overtaken has dropped it."""
    return st.session_state.get(PREFIX + name, control_value(name))


def _changed(name: str) -> None:
    assign({name: control_state(name)})


def choice_control(name: str, label: str, *, titles: dict[str, str] | None = None, **options) -> None:
    """A select box of a setting's choices."""
    options.setdefault("help", explain(LABELS.get(name, label), name))
    tie, choices = bound_control(name), LEAVES[name].metadata["choices"]
    st.selectbox(
        label,
        choices,
        index=choices.index(tie.pop("value")),
        format_func=lambda value: (titles or {}).get(value, value),
        **tie,
        **options,
    )


def segments_control(name: str, label: str, titles: dict[str, str], on_change: Callable[..., None], *args: Any) -> None:
    """A setting's choices side by side. on_change: what a choice does, given `args`."""
    key = prepare_control(name)
    st.segmented_control(
        label,
        list(titles),
        default=st.session_state[key],
        format_func=titles.get,
        required=True,
        help=explain(LABELS.get(name, label), name),
        key=key,
        on_change=on_change,
        args=args,
    )


def number_control(name: str, label: str, *, step: float | None = None, **options) -> None:
    """A number field with a setting's bounds."""
    item = LEAVES[name]
    kind = type(item.default)
    if kind is float:
        options.setdefault("format", "%g")  # all digits of a link, where the default would round to two
    options.setdefault("help", explain(LABELS.get(name, label), name))
    bounds = {"min_value": kind(item.metadata["low"]), "max_value": kind(item.metadata["high"])}
    tie = bound_control(name)
    st.number_input(label, step=step if step is not None else (1 if kind is int else 0.05), **bounds, **tie, **options)


def switch_control(name: str, label: str, **options) -> None:
    """A check box of a setting."""
    options.setdefault("help", explain(LABELS.get(name, label), name))
    st.checkbox(label, **bound_control(name), **options)


def widths_control(name: str, label: str, on_change: Callable[[], Any], **options) -> None:
    """A text field for a list of whole numbers. What cannot be read stays as it was typed, for `widths_error` to say.

    Args:
        name: Of the setting.
        label: Of the field.
        on_change: Writes the recipe where `read_widths` reads the field.
        **options: For the field.
    """
    options.setdefault("help", explain(LABELS.get(name, label), name))
    st.text_input(label, **bound_control(name) | {"on_change": on_change, "args": ()}, **options)


def widths_error(name: str) -> None:
    """Why the text field of a setting cannot be read, if so."""
    try:
        read_widths(name)
    except RecipeError:
        rule = describe_rule(LEAVES[name])
        st.error(literal(f"{LABELS[name]}: {rule}, such as 64,32; {control_state(name)[:80]!r} is none."))


def read_widths(name: str) -> tuple[int, ...]:
    """The numbers in the text field of a setting. Raises RecipeError where they do not fit the setting."""
    item = LEAVES[name]
    return check_value("", item, parse_value(item, control_state(name)))
