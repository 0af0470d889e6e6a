"""`lamina sweep`, `seeds`, `ablate` and the queue's commands; nothing is trained here."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from builder import project as projects
from builder import runs, sweeps
from builder.cli import root
from builder.home import room
from builder.project import Project
from builder.runs import care, folder
from builder.runs.orders import queue_marker
from builder.sweeps.folder import State, Sweep, Trial
from builder.train import files


@pytest.fixture
def file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The project's file; nothing drives its sweeps."""
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    path = tmp_path / "digits.lamina.json"
    projects.save(project, path)
    return str(path)


def lamina(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        root.main(arguments)
    out, err = capsys.readouterr()
    return int(leaving.value.code or 0), out, err


def begin(capsys: Any, file: str, *more: str) -> Sweep:
    over = ("--over", "recipe.optimizer.lr=1e-4..1e-1:log", "--detach", "--json", *more)
    code, out, err = lamina(capsys, "sweep", file, *over)
    assert code == 0, err
    return Sweep(json.loads(out)["sweep"])


def test_a_sweep_begins_with_what_was_asked_for(capsys: Any, file: str) -> None:
    sweep = begin(
        capsys,
        file,
        "--over",
        "graphs.model.drop*.p=0..0.5",
        *("--trials", "7", "--sampler", "random", "--pruner", "halving"),
        *("--objective", "validation_accuracy", "--set", "recipe.epochs=9"),
    )
    plan = sweep.plan
    assert (plan.trials, plan.sampler, plan.pruner, plan.epochs) == (7, "random", "halving", 9)
    assert plan.objectives[0].direction == "maximize"
    assert [one.field for one in plan.parameters][1] == "graphs.model.drop*.p"


def test_a_sweep_that_failed_leaves_with_3_and_says_why(
    capsys: Any, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from builder.cli import sweeps as command

    words = "The first 2 trials have all failed; the last one: The shapes do not fit."
    monkeypatch.setattr(command, "follow", lambda one: one.write_state(State("failed", words)))
    code, out, err = lamina(
        capsys, "sweep", file, "--over", "recipe.optimizer.lr=1e-3,1e-2", "--json"
    )
    assert (code, json.loads(out)["status"]) == (root.RUN_FAILED, "failed")
    assert words in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--over", "recipe.lr=0..1"), "There is no field 'lr'"),
        (("--over", "recipe.epochs=9..3"), "upside down"),
        (("--over", "recipe.optimizer.lr=1e-3..1", "--sampler", "grid"), "n=5"),
        ((), "Nothing is varied"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    capsys: Any, file: str, arguments: tuple[str, ...], words: str
) -> None:
    code, out, err = lamina(capsys, "sweep", file, *arguments)
    assert (code, out) == (1, "")
    assert words in err
    assert "Traceback" not in err


def test_sweeps_without_a_name_are_numbered_and_too_long_a_name_is_refused(
    capsys: Any, file: str
) -> None:
    first = begin(capsys, file).plan.name
    assert first.endswith(" sweep")
    assert [begin(capsys, file).plan.name for _ in "ab"] == [f"{first} 2", f"{first} 3"]
    assert begin(capsys, file, "--name", "n" * 120).plan.name == "n" * 120
    before = sweeps.ids()
    over = ("--over", "recipe.optimizer.lr=1e-4..1e-1:log", "--detach")
    code, out, err = lamina(capsys, "sweep", file, *over, "--name", "n" * 121)
    assert (code, out) == (1, "")
    assert "The name has 121 characters, and 120 fit." in err
    assert sweeps.ids() == before


def test_the_sweep_of_a_project_with_a_long_name_is_numbered_too(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(care, "keep", lambda *_, **__: None)
    named = project.model_copy(update={"name": "n" * 120})
    names = [sweeps.start(named, ["recipe.batch_size=16,32"]).plan.name for _ in "ab"]
    assert names == ["n" * 113 + "… sweep", "n" * 111 + "… sweep 2"]


def told(sweep: Sweep) -> None:
    for number, value in ((1, 0.5), (2, 0.25)):
        settings = {"recipe.optimizer.lr": 0.01 * number}
        sweep.write_trial(Trial(number, settings, "complete", f"r{number}", values=(value,)))
    sweep.write_trial(Trial(3, {"recipe.optimizer.lr": 0.1}, "failed", message="No shapes."))
    sweep.write_state(State("finished", importance={"recipe.optimizer.lr": 1.0}))


def test_list_and_show_tell_the_best_trial_and_what_failed(capsys: Any, file: str) -> None:
    sweep = begin(capsys, file)
    told(sweep)
    _, out, _ = lamina(capsys, "sweep", "list", "--json")
    (row,) = json.loads(out)
    assert (row["status"], row["trials"], row["best"]["trial"]) == ("finished", 3, 2)
    _, out, _ = lamina(capsys, "sweep", "show", "last")
    assert "best: trial 2, run r2" in out
    assert "No shapes." in out
    _, out, _ = lamina(capsys, "sweep", "show", sweep.id[:12], "--json")
    shown = json.loads(out)
    assert [one["trial"] for one in shown["trials"]] == [1, 2, 3]
    assert shown["importance"] == {"recipe.optimizer.lr": 1.0}


def test_list_names_no_single_best_where_there_are_several_objectives(
    capsys: Any, file: str
) -> None:
    both = ("--objective", "validation_loss", "--objective", "validation_accuracy")
    sweep = begin(capsys, file, *both)
    for number, values in ((1, (0.123, 0.8)), (2, (0.456, 0.9)), (3, (0.789, 0.7))):
        settings = {"recipe.optimizer.lr": 0.01 * number}
        sweep.write_trial(Trial(number, settings, "complete", f"r{number}", values=values))
    _, out, _ = lamina(capsys, "sweep", "list")
    assert "2 on the Pareto front" in out
    assert "0.123" not in out
    _, out, _ = lamina(capsys, "sweep", "list", "--json")
    assert json.loads(out)[0]["pareto"] == [1, 2]


def test_the_best_settings_are_written_as_a_project(capsys: Any, file: str, tmp_path: Path) -> None:
    sweep = begin(capsys, file)
    told(sweep)
    best = tmp_path / "best.json"
    assert lamina(capsys, "sweep", "adopt", sweep.id, "-o", str(best))[0] == 0
    assert projects.load(best).recipe.optimizer.lr == 0.02


def test_stop_resume_and_delete_say_what_they_cannot(capsys: Any, file: str) -> None:
    sweep = begin(capsys, file)
    told(sweep)
    code, _, err = lamina(capsys, "sweep", "stop", sweep.id)
    assert code == 1
    assert "has ended" in err
    code, _, err = lamina(capsys, "sweep", "show", "nosuch")
    assert code == 1
    assert "There is no sweep 'nosuch'" in err
    assert lamina(capsys, "sweep", "resume", sweep.id, "--trials", "30", "--detach")[0] == 0
    assert sweep.plan.trials == 30
    sweep.write_state(State("stopped"))
    assert lamina(capsys, "sweep", "delete", sweep.id)[0] == 0
    assert sweeps.ids() == []


def test_seeds_and_ablate_begin_grids(capsys: Any, file: str) -> None:
    assert lamina(capsys, "seeds", file, "--count", "4", "--detach")[0] == 0
    assert lamina(capsys, "ablate", file, "drop1", "--seeds", "2", "--detach")[0] == 0
    kinds = {one.plan.kind: one.plan.trials for one in sweeps.list_sweeps()}
    assert kinds == {"seeds": 4, "ablation": 4}
    code, _, err = lamina(capsys, "ablate", file, "head")
    assert code == 1
    assert "does not work without 'head'" in err


def test_the_queue_is_shown_and_put_in_order(capsys: Any, lamina_home: Path) -> None:
    ids = [f"20260101-00000{at}-abcdef" for at in range(3)]
    for at, run in enumerate(ids):
        path = room("runs") / run
        path.mkdir()
        folder.write_status(path, folder.Status())
        files.write_json(path / "run.json", {"id": run, "name": f"run {at}"})
        marker = {"device": "cpu", "time": time.time() + at, "priority": runs.queue.USUAL}
        files.write_json(queue_marker(run), marker)
    assert lamina(capsys, "runs", "move", ids[2], "1")[0] == 0
    _, out, _ = lamina(capsys, "runs", "queue", "--json")
    assert [one["run"] for one in json.loads(out)] == [ids[2], ids[0], ids[1]]
    assert lamina(capsys, "runs", "priority", ids[1], "0")[0] == 0
    _, out, _ = lamina(capsys, "runs", "queue")
    assert out.splitlines()[1].startswith(f"cpu     1      {ids[1]}")
    assert lamina(capsys, "runs", "limit", "cpu", "3")[0] == 0
    assert runs.limits("cpu") == 3
    assert lamina(capsys, "runs", "limit", "cpu", "0")[0] == 1
