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
from tests.train.group_worker import work

pytestmark = pytest.mark.slow

LOOPBACK = {"linux": {"GLOO_SOCKET_IFNAME": "lo"}, "darwin": {"GLOO_SOCKET_IFNAME": "lo0"}}
SGD = {"optimizer": {"name": "SGD", "lr": 0.1, "momentum": 0.9}, "clip_norm": 0.5}
ORDERS: dict[int, list[dict[str, Any]]] = {
    2: [{"order": "set", "lr": 0.05, "batch_size": 24, "freeze": ["fc1"]}],
    4: [{"order": "pause"}],
    5: [{"order": "evaluate"}],
    6: [{"order": "resume"}],
    9: [{"order": "stop_after_epoch"}],
}
CNN = {
    "optimizer": {"name": "Adam", "lr": 0.01},
    "schedule": {"name": "cosine"},
    "average": {"kind": "ema", "decay": 0.9},
}
CUT = 9
"""A step in the midst of an epoch."""
PLANS: dict[str, dict[str, Any]] = {
    "steps": {"model": "plain", "recipe": SGD},
    "few rows": {
        "model": "plain",
        "rows": 42,
        "recipe": {"batch_size": 20, "epochs": 2, "accumulate": 2},
    },
    "ordered": {
        "model": "plain",
        "orders": [ORDERS.get(number, []) for number in range(12)],
        "recipe": {"epochs": 9},
    },
    "spoilt": {"model": "plain", "spoil": 7},
    "whole": {"model": "cnn", "recipe": CNN, "keep": [CUT]},
    "again": {"model": "cnn", "recipe": CNN, "resume": f"whole/at-{CUT}"},
}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two workers made of all plans, a folder each."""
    folder = tmp_path_factory.mktemp("both")
    (folder / "plans.json").write_text(json.dumps(PLANS))
    environment = {**os.environ, **LOOPBACK.get(sys.platform, {}), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tests.train.group_worker"]
    children = [
        subprocess.Popen([*command, str(rank), "2", str(folder)], env=environment)
        for rank in range(2)
    ]
    try:
        assert [child.wait(280) for child in children] == [0, 0]
    finally:
        for child in children:
            child.kill()
            child.wait()
    return folder


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """What one process makes of a plan."""
    folder = tmp_path_factory.mktemp("alone")

    def train(name: str) -> Path:
        work(folder / name, PLANS[name], None)
        return folder / name

    return train


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "weights.safetensors")


def close(left: Path, right: Path, tolerance: float = 2e-5) -> None:
    for name, x in weights(left).items():
        torch.testing.assert_close(x, weights(right)[name], rtol=tolerance, atol=tolerance)


def figures(row: dict[str, Any]) -> dict[str, float]:
    return {name: row[name] for name in row if name.startswith(("train_", "validation_"))}


Alone = Callable[[str], Path]


def test_two_workers_take_the_steps_of_one(both: Path, alone: Alone) -> None:
    one = alone("steps")
    close(one, both / "steps")
    left, right = result(one), result(both / "steps")
    assert right["losses"] == pytest.approx(left["losses"], rel=1e-4)
    assert len(left["epochs"]) == len(right["epochs"]) == 3
    for first, second in zip(left["epochs"], right["epochs"]):
        assert len(figures(first)) > 3
        assert figures(second) == pytest.approx(figures(first), rel=1e-4)


def test_a_step_with_too_few_rows_for_all_is_no_different(both: Path, alone: Alone) -> None:
    one = alone("few rows")
    close(one, both / "few rows")
    left, right = result(one)["epochs"][-1], result(both / "few rows")["epochs"][-1]
    assert figures(right) == pytest.approx(figures(left), rel=1e-4)


def test_a_resumed_group_equals_one_that_was_left_alone(both: Path) -> None:
    whole, again = both / "whole", both / "again"
    for name, x in weights(whole).items():
        assert torch.equal(x, weights(again)[name]), name
    first, second = result(whole), result(again)
    assert second["losses"] == first["losses"][CUT:]
    assert 0 < len(second["epochs"]) < len(first["epochs"])
    for left, right in zip(first["epochs"][-len(second["epochs"]) :], second["epochs"]):
        assert figures(left) == figures(right)


def test_orders_take_hold_of_all_workers_at_one_step(both: Path, alone: Alone) -> None:
    one, two = alone("ordered"), both / "ordered"
    assert result(two)["end"] == result(one)["end"] == "stopped"
    assert len(result(two)["losses"]) == len(result(one)["losses"])
    close(one, two)


def test_a_loss_that_is_no_number_on_one_worker_ends_all_with_its_words(both: Path) -> None:
    told = result(both / "spoilt")
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
