"""A network drawn from nothing, a wrong connection repaired on the way, on uploaded images."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey


def pictures(path: Path) -> Path:
    """A zip of two class folders: bright bars that lie or stand, 60 images of 12 × 12 each."""
    random = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive:
        for name, axis in (("lying", 0), ("standing", 1)):
            for number in range(60):
                pixels = random.integers(0, 60, (12, 12), dtype=np.uint8)
                place = int(random.integers(1, 11))
                if axis == 0:
                    pixels[place, :] = 230
                else:
                    pixels[:, place] = 230
                buffer = io.BytesIO()
                Image.fromarray(pixels).save(buffer, "PNG")
                archive.writestr(f"bars/{name}/{number:03d}.png", buffer.getvalue())
    return path


def add(page: Page, layer: str, x: float, y: float) -> None:
    """Find a layer in the palette and drag it onto the canvas."""
    search = steps.testid(page, "palette-search")
    search.fill(layer)
    steps.drag(page, steps.testid(page, f"palette-{layer}"), steps.testid(page, "canvas"), x, y)
    search.fill("")


def connect(page: Page, source: str, target: str) -> None:
    """Drag from the node's output to the other node."""
    goal = steps.testid(page, f"node-{target}")
    box = goal.bounding_box()
    assert box
    steps.testid(page, f"node-{source}").hover()
    steps.drag(page, steps.testid(page, f"port-out-{source}"), goal, box["width"] / 2, 6)


def test_a_cnn_drawn_from_nothing_on_an_uploaded_zip(
    page: Page, server: Server, tmp_path: Path
) -> None:
    steps.upload(page, server.address, pictures(tmp_path / "bars.zip"))
    expect(page.get_by_text("standing").first).to_be_visible(timeout=steps.LONG)
    steps.key(page, "go_build").click()
    steps.testid(page, "empty-canvas").wait_for(timeout=steps.LONG)
    steps.testid(page, "add-input").click()
    first = page.locator("[data-testid^=node-]").first
    first.wait_for()
    source = (first.get_attribute("data-testid") or "").removeprefix("node-")
    expect(first).to_contain_text("12×12")
    drawn = {"Conv2d": "conv1", "ReLU": "relu1", "Linear": "linear1", "Output": "out1"}
    for place, (layer, name) in enumerate(drawn.items()):
        add(page, layer, 330, 170 + 110 * place)
        steps.testid(page, f"node-{name}").wait_for()
    connect(page, source, "conv1")
    connect(page, "conv1", "relu1")
    connect(page, "relu1", "linear1")
    connect(page, "linear1", "out1")
    expect(steps.testid(page, "to-repair")).to_be_visible()
    _repair_all(page)
    expect(steps.testid(page, "source")).to_contain_text("nn.Linear")
    steps.testid(page, "train").click()
    steps.train(page)
    steps.finish(page)
    steps.testid(page, "live-evaluate").click()
    expect(steps.testid(page, "metrics")).to_contain_text("Accuracy", timeout=steps.LONG)


def _repair_all(page: Page) -> None:
    """Press what is proposed until the network is whole; a press is answered before the next."""
    train, proposed = steps.testid(page, "train"), page.locator('[data-testid="repair-primary"]')
    for _ in range(10):
        expect(
            train.and_(page.locator(":enabled")).or_(proposed.and_(page.locator(":enabled"))).first
        ).to_be_visible()
        if train.is_enabled():
            return
        proposed.first.click()
    raise AssertionError("ten repairs were not enough")
