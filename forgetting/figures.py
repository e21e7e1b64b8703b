"""Figures of the logits of many models at once: tensors of (…, reviews, classes) in, one number a model out.

The leading axes are the models', none for a single one. Only operations that are quick on any memory layout are
used: with a handful of classes, torch's own softmax along the last axis takes ten times as long as its parts.
Logits must be finite; `metrics` and `sweeps` say so where they are not.
"""

import math

import torch
from torch.nn import functional

MOST_SCALE = 1e9  # of the search for a temperature, by the standard deviation of the logits
ROUNDS = 60  # of that search, at the most; five to ten are usual
GAIN = 1e-8  # nats: the search ends with the step that takes less than that off the loss


def likelihoods(logits: torch.Tensor) -> torch.Tensor:
    """Softmax over the classes: (…, reviews, classes) in [0, 1]."""
    exponentials = (logits - logits.amax(-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


def accuracy(guesses: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Top-1: share of guessed classes (…, reviews) that are the targets (reviews,)."""
    return (guesses == targets).double().mean(-1)


def top_k_accuracy(logits: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
    """Share of reviews whose true class is among the best k logits; of equal logits the first counts as better."""
    own = _own(logits, targets)
    earlier = torch.arange(logits.shape[-1]) < targets[:, None]  # (reviews, classes)
    better = (logits > own).sum(-1) + ((logits == own) & earlier).sum(-1)
    return (better < k).double().mean(-1)


def macro_f1(guesses: torch.Tensor, targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Mean over the classes that occur in the targets or the guesses of F1 = 2·hits / (guessed + true)."""
    truths = targets.expand(guesses.shape)
    guessed, true = named(guesses, classes), named(truths, classes)  # (…, classes)
    hits = named(torch.where(guesses == truths, truths, classes), classes + 1)[..., :classes]
    both = guessed + true
    scores = torch.where(both > 0, 2 * hits / both.clamp(min=1), 0)
    return scores.sum(-1) / (both > 0).sum(-1)


def named(guesses: torch.Tensor, classes: int) -> torch.Tensor:
    """How often each class is guessed: (…, reviews) → (…, classes), float64."""
    models = math.prod(guesses.shape[:-1])
    places = guesses.reshape(models, -1) + classes * torch.arange(models)[:, None]
    counts = torch.bincount(places.flatten(), minlength=models * classes)
    return counts.double().reshape(*guesses.shape[:-1], classes)


def bitwise_accuracy(chances: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Share of elements of (reviews, classes) that match the one-hot rows once thresholded at 0.5.

    Always answering "no" scores 1 − 1 / classes, so with many classes nearly everything scores well.
    """
    said = chances >= 0.5  # (…, reviews, classes)
    reviews, classes = said.shape[-2:]
    hits = _own(said, targets).sum((-2, -1))  # of the reviews, those whose own element is said
    wrong = (said.sum((-2, -1)) - hits) + (reviews - hits)
    return (reviews * classes - wrong).double() / (reviews * classes)


def entropy(chances: torch.Tensor) -> torch.Tensor:
    """Mean over reviews of the Shannon entropy of a prediction, in nats: 0 sure of one class, ln(classes) of none."""
    return -(chances * _log(chances)).sum(-1).double().mean(-1)


def agreement(guesses: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Share of reviews for which two models guess the same class."""
    return accuracy(guesses, others)


def divergence(chances: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Mean over reviews of the Jensen–Shannon divergence of two models' predictions, base 2, in [0, 1].

    With m = (p + q) / 2 it is (KL(p‖m) + KL(q‖m)) / 2 (Lin 1991, IEEE Trans. Inf. Theory 37, 145–151).
    """
    middle = _log((chances + others) / 2)
    terms = chances * (_log(chances) - middle) + others * (_log(others) - middle)
    return (terms.sum(-1).double().mean(-1) / (2 * math.log(2))).clamp(0, 1)


def loss(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> torch.Tensor:
    """The loss of the objective, as `training.loss_of` has it for one model, without label smoothing."""
    return _loss(logits, _own(logits, targets), objective)


def calibrated(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The temperature T of logits / T that makes the loss least, and that loss (Guo et al. 2017, arXiv 1706.04599).

    It is fitted on the same reviews, so it is the least that any rescaling of these logits can reach: what is left
    of a loss once the scale of the weights is set aside. T is infinite where no scale beats saying the same
    everywhere (the loss is then ln(classes), or ln 2 where bitwise), and 0, with a loss of 0, where every answer is
    right, as the loss then falls for ever with T. Between these the loss is convex in 1 / T, and Newton's method,
    kept between bounds, finds its least.
    """
    right, shape = _all_right(logits, targets, objective), logits.shape
    if objective == "cross_entropy":  # which sees differences of a review's logits alone
        logits = logits - logits.amax(-1, keepdim=True)
    spread = logits.std((-2, -1), correction=0, keepdim=True)
    unit = torch.where(spread > 0, spread, 1.0)
    scaled, own = logits / unit, _own(logits, targets) / unit
    flat = scaled.reshape(-1, *shape[-2:]), own.reshape(-1, shape[-2], 1)
    scale = _best_scale(*flat, ~right.flatten(), objective).reshape(unit.shape)
    temperature = (unit / scale)[..., 0, 0].double()
    return torch.where(right, 0, temperature), torch.where(right, 0, _loss(scaled * scale, own * scale, objective))


def _all_right(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> torch.Tensor:
    """Whether every true class has the one best logit; where bitwise, whether every sign is right."""
    one_hot = functional.one_hot(targets, logits.shape[-1]).bool()
    if objective == "bitwise":
        return (((logits > 0) == one_hot) & (logits != 0)).flatten(-2).all(-1)
    rivals = logits.masked_fill(one_hot, -torch.inf).amax(-1)
    return (_own(logits, targets)[..., 0] > rivals).all(-1)


def _best_scale(logits: torch.Tensor, own: torch.Tensor, wanted: torch.Tensor, objective: str) -> torch.Tensor:
    """The b in [0, MOST_SCALE] that makes the loss of b·logits least, (models, 1, 1); 1 for those not wanted."""
    derivatives = DERIVATIVES[objective]
    low = torch.zeros(len(logits), 1, 1, dtype=logits.dtype)
    uniform = 1 / logits.shape[-1] if objective == "cross_entropy" else 0.5  # what scale 0 says of each class
    rising = _mean(logits.sum(-1, keepdim=True) * uniform - own) >= 0
    high = torch.where(rising, 0, torch.full_like(low, MOST_SCALE))
    scale, going = torch.ones_like(low).minimum(high), (high.flatten() * wanted).nonzero().flatten()
    for _ in range(ROUNDS):
        if not len(going):
            break
        here = scale[going]
        slope, curvature = derivatives(logits[going], own[going], here)
        low[going] = torch.where(slope < 0, here, low[going])
        high[going] = torch.where(slope < 0, high[going], here)
        newton = here - slope / curvature
        inside = (newton >= low[going]) & (newton <= high[going])
        middle = torch.where(low[going] > 0, (low[going] * high[going]).sqrt(), high[going] / 2)
        scale[going] = torch.where(inside, newton, middle)
        gain = torch.where(inside, slope.square() / (2 * curvature), torch.inf)  # what the step takes off the loss
        going = going[(gain > GAIN).flatten()]
    return scale


def _log(chances: torch.Tensor) -> torch.Tensor:
    """A finite logarithm, for 0 · ln 0 = 0."""
    return chances.clamp(min=torch.finfo(chances.dtype).tiny).log()


def _own(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The logit of the true class, (…, reviews, 1)."""
    return logits.gather(-1, targets[:, None].expand(*logits.shape[:-1], 1))


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Over reviews and what stands beside them, with the axes kept."""
    return values.double().mean((-2, -1), keepdim=True).to(values.dtype)


def _loss(logits: torch.Tensor, own: torch.Tensor, objective: str) -> torch.Tensor:
    if objective == "cross_entropy":
        most = logits.amax(-1, keepdim=True)
        return ((logits - most).exp().sum(-1, keepdim=True).log() + (most - own)).double().mean((-2, -1))
    return functional.softplus(logits).double().mean((-2, -1)) - own.double().mean((-2, -1)) / logits.shape[-1]


def _cross_entropy_derivatives(
    logits: torch.Tensor, own: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second derivative by the scale b of the mean over reviews of ln Σ exp(b·z) − b·z_true."""
    chances = likelihoods(logits * scale)
    weighted = chances * logits
    mean = weighted.sum(-1, keepdim=True)
    square = (weighted * logits).sum(-1, keepdim=True)
    return _mean(mean - own), _mean(square - mean.square())


def _bitwise_derivatives(
    logits: torch.Tensor, own: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same of the mean over reviews and classes of ln(1 + exp(b·z)) − y·b·z."""
    chances = (logits * scale).sigmoid()
    slope = _mean(chances * logits) - _mean(own) / logits.shape[-1]
    return slope, _mean(chances * (1 - chances) * logits.square())


DERIVATIVES = {"cross_entropy": _cross_entropy_derivatives, "bitwise": _bitwise_derivatives}
