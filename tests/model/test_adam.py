"""Adam against torch's class, bit for bit, and against its algorithm in plain numpy; and what it leaves unloaded."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from forgetting.model.adam import Adam

TRAIN = """
import sys
from forgetting import MODERN, load_sample, prepare, train
train(MODERN.with_value("training.epochs", 2), prepare(MODERN, load_sample()))
print(*sorted({"sympy", "torch._dynamo"} & set(sys.modules)))
"""


def parameters() -> list[nn.Parameter]:
    source = torch.Generator().manual_seed(3)
    return [nn.Parameter(torch.randn(shape, generator=source)) for shape in ((7, 5), (7,), (2, 7), (1,))]


def gradients(found: list[nn.Parameter], steps: int):
    """Gradients of very different sizes; the second parameter has none in each third step, the last never has one."""
    source = torch.Generator().manual_seed(4)
    for step in range(steps):
        drawn = [torch.randn(each.shape, generator=source) * 10.0 ** (step % 7 - 3) for each in found]
        yield [None if place == 3 or (place == 1 and step % 3 == 0) else each for place, each in enumerate(drawn)]


@pytest.mark.parametrize(("rate", "decay"), [(0.01, 0.0), (0.05, 1e-3), (3.0, 0.5)])
def test_its_weights_are_those_of_torchs_class(rate, decay):
    ours, theirs = parameters(), parameters()
    optimizer = Adam(ours, learning_rate=rate, weight_decay=decay)
    reference = torch.optim.Adam(theirs, lr=rate, weight_decay=decay, fused=True)
    for step in gradients(ours, 40):
        for mine, other, gradient in zip(ours, theirs, step, strict=True):
            mine.grad, other.grad = (None if gradient is None else gradient.clone() for _ in range(2))
        optimizer.step()
        reference.step()
        assert all(map(torch.equal, ours, theirs))
    assert torch.equal(ours[3], parameters()[3])


def test_decoupled_its_weights_are_those_of_torchs_adamw_with_a_rate_that_changes():
    ours, theirs = parameters(), parameters()
    optimizer = Adam(ours, learning_rate=0.0, weight_decay=0.5, decoupled=True)
    matrices, others = [theirs[0], theirs[2]], [theirs[1], theirs[3]]
    groups = [{"params": matrices, "weight_decay": 0.5}, {"params": others, "weight_decay": 0.0}]
    reference = torch.optim.AdamW(groups, lr=0.1)
    for step, found in enumerate(gradients(ours, 40), start=1):
        for mine, other, gradient in zip(ours, theirs, found, strict=True):
            mine.grad, other.grad = (None if gradient is None else gradient.clone() for _ in range(2))
        optimizer.learning_rate = 0.1 / step
        for group in reference.param_groups:
            group["lr"] = 0.1 / step
        optimizer.step()
        reference.step()
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, atol=1e-5, rtol=1e-4)


def test_its_weights_are_those_of_the_algorithm():
    found = parameters()[:1]
    weights = found[0].detach().numpy().astype(float)
    mean, square = np.zeros_like(weights), np.zeros_like(weights)
    optimizer = Adam(found, learning_rate=0.02, weight_decay=0.1)
    for step, (gradient,) in enumerate(gradients(found, 30), 1):
        found[0].grad = gradient.clone()
        optimizer.step()
        slope = gradient.numpy().astype(float) + 0.1 * weights
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        weights = weights - 0.02 * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(found[0].detach().numpy(), weights, rtol=1e-4, atol=1e-5)


def test_no_gradient_no_step():
    found = parameters()
    optimizer = Adam(found, learning_rate=0.1)
    optimizer.step()
    found[0].grad = torch.ones_like(found[0])
    optimizer.zero_grad()
    optimizer.step()
    assert all(map(torch.equal, found, parameters()))


@pytest.mark.slow
def test_training_loads_neither_the_compiler_nor_sympy():
    done = subprocess.run([sys.executable, "-c", TRAIN], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
