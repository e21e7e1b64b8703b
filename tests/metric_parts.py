"""What the tests of metrics share: logits and targets drawn, noisy or by hand, and torch's losses."""

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

OBJECTIVES = ("cross_entropy", "bitwise")
USUAL = st.floats(-30, 30, width=32)


@st.composite
def models(draw, elements=USUAL, most_models=3) -> tuple[np.ndarray, np.ndarray]:
    """Logits (models, reviews, classes) and targets (reviews,)."""
    shape = (draw(st.integers(1, most_models)), draw(st.integers(1, 9)), draw(st.integers(2, 5)))
    logits = draw(arrays(np.float32, shape, elements=elements))
    return logits, draw(arrays(np.int64, shape[1], elements=st.integers(0, shape[2] - 1)))


def tensors(*values):
    return tuple(map(torch.from_numpy, values))


def noisy(seed, strength=1.0, reviews=60, classes=4, models=1):
    """Logits that know something of their targets, and are sometimes wrong."""
    source = torch.Generator().manual_seed(seed)
    targets = torch.randint(0, classes, (reviews,), generator=source)
    logits = torch.randn(models, reviews, classes, generator=source)
    return logits + strength * nn.functional.one_hot(targets, classes), targets


def torchs_loss(logits, targets, objective):
    """In double precision, of one model."""
    logits = logits.double()
    if objective == "cross_entropy":
        return nn.functional.cross_entropy(logits, targets).item()
    one_hot = nn.functional.one_hot(targets, logits.shape[-1]).double()
    return nn.functional.binary_cross_entropy_with_logits(logits, one_hot).item()


# Five reviews of classes 0, 0, 1, 2, 2 (and none of class 3); the largest logits predict 0, 1, 1, 0, 2.
TRUTH = torch.tensor([0, 0, 1, 2, 2])
LOGITS = torch.tensor(
    [
        [9.0, 1.0, 2.0, 0.0],
        [2.0, 9.0, 1.0, 0.0],
        [0.0, 9.0, 2.0, 1.0],
        [9.0, 3.0, 1.0, 2.0],
        [1.0, 2.0, 9.0, 0.0],
    ]
)


def cka_by_kernels(first, second) -> float:
    """Linear CKA with the estimator of Song et al. 2012, eq. 5, by whole kernels."""

    def hsic(one, other):
        n = len(one)
        k, l = (values @ values.T for values in (one, other))  # noqa: E741 - as in the paper
        np.fill_diagonal(k, 0)
        np.fill_diagonal(l, 0)
        ones = np.ones(n)
        middle = (ones @ k @ ones) * (ones @ l @ ones) / ((n - 1) * (n - 2))
        return (np.trace(k @ l) + middle - 2 / (n - 2) * (ones @ k @ l @ ones)) / (n * (n - 3))

    return hsic(first, second) / np.sqrt(hsic(first, first) * hsic(second, second))
