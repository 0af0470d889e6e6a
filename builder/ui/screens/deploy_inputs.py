"""What a person enters to have it predicted, drawn from the preparation; the answer as bars."""

from collections.abc import Mapping
from html import escape
from typing import Any, Literal

import numpy as np
import streamlit as st

from builder.ui import figures, parts

Form = Literal["table", "image", "text", "series", "mixed"]
FORMS: Mapping[str, Form] = {
    "vector": "table",
    "codes": "table",
    "image": "image",
    "tokens": "text",
    "series": "series",
}
NO_ANSWER = "(no value)"
MOST_BARS = 8


def form_of(settings: Mapping[str, Any]) -> Form:
    """What kind of input the network reads; "mixed" where it reads several."""
    kinds = {FORMS[part["form"]] for part in settings["inputs"].values()}
    return kinds.pop() if len(kinds) == 1 else "mixed"


def modes(form: Form, drawable: bool) -> list[str]:
    """The ways to bring input, the quickest first."""
    if form == "table":
        return ["Form", "File"]
    if form == "image":
        return ["Image", "Draw", "Files"] if drawable else ["Image", "Files"]
    if form == "text":
        return ["Text", "File"]
    return ["Numbers", "File"] if form == "series" else ["File"]


def columns_of(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The raw columns of all table inputs, each once."""
    found: dict[str, dict[str, Any]] = {}
    for part in settings["inputs"].values():
        for column in part.get("columns", ()) if part["form"] in ("vector", "codes") else ():
            found.setdefault(column["name"], dict(column))
    return list(found.values())


def media_column(settings: Mapping[str, Any]) -> str:
    """The column that holds the image, text or series."""
    return str(next(part["column"] for part in settings["inputs"].values() if "column" in part))


def fields(settings: Mapping[str, Any], given: Mapping[str, Any], run: str) -> dict[str, Any]:
    """One field per column, `given` (a row of the test split) as the start; gives the record."""
    record: dict[str, Any] = {}
    wanted = columns_of(settings)
    count = 3 if len(wanted) > 6 else 2
    for start in range(0, len(wanted), count):
        for place, column in zip(st.columns(count), wanted[start : start + count], strict=False):
            with place:
                name = column["name"]
                record[name] = _field(column, given.get(name), f"deploy_{run}_{name}")
    return record


def _field(column: Mapping[str, Any], given: Any, key: str) -> Any:
    name, kind = column["name"], column["kind"]
    if kind == "category":
        values = [str(value) for value in column["values"] if value != "(missing)"]
        shown = [*values, NO_ANSWER]
        start = str(given).strip() if given is not None else column.get("fill")
        index = shown.index(start) if start in shown else 0
        picked = st.selectbox(name, shown, index=index, key=key)
        return None if picked == NO_ANSWER else picked
    if kind == "boolean":
        options = ["yes", "no", NO_ANSWER]
        start = "yes" if str(given).lower() in ("1", "1.0", "true", "yes", "t", "y") else "no"
        picked = st.selectbox(name, options, index=options.index(start), key=key)
        return None if picked == NO_ANSWER else picked
    if kind == "date":
        text = "" if given is None else str(given)
        return st.text_input(name, value=text, placeholder="2026-01-31", key=key) or None
    value = number(given)
    start = value if value is not None else number(column.get("fill"))
    return st.number_input(name, value=start, step=None, format=_format(start), key=key)


def _format(value: float | None) -> str:
    """As many decimals as the value has, at most six; no exponent."""
    decimals = len(written(value).partition(".")[2]) if value is not None else 0
    return f"%.{min(6, decimals)}f" if value is not None else "%g"


def written(value: float) -> str:
    """A number in plain digits, as short as it still is itself in single precision."""
    return np.format_float_positional(np.float32(value), unique=True, trim="-")


def number(value: Any) -> float | None:
    """The value as a finite number, else None."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found == found and abs(found) != float("inf") else None


def numbers(text: str) -> list[float]:
    """A series typed or pasted, apart by commas, spaces, lines; ValueError naming what is none."""
    found = []
    for word in text.replace(",", " ").replace(";", " ").split():
        try:
            found.append(float(word))
        except ValueError:
            raise ValueError(f"{word[:40]!r} is no number.") from None
    if not found:
        raise ValueError("There are no numbers yet.")
    return found


def answer(row: Mapping[str, Any], facts: Mapping[str, Any], truth: str | None = None) -> None:
    """The prediction in large letters; the likeliest classes as bars, or where the number lies."""
    known = f'<span class="lm-f lm-s">in truth {escape(truth)}</span>' if truth is not None else ""
    if "probabilities" not in row:
        value = row["prediction"]
        share = (value - facts["mean"]) / (facts["std"] or 1.0)
        where = "above" if share >= 0 else "below"
        parts.html(
            f'<div class="lm-f lm-s">{escape(str(facts["target"]))}</div>'
            f'<div class="dp-big">{figures.number(value)}</div>{known}'
            f'<div class="lm-m lm-s">{abs(share):.1f} standard deviations {where} the mean of the '
            f"training rows ({figures.number(facts['mean'])})</div>",
            "answer",
        )
        return
    shares = sorted(row["probabilities"].items(), key=lambda item: -item[1])
    bars = "".join(
        _bar(label, share, label == row["prediction"]) for label, share in shares[:MOST_BARS]
    )
    more = len(shares) - MOST_BARS
    rest = f'<div class="lm-f lm-s">and {more} classes less likely</div>' if more > 0 else ""
    parts.html(
        f'<div class="lm-f lm-s">{escape(str(facts["target"]))}</div>'
        f'<div class="dp-big">{escape(str(row["prediction"]))}</div>{known}'
        f'<div class="dp-bars">{bars}</div>{rest}',
        "answer",
    )


def _bar(label: str, share: float, first: bool) -> str:
    tone = "dp-bar on" if first else "dp-bar"
    return (
        f'<div class="{tone}"><span class="n" title="{escape(label)}">{escape(label)}</span>'
        f'<span class="m"><i style="width:{share * 100:.1f}%"></i></span>'
        f'<span class="v">{share * 100:.1f} %</span></div>'
    )
