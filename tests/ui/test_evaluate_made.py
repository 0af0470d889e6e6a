"""Evaluate, of networks that make things: each figure says what it looked at."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from builder import metrics
from builder.evaluate import Measured
from builder.ui.screens import evaluate_made


def table(*, falls: bool) -> str:
    splits = {
        name: Measured({"fid": fid, "recognised": 0.64, "loss": 1.0}, 10)
        for name, fid in (("validation", 30.0), ("test", 31.0))
    }
    return evaluate_made._table(splits, falls=falls)


def test_what_looks_at_no_row_is_shown_once_and_says_so() -> None:
    shown = table(falls=True)
    assert shown.count("64.0") == 1
    assert 'colspan="2"' in shown
    assert "one figure for every split" in shown
    assert "30" in shown
    assert "31" in shown


def test_what_looks_at_no_row_says_so_also_where_more_was_made_for_one_split() -> None:
    splits = {"train": Measured({"recognised": 0.1}, 90), "test": Measured({"recognised": 0.4}, 10)}
    shown = evaluate_made._table(splits, falls=True)
    assert "colspan" not in shown
    assert "only how many were made differs by split" in shown


def test_only_measures_of_made_things_alone_are_one_for_all_splits() -> None:
    alone = {name for name in metrics.names() if metrics.get(name).made_alone}
    assert alone == {"recognised", "variety"}


def test_the_loss_of_networks_that_compete_is_not_called_what_training_brings_down() -> None:
    assert "What training brings down" in table(falls=True)
    shown = table(falls=False)
    assert "What training brings down" not in shown
    assert "lower is not better" in shown


def test_a_figure_that_falls_by_decades_has_a_logarithmic_axis_and_its_best_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drawn: list[Any] = []
    notes: list[str] = []
    card = lambda _, note, **__: notes.append(note) or nullcontext()  # noqa: E731
    monkeypatch.setattr(evaluate_made.parts, "card", card)
    monkeypatch.setattr(evaluate_made.charts, "show", lambda chart, **_: drawn.append(chart))
    figures = [4000.0, 20.0, 70.0]
    rows = [{"epoch": n, "validation_fid": fid} for n, fid in enumerate(figures, 1)]
    rows[1]["best"] = 1.0
    task = SimpleNamespace(metrics=lambda: ("fid",))
    evaluate_made._course(SimpleNamespace(task=lambda: task, epochs=lambda: rows))
    (chart,) = drawn
    assert chart.layout.yaxis.type == "log"
    assert (chart.data[-1].x, chart.data[-1].y) == ((2,), (20.0,))
    assert notes == ["lower is better, on validation rows; best 20.00 at epoch 2"]
