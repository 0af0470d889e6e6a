"""The live view's news: a message says what is new, once; a reconnect tells the whole again."""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

from builder import runs
from builder.errors import LaminaError
from builder.runs import folder as folders
from builder.runs.series import Writer
from builder.ui import signs
from builder.ui.live import made
from builder.ui.live.samples import Watched
from builder.ui.live.stream import Follower, finite
from builder.ui.live.words import event_row

COLUMNS = ("step", "time", "loss", "lr", "grad_norm", "samples_per_second")
RUN = "20260101-000000-abcdef"


class Folder:
    """A run folder as a worker writes it."""

    def __init__(self, home: Path) -> None:
        self.path = home / "runs" / RUN
        self.path.mkdir(parents=True)
        (self.path / "run.json").write_text(json.dumps({"id": RUN, "name": "one"}))
        self.series = Writer(self.path, COLUMNS, 0)
        self.step = 0
        self.say("running")

    def say(self, status: str, **changes: Any) -> None:
        now = folders.Status(status=status, epochs=3, steps=3000, step=self.step, device="cpu")
        now = folders.Status(**{**now.to_dict(), **changes})
        folders.write_status(self.path, now)

    def train(self, steps: int, loss: float = 1.0) -> None:
        first = self.step + 1
        self.step += steps
        number = np.arange(first, self.step + 1, dtype=np.float32)
        table = np.stack([number, number, np.full(steps, loss), number, number, number], axis=1)
        self.series.add(table.astype(np.float32))

    def line(self, name: str, value: dict[str, Any]) -> None:
        with (self.path / f"{name}.jsonl").open("a") as file:
            file.write(json.dumps(value) + "\n")


@pytest.fixture
def run(lamina_home: Path) -> Iterator[Folder]:
    made = Folder(lamina_home)
    yield made
    made.series.close()


@pytest.fixture(autouse=True)
def _alive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("builder.runs.process.alive", lambda *_: True)


def news(follower: Follower) -> dict[str, Any]:
    message = follower.poll()
    assert message is not None
    return message


def test_the_first_message_tells_all_there_is(run: Folder) -> None:
    run.train(10)
    run.line("epochs", {"epoch": 1, "step": 10, "validation_loss": 0.5})
    message = news(Follower(RUN))
    assert message["steps"]["reset"] is True
    assert message["steps"]["step"] == list(range(1, 11))
    assert message["epochs"][0]["validation_loss"] == 0.5
    assert message["status"]["status"] == "running"


def test_later_messages_tell_only_what_is_new(run: Folder) -> None:
    run.train(5)
    follower = Follower(RUN)
    news(follower)
    assert "steps" not in (follower.poll() or {})
    run.train(3)
    message = news(follower)
    assert message["steps"]["step"] == [6, 7, 8]
    assert message["steps"]["reset"] is False
    assert "epochs" not in message


def test_a_long_series_is_thinned_but_keeps_its_ends(run: Folder) -> None:
    run.train(50_000)
    sent = news(Follower(RUN))["steps"]["step"]
    assert len(sent) <= 2_100
    assert (sent[0], sent[-1]) == (1, 50_000)
    assert sent == sorted(set(sent))


def test_columns_have_equal_lengths_and_json_without_nan(run: Folder) -> None:
    run.train(4, loss=math.nan)
    steps = news(Follower(RUN))["steps"]
    assert {len(steps[name]) for name in ("step", "loss", "lr", "grad_norm")} == {4}
    assert steps["loss"] == [None] * 4
    json.dumps(steps, allow_nan=False)


def test_of_a_step_with_several_phases_the_loss_of_each_is_told(lamina_home: Path) -> None:
    folder = Folder(lamina_home)
    folder.series.close()
    for name in ("steps.f32", "steps.json"):
        (folder.path / name).unlink(missing_ok=True)
    series = Writer(folder.path, (*COLUMNS, "loss_judge", "loss_maker"), 0)
    series.add(np.array([[1, 1, 3, 1, 1, 1, 2, 1], [2, 2, 5, 1, 1, 1, 4, 1]], dtype=np.float32))
    series.close()
    assert news(Follower(RUN))["steps"]["phases"] == {"judge": [2.0, 4.0], "maker": [1.0, 1.0]}


def test_the_stream_ends_with_the_run_and_says_why(run: Folder) -> None:
    run.train(2)
    follower = Follower(RUN)
    news(follower)
    assert not follower.over
    run.say("failed", error={"fact": "The loss is not finite."}, node="conv1")
    message = news(follower)
    assert follower.over
    assert message["status"]["error"]["fact"] == "The loss is not finite."
    assert message["status"]["node"] == "conv1"


@pytest.mark.parametrize(
    ("event", "text", "mark"),
    [
        ({"kind": "started", "step": 0}, "Started", None),
        (
            {"kind": "order", "accepted": True, "order": {"order": "set", "lr": 0.03}},
            "You set the learning rate to 0.03",
            "learning rate 0.03",
        ),
        (
            {"kind": "order", "accepted": False, "order": {"order": "pause"}, "message": "No."},
            "You asked to pause",
            None,
        ),
        (
            {"kind": "finished", "message": "All 3 epochs are done."},
            "Finished: All 3 epochs are done.",
            None,
        ),
    ],
)
def test_events_are_told_in_words(event: dict[str, Any], text: str, mark: str | None) -> None:
    row = event_row(event)
    assert row is not None
    assert row["text"] == text
    assert row.get("mark") == mark


def test_an_order_is_told_as_waiting_then_as_applied_or_refused(run: Folder) -> None:
    run.train(5)
    follower = Follower(RUN)
    news(follower)
    run.line("orders", {"id": "a", "order": "set", "batch_size": 64, "time": 2.0})
    (row,) = news(follower)["events"]
    assert (row["id"], row["state"]) == ("a", "waiting")
    assert row["text"] == "You set the batch size to 64"
    done = {"kind": "order", "order": {"id": "a", "order": "set", "batch_size": 64}, "step": 7}
    run.line("events", {**done, "accepted": True, "time": 3.0})
    (row,) = news(follower)["events"]
    assert (row["state"], row["note"]) == ("applied", "applied at step 7")


def test_a_refusal_is_told_with_its_reason() -> None:
    row = event_row({"kind": "order", "order": {"order": "pause"}, "message": "It is paused."})
    assert row is not None
    assert (row["state"], row["note"]) == ("refused", "It is paused.")


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"freeze": ["conv1", "conv2"]}, "You set the frozen nodes to conv1, conv2"),
        ({"freeze": []}, "You set the frozen nodes to none"),
        ({"augment": False}, "You set the augmentation to off"),
        ({"patience": None}, "You set the patience to off"),
        ({"lr": 1e-5, "weight_decay": 0.1},
         "You set the learning rate to 1e−5 and weight decay to 0.1"),
    ],
)  # fmt: skip
def test_every_setting_has_words(order: dict[str, Any], words: str) -> None:
    row = event_row({"kind": "order", "accepted": True, "order": {"order": "set", **order}})
    assert row is not None
    assert row["text"] == words


def test_what_was_made_by_wish_is_told_with_its_settings() -> None:
    given = {"order": "sample", "settings": {"temperature": 0.2, "top_k": 5}}
    row = event_row({"kind": "order", "accepted": True, "order": given, "step": 7})
    assert row is not None
    assert row["text"] == "You had something made with temperature 0.2, top k 5"
    plain = event_row({"kind": "order", "accepted": True, "order": {"order": "sample"}})
    assert plain is not None
    assert plain["text"] == "You asked to make something"


def test_a_kept_state_and_what_was_made_are_told_when_they_come(run: Folder) -> None:
    (run.path / "checkpoints").mkdir()
    (run.path / "checkpoints" / "a.safetensors").write_bytes(b"")
    entry = {"file": "a.safetensors", "epoch": 1, "step": 4, "figures": {"validation_loss": 0.5}}
    (run.path / "checkpoints.json").write_text(json.dumps({"last": entry}))
    run.line("generated", {"step": 4, "epoch": 1, "text": "abc"})
    message = news(Follower(RUN))
    kept = {"name": "last", "epoch": 1, "step": 4, "loss": 0.5, "best": False}
    assert message["checkpoints"] == [kept]
    assert message["generated"] == [{"at": 0, "step": 4, "epoch": 1}]
    assert made.moment(runs.open_run(RUN), 0) == {"step": 4, "prompt": "", "text": "abc"}
    with pytest.raises(LaminaError, match="Nothing was made"):
        made.moment(runs.open_run(RUN), 5)


def test_images_of_the_data_stand_beside_those_that_were_made() -> None:
    known = torch.zeros(20, 1, 8, 8, dtype=torch.uint8)
    prepared = SimpleNamespace(tensors=lambda split: {"image": known} if split == "train" else {})
    spec = SimpleNamespace(inputs={"image": SimpleNamespace(form="image")})
    run = SimpleNamespace(id="r", spec=spec, prepared=lambda: prepared)
    found = made.real(cast(Any, run), 4)
    assert found["count"] == 4
    assert found["image"].startswith("data:image/png;base64,")
    assert made.real(cast(Any, run), 1000)["count"] == 20
    spec.inputs["image"].form = "tokens"
    with pytest.raises(LaminaError, match="looks at no images"):
        made.real(cast(Any, run), 4)


def test_what_json_cannot_say_becomes_none() -> None:
    assert finite({"a": [math.inf, 1.0, (math.nan,)]}) == {"a": [None, 1.0, [None]]}


def test_a_waiting_run_is_told_what_it_waits_behind(
    run: Folder, lamina_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAMINA_RUNS_CPU", "1")
    own = "20260101-000001-abcdef"
    path = lamina_home / "runs" / own
    path.mkdir()
    (path / "run.json").write_text(json.dumps({"id": own, "name": "two"}))
    folders.write_status(path, folders.Status(status="queued", epochs=3))
    (lamina_home / "queue").mkdir(exist_ok=True)
    (lamina_home / "queue" / f"{own}.json").write_text(json.dumps({"device": "cpu", "time": 1.0}))
    said = news(Follower(own))["status"]["waits"]
    where = "change the number on Runs, under At once"
    assert said == f"behind one · 1 run at once on the CPU; {where}"
    run.say("finished")
    assert news(Follower(own))["status"]["waits"] == ""
    assert news(Follower(RUN))["status"]["waits"] == ""


def test_every_state_of_runs_sweeps_and_trials_has_a_sign_of_one_table() -> None:
    looks = [*signs.RUN.values(), *signs.SWEEP.values(), *signs.TRIAL.values()]
    assert all(sign == "live" or signs.path(sign) for _, _, sign in looks)
    assert {look for look in looks if look[0] == "Stopped"} == {signs.RUN["stopped"]}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"id": 7, "y": "yes", "a": 1, "b": 2.5, "c": "red", "d": 4}, "a 1, b 2.5, c red"),
        ({"text": "so  long " * 30, "y": "yes"}, ("so long " * 30)[:89].rstrip() + "…"),
        ({"y": "yes"}, ""),
    ],
    ids=["table", "text", "nothing"],
)
def test_a_watched_row_is_told_by_its_text_or_its_first_columns(
    record: dict[str, Any], words: str
) -> None:
    table = SimpleNamespace(form="vector", origins=("a", "b", "b", "c", "d"), features=())
    spec = SimpleNamespace(inputs={"table": table}, target=SimpleNamespace(name="y"))
    watched = Watched(cast(Any, SimpleNamespace(spec=spec)))
    assert watched._told(record) == words
