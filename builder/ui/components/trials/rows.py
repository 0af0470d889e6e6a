"""What the table of a sweep's trials shows, for the page and for the route that it follows."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from builder.ui import comparison, signs

if TYPE_CHECKING:
    from builder.sweeps import Plan, Trial


def lines(plan: "Plan", trials: Sequence["Trial"]) -> list[dict[str, Any]]:
    """The rows for `trials`."""
    from builder import sweeps

    several = len(plan.objectives) > 1
    front = {one.number for one in sweeps.pareto(trials, plan)} if several else set()
    return [_line(plan, one, one.number in front) for one in trials]


def waits(trial: "Trial") -> bool:
    """Whether its run has not begun."""
    return trial.state == "running" and bool(trial.message)


def _line(plan: "Plan", one: "Trial", front: bool) -> dict[str, Any]:
    from builder.sweeps.space import shown
    from builder.sweeps.trials import WHY

    word, tone, sign = signs.TRIAL["waits" if waits(one) else one.state]
    live = one.state == "running"
    ended = one.message if one.state in ("failed", "pruned") else ""
    by_sweep = bool(ended) and WHY.get(plan.pruner, ended) in ended and one.state == "pruned"
    given = one.values or [one.figures.get(item.figure) for item in plan.objectives]
    return {
        "trial": one.number,
        "word": word,
        "tone": tone,
        "sign": signs.path(sign),
        "live": live and not waits(one),
        "front": front,
        "values": [comparison.finite(value) for value in given],
        "settings": {
            name: value if isinstance(value, int | float) else shown(value)
            for name, value in one.settings.items()
        },
        "epoch": one.epoch,
        "epochs": f"{one.epoch} of {one.epochs}" if live else one.epoch,
        "seconds": one.seconds,
        "lasted": comparison.lasted(one.seconds),
        "words": "" if by_sweep else ended,
        "title": ended,
    }
