"""A person keeps an experiment, opens it in another window, and compares two runs."""

import json
import re

from driver import App, lose_answer
from runs_table import choose_runs
from serving import serving

LINK = "forget?randomization.layers=fc1&randomization.fraction=0.8&randomization.scheme=reinit"


def dialog(app, part: str):
    """The part of the dialog that every page has."""
    app.click(app.page.get_by_test_id("stSidebar").get_by_role("button", name="Save and cite"))
    found = app.page.get_by_role("dialog")
    app.click(found.get_by_role("tab", name=part, exact=True))
    return found


def test_a_saved_experiment_opens_in_another_window(visit, tmp_path):
    app = visit(LINK)
    app.tab("Classes")
    with app.page.expect_download() as saved:
        dialog(app, "Save").get_by_role("button", name="Save the experiment").click()
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    assert json.loads(file.read_text())["recipe"]["randomization"]["fraction"] == 0.8

    other = visit("data", color_scheme="dark")  # with a session of its own
    lost = lose_answer(other.page)
    other.page.reload()
    other.settle()
    opening = dialog(other, "Open")
    opening.locator('input[type="file"]').set_input_files({"name": "no.json", "mimeType": "", "buffer": b"{}"})
    opening.get_by_text("no.json did not arrive: it is taken again.").wait_for()
    assert lost
    opening.get_by_text(re.compile("no.json does not")).wait_for()
    assert other.url.endswith("/data")
    opening.locator('input[type="file"]').set_input_files(file)
    other.page.wait_for_url(re.compile("/forget[?]"))
    other.page.get_by_text(re.compile("reproduced, bit for bit")).wait_for()
    other.settle()
    assert other.parameters() == app.parameters()
    assert other.page.get_by_role("tab", name="Classes").get_attribute("aria-selected") == "true"


def test_runs_are_compared(browser, tmp_path):
    """On a server of its own, whose runs nobody else adds to."""
    with serving(tmp_path) as server:
        app = App(browser.new_context(), server.address)
        for epochs in (8, 16):
            app.open("train", **{"training.epochs": str(epochs)})
            app.button("Play").click()
            app.button("Play again").wait_for()
            app.settle()
        app.go("Runs")
        choose_runs(app, 0, 1)
        assert re.search(r"A: Training, epochs 100 → 8\s+B: Training, epochs 100 → 16", app.sentences())
        assert "From A to B differ: epochs (8 → 16)." in app.sentences()
        app.press("Swap A and B")
        assert "From A to B differ: epochs (16 → 8)." in app.sentences()
        app.check()
