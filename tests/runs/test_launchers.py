"""A run in several processes is the same run: folder, orders, figures; a killed one resumes."""

import importlib.util
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from builder import runs
from builder.errors import LaminaError
from builder.graph import edit
from builder.project import Project
from builder.runs import launchers
from tests.runs.conftest import until

Make = Callable[..., Project]

SOON = 240.0
"""Seconds for what takes a few on a machine with nothing else to do."""
RECIPE = {"optimizer": {"name": "SGD", "lr": 0.05}, "epochs": 2}
LONG = {"optimizer": {"name": "SGD", "lr": 0.001}, "epochs": 100_000}
CLUSTERED = [
    "torchrun",
    pytest.param(
        "ray",
        marks=pytest.mark.skipif(
            importlib.util.find_spec("ray") is None, reason="Ray (the extra 'ray') is not installed"
        ),
    ),
]


def workers_of(run: runs.Run) -> list[psutil.Process]:
    """The processes that compute a run; torchrun's in the order of their ranks."""
    found = []
    for child in psutil.Process(run.status.pid).children(recursive=True):
        line = child.cmdline()
        if "builder.runs.rank" in line:
            found.append((int(child.environ()["RANK"]), child))
        elif line and "RayTrainWorker" in line[0]:
            found.append((child.pid, child))
    return [child for _, child in sorted(found, key=lambda one: one[0])]


def resumed(run: runs.Run) -> int:
    return sum(event["kind"] == "resumed" for event in run.events())


def without_dropout(project: Project) -> Project:
    changes = {"id": "drop1", "params": {"p": 0.0}}
    graph = edit.apply(project.graph, "set_params", changes)
    return project.model_copy(update={"graphs": {"model": graph}})


def test_launchers_are_found_and_say_what_they_cannot_do(monkeypatch: pytest.MonkeyPatch) -> None:
    assert list(launchers.catalogue()) == ["local", "torchrun", "ray"]
    for name, kind in launchers.catalogue().items():
        assert (kind.name, bool(kind.title), bool(kind.help)) == (name, True, True)
    launchers.check("local", 1, "cpu")
    launchers.check("torchrun", 1, "cpu")
    with pytest.raises(LaminaError, match="Choose torchrun"):
        launchers.check("local", 2, "cpu")
    with pytest.raises(LaminaError, match="a core each"):
        launchers.check("torchrun", 1000, "cpu")
    with pytest.raises(LaminaError, match="need a GPU each"):
        launchers.check("torchrun", 900, "cuda:0")
    with pytest.raises(LaminaError, match="cannot share the device mps"):
        launchers.check("torchrun", 1, "mps")
    with pytest.raises(LaminaError, match="no number of workers"):
        launchers.check("torchrun", 0, "cpu")
    with pytest.raises(LaminaError, match=r"no launcher 'slurm'.*local, torchrun, ray"):
        launchers.check("slurm", 1, "cpu")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(LaminaError, match=r"pip install \"lamina-builder\[ray\]\""):
        launchers.check("ray", 1, "cpu")


def test_what_cannot_be_launched_leaves_no_run(make_project: Make, lamina_home: Path) -> None:
    with pytest.raises(LaminaError, match="launcher 'local'"):
        runs.start(make_project(), workers=3)
    assert runs.list_runs() == []


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("launcher", CLUSTERED)
def test_two_workers_train_what_one_trains_and_a_killed_one_is_replaced(
    make_project: Make, served: Path, launcher: str
) -> None:
    """Whatever the launcher: figures of one worker; orders; both workers killed in turn."""
    together = {"launcher": launcher, "workers": 2}
    project = without_dropout(make_project(**RECIPE))
    alone = runs.start(project, detach=False)
    both = runs.start(project, **together)
    assert runs.wait(both.id, SOON).status == "finished"
    assert (both.info["launcher"], both.info["workers"]) == (launcher, 2)
    assert (len(both.epochs()), both.status.step) == (2, alone.status.step)
    for name in ("validation_accuracy", "validation_loss", "train_accuracy", "train_loss"):
        assert both.epochs()[-1][name] == pytest.approx(alone.epochs()[-1][name], rel=1e-3)
    left, right = (run.steps(points=0)["loss"] for run in (alone, both))
    assert right.tolist() == pytest.approx(left.tolist(), rel=1e-3)

    run = runs.start(make_project(**LONG), **together)
    until(lambda: run.status.step > 50, SOON)
    for rank in (1, 0):
        until(lambda: any(one.name == "last" for one in run.checkpoints()), SOON)
        keeper, before = run.status.pid, resumed(run)
        workers_of(run)[rank].kill()
        until(lambda before=before: resumed(run) > before, SOON)
        assert run.status.pid == keeper, "the worker that holds the run lives"
    began = run.checkpoint("last").step
    until(lambda: run.status.status == "running" and run.status.step > began + 50, SOON)
    left_over = workers_of(run)
    assert len(left_over) == 2
    runs.order(run.id, {"order": "stop"})
    assert runs.wait(run.id, SOON).status == "stopped"
    steps = run.steps(points=0)["step"]
    assert steps.tolist() == list(range(1, run.status.step + 1)), "no gap, no double"
    until(lambda: not any(child.is_running() for child in left_over), SOON)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_workers_die_with_the_process_that_keeps_them_and_the_run_goes_on(
    make_project: Make, served: Path
) -> None:
    run = runs.start(make_project(**LONG), launcher="torchrun", workers=2)
    until(lambda: any(one.name == "last" for one in run.checkpoints()), SOON)
    keeper, old = run.status.pid, workers_of(run)
    assert len(old) == 2
    os.kill(keeper or 0, signal.SIGKILL)
    until(lambda: not any(one.is_running() for one in old), SOON)
    until(lambda: resumed(run) == 1, SOON)
    assert run.status.pid != keeper
    runs.order(run.id, {"order": "stop"})
    assert runs.wait(run.id, SOON).status == "stopped"
    assert "worker_lost" in [event["kind"] for event in run.events()]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_step_that_cannot_work_ends_all_workers_with_its_words(
    make_project: Make, served: Path
) -> None:
    recipe = {"optimizer": {"name": "SGD", "lr": 1e6, "weight_decay": 1e33}, "epochs": 50}
    run = runs.start(make_project(**recipe), launcher="torchrun", workers=2)
    status = runs.wait(run.id, SOON)
    assert status.status == "failed"
    assert "no longer a finite number" in status.message
    assert "worker_lost" not in [event["kind"] for event in run.events()], "it is not tried again"
