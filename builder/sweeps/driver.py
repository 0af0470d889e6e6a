"""The process that drives one sweep: `python -m builder.sweeps.driver <id>`.

It draws settings, starts each trial as an ordinary run, watches the run's folder, gives up those
that fall behind, and ends. It is a process of its own, in the supervisor's care (`runs.care`):

- not the supervisor, which must stay small and quick (it knows neither torch nor Optuna, and it
  stands below this package), and must not fall with a sweep;
- not the server or the command line, which may be closed or killed at any time;
- killed itself, the supervisor starts it again: it reads the folder, finds the runs that went on
  without it, and draws what it would have drawn.
"""

import os
import signal
import sys
import threading
import time
import traceback
from dataclasses import replace
from typing import Any

from builder.errors import LaminaError
from builder.runs import care, lease, process
from builder.runs.run import Run
from builder.sweeps import grid, study, trials
from builder.sweeps.folder import State, Sweep, Trial
from builder.sweeps.space import Settings

LOOK = 0.1
"""Seconds between looks at the runs."""
ANEW = 4
"""So many more trials until importance is computed again."""


class Driver:
    """The loop; holds the sweep's lock while it lives."""

    def __init__(self, sweep: Sweep) -> None:
        self.sweep = sweep
        self.plan = sweep.plan
        self.project = sweep.project()
        sweep.mend()
        self.trials: dict[int, Trial] = {one.number: one for one in sweep.records()}
        self.again = [one for one in self.trials.values() if one.state == "stopped"]
        self.points = grid.grid(self.plan.parameters) if self.plan.sampler == "grid" else None
        epochs = {
            number: trials.progress(Run(one.run), self.plan)
            for number, one in self.trials.items()
            if one.run and one.state in ("complete", "pruned") and _there(one)
        }
        self.study = study.restored(self.plan, list(self.trials.values()), epochs)
        self.running: dict[int, Trial] = {}
        for one in [one for one in self.trials.values() if one.state == "running"]:
            taken = trials.adopted(sweep, one)
            if taken is None:
                self.again.append(one)
            else:
                self.running[one.number] = taken
        self.pruned: set[int] = set()
        self.state = replace(
            sweep.stored_state(), status="running", message="", error=None, pid=os.getpid()
        )
        self.leaving = False
        self.exhausted = False
        self.weighed = 0
        self.weighing: threading.Thread | None = None
        self.writing = threading.Lock()

    def serve(self) -> None:
        """Until all trials have ended, or asked to stop, or the home is gone."""
        self._say()
        while not self.leaving and self.sweep.folder.exists():
            if lease.stop_path().exists():
                return
            if self.sweep.stop_path.exists():
                self._stop()
                return
            self._watch()
            self._fill()
            if not self.running:
                hopeless = trials.failing(list(self.trials.values()), limit=1)
                words = "All combinations were tried." if self.exhausted else ""
                self._end("failed" if hopeless else "finished", hopeless or words)
                return
            self._weigh()
            time.sleep(LOOK)

    def _fill(self) -> None:
        """Start trials until as many run as may."""
        while len(self.running) < self.plan.parallel and not self._hopeless():
            number, settings = self._next()
            if settings is None or self.leaving:
                return
            self._put(Trial(number, settings, started=time.time(), epochs=self.plan.epochs))
            begun = trials.begin(self.plan, self.project, number, settings)
            self._put(begun)
            if begun.state == "running":
                self.running[number] = begun
            else:
                self.study.close(number, "failed")

    def _hopeless(self) -> str:
        return trials.failing(list(self.trials.values()))

    def _next(self) -> tuple[int, Settings | None]:
        if self.again:
            one = self.again.pop(0)
            return one.number, one.settings
        number = max(self.trials, default=0) + 1
        if number > self.plan.trials:
            return number, None
        if self.points is None:
            settings = self.study.draw(number)
        else:
            settings = self.points[number - 1] if number <= len(self.points) else None
            if settings is not None:
                self.study.enter(number, settings)
        self.exhausted = settings is None
        return number, settings

    def _watch(self) -> None:
        """Tell the study of new epochs; take in what has ended."""
        for number, trial in list(self.running.items()):
            after = trials.outcome(trial, self.plan)
            if after.state == "running":
                values = trials.progress(Run(trial.run), self.plan) if _there(trial) else []
                falls = bool(values) and self.study.report(number, values)
                if falls and number not in self.pruned:
                    self.pruned.add(number)
                    trials.prune(trial, self.plan.pruner, len(values))
                continue
            if after.state in ("complete", "pruned") and _there(trial):
                self.study.report(number, trials.progress(Run(trial.run), self.plan))
            del self.running[number]
            self._put(after)
            if after.state == "stopped":  # the system stopped it, not we
                self.again.append(after)
                continue
            if after.state == "pruned":
                trials.tidy(after)
            self.study.close(number, after.state, after.values)

    def _put(self, trial: Trial) -> None:
        self.trials[trial.number] = trial
        self.sweep.write_trial(trial)

    def _stop(self) -> None:
        """Stop all that runs, and wait for it."""
        for trial in self.running.values():
            trials.stop(trial)
        until = time.monotonic() + 30.0
        while self.running and time.monotonic() < until:
            for number, trial in list(self.running.items()):
                after = trials.outcome(trial, self.plan)
                if after.state != "running":
                    del self.running[number]
                    self._put(after)
                    if after.state == "pruned":
                        trials.tidy(after)
            time.sleep(LOOK)
        self._end("stopped", "Stopped by an order.")

    def _end(self, status: str, message: str) -> None:
        if status == "finished":
            self._weigh(last=True)
        error = None
        if status == "failed":
            error = LaminaError(message, place="sweep", remedy="Correct the space.").to_dict()
        care.release(self.sweep.id)
        self.sweep.stop_path.unlink(missing_ok=True)
        self._say(status=status, message=message, error=error, pid=None)

    def _say(self, **changes: Any) -> None:
        """Change the state; the thread that weighs does so too."""
        with self.writing:
            self.state = replace(self.state, **changes)
            self.sweep.write_state(self.state)

    # Importance, beside the work

    def _weigh(self, *, last: bool = False) -> None:
        states = [one.state for one in self.trials.values()]
        complete = states.count("complete")
        count = complete + states.count("pruned")
        if self.weighing is not None and (last or not self.weighing.is_alive()):
            self.weighing.join()
            self.weighing = None
        due = count > self.weighed if last else count >= self.weighed + ANEW
        if complete < study.FEWEST or not due or self.weighing is not None:
            return
        self.weighed = count
        self.weighing = threading.Thread(target=self._importance, daemon=True)
        self.weighing.start()
        if last:
            self.weighing.join()

    def _importance(self) -> None:
        self._say(importance=self.study.importance())


def _there(trial: Trial) -> bool:
    """Whether its run's folder is still there."""
    try:
        return bool(Run(trial.run).id)
    except LaminaError:
        return False


def stand_in(sweep: Sweep) -> bool:
    """Stop a sweep whose driver is gone and not coming back; False where a driver lives."""
    lock = process.Lock(sweep.lock)
    if not lock.take():
        return False
    try:
        Driver(sweep)._stop()
    finally:
        lock.drop()
    return True


def main() -> None:
    """Drive the sweep, where no other process does."""
    sweep = Sweep(sys.argv[1])
    lock = process.Lock(sweep.lock)
    until = time.monotonic() + 1.0
    while not lock.take():
        if time.monotonic() > until:
            return
        time.sleep(0.02)
    process.be_modest()
    try:
        driver = Driver(sweep)
        signal.signal(signal.SIGTERM, lambda *_: setattr(driver, "leaving", True))
        driver.serve()
    except Exception as error:
        traceback.print_exc()  # into the sweep's log
        _give_up(sweep, error)
    lock.drop()


def _give_up(sweep: Sweep, error: Exception) -> None:
    """Say why the sweep cannot go on; it can be resumed when that is mended."""
    if not isinstance(error, LaminaError):
        fact = f"The sweep failed unexpectedly: {type(error).__name__}: {error}."
        error = LaminaError(fact, place="sweep", remedy=f"{sweep.folder / 'log.txt'} says more.")
    care.release(sweep.id)
    before = sweep.stored_state()
    sweep.write_state(State("failed", str(error), error.to_dict(), before.importance))


if __name__ == "__main__":
    main()
