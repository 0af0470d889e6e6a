"""A node whose weights move far more, or far less, in a step than the others'."""

from statistics import median

from builder.train.doctor.base import Change, Finding, Rule, percent, rate_change
from builder.train.doctor.facts import Facts

HIGH, HIGH_KEPT = 0.2, 0.1
SETTLED, WHOLE = 40, 1.0
"""Steps after which the first ones of Adam and Adagrad, long with any rate, are over; a node that
moves by all of its size is told before."""
LOW, LOW_KEPT = 1e-6, 5e-6
APART = 30.0
SMALL, FAR_BEHIND = 1e-4, 200.0
"""A node may also be this slow while the median node is so many times as fast; not an embedding, of
whose rows a batch meets but a few.
"""
GROWN, GROWN_KEPT, BESIDE = 50.0, 30.0, 20.0
"""Times its weights as drawn, and times the growth of the median node."""


class UpdateRatio(Rule):
    """The size of one update over the size of the weights, node by node."""

    code = "update_ratio"
    title = "Update ratio out of range"
    help = (
        "After 40 steps one moves a node's weights by more than a fifth of their size (before, by "
        "all of it), or by less than a millionth while the median node moves thirty times as much, "
        "or (no embedding) by less than a ten-thousandth while it moves two hundred times as much. "
        "About a thousandth is usual (Karpathy, CS231n notes, 'ratio of weights:updates'). Or its "
        "first steps were so long beside its weights that these are fifty times as large as drawn, "
        "and twenty times as much grown as the median node's (sound runs of benchmarks/doctor.py: "
        "six times at most)."
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
        high = HIGH_KEPT if kept else HIGH if facts.step >= SETTLED else WHOLE
        if ratios[top] > high:
            fast = tuple(node for node, value in ratios.items() if value > HIGH_KEPT)
            return self._symptom(facts, ratios, top, fast, "too far")
        middle = median(ratios.values())
        low_end = min(ratios, key=lambda node: ratios[node])
        limit, least = (LOW_KEPT if kept else LOW), ratios[low_end]
        behind = least < limit and middle > APART * least
        sparse = "Embedding" in facts.nodes[low_end].kind
        slow = not sparse and least < SMALL and middle > FAR_BEHIND * least
        if len(ratios) > 1 and (behind or slow):
            low = tuple(node for node, value in ratios.items() if value <= max(LOW_KEPT, least))
            return self._symptom(facts, ratios, low_end, low, "hardly")
        return self._grown(facts)

    def _grown(self, facts: Facts) -> Finding | None:
        """A node that was thrown far from where it began, while the others stayed near."""
        growth = facts.growth
        if len(growth) < 2:
            return None
        worst = max(growth, key=lambda node: growth[node])
        others = median(value for node, value in growth.items() if node != worst)
        limit = GROWN_KEPT if self.code in facts.standing else GROWN
        if growth[worst] < limit or growth[worst] < BESIDE * others:
            return None
        return Finding(
            self.code,
            f"{worst} was thrown far from where it began",
            f"The weights of {worst} are {growth[worst]:,.3g} times as large as they were drawn; "
            f"those of the others {others:.3g} times.",
            "Its first steps were far too long beside its weights: it has a higher rate than the "
            "others, or began far smaller than they did.",
            self._even(facts, worst),
            node=worst,
            nodes=tuple(node for node, value in growth.items() if value > GROWN_KEPT),
            evidence={"growth": growth[worst], "others": others},
        )

    def _even(self, facts: Facts, node: str) -> tuple[Change, ...]:
        """The same rate for all, where the recipe has others."""
        if not facts.recipe.rates:
            return ()
        return (
            Change(
                "The same rate for every node",
                f"Then {node} moves as the others do.",
                overrides={"recipe.rates": {}},
            ),
        )

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
