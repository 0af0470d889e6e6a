"""The supervisor: one detached process per LAMINA_HOME that keeps a worker warm and gives it the
runs that wait.

`python -m builder.runs.supervisor`. It holds a lock (dropped by the system when it dies), so a
second one gives way; whoever finds it missing starts it (`lease.ensure`). The queue and the runs
are files, so its death loses nothing: workers go on, and the next supervisor finds them by their
status.
"""

import logging
import os
import signal
import threading
import time

from builder.errors import LaminaError
from builder.home import room
from builder.runs import folder as folders
from builder.runs import lease, process
from builder.runs.care import Care, any_kept
from builder.runs.crew import Crew, Worker
from builder.runs.orders import queue_marker
from builder.runs.queue import limits
from builder.runs.room import fits as room_for
from builder.train import files

LOOK = 0.01
"""Seconds between looks at the queue."""
CHECK = 0.5
"""Seconds between looks at the workers."""
SYNC = 5.0
"""Seconds between looks at what the index lacks."""
TRIES = 3
"""So often a run is taken up again without a new checkpoint in between."""
SPARE_AFTER = 8.0
"""Seconds after a worker got a run until a spare one is warmed up, so as not to take its first
seconds' cores.
"""
FORKED_AFTER = 0.5
"""The same where a spare one is forked."""

log = logging.getLogger("lamina.supervisor")


class Supervisor:
    """The loop; holds the lock while it lives."""

    def __init__(self, idle: float) -> None:
        self.idle = idle
        self.queue, self.runs = room("queue"), room("runs")
        self.stop, self.retire = lease.stop_path(), lease.retire_path()
        self.workers: list[Worker] = []
        self.news = threading.Event()
        self.crew = Crew(self.news)
        self.care = Care()
        self.busy_until = time.monotonic()
        self.tries: dict[
            str, tuple[int, int]
        ] = {}  # run → step of its checkpoint, tries from there
        self.ended: set[str] = set()  # runs that need no more looks
        self.shut: set[str] = set()  # runs whose folders cannot be written now
        self.checked = 0.0
        self.over = threading.Event()
        self.stopping = self.outdated = False

    def serve(self) -> None:
        """Until asked to stop, or idle for long, or the home is gone."""
        self.workers.append(self.crew.worker(urgent=False))
        threading.Thread(target=self._keep_index, daemon=True).start()
        while not self.stopping:
            if self.stop.exists() or not self.queue.exists():
                break
            now = time.monotonic()
            if now - self.checked >= CHECK or any(one.gone for one in self.workers):
                self.checked = now
                self.crew.look()
                self._look_at_workers()
                self.care.look()
                if self.retire.exists():
                    self._renew()
                idle = 0.0 if self.outdated else self.idle
                if self._nothing_to_do() and now - self.busy_until >= idle:
                    log.info("nothing to do; good night")
                    break
            self._hand_out()
            self.news.wait(LOOK)
            self.news.clear()
        self.over.set()
        self.care.end()
        for worker in self.workers:
            worker.ask_to_end()
        for other in self._others().values():
            process.terminate(other.pid, other.created)
        for worker in self.workers:
            worker.end(within=8.0)
        self.crew.let_go()

    # Runs that wait

    def _hand_out(self) -> None:
        waiting = [name for name in os.listdir(self.queue) if name.endswith(".json")]
        if not waiting:
            return
        busy, taken = self._busy_devices()
        given = {worker.run for worker in self.workers}
        entries = []
        for name in waiting:
            run = name.removesuffix(".json")
            entry = files.read_json(self.queue / name)
            if run not in given and isinstance(entry, dict):
                entries.append((entry.get("priority", 0), entry.get("time", 0.0), run, entry))
        for *_, run, entry in sorted(entries, key=lambda item: item[:3]):
            device = str(entry.get("device", "cpu"))
            memory = int(entry.get("memory", 0))
            free = busy.get(device, 0) < limits(device)
            if free and room_for(device, memory, taken.get(device, 0)) and self._give(run):
                busy[device] = busy.get(device, 0) + 1
                taken[device] = taken.get(device, 0) + memory

    def _give(self, run: str) -> bool:
        path = self.runs / run
        if not path.is_dir() or folders.stored_status(path).ended:
            queue_marker(run).unlink(missing_ok=True)
            return False
        try:
            number = folders.raise_fence(path)
        except (LaminaError, OSError):  # it waits until its folder can be written
            return False
        free = [one for one in self.workers if one.run is None and not (one.gone or one.dismissed)]
        worker = next((one for one in free if one.ready), free[0] if free else None)
        if worker is None:
            worker = self.crew.worker(urgent=True)
            self.workers.append(worker)
        log.info("run %s goes to worker %s", run, worker.pid or "that is being forked")
        return worker.give(run, number)

    def _busy_devices(self) -> tuple[dict[str, int], dict[str, int]]:
        """Runs under way by device, and the bytes of memory that they have reserved there."""
        busy: dict[str, int] = {}
        taken: dict[str, int] = {}
        for run in [*(one.run for one in self.workers if one.run), *self._others()]:
            entry = files.read_json(self.runs / run / "run.json") or {}
            device = str(entry.get("device", "cpu"))
            busy[device] = busy.get(device, 0) + 1
            taken[device] = taken.get(device, 0) + int(entry.get("memory", 0))
        return busy, taken

    # Workers

    def _renew(self) -> None:
        """The code has changed: workers that wait know the old one, and so does this process."""
        self.retire.unlink(missing_ok=True)
        if self.outdated:  # every start asks again; workers begun since know the new code
            return
        log.info("the code has changed; giving way when nothing runs")
        self.outdated = True
        self.crew.let_go()
        self.crew = Crew(self.news)
        for worker in self.workers:
            if worker.run is None:
                worker.dismiss()

    def _others(self) -> dict[str, folders.Status]:
        """Runs that are active in processes which are not this supervisor's children."""
        mine = {worker.run for worker in self.workers}
        found = {}
        for run in folders.ids():
            if run not in mine and run not in self.ended:
                now = folders.stored_status(self.runs / run)
                if now.active:
                    found[run] = now
                elif now.ended and not now.damaged:  # what is torn now may be whole again
                    self.ended.add(run)
        return found

    def _look_at_workers(self) -> None:
        for worker in [one for one in self.workers if one.gone]:
            self.workers.remove(worker)
            if worker.run is None:
                continue
            if not worker.born and not self.crew.ready:  # the run still waits, and is given again
                log.info("the nursery went before it could fork for run %s", worker.run)
                continue
            log.warning("worker %s is gone with run %s", worker.pid, worker.run)
            self._take_up_where_writable(worker.run)
        for run, now in self._others().items():
            if not process.alive(now.pid, now.created):
                if run not in self.shut:
                    log.warning("run %s has lost its worker %s", run, now.pid)
                self._take_up_where_writable(run)
        idle = [one for one in self.workers if one.run is None and not one.dismissed]
        after = FORKED_AFTER if self.crew.quick else SPARE_AFTER
        young = [one for one in self.workers if one.run and time.monotonic() - one.since < after]
        if not idle and not young:
            self.workers.append(self.crew.worker(urgent=False))
        for worker in idle[1:]:
            worker.dismiss()

    def _take_up_where_writable(self, run: str) -> None:
        """A folder that cannot be written is looked at again and again; the other runs go on."""
        try:
            self._take_up(run)
        except (LaminaError, OSError) as error:
            if run not in self.shut:
                log.warning("run %s cannot be taken up: %s", run, error)
            self.shut.add(run)
        else:
            self.shut.discard(run)

    def _take_up(self, run: str) -> None:
        """Queue a run again that lost its worker, unless that keeps happening at one place."""
        path = self.runs / run
        now = folders.stored_status(path)
        if now.ended or not path.is_dir():
            return
        folders.raise_fence(path)
        process.kill(now.pid, now.created)
        step = (files.read_json(path / "checkpoints.json") or {}).get("last", {}).get("step", 0)
        before, count = self.tries.get(run, (step, 0))
        count = count + 1 if before == step else 1
        self.tries[run] = (step, count)
        if count > TRIES:
            words = f"Its worker died {TRIES} times at the same place; the log may say why."
            size = (files.read_json(path / "run.json") or {}).get("recipe", {}).get("batch_size", 1)
            remedy = (
                "The system ends processes when memory runs out: fork the run with a batch size of "
                f"{max(1, (size or 2) // 2)}."
            )
            error = {"fact": words, "place": "", "remedy": remedy, "code": "worker_gone"}
            ended = {**now.to_dict(), "status": "failed", "message": words, "error": error}
            folders.write_status(path, folders.Status(**ended))
            folders.add_event(path, "failed", step=now.step, epoch=now.epoch, message=words)
            return
        words = f"The worker was lost; going on from step {step}."
        folders.add_event(path, "worker_lost", step=now.step, epoch=now.epoch, message=words)
        waiting = {**now.to_dict(), "status": "queued", "message": words, "pid": None}
        folders.write_status(path, folders.Status(**waiting))
        entry = files.read_json(path / "run.json") or {}
        device = entry.get("device", "cpu")
        files.write_json(queue_marker(run), {"device": device, "time": 0.0, "priority": -1})

    def _keep_index(self) -> None:
        """Carry what ended into the index; beside the loop, for the database takes its time."""
        while not self.over.wait(SYNC):
            from sqlalchemy.exc import SQLAlchemyError

            from builder.runs import index

            try:
                index.sync()
            except (LaminaError, OSError, SQLAlchemyError) as error:
                log.warning("the index cannot be kept: %s", error)

    def waits(self) -> bool:
        """Whether there is a run in the queue."""
        return self.queue.exists() and any(self.queue.iterdir())

    def _nothing_to_do(self) -> bool:
        busy = any(worker.run for worker in self.workers) or self.waits()
        if busy or any_kept() or self._others():
            self.busy_until = time.monotonic()
            return False
        return True


def main() -> None:
    """Serve, where no other supervisor does."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s supervisor %(process)d: %(message)s"
    )
    lock = process.Lock(lease.lock_path())
    for _ in range(20):
        if lock.take():
            break
        time.sleep(0.01)
    else:
        return
    lease.sign()
    room("supervisor").joinpath("starting.json").unlink(missing_ok=True)
    idle = os.environ.get("LAMINA_IDLE_SECONDS", "")
    supervisor = Supervisor(float(idle) if idle.isdigit() else 1800.0)
    signal.signal(signal.SIGTERM, lambda *_: setattr(supervisor, "stopping", True))
    supervisor.serve()
    lock.drop()
    if not supervisor.stopping and not lease.stop_path().exists() and supervisor.waits():
        lease.ensure()  # a run came while this one was leaving


if __name__ == "__main__":
    main()
