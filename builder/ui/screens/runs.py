"""The Runs page: all runs in a table, some of them in one chart, one of them opened."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from builder import workspace
from builder.ui import charts, chrome, comparison, manage, parts, recent, state, tokens
from builder.ui.components.runtable import Act, runtable
from builder.ui.screens import runs_one, runs_queue, sweep

if TYPE_CHECKING:
    from builder.runs.index import Row

MOST_CURVES = 8
REFRESH = 2.0


def show() -> None:
    """Draw the page."""
    from builder import runs

    chrome.page("runs")
    if sweep.asked():
        sweep.show()
        return
    project = state.project_id()
    title = state.project().name if project else "All projects"
    scope = st.session_state.get("runs_scope") or "This project"
    rows = runs.list_runs(project if project and scope == "This project" else None)
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
        sweep.card(project if scope == "This project" else None)
        runs_queue.show()
        _table_card(rows)
        left, right = st.columns([8, 5], gap="small")
        shown = _in_chart(rows)
        with left:
            _curves([row for row in rows if row.id in shown])
        with right:
            runs_one.show(_opened(rows), len(rows))


def _actions(project: str | None) -> None:
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


def _table_card(rows: Sequence["Row"]) -> None:
    count = f"{len(rows)} run{'s' * (len(rows) != 1)}"
    with parts.card("Runs", f"{count}; a tick lays a run's curve into the chart", key="runs"):
        if any(row.status in manage.ACTIVE for row in rows):
            st.fragment(_table, run_every=REFRESH)()
        else:
            _draw(rows)


def _table() -> None:
    from builder import runs

    project = state.project_id()
    scope = st.session_state.get("runs_scope") or "This project"
    rows = runs.list_runs(project if project and scope == "This project" else None)
    before = st.session_state.get("runs_active")
    now = sum(row.status in manage.ACTIVE for row in rows)
    st.session_state["runs_active"] = now
    if before is not None and now != before:
        st.rerun()
    _draw(rows)


def _draw(rows: Sequence["Row"]) -> None:
    found = comparison.settings(rows)
    names = comparison.differing(found)[: comparison.MOST_SETTINGS]
    main = comparison.headline(rows)
    columns = [{"name": "best_loss", "label": "Best loss", "higher": False}]
    if main:
        word = comparison.label(main.removeprefix("validation_"))
        higher = comparison.higher_is_better(main)
        columns = [
            {"name": "best", "label": f"Best {_inner(word)}", "higher": higher},
            {"name": "last", "label": "Last", "higher": higher},
            *columns,
        ]
    opened = _opened(rows)
    named = called(rows)
    act = runtable(
        "runs_table",
        [{**_row(row, found[row.id], names, main), "name": named[row.id]} for row in rows],
        figures=columns,
        settings=[{"name": name, "label": comparison.label(name)} for name in names],
        colours=_colours(rows),
        opened=opened.id if opened else None,
    )
    if act is not None and act.at > st.session_state.get("runs_act", 0.0):
        st.session_state["runs_act"] = act.at
        _take(act, rows)
        st.rerun()


def called(rows: Sequence["Row"]) -> dict[str, str]:
    """What each run is called; with its project where there are runs of several."""
    own = {row.id: row.name or row.id for row in rows}
    if len({row.project_id for row in rows}) < 2:
        return own
    projects = {entry.id: entry.name for entry in workspace.projects()}
    return {
        row.id: f"{projects[row.project_id]} · {own[row.id]}"
        if row.project_id in projects
        else own[row.id]
        for row in rows
    }


def _inner(word: str) -> str:
    return word if word[:2].isupper() or word == "R²" else word[0].lower() + word[1:]


def _row(
    row: "Row", found: Mapping[str, Any], names: Sequence[str], main: str | None
) -> dict[str, Any]:
    word, tone, sign = recent.BADGES.get(row.status, (row.status, "n", ""))
    return {
        "id": row.id,
        "note": row.note.splitlines()[0][:80] if row.note else "",
        "word": word,
        "tone": tone,
        "live": sign == "live",
        "spark": _losses(row.id),
        "figures": comparison.figures(row, main),
        "settings": {name: _cell(found.get(name)) for name in names},
        "duration": row.seconds,
        "lasted": comparison.lasted(row.seconds),
        "device": row.device or "",
        "when": row.created,
        "begun": comparison.begun(row.created),
    }


def _cell(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str) else str(value)


def _losses(run_id: str) -> list[float]:
    """Validation loss by epoch, at most 40 points; kept for runs that have ended."""
    from builder import runs

    run = runs.open_run(run_id)
    try:
        stamp = (run.folder / "epochs.jsonl").stat().st_size
    except OSError:
        return []
    return _losses_of(run_id, stamp)


@st.cache_data(max_entries=500, show_spinner=False)
def _losses_of(run_id: str, stamp: int) -> list[float]:
    from builder import runs

    del stamp  # part of the key: the file grows with each epoch
    _, ys = comparison.curve(runs.open_run(run_id).epochs(), "validation_loss", "epoch")
    return ys[:: max(1, len(ys) // 40)]


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
    """The runs in the chart: those ticked, at first the newest three."""
    known = [row.id for row in rows]
    chosen = st.session_state.get("runs_chart")
    if chosen is None:
        return known[:3]
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


def _curves(rows: Sequence["Row"]) -> None:
    from builder import runs

    with parts.card("Curves", "laid over each other", key="curves"):
        epochs = {row.id: runs.open_run(row.id).epochs() for row in rows}
        names = comparison.curve_names(epochs)
        if not names:
            parts.html('<p class="lm-f">Tick a run that has finished an epoch.</p>')
            return
        with st.container(key="lm_curves_head", horizontal=True, vertical_alignment="center"):
            name = st.selectbox(
                "Figure",
                names,
                format_func=_figure_label,
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
        _chart(rows, epochs, str(name), str(over))


def _figure_label(name: str) -> str:
    if name == "lr":
        return "Learning rate"
    part, _, figure = name.partition("_")
    return f"{part.capitalize()} {_inner(comparison.label(figure))}"


def _chart(
    rows: Sequence["Row"], epochs: Mapping[str, Sequence[Mapping[str, Any]]], name: str, over: str
) -> None:
    figure = charts.figure()
    palette = charts.CATEGORIES[tokens.theme()]
    legend = []
    named = called(rows)
    for i, row in enumerate(rows_in_order(rows)):
        xs, ys = comparison.curve(epochs[row.id], name, over)
        if not xs:
            continue
        colour = palette[i % len(palette)]
        label = escape(named[row.id])
        legend.append(f'<span class="rn-entry"><i style="background:{colour}"></i>{label}</span>')
        mode = "lines+markers" if len(xs) < 30 else "lines"
        figure.add_scatter(
            x=xs, y=ys, name=label, mode=mode, line={"color": colour}, marker={"size": 5}
        )
    figure.update_xaxes(title_text="epoch" if over == "epoch" else "seconds of training")
    figure.update_layout(margin={"b": 40})
    parts.html(f'<div class="rn-legend">{"".join(legend)}</div>', "curves-legend")
    charts.show(figure, key="runs_chart_figure", height=300, name=f"runs {name}")


def rows_in_order(rows: Sequence["Row"]) -> list["Row"]:
    """The rows in the order of the chart, so that colours agree with the table."""
    chosen = _in_chart(rows)
    return sorted(rows, key=lambda row: chosen.index(row.id))
