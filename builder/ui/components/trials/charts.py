"""What the charts of a sweep show, for the page and for the route that they follow."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from builder.errors import LaminaError
from builder.ui import comparison, signs

if TYPE_CHECKING:
    from builder.sweeps import Parameter, Plan, Trial

WIDE = 20
"""From so many times the smallest value on, values lie on a logarithmic axis."""


def lines(plan: "Plan", trials: Sequence["Trial"]) -> dict[str, Any]:
    """Parallel coordinates: "axes" and "lines"; those under way have their latest figures."""
    from builder import sweeps
    from builder.sweeps import suggest

    axes = [_axis(one, suggest.title(one.field)) for one in plan.parameters]
    axes += [
        {"label": comparison.figure_name(one.figure), "kind": "number"} for one in plan.objectives
    ]
    several = len(plan.objectives) > 1
    front = {one.number for one in sweeps.pareto(trials, plan)} if several else set()
    open_ends = [None] * len(plan.objectives)
    drawn = [
        {
            "trial": one.number,
            "state": one.state,
            "values": [
                *(_place(parameter, one) for parameter in plan.parameters),
                *(one.values or open_ends),
            ],
            "front": one.number in front,
            "words": _words(plan, one),
        }
        for one in trials
    ]
    return {"axes": axes, "lines": drawn}


def _axis(parameter: "Parameter", label: str) -> dict[str, Any]:
    from builder.sweeps.space import shown

    if parameter.ranged:
        low, high = parameter.ends
        kind = "log" if parameter.log else "number"
        return {"label": label, "kind": kind, "low": low, "high": high}
    return {"label": label, "kind": "words", "words": [shown(one) for one in parameter.values]}


def _place(parameter: "Parameter", trial: "Trial") -> Any:
    """Where the trial is on the parameter's axis; None where it takes no part."""
    if parameter.field not in trial.settings:
        return None
    value = trial.settings[parameter.field]
    if parameter.ranged:
        return value
    return parameter.values.index(value) if value in parameter.values else None


def _words(plan: "Plan", trial: "Trial") -> str:
    values = ", ".join(
        f"{comparison.figure_word(one.figure)} {comparison.figure(value)}"
        for one, value in zip(plan.objectives, trial.values)
    )
    return f"Trial {trial.number}: {values or signs.TRIAL[trial.state][0].lower()}"


def best(plan: "Plan", trials: Sequence["Trial"]) -> dict[str, Any]:
    """Each complete trial as a dot, and the best up to there as a line."""
    objective = plan.objectives[0]
    complete = _complete(trials)
    top, line = None, []
    for one in complete:
        value = one.values[0]
        top = value if top is None or objective.better(value, top) else top
        line.append([one.number, top])
    values = [one.values[0] for one in complete]
    log = bool(values) and min(values) > 0 and max(values) > WIDE * min(values)
    found = [_dot(plan, one, one.number, one.values[0], tone="ink3", size=3.5) for one in complete]
    x = {"label": "trial", "low": 0.5, "high": plan.trials + 0.5, "whole": True}
    drawn = [{"points": line, "tone": "acc", "step": True}]
    return {"height": 190, "x": x, "y": {"label": "", "log": log}, "lines": drawn, "dots": found}


def front(plan: "Plan", trials: Sequence["Trial"]) -> dict[str, Any]:
    """The first two objectives of each complete trial, a third by shade; those on the front are
    joined, or ringed where there are three. Raises LaminaError where there is one objective.
    """
    from builder import sweeps

    if len(plan.objectives) < 2:
        raise LaminaError("A Pareto front needs two objectives.", place=f"sweep {plan.id}")
    on = sorted(sweeps.pareto(trials, plan), key=lambda one: one.values[:2])
    rest = [one for one in _complete(trials) if one not in on]
    third = len(plan.objectives) == 3
    shade = _shades([*rest, *on]) if third else {}
    found = [
        _dot(
            plan,
            one,
            *one.values[:2],
            tone="acc" if one in on else "ctl",
            size=5.5 if third and one in on else 4,
            ring=third and one in on,
            shade=shade.get(one.number),
        )
        for one in (*rest, *on)
    ]
    joined = [] if third else [{"points": [one.values[:2] for one in on], "tone": "acc"}]
    x, y = ({"label": comparison.figure_name(one.figure)} for one in plan.objectives[:2])
    note = ""
    if third:
        word = comparison.figure_word(plan.objectives[2].figure)
        note = f"Ringed: on the front. The stronger the colour, the more {word}."
    return {"height": 250, "x": x, "y": y, "lines": joined, "dots": found, "note": note}


def _shades(trials: Sequence["Trial"]) -> dict[int, float]:
    """The third objective's place between its ends, by trial."""
    values = [one.values[2] for one in trials]
    low, high = min(values, default=0.0), max(values, default=1.0)
    return {one.number: (one.values[2] - low) / ((high - low) or 1.0) for one in trials}


def groups(plan: "Plan", trials: Sequence["Trial"]) -> dict[str, Any]:
    """Settings compared over seeds or folds: a dot per run, and a bar at each one's mean."""
    from builder import sweeps
    from builder.sweeps.figures import apart
    from builder.sweeps.plan import REPEATS
    from builder.sweeps.suggest import title

    kinds = sweeps.groups(trials)
    found = []
    for place, group in enumerate(kinds):
        for one in _complete(trials):
            if apart(one) == group.settings:
                dot = _dot(plan, one, one.values[0], place, tone="val", size=4)
                turn = (
                    f"\n{title(key).lower()} {one.settings[key]}"
                    for key in REPEATS
                    if key in one.settings
                )
                found.append({**dot, "words": dot["words"] + "".join(turn)})
        mean = f"mean {comparison.figure(group.mean)}"
        found.append({"x": group.mean, "y": place, "tone": "acc", "bar": True, "words": mean})
    x = {"label": comparison.figure_name(plan.objectives[0].figure)}
    y = {"label": "", "words": [plan.group(one.settings) for one in kinds]}
    return {"height": 60 + 34 * max(1, len(kinds)), "x": x, "y": y, "lines": [], "dots": found}


def _dot(plan: "Plan", trial: "Trial", x: float, y: float, **more: Any) -> dict[str, Any]:
    values = "\n".join(
        f"{comparison.figure_word(goal.figure)} {comparison.figure(value)}"
        for goal, value in zip(plan.objectives, trial.values)
    )
    words = f"Trial {trial.number}\n{values}"
    return {"x": x, "y": y, "trial": trial.number, "words": words, **more}


def _complete(trials: Sequence["Trial"]) -> list["Trial"]:
    return [one for one in trials if one.state == "complete" and one.values]


CHARTS: dict[str, Callable[["Plan", Sequence["Trial"]], dict[str, Any]]] = {
    "lines": lines,
    "best": best,
    "front": front,
    "groups": groups,
}
"""Each chart by its name in the address of its route."""
