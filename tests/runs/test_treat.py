"""What the doctor says is kept with the run, and what it proposes can be done in a new one."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from builder import runs
from builder.errors import LaminaError
from builder.runs.run import Run
from builder.runs.store import Store
from builder.train import files
from builder.train.plan import Symptom
from tests.trained import trained


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """A finished run on a table, in a copy of its home."""
    found = trained("table", monkeypatch)
    home = tmp_path / "home"
    shutil.copytree(found.home, home, ignore=shutil.ignore_patterns("*.sock", "*.db*"))
    monkeypatch.setenv("LAMINA_HOME", str(home))
    return runs.open_run(found.run)


def say(run: Run, kind: str, state: Any = "found", **more: Any) -> None:
    parts: dict[str, Any] = {"changes": (), "severity": "warning", **more}
    symptom = Symptom(kind, kind.title(), "It is 1.", 5, 1, why="Because.", state=state, **parts)
    store = Store(run.folder, 0, device="cpu", keep="best")
    store.put(symptom)
    store.close()


def test_what_stands_is_what_was_found_and_is_not_over(run: Run) -> None:
    say(run, "dead_relu", node="relu1")
    say(run, "overfitting")
    say(run, "not_finite", severity="error")
    say(run, "starved")
    say(run, "overfitting", "gone")
    say(run, "dead_relu", "changed", node="relu2")
    assert [row["kind"] for row in run.standing()] == ["not_finite", "dead_relu", "starved"]
    assert run.standing()[1]["node"] == "relu2"
    assert [row["state"] for row in run.symptoms()].count("gone") == 1
    assert "Over: Overfitting" in run.log()


def test_a_change_of_the_network_begins_a_new_run_of_the_same_project(run: Run) -> None:
    node = next(node for node in run.project().graph.nodes if node.layer == "ReLU").id
    edits = [["set_layer", {"id": node, "layer": "LeakyReLU", "params": {}}]]
    change = {"label": "Make it LeakyReLU", "why": "So.", "edits": edits, "graph": "model"}
    say(run, "dead_relu", node=node, changes=[change])
    fresh = runs.treat(run.id, "dead_relu", detach=False)
    assert fresh.id != run.id
    assert fresh.status.status == "finished", fresh.log()
    assert "LeakyReLU" in fresh.source
    assert fresh.info["project_id"] == run.info["project_id"]
    assert fresh.info["treated"] == {"run": run.id, "symptom": "dead_relu"}
    assert fresh.info["name"].endswith("Make it LeakyReLU")
    assert "LeakyReLU" not in run.source


def test_a_change_of_the_recipe_is_made_in_a_new_run(run: Run) -> None:
    overrides = {"recipe.class_weights": "balanced"}
    change = {"label": "Let every class count the same", "why": "So.", "overrides": overrides}
    say(run, "class_collapse", changes=[change])
    fresh = runs.treat(run.id, "class_collapse", detach=False)
    assert fresh.project().recipe.class_weights == "balanced"
    assert run.project().recipe.class_weights is None


def test_a_change_of_the_pace_goes_on_from_the_best_epoch_where_epochs_are_left(run: Run) -> None:
    index = files.read_json(run.folder / "checkpoints.json")
    assert isinstance(index, dict)
    change = {"label": "Slower", "why": "So.", "overrides": {"recipe.optimizer.lr": 1e-5}}
    say(run, "rate_too_high", changes=[change])
    best = run.checkpoint("best").epoch
    fresh = runs.treat(run.id, "rate_too_high", detach=False)
    assert fresh.project().recipe.optimizer.lr == 1e-5
    left = best < run.project().recipe.epochs
    assert ("forked" in fresh.info) == left
    assert "rate_too_high" not in {one["kind"] for one in fresh.symptoms()}


def test_what_ruined_the_weights_is_mended_in_a_run_with_fresh_ones(run: Run) -> None:
    change = {"label": "Slower", "why": "", "overrides": {"recipe.optimizer.lr": 1e-4}}
    say(run, "rate_too_high", changes=[{**change, "anew": True}])
    fresh = runs.treat(run.id, "rate_too_high", detach=False)
    assert fresh.project().recipe.optimizer.lr == 1e-4
    assert fresh.events()[0]["kind"] == "started"
    assert fresh.epochs()[0]["epoch"] == 1
    assert fresh.epochs()[0]["train_loss"] != run.epochs()[0]["train_loss"]


def test_after_an_order_that_did_harm_a_fork_begins_before_it(run: Run) -> None:
    change = {"label": "Back", "why": "So.", "overrides": {"recipe.optimizer.lr": 1e-3}}
    say(run, "rate_too_high", changes=[{**change, "before": 0}])
    fresh = runs.treat(run.id, "rate_too_high", detach=False)
    assert "forked" not in fresh.info  # nothing was kept that early


@pytest.mark.parametrize(("kind", "number"), [("starved", 0), ("dead_relu", 1), ("dead_relu", -1)])
def test_what_the_doctor_did_not_propose_is_refused(run: Run, kind: str, number: int) -> None:
    say(run, "dead_relu", changes=[{"label": "x", "why": "y.", "overrides": {"recipe.epochs": 1}}])
    before = len(runs.list_runs())
    with pytest.raises(LaminaError, match="proposes no change"):
        runs.treat(run.id, kind, number)
    assert len(runs.list_runs()) == before


def test_an_order_is_no_new_run(run: Run) -> None:
    say(run, "overfitting", changes=[{"label": "Stop", "why": "So.", "order": {"order": "stop"}}])
    with pytest.raises(LaminaError, match="order"):
        runs.treat(run.id, "overfitting")
