"""Fields drawn from declarations: what a declaration says is the form, and nothing is listed
twice.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from builder.data.options import WORDS, Option
from builder.ui import parts
from builder.wording import number as written

WHOLE = "%.16g"
"""Fields for whole numbers take any number: one that takes whole ones reads 2.5 as 2, 1e9 as 1."""


class Given(dict[str, Any]):
    """What was chosen, by name, and what was typed but cannot be, in words that stand at its field:
    such a field gives what it held before, and nothing should be begun with it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []


def fields(
    options: Sequence[Option],
    values: Mapping[str, Any],
    *,
    key: str,
    choices: Mapping[str, Sequence[str]] | None = None,
) -> Given:
    """Draw a field per option and give what was chosen; options left at their default are left out.

    `values` are set already or were guessed; `choices` narrows an option to what this data
    allows (the sheets of a
    workbook). Advanced options are folded away.
    """
    chosen = Given()
    usual = [option for option in options if not option.advanced]
    rare = [option for option in options if option.advanced]
    for option in usual:
        _put(chosen, option, _field(option, values, key, choices, chosen))
    if rare:
        with st.expander("More settings", key=f"{key}_more"):
            for option in rare:
                _put(chosen, option, _field(option, values, key, choices, chosen))
    return chosen


def _put(chosen: dict[str, Any], option: Option, value: Any) -> None:
    if value not in (None, "", [], {}) and value != option.default:
        chosen[option.name] = value


def _field(
    option: Option,
    values: Mapping[str, Any],
    key: str,
    choices: Mapping[str, Sequence[str]] | None,
    given: Given,
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
        return _number(option, value, name, given)
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


def _number(option: Option, value: Any, name: str, given: Given) -> int | float | None:
    hint = "guessed from the data" if value is None else ""
    whole = option.kind == "int"
    start: Any = None if value is None else float(value)
    typed: float | None = st.number_input(
        option.title,
        value=start,
        min_value=None if option.low is None else float(option.low),
        max_value=None if option.high is None else float(option.high),
        step=1.0 if whole else None,
        format=WHOLE if whole else None,
        placeholder=hint,
        help=option.help or None,
        key=name,
    )
    if not whole or typed is None:
        return typed
    if (count := whole_number(option.title, typed)) is None:
        given.refused.append(option.title)
        return None if value is None else int(value)
    return count


def whole_number(title: str, typed: float) -> int | None:
    """What was typed as a whole number; None, which is said below the field, where it is none:
    2.5 is not cut to 2.
    """
    if typed.is_integer():
        return int(typed)
    parts.html(
        f'<p class="lm-err lm-s" role="alert">{parts.esc(title)} must be {WORDS["int"]}, not '
        f"{written(typed)}.</p>"
    )
    return None
