"""Units that all have the same weights."""

from builder.train.doctor.base import Change, Finding, Rule, listed
from builder.train.doctor.facts import Facts


class AlikeWeights(Rule):
    """Rows of a weight matrix that are equal to the last bit, two looks in a row."""

    code = "alike_weights"
    title = "Units that are all alike"
    help = (
        "All units of a node have the very same weights, mostly 0, and still do after some steps: "
        "equal units get equal gradients and stay equal, so the layer is as good as one unit "
        "(Goodfellow et al. 2016, section 8.4: weights must begin different)."
    )
    news = ("probe",)

    def find(self, facts: Facts) -> Finding | None:
        """Nodes whose units are alike and ought to learn."""
        nodes = {node.id: node for node in facts.weighted if node.width}
        same = tuple(node for node in nodes if node in facts.alike - facts.frozen)
        if not same:
            return None
        first = nodes[same[0]]
        empty = not facts.recent(first.id, "weight", looks=1)
        what = "0" if empty else "the same"
        anew: dict[str, object] = {"recipe.seed": facts.recipe.seed + 1}
        if facts.recipe.start_from is not None:
            anew["recipe.start_from"] = None
        return Finding(
            self.code,
            f"All units of {listed(same)} are alike",
            f"The weights of all {first.width} units of {first.id} are {what} at step "
            f"{facts.step:,}.",
            "Units that are equal get equal gradients and stay equal, and through weights of 0 no "
            "gradient passes at all. Weights must begin at random.",
            (Change("Draw the weights anew", "PyTorch's own random beginning.", overrides=anew),),
            node=first.id,
            nodes=same,
            severity="error",
            evidence={"nodes": float(len(same))},
        )
