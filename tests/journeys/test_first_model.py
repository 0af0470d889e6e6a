"""Who has never trained a network: from the gallery to an explained prediction in six clicks."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey


def test_from_the_gallery_to_an_explained_mistake_in_six_clicks(page: Page, server: Server) -> None:
    clicks = steps.Clicks()
    page.goto(server.address)
    clicks.on(steps.key(page, "open_digits"))
    clicks.on(steps.testid(page, "train"))
    steps.train(page, clicks)
    steps.finish(page)
    clicks.on(steps.testid(page, "live-evaluate"))
    off_diagonal = page.locator(".cell:not(.none)[data-testid^=cell-]")
    off_diagonal.first.wait_for(timeout=steps.LONG)
    names = [cell.get_attribute("data-testid") or "" for cell in off_diagonal.all()]
    wrong = [name for name in names if name.split("-")[1] != name.split("-")[2]]
    clicks.on(steps.testid(page, (wrong or names)[0]))
    clicks.on(page.locator("[data-testid^=sample-]").first)
    page.wait_for_url("**/explain?**", timeout=60_000)
    shown = page.locator('[data-testid="map-integrated_gradients"]').first
    expect(shown).to_be_visible(timeout=steps.LONG)
    expect(page.locator('[data-testid="verdict"]').first).to_be_visible()
    assert clicks.count <= 6
    page.go_back()  # one press, and the very address that was left
    page.wait_for_url(lambda address: "/evaluate?" in address and "row=" not in address)
    expect(steps.testid(page, "samples-title")).to_be_visible(timeout=steps.LONG)


def test_a_link_restores_project_run_and_page(page: Page, server: Server) -> None:
    page.goto(server.address)
    steps.key(page, "open_digits").click()
    page.wait_for_url("**/build?**", timeout=60_000)
    link = page.url
    page.goto("about:blank")
    page.goto(link)
    expect(steps.testid(page, "node-conv1")).to_be_visible(timeout=60_000)
