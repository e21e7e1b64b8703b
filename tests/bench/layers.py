"""Finding a model's layers in one walk, beside a walk for each layer, and randomizing one of 389 layers."""

import argparse
import copy
import time
from collections.abc import Callable
from statistics import median

from common import print_table
from torch import nn

from forgetting.core.seeding import pin_threads
from forgetting.randomization.layers import find_layers, layer_table
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization

BLOCKS, PER_BLOCK, OUTSIDE = 48, 8, 5  # as many layers as GPT-2's largest model has: 389


def make_model(width: int) -> nn.Module:
    """Blocks of layers within modules, which are small, as the walk is measured and not the numbers."""
    block = nn.ModuleDict({str(part): nn.Sequential(nn.Linear(width, width)) for part in range(PER_BLOCK)})
    blocks = nn.ModuleList(copy.deepcopy(block) for _ in range(BLOCKS))
    return nn.ModuleList([blocks, *(nn.Linear(width, width) for _ in range(OUTSIDE))])


def walk_for_each(model: nn.Module) -> dict[str, list[str]]:
    """The layers and their parameters where each layer looks through the whole model for what belongs to it."""
    found = {}
    for name, layer in model.named_modules():
        owners = {}
        for module in model.modules():
            for parameter in module.parameters(recurse=False):
                owners.setdefault(id(parameter), module)
        own = [key for key, value in layer.named_parameters(recurse=False) if owners[id(value)] is layer]
        if own:
            found[name] = own
    return found


def seconds(act: Callable, times: int) -> float:
    """Median of the processor time of an act."""
    found = []
    for _ in range(times):
        start = time.process_time()
        act()
        found.append(time.process_time() - start)
    return median(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--width", type=int, default=8, help="inputs and outputs of each layer")
    options = parser.parse_args()
    pin_threads()
    model = make_model(options.width)
    layers = find_layers(model)
    assert {name: list(layer.parameters) for name, layer in layers.items()} == walk_for_each(model)
    one = Randomization(layers=(next(iter(layers)),))
    rows = [
        ("a walk for each layer", lambda: walk_for_each(model), 3),
        ("find_layers", lambda: find_layers(model), 15),
        ("layer_table", lambda: layer_table(model), 15),
        ("deepcopy of the model", lambda: copy.deepcopy(model), 7),
        ("randomize one layer, the copy included", lambda: randomize(model, one), 7),
    ]
    print_table(
        (f"{len(layers)} layers", "seconds"), [(name, f"{seconds(act, times):.4f}") for name, act, times in rows]
    )


if __name__ == "__main__":
    main()
