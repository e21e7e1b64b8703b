"""The temperature that makes a loss least, of many models at once.

Shapes are those of `functional`.
"""

import torch
from torch.nn import functional

from forgetting.metrics.functional import loss_given_true_logit, softmax, true_class_logit

LARGEST_SCALE = 1e9  # of the search for a temperature, by the standard deviation of the logits
ROUNDS = 60  # of that search, at the most; five to ten are usual
LEAST_GAIN = 1e-8  # nats: the search ends with the step that takes less than that off the loss


def temperature_scaled_loss(
    logits: torch.Tensor, targets: torch.Tensor, objective: str
) -> tuple[torch.Tensor, torch.Tensor]:
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
    scaled, own = logits / unit, true_class_logit(logits, targets) / unit
    flat = scaled.reshape(-1, *shape[-2:]), own.reshape(-1, shape[-2], 1)
    scale = _best_scale(*flat, ~right.flatten(), objective).reshape(unit.shape)
    temperature = (unit / scale)[..., 0, 0].double()
    return torch.where(right, 0, temperature), torch.where(
        right, 0, loss_given_true_logit(scaled * scale, own * scale, objective)
    )


def _all_right(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> torch.Tensor:
    """Whether every true class has the one best logit; where bitwise, whether every sign is right."""
    one_hot = functional.one_hot(targets, logits.shape[-1]).bool()
    if objective == "bitwise":
        return (((logits > 0) == one_hot) & (logits != 0)).flatten(-2).all(-1)
    rivals = logits.masked_fill(one_hot, -torch.inf).amax(-1)
    return (true_class_logit(logits, targets)[..., 0] > rivals).all(-1)


def _best_scale(logits: torch.Tensor, own: torch.Tensor, wanted: torch.Tensor, objective: str) -> torch.Tensor:
    """The b in [0, MOST_SCALE] that makes the loss of b·logits least, (models, 1, 1); 1 for those not wanted."""
    derivatives = DERIVATIVES[objective]
    low = torch.zeros(len(logits), 1, 1, dtype=logits.dtype)
    uniform = 1 / logits.shape[-1] if objective == "cross_entropy" else 0.5  # what scale 0 says of each class
    rising = _mean(logits.sum(-1, keepdim=True) * uniform - own) >= 0
    high = torch.where(rising, 0, torch.full_like(low, LARGEST_SCALE))
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
        going = going[(gain > LEAST_GAIN).flatten()]
    return scale


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Over reviews and what stands beside them, with the axes kept."""
    return values.double().mean((-2, -1), keepdim=True).to(values.dtype)


def _cross_entropy_derivatives(
    logits: torch.Tensor, own: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second derivative by the scale b of the mean over reviews of ln Σ exp(b·z) − b·z_true."""
    chances = softmax(logits * scale)
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
