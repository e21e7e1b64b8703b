"""What the measurements in Chromium share: the browser, a window, and when the Overview, or an empty app, is drawn."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Locator, Page, sync_playwright

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium, from the path in CHROMIUM or the system."""
    with sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=OPTIONS)
        yield browser
        browser.close()


def open_window(browser: Browser) -> Page:
    """A window of a new visitor, who has nothing in their cache."""
    page = browser.new_page(viewport={"width": 1280, "height": 720})
    page.set_default_timeout(120_000)
    return page


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name="Fraction randomized")


def wait_for_charts(page: Page) -> None:
    """Until the slider and the charts of accuracy and loss can be seen."""
    slider(page).wait_for()
    for name in ("Accuracy before and after", "Loss before and after"):
        page.get_by_role("figure", name=name).locator(".js-plotly-plot .bars path").first.wait_for()
