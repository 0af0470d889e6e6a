"""Workers are forked from the nursery: quickly, each in a session of its own, told at once when one
dies; where forking is not possible each imports for itself.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from builder import runs
from builder.home import room
from builder.project import Project
from builder.runs import crew as crews
from builder.runs import folder as folders
from builder.runs import lease, process
from builder.runs.crew import Crew
from builder.runs.supervisor import Supervisor
from tests.runs.conftest import until

linux = pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux only")

UNTOUCHED = """
import sys
import torch

def touched(*_, **__):
    raise AssertionError("a GPU was asked for")

torch.cuda.is_available = torch.cuda.device_count = torch.cuda._lazy_init = touched
torch.accelerator.is_available = torch.accelerator.current_accelerator = touched
torch._C._cuda_getDeviceCount = touched
from builder.runs import nursery
nursery.preload()
needed = "torch._dynamo builder.runs.execute builder.train.loop builder.train.doctor.rules.starved"
missing = [name for name in needed.split() if name not in sys.modules]
assert not missing, missing
print(nursery.threads())
"""


@pytest.fixture
def crew(lamina_home: Path) -> Iterator[Crew]:
    assert lamina_home
    made = Crew(threading.Event())
    yield made
    made.let_go()


@linux
@pytest.mark.slow
def test_preloading_begins_no_thread_and_touches_no_gpu() -> None:
    variables = {**os.environ, "OMP_NUM_THREADS": "4", **crews.QUIET}
    done = subprocess.run(
        [sys.executable, "-c", UNTOUCHED],
        capture_output=True,
        text=True,
        check=False,
        env=variables,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"


@linux
@pytest.mark.slow
def test_forked_workers_are_processes_of_their_own_whose_death_is_told(crew: Crew) -> None:
    first, second = crew.worker(urgent=False), crew.worker(urgent=True)
    until(lambda: first.ready and second.ready)
    nursery = lease.holder(lease.NURSERY)["pid"]
    for worker in (first, second):
        assert worker.pid not in (None, nursery, os.getpid())
        assert os.getsid(worker.pid or 0) == worker.pid
        assert psutil.Process(worker.pid).ppid() == nursery
    ours = psutil.Process().nice()
    nices = [psutil.Process(worker.pid).nice() for worker in (first, second)]
    assert nices == [process.MODEST, ours], "somebody waits for the second one's first point"
    assert psutil.Process(nursery).nice() == ours
    crew.news.clear()
    os.kill(first.pid or 0, signal.SIGKILL)
    assert crew.news.wait(60), "without being asked"
    until(lambda: first.gone)
    assert not second.gone
    second.dismiss()
    until(lambda: second.gone)
    os.kill(nursery, signal.SIGKILL)
    until(lambda: not process.alive(nursery, None))
    third = crew.worker(urgent=False)
    until(lambda: third.ready)
    again = lease.holder(lease.NURSERY)["pid"]
    assert again != nursery, "its twin has stepped in"
    assert again == psutil.Process(third.pid).ppid()
    third.ask_to_end()
    third.end(within=60)
    first.end(within=0)
    second.end(within=0)
    crew.let_go()
    until(lambda: not process.alive(again, None))


@linux
def test_a_nursery_that_never_gets_ready_makes_workers_import_for_themselves(
    crew: Crew, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = []

    def start(module: str, *arguments: str, **_: object) -> SimpleNamespace:
        started.append((module, *arguments[:1]))
        return SimpleNamespace(stdin=BytesIO(), stdout=BytesIO(), pid=1, poll=lambda: None)

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(crews, "_connect", lambda _: (_ for _ in ()).throw(ConnectionRefusedError))
    assert crew.quick
    crew.worker(urgent=False)
    assert not crew.quick
    assert started == [("builder.runs.nursery", "--socket"), ("builder.runs.worker", "--spare")]


def _told(run: str, *, born: bool, ready: bool) -> tuple[str, list[str]]:
    """What a run says of itself once the worker that it was given to has gone."""
    supervisor = Supervisor(idle=1.0)
    gone = SimpleNamespace(run=run, born=born, gone=True, pid=1, dismissed=False)
    spare = SimpleNamespace(run=None, gone=False, dismissed=False)
    supervisor.workers = [gone, spare]  # type: ignore[list-item]
    supervisor.crew = SimpleNamespace(ready=ready, quick=True)  # type: ignore[assignment]
    supervisor._look_at_workers()
    assert supervisor.workers == [spare]
    path = room("runs") / run
    return folders.stored_status(path).message, [one["kind"] for one in runs.open_run(run).events()]


def test_a_run_whose_worker_was_never_born_still_waits_and_has_lost_nothing(
    make_project: Callable[..., Project], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "ensure_current", lambda: None)  # no supervisor but this one
    run = runs.start(make_project()).id
    before = folders.stored_status(room("runs") / run).message
    assert _told(run, born=False, ready=False) == (before, [])
    assert (room("queue") / f"{run}.json").exists()
    message, events = _told(run, born=True, ready=True)
    assert message == "The worker was lost; going on from step 0."
    assert events == ["worker_lost"]


def test_forking_may_be_switched_off(monkeypatch: pytest.MonkeyPatch, lamina_home: Path) -> None:
    assert lamina_home
    assert crews.forks() == (sys.platform == "linux")
    monkeypatch.setenv("LAMINA_FORK", "0")
    assert not crews.forks()
    assert not Crew(threading.Event()).quick


@linux
@pytest.mark.slow
def test_a_killed_supervisor_is_replaced_by_the_nursery_with_nothing_under_way(
    make_project: Callable[..., Project], served: Path
) -> None:
    assert served
    assert runs.wait(runs.start(make_project(epochs=1)).id, 200).status == "finished"
    before, nursery = lease.holder(), lease.holder(lease.NURSERY)
    process.kill(before["pid"], before["created"])
    until(lambda: lease.holder()["pid"] != before["pid"] and lease.running())
    assert runs.wait(runs.start(make_project(epochs=1)).id, 200).status == "finished"
    assert lease.holder(lease.NURSERY) == nursery, "it serves the next one too"


def test_those_who_miss_the_supervisor_at_one_moment_start_it_once(
    lamina_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lamina_home
    started = []

    def start(module: str, **_: object) -> SimpleNamespace:
        started.append(module)
        return SimpleNamespace(pid=os.getpid())

    monkeypatch.setattr(process, "start", start)
    monkeypatch.setattr(lease, "SOON", 1e9)
    for _ in range(3):
        lease.ensure()
    assert started == ["builder.runs.supervisor"]
    lease.sign()  # as one that had the lock; it is gone now
    lease.ensure()
    assert len(started) == 2
    assert not (room("supervisor") / "lock").exists()
