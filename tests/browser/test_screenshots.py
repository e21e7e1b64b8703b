"""The pictures of the README. They are taken only where one is missing, or where WRITE_SCREENSHOTS=1 asks for it."""

import os
import re
from pathlib import Path

import pytest
from driver import ENDED
from runs_table import choose_runs

FOLDER = Path(__file__).parents[1] / "screenshots"
FORTY = "forget?randomization.layers=fc1&randomization.fraction=0.4"
PHONE = {"width": 390, "height": 844}


def wanted(name: str) -> Path:
    """The path of a picture that is to be taken now; the test is left out where none is."""
    path = FOLDER / f"{name}.png"
    if path.exists() and os.environ.get("WRITE_SCREENSHOTS") != "1":
        pytest.skip(f"{path.name} is there; WRITE_SCREENSHOTS=1 takes it anew")
    FOLDER.mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize(("name", "link"), [("overview", ""), ("forget", FORTY)])
def test_pictures_of_pages(visit, name, link):
    path = wanted(name)
    visit(link).picture(path)


@pytest.mark.parametrize("name", ["layers", "layers-heat", "layers-matched", "layers-words", "layers-dark"])
def test_pictures_of_layers(visit, name):
    path = wanted(name)
    views = {"layers-heat": "Heat map", "layers-matched": "Equal ‖ΔW‖", "layers-words": "Words"}
    link = "layers?sweep.schemes=reinit,normal,permute,zero&sweep.seeds=5" if name == "layers-matched" else "layers"
    app = visit(link, color_scheme="dark" if name == "layers-dark" else "light")
    if name in views:
        app.tab(views[name])
    if name == "layers-words":
        app.press("Forget the ten strongest")
    else:
        app.start_study()
        app.page.get_by_text(ENDED).locator("visible=true").first.wait_for()
    app.settle()
    app.picture(path)


def test_picture_of_a_transformer(visit):
    path = wanted("layers-transformer")
    app = visit("layers?model.kind=transformer&sweep.seeds=3")
    app.tab("Conclusions")
    app.start_study()
    app.page.get_by_text(ENDED).locator("visible=true").first.wait_for(timeout=300_000)
    app.settle()
    app.picture(path)


@pytest.mark.parametrize(("name", "tab"), [("unlearn", "Comparison"), ("unlearn-attack", "Attack")])
def test_pictures_of_unlearning(visit, name, tab):
    path = wanted(name)
    app = visit("unlearn?forget.by=class&forget.label=Malbec")
    app.start_study()
    app.page.get_by_text(ENDED).locator("visible=true").first.wait_for()
    app.tab(tab)
    app.settle()
    app.picture(path)


def test_picture_of_a_review(visit):
    path = wanted("review")
    app = visit(f"{FORTY.replace('0.4', '0.9')}&randomization.scheme=reinit")
    app.tab("A review")
    app.page.locator(".own .word").first.wait_for()
    app.settle()
    app.page.get_by_role("tab", name="A review").evaluate("element => element.scrollIntoView()")
    app.picture(path)


@pytest.mark.parametrize(("name", "tab"), [("explain", "Sanity check"), ("explain-map", "Map")])
def test_pictures_of_explanations(visit, name, tab):
    path = wanted(name)
    app = visit("explain?randomization.layers=fc1&randomization.fraction=0.9&randomization.scheme=reinit")
    app.tab(tab)
    if name == "explain":
        app.start_study()
        app.page.get_by_text(ENDED).locator("visible=true").first.wait_for()
    app.settle()
    app.picture(path)


def test_picture_of_the_savings(visit):
    path = wanted("savings")
    app = visit("relearn")
    app.tab("Savings by fraction")
    app.start_study()
    app.page.get_by_text(ENDED).locator("visible=true").first.wait_for()
    app.settle()
    app.picture(path)


def test_picture_of_the_dose(visit):
    path = wanted("forget-dose")
    app = visit(FORTY)
    app.tab("Dose–response")
    app.page.locator('[data-testid="stVegaLiteChart"] svg g.mark-line path').first.wait_for(state="attached")
    app.settle()
    app.picture(path)


def test_picture_of_runs(visit):
    path = wanted("runs")
    app = visit(None)
    for epochs in (20, 60):
        app.open("train", **{"training.epochs": str(epochs), "seed": "2"})
        app.button("Play").click()
        app.button("Play again").wait_for()
        app.settle()
    app.go("Runs")
    choose_runs(app, 0, 1)
    app.page.get_by_test_id("stDataFrame").first.evaluate("element => element.scrollIntoView()")
    app.picture(path)


@pytest.mark.parametrize(("name", "part"), [("keep-python", "Python"), ("keep-methods", "Methods")])
def test_pictures_of_what_is_kept(visit, name, part):
    path = wanted(name)
    app = visit(f"{FORTY.replace('0.4', '0.9')}&randomization.scheme=reinit")
    app.click(app.page.get_by_test_id("stSidebar").get_by_role("button", name="Save and cite"))
    app.click(app.page.get_by_role("dialog").get_by_role("tab", name=part, exact=True))
    app.picture(path)


def test_picture_of_the_data(visit):
    path = wanted("data")
    visit("data").picture(path)


def test_picture_of_training(visit):
    path = wanted("train")
    app = visit("train?seed=1")
    app.button("Play").click()
    app.page.wait_for_function("parseInt(document.querySelector('[data-testid=\"stMetricValue\"]')?.innerText) > 35")
    app.button("Pause").click()
    app.settle()
    app.picture(path)


@pytest.mark.parametrize("name", ["classes", "relearn"])
def test_pictures_of_views(visit, name):
    path = wanted(name)
    app = visit(FORTY)
    app.tab(name.capitalize())
    if name == "relearn":
        app.button("Relearn").click()
        app.page.get_by_text(re.compile("After 100 epochs of relearning")).wait_for()
        app.settle()
    app.picture(path)


def test_picture_of_the_dark_theme(visit):
    path = wanted("overview-dark")
    visit("", color_scheme="dark").picture(path)


def test_picture_of_a_phone(visit):
    path = wanted("forget-phone")
    visit(FORTY, viewport=PHONE, has_touch=True, is_mobile=True).picture(path)


def test_picture_of_the_published_table(visit, wine_reviews_path):
    path = wanted("published")
    app = visit("data?data.source=file")
    app.upload(wine_reviews_path)
    app.go("Overview")
    trains = app.page.locator(".st-key-train_now button").first  # its tooltip doubles it
    if trains.count():
        app.click(trains)
        app.page.locator(".live .number").first.wait_for()
    field = app.page.get_by_role("spinbutton", name="Seeds")
    field.fill("5")
    field.press("Enter")
    app.settle()
    app.button("Reproduce the table").click()
    app.page.get_by_text(re.compile("the 5 re-runs here")).wait_for()
    app.settle()
    app.page.get_by_text("The published table, and what it hides").evaluate("element => element.scrollIntoView()")
    app.picture(path)
