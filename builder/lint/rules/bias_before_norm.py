"""A bias that a normalisation takes away again."""

from collections.abc import Iterator

from builder.compile.types import Fix, Issue
from builder.lint.base import Rule, Subject, warning


class BiasBeforeNorm(Rule):
    """BatchNorm subtracts the mean, and with it any constant that was added before."""

    name = "bias_before_norm"
    title = "A bias right before BatchNorm or InstanceNorm"
    help = "The normalisation removes every constant, so the bias is trained for nothing."

    def find(self, subject: Subject) -> Iterator[Issue]:
        """Convolutions and Linear layers with bias whose only reader is a BatchNorm."""
        for node in subject.order:
            after = subject.after(node)
            if after is None or not after.layer.startswith(("BatchNorm", "InstanceNorm")):
                continue
            if not node.layer.startswith(("Conv", "Linear")):
                continue
            if subject.param(node, "bias") is not True:
                continue
            outputs = subject.check.nodes[node.id].outputs
            if node.layer == "Linear" and (not outputs or len(outputs[0]) != 1):
                continue
            saved = outputs[0][0] if outputs else 0
            fix = Fix(
                label=f"Switch the bias of {node.id} off",
                why=f"{after.id} has a shift of its own.",
                price=f"−{saved:,} parameters",
                edits=(("set_params", {"id": node.id, "params": {"bias": False}}),),
            )
            yield warning(
                self,
                node,
                f"The bias of {node.id} does nothing",
                f"{after.id} subtracts the mean of each channel, and the bias with it.",
                fix,
            )
