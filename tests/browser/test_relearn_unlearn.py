"""The Relearn and Unlearn pages in a real browser: rows that stream in, ticks, methods, links, looks and files."""

import io
import os
import re

import pandas as pd
import pytest
from driver import DRAWN, LABELS, misplaced, out_of_sight, search, train
from playwright.sync_api import expect

from forgetting.data.reviews import review_key
from forgetting.data.sample import load_sample
from forgetting.experiment.pipeline import prepare
from forgetting.recipe.url import decode_query

QUICK = "unlearning.seeds=2&unlearning.methods=retrain,fine_tune&unlearning.epochs=2&unlearning.relearn_epochs=3"
UNLEARN = f"unlearn?training.epochs=6&{QUICK}"
RELEARN = "relearn?training.epochs=6&relearning.epochs=6&relearning.seeds=2&relearning.doses=0,0.5,1"
MANY = (
    "unlearn?training.epochs=6&unlearning.seeds=60&unlearning.epochs=80&unlearning.methods=retrain,fine_tune,original"
)
LONG = "relearn?training.epochs=6&relearning.seeds=200&relearning.epochs=60"
CHART = '[data-testid="stMain"] [data-testid="stVegaLiteChart"] svg'
GAPS, LINES = (f"{CHART} g.mark-{kind}.role-mark path" for kind in ("rect", "line"))
PROGRESS = re.compile(r"([\d,]+) of ([\d,]+) (?:models|runs|variants)")
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIZES = {"projector": {}, "phone": PHONE, "dark projector": {"color_scheme": "dark"}}
TABS = {
    "unlearn": {"Comparison": 1, "Trade-off": 1, "Attack": 3, "Layers": 2, "Reviews": 0, "Forget set": 0},
    "relearn": {"This randomization": 1, "Savings by fraction": 1},
}
SIDEWAYS = """() => [...document.querySelectorAll('html, body, [data-testid="stMain"], [data-testid="stApp"]')]
    .filter(element => element.scrollWidth > element.clientWidth)
    .map(element => [element.tagName, element.dataset.testid, element.scrollWidth, element.clientWidth])"""
CLIPPED = """() => {
    // Controls and sentences that are cut off, or that reach out of the column that they stand in.
    const kinds = ['stButton', 'stButtonGroup', 'stSlider', 'stNumberInput', 'stMultiSelect', 'stSelectbox',
        'stTextInput', 'stText', 'stCaptionContainer', 'stAlert', 'stVegaLiteChart', 'stDataFrame', 'stPopover']
    const found = []
    for (const kind of kinds)
        for (const element of document.querySelectorAll(`[data-testid="stMain"] [data-testid="${kind}"]`)) {
            const box = element.getBoundingClientRect()
            if (!box.width || !box.height || !element.checkVisibility()) continue
            if (box.left < -1 || box.right > innerWidth + 1)
                found.push([kind, element.innerText.slice(0, 60), box.left, box.right, innerWidth])
            // A slider's own input is there for the keyboard alone, and is not seen.
            for (const part of element.querySelectorAll('button, label p, input:not([type="range"])'))
                if (part.getBoundingClientRect().right > innerWidth + 1)
                    found.push([kind, part.innerText || part.value, part.getBoundingClientRect().right, innerWidth])
            if (kind === 'stText' && element.scrollWidth > element.clientWidth + 1)
                found.push([kind, element.innerText.slice(0, 60), element.scrollWidth, element.clientWidth])
        }
    return found
}"""
TABS_SEEN = """() => [...document.querySelectorAll('[role=tab]')].map(tab => {
    const list = tab.closest('[role=tablist]')
    return [tab.innerText, tab.getBoundingClientRect().right <= innerWidth + 1 || list.scrollWidth > list.clientWidth]
})"""
SHIFTS = """() => {
    window.moved = {shift: 0, shifts: []}
    new PerformanceObserver(list => list.getEntries().forEach(entry => {
        window.moved.shift += entry.value
        window.moved.shifts.push([entry.value, entry.sources.map(
            source => [source.node?.dataset?.testid ?? source.node?.className ?? source.node?.nodeName,
                source.previousRect.y, source.currentRect.y, source.previousRect.height, source.currentRect.height])])
    })).observe({type: 'layout-shift', buffered: false})
}"""


def done(app) -> tuple[int, int]:
    """Parts that are done, and all of them, by the sentence under the chart."""
    app.page.get_by_text(PROGRESS).locator("visible=true").first.wait_for()
    found = PROGRESS.search(app.sentences())
    return tuple(int(part.replace(",", "")) for part in found.groups())


def marks(app) -> int:
    """Marks with a size in the first chart in sight."""
    return app.page.locator(DRAWN).first.evaluate(
        """chart => [...chart.querySelectorAll('svg g.role-mark path, svg g.role-mark line')].filter(
            mark => mark.getBoundingClientRect().width + mark.getBoundingClientRect().height > 0).length"""
    )


def number(app, label: str):
    return app.page.get_by_role("spinbutton", name=label, exact=True)


def fill(app, label: str, value: str) -> None:
    field = number(app, label)
    field.fill(value)
    field.press("Enter")
    app.settle()


def box_of(app) -> dict:
    """Where the table of reviews is, once it is in sight."""
    table = app.page.get_by_test_id("stDataFrame").locator("visible=true").first
    table.scroll_into_view_if_needed()
    return table.bounding_box()


def tick(app, row: int, box: dict) -> None:
    """Click on the box in a row of the table of reviews, which is a canvas."""
    app.page.mouse.click(box["x"] + 60, box["y"] + 34 + 33 * row + 16)


# Together they take minutes; the pages' own tests see the same without a browser.
long = pytest.mark.skipif(os.environ.get("LONG_TESTS") != "1", reason="takes minutes: LONG_TESTS=1 runs it")


@pytest.mark.parametrize("path", ["relearn", "unlearn"])
def test_a_new_visitor_trains_with_the_defaults_and_watches_the_rows_stream_in(visit, path):
    """The model of the defaults is the server's already; a seed of one's own is what nobody trained yet."""
    app = visit(f"{path}?seed={5150 + len(TABS[path])}&unlearning.seeds=2&relearning.seeds=3")
    train(app)
    app.start_study()
    app.page.wait_for_function(
        """() => document.querySelector('[data-testid="stVegaLiteChart"] svg g.role-mark path')
            && document.querySelector('[data-testid="stProgress"]')""",
    )
    first, total = done(app)
    assert 0 < first < total, "the chart is drawn before the end"
    app.button("Stop").click()
    app.page.get_by_text("are done").wait_for()
    app.settle()
    stopped = done(app)[0]
    app.page.wait_for_timeout(700)
    assert done(app)[0] == stopped >= first
    assert marks(app) > 0
    app.button("Go on").click()
    app.finish_study()
    expect(app.button("Go on")).to_have_count(0)


@long
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("path", TABS)
def test_every_tab_is_whole_on_every_screen(visit, path, size):
    app, wrong = visit({"unlearn": UNLEARN, "relearn": RELEARN}[path], **SIZES[size]), {}
    train(app)
    app.finish_study()
    for tab, charts in TABS[path].items():
        app.tab(tab)
        if tab == "Savings by fraction":
            app.finish_study()
        app.settle()
        found = [*app.page.evaluate(SIDEWAYS), *app.page.evaluate(CLIPPED)]
        found += [name for name, seen in app.page.evaluate(TABS_SEEN) if not seen]
        shown = app.page.locator(DRAWN)
        if shown.count() != charts:
            found.append(f"{shown.count()} charts, not {charts}")
        for place in range(shown.count()):
            chart = shown.nth(place)
            chart.locator("svg g.role-mark path, svg g.role-mark line").first.wait_for(state="attached")
            found += misplaced(chart.evaluate(LABELS))
        if not charts and not app.page.get_by_test_id("stDataFrame").locator("visible=true").count():
            found.append("no table")
        if found:
            wrong[tab] = found
    assert wrong == {}


@long
@pytest.mark.parametrize("path", TABS)
def test_the_first_chart_lies_within_a_projectors_first_screen(visit, path):
    app = visit({"unlearn": UNLEARN, "relearn": RELEARN}[path])
    train(app)
    app.finish_study()
    found = {"chart": app.page.locator(f"{DRAWN} svg").first, "tabs": app.page.get_by_role("tab").last}
    app.eventually(lambda: out_of_sight(found), {})


def test_two_reviews_are_ticked_and_forgotten(visit):
    app = visit(UNLEARN)
    train(app)
    app.finish_study()
    app.page.get_by_test_id("stButtonGroup").get_by_role("radio", name="Reviews").or_(app.pill("Reviews")).first.click()
    app.settle()
    assert "There must be something to forget" in app.alerts()
    app.tab("Forget set")
    field = app.page.get_by_placeholder("a word, or a class")
    field.fill("walnut")
    field.press("Enter")
    app.settle()
    recipe, _ = decode_query({"training.epochs": "6"})
    parts = prepare(recipe, load_sample())
    texts = dict.fromkeys(parts.reviews.texts[row] for row in parts.training.rows)
    wanted = [text for text in texts if "walnut" in text.casefold()]
    assert f"Reviews found: {len(wanted)}; ticked in all: 0." in app.sentences()
    tick(app, 0, box_of(app))
    app.page.wait_for_function("location.search.includes('forget.reviews')")
    app.settle()
    tick(app, 2, box_of(app))
    app.page.wait_for_function("/forget.reviews=[0-9a-f]+(,|%2C)/.test(location.search)")
    app.settle()
    keys = [review_key(wanted[0]), review_key(wanted[2])]
    assert app.parameters()["forget.reviews"].split(",") == keys
    assert "ticked in all: 2." in app.sentences()
    app.tab("Comparison")
    app.finish_study()
    assert "2 of 964 training reviews are to be forgotten" in app.sentences()
    app.tab("Reviews")
    app.page.get_by_text("The median probability of the true class").wait_for()
    app.page.reload()
    app.page.get_by_text("Reviews ticked: 2.").first.wait_for()
    app.settle()
    assert app.parameters()["forget.reviews"].split(",") == keys
    app.press("Untick all")
    app.page.wait_for_function("!location.search.includes('forget.reviews')")


@long
def test_reviews_that_are_ticked_in_a_hurry_are_all_taken(visit):
    app = visit(f"{UNLEARN}&forget.by=reviews")
    train(app)
    app.tab("Forget set")
    app.settle()
    box = box_of(app)
    for row in range(3):
        tick(app, row, box)
        app.page.wait_for_timeout(120)
    app.settle(1200)
    assert len(app.parameters().get("forget.reviews", "").split(",")) == 3


def test_a_method_is_added_and_only_that_is_run(visit):
    app = visit(UNLEARN)
    train(app)
    app.finish_study()
    before = app.page.get_by_test_id("stText").first.inner_text().splitlines()[0]
    search(app, "Methods", "random labels")
    app.page.wait_for_function("location.search.includes('random_labels')")
    app.finish_study("6")
    app.page.locator(f"{CHART} text").get_by_text("random labels", exact=True).first.wait_for(state="attached")
    assert app.parameters()["unlearning.methods"] == "retrain,fine_tune,random_labels"
    assert before in app.sentences(), "what retraining leaves has changed"
    app.settle(1100)
    app.page.go_back()
    app.finish_study("4")
    assert app.parameters()["unlearning.methods"] == "retrain,fine_tune"


@pytest.mark.parametrize("path", TABS)
def test_reload_and_back_keep_the_plan(visit, path):
    app = visit({"unlearn": UNLEARN, "relearn": RELEARN}[path])
    train(app)
    app.finish_study()
    fill(app, "Seeds", "3")
    group = {"unlearn": "unlearning", "relearn": "relearning"}[path]
    app.page.wait_for_function("text => location.search.includes(text)", arg=f"{group}.seeds=3")
    app.finish_study({"unlearn": "6", "relearn": "9"}[path])
    address, sentence = app.url, app.page.get_by_test_id("stText").first.inner_text()
    app.page.reload()
    app.finish_study()
    assert app.url == address
    app.eventually(app.page.get_by_test_id("stText").first.inner_text, sentence)
    expect(number(app, "Seeds")).to_have_value("3")
    app.settle(1200)
    app.page.go_back()
    app.settle()
    app.eventually(lambda: app.parameters()[f"{group}.seeds"], "2")
    expect(number(app, "Seeds")).to_have_value("2")


def test_small_numbers_of_a_link_are_shown_as_they_are(visit):
    link = {
        "Learning rate of repair and tuning": ("unlearning.learning_rate", "0.00125"),
        "Fraction randomized before repair": ("unlearning.repair_fraction", "0.375"),
        "Gradient ascent: retain accuracy it may lose": ("unlearning.ascent_tolerance", "0.005"),
        "Dampening: λ": ("unlearning.dampening_lambda", "0.125"),
    }
    app = visit(UNLEARN + "".join(f"&{name}={value}" for name, value in link.values()))
    train(app)
    app.page.get_by_text("Settings of the methods").click()
    app.settle()
    wanted = {label: float(value) for label, (_, value) in link.items()}
    app.eventually(lambda: {label: float(number(app, label).input_value()) for label in link}, wanted)


def test_the_default_learning_rate_and_a_step_of_it_can_be_told(visit):
    app = visit(UNLEARN)
    train(app)
    app.page.get_by_text("Settings of the methods").click()
    app.settle()
    field = number(app, "Learning rate of repair and tuning")
    field.focus()
    field.press("ArrowUp")
    field.press("Enter")
    app.page.wait_for_function("location.search.includes('learning_rate')")
    app.settle()
    assert float(app.parameters()["unlearning.learning_rate"]) == 0.011
    app.eventually(lambda: float(field.input_value()), 0.011)


@long
@pytest.mark.parametrize(("link", "selector"), [(MANY, GAPS), (LONG, LINES)], ids=["unlearn", "relearn"])
def test_a_study_streams_stops_and_is_kept(visit, link, selector):
    app = visit(link)
    train(app)
    app.start_study()
    app.page.locator(selector).first.wait_for()
    seen = [done(app)[0]]
    while len(seen) < 4:
        app.page.wait_for_timeout(100)
        if (now := done(app)[0]) != seen[-1]:
            seen.append(now)
    assert seen == sorted(seen)
    app.button("Stop").click()
    app.page.get_by_text("are done").wait_for()
    kept = done(app)[0]
    app.go("Data")
    app.go(app_title(link))
    assert done(app)[0] >= kept
    assert marks(app) > 0


def app_title(link: str) -> str:
    return link.split("?")[0].title()


@long
def test_nothing_jumps_once_every_method_is_drawn(visit):
    """Rows of further seeds change numbers, but not the height of what stands around the chart."""
    app = visit(MANY)
    train(app)
    app.start_study()
    app.page.locator(GAPS).first.wait_for()
    app.page.wait_for_timeout(4_000)
    app.page.evaluate(SHIFTS)
    app.page.wait_for_timeout(3_000)
    moved = app.page.evaluate("window.moved")
    app.button("Stop").click()
    app.settle()
    assert moved["shift"] < 0.01, moved["shifts"][:3]


@long
def test_the_progress_keeps_step_with_the_figures(visit):
    app = visit(MANY)
    train(app)
    app.button("Start").click()
    app.page.locator(GAPS).first.wait_for()
    first, figures = done(app)[0], app.page.locator(CHART).first.text_content()
    app.page.wait_for_timeout(6_000)
    now, drawn = done(app)[0], app.page.locator(CHART).first.text_content()
    app.button("Stop").click()
    app.settle()
    assert drawn != figures, "the figures stand still"
    assert now > first, f"the progress said {now} when {done(app)[0]} were done, {first} at the start"


FILES = ("Rows, CSV", "Rows, PARQUET", "PNG", "SVG", "PDF", "HTML")


@long
@pytest.mark.parametrize("path", ["unlearn", "relearn"])
def test_files_hold_the_rows_and_the_chart(visit, path):
    app, files = visit({"unlearn": UNLEARN, "relearn": RELEARN}[path]), {}
    train(app)
    app.finish_study()
    app.page.get_by_test_id("stPopover").locator("visible=true").get_by_role("button", name="Download").click()
    body = app.page.get_by_test_id("stPopoverBody")
    for label in FILES:
        with app.page.expect_download() as download:
            body.get_by_role("button", name=label, exact=True).click()
        files[label.removeprefix("Rows, ")] = download.value.path().read_bytes()
    csv, parquet = pd.read_csv(io.BytesIO(files["CSV"])), pd.read_parquet(io.BytesIO(files["PARQUET"]))
    assert csv["validation_accuracy"].tolist() == pytest.approx(parquet["validation_accuracy"].tolist())
    assert len(csv) == len(parquet) == {"unlearn": 4, "relearn": 6 * 7}[path]
    assert files["PNG"].startswith(b"\x89PNG")
    assert b"<svg" in files["SVG"][:500]
    assert files["PDF"].startswith(b"%PDF")
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=.?https?:", files["HTML"].decode())


@long
def test_the_other_tab_of_relearn_is_drawn_for_each_scheme(visit):
    app = visit(RELEARN)
    train(app)
    app.tab("Savings by fraction")
    app.finish_study()
    assert "(re-randomization)" in app.sentences()
    app.page.get_by_test_id("stButtonGroup").locator("visible=true").get_by_text("N(0, 1)", exact=True).click()
    app.settle()
    assert "(N(0, 1))" in app.sentences()
    assert app.page.locator(DRAWN).first.locator("svg g.mark-symbol path").count() > 0


@long
def test_hostile_classes_and_reviews_are_shown_as_text(visit):
    names = ("![x](http://127.0.0.1:9/x) **b** $a$ 🍷", "<img src=http://127.0.0.1:9/y>", ":red[c] " + "z" * 200)
    words = ("__cherry__ plum leather smoke", "_lemon_ apple slate pear", "fig raisin walnut toffee")
    rows = [
        f'"{words[row % 3]} note{row % 13} glass{row % 7} <img src=http://127.0.0.1:9/t> $x$ palate nose finish, at a'
        f' length that any review has which is no name of a class, however long such a name may be {"and on " * 30}"'
        f',"{names[row % 3]}"'
        for row in range(120)
    ]
    app = visit(f"data?data.source=file&training.epochs=20&{QUICK}&forget.by=class&forget.label={names[1]}")
    app.upload(name="mine.csv", content="\n".join(["review,style", *rows, ""]).encode())
    app.go("Unlearn")
    train(app)
    app.finish_study()
    main = app.page.get_by_test_id("stMain")
    for tab in TABS["unlearn"]:
        app.tab(tab)
        assert main.locator("img, .katex, a[href*='127.0.0.1']").count() == 0, tab
        assert app.page.evaluate(SIDEWAYS) == [], tab
        assert app.page.evaluate(CLIPPED) == [], tab
    box = app.page.get_by_test_id("stSelectbox").filter(has_text="Class").locator("input")
    box.click()
    options = [text.strip() for text in app.page.get_by_role("option").all_inner_texts()]
    assert options == sorted(names)
    app.page.keyboard.press("Escape")
    app.go("Relearn")
    app.finish_study()
    assert main.locator("img, .katex").count() == 0


@long
def test_what_cannot_be_forgotten_is_told_and_mended(visit):
    app = visit(f"{UNLEARN}&forget.share=1")
    train(app)
    assert "Something must be left to learn from" in app.alerts()
    app.page.get_by_test_id("stSlider").locator("input").focus()
    app.page.keyboard.press("Home")
    app.settle()
    assert "There must be something to forget" in app.alerts()
    for _ in range(5):
        app.page.keyboard.press("ArrowRight")
        app.page.wait_for_timeout(60)
    app.finish_study()
    assert app.alerts() == ""
    assert app.parameters()["forget.share"] == "0.05"
