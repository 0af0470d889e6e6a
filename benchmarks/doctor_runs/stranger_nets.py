"""Networks of the set "thirteenth"."""

from collections.abc import Callable
from typing import Any

from builder.graph.spec import Graph
from builder.templates.base import Sketch

Graphs = Callable[[str, int], Graph]


def _begun(name: str) -> Sketch:
    sketch = Sketch()
    sketch.add(name, "Input")
    return sketch


def _ended(sketch: Sketch, outputs: int) -> Graph:
    sketch.add("verdict", "Linear", out_features=outputs)
    sketch.add("out", "Output")
    return sketch.graph()


def tower(
    depth: int, width: int, act: str = "ReLU", *, norm: str = "", drop: float = 0.0,
    flat: bool = False, last: str = "", **init: Any,
) -> Graphs:  # fmt: skip
    """`depth` hidden layers hid1, hid2, … with act1, act2, …; `last` behind the verdict."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        if flat:
            sketch.add("unroll", "Flatten")
        for k in range(1, depth + 1):
            sketch.add(f"hid{k}", "Linear", out_features=width, **init)
            if norm:
                sketch.add(f"even{k}", norm)
            sketch.add(f"act{k}", act)
            if drop:
                sketch.add(f"lose{k}", "AlphaDropout" if act == "SELU" else "Dropout", p=drop)
        if last:
            sketch.add("verdict", "Linear", out_features=outputs)
            sketch.add("bound", last)
            sketch.add("out", "Output")
            return sketch.graph()
        return _ended(sketch, outputs)

    return make


def ladder(blocks: int, width: int, act: str = "ReLU", norm: str = "") -> Graphs:
    """Residual blocks of two layers, without normalisation unless one is named."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        trunk = sketch.add("stem", "Linear", out_features=width)
        for k in range(1, blocks + 1):
            if norm:
                sketch.add(f"even{k}", norm, trunk)
                sketch.add(f"up{k}", "Linear", out_features=width)
            else:
                sketch.add(f"up{k}", "Linear", trunk, out_features=width)
            sketch.add(f"act{k}", act)
            branch = sketch.add(f"down{k}", "Linear", out_features=width)
            trunk = sketch.add(f"sum{k}", "Add", trunk, branch)
        sketch.add("last", act)
        return _ended(sketch, outputs)

    return make


def eyes(
    channels: tuple[int, ...], act: str = "ReLU", *, norm: str = "", dense: int = 0,
    drop: float = 0.0, axes: int = 2, pool: str = "Max",
) -> Graphs:  # fmt: skip
    """Convolutions see1, see2, …, every other one followed by a pool, the mean at the end."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        for k, units in enumerate(channels, start=1):
            sketch.add(
                f"see{k}", f"Conv{axes}d", out_channels=units, kernel_size=5 - 2 * (axes == 2),
                padding=2 - (axes == 2),
            )  # fmt: skip
            if norm:
                sizes = {"num_groups": 4} if norm == "GroupNorm" else {}
                sketch.add(f"even{k}", norm, **sizes)
            sketch.add(f"act{k}", act)
            if k <= 2:
                sketch.add(f"pool{k}", f"{pool}Pool{axes}d", kernel_size=2)
        sketch.add("mean", f"AdaptiveAvgPool{axes}d", output_size=1 if axes == 1 else 2)
        sketch.add("unroll", "Flatten")
        if dense:
            sketch.add("hid1", "Linear", out_features=dense)
            sketch.add("acth", act)
        if drop:
            sketch.add("lose", "Dropout", p=drop)
        return _ended(sketch, outputs)

    return make


def fork(act: str = "SiLU") -> Graphs:
    """A wide and a deep way side by side."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        sketch.add("deep1", "Linear", name, out_features=48)
        sketch.add("dact1", act)
        sketch.add("deep2", "Linear", out_features=24)
        deep = sketch.add("dact2", act)
        wide = sketch.add("wide", "Linear", name, out_features=16)
        sketch.add("both", "Concat", deep, wide)
        return _ended(sketch, outputs)

    return make


def ratio() -> Graphs:
    """One layer over another whose ReLU may well be 0."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        sketch.add("upper", "Linear", name, out_features=24)
        upper = sketch.add("uact", "Tanh")
        sketch.add("lower", "Linear", name, out_features=24)
        lower = sketch.add("lact", "ReLU")
        sketch.add("over", "Divide", upper, lower)
        return _ended(sketch, outputs)

    return make


def memory(kind: str = "LSTM", **params: Any) -> Graphs:
    """A recurrent layer over a series, its last answer."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        sketch.add("turn", "Permute", dims=[0, 2, 1])
        sketch.add("recall", kind, **{"hidden_size": 24, "output": "last", **params})
        return _ended(sketch, outputs)

    return make


def glance(layers: int = 2, width: int = 32) -> Graphs:
    """Attention over pieces of a series that a strided convolution cuts."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        sketch.add("cut", "Conv1d", out_channels=width, kernel_size=6, stride=6)
        sketch.add("turn", "Permute", dims=[0, 2, 1])
        sketch.add("place", "SinusoidalPositionalEncoding")
        for k in range(1, layers + 1):
            sketch.add(
                f"attend{k}", "TransformerEncoderLayer", nhead=4, dim_feedforward=64, dropout=0.1,
                norm_first=True,
            )  # fmt: skip
        sketch.add("mean", "Mean", dim=1)
        return _ended(sketch, outputs)

    return make


def reader(kind: str = "LSTM", width: int = 24, drop: float = 0.2) -> Graphs:
    """Words as vectors, read in order, by filters, or all at once."""

    def make(name: str, outputs: int) -> Graph:
        sketch = _begun(name)
        sketch.add("words", "Embedding", embedding_dim=width, padding_idx=0)
        if kind == "Conv1d":
            sketch.add("turn", "Permute", dims=[0, 2, 1])
            sketch.add("see1", "Conv1d", out_channels=32, kernel_size=3, padding=1)
            sketch.add("act1", "ReLU")
            sketch.add("best", "AdaptiveMaxPool1d", output_size=1)
            sketch.add("unroll", "Flatten")
        elif kind == "Mean":
            sketch.add("mean", "Mean", dim=1)
            sketch.add("hid1", "Linear", out_features=24)
            sketch.add("act1", "Tanh")
        else:
            sketch.add("recall", kind, hidden_size=32, output="last", bidirectional=kind == "GRU")
        sketch.add("lose", "Dropout", p=drop)
        return _ended(sketch, outputs)

    return make
