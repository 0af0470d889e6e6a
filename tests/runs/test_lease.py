"""The supervisor is of the code that starts runs: one from before an update gives way."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from builder import runs
from builder.runs import lease, process


@pytest.fixture(autouse=True)
def supervisor_ends(lamina_home: Path) -> Iterator[None]:
    assert lamina_home
    yield
    runs.shutdown()


def signed(other_than: int | None = None) -> dict[str, Any]:
    """The holder, once it has signed."""
    for _ in range(3000):
        who = lease.holder()
        if who and who["pid"] != other_than and lease.running():
            return who
        time.sleep(0.01)
    raise AssertionError("no supervisor signed")


def test_one_of_the_same_code_is_kept() -> None:
    lease.ensure_current()
    before = signed()
    lease.ensure_current()
    assert signed() == before
    assert not lease.retire_path().exists()


def test_one_of_other_code_gives_way_when_nothing_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    lease.ensure_current()
    before = signed()
    monkeypatch.setattr(lease, "PATIENCE", 60.0)
    monkeypatch.setattr(lease, "code", lambda: "after the update")
    lease.ensure_current()
    assert signed(other_than=before["pid"])["created"] >= before["created"]


def test_one_of_other_code_brings_its_run_to_the_end_first(
    make_project: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.start(make_project(epochs=40))
    before = signed()
    while runs.open_run(first.id).status.step == 0:
        time.sleep(0.02)
    monkeypatch.setattr(lease, "PATIENCE", 0.1)
    monkeypatch.setattr(lease, "code", lambda: "after the update")
    second = runs.start(make_project(epochs=1))
    assert runs.wait(second.id).status == "finished"
    assert runs.wait(first.id).status == "finished"
    steps = runs.open_run(first.id).status
    assert steps.step == steps.steps
    monkeypatch.setattr(lease, "PATIENCE", 60.0)
    lease.ensure_current()
    signed(other_than=before["pid"])


def test_after_a_shutdown_no_process_of_the_home_is_left(make_project: Callable[..., Any]) -> None:
    run = runs.start(make_project(epochs=400))
    while runs.open_run(run.id).status.step == 0:
        time.sleep(0.02)
    first = signed()
    process.kill(first["pid"], first["created"])  # its worker and the nursery outlive it
    signed(other_than=first["pid"])
    assert len(process.of_home(lease.SERVANTS)) > 1
    runs.shutdown(60.0)
    left = [psutil.Process(pid).cmdline() for pid in process.of_home(lease.SERVANTS)]
    assert left == []
    assert not lease.stop_path().exists()
