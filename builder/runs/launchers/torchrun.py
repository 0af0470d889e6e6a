"""Several processes on this machine, one per GPU or a few on the processor, started by torchrun's
agent (torch.distributed.elastic), which lives in a thread of the worker.
"""

import logging
import os
import platform
import shutil
import socket
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import psutil

from builder.runs import process
from builder.runs.launchers.base import Launcher, Stop, environment, gpus_missing, keep, loopback

MODULE = "builder.runs.rank"
HOST = "127.0.0.1"
LOOK = 0.1
"""Seconds between the agent's looks at the workers."""


class Torchrun(Launcher):
    """Data-parallel training on the devices of one machine."""

    name: ClassVar[str] = "torchrun"
    title: ClassVar[str] = "Several processes"
    help: ClassVar[str] = "On several GPUs (or cores) of this machine."
    place: ClassVar[int] = 1

    def unfit(self, workers: int, device: str) -> str | None:
        """A GPU or a core for each worker."""
        if platform.system() == "Windows":
            return "PyTorch for Windows has no agent for it. Choose local."
        return gpus_missing(workers, device)

    def launch(self, folder: Path, fence: int, workers: int, stop: Stop) -> str:
        """Watch over the workers until the run has ended."""
        with environment(**loopback()):
            return keep(folder, fence, stop, lambda: Agent(folder, fence, workers))


class Agent:
    """All workers, started once. They meet at a store on the loopback, at a free port."""

    def __init__(self, folder: Path, fence: int, workers: int) -> None:
        import torch.distributed as dist
        from torch.distributed.elastic.agent.server.api import WorkerSpec
        from torch.distributed.elastic.agent.server.local_elastic_agent import LocalElasticAgent
        from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs

        logging.getLogger("torch.distributed").setLevel(logging.ERROR)
        self.folder = folder
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
        self.store = dist.TCPStore(  # type: ignore[attr-defined]
            HOST,
            port,
            is_master=True,
            wait_for_workers=False,
            timeout=timedelta(minutes=10),
            master_listen_fd=listener.detach(),
        )
        arguments = (str(folder), str(fence), str(os.getpid()), repr(process.created()))
        spec = WorkerSpec(
            role="worker",
            local_world_size=workers,
            entrypoint=sys.executable,
            args=("-u", "-m", MODULE, *arguments),
            rdzv_handler=_meeting(port, folder.name),
            max_restarts=0,  # the keeper starts them again: it knows what was reached
            monitor_interval=LOOK,
        )
        room = folder / "workers"
        room.mkdir(exist_ok=True)
        self.agent = LocalElasticAgent(spec, DefaultLogsSpecs(log_dir=str(room)))
        self.thread = threading.Thread(target=self._run, name="torchrun", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.agent.run()
        except Exception:
            logging.getLogger(__name__).exception("torchrun's agent failed")

    def running(self) -> bool:
        """Whether the agent still watches over workers."""
        return self.thread.is_alive()

    def end(self) -> None:
        """Kill the workers; the agent ends with them."""
        for child in psutil.Process().children(recursive=True):
            try:
                line = child.cmdline()
            except psutil.NoSuchProcess:
                continue
            if MODULE in line and str(self.folder) in line:
                process.kill(child.pid, child.create_time())
        self.thread.join(30)
        shutil.rmtree(self.folder / "workers", ignore_errors=True)


def _meeting(port: int, run: str) -> Any:
    """A rendezvous of one machine: nobody to wait for, nothing that listens on the network."""
    import torch.distributed as dist
    from torch.distributed.elastic.rendezvous import (
        RendezvousHandler,
        RendezvousInfo,
        RendezvousStoreInfo,
    )

    class Meeting(RendezvousHandler):
        """The agent's own notes in memory; the workers' store at the port."""

        def get_backend(self) -> str:
            return "lamina"

        @property
        def use_agent_store(self) -> bool:
            return True

        def next_rendezvous(self) -> RendezvousInfo:
            notes = dist.HashStore()  # type: ignore[attr-defined]
            return RendezvousInfo(notes, 0, 1, RendezvousStoreInfo(HOST, port))

        def is_closed(self) -> bool:
            return False

        def set_closed(self) -> None:
            """Nothing to close."""

        def num_nodes_waiting(self) -> int:
            return 0

        def get_run_id(self) -> str:
            return run

        def shutdown(self) -> bool:
            return True

    return Meeting()
