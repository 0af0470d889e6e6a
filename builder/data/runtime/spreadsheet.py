"""Cells of a CSV that a spreadsheet may open: numbers as they are, formulas disarmed. The standard
library only."""

import re
from typing import Any

RISKY = ("=", "+", "-", "@", "\t", "\r", "\n")
AMOUNT = re.compile(
    r"[+-]\s?[$€£¥]?\s?(\d[\d.,'\u2019\u00a0\u202f ]*|[.,]\d+)(e[+-]?\d+)?"
    r"\s*(%|[^\W\d_]{1,8}|[€$£¥])?",
    re.I,
)
"""A signed number in any form that Lamina reads (-0,95 · +1.234,50 € · -3 % · -5 lbs)."""


def safe(value: Any) -> Any:
    """The cell as it may be written: numbers, dashes and plain words as they are; what a
    spreadsheet would take for a formula behind an apostrophe, which `plain` takes off again.
    """
    if not isinstance(value, str) or not value.lstrip("'").startswith(RISKY):
        return value
    if not value.strip("-") or AMOUNT.fullmatch(value.strip()):
        return value
    return "'" + value


def plain(cell: str) -> str:
    """The cell as it was before `safe` wrote it."""
    return cell[1:] if cell.startswith("'") and safe(cell[1:]) == cell else cell
