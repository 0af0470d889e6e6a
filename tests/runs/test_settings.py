"""What a run may be told, and what holds now: settings, those that do not fit, nodes, orders."""

from collections.abc import Callable
from typing import Any

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.project import Project
from builder.runs import Run
from builder.runs import folder as folders
from builder.train import files

Make = Callable[..., Project]


@pytest.fixture
def run(make_project: Make) -> Run:
    return runs.start(make_project(early_stopping={"patience": 5}), detach=False)


def applied(run: Run, **order: Any) -> None:
    told = {"id": "x", "order": "set", **order}
    folders.add_event(run.folder, "order", step=3, epoch=0, order=told, accepted=True, message="")


def test_settings_are_the_recipes_until_an_order_changes_them(run: Run) -> None:
    before = runs.settings(run)
    assert (before["batch_size"], before["weight_decay"], before["patience"]) == (64, 0.01, 5)
    assert before["freeze"] == []
    applied(run, batch_size=32, freeze=["fc1"])
    now = runs.settings(run)
    assert (now["batch_size"], now["freeze"]) == (32, ["fc1"])
    assert now["lr"] == before["lr"]


def test_what_a_run_cannot_change_has_a_reason(make_project: Make) -> None:
    run = runs.start(make_project(optimizer={"name": "Rprop", "lr": 0.01}), detach=False)
    found = runs.unfit(run)
    assert "no augmentation" in found["augment"]
    assert found["weight_decay"] == "Rprop has no weight decay."


def test_only_nodes_with_weights_can_be_frozen(run: Run) -> None:
    assert runs.nodes(run) == ("fc1", "head")


def test_an_order_has_a_name_and_stands_until_a_worker_told_what_became_of_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.write_status(run.folder, folders.Status(status="running"))
    monkeypatch.setattr("builder.runs.process.alive", lambda *_: True)
    name = runs.order(run.id, {"order": "set", "batch_size": 32})
    assert [entry["id"] for entry in runs.standing(run)] == [name]
    facts = {"step": 3, "epoch": 0, "accepted": True, "message": ""}
    folders.add_event(run.folder, "order", order={"id": name, "order": "set"}, **facts)
    assert runs.standing(run) == []


def test_a_refused_order_is_kept_with_its_reason(run: Run) -> None:
    with pytest.raises(LaminaError, match="has ended"):
        runs.order(run.id, {"order": "pause"})
    last = files.read_lines(run.folder / "events.jsonl")[-1]
    assert last["accepted"] is False
    assert "has ended" in last["message"]
