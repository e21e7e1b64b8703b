"""The unlearning methods: each makes, of a trained model, one that is to be as if the forget set had never been seen.

None of them looks at a validation review. What a method is, and how it is found by name, is `task.py`.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle

import torch
from torch import nn
from torch.nn import functional

from forgetting.core.seeding import generator
from forgetting.metrics.scores import top_1_accuracy
from forgetting.model.adam import Adam
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split
from forgetting.model.tokens import TokenRows
from forgetting.model.trainer import Trainer, compute_loss
from forgetting.randomization.layers import layer_parameters, named_layers
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import ALL
from forgetting.unlearning.saliency import fisher_slices, saliency_mask
from forgetting.unlearning.task import MethodRun, Task, method


@method
def original(task: Task) -> nn.Module:
    """Nothing is done: the original model as it is."""
    return task.copy()


@method
def retrain(task: Task) -> MethodRun:
    """Exact retraining: a fresh model, trained on the retain set alone.

    The only method of which the forgetting is certain, and what all others are measured against (Cao & Yang 2015,
    IEEE S&P, "Towards Making Systems Forget with Machine Unlearning").
    """
    return (yield from task.fit(task.fresh(), task.retain_split))


@method
def randomize_and_repair(task: Task) -> MethodRun:
    """Randomize a fraction of layers, then train on the retain set.

    The method of this project: where randomizing takes what was not to be forgotten, the retain set teaches it again.
    """
    return (yield from _repair(task, task.settings.repair_layers))


@method
def repair_all_layers(task: Task) -> MethodRun:
    """The same as randomize and repair, but with all layers, to hold a choice of layers against.

    Fraction, scheme and training are those of `randomize_and_repair`.
    """
    return (yield from _repair(task, (ALL,)))


@method
def repair_random_layer(task: Task) -> MethodRun:
    """The same as randomize and repair, but with layers drawn at random, to hold a choice of layers against.

    They are as many as `repair_layers` are, drawn anew for each seed, and may be the chosen ones by chance. Fraction,
    scheme and training are those of `randomize_and_repair`.
    """
    known = tuple(named_layers(task.original))
    count = len(task.settings.randomization(task.seed).chosen_layers(known, "unlearning.repair_layers"))
    drawn = torch.randperm(len(known), generator=generator(task.seed, "repair_random_layer"))[:count].sort().values
    return (yield from _repair(task, tuple(known[place] for place in drawn)))


@method
def eu_k(task: Task) -> MethodRun:
    """EU-k: the last k layers drawn anew and trained from scratch on the retain set, the others kept.

    Goel et al. 2022, "Towards Adversarial Evaluations for Inexact Machine Unlearning", arXiv 2201.06640. With all
    layers it is exact retraining.
    """
    model = task.fresh()
    first = _first_parameters(task)
    model.load_state_dict({name: task.original.state_dict()[name] for name in first}, strict=False)
    with _frozen(model, first):
        return (yield from task.fit(model, task.retain_split))


@method
def cf_k(task: Task) -> MethodRun:
    """CF-k: the last k layers trained on with the retain set, the others kept.

    "Catastrophic forgetting of the last k layers", Goel et al. 2022, arXiv 2201.06640.
    """
    model = task.copy()
    with _frozen(model, _first_parameters(task)):
        return (yield from task.tune(model, task.retain_split))


@method
def fine_tune(task: Task) -> MethodRun:
    """Train the original on, with the retain set alone, and let it forget.

    A usual baseline, e.g. in Golatkar et al. 2020, "Eternal Sunshine of the Spotless Net", arXiv 1911.04933.
    """
    return (yield from task.tune(task.copy(), task.retain_split))


@method
def gradient_ascent(task: Task) -> MethodRun:
    """Climb the loss of the forget set, with clipped gradients, and stop before the rest is destroyed.

    θ ← θ + ascent_rate · g · min(1, ascent_clip / ‖g‖₂), where g is the gradient of the forget set's loss; e.g. in
    Thudi et al. 2022, "Unrolling SGD", arXiv 2109.13398. It ends after `epochs` steps, or once the forget set's loss is
    that of uniform predictions; a step that takes more than `ascent_tolerance` off the retain set's accuracy is taken
    back, and is the last. It runs without dropout, so that the loss is that of the model itself.
    """
    settings, retain, forget = task.settings, task.retain_split.training, task.forget
    model, objective = task.copy(), task.training.objective
    parameters = list(model.parameters())
    with torch.no_grad():
        uniform = torch.zeros_like(model(forget.model_inputs))
    if objective == "bitwise":
        uniform -= math.log(uniform.shape[1] - 1)
    limit = compute_loss(uniform, forget.targets, objective).item()
    least = top_1_accuracy(model, retain) - settings.ascent_tolerance
    for _ in range(settings.epochs):
        loss = compute_loss(model(forget.model_inputs), forget.targets, objective)
        if not loss.item() < limit:
            break
        gradients = torch.autograd.grad(loss, parameters)
        norm = math.sqrt(sum(gradient.double().square().sum().item() for gradient in gradients))
        before = [parameter.detach().clone() for parameter in parameters]
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter += settings.ascent_rate * min(1.0, settings.ascent_clip / norm if norm else 1.0) * gradient
            if not top_1_accuracy(model, retain) >= least:
                for parameter, value in zip(parameters, before, strict=True):
                    parameter.copy_(value)
                break
        yield
    return model


@method
def random_labels(task: Task) -> MethodRun:
    """Train the original on, with a wrong label, drawn at random, for each review of the forget set.

    Graves et al. 2021, "Amnesiac Machine Learning", arXiv 2010.10981. The retain set is trained on with its own
    labels in the same epochs; the wrong ones are drawn once, evenly from the other classes.
    """
    return (yield from task.tune(task.copy(), _mislabelled_split(task)))


@method
def salun(task: Task) -> MethodRun:
    """SalUn: random labels for the forget set, learnt by those weights alone that matter most for it.

    Fan et al. 2024, "SalUn: Empowering Machine Unlearning via Gradient-based Weight Saliency", arXiv 2310.12508. The
    share `salun_share` of the weights is trained as by random labels: those for which the gradient of the forget set's
    loss is largest in size, in the original without dropout. The others stay as they are, bit for bit. The paper takes
    the median as its threshold, a share of 0.5. It is a share of the weights that have a gradient at all: many words
    are in no forgotten review, and their weights would else fill the half that is left out.
    """
    settings, model = task.settings, task.copy()
    mask = saliency_mask(model, task.forget, task.training.objective, settings.salun_share)
    training = replace(task.training, epochs=settings.epochs, learning_rate=settings.learning_rate)
    trainer = Trainer(model, _mislabelled_split(task), training, seed=task.seed, record_history=False)
    while trainer.epochs_left:
        trainer.step()
        with torch.no_grad():
            for name, value in task.original.named_parameters():
                parameter = model.get_parameter(name)
                parameter.copy_(torch.where(mask[name], parameter, value))  # weight decay moves those without gradient
        yield
    return model


@method
def dampening(task: Task) -> MethodRun:
    """Selective synaptic dampening: shrink the weights that matter more for the forget set than for all reviews.

    Foster et al. 2024, "Fast Machine Unlearning Without Retraining Through Selective Synaptic Dampening", arXiv
    2308.07707: with I_D and I_F the diagonals of the Fisher information on the training part and on the forget set, a
    weight with I_F > α·I_D becomes itself times min(λ·I_D / I_F, 1). α is `dampening_alpha`, λ `dampening_lambda`. As
    the forget set is in the training part, I_F / I_D is at most the ratio of their sizes: where a tenth of the reviews
    is forgotten, the paper's α of 10 selects nothing, so that of an MLP here is 2, which selects nothing where half is.
    """
    settings, model = task.settings, task.copy()
    training = yield from fisher_slices(model, task.split.training, task.training.objective)
    forget = yield from fisher_slices(model, task.forget, task.training.objective)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            selected = forget[name] > settings.dampening_alpha * training[name]
            factor = (settings.dampening_lambda * training[name] / forget[name].clamp(min=1e-300)).clamp(max=1)
            parameter *= torch.where(selected, factor, 1.0).to(parameter.dtype)
    return model


@method
def scrub(task: Task) -> MethodRun:
    """SCRUB: away from the original's answers on the forget set, near them on the retain set, in turns.

    Kurmanji et al. 2023, "Towards Unbounded Machine Unlearning", arXiv 2302.09880. With d the Kullback–Leibler
    divergence of the model's prediction from the original's, an epoch of raising the mean d over the forget set, of
    which there are `scrub_epochs`, is followed by one of lowering α·d + γ·loss over the retain set. Adam, batches,
    weight decay, dropout and label smoothing are those of training. At a `scrub_temperature` T other than 1 both
    models' logits are divided by T in d, and d is multiplied by T², as in distillation (Hinton et al. 2015, arXiv
    1503.02531), so that its slope stays as steep.

    With the `scrub_order` "forget_first", that of the paper's algorithm, raising comes first. With "retain_first" an
    epoch of the retain set alone precedes it: where both models are equal d has no slope to climb, so that without
    dropout Adam's first step follows the rounding.
    """
    settings, training = task.settings, task.training
    model, retain, forget = task.copy(), task.retain_split.training, task.forget
    optimizer = _optimizer(model, task)
    order, dropout = (generator(task.seed, "scrub", purpose) for purpose in ("order", "dropout"))
    with torch.no_grad():
        original_logits = {id(part): task.original(part.model_inputs) for part in (retain, forget)}

    def divergence(logits: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        temperature = settings.scrub_temperature
        return temperature**2 * _divergence(logits / temperature, teacher / temperature, training.objective)

    def away(logits: torch.Tensor, teacher: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:  # noqa: ARG001
        return -divergence(logits, teacher)

    def near(logits: torch.Tensor, teacher: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = compute_loss(logits, targets, training.objective, training.label_smoothing)
        return settings.scrub_alpha * divergence(logits, teacher) + settings.scrub_gamma * loss

    def epoch(part: Part, loss: Callable[..., torch.Tensor]) -> MethodRun:
        for inputs, batch in _batches(part, training.batch_size, order):
            optimizer.zero_grad()
            logits, teacher = model(inputs, dropout_source=dropout), original_logits[id(part)][batch]
            loss(logits, teacher, part.targets[batch]).backward()
            optimizer.step()
            yield

    alone = settings.scrub_order == "retain_first"  # the number of epochs before the first of the forget set
    for number in range(settings.epochs):
        if alone <= number < alone + settings.scrub_epochs:
            yield from epoch(forget, away)
        yield from epoch(retain, near)
    return model


@method
def neggrad_plus(task: Task) -> MethodRun:
    """NegGrad+: down the loss of the retain set and up that of the forget set, in the same steps.

    Kurmanji et al. 2023, "Towards Unbounded Machine Unlearning", arXiv 2302.09880: with β `neggrad_beta` a step lowers
    β · loss on reviews of the retain set − (1 − β) · loss on reviews of the forget set, both means over reviews. In an
    epoch each batch of the retain set goes with one of the forget set, whose batches begin again where they end. Adam,
    batches, weight decay, dropout and label smoothing are those of training.
    """
    settings, training, model = task.settings, task.training, task.copy()
    optimizer = _optimizer(model, task)
    order, dropout = (generator(task.seed, "neggrad_plus", purpose) for purpose in ("order", "dropout"))
    parts = (task.retain_split.training, task.forget)
    for _ in range(settings.epochs):
        retain, forget = (_batches(part, training.batch_size, order) for part in parts)
        for batches in zip(retain, cycle(forget), strict=False):
            optimizer.zero_grad()
            down, up = (
                compute_loss(
                    model(inputs, dropout_source=dropout),
                    part.targets[batch],
                    training.objective,
                    training.label_smoothing,
                )
                for part, (inputs, batch) in zip(parts, batches, strict=True)
            )
            (settings.neggrad_beta * down - (1 - settings.neggrad_beta) * up).backward()
            optimizer.step()
            yield
    return model


def _repair(task: Task, layers: tuple[str, ...]) -> MethodRun:
    """A copy of the original with some of its layers randomized, trained on with the retain set."""
    randomization = replace(task.settings.randomization(task.seed), layers=layers)
    model = randomize(task.original, randomization, initial=task.initial)
    return (yield from task.tune(model, task.retain_split))


def _mislabelled_split(task: Task) -> Split:
    """The split without a stopping part, in which each review of the forget set has another class, drawn evenly."""
    training, classes = task.split.training, len(task.split.classes)
    forgotten = torch.isin(torch.from_numpy(training.rows), torch.from_numpy(task.forget.rows))
    shifts = torch.randint(1, classes, (len(task.forget),), generator=generator(task.seed, "random labels"))
    targets = training.targets.clone()
    targets[forgotten] = (targets[forgotten] + shifts) % classes
    return replace(task.split, training=replace(training, targets=targets)).without_stopping()


def _optimizer(model: nn.Module, task: Task) -> Adam:
    """Steps as in training, but at the methods' learning rate."""
    training = task.training
    return Adam(
        model.parameters(),
        learning_rate=task.settings.learning_rate,
        weight_decay=training.weight_decay,
        decoupled=training.optimizer == "adamw",
    )


def _batches(part: Part, size: int, order: torch.Generator) -> Iterator[tuple[SparseMatrix | TokenRows, torch.Tensor]]:
    """An epoch's batches, in an order that is drawn: inputs and places in the part; with a size of 0 one of all."""
    if not size or size >= len(part):
        yield part.model_inputs, torch.arange(len(part))
        return
    for batch in torch.randperm(len(part), generator=order).split(size):
        yield part.model_inputs.rows(batch), batch


def _divergence(logits: torch.Tensor, teacher: torch.Tensor, objective: str) -> torch.Tensor:
    """Mean over reviews of KL(teacher ‖ model): of the softmax, or with "bitwise" of each sigmoid, averaged."""
    if objective == "cross_entropy":
        pair = logits.log_softmax(1), teacher.log_softmax(1)
        return functional.kl_div(*pair, reduction="batchmean", log_target=True)
    sides = [(functional.logsigmoid(sign * logits), functional.logsigmoid(sign * teacher)) for sign in (1, -1)]
    total = sum(functional.kl_div(*side, reduction="batchmean", log_target=True) for side in sides)
    return total / logits.shape[1]


def _first_parameters(task: Task) -> list[str]:
    """Names of the parameters of all layers but the last k, in the model's order."""
    layers = list(named_layers(task.original).items())[: -task.settings.last_layers]
    return [f"{name}.{key}" for name, layer in layers for key in layer_parameters(task.original, layer)]


@contextmanager
def _frozen(model: nn.Module, names: Iterable[str]) -> Iterator[None]:
    """These parameters are not trained within it."""
    before = [(parameter, parameter.requires_grad) for parameter in map(model.get_parameter, names)]
    try:
        for parameter, _ in before:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter, requires_grad in before:
            parameter.requires_grad_(requires_grad)
