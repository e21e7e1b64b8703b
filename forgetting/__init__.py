"""Learning to Forget: randomize a network's layers, measure what it forgets, and whether it is really gone."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "core.errors": ("DataError", "ForgettingError", "ModelError", "RecipeError", "StoreError", "WorkersError"),
        "core.seeding": ("pin_threads",),
        "data.download": ("fetch_wine_reviews",),
        "data.reading": ("ReadingSettings",),
        "data.reviews": ("Reviews", "review_key"),
        "data.sample": ("load_sample",),
        "data.tables": ("read_reviews",),
        "experiment.loading": ("load_model",),
        "experiment.pipeline": ("compare", "make_trainer", "prepare", "run", "train"),
        "experiment.prediction": ("Predictions", "Predictor", "make_predictor"),
        "experiment.results": ("Result", "Trained"),
        "experiment.saved": ("SavedModel", "save_model"),
        "metrics.baselines": ("compute_baselines",),
        "model.classifier": ("TextClassifier",),
        "model.settings": ("ModelSettings", "SplitSettings", "TrainingSettings"),
        "model.trainer": ("Trainer",),
        "paper.material": ("Material",),
        "paper.methods": ("describe_methods",),
        "paper.notebook": ("notebook_bytes",),
        "paper.report": ("make_report", "report_bytes"),
        "paper.sections": ("comparison_section", "data_section", "training_section"),
        "paper.study_sections": ("study_section",),
        "randomization.layers": ("layer_table",),
        "randomization.path": ("randomize",),
        "randomization.settings": ("Randomization",),
        "recipe.explanation": ("ChosenReview", "Explanation"),
        "recipe.forget": ("Forget", "Unlearning"),
        "recipe.plans": ("Relearning", "Sweep"),
        "recipe.recipe": ("MODERN", "PUBLISHED", "DataSettings", "Recipe"),
        "studies.dose_response": ("curves", "half_way"),
        "studies.explanation": ("run_explanation",),
        "studies.explanation_rows": ("ExplanationResult",),
        "studies.layer_robustness": ("robustness",),
        "studies.nested": ("nested_curves", "nested_half_ways"),
        "studies.relearning": ("RelearningResult", "run_learning_curves", "run_relearning", "run_savings"),
        "studies.robustness_plans": ("run_robustness",),
        "studies.similarity": ("SimilarityResult", "run_similarity"),
        "studies.study": ("study",),
        "studies.study_result": ("StudyResult", "read_study"),
        "studies.sweep": ("SweepResult", "run_sweep", "sweep_rows"),
        "unlearning.forget_set": ("make_forget_sets",),
        "unlearning.layer_choice": ("rank_layers",),
        "unlearning.result": ("UnlearningResult",),
        "unlearning.runner": ("run_unlearning",),
        "unlearning.task": ("Task", "method"),
    },
)


def __dir__() -> list[str]:
    return __all__
