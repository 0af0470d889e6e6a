"""A run is steered from its panel, forked at epoch 3 with another recipe, watched to the end."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey
CREATE = (
    "from builder import templates, workspace;"
    "made = templates.make('mlp-classification');"
    "recipe = made.recipe.model_copy(update={'epochs': 100_000, 'keep': 'all',"
    " 'batch_size': 2, 'early_stopping': None, 'device': 'cpu'});"
    "print(workspace.create(made.model_copy(update={'recipe': recipe})))"
)


@pytest.fixture(scope="module")
def project(server: Server) -> str:
    return server.python(CREATE).strip()


def test_a_run_is_steered_then_forked_at_epoch_3_and_watched_to_the_end(
    page: Page, server: Server, project: str
) -> None:
    page.goto(f"{server.address}/train?project={project}")
    steps.key(page, "train_start").wait_for(timeout=steps.LONG)
    steps.train(page)
    _steer(page)
    steps.testid(page, "kept").locator("summary").click()
    steps.testid(page, "fork-epoch-0003").wait_for()
    steps.testid(page, "steer-stop_after_epoch").click()
    expect(steps.testid(page, "run-status")).to_contain_text("Stopped", timeout=steps.LONG)
    log = steps.testid(page, "steering-log")
    expect(log).to_contain_text("You set the batch size to 4")
    expect(log.locator("em[data-state=applied]").first).to_contain_text("applied at step")
    expect(log.locator("em[data-state=refused]").first).to_contain_text("training rows only")
    parent = page.url.partition("run=")[2].partition("&")[0]
    _fork(page)
    steps.finish(page)
    loss = page.locator('section.chart[aria-label="Loss"]').first
    expect(steps.testid(page, "beside")).to_contain_text("run 1")
    assert int(loss.get_attribute("data-beside") or 0) > 0
    expect(log).to_contain_text("optimizer.lr")
    shown = json.loads(server.lamina("runs", "show", "last", "--json"))
    assert (shown["status"], shown["epoch"]) == ("finished", 8)
    assert shown["recipe"]["optimizer"]["lr"] == 0.0005
    info = json.loads((server.home / "runs" / shown["run"] / "run.json").read_text())
    assert info["forked"]["run"] == parent
    assert info["forked"]["epoch"] == 3


def _steer(page: Page) -> None:
    """Each order is followed to the step at which it was applied, or to why it was refused."""
    steps.testid(page, "steer").locator("summary").click()
    batch = steps.testid(page, "steer-batch_size")
    batch.locator("input").fill("4")
    steps.testid(page, "steer-set-batch_size").click()
    expect(batch.locator(".said")).to_contain_text("applied at step", timeout=steps.LONG)
    batch.locator("input").fill("1000000")
    steps.testid(page, "steer-set-batch_size").click()
    expect(batch.locator(".said.refused")).to_contain_text("training rows only")
    batch.locator("input").fill("0")
    steps.testid(page, "steer-set-batch_size").click()
    expect(batch.locator(".said.refused")).to_contain_text("whole number of at least 1")
    frozen = steps.testid(page, "steer-freeze")
    frozen.locator(".chip").first.click()
    steps.testid(page, "steer-set-freeze").click()
    expect(frozen.locator(".said")).to_contain_text("applied at step", timeout=steps.LONG)
    steps.testid(page, "steer-evaluate").click()
    expect(page.locator(".actions + .said.done")).to_contain_text("applied", timeout=steps.LONG)


def _fork(page: Page) -> None:
    steps.testid(page, "fork-epoch-0003").click()
    start = steps.key(page, "fork_start")
    start.wait_for(timeout=steps.LONG)
    for field, value in (("epochs", "8"), ("optimizer_lr", "0.0005")):
        box = page.locator(f"[class*='st-key-fork_'][class*='_{field}'] input").first
        box.fill(value)
        box.press("Enter")
        expect(steps.testid(page, "fork-changes")).to_contain_text(value, timeout=steps.LONG)
    start.click()
    steps.testid(page, "beside").wait_for(timeout=steps.LONG)
