"""The same troubles as the operating system makes them: a device that is full, a place that cannot
be written, memory that is refused.
"""

import contextlib
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.home import home
from builder.project import Project
from builder.runs import index, launch, supervisor

Make = Callable[..., Project]

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's own devices and limits")


@linux
def test_a_device_without_room_ends_the_run_in_words(make_project: Make) -> None:
    def fill(folder: Path) -> None:
        (folder / "steps.f32").symlink_to("/dev/full")

    ready = runs.check(make_project(epochs=3))
    run = launch.begin(ready, project_id="", name="full", detach=False, fill=fill)
    error = run.status.error
    assert run.status.status == "failed"
    assert error is not None
    assert (error["code"], error["fact"]) == ("disk_full", "The disk is full.")
    assert "Free some space" in error["remedy"]
    assert run.events()[-1]["kind"] == "failed"


@linux
def test_a_home_where_nothing_can_be_made_is_refused_in_words(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project()
    monkeypatch.setenv("LAMINA_HOME", "/proc/lamina")  # not even root may
    with pytest.raises(LaminaError, match="cannot be made") as caught:
        runs.start(project, detach=False)
    assert caught.value.place == "LAMINA_HOME"
    assert "Set LAMINA_HOME" in caught.value.remedy


@pytest.fixture
def small_disk(lamina_home: Path) -> Iterator[Path]:
    """LAMINA_HOME/runs as a disk of 8 MB of its own."""
    folder = lamina_home / "runs"
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "lamina", str(folder)]
    tool = sys.platform == "linux" and shutil.which("mount")
    if not tool or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small disk takes root's rights on Linux")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def once_kept(folder: Path, act: Callable[[], None]) -> threading.Thread:
    """Act as soon as a run in that folder has a checkpoint."""

    def wait() -> None:
        until = time.monotonic() + 120
        while not list(folder.glob("*/checkpoints.json")) and time.monotonic() < until:
            time.sleep(0.005)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_a_disk_that_fills_up_amid_a_run_keeps_its_last_checkpoint(
    small_disk: Path, make_project: Make
) -> None:
    def fill() -> None:
        with contextlib.suppress(OSError), (small_disk / "hog").open("wb", buffering=0) as hog:
            while hog.write(b"0" * 4096):
                continue

    ready = runs.check(make_project(epochs=100_000))
    thread = once_kept(small_disk, fill)
    run = launch.begin(ready, project_id="", name="full", detach=False)
    thread.join()
    error = run.status.error
    assert (run.status.status, error and error["code"]) == ("failed", "disk_full")
    assert run.model(run.checkpoints()[0].name).state_dict()


def test_a_killed_run_in_a_folder_that_became_read_only_waits_and_says_so(
    small_disk: Path, make_project: Make
) -> None:
    def remount(how: str) -> None:
        command = ["mount", "-o", f"remount,{how}", str(small_disk)]
        subprocess.run(command, check=True, capture_output=True)

    run = runs.start(make_project(epochs=1), detach=False)
    gone = replace(run.status, status="running", created=1.0)  # no process began so long ago
    runs.folder.write_status(run.folder, gone)
    remount("ro")
    error = run.status.error
    assert (run.status.status, error and error["code"]) == ("failed", "read_only")
    assert run.model(run.checkpoints()[0].name).state_dict()
    keeper = supervisor.Supervisor(idle=0.0)
    keeper._take_up_where_writable(run.id)  # the other runs go on
    assert keeper.shut == {run.id}
    remount("rw")
    keeper._take_up_where_writable(run.id)
    assert run.status.status == "queued"
    assert not keeper.shut


def test_a_database_that_another_process_holds_stops_no_run(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = runs.start(make_project(epochs=1), detach=False)
    index.engine().dispose()
    index._engine.cache_clear()
    monkeypatch.setattr(index, "BUSY", 10)
    hold = (
        "import sqlite3, sys; db = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "db.execute('BEGIN EXCLUSIVE'); print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(home() / "lamina.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        second = runs.start(make_project(epochs=1), detach=False)
        assert second.status.status == "finished"
        assert {row.id for row in runs.list_runs()} == {first.id, second.id}
        other.communicate()
    index._engine.cache_clear()
    assert {row.id for row in runs.list_runs()} == {first.id, second.id}


HUNGRY = """
import resource, sys
from builder import project, runs
from builder.runs import launch, worker

ready = runs.check(project.load(sys.argv[1]))
worker.warm_up()
taken = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (taken + (256 << 20), resource.RLIM_INFINITY))
run = launch.begin(ready, project_id="", name="hungry", detach=False)
error = run.status.error or {}
print(run.status.status, error.get("code"), error.get("remedy"), sep="|")
"""


@linux
@pytest.mark.slow
def test_memory_that_the_system_refuses_proposes_a_batch_size(
    make_project: Make, tmp_path: Path
) -> None:
    from builder import project as projects

    small = make_project(batch_size=1024, epochs=1)
    wide = {"layer": "Linear", "id": "fc1", "params": {"out_features": 60_000}}
    raw = small.model_dump(mode="json")
    nodes = raw["graphs"]["model"]["nodes"]
    raw["graphs"]["model"]["nodes"] = [wide if node["id"] == "fc1" else node for node in nodes]
    projects.save(Project.model_validate(raw), tmp_path / "p.json")
    done = subprocess.run(
        [sys.executable, "-c", HUNGRY, str(tmp_path / "p.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == (
        "failed|out_of_memory|Set the batch size to 512 (it is 1024)."
    ), done.stderr
