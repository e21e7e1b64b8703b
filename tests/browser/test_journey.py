"""The main job in a real browser: upload, train, randomize, compare, restore, relearn."""

import re

import pytest
from playwright.sync_api import expect

RECORD = """() => {
    window.seen = {epochs: [], curves: []}
    window.record = setInterval(() => {
        const value = document.querySelector('[data-testid="stMetricValue"]')?.innerText.trim()
        if (value && window.seen.epochs.at(-1) !== value) window.seen.epochs.push(value)
        const lines = [...document.querySelectorAll('[data-testid="stVegaLiteChart"] .mark-line path')]
        const picture = lines.map(line => line.getAttribute('d')).join()
        if (picture && window.seen.curves.at(-1) !== picture) window.seen.curves.push(picture)
    }, 20)
}"""


@pytest.fixture
def trained(visit):
    """A visitor on the Forget page, with the default model trained."""
    return visit("forget")


def test_upload_train_forget_and_restore(visit, reviews_file):
    app = visit("data")
    app.choose_source("Upload")
    app.upload(reviews_file)
    boxes = app.page.get_by_test_id("stSelectbox")
    for label, column in (("Column of the texts", "Review_content"), ("Column of the labels", "Type_of_wine")):
        expect(boxes.filter(has_text=label).locator("input")).to_have_value(column)
    assert "reviews are kept" in app.sentences()
    assert app.parameters()["data.file"] == reviews_file.name

    app.go("Train")
    app.press("One step")
    assert app.metrics()["Epoch"] == "1 / 100"
    app.page.evaluate(RECORD)
    app.button("Play").click()
    app.page.wait_for_function("window.seen.epochs.length >= 6")
    app.button("Pause").click()
    app.settle()
    stands = app.metrics()["Epoch"]
    app.page.wait_for_timeout(700)
    assert app.metrics()["Epoch"] == stands
    app.press("One step")
    assert int(app.metrics()["Epoch"].split()[0]) == int(stands.split()[0]) + 1
    app.button("Play").click()
    app.button("Play again").wait_for()
    app.settle()
    seen = app.page.evaluate("() => (clearInterval(window.record), window.seen)")
    epochs = [int(text.split(" / ")[0]) for text in seen["epochs"]]
    assert epochs == sorted(epochs)
    assert len(set(epochs)) >= 10
    assert epochs[:4] == [1, 2, 3, 4]
    assert epochs[-1] == 100
    assert len(seen["curves"]) >= 8

    app.go("Forget")
    app.press("Restore")
    original = app.metrics()
    charts = app.bars("accuracy"), app.bars("loss")
    assert app.parameters()["randomization.layers"] == ""
    assert "Nothing is randomized" in app.sentences()
    app.pill("fc1").click()
    first = app.wait_for_metrics(original)
    app.press("All layers")
    everything = app.wait_for_metrics(first)
    assert everything != original
    app.press("Restore")
    assert app.wait_for_metrics(everything) == original
    app.eventually(lambda: (app.bars("accuracy"), app.bars("loss")), charts)


def test_no_curve_of_other_reviews_stands_there_as_if_it_were_of_these(visit):
    words = ("cherry plum leather smoke", "lemon apple slate pear")
    rows = [f"{words[row % 2]} of lot {row} and glass{row % 7},{('red', 'white')[row % 2]}" for row in range(60)]
    app = visit("data")
    app.choose_source("Upload")
    app.upload(name="never trained.csv", content="\n".join(["review,style", *rows, ""]).encode())
    app.go("Train")
    assert "Press Play" in app.sentences() or "not of never trained.csv" in app.sentences()


def test_the_slider_by_keyboard_ends_where_a_fresh_link_does(visit, trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=37)
    assert trained.parameters() == {"randomization.fraction": "0.37"}
    assert "Randomizing 37\u00a0% of all layers" in trained.sentences()
    fresh = visit("forget?randomization.fraction=0.37")
    assert fresh.metrics() == trained.metrics()
    fresh.eventually(lambda: fresh.bars("accuracy"), trained.bars("accuracy"))


def test_fast_presses_to_and_fro_leave_slider_address_and_metrics_agreed(trained):
    for _ in range(4):
        trained.slider.focus()
        for key in ("ArrowLeft",) * 9 + ("ArrowRight",) * 4:
            trained.page.keyboard.press(key)
        trained.page.wait_for_timeout(120)
    trained.agree()
    trained.settle()
    expect(trained.slider).to_have_value("80")
    assert trained.parameters() == {"randomization.fraction": "0.8"}
    assert "Randomizing 80\u00a0% of all layers" in trained.sentences()


def test_pills_and_clicks_on_the_picture_toggle_layers(trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=40)
    assert _network(trained) == {"fc1": "40\u00a0%", "fc2": "40\u00a0%"}
    none, some = "0\u00a0%", "40\u00a0%"
    for chosen, layer in (((none, some), "fc1"), ((some, some), "fc1"), ((some, none), "fc2")):
        before = trained.metrics()
        trained.page.locator(".live .layer").filter(has_text=layer).click()
        assert trained.wait_for_metrics(before)
        trained.eventually(lambda: tuple(_network(trained).values()), chosen)
        for name, share in zip(("fc1", "fc2"), chosen, strict=True):
            expect(trained.pill(name)).to_have_attribute("aria-pressed", "false" if share == "0\u00a0%" else "true")
    before = trained.metrics()
    trained.pill("fc2").click()
    trained.wait_for_metrics(before)
    trained.eventually(lambda: _network(trained), {"fc1": "40\u00a0%", "fc2": "40\u00a0%"})
    assert trained.parameters() == {"randomization.fraction": "0.4"}


def _network(app) -> dict[str, str]:
    """The layers of the picture with the share that each says; where it is randomized, it is to be drawn so."""
    found = {}
    for layer in app.page.locator(".live button.layer").all():
        name, share = (layer.locator(part).inner_text() for part in (".title", ".share"))
        found[name] = share
        drawn = bool(layer.locator(".lost").get_attribute("d"))
        if not drawn == (share != "0\u00a0%") == (layer.get_attribute("aria-pressed") == "true"):
            found[name] += ", and drawn otherwise"
    return found


VIEWS = {
    "Classes": ("these reviews", ".js-plotly-plot"),
    "Confusion": ("Jensen–Shannon", ".js-plotly-plot"),
    "Weights": ("standard deviation of the weights", ".js-plotly-plot"),
    "Reviews": ("change their predicted class", '[data-testid="stDataFrame"]'),
    "Relearn": ("trains the randomized model again", '[data-testid="stVegaLiteChart"] svg'),
    "Accuracy and loss": ("Randomizing", ".js-plotly-plot"),
}


def test_every_tab_shows_its_sentence_and_its_chart(trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=40)
    for name, (sentence, chart) in VIEWS.items():
        trained.tab(name)
        assert sentence in trained.sentences()
        drawn = trained.page.get_by_role("tabpanel").locator("visible=true").locator(chart).first
        drawn.wait_for()
        large = "chart => chart.getBoundingClientRect().width > 200 && chart.getBoundingClientRect().height > 150"
        trained.eventually(lambda drawn=drawn, large=large: drawn.evaluate(large), True)


def test_relearning_plays_to_its_end(trained):
    trained.slide("Home")
    trained.slide("ArrowRight", times=40)
    trained.tab("Relearn")
    field = trained.page.get_by_role("spinbutton", name="Epochs to relearn")
    field.fill("20")
    field.press("Enter")
    trained.settle()
    trained.button("Relearn").click()
    trained.page.get_by_text(re.compile("After 20 epochs of relearning")).wait_for()
    trained.settle()
    assert "chance is 9\u00a0%" in trained.sentences()
    expect(trained.button("Stop")).to_have_count(0)


def test_training_goes_on_beside_another_page_until_it_is_stopped_there(visit):
    app = visit("train?training.epochs=1500")
    app.button("Play").click()
    app.page.wait_for_function("parseInt(document.querySelector('[data-testid=\"stMetricValue\"]')?.innerText) > 2")
    sidebar = app.page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Data").click()
    app.page.wait_for_url("**/data?**")
    sidebar.get_by_role("button", name="Stop").click()
    app.settle()
    app.go("Train")
    stands = app.metrics()["Epoch"]
    assert 2 < int(stands.split()[0]) < 1500
    expect(app.button("Play")).to_be_visible()
    app.page.wait_for_timeout(1_000)
    assert app.metrics()["Epoch"] == stands


def test_full_speed_is_faster_than_watching(visit):
    """Who watches sees at least the first four epochs and eight steps of the others, however small the model is."""
    app = visit("train?seed=11&model.hidden=4")
    app.page.get_by_text("Full speed").click()
    app.settle()
    app.page.evaluate(RECORD)
    app.button("Play").click()
    app.button("Play again").wait_for()
    app.settle()
    assert len(app.page.evaluate("window.seen.epochs")) < 10
    assert app.metrics()["Epoch"] == "100 / 100"


def test_under_another_name_the_plain_entry_says_which_option_allows_it(visit):
    app = visit(None, checked=False)
    app.page.goto(app.address.replace("localhost", "wine.localhost"))
    assert "--server.allowedHosts wine.localhost" in app.page.locator("body").inner_text()
