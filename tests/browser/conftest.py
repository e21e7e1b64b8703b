"""The real app on a free port, and one Chromium, for all browser tests."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import App, launch_chromium
from playwright.sync_api import BrowserContext, sync_playwright
from serving import ROOT, Server, serving

PROJECTOR = {"width": 1280, "height": 720}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def server(tmp_path_factory) -> Iterator[Server]:
    """The app, for all tests that need no server of their own."""
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def browser():
    """Chromium, for all tests."""
    with sync_playwright() as playwright:
        chromium = launch_chromium(playwright)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def warm(server, browser) -> None:
    """The default model is trained, as it is for everyone after the first visitor."""
    context = browser.new_context()
    App(context, server.address).open()
    context.close()


@pytest.fixture(scope="session")
def projector(browser, warm) -> BrowserContext:  # noqa: ARG001
    """A projector's window, in which the app's scripts are compiled once for all visitors who have no other."""
    return browser.new_context(viewport=PROJECTOR, reduced_motion="reduce")


@pytest.fixture
def visit(server, browser, projector):
    """A function that gives a new visitor on a page; at the end nothing must have gone wrong on any of theirs."""
    apps = []
    past = len(server.log.read_text())

    def new(path: str | None = "", *, checked: bool = True, **options) -> App:
        context = projector
        if options:
            context = browser.new_context(**{"viewport": PROJECTOR, "reduced_motion": "reduce"} | options)
        app = App(context, server.address)
        if checked:
            apps.append(app)
        if path is not None:
            app.open(path)
        return app

    yield new
    try:
        for app in apps:
            app.check()
        assert "Traceback" not in server.log.read_text()[past:], server.log.read_text()[past:]
    finally:
        projector.set_offline(False)
        for page in projector.pages:
            if page.url.startswith(server.address):
                page.evaluate("() => localStorage.clear()")
            page.close()
        for context in browser.contexts:
            if context is not projector:
                context.close()


@pytest.fixture(scope="session")
def reviews_file(tmp_path_factory) -> Path:
    """The original file where it is at hand, else a small file of one's own."""
    beside = ROOT.parent / "shared" / "data" / "wine_review.csv"
    path = Path(os.environ.get("WINE_REVIEWS", beside))
    if path.is_file():
        return path
    path = tmp_path_factory.mktemp("upload") / "reviews.csv"
    words = {"red": "cherry plum leather smoke", "white": "lemon apple slate pear", "port": "fig raisin walnut toffee"}
    rows = [
        f"wine {row},{words[style]} with note{row % 11} and glass{row % 7} to the end,{style}"
        for row in range(240)
        for style in [list(words)[row % 3]]
    ]
    path.write_text("\n".join(["Review_name,Review_content,Type_of_wine", *rows]) + "\n")
    return path
