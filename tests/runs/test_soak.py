"""The short form of `make soak`: a run with dropout, mixing, averaged weights and a schedule loses
its worker twice and its supervisor once, and ends like one that was left alone.
"""

from pathlib import Path

import pytest

from benchmarks import soak
from builder import runs
from builder.runs import folder, lease
from tests.runs.conftest import undisturbed, until

pytestmark = pytest.mark.slow

RESTARTS = {"name": "CosineAnnealingWarmRestarts", "options": {"T_0": 5}}


def test_kills_at_three_moments_change_nothing(served: Path, prepared_home: Path) -> None:
    """The run is far from its end at each kill, however late it comes, and is stopped by order."""
    if not (served / "prepared").exists():
        (served / "prepared").symlink_to(prepared_home)
    project = soak.project("mlp", 100_000)
    recipe = project.recipe.model_validate({**project.recipe.model_dump(), "schedule": RESTARTS})
    run = runs.start(project.model_copy(update={"recipe": recipe}))
    for target, step in (("worker", 150), ("supervisor", 300), ("worker", 450)):
        until(lambda step=step: folder.stored_status(run.folder).step >= step)
        if step == 450:
            until(lambda: any(one.name == "last" for one in run.checkpoints()))
        pid = folder.stored_status(run.folder).pid
        if target == "worker":
            soak.kill(pid)
            until(lambda pid=pid: soak.on_again(folder.stored_status(run.folder), pid))
        else:
            before = lease.holder().get("pid")
            soak.kill(before)
            lease.ensure()
            until(lambda before=before: lease.holder().get("pid") != before and lease.running())
    runs.order(run.id, {"order": "stop_after_epoch"})
    assert runs.wait(run.id, 120).status == "stopped"
    kinds = [event["kind"] for event in run.events()]
    assert kinds.count("worker_lost") == 2
    assert "resumed" in kinds
    assert soak.differences(run, undisturbed(run)) == []
