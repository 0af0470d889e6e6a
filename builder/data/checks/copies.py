"""Columns that repeat another."""

from typing import ClassVar

from builder.data.base import Finding
from builder.data.check import Check, Facts, ignore, listed


class Copies(Check):
    """Two columns with the same cells tell the network one thing twice."""

    order: ClassVar[int] = 55

    def look(self, facts: Facts) -> list[Finding]:
        """Features whose cells equal those of an earlier feature."""
        seen: dict[tuple[object, ...], list[str]] = {}
        copies: list[tuple[str, str]] = []
        frame = facts.frame
        for column in facts.features():
            profile = facts.profiles[column.name]
            if profile.unique < 2:
                continue
            mark = (profile.type, profile.unique, profile.missing, str(frame[column.name].iloc[0]))
            for other in seen.get(mark, []):
                if frame[column.name].equals(frame[other]):
                    copies.append((column.name, other))
                    break
            else:
                seen.setdefault(mark, []).append(column.name)
        if not copies:
            return []
        names = [name for name, _ in copies]
        first, other = copies[0]
        more = f" ({len(copies) - 1} more pairs.)" if len(copies) > 1 else ""
        return [
            Finding(
                "copied_column",
                "warning",
                "A column comes twice",
                f"{listed([first])} has the same cells as {listed([other])}.{more}",
                tuple(names),
                (ignore(names),),
            )
        ]
