"""Runs in processes of their own: found again, steered, resumed after kill -9, and nothing left
behind.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

from builder import runs
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import lease, process
from tests.runs.conftest import undisturbed, until

pytestmark = pytest.mark.slow

Make = Callable[..., Project]

LONG = {"epochs": 100_000, "optimizer": {"name": "SGD", "lr": 0.001}}


def test_a_run_is_steered_from_outside_until_it_is_stopped(
    make_project: Make, served: Path
) -> None:
    run = runs.start(make_project(**LONG))
    until(lambda: run.status.step > 20)
    worker = run.status.pid
    assert worker not in (None, os.getpid())
    assert os.getsid(worker or 0) == worker, "a session of its own"
    until(lambda: _nices(worker or 0) == {process.MODEST})
    runs.order(run.id, {"order": "pause"}, who="ada")
    until(lambda: run.status.status == "paused")
    step = run.status.step
    assert run.checkpoint("last").step == step
    runs.order(run.id, {"order": "set", "lr": 0.02})
    runs.order(run.id, {"order": "resume"})
    until(lambda: run.status.step > step + 100)
    assert run.steps(since=step + 10)["lr"].min() == pytest.approx(0.02)
    runs.order(run.id, {"order": "stop_after_epoch"})
    status = runs.wait(run.id, 30)
    assert status.status == "stopped"
    assert status.step % 20 == 0
    applied = [(e["order"]["order"], e["accepted"]) for e in run.events() if e["kind"] == "order"]
    assert applied == [("pause", True), ("set", True), ("resume", True), ("stop_after_epoch", True)]
    assert run.events()[1]["who"] == "ada"
    second = runs.start(make_project())
    assert runs.wait(second.id, 60).status == "finished"
    rows = {row.id: row.status for row in runs.list_runs()}
    assert (rows[run.id], rows[second.id]) == ("stopped", "finished")


def _nices(pid: int) -> set[int]:
    threads = [thread.id for thread in psutil.Process(pid).threads()]
    return {os.getpriority(os.PRIO_PROCESS, one) for one in threads}


def test_a_killed_worker_s_run_goes_on_by_itself_to_the_same_weights(
    make_project: Make, served: Path
) -> None:
    schedule = {"name": "CosineAnnealingWarmRestarts", "options": {"T_0": 5}}
    run = runs.start(make_project(**LONG, schedule=schedule))
    until(lambda: run.status.step > 200)
    runs.order(run.id, {"order": "pause"})
    until(lambda: run.status.status == "paused")
    runs.order(run.id, {"order": "resume"})
    until(lambda: run.status.status == "running")
    os.kill(run.status.pid or 0, signal.SIGKILL)
    until(lambda: "resumed" in [event["kind"] for event in run.events()])
    runs.order(run.id, {"order": "stop_after_epoch"})
    assert runs.wait(run.id, 120).status == "stopped"
    assert "worker_lost" in [event["kind"] for event in run.events()]
    alone = undisturbed(run)
    for left, right in zip(alone.model("last").parameters(), run.model("last").parameters()):
        assert torch.equal(left, right)
    assert [row["epoch"] for row in run.epochs()] == list(range(1, run.status.epoch + 1))
    assert run.steps(points=0)["step"].tolist() == alone.steps(points=0)["step"].tolist()
    assert run.steps(points=0)["loss"].tolist() == alone.steps(points=0)["loss"].tolist()


def test_a_run_outlives_the_process_that_started_it_and_the_supervisor(
    make_project: Make, served: Path, tmp_path: Path
) -> None:
    from builder import project as projects

    projects.save(make_project(**LONG), tmp_path / "p.json")
    code = (
        "from builder import project, runs;"
        f"print(runs.start(project.load({str(tmp_path / 'p.json')!r})).id, flush=True);"
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    run = runs.open_run(done.stdout.strip())
    until(lambda: run.status.step > 10)
    keeper = next(
        one
        for one in psutil.process_iter(["cmdline", "environ"])
        if "builder.runs.supervisor" in (one.info["cmdline"] or [])
        and (one.info["environ"] or {}).get("LAMINA_HOME") == str(served)
    )
    keeper.kill()
    until(lambda: lease.holder()["pid"] != keeper.pid and lease.running())
    step = run.status.step
    until(lambda: run.status.step > step + 50)
    runs.order(run.id, {"order": "stop"})
    assert runs.wait(run.id, 30).status == "stopped"
    assert run.checkpoint("last").step == run.status.step


def test_runs_beyond_the_device_s_limit_wait_and_may_be_withdrawn(
    make_project: Make, served: Path
) -> None:
    first = runs.start(make_project(**LONG))
    until(lambda: first.status.status == "running")
    second, third = runs.start(make_project(epochs=1)), runs.start(make_project(epochs=1))
    runs.order(second.id, {"order": "stop"})
    assert second.status.status == "stopped"
    assert third.status.status == "queued"
    runs.order(first.id, {"order": "stop"})
    assert runs.wait(third.id, 60).status == "finished"
    assert folders.stored_status(second.folder).step == 0


def test_there_is_one_supervisor_however_many_ask_for_it(served: Path) -> None:
    for _ in range(3):
        lease.ensure()
    until(lease.running)
    second = process.start("builder.runs.supervisor", log=served / "second.txt")
    assert second.wait(60) == 0
    assert lease.running()
