"""The entry for showing the app to others: its headers, and that Chromium, which obeys them, still shows every page."""

import re
import urllib.error
import urllib.request

import pytest
from driver import PATHS, TITLES, App, lose_answer
from serving import serving

PARAMETERS = {
    "layers": "?sweep.doses=0,0.5,1&sweep.seeds=2",
    "explain": "?explanation.seeds=1&explanation.doses=0,1",
    "relearn": "?relearning.seeds=2",
    "unlearn": "?unlearning.seeds=2&unlearning.methods=retrain,fine_tune",
}
CHARTS = '.js-plotly-plot:visible, [data-testid="stVegaLiteChart"]:visible svg'


@pytest.fixture(scope="module")
def hardened(tmp_path_factory):
    with serving(tmp_path_factory.mktemp("hardened"), "forgetting/dashboard/server/hardened.py") as server:
        yield server


def headers(url: str) -> dict[str, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return {name.lower(): value for name, value in answer.headers.items()}
    except urllib.error.HTTPError as error:
        return {name.lower(): value for name, value in error.headers.items()}


@pytest.mark.parametrize("path", ["", "unlearn", "_stcore/health", "nothing/here.js", "static/nothing.js"])
def test_every_answer_has_the_headers(hardened, path):
    found = headers(f"{hardened.address}/{path}")
    rules = dict(rule.split(" ", 1) for rule in found["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in rules["script-src"]
    assert not re.search(r"https?:|\*", found["content-security-policy"])
    assert (found["x-content-type-options"], found["x-frame-options"]) == ("nosniff", "DENY")
    assert found["referrer-policy"] == "no-referrer"


def test_a_cold_link_to_every_page_works_under_the_policy(hardened, browser, tmp_path):
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    app = App(context, hardened.address)
    app.open()
    app.page.locator(CHARTS).first.wait_for()
    for page, path in PATHS.items():
        app.page.goto(f"{hardened.address}/{path}{PARAMETERS.get(page, '')}")
        app.settle()
        if page not in ("story", "runs", "method"):  # which open without one
            app.start_study()
            app.page.locator(CHARTS).first.wait_for()
        assert app.page.get_by_test_id("stSidebar").get_by_role("link").count() == len(PATHS)
        assert app.page.title() == f"{TITLES[page]} · Learning to Forget"
        assert app.sentences().strip()
    app.go("Runs")
    assert "Kept in this session only" in app.sentences()
    assert not (hardened.log.parent / "runs").exists()
    lost = lose_answer(app.page)
    app.page.goto(f"{hardened.address}/data?data.source=file")
    app.settle()
    rows = [f"cherry plum note{row % 9} and glass{row % 7},{'red' if row % 2 else 'white'}" for row in range(60)]
    app.upload(name="few.csv", content="\n".join(["review,style", *rows]).encode())
    assert lost
    assert "few.csv did not arrive: it is taken again." in app.sentences()
    assert "in 2 classes" in app.sentences()
    app.go("Train")
    app.press("One step")
    with app.page.expect_download() as download:
        app.button("Download the model (safetensors)").click()
    download.value.save_as(tmp_path / "model.safetensors")
    app.button("Load a saved model").click()
    app.page.locator(".st-key-saved_model input[type=file]").set_input_files(tmp_path / "model.safetensors")
    app.page.get_by_text("1 epoch, with its settings.").wait_for()
    app.check()  # what the policy refuses is an error in the console
    context.close()


def test_under_another_name_a_page_says_which_option_allows_it(hardened, browser):
    """A browser asks this machine for any name that ends with localhost."""
    page, errors = browser.new_page(), []
    page.on("console", lambda message: errors.append(message.text))
    answer = page.goto(hardened.address.replace("localhost", "wine.localhost") + "/train")
    assert answer.status == 403
    assert answer.headers["content-security-policy"]
    assert "--server.allowedHosts wine.localhost" in page.locator("body").inner_text()
    assert [error for error in errors if "403" not in error] == []
    page.close()


def test_another_site_cannot_frame_the_page(hardened, browser):
    page = browser.new_page()
    with page.expect_console_message(
        lambda message: "frame-ancestors" in message.text or "X-Frame-Options" in message.text
    ):
        page.set_content(f'<iframe src="{hardened.address}/"></iframe>')
    assert not page.frames[1].locator('[data-testid="stApp"]').count()
    page.close()


def test_a_script_that_got_into_the_page_would_not_run(hardened, browser):
    """The second line of defence: what `test_hostile.py` shows not to happen would be refused here."""
    context = browser.new_context()
    app = App(context, hardened.address)
    app.open("data")
    app.page.evaluate(
        """() => {
            const script = document.createElement('script')
            script.textContent = "document.title = 'owned'"
            document.body.append(script)
            const picture = document.createElement('img')
            picture.src = 'http://127.0.0.1:9/x'
            picture.setAttribute('onerror', "document.title = 'owned'")
            document.body.append(picture)
        }"""
    )
    app.eventually(lambda: sum("Content Security Policy" in error for error in app.errors) >= 2, True)
    assert app.page.title().startswith("Data")
    context.close()
