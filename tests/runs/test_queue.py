"""The queue: order, urgency, limits."""

import time

import pytest
from psutil import Process

from builder import runs
from builder.errors import LaminaError
from builder.home import room
from builder.runs import folder
from builder.runs.orders import queue_marker
from builder.train import files


@pytest.fixture
def queued() -> list[str]:
    """Four runs that wait, the last one on a GPU."""
    made = []
    for at, device in enumerate(("cpu", "cpu", "cpu", "cuda:0")):
        run = f"20260101-00000{at}-abcdef"
        path = room("runs") / run
        path.mkdir()
        folder.write_status(path, folder.Status(device=device))
        marker = {"device": device, "time": time.time() + at, "priority": runs.queue.USUAL}
        files.write_json(queue_marker(run), marker)
        made.append(run)
    return made


def order() -> list[str]:
    return [one.run for one in runs.waiting() if one.device == "cpu"]


def test_runs_wait_in_the_order_in_which_they_came(queued: list[str]) -> None:
    assert order() == queued[:3]
    assert [one.place for one in runs.waiting()] == [1, 2, 3, 1]


def test_an_urgent_run_goes_first(queued: list[str]) -> None:
    runs.prioritise(queued[2], runs.queue.URGENT)
    assert order() == [queued[2], queued[0], queued[1]]


def test_a_run_moves_to_a_place(queued: list[str]) -> None:
    runs.move(queued[2], 1)
    assert order() == [queued[2], queued[0], queued[1]]
    runs.move(queued[2], 99)
    assert order() == queued[:3]
    runs.prioritise(queued[0], runs.queue.PATIENT)
    runs.move(queued[0], 2)
    assert order() == [queued[1], queued[0], queued[2]]


def test_runs_of_one_moment_are_put_in_order_too(queued: list[str]) -> None:
    for run in queued[:3]:
        files.write_json(queue_marker(run), {"device": "cpu", "time": 1.0, "priority": 10})
    runs.reorder([queued[1], queued[2], queued[0]])
    assert order() == [queued[1], queued[2], queued[0]]


def test_only_waiting_runs_have_an_order(queued: list[str]) -> None:
    folder.write_status(room("runs") / queued[0], folder.Status(status="running"))
    for attempt in (lambda: runs.move(queued[0], 1), lambda: runs.prioritise(queued[0], 1)):
        with pytest.raises(LaminaError, match="does not wait"):
            attempt()
    with pytest.raises(LaminaError, match="no priority"):
        runs.prioritise(queued[1], 100)
    with pytest.raises(LaminaError, match="named twice"):
        runs.reorder([queued[1], queued[1]])


def test_a_run_that_was_taken_meanwhile_does_not_wait_once_more(queued: list[str]) -> None:
    entry = files.read_json(queue_marker(queued[0]))
    folder.write_status(room("runs") / queued[0], folder.Status(status="running"))
    runs.queue._rewrite(queued[0], entry)
    assert not queue_marker(queued[0]).exists()


def test_limits_are_by_device_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LAMINA_RUNS_CPU", raising=False)
    assert (runs.limits("cpu"), runs.limits("cuda:0")) == (2, 1)
    runs.set_limit("cuda:0", 3)
    assert (runs.limits("cpu"), runs.limits("cuda:0"), runs.limits("cuda:1")) == (2, 3, 1)
    runs.set_limit("cuda:0", None)
    assert runs.limits("cuda:0") == 1
    with pytest.raises(LaminaError, match="1 to 64"):
        runs.set_limit("cpu", 0)


@pytest.mark.parametrize("device", ["mars", "../../x", "cuda:0x", "cpu:0\n"])
def test_only_devices_have_limits(device: str) -> None:
    with pytest.raises(LaminaError, match="is no device"):
        runs.set_limit(device, 2)


def test_a_run_is_told_what_it_waits_for(queued: list[str]) -> None:
    runs.set_limit("cpu", 1)
    path = room("runs") / queued[0]
    queue_marker(queued[0]).unlink()
    own = Process()
    now = {"pid": own.pid, "created": own.create_time(), "device": "cpu"}
    for run, name in zip(queued, ("one", "two", "three", "gpu")):
        files.write_json(room("runs") / run / "run.json", {"id": run, "name": name})
    folder.write_status(path, folder.Status(status="running", **now))
    assert runs.awaits(queued[1]) == "behind one · 1 run at once on the CPU"
    assert runs.awaits(queued[0]) == "", "it goes on"
    assert runs.awaits(queued[3]) == "", "the GPU is free"
    assert runs.held("cpu") == []
    folder.write_status(path, folder.Status(status="paused", **now))
    still = "'one' is paused and keeps its place: resume or stop it"
    assert runs.awaits(queued[2]) == f"behind one, two · 1 run at once on the CPU; {still}"
    assert runs.held("cpu") == [f"{still}."]
    assert runs.held("cuda:0") == []
    runs.set_limit("cpu", 4)
    assert runs.awaits(queued[2]) == "", "there is room for it"
