"""A small project on scikit-learn's digits, and no process left behind."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from builder.project import Project
from builder.runs import Run, launch
from builder.train import files
from tests.small import digits, one_home, served


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
        return digits("drop2", **recipe)

    return make


def until(condition: Callable[[], Any], timeout: float = 90.0) -> Any:
    """Wait for something that other processes bring about."""
    end = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.01)
    return found


def undisturbed(run: Run) -> Run:
    """The run again, here and now, and nothing disturbs it: the same project, which obeys what the
    run's log of orders holds at the steps where it was obeyed.
    """
    lasting = [event for event in run.events() if event["kind"] == "order" and event["accepted"]]

    def fill(folder: Path) -> None:
        for event in lasting:
            files.append_line(folder / "events.jsonl", event)

    return launch.begin(
        launch.check(run.project()), project_id="", name="alone", detach=False, fill=fill
    )


__all__ = ["one_home", "served", "undisturbed", "until"]
