"""Fields drawn from declarations: what a declaration says is the form, and nothing is listed
twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from builder.data.options import Option


def fields(
    options: Sequence[Option],
    values: Mapping[str, Any],
    *,
    key: str,
    choices: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """Draw a field per option and give what was chosen; options left at their default are left out.

    `values` are set already or were guessed; `choices` narrows an option to what this data
    allows (the sheets of a
    workbook). Advanced options are folded away.
    """
    chosen: dict[str, Any] = {}
    usual = [option for option in options if not option.advanced]
    rare = [option for option in options if option.advanced]
    for option in usual:
        _put(chosen, option, _field(option, values, key, choices))
    if rare:
        with st.expander("More settings", key=f"{key}_more"):
            for option in rare:
                _put(chosen, option, _field(option, values, key, choices))
    return chosen


def _put(chosen: dict[str, Any], option: Option, value: Any) -> None:
    if value not in (None, "", [], {}) and value != option.default:
        chosen[option.name] = value


def _field(
    option: Option,
    values: Mapping[str, Any],
    key: str,
    choices: Mapping[str, Sequence[str]] | None,
) -> Any:
    value = values.get(option.name, option.default)
    name = f"{key}_{option.name}"
    help_text = option.help or None
    allowed = list((choices or {}).get(option.name, ())) or list(option.choices)
    if allowed:
        if value is not None and str(value) not in allowed:
            allowed.append(str(value))
        index = allowed.index(str(value)) if value is not None else None
        return st.selectbox(option.title, allowed, index=index, help=help_text, key=name)
    if option.kind == "bool" and value is None:
        return st.selectbox(
            option.title,
            (None, True, False),
            format_func=lambda one: {None: "guessed", True: "yes", False: "no"}[one],
            help=help_text,
            key=name,
        )
    if option.kind == "bool":
        return st.toggle(option.title, value=bool(value), help=help_text, key=name)
    if option.kind in ("int", "float"):
        return _number(option, value, name)
    if option.kind == "names":
        return _names(option, value, name)
    shown = "" if value is None else str(value)
    return st.text_input(option.title, value=shown, help=help_text, key=name).strip()


def _names(option: Option, value: Any, name: str) -> list[str] | dict[str, str]:
    """Names as they are typed or pasted. Raises LaminaError for what cannot be read as names."""
    from builder.data import names

    text = st.text_area(
        option.title,
        value=names.written(value) if value else "",
        placeholder="age, sex, income",
        help=option.help or None,
        key=name,
    )
    return names.parse(text)


def _number(option: Option, value: Any, name: str) -> int | float | None:
    hint = "guessed from the data" if value is None else ""
    low, high, said = option.low, option.high, option.help or None
    if option.kind == "int":
        return st.number_input(
            option.title,
            value=None if value is None else int(value),
            min_value=None if low is None else int(low),
            max_value=None if high is None else int(high),
            step=1,
            placeholder=hint,
            help=said,
            key=name,
        )
    return st.number_input(
        option.title,
        value=None if value is None else float(value),
        min_value=None if low is None else float(low),
        max_value=None if high is None else float(high),
        placeholder=hint,
        help=said,
        key=name,
    )
