"""Charts of a sweep: the best so far, the Pareto front, what mattered, groups over seeds.

They follow a sweep under way over a route of their own, so that a zoom stays as trials come in.
"""

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from builder.ui import charts as look
from builder.ui import comparison, parts, routes, tokens
from builder.ui.components.dots import dots
from builder.ui.components.downloads import file_name
from builder.ui.components.parallel import Picked
from builder.ui.components.trials import charts
from builder.ui.components.trials.routes import address

if TYPE_CHECKING:
    from builder.sweeps import Group, Plan, Spread, State, Sweep, Trial

NONE = '<p class="lm-f lm-s">No trial is complete yet.</p>'


def live(found: "Sweep", part: str) -> dict[str, str] | None:
    """The route of a part of a sweep that is under way; None for one that has ended."""
    if found.state.status != "running":
        return None
    return {"address": address(found.id, part), "token": routes.token()}


def so_far(
    found: "Sweep", plan: "Plan", trials: Sequence["Trial"], opened: int | None
) -> Picked | None:
    """Each complete trial as a dot, and the best up to there as a line; gives the clicked one."""
    note = comparison.figure_word(plan.objectives[0].figure)
    with parts.card("Best so far", note, key="sweep_so_far"):
        return _chart(found, plan, trials, "best", "Best so far", opened)


def front(
    found: "Sweep", plan: "Plan", trials: Sequence["Trial"], opened: int | None
) -> Picked | None:
    """The Pareto front; gives the clicked trial."""
    note = "no other trial is better in one without being worse in another"
    with parts.card("Pareto front", note, key="sweep_front"):
        return _chart(found, plan, trials, "front", "Pareto front", opened)


def groups(
    found: "Sweep", plan: "Plan", trials: Sequence["Trial"], opened: int | None
) -> Picked | None:
    """Settings compared over seeds: a dot per seed, the mean, and the difference to the base."""
    from builder import sweeps

    title = TITLES.get(plan.kind, "")
    with parts.card(title, comparison.figure_word(plan.objectives[0].figure), key="sweep_groups"):
        picked = _chart(found, plan, trials, "groups", title, opened)
        kinds = sweeps.groups(trials)
        if plan.repeats:
            parts.html(_spreads_table(sweeps.spreads(trials), plan), "spreads")
        elif kinds:
            parts.html(_groups_table(kinds, plan), "groups")
        if plan.kind == "folds":
            parts.html(f'<p class="lm-m lm-s">{OF_FOLDS}</p>')
        return picked


TITLES = {
    "seeds": "How much is luck",
    "folds": "How it does on each fold",
    "ablation": "What each node contributes",
}
OF_FOLDS = (
    "Each row beside the test was validation once, for a network that had not learnt from it. The "
    "best epoch of each was chosen on these same rows, so the test rows, which none has seen, stay "
    "the last word."
)


def _chart(
    found: "Sweep",
    plan: "Plan",
    trials: Sequence["Trial"],
    part: str,
    title: str,
    opened: int | None,
) -> Picked | None:
    if not any(one.state == "complete" for one in trials):
        parts.html(NONE)
        return None
    return dots(
        f"{part}_{found.id}",
        charts.CHARTS[part](plan, trials),
        name=f"chart-{part}",
        title=title,
        file=file_name([plan.name, title]),
        scale=look.SEQUENTIAL[tokens.theme()][2:],
        opened=opened,
        live=live(found, part),
    )


def importance(plan: "Plan", now: "State", trials: Sequence["Trial"]) -> None:
    """Bars of how much each parameter mattered for the best trials."""
    from builder.sweeps import study, suggest

    if len(plan.parameters) < 2:
        return
    count = sum(one.state in ("complete", "pruned") for one in trials)
    best = "best" if count <= study.BEST else f"best {study.among_best(count)} of {count}"
    note = f"for the {best} by {comparison.figure_word(plan.objectives[0].figure)}"
    with parts.card("What mattered", note, key="sweep_importance"):
        if not now.importance:
            complete = sum(one.state == "complete" for one in trials)
            words = (
                f"It is told from {study.FEWEST} complete trials on; there are {complete}."
                if complete < study.FEWEST
                else "It is being computed."
            )
            parts.html(f'<p class="lm-f lm-s">{words}</p>')
            return
        rows = "".join(
            f'<div class="sw-bar"><span title="{escape(name)}">{escape(suggest.title(name))}</span>'
            f'<i><b style="width:{share * 100:.1f}%"></b></i><em>{share:.0%}</em></div>'
            for name, share in sorted(now.importance.items(), key=lambda item: -item[1])
        )
        parts.html(rows, "importance")


def _spreads_table(found: Sequence["Spread"], plan: "Plan") -> str:
    if not found:
        return ""
    rows = "".join(
        f"<tr><td>{escape(comparison.label(one.figure.removeprefix('validation_')))}</td><td>{one.count}</td>"
        f"<td>{comparison.figure(one.mean)}</td>"
        f"<td>{comparison.spread(one.deviation)}</td>"
        f"<td>{comparison.figure(one.lowest)}</td><td>{comparison.figure(one.highest)}</td></tr>"
        for one in found
    )
    names = ("on validation rows", plan.kind, "mean", "spread", "lowest", "highest")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
    return f'<table class="sw-groups sw-figures">{head}{rows}</table>'


def _groups_table(found: Sequence["Group"], plan: "Plan") -> str:
    rows = []
    for one in found:
        apart = f"{one.difference:+.3g}" if one.pairs else ""
        verdict = one.verdict(plan.objectives[0])
        spread = comparison.spread(one.deviation)
        rows.append(
            f"<tr><td>{escape(plan.group(one.settings))}</td><td>{one.count}</td><td>{comparison.figure(one.mean)}</td>"
            f"<td>{spread}</td><td>{apart}</td><td>{verdict}</td></tr>"
        )
    names = ("", "seeds", "mean", "spread", "difference", "")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
    return f'<table class="sw-groups">{head}{"".join(rows)}</table>'
