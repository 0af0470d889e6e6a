"""Workers on a cluster through Ray Train, or on a local one of Ray's own where none is named.

Ray's driver is a process of its own: `python -m builder.runs.launchers.ray FOLDER FENCE WORKERS PID
CREATED`. It dies with the process PID that keeps the run, and the workers die with it.
"""

import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, ClassVar

from builder.runs import folder as folders
from builder.runs import process
from builder.runs.launchers.base import (
    Launcher,
    Stop,
    environment,
    gpus_missing,
    keep,
    loopback,
)

HOST = "127.0.0.1"
RESTARTS = 2
"""So often Ray itself starts lost workers again; then the keeper looks what was reached."""
LOOK = 0.25
MEBIBYTES = 256
"""Ray's shared memory on a local cluster: runs pass nothing through it."""
QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_DEDUP_LOGS": "0",
}


class Ray(Launcher):
    """Data-parallel training on a Ray cluster; RAY_ADDRESS names it."""

    name: ClassVar[str] = "ray"
    title: ClassVar[str] = "Ray cluster"
    help: ClassVar[str] = "On several machines, through Ray Train."
    place: ClassVar[int] = 2

    def unfit(self, workers: int, device: str) -> str | None:
        """Ray has to be there; a local cluster needs a GPU or a core for each worker."""
        if importlib.util.find_spec("ray") is None:
            return 'Ray is not installed. Install the extra: pip install "lamina-builder[ray]".'
        return None if cluster() else gpus_missing(workers, device)

    def launch(self, folder: Path, fence: int, workers: int, stop: Stop) -> str:
        """Watch over Ray's driver until the run has ended."""
        with environment(**QUIET, **({} if cluster() else _own())):
            return keep(folder, fence, stop, lambda: Driver(folder, fence, workers))


def _own() -> dict[str, str]:
    """For a cluster of the run's own: Ray listens on the network, and takes orders only from those
    who know this token.
    """
    return {**loopback(), "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}


def cluster() -> str | None:
    """The address of the cluster to use; None for a local one."""
    return os.environ.get("RAY_ADDRESS") or None


class Driver:
    """Ray's driver, started once."""

    def __init__(self, folder: Path, fence: int, workers: int) -> None:
        holder = (str(os.getpid()), repr(process.created()))
        arguments = (str(folder), str(fence), str(workers), *holder)
        self.child = process.start(__name__, *arguments, log=folder / "log.txt")

    def running(self) -> bool:
        """Whether it still runs."""
        return self.child.poll() is None

    def end(self) -> None:
        """Kill it; Ray ends its workers."""
        if self.running():
            self.child.kill()
        self.child.wait()


def main() -> None:
    """Be Ray's driver for one run."""
    folder, fence, workers = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    holder = (int(sys.argv[4]), float(sys.argv[5]))
    threading.Thread(target=_watch, args=(folder, fence, holder), daemon=True).start()
    import ray

    with tempfile.TemporaryDirectory(prefix="lamina-ray-", ignore_cleanup_errors=True) as aside:
        _connect(ray, workers, aside)
        try:
            _train(folder, fence, workers, holder)
        finally:
            ray.shutdown()
            shutil.rmtree(folder / "workers", ignore_errors=True)


def _connect(ray: Any, workers: int, aside: str) -> None:
    """The cluster that is named, else one of our own on the loopback."""
    quiet = {"log_to_driver": False, "logging_level": "error"}
    if cluster():
        ray.init(address=cluster(), **quiet)
        return
    ray.init(
        num_cpus=workers,
        object_store_memory=MEBIBYTES << 20,
        include_dashboard=False,
        _node_ip_address=HOST,
        _temp_dir=aside,
        **quiet,
    )


def _train(folder: Path, fence: int, workers: int, holder: tuple[int, float]) -> None:
    from ray.train import FailureConfig, RunConfig, ScalingConfig
    from ray.train.torch import TorchConfig, TorchTrainer

    from builder.runs.rank import MEET, device_of

    gpu = device_of(folder, 0).startswith("cuda")
    trainer = TorchTrainer(
        _work,
        train_loop_config={"folder": str(folder), "fence": fence, "holder": list(holder)},
        torch_config=TorchConfig(
            backend="cpu:gloo,cuda:nccl" if gpu else "gloo", timeout_s=int(MEET.total_seconds())
        ),
        scaling_config=ScalingConfig(num_workers=workers, use_gpu=gpu),
        run_config=RunConfig(
            name=folder.name,
            storage_path=str(folder / "workers"),
            failure_config=FailureConfig(max_failures=RESTARTS),
        ),
    )
    trainer.fit()


def _work(config: dict[str, Any]) -> None:
    """What each of Ray's workers does. Raises where another one is lost, so that Ray starts all
    again.
    """
    from ray import train
    from ray.train.torch import get_device

    from builder.runs import rank
    from builder.train.group import Group, LostError

    context = train.get_context()
    process.be_modest()
    group = Group(context.get_world_rank(), context.get_world_size())
    place = get_device().index or 0  # the GPU that Ray gave it
    pid, created = config["holder"]
    code = rank.train(Path(config["folder"]), config["fence"], (pid, created), group, place)
    if code:
        raise LostError("another worker was lost")


def _watch(folder: Path, fence: int, holder: tuple[int, float]) -> None:
    while process.alive(*holder) and folder.exists() and folders.fence(folder) <= fence:
        time.sleep(LOOK)
    os._exit(3)


if __name__ == "__main__":
    main()
