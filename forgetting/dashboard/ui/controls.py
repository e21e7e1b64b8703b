"""Controls that write the recipe, each with its setting's value and bounds from the one table of the settings.

A control is called what `LABELS` says, and its help is the glossary's. Its key is filled from the recipe when it is
missing, and that value is also the control's default: Streamlit sends a value that was set in the session state only
once, and drops it where the run is overtaken before it arrives, so that a slider without a default would show its
minimum. A control writes the recipe when it changes.
"""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from forgetting.core.errors import RecipeError
from forgetting.core.settings import check_value, describe_rule, parse_value
from forgetting.dashboard.state.session import LEAVES, PREFIX, assign, control_value
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import LABELS
from forgetting.recipe.plans import FRACTIONS
from forgetting.reporting.formatting import format_fraction
from forgetting.reporting.glossary import explain
from forgetting.reporting.names import format_scheme


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


def names_of_control(name: str, *, mark: str = "") -> dict:
    """The arguments with which a control of a setting is called and explained. mark: stands after its label."""
    return {"label": LABELS[name] + mark, "help": explain(LABELS[name], name)}


def choice_control(name: str, *, titles: dict[str, str] | None = None, mark: str = "", **options) -> None:
    """A select box of a setting's choices. mark: see `names_of_control`."""
    tie, choices = bound_control(name), LEAVES[name].metadata["choices"]
    st.selectbox(
        options=choices,
        index=choices.index(tie.pop("value")),
        format_func=lambda value: (titles or {}).get(value, value),
        **names_of_control(name, mark=mark),
        **tie | options,
    )


def segments_control(name: str, titles: dict[str, str], on_change: Callable[..., None], *args: Any) -> None:
    """A setting's choices side by side. on_change: what a choice does, given `args`."""
    key = prepare_control(name)
    st.segmented_control(
        options=list(titles),
        default=st.session_state[key],
        format_func=titles.get,
        required=True,
        **names_of_control(name),
        key=key,
        on_change=on_change,
        args=args,
    )


def number_control(name: str, *, step: float | None = None, mark: str = "", **options) -> None:
    """A number field with a setting's bounds. mark: see `names_of_control`."""
    item = LEAVES[name]
    kind = type(item.default)
    if kind is float:
        options.setdefault("format", "%g")  # all digits of a link, where the default would round to two
    bounds = {"min_value": kind(item.metadata["low"]), "max_value": kind(item.metadata["high"])}
    tie = names_of_control(name, mark=mark) | bound_control(name) | options
    st.number_input(step=step if step is not None else (1 if kind is int else 0.05), **bounds, **tie)


def scheme_pills(schemes: Sequence[str], key: str) -> str:
    """Which of the schemes of a study is shown: pills with a name of their own, which is no setting."""
    chosen = st.pills(
        "Scheme",
        schemes,
        default=schemes[0],
        required=True,
        format_func=format_scheme,
        help=explain("scheme"),
        key=key,
        persist_state="session",
    )
    return chosen if chosen in schemes else schemes[0]


def share_control(name: str) -> None:
    """A slider of a share in whole percents; a link may hold another one, which it has as well."""
    tie = bound_control(name)
    options = sorted({*FRACTIONS, tie["value"]})
    st.select_slider(options=options, format_func=format_fraction, **names_of_control(name), **tie)


def switch_control(name: str, *, mark: str = "", **options) -> None:
    """A check box of a setting. mark: see `names_of_control`."""
    st.checkbox(**names_of_control(name, mark=mark), **bound_control(name) | options)


def widths_control(name: str, on_change: Callable[[], Any], *, mark: str = "", **options) -> None:
    """A text field for a list of whole numbers. What cannot be read stays as it was typed, for `widths_error` to say.

    Args:
        name: Of the setting.
        on_change: Writes the recipe where `read_widths` reads the field.
        mark: See `names_of_control`.
        **options: For the field.
    """
    tie = names_of_control(name, mark=mark) | bound_control(name) | {"on_change": on_change, "args": ()}
    st.text_input(**tie, **options)


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
