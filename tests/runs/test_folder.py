"""A run in this process: what its folder holds, how it is read, listed, renamed and deleted."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from builder import runs
from builder.errors import LaminaError
from builder.evaluate import evaluate
from builder.home import room
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import index, orders, series
from builder.runs.store import FencedError, Store
from builder.runs.supervisor import Supervisor
from builder.train import files

Make = Callable[..., Project]


def test_a_run_folder_holds_all_that_a_run_was(make_project: Make) -> None:
    run = runs.start(make_project(), project_id="p1", detach=False)
    status = run.status
    assert (status.status, status.epoch, status.epochs) == ("finished", 2, 2)
    assert status.step == status.steps == len(run.steps()["loss"])
    names = {path.name for path in run.folder.iterdir()}
    assert names >= {
        "run.json",
        "status.json",
        "project.lamina.json",
        "model.py",
        "spec.json",
        "preparation.json",
        "steps.f32",
        "steps.json",
        "epochs.jsonl",
        "health.jsonl",
        "events.jsonl",
        "checkpoints.json",
        "checkpoints",
        "log.txt",
    }
    first, last = run.epochs()
    assert first.keys() >= {"epoch", "step", "time", "lr", "train_loss", "validation_accuracy"}
    assert last["train_loss"] < first["train_loss"]
    assert [event["kind"] for event in run.events()] == ["started", "finished"]
    assert [row["node"] for row in run.health()] == ["flat", "fc1", "relu1", "drop1", "head"]
    assert "batch_size: 64: as chosen" in run.log()
    assert run.info["project_id"] == "p1"
    assert run.project().recipe.threads == 1


def test_the_best_checkpoint_is_a_model_that_computes(make_project: Make) -> None:
    run = runs.start(make_project(epochs=3), detach=False)
    assert [item.name for item in run.checkpoints()] == ["best", "last"]
    model = run.model("best")
    assert not model.training
    image = run.prepared().tensors("test")["image"]
    logits = model(run.prepared().runtime.to_model("image", image))
    predictions = run.task().predict({"output": logits})
    share = (predictions["prediction"] == run.prepared().tensors("test")["target"]).float().mean()
    assert share > 0.5
    with pytest.raises(LaminaError, match="It has: best, last"):
        run.model("epoch-0009")


def test_every_epoch_is_kept_where_the_recipe_says_so(make_project: Make) -> None:
    run = runs.start(make_project(epochs=3, keep="all"), detach=False)
    names = {item.name for item in run.checkpoints()}
    assert names == {"best", "last", "epoch-0001", "epoch-0002", "epoch-0003"}
    assert run.model("epoch-0001").state_dict().keys() == run.model("last").state_dict().keys()


def test_only_the_best_is_kept_where_the_recipe_says_so(make_project: Make) -> None:
    run = runs.start(make_project(keep="best"), detach=False)
    assert [item.name for item in run.checkpoints()] == ["best"]
    assert len(list((run.folder / "checkpoints").iterdir())) == 1


def test_a_run_begins_with_the_weights_of_another(make_project: Make) -> None:
    first = runs.start(make_project(epochs=4), detach=False)
    by_run = runs.start(make_project(start_from=first.id, epochs=1), detach=False)
    path = str(first.checkpoint("best").path)
    by_file = runs.start(make_project(start_from=path, epochs=1), detach=False)
    assert by_run.epochs()[0]["train_loss"] < first.epochs()[0]["train_loss"] * 0.8
    for left, right in zip(by_run.model("last").parameters(), by_file.model("last").parameters()):
        assert torch.equal(left, right)


def wider(project: Project) -> Project:
    raw = project.model_dump(mode="json")
    raw["graphs"]["model"]["nodes"][2]["params"]["out_features"] = 32
    return Project.model_validate(raw)


def test_weights_of_another_graph_are_refused_by_name_and_shape(
    make_project: Make, tmp_path: Path
) -> None:
    first = runs.start(make_project(epochs=1), detach=False)
    with pytest.raises(LaminaError, match=r"'fc1.weight' is 16×64 in the file and 32×64") as caught:
        runs.start(wider(make_project(start_from=first.id)), detach=False)
    assert caught.value.place == "recipe.start_from"
    broken = tmp_path / "weights.safetensors"
    broken.write_bytes(b"\x80\x04 this was a pickle")
    with pytest.raises(LaminaError, match="no readable safetensors"):
        runs.start(make_project(start_from=str(broken)))
    with pytest.raises(LaminaError, match="neither a run nor a file"):
        runs.start(make_project(start_from="nowhere"))


def changed(project: Project, **changes: Any) -> Project:
    return Project.model_validate({**project.model_dump(mode="json"), **changes})


@pytest.mark.parametrize(
    ("overrides", "place", "words"),
    [
        ({"recipe.batch_size": 0}, "recipe.batch_size", "must be at least 1; found 0"),
        ({"recipe.optimizer.lr": -1}, "recipe.optimizer.lr", "must be above 0; found -1"),
        ({"recipe.optimizer.name": "Adamm"}, "recipe.optimizer.name", "no optimiser"),
        ({"recipe.device": "cuda:63"}, "recipe.device", "not there"),
        ({"recipe.monitor": "validation_r2"}, "recipe.monitor", "not computed"),
        ({"recipe.epoch": 3}, "recipe.epoch", "not known"),
        (
            {"recipe.optimizers": {"critic": {"name": "SGD"}}},
            "recipe.optimizers",
            "no graph 'critic'",
        ),
        ({"task.kind": "regression"}, "data.target", "Choose classification"),
        ({"task.metrics": ["mae"]}, "task.metrics", "does not fit"),
    ],
)
def test_what_cannot_run_is_refused_and_leaves_nothing_behind(
    make_project: Make, overrides: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        runs.start(make_project(), overrides=overrides, detach=False)
    assert caught.value.place == place
    assert list(room("runs").iterdir()) == []
    assert runs.list_runs() == []


def test_a_graph_whose_output_does_not_fit_the_task_is_refused(make_project: Make) -> None:
    project = make_project()
    raw = project.model_dump(mode="json")
    raw["graphs"]["model"]["nodes"][5]["params"]["out_features"] = 7
    with pytest.raises(LaminaError):
        runs.start(Project.model_validate(raw), detach=False)
    assert list(room("runs").iterdir()) == []


def test_an_empty_graph_is_refused(make_project: Make) -> None:
    with pytest.raises(LaminaError, match="graph is empty"):
        runs.start(changed(make_project(), graphs={"model": {}}), detach=False)


def test_a_diverging_run_fails_in_words_with_its_node_and_keeps_its_log(make_project: Make) -> None:
    recipe = {"optimizer": {"name": "SGD", "lr": 1e6, "weight_decay": 1e33}}
    run = runs.start(make_project(**recipe), detach=False)
    status = run.status
    assert status.status == "failed"
    assert status.node in ("fc1", "head")
    assert status.error is not None
    assert "Lower the learning rate" in status.error["remedy"]
    assert "no longer a finite number" in run.log()
    assert run.events()[-1]["kind"] == "failed"


def test_the_list_is_rebuilt_from_the_folders(make_project: Make, lamina_home: Path) -> None:
    first = runs.start(make_project(epochs=1), project_id="a", detach=False)
    second = runs.start(make_project(epochs=1), project_id="b", detach=False)
    before = runs.list_runs()
    assert [row.id for row in before] == [second.id, first.id]
    assert [row.id for row in runs.list_runs("a")] == [first.id]
    assert runs.reindex() == 2
    assert runs.list_runs() == before
    index.engine().dispose()
    (lamina_home / "lamina.db").write_bytes(b"not a database" * 100)
    assert runs.list_runs() == before
    row = before[0].to_dict()
    assert row["run"] == row["id"]
    assert row["best"]["validation_accuracy"] > 0
    assert json.dumps(row)


def test_names_notes_and_deletion(make_project: Make) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    runs.rename(run.id, " wide ")
    runs.note(run.id, "<b>better</b>")
    row = runs.list_runs()[0]
    assert (row.name, row.note) == ("wide", "<b>better</b>")
    assert runs.disk_use()[run.id] > 1000
    with pytest.raises(LaminaError, match="1 to 120"):
        runs.rename(run.id, " ")
    runs.delete(run.id)
    assert not run.folder.exists()
    assert runs.list_runs() == []
    with pytest.raises(LaminaError, match="no run"):
        runs.open_run(run.id)


@pytest.mark.parametrize("run_id", ["../projects", "", "x", "20260101-000000-zzzzzz", "..", "/etc"])
def test_only_run_ids_open_run_folders(run_id: str) -> None:
    with pytest.raises(LaminaError, match="There is no run"):
        runs.open_run(run_id)


@pytest.mark.parametrize(
    ("status", "order", "words"),
    [
        ("finished", {"order": "pause"}, "has ended"),
        ("running", {"order": "resume"}, "not paused"),
        ("paused", {"order": "pause"}, "paused already"),
        ("running", {"order": "set", "lr": 0}, "no learning rate"),
        ("running", {"order": "set", "lr": float("inf")}, "no learning rate"),
        ("running", {"order": "set", "lr": True}, "no learning rate"),
        ("running", {"order": "set", "lr": 1000.0}, "up to 100"),
        ("running", {"order": "set", "lr": 10**400}, "too high"),
        ("running", {"order": "set", "rate": 1}, "takes no 'rate'"),
        ("running", {"order": "fly"}, "no order"),
        ("queued", {"order": "pause"}, "queue"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused_and_logged(
    make_project: Make, status: str, order: dict[str, Any], words: str
) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    pid = os.getpid()
    folders.write_status(run.folder, folders.Status(status=status, pid=pid, step=5))
    with pytest.raises(LaminaError, match=words):
        runs.order(run.id, order, who="ada")
    refusal = run.events()[-1]
    assert (refusal["kind"], refusal["accepted"], refusal["who"]) == ("order", False, "ada")
    assert not (run.folder / "orders.jsonl").exists()


def test_orders_reach_the_worker_once_and_are_replayed_after_a_checkpoint(
    make_project: Make,
) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    folders.write_status(run.folder, folders.Status(status="running", pid=os.getpid()))
    runs.order(run.id, {"order": "set", "lr": 0.5})
    inbox = orders.Inbox(run.folder)
    (given,) = inbox()
    assert given["lr"] == 0.5
    assert inbox() == ()
    folders.add_event(run.folder, "order", step=7, order=dict(given), accepted=True)
    later = orders.Inbox(run.folder)
    assert list(later()) == []
    assert later.replay(5)[7][0]["lr"] == 0.5
    assert later.replay(8) == {}
    folders.add_event(run.folder, "order", step=9, order={"order": "pause"}, accepted=True)
    assert [order["order"] for order in orders.Inbox(run.folder)()] == ["pause"]
    folders.add_event(run.folder, "order", step=9, order={"order": "resume"}, accepted=True)
    assert list(orders.Inbox(run.folder)()) == []


def test_a_worker_that_was_shut_out_writes_nothing_more(make_project: Make) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    store = Store(run.folder, folders.fence(run.folder), device="cpu", keep="best")
    store.say(message="mine")
    folders.raise_fence(run.folder)
    with pytest.raises(FencedError):
        store.say(message="still mine")
    store.keeper.close()
    assert folders.stored_status(run.folder).message == "mine"


def test_what_the_best_epoch_made_is_kept_however_much_comes_after_it(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    from builder.train.plan import Epoch, Generated, Started

    monkeypatch.setattr("builder.runs.store.GENERATED_KEPT", 2)
    run = runs.start(make_project(epochs=1), detach=False)
    for attempt in ((1, 2, 3, 4), (5, 6)):  # the second goes on where the first was killed
        store = Store(run.folder, folders.fence(run.folder), device="cpu", keep="best")
        before = attempt[0] - 1
        store.put(Started(10 * before, before, 6, 10, 100, ("step", "loss"), {}))
        for epoch in attempt:
            store.put(Epoch({"epoch": epoch, "step": 10 * epoch}, best=epoch == 2))
            images = torch.zeros(1, 1, 2, 2, dtype=torch.uint8)
            store.put(Generated({"count": 1}, {"images": images}, 10 * epoch, epoch))
        store.close()
    kept = sorted(path.stem for path in (run.folder / "generated").iterdir())
    assert kept == ["step-00000020", "step-00000050", "step-00000060"]


def test_a_run_whose_worker_is_gone_is_not_called_running(make_project: Make) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    folders.write_status(run.folder, folders.Status(status="running", pid=2**22 + 1, created=1.0))
    assert run.status.status == "failed"
    assert run.status.error is not None
    assert "gone" in run.status.error["fact"]


def test_a_full_disk_fails_the_run_in_words_and_keeps_the_last_checkpoint(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builder.train import checkpoint

    real, count = checkpoint.save_file, 0

    def full(tensors: Any, path: Any, metadata: Any = None) -> None:
        nonlocal count
        count += 1
        if count > 2:
            Path(path).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        real(tensors, path, metadata=metadata)

    monkeypatch.setattr(checkpoint, "save_file", full)
    run = runs.start(make_project(epochs=6), detach=False)
    status = run.status
    assert status.status == "failed"
    assert status.error is not None
    assert (status.error["code"], status.error["fact"]) == ("disk_full", "The disk is full.")
    best = run.checkpoint("best")
    assert run.model("best").state_dict()
    assert not [path for path in best.path.parent.iterdir() if path.name.startswith(".")]


def test_the_status_can_be_told_on_a_full_disk(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.start(make_project(epochs=1), detach=False)

    def full(*_: Any, **__: Any) -> None:
        raise LaminaError("The disk is full.", code="disk_full")

    monkeypatch.setattr(files, "write", full)
    folders.write_status(run.folder, folders.Status(status="failed", message="full"))
    assert folders.stored_status(run.folder).message == "full"


def test_a_million_points_are_thinned_and_read_from_a_step_on(tmp_path: Path) -> None:
    writer = series.Writer(tmp_path, ("step", "loss", "lr"), 0)
    steps = np.arange(1, 1_000_001, dtype=np.float32)
    loss = 1 / steps
    loss[700_000] = 50
    writer.add(np.stack([steps, loss, steps * 0], axis=1))
    writer.close()
    found = series.read(tmp_path, 0, 2000)
    assert len(found["step"]) <= 2000
    assert found["loss"].max() == 50
    assert found["step"][0] == 1
    assert found["step"][-1] == 1_000_000
    assert list(series.read(tmp_path, 999_998, 2000)["step"]) == [999_999, 1_000_000]
    assert len(series.read(tmp_path, 1_000_000, 2000)["step"]) == 0
    assert len(series.read(tmp_path, 0, 0)["step"]) == 1_000_000


def test_a_resumed_series_drops_what_came_after_the_checkpoint_and_a_torn_row(
    tmp_path: Path,
) -> None:
    writer = series.Writer(tmp_path, ("step", "loss"), 0)
    writer.add(np.arange(20).reshape(10, 2))
    writer.close()
    with (tmp_path / "steps.f32").open("ab") as file:
        file.write(b"\x00\x00\x00")
    assert len(series.read(tmp_path, 0, 100)["step"]) == 10
    series.Writer(tmp_path, ("step", "loss"), 4).close()
    assert list(series.read(tmp_path, 0, 100)["step"]) == [0, 2, 4, 6]


def test_the_processor_is_a_device_with_memory_and_load() -> None:
    first = runs.devices()[0]
    assert first.name == "cpu"
    assert 0 < first.memory_free <= first.memory_total
    assert first.load is not None
    assert 0 <= first.load <= 1


def test_reading_runs_needs_no_torch() -> None:
    import subprocess
    import sys

    code = "import sys, builder.runs; print('torch' in sys.modules, 'sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_runs_without_a_name_are_numbered_within_their_project(make_project: Make) -> None:
    project = make_project(epochs=1)

    def name(project_id: str, given: str = "") -> str:
        run = runs.start(project, project_id=project_id, detach=False, name=given)
        return str(run.info["name"])

    assert [name("a"), name("a", "wide"), name("a"), name("b")] == [
        "run 1",
        "wide",
        "run 3",
        "run 1",
    ]
    runs.delete(next(row.id for row in runs.list_runs("a") if row.name == "run 1"))
    assert name("a") == "run 4"
    assert name("") == project.name


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"status": "running", "epoch": "x"}',
        '{"status": "sleeping"}',
        '{"status": ["running"]}',
        '{"status": "running", "pid": true}',
        '{"status": "running", "seconds": Infinity}',
        '{"status": "finished", "error": "none"}',
    ],
)
def test_a_run_with_a_damaged_status_has_failed_in_words_and_can_be_deleted(text: str) -> None:
    path = room("runs") / "20260101-000000-abcdef"
    path.mkdir()
    folders.write_status(path, folders.Status(status="finished"))
    assert [row.status for row in runs.list_runs()] == ["finished"]
    (path / "status.json").write_text(text, encoding="utf-8")
    files.write_json(path / "checkpoints.json", {"best": {}, "last": {}})
    files.append_line(path / "epochs.jsonl", {"epoch": 3, "step": 30})
    files.write_json(orders.queue_marker(path.name), {"device": "cpu"})

    now = runs.open_run(path.name).status
    assert (now.status, now.epoch, now.step, now.damaged) == ("failed", 3, 30, True)
    assert now.error is not None
    assert now.error["fact"].startswith("Its status file is damaged")
    assert now.error["place"] == str(path / "status.json")
    assert "(best, last) are kept: fork it from one, or delete it" in now.error["remedy"]
    row = runs.list_runs()[0]
    assert (row.status, row.message, row.error) == ("failed", now.message, now.error)

    supervisor = Supervisor(idle=0.0)
    assert supervisor._others() == {}
    supervisor._hand_out()
    assert runs.waiting() == [], "it does not wait, for nobody could say from where it goes on"
    runs.delete(path.name)
    assert not path.exists()
    assert runs.list_runs() == []


def test_a_status_that_is_whole_again_is_looked_at_again() -> None:
    path = room("runs") / "20260101-000000-abcdef"
    path.mkdir()
    (path / "status.json").write_text("{", encoding="utf-8")
    supervisor = Supervisor(idle=0.0)
    assert supervisor._others() == {}
    folders.write_status(path, folders.Status(status="running"))
    assert list(supervisor._others()) == [path.name]


def test_a_run_with_a_damaged_status_is_evaluated_and_forked(make_project: Make) -> None:
    run = runs.start(make_project(epochs=2), detach=False)
    (run.folder / "status.json").write_text('{"status": "running", "epoch": "x"}')
    assert run.status.damaged
    report = evaluate(run.id, splits=("test",))
    assert 0 < report.splits["test"].metrics["accuracy"] <= 1
    fork = runs.fork(run.id, "last", {"recipe.epochs": 3}, detach=False)
    assert fork.status.status == "finished"
    assert fork.status.epoch == 3
