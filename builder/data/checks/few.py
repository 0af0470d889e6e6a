"""Too few rows to learn from, or to believe a figure."""

from typing import ClassVar

from builder.data.base import Finding
from builder.data.check import Check, Facts

FEWEST = 3
FEW = 100


class Few(Check):
    """A handful of rows says nothing about the next one."""

    order: ClassVar[int] = 10

    def look(self, facts: Facts) -> list[Finding]:
        """An error below 3 rows, a warning below 100."""
        rows = facts.raw.rows
        if rows < FEWEST:
            return [
                Finding(
                    "too_few_rows",
                    "error",
                    "Too few rows",
                    f"The data has {rows} {'row' if rows == 1 else 'rows'}; bring at least "
                    f"{FEWEST}, better hundreds.",
                )
            ]
        if rows < FEW:
            return [
                Finding(
                    "few_rows",
                    "warning",
                    "Few rows",
                    f"With {rows} rows a figure may be luck; look at several seeds before you "
                    "believe it.",
                )
            ]
        return []
