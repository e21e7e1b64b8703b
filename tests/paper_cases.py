"""Small experiments with all that was run on them, and their methods texts, which `paper/approved_methods.txt` holds.

Where a text was changed on purpose, write the file anew and read the difference:

    python -m tests.paper_cases && git diff tests/paper/approved_methods.txt
"""

from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path

from forgetting import (
    PUBLISHED,
    Explanation,
    Forget,
    Randomization,
    Recipe,
    Relearning,
    RelearningResult,
    Sweep,
    Unlearning,
    load_sample,
    run_explanation,
    run_relearning,
    run_sweep,
    run_unlearning,
)
from forgetting.core.seeding import pin_threads
from forgetting.data.reviews import Report, Reviews
from forgetting.experiment.pipeline import make_result, prepare, train
from forgetting.metrics.baselines import compute_baselines
from forgetting.model.settings import ModelSettings, SplitSettings, TrainingSettings
from forgetting.paper.material import Material
from forgetting.paper.methods import describe_methods
from forgetting.recipe.recipe import DataSettings
from forgetting.studies.similarity import count_rows, make_similarity_result, similarity_slices
from forgetting.unlearning.forget_set import make_forget_sets

APPROVED = Path(__file__).parent / "paper" / "approved_methods.txt"
FEW = DataSettings(max_reviews=300)
MLP = Recipe(
    data=FEW,
    split=SplitSettings(test_share=0.1),
    training=TrainingSettings(epochs=30),
    randomization=Randomization(layers=("fc1",), fraction=0.9, scheme="reinit"),
    sweep=Sweep(doses=(0.0, 0.5, 1.0), schemes=("reinit",), seeds=3),
    relearning=Relearning(layers=("all",), doses=(1.0,), schemes=("normal",), seeds=2, epochs=20),
    forget=Forget(share=0.1),
    unlearning=Unlearning(methods=("original", "retrain", "fine_tune", "scrub"), seeds=2, epochs=3, relearn_epochs=20),
    explanation=Explanation(layers=("all",), doses=(0.0, 1.0), seeds=2),
)
TRANSFORMER = replace(
    MLP,
    model=ModelSettings(kind="transformer", width=8, heads=2, feedforward=12, max_tokens=24),
    split=SplitSettings(stopping="always"),
    training=TrainingSettings(epochs=3),
    randomization=Randomization(layers=("blocks.*.attention",), fraction=0.5, scheme="noise", scale=2.0),
)
PUBLISHED_SAMPLE = replace(PUBLISHED, data=replace(PUBLISHED.data, source="sample"))


HOSTILE = "50% \\of_all{#1} <b>$x^2$</b> @tango1998equivalence ~&.csv"


@cache
def run_all() -> Material:
    """An MLP of the sample, and a small study of every kind of it."""
    recipe = MLP
    split = prepare(recipe, load_sample())
    trained = train(recipe, split)
    arguments = {"recipe": recipe, "initial": trained.initial}
    sets = make_forget_sets(split, recipe.forget).measured_in(split)
    rewound = Sweep(layers=("each",), doses=(1.0,), schemes=("rewind", "reinit"), seeds=2)
    relearned = run_relearning(trained, split, recipe)
    rows = list(chain.from_iterable(similarity_slices(trained, split, recipe.explanation, recipe=recipe)))
    similar = make_similarity_result(
        rows,
        split,
        recipe.explanation,
        recipe,
        count_rows(recipe.explanation, recipe.model.layers),
        recipe.model.layers,
        len(trained.history),
    )
    studies = {
        "dose": run_sweep(trained.model, split, recipe.sweep, **arguments),
        "change": run_sweep(trained.model, split, replace(recipe.sweep, match="change"), **arguments),
        "robustness": run_sweep(trained.model, split, rewound, **arguments),
        "layer_choice": run_sweep(
            trained.model, sets, recipe.sweep, parts=("validation", "forget", "retain"), **arguments
        ),
        "explanation": run_explanation(trained.model, split, recipe.explanation, **arguments),
        "similarity": similar,
        "learning_curves": replace(relearned, rows=()),
        "savings": RelearningResult(recipe, (), relearned.rows, split.reviews.sha256, 30, len(relearned.rows)),
        "unlearning": run_unlearning(trained, split, recipe),
    }
    return Material.of_result(make_result(recipe, split, trained), split, studies)


def run_alone(recipe: Recipe) -> Material:
    """A recipe of the sample, trained and compared."""
    split = prepare(recipe, load_sample())
    return Material.of_result(make_result(recipe, split, train(recipe, split)), split)


def hostile_material() -> Material:
    """An untrained experiment on a file whose names are full of markup."""
    labels = ("A_1", "B<b>") * 12
    texts = tuple(f"{'red' if number % 2 else 'white'} wine number {number}" for number in range(24))
    report = Report(HOSTILE, "te|xt", "[label](http://x)", None, 24)
    reviews = Reviews(texts, labels, None, "0" * 64, report)
    recipe = replace(MLP, data=replace(MLP.data, source="file", file=HOSTILE), split=replace(MLP.split, test_share=0.0))
    split = prepare(recipe, reviews)
    return Material(recipe, split, None, compute_baselines(split, "cross_entropy"))


def write_methods() -> str:
    """The methods texts of all cases, without the paragraph of software, whose versions change."""
    cases = {
        "MLP, all studies": run_all(),
        "Transformer": run_alone(TRANSFORMER),
        "published": run_alone(PUBLISHED_SAMPLE),
    }
    return "\n".join(
        f"# {title}\n\n{describe_methods(material).plain().rpartition('All computations')[0]}"
        for title, material in cases.items()
    )


if __name__ == "__main__":
    pin_threads()
    APPROVED.write_text(write_methods(), encoding="utf-8")
