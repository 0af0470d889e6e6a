"""Census data as a CSV without a header: read, split, trained, explained with SHAP values."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys import steps
from tests.journeys.conftest import Server

pytestmark = pytest.mark.journey


def test_adult_brought_in_split_trained_and_explained(
    page: Page, server: Server, test_data: Path
) -> None:
    steps.upload(page, server.address, test_data / "tabular_adult" / "adult-train.csv")
    expect(page.get_by_text("32,561").first).to_be_visible(timeout=steps.LONG)
    expect(page.get_by_text(">50K").first).to_be_visible()
    ask, use = steps.key(page, "suggest_network"), steps.key(page, "use_suggestion")
    expect(ask.or_(use).first).to_be_visible(timeout=steps.LONG)
    page.wait_for_timeout(1000)  # the page may draw itself once more when its first run has ended
    while not use.is_visible():
        if ask.is_visible():
            ask.dispatch_event("click")
        page.wait_for_timeout(1000)
    use.click(timeout=steps.LONG)
    page.wait_for_url("**/build?**", timeout=steps.LONG)
    steps.testid(page, "train").click(timeout=steps.LONG)
    steps.train(page)
    steps.finish(page)
    steps.testid(page, "live-evaluate").click()
    accuracy = steps.testid(page, "metrics")
    expect(accuracy).to_contain_text("Accuracy", timeout=steps.LONG)
    steps.key(page, "evaluate_explain").click()
    expect(steps.testid(page, "waterfall")).to_be_visible(timeout=steps.LONG)
    expect(page.locator('[data-testid="verdict"]').first).to_be_visible()
