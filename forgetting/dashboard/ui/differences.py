"""In what a trained model, or a training run, differs from what the recipe now asks for."""

from dataclasses import replace

from forgetting.dashboard.state import models
from forgetting.dashboard.state.session import LEAVES, TrainedModel, TrainingRun, session, source_name
from forgetting.recipe.recipe import PROTOCOLS, Recipe
from forgetting.reporting.changes import describe_changes


def name_reviews(recipe: Recipe) -> str:
    """The reviews of a recipe within a sentence."""
    name = source_name(recipe)
    return name if recipe.data.source == "file" else f"the {name}"


def name_preset(recipe: Recipe) -> str:
    """The preset that a recipe for training comes from, such as "modern", or "modern, changed".

    Another kind of network is no change of the preset, as its button says, too.
    """
    preset = PROTOCOLS[recipe.protocol]
    model = replace(preset.model, kind=recipe.model.kind)
    preset = replace(preset, reading=recipe.reading, data=recipe.data, model=model)
    return recipe.protocol + (", changed" if recipe.for_training() != preset.for_training() else "")


def has_other_reviews(trained: TrainedModel | TrainingRun) -> bool:
    """Whether a model was trained on another file than the recipe names."""
    return trained.sha256 != models.find_recipe_digest(session().inputs)


def changed_settings(trained: TrainedModel | TrainingRun) -> set[str]:
    """The dotted names of the settings that a model depends on, and had other values when it was trained."""
    before, now = _before_and_now(trained)
    return {name for name in LEAVES if before.value(name) != now.value(name)}


def describe_difference(trained: TrainedModel | TrainingRun) -> str:
    """What a model is of that is not of the recipe, such as "the synthetic sample, not of mine.csv"."""
    recipe = session().recipe
    if has_other_reviews(trained):
        return f"{name_reviews(trained.recipe)}, not of {name_reviews(recipe)}"
    if trained.recipe.protocol != recipe.protocol:
        return f"the {trained.recipe.protocol} protocol, not of the {recipe.protocol} one"
    return f"other settings: {describe_changes(*_before_and_now(trained), most=3)}"


def _before_and_now(trained: TrainedModel | TrainingRun) -> tuple[Recipe, Recipe]:
    """What a model depends on, but for the file: as it was when it was trained, and as the session has it."""
    before, now = trained.recipe.for_training(), session().recipe.for_training()
    file = {name: getattr(now.data, name) for name in ("source", "file", "sha256")}
    return replace(before, data=replace(before.data, **file)), now
