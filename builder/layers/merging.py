"""Rules that merging layers share."""

from collections.abc import Callable

from builder.layers.base import Call, Shape, ShapeError
from builder.layers.declare import text


def elementwise(doing: str) -> Callable[[Call], tuple[Shape, ...]]:
    """The rule of Add and its like: equal shapes.

    torch would broadcast sizes of 1; that is let through only where every input has as many axes,
    so that [n] against [n, 1] never turns into a table silently.
    """

    def rule(call: Call) -> tuple[Shape, ...]:
        shapes = [tuple(shape) for shape in call.shapes]
        if len({len(shape) for shape in shapes}) == 1:
            sizes = [{size for size in column if size != 1} for column in zip(*shapes, strict=True)]
            if all(len(found) <= 1 for found in sizes):
                return (tuple(max(column) for column in zip(*shapes, strict=True)),)
        raise ShapeError(
            "differ",
            f"{doing} works number by number, so all shapes must match; here are "
            f"{' and '.join(text(shape) for shape in shapes)}.",
            shapes=tuple(shapes),
        )

    return rule
