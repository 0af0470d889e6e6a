"""Whole graphs that compile: the golden files are made of them."""

from zoo import CODES, IMAGE, SERIES, TABLE, TOKENS, graph, residual

from builder.graph.spec import Graph

BLOCK = graph(
    "x Input",
    ("conv1 Conv2d", {"out_channels": 16, "kernel_size": 3, "padding": 1}),
    "bn BatchNorm2d",
    "relu ReLU",
    "project ConvProject",
    "add Add",
    "y Output",
    edges="x>conv1 conv1>bn bn>relu relu>add x>project project>add add>y",
)
PROJECT = graph("x Input", ("conv Conv2d", {"out_channels": 16, "kernel_size": 1}), "y Output")
MODULES = {"ResidualBlock": BLOCK, "ConvProject": PROJECT}
TWO = graph(
    "x Input",
    ("a Linear", {"out_features": 4}),
    ("b Linear", {"out_features": 5}),
    "low Output",
    "high Output",
    edges="x>a x>b a>low b>high",
)

EXAMPLES: dict[str, tuple[Graph, tuple, dict[str, Graph]]] = {
    "mlp": (
        graph(
            "table Input",
            ("hidden Linear", {"out_features": 32}),
            "relu ReLU",
            ("drop Dropout", {"p": 0.2}),
            ("head Linear", {"out_features": 3}),
            "out Output",
        ),
        (TABLE,),
        {},
    ),
    "residual": (residual({"out_channels": 16, "kernel_size": 3, "padding": 1}), (IMAGE,), {}),
    "two_inputs": (
        graph(
            "image Input",
            "table Input",
            ("conv Conv2d", {"out_channels": 8, "kernel_size": 3, "stride": 2}),
            "flat Flatten",
            ("wide Linear", {"out_features": 8}),
            "join Concat",
            ("head Linear", {"out_features": 3}),
            "out Output",
            edges="image>conv conv>flat flat>join table>wide wide>join join>head head>out",
        ),
        (IMAGE, TABLE),
        {},
    ),
    "lstm": (
        graph(
            "series Input",
            ("turn Permute", {"dims": [0, 2, 1]}),
            (
                "lstm LSTM",
                {"hidden_size": 8, "num_layers": 2, "bidirectional": True, "output": "last"},
            ),
            ("head Linear", {"out_features": 2}),
            "out Output",
        ),
        (SERIES,),
        {},
    ),
    "lstm_states": (
        graph(
            "series Input",
            ("turn Permute", {"dims": [0, 2, 1]}),
            ("lstm LSTM", {"hidden_size": 8}),
            ("mean Mean", {"dim": 1}),
            ("gru GRU", {"hidden_size": 4, "bidirectional": True}),
            "join Concat",
            ("head Linear", {"out_features": 2}),
            "out Output",
            edges="series>turn turn>lstm lstm>mean turn>gru mean>join lstm.h>join lstm.c>join "
            "gru.h>join join>head head>out",
        ),
        (SERIES,),
        {},
    ),
    "transformer": (
        graph(
            "text Input",
            ("embed Embedding", {"embedding_dim": 16, "padding_idx": 0}),
            "pos SinusoidalPositionalEncoding",
            (
                "encoder TransformerEncoder",
                {
                    "nhead": 4,
                    "dim_feedforward": 32,
                    "num_layers": 2,
                    "activation": "gelu",
                    "norm_first": True,
                },
            ),
            ("att MultiheadAttention", {"num_heads": 2}),
            ("mean Mean", {"dim": 1}),
            ("head Linear", {"out_features": 2}),
            "out Output",
        ),
        (TOKENS,),
        {},
    ),
    "modules": (
        graph(
            "image Input",
            "first ResidualBlock",
            ("second ResidualBlock", {"conv1.bias": False}),
            "third ResidualBlock",
            ("pool AdaptiveAvgPool2d", {"output_size": 1}),
            "flat Flatten",
            ("head Linear", {"out_features": 10}),
            "out Output",
        ),
        (IMAGE,),
        MODULES,
    ),
    "several_outputs": (
        graph(
            "codes Input",
            ("embed Embedding", {"embedding_dim": 4}),
            "flat Flatten",
            "two Two",
            ("cut Chunk", {"chunks": 2}),
            "prod Multiply",
            "first Output",
            "second Output",
            "third Output",
            edges=(
                "codes>embed embed>flat flat>two two.low>cut cut.out1>prod cut.out2>prod "
                "prod>first two.high>second cut.out2>third"
            ),
        ),
        (CODES,),
        {"Two": TWO},
    ),
    "awkward_names": (
        graph(
            "image Input",
            ("class Conv2d", {"out_channels": 4, "kernel_size": 3}),
            "forward ReLU",
            "x Tanh",
            "torch Concat",
            "self Flatten",
            ("train_ Linear", {"out_features": 4}),
            ("train Linear", {"out_features": 2}),
            "len Output",
            edges=(
                "image>class class>forward class>x forward>torch x>torch torch>self "
                "self>train_ train_>train train>len"
            ),
        ),
        (IMAGE,),
        {},
    ),
    "nothing": (graph("table Input", "out Output"), (TABLE,), {}),
}
