"""Layers that take parts of what comes in."""

from collections.abc import Mapping
from typing import Any

from builder.layers.base import REQUIRED, Call, Layer, Param, Port, Shape, ShapeError
from builder.layers.declare import axis

_DIM = Param("dim", "int", 1, "Axis to cut along; 0 is the batch. Default 1: the channels.")
_DOCS = "https://docs.pytorch.org/docs/stable/generated/torch.{}.html"


def _ports(count: int) -> tuple[Port, ...]:
    return tuple(Port(f"out{number}") for number in range(1, count + 1))


def _with(shape: Shape, index: int, size: int) -> Shape:
    return (*shape[:index], size, *shape[index + 1 :])


def _split(call: Call) -> tuple[Shape, ...]:
    shape, sizes = tuple(call.shapes[0]), call.params["split_size_or_sections"]
    index = axis(call.params["dim"], len(shape))
    if not sizes or sum(sizes) != shape[index]:
        raise ShapeError(
            "split",
            f"The parts {' + '.join(map(str, sizes))} make {sum(sizes)}, but the axis has "
            f"{shape[index]}.",
            size=shape[index],
            sizes=sizes,
        )
    return tuple(_with(shape, index, size) for size in sizes)


def _split_ports(params: Mapping[str, Any]) -> tuple[Port, ...]:
    return _ports(len(params["split_size_or_sections"]))


def _parts(cut: str, into: list[int] | int, call: Call) -> str:
    """The parts; a single one is the tensor itself, not a tuple of one."""
    count = into if isinstance(into, int) else len(into)
    alone = "[0]" if count == 1 else ""
    return f"{call.args[0]}.{cut}({into}, dim={call.params['dim']}){alone}"


SPLIT = Layer(
    name="Split",
    family="merge",
    help="Cuts an axis into parts of given sizes; each part goes its own way.",
    params=(
        Param(
            "split_size_or_sections",
            "ints",
            REQUIRED,
            "Size of each part; together they must make the whole axis.",
            low=1,
            start=(1, 1),
        ),
        _DIM,
    ),
    outputs=_ports(2),
    outputs_of=_split_ports,
    call=lambda call: _parts("split", list(call.params["split_size_or_sections"]), call),
    shape=_split,
    dtype_in="any",
    docs=_DOCS.format("split"),
    keywords=("cut", "parts", "branch", "divide"),
)


def _chunk(call: Call) -> tuple[Shape, ...]:
    shape, chunks = tuple(call.shapes[0]), call.params["chunks"]
    index = axis(call.params["dim"], len(shape))
    part = -(-shape[index] // chunks)
    if -(-shape[index] // part) != chunks:
        raise ShapeError(
            "chunks",
            f"{shape[index]} cannot be cut into {chunks} parts of nearly one size.",
            size=shape[index],
        )
    sizes = [part] * (chunks - 1) + [shape[index] - part * (chunks - 1)]
    return tuple(_with(shape, index, size) for size in sizes)


CHUNK = Layer(
    name="Chunk",
    family="merge",
    help="Cuts an axis into equal parts (the last may be smaller); each goes its own way.",
    params=(
        Param("chunks", "int", 2, "How many equal parts. Default 2: halves.", low=1, high=64),
        _DIM,
    ),
    outputs=_ports(2),
    outputs_of=lambda params: _ports(params["chunks"]),
    call=lambda call: _parts("chunk", call.params["chunks"], call),
    shape=_chunk,
    dtype_in="any",
    docs=_DOCS.format("chunk"),
    keywords=("halve", "parts", "branch", "split"),
)


def _select(call: Call) -> tuple[Shape, ...]:
    shape, wanted = tuple(call.shapes[0]), call.params["index"]
    place = axis(call.params["dim"], len(shape))
    if not -shape[place] <= wanted < shape[place]:
        raise ShapeError(
            "index",
            f"There is no number {wanted}: the axis has {shape[place]}, counted from 0.",
            size=shape[place],
            param="index",
        )
    return ((*shape[:place], *shape[place + 1 :]),)


def _index(call: Call, inner: str) -> str:
    place = axis(call.params["dim"], len(call.shapes[0])) + 1
    return f"{call.args[0]}[{':, ' * place}{inner}]"


SELECT = Layer(
    name="Select",
    family="merge",
    help="Takes one entry of an axis, for example the last step of a sequence.",
    params=(
        Param("dim", "int", 1, "The axis; 0 is the batch. Default 1: steps of a sequence."),
        Param("index", "int", -1, "Which entry, counted from 0. Default -1: the last."),
    ),
    call=lambda call: _index(call, str(call.params["index"])),
    shape=_select,
    dtype_in="any",
    docs=_DOCS.format("select"),
    keywords=("last step", "first", "cls", "pick", "index"),
)


def _slice(call: Call) -> tuple[Shape, ...]:
    shape, params = tuple(call.shapes[0]), call.params
    place = axis(params["dim"], len(shape))
    size = len(range(*slice(params["start"], params["end"], params["step"]).indices(shape[place])))
    if size < 1:
        raise ShapeError(
            "slice",
            f"Nothing lies between {params['start']} and {params['end']}: the axis has "
            f"{shape[place]}.",
            size=shape[place],
        )
    return (_with(shape, place, size),)


def _slice_text(call: Call) -> str:
    start, end, step = (call.params[name] for name in ("start", "end", "step"))
    inner = f"{start or ''}:{'' if end is None else end}{f':{step}' if step != 1 else ''}"
    return _index(call, inner)


SLICE = Layer(
    name="Slice",
    family="merge",
    help="Takes a stretch of an axis, from one place to before another.",
    params=(
        _DIM,
        Param("start", "int", 0, "First entry, counted from 0; negative: from the end."),
        Param("end", "int", None, "Where to stop, itself left out. Empty: to the end."),
        Param("step", "int", 1, "Take every so many. Default 1: all.", low=1),
    ),
    call=_slice_text,
    shape=_slice,
    dtype_in="any",
    docs=_DOCS.format("narrow"),
    keywords=("crop", "part", "range", "narrow"),
)
