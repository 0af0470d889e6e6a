"""Forks: a new run that goes on from a checkpoint, like its parent or with a changed recipe."""

import os
from collections.abc import Callable
from typing import Any

import pytest
import torch

from builder import runs
from builder.errors import LaminaError
from builder.evaluate import evaluate
from builder.home import room
from builder.project import Project, Recipe
from builder.runs import Run, index
from builder.runs import folder as folders
from builder.runs.fork import begins, differences, leaves, nearly_over
from builder.train import checkpoint, files

Make = Callable[..., Project]
STEPPED = "step-00000010"


def stopped_at_ten(make_project: Make, monkeypatch: pytest.MonkeyPatch, **recipe: Any) -> Run:
    """A run of three epochs (20 steps each) that kept its state after ten steps."""
    from builder.runs import execute

    plan = execute.plan

    def with_order(*given: Any) -> Any:
        from dataclasses import replace

        made = plan(*given)
        asked = iter(range(1, 10_000))

        def orders() -> list[dict[str, Any]]:
            return [{"order": "checkpoint", "id": "c"}] if next(asked) == 10 else []

        return replace(made, orders=orders, flush_every=0.0)

    monkeypatch.setattr(execute, "plan", with_order)
    run = runs.start(make_project(epochs=3, **recipe), detach=False, project_id="p")
    monkeypatch.setattr(execute, "plan", plan)
    assert run.status.status == "finished", run.log()
    return run


def last(run: Run) -> dict[str, torch.Tensor]:
    return dict(run.model("last").state_dict())


def equal(left: Run, right: Run) -> bool:
    ours, theirs = last(left), last(right)
    return all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_fork_without_changes_goes_on_like_its_parent_bit_for_bit(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = stopped_at_ten(make_project, monkeypatch, schedule={"name": "cosine"})
    before = {path.name: path.stat().st_mtime_ns for path in parent.folder.iterdir()}
    child = runs.fork(parent.id, STEPPED, detach=False)
    assert child.status.status == "finished", child.log()
    assert equal(parent, child)
    assert child.steps(points=0)["loss"].tolist() == parent.steps(points=0)["loss"].tolist()
    assert [row["epoch"] for row in child.epochs()] == [1, 2, 3]
    assert child.info["forked"]["run"] == parent.id
    assert child.info["project_id"] == "p"
    assert child.events()[0]["kind"] == "forked"
    assert before == {path.name: path.stat().st_mtime_ns for path in parent.folder.iterdir()}


@pytest.mark.parametrize(
    "overrides",
    [
        {"recipe.optimizer.lr": 0.05},
        {"recipe.optimizer": {"name": "SGD", "lr": 0.01}},
        {"recipe.batch_size": 100},
        {"recipe.rates": {"fc1": 0.1}},
        {"recipe.average": {"kind": "ema", "decay": 0.9}},
        {"recipe.schedule.name": "ReduceLROnPlateau"},
        {"recipe.epochs": 5, "recipe.seed": 7},
    ],
    ids=lambda changes: ",".join(changes),
)
def test_a_fork_with_a_changed_recipe_keeps_the_past_and_changes_the_future(
    make_project: Make, monkeypatch: pytest.MonkeyPatch, overrides: dict[str, Any]
) -> None:
    parent = stopped_at_ten(make_project, monkeypatch)
    child = runs.fork(parent.id, STEPPED, overrides, detach=False)
    assert child.status.status == "finished", child.log()
    past, ours = parent.steps(points=0)["loss"], child.steps(points=0)["loss"]
    assert ours[:10].tolist() == past[:10].tolist()
    assert not equal(parent, child) or "recipe.schedule.name" in overrides
    assert child.epochs()[-1]["epoch"] == overrides.get("recipe.epochs", 3)
    again = runs.fork(parent.id, STEPPED, overrides, detach=False)
    assert equal(child, again)


def test_a_fork_from_weights_alone_begins_afresh_with_the_optimiser(
    make_project: Make,
) -> None:
    parent = runs.start(make_project(epochs=3), detach=False)
    best = parent.checkpoint("best")
    best.path.with_suffix(".state.safetensors").unlink(missing_ok=True)
    if best.epoch == 3:
        child = runs.fork(parent.id, "best", {"recipe.epochs": 4}, detach=False)
    else:
        child = runs.fork(parent.id, "best", detach=False)
    assert child.status.status == "finished", child.log()
    assert "optimiser begins afresh" in child.log()
    assert not checkpoint.whole(parent.folder, "best"), "so that the form can say it before"
    assert checkpoint.whole(parent.folder, "last")
    assert child.epochs()[best.epoch]["train_loss"] < parent.epochs()[0]["train_loss"]


def test_a_fork_has_a_best_epoch_of_its_own_and_keeps_it(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At such a rate no epoch after the fork is as good as its parent's best."""
    parent = stopped_at_ten(make_project, monkeypatch)
    worse = {"recipe.optimizer.lr": 3.0, "recipe.epochs": 5}
    child = runs.fork(parent.id, "last", worse, detach=False)
    assert child.status.status == "finished", child.log()
    begun = child.info["forked"]["step"]
    own = [row for row in child.epochs() if row["step"] > begun]
    best = min(own, key=lambda row: row["validation_loss"])
    assert best["validation_loss"] > min(row["validation_loss"] for row in child.epochs())
    assert index.read_row(child.id).best["epoch"] == best["epoch"]
    assert child.checkpoint("best").epoch == best["epoch"]


@pytest.mark.parametrize(
    ("name", "overrides", "place", "words"),
    [
        ("nowhere", {}, "run", "It has: best, last"),
        ("last", {"recipe.epochs": 2}, "recipe.epochs", "Set it to 3 or more"),
        ("last", {"data.target": "x"}, "data.target", "recipe and the augmentation only"),
        ("last", {"recipe.start_from": "x"}, "recipe.start_from", "recipe and the augmentation"),
        ("last", {"recipe.epochs": 5, "recipe.batch_size": 0}, "recipe.batch_size", "at least 1"),
        ("last", {"recipe.epochs": 5, "recipe.device": "cuda:9"}, "recipe.device", "not there"),
    ],
)
def test_a_fork_that_cannot_be_is_refused_and_leaves_nothing_behind(
    make_project: Make, name: str, overrides: dict[str, Any], place: str, words: str
) -> None:
    parent = runs.start(make_project(epochs=2), detach=False)
    with pytest.raises(LaminaError, match=words) as caught:
        runs.fork(parent.id, name, overrides, detach=False)
    assert caught.value.place.startswith(place)
    assert [path.name for path in room("runs").iterdir()] == [parent.id]


def test_values_within_values_are_told_apart() -> None:
    found = leaves({"lr": 1, "more": {"a": 2}, "none": {}}, "recipe.optimizer")
    assert found == {
        "recipe.optimizer.lr": 1,
        "recipe.optimizer.more.a": 2,
        "recipe.optimizer.none": {},
    }


def test_what_a_fork_changes_is_told_in_words_also_what_it_takes_away() -> None:
    before = Project.model_validate(
        {
            "recipe": {"early_stopping": {"patience": 5}, "optimizer": {"lr": 0.001}},
            "data": {"augment": [{"kind": "flip"}]},
        }
    )
    after = Project.model_validate(
        {
            "recipe": {"optimizer": {"lr": 0.0001, "amsgrad": True}, "epochs": 99},
            "data": {"augment": [{"kind": "flip"}, {"kind": "noise", "strength": 0.1}]},
        }
    )
    told = differences(before, after, {"recipe.early_stopping": None, "recipe.optimizer": {}})
    assert {one.name: (one.was, one.now) for one in told} == {
        "optimizer.lr": ("0.001", "0.0001"),
        "optimizer.amsgrad": ("none", "on"),
        "early_stopping.patience": ("5", "none"),
        "early_stopping.min_delta": ("0", "none"),
        "early_stopping.monitor": ("validation_loss", "none"),
        "augmentation": ("flip", "flip, noise (strength 0.1)"),
    }
    assert differences(before, before, {"recipe.epochs": 1}) == []


@pytest.mark.parametrize("length", [0, 5, 0.5])
def test_a_damaged_checkpoint_is_told_of_with_those_that_are_left(
    make_project: Make, length: float
) -> None:
    parent = runs.start(make_project(epochs=2, keep="all"), detach=False)
    best, first = parent.checkpoint("best").path, parent.checkpoint("epoch-0001").path
    assert best != first
    whole = best.read_bytes()
    best.write_bytes(whole[: int(length * len(whole)) if length < 1 else int(length)])
    for asked in (
        lambda: evaluate(parent.id, splits=("test",)),
        lambda: parent.model("best"),
    ):
        with pytest.raises(LaminaError, match="The checkpoint 'best' of the run is dama") as caught:
            asked()
        assert (caught.value.place, caught.value.code) == (str(best), "checkpoint_damaged")
        told = "It also has 'epoch-0001': take one, or fork the run from it."
        assert caught.value.remedy == told, "'last' is the same file"
    with pytest.raises(LaminaError, match="The checkpoint 'best' of the run is damaged") as caught:
        runs.start(make_project(start_from=parent.id), detach=False)
    assert caught.value.place == "recipe.start_from"
    assert runs.fork(parent.id, "epoch-0001", {"recipe.epochs": 3}, detach=False).status.epoch == 3


def test_the_only_checkpoint_is_damaged(make_project: Make) -> None:
    parent = runs.start(make_project(keep="best"), detach=False)
    parent.checkpoint("best").path.write_bytes(b"\x08\x00")
    with pytest.raises(LaminaError, match="It has no other that can be read: start the run again"):
        parent.model("best")


def test_damaged_and_deleted_checkpoints_are_refused_in_words(make_project: Make) -> None:
    parent = runs.start(make_project(epochs=2), detach=False)
    path = parent.checkpoint("last").path
    state = path.with_suffix(".state.safetensors")
    whole = state.read_bytes()
    state.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LaminaError, match="is damaged") as caught:
        runs.fork(parent.id, "last", {"recipe.epochs": 5}, detach=False)
    assert caught.value.code == "checkpoint_damaged"
    state.unlink()
    with pytest.raises(LaminaError, match="is not there any more"):
        runs.fork(parent.id, "last", {"recipe.epochs": 5}, detach=False)
    path.unlink()
    with pytest.raises(LaminaError, match="has no checkpoint 'last'"):
        runs.fork(parent.id, "last", {"recipe.epochs": 5}, detach=False)
    assert len(list(room("runs").iterdir())) == 1


def test_weights_that_are_not_finite_are_no_beginning(make_project: Make) -> None:
    first = runs.start(make_project(epochs=1), detach=False)
    path = first.checkpoint("best").path
    weights = checkpoint.weights(path)
    weights["fc1.weight"][0, 0] = float("nan")
    checkpoint.write(path, weights, {})
    for begin in (
        lambda: runs.start(make_project(start_from=first.id), detach=False),
        lambda: runs.fork(first.id, "best", {"recipe.epochs": 3}, detach=False),
    ):
        with pytest.raises(LaminaError, match="'fc1' are not finite"):
            begin()


def test_a_run_whose_last_checkpoint_was_lost_goes_on_from_one_that_was_kept(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = stopped_at_ten(make_project, monkeypatch)
    whole = last(parent)
    index = files.read_json(parent.folder / "checkpoints.json")
    (parent.folder / "checkpoints" / index["last"]["file"]).write_bytes(b"torn")
    from builder.runs.execute import execute

    folders.write_status(parent.folder, folders.Status(status="queued"))
    assert execute(parent.folder, folders.raise_fence(parent.folder)) == "finished"
    lost = next(event for event in parent.events() if event["kind"] == "checkpoint_lost")
    assert STEPPED in lost["message"]
    assert all(torch.equal(whole[name], x) for name, x in last(parent).items())


@pytest.mark.parametrize(
    ("overrides", "place", "words"),
    [
        ({"recipe.freeze": ["conv1"]}, "recipe.freeze", "Nodes with weights: fc1, head"),
        ({"recipe.freeze": ["*"]}, "recipe.freeze", "Nothing would be left"),
        ({"recipe.rates": {"conv1": 0.1}}, "recipe.rates", "No node with weights"),
        ({"recipe.rates": {"fc1": 0}}, "recipe.rates.fc1", "must be above 0"),
        ({"recipe.schedule.name": "cosinus"}, "recipe.schedule.name", "CosineAnnealingLR"),
        (
            {"recipe.schedule": {"name": "StepLR"}},
            "recipe.schedule.options.step_size",
            "needs the option",
        ),
        ({"recipe.accumulate": 64}, "recipe.accumulate", "At most 32"),
        ({"recipe.precision": "tf32"}, "recipe.precision", "NVIDIA"),
        ({"recipe.average": {"decay": 1.5}}, "recipe.average.decay", "must be below 1"),
        (
            {"recipe.optimizer.name": "LBFGS", "recipe.rates": {"fc1": 0.1}},
            "recipe.optimizer.name",
            "cannot be combined",
        ),
    ],
)
def test_a_technique_that_cannot_work_is_refused_before_the_start(
    make_project: Make, overrides: dict[str, Any], place: str, words: str
) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        runs.start(make_project(), overrides=overrides, detach=False)
    assert caught.value.place == place
    assert list(room("runs").iterdir()) == []


def test_an_order_for_a_node_that_is_not_there_is_refused_at_once(make_project: Make) -> None:
    run = runs.start(make_project(epochs=1), detach=False)
    folders.write_status(run.folder, folders.Status(status="running", pid=os.getpid()))
    with pytest.raises(LaminaError, match="The nodes are: drop1, fc1"):
        runs.order(run.id, {"order": "set", "freeze": ["conv1"]})
    with pytest.raises(LaminaError, match="training rows only"):
        runs.order(run.id, {"order": "set", "batch_size": 100_000})
    runs.order(run.id, {"order": "set", "freeze": ["fc*"], "batch_size": 32})
    assert files.read_lines(run.folder / "orders.jsonl")[0]["freeze"] == ["fc*"]
    assert [event["accepted"] for event in run.events()[-2:]] == [False, False]


def test_a_fork_begins_with_what_orders_had_made_of_the_recipe(
    make_project: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of batch size, decay, freezing, patience and rate: shown, recorded and used alike."""
    from builder.runs import execute

    plan, batch = execute.plan, make_project().recipe.batch_size
    set_all = {"order": "set", "id": "s", "lr": 0.02, "weight_decay": 0.3, "freeze": ["fc1"]}
    set_all |= {"batch_size": 10, "patience": 7}

    def with_orders(*given: Any) -> Any:
        from dataclasses import replace

        asked = iter(range(1, 10_000))

        def orders() -> list[dict[str, Any]]:
            now = next(asked)
            return [set_all] if now == 5 else []

        return replace(plan(*given), orders=orders, flush_every=0.0)

    optimizer = {"name": "AdamW", "lr": 0.01, "weight_decay": 0.01}
    monkeypatch.setattr(execute, "plan", with_orders)
    parent = runs.start(make_project(epochs=3, optimizer=optimizer), detach=False)
    monkeypatch.setattr(execute, "plan", plan)
    assert parent.status.status == "finished", parent.log()
    held = begins(parent, "last").recipe
    assert held.batch_size == 10 != batch
    assert held.optimizer.arguments() == pytest.approx({"lr": 0.02, "weight_decay": 0.3})
    assert held.freeze == ("fc1",)
    assert held.early_stopping is not None
    assert held.early_stopping.patience == 7
    child = runs.fork(
        parent.id, "last", {"recipe.epochs": 4, "recipe.optimizer.lr": 0.005}, detach=False
    )
    assert child.status.status == "finished", child.log()
    kept = child.project().recipe
    assert (kept.batch_size, kept.freeze) == (10, ("fc1",))
    assert kept.optimizer.arguments() == pytest.approx({"lr": 0.005, "weight_decay": 0.3})
    rates = child.steps(points=0)["lr"][parent.status.step :].tolist()
    assert rates == pytest.approx([0.005] * len(rates))
    steps = child.status.step - parent.status.step
    assert steps == -(-child.spec.sizes["train"] // 10)
    before, after = last(parent), last(child)
    assert torch.equal(before["fc1.weight"], after["fc1.weight"]), "it is still frozen"
    words = str(child.events()[0]["message"])
    assert "optimizer.lr 0.02 → 0.005" in words
    assert "weight_decay" not in words


@pytest.mark.parametrize(
    ("schedule", "epochs", "told"), [("onecycle", 305, True), ("onecycle", 600, False),
                                     ("constant", 305, False)]
)  # fmt: skip
def test_a_fork_at_the_end_of_its_schedule_is_told(schedule: str, epochs: int, told: bool) -> None:
    recipe = Recipe.model_validate({"epochs": epochs, "schedule": {"name": schedule}})
    assert bool(nearly_over(recipe, 300, 1000)) == told
