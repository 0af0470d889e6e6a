"""Steps that are too long."""

from dataclasses import replace
from statistics import median

from builder.train.doctor.base import Change, Finding, Rule, percent, rate_change
from builder.train.doctor.facts import Block, Facts, mean_loss

BLEW, JUMP, HEALED = 3.0, 1.5, 10.0
LOST, LOST_KEPT, HAD = 0.95, 0.8, 0.7
FAST, FAST_KEPT = 0.06, 0.03
LONG = 0.01
GROWN = 10.0
WHOLE, MOVED, AWAY = 1.0, 3.0, 20.0
"""A first step as large as the weights, which then are three times as large as drawn; or so many
times, however they came there.
"""
SETTLED = 40
"""Steps after which the first ones, which are long with any rate of Adam, tell no more."""
ADAPTIVE = frozenset({"Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop"})
PULLED = 0.01
"""A weight decay that takes so much in a step throws the weights about by itself."""


class RateTooHigh(Rule):
    """A loss that blew up or jumped, or weights that are thrown about."""

    code = "rate_too_high"
    title = "A learning rate that is too high"
    help = (
        "The loss rose to three times that of the first step, and not for a single step; or it "
        "jumped by half above its best after the rate was raised, be it by an order or a "
        "schedule; or an epoch's loss was under 70 % of a blind guess's and the latest is above "
        "95 % of it again; or half of the nodes move by more than 6 % a step, after 40 steps, "
        "while the loss is not below the blind guess (a one-cycle may, until six tenths of the run "
        "are over), or rose to ten times the first one's on the "
        "way (0.1 to 1 % is usual: Karpathy, CS231n notes); or the weights of half of the nodes "
        "are ten times as large as drawn, and the loss is no better than a blind guess; or one of "
        "the first steps moved half of the nodes by more than all of their size, and their weights "
        "are three times as large as drawn, or they are twenty times as large, whatever the loss "
        "(of the sound runs of benchmarks/doctor.py the longest first step has a quarter, and half "
        "of the nodes grow fivefold at most)."
    )
    news = ("steps", "epoch")
    confirm = 3
    release = 30  # looks, three seconds: a spike does not end it

    def find(self, facts: Facts) -> Finding | None:
        """The strongest of the signs, as long as the rate has not been lowered since."""
        if facts.step < 8 or not facts.blocks or not facts.rate:
            return None
        sign = (
            self._ordered(facts)
            or self._blew_up(facts)
            or self._jumped(facts)
            or self._lost(facts)
            or self._thrown(facts)
            or self._grown(facts)
            or self._leapt(facts)
        )
        if sign is None:
            return None
        fact, evidence = sign
        ratios = facts.ratios()
        typical = median(ratios.values()) if ratios else None
        factor = 0.1
        worst = max(ratios, key=lambda node: ratios[node]) if ratios else None
        if typical and typical > LONG:  # of a network thrown far off, even long steps are a little
            fact += f" A step moves the weights by {percent(typical)}; 0.1 to 1 % is usual."
            factor = min(0.3, max(1e-4, 3e-3 / typical))
        return Finding(
            self.code,
            "The learning rate is too high",
            fact,
            "Steps so long jump over what they look for; the loss bounces or climbs.",
            self._back(facts) or self._changes(facts, factor),
            node=worst,
            nodes=tuple(n for n, value in ratios.items() if value > 0.01),
            evidence={**evidence, "rate": facts.rate, "update_ratio": typical or float("nan")},
        )

    def _changes(self, facts: Facts, factor: float) -> tuple[Change, ...]:
        """Another rate; a new run with it begins anew, for long steps have thrown the weights far
        off, where the size of a step beside theirs says little.

        A step of Adam and its kin moves each weight by about the rate, so that the weights as drawn
        tell which is fit: one that moves them by 1 %.
        """
        rate = (facts.rate or facts.recipe.optimizer.lr) * factor
        drawn = [n.norm / n.weights**0.5 for n in facts.weighted if n.width and n.norm > 0]
        if drawn and facts.recipe.optimizer.name in ADAPTIVE:
            rate = min(rate, LONG * median(drawn))
        change = rate_change(facts, rate, "Shorter steps; a new run begins with fresh weights.")
        return (replace(change, anew=True),)

    def _back(self, facts: Facts) -> tuple[Change, ...]:
        """After an order: the rate before it, from a state before it."""
        raised = facts.raised
        if raised is None:
            return ()
        rate = float(f"{raised.before:.3g}")
        return (
            Change(
                f"Set the learning rate back to {rate:g}",
                f"You raised the rate at step {raised.step:,}, in epoch {raised.epoch + 1}. What "
                "the long steps broke may not heal: a fork begins with a state from before them.",
                order={"order": "set", "lr": rate},
                overrides={"recipe.optimizer.lr": facts.recipe.optimizer.lr},
                before=raised.step,
            ),
        )

    def _ordered(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        """Since an order that raised the rate, the loss is half above what it was; so it stays as
        long as the order holds and the loss has not come back, whatever the schedule does.
        """
        raised = facts.raised
        if raised is None or not raised.loss or not facts.falls:
            return None
        since = tuple(b for b in facts.blocks if b.step - b.steps >= raised.step - b.steps // 2)
        now = mean_loss(since[-4:])
        early = sum(block.steps for block in since) < 8
        if not now > (BLEW if early else JUMP) * raised.loss:
            return None
        peak = max(block.high for block in since)
        return (
            f"The loss rose from {raised.loss:.3g} to {peak:,.3g} after the rate was set from "
            f"{raised.before:.3g} to {raised.after:g} at step {raised.step:,}.",
            {"start": raised.loss, "peak": peak},
        )

    def _blew_up(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        if not facts.falls:
            return None
        start = max(facts.first or 0.0, facts.guess or 0.0)
        peak = max(facts.blocks, key=lambda block: block.high)
        if not _wild(facts, start) or mean_loss(facts.tail(0.1)) < 0.7 * start:
            return None
        return (
            f"The loss rose from {start:.3g} to {peak.high:,.3g} by step {peak.step:,}.",
            {"start": start, "peak": peak.high},
        )

    def _jumped(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        """After an order or a schedule raised the rate."""
        at = _raised(facts.blocks)
        if at is None or not facts.falls:
            return None
        before, after = facts.blocks[max(0, at - 4) : at], facts.blocks[at:][-4:]
        good, now = mean_loss(before), mean_loss(after)
        if not now > JUMP * good:
            return None
        rate = facts.blocks[at].rate
        return (
            f"The loss jumped from {good:.3g} to {now:.3g} since the rate became {rate:g}.",
            {"start": good, "peak": now},
        )

    def _thrown(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        ratios = facts.ratios()
        if len(facts.probes) < 2 or not ratios or facts.guess is None or facts.pull > PULLED:
            return None  # not known, or thrown about by the weight decay
        typical, now = median(ratios.values()), mean_loss(facts.tail(0.1))
        limit = FAST_KEPT if self.code in facts.standing else FAST
        start = max(facts.first or 0.0, facts.guess)
        if typical < limit or facts.step < SETTLED:
            return None
        if now >= 0.9 * facts.guess and not facts.cresting:
            return f"The loss is {now:.3g}, no better than a blind guess.", {"start": facts.guess}
        peak = max(facts.blocks, key=lambda block: block.high)
        if not facts.falls or not _wild(facts, start) or peak.high < HEALED * start:
            return None
        return (
            f"The loss rose from {start:.3g} to {peak.high:,.3g} by step {peak.step:,} before it "
            f"fell to {now:.3g}.",
            {"start": start, "peak": peak.high},
        )

    def _grown(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        """Weights that were thrown far off and stay there, as where every unit has died of it."""
        guess, now = facts.guess, mean_loss(facts.tail(0.1))
        if guess is None or not facts.falls or facts.step < SETTLED or now < 0.95 * guess:
            return None
        sizes = [
            (facts.recent(node.id, "weight", looks=1) or 0.0) / node.norm
            for node in facts.weighted
            if node.width and node.norm > 0 and node.id not in facts.frozen
        ]
        if not sizes or median(sizes) < GROWN:
            return None
        return (
            f"The weights have grown to {median(sizes):,.3g} times what they were drawn at, and "
            f"the loss is {now:.3g}, no better than a blind guess.",
            {"start": guess, "peak": now, "grown": median(sizes)},
        )

    def _leapt(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        """Nothing of the weights as drawn is left after the first steps."""
        growth = facts.growth
        if len(growth) < 2 or facts.pull > PULLED or median(growth.values()) < MOVED:
            return None
        grown = median(growth.values())
        looks = [
            median([float(probe.get(node, {}).get("update_ratio") or 0.0) for node in growth])
            for probe in facts.probes
        ]
        if max(looks, default=0.0) < WHOLE and grown < AWAY:
            return None
        leap = f"A single step moved the weights by {percent(max(looks))} of their size. "
        return (
            f"{leap if max(looks) >= WHOLE else ''}The weights are {grown:,.3g} times as large as "
            "they were drawn.",
            {"start": facts.guess or 0.0, "grown": grown},
        )

    def _lost(self, facts: Facts) -> tuple[str, dict[str, float]] | None:
        """What had been learnt is gone again."""
        guess, rows = facts.guess, [row for row in facts.epochs if "train_loss" in row]
        if guess is None or not facts.falls or len(rows) < 2:
            return None
        if "not_shuffled" in facts.standing:  # rows class by class do that as well
            return None
        best = min(rows, key=lambda row: row["train_loss"])
        now = min(rows[-1]["train_loss"], mean_loss(facts.tail(0.1)))
        limit = LOST_KEPT if self.code in facts.standing else LOST
        if best["train_loss"] > HAD * guess or now < limit * guess:
            return None
        return (
            f"The training loss was {best['train_loss']:.3g} in epoch {best['epoch']:.0f} and is "
            f"{now:.3g} again; a blind guess has {guess:.3g}.",
            {"start": best["train_loss"], "peak": now},
        )


def _wild(facts: Facts, start: float) -> bool:
    """Whether the loss rose to three times what it began at and was high for three steps in a row
    (single batches of outliers come and go), and the rate has not been lowered since.
    """
    peak = max(facts.blocks, key=lambda block: block.high)
    lowered = (facts.rate or 0.0) < 0.35 * peak.rate
    longest = now = 0
    for block in facts.blocks:
        others = max(1, block.steps - 1)  # without the highest step, where there are others
        rest = (block.loss * block.steps - block.high * (block.steps > 1)) / others
        now = now + block.steps if rest > 2 * start else 0
        longest = max(longest, now)
    return start > 0 and not lowered and peak.high >= BLEW * start and longest >= 3


def _raised(blocks: tuple[Block, ...]) -> int | None:
    """The block from which on the rate is at least twice what it was, and still is."""
    for at in range(len(blocks) - 1, 3, -1):
        if blocks[at].rate >= 2 * blocks[at - 1].rate and blocks[-1].rate >= 0.7 * blocks[at].rate:
            return at
    return None
