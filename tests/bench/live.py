"""The live fraction frame by frame: how often words and bars change while the slider asks for another one each frame.

Baseline: the frames that the same browser draws of `empty.py`, in which nothing moves.
"""

import argparse
import json
import os
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

from browsing import browsing, open_window, wait_for_charts
from common import print_table
from driver import LIVE
from first_screen import EMPTY, make_charts
from playwright.sync_api import Page
from serving import serving

OPENED = "?randomization.layers=fc1&randomization.scheme=reinit&randomization.fraction=0.9"
READY = f"() => {LIVE}?.querySelector('.play').disabled === false"
# Moves the slider by a percent in each frame, to and fro, and notes when the frame came, the words, and the bars.
MOVE = f"""async seconds => {{
    const live = {LIVE}
    const slider = live?.querySelector('input')
    const frames = []
    const end = performance.now() + 1000 * seconds
    for (let step = 0; performance.now() < end; step += 1) {{
        await new Promise(requestAnimationFrame)
        frames.push([
            performance.now(),
            live?.querySelector('.sentence').textContent,
            [...document.querySelectorAll('.js-plotly-plot .bars path')].map(bar => bar.getAttribute('d')).join(),
        ])
        if (!slider) continue
        slider.value = Math.abs(100 - step % 200)
        slider.dispatchEvent(new Event('input'))
    }}
    slider?.dispatchEvent(new Event('change'))
    return frames
}}"""
MEASURES = ("frames a second", "95 % of gaps at most, ms", "changes of the words a second", "of the bars a second")


def move(page: Page, seconds: float) -> list[float]:
    """The values of MEASURES."""
    page.bring_to_front()
    frames = page.evaluate(MOVE, seconds)
    page.wait_for_timeout(1_500)
    gaps = sorted(after[0] - before[0] for before, after in pairwise(frames))
    taken = (frames[-1][0] - frames[0][0]) / 1_000
    changes = [sum(before[part] != after[part] for before, after in pairwise(frames)) for part in (1, 2)]
    return [len(gaps) / taken, gaps[int(0.95 * len(gaps))], *(count / taken for count in changes)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    with browsing() as browser, tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(make_charts(), file)
        file.flush()
        os.environ["CHARTS"] = file.name
        with (
            tempfile.TemporaryDirectory() as folder,
            serving(Path(folder)) as ours,
            serving(Path(folder), EMPTY) as empty,
        ):
            pages = [open_window(browser) for _ in (ours, empty)]
            for page, address in zip(pages, (f"{ours.address}/{OPENED}", empty.address), strict=True):
                page.goto(address)
                wait_for_charts(page)
            pages[0].wait_for_function(READY)
            pages[0].wait_for_timeout(2_000)
            found = [[], []]
            for _ in range(arguments.pairs):
                for page, values in zip(pages, found, strict=True):
                    values.append(move(page, arguments.seconds))
    print(
        f"\n{arguments.pairs} pairs of {arguments.seconds:g} s. Baseline: {EMPTY}, in which nothing moves. Medians.\n"
    )
    rows = [
        (name, *(f"{median(values[index] for values in runs):.0f}" for runs in found))
        for index, name in enumerate(MEASURES)
    ]
    print_table(("measured", "app", "empty"), rows)


if __name__ == "__main__":
    main()
