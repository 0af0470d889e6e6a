"""A node whose weights move far more, or far less, in a step than the others'."""

from statistics import median

from builder.train.doctor.base import Change, Finding, Rule, percent, rate_change
from builder.train.doctor.facts import Facts

HIGH, HIGH_KEPT = 0.2, 0.1
LOW, LOW_KEPT = 1e-6, 5e-6
APART = 30.0


class UpdateRatio(Rule):
    """The size of one update over the size of the weights, node by node."""

    code = "update_ratio"
    title = "Update ratio out of range"
    help = (
        "A step moves a node's weights by more than a fifth of their size, or by less than a "
        "millionth while the median node moves thirty times as much. About a thousandth is usual "
        "(Karpathy, CS231n notes, 'ratio of weights:updates')."
    )
    news = ("probe",)
    confirm = 3

    def find(self, facts: Facts) -> Finding | None:
        """The node farthest out of the range."""
        ratios = facts.ratios()
        if not ratios or "rate_too_high" in facts.standing:
            return None
        kept = self.code in facts.standing
        top = max(ratios, key=lambda node: ratios[node])
        if ratios[top] > (HIGH_KEPT if kept else HIGH):
            high = tuple(node for node, value in ratios.items() if value > HIGH_KEPT)
            return self._symptom(facts, ratios, top, high, "too far")
        middle = median(ratios.values())
        low_end = min(ratios, key=lambda node: ratios[node])
        limit = LOW_KEPT if kept else LOW
        if len(ratios) > 1 and ratios[low_end] < limit and middle > APART * ratios[low_end]:
            low = tuple(node for node, value in ratios.items() if value < LOW_KEPT)
            return self._symptom(facts, ratios, low_end, low, "hardly")
        return None

    def _symptom(
        self,
        facts: Facts,
        ratios: dict[str, float],
        node: str,
        nodes: tuple[str, ...],
        how: str,
    ) -> Finding:
        ratio = ratios[node]
        far = how == "too far"
        changes: tuple[Change, ...] = ()
        if far and facts.rate:
            better = facts.rate * 0.01 / ratio
            changes = (rate_change(facts, better, "Each step then moves about 1 % of it."),)
        return Finding(
            self.code,
            f"{node} moves {how}" + (" in a step" if far else ""),
            f"One step changes the weights of {node} by {percent(ratio)} of their size; 0.1 to 1 % "
            "is usual.",
            "Steps so long jump over what they look for."
            if far
            else "Its weights are very large beside its gradient, so it stays as it was drawn.",
            changes,
            node=node,
            nodes=nodes,
            evidence={"update_ratio": ratio},
        )
