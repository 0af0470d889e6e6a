"""Recurrent layers: read a sequence step by step and remember."""

import dataclasses
from typing import Any

from builder.layers.base import REQUIRED, Call, Layer, Param, Shape
from builder.layers.declare import constructor, torch_layer

_GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
_HELP = {
    "RNN": "Reads a sequence step by step with a simple memory; forgets soon.",
    "GRU": "Reads a sequence step by step; two gates decide what to remember.",
    "LSTM": "Reads a sequence step by step; gates and a long memory keep what matters.",
}


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
            "all: one result for every step, as torch gives it; last: only what is left at the "
            "end.",
            choices=("all", "last"),
            local=True,
        )
    )
    return tuple(params)


def _shape(call: Call) -> tuple[Shape, ...]:
    steps, _ = call.shapes[0]
    width = call.params["hidden_size"] * (2 if call.params["bidirectional"] else 1)
    return ((steps, width),) if call.params["output"] == "all" else ((width,),)


def _call(name: str) -> Any:
    def write(call: Call) -> str:
        result = f"self.{call.name}({call.args[0]})"
        if call.params["output"] == "all":
            return f"{result}[0]"
        hidden = f"{result}[1][0]" if name == "LSTM" else f"{result}[1]"
        if call.params["bidirectional"]:  # the last states of both directions, side by side
            return f"{hidden}[-2:].transpose(0, 1).flatten(1)"
        return f"{hidden}[-1]"

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
        call=_call(name),
        shape=_shape,
        ranks=(2,),
        count=_count(name),
        macs=_macs(name),
        keywords=("recurrent", "sequence", "series", "time", "text", "memory"),
    )


def _construct(name: str, params: tuple[Param, ...]) -> Any:
    write = constructor(name, params)

    def construct(call: Call) -> str:
        if call.params["num_layers"] == 1:  # torch would warn: there is nothing between the layers
            call = dataclasses.replace(call, params={**call.params, "dropout": 0.0})
        return write(call)

    return construct


RECURRENT = tuple(_recurrent(name) for name in ("LSTM", "GRU", "RNN"))
