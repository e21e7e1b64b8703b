"""Many visitors who type a review at once, without browsers: seconds until the page shows what both models make of it.

Each types word after word as the page sends them, some at a time, then rests, as the browser says then, and reads.
"""

import argparse
import asyncio
import random
import tempfile
import time
from pathlib import Path
from statistics import quantiles

import psutil
from common import print_table
from serving import serving
from visitor import Visitor

from forgetting import load_sample

WORD, READ = 0.7, 4.0  # seconds from word to word, and of reading
WORDS = 6  # at a time


async def write(port: int, index: int, until: float, answered: list[float], whole: list[float]) -> None:
    chance, words = random.Random(index), " ".join(load_sample().texts[index : index + 40]).split()
    await asyncio.sleep(3 * chance.random())
    async with Visitor(port, f"visitor-{index}") as visitor:
        await visitor.open()
        await visitor.until(lambda: visitor.review is not None, what="the review")
        await visitor.settle()
        text, count = "", 0
        while time.perf_counter() < until:
            for _ in range(WORDS):
                text, count = f"{text} {words[count % len(words)]}".strip()[-400:].strip(), count + 1
                answered.append(await send(visitor, text, count, 0))
                await asyncio.sleep(WORD)
            whole.append(await send(visitor, text, count, count))
            await asyncio.sleep(READ * (0.5 + chance.random()))


async def send(visitor: Visitor, text: str, count: int, rested: int) -> float:
    sent = time.perf_counter()
    visitor.write_review(text, count, rested=rested)
    shown = await visitor.until(
        lambda: visitor.review["text"] == text and (not rested or bool(visitor.review["frames"])), what="the answer"
    )
    await visitor.settle()
    return shown - sent


async def measure(port: int, sessions: int, seconds: float) -> tuple[list[float], list[float]]:
    answered, whole, until = [], [], time.perf_counter() + seconds
    await asyncio.gather(*(write(port, index, until, answered, whole) for index in range(sessions)))
    return answered, whole


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=40)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        process = psutil.Process(server.process.pid)
        answered, whole = asyncio.run(measure(server.port, arguments.sessions, arguments.seconds))
        used = sum(process.cpu_times()[:2])
    rows = [
        (name, str(len(values)), *(f"{quantiles(values, n=20)[place]:.2f}" for place in (9, 18)))
        for name, values in (("a word", answered), ("all fractions", whole))
    ]
    print_table(("answered", "times", "median s", "95 % s"), rows)
    print(f"{arguments.sessions} visitors; the server used {used:.0f} s of processor time")


if __name__ == "__main__":
    main()
