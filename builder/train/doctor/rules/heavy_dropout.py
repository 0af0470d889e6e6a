"""Dropout that leaves next to nothing."""

from builder.train.doctor.base import Change, Finding, Rule, listed, percent
from builder.train.doctor.facts import Facts, mean_loss

CAUGHT, KEPT = 0.8, 0.7
HIGH, HIGH_KEPT = 0.5, 0.4
LEAST_EPOCHS, LEAST_STEPS = 2, 40
USUAL = 0.3


class HeavyDropout(Rule):
    """The share that is left out, and a training loss that stays high under it."""

    code = "heavy_dropout"
    title = "A dropout that leaves too little"
    help = (
        "A node leaves out 80 % or more of what passes (kept from 70 %), and after two epochs the "
        "training loss is above half of a blind guess's (kept until 40 %). 20 to 50 % is usual "
        "(Srivastava et al. 2014)."
    )
    news = ("probe", "epoch")

    def find(self, facts: Facts) -> Finding | None:
        """The node that leaves out most."""
        kept = self.code in facts.standing
        limit = KEPT if kept else CAUGHT
        many = tuple(node.id for node in facts.nodes.values() if node.drop >= limit)
        reference = facts.reference
        early = facts.epoch < LEAST_EPOCHS or facts.step < LEAST_STEPS or facts.rising
        if not many or early or reference is None or not facts.blocks:
            return None
        now = mean_loss(facts.tail())
        if now < (HIGH_KEPT if kept else HIGH) * reference:
            return None
        worst = max(many, key=lambda node: facts.nodes[node].drop)
        share = facts.nodes[worst].drop
        return Finding(
            self.code,
            f"{listed(many)} {'leaves' if len(many) == 1 else 'leave'} too little",
            f"{worst} leaves out {percent(share)} of what passes. The training loss is {now:.3g}; "
            f"a blind guess has {reference:.3g}.",
            "Dropout makes learning harder on purpose, so that nothing relies on a single unit. "
            "Left out so much, too little arrives to learn from.",
            self._changes(facts, many),
            node=worst,
            nodes=many,
            evidence={"share": share, "loss": now},
        )

    def _changes(self, facts: Facts, nodes: tuple[str, ...]) -> tuple[Change, ...]:
        if len(facts.graphs) != 1:
            return ()
        (name, graph), *_ = facts.graphs.items()
        layers = {node.id: node.layer for node in graph.nodes if node.id in nodes}
        edits = tuple(
            (
                "set_params",
                {"id": node, "params": {"p" if "Dropout" in layer else "dropout": USUAL}},
            )
            for node, layer in layers.items()
        )
        if not edits:
            return ()
        why = "More arrives; the network can still not rely on a single unit."
        return (Change(f"Leave out {percent(USUAL)} instead", why, edits=edits, graph=name),)
