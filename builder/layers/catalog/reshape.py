"""The same numbers in another shape."""

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape, ShapeError
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
    why=lambda call, _: (
        f"{' × '.join(map(str, call.shapes[0]))} = {total(call.shapes[0]):,}"
        if call.params["start_dim"] == 1 and call.params["end_dim"] == -1
        else ""
    ),
    dtype_in="any",
    keywords=("vector", "reshape", "view", "row"),
    lamina=True,
)


def _numbers(wanted: tuple[int, ...], size: int, name: str) -> Shape:
    """`wanted` with its -1 computed so that it holds `size` numbers; ShapeError where it cannot."""
    unknown = [index for index, number in enumerate(wanted) if number == -1]
    if len(unknown) > 1:
        raise ShapeError("reshape", "Only one number may be -1: it is computed from the others.",
                         size=size, wanted=wanted, param=name)  # fmt: skip
    if any(number < 1 and number != -1 for number in wanted) or not wanted:
        raise ShapeError("reshape", "Sizes are 1 or more (or one -1, which is computed).",
                         size=size, wanted=wanted, param=name)  # fmt: skip
    known = total([number for number in wanted if number != -1])
    if unknown and size % known == 0:
        return tuple(size // known if number == -1 else number for number in wanted)
    if not unknown and known == size:
        return tuple(wanted)
    shown = "×".join("?" if number == -1 else str(number) for number in wanted)
    raise ShapeError(
        "reshape",
        f"{size} numbers come in, and they do not fill {shown}"
        f"{f' ({known} numbers)' if not unknown else ''}.",
        size=size,
        wanted=wanted,
        param=name,
    )


def _unflatten(call: Call) -> tuple[Shape, ...]:
    shape = call.shapes[0]
    index = axis(call.params["dim"], len(shape))
    sizes = _numbers(call.params["unflattened_size"], shape[index], "unflattened_size")
    return ((*shape[:index], *sizes, *shape[index + 1 :]),)


UNFLATTEN = torch_layer(
    "Unflatten",
    "pool",
    "Splits one axis into several: 784 numbers become a picture of 1×28×28.",
    (
        Param("dim", "int", REQUIRED, "Axis to split; 0 is the batch, 1 the first.", start=1),
        Param(
            "unflattened_size",
            "ints",
            REQUIRED,
            "The sizes it becomes; their product must be its size. One may be -1: computed.",
            low=-1,
            start=(1, -1),
        ),
    ),
    shape=_unflatten,
    dtype_in="any",
    keywords=("reshape", "view", "unfold", "picture"),
    lamina=True,
)


def _reshape(call: Call) -> tuple[Shape, ...]:
    return (_numbers(call.params["shape"], total(call.shapes[0]), "shape"),)


RESHAPE = Layer(
    name="Reshape",
    family="pool",
    help="The same numbers in any other shape.",
    params=(
        Param(
            "shape",
            "ints",
            REQUIRED,
            "The new sizes without the batch; their product must stay. One may be -1: computed.",
            low=-1,
            start=(-1,),
        ),
    ),
    call=lambda call: (
        f"{call.args[0]}.reshape({call.args[0]}.shape[0], "
        f"{', '.join(str(size) for size in _reshape(call)[0])})"
    ),
    shape=_reshape,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.reshape.html",
    keywords=("view", "shape", "resize"),
    lamina=True,
)


def _permute(call: Call) -> tuple[Shape, ...]:
    dims, shape = call.params["dims"], call.shapes[0]
    rank = len(shape)
    if len(dims) != rank + 1 or not all(-(rank + 1) <= dim <= rank for dim in dims):
        raise ShapeError(
            "permute",
            f"dims must name each axis once: 0 (the batch) to {rank}.",
            rank=rank,
        )
    found = [dim % (rank + 1) for dim in dims]
    if sorted(found) != list(range(rank + 1)) or found[0] != 0:
        raise ShapeError(
            "permute",
            f"dims must begin with 0, the batch, and then name each axis 1 to {rank} once.",
            rank=rank,
        )
    return (tuple(shape[dim - 1] for dim in found[1:]),)


PERMUTE = Layer(
    name="Permute",
    family="pool",
    help="Puts the axes in another order, for example [time, features] as [features, time].",
    params=(
        Param(
            "dims",
            "ints",
            REQUIRED,
            "The old numbers of the axes in their new order; 0 is the batch and stays first.",
            start=(0, 2, 1),
        ),
    ),
    call=lambda call: f"{call.args[0]}.permute({', '.join(map(str, call.params['dims']))})",
    shape=_permute,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.permute.html",
    keywords=("transpose", "axes", "order", "channels last"),
    lamina=True,
)


def _transpose(call: Call) -> tuple[Shape, ...]:
    shape = list(call.shapes[0])
    first = axis(call.params["dim0"], len(shape), "dim0")
    second = axis(call.params["dim1"], len(shape), "dim1")
    shape[first], shape[second] = shape[second], shape[first]
    return (tuple(shape),)


TRANSPOSE = Layer(
    name="Transpose",
    family="pool",
    help="Swaps two axes, for example time and features.",
    params=(
        Param("dim0", "int", REQUIRED, "One axis; 0 is the batch and may not move.", start=1),
        Param("dim1", "int", REQUIRED, "The other axis.", start=2),
    ),
    call=lambda call: f"{call.args[0]}.transpose({call.params['dim0']}, {call.params['dim1']})",
    shape=_transpose,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.transpose.html",
    keywords=("swap", "axes", "permute"),
    lamina=True,
)


def _squeeze(call: Call) -> tuple[Shape, ...]:
    shape = call.shapes[0]
    index = axis(call.params["dim"], len(shape))
    return (tuple(shape[:index]) + tuple(shape[index + (shape[index] == 1) :]),)


SQUEEZE = Layer(
    name="Squeeze",
    family="pool",
    help="Takes away an axis of size 1; an axis of another size stays.",
    params=(Param("dim", "int", REQUIRED, "The axis; 0 is the batch, -1 the last.", start=-1),),
    call=lambda call: f"{call.args[0]}.squeeze({call.params['dim']})",
    shape=_squeeze,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.squeeze.html",
    keywords=("remove axis", "reshape"),
    lamina=True,
)


def _unsqueeze(call: Call) -> tuple[Shape, ...]:
    shape = call.shapes[0]
    index = axis(call.params["dim"], len(shape) + 1)
    return ((*shape[:index], 1, *shape[index:]),)


UNSQUEEZE = Layer(
    name="Unsqueeze",
    family="pool",
    help="Adds an axis of size 1, for example one channel.",
    params=(Param("dim", "int", REQUIRED, "Where; 1 is before the first axis.", start=1),),
    call=lambda call: f"{call.args[0]}.unsqueeze({call.params['dim']})",
    shape=_unsqueeze,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.unsqueeze.html",
    keywords=("add axis", "channel", "expand"),
    lamina=True,
)


def _unfold(call: Call) -> tuple[Shape, ...]:
    shape, size, step = call.shapes[0], call.params["size"], call.params["step"]
    index = axis(call.params["dimension"], len(shape), "dimension")
    if shape[index] < size:
        raise ShapeError(
            "patch", f"A patch of {size} does not fit into {shape[index]}.", most=shape[index]
        )
    count = (shape[index] - size) // step + 1
    return ((*shape[:index], count, *shape[index + 1 :], size),)


PATCHES = Layer(
    name="Patches",
    family="pool",
    help="Cuts an axis into patches (torch's unfold); the numbers of a patch become the last axis.",
    params=(
        Param("dimension", "int", REQUIRED, "Axis to cut; 0 is the batch.", start=-1),
        Param("size", "int", REQUIRED, "Length of a patch.", low=1, start=5),
        Param(
            "step",
            "int",
            REQUIRED,
            "Step from patch to patch; the size: no overlap.",
            low=1,
            start=5,
        ),
    ),
    call=lambda call: (
        f"{call.args[0]}.unfold({call.params['dimension']}, {call.params['size']}, "
        f"{call.params['step']})"
    ),
    shape=_unfold,
    dtype_in="any",
    docs="https://docs.pytorch.org/docs/stable/generated/torch.Tensor.unfold.html",
    keywords=("unfold", "windows", "segments", "series"),
)
