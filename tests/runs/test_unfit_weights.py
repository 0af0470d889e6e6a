"""Weights to begin with that do not go with the run are refused before it starts, by field."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from builder import runs
from builder.errors import LaminaError
from builder.project import Project

Make = Callable[..., Project]


def refused(project: Project, words: str) -> None:
    with pytest.raises(LaminaError, match=words) as caught:
        runs.start(project, detach=False)
    assert caught.value.place == "recipe.start_from"
    assert caught.value.remedy
    assert runs.list_runs() == []


def test_weights_of_another_graph(make_project: Make, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"conv1.weight": torch.zeros(3, 3)}, path)
    refused(make_project(start_from=str(path)), "of another graph")


def test_a_corrupt_file(make_project: Make, tmp_path: Path) -> None:
    path = tmp_path / "torn.safetensors"
    path.write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{torn")
    refused(make_project(start_from=str(path)), "torn.safetensors: This is no readable")


def test_a_run_whose_checkpoint_was_deleted(make_project: Make) -> None:
    first = runs.start(make_project(), detach=False)
    first.checkpoint("best").path.unlink()
    with pytest.raises(LaminaError, match="no checkpoint 'best'") as caught:
        runs.start(make_project(start_from=first.id), detach=False)
    assert caught.value.place == "recipe.start_from"
    assert [row.id for row in runs.list_runs()] == [first.id]


def test_weights_that_are_not_finite(make_project: Make, tmp_path: Path) -> None:
    first = runs.start(make_project(), detach=False)
    path = tmp_path / "nan.safetensors"
    weights = {name: x.clone() for name, x in first.model("last").state_dict().items()}
    weights["fc1.weight"][0] = float("nan")
    save_file(weights, path)
    with pytest.raises(LaminaError, match="not finite") as caught:
        runs.start(make_project(start_from=str(path)), detach=False)
    assert caught.value.place == "recipe.start_from"
