"""Each unlearning method against the same update written out with plain dense tensors, and what all have in common."""

import copy
import math
from dataclasses import dataclass, field, replace
from functools import cache
from types import GeneratorType

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import clip_grad_norm_

from forgetting.core.seeding import generator
from forgetting.experiment.pipeline import copy_state
from forgetting.model.classifier import TextClassifier
from forgetting.model.settings import TrainingSettings
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split
from forgetting.model.trainer import Trainer
from forgetting.randomization.path import randomize
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.unlearning import task as task_module
from forgetting.unlearning.forget_set import make_forget_sets, select_part
from forgetting.unlearning.saliency import fisher_diagonal
from forgetting.unlearning.task import METHODS, Task

SEED = 5
OBJECTIVES = ("cross_entropy", "bitwise")
# Objective, hidden widths, dropout, reviews in a batch. Every pair of their kinds is in one of them.
WIDE = ("cross_entropy", (16,), 0.0, 0)
DROPPED = ("bitwise", (16,), 0.5, 1000)
DEEP = ("cross_entropy", (12, 9), 0.3, 16)
BATCHED = ("bitwise", (10, 9, 8), 0.0, 7)
SETUPS = [WIDE, DROPPED, DEEP, BATCHED]
NAMES = (
    "original",
    "retrain",
    "randomize_and_repair",
    "eu_k",
    "cf_k",
    "fine_tune",
    "gradient_ascent",
    "random_labels",
    "dampening",
    "scrub",
    "salun",
    "neggrad_plus",
    "repair_all_layers",
    "repair_random_layer",
)
REPAIRS = {"randomize_and_repair", "repair_all_layers", "repair_random_layer"}
DRAWING = {*REPAIRS, "retrain", "eu_k", "random_labels", "salun"}  # also without dropout
DROPPING = {*DRAWING, "cf_k", "fine_tune", "scrub", "neggrad_plus"}
PAUSING = DROPPING | {"gradient_ascent"}

SETUP = ("objective", "hidden", "dropout", "batch")
every_setup = pytest.mark.parametrize(SETUP, SETUPS)
every_count = pytest.mark.parametrize(  # with the last k layers
    (*SETUP, "k"), [(*WIDE, 1), (*DROPPED, 2), (*DEEP, 2), (*BATCHED, 1)]
)
every_objective = pytest.mark.parametrize("objective", OBJECTIVES)


# A task, and how a method is run to its end.


def task_of(
    split: Split,
    objective: str = "cross_entropy",
    hidden: tuple[int, ...] = (16,),
    dropout: float = 0.0,
    batch: int = 0,
    *,
    forget: Forget = Forget(share=0.3, seed=2),  # noqa: B008 - frozen
    trained: int = 12,
    seed: int = SEED,
    kind: type[Task] = Task,
    **changes,
) -> Task:
    """A model of the small split, its forget set and settings; `changes` are of Unlearning."""
    training = TrainingSettings(objective=objective, epochs=trained, batch_size=batch)
    model, initial = trained_once(split, training, hidden, dropout)
    sets = make_forget_sets(split, forget)
    settings = Unlearning(**({"epochs": 6, "learning_rate": 0.02} | changes)).for_kind("mlp")
    return kind(
        copy.deepcopy(model),
        copy.deepcopy(initial),
        split,
        sets.retain_split,
        sets.forget,
        replace(training, epochs=8),
        settings,
        seed,
        lambda seed: TextClassifier(len(split.words), len(split.classes), hidden, dropout, seed=seed),
    )


@cache
def trained_once(split: Split, training: TrainingSettings, hidden: tuple[int, ...], dropout: float):
    model = TextClassifier(len(split.words), len(split.classes), hidden, dropout, seed=1)
    initial = copy_state(model)
    Trainer(model, split, training, seed=1, record_history=False).advance()
    return model, initial


def finish(outcome) -> tuple[nn.Module, int]:
    """The model of a method, and how often it could be left on the way."""
    if not isinstance(outcome, GeneratorType):
        return outcome, 0
    pauses = 0
    while True:
        try:
            next(outcome)
            pauses += 1
        except StopIteration as end:
            return end.value, pauses


def unlearned(name: str, task: Task) -> nn.Module:
    return finish(METHODS[name](task))[0]


def bits(state) -> dict[str, bytes]:
    state = state.state_dict() if isinstance(state, nn.Module) else state
    return {name: value.detach().numpy().tobytes() for name, value in state.items()}


# The same network and its training, written out.


def dense(part: Part) -> torch.Tensor:
    return torch.from_numpy(part.inputs.to_scipy().toarray())


class Plain:
    """The network as a list of dense matrices and biases."""

    def __init__(self, state, dtype=torch.float32):
        numbers = range(1, len(state) // 2 + 1)
        keys = [(f"fc{number}.weight", f"fc{number}.bias") for number in numbers]
        self.values = {
            key: state[key].detach().clone(memory_format=torch.contiguous_format).to(dtype).requires_grad_()
            for pair in keys
            for key in pair
        }
        self.keys = keys

    def layer(self, number: int) -> list[torch.Tensor]:
        return [self.values[key] for key in self.keys[number]]

    def last(self, count: int) -> list[torch.Tensor]:
        return [self.values[key] for pair in self.keys[-count:] for key in pair]

    def __call__(self, values, dropout=0.0, source=None):
        for number, (weight, bias) in enumerate(self.keys):
            if number:
                values = functional.relu(values)
                if source is not None and dropout:
                    values = values * (torch.rand(values.shape, generator=source) >= dropout) / (1 - dropout)
            values = values @ self.values[weight].t() + self.values[bias]
        return values


def plain_loss(logits, targets, objective, smoothing=0.0):
    """Both objectives from their definitions."""
    reviews, classes = logits.shape
    wanted = torch.full((reviews, classes), smoothing / classes, dtype=logits.dtype)
    wanted[torch.arange(reviews), targets] += 1 - smoothing
    if objective == "cross_entropy":
        return -(wanted * (logits - logits.logsumexp(dim=1, keepdim=True))).sum() / reviews
    return (logits.clamp(min=0) - logits * wanted + (-logits.abs()).exp().log1p()).sum() / (reviews * classes)


def adam_for(parameters, rate, decay):
    return torch.optim.Adam(parameters, lr=rate, weight_decay=decay, fused=False, foreach=False)


def trained_plainly(task: Task, state, X, y, *, epochs, rate, last=99) -> Plain:
    """A plain loop of Adam on dense inputs over the last so many layers; only the random streams are the library's."""
    plain, settings, dropout = Plain(state), task.training, task.original.dropout
    adam = adam_for(plain.last(last), rate, settings.weight_decay)
    drops, order = (generator(task.seed, "training", purpose) for purpose in ("dropout", "order"))
    size = settings.batch_size or len(y)
    for _ in range(epochs):
        batches = (
            [torch.arange(len(y))] if size >= len(y) else torch.randperm(len(y), generator=order).split(size)[::-1]
        )
        for batch in batches:
            adam.zero_grad()
            plain_loss(
                plain(X[batch], dropout, drops), y[batch], settings.objective, settings.label_smoothing
            ).backward()
            adam.step()
    return plain


def on_retain(task: Task, state, *, last=99, tune=True) -> Plain:
    part = task.retain_split.training
    epochs, rate = (
        (task.settings.epochs, task.settings.learning_rate)
        if tune
        else (task.training.epochs, task.training.learning_rate)
    )
    return trained_plainly(task, state, dense(part), part.targets, epochs=epochs, rate=rate, last=last)


def fresh_state(task: Task):
    hidden = [layer.out_features for layer in list(task.original.children())[:-1]]
    split = task.split
    return TextClassifier(
        len(split.words), len(split.classes), hidden, task.original.dropout, seed=task.seed
    ).state_dict()


def check_equal(model: nn.Module, plain: Plain, atol: float = 1e-5) -> None:
    state = model.state_dict()
    assert list(state) == list(plain.values)
    for name, value in state.items():
        torch.testing.assert_close(
            value,
            plain.values[name].detach().float(),
            atol=atol,
            rtol=1e-4,
            msg=lambda text, name=name: f"{name}: {text}",
        )


def check_moved(model: nn.Module, task: Task) -> None:
    """The equality is not one of things that stand still."""
    moved = [(value - task.original.state_dict()[name]).abs().max() for name, value in model.state_dict().items()]
    assert max(moved) > 1e-2


# Each method against its update written out.


@every_setup
def test_retrain(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    model = unlearned("retrain", task)
    check_equal(model, on_retain(task, fresh_state(task), tune=False))
    check_moved(model, task)


@every_setup
def test_fine_tune(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    model = unlearned("fine_tune", task)
    check_equal(model, on_retain(task, task.original.state_dict()))
    check_moved(model, task)


@every_count
def test_cf_k(small_split, objective, hidden, dropout, batch, k):
    task = task_of(small_split, objective, hidden, dropout, batch, last_layers=k)
    model = unlearned("cf_k", task)
    check_equal(model, on_retain(task, task.original.state_dict(), last=k))
    kept = list(task.original.state_dict())[: -2 * k]
    before, after = bits(task.original), bits(model)
    assert [name for name in after if after[name] == before[name]] == kept


@every_count
def test_eu_k(small_split, objective, hidden, dropout, batch, k):
    """The last k layers from scratch, as long and as fast as the original was trained."""
    task = task_of(small_split, objective, hidden, dropout, batch, last_layers=k)
    start, fresh = copy_state(task.original), fresh_state(task)
    kept = list(start)[: -2 * k]
    model = unlearned("eu_k", task)
    check_equal(model, on_retain(task, {**fresh, **{name: start[name] for name in kept}}, last=k, tune=False))
    before, after = bits(task.original), bits(model)
    assert [name for name in after if after[name] == before[name]] == kept


@pytest.mark.parametrize(SETUP, [WIDE, DEEP, ("bitwise", (8, 7, 6), 0.5, 9), ("cross_entropy", (6, 5, 4, 3), 0.2, 20)])
def test_eu_k_of_all_layers_is_exact_retraining_bit_for_bit(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch, last_layers=len(hidden) + 1)
    assert bits(unlearned("eu_k", task)) == bits(unlearned("retrain", task))
    other = unlearned("eu_k", replace(task, settings=replace(task.settings, last_layers=len(hidden))))
    assert bits(other) != bits(unlearned("retrain", task))


@pytest.mark.parametrize(SETUP, [DROPPED, DEEP])
def test_cf_k_of_all_layers_is_fine_tuning_bit_for_bit(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch, last_layers=len(hidden) + 1)
    assert bits(unlearned("cf_k", task)) == bits(unlearned("fine_tune", task))


@pytest.mark.parametrize(
    (*SETUP, "layers", "fraction", "scheme"),
    [
        (*WIDE, ("fc1",), 0.25, "rewind"),
        (*DROPPED, (), 1.0, "normal"),
        (*DEEP, ("all",), 0.5, "reinit"),
        (*BATCHED, ("fc2",), 1.0, "permute"),
    ],
)
def test_randomize_and_repair(small_split, objective, hidden, dropout, batch, layers, fraction, scheme):
    task = task_of(
        small_split,
        objective,
        hidden,
        dropout,
        batch,
        repair_layers=layers,
        repair_fraction=fraction,
        repair_scheme=scheme,
    )
    how = Randomization(layers=layers, fraction=fraction, scheme=scheme, seed=task.seed)
    start = randomize(task.original, how, initial=task.initial).state_dict()
    changed = {name[:3] for name, value in start.items() if not torch.equal(value, task.original.state_dict()[name])}
    assert changed == (set(layers) if layers != ("all",) else {name[:3] for name in start})
    check_equal(unlearned("randomize_and_repair", task), on_retain(task, start))


@pytest.mark.parametrize(SETUP, [WIDE, BATCHED])
def test_layers_are_held_against_all_and_against_as_many_at_random(small_split, objective, hidden, dropout, batch):
    """The two methods beside `randomize_and_repair` are that method with other layers, bit for bit."""
    known = [f"fc{number}" for number in range(1, len(hidden) + 2)]
    drawn = set()
    for seed in range(12):
        task = task_of(small_split, objective, hidden, dropout, batch, repair_layers=("fc2",), epochs=1, seed=seed)

        def chosen(*layers, task=task):
            settings = replace(task.settings, repair_layers=layers)
            return bits(unlearned("randomize_and_repair", replace(task, settings=settings)))

        random = bits(unlearned("repair_random_layer", task))
        drawn |= {name for name in known if chosen(name) == random}
        assert random in [chosen(name) for name in known]
        assert bits(unlearned("repair_all_layers", task)) == chosen("all")
    assert drawn == set(known)  # each layer may be drawn, the chosen one too


@pytest.mark.parametrize(SETUP, [WIDE, BATCHED])
def test_original(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    model = unlearned("original", task)
    assert model is not task.original
    assert bits(model) == bits(task.original)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.fill_(7)
    assert not any((value == 7).any() for value in task.original.state_dict().values())


# Random labels.


@dataclass(frozen=True, eq=False)
class Watching(Task):
    """Keeps what is trained on, without training on it."""

    seen: list = field(default_factory=list)

    def tune(self, model, split):
        self.seen.append(split)
        yield
        return model


def labels_drawn(split: Split, seed: int, forget: Forget) -> tuple[Task, Split]:
    task = task_of(split, forget=forget, trained=1, seed=seed, kind=Watching)
    finish(METHODS["random_labels"](task))
    return task, task.seen[0]


def shuffled(split: Split, seed: int) -> Split:
    """The same split with its training part in another order, so that forgotten reviews are not in order of rows."""
    places = np.random.default_rng(seed).permutation(len(split.training))
    return replace(split, training=select_part(split.training, places))


@pytest.mark.parametrize("forget", [Forget(share=0.4), Forget(by="class", label="red")])
def test_random_labels_are_wrong_of_the_forget_set_and_right_of_the_retain_set(small_split, forget):
    for seed in range(20):
        task, given = labels_drawn(shuffled(small_split, seed), seed, forget)
        whole, lost = task.split.training, set(task.forget.rows)
        assert len(lost) > 5
        assert given.training.rows.tolist() == whole.rows.tolist()
        torch.testing.assert_close(dense(given.training), dense(whole), atol=0, rtol=0)
        for row, label in zip(given.training.rows, given.training.targets.tolist(), strict=True):
            right = small_split.classes.index(small_split.reviews.labels[row])
            assert (label != right) if row in lost else (label == right)
            assert 0 <= label < 3
        assert given.validation is task.split.validation


def test_random_labels_are_drawn_evenly_from_the_other_classes(small_split):
    counts = torch.zeros(3, 3)
    for seed in range(150):
        task, given = labels_drawn(small_split, seed, Forget(share=0.5, seed=1))
        lost = torch.isin(torch.from_numpy(given.training.rows), torch.from_numpy(task.forget.rows))
        for right, label in zip(task.split.training.targets[lost], given.training.targets[lost], strict=True):
            counts[right, label] += 1
    for right in range(3):
        one, other = (counts[right, label].item() for label in range(3) if label != right)
        assert counts[right, right] == 0
        assert one + other >= 150
        assert abs(one - other) < 5 * (one + other) ** 0.5


def test_random_labels_differ_from_review_to_review(small_split):
    task, given = labels_drawn(small_split, 3, Forget(share=0.7))
    shifts = (given.training.targets - task.split.training.targets) % 3
    assert set(shifts.tolist()) == {0, 1, 2}


@every_setup
def test_random_labels(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    watching = Watching(**{name: getattr(task, name) for name in Task.__dataclass_fields__})
    finish(METHODS["random_labels"](watching))
    labels, settings = watching.seen[0].training.targets, task.settings
    assert (labels != task.split.training.targets).sum() == len(task.forget)
    plain = trained_plainly(
        task,
        task.original.state_dict(),
        dense(task.split.training),
        labels,
        epochs=settings.epochs,
        rate=settings.learning_rate,
    )
    model = unlearned("random_labels", task)
    check_equal(model, plain)
    check_moved(model, task)


# SalUn.


def salient(task: Task) -> dict[str, torch.Tensor]:
    """By hand, in float64: which weights have the largest gradients, those that have none left out."""
    plain = Plain(task.original.state_dict(), torch.float64)
    loss = plain_loss(plain(dense(task.forget).double()), task.forget.targets, task.training.objective)
    gradients = torch.autograd.grad(loss, list(plain.values.values()))
    sizes = np.concatenate([gradient.abs().flatten().numpy() for gradient in gradients])
    count = round(task.settings.salun_share * (sizes > 0).sum())
    largest = set(np.argsort(-sizes, kind="stable")[:count].tolist())
    chosen = torch.tensor([place in largest and size > 0 for place, size in enumerate(sizes)])
    parts = chosen.split([gradient.numel() for gradient in gradients])
    return {name: part.reshape(value.shape) for (name, value), part in zip(plain.values.items(), parts, strict=True)}


@pytest.mark.parametrize((*SETUP, "share"), [(*WIDE, 0.5), (*DROPPED, 0.1), (*DEEP, 0.02), (*BATCHED, 1.0), (*DEEP, 0)])
def test_salun(small_split, objective, hidden, dropout, batch, share):
    """The masked weights are a vector of their own, which Adam alone sees: no other weight is ever touched."""
    task = task_of(small_split, objective, hidden, dropout, batch, salun_share=share)
    watching = Watching(**{name: getattr(task, name) for name in Task.__dataclass_fields__})
    finish(METHODS["random_labels"](watching))
    X, y = dense(task.split.training), watching.seen[0].training.targets
    plain, masks, settings = Plain(task.original.state_dict()), salient(task), task.training
    trained = {name: value.detach()[masks[name]].clone().requires_grad_() for name, value in plain.values.items()}
    adam = adam_for(trained.values(), task.settings.learning_rate, settings.weight_decay)
    drops, order = (generator(task.seed, "training", purpose) for purpose in ("dropout", "order"))
    size = settings.batch_size or len(y)
    for _ in range(task.settings.epochs):
        whole = [torch.arange(len(y))]
        for place in whole if size >= len(y) else torch.randperm(len(y), generator=order).split(size)[::-1]:
            put = Plain(task.original.state_dict())
            put.values = {
                name: value.detach().masked_scatter(masks[name], trained[name]) for name, value in plain.values.items()
            }
            adam.zero_grad()
            logits = put(X[place], dropout, drops)
            plain_loss(logits, y[place], settings.objective, settings.label_smoothing).backward()
            adam.step()
    for name, value in trained.items():
        plain.values[name] = plain.values[name].detach().masked_scatter(masks[name], value.detach())
    model, pauses = finish(METHODS["salun"](task))
    check_equal(model, plain)
    assert pauses == 6 * math.ceil(len(y) / size)
    for name, before in task.original.state_dict().items():
        assert torch.equal(model.state_dict()[name][~masks[name]], before[~masks[name]])
    every = salient(replace(task, settings=replace(task.settings, salun_share=1.0)))  # with any gradient at all
    used, steep = (sum(mask.sum().item() for mask in found.values()) for found in (masks, every))
    assert used == round(share * steep)
    assert steep < sum(mask.numel() for mask in every.values())  # some words are of no forgotten review
    if share:
        check_moved(model, task)


# Gradient ascent.


def accuracy(plain: Plain, part: Part) -> float:
    with torch.no_grad():
        return (plain(dense(part)).argmax(1) == part.targets).double().mean().item()


def uniform(objective: str, classes: int) -> float:
    """Of a guess that gives each class 1 / classes."""
    if objective == "cross_entropy":
        return math.log(classes)
    return (math.log(classes) - (classes - 1) * math.log(1 - 1 / classes)) / classes


def ascended(task: Task) -> tuple[Plain, int, str]:
    """By hand: the weights, the steps that were kept, and why it ended."""
    settings, objective = task.settings, task.training.objective
    plain, forget, retain = Plain(task.original.state_dict()), task.forget, task.retain_split.training
    X, y = dense(forget), forget.targets
    least = accuracy(plain, retain) - settings.ascent_tolerance
    parameters = plain.last(99)
    for step in range(settings.epochs):
        loss = plain_loss(plain(X), y, objective)
        if loss.item() >= uniform(objective, len(task.split.classes)):
            return plain, step, "uniform"
        for parameter in parameters:
            parameter.grad = None
        loss.backward()
        clip_grad_norm_(parameters, settings.ascent_clip)
        before = [parameter.detach().clone() for parameter in parameters]
        with torch.no_grad():
            for parameter in parameters:
                parameter.add_(parameter.grad, alpha=settings.ascent_rate)
            if accuracy(plain, retain) < least:
                for parameter, known in zip(parameters, before, strict=True):
                    parameter.copy_(known)
                return plain, step, "tolerance"
    return plain, settings.epochs, "epochs"


@pytest.mark.parametrize((*SETUP, "steps"), [(*WIDE, 1), (*DROPPED, 12), (*DEEP, 5), (*BATCHED, 2)])
def test_gradient_ascent_step_by_step(small_split, objective, hidden, dropout, batch, steps):
    task = task_of(
        small_split, objective, hidden, dropout, batch, trained=40, epochs=steps, ascent_rate=0.05, ascent_tolerance=1.0
    )
    plain, kept, why = ascended(task)
    assert (kept, why) == (steps, "epochs")
    model, pauses = finish(METHODS["gradient_ascent"](task))
    assert pauses == steps
    check_equal(model, plain)
    loss = plain_loss(model(task.forget.inputs), task.forget.targets, objective)
    assert loss > plain_loss(task.original(task.forget.inputs), task.forget.targets, objective)


@pytest.mark.parametrize(
    ("objective", "clip", "length"),
    [("cross_entropy", 0.01, True), ("cross_entropy", 1e6, False), ("bitwise", 0.01, True)],
)
def test_gradient_ascent_clips_by_the_norm_of_the_whole_gradient(small_split, objective, clip, length):
    task = task_of(small_split, objective, epochs=1, ascent_rate=0.5, ascent_clip=clip, ascent_tolerance=1.0)
    model = unlearned("gradient_ascent", task)
    pairs = zip(model.state_dict().values(), task.original.state_dict().values(), strict=True)
    change = math.sqrt(sum((after - before).double().square().sum().item() for after, before in pairs))
    if length:
        assert change == pytest.approx(0.5 * clip, rel=1e-3)
    else:
        plain = Plain(task.original.state_dict(), torch.float64)
        loss = plain_loss(plain(dense(task.forget).double()), task.forget.targets, objective)
        gradients = torch.autograd.grad(loss, plain.last(99))
        assert change == pytest.approx(0.5 * math.sqrt(sum(g.square().sum().item() for g in gradients)), rel=1e-3)


@every_setup
def test_gradient_ascent_ends_where_a_uniform_guess_is(small_split, objective, hidden, dropout, batch):
    task = task_of(
        small_split, objective, hidden, dropout, batch, trained=40, epochs=500, ascent_rate=0.2, ascent_tolerance=1.0
    )
    plain, kept, why = ascended(task)
    assert why == "uniform"
    assert 1 < kept < 500
    model, pauses = finish(METHODS["gradient_ascent"](task))
    assert pauses == kept
    check_equal(model, plain, atol=1e-4)
    limit = uniform(objective, 3)
    assert plain_loss(model(task.forget.inputs), task.forget.targets, objective) >= limit
    before = unlearned("gradient_ascent", replace(task, settings=replace(task.settings, epochs=kept - 1)))
    assert plain_loss(before(task.forget.inputs), task.forget.targets, objective) < limit


@pytest.mark.parametrize((*SETUP, "tolerance"), [(*WIDE, 0.0), (*DROPPED, 0.1), (*DEEP, 0.1), (*BATCHED, 0.0)])
def test_gradient_ascent_takes_back_a_step_that_costs_too_much(
    small_split, objective, hidden, dropout, batch, tolerance
):
    task = task_of(
        small_split,
        objective,
        hidden,
        dropout,
        batch,
        trained=60,
        epochs=500,
        ascent_rate=0.3,
        ascent_tolerance=tolerance,
    )
    plain, kept, why = ascended(task)
    assert why == "tolerance"
    model, pauses = finish(METHODS["gradient_ascent"](task))
    assert pauses == kept
    check_equal(model, plain, atol=1e-4)
    retain = task.retain_split.training
    reached = (model(retain.inputs).argmax(1) == retain.targets).double().mean()
    assert reached >= accuracy(Plain(task.original.state_dict()), retain) - tolerance
    further = replace(task, settings=replace(task.settings, ascent_tolerance=1.0, epochs=kept + 1))
    beyond = unlearned("gradient_ascent", further)
    lost = (beyond(retain.inputs).argmax(1) == retain.targets).double().mean()
    assert lost < accuracy(Plain(task.original.state_dict()), retain) - tolerance


@pytest.mark.parametrize(
    ("objective", "trained"), [("cross_entropy", 2), ("bitwise", 4), ("cross_entropy", 6), ("bitwise", 8)]
)
def test_gradient_ascent_spares_what_the_retain_set_alone_had(small_split, objective, trained):
    """Of a class that is known better or worse than the rest."""
    forget = Forget(by="class", label="white")
    task = task_of(
        small_split, objective, forget=forget, trained=trained, epochs=500, ascent_rate=0.1, ascent_tolerance=0.05
    )
    plain = Plain(task.original.state_dict())
    assert abs(accuracy(plain, task.forget) - accuracy(plain, task.retain_split.training)) > 0.1
    climbed, kept, why = ascended(task)
    model, pauses = finish(METHODS["gradient_ascent"](task))
    assert (pauses, why in ("tolerance", "uniform")) == (kept, True)
    check_equal(model, climbed, atol=1e-4)


@every_objective
def test_gradient_ascent_does_nothing_where_nothing_is_known(small_split, objective):
    task = task_of(small_split, objective)
    with torch.no_grad():
        task.original.fc2.weight.zero_()
        task.original.fc2.bias.copy_(torch.tensor([0.0, 0.0, 0.0] if objective == "cross_entropy" else [5.0, 5.0, 5.0]))
    model, pauses = finish(METHODS["gradient_ascent"](task))
    assert pauses == 0
    assert bits(model) == bits(task.original)


@every_objective
def test_gradient_ascent_gives_no_model_that_is_not_finite(small_split, objective):
    task = task_of(small_split, objective, epochs=50, ascent_rate=1000.0, ascent_clip=1e6, ascent_tolerance=1.0)
    with torch.no_grad():
        task.original.fc1.weight.mul_(1e18)
        task.original.fc2.weight.mul_(1e18)
    model = unlearned("gradient_ascent", task)
    assert all(torch.isfinite(value).all() for value in model.state_dict().values())


# Selective synaptic dampening.


def plain_fisher(task: Task, part: Part) -> dict[str, torch.Tensor]:
    """A gradient for each review, squared and averaged."""
    plain = Plain(task.original.state_dict(), torch.float64)
    sums = {name: torch.zeros_like(value) for name, value in plain.values.items()}
    for x, y in zip(dense(part).double(), part.targets, strict=True):
        loss = plain_loss(plain(x[None]), y[None], task.training.objective)
        for name, gradient in zip(sums, torch.autograd.grad(loss, list(plain.values.values())), strict=True):
            sums[name] += gradient**2
    return {name: total / len(part) for name, total in sums.items()}


@every_setup
def test_fisher_is_the_mean_of_squared_gradients(small_split, objective, hidden, dropout, batch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    for part in (task.split.training, task.forget):
        found, expected = fisher_diagonal(task.copy(), part, objective), plain_fisher(task, part)
        assert list(found) == list(expected) == list(task.original.state_dict())
        for name, value in found.items():
            assert value.dtype == torch.float64
            scale = expected[name].max().item()
            assert scale > 0
            torch.testing.assert_close(value, expected[name], rtol=1e-3, atol=1e-7 * scale)


@pytest.mark.parametrize(
    (*SETUP, "selection", "strength"),
    [(*WIDE, 2.0, 0.5), (*DROPPED, 0.0, 0.1), (*DEEP, 1.5, 3.0), (*BATCHED, 1.0, 1.0), (*BATCHED, 1.0, 0.0)],
)
def test_dampening(small_split, objective, hidden, dropout, batch, selection, strength):
    """Weight by weight, as the paper's equations 3 and 4 say."""
    task = task_of(small_split, objective, hidden, dropout, batch, dampening_alpha=selection, dampening_lambda=strength)
    model = unlearned("dampening", task)
    whole, lost = plain_fisher(task, task.split.training), plain_fisher(task, task.forget)
    changed = unsure = 0
    for name, before in task.original.state_dict().items():
        after = model.state_dict()[name]
        for place in np.ndindex(*before.shape):
            important, usual = lost[name][place].item(), whole[name][place].item()
            if important and abs(important / (selection * usual or 1e-300) - 1) < 1e-3:
                unsure += 1  # rounding decides
                continue
            factor = min(strength * usual / important, 1.0) if important > selection * usual else 1.0
            expected = before[place].item() * factor
            assert after[place].item() == pytest.approx(expected, rel=2e-3, abs=1e-9)
            changed += factor < 1
            assert factor != 1.0 or after[place].item() == before[place].item()
    assert changed
    assert unsure < 5


def test_dampening_selects_nothing_beyond_the_ratio_of_the_sizes(small_split):
    """As the docstring has it: I_F / I_D is at most reviews / forgotten reviews."""
    task = task_of(small_split, forget=Forget(share=0.25))
    ratio = len(task.split.training) / len(task.forget)
    beyond = replace(task, settings=replace(task.settings, dampening_alpha=ratio * 1.001))
    assert bits(unlearned("dampening", beyond)) == bits(task.original)
    within = replace(task, settings=replace(task.settings, dampening_alpha=ratio * 0.9))
    assert bits(unlearned("dampening", within)) != bits(task.original)


# SCRUB.


def apart(student, teacher, objective):
    """KL(teacher ‖ student), from probabilities: of the classes, or the mean over each class's yes and no."""
    if objective == "cross_entropy":
        p, q = teacher.softmax(1), student.softmax(1)
        return (p * (p / q).log()).sum() / len(p)
    p, q = teacher.sigmoid(), student.sigmoid()
    return (p * (p / q).log() + (1 - p) * ((1 - p) / (1 - q)).log()).mean()


def scrubbed(task: Task, flip: bool = False) -> Plain:
    """Alternating epochs by hand. flip: with the divergence the other way round."""
    settings, training, dropout = task.settings, task.training, task.original.dropout
    plain, teacher = Plain(task.original.state_dict()), Plain(task.original.state_dict())
    adam = adam_for(plain.last(99), settings.learning_rate, training.weight_decay)
    order, drops = generator(task.seed, "scrub", "order"), generator(task.seed, "scrub", "dropout")
    warm, first = settings.scrub_temperature, int(settings.scrub_order == "retain_first")
    for epoch in range(settings.epochs):
        turns = [("max", task.forget)] if epoch in range(first, first + settings.scrub_epochs) else []
        for turn, part in [*turns, ("min", task.retain_split.training)]:
            X, y = dense(part), part.targets
            size, whole = training.batch_size or len(y), torch.arange(len(y))
            for batch in torch.randperm(len(y), generator=order).split(size) if size < len(y) else [whole]:
                logits, known = plain(X[batch], dropout, drops), teacher(X[batch]).detach()
                pair = (known, logits) if flip else (logits, known)
                distance = apart(*(each / warm for each in pair), training.objective) * warm * warm
                if turn == "max":
                    loss = -distance
                else:
                    own = plain_loss(logits, y[batch], training.objective, training.label_smoothing)
                    loss = settings.scrub_alpha * distance + settings.scrub_gamma * own
                adam.zero_grad()
                loss.backward()
                adam.step()
    return plain


@pytest.mark.parametrize(
    (*SETUP, "alpha", "gamma", "away", "first", "warm"),
    [
        (*WIDE, 2.0, 0.3, 1, "retain_first", 1.0),
        (*DROPPED, 0.5, 2.0, 3, "retain_first", 2.5),
        (*DROPPED, 0.5, 2.0, 6, "forget_first", 4.0),
        (*DEEP, 1.0, 1.0, 2, "forget_first", 4.0),  # without dropout its first step would follow the rounding
        (*BATCHED, 1.0, 1.0, 5, "retain_first", 1.0),
        (*BATCHED, 0.0, 1.0, 0, "forget_first", 4.0),
    ],
)
def test_scrub(small_split, objective, hidden, dropout, batch, alpha, gamma, away, first, warm):
    changes = {"scrub_alpha": alpha, "scrub_gamma": gamma, "scrub_epochs": away}
    changes |= {"scrub_order": first, "scrub_temperature": warm}
    task = task_of(small_split, objective, hidden, dropout, batch, **changes)
    model, pauses = finish(METHODS["scrub"](task))
    check_equal(model, scrubbed(task), atol=2e-4)  # gradients near nothing are as large as the others to Adam
    check_moved(model, task)
    steps = lambda part: math.ceil(len(part) / (batch or len(part)))  # noqa: E731
    assert pauses == 6 * steps(task.retain_split.training) + away * steps(task.forget)


@every_objective
def test_scrub_takes_the_divergence_from_teacher_to_student(small_split, objective):
    """The other way round would be found out."""
    task = task_of(small_split, objective, dropout=0.5, scrub_epochs=4, scrub_gamma=0.1)
    model, other = unlearned("scrub", task), scrubbed(task, flip=True)
    worst = max((value - other.values[name]).abs().max() for name, value in model.state_dict().items())
    assert worst > 1e-3


def test_the_orders_of_scrub_end_apart(small_split):
    tasks = [task_of(small_split, *DEEP, scrub_order=first) for first in ("retain_first", "forget_first")]
    first, second = (unlearned("scrub", task).state_dict() for task in tasks)
    assert max((first[name] - second[name]).abs().max() for name in first) > 1e-2


@every_objective
def test_scrub_moves_away_on_the_forget_set_and_stays_near_on_the_retain_set(small_split, objective):
    task = task_of(small_split, objective, trained=40, epochs=12, scrub_epochs=6)
    model = unlearned("scrub", task)

    def moved(part):
        return apart(model(part.inputs), task.original(part.inputs), objective).item()

    assert moved(task.forget) > 1.5 * moved(task.retain_split.training)


# NegGrad+.


@pytest.mark.parametrize((*SETUP, "beta"), [(*WIDE, 0.95), (*DROPPED, 0.5), (*DEEP, 0.8), (*BATCHED, 0.0)])
def test_neggrad_plus(small_split, objective, hidden, dropout, batch, beta):
    task = task_of(small_split, objective, hidden, dropout, batch, neggrad_beta=beta)
    plain, settings = Plain(task.original.state_dict()), task.training
    adam = adam_for(plain.last(99), task.settings.learning_rate, settings.weight_decay)
    order, drops = (generator(task.seed, "neggrad_plus", purpose) for purpose in ("order", "dropout"))
    parts, steps = (task.retain_split.training, task.forget), 0
    for _ in range(6):
        epoch = []
        for part in parts:
            size, whole = batch or len(part), [torch.arange(len(part))]
            epoch.append(whole if size >= len(part) else torch.randperm(len(part), generator=order).split(size))
        for number, chosen in enumerate(epoch[0]):
            pair = (chosen, epoch[1][number % len(epoch[1])])
            down, up = (
                plain_loss(
                    plain(dense(part)[places], dropout, drops),
                    part.targets[places],
                    objective,
                    settings.label_smoothing,
                )
                for part, places in zip(parts, pair, strict=True)
            )
            adam.zero_grad()
            (beta * down - (1 - beta) * up).backward()
            adam.step()
            steps += 1
    model, pauses = finish(METHODS["neggrad_plus"](task))
    assert pauses == steps
    check_equal(model, plain, atol=1e-4)
    check_moved(model, task)


@every_objective
def test_neggrad_plus_of_the_retain_set_alone_is_fine_tuning(small_split, objective):
    task = task_of(small_split, objective, neggrad_beta=1.0)
    assert bits(unlearned("neggrad_plus", task)) == bits(unlearned("fine_tune", task))


# What all have in common.


def contents(part: Part) -> tuple:
    inputs = part.inputs
    arrays = (inputs.offsets, inputs.columns, inputs.values, part.targets)
    return (*(array.numpy().tobytes() for array in arrays), inputs.shape, part.rows.tobytes())


def everything(task: Task) -> tuple:
    parts = (*task.split.parts.values(), *task.retain_split.parts.values(), task.forget)
    flags = [parameter.requires_grad for parameter in task.original.parameters()]
    return bits(task.original), bits(task.initial), [contents(part) for part in parts], flags, task.split.words


def test_the_methods_are_those_of_the_table():
    assert {
        name for name, function in METHODS.items() if function.__module__ == "forgetting.unlearning.methods"
    } == set(NAMES)
    assert Unlearning().methods == NAMES[:10]  # as addresses of earlier versions mean them


@pytest.mark.usefixtures("global_state_kept")
@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_was_given_is_changed(small_split, name):
    for objective, hidden, dropout, batch in (WIDE, DEEP, BATCHED):
        task = task_of(small_split, objective, hidden, dropout, batch)
        before = everything(task)
        model = unlearned(name, task)
        assert everything(task) == before
        assert isinstance(model, TextClassifier)
        assert all(parameter.requires_grad for parameter in model.parameters())
        own = {parameter.data_ptr() for parameter in model.parameters()}
        assert not own & {value.data_ptr() for value in (*task.original.parameters(), *task.initial.values())}
        assert model.fc1.weight.t().is_contiguous()  # as sparse products want it
        assert model.dropout == dropout


@pytest.mark.parametrize(("objective", "dropout"), [("cross_entropy", 0.0), ("bitwise", 0.4)])
@pytest.mark.parametrize("name", NAMES)
def test_repeatable_bit_for_bit_and_drawn_from_the_seed(small_split, objective, name, dropout):
    task = task_of(small_split, objective, dropout=dropout)
    first = bits(unlearned(name, task))
    torch.rand(3)  # whatever the global state is
    assert bits(unlearned(name, task)) == first
    draws = name in (DRAWING | DROPPING if dropout else DRAWING)
    assert (bits(unlearned(name, replace(task, seed=SEED + 1))) != first) is draws


@pytest.mark.parametrize(SETUP, [DROPPED, DEEP])
@pytest.mark.parametrize("name", sorted(PAUSING))
def test_pauses_change_nothing(small_split, objective, hidden, dropout, batch, name, monkeypatch):
    task = task_of(small_split, objective, hidden, dropout, batch)
    found, counts = [], []
    for seconds in (1e9, 0.0, 0.002):
        monkeypatch.setattr(task_module, "SLICE_SECONDS", seconds)
        model, pauses = finish(METHODS[name](task))
        found.append(bits(model))
        counts.append(pauses)
    assert found[0] == found[1] == found[2]
    if name not in ("scrub", "gradient_ascent", "salun", "neggrad_plus"):
        part = task.split.training if name == "random_labels" else task.retain_split.training
        epochs = task.training.epochs if name in ("retrain", "eu_k") else task.settings.epochs
        assert counts[:2] == [1, epochs * math.ceil(len(part) / (batch or len(part)))]


def test_methods_taken_in_turns_end_as_each_would_alone(small_split, monkeypatch):
    task = task_of(small_split, dropout=0.4, batch=9)
    alone = {name: bits(unlearned(name, task)) for name in PAUSING}
    monkeypatch.setattr(task_module, "SLICE_SECONDS", 0.0)
    running, ended = {name: METHODS[name](task) for name in PAUSING}, {}
    while running:
        for name, each in list(running.items()):
            try:
                next(each)
            except StopIteration as end:
                ended[name] = bits(end.value)
                del running[name]
    assert ended == alone


@pytest.mark.parametrize("name", sorted(PAUSING))
def test_a_method_that_is_left_for_good_leaves_nothing_behind(small_split, name, monkeypatch):
    monkeypatch.setattr(task_module, "SLICE_SECONDS", 0.0)
    task = task_of(small_split, dropout=0.4, trained=40, ascent_rate=0.01)
    before, whole = everything(task), bits(unlearned(name, task))
    left = METHODS[name](task)
    next(left)
    left.close()
    assert everything(task) == before
    assert bits(unlearned(name, task)) == whole


@pytest.mark.parametrize("name", NAMES)
def test_no_validation_review_is_looked_at(small_split, name):
    task = task_of(small_split, dropout=0.3)
    held = small_split.validation
    spoilt = Part(
        SparseMatrix(held.inputs.offsets, held.inputs.columns, held.inputs.values * torch.nan, held.inputs.shape),
        torch.full_like(held.targets, -1),
        held.rows,
    )
    blind = replace(
        task, split=replace(task.split, validation=spoilt), retain_split=replace(task.retain_split, validation=spoilt)
    )
    assert bits(unlearned(name, blind)) == bits(unlearned(name, task))


@pytest.mark.parametrize("name", ["retrain", "randomize_and_repair", "eu_k", "cf_k", "fine_tune", "gradient_ascent"])
def test_what_the_forgotten_reviews_say_is_not_learnt(small_split, name):
    """With the class's own label changed, whatever trains on the retain set alone does the same."""
    task = task_of(small_split, dropout=0.3, forget=Forget(by="class", label="red"))
    lost = torch.isin(torch.from_numpy(task.split.training.rows), torch.from_numpy(task.forget.rows))
    targets = task.split.training.targets.clone()
    targets[lost] = 0
    lied = replace(task, split=replace(task.split, training=replace(task.split.training, targets=targets)))
    assert bits(unlearned(name, lied)) == bits(unlearned(name, task))


def test_one_review_is_enough_to_be_forgotten(small_split):
    """And of one class: no method needs more."""
    for by in (Forget(share=0.03), Forget(by="class", label="port")):
        task = task_of(small_split, forget=by)
        for name in NAMES:
            model = unlearned(name, task)
            assert all(torch.isfinite(value).all() for value in model.state_dict().values())
            assert torch.isfinite(model(task.forget.inputs)).all()


def test_functional_agrees_with_the_divergence_written_out():
    """The reference of this file itself, against torch's."""
    teacher, student = (torch.randn(7, 4, generator=generator(number)) for number in (1, 2))
    expected = functional.kl_div(student.log_softmax(1), teacher.softmax(1), reduction="batchmean")
    torch.testing.assert_close(apart(student, teacher, "cross_entropy"), expected)
    p, q = (torch.distributions.Bernoulli(logits=logits) for logits in (teacher, student))
    both = torch.distributions.kl_divergence(p, q).mean()
    torch.testing.assert_close(apart(student, teacher, "bitwise"), both)
