"""Facts of a sound run, and per rule the facts that make it sick."""

from typing import Any

from builder.data.specs import TargetSpec
from builder.graph import edit
from builder.graph.spec import Graph
from builder.project import Recipe
from builder.train.doctor.facts import Block, Facts, Intake, Node, Teller

TARGET = TargetSpec(name="y", kind="class", classes=("a", "b", "c"), counts=(30, 30, 30))
NODES = {
    "fc1": Node("fc1", "Linear", 160, 16, 3.0),
    "act1": Node("act1", "ReLU", 0),
    "fc2": Node("fc2", "Linear", 256, 16, 3.0),
    "act2": Node("act2", "Tanh", 0),
    "fc3": Node("fc3", "Linear", 256, 16, 3.0),
    "head": Node("head", "Linear", 48, 3, 3.0),
}
GRAPH = Graph.model_validate(
    {
        "nodes": [
            {"id": "table", "layer": "Input"},
            {"id": "fc1", "layer": "Linear", "params": {"out_features": 16}},
            {"id": "act1", "layer": "ReLU"},
            {"id": "fc2", "layer": "Linear", "params": {"out_features": 16}},
            {"id": "act2", "layer": "Tanh"},
            {"id": "fc3", "layer": "Linear", "params": {"out_features": 16}},
            {"id": "head", "layer": "Linear", "params": {"out_features": 3}},
            {"id": "out", "layer": "Output"},
        ],
        "edges": [
            ["table", "fc1"],
            ["fc1", "act1"],
            ["act1", "fc2"],
            ["fc2", "act2"],
            ["act2", "fc3"],
            ["fc3", "head"],
            ["head", "out"],
        ],
    }
)

DROPPED = edit.insert_on_edge(GRAPH, ("fc3", "head"), "Dropout", "drop", {"p": 0.95})


def probe(**changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A probe of a sound network, with other figures at some nodes."""
    rows: dict[str, dict[str, Any]] = {
        name: {"node": name, "dead": 0.1, "finite": True} for name in NODES
    }
    for name, node in NODES.items():
        if node.weights:
            rows[name] |= {"gradient": 0.1, "weight": 3.0, "update_ratio": 0.003}
    rows["act2"]["saturated"] = 0.02
    for name, figures in changes.items():
        rows[name] |= figures
    return rows


def blocks(*losses: float, rate: float = 1e-3, norm: float | None = 1.0) -> tuple[Block, ...]:
    return tuple(
        Block(10 * (at + 1), 10, loss, loss * 0.9, loss * 1.1, rate, norm)
        for at, loss in enumerate(losses)
    )


def epochs(*pairs: tuple[float, float]) -> tuple[dict[str, float], ...]:
    return tuple(
        {"epoch": at + 1, "train_loss": train, "validation_loss": held_out}
        for at, (train, held_out) in enumerate(pairs)
    )


SOUND = Facts(
    recipe=Recipe(epochs=20, batch_size=32),
    target=TARGET,
    rows=90,
    step=100,
    epoch=10,
    guess=1.0986,
    first=1.12,
    rate=1e-3,
    blocks=blocks(1.1, 0.9, 0.7, 0.6, 0.5, 0.45, 0.4, 0.37, 0.35, 0.33),
    epochs=epochs(*[(1.1 / n, 1.15 / n) for n in range(1, 11)]),
    answers={"predicted": [10, 11, 9], "true": [10, 10, 10], "rows": 30},
    probes=(probe(),) * 3,
    nodes=NODES,
    graphs={"model": GRAPH},
    aparts=(0.1, -0.4, 0.3, -0.2, 0.6, 0.1),
    intakes=(Intake("table", columns=("x1", "x2"), sizes=(("x1", 1.0), ("x2", 0.9))),),
    waiting=0.1,
    wait_seconds=1e-4,
    tellers=(Teller("x1", 0.6), Teller("x2", 0.55)),
    copies=0.0,
)


def probed(**changes: dict[str, Any]) -> dict[str, Any]:
    return {"probes": (probe(**changes),) * 3}


WEAK = {"gradient": 1e-6}
SLOW = {"update_ratio": 2e-5}
SICK: dict[str, tuple[dict[str, Any], str | None]] = {
    "not_finite": (probed(fc2={"finite": False}), "fc2"),
    "exploding_gradients": (
        {**probed(fc2={"gradient": 4e3}), "blocks": blocks(*[50.0] * 10, norm=4e3)},
        "fc2",
    ),
    "vanishing_gradients": (probed(fc1=WEAK, fc2=WEAK), "fc1"),
    "alike_weights": (probed(fc2={"alike": True, "weight": 0.0}), "fc2"),
    "blank_inputs": (
        {"intakes": (Intake("table", blank=True, columns=("x1",)), *SOUND.intakes)},
        "table",
    ),
    "unscaled_inputs": (
        {"intakes": (Intake("table", columns=("x1", "x2"), sizes=(("x1", 1.0), ("x2", 2e4))),)},
        "table",
    ),
    "frozen": (
        {
            **probed(fc1={"frozen": True}, fc2={"frozen": True}),
            "recipe": Recipe(epochs=20, batch_size=32, freeze=("fc1", "fc2")),
            "blocks": blocks(*[1.0] * 10),
        },
        "fc1",
    ),
    "heavy_decay": (
        {
            **probed(fc2={"weight": 0.1}, fc3={"weight": 0.4}, head={"weight": 0.3}),
            "recipe": Recipe.model_validate({"epochs": 20, "optimizer": {"weight_decay": 20.0}}),
            "blocks": blocks(*[1.0] * 10),
        },
        "fc2",
    ),
    "heavy_dropout": (
        {
            "nodes": {**NODES, "drop": Node("drop", "Dropout", 0, drop=0.95)},
            "graphs": {"model": DROPPED},
            "blocks": blocks(*[1.0] * 10),
        },
        "drop",
    ),
    "no_signal": (
        {"epochs": epochs(*[(1 / n, 1.1 + 0.01 * n) for n in range(1, 11)])},
        None,
    ),
    "no_better": (
        {
            "last": True,
            "recipe": Recipe(epochs=10, batch_size=32),
            "step": 40,
            "bests": {"validation_loss": 1.09, "train_loss": 1.05, "validation_accuracy": 0.4},
            "answers": {
                "predicted": [20, 5, 5],
                "true": [10, 10, 10],
                "hits": [7, 2, 1],
                "rows": 30,
            },
        },
        None,
    ),
    "dead_relu": (probed(act1={"dead": 1.0}), "act1"),
    "saturated": (probed(act2={"saturated": 0.9}), "act2"),
    "update_ratio": (probed(fc3={"update_ratio": 0.5}), "fc3"),
    "not_falling": ({"blocks": blocks(*[1.1] * 10)}, None),
    "rate_too_high": (
        {
            **probed(fc1={"update_ratio": 0.08}),
            "blocks": blocks(1.1, 40.0, 9.0, 5.0, 4.0, 3.0, 3.0, 3.0, 3.0, 3.0),
        },
        "fc1",
    ),
    "rate_too_low": (
        {
            **probed(fc1=SLOW, fc2=SLOW, fc3=SLOW, head={"update_ratio": 1e-5}),
            "blocks": blocks(*[1.1 - 0.005 * at for at in range(10)]),
        },
        "head",
    ),
    "overfitting": (
        {"epochs": epochs(*[(1 / n, 0.5 if n < 4 else 0.4 + 0.05 * n) for n in range(1, 11)])},
        None,
    ),
    "underfitting": (
        {
            "nodes": {**NODES, "fc2": Node("fc2", "Linear", 16, 1)},
            "blocks": blocks(1.1, *[0.8] * 9),
        },
        "fc2",
    ),
    "class_collapse": (
        {
            "answers": {"predicted": [0, 30, 0], "true": [10, 10, 10]},
            "blocks": blocks(*[1.0] * 10),
        },
        "head",
    ),
    "squashed_output": (
        {"graphs": {"model": edit.insert_on_edge(GRAPH, ("head", "out"), "Softmax", "last")}},
        "last",
    ),
    "leakage": ({"tellers": (Teller("invoice", 1.0), Teller("x1", 0.6))}, None),
    "not_shuffled": ({"aparts": (9.0, 11.0, 10.0, 8.0, 12.0)}, None),
    "starved": ({"waiting": 0.8, "wait_seconds": 0.02, "augmented": True}, None),
}
