# ruff: noqa: E501 - a table: one broken graph an entry
"""Broken graphs, one mistake each, with the code that must be found; shared by tests."""

from dataclasses import dataclass, field
from itertools import pairwise

from builder.data.specs import InputSpec
from builder.graph.spec import Graph

IMAGE = InputSpec(name="image", form="image", shape=(3, 32, 32), stored="uint8")
GREY = InputSpec(name="image", form="image", shape=(28, 28), stored="uint8")
TABLE = InputSpec(name="table", form="vector", shape=(14,), stored="float32")
PIXELS = InputSpec(name="table", form="vector", shape=(784,), stored="float32")
TOKENS = InputSpec(name="text", form="tokens", shape=(40,), stored="int64", cardinality=500)
CODES = InputSpec(name="codes", form="codes", shape=(6,), stored="int64", cardinality=70)
SERIES = InputSpec(name="series", form="series", shape=(3, 100), stored="float32")


def graph(*chain, edges=None):
    """A graph from "id Layer" and ("id Layer", params) entries; a chain unless edges are given."""
    nodes = []
    for entry in chain:
        text, params = entry if isinstance(entry, tuple) else (entry, {})
        name, layer = text.split()
        nodes.append({"id": name, "layer": layer, "params": params})
    if edges is None:
        names = [node["id"] for node in nodes]
        edges = [list(pair) for pair in pairwise(names)]
    else:
        edges = [edge.split(">") for edge in edges.split()]
    return Graph.model_validate({"nodes": nodes, "edges": edges})


@dataclass(frozen=True)
class Broken:
    name: str
    graph: Graph
    inputs: tuple[InputSpec, ...]
    code: str
    node: str | None
    expected: tuple[int, ...] | None = None
    best: str = ""  # words in the label of the best repair
    modules: dict[str, Graph] = field(default_factory=dict)

    @property
    def specs(self):
        return {spec.name: spec for spec in self.inputs}


C16 = {"out_channels": 16, "kernel_size": 3, "padding": 1}
RESIDUAL = "image>conv1 conv1>relu1 relu1>conv2 conv2>bn2 bn2>add1 relu1>add1 add1>pool pool>flat"
HEAD = (
    ("pool AdaptiveAvgPool2d", {"output_size": 1}),
    "flat Flatten",
    ("head Linear", {"out_features": 10}),
)


def residual(second, join="Add"):
    return graph(
        "image Input", ("conv1 Conv2d", C16), "relu1 ReLU", ("conv2 Conv2d", second),
        "bn2 BatchNorm2d", f"add1 {join}", *HEAD, "out Output",
        edges=f"{RESIDUAL} flat>head head>out",
    )  # fmt: skip


def mlp(*middle, spec=TABLE, first="table Input", out=3):
    return graph(first, *middle, ("head Linear", {"out_features": out}), "out Output")


LOOP = {"Block": graph("x Input", "again Block", "y Output")}

ZOO = [
    Broken("linear on picture", graph("image Input", ("conv Conv2d", C16), ("head Linear", {"out_features": 10}), "out Output"),
           (IMAGE,), "rank", "head", (10,), "Flatten"),
    Broken("conv on vector", graph("table Input", ("conv Conv2d", C16), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (PIXELS,), "rank", "conv", (3,)),
    Broken("conv on grey picture", graph("image Input", ("conv Conv2d", C16), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (GREY,), "rank", "conv", (3,)),
    Broken("conv1d on tokens", graph("text Input", ("conv Conv1d", {"out_channels": 8, "kernel_size": 3}), ("pool AdaptiveMaxPool1d", {"output_size": 1}), "flat Flatten", ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "needs_numbers", "conv", (2,), "Embedding"),
    Broken("linear on tokens", mlp(("hidden Linear", {"out_features": 8}), first="text Input"), (TOKENS,), "needs_numbers", "hidden", (3,), "EmbeddingBag"),
    Broken("linear on codes", mlp(("hidden Linear", {"out_features": 8}), first="codes Input"), (CODES,), "needs_numbers", "hidden", (3,), "Flatten"),
    Broken("lstm on tokens", graph("text Input", ("lstm LSTM", {"hidden_size": 8, "output": "last"}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "needs_numbers", "lstm", (2,), "Embedding"),
    Broken("conv1d right after embedding", graph("text Input", ("embed Embedding", {"embedding_dim": 16}), ("conv Conv1d", {"out_channels": 8, "kernel_size": 3}), ("pool AdaptiveMaxPool1d", {"output_size": 1}), "flat Flatten", ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "time_axis", "conv", (2,), "Swap"),
    Broken("lstm on channels", graph("series Input", ("lstm LSTM", {"hidden_size": 8, "output": "last"}), ("head Linear", {"out_features": 2}), "out Output"),
           (SERIES,), "time_axis", "lstm", (2,), "Swap"),
    Broken("add halved", residual({"out_channels": 32, "kernel_size": 3, "stride": 2, "padding": 1}), (IMAGE,), "differ", "add1", (10,), "Project the shortcut"),
    Broken("add other channels", residual({"out_channels": 24, "kernel_size": 3, "padding": 1}), (IMAGE,), "differ", "add1", (10,), "Project the shortcut"),
    Broken("add other size", residual({"out_channels": 16, "kernel_size": 3}), (IMAGE,), "differ", "add1", (10,), "Pool the shortcut"),
    Broken("multiply other channels", residual({"out_channels": 24, "kernel_size": 3, "padding": 1}, "Multiply"), (IMAGE,), "differ", "add1", (10,)),
    Broken("concat other size", residual({"out_channels": 24, "kernel_size": 3, "stride": 2, "padding": 1}, "Concat"), (IMAGE,), "concat", "add1", (10,), "Pool"),
    Broken("concat picture with table", graph("image Input", "table Input", ("conv Conv2d", C16), "join Concat", ("head Linear", {"out_features": 3}), "out Output",
           edges="image>conv conv>join table>join join>head head>out"), (IMAGE, TABLE), "concat", "join", (3,)),
    Broken("add picture and table", graph("image Input", "table Input", ("conv Conv2d", C16), "join Add", ("head Linear", {"out_features": 3}), "out Output",
           edges="image>conv conv>join table>join join>head head>out"), (IMAGE, TABLE), "differ", "join", (3,)),
    Broken("add of tables", graph("table Input", ("a Linear", {"out_features": 8}), ("b Linear", {"out_features": 6}), "join Add", ("head Linear", {"out_features": 3}), "out Output",
           edges="table>a table>b a>join b>join join>head head>out"), (TABLE,), "differ", "join", (3,)),
    Broken("window too large", graph("image Input", ("conv Conv2d", {"out_channels": 4, "kernel_size": 40}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "kernel", "conv", (3,), "window"),
    Broken("pooled away", graph("image Input", ("p1 MaxPool2d", {"kernel_size": 16}), ("p2 MaxPool2d", {"kernel_size": 4}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "kernel", "p2", (3,)),
    Broken("wrong number of classes", mlp(out=7), (TABLE,), "output_size", "out", (3,), "out_features"),
    Broken("picture as answer", graph("image Input", ("conv Conv2d", C16), "out Output"), (IMAGE,), "output_size", "out", (10,)),
    Broken("sequence as answer", graph("text Input", ("embed Embedding", {"embedding_dim": 8}), ("lstm LSTM", {"hidden_size": 8}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "output_size", "out", (2,), "last step"),
    Broken("embedding of numbers", graph("table Input", ("embed Embedding", {"embedding_dim": 8}), ("head Linear", {"out_features": 3}), "out Output"),
           (TABLE,), "needs_codes", "embed", (3,), "Linear"),
    Broken("batch norm of the wrong kind", mlp(("hidden Linear", {"out_features": 8}), "bn BatchNorm2d"), (TABLE,), "rank", "bn", (3,), "BatchNorm1d"),
    Broken("batch norm 1d on picture", graph("image Input", ("conv Conv2d", C16), "bn BatchNorm1d", "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "rank", "bn", (3,), "BatchNorm2d"),
    Broken("lstm on picture", graph("image Input", ("lstm LSTM", {"hidden_size": 8, "output": "last"}), ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "rank", "lstm", (3,)),
    Broken("reshape does not multiply", graph("table Input", ("shape Reshape", {"shape": [3, 5]}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (TABLE,), "reshape", "shape", (3,)),
    Broken("unflatten does not multiply", graph("table Input", ("shape Unflatten", {"dim": 1, "unflattened_size": [4, 4]}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (TABLE,), "reshape", "shape", (3,)),
    Broken("groups do not divide", graph("image Input", ("conv Conv2d", {**C16, "groups": 2}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "groups", "conv", (3,), "groups"),
    Broken("heads do not divide", graph("text Input", ("embed Embedding", {"embedding_dim": 30}), ("att MultiheadAttention", {"num_heads": 4}), ("mean Mean", {"dim": 1}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "heads", "att", (2,), "head"),
    Broken("encoder heads do not divide", graph("text Input", ("embed Embedding", {"embedding_dim": 30}), ("enc TransformerEncoderLayer", {"nhead": 4}), ("mean Mean", {"dim": 1}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "heads", "enc", (2,)),
    Broken("no output", graph("table Input", ("head Linear", {"out_features": 3})), (TABLE,), "no_output", None, (3,), "Output"),
    Broken("no input", graph(("head Linear", {"out_features": 3}), "out Output"), (TABLE,), "no_input", "head", (3,), "Input"),
    Broken("nothing at all", Graph(), (TABLE,), "no_input", None, (3,)),
    Broken("unconnected", graph("table Input", ("a Linear", {"out_features": 8}), "relu ReLU", ("head Linear", {"out_features": 3}), "out Output", edges="table>a relu>head head>out"),
           (TABLE,), "unconnected", "relu", (3,), "Connect a"),
    Broken("circle", graph("table Input", ("a Linear", {"out_features": 14}), "add Add", ("head Linear", {"out_features": 3}), "out Output", edges="table>add add>a a>add add>head head>out"),
           (TABLE,), "cycle", "add", (3,)),
    Broken("two edges into one input", graph("table Input", ("a Linear", {"out_features": 8}), ("b Linear", {"out_features": 8}), ("head Linear", {"out_features": 3}), "out Output", edges="table>a table>b a>head b>head head>out"),
           (TABLE,), "too_many", "head", (3,), "Add"),
    Broken("an edge into an input", graph("table Input", "image Input", ("head Linear", {"out_features": 3}), "out Output", edges="table>image table>head head>out"),
           (TABLE, IMAGE), "too_many", "image", (3,)),
    Broken("unknown layer", mlp(("hidden Liner", {"out_features": 8})), (TABLE,), "unknown_layer", "hidden", (3,), "Linear"),
    Broken("unknown and unlike any", mlp("hidden Wxyzzy"), (TABLE,), "unknown_layer", "hidden", (3,), "Remove"),
    Broken("misspelt setting", mlp(("hidden Linear", {"out_feature": 8})), (TABLE,), "param", "hidden", (3,), "out_features"),
    Broken("setting out of range", mlp(("drop Dropout", {"p": 1.5})), (TABLE,), "param", "drop", (3,)),
    Broken("setting of the wrong type", mlp(("hidden Linear", {"out_features": "many"})), (TABLE,), "param", "hidden", (3,)),
    Broken("missing setting", mlp("hidden Linear"), (TABLE,), "param", "hidden", (3,), "64"),
    Broken("inferred size is set", mlp(("hidden Linear", {"out_features": 8, "in_features": 99})), (TABLE,), "param", "hidden", (3,), "Remove"),
    Broken("wrong choice", graph("image Input", ("conv Conv2d", {**C16, "padding_mode": "mirror"}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "param", "conv", (3,)),
    Broken("layer norm of another shape", mlp(("ln LayerNorm", {"normalized_shape": [20]})), (TABLE,), "normalized_shape", "ln", (3,), "last axis"),
    Broken("too few numbers for the axes", graph("image Input", ("conv Conv2d", {"out_channels": 4, "kernel_size": [3, 3, 3]}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "axes", "conv", (3,)),
    Broken("axis that is not there", graph("table Input", ("soft Softmax", {"dim": 5}), ("head Linear", {"out_features": 3}), "out Output"), (TABLE,), "axis", "soft", (3,)),
    Broken("axis of the batch", graph("table Input", ("soft Softmax", {"dim": 0}), ("head Linear", {"out_features": 3}), "out Output"), (TABLE,), "axis", "soft", (3,)),
    Broken("input without data", graph("other Input", ("head Linear", {"out_features": 3}), "out Output"), (TABLE,), "no_data", "other", (3,), "table"),
    Broken("no data at all", graph("image Input", "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (), "no_data", "image", (3,)),
    Broken("vocabulary too small", graph("text Input", ("embed Embedding", {"num_embeddings": 10, "embedding_dim": 8}), ("mean Mean", {"dim": 1}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "vocabulary", "embed", (2,), "data"),
    Broken("parts do not add up", graph("table Input", ("split Split", {"split_size_or_sections": [4, 4]}), "a ReLU", "b Tanh", "join Concat", ("head Linear", {"out_features": 3}), "out Output",
           edges="table>split split.out1>a split.out2>b a>join b>join join>head head>out"), (TABLE,), "split", "split", (3,)),
    Broken("port that is not there", graph("table Input", ("head Linear", {"out_features": 3}), "out Output", edges="table.second>head head>out"), (TABLE,), "port", "head", (3,)),
    Broken("same padding with stride", graph("image Input", ("conv Conv2d", {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": "same"}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "same_stride", "conv", (3,)),
    Broken("pool padding", graph("image Input", ("pool MaxPool2d", {"kernel_size": 2, "padding": 2}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"),
           (IMAGE,), "pool_padding", "pool", (3,)),
    Broken("matrix product", graph("text Input", ("embed Embedding", {"embedding_dim": 8}), ("other Embedding", {"embedding_dim": 8}), "mul MatMul", "flat Flatten", ("head Linear", {"out_features": 2}), "out Output",
           edges="text>embed text>other embed>mul.a other>mul.b mul>flat flat>head head>out"), (TOKENS,), "matmul", "mul", (2,), "Swap"),
    Broken("permute forgets an axis", graph("image Input", ("turn Permute", {"dims": [0, 2, 1]}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "permute", "turn", (3,)),
    Broken("glu of an odd number", graph("table Input", ("a Linear", {"out_features": 7}), "glu GLU", ("head Linear", {"out_features": 3}), "out Output"), (TABLE,), "divisible", "glu", (3,)),
    Broken("pixel shuffle", graph("image Input", ("up PixelShuffle", {"upscale_factor": 2}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "divisible", "up", (3,)),
    Broken("group norm", graph("image Input", ("gn GroupNorm", {"num_groups": 2}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "num_groups", "gn", (3,)),
    Broken("module that holds itself", mlp("block Block"), (TABLE,), "module_cycle", "block", (3,), modules=LOOP),
    Broken("last entry beyond the end", graph("image Input", ("pick Select", {"dim": 1, "index": 9}), "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "index", "pick", (3,)),
    Broken("upsample without a size", graph("image Input", "up Upsample", "flat Flatten", ("head Linear", {"out_features": 3}), "out Output"), (IMAGE,), "one_of", "up", (3,)),
    Broken("positions too short", graph("text Input", ("embed Embedding", {"embedding_dim": 8}), ("pos LearnedPositionalEncoding", {"length": 10}), ("mean Mean", {"dim": 1}), ("head Linear", {"out_features": 2}), "out Output"),
           (TOKENS,), "length", "pos", (2,)),
]  # fmt: skip
