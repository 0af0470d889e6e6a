"""Recurrent layers: read a sequence step by step and remember."""

import dataclasses
from typing import Any

from builder.layers.base import REQUIRED, Call, Layer, Param, Port, Shape
from builder.layers.declare import constructor, torch_layer

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_HELP = {
    "RNN": "Reads a sequence step by step with a simple memory; forgets soon. h is its last state.",
    "GRU": "Reads a sequence step by step; two gates decide what to remember. h is its last state.",
    "LSTM": "Reads a sequence step by step; gates keep what matters. h, c: last state and memory.",
}
_STATES = {"RNN": ("h",), "GRU": ("h",), "LSTM": ("h", "c")}
_READ = '''
def _read_steps(layer, x, last=False):
    """Every step (or the last) of a recurrent layer, then what its top layer remembers at the end.

    Steps are [B, T, H], states [B, H]; with two directions these stand side by side: 2 H.
    """
    steps, states = layer(x)
    ways = 2 if layer.bidirectional else 1
    states = states if isinstance(states, tuple) else (states,)
    ends = [state[-ways:].transpose(0, 1).flatten(1) for state in states]
    return ends[0] if last else steps, *ends
'''


def _params(name: str) -> tuple[Param, ...]:
    params = [
        Param("input_size", "int", help="Follows from what comes in.", inferred=True),
        Param(
            "hidden_size",
            "int",
            REQUIRED,
            "Size of the memory. More remembers more and costs more; no default fits all.",
            low=1,
            high=100_000,
            start=64,
        ),
        Param(
            "num_layers",
            "int",
            1,
            "How many on top of each other. Default 1; 2 is often a little better.",
            low=1,
            high=100,
        ),
        Param("bias", "bool", True, "Add learnt constants. On, as it costs little."),
        Param(
            "batch_first",
            "bool",
            True,
            "Always on here (torch: off): in Lamina the batch comes first everywhere.",
            inferred=True,
        ),
        Param(
            "dropout",
            "float",
            0.0,
            "Share left out between the stacked layers; does nothing with one. Default 0.",
            low=0,
            high=1,
        ),
        Param(
            "bidirectional",
            "bool",
            False,
            "Read backward as well: twice the features. Off: it needs the end of the sequence.",
        ),
    ]
    if name == "RNN":
        params.append(
            Param(
                "nonlinearity",
                "choice",
                "tanh",
                "The bend inside. tanh cannot grow without bounds.",
                choices=("tanh", "relu"),
            )
        )
    params.append(
        Param(
            "output",
            "choice",
            "all",
            "What out gives. all: one result for every step, as torch does; last: only the end, "
            "as h.",
            choices=("all", "last"),
            local=True,
        )
    )
    return tuple(params)


def _shape(name: str) -> Any:
    def shape(call: Call) -> tuple[Shape, ...]:
        steps, _ = call.shapes[0]
        width = call.params["hidden_size"] * (2 if call.params["bidirectional"] else 1)
        first = (steps, width) if call.params["output"] == "all" else (width,)
        return (first, *((width,) for _ in _STATES[name]))

    return shape


def _call(call: Call) -> str:
    """All outputs at once; unpacking them takes more than an expression, so a helper does it."""
    last = ", last=True" if call.params["output"] == "last" else ""
    return f"_read_steps(self.{call.name}, {call.args[0]}{last})"


def _call_one(name: str) -> Any:
    def write(call: Call, port: int) -> str:
        result = f"self.{call.name}({call.args[0]})"
        if port == 0 and call.params["output"] == "all":
            return f"{result}[0]"
        states = f"{result}[1]"
        if len(_STATES[name]) > 1:
            states += f"[{max(0, port - 1)}]"
        if call.params["bidirectional"]:  # the last states of both directions, side by side
            return f"{states}[-2:].transpose(0, 1).flatten(1)"
        return f"{states}[-1]"

    return write


def _widths(call: Call) -> list[int]:
    """What comes into each stacked layer."""
    hidden = call.params["hidden_size"]
    ways = 2 if call.params["bidirectional"] else 1
    return [call.params["input_size"]] + [hidden * ways] * (call.params["num_layers"] - 1)


def _count(name: str) -> Any:
    gates = _GATES[name]

    def count(call: Call) -> tuple[int, str]:
        hidden = call.params["hidden_size"]
        ways = 2 if call.params["bidirectional"] else 1
        bias = 2 if call.params["bias"] else 0
        parts = [gates * hidden * (width + hidden + bias) * ways for width in _widths(call)]
        first = f"{gates} × {hidden} × ({call.params['input_size']} + {hidden}"
        first = f"{first} + {bias})" if bias else f"{first})"
        if ways == 2:
            first = f"2 × {first}"
        return sum(parts), " + ".join([first, *(f"{part:,}" for part in parts[1:])])

    return count


def _macs(name: str) -> Any:
    gates = _GATES[name]

    def macs(call: Call, _: tuple[Shape, ...]) -> int:
        hidden = call.params["hidden_size"]
        ways = 2 if call.params["bidirectional"] else 1
        each = sum(gates * hidden * (width + hidden) * ways for width in _widths(call))
        return int(call.shapes[0][0] * each)

    return macs


def _recurrent(name: str) -> Layer:
    params = _params(name)
    return torch_layer(
        name,
        "seq",
        _HELP[name],
        params,
        infer=lambda call: {"input_size": call.shapes[0][-1]},
        construct=_construct(name, params),
        outputs=(Port("out"), *(Port(state) for state in _STATES[name])),
        call=_call,
        call_one=_call_one(name),
        helper=_READ,
        shape=_shape(name),
        ranks=(2,),
        count=_count(name),
        macs=_macs(name),
        keywords=("recurrent", "sequence", "series", "time", "text", "memory", "hidden state"),
    )


def _construct(name: str, params: tuple[Param, ...]) -> Any:
    write = constructor(name, params)

    def construct(call: Call) -> str:
        if call.params["num_layers"] == 1:  # torch would warn: there is nothing between the layers
            call = dataclasses.replace(call, params={**call.params, "dropout": 0.0})
        return write(call)

    return construct


RECURRENT = tuple(_recurrent(name) for name in ("LSTM", "GRU", "RNN"))
