"""Adding number by number: the join of a residual connection."""

from builder.layers.base import Layer, Port
from builder.layers.merging import elementwise

ADD = Layer(
    name="Add",
    family="merge",
    help="Adds its inputs number by number; all must have the same shape.",
    inputs=(Port("x", many=True),),
    call=lambda call: " + ".join(call.args),
    shape=elementwise("Adding"),
    docs="https://docs.pytorch.org/docs/stable/generated/torch.add.html",
    keywords=("plus", "sum", "residual", "skip", "shortcut"),
)
