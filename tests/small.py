"""A small project on scikit-learn's digits, and a home whose supervisor serves a file's tests."""

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from builder import runs
from builder.project import Project

CHAIN: Mapping[str, dict[str, Any]] = {
    "image": {"layer": "Input"},
    "flat": {"layer": "Flatten"},
    "fc1": {"layer": "Linear", "params": {"out_features": 16}},
    "relu1": {"layer": "ReLU"},
    "drop1": {"layer": "Dropout", "params": {"p": 0.1}},
    "drop2": {"layer": "Dropout", "params": {"p": 0.2}},
    "head": {"layer": "Linear", "params": {"out_features": 10}},
    "out": {"layer": "Output"},
}


def digits(*without: str, width: int = 16, **recipe: Any) -> Project:
    """Digits through a chain of layers, less those named; one thread of the CPU."""
    chain = {name: dict(node) for name, node in CHAIN.items() if name not in without}
    chain["fc1"]["params"] = {"out_features": width}
    ids = list(chain)
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
                    "nodes": [{"id": name, **node} for name, node in chain.items()],
                    "edges": [[here, there] for here, there in itertools.pairwise(ids)],
                }
            },
            "recipe": {"epochs": 2, "batch_size": 64, "device": "cpu", "threads": 1, **recipe},
        }
    )


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
