"""Studies of any model against a plain loop, stages on and off; and the memory of a study of a large model.

Baseline: for each variant a copy of the model, randomized from scratch by `randomize`, and evaluated. Before a time
counts, the accuracy of every variant must be the same. Times are of the processor, alternating. Memory is the peak of a
process of its own above what it held before the model was made, in models.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable

import torch
from common import print_table
from sweeps import resident, spread, start_from_here
from torch import nn

from forgetting import Randomization, Sweep, randomize, study
from forgetting.core.seeding import OwnedDraws, generator, pin_threads
from forgetting.randomization.layers import named_layers

MOST = 3.0  # models that a study may hold at once
LEAST = 1.7  # times as fast as the plain loop, on cascades with stages


class Blocks(nn.Module):
    """Eight blocks between a first and a last layer."""

    def __init__(self, first: nn.Module, blocks: list[nn.Module], last: nn.Module, pool: int):
        super().__init__()
        self.first, self.blocks, self.last, self.pool = first, nn.ModuleList(blocks), last, pool

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        values = self.first(inputs)
        for block in self.blocks:
            values = block(values)
        return self.last(values.flatten(2).mean(self.pool))


def cnn() -> tuple[nn.Module, torch.Tensor]:
    blocks = [nn.Sequential(nn.Conv2d(16, 16, 3, padding=1), nn.ReLU(inplace=True)) for _ in range(8)]
    return Blocks(nn.Conv2d(1, 16, 3, padding=1), blocks, nn.Linear(16, 10), 2), torch.randn(256, 1, 16, 16)


def transformer() -> tuple[nn.Module, torch.Tensor]:
    blocks = [nn.TransformerEncoderLayer(64, 4, 128, batch_first=True) for _ in range(8)]
    return Blocks(nn.Embedding(500, 64), blocks, nn.Linear(64, 10), 1), torch.randint(500, (128, 24))


def stages(model: Blocks) -> list[nn.Module]:
    return [model.first, *model.blocks, model.last]


def compare(title: str, make: Callable, family: str, rounds: int) -> tuple[str, ...]:
    with OwnedDraws(generator(0, title)):
        model, inputs = make()
    model.eval()
    targets = torch.arange(len(inputs)) % 10
    plan = Sweep((f"{family}:blocks.*",), (0.5, 1.0), ("normal",), seeds=4)

    def evaluate(given: nn.Module) -> tuple[torch.Tensor, torch.Tensor]:
        return given(inputs), targets

    def looped() -> list[float]:
        found = []
        for seed in plan.replicates:
            for dose in plan.doses:
                for names in plan.sets(tuple(named_layers(model))):
                    variant = randomize(model, Randomization(names, dose, "normal", seed=seed))
                    with torch.no_grad():
                        found.append((variant(inputs).argmax(1) == targets).double().mean().item())
        return found

    works = {
        "loop": looped,
        "off": lambda: [row.validation["accuracy"] for row in study(model, evaluate, plan).rows],
        "on": lambda: [row.validation["accuracy"] for row in study(model, evaluate, plan, stages=stages).rows],
    }
    first = {name: work() for name, work in works.items()}
    assert first["loop"] == first["off"] == first["on"], "the work is not the same"
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            before = time.process_time()
            work()
            taken[name].append(time.process_time() - before)
    ratios = [
        spread(one / other for one, other in zip(taken["loop"], taken[name], strict=True)) for name in ("off", "on")
    ]
    return title, family, *(spread(taken[name]) for name in works), *ratios


def large_model() -> nn.Module:
    """About 100 million parameters: a word embedding, and 12 blocks of a Transformer of BERT's size."""
    blocks = [nn.TransformerEncoderLayer(768, 12, 3072, batch_first=True) for _ in range(11)]
    return Blocks(nn.Embedding(28_000, 768), blocks, nn.Linear(768, 10), 1)


def measure_memory(scheme: str) -> tuple[float, float]:
    """Parameters in millions, and the peak in models."""
    pin_threads()
    tokens, targets = torch.randint(500, (8, 8)), torch.arange(8)
    tiny = Blocks(nn.Embedding(500, 8), [nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)], nn.Linear(8, 10), 1)
    plan = Sweep(("each:blocks.*", "down:blocks.*", "first"), (0.5, 1.0), (scheme,), seeds=1)
    study(tiny, lambda model: (model(tokens), targets), plan)  # what torch loads when it is first used
    before = start_from_here()
    model = large_model()
    size = sum(value.nbytes for value in model.parameters())
    study(model, lambda model: (model(tokens), targets), Sweep(("each:blocks.1", "all"), (0.5,), (scheme,), seeds=1))
    return size / 4e6, (resident("VmHWM") - before) / size


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    pin_threads()
    cases = [
        (title, make, family)
        for title, make in (("CNN", cnn), ("Transformer", transformer))
        for family in ("down", "up")
    ]
    rows = [compare(*case, rounds) for case in cases]
    print("\nCascades over eight blocks, 2 doses × 4 seeds; seconds of the processor, and times as fast as the loop.\n")
    print_table(("model", "cascade", "loop, s", "stages off, s", "stages on, s", "off", "on"), rows)
    below = [f"{row[0]} {row[1]}" for row in rows if float(row[-1].split()[0]) < LEAST]
    print(f"\nAt least {LEAST}× with stages, but for: {', '.join(below) or 'none'}.\n")
    memory = []
    for scheme in ("zero", "normal", "reinit"):
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            size, peak = pool.apply(measure_memory, (scheme,))
        memory.append((scheme, f"{size:.0f} million", f"{peak:.2f}", "within" if peak <= MOST else "OVER"))
    print_table(("scheme", "parameters", "peak, in models", f"of {MOST:g}"), memory)


if __name__ == "__main__":
    main()
