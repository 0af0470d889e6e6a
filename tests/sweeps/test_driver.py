"""The driver: its decisions with runs that are made up, and one sweep with real ones."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder import runs, sweeps
from builder.errors import LaminaError
from builder.home import room
from builder.project import Project
from builder.runs import care, process
from builder.runs.run import Run
from builder.sweeps import driver, launch, trials
from builder.sweeps.folder import Sweep, Trial


def until(condition: Callable[[], Any], timeout: float = 120.0) -> Any:
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)
    return found


def going(trial: Trial) -> bool:
    return trial.state == "running" and trial.epoch > 1


def lasting(project: Project, epochs: int) -> Project:
    recipe = project.recipe.model_copy(update={"epochs": epochs})
    return project.model_copy(update={"recipe": recipe})


class FakeRuns:
    """Trials that end at their first look, with a value that follows from their settings."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.refuse: Callable[[Any], bool] = lambda _: False
        self.die_at = 0

    def begin(self, plan: Any, project: Project, number: int, settings: Any) -> Trial:
        if number == self.die_at:
            raise SystemExit
        self.begun.append(number)
        trial = Trial(number, settings, run=f"made-up-{number}")
        if self.refuse(settings):
            return replace(trial, state="failed", message="The shapes do not fit.")
        return trial

    def outcome(self, trial: Trial, plan: Any) -> Trial:
        value = float(trial.settings["recipe.optimizer.lr"])  # type: ignore[arg-type]
        return replace(trial, state="complete", values=(value,))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeRuns:
    made = FakeRuns()
    monkeypatch.setattr(trials, "begin", made.begin)
    monkeypatch.setattr(trials, "outcome", made.outcome)
    monkeypatch.setattr(driver, "LOOK", 0.0)
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    return made


def serve(sweep: Sweep) -> list[Trial]:
    driver.Driver(sweep).serve()
    return sweep.records()


LR = "recipe.optimizer.lr=1e-4..1e-1:log"
SMOOTHING = "recipe.label_smoothing=0..0.2"


def test_a_trial_that_cannot_work_fails_in_words_and_the_sweep_goes_on(
    project: Project, fake: FakeRuns
) -> None:
    fake.refuse = lambda settings: settings["recipe.optimizer.lr"] > 0.01
    sweep = sweeps.start(project, [LR], trials=8)
    found = serve(sweep)
    assert {one.state for one in found} == {"complete", "failed"}
    assert len(found) == 8
    assert sweep.state.status == "finished"
    failed = next(one for one in found if one.state == "failed")
    assert failed.message == "The shapes do not fit."


def test_a_sweep_whose_trials_all_fail_ends_and_says_why(project: Project, fake: FakeRuns) -> None:
    fake.refuse = lambda _: True
    sweep = sweeps.start(project, [LR], trials=50)
    assert len(serve(sweep)) == 10
    assert sweep.state.status == "failed"
    assert "have all failed; the last one: The shapes do not fit." in sweep.state.message


@pytest.mark.parametrize(
    ("trials", "words"),
    [(1, "The only trial has failed: The shapes"), (2, "The first 2 trials have all failed")],
)
def test_a_small_sweep_has_failed_too_where_all_its_trials_have(
    project: Project, fake: FakeRuns, trials: int, words: str
) -> None:
    fake.refuse = lambda _: True
    sweep = sweeps.start(project, [LR], trials=trials)
    assert len(serve(sweep)) == trials
    assert sweep.state.status == "failed"
    assert sweep.state.message.startswith(words)


def test_a_killed_sweep_ends_with_the_trials_of_one_left_alone(
    project: Project, fake: FakeRuns
) -> None:
    whole = serve(sweeps.start(project, [LR], trials=9, parallel=1))
    sweep = sweeps.start(project, [LR], trials=9, parallel=1)
    fake.die_at = 5
    with pytest.raises(SystemExit):
        driver.Driver(sweep).serve()
    with (sweep.folder / "trials.jsonl").open("a") as file:
        file.write('{"number": 6, "set')  # torn
    fake.die_at = 0
    again = serve(sweep)
    assert [one.settings for one in again] == [one.settings for one in whole]
    assert [one.values for one in again] == [one.values for one in whole]


def test_a_grid_ends_with_its_last_combination_and_more_cannot_be_asked_for(
    project: Project, fake: FakeRuns
) -> None:
    over = ["recipe.optimizer.lr=1e-3,1e-2", "recipe.batch_size=16,32"]
    sweep = sweeps.start(project, over, sampler="grid")
    assert [one.settings["recipe.batch_size"] for one in serve(sweep)] == [16, 32, 16, 32]
    with pytest.raises(LaminaError, match="All 4 trials are done"):
        sweeps.resume(sweep.id, trials=10)


def test_a_finite_space_is_not_tried_twice(project: Project, fake: FakeRuns) -> None:
    sweep = sweeps.start(project, ["recipe.optimizer.lr=1e-3,1e-2,1e-1"], trials=20)
    assert len(serve(sweep)) == 3
    assert sweep.state.message == "All combinations were tried."


def test_more_trials_may_be_asked_for(project: Project, fake: FakeRuns) -> None:
    sweep = sweeps.start(project, [LR], trials=3)
    serve(sweep)
    sweeps.resume(sweep.id, trials=5)
    assert len(serve(sweep)) == 5


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"over": []}, "nothing to vary"),
        ({"trials": 0}, "not possible"),
        ({"trials": 10_001}, "1 to 10,000"),
        ({"sampler": "magic"}, "no sampler 'magic'"),
        ({"pruner": "axe"}, "no pruner 'axe'"),
        ({"objectives": ["validation_f2"]}, "not computed"),
        ({"objectives": ["validation_loss:up"]}, "no direction"),
        ({"objectives": ["seconds", "seconds"]}, "different objectives"),
        ({"objectives": ["validation_loss", "seconds"], "pruner": "median"}, "or take halving"),
        ({"objectives": ["seconds", "parameters"], "pruner": "halving"}, "after each epoch"),
        ({"parallel": 0}, "at once"),
    ],
)
def test_what_cannot_be_searched_is_refused_and_leaves_nothing(
    project: Project, fake: FakeRuns, given: dict[str, Any], words: str
) -> None:
    over = given.pop("over", [LR])
    with pytest.raises(LaminaError, match=words):
        sweeps.start(project, over, **given)
    assert not list(room("sweeps").iterdir())


def test_a_node_is_ablated_only_where_the_graph_works_without_it(project: Project) -> None:
    assert sweeps.removable(project) == ["fc1", "relu1", "drop1", "drop2"]
    reason = sweeps.unfit(project, "head")
    assert reason is not None
    assert "does not work without 'head'" in reason.fact
    with pytest.raises(LaminaError, match="Did you mean drop1"):
        sweeps.ablate(project, ["dropp1"])


def test_seeds_and_ablations_are_grids(project: Project, fake: FakeRuns) -> None:
    plan = sweeps.seeds(project, 4).plan
    assert (plan.kind, plan.trials, plan.pruner) == ("seeds", 4, "none")
    plan = sweeps.ablate(project, ["drop1", "relu1"], count=3).plan
    assert (plan.kind, plan.trials) == ("ablation", 9)


@pytest.mark.parametrize("field", ["task.loss=CrossEntropyLoss,MultiMarginLoss", SMOOTHING])
def test_trials_whose_losses_differ_in_kind_are_not_compared_by_them(
    project: Project, fake: FakeRuns, field: str
) -> None:
    (by_itself,) = sweeps.start(project, [field]).plan.objectives
    assert (by_itself.figure, by_itself.direction) == ("validation_accuracy", "maximize")
    with pytest.raises(LaminaError, match="changes what the loss is") as caught:
        sweeps.start(project, [field], objectives=["seconds", "validation_loss"])
    assert "accuracy" in caught.value.remedy


def test_folds_are_a_grid_over_the_parts_of_the_rows(project: Project, fake: FakeRuns) -> None:
    sweep = sweeps.folds(project, 4)
    assert (sweep.plan.kind, sweep.plan.trials, sweep.plan.name) == ("folds", 4, "4 folds")
    split = sweep.project().data.split
    assert (split.folds, split.fold) == (4, 1)
    third = sweeps.settled(sweep.project(), {"data.split.fold": 3})
    assert third.data.split.fold == 3
    assert third.digest() != sweep.project().digest()


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "1 fold is not possible"),
        (3000, "3,000 folds need at least 3,000 rows"),
        (100_000, "100,000 folds are not possible"),
    ],
)
def test_folds_that_cannot_be_are_refused_with_the_field_and_leave_nothing(
    project: Project, count: int, words: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        sweeps.folds(project, count)
    assert caught.value.place == "data.split.folds"
    assert "2" in caught.value.remedy
    assert not list(room("sweeps").iterdir())


def test_a_fold_is_varied_only_where_there_are_folds(project: Project) -> None:
    with pytest.raises(LaminaError, match="not split into folds"):
        sweeps.start(project, ["data.split.fold=1,2"], sampler="grid")


def test_by_default_the_monitored_figure_is_searched_and_its_direction_known(
    project: Project, fake: FakeRuns
) -> None:
    plan = sweeps.start(project, [LR]).plan
    assert [(one.figure, one.direction) for one in plan.objectives] == [
        ("validation_loss", "minimize")
    ]
    plan = sweeps.start(project, [LR], objectives=["validation_accuracy", "parameters"]).plan
    assert [one.direction for one in plan.objectives] == ["maximize", "minimize"]
    assert plan.pruner == "none"


def test_care_starts_only_modules_of_lamina_with_locks_at_home(tmp_path: Path) -> None:
    assert care._sound({"module": "builder.x", "arguments": [], "lock": "sweeps/a/lock"})
    assert not care._sound({"module": "os", "arguments": [], "lock": "sweeps/a/lock"})
    assert not care._sound({"module": "builder.x", "arguments": [], "lock": "../../lock"})
    assert not care._sound([])


@pytest.mark.slow
def test_a_sweep_of_real_runs_survives_the_kill_of_its_driver(
    served: Path, project: Project
) -> None:
    over = ["recipe.optimizer.lr=1e-3..1e-1:log", "graphs.model.fc1.out_features=8,-1,16"]
    with pytest.raises(LaminaError, match="fc1"):
        sweeps.start(project, over)
    before = runs.start(lasting(project, 100_000))  # the first trial waits behind it for its worker
    sweep = sweeps.start(
        lasting(project, 4), ["recipe.optimizer.lr=1e-3,1e-2,1", "without=,head"], sampler="grid"
    )
    until(lambda: sweep.records())
    pid = until(lambda: sweep.state.pid)
    os.kill(pid, signal.SIGKILL)
    until(lambda: not process.alive(pid, None))
    runs.order(before.id, {"order": "stop"})
    assert sweeps.wait(sweep.id, timeout=180).status == "finished"
    found = sweep.records()
    assert [one.state for one in found] == ["complete", "failed"] * 3
    assert "The task needs 10 here, but 16 comes in." in found[1].message
    mine = [row for row in runs.list_runs() if row.sweep == sweep.id]
    assert sorted(row.trial for row in mine) == [1, 3, 5]
    assert Run(found[0].run).info["settings"] == found[0].settings
    assert not care.any_kept()


@pytest.mark.slow
def test_a_stopped_sweep_goes_on_where_it_was(served: Path, project: Project) -> None:
    sweep = sweeps.start(lasting(project, 100_000), [LR], trials=3, pruner="none", seed=3)
    until(lambda: any(going(one) for one in sweep.trials()))
    before = sweep.records()[0]
    sweeps.stop(sweep.id)
    assert sweeps.wait(sweep.id, timeout=60).status == "stopped"
    assert sweep.records()[0].state == "stopped"
    sweeps.resume(sweep.id)
    again = until(lambda: next((one for one in sweep.trials() if going(one)), None))
    assert (again.number, again.settings) == (before.number, before.settings)
    assert again.run != before.run
    sweeps.stop(sweep.id)
    assert sweeps.wait(sweep.id, timeout=60).status == "stopped"
    launch.delete(sweep.id, with_runs=True)
    assert not [row for row in runs.list_runs() if row.sweep == sweep.id]
