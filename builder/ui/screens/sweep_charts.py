"""Charts of a sweep: the best so far, the Pareto front, what mattered, groups over seeds."""

import math
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from builder.ui import charts, comparison, parts, tokens

if TYPE_CHECKING:
    from builder.sweeps import Group, Objective, Plan, State, Trial

ENOUGH = 8
WIDE = 20
"""From so many times the smallest value on, values lie on a logarithmic axis."""


def so_far(plan: "Plan", trials: Sequence["Trial"]) -> None:
    """Each complete trial as a dot, and the best up to there as a line."""
    objective = plan.objectives[0]
    complete = [one for one in trials if one.state == "complete"]
    with parts.card(
        "Best so far",
        comparison.figure_word(objective.figure),
        key="sweep_so_far",
    ):
        if not complete:
            parts.html('<p class="lm-f lm-s">No trial is complete yet.</p>')
            return
        best, line = None, []
        for one in complete:
            value = one.values[0]
            best = value if best is None or objective.better(value, best) else best
            line.append(best)
        numbers = [one.number for one in complete]
        colour = tokens.colours()
        figure = charts.figure()
        figure.add_scatter(
            x=numbers,
            y=line,
            mode="lines",
            name="best so far",
            line={"color": colour["acc"], "shape": "hv"},
        )
        figure.add_scatter(
            x=numbers,
            y=[one.values[0] for one in complete],
            mode="markers",
            name="trial",
            marker={"color": colour["ink3"], "size": 6},
        )
        figure.update_xaxes(title_text="trial", range=[0.5, plan.trials + 0.5])
        values = [one.values[0] for one in complete]
        if min(values) > 0 and max(values) > WIDE * min(values):
            figure.update_yaxes(type="log", dtick=1)
        figure.update_layout(margin={"b": 40})
        charts.show(figure, key="sweep_so_far_figure", height=176, name=plan.name, files=False)


def front(plan: "Plan", trials: Sequence["Trial"]) -> None:
    """The first two objectives of each complete trial, a third by colour; those on the front are
    joined, or ringed where there are three.
    """
    from builder import sweeps

    complete = [one for one in trials if one.state == "complete"]
    on = sorted(sweeps.pareto(trials, plan), key=lambda one: one.values[:2])
    note = "no other trial is better in one without being worse in another"
    with parts.card("Pareto front", note, key="sweep_front"):
        if not complete:
            parts.html('<p class="lm-f lm-s">No trial is complete yet.</p>')
            return
        rest = [one for one in complete if one not in on]
        drawn = _front_of_three if len(plan.objectives) == 3 else _front_of_two
        figure = charts.figure(hovermode="closest", uirevision=plan.id)
        drawn(figure, plan, rest, on)
        for axis, objective in zip((figure.update_xaxes, figure.update_yaxes), plan.objectives):
            axis(title_text=comparison.figure_name(objective.figure))
        charts.show(figure, key="sweep_front_figure", height=240, name=plan.name, files=False)
        if len(plan.objectives) == 3:
            third = comparison.figure_word(plan.objectives[2].figure)
            parts.html(f'<p class="lm-f lm-s">Ringed: on the front. Colour: {escape(third)}.</p>')


def _hover(plan: "Plan", trials: Sequence["Trial"]) -> list[str]:
    """What each dot says: its trial, and each objective by name."""
    return [
        f"trial {one.number}<br>"
        + "<br>".join(
            f"{escape(comparison.figure_word(goal.figure))} {comparison.figure(value)}"
            for goal, value in zip(plan.objectives, one.values)
        )
        for one in trials
    ]


def _front_of_two(
    figure: Any, plan: "Plan", rest: Sequence["Trial"], on: Sequence["Trial"]
) -> None:
    colour = tokens.colours()
    for group, mode, tint, name in (
        (rest, "markers", colour["ctl"], "trial"),
        (on, "lines+markers", colour["acc"], "on the front"),
    ):
        figure.add_scatter(
            x=[one.values[0] for one in group],
            y=[one.values[1] for one in group],
            mode=mode,
            name=name,
            text=_hover(plan, group),
            marker={"color": tint, "size": 8},
            line={"color": tint, "width": 1.5},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_layout(margin={"b": 40, "l": 64})


def _front_of_three(
    figure: Any, plan: "Plan", rest: Sequence["Trial"], on: Sequence["Trial"]
) -> None:
    colour, group = tokens.colours(), [*rest, *on]
    figure.add_scatter(
        x=[one.values[0] for one in group],
        y=[one.values[1] for one in group],
        mode="markers",
        text=_hover(plan, group),
        marker={
            "color": [one.values[2] for one in group],
            "colorscale": charts.scale(charts.SEQUENTIAL[tokens.theme()]),
            "showscale": True,
            "colorbar": {"thickness": 8, "outlinewidth": 0, "tickfont": {"size": 11}},
            "opacity": 1,
            "size": [7] * len(rest) + [11] * len(on),
            "line": {
                "width": [0] * len(rest) + [2] * len(on),
                "color": [colour["ctl"]] * len(rest) + [colour["ink"]] * len(on),
            },
        },
        hovertemplate="%{text}<extra></extra>",
    )
    figure.update_layout(margin={"b": 40, "l": 64, "r": 64})


def importance(plan: "Plan", now: "State", trials: Sequence["Trial"]) -> None:
    """Bars of how much each parameter mattered for the best trials."""
    from builder.sweeps import suggest

    if len(plan.parameters) < 2:
        return
    note = f"for the best tenth by {comparison.figure_word(plan.objectives[0].figure)}"
    with parts.card("What mattered", note, key="sweep_importance"):
        if not now.importance:
            complete = sum(one.state == "complete" for one in trials)
            words = (
                f"It is told from {ENOUGH} complete trials on; there are {complete}."
                if complete < ENOUGH
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


def groups(plan: "Plan", trials: Sequence["Trial"]) -> None:
    """Settings compared over seeds: a dot per seed, the mean, and the difference to the base."""
    from builder import sweeps
    from builder.sweeps.plan import SEED

    found = sweeps.groups(trials)
    objective = plan.objectives[0]
    title = "How much is luck" if plan.kind == "seeds" else "What each node contributes"
    with parts.card(title, comparison.figure_word(objective.figure), key="sweep_groups"):
        if not found:
            parts.html('<p class="lm-f lm-s">No trial is complete yet.</p>')
            return
        colour = tokens.colours()
        figure = charts.figure(hovermode="closest")
        for one in found:
            dots = [
                trial.values[0]
                for trial in trials
                if trial.state == "complete"
                and {k: v for k, v in trial.settings.items() if k != SEED} == one.settings
            ]
            name = _group_name(one)
            figure.add_scatter(
                x=dots,
                y=[name] * len(dots),
                mode="markers",
                marker={"color": colour["val"], "size": 8, "opacity": 0.75},
                hovertemplate="%{x:.4g}<extra></extra>",
            )
            figure.add_scatter(
                x=[one.mean],
                y=[name],
                mode="markers",
                marker={
                    "symbol": "line-ns",
                    "size": 18,
                    "line": {"width": 3, "color": colour["acc"]},
                },
                hovertemplate="mean %{x:.4g}<extra></extra>",
            )
        figure.update_yaxes(autorange="reversed", showgrid=False)
        figure.update_xaxes(showgrid=True)
        figure.update_layout(margin={"l": 120, "b": 28})
        height = 60 + 34 * len(found)
        charts.show(figure, key="sweep_groups_figure", height=height, name=plan.name, files=False)
        parts.html(_groups_table(found, objective), "groups")


def _group_name(one: "Group") -> str:
    gone = str(one.settings.get("without", ""))
    return f"without {escape(gone)}" if gone else "as it is"


def _groups_table(found: Sequence["Group"], objective: "Objective") -> str:
    rows = []
    for one in found:
        apart = f"{one.difference:+.3g}" if one.pairs else ""
        verdict = one.verdict(objective)
        spread = f"± {one.deviation:.2g}" if math.isfinite(one.deviation) else ""
        rows.append(
            f"<tr><td>{_group_name(one)}</td><td>{one.count}</td><td>{comparison.figure(one.mean)}</td>"
            f"<td>{spread}</td><td>{apart}</td><td>{verdict}</td></tr>"
        )
    names = ("", "seeds", "mean", "spread", "difference", "")
    head = "<tr>" + "".join(f"<th>{name}</th>" for name in names) + "</tr>"
    return f'<table class="sw-groups">{head}{"".join(rows)}</table>'
