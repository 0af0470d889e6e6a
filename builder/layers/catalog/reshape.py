"""The same numbers in another shape."""

from builder.layers.base import Call, Param, Shape, ShapeError
from builder.layers.declare import axis, torch_layer, total


def _flatten(call: Call) -> tuple[Shape, ...]:
    shape = call.shapes[0]
    first = axis(call.params["start_dim"], len(shape), "start_dim")
    last = axis(call.params["end_dim"], len(shape), "end_dim")
    if last < first:
        raise ShapeError("axis", "end_dim comes before start_dim.", param="end_dim", dim=last + 1)
    return ((*shape[:first], total(shape[first : last + 1]), *shape[last + 1 :]),)


FLATTEN = torch_layer(
    "Flatten",
    "pool",
    "Lays all numbers of a sample in one row, so that a Linear layer can take them.",
    (
        Param(
            "start_dim",
            "int",
            1,
            "First axis to flatten; 0 is the batch. Default 1: everything but the batch.",
        ),
        Param("end_dim", "int", -1, "Last axis to flatten. Default -1: up to the last."),
    ),
    shape=_flatten,
    dtype_in="any",
    keywords=("vector", "reshape", "view", "row"),
    lamina=True,
)
