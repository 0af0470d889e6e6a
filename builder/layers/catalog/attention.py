"""Attention: every step looks at every other and takes what it needs."""

from typing import Any

from builder.layers.base import REQUIRED, Call, Param, Port, Shape, ShapeError
from builder.layers.declare import arguments, text, torch_layer

_HEADS = "How many ways of looking at once; must divide the features."
_DROPOUT = "Share left out while training."
_FIRST = Param(
    "batch_first",
    "bool",
    True,
    "Always on here (torch: off): in Lamina the batch comes first everywhere.",
    inferred=True,
)


def _divides(width: int, heads: int) -> None:
    if width % heads:
        raise ShapeError(
            "heads",
            f"{width} features cannot be shared out evenly among {heads} heads.",
            width=width,
            heads=heads,
        )


def _attention(call: Call) -> tuple[Shape, ...]:
    shapes = [tuple(shape) for shape in call.shapes]
    query, key = shapes[0], shapes[min(1, len(shapes) - 1)]
    value = shapes[2] if len(shapes) > 2 else key
    _divides(query[-1], call.params["num_heads"])
    if key[0] != value[0]:
        raise ShapeError(
            "attention",
            f"Each key needs its value: there are {key[0]} keys and {value[0]} values.",
            shapes=(key, value),
        )
    return (query,)


def _infer(call: Call) -> dict[str, Any]:
    shapes = [tuple(shape) for shape in call.shapes]
    key = shapes[1] if len(shapes) > 1 else shapes[0]
    value = shapes[2] if len(shapes) > 2 else key
    found: dict[str, Any] = {"embed_dim": shapes[0][-1]}
    if key[-1] != shapes[0][-1] or value[-1] != shapes[0][-1]:
        found |= {"kdim": key[-1], "vdim": value[-1]}
    return found


def _write(call: Call) -> str:
    query = call.args[0]
    key = call.args[1] if len(call.args) > 1 else query
    value = call.args[2] if len(call.args) > 2 else key
    return f"self.{call.name}({query}, {key}, {value}, need_weights=False)[0]"


def _attention_count(call: Call) -> tuple[int, str]:
    width = call.params["embed_dim"]
    kdim, vdim = call.params.get("kdim") or width, call.params.get("vdim") or width
    weights = width * (2 * width + kdim + vdim)
    if call.params["bias"]:
        return weights + 4 * width, f"{width} × ({width} + {kdim} + {vdim} + {width}) + 4 × {width}"
    return weights, f"{width} × ({width} + {kdim} + {vdim} + {width})"


def _attention_macs(call: Call, _: tuple[Shape, ...]) -> int:
    queries, width = call.shapes[0]
    keys = call.shapes[1][0] if len(call.shapes) > 1 else queries
    return int(2 * width * width * (queries + keys) + 2 * queries * keys * width)


_MHA = (
    Param("embed_dim", "int", help="Follows from the query.", inferred=True),
    Param("num_heads", "int", REQUIRED, _HEADS + " 4 is a good start.", low=1, start=4),
    Param("dropout", "float", 0.0, _DROPOUT + " Default 0, as torch has it.", low=0, high=1),
    Param("bias", "bool", True, "Add learnt constants. On, as it costs little."),
    Param("kdim", "int", None, "Follows from the key.", inferred=True),
    Param("vdim", "int", None, "Follows from the value.", inferred=True),
    _FIRST,
)

ATTENTION = torch_layer(
    "MultiheadAttention",
    "seq",
    "Every step of the query looks at all keys and takes from their values what it needs.",
    _MHA,
    inputs=(Port("query"), Port("key", optional=True), Port("value", optional=True)),
    infer=_infer,
    call=_write,
    shape=_attention,
    ranks=(2,),
    count=_attention_count,
    macs=_attention_macs,
    keywords=("self-attention", "transformer", "query", "key", "value"),
)


def _encoder(call: Call) -> tuple[Shape, ...]:
    _divides(call.shapes[0][-1], call.params["nhead"])
    return (tuple(call.shapes[0]),)


def _layer_count(call: Call) -> tuple[int, str]:
    width, inner = call.params["d_model"], call.params["dim_feedforward"]
    if call.params["bias"]:
        count = 4 * width * width + 4 * width + 2 * width * inner + inner + width + 4 * width
        return count, f"4 × {width}² + 2 × {width} × {inner} + {9 * width + inner}"
    return (
        4 * width * width + 2 * width * inner + 2 * width,
        f"4 × {width}² + 2 × {width} × {inner} + {2 * width}",
    )


def _stack_count(call: Call) -> tuple[int, str]:
    count, formula = _layer_count(call)
    return call.params["num_layers"] * count, f"{call.params['num_layers']} × ({formula})"


def _layer_macs(call: Call, _: tuple[Shape, ...]) -> int:
    steps, width = call.shapes[0]
    inner = call.params["dim_feedforward"]
    return int(steps * (4 * width * width + 2 * width * inner) + 2 * steps * steps * width)


_ENCODER = (
    Param("d_model", "int", help="Follows from what comes in.", inferred=True),
    Param("nhead", "int", REQUIRED, _HEADS + " 4 is a good start.", low=1, start=4),
    Param(
        "dim_feedforward",
        "int",
        2048,
        "Width inside. torch's 2048 suits 512 features; four times the features is usual.",
        low=1,
        high=1_000_000,
        start=128,
    ),
    Param("dropout", "float", 0.1, _DROPOUT + " 0.1, as in the paper.", low=0, high=1),
    Param(
        "activation",
        "choice",
        "relu",
        "The bend inside. relu as in the paper; gelu is usual today.",
        choices=("relu", "gelu"),
    ),
    Param("layer_norm_eps", "float", 1e-5, "Keeps a division by 0 away. As torch.", low=0),
    _FIRST,
    Param(
        "norm_first",
        "bool",
        False,
        "Normalise before instead of after: steadier. Off, as in the paper.",
    ),
    Param("bias", "bool", True, "Add learnt constants. On, as it costs little."),
)
_MORE = ("transformer", "attention", "bert", "encoder", "text")

ENCODER_LAYER = torch_layer(
    "TransformerEncoderLayer",
    "seq",
    "Self-attention and a small network for each step: one block of a transformer.",
    _ENCODER,
    infer=lambda call: {"d_model": call.shapes[0][-1]},
    shape=_encoder,
    ranks=(2,),
    count=_layer_count,
    macs=_layer_macs,
    keywords=_MORE,
)


def _stack(call: Call) -> str:
    inner = f"nn.TransformerEncoderLayer({arguments(_ENCODER, call)})"
    quiet = ", enable_nested_tensor=False"  # it is for padding masks, and warns with norm_first
    return f"nn.TransformerEncoder({inner}, {call.params['num_layers']}{quiet})"


ENCODER = torch_layer(
    "TransformerEncoder",
    "seq",
    "Several transformer blocks on top of each other.",
    (
        *_ENCODER,
        Param(
            "num_layers",
            "int",
            REQUIRED,
            "How many blocks. 2 do for small data; no default in torch.",
            low=1,
            high=200,
            start=2,
        ),
    ),
    infer=lambda call: {"d_model": call.shapes[0][-1]},
    construct=_stack,
    shape=_encoder,
    ranks=(2,),
    count=_stack_count,
    macs=lambda call, out: call.params["num_layers"] * _layer_macs(call, out),
    keywords=_MORE,
)


def _decoder(call: Call) -> tuple[Shape, ...]:
    target, memory = (tuple(shape) for shape in call.shapes)
    if target[-1] != memory[-1]:
        raise ShapeError(
            "attention",
            f"Both must have as many features: {text(target)} and {text(memory)} come in.",
            shapes=(target, memory),
        )
    _divides(target[-1], call.params["nhead"])
    return (target,)


def _decoder_count(call: Call) -> tuple[int, str]:
    width, inner = call.params["d_model"], call.params["dim_feedforward"]
    if call.params["bias"]:
        rest = 8 * width + inner + width + 6 * width
    else:
        rest = 3 * width
    return (
        8 * width * width + 2 * width * inner + rest,
        f"8 × {width}² + 2 × {width} × {inner} + {rest}",
    )


DECODER_LAYER = torch_layer(
    "TransformerDecoderLayer",
    "seq",
    "Looks at itself and at the memory of an encoder: one block of a decoder.",
    _ENCODER,
    inputs=(Port("tgt"), Port("memory")),
    infer=lambda call: {"d_model": call.shapes[0][-1]},
    shape=_decoder,
    ranks=(2,),
    count=_decoder_count,
    macs=lambda call, out: 2 * _layer_macs(call, out),
    keywords=_MORE,
)
