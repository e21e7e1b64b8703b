"""Dark theme, a phone, a projector, and nothing that jumps while the slider moves."""

import pytest
from colours import contrast, luminance

PHONE = {"width": 390, "height": 844}
DRAWN = """key => {
    const plot = document.querySelector(`.st-key-${key} .js-plotly-plot`)
    return Boolean(plot && plot.getClientRects().length && plot.querySelector('.bars .point path'))
}"""
WATCH = """() => {
    window.watched = {shift: 0, shifts: []}
    new PerformanceObserver(list => list.getEntries().forEach(entry => {
        window.watched.shift += entry.value
        window.watched.shifts.push(entry.sources.map(source => source.node?.className ?? source.node?.nodeName))
    })).observe({type: 'layout-shift', buffered: false})
}"""
COLOURS = """element => {
    const found = document.querySelector(element)
    return [getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor,
        getComputedStyle(found).color]
}"""


@pytest.mark.parametrize("path", ["", "data", "train", "forget", "layers"])
def test_the_dark_theme_is_dark_and_readable(visit, path):
    app = visit(path, color_scheme="dark")
    for element in ('[data-testid="stMain"] p', '[data-testid="stMain"] h1', '[data-testid="stSidebar"] p'):
        background, text = app.page.evaluate(COLOURS, element)
        assert luminance(background) < 0.05
        assert contrast(background, text) > 4.5, element
    for colour in app.page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot .xtick text, .js-plotly-plot .ytick text')].map(
            text => getComputedStyle(text).fill)"""
    ):
        assert contrast(app.page.evaluate(COLOURS, "body")[0], colour) > 4.5


@pytest.mark.parametrize("path", ["", "data", "train", "forget", "layers"])
def test_a_phone_does_not_scroll_sideways(visit, path):
    app = visit(path, viewport=PHONE, has_touch=True, is_mobile=True)
    wide = app.page.evaluate(
        """() => [...document.querySelectorAll('html, body, [data-testid="stMain"], [data-testid="stApp"]')].map(
            element => [element.tagName, element.scrollWidth, element.clientWidth])"""
    )
    assert all(width <= room for _, width, room in wide), wide
    assert app.page.evaluate("innerWidth") == PHONE["width"]


def test_the_first_screen_of_the_overview_fits_a_projector(visit):
    app = visit()
    main = app.page.get_by_test_id("stMain")
    found = {
        "slider": app.slider,
        "play": app.button("Play"),
        "pills": main.get_by_test_id("stButtonGroup"),
        "accuracy": main.locator(".st-key-accuracy .js-plotly-plot"),
        "loss": main.locator(".st-key-loss .js-plotly-plot"),
        **{f"metric {index}": main.locator(".live .metrics > div").nth(index) for index in range(4)},
    }
    for name, element in found.items():
        box = element.bounding_box()
        assert box["y"] >= 0, name
        assert box["y"] + box["height"] <= 720, (name, box)
        assert box["x"] + box["width"] <= 1280, (name, box)
    assert app.page.evaluate(DRAWN, "accuracy")
    assert app.page.evaluate(DRAWN, "loss")


@pytest.mark.parametrize("path", ["", "forget"])
def test_nothing_jumps_while_the_slider_moves(visit, path):
    app = visit(path + "?randomization.fraction=0.3")
    app.settle(800)
    app.page.evaluate(WATCH)
    app.slider.focus()
    for _ in range(12):
        app.page.keyboard.press("ArrowRight")
        app.page.wait_for_timeout(150)
    app.settle(600)
    watched = app.page.evaluate("window.watched")
    assert watched["shift"] == 0, watched
    assert all(app.page.evaluate(DRAWN, key) for key in ("accuracy", "loss"))
