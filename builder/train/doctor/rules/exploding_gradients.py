"""Gradients that grow out of all proportion."""

from builder.train.doctor.base import Change, Finding, Rule, rate_change
from builder.train.doctor.facts import Facts

CAUGHT, KEPT = 100.0, 30.0


class ExplodingGradients(Rule):
    """The gradient norm, with losses of the order of 1."""

    code = "exploding_gradients"
    title = "Gradients that explode"
    help = (
        "The norm of the whole gradient, over the loss to beat, stays above 100 (it is kept until "
        "it falls below 30). With the usual initialisations it begins between 0.1 and 10; Pascanu "
        "et al. 2013 clip at half to ten times the usual norm. A run that ends with NaN is asked "
        "for the steps before it, unless its data held the NaN."
    )
    news = ("steps", "probe", "failure")
    confirm = 3
    release = 30  # looks, three seconds

    def find(self, facts: Facts) -> Finding | None:
        """A large norm in the latest tenth of the steps, at the node that has most of it."""
        scale = max(facts.reference or 1.0, 1e-12)
        norms = [block.norm for block in facts.tail(0.1) if block.norm is not None]
        limit = KEPT if self.code in facts.standing else CAUGHT
        if not norms or facts.recipe.clip_norm is not None or "unscaled_inputs" in facts.standing:
            return None
        norm = max(norms) / scale
        if norm < limit or (facts.breakdown is not None and facts.breakdown.of_data):
            return None
        shares = {node.id: facts.recent(node.id, "gradient") or 0.0 for node in facts.weighted}
        if not shares:
            return None
        order = sorted(shares, key=lambda node: -shares[node])
        worst, known = order[0], any(shares.values())
        changes = [
            Change(
                "Clip the gradients at 1",
                "The direction is kept, its length is cut.",
                overrides={"recipe.clip_norm": 1.0},
            )
        ]
        if facts.rate:
            changes.insert(0, rate_change(facts, facts.rate / 10, "Ten times shorter steps."))
        return Finding(
            self.code,
            "The gradients explode",
            f"The gradient's norm is {max(norms):,.3g}"
            + (f"; the largest part, {shares[worst]:,.3g}, is that of {worst}." if known else "."),
            "Each layer multiplies the gradient; large weights multiply it to something that no "
            "step length fits." + facts.follows,
            () if facts.follows else tuple(changes),
            node=worst if known else None,
            nodes=tuple(node for node in order if known and shares[node] > 0.3 * shares[worst]),
            evidence={"norm": max(norms)},
        )
