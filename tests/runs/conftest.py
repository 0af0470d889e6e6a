"""A small project on scikit-learn's digits, and no process left behind."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from builder import runs
from builder.project import Project


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prepared")


@pytest.fixture
def make_project(
    request: pytest.FixtureRequest, lamina_home: Path, prepared_home: Path
) -> Callable[..., Project]:
    """Projects whose data is prepared once for all tests."""
    shared = "served" in request.fixturenames
    home: Path = request.getfixturevalue("served") if shared else lamina_home
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "prepared").exists():
        (home / "prepared").symlink_to(prepared_home)

    def make(**recipe: Any) -> Project:
        settings = {"epochs": 2, "batch_size": 64, "device": "cpu", "threads": 1, **recipe}
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
                            {"id": "head", "layer": "Linear", "params": {"out_features": 10}},
                            {"id": "out", "layer": "Output"},
                        ],
                        "edges": [
                            ["image", "flat"],
                            ["flat", "fc1"],
                            ["fc1", "relu1"],
                            ["relu1", "drop1"],
                            ["drop1", "head"],
                            ["head", "out"],
                        ],
                    }
                },
                "recipe": settings,
            }
        )

    return make


@pytest.fixture(scope="module")
def one_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home whose supervisor serves all tests of a file, one run at a time, and ends with them."""
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
        assert not mine, "the supervisor or a worker outlived its shutdown"


@pytest.fixture
def served(one_home: Path, lamina_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file's home in place of the test's own."""
    monkeypatch.setenv("LAMINA_HOME", str(one_home))
    return one_home


def _ours(child: psutil.Process) -> bool:
    try:
        return any("builder.runs" in part for part in child.cmdline())
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], Any], timeout: float = 90.0) -> Any:
    """Wait for something that other processes bring about."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
    return found


__all__ = ["until"]
