"""`lamina runs set`, `checkpoint`, `validate`, `fork`: what is ordered, and what is made."""

import json
import os
from typing import Any

import pytest

from builder import runs
from builder.cli import main, training
from builder.project import Project
from builder.runs import Run
from builder.runs import folder as folders
from builder.train import files


def said(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[Any, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(arguments)
    out = capsys.readouterr()
    return leaving.value.code, out.out, out.err


@pytest.fixture
def run(lamina_home: Any) -> Run:
    """A run that has ended, of two epochs on iris."""
    nodes = [
        {"id": "table", "layer": "Input"},
        {"id": "fc1", "layer": "Linear", "params": {"out_features": 8}},
        {"id": "head", "layer": "Linear", "params": {"out_features": 3}},
        {"id": "out", "layer": "Output"},
    ]
    edges = [["table", "fc1"], ["fc1", "head"], ["head", "out"]]
    data = {"source": "sklearn", "options": {"name": "iris"}, "target": "target"}
    project = Project.model_validate(
        {
            "name": "iris",
            "data": data,
            "graphs": {"model": {"nodes": nodes, "edges": edges}},
            "recipe": {"epochs": 2, "device": "cpu", "threads": 1},
        }
    )
    return runs.start(project, detach=False)


def test_settings_become_one_order(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.cli.runs.ANSWER", 0.0)  # no worker is there to answer
    folders.write_status(run.folder, folders.Status(status="running", pid=os.getpid()))
    given = ("weight_decay=0.1", "batch_size=16", "augment=false", "freeze=fc1", "patience=null")
    code, _, error = said("runs", "set", run.id, *given, capsys=capsys)
    assert (code, error) == (0, "")
    (order,) = files.read_lines(run.folder / "orders.jsonl")
    wanted = {"weight_decay": 0.1, "batch_size": 16, "augment": False, "freeze": ["fc1"]}
    assert wanted.items() <= order.items()
    assert order["patience"] is None
    for command, kind in (("checkpoint", "checkpoint"), ("validate", "evaluate")):
        assert said("runs", command, run.id, capsys=capsys)[0] == 0
        assert files.read_lines(run.folder / "orders.jsonl")[-1]["order"] == kind


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("lr=-1", "above 0"),
        ("lr=fast", "above 0"),
        ("colour=red", "Known are lr, weight_decay"),
        ("batch_size=0", "at least 1"),
        ("freeze=nowhere", "The nodes are"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_words(
    run: Run, capsys: pytest.CaptureFixture[str], setting: str, words: str
) -> None:
    folders.write_status(run.folder, folders.Status(status="running", pid=os.getpid()))
    code, _, error = said("runs", "set", run.id, setting, capsys=capsys)
    assert code == 1
    assert words in error
    assert not (run.folder / "orders.jsonl").exists()
    refused = [event for event in run.events() if event["kind"] == "order"]
    assert [event["accepted"] for event in refused] == [False]


def test_a_setting_given_twice_is_refused(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, error = said("runs", "set", run.id, "lr=0.1", "lr=0.2", capsys=capsys)
    assert code == 1
    assert "'lr' is given twice" in error


@pytest.mark.parametrize("status", ["running", "paused"])
def test_what_the_worker_refuses_is_told(
    run: Run, status: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def ordered(_: str, wish: dict[str, Any]) -> str:
        facts = {
            "order": {"id": "one", **wish},
            "accepted": False,
            "message": "Nothing would be left.",
        }
        folders.add_event(run.folder, "order", step=5, epoch=1, **facts)
        return "one"

    monkeypatch.setattr(runs, "order", ordered)
    folders.write_status(run.folder, folders.Status(status=status, pid=os.getpid()))
    code, out, error = said("runs", "set", run.id, "freeze=*", capsys=capsys)
    assert (code, out) == (1, "")
    assert "Nothing would be left" in error


def test_an_order_to_a_run_that_has_ended_is_refused_and_logged(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _, error = said("runs", "pause", run.id, capsys=capsys)
    assert code == 1
    assert "has ended (finished). Fork it" in error
    assert [e["accepted"] for e in run.events() if e["kind"] == "order"] == [False]


def test_a_fork_is_begun_with_changes(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("builder.runs.lease.ensure", lambda: None)  # nobody takes it up here
    given = ("--from", "last", "--set", "recipe.epochs=4", "--set", "recipe.optimizer.lr=0.01")
    code, out, _ = said("runs", "fork", run.id, *given, "--json", capsys=capsys)
    assert code == 0
    document = json.loads(out)
    assert document["parent"] == run.id
    fork = runs.open_run(document["run"])
    assert fork.project().recipe.optimizer.lr == 0.01
    assert fork.info["forked"]["overrides"] == {"recipe.epochs": 4, "recipe.optimizer.lr": 0.01}
    assert fork.checkpoint("last").step == run.checkpoint("last").step
    code, _, error = said("runs", "fork", run.id, capsys=capsys)
    assert code == 1
    assert "recipe.epochs" in error


@pytest.mark.parametrize("status", ["running", "finished"])
def test_a_state_that_is_not_kept_is_answered_with_those_that_are(
    run: Run, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folders.write_status(run.folder, folders.Status(status=status, epoch=2, pid=os.getpid()))
    code, _, error = said("runs", "fork", run.id, "--from", "nope", capsys=capsys)
    assert code == 1
    assert "has no checkpoint 'nope'" in error
    assert "It has: best, last." in error


def test_a_run_whose_status_is_damaged_is_told_of_and_deleted(
    run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    (run.folder / "status.json").write_text('{"status": "running", "epoch": "x"}')
    code, out, _ = said("runs", "show", run.id, capsys=capsys)
    assert code == 0
    assert "failed after 2 epochs" in out
    assert "Its status file is damaged" in out
    assert str(run.folder / "status.json") in out
    assert "are kept: fork it from one, or delete it." in out
    assert "failed" in said("runs", "list", capsys=capsys)[1]
    assert said("runs", "delete", run.id, capsys=capsys)[0] == 0
    assert not run.folder.exists()


def test_a_waiting_run_says_what_it_waits_for(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.write_status(run.folder, folders.Status(status="queued", device="cpu"))
    monkeypatch.setattr("builder.runs.awaits", lambda _: "behind x · 1 run at once on the CPU")
    assert "It waits behind x · 1 run at once" in said("runs", "show", run.id, capsys=capsys)[1]
    assert "behind x · 1 run at once" in said("runs", "list", capsys=capsys)[1]


def test_whoever_follows_a_waiting_run_is_told_once_what_it_waits_for(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = run.status
    folders.write_status(run.folder, folders.Status(status="queued", device="cpu"))
    asked: list[str] = []

    def awaits(name: str) -> str:
        asked.append(name)
        if len(asked) == 3:
            folders.write_status(run.folder, now)
        return "behind x · 1 run at once on the CPU"

    monkeypatch.setattr("builder.runs.awaits", awaits)
    monkeypatch.setattr(training, "ASKED", 0.0)
    training.follow(run)
    assert len(asked) == 3
    assert capsys.readouterr().err.count("Waiting behind x · 1 run at once on the CPU.") == 1
