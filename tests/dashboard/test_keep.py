"""“Save and cite”: experiments are saved and opened again, and the code, the command and the link of a page are run."""

import json
import shlex
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from app_pages import MARKS, PAGES, QUICK, app, go, own_file, page_text, press, run, uploading
from study_pages import mine, tables, trained

from forgetting.cli import commands
from forgetting.dashboard.state.models import is_pretrained
from forgetting.dashboard.state.work import advance_study
from forgetting.dashboard.studies.sweep import DOSE_CURVES
from forgetting.dashboard.ui.browser_component import component_name
from forgetting.dashboard.ui.own_review import KEY_OF_REVIEW
from forgetting.dashboard.views import experiment
from forgetting.dashboard.views.activations import FOUND_MAPS
from forgetting.experiment.pipeline import prepare
from forgetting.experiment.saved import model_bytes
from forgetting.metrics.baselines import compute_baselines
from forgetting.recipe.recipe import MODERN, OPENING
from forgetting.tracking.code import command_line, python_code
from forgetting.tracking.experiment_check import describe_reproduction
from forgetting.tracking.experiment_file import ExperimentFile, ExperimentResult, experiment_bytes, read_experiment
from forgetting.tracking.page_state import MODEL_FILE, ROWS_FILE, PageState
from forgetting.tracking.run_records import comparison_run, study_run, training_run

SWEEP = QUICK | {"sweep.doses": "0,0.5,1", "sweep.seeds": "2"}
EXPLAIN = QUICK | {"explanation.doses": "0.5,1", "explanation.seeds": "1", "explanation.attributions": "occlusion"}
RELEARN = QUICK | {
    "relearning.epochs": "3",
    "relearning.seeds": "1",
    "relearning.doses": "1",
    "relearning.layers": "each",
}
UNLEARN = QUICK | {
    "unlearning.seeds": "1",
    "unlearning.epochs": "2",
    "unlearning.relearn_epochs": "3",
    "unlearning.methods": "retrain,fine_tune",
}
DRAWN = {"randomization.layers": "fc1", "randomization.fraction": "0.6", "randomization.scheme": "reinit"}
STATES = {  # five states a page: the tab, the kind of study that it shows, and the settings
    "overview": [
        ("", "", QUICK | DRAWN),
        ("", "", QUICK | DRAWN | {"randomization.unit": "neuron", "randomization.seed": "3"}),
        ("", "", QUICK | {"training.learning_rate": "0.02", "model.hidden": "16,8", "randomization.layers": "fc2"}),
        ("", "", QUICK | {"split.seed": "4", "split.validation_share": "0.3", "data.min_reviews": "60"}),
        ("", "", QUICK | {"randomization.scheme": "noise", "randomization.scale": "0.7", "seed": "9"}),
    ],
    "data": [
        ("", "", QUICK),
        ("", "", QUICK | {"data.max_reviews": "200", "data.seed": "5"}),
        ("", "", QUICK | {"data.fold_labels": "0", "data.drop_duplicates": "0"}),
        ("", "", QUICK | {"data.missing": "Rosé,NA", "split.words": "characters"}),
        ("", "", QUICK | {"data.max_classes": "3", "split.test_share": "0.2"}),
    ],
    "train": [
        ("", "", QUICK),
        ("", "", {"training.epochs": "3", "training.batch_size": "100", "training.by_size": "0"}),
        ("", "", QUICK | {"split.stopping": "always", "training.patience": "2"}),
        ("", "", QUICK | {"training.optimizer": "adamw", "training.word_dropout": "0.2"}),
        ("", "", QUICK | {"split.sublinear_tf": "0", "split.max_words": "300", "training.label_smoothing": "0"}),
    ],
    "forget": [
        ("", "", QUICK | DRAWN),
        ("Dose–response", "", QUICK | DRAWN),
        ("A review", "", QUICK | DRAWN | {"review.text": "A crisp white with “lemon”\nand slate."}),
        ("Relearn", "", QUICK | {"randomization.unit": "word", "randomization.layers": "fc1"}),
        (
            "Weights",
            "",
            QUICK | {"randomization.unit": "word", "randomization.layers": "fc1", "randomization.words": "cherry,plum"},
        ),
    ],
    "layers": [
        ("Curves", "dose", SWEEP),
        ("Equal ‖ΔW‖", "change", SWEEP | {"sweep.schemes": "reinit"}),
        ("Robustness", "robustness", SWEEP),
        ("To unlearn", "layer_choice", SWEEP | {"sweep.layers": "each", "forget.by": "class", "forget.label": "Rosé"}),
        ("How sure?", "dose", SWEEP | {"sweep.retrain": "1", "sweep.layers": "all", "sweep.schemes": "zero"}),
        (
            "Words",
            "",
            QUICK | {"randomization.unit": "word", "randomization.words": "oak", "randomization.scheme": "rewind"},
        ),
    ],
    "explain": [
        ("Sanity check", "explanation", EXPLAIN),
        ("Sanity check", "explanation", EXPLAIN | {"explanation.scheme": "normal", "explanation.layers": "each"}),
        ("Similarity", "similarity", EXPLAIN | {"explanation.seeds": "2"}),
        ("Similarity", "similarity", EXPLAIN | {"explanation.layers": "all", "explanation.seed": "2"}),
        ("Map", "", QUICK | DRAWN | {"model.hidden": "16,8"}),
    ],
    "relearn": [
        ("This randomization", "learning_curves", RELEARN | DRAWN),
        (
            "This randomization",
            "learning_curves",
            RELEARN | {"relearning.retrain": "0", "relearning.target_share": "0.8"},
        ),
        ("Savings by fraction", "savings", RELEARN | {"relearning.retrain": "0"}),
        ("Savings by fraction", "savings", RELEARN | {"relearning.schemes": "zero", "relearning.layers": "fc2"}),
        ("Savings by fraction", "savings", RELEARN | {"relearning.splits": "2", "relearning.layers": "all"}),
    ],
    "unlearn": [
        ("Comparison", "unlearning", UNLEARN),
        ("Trade-off", "unlearning", UNLEARN | {"forget.share": "0.05", "forget.seed": "2"}),
        ("Attack", "unlearning", UNLEARN | {"forget.by": "class", "forget.label": "Rosé"}),
        ("Comparison", "unlearning", UNLEARN | {"unlearning.methods": "original,cf_k", "unlearning.seed": "3"}),
        ("Layers", "unlearning", UNLEARN | {"unlearning.methods": "retrain,gradient_ascent", "seed": "5"}),
    ],
    "story": [("", "", {"scene": str(number)}) for number in (1, 2, 3, 4, 5)],
}


PARTS, METRICS = ("training", "validation"), ("loss", "accuracy")
DETAILED = ("A review", "Relearn", "Map", "Words")  # tabs that show more of the two models than their metrics


def keep(test, part: str):
    """The dialog with a part open."""
    test.session_state.keep_view = part
    return press(test, "Save and cite")


def results_of(test) -> dict[str, ExperimentResult]:
    """What a page has computed, by kind."""
    _, results = test.session_state["experiment_results"]
    return {result.kind: result for result in results}


def run_code(code: str) -> dict:
    """Run the code of a page; returns its names."""
    names: dict = {}
    exec(compile(code, "code", "exec"), names)
    return names


def results_of_code(found: dict, kind: str) -> dict[str, ExperimentResult]:
    """What the code of a page has computed, by kind.

    Args:
        found: Its names.
        kind: The kind of study; "" for none.
    """
    result, recipe = found.get("result"), found["recipe"]
    split = found["split"] if "split" in found else prepare(recipe, found["reviews"])
    baselines = compute_baselines(split, recipe.training.objective)
    trained_model = found["trained"] if "trained" in found else result.trained  # noqa: SIM401
    runs = [training_run(recipe, split, trained_model, baselines)]
    if kind:
        runs.append(study_run(kind, result, trained_model, baselines))
    elif comparison := found.get("comparison") or getattr(result, "comparison", None):
        runs.append(comparison_run(recipe, split, trained_model, comparison, baselines))
    return {run.kind: ExperimentResult.of_run(run) for run in runs}


def shown(page: str, tab: str, kind: str, parameters: dict[str, str]):
    """A page with its model trained, and its study at its end."""
    test = trained(app("overview" if page == "train" else page, **parameters, **({"tab": tab} if tab else {})))
    if page == "train":
        go(test, page)
    if kind:
        if any(found.label == "Start" for found in test.button):
            press(test, "Start")
        while mine(test).studies[kind].running:  # all at once, as each run of a page draws all of it
            advance_study(mine(test).studies[kind], mine(test).notices, 60)
        run(test)
    return test


def look_closer(test, tab: str) -> dict:
    """What a tab shows of the two models besides, with a choice of its own made; see DETAILED."""
    if tab == "Relearn":
        test.number_input(key="relearn_epochs").set_value(4)
        press(run(test), "Relearn")
        mine(test).relearning.trainer.advance()
        run(test)
        return {"history": [(each.training, each.validation) for each in mine(test).relearning.trainer.history]}
    if tab == "Map":
        test.session_state.map_layer, test.session_state.map_part = "fc2", "training"
        run(test)
        return {"maps": [found.value for found in FOUND_MAPS.values]}
    if tab == "Words":
        test.selectbox(key="words_class").select("Rosé")
        table = next(table for table in tables(run(test)) if "influence" in table)
        return {"influence": dict(zip(table["word"], table["influence"], strict=True))}
    name = component_name(KEY_OF_REVIEW)
    (found,) = [item.proto for item in test.get("bidi_component") if item.proto.component_name == name]
    return json.loads(found.bytes)


def compare_details(tab: str, page: dict, names: dict, printed: dict) -> None:
    """The code and the command of a tab have what it shows besides."""
    if tab == "Relearn":
        assert [(each.training, each.validation) for each in names["trainer"].history] == page["history"]
        found = [[row[f"{part}_{name}"] for part in PARTS for name in METRICS] for row in printed["relearned"]]
        assert found == [[getattr(part, name) for part in parts for name in METRICS] for parts in page["history"]]
        assert len(found) == 4
    elif tab == "Map":
        points = np.hstack([names["result"].original, names["result"].randomized])
        assert any(np.array_equal(np.hstack([each.original, each.randomized]), points) for each in page["maps"])
        assert [list(row.values()) for row in printed["map"]] == points.tolist()
    elif tab == "Words":
        assert names["influence"] == page["influence"] == {r["word"]: r["influence"] for r in printed["influence"]}
        assert len(page["influence"]) == 20
    else:
        shares = {row["class"]: row for row in printed["review"]}
        words = {row["word"]: row for row in printed["review_words"]}
        for when, model in (("before", "original"), ("now", "randomized")):
            outcome, predicted = names["outcomes"][model], names["predictions"].models[model]
            assert [outcome.probabilities.tolist()] == predicted.probabilities.tolist()
            assert [row[model] for row in shares.values()] == outcome.probabilities.tolist()
            assert [row[model] for row in words.values()] == outcome.explained.tolist()
            assert page[when]["widths"] == [round(100 * shares[name][model], 2) for name in page["classes"]]
            marks = [float(mark.replace("−", "-")) for mark in page[when]["marks"]]
            assert marks == pytest.approx([words[name][model] for name in page["names"]], abs=0.0051)


def results_of_command(line: str, folder: Path, capsys) -> tuple[dict[str, ExperimentResult], dict]:
    """What the command of a page computes, by kind, as the experiment that it saves has it, and what it prints."""
    file = folder / "experiment.json"
    words = [str(folder / word) if word in (ROWS_FILE, MODEL_FILE) else word for word in shlex.split(line)[3:]]
    capsys.readouterr()
    as_json = ["--json"] * (words[0] == "run")
    commands.cli.main([*words, "--save-experiment", str(file), *as_json], standalone_mode=False)
    printed = json.loads(capsys.readouterr().out) if as_json else {}
    return {result.kind: result for result in read_experiment(file.read_bytes()).results}, printed


@pytest.mark.slow
@pytest.mark.parametrize("page", STATES)
def test_the_code_and_the_command_of_a_page_compute_what_it_shows(page, tmp_path, capsys, monkeypatch):
    states: list[PageState] = []  # that the dialog is drawn of
    draw = experiment.save_part
    monkeypatch.setattr(experiment, "save_part", lambda state, model: (states.append(state), draw(state, model)))
    for tab, kind, parameters in STATES[page]:
        test = shown(page, tab, kind, parameters)
        details = look_closer(test, tab) if tab in DETAILED else {}
        keep(test, "Save")
        names, line, there = run_code(python_code(states[-1])), command_line(states[-1]), results_of(test)
        if page == "data":  # which trains nothing
            classes = next(table for table in tables(test) if "class" in table).set_index("class")["reviews"]
            assert classes.to_dict() == dict(names["split"].reviews.counts)
            capsys.readouterr()
            commands.cli.main([*shlex.split(line)[3:], "--json"], standalone_mode=False)
            assert json.loads(capsys.readouterr().out)["data"]["classes"] == classes.to_dict()
            continue
        commanded, printed = {}, {}
        if parameters.get("scene", "1") == "1":
            commanded, printed = results_of_command(line, tmp_path, capsys)
        computed = results_of_code(names, kind)
        wanted = kind or ("training" if page == "train" else "comparison")
        assert wanted in computed or tab in ("Dose–response", "A review")
        assert wanted in commanded or not printed
        if details:
            compare_details(tab, details, names, printed)
        if tab == "Dose–response":  # which is computed once for all visitors
            assert any(names["result"].frame.equals(curve.result.frame) for curve in DOSE_CURVES.values)
        for name in commanded.keys() & computed.keys():
            assert commanded[name] == computed[name], line
        for name, result in computed.items():
            if is_pretrained(mine(test).trained_model):  # on another machine, perhaps
                assert describe_reproduction(there[name], result)[0]
            else:
                assert result == there[name], (page, tab, name)


@pytest.mark.parametrize("page", [page for page in PAGES if page != "story"])
def test_the_link_of_a_page_opens_its_settings_and_its_tab(page):
    parameters = QUICK | {"randomization.fraction": "0.25", "sweep.seeds": "3", "forget.label": "Rosé & <b>, c"}
    test = app(page, **parameters)
    recipe = mine(test).recipe
    test.session_state[f"{page}_view"] = tab = {"layers": "Words", "forget": "Classes"}.get(page, "")
    *_, link = keep(run(test), "Link").code
    address = urlsplit(link.value)
    assert address.path.strip("/") == ("" if page == "overview" else page)
    found = dict(parse_qsl(address.query, keep_blank_values=True))
    again = app(page, **found)
    assert mine(again).recipe == recipe
    assert not again.warning
    if tab:
        assert again.session_state[f"{page}_view"] == tab
        assert "tab" not in again.query_params


def test_the_dialog_shows_the_code_and_the_command():
    test = app("forget", **DRAWN)
    *_, code = keep(test, "Command").code
    python, module, program, *words = shlex.split(code.value)
    assert (python, module, program) == ("python", "-m", "forgetting")
    assert words[0] in commands.cli.commands
    assert [word for word in words if "=" in word] == [f"{name}={value}" for name, value in DRAWN.items()]
    test.session_state.keep_view = "Python"
    *_, code = run(test).code
    assert code.value == python_code(PageState(mine(test).recipe, "forget", epochs=100)).strip()


def opened(test, content: bytes, name: str = "mine.json"):
    """The page after a file was chosen in the dialog."""
    keep(test, "Open")
    test.file_uploader(key="experiment_file").upload(name, content, "application/json")
    return run(test)


def saved(test) -> bytes:
    """The file that the dialog offers."""
    keep(test, "Save")
    recipe, results = mine(test).recipe, tuple(results_of(test).values())
    return experiment_bytes(ExperimentFile(recipe, "synthetic sample", "0" * 64, "forget", "Classes", "", {}, results))


def test_an_experiment_is_opened_with_its_page_and_undone():
    content = saved(app("forget", **DRAWN))
    test = app("data")
    before = mine(test).recipe
    opened(test, content)
    assert mine(test).page == "forget"
    assert mine(test).recipe == replace(OPENING, randomization=replace(OPENING.randomization, fraction=0.6))
    assert test.session_state["forget_view"] == "Classes"
    said = page_text(test)
    assert "Before and after: all 22 metrics of the file are reproduced, bit for bit" in said
    assert "0" * 64 in said  # another file than the sample's
    press(test, "Close")
    assert "of the file" not in page_text(test)
    test.button(key="undo").click()
    run(test)
    assert mine(test).recipe == before


def test_an_experiment_of_the_first_tab_opens_the_first_tab():
    test = app("forget", **DRAWN)
    first = test.session_state["forget_view"]
    test.session_state["forget_view"] = "Classes"
    run(test)
    opened(test, experiment_bytes(ExperimentFile(mine(test).recipe, "s", "0" * 64, "forget")))
    assert test.session_state["forget_view"] == first


def test_another_number_is_said_beside_its_baseline():
    values = json.loads(saved(app("forget", **DRAWN)))
    values["results"][1]["metrics"][0]["value"] = 0.5
    test = opened(app("forget"), json.dumps(values).encode())
    said = page_text(test)
    assert "Before and after differs from the file" in said
    assert "in the file" in said
    assert "chance" in said


HOSTILE_NAME = "![x](http://127.0.0.1:9/x) <b>.json"


@pytest.mark.parametrize("content", [b"", b"{}", b"\0", b"[" * 10_000, b'{"format": "learning-to-forget experiment"}'])
def test_a_refused_file_changes_nothing(content):
    test = app("forget", **DRAWN)
    before, address = mine(test).recipe, dict(test.query_params)
    opened(test, content, HOSTILE_NAME)
    (error,) = test.error
    assert HOSTILE_NAME in error.value.translate(MARKS)
    assert "![" not in error.value
    assert (mine(test).recipe, dict(test.query_params)) == (before, address)
    assert mine(test).trained_model is not None


def test_an_experiment_waits_for_its_file():
    test = trained(uploading(name="first.csv"))
    keep(test, "Save")
    recipe = mine(test).recipe
    digest = recipe.data.sha256
    content = experiment_bytes(ExperimentFile(recipe, "first.csv", digest, "data"))
    other = opened(app("data"), content)
    assert f"waits for its reviews: 'first.csv', SHA-256 {digest}" in page_text(other)
    other.file_uploader(key="upload").upload("renamed.csv", own_file().encode())
    run(other)
    assert mine(other).recipe == recipe.with_value("data.file", "renamed.csv")
    assert "waits for its reviews" not in page_text(other)


@pytest.mark.slow
@pytest.mark.parametrize("page", ["forget", "layers"])
def test_a_model_that_is_not_the_recipes_is_said_and_loaded(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    test = app("train", **DRAWN)
    for label in ("Reset", "One step", "One step"):
        press(test, label)
    go(test, page)
    keep(test, "Python")
    *_, code = test.code
    assert "trained for 2 epochs of 100 (2 steps)" in code.value
    model = mine(test).trained_model
    Path("model.safetensors").write_bytes(model_bytes(model.recipe, model.split, model.trained))
    names = run_code(code.value.replace("result = run_sweep", "result = None and run_sweep").partition("print(")[0])
    assert names["trained"].steps == 2
    test.session_state.keep_view = "Save"
    there = results_of(run(test))
    split, recipe = names["split"], names["recipe"]
    baselines = compute_baselines(split, recipe.training.objective)
    assert ExperimentResult.of_run(training_run(recipe, split, names["trained"], baselines)) == there["training"]
    content = experiment_bytes(ExperimentFile(mine(test).recipe, "s", "0" * 64, page, model="a model of 2 steps"))
    assert "Its numbers are of a model of 2 steps, which is not in the file" in page_text(opened(app("data"), content))


def test_an_experiment_is_opened_from_the_story():
    test = opened(app("story"), saved(app("forget", **DRAWN)))
    assert mine(test).page == "forget"
    assert mine(test).recipe.randomization.fraction == 0.6
    keep(app("story"), "Save")


def test_what_is_saved_again_is_the_same_file():
    test = app("forget", **DRAWN)
    keep(test, "Save")
    first = results_of(test)
    content = experiment_bytes(
        ExperimentFile(mine(test).recipe, "s", "0" * 64, "forget", results=tuple(first.values()))
    )
    again = opened(app("method"), content)
    keep(again, "Save")
    assert results_of(again) == first
    assert read_experiment(content).recipe == mine(again).recipe != MODERN
