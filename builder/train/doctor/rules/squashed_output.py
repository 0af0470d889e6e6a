"""An answer that is cut off before the loss sees it."""

import math

from builder.train.doctor.base import Change, Finding, Rule
from builder.train.doctor.facts import Facts

ENDS = {
    "Softmax": 1.0,
    "Softmin": 1.0,
    "Sigmoid": 1.0,
    "Hardsigmoid": 1.0,
    "Tanh": 2.0,
    "Hardtanh": 2.0,
    "Softsign": 2.0,
    "ReLU": None,
    "ReLU6": 6.0,
    "LogSigmoid": None,
    "Softplus": None,
}
"""Layers whose values have a bound, by how far they reach; None where one side is open."""


class SquashedOutput(Rule):
    """The last layer before an Output whose loss wants numbers that are free."""

    code = "squashed_output"
    title = "An answer that is cut off"
    help = (
        "No threshold: the network ends in Softmax, Sigmoid, Tanh, ReLU or their kin, while the "
        "loss is a cross-entropy, which applies softmax itself, or a squared error of standardised "
        "numbers, which lie on both sides of 0. Said after the first epoch."
    )
    news = ("epoch",)
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The node that ends the network, where its values have a bound."""
        if facts.guess is None or facts.target is None or len(facts.graphs) != 1:
            return None
        (name, graph), *_ = facts.graphs.items()
        last = next((n for n in graph.nodes if n.id in facts.ends and n.layer in ENDS), None)
        if last is None:
            return None
        numbers = facts.target.kind == "number"
        drop = Change(
            f"Remove {last.id}",
            "The answer is then free to take any value.",
            edits=(("remove", {"ids": [last.id], "heal": True}),),
            graph=name,
        )
        why = (
            "The number is learnt in standardised units, half of them below 0; what the layer "
            "cannot give is never told rightly."
            if numbers
            else "The loss turns raw scores into chances itself. Squeezed before, they stay close "
            "to each other and the gradient is weak."
        )
        return Finding(
            self.code,
            f"{last.id} cuts the answer off",
            f"The network ends in {last.layer}. {self._bound(last.layer, facts)}",
            why,
            (drop,),
            node=last.id,
            nodes=(last.id,),
        )

    def _bound(self, layer: str, facts: Facts) -> str:
        """How low the loss can come at best, where that is known; else what cannot be given."""
        reach = ENDS[layer]
        if facts.target is not None and facts.target.kind == "class" and reach is not None:
            others = max(1, len(facts.target.classes) - 1)
            floor = math.log1p(others * math.exp(-reach))
            return (
                f"Even if every row were told rightly, its loss could not fall below {floor:.3g}."
            )
        low = {"Tanh": "-1", "Hardtanh": "-1", "Softsign": "-1"}.get(layer, "0")
        if layer == "LogSigmoid":
            return "It gives nothing above 0."
        return f"It gives nothing below {low}."
