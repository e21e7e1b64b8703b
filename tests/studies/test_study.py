"""Studies of any model: rows against plain loops, what `evaluate` may and may not do, processes, and the file."""

import copy
import json
import os
import signal
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from torch import nn
from torch.nn import functional

from forgetting import DataError, Randomization, RecipeError, Sweep, randomize, read_study, study
from forgetting.core.seeding import OwnedDraws, generator
from forgetting.metrics.scores import score_logits
from forgetting.randomization import layers, path
from forgetting.randomization.layers import named_layers
from forgetting.randomization.patterns import expand_set
from forgetting.studies import any_model

INPUTS = torch.randn(60, 6, generator=generator(0, "inputs"))
TARGETS = (INPUTS[:, 0] > 0).long() + (INPUTS[:, 1] > 0.5).long()
PLAN = Sweep(("each", "down", "up"), (0.0, 0.4, 1.0), ("reinit", "rewind", "permute"), seeds=1, seed=3)


class Residual(nn.Module):
    """A model with residual blocks, a norm with statistics, an activation in place, and a buffer."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(6, 16)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(16, 16), nn.ReLU(inplace=True)) for _ in range(3))
        self.norm = nn.BatchNorm1d(16)
        self.last = nn.Linear(16, 3)

    def forward(self, inputs):
        values = self.first(inputs)
        for block in self.blocks:
            values = values + block(values)
        return self.last(self.norm(values).relu_())


def stages(model):
    return [model.first, *model.blocks, model.norm, model.last]


def evaluate(model):
    """In two batches, so that each stage is called twice."""
    return torch.cat([model(INPUTS[:32]), model(INPUTS[32:])]), TARGETS


def settle(model):
    model.train()
    model.norm.reset_running_stats()
    model(INPUTS)


@pytest.fixture(scope="module")
def trained() -> tuple[nn.Module, dict[str, torch.Tensor]]:
    with OwnedDraws(generator(1, "model")):
        model = Residual()
    initial = copy.deepcopy(model.state_dict())
    for _ in range(60):
        loss = functional.cross_entropy(model(INPUTS), TARGETS)
        for value, gradient in zip(model.parameters(), torch.autograd.grad(loss, model.parameters()), strict=True):
            value.data -= 0.2 * gradient
    return model.eval(), initial


def loop(model, initial, row, *, settled=False) -> tuple[torch.Tensor, float]:
    """The logits of a row's variant by the plainest of ways, and how far its parameters are from the model's."""
    chosen = Randomization(tuple(row.layers.split("+")), row.dose, row.scheme, row.unit, row.seed)
    variant = randomize(model, chosen, initial=initial)
    with torch.no_grad():
        moved = nn.utils.parameters_to_vector(variant.parameters()) - nn.utils.parameters_to_vector(model.parameters())
        if settled:
            settle(variant)
        return evaluate(variant.eval())[0], moved.norm().item()


@pytest.mark.parametrize("options", [{}, {"stages": stages}, {"settle": settle}, {"stages": stages, "settle": settle}])
@pytest.mark.usefixtures("global_state_kept")
def test_rows_are_those_of_a_plain_loop(trained, options):
    model, initial = trained
    before = copy.deepcopy(model.state_dict())
    result = study(model, evaluate, PLAN, initial=initial, **options)
    assert len(result.rows) == result.planned == PLAN.count(tuple(named_layers(model)))
    for row in result.rows:
        logits, moved = loop(model, initial, row, settled="settle" in options)
        scores = score_logits(logits, TARGETS, "cross_entropy")
        assert row.validation["accuracy"] == scores.accuracy, row.layers
        assert row.change == pytest.approx(moved, rel=1e-5)
        assert row.validation["loss"] == pytest.approx(scores.loss, rel=1e-5)
        assert row.hits.unpack()[1].tolist() == (logits.argmax(1) == TARGETS).tolist()
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert (result.batch_norm, result.settled) == (True, "settle" in options)
    assert any("not re-estimated" in note for note in result.notes) == ("settle" not in options)
    assert all(("not re-estimated" in found.note) == ("settle" not in options) for found in result.robustness())


def test_paths_that_do_not_fit_the_memory_give_the_same_rows(trained, monkeypatch):
    model, initial = trained
    kept = study(model, evaluate, replace(PLAN, match="change"), initial=initial)
    monkeypatch.setattr(any_model, "PATHS_MEMORY", 0)
    alone = study(model, evaluate, replace(PLAN, match="change"), initial=initial)
    for one, other in zip(alone.rows, kept.rows, strict=True):  # the change is summed in another order
        assert one.parts == other.parts
        assert (one.change or 0) == pytest.approx(other.change or 0, rel=1e-6)
        if one.dose is not None and "+" not in one.layers:
            assert one.change == pytest.approx(loop(model, initial, one)[1], rel=1e-5)
    old, new = initial["norm.weight"], torch.cat([model.norm.weight, model.norm.bias]).detach()
    farthest = torch.cat([old, initial["norm.bias"]]).sub(new).norm() / new.norm()
    assert farthest < 0.3  # its statistics go farther
    assert [row.dose for row in kept.rows if (row.layers, row.scheme) == ("norm", "rewind")] == [0, None, None]


def test_a_model_is_walked_as_often_whatever_the_number_of_its_layers(monkeypatch):
    walks = []
    real = layers.walk_modules
    for module in (layers, path):
        monkeypatch.setattr(module, "walk_modules", lambda model: walks.append(1) or real(model))
    found = []
    for count in (2, 40):
        model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(count)))
        assert len(study(model, lambda _: 0.5, Sweep(("each",), (1.0,), ("zero",), ("weight", "neuron"), seeds=2)).rows)
        found.append(len(walks))
        walks.clear()
    assert found[0] == found[1]


class Counted(nn.Linear):
    """Counts its forward passes by its number."""

    calls: ClassVar[dict[int, int]] = {}

    def __init__(self, number: int):
        super().__init__(6, 6)
        self.number = number

    def forward(self, inputs):
        self.calls[self.number] = self.calls.get(self.number, 0) + 1
        return super().forward(inputs)


def test_stages_compute_once_what_is_untouched():
    """Of cascades, the sets from the last layer compute what they randomize, those from the first what comes after."""
    model = nn.Sequential(*map(Counted, range(4)))
    down, up = [("3",), ("2", "3"), ("1", "2", "3")], [("0",), ("0", "1"), ("0", "1", "2")]
    for sets, expected in ((down, {0: 0, 1: 1, 2: 2, 3: 3}), (up, {0: 1, 1: 2, 2: 3, 3: 3})):
        bench = any_model.Workbench(model, lambda given: {"validation": given(INPUTS)}, sets, list)
        bench.measure_original()
        bench.unchecked = False  # the first reuse is checked by a whole pass
        for doses in ((0.5,), (0.25, 0.75)):
            Counted.calls = dict.fromkeys(range(4), 0)
            assert len(list(any_model.walk_variants(bench, doses, Randomization(scheme="zero")))) == 3 * len(doses)
            assert Counted.calls == {number: len(doses) * count for number, count in expected.items()}


def test_robustness_is_that_of_zhang_bengio_and_singer(trained):
    """Accuracy with one layer's parameters (and statistics) as they were before training, all others as after it."""
    model, initial = trained
    result = study(model, evaluate, Sweep(("each",), (1.0,), ("rewind", "reinit"), seeds=3), initial=initial)
    found = {one.layer: one for one in result.robustness()}
    assert [expand_set(name, tuple(named_layers(model))) for name in found] == [(name,) for name in named_layers(model)]
    before = (evaluate(model)[0].argmax(1) == TARGETS).double().mean().item()
    for name, one in found.items():
        (layer,) = expand_set(name, tuple(named_layers(model)))
        mixed = copy.deepcopy(model)
        mixed.load_state_dict({key: initial[key] for key in initial if key.rpartition(".")[0] == layer}, strict=False)
        after = (evaluate(mixed)[0].argmax(1) == TARGETS).double().mean().item()
        assert one.accuracies[0] == pytest.approx(after)
        assert one.reinitialized == pytest.approx((before - after) / (before - 1 / 3))
        moved = [value - initial[key] for key, value in model.named_parameters() if key.rpartition(".")[0] == layer]
        assert one.distance == pytest.approx(torch.cat([value.flatten() for value in moved]).norm().item(), rel=1e-5)
        assert one.interval[0] <= one.reinitialized <= one.interval[1]


@pytest.mark.parametrize("stages", [None, lambda model: list(model.children())])
def test_norms_without_parameters_go_back_with_all_layers(stages):
    with OwnedDraws(generator(2, "model")):
        initial = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8, affine=False), nn.Linear(8, 3))
    model = copy.deepcopy(initial)
    with torch.no_grad():
        model(INPUTS * 3 + 1)
        model[0].weight.mul_(2)
        model[2].weight.mul_(-1)
    plan = Sweep(("all", "up", "down"), (0.5, 1.0), ("rewind",), seeds=2)
    result = study(model, evaluate, plan, initial=initial, stages=stages)
    assert {row.layers for row in result.rows} == {"0", "2", "0+2"}
    for row in result.rows:
        logits, _ = loop(model, initial, row)
        assert row.validation["loss"] == pytest.approx(functional.cross_entropy(logits, TARGETS).item(), rel=1e-5)
    with pytest.raises(RecipeError, match=r"`initial` holds no '1\.running_mean'"):
        study(model, evaluate, plan, initial=dict(initial.named_parameters()))


@pytest.mark.parametrize("norm", [nn.utils.spectral_norm, nn.utils.parametrizations.spectral_norm])
def test_vectors_of_a_spectral_norm_go_back_and_come_again(trained, norm):
    with torch.no_grad():
        initial = nn.Sequential(norm(copy.deepcopy(trained[0].first)), copy.deepcopy(trained[0].last)).eval()
        initial(INPUTS)
        model = copy.deepcopy(initial)
        for value in model.parameters():
            value.mul_(torch.linspace(-1, 3, value.numel()).view(value.shape))
        model.train()(INPUTS)
    result = study(model, evaluate, Sweep(("all", "each"), (0.5, 1.0), ("rewind",), seeds=2), initial=initial)
    for row in result.rows:
        logits, _ = loop(model, initial, row)
        assert row.validation["loss"] == pytest.approx(functional.cross_entropy(logits, TARGETS).item(), rel=1e-5)
    assert sum("spectral norm" in note for note in result.notes) == 1


def accuracy(model):
    return (model(INPUTS).argmax(1) == TARGETS).double().mean().item()


@pytest.mark.parametrize(
    ("function", "columns"),
    [
        (accuracy, {"validation_accuracy"}),
        (lambda model: {"accuracy": accuracy(model), "size": 3}, {"validation_accuracy", "validation_size_before"}),
        (
            lambda model: {"validation": {"accuracy": accuracy(model)}, "training": evaluate(model)},
            {"validation_forgetting", "training_divergence"},
        ),
        (lambda model: {"validation": tuple(map(np.asarray, evaluate(model)))}, {"validation_macro_f1"}),
    ],
)
def test_evaluate_gives_one_of_four_forms(trained, function, columns):
    result = study(trained[0], function, Sweep(("all",), (0.0, 1.0), ("zero",), seeds=1), chance=1 / 3)
    whole = study(trained[0], evaluate, Sweep(("all",), (0.0, 1.0), ("zero",), seeds=1))
    assert columns <= set(result.frame)
    for name in ("validation_accuracy", "validation_accuracy_before", "validation_forgetting"):
        np.testing.assert_allclose(result.frame[name], whole.frame[name])
    assert list(result.curves()["median"]) == pytest.approx(list(whole.curves()["median"]))
    assert len(result.half_way()) == 1


def test_a_metric_may_be_better_where_it_is_smaller(trained):
    def loss(model):
        return {"loss": functional.cross_entropy(model(INPUTS), TARGETS).item()}

    result = study(trained[0], loss, Sweep(("last",), (0.0, 1.0), ("zero",), seeds=1), metric="loss", chance=np.log(3))
    before = loss(trained[0])["loss"]
    assert result.frame["validation_forgetting"].tolist() == pytest.approx([0, 1])
    assert result.frame["validation_loss"].tolist() == pytest.approx([before, np.log(3)])
    without = study(trained[0], loss, Sweep(("last",), (1.0,), ("zero",), seeds=1), metric="loss")
    assert "chance" in without.rows[0].missing["validation_forgetting"]


class Odd:
    """Evaluations that do what they should not."""

    calls = 0

    @staticmethod
    def changes_weights(model):
        found = evaluate(model)
        model.last.weight.data += 1
        return found

    @staticmethod
    def changes_buffers(model):
        model.norm.running_mean += 1
        return evaluate(model)

    @staticmethod
    def draws(model):
        logits, targets = evaluate(model)
        return logits + torch.randn(logits.shape), targets

    @staticmethod
    def differs(model):
        Odd.calls += 1
        return {"accuracy": accuracy(model), "other": Odd.calls}

    @staticmethod
    def is_no_number(model):
        return {"accuracy": accuracy(model), "other": float("nan")}


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (Odd.changes_weights, "changes the model (last.weight)"),
        (Odd.changes_buffers, "changes buffers (norm.running_mean)"),
        (Odd.draws, "draws from a global random state"),
        (Odd.differs, "differs from call to call"),
        (Odd.is_no_number, "not finite numbers: validation other"),
    ],
)
@pytest.mark.usefixtures("global_state_kept")
def test_what_evaluate_does_besides_is_said(trained, function, said):
    model, initial = trained
    before = copy.deepcopy(model.state_dict())
    plan = Sweep(("each",), (0.0, 0.5, 1.0), ("rewind",), seeds=2)
    result = study(model, function, plan, initial=initial, chance=1 / 3)
    assert sum(said in note for note in result.notes) == 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    if function in (Odd.changes_weights, Odd.draws):  # whatever it does, it does to each variant alike
        assert result.rows == study(model, function, plan, initial=initial).rows
    if function is Odd.changes_weights:
        plain = study(model, evaluate, plan, initial=initial)
        assert result.rows == plain.rows
        assert not any(said in note for note in plain.notes)


def raises(_):
    raise KeyError("the data is gone")


def test_an_evaluation_that_ignores_its_model_is_said(trained):
    model, initial = trained
    plan = Sweep(("each", "all"), (0.0, 0.5, 1.0), ("rewind", "normal"), seeds=1)

    def notes(function, plan=plan, initial=initial):
        found = study(model, function, plan, initial=initial, chance=1 / 3).notes
        return sum("No variant differs" in note for note in found)

    assert notes(lambda _: evaluate(model)) == 1  # the original instead of what it is given
    assert notes(lambda _: {"accuracy": accuracy(model), "divergence": 0.3}) == 1
    assert notes(evaluate) == notes(accuracy) == 0
    assert notes(lambda given: {"accuracy": 0.5, "loss": given(INPUTS).sum()}) == 0
    assert notes(evaluate, replace(plan, schemes=("rewind",)), model) == 0  # where the weights are the same


@pytest.mark.parametrize(
    ("function", "options", "message"),
    [
        (raises, {}, "`evaluate` raised KeyError: 'the data is gone'"),
        (lambda _: "good", {}, "it gave str"),
        (lambda model: (model(INPUTS), TARGETS.float()), {}, "no whole numbers from 0 to 2"),
        (lambda model: (model(INPUTS)[:9], TARGETS), {}, r"\(9, 3\) and \(60,\)"),
        (lambda _: {"test": 0.5}, {}, "metric must be one of the numbers"),
        (lambda model: {"test": (model(INPUTS), TARGETS)}, {}, "must name a part 'validation'"),
        (evaluate, {"metric": "speed"}, "metric must be one of"),
        (evaluate, {"plan": Sweep(("each:block.*",), (1.0,))}, "blocks.0"),
        (evaluate, {"plan": Sweep(("all",), (1.0,), ("rewind",))}, "pass them as `initial`"),
        (evaluate, {"plan": Sweep(("all",), (1.0,), retrain=True)}, "sweep.retrain must be left"),
        (evaluate, {"stages": lambda _: [nn.Linear(2, 2)]}, "stages must give modules of the model"),
        (evaluate, {"rebuild": lambda: Residual().load_state_dict({}, strict=False)}, "rebuild must give an untrained"),
        (evaluate, {"jobs": 0}, "jobs must be"),
        (lambda model: (model(INPUTS) * 1j, TARGETS), {}, r"'validation' are complex \(torch.complex64\)"),
        (lambda model: {"accuracy": model(INPUTS).mean() * 1j}, {}, "must give .logits, targets"),
        (evaluate, {"settle": raises}, "`settle` raised KeyError: 'the data is gone'"),
        (
            evaluate,
            {"plan": Sweep(("first",), units=("word",), words=("good",))},
            "sweep.words must be empty",
        ),
        (evaluate, {"plan": Sweep(("norm:bias+norm:weight&bias",), (1.0,))}, "no values in common"),
        (lambda model: float(model.double().last.bias[0]), {}, "replaced, cast or moved first.weight"),
        (lambda model: model.__delattr__("last") or 0.5, {}, "replaced, cast or moved last.weight"),
    ],
)
def test_what_cannot_be_used_is_refused(trained, function, options, message):
    options = {"plan": Sweep(("all",), (1.0,), ("reinit",), seeds=1)} | options
    with pytest.raises(RecipeError, match=message):
        study(trained[0], function, **options)


def test_a_variant_that_cannot_be_evaluated_is_a_row_with_a_reason(trained):
    def fragile(model):
        if not model.last.weight.any():
            raise ValueError("nothing but zeros")
        return evaluate(model)

    result = study(trained[0], fragile, Sweep(("last", "first"), (0.0, 1.0), ("zero",), seeds=1))
    failed = [row for row in result.rows if row.validation["accuracy"] is None]
    assert [(row.layers, row.dose) for row in failed] == [("last", 1.0)]
    assert failed[0].missing["validation_accuracy"] == "`evaluate` raised ValueError: nothing but zeros"
    assert failed[0].change > 0
    assert failed[0].validation["accuracy_before"] == accuracy(trained[0])


def test_stages_that_keep_a_state_are_refused(trained):
    class Counting(nn.Module):
        """Gives something else with each call, which depends on a later layer."""

        def __init__(self, model):
            super().__init__()
            self.first, self.last = copy.deepcopy(model.first), nn.Linear(16, 3)

        def forward(self, inputs):
            first = self.first(inputs) + getattr(self, "seen", 0)
            logits = self.last(first)
            self.seen = logits.mean().detach()
            return logits

    with pytest.raises(RecipeError, match="do nothing but turn what the ones before gave"):
        study(
            Counting(trained[0]),
            lambda model: (torch.cat([model(INPUTS[:30]), model(INPUTS[30:])]), TARGETS),
            Sweep(("last",), (0.5, 1.0), ("normal",), seeds=1),
            stages=lambda model: [model.first],
        )


@pytest.mark.slow
def test_processes_and_a_killed_worker_give_the_same_rows(trained, tmp_path):
    """The functions are closures, which travel by value; the first worker that sees the file ends at once."""
    model, initial = trained
    inputs, targets, marker = INPUTS, TARGETS, str(tmp_path / "killed")
    parent = os.getpid()

    def own(model):
        if os.getpid() != parent and not os.path.exists(marker):
            open(marker, "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
        return model(inputs), targets

    plan = replace(PLAN, schemes=("reinit", "rewind"))
    alone = study(model, own, plan, initial=initial, stages=lambda model: list(model.children())[:1])
    shared = study(model, own, plan, initial=initial, stages=lambda model: list(model.children())[:1], jobs=2)
    assert os.path.exists(marker)
    assert shared.rows == alone.rows
    assert shared.notes == alone.notes


@pytest.fixture(scope="module")
def result(trained):
    plan = Sweep(("each", "down", "first:weight"), (0.0, 0.5, 1.0), ("rewind", "reinit"), seeds=2, match="change")
    found = study(trained[0], evaluate, plan, initial=trained[1])
    return replace(found, notes=(*found.notes, "a note; with: signs"))


def test_a_file_gives_back_all_of_a_study(result, tmp_path):
    result.write(tmp_path / "rows.parquet")
    found = read_study(tmp_path / "rows.parquet")
    assert any("dose" in row.missing for row in result.rows)
    assert found.rows == result.rows
    pd.testing.assert_frame_equal(found.frame, result.frame)
    assert found.robustness() == result.robustness() == ()  # at a change of 100 % not all of a layer is rewound
    assert found.half_way() == result.half_way()
    for name in ("plan", "title", "layers", "metric", "chance", "planned", "notes", "reviews", "hollow", "settled"):
        assert getattr(found, name) == getattr(result, name), name
    for ending in ("csv", "json"):
        result.write(tmp_path / f"rows.{ending}")
    assert len(pd.read_csv(tmp_path / "rows.csv")) == len(json.loads((tmp_path / "rows.json").read_text())["rows"])


def test_a_file_gives_back_how_robust_layers_are(trained):
    found = study(trained[0], evaluate, replace(PLAN, schemes=("rewind", "reinit"), doses=(1.0,)), initial=trained[1])
    assert found.robustness()
    assert read_study(found.to_bytes("parquet")).robustness() == found.robustness()


def changed(content: bytes, *, about=None, without=(), **columns) -> bytes:
    """The file with other metadata or columns."""
    table = pq.read_table(pa.BufferReader(content)).drop_columns(list(without))
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(values * table.num_rows))
    metadata = dict(table.schema.metadata)
    if about is not None:
        metadata[b"study"] = about(metadata[b"study"])
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata({key: value for key, value in metadata.items() if value is not None}), sink
    )
    return sink.getvalue().to_pybytes()


def with_values(**values):
    return lambda text: json.dumps(json.loads(text) | values).encode()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"about": lambda _: None}, "holds no study"),
        ({"about": lambda text: text[:-9]}, "holds what no study can"),
        ({"about": lambda _: b"[" * 100_000}, "holds what no study can"),
        ({"about": with_values(format=2)}, "another version"),
        ({"about": with_values(plan={"seeds": -1})}, "seeds"),
        ({"about": with_values(layers={"first": [1, "far", None]})}, "layers is of another kind"),
        ({"about": with_values(layers={"first": [1, "", None]})}, "layers is of another kind"),
        ({"about": with_values(layers={"first": [1, 10**400, None]})}, "holds what no study can"),
        ({"about": with_values(planned=10**400)}, "planned is of another kind"),
        ({"about": with_values(metric="speed")}, "no column validation_speed"),
        ({"without": ["validation_forgetting"]}, "no column validation_forgetting"),
        ({"chance": [None]}, "column chance"),
        ({"seed": [0]}, "several rows are of one variant"),
        ({"about": with_values(title="x" * 1_001)}, "title is of another kind"),
        ({"about": with_values(more=1)}, "a value is of another kind"),
        ({"about": with_values(reviews={"validation": 7})}, "hits"),
        ({"layers": ["elsewhere"]}, "elsewhere"),
        ({"layers": ["*i*r*s*t"]}, "column layers"),
        ({"layers": ["<script>" * 20_000]}, "column layers"),
        ({"scheme": ["normal"]}, "not in the plan"),
        ({"planned_dose": [0.3]}, "not in the plan"),
        ({"seed": [-1]}, "column seed"),
        ({"validation_accuracy": [float("inf")]}, "column validation_accuracy"),
        ({"validation_accuracy": ["high"]}, "holds what no study can"),
        ({"missing": [None]}, "column missing"),
    ],
)
def test_a_hostile_file_is_refused(result, change, message):
    with pytest.raises(DataError, match=message):
        read_study(changed(result.to_bytes("parquet"), **change))


def test_what_is_no_parquet_file_is_refused(result, tmp_path, monkeypatch):
    for content in (b"", b"PAR1", result.to_bytes("parquet")[:-99], result.to_bytes("csv")):
        with pytest.raises(DataError, match="is damaged"):
            read_study(content)
    with pytest.raises(DataError, match="cannot be read"):
        read_study(tmp_path / "none.parquet")
    monkeypatch.setenv("FORGETTING_LIMITS", "variants=5")
    with pytest.raises(DataError, match="at most 5 variants"):
        read_study(result.to_bytes("parquet"))
