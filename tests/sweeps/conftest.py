"""A project on scikit-learn's digits; a home whose supervisor serves a file's tests."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from builder import runs
from builder.project import Project


@pytest.fixture
def project() -> Project:
    return Project.model_validate(
        {
            "name": "digits",
            "data": {
                "source": "sklearn",
                "options": {"name": "digits"},
                "target": "target",
                "inputs": {"image": {"form": "image"}},
            },
            "graphs": {
                "model": {
                    "nodes": [
                        {"id": "image", "layer": "Input"},
                        {"id": "flat", "layer": "Flatten"},
                        {"id": "fc1", "layer": "Linear", "params": {"out_features": 16}},
                        {"id": "relu1", "layer": "ReLU"},
                        {"id": "drop1", "layer": "Dropout", "params": {"p": 0.1}},
                        {"id": "drop2", "layer": "Dropout", "params": {"p": 0.2}},
                        {"id": "head", "layer": "Linear", "params": {"out_features": 10}},
                        {"id": "out", "layer": "Output"},
                    ],
                    "edges": [
                        ["image", "flat"],
                        ["flat", "fc1"],
                        ["fc1", "relu1"],
                        ["relu1", "drop1"],
                        ["drop1", "drop2"],
                        ["drop2", "head"],
                        ["head", "out"],
                    ],
                }
            },
            "recipe": {"epochs": 2, "batch_size": 256, "device": "cpu", "threads": 1},
        }
    )


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("served")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LAMINA_HOME", str(home))
        patch.setenv("LAMINA_IDLE_SECONDS", "60")
        patch.setenv("LAMINA_RUNS_CPU", "1")
        yield home
        runs.shutdown()
        mine = [child for child in psutil.Process().children(recursive=True) if _ours(child)]
        for child in mine:
            child.kill()
        assert not mine, "the supervisor, a worker or a driver outlived the shutdown"


@pytest.fixture
def served(one_home: Path, lamina_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file's home in place of the test's own."""
    monkeypatch.setenv("LAMINA_HOME", str(one_home))
    return one_home


def _ours(child: psutil.Process) -> bool:
    try:
        return any("builder." in part for part in child.cmdline())
    except psutil.NoSuchProcess:
        return False
