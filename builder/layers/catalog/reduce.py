"""Summing an axis up in one number."""

from typing import Any

from builder.layers.base import Call, Layer, Param, Shape, ShapeError
from builder.layers.declare import axis


def _rule(call: Call) -> tuple[Shape, ...]:
    shape = tuple(call.shapes[0])
    dims = call.params["dim"]
    found = [axis(dim, len(shape)) for dim in ((dims,) if isinstance(dims, int) else dims)]
    if len(set(found)) != len(found):
        raise ShapeError("axis", "An axis is named twice.", param="dim", dim=dims)
    if call.params["keepdim"]:
        return (tuple(1 if index in found else size for index, size in enumerate(shape)),)
    return (tuple(size for index, size in enumerate(shape) if index not in found),)


def _call(function: str) -> Any:
    def write(call: Call) -> str:
        keep = ", keepdim=True" if call.params["keepdim"] else ""
        return f"{call.args[0]}.{function}(dim={call.params['dim']}{keep})"

    return write


def _reduction(name: str, function: str, help: str, *keywords: str) -> Layer:
    return Layer(
        name=name,
        family="pool",
        help=help,
        params=(
            Param(
                "dim",
                "size",
                1,
                "Axis (or axes) that is summed up; 0 is the batch. Default 1: steps of a sequence.",
            ),
            Param("keepdim", "bool", False, "Keep the axis with size 1. Off, as torch has it."),
        ),
        call=_call(function),
        shape=_rule,
        docs=f"https://docs.pytorch.org/docs/stable/generated/torch.{function}.html",
        keywords=("reduce", "pool", "global", *keywords),
    )


REDUCTIONS = (
    _reduction("Mean", "mean", "The mean over an axis, for example over all steps.", "average"),
    _reduction("Max", "amax", "The largest number along an axis.", "maximum"),
    _reduction("Min", "amin", "The smallest number along an axis.", "minimum"),
    _reduction("Sum", "sum", "The sum over an axis.", "total"),
)
