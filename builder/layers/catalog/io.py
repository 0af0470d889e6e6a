"""Where data enters the graph and where the answer leaves it."""

from builder.layers.base import Call, Layer, Param, Port, Shape, ShapeError
from builder.layers.declare import same


def _input_shape(call: Call) -> tuple[Shape, ...]:
    shape = call.params["shape"]
    if not shape:
        raise ShapeError("no_data", "No data comes in here yet, so its shape is not known.")
    return (tuple(shape),)


INPUT = Layer(
    name="Input",
    family="io",
    help="Where the data comes in; its shape follows from the data.",
    params=(
        Param(
            "shape",
            "ints",
            None,
            "Shape of one sample, only needed while no data is chosen. Empty: the data decides.",
            low=1,
        ),
        Param(
            "form",
            "choice",
            None,
            "What the numbers are, only needed while no data is chosen. Empty: the data decides.",
            choices=("vector", "codes", "image", "tokens", "series"),
        ),
    ),
    inputs=(),
    call=lambda call: call.name,
    shape=_input_shape,
    keywords=("data", "source", "start", "image", "table", "text"),
)

OUTPUT = Layer(
    name="Output",
    family="io",
    help="The answer of the network. For classes: one raw score per class, without Softmax.",
    outputs=(),
    inputs=(Port(),),
    call=lambda call: call.args[0],
    shape=same,
    dtype_in="any",
    keywords=("result", "end", "prediction", "scores", "logits"),
)
