"""The Layers page in a real browser: curves, a click that opens a state, long studies, files, words."""

import io
import re

import pandas as pd
import pytest
from driver import DRAWN, LABELS, misplaced, out_of_sight, search, train
from playwright.sync_api import expect

CHART = ".st-key-curves_dose_accuracy"
MARKS = f"{CHART} svg g.mark-symbol.role-mark path"
SMALL = "sweep.doses=0,0.5,1&sweep.seeds=1"
LONG = "layers?training.epochs=6&sweep.retrain=1&sweep.seeds=200&sweep.doses=0,0.5,1"
PROGRESS = re.compile(r"([\d,]+) of ([\d,]+) variants")


def pick_option(app, label: str, option: str) -> None:
    app.page.get_by_test_id("stSelectbox").filter(has_text=label).locator("input").click()
    app.page.get_by_role("option", name=option, exact=True).click()
    app.settle()


def point(app, **wanted: str):
    """The mark of the curves whose description has these values."""
    marks = app.page.locator(MARKS)
    marks.first.wait_for(state="attached")
    for place in range(marks.count()):
        described = f"; {marks.nth(place).get_attribute('aria-label')};"
        if all(f"; {name}: {value};" in described for name, value in wanted.items()):
            return marks.nth(place)
    raise AssertionError(f"no mark is of {wanted}, the last one is {described}")


def hover(app, mark) -> dict[str, str]:
    """What the tooltip of a mark says."""
    box = mark.bounding_box()
    app.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tooltip = app.page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    return {
        row.locator("td").nth(0).inner_text().strip(): row.locator("td").nth(1).inner_text().strip()
        for row in tooltip.locator("tr").all()
    }


def progress(app) -> int:
    """Variants that are done, by the sentence under the chart."""
    app.page.get_by_text(PROGRESS).first.wait_for()
    return int(PROGRESS.search(app.sentences())[1].replace(",", ""))


def test_hovering_tells_exact_values_and_a_click_opens_that_state(visit):
    app = visit(f"layers?{SMALL}&sweep.seed=5")
    app.finish_study()
    tooltip = hover(app, point(app, layers="fc2", **{"fraction randomized": "50\u00a0%"}))
    assert {name: tooltip[name] for name in ("layers", "scheme", "unit", "fraction randomized", "seeds")} == {
        "layers": "fc2",
        "scheme": "re-randomization",
        "unit": "weight",
        "fraction randomized": "50\u00a0%",
        "seeds": "1",
    }
    assert tooltip["seed nearest to the median"] == "5"
    point(app, layers="fc2", **{"fraction randomized": "50\u00a0%"}).click()
    app.page.wait_for_url(re.compile("/forget[?]"))
    app.settle()
    assert app.parameters() == {
        "randomization.layers": "fc2",
        "randomization.fraction": "0.5",
        "randomization.scheme": "reinit",
        "randomization.seed": "5",
        "sweep.doses": "0,0.5,1",
        "sweep.seeds": "1",
        "sweep.seed": "5",
    }
    after = app.metrics()["Validation accuracy"].split(" → ")[1]
    median = float(tooltip["validation accuracy, median"].rstrip("\u00a0%"))
    assert after == f"{median:.0f}\u00a0%"
    assert "Changed: layers all → fc2; fraction randomized 100\u00a0% → 50\u00a0%" in app.sentences()
    app.button("Undo and go back to Layers").click()
    app.page.wait_for_url(re.compile("/layers[?]"))
    app.settle()
    assert app.page.title().startswith("Layers"), "the click of before is taken again"
    assert app.parameters() == {"sweep.doses": "0,0.5,1", "sweep.seeds": "1", "sweep.seed": "5"}


def test_back_after_a_click_on_a_point_keeps_the_experiment(visit):
    app = visit(f"layers?{SMALL}")
    app.finish_study()
    point(app, layers="fc2", **{"fraction randomized": "50\u00a0%"}).click()
    app.page.wait_for_url(re.compile("/forget[?]"))
    app.settle(1200)
    for _ in range(2):
        app.page.go_back()
        app.settle(1200)
        assert app.parameters().get("sweep.seeds") == "1"


VIEWS = {
    "Heat map": "g.mark-rect.role-mark path",
    "Cascades": "g.mark-symbol.role-mark path",
    "Half-way": "g.mark-symbol.role-mark path",
    "Equal ‖ΔW‖": "g.mark-symbol.role-mark path",
    "How sure?": "g.mark-rect.role-mark path",
    "Robustness": "g.mark-rect.role-mark path",
    "Words": "g.mark-rect.role-mark path",
    "Curves": "g.mark-symbol.role-mark path",
}


def test_every_tab_is_drawn_with_all_of_its_words_in_sight(visit):
    app = visit("layers?sweep.doses=0,0.25,0.5,0.75,1&sweep.seeds=2", color_scheme="dark")
    app.finish_study()
    for name, marks in VIEWS.items():
        app.tab(name)
        if name not in ("Robustness", "Words"):
            app.finish_study()
        chart = app.page.locator(f"{DRAWN}:has({marks})")
        chart.wait_for()
        app.eventually(lambda name=name, chart=chart: (name, misplaced(chart.evaluate(LABELS))), (name, []))


METRIC_GROUPS = (
    "loss, raw and temperature-scaled",
    "collapse",
    "balanced accuracy, macro-F1",
    "forgetting",
    "beside the original",
    "accuracy",
)


def faults(app) -> list[str]:
    """What is wrong with the charts in sight."""
    found = []
    for chart in app.page.locator(DRAWN).all():
        chart.locator("svg g.mark-symbol path").first.wait_for(state="attached")
        curves, room = chart.evaluate(
            """chart => [chart.querySelector('svg g.mark-line').getBoundingClientRect().width,
                chart.getBoundingClientRect().width]"""
        )
        found += misplaced(chart.evaluate(LABELS))
        if curves < 0.5 * room:
            found.append(f"the curves take {curves:.0f} of {room:.0f} pixels")
    return found


def test_every_metric_has_room_for_its_curves_and_words(visit):
    app = visit("layers?sweep.doses=0,0.25,0.5,0.75,1&sweep.seeds=2")
    app.finish_study()
    for group in METRIC_GROUPS:
        pick_option(app, "Metric", group)
        app.eventually(lambda group=group: (group, faults(app)), (group, []))


def test_the_legend_of_many_layer_sets_is_in_sight(visit):
    app = visit("layers?model.hidden=16,8,8&training.epochs=3&sweep.layers=each,down,up&sweep.doses=0,1&sweep.seeds=1")
    train(app, "Train these settings (3 epochs)")
    app.finish_study()
    chart = app.page.locator(f"{CHART} [data-testid=stVegaLiteChart]")
    chart.get_by_text("fc1+fc2+fc3+fc4", exact=True).wait_for(state="attached")
    app.eventually(lambda: misplaced(chart.evaluate(LABELS)), [])
    assert not [label[0] for label in chart.evaluate(LABELS) if label[0].endswith("…")]


def test_a_long_study_advances_stops_and_goes_on(visit):
    app = visit(LONG)
    train(app)
    app.start_study()
    app.page.get_by_text("of 3,600 variants").wait_for()
    app.page.locator(MARKS).first.wait_for()
    seen = [progress(app)]
    while len(seen) < 4:
        app.page.wait_for_timeout(100)
        if (now := progress(app)) != seen[-1]:
            seen.append(now)
    assert seen == sorted(seen)
    app.button("Stop").click()
    app.page.get_by_text(re.compile("variants are done")).wait_for()
    app.settle()
    done = progress(app)
    assert seen[-1] <= done < 3_600
    app.page.wait_for_timeout(600)
    assert progress(app) == done
    app.go("Data")
    app.go("Layers")
    assert progress(app) == done
    app.page.locator(MARKS).first.wait_for(state="attached")
    app.button("Go on").click()
    app.button("Stop").wait_for()
    app.page.wait_for_function(
        """done => Number((document.body.innerText.match(/([\\d,]+) of 3,600 variants/) || ['', '0'])[1]
            .replace(',', '')) > done""",
        arg=done,
    )
    app.button("Stop").click()
    app.settle()
    assert progress(app) > done


def test_the_chart_stays_when_a_study_goes_on_and_ends(visit):
    app = visit(LONG.replace("seeds=200", "seeds=40"))
    train(app)
    app.start_study()
    app.page.get_by_text("of 720 variants").wait_for()
    app.page.locator(MARKS).first.wait_for()
    app.button("Stop").click()
    app.button("Go on").click()
    app.finish_study("720")
    app.page.locator(MARKS).nth(8).wait_for(state="attached")


def test_files_hold_the_rows_and_the_charts(visit):
    app = visit("layers?sweep.doses=0,0.5,1&sweep.seeds=2")
    app.finish_study()
    app.page.get_by_test_id("stPopover").locator("visible=true").get_by_role("button", name="Download").click()
    body = app.page.get_by_test_id("stPopoverBody")
    files = {}
    for label in ("Rows, CSV", "Rows, PARQUET", "PNG", "SVG", "PDF", "HTML", "CSV"):
        with app.page.expect_download() as download:
            body.get_by_role("button", name=label, exact=True).click()
        files[label] = (download.value.suggested_filename, download.value.path().read_bytes())
    assert [name for name, _ in files.values()] == [
        "sweep.csv",
        "sweep.parquet",
        *(f"sample_dose-response_reinit_2-seeds_one-column.{kind}" for kind in ("png", "svg", "pdf", "html")),
        "sample_dose-response_reinit_2-seeds.csv",
    ]
    csv = pd.read_csv(io.BytesIO(files["Rows, CSV"][1]))
    parquet = pd.read_parquet(io.BytesIO(files["Rows, PARQUET"][1]))
    assert len(csv) == len(parquet) == 3 * 3 * 2 * 2
    assert csv["validation_accuracy"].tolist() == pytest.approx(parquet["validation_accuracy"].tolist(), rel=1e-12)
    assert files["PNG"][1].startswith(b"\x89PNG")
    assert b"<svg" in files["SVG"][1][:500]
    page = files["HTML"][1].decode()
    assert "<html" in page.lower()
    assert not re.search(r"<(?:script|link)[^>]+(?:src|href)=.?https?:", page)


def test_reload_and_back_keep_the_plan(visit):
    app = visit(f"layers?{SMALL}")
    app.finish_study()
    field = app.page.get_by_role("spinbutton", name="Seeds")
    field.fill("2")
    field.press("Enter")
    app.page.wait_for_function("location.search.includes('sweep.seeds=2')")
    app.finish_study()
    doses = app.page.get_by_role("spinbutton", name="Fractions randomized")
    doses.fill("5")
    doses.press("Enter")
    app.page.wait_for_function("location.search.includes('0.25')")
    app.finish_study()
    address, sentence = app.url, app.page.get_by_test_id("stText").first.inner_text()
    app.page.reload()
    app.finish_study()
    assert app.url == address
    expect(doses).to_have_value("5")
    app.eventually(app.page.get_by_test_id("stText").first.inner_text, sentence)
    app.settle(1100)
    app.page.go_back()
    app.settle()
    app.eventually(app.parameters, {"sweep.doses": "0,0.5,1", "sweep.seeds": "2"})
    expect(field).to_have_value("2")
    expect(doses).to_have_value("3")


def test_the_curves_lie_within_a_projectors_first_screen(visit):
    app = visit(f"layers?{SMALL}")
    app.finish_study()
    names = (f"{CHART} svg", '[role="tab"]', '[data-testid="stMultiSelect"]')
    app.eventually(lambda: out_of_sight({name: app.page.locator(name).first for name in names}), {})


def test_words_are_searched_picked_and_forgotten(visit):
    app = visit(f"layers?{SMALL}")
    app.finish_study()
    app.tab("Words")
    search(app, "Words to forget", "cherry")
    assert app.parameters()["randomization.words"] == "cherry"
    assert "the word (cherry)" in app.sentences()
    app.press("Forget the ten strongest")
    app.page.locator(".st-key-recall .js-plotly-plot .trace").first.wait_for(state="attached")
    words = app.parameters()["randomization.words"].split(",")
    assert len(words) == 10
    assert "change their predicted class" in app.sentences()
    table = app.page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    app.eventually(lambda: table.bounding_box()["height"] > 150, True)
    app.go("Forget")
    assert f"Only these words: {', '.join(words[:8])}" in app.sentences()
    app.press("All words")
    assert "randomization.words" not in app.parameters()


def test_classes_and_words_from_a_file_are_shown_as_text(visit):
    names = ("![x](http://127.0.0.1:9/x) **b** $a$", "<img src=http://127.0.0.1:9/y>", ":red[c] `d` www.example.org")
    words = ("__cherry__ plum leather smoke", "_lemon_ apple slate pear", "fig raisin walnut toffee")
    rows = [
        f'"{words[row % 3]} and then note{row % 13} glass{row % 7} palate nose finish, at a length that any review'
        f' has which is no name of a class","{names[row % 3]}"'
        for row in range(120)
    ]
    app = visit("data?data.source=file&training.epochs=20")
    app.upload(name="mine.csv", content="\n".join(["review,style", *rows, ""]).encode())
    app.go("Layers")
    train(app)
    app.tab("Words")
    box = app.page.get_by_test_id("stSelectbox").filter(has_text="Class").locator("input")
    box.click()
    options = [text.strip() for text in app.page.get_by_role("option").all_inner_texts()]
    assert options == sorted(names)
    app.page.keyboard.press("Escape")
    app.settle()
    search(app, "Words to forget", "__cherry__")
    search(app, "Words to forget", "_lemon_")
    main = app.page.get_by_test_id("stMain")
    assert "2 words (__cherry__, _lemon_)" in app.sentences()
    app.page.locator(".st-key-recall .ytick").filter(has_text="![x](http").first.wait_for()
    assert main.locator("img, a[href*='127.0.0.1'], a[href*='example.org']").count() == 0
    app.go("Forget")
    assert "2 words (__cherry__, _lemon_)" in app.sentences()
