"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "core.errors": ("DataError", "ForgettingError", "ModelError", "RecipeError", "WorkersError"),
        "data.download": ("fetch_wine_reviews",),
        "data.reviews": ("Reviews", "review_key"),
        "data.sample": ("load_sample",),
        "data.tables": ("read_reviews",),
        "experiment.loading": ("load_model",),
        "experiment.pipeline": ("compare", "prepare", "run", "train"),
        "experiment.prediction": ("Predictions", "Predictor", "make_predictor"),
        "experiment.results": ("Result", "Trained"),
        "experiment.saved": ("SavedModel", "save_model"),
        "model.classifier": ("TextClassifier",),
        "model.settings": ("TrainingSettings",),
        "model.trainer": ("Trainer",),
        "randomization.layers": ("layer_table",),
        "randomization.path": ("randomize",),
        "randomization.settings": ("Randomization",),
        "recipe.explanation": ("Explanation",),
        "recipe.forget": ("Forget", "Unlearning"),
        "recipe.plans": ("Relearning", "Sweep"),
        "recipe.recipe": ("MODERN", "PUBLISHED", "Recipe"),
        "studies.dose_response": ("curves", "half_way"),
        "studies.explanation": ("run_explanation",),
        "studies.explanation_rows": ("ExplanationResult",),
        "studies.layer_robustness": ("robustness",),
        "studies.nested": ("nested_curves", "nested_half_ways"),
        "studies.relearning": ("RelearningResult", "run_relearning"),
        "studies.study": ("study",),
        "studies.study_result": ("StudyResult", "read_study"),
        "studies.sweep": ("SweepResult", "run_sweep", "sweep_rows"),
        "unlearning.result": ("UnlearningResult",),
        "unlearning.runner": ("run_unlearning",),
        "unlearning.task": ("Task", "method"),
    },
)


def __dir__() -> list[str]:
    return __all__
