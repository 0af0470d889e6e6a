"""The Runs page: all runs in a table, some of them in one chart, one of them opened."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import streamlit as st

from builder.ui import charts, chrome, comparison, manage, parts, routes, state, tokens
from builder.ui.components.downloads import file_name
from builder.ui.components.runtable import Act, runtable
from builder.ui.components.runtable import rows as lines
from builder.ui.screens import runs_one, runs_queue, runs_watch, sweep

if TYPE_CHECKING:
    from builder.runs.index import Row

MOST_CURVES, AT_FIRST = 8, 3
SMOOTHINGS = (0.0, 0.6, 0.8, 0.9, 0.95, 0.99)
PALE = 0.25
"""How strong a measured curve is behind its moving average."""
NAMED = 3
"""So many runs stand in the name of the chart's files."""


def show() -> None:
    """Draw the page."""
    chrome.page("runs")
    if sweep.asked():
        sweep.show()
        return
    project = state.project_id()
    title = state.project().name if project else "All projects"
    scope = project if _own_only() else None
    runs_watch.watch("runs", lambda: _seen(scope))
    rows = _listed(scope)
    chrome.bar((title, "Runs"), actions=lambda: _actions(project))
    if not rows:
        with st.container(key="lm_body_runs_none"):
            if parts.empty(
                "No runs yet",
                "Each training is kept here with its recipe and its figures, to be compared.",
                "Train the network" if project else "Go to Home",
                key="runs_none",
            ):
                state.go("train" if project else "home")
        return
    with st.container(key="lm_body_runs"):
        sweep.card(scope)
        runs_queue.show(any(row.status in manage.ACTIVE for row in rows))
        _table_card(rows, scope)
        left, right = st.columns([8, 5], gap="small")
        shown = _in_chart(rows)
        with left:
            _curves([row for row in rows if row.id in shown])
        with right:
            runs_one.show(_opened(rows), len(rows))


def _own_only() -> bool:
    """Whether only the open project's runs are wanted."""
    return (st.session_state.get("runs_scope") or "This project") == "This project"


def _actions(project: str | None) -> None:
    runs_queue.at_once()
    if project:
        st.segmented_control(
            "Which runs",
            ["This project", "All"],
            default="This project",
            required=True,
            label_visibility="collapsed",
            key="runs_scope",
        )
        sweep.new_button(project)
        if st.button("New run", type="primary", icon=":material/play_arrow:", key="runs_train"):
            state.set_run(None)
            st.session_state["train_recipe"] = project
            state.go("train")


# --- the table


def _listed(project: str | None) -> list["Row"]:
    from builder import runs

    return runs.list_runs(project)


def _seen(project: str | None) -> Any:
    """What the page shows apart from the table's figures, which follow by a route of their own:
    when this changes, it is drawn anew.
    """
    from builder import runs

    rows = _listed(project)
    return (
        project,
        [(row.id, row.status, row.name, row.note) for row in rows],
        [column["name"] for column in (*lines.figures(rows), *lines.settings(rows))],
        [(one.run, one.place) for one in runs.waiting()],
        sweep.seen(project),
    )


def _table_card(rows: Sequence["Row"], project: str | None) -> None:
    count = f"{len(rows)} run{'s' * (len(rows) != 1)}"
    with parts.card("Runs", f"{count}; a tick lays a run's curve into the chart", key="runs"):
        opened = _opened(rows)
        going = any(row.status in manage.ACTIVE for row in rows)
        address = f"/lamina/api/runs?project={quote(project or '')}"
        act = runtable(
            "runs_table",
            lines.lines(rows),
            figures=lines.figures(rows),
            settings=lines.settings(rows),
            colours=_colours(rows),
            opened=opened.id if opened else None,
            live={"address": address, "token": routes.token()} if going else None,
        )
    if act is not None and act.at > st.session_state.get("runs_act", 0.0):
        st.session_state["runs_act"] = act.at
        _take(act, rows)
        st.rerun()


def _take(act: Act, rows: Sequence["Row"]) -> None:
    if act.kind == "open":
        st.session_state["runs_opened"] = act.run
        return
    chosen = _in_chart(rows)
    if act.run in chosen:
        chosen.remove(act.run)
    else:
        chosen = [*chosen, act.run][-MOST_CURVES:]
    st.session_state["runs_chart"] = chosen


def _in_chart(rows: Sequence["Row"]) -> list[str]:
    """The runs in the chart: those ticked, at first the newest that have an epoch."""
    chosen = st.session_state.get("runs_chart")
    if chosen is None:
        return [row.id for row in rows if row.epoch][:AT_FIRST]
    known = {row.id for row in rows}
    return [run for run in chosen if run in known]


def _colours(rows: Sequence["Row"]) -> dict[str, str]:
    palette = charts.CATEGORIES[tokens.theme()]
    return {run: palette[i % len(palette)] for i, run in enumerate(_in_chart(rows))}


def _opened(rows: Sequence["Row"]) -> "Row | None":
    """The run that is looked at: clicked, else named by the address, else the newest."""
    for wanted in (st.session_state.get("runs_opened"), state.run_id()):
        for row in rows:
            if row.id == wanted:
                return row
    return rows[0] if rows else None


# --- the chart


def _watched(rows: Sequence["Row"], names: Sequence[str]) -> int:
    """The place of the figure that all these runs keep their best epoch by; else the first."""
    chosen = {comparison.watched(row) for row in rows}
    found = chosen.pop() if len(chosen) == 1 else ""
    return names.index(found) if found in names else 0


def _curves(rows: Sequence["Row"]) -> None:
    with parts.card("Curves", "laid over each other", key="curves"):
        epochs = _held(rows)
        names = comparison.curve_names(epochs)
        if not names:
            parts.html('<p class="lm-f">Tick a run that has finished an epoch.</p>')
            return
        with st.container(key="lm_curves_head", horizontal=True, vertical_alignment="center"):
            name = st.selectbox(
                "Figure",
                names,
                index=_watched(rows, names),
                format_func=comparison.figure_name,
                label_visibility="collapsed",
                width=220,
                key="runs_figure",
            )
            over = st.segmented_control(
                "Over",
                ["epoch", "time"],
                default="epoch",
                required=True,
                format_func={"epoch": "Epochs", "time": "Seconds"}.__getitem__,
                label_visibility="collapsed",
                key="runs_over",
            )
            log = _kept_toggle()
            smooth = _kept_smoothing()
            newer = sum(max(0, row.epoch - len(epochs[row.id])) for row in rows)
            if (newer or any(row.status in manage.ACTIVE for row in rows)) and st.button(
                "Newer epochs",
                icon=":material/refresh:",
                type="tertiary",
                key="runs_newer",
                help="Curves stand still here, so that nothing moves while they are compared.",
            ):
                st.session_state.pop("runs_curves", None)
                st.rerun()
        _chart(rows, epochs, str(name), str(over), log=log, smooth=smooth)


def _kept_toggle() -> bool:
    """Whether the figures stand on a logarithmic axis; kept while other pages are open."""
    wished = st.toggle(
        "Log",
        value=st.session_state.get("runs_log_kept", False),
        help="A logarithmic axis: a spike leaves the rest to be seen.",
        key="runs_log",
    )
    st.session_state["runs_log_kept"] = wished
    return wished


def _kept_smoothing() -> float:
    """How much of what was before a curve keeps at each point; 0 is as it was measured."""
    kept = st.session_state.get("runs_smooth_kept", SMOOTHINGS[0])
    share = st.selectbox(
        "Smoothing",
        SMOOTHINGS,
        index=SMOOTHINGS.index(kept),
        format_func=lambda one: f"Smoothing {one:g}" if one else "Not smoothed",
        label_visibility="collapsed",
        width=150,
        key="runs_smooth",
    )
    st.session_state["runs_smooth_kept"] = share
    return float(share)


def _held(rows: Sequence["Row"]) -> dict[str, list[dict[str, float]]]:
    """The epochs of these runs as they were when the chart was last asked for: a chart whose curves
    change is a new one to Streamlit, and would lose its zoom.
    """
    from builder import runs

    held: dict[str, list[dict[str, float]]] = st.session_state.get("runs_curves") or {}
    found = {
        row.id: held[row.id] if held.get(row.id) else runs.open_run(row.id).epochs() for row in rows
    }
    st.session_state["runs_curves"] = found
    return found


def _chart(
    rows: Sequence["Row"],
    epochs: Mapping[str, Sequence[Mapping[str, Any]]],
    name: str,
    over: str,
    *,
    log: bool,
    smooth: float,
) -> None:
    figure = charts.figure()
    palette = charts.CATEGORIES[tokens.theme()]
    legend = []
    named = lines.called(rows)
    for i, row in enumerate(rows_in_order(rows)):
        xs, ys = comparison.curve(epochs[row.id], name, over)
        if not xs:
            continue
        colour = palette[i % len(palette)]
        label = escape(named[row.id])
        legend.append(f'<span class="rn-entry"><i style="background:{colour}"></i>{label}</span>')
        mode = "lines+markers" if len(xs) < 30 else "lines"
        line = {"color": colour}
        if smooth:
            figure.add_scatter(
                x=xs, y=ys, mode="lines", line=line, opacity=PALE, hoverinfo="skip", name=label
            )
            ys, mode = comparison.smoothed(ys, smooth), "lines"
        figure.add_scatter(x=xs, y=ys, name=label, mode=mode, line=line, marker={"size": 5})
    if log:
        figure.update_yaxes(type="log", exponentformat="power", minorloglabels="complete")
    figure.update_xaxes(title_text="epoch" if over == "epoch" else "seconds of training")
    figure.update_layout(margin={"b": 40}, uirevision=f"{name} {over} {log}")
    parts.html(f'<div class="rn-legend">{"".join(legend)}</div>', "curves-legend")
    project = state.project().name if state.project_id() else "all projects"
    called = [named[row.id] for row in rows_in_order(rows)][:NAMED]
    file = file_name([project, *called, name])
    charts.show(figure, key="runs_chart_figure", height=300, name=file)


def rows_in_order(rows: Sequence["Row"]) -> list["Row"]:
    """The rows in the order of the chart, so that colours agree with the table."""
    chosen = _in_chart(rows)
    return sorted(rows, key=lambda row: chosen.index(row.id))
