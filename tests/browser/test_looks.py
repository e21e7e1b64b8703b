"""Dark theme, a phone, a projector, and nothing that jumps while the slider moves."""

from itertools import pairwise
from pathlib import Path

import axe_playwright_python
import pytest
from colours import contrast, luminance
from driver import FRAMES, LIVE, PATHS, out_of_sight, train
from playwright.sync_api import expect

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
CHART_TEXTS = """() => {
    const app = document.querySelector('[data-testid="stApp"]')
    // The colour as it is drawn, where the text lets the ground shine through.
    const drawn = text => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d')
        for (const colour of [getComputedStyle(app).backgroundColor, getComputedStyle(text).fill]) {
            canvas.fillStyle = colour
            canvas.fillRect(0, 0, 1, 1)
        }
        return `rgb(${[...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)})`
    }
    const texts = document.querySelectorAll('.js-plotly-plot text, [data-testid="stVegaLiteChart"] svg text')
    return [getComputedStyle(app).backgroundColor,
        Object.fromEntries([...texts].map(text => [text.textContent, drawn(text)]))]
}"""
HEADINGS = (
    """() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(heading => Number(heading.tagName[1]))"""
)
SPOKEN = """() => {
    const [shown, spoken] = document.querySelectorAll(
        '.st-key-conclusion [data-testid="stText"], .st-key-conclusion [role="status"]')
    return spoken?.textContent && spoken.textContent === shown.textContent
}"""
SMALL_STUDIES = {
    "layers": {"sweep.seeds": "2", "sweep.doses": "0,1"},
    "explain": {"explanation.seeds": "1", "explanation.doses": "0,1"},
    "relearn": {"relearning.seeds": "1", "relearning.epochs": "5"},
    "unlearn": {"unlearning.seeds": "1", "unlearning.methods": "cf_k", "unlearning.epochs": "1"},
}
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")


def faults_of_charts(app) -> tuple[str, dict[str, str]]:
    """The theme of the page, and the colours of texts that do not stand out from it."""
    background, texts = app.page.evaluate(CHART_TEXTS)
    theme = "dark" if luminance(background) < 0.05 else "light"
    return theme, {text: fill for text, fill in texts.items() if contrast(background, fill) < 4.5}


def faults_of_access(app) -> list:
    found = app.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [(fault["id"], node["target"], node["html"]) for fault in found for node in fault["nodes"]]


@pytest.mark.parametrize("name", PATHS)
def test_a_page_has_no_fault_of_access_in_either_theme(visit, name):
    """What axe finds, and the texts of charts, which it does not see."""
    app = visit(None)
    app.open(PATHS[name], **SMALL_STUDIES.get(name, {}))
    if name in SMALL_STUDIES:
        app.finish_study()
        app.page.mouse.move(2, 2)  # else the button's help stands on the page
    app.page.evaluate(AXE.read_text(encoding="utf-8"))
    for theme in ("light", "dark"):
        app.page.emulate_media(color_scheme=theme)
        app.settle()
        app.eventually(lambda: faults_of_charts(app), (theme, {}))
        app.eventually(lambda: faults_of_access(app), [])
    levels = app.page.evaluate(HEADINGS)
    assert (levels[0], levels.count(1)) == (1, 1)
    assert all(after - before <= 1 for before, after in pairwise(levels)), levels
    if name == "layers":
        app.page.get_by_role("radio", name="N(0, 1)").click()
        app.page.wait_for_function(SPOKEN)


def test_a_phone_does_not_scroll_sideways(visit):
    app = visit(None, viewport=PHONE, has_touch=True, is_mobile=True)
    wide = """() => [...document.querySelectorAll('html, body, [data-testid="stMain"], [data-testid="stApp"]')].filter(
        element => element.scrollWidth > element.clientWidth).map(element => element.tagName)"""
    for path in ("", "data", "train", "forget", "layers"):
        app.open(path)
        app.eventually(lambda: (app.page.evaluate(wide), app.page.evaluate("innerWidth")), ([], PHONE["width"]))


def test_the_first_screen_of_the_overview_fits_a_projector(visit):
    app = visit()
    main = app.page.get_by_test_id("stMain")
    found = {
        "slider": app.slider,
        "play": app.button("Play"),
        "network": main.locator(".live .network"),
        "review": main.locator(".live .review"),
        "accuracy": main.locator(".st-key-accuracy .js-plotly-plot"),
        "loss": main.locator(".st-key-loss .js-plotly-plot"),
        **{f"metric {index}": main.locator(".live .metrics > div").nth(index) for index in range(4)},
    }
    for name in ("accuracy", "loss"):
        app.page.wait_for_function(DRAWN, arg=name)
    app.eventually(lambda: out_of_sight(found), {})


@pytest.mark.parametrize("path", ["", "forget"])
def test_nothing_jumps_while_the_slider_moves(visit, path):
    app = visit(path + "?randomization.fraction=0.3")
    for name in ("accuracy", "loss"):
        app.page.wait_for_function(DRAWN, arg=name)
    app.settle()
    app.page.evaluate(WATCH)
    app.slider.focus()
    for _ in range(12):
        app.page.keyboard.press("ArrowRight")
        app.page.wait_for_timeout(150)
    app.agree()
    app.settle()
    watched = app.page.evaluate("window.watched")
    assert watched["shift"] == 0, watched
    for name in ("accuracy", "loss"):
        app.page.wait_for_function(DRAWN, arg=name)


LIES_ON = f"""() => {{
    const network = {LIVE}.querySelector('.network')
    const labels = [...network.querySelectorAll('.column .label, .name, .weights')].map(
        label => [label.innerText, label.getBoundingClientRect()])
    const edge = document.querySelector('[data-testid="stMainBlockContainer"]').getBoundingClientRect()
    const found = labels.filter(([, box]) => box.left < edge.left || box.right > edge.right).map(([text]) => text)
    labels.forEach(([text, box], place) => labels.slice(place + 1).forEach(([other, second]) => {{
        if (Math.min(box.right, second.right) - Math.max(box.left, second.left) > 1
            && Math.min(box.bottom, second.bottom) - Math.max(box.top, second.top) > 1) found.push([text, other])
    }}))
    return found
}}"""


@pytest.mark.parametrize("hidden", ["64", "1024,64,32,16"])
def test_no_label_of_the_network_lies_on_another_and_layers_toggle_by_keyboard(visit, hidden):
    app = visit(f"forget?model.hidden={hidden}&training.epochs=2&randomization.fraction=0.5&randomization.layers=fc1")
    train(app)
    layers = app.page.locator(".live button.layer")
    expect(layers).to_have_count(hidden.count(",") + 2)
    for width in (320, 390, 640, 820, 1024, 1280, 2560):
        app.page.set_viewport_size({"width": width, "height": 800})
        app.page.wait_for_function("width => innerWidth === width", arg=width)
        app.page.evaluate(FRAMES)
        app.eventually(lambda: app.page.evaluate(LIES_ON), [])
    layers.last.focus()
    app.page.keyboard.press("Space")
    app.page.wait_for_function(f"() => {LIVE}.querySelector('button.layer:last-of-type').ariaPressed === 'true'")
    app.settle()
    expect(layers.last.locator(".share")).to_have_text("50\u00a0%")
    ringed = (
        "layer => layer.matches(':focus-visible') && ['solid', 'auto'].includes(getComputedStyle(layer).outlineStyle)"
    )
    app.eventually(lambda: layers.last.evaluate(ringed), True)


def test_a_presentation_has_the_slider_and_play_alone_and_esc_and_back_end_it(visit):
    app = visit()
    app.press("Present")
    main = app.page.get_by_test_id("stMain")
    sidebar = app.page.get_by_test_id("stSidebar")
    expect(sidebar).not_to_be_visible()
    # Play and the way out, and the layers of the picture
    buttons = main.get_by_role("button").and_(app.page.locator(":not(.help)")).locator("visible=true")
    expect(buttons).to_have_count(2 + 2)
    charts = {name: main.locator(f".st-key-{name} .js-plotly-plot") for name in ("accuracy", "loss")}
    app.eventually(lambda: out_of_sight({"slider": app.slider, **charts}), {})
    size = "line => parseFloat(getComputedStyle(line).fontSize) > 20"
    app.eventually(lambda: main.locator(".live .sentence").evaluate(size), True)
    app.page.keyboard.press("Escape")
    expect(app.button("Present")).to_be_visible()
    expect(sidebar).to_be_visible()  # as the style that hides it goes at the end of the run
    app.settle(1100)  # for a second after a change an older address may be a late one
    app.page.go_back()
    expect(app.button("Present")).to_be_hidden()
    app.settle(1100)
    app.page.go_back()
    expect(app.button("Present")).to_be_visible()
