"""Commands for what pages show besides: the reviews as they were read, robustness, and similarity."""

from dataclasses import asdict
from pathlib import Path

import click

from forgetting.cli.options import (
    JSON_HELP,
    as_json_text,
    check_out,
    input_options,
    load_reviews,
    make_recipe,
    out_option,
    plan_settings,
    study_recipe,
)
from forgetting.cli.output import say
from forgetting.cli.tables import format_data
from forgetting.cli.work import Studied, compute_rows, show_rows, train_model
from forgetting.experiment.pipeline import prepare
from forgetting.experiment.saved import SavedModel
from forgetting.metrics.baselines import compute_baselines
from forgetting.reporting.activations import describe_similarity
from forgetting.reporting.dose_response import describe_robustness
from forgetting.studies.explanation import check_explanation
from forgetting.studies.layer_robustness import measure_distances, robustness_of_rows
from forgetting.studies.robustness_plans import join_plans, plan_robustness, robustness_slices
from forgetting.studies.similarity import count_rows, make_similarity_result, similarity_slices
from forgetting.studies.sweep import SweepResult, check_sweep_plan


@click.command("data")
@input_options
@click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
def data_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, as_json: bool, **options
) -> None:
    """Show how the reviews were read and split, and what trivial models reach on them."""
    recipe, reviews = load_reviews(data, make_recipe(recipe_file, None, options, saved))
    split = prepare(recipe, reviews)
    baselines = compute_baselines(split, recipe.training.objective)
    if not as_json:
        say(format_data(split, baselines))
        return
    values = {
        "recipe": recipe.to_dict(),
        "data": {"source": reviews.report.source, "sha256": reviews.sha256, "classes": dict(split.reviews.counts)},
        "columns": {name: getattr(reviews.report, name) for name in ("text", "label")},
        "parts": {name: len(part) for name, part in split.parts.items()},
        "words": len(split.words),
        "tokenizer": asdict(split.tokenizer),
        "baselines": asdict(baselines),
    }
    say(as_json_text(values))


@click.command("robustness")
@input_options
@click.option("--seeds", type=int, help="Number of replicates of the re-randomization.  [10]")
@click.option("--seed", type=int, help="Seed of the initial weights and of training.")
@out_option
def robustness_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, out: Path, **options
) -> None:
    """Set each layer back to before training, and draw each anew: which layers are critical, and which are robust."""
    check_out(out)
    recipe = study_recipe(recipe_file, options, saved, sweep=plan_settings(options, seeds="seeds"))
    plans = plan_robustness(recipe.sweep, recipe.model.layers)
    for plan in plans:
        check_sweep_plan(recipe, plan, recipe.model.layers)
    recipe, split, trained = train_model(recipe, data, saved)
    plan, planned = join_plans(plans), sum(each.count(recipe.model.layers) for each in plans)
    epochs = len(trained.history)

    def make_result(rows: list) -> SweepResult:
        return SweepResult(plan, tuple(rows), recipe, split.reviews.sha256, epochs, planned)

    result = compute_rows("Variants", robustness_slices(trained, split, recipe), planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    hollow = bool(studied.hollow)
    layers = robustness_of_rows(result.rows, plan, measure_distances(trained.model, trained.initial))
    sentence = describe_robustness(layers, baselines, "of this model", hollow=hollow)
    show_rows("robustness", sentence, result, studied)


@click.command("similarity")
@input_options
@click.option("--seeds", type=int, help="Number of replicates, each with a model trained anew.  [5]")
@click.option("--seed", type=int, help="Seed of the initial weights and of training.")
@out_option
def similarity_command(
    data: Path | None, saved: SavedModel | None, recipe_file: Path | None, out: Path, **options
) -> None:
    """Compare what each layer makes of reviews before and after, beside independently trained models (CKA)."""
    check_out(out)
    recipe = study_recipe(recipe_file, options, saved, explanation=plan_settings(options, seeds="seeds"))
    plan, layers = recipe.explanation, recipe.model.layers
    check_explanation(recipe, plan, layers)
    recipe, split, trained = train_model(recipe, data, saved)
    planned = count_rows(plan, layers)

    def make_result(rows: list):
        return make_similarity_result(rows, split, plan, recipe, planned, layers, len(trained.history))

    slices = similarity_slices(trained, split, plan, recipe=recipe)
    result = compute_rows("Models", slices, planned, make_result, out)
    baselines = compute_baselines(split, recipe.training.objective, svc_limit=0)
    studied = Studied(recipe, split, trained, baselines, saved, out, options)
    hollow = bool(studied.hollow)
    sentence = describe_similarity(result, hollow=hollow)
    show_rows("similarity", sentence, result, studied)
