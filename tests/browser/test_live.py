"""The live fraction: while the slider moves, all that stands on the page belongs to the fraction that it shows."""

import re
from dataclasses import replace

import pytest
from driver import FRAMES, LIVE
from playwright.sync_api import expect

from forgetting import MODERN, load_sample
from forgetting.experiment.pipeline import compare, measure_outcome, prepare, train
from forgetting.metrics.baselines import compute_baselines
from forgetting.randomization.settings import Randomization
from forgetting.reporting.comparison import describe_comparison
from forgetting.reporting.formatting import format_number, format_share

REINIT = Randomization(("fc1",), 0.9, "reinit")
LINK = "?randomization.layers=fc1&randomization.scheme=reinit&randomization.fraction=0.9"
# Reads, once in each frame, every text that depends on the fraction: as it is painted, when all that was to be called
# in the frame has been. Plotly may draw in a call behind the one that told it to.
WATCH = f"""() => {{
    const live = {LIVE}
    const labels = name => [...document.querySelectorAll(`.st-key-${{name}} .textpoint text`)].map(
        text => text.textContent)
    const probe = document.body.appendChild(document.createElement('div'))
    probe.style.position = 'fixed'
    window.seen = []
    new ResizeObserver(() => window.seen?.push([
        live.querySelector('.value').textContent,
        live.querySelector('.sentence').textContent,
        ...[...live.querySelectorAll('.number')].map(number => number.textContent),
        live.querySelector('.layer .name').textContent,
        labels('accuracy'),
        labels('loss'),
    ])).observe(probe)
    let frames = 0
    const look = () => {{
        if (!window.seen) return probe.remove()
        probe.style.width = `${{++frames % 2}}px`
        requestAnimationFrame(look)
    }}
    requestAnimationFrame(look)
}}"""
# Begins, between two frames, the loop in which Plotly looks for what to draw, as a chart that Streamlit draws may.
LOOPING = """() => {
    const chart = document.querySelector('.st-key-loss .js-plotly-plot')
    const drawn = () => chart.data.map(({y, text}) => text ? {y, text} : {y})
    let looping = false
    chart.on('plotly_animating', () => { looping = true })
    chart.on('plotly_animated', () => { looping = false })
    const begin = () => looping || Plotly.animate(chart, {data: drawn(), traces: [0, 1]}, {
        mode: 'immediate', frame: {duration: 0, redraw: false}, transition: {duration: 0}}).catch(() => {})
    setInterval(begin, 3)
}"""
# How high all is at every tenth fraction, whose sentences are of different lengths.
HEIGHTS = f"""async () => {{
    const live = {LIVE}
    const heights = []
    for (let percent = 0; percent <= 100; percent += 10) {{
        live.querySelector('input').value = percent
        live.querySelector('input').dispatchEvent(new Event('input'))
        await new Promise(requestAnimationFrame)
        await new Promise(requestAnimationFrame)
        heights.push(live.querySelector('.live').getBoundingClientRect().height)
    }}
    return heights
}}"""
SEEN = "() => { const seen = window.seen; window.seen = null; return seen }"
FOLLOWS = f"() => {LIVE}?.querySelector('.play').disabled === false"


@pytest.fixture(scope="module")
def expected() -> dict[str, list]:
    """The texts of each whole percent, computed one by one without the engine of the sweeps."""
    split = prepare(MODERN, load_sample())
    trained = train(MODERN, split)
    original = measure_outcome(MODERN, split, trained)
    baselines = compute_baselines(split, MODERN.training.objective)
    found = {}
    for percent in range(101):
        randomization = replace(REINIT, fraction=percent / 100)
        after = compare(replace(MODERN, randomization=randomization), split, trained, original)
        scores = [(original.scores[part], after.randomized.scores[part]) for part in ("training", "validation")]
        (_, validation) = scores
        share = format_share(percent / 100)
        found[share] = [
            describe_comparison(after, baselines, randomization, ("fc1", "fc2")),
            " → ".join(format_share(score.accuracy) for score in validation).replace("\u00a0% →", " →", 1),
            " → ".join(format_number(score.loss) for score in validation),
            format_number(after.forgetting["validation"].value),
            " → ".join(format_number(score.macro_f1) for score in validation),
            f"fc1 {share}",
            [format_share(score.accuracy) for part in scores for score in part],
            [format_number(score.loss) for part in scores for score in part],
        ]
    return found


def opened(visit, page: str, **options):
    app = visit(page + LINK, **options)
    app.page.wait_for_function(FOLLOWS)
    app.settle()
    app.page.evaluate("""() => {
        window.sent = 0
        const send = WebSocket.prototype.send
        WebSocket.prototype.send = function (data) { window.sent += 1; return send.call(this, data) }
    }""")
    return app


def drag(app, start: int, end: int, steps: int = 30) -> None:
    """Draw the thumb from one percent to another, and hold it there."""
    box = app.slider.bounding_box()
    radius = 10  # of the thumb, which stays within the slider
    places = [box["x"] + radius + (box["width"] - 2 * radius) * percent / 100 for percent in (start, end)]
    height = box["y"] + box["height"] / 2
    app.page.mouse.move(places[0], height)
    app.page.mouse.down()
    for step in range(1, steps + 1):
        app.page.mouse.move(places[0] + (places[1] - places[0]) * step / steps, height)
        app.page.evaluate(FRAMES)


def labels(app) -> list[list[str]]:
    """The labels of the charts' bars."""
    return [app.page.locator(f".st-key-{name} .textpoint text").all_text_contents() for name in ("accuracy", "loss")]


def mismatches(seen: list, expected: dict, *, absent: bool = False) -> list:
    """The frames in which a text belongs to another fraction than the one shown. absent: charts may be away."""
    found = []
    for share, *texts in seen:
        *words, accuracy, loss = texts
        *wanted, accuracies, losses = expected[share]
        charts = [accuracy, loss] == [accuracies, losses]
        if absent:
            charts = accuracy in ([], accuracies) and loss in ([], losses)
        if words != wanted or not charts:
            found.append([(share, *pair) for pair in zip(texts, expected[share], strict=True) if pair[0] != pair[1]])
    return found


@pytest.mark.parametrize("page", ["", "forget"])
def test_while_the_slider_is_drawn_every_text_belongs_to_its_fraction(visit, expected, page):
    app = opened(visit, page)
    axis = app.page.evaluate("document.querySelector('.st-key-loss .js-plotly-plot').layout.yaxis.range")
    app.page.evaluate(WATCH)
    drag(app, 90, 15)
    assert app.page.evaluate("window.sent") == 0
    assert app.parameters()["randomization.fraction"] == "0.9"
    held = app.slider.input_value()
    app.eventually(lambda: labels(app), expected[f"{held}\u00a0%"][-2:])
    bars = {name: app.bars(name) for name in ("accuracy", "loss")}
    app.page.mouse.up()
    app.agree()
    app.settle()
    seen = app.page.evaluate(SEEN)
    assert mismatches(seen, expected) == []
    assert len({row[0] for row in seen}) > 15
    expect(app.slider).to_have_value(held)
    assert app.parameters()["randomization.fraction"] == f"{int(held) / 100:g}"
    assert app.page.evaluate("window.sent") == 1
    for name, (heights,) in bars.items():
        assert app.bars(name) == [pytest.approx(heights, rel=1e-5)]
    assert axis == app.page.evaluate("document.querySelector('.st-key-loss .js-plotly-plot').layout.yaxis.range")


def test_by_keyboard_and_to_a_screen_reader(visit, expected):
    app = opened(visit, "forget")
    app.page.evaluate(WATCH)
    app.slider.focus()
    for key, percent in (("ArrowLeft", 89), ("PageDown", 79), ("PageUp", 89), ("Home", 0), ("End", 100)):
        app.page.keyboard.press(key)
        spoken = f"{percent} percent of fc1 randomized"
        app.page.wait_for_function(
            f"spoken => {LIVE}.querySelector('input').getAttribute('aria-valuetext') === spoken", arg=spoken
        )
    app.agree()
    app.settle()
    assert mismatches(app.page.evaluate(SEEN), expected) == []
    spoken = app.page.locator(".live [aria-live=polite]")
    app.eventually(spoken.inner_text, expected["100\u00a0%"][0])
    layers = app.page.get_by_role("group", name=re.compile("Layers"))
    expect(layers.get_by_role("button", pressed=True)).to_have_count(1)


def test_play_runs_to_the_end_and_can_be_paused(visit, expected):
    app = opened(visit, "", reduced_motion="no-preference")
    app.page.evaluate(WATCH)
    app.page.evaluate(LOOPING)
    app.button("Play").click()
    # At 90 it has not begun yet. Pause is pressed in the page, as from here it may come too late.
    app.page.wait_for_function(f"""() => {{
        const now = Number({LIVE}.querySelector('input').value)
        if (now > 30 && now < 90) {LIVE}.querySelector('.play').click()
        return now > 30 && now < 90
    }}""")
    app.agree()
    app.settle()
    paused = int(app.slider.input_value())
    assert 30 < paused < 100
    app.button("Play").click()
    app.button("Replay").wait_for()
    app.agree()
    app.settle()
    seen = app.page.evaluate(SEEN)
    assert mismatches(seen, expected) == []
    percents = [int(row[0].rstrip("\u00a0%")) for row in seen]
    assert percents[-1] == 100
    assert len({percent for percent in percents if percent < paused and percent % 10}) > 3  # not in few steps
    assert "randomization.fraction" not in app.parameters()  # 100 % is the default
    app.settle(1200)  # for a second after a change an older address may be a late one
    app.page.go_back()
    app.page.wait_for_function(f"paused => {LIVE}.querySelector('input').value === paused", arg=str(paused))


def test_play_moves_in_few_steps_where_motion_is_not_wanted(visit, expected):
    app = opened(visit, "")
    app.page.evaluate(WATCH)
    app.button("Play").click()
    app.button("Replay").wait_for()
    seen = app.page.evaluate(SEEN)
    assert {row[0] for row in seen} <= {f"{percent}\u00a0%" for percent in range(0, 101, 10)}
    assert len({row[0] for row in seen}) > 5
    assert mismatches(seen, expected) == []


def test_by_touch_on_a_phone(visit, expected):
    app = opened(visit, "", viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    # The answer before the controls, and the charts below the slider.
    places = (".live .sentence", ".live .metrics", ".live .network", ".live input", ".st-key-accuracy")
    tops = {place: app.page.locator(place).bounding_box()["y"] for place in places}
    assert sorted(tops, key=tops.get) == list(places)
    app.slider.scroll_into_view_if_needed()
    box = app.slider.bounding_box()
    client = app.context.new_cdp_session(app.page)
    app.page.evaluate(WATCH)

    def touch(kind: str, share: float = 0.0) -> None:
        points = (
            [{"x": box["x"] + box["width"] * share, "y": box["y"] + box["height"] / 2}] if kind != "touchEnd" else []
        )
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        app.page.wait_for_timeout(20)

    touch("touchStart", 0.88)
    for step in range(20):
        touch("touchMove", 0.88 - 0.025 * step)
    touch("touchEnd")
    app.agree()
    app.settle()
    assert mismatches(app.page.evaluate(SEEN), expected) == []
    assert 30 < int(app.slider.input_value()) < 60
    assert len(set(app.page.evaluate(HEIGHTS))) == 1, "what is below a longer sentence moves"


def test_charts_that_are_drawn_later_or_for_another_visitor_show_the_fraction(visit, expected):
    """The charts are drawn for the first fraction that anybody asked for, and moved from there in each browser."""
    opened(visit, "forget")
    app = visit(None)
    app.page.add_init_script(f"""new MutationObserver((_, observer) => {{
        if (!({LIVE})?.querySelector('.sentence').textContent) return
        observer.disconnect();
        ({WATCH})()
    }}).observe(document, {{subtree: true, childList: true}})""")
    app.open("forget" + LINK.replace("0.9", "0.3"))
    app.page.wait_for_function("window.seen?.at(-1)?.at(-1).length")
    for name in ("Classes", "Accuracy and loss"):
        app.tab(name)
    app.slide("End")
    for name in ("Confusion", "Accuracy and loss"):
        app.tab(name)
    app.page.wait_for_function("window.seen.at(-1).at(-1).length")
    seen = app.page.evaluate(SEEN)
    assert mismatches(seen, expected, absent=True) == []
    assert {row[0] for row in seen if row[-1]} == {"30\u00a0%", "100\u00a0%"}


def test_without_a_plotly_to_be_found_the_charts_follow_on_release(visit, expected):
    app = visit(None)
    app.page.add_init_script("Object.defineProperty(window, 'Plotly', {get: () => undefined, set: () => {}})")
    app.open("forget" + LINK)
    for key, share in (("Home", "0\u00a0%"), ("End", "100\u00a0%")):
        app.slide(key)
        app.eventually(lambda: labels(app), expected[share][-2:])
        app.page.evaluate(WATCH)
        app.page.wait_for_function("window.seen.length > 3")
        assert mismatches(app.page.evaluate(SEEN), expected) == []
        assert app.slider.get_attribute("aria-valuetext").startswith(share.replace("\u00a0%", " percent"))


def test_two_tabs_do_not_move_each_other(visit, expected):
    first, second = opened(visit, "forget"), opened(visit, "forget")
    first.page.bring_to_front()
    drag(first, 90, 50)
    first.page.mouse.up()
    first.agree()
    first.settle()
    assert second.slider.input_value() == "90"
    assert second.metrics()["Validation loss"] == expected["90\u00a0%"][2]
    first.page.reload()
    first.settle()
    share = f"{first.slider.input_value()}\u00a0%"
    assert share != "90\u00a0%"
    first.eventually(lambda: first.metrics()["Validation loss"], expected[share][2])


@pytest.mark.parametrize(
    ("link", "note"),
    [("randomization.layers=", "No layer is chosen"), ("randomization.layers=fc1&randomization.fraction=0.333", "")],
)
def test_what_has_no_path_or_lies_beside_it_answers_on_release(visit, link, note):
    app = visit(f"forget?{link}")
    expect(app.page.locator(".live .note")).to_contain_text(note)
    app.settle()
    sentence = app.sentences()
    assert ("Nothing is randomized" in sentence) == bool(note)
    assert note or "33.3\u00a0% of fc1" in sentence
    app.slide("Home")
    assert app.parameters()["randomization.fraction"] == "0"
