"""Temperature scaling: the temperature with the smallest loss, for many models at once.

Shapes are those of `metrics.formulas`.
"""

import torch
from torch.nn import functional

from forgetting.metrics.formulas import loss_given_true_logit, softmax, true_class_logit

LARGEST_SCALE = 1e9  # the upper bound of the search, in 1 / standard deviations of the logits
ROUNDS = 60  # the most steps of the search; five to ten are usual
LEAST_GAIN = 1e-8  # nats; the search ends with the step that lowers the loss by less


def temperature_scaled_loss(
    logits: torch.Tensor, targets: torch.Tensor, objective: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """The temperature T with the smallest loss of logits / T, and that loss (Guo et al. 2017, arXiv 1706.04599).

    It is fitted to the same reviews, so no rescaling of these logits has a smaller loss. The loss therefore does not
    depend on the scale of the weights. It is convex in 1 / T, and Newton's method within bounds finds its minimum.

    Args:
        logits: (…, reviews, classes), finite.
        targets: Class numbers, (reviews,).
        objective: A key of OBJECTIVES.

    Returns:
        T and the loss in nats, float64, one of each for a model. T is infinite where no scale is better than equal
        logits; the loss is then ln(classes), or ln 2 where bitwise. T and the loss are 0 where every prediction is
        right, as the loss then falls with T without end.
    """
    right, shape = _all_right(logits, targets, objective), logits.shape
    if objective == "cross_entropy":  # it depends on the differences of a review's logits only
        logits = logits - logits.amax(-1, keepdim=True)
    spread = logits.std((-2, -1), correction=0, keepdim=True)
    unit = torch.where(spread > 0, spread, 1.0)
    scaled, true_logit = logits / unit, true_class_logit(logits, targets) / unit
    flat = scaled.reshape(-1, *shape[-2:]), true_logit.reshape(-1, shape[-2], 1)
    scale = _best_scale(*flat, ~right.flatten(), objective).reshape(unit.shape)
    temperature = (unit / scale)[..., 0, 0].double()
    loss = loss_given_true_logit(scaled * scale, true_logit * scale, objective)
    return torch.where(right, 0, temperature), torch.where(right, 0, loss)


def _all_right(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> torch.Tensor:
    """Whether every true class alone has the largest logit; where bitwise, whether every sign is right."""
    one_hot = functional.one_hot(targets, logits.shape[-1]).bool()
    if objective == "bitwise":
        return (((logits > 0) == one_hot) & (logits != 0)).flatten(-2).all(-1)
    rivals = logits.masked_fill(one_hot, -torch.inf).amax(-1)
    return (true_class_logit(logits, targets)[..., 0] > rivals).all(-1)


def _best_scale(logits: torch.Tensor, true_logit: torch.Tensor, wanted: torch.Tensor, objective: str) -> torch.Tensor:
    """The b in [0, LARGEST_SCALE] with the smallest loss of b·logits, (models, 1, 1); 1 for models not wanted."""
    derivatives = DERIVATIVES[objective]
    low = torch.zeros(len(logits), 1, 1, dtype=logits.dtype)
    uniform = 1 / logits.shape[-1] if objective == "cross_entropy" else 0.5  # a class's probability at scale 0
    rising = _mean(logits.sum(-1, keepdim=True) * uniform - true_logit) >= 0
    high = torch.where(rising, 0, torch.full_like(low, LARGEST_SCALE))
    scale, going = torch.ones_like(low).minimum(high), (high.flatten() * wanted).nonzero().flatten()
    for _ in range(ROUNDS):
        if not len(going):
            break
        here = scale[going]
        slope, curvature = derivatives(logits[going], true_logit[going], here)
        low[going] = torch.where(slope < 0, here, low[going])
        high[going] = torch.where(slope < 0, high[going], here)
        newton = here - slope / curvature
        inside = (newton >= low[going]) & (newton <= high[going])
        middle = torch.where(low[going] > 0, (low[going] * high[going]).sqrt(), high[going] / 2)
        scale[going] = torch.where(inside, newton, middle)
        gain = torch.where(inside, slope.square() / (2 * curvature), torch.inf)  # by which the step lowers the loss
        going = going[(gain > LEAST_GAIN).flatten()]
    return scale


def _mean(values: torch.Tensor) -> torch.Tensor:
    """Mean over the last two axes, which stay with size 1."""
    return values.double().mean((-2, -1), keepdim=True).to(values.dtype)


def _cross_entropy_derivatives(
    logits: torch.Tensor, true_logit: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """First and second derivative by the scale b of the mean over reviews of ln Σ exp(b·z) − b·z_true."""
    weighted = softmax(logits * scale) * logits
    mean = weighted.sum(-1, keepdim=True)
    square = (weighted * logits).sum(-1, keepdim=True)
    return _mean(mean - true_logit), _mean(square - mean.square())


def _bitwise_derivatives(
    logits: torch.Tensor, true_logit: torch.Tensor, scale: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """The same derivatives of the mean over reviews and classes of ln(1 + exp(b·z)) − y·b·z."""
    probabilities = (logits * scale).sigmoid()
    slope = _mean(probabilities * logits) - _mean(true_logit) / logits.shape[-1]
    return slope, _mean(probabilities * (1 - probabilities) * logits.square())


DERIVATIVES = {"cross_entropy": _cross_entropy_derivatives, "bitwise": _bitwise_derivatives}
