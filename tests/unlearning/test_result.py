"""Tables of an unlearning comparison against rows made by hand, numpy's quantiles and files read back."""

import io
import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from forgetting.core.errors import RecipeError
from forgetting.model.settings import ModelSettings
from forgetting.randomization.settings import Randomization
from forgetting.recipe.forget import Forget, Unlearning
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.unlearning.forget_set import make_forget_sets
from forgetting.unlearning.indistinguishability import indistinguishability
from forgetting.unlearning.result import UnlearningResult
from forgetting.unlearning.row import MODEL_METRICS, PAIR_METRICS, UNLEARNING_METRICS, UnlearningRow

KINDS = ("csv", "parquet", "json")
INTERVALS = ("forget_accuracy", "retain_accuracy", "validation_accuracy", "attack_auc", "attack_tpr")
RECIPE = Recipe(
    model=ModelSettings(hidden=(5,)),
    forget=Forget(share=0.3),
    unlearning=Unlearning(methods=("retrain", "fine_tune", "broken"), seeds=6),
)


def row(method: str, seed: int, reviews: int = 13, **changes) -> UnlearningRow:
    """Figures drawn from the method and the seed."""
    numbers = np.random.default_rng([seed, *map(ord, method)])
    figures = {name: float(numbers.random()) for name in UNLEARNING_METRICS}
    retrained = {name: float(numbers.random()) for name in MODEL_METRICS}
    intervals = {
        (name, whose): (float(numbers.random()) / 2, 0.5 + float(numbers.random()) / 2)
        for name in INTERVALS
        for whose in ("unlearned", "retrained")
    }
    chances = {whose: numbers.uniform(0.01, 0.99, reviews) for whose in ("original", "unlearned", "retrained")}
    losses = {
        whose: {name: numbers.random(count).astype(np.float32) for name, count in SIZES.items()}
        for whose in ("unlearned", "retrained")
    }
    confidence = {whose: np.log(p / (1 - p)) for whose, p in chances.items()}
    kept = {"probabilities": chances, "losses": losses, "confidence": confidence}
    made = UnlearningRow(
        method, seed, figures, retrained, intervals, over_forgets=bool(seed % 2), remembers=seed < 2, **kept
    )
    return replace(made, **changes)


SIZES = {"forget": 13, "retain": 28, "non_members": 9}


def without(made: UnlearningRow, **reasons: str) -> UnlearningRow:
    """The row with some figures missing; "retrained_…" of the retrained model."""
    own, retrained = dict(made.metrics), dict(made.retrained)
    for name in reasons:
        values = retrained if name.startswith("retrained_") else own
        values[name.removeprefix("retrained_")] = None
    return replace(made, metrics=own, retrained=retrained, missing=made.missing | reasons)


def broken(seed: int, reason="it broke") -> UnlearningRow:
    retrained = row("broken", seed).retrained | {"relearn_steps": None}
    return UnlearningRow(
        "broken", seed, dict.fromkeys(UNLEARNING_METRICS), retrained, missing=dict.fromkeys(UNLEARNING_METRICS, reason)
    )


@pytest.fixture(scope="module")
def sets(small_split):
    return make_forget_sets(small_split, RECIPE.forget)


def of(sets, *rows: UnlearningRow, recipe=RECIPE) -> UnlearningResult:
    return UnlearningResult(recipe, sets, rows, 14, 18)


@pytest.fixture(scope="module")
def result(sets) -> UnlearningResult:
    """Rows of six seeds; some figures are missing, and one method always fails."""
    rows = []
    for seed in range(6):
        rows += [row("retrain", seed), row("fine_tune", seed), broken(seed)]
    rows[1] = without(rows[1], attack_tpr="too few", anamnesis="never")
    rows[4] = without(rows[4], retrained_attack_auc="not this one", anamnesis="never")
    rows[7] = replace(without(rows[7], anamnesis="diverged"), over_forgets=None)
    return of(sets, *rows)


# What the sets say.


def test_chance_and_the_largest_class_by_hand(result, sets, small_split):
    labels = np.array(small_split.reviews.labels)
    assert result.chance == 1 / 3
    kept, lost = labels[sets.retain.rows], labels[sets.forget.rows]
    names, counts = np.unique(kept, return_counts=True)
    largest = names[counts.argmax()]
    assert largest == "red"
    assert result.majority == pytest.approx(
        {
            "forget": (lost == largest).mean(),
            "retain": counts.max() / len(kept),
            "validation": (labels[small_split.validation.rows] == largest).mean(),
        }
    )


def test_of_a_forgotten_class_the_largest_is_one_of_the_others(small_split):
    """Of 54 reviews red are the most; white follow."""
    found = of(make_forget_sets(small_split, Forget(by="class", label="red")))
    white = small_split.classes.index("white")
    assert found.majority["forget"] == 0
    assert found.majority["retain"] == (found.sets.retain.targets == white).double().mean()
    assert found.chance == 1 / 3


def test_how_many_reviews_each_set_has(result, sets, small_split):
    assert result.reviews == {
        "forget": len(sets.forget.rows),
        "retain": len(sets.retain.rows),
        "validation": len(small_split.validation.rows),
        "non_members": len(sets.non_members.rows),
    }
    assert result.reviews["forget"] + result.reviews["retain"] == len(small_split.training)


# The frame.


def check_table(table: pd.DataFrame, result: UnlearningResult):
    assert len(table) == len(result.rows)
    for line, made in zip(table.to_dict("records"), result.rows, strict=True):
        expected = {"method": made.method, "seed": made.seed, "chance": result.chance}
        expected |= made.metrics | {f"retrained_{name}": value for name, value in made.retrained.items()}
        for name in UNLEARNING_METRICS:
            own, reference = made.metrics[name], made.retrained[name] if name in MODEL_METRICS else PAIR_METRICS[name]
            expected[f"gap_{name}"] = None if own is None or reference is None else own - reference
        for name in INTERVALS:
            low, high = made.intervals.get((name, "unlearned"), (None, None))
            expected |= {f"{name}_low": low, f"{name}_high": high}
        expected |= {f"{name}_majority": result.majority[name] for name in ("forget", "retain", "validation")}
        for name, value in expected.items():
            if value is None:
                assert pd.isna(line[name]), name
            else:
                assert line[name] == value, name
        text = "" if pd.isna(line["missing"]) else line["missing"]
        assert text == "; ".join(f"{name}: {reason}" for name, reason in made.missing.items())
        for name in ("over_forgets", "remembers"):
            found, known = line[name], getattr(made, name)
            assert pd.isna(found) if known is None else found == known
        assert {*expected, "missing", "over_forgets"} <= set(line)


def test_the_frame_is_the_rows(result):
    check_table(result.frame, result)
    columns = list(result.frame.columns)
    assert len(columns) == len(set(columns))
    assert columns[:2] == ["method", "seed"]
    assert columns[-1] == "missing"
    texts = ("method", "seed", "over_forgets", "remembers", "missing")
    assert {str(result.frame[name].dtype) for name in columns if name not in texts} == {"float64"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_comparison_without_rows_has_a_frame(result, kind):
    empty = replace(result, rows=())
    assert list(empty.frame.columns) == list(result.frame.columns)
    assert len(empty.frame) == len(empty.gaps) == 0
    assert list(empty.gaps.columns) == list(result.gaps.columns)
    assert empty.to_bytes(kind)
    assert empty.indistinguishable == {}
    assert empty.losses("retrain") == {}
    assert empty.over_forgets("retrain") is None


# Gaps over seeds.


def lines_of(result) -> dict[tuple[str, str], dict]:
    return {(line["method"], line["metric"]): line for line in result.gaps.to_dict("records")}


def three(values) -> list[float]:
    return [np.median(values), np.percentile(values, 5), np.percentile(values, 95)] if values else [math.nan] * 3


def test_gaps_are_medians_and_quantiles(result):
    lines = lines_of(result)
    assert list(lines) == [
        (name, figure) for name in ("retrain", "fine_tune", "broken") for figure in UNLEARNING_METRICS
    ]
    for (name, figure), line in lines.items():
        rows = [made for made in result.rows if made.method == name]
        own = [made.metrics[figure] for made in rows]
        other = [made.retrained[figure] if figure in MODEL_METRICS else None for made in rows]
        ideal = [PAIR_METRICS[figure]] * 6 if figure in PAIR_METRICS else other
        away = [a - b for a, b in zip(own, ideal, strict=True) if None not in (a, b)]
        own, other = ([value for value in values if value is not None] for values in (own, other))
        assert [line["value"], line["low"], line["high"]] == pytest.approx(three(own), nan_ok=True)
        assert [line["gap"], line["gap_low"], line["gap_high"]] == pytest.approx(three(away), nan_ok=True)
        assert line["retrained"] == pytest.approx(three(other)[0], nan_ok=True)
        assert line["seeds"] == len(own)


def test_gaps_of_known_figures(sets):
    values, others = (0.1, 0.4, 0.2), (0.5, 0.1, 0.2)
    rows = []
    for seed, (own, reference) in enumerate(zip(values, others, strict=True)):
        made = row("fine_tune", seed)
        changes = {"metrics": made.metrics | {"forget_accuracy": own, "tow": own}}
        rows.append(replace(made, **changes, retrained=made.retrained | {"forget_accuracy": reference}))
    lines = lines_of(of(sets, *rows))
    line = lines["fine_tune", "forget_accuracy"]
    assert [line[name] for name in ("value", "retrained", "gap")] == pytest.approx([0.2, 0.2, 0])
    assert [line[name] for name in ("low", "high")] == pytest.approx([0.11, 0.38])
    assert [line[name] for name in ("gap_low", "gap_high")] == pytest.approx([-0.36, 0.27])
    line = lines["fine_tune", "tow"]
    assert [line[name] for name in ("value", "gap")] == pytest.approx([0.2, -0.8])
    assert math.isnan(line["retrained"])


def test_a_figure_that_no_seed_has_is_missing_with_the_most_frequent_reason(result, sets):
    lines = lines_of(result)
    assert {lines["broken", figure]["missing"] for figure in UNLEARNING_METRICS} == {"it broke"}
    assert lines["fine_tune", "anamnesis"]["missing"] == ""  # three seeds have it
    assert lines["fine_tune", "anamnesis"]["seeds"] == 3
    found = of(sets, *(broken(seed, reason) for seed, reason in enumerate(["one", "two", "two", "three"])))
    assert lines_of(found)["broken", "tow"]["missing"] == "two"
    tied = of(sets, *(broken(seed, reason) for seed, reason in enumerate(["one", "two", "two", "one"])))
    assert lines_of(tied)["broken", "tow"]["missing"] == "one"


def test_a_gap_that_no_seed_has_tells_why(sets):
    """The figure is there, its gap is not, and the reason is that of the retrained model."""
    rows = [without(row("fine_tune", seed), retrained_relearn_steps="never reached") for seed in range(3)]
    line = lines_of(of(sets, *rows))["fine_tune", "relearn_steps"]
    assert (line["seeds"], math.isnan(line["gap"]), math.isnan(line["value"])) == (3, True, False)
    assert "never reached" in line["missing"]


# Review by review.


def test_indistinguishable_is_that_of_stacked_confidences(result):
    assert set(result.indistinguishable) == {"retrain", "fine_tune", "broken"}
    for name in ("retrain", "fine_tune"):
        own = [made for made in result.rows if made.method == name]
        sides = [np.vstack([made.confidence[whose] for made in own]) for whose in ("unlearned", "retrained")]
        expected, found = indistinguishability(*sides), result.indistinguishable[name]
        assert found.models == (6, 6)
        assert (found.score, found.limit, found.by_luck) == (expected.score, expected.limit, expected.by_luck)
        np.testing.assert_array_equal(found.epsilons, expected.epsilons)
        assert 0 < found.score <= 1
    failed = result.indistinguishable["broken"]
    assert (failed.score, failed.models) == (None, (0, 0))
    assert "there are 0 unlearned" in failed.missing


def test_with_four_seeds_there_is_no_epsilon(result, sets):
    four = of(sets, *(made for made in result.rows if made.seed < 4))
    found = four.indistinguishable["fine_tune"]
    assert (found.score, found.epsilons, found.models) == (None, None, (4, 4))
    assert "at least 5 models" in found.missing
    table = four.forget_reviews("fine_tune")
    assert table["epsilon"].isna().all()
    assert table["unlearned"].notna().all()


def test_forgotten_reviews_with_medians_over_seeds(result, sets, small_split):
    import hashlib

    for name in ("retrain", "fine_tune"):
        table = result.forget_reviews(name)
        own = [made.probabilities for made in result.rows if made.method == name]
        for model in ("original", "unlearned", "retrained"):
            expected = [np.median([each[model][place] for each in own]) for place in range(13)]
            np.testing.assert_allclose(table[model], expected)
        np.testing.assert_allclose(table["gap"], table["unlearned"] - table["retrained"])
        np.testing.assert_array_equal(table["epsilon"], result.indistinguishable[name].epsilons)
        texts = [small_split.reviews.texts[place] for place in sets.forget.rows]
        assert list(table["review"]) == texts
        assert list(table["class"]) == [small_split.reviews.labels[place] for place in sets.forget.rows]
        assert list(table["key"]) == [hashlib.sha256(text.encode()).hexdigest()[:12] for text in texts]
        columns = ["key", "class", "original", "unlearned", "retrained", "gap", "epsilon", "review"]
        assert list(table.columns) == columns


def test_forgotten_reviews_of_a_method_that_failed(result):
    for name in ("broken", "ghost"):
        table = result.forget_reviews(name)
        assert len(table) == 13
        for column in ("original", "unlearned", "retrained", "gap", "epsilon"):
            assert table[column].isna().all()
        assert (table["review"].str.len() > 0).all()


def test_a_long_review_is_cut(result, small_split):
    long = tuple(text + " é" * 300 for text in small_split.reviews.texts)
    retained = replace(result.sets.retain_split, reviews=replace(small_split.reviews, texts=long))
    found = replace(result, sets=replace(result.sets, retain_split=retained)).forget_reviews("retrain")
    assert set(found["review"].str.len()) == {400}
    assert found["key"].nunique() == len({long[place] for place in result.sets.forget.rows})
    assert list(found["review"]) == [long[place][:400] for place in result.sets.forget.rows]


@pytest.mark.parametrize("whose", ["unlearned", "retrained"])
def test_losses_are_those_of_all_seeds(result, whose):
    found = result.losses("fine_tune", whose)
    own = [made for made in result.rows if made.method == "fine_tune"]
    assert {name: len(values) for name, values in found.items()} == {name: 6 * n for name, n in SIZES.items()}
    for name, count in SIZES.items():
        for place, made in enumerate(own):
            np.testing.assert_array_equal(found[name][place * count : (place + 1) * count], made.losses[whose][name])
    assert result.losses("broken", whose) == {}


# Files.


def counts_of(result) -> dict[str, int]:
    """The columns that say how many reviews each set has."""
    columns = {"forget": "forget_reviews", "retain": "retain_reviews", "validation": "validation_reviews"}
    columns["non_members"] = "non_member_reviews"
    return {columns[name]: count for name, count in result.reviews.items()}


def test_csv_reads_back(result):
    content = result.to_bytes("csv")
    table = pd.read_csv(io.BytesIO(content), dtype={"data_sha256": str})
    check_table(table, result)
    assert set(table["recipe_hash"]) == {result.recipe.hash}
    assert set(table["data_sha256"]) == {"5" * 64}
    assert (set(table["epochs_trained"]), set(table["rows_planned"])) == ({14}, {18})
    for name, count in counts_of(result).items():
        assert set(table[name]) == {count}
    assert b"\r" not in content
    assert content.count(b"\n") == len(result.rows) + 1


def test_parquet_reads_back_with_its_recipe(result):
    content = result.to_bytes("parquet")
    table = pd.read_parquet(io.BytesIO(content))
    check_table(table, result)
    texts = pq.read_schema(io.BytesIO(content)).metadata
    assert Recipe.from_json(texts[b"recipe"].decode()) == result.recipe
    assert texts[b"data_sha256"].decode() == "5" * 64
    assert (texts[b"epochs_trained"], texts[b"rows_planned"]) == (b"14", b"18")
    for name, count in counts_of(result).items():
        assert int(texts[name.encode()]) == count


def test_json_reads_back_with_its_recipe(result):
    read = json.loads(result.to_bytes("json"), parse_constant=pytest.fail)  # NaN and Infinity are no JSON
    assert Recipe.from_dict(read["recipe"]) == result.recipe
    assert (read["data_sha256"], read["epochs_trained"], read["rows_planned"]) == ("5" * 64, 14, 18)
    for line, made in zip(read["rows"], result.rows, strict=True):
        assert {name: line[name] for name in UNLEARNING_METRICS} == made.metrics
        assert {name: line[f"retrained_{name}"] for name in MODEL_METRICS} == made.retrained
        assert {name: line[f"gap_{name}"] for name in UNLEARNING_METRICS} == {
            name: made.gap(name) for name in UNLEARNING_METRICS
        }
        assert line["over_forgets"] is made.over_forgets
    for name, count in counts_of(result).items():
        assert read[name] == count


@pytest.mark.parametrize(
    ("votes", "kind"),
    [((None, None), "csv"), ((None, None), "parquet"), ((True, None), "parquet"), ((True, None), "json")],
)
def test_what_cannot_be_told_of_over_forgetting_reads_back(sets, votes, kind):
    found = of(sets, *(row("fine_tune", seed, over_forgets=vote) for seed, vote in enumerate(votes)))
    content = found.to_bytes(kind)
    if kind == "json":
        table = pd.DataFrame(json.loads(content)["rows"])
    else:
        table = pd.read_csv(io.BytesIO(content)) if kind == "csv" else pd.read_parquet(io.BytesIO(content))
    for value, vote in zip(table["over_forgets"], votes, strict=True):
        assert pd.isna(value) if vote is None else value == vote


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_does_not_depend_on_what_other_pages_choose(result, kind):
    """What is randomized on the Forget page, and the plans of other studies, are no part of it."""
    chosen = replace(
        result.recipe,
        randomization=Randomization(("fc1",), 0.3, "zero"),
        sweep=Sweep(seeds=3),
        relearning=Relearning(seeds=2),
    )
    assert replace(result, recipe=replace(result.recipe, seed=3)).to_bytes(kind) != result.to_bytes(kind)
    assert replace(result, recipe=chosen).to_bytes(kind) == result.to_bytes(kind)


@pytest.mark.parametrize("name", ["rows.parquet", "ROWS.JSON"])
def test_a_file_is_written_by_its_ending(result, name, tmp_path):
    result.write(tmp_path / name)
    result.write(str(tmp_path / f"again {name}"))
    expected = result.to_bytes(name.lower().split(".")[-1])
    assert (tmp_path / name).read_bytes() == (tmp_path / f"again {name}").read_bytes() == expected
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["rows.xlsx"])
def test_an_unknown_ending_is_refused_and_nothing_written(result, name, tmp_path):
    with pytest.raises(RecipeError, match=r"written as csv, parquet or json; got '.*'\. Choose one"):
        result.write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_where_it_cannot_be_written_what_is_there_is_kept(result, tmp_path):
    with pytest.raises(RecipeError, match="cannot be written: No such file or directory"):
        result.write(tmp_path / "nowhere" / "rows.csv")
    (tmp_path / "rows.csv").mkdir()
    with pytest.raises(RecipeError, match="cannot be written"):
        result.write(tmp_path / "rows.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["rows.csv"]


# What the choice of layers is worth.


def chosen(method: str, seed: int, hits: dict[str, list[float]], steps: int) -> UnlearningRow:
    """A row that has these shares of 40 reviews right; the retrained model has 0, 1 and 0.8, and takes 30 steps."""

    def right(share: float) -> np.ndarray:
        return np.arange(40) < round(40 * share)

    made = row(method, seed)
    names = ("forget", "retain", "validation")
    both = {
        "unlearned": {name: right(hits[name][seed]) for name in names},
        "retrained": {name: right(share) for name, share in zip(names, (0.0, 1.0, 0.8), strict=True)},
    }
    metrics = made.metrics | {"relearn_steps": steps, "tow": 0.5}
    return replace(made, hits=both, metrics=metrics, retrained=made.retrained | {"relearn_steps": 30})


ALIKE = {"forget": [0.0] * 4, "retain": [1.0] * 4, "validation": [0.8] * 4}
FAR = {"forget": [0.5, 0.55, 0.5, 0.45], "retain": [1.0] * 4, "validation": [0.8] * 4}


def test_a_choice_of_layers_is_held_against_all_and_random_ones_by_hand(sets):
    steps = {
        "randomize_and_repair": [20, 21, 22, 20],
        "repair_all_layers": [10, 11, 9, 10],
        "repair_random_layer": [20, 22, 21, 20],
    }
    hits = {"randomize_and_repair": ALIKE, "repair_all_layers": FAR, "repair_random_layer": ALIKE}
    rows = [chosen(name, seed, hits[name], steps[name][seed]) for name in steps for seed in range(4)]
    found = {(each.method, each.metric): each for each in of(sets, *rows).choice}
    assert set(found) == {(name, metric) for name in list(steps)[1:] for metric in ("tow", "relearn_steps")}
    # ToW: 1 for the chosen ones; 1 − 0.5, 1 − 0.55 … for those that are far.
    assert found["repair_all_layers", "tow"].change.change == pytest.approx(1 - np.mean([0.5, 0.45, 0.5, 0.55]))
    assert found["repair_all_layers", "relearn_steps"].change.change == pytest.approx(10.75)
    for each in found.values():
        inside = each.change.low <= 0 <= each.change.high
        assert each.conclusion == ("open" if inside else "nearer")
    assert {key: each.conclusion for key, each in found.items()} == {
        ("repair_all_layers", "tow"): "nearer",
        ("repair_all_layers", "relearn_steps"): "nearer",
        ("repair_random_layer", "tow"): "open",
        ("repair_random_layer", "relearn_steps"): "open",
    }
    longer = [
        replace(each, retrained=each.retrained | {"relearn_steps": 12}) for each in rows
    ]  # up to which steps count, so that these are 12 − 10, 12 − 11, 12 − 9 and 12 − 10
    found = {(each.method, each.metric): each.change.change for each in of(sets, *longer).choice}
    assert found["repair_all_layers", "relearn_steps"] == 2
    assert found["repair_random_layer", "relearn_steps"] == 0
    steps["randomize_and_repair"] = [1, 2, 1, 2]
    worse = [chosen(name, seed, hits[name], steps[name][seed]) for name in steps for seed in range(4)]
    assert {each.conclusion for each in of(sets, *worse).choice if each.metric == "relearn_steps"} == {"less near"}


def test_without_the_methods_beside_it_a_choice_is_worth_nothing(sets):
    assert of(sets, chosen("randomize_and_repair", 0, ALIKE, 3)).choice == ()
    assert of(sets, chosen("repair_all_layers", 0, ALIKE, 3)).choice == ()
