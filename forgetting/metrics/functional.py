"""Figures of the logits of many models at once: tensors of (…, reviews, classes) in, one number a model out.

The leading axes are the models', none for a single one. Only operations that are quick on any memory layout are
used: with a handful of classes, torch's own softmax along the last axis takes ten times as long as its parts.
Logits must be finite; `metrics` and `sweeps` say so where they are not.
"""

import math

import torch
from torch.nn import functional


def softmax(logits: torch.Tensor) -> torch.Tensor:
    """Softmax over the classes: (…, reviews, classes) in [0, 1]."""
    exponentials = (logits - logits.amax(-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


def accuracy(guesses: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Top-1: share of guessed classes (…, reviews) that are the targets (reviews,)."""
    return (guesses == targets).double().mean(-1)


def top_k_accuracy(logits: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
    """Share of reviews whose true class is among the best k logits; of equal logits the first counts as better."""
    own = true_class_logit(logits, targets)
    earlier = torch.arange(logits.shape[-1]) < targets[:, None]  # (reviews, classes)
    better = (logits > own).sum(-1) + ((logits == own) & earlier).sum(-1)
    return (better < k).double().mean(-1)


def macro_f1(guesses: torch.Tensor, targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Mean over the classes that occur in the targets or the guesses of F1 = 2·hits / (guessed + true)."""
    truths = targets.expand(guesses.shape)
    guessed, true = class_counts(guesses, classes), class_counts(truths, classes)  # (…, classes)
    hits = class_counts(torch.where(guesses == truths, truths, classes), classes + 1)[..., :classes]
    both = guessed + true
    scores = torch.where(both > 0, 2 * hits / both.clamp(min=1), 0)
    return scores.sum(-1) / (both > 0).sum(-1)


def class_counts(guesses: torch.Tensor, classes: int) -> torch.Tensor:
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
    hits = true_class_logit(said, targets).sum((-2, -1))  # of the reviews, those whose own element is said
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
    return loss_given_true_logit(logits, true_class_logit(logits, targets), objective)


def _log(chances: torch.Tensor) -> torch.Tensor:
    """A finite logarithm, for 0 · ln 0 = 0."""
    return chances.clamp(min=torch.finfo(chances.dtype).tiny).log()


def true_class_logit(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The logit of the true class, (…, reviews, 1)."""
    return logits.gather(-1, targets[:, None].expand(*logits.shape[:-1], 1))


def loss_given_true_logit(logits: torch.Tensor, own: torch.Tensor, objective: str) -> torch.Tensor:
    if objective == "cross_entropy":
        most = logits.amax(-1, keepdim=True)
        return ((logits - most).exp().sum(-1, keepdim=True).log() + (most - own)).double().mean((-2, -1))
    return functional.softplus(logits).double().mean((-2, -1)) - own.double().mean((-2, -1)) / logits.shape[-1]
