"""Many visitors at once, without browsers: what the slider and an opening take then, and whether all metrics are right.

Three loads: `active`, visitors who all work; `idle`, many open tabs beside a few who work; `soak`, visitors who come
and go. Baseline of the metrics: the library, run in this process on the same recipes; of memory and threads: the
server once its first visitor has trained the default model.

The visitors share the machine with the server: how busy and how late they were is printed last. Not everything that a
browser asks for is asked for: neither the pages' own files nor anything that is drawn.
"""

import argparse
import asyncio
import os
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median, quantiles

import psutil
from common import print_table
from serving import ROOT, Server, serving
from visitor import VisitError, Visitor

from forgetting import MODERN, Randomization, Recipe, load_sample, run
from forgetting.core.numbers import PERCENT
from forgetting.core.seeding import pin_threads
from forgetting.experiment.pipeline import compare, prepare
from forgetting.reporting.formatting import format_number, format_share

METRICS = ("Validation accuracy", "Validation loss", "Forgetting", "Macro-F1")
ROLES = ("upload", "training", "study", "slider")  # of those who work, one after the other
PAUSE = 2.0  # seconds between two moves of a slider
SLIDERS = {  # what the two halves of the sliders look at: the default model, and one layer of a model of another seed
    "": MODERN,
    "randomization.layers=fc1&seed=3": replace(MODERN, randomization=Randomization(layers=("fc1",)), seed=3),
}
SWEEP = "layers?sweep.seeds=40"  # long enough to need a press of Start
TRAIN_LINK = "train?seed={seed}&training.epochs=300"
DONE = re.compile(r"([\d,]+) of [\d,]+ (?:variants|models)|([\d,]+) (?:variants|models)(?:, [^.]+ over,)? in ")
TRACEBACK = re.compile(r"(?:\s.*\n)*.*")  # its indented lines, and the line of the error
WORDS = {  # what distinguishes the classes of the small files
    "Red": "cherry plum leather tannin cedar blackberry",
    "White": "citrus pear apple mineral melon butter",
    "Rosé": "strawberry peach petal watermelon light pink",
    "Sparkling": "bubble brioche toast yeast foam almond",
}
COMMON = "wine finish palate nose fresh ripe long soft dry acid fruit note oak glass bottle year with and the of"


@dataclass
class Tally:
    """What all visitors have met with.

    answered, finished: seconds from the move of a slider to all metrics, and to the end of the script. opened: seconds
    of cold openings under load. seen: how often a half of the sliders saw which metrics, by half and fraction. epochs:
    trained, by what on. parts: of studies. waited: seconds in which visitors were asked to wait in the queue.
    """

    sessions: int = 0
    answered: list[float] = field(default_factory=list)
    finished: list[float] = field(default_factory=list)
    opened: list[float] = field(default_factory=list)
    seen: dict[tuple[str, float], Counter] = field(default_factory=dict)
    epochs: Counter = field(default_factory=Counter)
    training_runs: int = 0
    uploads: int = 0
    studies: int = 0
    parts: int = 0
    waited: float = 0.0
    received: int = 0
    errors: Counter = field(default_factory=Counter)
    alerts: Counter = field(default_factory=Counter)
    changed: int = 0

    def close(self, visitor: Visitor) -> None:
        """Take over what a visitor has met with."""
        self.sessions += 1
        self.waited += visitor.waited
        self.received += visitor.received
        self.errors.update(visitor.errors)
        self.changed += visitor.heard["script_changed_on_disk"]
        self.alerts.update(
            {name.removeprefix("alert: "): times for name, times in visitor.heard.items() if name.startswith("alert: ")}
        )


# The server


class Watched(Server):
    """A server whose use of the machine can be measured, with all processes that it has started."""

    def family(self) -> list[psutil.Process]:
        try:
            process = psutil.Process(self.process.pid)
            return [process, *process.children(recursive=True)]
        except psutil.Error:
            return []

    def megabytes(self) -> float:
        return sum(process.memory_info().rss for process in self.family()) / 1e6

    def threads(self) -> int:
        return sum(process.num_threads() for process in self.family())

    def seconds(self) -> float:
        """Of CPU, so far."""
        return sum(sum(process.cpu_times()[:2]) for process in self.family())

    def tracebacks(self) -> Counter[str]:
        """How often the log has which traceback, by its last lines."""
        parts = self.log.read_text(errors="replace").split("Traceback (most recent call last):\n")[1:]
        return Counter(TRACEBACK.match(part)[0][-600:].rstrip() for part in parts)


@dataclass
class Gauge:
    """Peaks of the server, and how late this process was at the most, so that its own slowness can be seen."""

    server: Watched
    megabytes: float = 0.0
    threads: int = 0
    late: float = 0.0

    async def watch(self) -> None:
        while True:
            due = time.perf_counter() + 0.25
            self.megabytes = max(self.megabytes, self.server.megabytes())
            self.threads = max(self.threads, self.server.threads())
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            self.late = max(self.late, time.perf_counter() - due)


# What visitors do


@asynccontextmanager
async def visit(server: Watched, tally: Tally, address: str, name: str) -> AsyncIterator[Visitor]:
    """A visitor with a page open, whose time counts as a cold opening."""
    visitor = Visitor(server.port, name)
    try:
        started = time.perf_counter()
        await visitor.open(address)
        await visitor.settle()
        tally.opened.append(time.perf_counter() - started)
        yield visitor
    finally:
        await visitor.close()
        tally.close(visitor)


async def have_model(visitor: Visitor) -> None:
    """Train the model of the page where nobody has trained it before."""
    if visitor.shows("button", "train_now"):
        visitor.click("train_now")
        await visitor.until(lambda: visitor.idle and not visitor.shows("button", "train_now"), what="a model")


async def slide(visitor: Visitor, tally: Tally, chance: random.Random, until: float, half: str) -> None:
    """Move the slider of the fraction every other second."""
    await have_model(visitor)
    await asyncio.sleep(chance.random() * PAUSE)
    while time.perf_counter() < until:
        moved = time.perf_counter()
        await move(visitor, tally, chance, half)
        await asyncio.sleep(max(moved + PAUSE - time.perf_counter(), 0))


async def move(visitor: Visitor, tally: Tally, chance: random.Random, half: str) -> None:
    before = visitor.fraction
    fraction = chance.choice([percent for percent in range(101) if percent != round(100 * before)]) / 100
    sent = time.perf_counter()
    visitor.slide(fraction)
    shown = await visitor.until(
        lambda: visitor.started > visitor.asked and len(visitor.metrics(of_this_run=True)) == len(METRICS),
        what="the metrics of a fraction",
    )
    metrics = visitor.metrics()
    await visitor.settle()
    tally.answered.append(shown - sent)
    tally.finished.append(visitor.finished - sent)
    seen = tally.seen.setdefault((half, fraction), Counter())
    seen[tuple(metrics.get(name, "") for name in METRICS)] += 1


async def upload(visitor: Visitor, tally: Tally, chance: random.Random) -> None:
    """Upload a small file of one's own, from wherever one is."""
    visitor.follow("Data")
    await visitor.settle()
    if not visitor.shows("file_uploader", "upload"):
        visitor.choose("Reviews from", "Upload")
        await visitor.settle()
    name = f"{visitor.name}-{chance.getrandbits(32):08x}.csv"
    await visitor.upload(name, small_file(chance))
    await visitor.until(lambda: visitor.idle and name in visitor.query, what=f"{name} to be taken")
    tally.uploads += 1


async def learn(visitor: Visitor, tally: Tally, until: float, kind: str) -> None:
    """Press Play on the Train page, and watch to the end of training, or until the time is over."""
    visitor.click("play")
    try:
        limit = max(until - time.perf_counter(), 1)
        await visitor.until(
            lambda: visitor.shows("button", "Play again") or time.perf_counter() > until, limit, "the end of training"
        )
    except VisitError:
        if time.perf_counter() < until:
            raise
    if not visitor.shows("button", "Play again") and visitor.shows("button", "Pause"):
        visitor.click("play")  # pause
        await visitor.settle()
    else:
        tally.training_runs += 1
    tally.epochs[kind] += epochs(visitor)


def epochs(visitor: Visitor) -> int:
    return int(visitor.metrics().get("Epoch", "0").partition("/")[0].replace(",", ""))


async def train_lessons(visitor: Visitor, tally: Tally, chance: random.Random, until: float) -> None:
    """Play one training run after the other on the sample, each with another seed."""
    while time.perf_counter() < until:
        await learn(visitor, tally, until, "sample")
        if time.perf_counter() < until:
            visitor.fill("setting:seed", chance.randrange(10**6))
            await visitor.settle()


async def train_own(visitor: Visitor, tally: Tally, chance: random.Random, until: float) -> None:
    """Upload a file and train on it, again and again."""
    while time.perf_counter() < until:
        await upload(visitor, tally, chance)
        visitor.follow("Train")
        await visitor.settle()
        if time.perf_counter() < until:
            await learn(visitor, tally, until, "own files")


async def study(visitor: Visitor, tally: Tally, until: float) -> None:
    """Run the study of a page, and again when it has ended."""
    await have_model(visitor)
    while time.perf_counter() < until:
        if not visitor.shows("button", "Stop"):
            if visitor.shows("button", "Delete"):  # the one that has ended, whose parts would be taken over
                visitor.click("Delete")
                await visitor.settle()
            visitor.click("Start")
            await visitor.settle()
        try:
            limit = max(until - time.perf_counter(), 1)
            await visitor.until(lambda: visitor.idle and not visitor.shows("button", "Stop"), limit, "a study to end")
            tally.studies += 1
        except VisitError:
            if time.perf_counter() < until:
                raise
        found = [DONE.search(text) for text in visitor.texts()]
        tally.parts += sum(int((match[1] or match[2]).replace(",", "")) for match in found if match)
        if visitor.shows("button", "Stop"):
            visitor.click("Stop")
            await visitor.settle()


def small_file(chance: random.Random) -> bytes:
    """About 300 reviews of four classes, other ones each time."""
    lines = ["Review_content,Type_of_wine"]
    for _ in range(chance.randint(280, 320)):
        name = chance.choice(list(WORDS))
        words = chance.choices(COMMON.split(), k=12) + chance.choices(WORDS[name].split(), k=4)
        chance.shuffle(words)
        lines.append(f"{' '.join(words)} {chance.randrange(1000)},{name}")
    return "\n".join(lines).encode()


# The loads


async def work(server: Watched, tally: Tally, index: int, until: float, seed: int) -> None:
    """One of those who work: in turn with an upload, with training, with a study, and with the slider."""
    chance = random.Random(f"{seed} {index}")
    await asyncio.sleep(chance.random() * 3)  # nobody comes in the very same moment
    role, name = ROLES[index % 4], f"visitor-{index}"
    try:
        if role == "upload":
            async with visit(server, tally, "data", name) as visitor:
                await train_own(visitor, tally, chance, until)
        elif role == "training":
            async with visit(server, tally, TRAIN_LINK.format(seed=1000 + index), name) as visitor:
                await train_lessons(visitor, tally, chance, until)
        elif role == "study":
            async with visit(server, tally, SWEEP if index % 8 < 4 else "unlearn", name) as visitor:
                await study(visitor, tally, until)
        else:
            half = list(SLIDERS)[index // 4 % 2]
            async with visit(server, tally, f"forget?{half}", name) as visitor:
                await slide(visitor, tally, chance, until, half)
    except VisitError as error:
        tally.errors[f"{role}: {error}"] += 1


async def first_visit(server: Watched, tally: Tally) -> tuple[float, float]:
    """Seconds until the first visitor, for whom the default model is trained, and a second one see the metrics."""
    taken = []
    for name in ("first", "second"):
        started = time.perf_counter()
        async with Visitor(server.port, name) as visitor:
            await visitor.open()
            shown = await visitor.until(lambda: len(visitor.metrics()) >= len(METRICS), what="the first metrics")
            await visitor.settle()
        tally.close(visitor)
        taken.append(shown - started)
    return taken[0], taken[1]


async def active(server: Watched, tally: Tally, arguments: argparse.Namespace) -> list[tuple[str, str]]:
    until = time.perf_counter() + arguments.seconds
    await asyncio.gather(*(work(server, tally, index, until, arguments.seed) for index in range(arguments.sessions)))
    return []


async def idle(server: Watched, tally: Tally, arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """Open tabs on the Overview, then tabs with a file of their own, then visitors who work beside them."""
    half, opened, rows = arguments.sessions // 2, [], []
    try:
        for kind, count in (("on the Overview", arguments.sessions - half), ("with a file of its own", half)):
            before = server.megabytes()
            for index in range(count):
                visitor = Visitor(server.port, f"idle-{len(opened)}")
                opened.append(visitor)
                await visitor.open("" if kind.startswith("on") else "data")
                await visitor.settle()
                if kind.startswith("with"):
                    await upload(visitor, tally, random.Random(f"{arguments.seed} idle {index}"))
            await asyncio.sleep(2)
            rows.append(
                (f"memory of an idle session {kind}", f"{(server.megabytes() - before) / max(count, 1):.2f} MB")
            )
        until = time.perf_counter() + arguments.seconds
        beside = range(arguments.active)
        await asyncio.gather(*(work(server, tally, index, until, arguments.seed) for index in beside))
    except VisitError as error:
        tally.errors[f"idle: {error}"] += 1
    finally:
        for visitor in opened:
            await visitor.close()
            tally.close(visitor)
    return rows


async def soak(server: Watched, tally: Tally, arguments: argparse.Namespace) -> list[tuple[str, str]]:
    """Visitors who come, do a bit of everything and leave; then nobody, until the server may forget them.

    Before them, one opens every page, for which the server loads parts of its libraries that it keeps.
    """
    async with visit(server, tally, "", "every-page") as visitor:
        for page in ("Data", "Train", "Forget", "Layers", "Relearn", "Unlearn"):
            visitor.follow(page)
            await visitor.settle()
            await asyncio.sleep(2)
        await stay(visitor, tally, random.Random(arguments.seed), time.perf_counter() + 30)
    await asyncio.sleep(arguments.ttl + 15)
    first = server.megabytes(), server.threads()
    started = time.perf_counter()
    until = started + 60 * arguments.minutes
    telling = asyncio.create_task(_tell(server, started))
    await asyncio.gather(
        *(come_and_go(server, tally, index, until, arguments.seed) for index in range(arguments.sessions))
    )
    await asyncio.sleep(3)
    left = server.megabytes(), server.threads()
    await asyncio.sleep(arguments.ttl + 5)
    later = server.megabytes(), server.threads()
    async with Visitor(server.port, "last") as visitor:  # old sessions are dropped when another one leaves
        await visitor.open()
        await visitor.settle()
    tally.close(visitor)
    await asyncio.sleep(5)
    telling.cancel()
    return [
        ("server: memory, threads after one who has opened every page", f"{first[0]:.0f} MB, {first[1]}"),
        ("server: memory, threads when the last has left", f"{left[0]:.0f} MB, {left[1]}"),
        (f"server: the same {arguments.ttl + 5} s later", f"{later[0]:.0f} MB, {later[1]}"),
        ("server: the same after one more visitor", f"{server.megabytes():.0f} MB, {server.threads()}"),
    ]


async def _tell(server: Watched, started: float) -> None:
    while True:
        minutes = (time.perf_counter() - started) / 60
        print(f"{minutes:6.1f} min  {server.megabytes():7.0f} MB  {server.threads():4d} threads", flush=True)
        await asyncio.sleep(60)


async def come_and_go(server: Watched, tally: Tally, index: int, until: float, seed: int) -> None:
    """One visitor after the other, each with a stay of some 20 to 60 seconds."""
    chance = random.Random(f"{seed} soak {index}")
    await asyncio.sleep(chance.random() * 10)
    count = 0
    while time.perf_counter() < until:
        count += 1
        leave = min(until, time.perf_counter() + chance.uniform(20, 60))
        try:
            async with visit(
                server, tally, chance.choice(("", "data", "forget", "train")), f"{index}-{count}"
            ) as visitor:
                await stay(visitor, tally, chance, leave)
        except VisitError as error:
            tally.errors[f"soak: {error}"] += 1
            await asyncio.sleep(1)


async def stay(visitor: Visitor, tally: Tally, chance: random.Random, leave: float) -> None:
    """A bit of everything; whoever has to leave closes the tab in the middle of it."""
    if visitor.fraction is not None:
        for _ in range(3):
            await move(visitor, tally, chance, "")
    await upload(visitor, tally, chance)
    visitor.follow("Train")
    await visitor.settle()
    await learn(visitor, tally, leave, "own files")
    visitor.follow("Forget")
    await visitor.settle()
    while time.perf_counter() < leave - 10 and visitor.fraction is not None:
        visitor.slide(chance.randrange(101) / 100)
        await visitor.settle()
        await asyncio.sleep(1)
    visitor.follow(chance.choice(("Layers", "Unlearn", "Relearn")))
    await visitor.settle()
    if visitor.shows("button", "Start") and chance.random() < 0.5:
        visitor.click("Start")
    await asyncio.sleep(max(leave - time.perf_counter(), 0))


# What comes of it


def wrong_metrics(seen: dict[tuple[str, float], Counter]) -> tuple[int, list[str]]:
    """How many times the metrics were not those of the library, and sentences that say which."""
    pin_threads()
    wrong, differences = 0, []
    for half, recipe in SLIDERS.items():
        fractions = {fraction: counter for (other, fraction), counter in seen.items() if other == half}
        right = library_figures(recipe, list(fractions)) if fractions else {}
        for fraction, counter in fractions.items():
            for metrics, times in counter.items():
                if metrics != right[fraction]:
                    wrong += times
                    differences.append(f"{half or 'default'} at {fraction:.0%}: {metrics} instead of {right[fraction]}")
    return wrong, differences


def library_figures(recipe: Recipe, fractions: list[float]) -> dict[float, tuple[str, ...]]:
    """The metrics of a recipe by fraction, as the page shows them."""
    reviews, found = load_sample(), {}
    result, split = run(recipe, reviews), prepare(recipe, reviews)
    for fraction in fractions:
        one = replace(recipe, randomization=replace(recipe.randomization, fraction=fraction))
        comparison = compare(one, split, result.trained, result.comparison.original)
        before, after = (outcome.scores["validation"] for outcome in (comparison.original, comparison.randomized))
        ratio = comparison.forgetting["validation"].value
        found[fraction] = (
            f"{format_share(before.accuracy).removesuffix(PERCENT)} → {format_share(after.accuracy)}",
            f"{format_number(before.loss)} → {format_number(after.loss)}",
            "undefined" if ratio is None else f"{ratio:.2f}",
            f"{format_number(before.macro_f1)} → {format_number(after.macro_f1)}",
        )
    return found


def spread(seconds: list[float]) -> tuple[str, str, str, str]:
    """How many, median, 95th percentile and longest."""
    if not seconds:
        return "0", "–", "–", "–"
    high = quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else seconds[0]
    return str(len(seconds)), *(f"{1000 * value:.0f} ms" for value in (median(seconds), high, max(seconds)))


def machine_seconds() -> float:
    """Of CPU that all processes of the machine have taken so far."""
    times = psutil.cpu_times()
    return times.user + times.nice + times.system + times.irq + times.softirq + times.steal


def report(tally: Tally, rows: list[tuple[str, str]], differences: list[str], tracebacks: Counter) -> None:
    print()
    print_table(("measured", "value"), rows)
    print()
    print_table(
        ("answers", "n", "p50", "p95", "max"),
        (
            ("slider: sent to all metrics", *spread(tally.answered)),
            ("slider: sent to script finished", *spread(tally.finished)),
            ("cold opening under load", *spread(tally.opened)),
        ),
    )
    found = {"error": tally.errors, "alert": tally.alerts, "wrong": Counter(differences), "traceback": tracebacks}
    for title, counter in found.items():
        for sentence, times in counter.most_common(12):
            print(f"\n{title}, {times} ×: {sentence}")
    if tally.changed:
        print(f"\nThe app's files changed during the run ({tally.changed} notices): its metrics may be of a mixture.")


async def load(server: Watched, arguments: argparse.Namespace) -> None:
    tally, gauge = Tally(), Gauge(server)
    taken = await first_visit(server, tally)
    await asyncio.sleep(1)
    before = server.megabytes(), server.threads()
    print(f"after warm-up: {before[0]:.0f} MB, {before[1]} threads", flush=True)
    started, busy, own, whole = time.perf_counter(), server.seconds(), time.process_time(), machine_seconds()
    watching = asyncio.create_task(gauge.watch())
    rows = await LOADS[arguments.load](server, tally, arguments)
    seconds = time.perf_counter() - started
    busy, own, whole = server.seconds() - busy, time.process_time() - own, machine_seconds() - whole
    watching.cancel()
    await asyncio.sleep(3)
    after = server.megabytes(), server.threads()
    tracebacks = server.tracebacks()
    # After the measurement, as it takes the processor.
    wrong, differences = wrong_metrics(tally.seen)
    metrics = sum(counter.total() for counter in tally.seen.values())
    differing = sum(len(counter) > 1 for counter in tally.seen.values())
    rows = [
        ("sessions, with the two first", f"{tally.sessions}"),
        ("errors", f"{tally.errors.total()}"),
        ("tracebacks in the server's log", f"{tracebacks.total()}"),
        ("wrong metrics, of those compared", f"{wrong} of {metrics}"),
        ("fractions of which visitors saw different metrics", f"{differing}"),
        ("first opening to metrics, its model trained", f"{taken[0]:.2f} s"),
        ("second opening to metrics, alone", f"{taken[1]:.2f} s"),
        *(
            (f"epochs on {kind}, in total", f"{count:,} ({count / seconds:.0f}/s)")
            for kind, count in tally.epochs.items()
        ),
        ("training runs ended", f"{tally.training_runs}"),
        ("files uploaded", f"{tally.uploads}"),
        ("studies ended; parts done", f"{tally.studies}; {tally.parts:,}"),
        ("asked to wait, all visitors together", f"{tally.waited:.0f} s"),
        ("server: memory before / peak / after", f"{before[0]:.0f} / {gauge.megabytes:.0f} / {after[0]:.0f} MB"),
        ("server: threads before / peak / after", f"{before[1]} / {gauge.threads} / {after[1]}"),
        *rows,
        ("seconds of the load", f"{seconds:.0f}"),
        (f"server: CPU, of {os.cpu_count()} cores", f"{busy / seconds:.2f}"),
        (f"visitors: CPU, of {os.cpu_count()} cores", f"{own / seconds:.2f}"),
        ("anything else on the machine: CPU", f"{max(whole - busy - own, 0) / seconds:.2f}"),
        ("visitors: latest behind time", f"{1000 * gauge.late:.0f} ms"),
        ("visitors: memory", f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"),
        ("received", f"{tally.received / 1e6:.1f} MB"),
    ]
    report(tally, rows, differences, tracebacks)


LOADS: dict[str, Callable[[Watched, Tally, argparse.Namespace], Awaitable[list[tuple[str, str]]]]] = {
    "active": active,
    "idle": idle,
    "soak": soak,
}
SESSIONS = {"active": 20, "idle": 100, "soak": 8}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("load", choices=list(LOADS))
    parser.add_argument("--root", type=Path, default=ROOT, help="folder of the checkout that is measured")
    parser.add_argument("--sessions", type=int, help="active: visitors; idle: open tabs; soak: at a time")
    parser.add_argument("--active", type=int, default=10, help="idle: visitors who work beside the open tabs")
    parser.add_argument("--seconds", type=float, default=60, help="active and idle: of work")
    parser.add_argument("--minutes", type=float, default=30, help="soak: of coming and going")
    parser.add_argument("--ttl", type=int, default=120, help="seconds for which the server remembers who has left")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--option", action="append", default=[], help="of Streamlit, such as server.fileWatcherType=none"
    )
    arguments = parser.parse_args()
    arguments.sessions = arguments.sessions or SESSIONS[arguments.load]
    options = {"server.disconnectedSessionTTL": str(arguments.ttl)} | dict(
        option.split("=", 1) for option in arguments.option
    )
    # A load stops by itself, whatever the app does.
    limit = {
        "active": arguments.seconds + 420,
        "idle": arguments.seconds + 420 + 10 * arguments.sessions,
        "soak": 60 * arguments.minutes + 2 * arguments.ttl + 600,
    }[arguments.load]
    with (
        tempfile.TemporaryDirectory() as folder,
        serving(Path(folder), root=arguments.root, **options) as server,
    ):
        asyncio.run(asyncio.wait_for(load(Watched(**vars(server)), arguments), limit))


if __name__ == "__main__":
    main()
