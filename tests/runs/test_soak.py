"""The short form of `make soak`: a run with dropout, mixing, averaged weights and a schedule loses
its worker twice and its supervisor once, and ends like one that was left alone.
"""

import os
import signal
from pathlib import Path

import pytest

from benchmarks import soak
from builder import runs
from builder.runs import folder, lease
from tests.runs.conftest import until

pytestmark = pytest.mark.slow


def test_kills_at_three_moments_change_nothing(served: Path, prepared_home: Path) -> None:
    if not (served / "prepared").exists():
        (served / "prepared").symlink_to(prepared_home)
    project = soak.project("mlp", 40)
    alone = runs.start(project, detach=False)
    run = runs.start(project)
    for target, step in (("worker", 150), ("supervisor", 300), ("worker", 450)):
        until(lambda step=step: folder.stored_status(run.folder).step >= step)
        pid = folder.stored_status(run.folder).pid
        if target == "worker":
            os.kill(pid or 0, signal.SIGKILL)
            until(lambda pid=pid: soak.on_again(folder.stored_status(run.folder), pid))
        else:
            before = lease.holder().get("pid")
            soak.kill(before)
            lease.ensure()
            until(lambda before=before: lease.holder().get("pid") != before and lease.running())
    assert runs.wait(run.id, 120).status == "finished"
    assert soak.differences(run, alone) == []
    kinds = [event["kind"] for event in run.events()]
    assert kinds.count("worker_lost") >= 1
