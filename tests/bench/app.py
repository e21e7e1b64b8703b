"""The app in Chromium: how long until it can be used, what a move of the slider costs, and whether charts go blank.

Baseline: the limits that the app is built to, printed beside each number.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

from browsing import browsing, open_window, slider, wait_for_charts
from common import original_file, print_table
from playwright.sync_api import Browser, Page
from serving import serving

WATCH = Path(__file__).with_name("watch.js").read_text()
STREAM = Path(__file__).with_name("stream.js").read_text()
STUDIES = {  # plans that are long enough to be watched while they draw, and the marks of their charts
    "layers?training.epochs=6&sweep.retrain=1&sweep.seeds=200&sweep.doses=0,0.5,1": "symbol",
    "relearn?training.epochs=6&relearning.seeds=200&relearning.epochs=60": "line",
    "unlearn?training.epochs=6&unlearning.seeds=60&unlearning.epochs=80"
    "&unlearning.methods=retrain,fine_tune,original": "rect",
}


def settle(page: Page) -> None:
    """Until the page is drawn, which must not count."""
    page.wait_for_timeout(2_000)
    page.locator('[data-test-script-state="notRunning"]').wait_for()


def visit(browser: Browser, address: str) -> Page:
    """A new visitor, once the Overview can be used."""
    page = open_window(browser)
    page.goto(address)
    wait_for_charts(page)
    return page


def open_forget(page: Page, path: Path | None) -> None:
    """The Forget page with a model of the file, uploaded and trained; of the sample where there is none."""
    sidebar = page.get_by_test_id("stSidebar")
    if path:
        sidebar.get_by_role("link", name="Data").click()
        page.get_by_role("radio", name="Upload").click()
        page.locator("input[type=file]").set_input_files(path)
        sidebar.get_by_text(path.name).wait_for()
    sidebar.get_by_role("link", name="Forget").click()
    page.get_by_role("heading", name="Forget", level=3).wait_for()
    if path:
        train = page.get_by_role("button", name=re.compile("Train (with the defaults|these settings)"))
        train.wait_for()
        settle(page)
        train.click()
        train.wait_for(state="hidden")
    wait_for_charts(page)
    settle(page)


def move(page: Page, times: int) -> tuple[list[float], dict[str, float]]:
    """Milliseconds from each key press to the last change of the main area, and what was seen meanwhile."""
    slider(page).press("End")
    settle(page)
    page.evaluate(WATCH)
    taken = []
    for _ in range(times):
        slider(page).press("ArrowLeft")
        page.wait_for_function("watch.isQuiet()")
        assert page.evaluate("watch.changed > watch.pressed"), "the slider did not move"
        taken.append(page.evaluate("watch.changed - watch.pressed"))
    return taken, page.evaluate("watch")


def stream(browser: Browser, address: str, link: str, mark: str, seconds: float) -> dict[str, float]:
    """What is seen of a study's chart while rows stream into it: frames, those without marks, the longest time so."""
    page = open_window(browser)
    page.goto(f"{address}/{link}")
    main = page.get_by_test_id("stMain")
    main.wait_for()
    settle(page)
    train = main.locator(".st-key-train_now button")
    if train.count():
        train.click()
        train.wait_for(state="detached")
        page.wait_for_timeout(2_000)
    start = main.get_by_role("button", name="Start", exact=True)
    if start.count():  # else the study has started by itself
        start.click()
    marks = f'[data-testid="stMain"] [data-testid="stVegaLiteChart"] svg g.mark-{mark}.role-mark path'
    page.locator(marks).first.wait_for()
    seen = page.evaluate(STREAM, [marks, 1_000 * seconds])
    main.get_by_role("button", name="Stop", exact=True).click()
    page.close()
    return seen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=15)
    parser.add_argument("--watched", type=float, default=5.0, metavar="SECONDS", help="of each study that streams")
    arguments = parser.parse_args()
    moves, path = arguments.moves, original_file()
    with browsing() as browser, tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        times = [time.perf_counter() - server.started]
        page = visit(browser, server.address)
        times.append(time.perf_counter() - server.started)
        opened = time.perf_counter()
        second = visit(browser, server.address)
        times.append(time.perf_counter() - opened)
        _, overview = move(second, moves)
        second.close()
        open_forget(page, path)
        taken, seen = move(page, moves)
        page.close()
        streamed = {
            link.split("?")[0].title(): stream(browser, server.address, link, mark, arguments.watched)
            for link, mark in STUDIES.items()
        }
    data = "original file" if path else "sample"
    print(f"\n{moves} moves of the slider on the Forget page ({data}), {len(seen['charts'])} Plotly charts on it.")
    print("Baseline: the limits in the last column.\n")
    rows = (
        ("command to health check", f"{times[0]:.2f} s", ""),
        ("command to usable overview, first visitor", f"{times[1]:.2f} s", ""),
        ("opening to usable overview, second visitor", f"{times[2]:.2f} s", "3 s"),
        ("slider: key press to last change, median", f"{median(taken):.0f} ms", "500 ms"),
        ("slider: key press to last change, longest", f"{max(taken):.0f} ms", "500 ms"),
        ("longest time a chart was without marks", f"{seen['blank']:.0f} ms", "150 ms"),
        ("the same on the Overview", f"{overview['blank']:.0f} ms", "150 ms"),
        ("longest frame", f"{seen['frame']:.0f} ms", ""),
        ("layout shift, sum", f"{seen['shift']:.4f}", "0"),
        ("lowest opacity of an element", f"{seen['opacity']:.2f}", "1"),
        *(
            (f"{page} while rows stream in: longest time without marks", f"{watch['longest']:.0f} ms", "150 ms")
            for page, watch in streamed.items()
        ),
        *(
            (f"{page} while rows stream in: frames without marks", f"{watch['empty']} of {watch['frames']}", "0")
            for page, watch in streamed.items()
        ),
    )
    print_table(("measured", "value", "limit"), rows)


if __name__ == "__main__":
    main()
