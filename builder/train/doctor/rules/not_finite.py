"""NaN or infinity."""

import math

from builder.train.doctor.base import Change, Finding, Rule, nice
from builder.train.doctor.facts import Facts


class NotFinite(Rule):
    """The loss, in training or of held-out rows, or what a node gives, is no finite number."""

    code = "not_finite"
    title = "NaN or infinity in the loss or in a node's output"
    help = "No threshold: one such value spoils every weight that it reaches."
    news = ("probe", "epoch", "failure")
    confirm = 1

    def find(self, facts: Facts) -> Finding | None:
        """The breakdown, else the first node whose output is not finite in the latest probe."""
        if facts.breakdown is not None:
            return self._broken(facts)
        latest = facts.probes[-1] if facts.probes else {}
        bad = [node for node in facts.nodes if latest.get(node, {}).get("finite") is False]
        if not bad:
            return self._held_out(facts)
        return Finding(
            self.code,
            "A node gives no finite numbers",
            f"The output of {bad[0]} holds NaN or infinity at step {facts.step:,}.",
            "Every weight that such a value reaches is lost; the run will fail.",
            self._slower(facts),
            node=bad[0],
            nodes=tuple(bad),
            severity="error",
        )

    def _held_out(self, facts: Facts) -> Finding | None:
        """A validation loss that is none, in a run that goes on."""
        value = facts.epochs[-1].get("validation_loss") if facts.epochs else None
        if value is None or math.isfinite(value):
            return None
        return Finding(
            self.code,
            "The validation loss is no finite number",
            f"After epoch {facts.epoch} the loss of the held-out rows is NaN or infinite, though "
            "the run goes on.",
            "A held-out row holds NaN or infinity, or is so unlike the training rows that its "
            "answer overflows. No epoch can be called the best, nor can early stopping work.",
            severity="error",
        )

    def _broken(self, facts: Facts) -> Finding:
        broken = facts.breakdown
        if broken is None:
            raise AssertionError("asked without a breakdown")
        column = broken.column
        changes = self._slower(facts)
        why = "Steps that were too long threw the weights out of range."
        if broken.of_data:
            why = "The data itself holds NaN or infinity, and one such row spoils every weight."
            changes = ()
        if column is not None:
            why = f"The column '{column}' holds NaN or infinity; one such row spoils every weight."
            label = f"Leave '{column}' out"
            overrides = {f"data.columns.{column}.role": "ignore"}
            reason = "The other columns are finite. Mend the file to keep it."
            changes = (Change(label, reason, overrides=overrides),) if "." not in column else ()
        return Finding(
            self.code,
            "NaN or infinity ended the run",
            broken.words,
            why,
            changes,
            node=broken.node,
            nodes=(broken.node,) if broken.node else (),
            severity="error",
        )

    def _slower(self, facts: Facts) -> tuple[Change, ...]:
        name, rate = facts.recipe.optimizer.name, facts.recipe.optimizer.lr
        rate = nice(min(rate / 10, 0.1 if name in ("SGD", "ASGD", "Rprop") else 0.01))
        return (
            Change(
                f"Learning rate {rate:g} and gradients clipped at 1",
                "Shorter steps, and none longer than the clipping allows.",
                overrides={"recipe.optimizer.lr": rate, "recipe.clip_norm": 1.0},
            ),
        )
