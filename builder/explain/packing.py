"""An explanation as named arrays and back: what a file of the run's folder holds, exactly.

Raw records do not go along; whoever reads an explanation back hands them in again.
"""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from builder.explain.result import (
    Check,
    ColumnPart,
    Evidence,
    Explanation,
    RowExplanation,
    Trust,
)

Arrays = dict[str, Any]
EVIDENCE = ("share", "marked", "orders")
APART = ("attributions", "values", "columns", "trust")


def pack(found: Explanation) -> Arrays:
    """Arrays by name: "facts" holds everything else as JSON text in bytes [N]."""
    arrays: Arrays = {}
    rows = []
    for at, row in enumerate(found.rows):
        for name, part in row.attributions.items():
            arrays[f"{at}.part.{name}"] = np.asarray(part)
        facts = {key: value for key, value in vars(row).items() if key not in APART}
        facts["inputs"] = list(row.attributions)
        facts["columns"] = [
            [one.name, one.attribution, one.value == one.name != row.values.get(one.name)]
            for one in row.columns
        ]
        facts["checks"] = None if row.trust is None else [vars(one) for one in row.trust.checks]
        if row.trust is not None and row.trust.evidence is not None:
            for name in EVIDENCE:
                arrays[f"{at}.{name}"] = getattr(row.trust.evidence, name)
        rows.append(facts)
    head = {key: value for key, value in vars(found).items() if key != "rows"}
    text = json.dumps({**head, "rows": rows})
    arrays["facts"] = np.frombuffer(text.encode(), np.uint8)
    return arrays


def unpack(arrays: Mapping[str, Any], records: Sequence[Mapping[str, Any]]) -> Explanation:
    """What `pack` took apart, with `records` as the rows' raw values.

    Raises ValueError, KeyError or TypeError for arrays that are not of its making.
    """
    head = json.loads(np.asarray(arrays["facts"], np.uint8).tobytes())
    rows = head.pop("rows")
    if len(rows) != len(records):
        raise ValueError("another number of rows")
    explained = [
        _row(at, facts, arrays, dict(record))
        for at, (facts, record) in enumerate(zip(rows, records))
    ]
    for name in ("limits", "notes", "classes"):
        head[name] = tuple(head[name])
    return Explanation(rows=explained, **head)


def _row(
    at: int, facts: dict[str, Any], arrays: Mapping[str, Any], record: dict[str, Any]
) -> RowExplanation:
    checks, inputs, columns = facts.pop("checks"), facts.pop("inputs"), facts.pop("columns")
    facts["features"] = {name: tuple(words) for name, words in facts["features"].items()}
    facts["probabilities"] = tuple(facts["probabilities"])
    trust = None
    if checks is not None:
        evidence = None
        if f"{at}.share" in arrays:
            evidence = Evidence(*(np.asarray(arrays[f"{at}.{name}"]) for name in EVIDENCE))
        trust = Trust(tuple(Check(**one) for one in checks), evidence)
    return RowExplanation(
        attributions={name: np.asarray(arrays[f"{at}.part.{name}"]) for name in inputs},
        values=record,
        columns=tuple(
            ColumnPart(name, name if word else record.get(name), part)
            for name, part, word in columns
        ),
        trust=trust,
        **facts,
    )


def plain(value: Any) -> Any:
    """A raw record for JSON, so that `raw` gives it back: bytes are marked, arrays are lists."""
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, Mapping):
        return {"fields": {str(key): plain(item) for key, item in value.items()}}
    if isinstance(value, np.ndarray | list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def raw(value: Any) -> Any:
    """What `plain` was given. Raises ValueError for what it did not make."""
    if isinstance(value, dict):
        if "bytes" in value:
            return base64.b64decode(value["bytes"], validate=True)
        return {key: raw(item) for key, item in value["fields"].items()}
    return [raw(item) for item in value] if isinstance(value, list) else value
