"""What a person enters to have it predicted, drawn from the preparation; the answer as bars."""

from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Literal

import numpy as np
import streamlit as st

from builder.data.runtime import naming
from builder.ui import figures, labels, parts

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


def text_label(settings: Mapping[str, Any]) -> str:
    """What stands over the field of a text: what the table calls its column, where it has one."""
    called = naming.texts(settings).get(media_column(settings), "")
    return labels.plain(naming.called(called, naming.headless(settings))) or "Text"


def fields(
    settings: Mapping[str, Any],
    given: Mapping[str, Any],
    run: str,
    most: int = 3,
    note: Callable[[Mapping[str, Any], Any], str] | None = None,
) -> dict[str, Any]:
    """One field per column, up to `most` beside each other, `given` (a row of the test split) as
    the start; gives the record. `note` says under a field what its value means to the model.
    """
    record: dict[str, Any] = {}
    wanted = columns_of(settings)
    count = min(most, 3 if len(wanted) > 6 else 2)
    headless = naming.headless(settings)
    for start in range(0, len(wanted), count):
        for place, column in zip(st.columns(count), wanted[start : start + count], strict=False):
            with place:
                name = column["name"]
                value = given[name] if name in given else column.get("fill")
                label = labels.plain(naming.called(name, headless))
                record[name] = _field(column, label, value, f"deploy_{run}_{name}")
                said = note(column, record[name]) if note else ""
                if said:
                    parts.html(
                        f'<p class="lm-s lm-warn" style="margin-top:-10px">{escape(said)}</p>',
                        "field-note",
                    )
    return record


def _field(column: Mapping[str, Any], label: str, given: Any, key: str) -> Any:
    kind = column["kind"]
    if kind == "category":
        values = [str(value) for value in column["values"] if value != "(missing)"]
        start = NO_ANSWER if given is None else str(given).strip()
        shown = (
            [*values, NO_ANSWER] if start in (*values, NO_ANSWER) else [*values, start, NO_ANSWER]
        )
        picked = st.selectbox(
            label, shown, index=shown.index(start), key=key, accept_new_options=True
        )
        return None if picked == NO_ANSWER else picked
    if kind == "boolean":
        options = ["yes", "no", NO_ANSWER]
        known = "yes" if str(given).lower() in ("1", "1.0", "true", "yes", "t", "y") else "no"
        start = NO_ANSWER if given is None else known
        picked = st.selectbox(label, options, index=options.index(start), key=key)
        return None if picked == NO_ANSWER else picked
    if kind == "date":
        text = "" if given is None else str(given)
        return st.text_input(label, value=text, placeholder="2026-01-31", key=key) or None
    st.session_state.setdefault(key, number(given))  # a default would make it impossible to empty
    return st.number_input(
        label, value=None, step=None, format="%.12g", placeholder=NO_ANSWER, key=key
    )


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


def answer(
    row: Mapping[str, Any], facts: Mapping[str, Any], truth: str | None = None, head: str = ""
) -> None:
    """The prediction in large letters; the likeliest classes as bars, or where the number lies.

    `head` is what is predicted as a person reads it; the target's own name where it is empty.
    """
    head = head or str(facts["target"])
    if "probabilities" not in row:
        value, true = row["prediction"], number(truth)
        share = (value - facts["mean"]) / (facts["std"] or 1.0)
        where = "above" if share >= 0 else "below"
        known = (
            f'<div class="lm-m">in truth {figures.number(true)}; '
            f"off by {figures.signed(true - value)}</div>"
            if true is not None
            else ""
        )
        parts.html(
            f'<div class="lm-f lm-s">{escape(head)}</div>'
            f'<div class="dp-big">{figures.number(value)}</div>{known}'
            f'<div class="lm-m lm-s">{abs(share):.1f} standard deviations {where} the mean of the '
            f"training rows ({figures.number(facts['mean'])})</div>",
            "answer",
        )
        return
    known = ""
    if truth is not None:
        said, true = str(row["prediction"]), number(truth)
        right = truth.strip() == said if true is None else true == number(said)
        known = parts.badge("right", "ok") if right else parts.badge(f"truth: {truth}", "err")
    shares = sorted(row["probabilities"].items(), key=lambda item: -item[1])
    bars = "".join(
        _bar(label, share, label == row["prediction"]) for label, share in shares[:MOST_BARS]
    )
    more = len(shares) - MOST_BARS
    rest = f'<div class="lm-f lm-s">and {more} classes less likely</div>' if more > 0 else ""
    parts.html(
        f'<div class="lm-f lm-s">{escape(head)}</div>'
        f'<div class="lm-row" style="flex-wrap:wrap"><span class="dp-big">'
        f"{escape(str(row['prediction']))}</span>{known}</div>"
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
