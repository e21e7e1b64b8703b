"""What a page or a tab shows, and how it is computed: of which settings, by which code and by which command."""

import os
from dataclasses import dataclass, replace

from forgetting.recipe import url
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.forget import METHODS_VARIABLE
from forgetting.recipe.plans import plan_layer_choice
from forgetting.recipe.recipe import Recipe
from forgetting.tracking.run import used_recipe

MODEL_FILE, ROWS_FILE = "model.safetensors", "rows.parquet"  # what code and commands call files


@dataclass(frozen=True)
class Shown:
    """What a page or a tab shows, and how it is computed.

    Attributes:
        python: Code that computes it of `recipe`, `reviews`, `split` and `trained`, or with `run` of the first two.
        command: The command that computes it, with options.
        run: The kind of run on whose settings it depends, one of RUN_KINDS.
        groups: Groups of settings that it depends on besides.
    """

    python: str
    command: tuple[str, ...] = ("run",)
    run: str = ""
    groups: tuple[str, ...] = ()


def _sweep(plan: str = "recipe.sweep", split: str = "split", parts: str = "{parts}") -> str:
    options = f"recipe=recipe, initial=trained.initial{parts}"
    return f"result = run_sweep(\n    trained.model, {split}, {plan}, {options}\n)\nprint(result.frame)\n"


BOTH_MODELS = (
    "models = (result.comparison.original, result.comparison.randomized)\n"
    'print(*(model.scores["validation"].accuracy for model in models), result.baselines.chance)\n'
)
CHOSEN_REVIEW = "text = next(text for text in reviews.texts if review_key(text) == recipe.review.key)\n"
PREDICTED = (
    "predictor = make_predictor(recipe, split, trained)\n"
    "predictions = predictor.predict([{text}], recipe.randomization)\n"
    "outcomes = explain_review(predictor, {text}, recipe)\nprint(predictions.to_dict(), outcomes)\n"
)
BOTH_COMPARED = (
    "comparison = compare(recipe, split, trained)\n"
    "models = (comparison.original, comparison.randomized)\n"
    'print(*(model.scores["validation"].accuracy for model in models), 1 / len(split.classes))\n'
)
SHOWN_RESULTS = {
    "data": Shown(
        "split = prepare(recipe, reviews)\nbaselines = compute_baselines(split, recipe.training.objective)\n"
        "print(split.reviews.counts, len(split.training), len(split.validation))\n"
        'print(baselines.chance, baselines.majority["validation"], baselines.linear_svc)\n',
        ("data",),
        "training",
    ),
    "training": Shown(
        "print(trained.reached.validation, 1 / len(split.classes))\n", ("run", "--save", MODEL_FILE), "training"
    ),
    "comparison": Shown(f"result = run(recipe, reviews)\n{BOTH_MODELS}", run="comparison"),
    "review": Shown(PREDICTED, ("run", "--review"), "comparison", ("review", "explanation")),
    "map": Shown(
        f"{BOTH_COMPARED}result = map_layer(trained.model, comparison.model, split.{{part}}, {{layer}})\n"
        "print(result)\n",
        ("run", "--map", "{layer}", "--map-part", "{part}"),
        "comparison",
    ),
    "words": Shown(
        f"{BOTH_COMPARED}influence = most_influential_words(trained.model, split, split.classes.index({{label}}))\n"
        "print(influence)\n",
        ("run", "--words-of", "{label}"),
        "comparison",
    ),
    "curve": Shown(_sweep("plan"), ("sweep", "--out", ROWS_FILE), "comparison"),
    "relearned": Shown(
        f"{BOTH_COMPARED}trainer = make_trainer(recipe, split, comparison.model, epochs={{epochs}})\n"
        "trainer.advance(epochs={epochs})\nprint(trainer.history[-1])\n",
        ("run", "--relearn", "{epochs}"),
        "comparison",
    ),
    "dose": Shown(_sweep(), ("sweep", "--out", ROWS_FILE), "dose"),
    "change": Shown(_sweep(), ("sweep", "--out", ROWS_FILE), "change"),
    "robustness": Shown(
        "result = run_robustness(trained, split, recipe)\nprint(result.frame)\n",
        ("robustness", "--out", ROWS_FILE),
        "robustness",
    ),
    "layer_choice": Shown(
        "sets = make_forget_sets(split, recipe.forget)\n"
        + _sweep(split="sets.measured_in(split)", parts=',\n    parts=("validation", "forget", "retain"),')
        + "for scheme in recipe.sweep.schemes:\n"
        "    print(rank_layers([row for row in result.rows if row.scheme == scheme], recipe.model.layers))\n",
        ("sweep", "--out", ROWS_FILE),
        "layer_choice",
    ),
    "explanation": Shown(
        "result = run_explanation(\n    trained.model, split, recipe.explanation, recipe=recipe, "
        "initial=trained.initial\n)\nprint(result.frame)\n",
        ("explain", "--out", ROWS_FILE),
        "explanation",
    ),
    "similarity": Shown(
        "result = run_similarity(trained, split, recipe.explanation, recipe=recipe)\nprint(result.frame)\n",
        ("similarity", "--out", ROWS_FILE),
        "similarity",
    ),
    "learning_curves": Shown(
        "result = run_learning_curves(trained, split, recipe)\nprint(result.outcomes)\n",
        ("relearn", "--curves", "--out", ROWS_FILE),
        "learning_curves",
    ),
    "savings": Shown(
        "result = run_savings(trained, split, recipe)\nprint(result.frame)\n",
        ("relearn", "--out", ROWS_FILE),
        "savings",
    ),
    "unlearning": Shown(
        "result = run_unlearning(trained, split, recipe)\nprint(result.frame)\n",
        ("unlearn", "--out", ROWS_FILE),
        "unlearning",
    ),
    "forget_set": Shown(
        "sets = make_forget_sets(split, recipe.forget)\nprint(len(sets.forget), len(sets.retain))\n",
        ("unlearn", "--out", ROWS_FILE),
        "training",
        ("forget",),
    ),
}
TABS = {  # what each tab of a page shows; of a page without tabs, and of all other tabs, that of ""
    "data": {"": "data"},
    "train": {"": "training"},
    "forget": {"": "comparison", "A review": "review", "Dose–response": "curve", "Relearn": "relearned"},
    "layers": {
        "": "dose",
        "Equal ‖ΔW‖": "change",
        "Conclusions": "robustness",
        "Robustness": "robustness",
        "To unlearn": "layer_choice",
        "Words": "words",
    },
    "explain": {"": "explanation", "Map": "map", "Similarity": "similarity"},
    "relearn": {"": "learning_curves", "Savings by fraction": "savings"},
    "unlearn": {"": "unlearning", "Forget set": "forget_set"},
}
OTHER_PAGE = {"": "comparison"}


def find_page(kind: str) -> tuple[str, str]:
    """The page and the tab that show a kind of run; the Overview where none does."""
    pages = ((page, tab) for page, tabs in TABS.items() for tab, shown in tabs.items() if shown == kind)
    return next(pages, (url.OPENING_PAGE, ""))


@dataclass(frozen=True)
class PageState:
    """What a page shows.

    Attributes:
        recipe: The recipe.
        page: Name of the page.
        tab: The tab that is open; "" for the first, or where the page has none.
        scene: Number of the scene of the story.
        model: What tells its model from the one that the recipe trains to the end, as the end of a sentence; "" for
            that one.
        epochs: Epochs of relearning a randomized model once; 0 for those of its training.
        layer: The layer that is mapped; "" for the first one.
        part: Name of the part that is mapped.
        label: The class whose words are shown; "" for the first one.
    """

    recipe: Recipe
    page: str
    tab: str = ""
    scene: int = 1
    model: str = ""
    epochs: int = 0
    layer: str = ""
    part: str = "validation"
    label: str = ""

    @property
    def choices(self) -> dict[str, str]:
        """What is chosen on the page alone, by the names that code and commands have for it."""
        first = {"mlp": "fc1", "transformer": "embedding"}[self.recipe.model.kind]
        epochs = self.epochs or self.recipe.training.epochs
        return {"epochs": str(epochs), "layer": self.layer or first, "part": self.part, "label": self.label}

    @property
    def kind(self) -> str:
        """What it is, a key of SHOWN_RESULTS. Of the published protocol there are no studies."""
        tabs = TABS.get(self.page, OTHER_PAGE)
        kind = tabs.get(self.tab, tabs[""])
        if kind == "review" and not (self.recipe.review.key or self.recipe.review.text):
            return "comparison"
        return kind if self.recipe.protocol == "modern" or kind in ("data", "training") else "comparison"

    @property
    def own_methods(self) -> tuple[str, ...]:
        """The unlearning methods among what it shows that are not the library's."""
        if self.kind != "unlearning":
            return ()
        from forgetting.reporting.names import METHOD_NAMES  # which takes torch

        return tuple(name for name in self.recipe.unlearning.methods if name not in METHOD_NAMES)

    @property
    def method_files(self) -> str:
        """The value of METHODS_VARIABLE without the folders of this machine, or a file's name where it is not set."""
        names = os.environ.get(METHODS_VARIABLE, "").split(os.pathsep)
        return os.pathsep.join(os.path.basename(name.strip()) for name in names if name.strip()) or "methods.py"

    @property
    def shown(self) -> Shown:
        """How it is computed."""
        return SHOWN_RESULTS[self.kind]

    @property
    def used_recipe(self) -> Recipe:
        """The recipe with the defaults of what it does not depend on."""
        recipe = self.recipe
        if self.kind == "layer_choice":  # which pages ask of one split, with one unit
            recipe = replace(recipe, sweep=plan_layer_choice(recipe.sweep))
        if self.kind == "review":
            noise = {name: getattr(recipe.explanation, name) for name in ("samples", "noise", "seed")}
            recipe = replace(recipe, explanation=Explanation(**noise))
        extra = {name: getattr(recipe, name) for name in self.shown.groups}
        return replace(used_recipe(self.shown.run, recipe), **extra)
