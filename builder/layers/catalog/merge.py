"""Layers that bring several branches together."""

from typing import Any

from builder.layers.base import Call, Layer, Param, Port, Shape, ShapeError
from builder.layers.declare import axis, text
from builder.layers.merging import elementwise

_MANY = (Port("x", many=True),)
_PAIR = (Port("a"), Port("b"))
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.{}.html"


def _joined(operator: str) -> Any:
    return lambda call: f" {operator} ".join(call.args)


ADD = Layer(
    name="Add",
    family="merge",
    help="Adds its inputs number by number; all must have the same shape.",
    inputs=_MANY,
    call=_joined("+"),
    shape=elementwise("Adding"),
    docs=_DOCS.format("add"),
    keywords=("plus", "sum", "residual", "skip", "shortcut", "connection"),
)

MULTIPLY = Layer(
    name="Multiply",
    family="merge",
    help="Multiplies its inputs number by number, for example with a gate.",
    inputs=_MANY,
    call=_joined("*"),
    shape=elementwise("Multiplying"),
    docs=_DOCS.format("mul"),
    keywords=("times", "product", "gate", "attention", "squeeze and excitation"),
)

SUBTRACT = Layer(
    name="Subtract",
    family="merge",
    help="Takes the second input from the first, number by number.",
    inputs=_PAIR,
    call=_joined("-"),
    shape=elementwise("Subtracting"),
    docs=_DOCS.format("sub"),
    keywords=("minus", "difference", "siamese"),
)

DIVIDE = Layer(
    name="Divide",
    family="merge",
    help="Divides the first input by the second, number by number. Beware of zeros.",
    inputs=_PAIR,
    call=_joined("/"),
    shape=elementwise("Dividing"),
    docs=_DOCS.format("div"),
    keywords=("ratio", "quotient"),
)


def _largest(call: Call) -> str:
    first, *rest = call.args
    for other in rest:
        first = f"torch.maximum({first}, {other})"
    return first


MAXIMUM = Layer(
    name="Maximum",
    family="merge",
    help="Keeps the largest of its inputs, number by number.",
    inputs=_MANY,
    call=_largest,
    shape=elementwise("Comparing"),
    docs=_DOCS.format("maximum"),
    keywords=("max", "maxout", "compare"),
)


def _concat(call: Call) -> tuple[Shape, ...]:
    shapes = [tuple(shape) for shape in call.shapes]
    index = axis(call.params["dim"], len(shapes[0]))
    rest = {(*shape[:index], *shape[index + 1 :]) for shape in shapes}
    if len({len(shape) for shape in shapes}) > 1 or len(rest) > 1:
        raise ShapeError(
            "concat",
            "Laying side by side needs shapes that agree in every axis but the joined one; here "
            f"are {' and '.join(text(shape) for shape in shapes)}.",
            shapes=tuple(shapes),
            free=index,
        )
    size = sum(shape[index] for shape in shapes)
    return ((*shapes[0][:index], size, *shapes[0][index + 1 :]),)


CONCAT = Layer(
    name="Concat",
    family="merge",
    help="Lays its inputs side by side along one axis.",
    params=(
        Param(
            "dim",
            "int",
            1,
            "Axis to join along; 0 is the batch. Default 1: channels, or the features of a table.",
        ),
    ),
    inputs=_MANY,
    call=lambda call: f"torch.cat([{', '.join(call.args)}], dim={call.params['dim']})",
    shape=_concat,
    why=lambda call, out: _sum_formula(call, out),
    dtype_in="any",
    docs=_DOCS.format("cat"),
    keywords=("cat", "join", "merge", "unet", "wide and deep", "multimodal"),
)


def _stack(call: Call) -> tuple[Shape, ...]:
    shapes = {tuple(shape) for shape in call.shapes}
    if len(shapes) > 1:
        raise ShapeError(
            "differ",
            "Stacking needs equal shapes; here are "
            f"{' and '.join(text(shape) for shape in call.shapes)}.",
            shapes=tuple(tuple(shape) for shape in call.shapes),
        )
    shape = tuple(call.shapes[0])
    index = axis(call.params["dim"], len(shape) + 1)
    return ((*shape[:index], len(call.shapes), *shape[index:]),)


def _sum_formula(call: Call, out: tuple[Shape, ...]) -> str:
    index = axis(call.params["dim"], len(out[0]))
    return f"{' + '.join(str(shape[index]) for shape in call.shapes)} = {out[0][index]}"


STACK = Layer(
    name="Stack",
    family="merge",
    help="Puts inputs of equal shape behind one another along a new axis.",
    params=(Param("dim", "int", 1, "Where the new axis goes. Default 1: right after the batch."),),
    inputs=_MANY,
    call=lambda call: f"torch.stack([{', '.join(call.args)}], dim={call.params['dim']})",
    shape=_stack,
    dtype_in="any",
    docs=_DOCS.format("stack"),
    keywords=("sequence", "join", "new axis"),
)


def _matmul(call: Call) -> tuple[Shape, ...]:
    first, second = (tuple(shape) for shape in call.shapes)
    if len(first) != len(second) or first[:-2] != second[:-2] or first[-1] != second[-2]:
        raise ShapeError(
            "matmul",
            f"{text(first)} times {text(second)}: the last number of the first must equal the "
            "last but one of the second, and all before must agree.",
            shapes=(first, second),
        )
    return ((*first[:-1], second[-1]),)


MATMUL = Layer(
    name="MatMul",
    family="merge",
    help="Matrix product of two inputs, for example attention scores times values.",
    inputs=_PAIR,
    call=lambda call: f"{call.args[0]} @ {call.args[1]}",
    shape=_matmul,
    ranks=(2, 3, 4),
    macs=lambda call, out: _product(out[0]) * call.shapes[0][-1],
    docs=_DOCS.format("matmul"),
    keywords=("matrix", "product", "dot", "attention", "bmm"),
)


def _product(shape: Shape) -> int:
    count = 1
    for size in shape:
        count *= size
    return count


COSINE = Layer(
    name="CosineSimilarity",
    family="merge",
    help="How alike two inputs point: 1 the same way, 0 nothing in common, −1 opposite.",
    params=(
        Param("dim", "int", 1, "Axis to compare along; 0 is the batch. Default 1, as torch."),
        Param("eps", "float", 1e-8, "Keeps a division by 0 away. As torch has it.", low=0),
    ),
    inputs=_PAIR,
    construct=lambda call: (
        f"nn.CosineSimilarity(dim={call.params['dim']}"
        f"{'' if call.params['eps'] == 1e-8 else ', eps=' + repr(call.params['eps'])})"
    ),
    shape=lambda call: _cosine(call),
    docs=_DOCS.format("nn.CosineSimilarity"),
    keywords=("siamese", "distance", "embedding", "compare"),
)


def _cosine(call: Call) -> tuple[Shape, ...]:
    shapes = {tuple(shape) for shape in call.shapes}
    if len(shapes) > 1:
        raise ShapeError(
            "differ",
            "Comparing needs equal shapes; here are "
            f"{' and '.join(text(shape) for shape in call.shapes)}.",
            shapes=tuple(tuple(shape) for shape in call.shapes),
        )
    shape = tuple(call.shapes[0])
    index = axis(call.params["dim"], len(shape))
    return ((*shape[:index], *shape[index + 1 :]),)
