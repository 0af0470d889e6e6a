"""The few held-out rows whose predictions are shown while a run learns."""

import base64
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from builder.data.specs import TargetSpec
from builder.errors import LaminaError
from builder.runs import Run
from builder.ui import figures
from builder.ui import rows as record_rows

SIDE = 64
WORDS = 90
"""Characters of a text that are shown."""
COLUMN = 40
"""A longer value is a text rather than a column's value."""
COLUMNS = 3


class Watched:
    """Turns a run's latest predictions into what the browser shows; pictures are made once."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._faces: dict[int, tuple[str | None, str]] = {}

    @cached_property
    def _prepared(self) -> Any:
        """The prepared data; None where it was cleaned up: then there are no pictures."""
        try:
            return self.run.prepared()
        except LaminaError:
            return None

    def rows(self, found: dict[str, list[float]]) -> list[dict[str, Any]]:
        """One entry per watched row: image, text, predicted, truth, share, right."""
        target = self.run.spec.target
        unknown: list[float | None] = [None] * len(found["prediction"])
        shares: Sequence[float | None] = found.get("confidence") or unknown
        places = found.get("row") or range(len(unknown))  # older runs watched the first rows
        entries = []
        for row, value, truth, share in zip(
            places, found["prediction"], found["target"], shares, strict=True
        ):
            image, text = self._face(int(row))
            entries.append(
                {
                    "image": image,
                    "text": text,
                    "predicted": _shown(value, target),
                    "truth": _shown(truth, target),
                    "share": share,
                    "right": int(value) == int(truth) if _named(target) else None,
                }
            )
        return entries

    def _face(self, row: int) -> tuple[str | None, str]:
        if row not in self._faces:
            self._faces[row] = self._drawn(row)
        return self._faces[row]

    def _drawn(self, row: int) -> tuple[str | None, str]:
        forms = {spec.form for spec in self.run.spec.inputs.values()}
        if self._prepared is None:
            return None, f"row {row}"
        try:
            if "image" in forms:
                png = self._prepared.thumbnail("validation", row, SIDE)
                return f"data:image/png;base64,{base64.b64encode(png).decode()}", f"row {row}"
            record = self._prepared.record("validation", row)
        except (LaminaError, OSError):
            return None, f"row {row}"
        return None, self._told(record) or f"row {row}"

    def _told(self, record: dict[str, Any]) -> str:
        """A text in its first words; of a table the first columns that the network reads."""
        read = (record_rows.columns_of(self.run.spec, most=len(record)), list(record))
        target = self.run.spec.target
        plain: dict[str, Any] = {}
        for names in read:
            plain = plain or {
                record_rows.column_label(self.run.spec, name): record[name]
                for name in names
                if (target is None or name != target.name)
                and isinstance(record.get(name), str | int | float)
            }
        long = [str(value) for value in plain.values() if len(str(value)) > COLUMN]
        if long:
            return _short(long[0], WORDS)
        cells = [
            f"{name} {f'{value:.4g}' if isinstance(value, float) else value}"
            for name, value in list(plain.items())[:COLUMNS]
        ]
        return _short(", ".join(cells), WORDS)


def _short(text: str, most: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= most else f"{plain[: most - 1].rstrip()}…"


def _named(target: TargetSpec | None) -> bool:
    return target is not None and target.kind == "class"


def _shown(value: float, target: TargetSpec | None) -> str:
    """A class by its name, a number as the pages write it."""
    if target is not None and _named(target):
        return str(target.classes[int(value)])
    return figures.number(value)
