"""Faults in a real browser: reload, files and a closed tab during work, a server that starts anew, queues."""

import re

import pytest
from driver import App
from serving import Server, free_port, serving

LONG = "train?seed=4711&training.epochs=2000"
STUDY = "layers?seed=4712&training.epochs=5&sweep.retrain=1&sweep.seeds=500&sweep.doses=0,0.5,1"
BESIDE = """() => {
    const sidebar = document.querySelector('[data-testid="stSidebar"]')?.innerText ?? ''  // away while a page comes
    return Number((sidebar.match(/Dose–response: ([\\d,]+) of/) || ['', '-1'])[1].replace(',', ''))
}"""
ROWS = [f"cherry plum smoke note{row % 9} and glass{row % 7},{'red' if row % 2 else 'white'}" for row in range(60)]
CONNECTED = '[data-testid="stApp"][data-test-connection-state="CONNECTED"]'
CSV = "\n".join(["review,style", *ROWS, ""]).encode()


def epoch(app: App) -> int:
    return int(app.metrics()["Epoch"].split(" / ")[0])


def variants(app: App) -> int:
    found = re.search(r"([\d,]+) of [\d,]+ variants", app.sentences())
    return int(found[1].replace(",", "")) if found else 0


def test_a_reload_in_the_middle_of_training_starts_anew_with_the_same_settings(visit):
    app = visit(LONG)
    app.button("Play").click()
    app.page.wait_for_function("() => document.body.innerText.match(/\\n([1-9]\\d*) \\/ 2000/)")
    address = app.url
    app.page.reload()
    app.settle()
    assert app.url == address
    assert "Press Play to train" in app.sentences()
    app.press("One step")
    assert epoch(app) == 1


def test_a_study_under_way_gives_files_and_leaves_others_alone_when_its_tab_is_closed(visit):
    first, second = visit(STUDY, checked=False), visit("train?seed=4713&training.epochs=60")
    first.page.locator(".st-key-train_now button").first.click()
    first.button("Start").click()
    first.page.wait_for_function("() => /[1-9]\\d* of [\\d,]+ variants/.test(document.body.innerText)")
    first.page.get_by_test_id("stPopover").locator("visible=true").get_by_role("button", name="Download").click()
    with first.page.expect_download() as download:  # while the page is drawn again and again
        first.page.get_by_test_id("stPopoverBody").get_by_role("button", name="Rows, CSV").click()
    assert download.value.path().read_bytes().count(b"\n") > 1
    second.button("Play").click()
    sidebar = first.page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Data").click()
    for _ in range(2):  # it goes on, and is shown to
        before = first.page.evaluate(BESIDE)
        first.page.wait_for_function(f"before => ({BESIDE})() > before", arg=before)
    first.page.close()
    second.page.wait_for_function("() => document.body.innerText.includes('60 / 60')")
    third = visit(STUDY)
    assert variants(third) == 0  # the study was the first visitor's own


def test_going_offline_and_back_keeps_what_was_there(visit):
    app = visit("train?seed=4714&training.epochs=40", checked=False)
    app.press("One step")
    app.press("One step")
    assert epoch(app) == 2
    app.context.set_offline(True)
    app.page.evaluate("window.runs.socket.close()")  # which Chromium leaves open
    app.page.locator(CONNECTED).wait_for(state="detached")
    app.context.set_offline(False)
    app.page.locator(CONNECTED).wait_for()
    app.press("One step")
    assert epoch(app) == 3


@pytest.fixture
def restarted(tmp_path, browser):
    """A visitor of a server that can be ended and started anew in the same place."""
    port, context = free_port(), browser.new_context(viewport={"width": 1280, "height": 720})
    running = []

    def start(*apps: App) -> Server:
        while running:
            running.pop().__exit__(None, None, None)
        for app in apps:
            app.page.locator(CONNECTED).wait_for(state="detached")
        entered = serving(tmp_path, port=port)
        server = entered.__enter__()
        running.append(entered)
        for app in apps:  # each looks for the new server by itself
            app.page.locator(CONNECTED).wait_for()
        return server

    yield start, lambda server: App(context, server.address)
    context.close()
    while running:
        running.pop().__exit__(None, None, None)


def test_after_a_restart_the_address_opens_the_experiment_and_asks_for_an_upload(restarted):
    """A page whose timer still runs asks the new server by itself; otherwise what was drawn stays until a click."""
    start, visitor = restarted
    server = start()
    trained, uploaded = visitor(server), visitor(server)
    trained.open("forget", **{"randomization.fraction": "0.35", "training.epochs": "7", "seed": "3"})
    trained.press("Train these settings (7 epochs)")
    metrics, address = trained.metrics(), trained.url
    uploaded.open("data", **{"data.source": "file", "training.epochs": "7"})
    uploaded.upload(name="my wines.csv", content=CSV)
    uploaded.page.wait_for_function("location.search.includes('data.sha256')")
    kept = uploaded.page.get_by_test_id("stText").first.inner_text()
    sha256 = uploaded.parameters()["data.sha256"]
    start(trained, uploaded)

    trained.page.evaluate("() => [...document.querySelectorAll('[role=tab]')].at(-1)?.click()")
    trained.page.get_by_text("No model is trained for this recipe yet.").wait_for()
    trained.settle()
    assert trained.url == address
    trained.press("Train these settings (7 epochs)")
    trained.eventually(trained.metrics, metrics)

    uploaded.page.reload()
    uploaded.page.get_by_text("which this session does not have").first.wait_for()
    uploaded.settle()
    assert "my wines.csv" in uploaded.alerts()
    assert sha256[:12] in uploaded.alerts()
    assert uploaded.parameters()["data.sha256"] == sha256
    uploaded.upload(name="my wines.csv", content=CSV)
    uploaded.eventually(uploaded.page.get_by_test_id("stText").first.inner_text, kept)
    assert uploaded.parameters()["data.sha256"] == sha256


def test_who_waits_to_train_sees_the_place_and_gets_a_turn(tmp_path, browser):
    contexts = [browser.new_context(viewport={"width": 1280, "height": 720}) for _ in range(3)]
    with serving(tmp_path, limits="training=1") as server:
        apps = [App(context, server.address) for context in contexts]
        for seed, app in enumerate(apps):
            app.open("train", seed=str(seed), **{"training.epochs": "2000"})
        for app in apps:
            app.button("Play").click()
            app.button("Pause").wait_for()  # in the queue
        apps[2].page.get_by_text(re.compile("Waiting: position [12] of 2 in the queue")).wait_for()
        for app in apps:  # each is drawn an epoch sooner or later
            app.page.wait_for_function(
                "() => document.body.innerText.match(/\\n([1-9]\\d*) \\/ 2000/)", timeout=240_000
            )
        apps[0].page.close()
        apps[1].button("Pause").click()
        before = epoch(apps[2])
        apps[2].page.wait_for_function(
            "before => Number((document.body.innerText.match(/\\n(\\d+) \\/ 2000/) || [0, 0])[1]) > before",
            arg=before,
        )
        for app in apps[1:]:
            app.check()
    for context in contexts:
        context.close()
