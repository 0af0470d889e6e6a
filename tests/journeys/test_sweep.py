"""A sweep of six trials on a tiny table: from the form to the adopted settings.

The server is killed meanwhile.
"""

import json
import random
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey
CREATE = (
    "import sys; from builder import templates, workspace; from builder.project import Data;"
    "data = Data(source='table', options={'path': sys.argv[1]}, target='buys');"
    "made = templates.make('mlp-classification', data);"
    "recipe = made.recipe.model_copy(update={'epochs': 5});"
    "print(workspace.create(made.model_copy(update={'recipe': recipe})))"
)


@pytest.fixture(scope="module")
def project(server: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    draw = random.Random(0)
    lines = ["age,town,buys"]
    for _ in range(200):
        age, town = draw.randint(18, 80), draw.choice("AB")
        lines.append(f"{age},{town},{'yes' if age + 20 * (town == 'A') > 55 else 'no'}")
    path = tmp_path_factory.mktemp("tables") / "tiny.csv"
    path.write_text("\n".join(lines) + "\n")
    return server.python(CREATE, str(path)).strip()


def test_a_sweep_runs_on_while_the_server_is_killed_and_its_best_is_adopted(
    page: Page, server: Server, project: str
) -> None:
    page.goto(f"{server.address}/runs?project={project}&sweep=new")
    add = page.locator(".st-key-sweep_add input")
    add.click(timeout=steps.LONG)
    add.fill("Batch size")
    page.get_by_text("Batch size · Recipe").last.click()
    trials = page.locator(".st-key-sweep_trials input")
    trials.fill("6")
    trials.press("Enter")
    expect(steps.testid(page, "sweep-meaning")).to_contain_text("6 runs of up to 5 epochs")
    start = steps.key(page, "sweep_start")
    expect(start).to_be_enabled(timeout=steps.LONG)
    start.click()
    progress = steps.testid(page, "sweep-progress")
    expect(progress).to_contain_text("of 6", timeout=steps.LONG)
    address = page.url
    server.kill()
    server.start()
    page.goto(address.replace(address.split("/runs")[0], server.address))
    expect(progress).to_contain_text("6of 6", timeout=steps.LONG)
    expect(steps.testid(page, "trial-6")).to_be_visible(timeout=steps.LONG)
    expect(steps.testid(page, "parallel").locator("path.line")).to_have_count(6)
    steps.testid(page, "trial-3").click()
    expect(steps.testid(page, "trial-title")).to_contain_text("Trial 3")
    steps.key(page, "sweep_adopt").click(timeout=steps.LONG)
    expect(page.get_by_text("The project has the settings of trial")).to_be_visible()
    (sweep,) = json.loads(server.lamina("sweep", "list", "--json"))
    shown = json.loads(server.lamina("sweep", "show", "last", "--json"))
    assert sweep["status"] == "finished"
    assert len(shown["trials"]) == 6
    kept = json.loads((server.home / "projects" / project / "project.lamina.json").read_text())
    best = shown["best"]["settings"]
    assert kept["recipe"]["optimizer"]["lr"] == best["recipe.optimizer.lr"]
    assert kept["recipe"]["batch_size"] == best["recipe.batch_size"]


def test_halving_with_two_objectives_ends_in_a_front_whose_zoom_stays_while_trials_come_in(
    page: Page, server: Server, project: str
) -> None:
    page.goto(f"{server.address}/runs?project={project}&sweep=new")
    start = steps.key(page, "sweep_start")
    expect(start).to_be_enabled(timeout=steps.LONG)
    objectives = page.locator(".st-key-sweep_objectives input")
    objectives.click()
    objectives.fill("Seconds")
    page.get_by_role("option", name="Seconds").click()
    expect(page.locator(".st-key-sweep_objectives")).to_contain_text("Seconds")
    pruner = page.locator(".st-key-sweep_pruner input")
    expect(pruner).to_have_value("None")
    page.keyboard.press("Escape")
    pruner.click()
    page.get_by_role("option", name="Successive halving").click()
    trials = page.locator(".st-key-sweep_trials input")
    trials.fill("12")
    trials.press("Enter")
    expect(steps.testid(page, "sweep-meaning")).to_contain_text("12 runs of up to 5 epochs")
    start.click()
    front = steps.testid(page, "chart-front")
    front.hover(timeout=steps.LONG)
    steps.drag(page, front, front, 120, 60)
    expect(front).to_have_attribute("data-zoomed", "true")
    ends = front.get_attribute("data-ends")
    expect(steps.testid(page, "sweep-progress")).to_contain_text("12of 12", timeout=steps.LONG)
    expect(front).to_have_attribute("data-ends", str(ends))
    steps.testid(page, "chart-front-all").click()
    expect(front).to_have_attribute("data-zoomed", "false")
    shown = json.loads(server.lamina("sweep", "show", "last", "--json"))
    states = [one["state"] for one in shown["trials"]]
    # trials this small may end before anybody can give them up: tests/sweeps holds who is
    assert {"complete"} <= set(states) <= {"complete", "pruned"}
    assert front.locator("circle.dot").count() == states.count("complete")


def test_a_layer_is_trained_with_and_without_from_its_inspector(
    page: Page, server: Server, project: str
) -> None:
    page.goto(f"{server.address}/build?project={project}")
    steps.testid(page, "node-dropout1").click(timeout=steps.LONG)
    steps.testid(page, "ablate").click()
    expect(steps.testid(page, "sweep-progress")).to_contain_text("6of 6", timeout=steps.LONG)
    expect(steps.testid(page, "groups")).to_contain_text("without dropout1", timeout=steps.LONG)
    expect(steps.testid(page, "groups")).to_contain_text("with dropout1")


def test_the_trials_stand_among_the_runs_below_the_sweeps(
    page: Page, server: Server, project: str
) -> None:
    page.goto(f"{server.address}/runs?project={project}")
    expect(page.get_by_text("sweep 1 · 6")).to_be_visible(timeout=steps.LONG)
    page.locator('[class*="st-key-sweep_open_"] button').first.click()
    expect(steps.testid(page, "sweep-progress")).to_contain_text("of 6", timeout=steps.LONG)
    assert Path(server.home / "sweeps").is_dir()
