"""The formulas of metrics, of many models at once: tensors of (…, reviews, classes) in, one number for each model out.

The leading axes are the models'; a single model has none. Only operations that are quick on any memory layout are
used: with a handful of classes, torch's softmax along the last axis takes ten times as long as its parts.
Logits must be finite; `metrics.scores` and `studies.evaluation` give the reason where they are not.
"""

import math

import torch
from torch.nn import functional


def softmax(logits: torch.Tensor) -> torch.Tensor:
    """Softmax over the classes: (…, reviews, classes) in [0, 1]."""
    exponentials = (logits - logits.amax(-1, keepdim=True)).exp()
    return exponentials / exponentials.sum(-1, keepdim=True)


def accuracy(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Top-1 accuracy: share of the predicted classes (…, reviews) that are the targets (reviews,)."""
    return (predictions == targets).double().mean(-1)


def top_k_accuracy(logits: torch.Tensor, targets: torch.Tensor, k: int) -> torch.Tensor:
    """Share of reviews whose true class is among the k largest logits; of equal logits the first class is larger."""
    true_logit = true_class_logit(logits, targets)
    earlier = torch.arange(logits.shape[-1]) < targets[:, None]  # (reviews, classes)
    better = (logits > true_logit).sum(-1) + ((logits == true_logit) & earlier).sum(-1)
    return (better < k).double().mean(-1)


def macro_f1(predictions: torch.Tensor, targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Mean F1 = 2·hits / (predicted + true) of the classes that occur in the targets or the predictions.

    Args:
        predictions: Class numbers, (…, reviews).
        targets: Class numbers, (reviews,).
        classes: Number of classes.
    """
    truths = targets.expand(predictions.shape)
    predicted, true = class_counts(predictions, classes), class_counts(truths, classes)  # (…, classes)
    hits = class_counts(torch.where(predictions == truths, truths, classes), classes + 1)[..., :classes]
    both = predicted + true
    scores = torch.where(both > 0, 2 * hits / both.clamp(min=1), 0)
    return scores.sum(-1) / (both > 0).sum(-1)


def balanced_accuracy(predictions: torch.Tensor, targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Mean recall of the classes that occur in the targets (Brodersen et al. 2010, ICPR, 3121–3124).

    A uniform guess has 1 / classes, and so has always predicting one class: frequent classes count no more than others.

    Args:
        predictions: Class numbers, (…, reviews).
        targets: Class numbers, (reviews,).
        classes: Number of classes.
    """
    hits = class_counts(torch.where(predictions == targets, targets, classes), classes + 1)[..., :classes]
    totals = torch.bincount(targets, minlength=classes)
    return (hits / totals.clamp(min=1)).sum(-1) / (totals > 0).sum()


def class_counts(predictions: torch.Tensor, classes: int) -> torch.Tensor:
    """How often each class is predicted: (…, reviews) → (…, classes), float64."""
    models = math.prod(predictions.shape[:-1])
    bins = predictions.reshape(models, -1) + classes * torch.arange(models)[:, None]
    counts = torch.bincount(bins.flatten(), minlength=models * classes)
    return counts.double().reshape(*predictions.shape[:-1], classes)


def bitwise_accuracy(probabilities: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Share of the elements of (…, reviews, classes) that match one-hot targets once thresholded at 0.5.

    Always answering "no" has 1 − 1 / classes, so with many classes nearly every model has a high value.
    """
    yes = probabilities >= 0.5  # (…, reviews, classes)
    reviews, classes = yes.shape[-2:]
    hits = true_class_logit(yes, targets).sum((-2, -1))  # reviews whose true class is answered with "yes"
    wrong = (yes.sum((-2, -1)) - hits) + (reviews - hits)
    return (reviews * classes - wrong).double() / (reviews * classes)


def entropy(probabilities: torch.Tensor) -> torch.Tensor:
    """Mean over reviews of the Shannon entropy in nats: 0 where one class has 1, ln(classes) where all are equal."""
    return -(probabilities * _log(probabilities)).sum(-1).double().mean(-1)


def agreement(predictions: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Share of reviews for which two models predict the same class; both are (…, reviews)."""
    return accuracy(predictions, others)


def divergence(probabilities: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
    """Mean over reviews of the Jensen–Shannon divergence of two models' probabilities, base 2, in [0, 1].

    With m = (p + q) / 2 it is (KL(p‖m) + KL(q‖m)) / 2 (Lin 1991, IEEE Trans. Inf. Theory 37, 145–151).
    """
    middle = _log((probabilities + others) / 2)
    terms = probabilities * (_log(probabilities) - middle) + others * (_log(others) - middle)
    return (terms.sum(-1).double().mean(-1) / (2 * math.log(2))).clamp(0, 1)


def loss(logits: torch.Tensor, targets: torch.Tensor, objective: str) -> torch.Tensor:
    """The loss of an objective in nats, which `model.trainer.compute_loss` computes for one model."""
    return loss_given_true_logit(logits, true_class_logit(logits, targets), objective)


def _log(probabilities: torch.Tensor) -> torch.Tensor:
    """A finite logarithm, so that 0 · ln 0 is 0."""
    return probabilities.clamp(min=torch.finfo(probabilities.dtype).tiny).log()


def true_class_logit(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """The logit of each review's true class, (…, reviews, 1)."""
    return logits.gather(-1, targets[:, None].expand(*logits.shape[:-1], 1))


def loss_given_true_logit(logits: torch.Tensor, true_logit: torch.Tensor, objective: str) -> torch.Tensor:
    """The same as `loss`, where the logits of the true classes, (…, reviews, 1), are known already."""
    if objective == "cross_entropy":
        most = logits.amax(-1, keepdim=True)
        return ((logits - most).exp().sum(-1, keepdim=True).log() + (most - true_logit)).double().mean((-2, -1))
    return functional.softplus(logits).double().mean((-2, -1)) - true_logit.double().mean((-2, -1)) / logits.shape[-1]
