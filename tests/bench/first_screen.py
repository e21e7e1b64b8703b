"""How long a visitor waits for the first screen: the app beside an empty one with the same slider, metrics and charts.

Baseline: `empty.py`. Each pair starts both apps anew, the app first in every second pair.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from statistics import median

from browsing import browsing, open_window, slider, wait_for_charts
from common import print_table, processor_seconds
from playwright.sync_api import Browser
from serving import serving

import forgetting
from forgetting.charts.comparison import accuracy_chart, loss_chart

EMPTY = "tests/bench/empty.py"
METRIC = '[data-testid="stMetricValue"], .metrics .number'  # Streamlit's own, or that of the live fraction
PRESSED = "Home"  # at 0 % every metric differs from that at which either app opens
TIMES = (
    "first visitor: command to first screen",
    "first visitor: opening to first screen",
    "first visitor: command to the slider's first answer",
    "second visitor: opening to first screen",
    "second visitor: opening to the slider's first answer",
    "processor time of the server for both",
)


def visit(browser: Browser, address: str) -> tuple[float, float, float]:
    """When a new visitor opened the page, saw the first screen, and got the slider's first answer."""
    page = open_window(browser)
    opened = time.perf_counter()
    page.goto(address)
    wait_for_charts(page)
    drawn, metric = time.perf_counter(), page.locator(METRIC).first
    before = [metric.element_handle(), metric.inner_text()]
    slider(page).press(PRESSED)
    page.wait_for_function("([metric, before]) => metric.innerText != before", arg=before)
    answered = time.perf_counter()
    page.close()
    return opened, drawn, answered


def measure(browser: Browser, entry: str) -> list[float]:
    """The values of TIMES, in seconds, of an app that is started for it."""
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder), entry) as server:
        opened, drawn, answered = visit(browser, server.address)
        again, second, third = visit(browser, server.address)
        used = processor_seconds(server.process.pid)
        start = server.started
    return [drawn - start, drawn - opened, answered - start, second - again, third - again, used]


def make_charts() -> dict[str, dict]:
    """The two charts of the Overview, by their alternative texts."""
    result = forgetting.run(forgetting.MODERN, forgetting.load_sample())
    return {
        "Accuracy before and after": accuracy_chart(result.comparison, result.baselines).to_plotly_json(),
        "Loss before and after": loss_chart(result.comparison, result.baselines).to_plotly_json(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=9)
    pairs = parser.parse_args().pairs
    with browsing() as browser, tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(make_charts(), file)
        file.flush()
        os.environ["CHARTS"] = file.name
        found = {"app.py": [], EMPTY: []}
        for number in range(pairs):
            for entry in sorted(found, reverse=number % 2 == 1):
                found[entry].append(measure(browser, entry))
    print(
        f"\n{pairs} pairs of fresh servers. Baseline: {EMPTY}. Medians, in seconds, and of the ratios of the pairs.\n"
    )
    rows = []
    for index, name in enumerate(TIMES):
        ours, empty = ([times[index] for times in runs] for runs in found.values())
        ratios = sorted(one / other for one, other in zip(ours, empty, strict=True))
        spread = f"{median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f})"
        rows.append((name, f"{median(ours):.2f}", f"{median(empty):.2f}", spread))
    print_table(("measured", "app", "empty", "ratio"), rows)


if __name__ == "__main__":
    main()
