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
from common import ROOT, original_file, print_table, processor_seconds
from playwright.sync_api import Browser, Page
from serving import Server, serving

WATCH = (ROOT / "tests" / "watch.js").read_text()
STUDIES = (  # plans that are long enough to be watched while they draw
    "layers?training.epochs=6&sweep.retrain=1&sweep.seeds=200&sweep.doses=0,0.5,1",
    "relearn?training.epochs=6&relearning.seeds=200&relearning.epochs=60",
    "unlearn?training.epochs=6&unlearning.seeds=60&unlearning.epochs=80&unlearning.methods=retrain,fine_tune,original",
)
MARKS = '[data-testid="stMain"] [data-testid="stVegaLiteChart"] svg .role-mark path'
MANY_EPOCHS = 2_000  # which train long enough to be watched


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
        train = page.get_by_role("button", name=re.compile("Train these settings"))
        train.wait_for()
        settle(page)
        train.click()
        train.wait_for(state="hidden")
    wait_for_charts(page)
    settle(page)


def move(page: Page, server: Server, times: int) -> tuple[list[float], float, dict[str, float]]:
    """Milliseconds from each key press to the last change, of the server's processor for each, and what was seen."""
    slider(page).press("End")
    settle(page)
    page.evaluate(WATCH)
    taken, before = [], processor_seconds(server.process.pid)
    for _ in range(times):
        slider(page).press("ArrowLeft")
        page.wait_for_function("watch.isQuiet()")
        assert page.evaluate("watch.changed > watch.pressed"), "the slider did not move"
        taken.append(page.evaluate("watch.changed - watch.pressed"))
    used = 1_000 * (processor_seconds(server.process.pid) - before) / times
    return taken, used, page.evaluate("watch")


def train(page: Page) -> None:
    """Train the model of the page where nobody has done so before."""
    button = page.locator(".st-key-train_now button")
    if button.count():
        button.click()
        button.wait_for(state="detached")
        settle(page)


def stream(browser: Browser, address: str, link: str, seconds: float) -> dict[str, float]:
    """What is seen of a study's chart while rows stream into it."""
    page = open_window(browser)
    page.goto(f"{address}/{link}")
    main = page.get_by_test_id("stMain")
    main.wait_for()
    settle(page)
    train(page)
    start = main.get_by_role("button", name="Start", exact=True)
    if start.count():  # else the study has started by itself
        start.click()
    page.locator(MARKS).first.wait_for()
    page.evaluate(WATCH)
    page.wait_for_timeout(1_000 * seconds)
    seen = page.evaluate("watch")
    main.get_by_role("button", name="Stop", exact=True).click()
    page.close()
    return seen


def train_anew(browser: Browser, address: str, title: str, seconds: float) -> dict[str, float]:
    """What is seen of a page's charts while the model that they are of is trained anew."""
    page = visit(browser, address)
    sidebar = page.get_by_test_id("stSidebar")
    sidebar.get_by_role("link", name="Train").click()
    page.get_by_label("Epochs", exact=True).fill(str(MANY_EPOCHS))
    page.keyboard.press("Tab")
    settle(page)
    sidebar.get_by_role("link", name=title).click()
    page.locator(".st-key-train_now button").wait_for()
    wait_for_charts(page)
    settle(page)
    page.evaluate(WATCH)
    page.locator(".st-key-train_now button").click()
    page.wait_for_timeout(1_000 * seconds)
    seen = page.evaluate("watch")
    page.close()
    return seen


def worst(seen: dict, what: str) -> float:
    """The lowest opacity of any chart, or the most of anything else."""
    values = [chart[what] for chart in seen["charts"].values()]
    return min(values) if what == "opacity" else max(values)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--moves", type=int, default=15)
    parser.add_argument(
        "--watched", type=float, default=5.0, metavar="SECONDS", help="for each study and training that is watched"
    )
    arguments = parser.parse_args()
    moves, path = arguments.moves, original_file()
    with browsing() as browser, tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        times = [time.perf_counter() - server.started]
        page = visit(browser, server.address)
        times.append(time.perf_counter() - server.started)
        opened = time.perf_counter()
        second = visit(browser, server.address)
        times.append(time.perf_counter() - opened)
        *_, overview = move(second, server, moves)
        second.close()
        open_forget(page, path)
        taken, used, seen = move(page, server, moves)
        page.close()
        seconds = arguments.watched
        watched = {f"moves on {title}": seen for title, seen in (("the Overview", overview), ("Forget", seen))}
        watched |= {
            f"{link.split('?')[0].title()} while rows stream in": stream(browser, server.address, link, seconds)
            for link in STUDIES
        }
        watched |= {
            f"{title} while a model trains": train_anew(browser, server.address, title, seconds)
            for title in ("Overview", "Forget")
        }
    data = "original file" if path else "sample"
    print(f"\n{moves} moves of the slider on the Forget page ({data}), {len(seen['charts'])} charts on it.")
    print("Baseline: the limits in the last column.\n")
    rows = [
        ("command to health check", f"{times[0]:.2f} s", ""),
        ("command to usable overview, first visitor", f"{times[1]:.2f} s", ""),
        ("opening to usable overview, second visitor", f"{times[2]:.2f} s", "3 s"),
        ("slider: key press to last change, median", f"{median(taken):.0f} ms", "500 ms"),
        ("slider: key press to last change, longest", f"{max(taken):.0f} ms", "500 ms"),
        ("slider: processor time of the server for a move", f"{used:.0f} ms", ""),
        ("longest frame meanwhile", f"{seen['frame']:.0f} ms", ""),
    ]
    for title, seen in watched.items():
        rows += [
            (f"{title}: lowest opacity of a chart", f"{worst(seen, 'opacity'):.2f}", "1"),
            (f"{title}: frames in which a chart has no marks", f"{worst(seen, 'empty')} of {seen['frames']}", "0"),
            (f"{title}: longest time without", f"{worst(seen, 'blank'):.0f} ms", "150 ms"),
            (f"{title}: longest time that a chart was not drawn again", f"{worst(seen, 'stale'):.0f} ms", ""),
            (f"{title}: layout shift, sum", f"{seen['shift']:.4f}", "0"),
        ]
    print_table(("measured", "value", "limit"), rows)


if __name__ == "__main__":
    main()
