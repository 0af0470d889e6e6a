"""The confusion matrix: every cell opens its samples.

Counts, shares of the truth, shares of the answers.
"""

from collections.abc import Mapping, Sequence

from builder.ui.components import plain


def matrix(
    key: str,
    classes: Sequence[str],
    counts: Sequence[Sequence[int]],
    selected: tuple[int, int] | None = None,
    *,
    name: str = "confusion-matrix",
) -> tuple[int, int] | None:
    """Draw the matrix [truth][prediction]; gives the cell that was clicked in this run of the page.

    Reachable by keyboard: arrows move, Enter opens. Downloads itself as PNG, SVG and CSV `name`.
    """
    result = plain.mount("matrix")(
        key=key,
        data={
            "id": key,
            "name": name,
            "classes": list(classes),
            "counts": [list(row) for row in counts],
            "selected": list(selected) if selected else None,
        },
        on_cell_change=plain.nothing,
    )
    return _cell(result.get("cell"), len(classes))


def _cell(value: object, size: int) -> tuple[int, int] | None:
    if not isinstance(value, Mapping):
        return None
    ends = value.get("true"), value.get("predicted")
    if not all(isinstance(end, int) and 0 <= end < size for end in ends):
        return None
    return int(ends[0]), int(ends[1])  # type: ignore[arg-type]
