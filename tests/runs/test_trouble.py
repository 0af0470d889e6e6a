"""Disks, databases and files that fail: words, the last good checkpoint, and nothing else lost."""

import errno
import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from builder import project as projects
from builder import runs
from builder.errors import LaminaError
from builder.home import home, room
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import index, launch, orders
from builder.train import checkpoint, files

Make = Callable[..., Project]


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, "disk_full", "Free some space"),
        (errno.EDQUOT, "disk_full", "Free some space"),
        (errno.EROFS, "read_only", "Make it writable"),
        (errno.EACCES, "read_only", "Make it writable"),
    ],
)
@pytest.mark.parametrize("where", ["curve", "lines", "checkpoint"])
def test_a_disk_that_fails_ends_the_run_in_words_with_its_last_checkpoint(
    make_project: Make, monkeypatch: pytest.MonkeyPatch, where: str, number: int, code: str,
    words: str,
) -> None:  # fmt: skip
    from builder.runs import series

    count = 0

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*given: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count > 3:
                with files.disk_errors("here"):
                    raise OSError(number, os.strerror(number))
            return real(*given, **named)

        return instead

    with monkeypatch.context() as patch:
        if where == "curve":
            patch.setattr(series.Writer, "add", failing(series.Writer.add))
        elif where == "lines":
            patch.setattr("builder.runs.store.files.append_line", failing(files.append_line))
        else:
            patch.setattr(checkpoint, "save_file", failing(checkpoint.save_file))
        slow = {"epochs": 40}
        run = runs.start(make_project(**slow), detach=False)
    status = run.status
    assert status.status == "failed"
    assert status.error is not None
    assert status.error["code"] == code
    assert words in status.error["remedy"]
    if run.checkpoints():
        assert run.model(run.checkpoints()[0].name).state_dict()


def test_a_home_that_cannot_be_written_refuses_the_start(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    runs.check(project)
    real = os.rename

    def denied(source: Any, target: Any, **rest: Any) -> None:
        if "/runs/" in str(target):
            raise PermissionError(errno.EACCES, "Permission denied")
        real(source, target, **rest)

    monkeypatch.setattr(os, "rename", denied)
    with pytest.raises(LaminaError, match="cannot be written") as caught:
        runs.start(project, detach=False)
    assert caught.value.code == "read_only"
    assert list(room("runs").iterdir()) == []


def test_a_locked_database_holds_up_no_run_and_no_list(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.start(make_project(epochs=1), detach=False)
    index.engine().dispose()
    index._engine.cache_clear()
    monkeypatch.setattr(index, "BUSY", 10)
    other = sqlite3.connect(home() / "lamina.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    try:
        second = runs.start(make_project(epochs=1), detach=False)
        assert second.status.status == "finished"
        assert [row.id for row in runs.list_runs()] == [second.id, first.id]
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert not list(home().glob("*.damaged")), "a locked database is not a damaged one"
    assert [row.id for row in runs.list_runs()] == [second.id, first.id]
    with index.engine().connect() as connection:
        rows = connection.exec_driver_sql("select id from runs").all()
    assert {row[0] for row in rows} == {first.id, second.id}
    index._engine.cache_clear()


def test_a_torn_line_takes_no_other_with_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    files.append_line(path, {"n": 1})
    with path.open("ab") as file:
        file.write(b'{"n": 2, "half')
    files.append_line(path, {"n": 3})
    files.append_line(path, {"n": 4})
    assert [row["n"] for row in files.read_lines(path)] == [1, 3, 4]


def test_a_run_with_torn_files_goes_on_from_its_checkpoint(make_project: Make) -> None:
    from builder.runs.execute import execute

    alone = runs.start(make_project(epochs=4), detach=False)
    run = runs.start(make_project(epochs=4, keep="all"), detach=False)
    entries = files.read_json(run.folder / "checkpoints.json")
    entries["last"] = entries["epoch-0002"]
    files.write_json(run.folder / "checkpoints.json", entries)
    for name in ("steps.f32", "epochs.jsonl", "events.jsonl", "orders.jsonl", "health.jsonl"):
        with (run.folder / name).open("ab") as file:
            file.write(b'{"torn')
    (run.folder / "checkpoints" / ".step-00000099.safetensors.1").write_bytes(b"half")
    folders.write_status(run.folder, folders.Status(status="queued"))
    assert execute(run.folder, folders.raise_fence(run.folder)) == "finished"
    assert [row["epoch"] for row in run.epochs()] == [1, 2, 3, 4]
    assert run.steps(points=0)["loss"].tolist() == alone.steps(points=0)["loss"].tolist()
    ours, theirs = run.model("last").state_dict(), alone.model("last").state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_an_epoch_s_end_that_comes_again_is_not_written_twice(tmp_path: Path) -> None:
    from builder.runs.store import Store
    from builder.train.plan import Started

    for epoch in (1, 2):
        files.append_line(tmp_path / "epochs.jsonl", {"epoch": epoch, "step": 20 * epoch})
    store = Store(tmp_path, 1, device="cpu", keep="last")
    store.put(Started(40, 1, 3, 20, 1000, ("step", "loss"), {}))  # step 40, before its epoch's end
    store.close()
    assert [row["epoch"] for row in files.read_lines(tmp_path / "epochs.jsonl")] == [1]


def test_a_run_whose_only_checkpoint_is_gone_says_so(make_project: Make) -> None:
    from builder.runs.execute import execute

    run = runs.start(make_project(epochs=2), detach=False)
    for path in (run.folder / "checkpoints").glob("*.state.safetensors"):
        path.unlink()
    folders.write_status(run.folder, folders.Status(status="queued"))
    assert execute(run.folder, folders.raise_fence(run.folder)) == "failed"
    assert run.status.error is not None
    assert "is not there any more" in run.status.error["fact"]
    assert "Fork the run from another checkpoint" in run.status.error["remedy"]
    assert run.model("best").state_dict()


@pytest.mark.parametrize("where", ["forward", "data"])
def test_memory_that_runs_out_proposes_a_batch_size(
    make_project: Make, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    from builder.train import feeds, step

    real, count = step.Stepper.__call__, 0

    def hungry(self: Any, batch: Any) -> Any:
        nonlocal count
        count += 1
        if count > 25:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory")
        return real(self, batch)

    if where == "forward":
        monkeypatch.setattr(step.Stepper, "__call__", hungry)
    else:
        monkeypatch.setattr(feeds.RowFeed, "batch", lambda *_: (_ for _ in ()).throw(MemoryError()))
    run = runs.start(make_project(epochs=3), detach=False)
    error = run.status.error
    assert error is not None
    assert error["code"] == "out_of_memory"
    assert "Set the batch size to 32 (it is 64)" in error["remedy"]
    assert where == "data" or run.checkpoint("best").epoch == 1


def test_orders_at_an_epoch_s_last_step_are_replayed_before_its_end(make_project: Make) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    order = {"id": "a", "order": "set", "batch_size": 32, "patience": 1}
    folders.add_event(run.folder, "order", step=20, order=order, accepted=True)
    assert orders.Inbox(run.folder).replay(10)[20][0]["batch_size"] == 32


def test_orders_are_obeyed_again_by_a_run_that_was_lost_before_its_first_checkpoint(
    make_project: Make,
) -> None:
    project = make_project(epochs=2, optimizer={"name": "SGD", "lr": 0.001})

    def lost(folder: Path) -> None:
        order = {"id": "a", "order": "set", "lr": 0.02}
        folders.add_event(folder, "order", step=7, epoch=0, order=order, accepted=True, message="")

    run = launch.begin(launch.check(project), project_id="", name="", detach=False, fill=lost)
    rates = run.steps(points=0)["lr"]
    assert rates.tolist() == pytest.approx([0.001] * 7 + [0.02] * 33)
    told = [event for event in run.events() if event["kind"] == "order"]
    assert len(told) == 1, "and is not told twice"


def test_two_servers_on_one_home_do_not_hurt_each_other(
    make_project: Make, lamina_home: Path, tmp_path: Path
) -> None:
    projects.save(make_project(epochs=1), tmp_path / "p.json")
    code = (
        "import sys, json; from builder import project, runs;"
        f"given = project.load({str(tmp_path / 'p.json')!r});"
        "made = [runs.start(given, detach=False, project_id='p') for _ in range(3)];"
        "[runs.rename(one.id, 'run of ' + sys.argv[1]) for one in made];"
        "print(json.dumps([one.status.status for one in made]), len(runs.list_runs()))"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, name], stdout=subprocess.PIPE)
        for name in ("one", "two")
    ]
    for child in children:
        out, _ = child.communicate(timeout=200)
        assert child.returncode == 0
        assert json.loads(out.decode().rpartition(" ")[0]) == ["finished"] * 3
    rows = runs.list_runs()
    assert sorted(row.name for row in rows) == ["run of one"] * 3 + ["run of two"] * 3
    assert len({row.id for row in rows}) == 6
    assert runs.reindex() == 6


@pytest.mark.parametrize(("validation", "test"), [(0.0, 0.0), (0.0, 0.2)])
def test_a_run_without_rows_held_out_ends_well(
    make_project: Make, validation: float, test: float
) -> None:
    project = make_project(epochs=2)
    split = project.data.split.model_copy(update={"validation": validation, "test": test})
    held = project.data.model_copy(update={"split": split})
    run = runs.start(project.model_copy(update={"data": held}), detach=False)
    assert (run.status.status, run.status.error) == ("finished", None)
    assert [set(row) & {"train_loss", "validation_loss"} for row in run.epochs()] == [
        {"train_loss"}
    ] * 2
    assert run.model("best").state_dict()
