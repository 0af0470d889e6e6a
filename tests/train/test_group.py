"""Several workers train what one would: two or three processes over gloo on the loopback."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from builder.train.group import Group, own_state

pytestmark = pytest.mark.slow

Run = Callable[..., Path]
LOOPBACK = {"linux": {"GLOO_SOCKET_IFNAME": "lo"}, "darwin": {"GLOO_SOCKET_IFNAME": "lo0"}}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Train in that many processes; gives the folder with what came out."""

    def start(name: str, size: int, **told: Any) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        (folder / "plan.json").write_text(json.dumps(told))
        environment = {**os.environ, **LOOPBACK.get(sys.platform, {}), "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", "tests.train.group_worker"]
        children = [
            subprocess.Popen([*command, str(rank), str(size), str(folder)], env=environment)
            for rank in range(size)
        ]
        try:
            assert [child.wait(240) for child in children] == [0] * size
        finally:
            for child in children:
                child.kill()
        return folder

    return start


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "weights.safetensors")


def close(left: Path, right: Path, tolerance: float = 2e-5) -> None:
    for name, x in weights(left).items():
        torch.testing.assert_close(x, weights(right)[name], rtol=tolerance, atol=tolerance)


def test_two_workers_take_the_steps_of_one(run: Run) -> None:
    recipe = {"optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9}, "clip_norm": 0.5}
    alone = run("alone", 1, model="plain", recipe=recipe)
    both = run("both", 2, model="plain", recipe=recipe)
    close(alone, both)
    one, two = result(alone), result(both)
    assert two["losses"] == pytest.approx(one["losses"], rel=1e-4)
    assert len(one["epochs"]) == len(two["epochs"]) == 3
    for left, right in zip(one["epochs"], two["epochs"]):
        figures = [name for name in left if name.startswith(("train_", "validation_"))]
        assert len(figures) > 3
        assert {n: right[n] for n in figures} == pytest.approx({n: left[n] for n in figures})


def test_a_step_with_fewer_rows_than_workers_is_no_different(run: Run) -> None:
    recipe = {"batch_size": 20, "epochs": 2, "accumulate": 2, "optimizer": {"name": "AdamW"}}
    alone = run("alone", 1, model="plain", rows=42, recipe=recipe)
    three = run("three", 3, model="plain", rows=42, recipe=recipe)
    close(alone, three)
    assert result(three)["epochs"][-1]["train_loss"] == pytest.approx(
        result(alone)["epochs"][-1]["train_loss"], rel=1e-4
    )


def test_a_resumed_group_equals_one_that_was_left_alone(run: Run) -> None:
    recipe = {
        "optimizer": {"name": "Adam", "lr": 0.01},
        "schedule": {"name": "cosine"},
        "average": {"kind": "ema", "decay": 0.9},
    }
    whole = run("whole", 2, model="cnn", recipe=recipe)
    cut = 9
    again = run("again", 2, model="cnn", recipe=recipe, resume=str(whole / f"at-{cut}"))
    for name, x in weights(whole).items():
        assert torch.equal(x, weights(again)[name]), name
    assert result(again)["losses"] == result(whole)["losses"][cut:]
    first, second = result(whole)["epochs"], result(again)["epochs"]
    keys = [name for name in first[-1] if name.startswith(("train_", "validation_"))]
    for left, right in zip(first[-len(second) :], second):
        assert [left[key] for key in keys] == [right[key] for key in keys]


def test_orders_take_hold_of_all_workers_at_one_step(run: Run) -> None:
    orders: list[list[dict[str, Any]]] = [[] for _ in range(12)]
    orders[2] = [{"order": "set", "lr": 0.05, "batch_size": 24, "freeze": ["fc1"]}]
    orders[4] = [{"order": "pause"}]
    orders[5] = [{"order": "evaluate"}]
    orders[6] = [{"order": "resume"}]
    orders[9] = [{"order": "stop_after_epoch"}]
    alone = run("alone", 1, model="plain", orders=orders, recipe={"epochs": 9})
    both = run("both", 2, model="plain", orders=orders, recipe={"epochs": 9})
    assert result(both)["end"] == result(alone)["end"] == "stopped"
    assert len(result(both)["losses"]) == len(result(alone)["losses"])
    close(alone, both)


def test_a_loss_that_is_no_number_on_one_worker_ends_all_with_the_same_words(run: Run) -> None:
    told = result(run("both", 2, model="plain", spoil=7))
    assert "no longer a finite number" in told["error"]
    assert "'table'" in told["error"]
    assert told["end"] is None


def test_each_row_of_a_step_belongs_to_one_worker() -> None:
    for size in (1, 2, 3, 5):
        groups = [Group(rank, size) for rank in range(size)]
        for rows in range(1, 40):
            shares = [(group.own(100, 100 + rows), group.weight) for group in groups]
            counted = [stretch for stretch, weight in shares if weight]
            taken = [row for first, last in counted for row in range(first, last)]
            assert taken == list(range(100, 100 + rows))
            assert sum(weight for _, weight in shares) == pytest.approx(1)
            assert all(last - first >= min(2, rows) for (first, last), _ in shares)


def test_a_checkpoint_of_two_workers_is_taken_up_by_one() -> None:
    tensors = {
        "rng": torch.zeros(2),
        "running/rows": torch.tensor([4]),
        "running/target": torch.tensor([0, 1]),
        "worker/1/rng": torch.ones(2),
        "worker/1/running/target": torch.tensor([2, 0]),
    }
    alone = own_state(tensors, None)
    assert alone["running/target"].tolist() == [0, 1, 2, 0]
    assert alone["rng"].tolist() == [0, 0]
    assert own_state(tensors, Group(1, 2))["rng"].tolist() == [1, 1]
    assert own_state(tensors, Group(1, 2))["running/rows"].tolist() == [4]
    assert "rng" not in own_state(tensors, Group(2, 3))
