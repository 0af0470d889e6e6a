"""The same troubles as the operating system makes them: a device that is full, a place that cannot
be written, memory that is refused.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.project import Project
from builder.runs import launch

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
