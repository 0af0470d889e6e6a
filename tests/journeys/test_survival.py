"""Closing the tab or killing the server does not touch a run; coming back finds it."""

import json

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey


def long_project(server: Server) -> str:
    """A project of its own whose run takes far longer than the journey."""
    file = server.home / "long.lamina.json"
    server.lamina("new", "--template", "cnn", "-o", str(file))
    text = json.loads(file.read_text())
    text["name"] = "long"
    text["recipe"]["epochs"] = 100_000
    text["recipe"].pop("early_stopping", None)
    file.write_text(json.dumps(text))
    return server.python(
        "import sys; from builder import project, workspace;"
        "print(workspace.create(project.load(sys.argv[1])))",
        str(file),
    ).strip()


def step_of(server: Server, run: str) -> int:
    shown = json.loads(server.lamina("runs", "show", run, "--json"))
    assert shown["status"] == "running", shown
    return int(shown["step"])


def test_the_tab_closed_and_the_server_killed_in_mid_run(browser: Browser, server: Server) -> None:
    project = long_project(server)
    first = browser.new_page(viewport={"width": 1440, "height": 900})
    first.goto(f"{server.address}/train?project={project}")
    steps.train(first)
    link = first.url
    run = link.partition("run=")[2].partition("&")[0]
    first.close()
    before = step_of(server, run)
    server.kill()
    until_moved = before
    for _ in range(300):
        until_moved = step_of(server, run)
        if until_moved > before:
            break
    assert until_moved > before, "the run stood still after the tab and the server were gone"
    server.start()
    second = browser.new_page(viewport={"width": 1440, "height": 900})
    second.goto(f"{server.address}/train?project={project}")
    expect(steps.testid(second, "run-status")).to_contain_text("Training", timeout=steps.LONG)
    assert run in second.url
    steps.wait_for_points(second, 10)
    seen = steps.points(second)
    steps.wait_for_points(second, seen + 1)
    steps.testid(second, "live-pause").click()
    expect(steps.testid(second, "run-status")).to_contain_text("Paused", timeout=steps.LONG)
    steps.testid(second, "live-pause").click()
    expect(steps.testid(second, "run-status")).to_contain_text("Training", timeout=steps.LONG)
    steps.testid(second, "live-lr").fill("0.0005")
    steps.testid(second, "live-set-lr").click()
    expect(steps.testid(second, "steering-log")).to_contain_text("0.0005", timeout=steps.LONG)
    steps.testid(second, "live-stop").click()
    expect(steps.testid(second, "run-status")).to_contain_text("Stopped", timeout=steps.LONG)
    second.close()
