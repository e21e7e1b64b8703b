"""What the measurements in Chromium share: the browser, a window, and when the Overview, or an empty app, is drawn."""

from collections.abc import Iterator
from contextlib import contextmanager

import common  # noqa: F401 - where the tests' own modules lie
from driver import launch_chromium
from playwright.sync_api import Browser, Locator, Page, sync_playwright


@contextmanager
def browsing() -> Iterator[Browser]:
    """The browser that the tests use."""
    with sync_playwright() as playwright:
        browser = launch_chromium(playwright)
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
