"""One of several workers that train a run together: `python -m builder.runs.rank FOLDER FENCE PID
CREATED`, as torchrun's agent starts it for the process PID, which keeps the run.

It dies with that process, and when another one has the run.
"""

import os
import sys
import threading
import time
import traceback
from datetime import timedelta
from pathlib import Path

from builder import project as projects
from builder.errors import LaminaError
from builder.project import Project
from builder.runs import folder as folders
from builder.runs import process
from builder.runs.launchers.base import ERROR
from builder.train import files, fit
from builder.train.group import Group, LostError

LOOK = 0.25
PATIENCE = 15.0
MEET = timedelta(minutes=10)
"""How long workers wait for one another; a slow one compiles, or reads its data for the first time.
"""
LOST = 3


def main() -> None:
    """Train as one of torchrun's processes."""
    folder, fence = Path(sys.argv[1]), int(sys.argv[2])
    holder = (int(sys.argv[3]), float(sys.argv[4]))
    threading.Thread(target=_watch, args=(folder, fence, holder), daemon=True).start()
    import torch.distributed as dist

    env = os.environ
    rank, size = int(env["RANK"]), int(env["WORLD_SIZE"])
    host, port = env["MASTER_ADDR"], int(env["MASTER_PORT"])
    place = dist.TCPStore(host, port, is_master=False, timeout=MEET)  # type: ignore[attr-defined]
    tried = dist.PrefixStore(f"try{env['TORCHELASTIC_RESTART_COUNT']}", place)  # type: ignore[attr-defined]
    local = int(env["LOCAL_RANK"])
    backend = join(folder, local)
    dist.init_process_group(backend, store=tried, rank=rank, world_size=size, timeout=MEET)
    code = train(folder, fence, holder, Group(rank, size), local)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # peers may be gone: no farewell that waits for them


def join(folder: Path, local: int) -> str:
    """The way of travel for the run's device; takes the GPU of that number."""
    import torch

    if not device_of(folder, local).startswith("cuda"):
        return "gloo"
    torch.cuda.set_device(local)
    return "cpu:gloo,cuda:nccl"


def device_of(folder: Path, local: int) -> str:
    """The device of a worker of this machine."""
    info = files.read_json(folder / "run.json") or {}
    chosen = str(info.get("device", "cpu"))
    return f"cuda:{local}" if chosen.startswith("cuda") else chosen


def train(folder: Path, fence: int, holder: tuple[int, float], group: Group, local: int) -> int:
    """Train the run of that folder together with the others; gives the exit code.

    0: it has ended, or this worker failed for a reason that another try would meet again (told in
    the folder). LOST: another worker is gone.
    """
    from builder.runs import execute
    from builder.runs.store import FencedError, Store

    if (folder / ERROR).exists():
        return 0
    lock = process.Lock(folder / "writer")
    store: Store | None = None
    try:
        project = _own(folder, local)
        if group.first:
            if not execute.taken(lock, PATIENCE):
                return LOST
            recipe = project.recipe
            store = Store(folder, fence, device=recipe.device, keep=recipe.keep, holder=holder)
            store.say(message="Opening the data.")
        plan = execute.plan(folder, project, lambda: False, group)
        group.wait()  # all have read the checkpoint before anything is written
        for event in fit(plan):
            if store is not None:
                store.put(event)
    except LostError as error:
        folders.add_log(folder, f"Worker {group.rank + 1} of {group.size}: {error}")
        return 0 if _told(folder) else LOST
    except FencedError:
        return 0
    except Exception as error:
        found = execute.explained(folder, error)
        if store is not None:
            execute.fail(store, found)
        else:
            _leave(folder, found)
    finally:
        if store is not None:
            store.close()
        lock.drop()
    return 0


def _own(folder: Path, local: int) -> Project:
    """The run's project, on this worker's device."""
    project = projects.load(folder / "project.lamina.json")
    recipe = project.recipe.model_copy(update={"device": device_of(folder, local)})
    return project.model_copy(update={"recipe": recipe})


def _leave(folder: Path, error: LaminaError) -> None:
    """Tell the keeper why this worker cannot go on."""
    if error.__cause__ is not None:
        folders.add_log(folder, "".join(traceback.format_exception(error.__cause__)))
    files.write_json(folder / ERROR, {**error.to_dict(), "node": getattr(error, "node", None)})


def _told(folder: Path) -> bool:
    """Whether the worker that is gone has said why; it may be about to."""
    until = time.monotonic() + 2.0
    while time.monotonic() < until:
        if (folder / ERROR).exists() or folders.stored_status(folder).ended:
            return True
        time.sleep(0.05)
    return False


def _watch(folder: Path, fence: int, holder: tuple[int, float]) -> None:
    while process.alive(*holder) and folder.exists() and folders.fence(folder) <= fence:
        time.sleep(LOOK)
    os._exit(LOST)


if __name__ == "__main__":
    main()
