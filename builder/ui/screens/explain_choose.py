"""Every way to another sample: from the data, drawn, uploaded, typed, filled in or pasted."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from builder.errors import LaminaError
from builder.evaluate import ClassificationSplit
from builder.explain import whatif
from builder.ui import negative, opened, parts, rows, sample
from builder.ui.components.draw import draw
from builder.ui.components.samples import samples
from builder.ui.sample import Sample
from builder.ui.screens import deploy_inputs


def picker(run: Any, asked: Any, checkpoint: str, one: Sample) -> None:
    """The popover with every way to another sample."""
    with st.popover("Choose", key=f"choose_popover_{one.mark}", type="tertiary"):
        ways = ["From the data", *_own(asked)]
        way = (
            ways[0]
            if len(ways) == 1
            else st.segmented_control(
                "Way",
                ways,
                default=ways[0],
                required=True,
                key="choose_way",
                label_visibility="collapsed",
            )
        )
        if way == "Draw":
            _drawn(run, asked)
        elif way == "Upload":
            _uploaded(run, asked)
        elif way == "Type":
            _typed(run, asked)
        elif way == "Fill in":
            _filled_in(run, asked, one)
        elif way == "Paste":
            _pasted(run, asked)
        else:
            _from_data(run, checkpoint, one)


def _own(asked: Any) -> list[str]:
    form = deploy_inputs.form_of(asked.prepared.preparation)
    ways = {"table": ["Fill in"], "image": ["Draw", "Upload"], "text": ["Type"]}
    return ["Paste"] if form == "series" else ways.get(form, [])


def _from_data(run: Any, checkpoint: str, one: Sample) -> None:
    kept = opened.sizes(run)
    split = (
        st.segmented_control(
            "Split",
            kept,
            default=one.split if one.split in kept else kept[-1],
            required=True,
            format_func=opened.TITLES.__getitem__,
            key="choose_split",
            label_visibility="collapsed",
        )
        or kept[-1]
    )
    report = opened.report(run, checkpoint, split)
    found = list(range(report.rows))
    if isinstance(report, ClassificationSplit):
        names = ["any class", *report.classes]
        name = st.selectbox("Class", names, key="choose_class")
        which = st.segmented_control(
            "Answers", ["all", "right", "wrong"], default="all", required=True, key="choose_which"
        )
        found = [
            row
            for row in found
            if (name == names[0] or report.classes[int(report.targets[row])] == name)
            and (which == "all" or bool(report.right[row]) == (which == "right"))
        ]
    number = st.number_input(
        "Row",
        1,
        max(1, report.rows),
        rows.row_number(min(one.row, report.rows - 1)),
        key=f"choose_row_{split}",
    )
    if st.button("Show this row", key="choose_this"):
        sample.choose(split, int(number) - 1)
        st.rerun()
    first = samples(
        f"choose_{run.id}_{split}",
        rows.form(run.spec),
        rows.items(run.prepared(), split, found[:20], lambda _row: {}, 64),
        columns=rows.heads(run.spec, []),
        strip=rows.form(run.spec) in ("image", "series"),
        none="No row is like that.",
    )
    if first is not None:
        st.session_state["explain_list"], st.session_state["explain_list_title"] = (
            found[:500],
            "Chosen",
        )
        sample.choose(split, first)
        st.rerun()


def _image_column(asked: Any) -> str:
    parts_ = asked.prepared.preparation["inputs"].values()
    return str(next(part["column"] for part in parts_ if "column" in part))


def _drawn(run: Any, asked: Any) -> None:
    inputs = asked.prepared.preparation["inputs"].values()
    part = next(part for part in inputs if part["form"] == "image")
    size = (int(part["height"]), int(part["width"]))
    png = draw(f"explain_draw_{run.id}", size, dark=negative.dark(part))
    if (
        st.button("Explain the drawing", key="explain_drawing", disabled=png is None)
        and png is not None
    ):
        sample.give(run, {_image_column(asked): png})
        st.rerun()


def _uploaded(run: Any, asked: Any) -> None:
    file = st.file_uploader(
        "An image", type=["png", "jpg", "jpeg", "webp", "bmp"], key="explain_upload"
    )
    if file is not None and st.button("Explain the image", key="explain_uploaded"):
        record = {_image_column(asked): file.getvalue()}
        try:
            asked.records([record])
        except LaminaError:
            wrong = LaminaError(
                f"{file.name} is no image that can be read.",
                remedy="Take a whole PNG, JPEG, WebP or BMP.",
            )
            parts.failed(wrong, key="upload_failed")
            return
        sample.give(run, record)
        st.rerun()


def _typed(run: Any, asked: Any) -> None:
    text = st.text_area("A text", key="explain_text", max_chars=20_000)
    if st.button("Explain the text", key="explain_typed", disabled=not text.strip()):
        sample.give(run, {_image_column(asked): text})
        st.rerun()


def _filled_in(run: Any, asked: Any, one: Sample) -> None:
    """A row of one's own, beginning as the one that is shown."""
    given = one.record or asked.prepared.record(one.split, one.row)
    seen = {found.column: found for found in whatif.ranges(asked)}
    wrong: list[str] = []

    def note(column: Mapping[str, Any], value: Any) -> str:
        said = unreadable(column, value)
        if said:
            wrong.append(said)
        return said or unusual(column, value, seen.get(column["name"]))

    settings, key = asked.prepared.preparation, f"explain_{run.id}_{one.mark}"
    record = deploy_inputs.fields(settings, given, key, most=2, note=note)
    if st.button("Explain this row", key="explain_filled_in", disabled=bool(wrong)):
        sample.give(run, record)
        st.rerun()


def unreadable(column: Mapping[str, Any], value: Any) -> str:
    """Why the model's preparation cannot read the value, empty where it can."""
    from builder.data.runtime import tables

    try:
        read = tables.codes if column["kind"] == "category" else tables.numbers
        read(column, [value])
    except ValueError:
        kind = {"date": "date", "boolean": "yes or no"}.get(column["kind"], "number")
        example = ", as 2026-01-31" if kind == "date" else ""
        return f"“{str(value)[:40]}” is no {kind}{example}."
    return ""


def unusual(column: Mapping[str, Any], value: Any, seen: whatif.Range | None) -> str:
    """What the model makes of a value that is missing, or that training hardly saw."""
    from builder.data.runtime import tables

    kind = column["kind"]
    if value is None:
        if kind == "number":
            known = deploy_inputs.written(column["fill"])
            return f"Missing: read as {known}" + (", and marked." if column.get("flag") else ".")
        return "Missing." if column.get("fill") is None else f"Missing: read as {column['fill']}."
    if kind == "category" and int(tables.codes(column, [value])[0]) == 0:
        return "Not in the training rows: read as unknown."
    if kind == "number" and seen is not None:
        low, high = min(seen.choices, default=seen.low), max(seen.choices, default=seen.high)
        if not low <= float(value) <= high:
            return f"Training rows hold {rows.show(low)} to {rows.show(high)}."
    return ""


def _pasted(run: Any, asked: Any) -> None:
    """A series of one's own, one channel."""
    text = st.text_area("Numbers", key="explain_series", height=120, max_chars=200_000)
    if not st.button("Explain the series", key="explain_pasted", disabled=not text.strip()):
        return
    try:
        record = {_image_column(asked): [deploy_inputs.numbers(text)]}
        asked.records([record])
    except LaminaError as error:
        parts.failed(error, key="paste_failed")
    except ValueError as error:
        wrong = LaminaError(str(error), remedy="Give numbers, apart by spaces, commas or lines.")
        parts.failed(wrong, key="paste_failed")
    else:
        sample.give(run, record)
        st.rerun()
