"""What was done in each kind of study, as sentences of a methods section."""

from __future__ import annotations

from collections.abc import Callable

from forgetting.experiment.export import TableResult
from forgetting.paper.material import Material
from forgetting.paper.prose import Sentence
from forgetting.paper.unlearning_methods import tell_unlearning
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.forget import describe_forget
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import format_count, format_epochs, format_share, join_names
from forgetting.reporting.names import format_attribution, format_scheme
from forgetting.studies.relearning import RUNS

ATTRIBUTION_WORKS = {
    "gradient_input": ("shrikumar2016not",),
    "integrated_gradients": ("sundararajan2017axiomatic",),
    "occlusion": ("zeiler2014visualizing", "li2016understanding"),
    "smoothgrad": ("smilkov2017smoothgrad",),
}
SCHEME_SENTENCES = {  # what a scheme did
    "normal": Sentence("By N(0, 1), a chosen unit became draws from the standard normal distribution."),
    "reinit": Sentence(
        "By re-randomization, a chosen unit became a fresh draw from its layer's own initializer.", ("zhang2022layers",)
    ),
    "rewind": Sentence("By re-initialization, a chosen unit became what it was before training.", ("zhang2022layers",)),
    "permute": Sentence("By permutation, the values of the chosen units changed places, within each parameter."),
    "zero": Sentence("By zeros, a chosen unit became zero."),
    "noise": Sentence("By added noise, a chosen unit got Gaussian noise on top of its value."),
}
UNIT_NAMES = {"weight": "weights and biases", "neuron": "neurons", "head": "attention heads", "word": "words"}
MOST_FRACTIONS = 8  # fractions that are listed one by one
WORDS_LISTED = 10  # words that are listed one by one
STOPPED = "The study was stopped: {done:,} of {planned:,} planned parts are reported."


def _stopped(done: int, planned: int | None) -> list[Sentence]:
    """That a study was stopped, where it was."""
    if not planned or done >= planned:
        return []
    return [Sentence(STOPPED.format(done=done, planned=planned))]


def _fractions(doses: tuple[float, ...]) -> str:
    if len(doses) <= MOST_FRACTIONS:
        return join_names(map(format_share, doses))
    return f"{len(doses)} fractions from {format_share(doses[0])} to {format_share(doses[-1])}"


def _replicates(plan: Sweep | Relearning) -> str:
    """What a study was repeated over: seeds, models and splits."""
    seeds = f"{format_count(plan.seeds, 'seed')} (from {plan.seed})"
    models = ", with a model trained for each" if plan.retrain else " of one trained model"
    if plan.splits == 1:
        return seeds + models
    of = "seed and split" if plan.retrain else "split"
    return f"{seeds} on each of {plan.splits} random splits of the reviews, with a model trained for each {of}"


def _sets(plan: Sweep, recipe: Recipe) -> str:
    return format_count(len(plan.sets(recipe.model.layers)), "layer set")


def _sweep(plan: Sweep, recipe: Recipe, over: str = "") -> list[Sentence]:
    """Which layer sets were randomized and how.

    Args:
        plan: The variants.
        recipe: Of the model.
        over: What it was repeated over; "" for what `_replicates` says of the plan.
    """
    schemes = join_names(map(format_scheme, plan.schemes))
    units = f"the words {_list_words(plan.words)}" if plan.words else ", or ".join(map(UNIT_NAMES.get, plan.units))
    how = f"at {_fractions(plan.doses)} of the units ({units})"
    if plan.match == "change":
        how = f"unit by unit ({units}), until the weights had changed by {_fractions(plan.doses)} of their norm"
    what = f"We randomized {_sets(plan, recipe)} {how}, by {schemes}"
    return [
        Sentence(f"{what}, over {over or _replicates(plan)}."),
        *(SCHEME_SENTENCES[scheme] for scheme in plan.schemes),
        *([noise_sentence(plan.scale)] if "noise" in plan.schemes else []),
    ]


def _list_words(words: tuple[str, ...]) -> str:
    """Words that were randomized, of many the first."""
    more = f" and {len(words) - WORDS_LISTED:,} others" if len(words) > WORDS_LISTED + 1 else ""
    return (", ".join if more else join_names)([f"“{word}”" for word in words[: WORDS_LISTED if more else None]]) + more


def noise_sentence(scale: float) -> Sentence:
    """How strong the noise of the scheme "noise" was."""
    return Sentence(f"The standard deviation of the noise was {scale:g} times that of the parameter.")


def _nested(plan: Sweep) -> list[Sentence]:
    """Where the bands and intervals of a sweep's curves come from."""
    if plan.seeds == plan.splits == 1:
        return [Sentence("Intervals at 95 % hold how few reviews there are, and not the luck of the random draw.")]
    told = [
        Sentence("Curves show the median over seeds, and bands over seeds the middle 90 % of them."),
        Sentence(
            "Intervals at 95 % hold reviews and random draws together: their variances were estimated from the "
            "crossed table of reviews and seeds, with Satterthwaite's degrees of freedom; those of whole curves are "
            "simultaneous.",
            ("searle1992variance", "satterthwaite1946approximate", "montiel2019simultaneous"),
        ),
    ]
    if plan.splits > 1:
        told.append(Sentence("Over splits the corrected resampled t interval was used.", ("nadeau2003inference",)))
    return told


def _dose(result: TableResult, material: Material) -> list[Sentence]:
    plan = result.plan
    half = "fraction" if plan.match == "dose" else "change of the weights"
    return [
        *_sweep(plan, result.recipe),
        *_nested(plan),
        Sentence(
            f"The half-way {half} (D50) is that at which the median has lost half of the accuracy above chance, "
            f"{format_share(material.baselines.chance)}; its interval holds all those at which the interval of the "
            "accuracy holds that value.",
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _robustness(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001 − one signature for all
    plan = result.plan
    return [
        Sentence(
            f"The robustness of {_sets(plan, result.recipe)} was measured by re-initialization, which sets all of a "
            "layer back to its weights from before training, and by re-randomization, which draws them anew, over "
            f"{_replicates(plan)}.",
            ("zhang2022layers",),
        ),
        Sentence(
            "A layer is called critical where at least half of the accuracy above chance is lost after "
            "re-initialization, and robust where at most a quarter is; intervals are corrected for the number of "
            "layer sets (Bonferroni)."
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _layer_choice(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    return [
        *_sweep(result.plan, result.recipe),
        Sentence(
            "To find which layer to unlearn in, the accuracy of each randomized model was measured on the forget set "
            f"({describe_forget(result.recipe.forget)}) and on the retain set, all other training reviews; the excess "
            "loss is what was lost of the first less what was lost of the second, a mean over fractions and seeds."
        ),
        Sentence(
            "Its intervals are corrected for the number of layer sets (Bonferroni), and layer sets are ranked by it."
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _explanation(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    plan: Explanation = result.plan
    names = join_names(map(format_attribution, plan.attributions))
    works = dict.fromkeys(work for name in plan.attributions for work in ATTRIBUTION_WORKS[name])
    return [
        Sentence(
            "Whether explanations depend on what the model has learnt was tested by a sanity check: the validation "
            f"reviews were explained for the class that the original predicted, by {names}, before and after "
            "randomizing.",
            ("adebayo2018sanity", *works),
        ),
        *_sweep(plan.sweep, result.recipe),
        Sentence(
            "Explanations were compared by Spearman's rank correlation of a review's words and by the overlap of the "
            f"{plan.top} strongest, beside what random numbers times the input leave.",
            ("spearman1904proof",),
        ),
        Sentence(
            "Conclusions go by intervals over seeds and reviews, corrected for the number of methods (Bonferroni).",
            ("obuchowski1995hypothesis",),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _similarity(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    plan = result.plan
    compared, _ = result.reviews
    return [
        *_sweep(plan.sweep, result.recipe),
        Sentence(
            f"How similarly the original and the randomized model lay out {compared:,} validation reviews in each "
            "layer was measured by linear centred kernel alignment with an unbiased estimator, beside that of models "
            "trained from other seeds.",
            ("kornblith2019similarity", "song2012feature", "nguyen2021wide"),
        ),
        Sentence(
            "Differences are tested over seeds by Student's t, corrected for layers and layer sets.",
            ("holm1979simple",),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _target(plan: Relearning, recipe: Recipe) -> str:
    """The accuracy that models were to reach, as the end of a sentence."""
    where = "test" if recipe.split.test_share else "validation"
    return f"{format_share(plan.target_share)} of the original's validation accuracy, on the {where} reviews"


def _saved() -> list[Sentence]:
    """What savings are, and how they are tested."""
    return [
        Sentence(
            "Savings are 1 − steps to relearn / steps from scratch; a run that never reached the target counts as "
            "longer than all others.",
            ("ebbinghaus1885gedachtnis",),
        ),
        Sentence(
            "That savings are above 0 was tested by a one-sided sign test, which takes five models or more; the 90 % "
            "interval of their median goes by their order.",
            ("dixon1946sign", "thompson1936confidence"),
        ),
    ]


def _learning_curves(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    recipe, plan = result.recipe, result.recipe.relearning
    drawn = recipe.randomization
    what = describe_randomization(drawn, recipe.model.layers)
    trained = (
        "The randomized model, a new model and the original were trained with the settings of the original for "
        f"{format_epochs(plan.epochs)} each, and the steps were counted to the target, {_target(plan, recipe)}."
    )
    return [
        Sentence(
            f"To see what is relearned, {what} was randomized by {format_scheme(drawn.scheme)}, over "
            f"{_replicates(plan)}; units were {UNIT_NAMES[drawn.unit]}, drawn with the seed of each."
        ),
        SCHEME_SENTENCES[drawn.scheme],
        *([noise_sentence(drawn.scale)] if drawn.scheme == "noise" else []),
        Sentence(trained),
        *_saved(),
        Sentence("Learning curves show the median over these; bands hold the middle 90 % of them."),
        *_stopped(len(result.learning_curves), RUNS * plan.seeds * plan.splits),
    ]


def _savings(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    plan = result.recipe.relearning
    return [
        *_sweep(plan.sweep, result.recipe, _replicates(plan)),
        Sentence(
            "The randomized models, and models from scratch, were trained with the settings of the original until "
            f"they reached the target, {_target(plan, result.recipe)}, for at most {format_epochs(plan.epochs)}."
        ),
        *_saved(),
        Sentence(
            "Where conclusions are named one by one they are corrected by Holm's method, in the table by that of "
            "Benjamini and Hochberg.",
            ("holm1979simple", "benjamini1995controlling"),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _unlearning(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    return [*tell_unlearning(result), *_stopped(len(result.rows), result.planned)]


STUDY_METHODS: dict[str, Callable[[TableResult, Material], list[Sentence]]] = {
    "dose": _dose,
    "change": _dose,
    "robustness": _robustness,
    "layer_choice": _layer_choice,
    "explanation": _explanation,
    "similarity": _similarity,
    "learning_curves": _learning_curves,
    "savings": _savings,
    "unlearning": _unlearning,
}
