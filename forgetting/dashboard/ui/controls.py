"""Controls that write the recipe, each with its setting's value and bounds from the one table of the settings.

A control's key is filled from the recipe when it is missing, and that value is also the control's default: Streamlit
sends a value that was set in the session state only once, and drops it where the run is overtaken before it arrives,
so that a slider without a default would show its minimum. Controls outside a form write the recipe when they change;
those of a form when the form is sent, all or none. Each has its help from the glossary.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from forgetting.core.errors import RecipeError
from forgetting.core.settings import parse_value
from forgetting.dashboard.state.session import LEAVES, PREFIX, assign, control_value, session, with_values
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


def form_control(name: str) -> dict:
    """The arguments of a control with a value in a form."""
    key = prepare_control(name)
    return {"value": st.session_state[key], "key": key}


def control_state(name: str) -> Any:
    """A control's value in a callback; the recipe's value where a run that was overtaken has dropped it."""
    return st.session_state.get(PREFIX + name, control_value(name))


def _changed(name: str) -> None:
    assign({name: control_state(name)})


def choice_control(
    name: str, label: str, *, form: bool = False, titles: dict[str, str] | None = None, **options
) -> None:
    """A select box of a setting's choices."""
    options.setdefault("help", explain(label, name))
    tie, choices = form_control(name) if form else bound_control(name), LEAVES[name].metadata["choices"]
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
        help=explain(label, name),
        key=key,
        on_change=on_change,
        args=args,
    )


def number_control(name: str, label: str, *, form: bool = False, step: float | None = None, **options) -> None:
    """A number field with a setting's bounds."""
    item = LEAVES[name]
    kind = type(item.default)
    tie = form_control(name) if form else bound_control(name)
    if kind is float:
        options.setdefault("format", "%g")  # all digits of a link, where the default would round to two
    options.setdefault("help", explain(label, name))
    bounds = {"min_value": kind(item.metadata["low"]), "max_value": kind(item.metadata["high"])}
    st.number_input(label, step=step if step is not None else (1 if kind is int else 0.05), **bounds, **tie, **options)


def switch_control(name: str, label: str, *, form: bool = False, **options) -> None:
    """A check box of a setting."""
    options.setdefault("help", explain(label, name))
    st.checkbox(label, **(form_control(name) if form else bound_control(name)), **options)


def widths_control(name: str, label: str, **options) -> None:
    """A text field for a list of whole numbers, in a form."""
    options.setdefault("help", explain(label, name))
    st.text_input(label, **form_control(name), **options)


def submit_form(names: Sequence[str], also: dict[str, Any] | None = None) -> None:
    """Write the controls of a form into the recipe, all or none.

    Args:
        names: of the settings that the form holds.
        also: other settings that change with them.
    """
    values = {name: control_state(name) for name in names} | (also or {})
    for name, text in values.items():
        if isinstance(LEAVES[name].default, tuple) and isinstance(text, str):
            values[name] = parse_value(LEAVES[name], text)
    mine = session()
    try:
        mine.recipe, mine.touched = with_values(mine.recipe, values), True
    except RecipeError as error:
        mine.notices.append(str(error))  # the fields keep what was typed
