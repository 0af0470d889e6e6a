"""What a person does on the pages, named once for all journeys."""

import time
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

LONG = 120_000
"""Milliseconds for what trains or prepares on a slow, shared machine."""


class Clicks:
    """Clicks, counted."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, target: Locator, timeout: int = 60_000) -> None:
        target.wait_for(timeout=timeout)
        target.click(timeout=timeout)
        self.count += 1


def key(page: Page, name: str) -> Locator:
    """The button inside the Streamlit element of that key."""
    return page.locator(f".st-key-{name} button").first


def testid(page: Page, name: str) -> Locator:
    return page.locator(f'[data-testid="{name}"]').first


def query(page: Page) -> str:
    """The address's query: which project and run are open."""
    return page.url.partition("?")[2]


def points(page: Page) -> int:
    """Points of the loss curve on the screen."""
    text = page.locator('section.chart[aria-label="Loss"]').first.get_attribute("data-points")
    return int(text or 0)


def wait_for_points(page: Page, least: int = 1) -> None:
    """Until the loss curve has so many points."""
    until = time.monotonic() + LONG / 1000
    testid(page, "live-charts").wait_for(timeout=LONG)
    while points(page) < least:
        assert time.monotonic() < until, f"only {points(page)} points on the screen"
        page.wait_for_timeout(100)


def train(page: Page, clicks: Clicks | None = None) -> None:
    """From the recipe to a run with a point on the screen."""
    (clicks or Clicks()).on(key(page, "train_start"))
    wait_for_points(page)


def finish(page: Page) -> None:
    """Wait until the run on the screen has finished."""
    expect(testid(page, "run-status")).to_contain_text("Finished", timeout=LONG)


def upload(page: Page, address: str, *files: Path) -> None:
    """Bring files on Home; ends on the Data page."""
    page.goto(address)
    box = page.locator(".st-key-lm_drop input[type=file]").first
    box.wait_for(state="attached", timeout=60_000)
    box.set_input_files([str(file) for file in files])
    page.wait_for_url("**/data?**", timeout=LONG)


def drag(page: Page, source: Locator, target: Locator, x: float, y: float) -> None:
    """Drag with the mouse, as a hand does, to a place inside the target."""
    source.scroll_into_view_if_needed()
    start, end = source.bounding_box(), target.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    for share in (0.3, 0.6, 1.0):
        page.mouse.move(
            start["x"] + (end["x"] + x - start["x"]) * share,
            start["y"] + (end["y"] + y - start["y"]) * share,
        )
    page.mouse.up()
