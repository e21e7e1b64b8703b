"""Charts stay as they are while the app works: none fades, and none is without marks, at any frame."""

from driver import train
from serving import ROOT

WATCH = (ROOT / "tests" / "watch.js").read_text()
MARKS = '.js-plotly-plot .bars path, [data-testid="stVegaLiteChart"] svg .role-mark path'
BUSY = "() => Object.values(watch.charts).some(chart => chart.stale > 1500)"  # so long that Streamlit would fade them


def watch(app) -> None:
    app.page.locator(MARKS).first.wait_for()
    app.settle()
    app.page.evaluate(WATCH)


def seen(app) -> dict:
    """What was seen since, of charts that neither faded nor lost their marks meanwhile."""
    found = app.page.evaluate("watch")
    assert found["frames"] > 10
    assert found["charts"]
    for name, chart in found["charts"].items():
        assert (chart["opacity"], chart["empty"]) == (1, 0), name
    return found


def test_while_a_model_trains_anew(visit):
    app = visit("forget?training.epochs=4&seed=51")
    train(app)
    app.go("Train")
    app.page.get_by_role("spinbutton", name="Epochs", exact=True).fill("2000")
    app.page.keyboard.press("Tab")
    app.settle()
    app.go("Forget")
    watch(app)
    app.button("Train these settings (2,000 epochs)").click()
    app.page.wait_for_function(BUSY)
    assert seen(app)["shift"] < 0.001


def test_while_a_study_streams(visit):
    app = visit("layers?training.epochs=6&seed=51&sweep.retrain=1&sweep.seeds=200&sweep.doses=0,0.5,1")
    train(app)
    more_runs = "([runs, more]) => window.runs.begun > runs + more"
    runs = app.page.evaluate("window.runs.begun")
    app.button("Start").click()
    app.page.wait_for_function(more_runs, arg=[runs, 3])  # until then the chart is that of the quick look
    app.page.locator(MARKS).first.wait_for()
    app.page.evaluate(WATCH)
    app.page.wait_for_function(more_runs, arg=[app.page.evaluate("window.runs.begun"), 10])
    seen(app)
