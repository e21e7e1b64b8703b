"""What was done in each kind of study, as sentences of a methods section."""

from __future__ import annotations

from collections.abc import Callable

from forgetting.experiment.export import TableResult
from forgetting.paper.material import Material
from forgetting.paper.prose import Sentence
from forgetting.recipe.explanation import Explanation
from forgetting.recipe.forget import Unlearning, describe_forget
from forgetting.recipe.plans import Relearning, Sweep
from forgetting.recipe.recipe import Recipe
from forgetting.reporting.formatting import format_count, format_epochs, format_share, join_names
from forgetting.reporting.names import format_attribution, format_method, format_scheme

ATTRIBUTION_WORKS = {
    "gradient_input": ("shrikumar2016not",),
    "integrated_gradients": ("sundararajan2017axiomatic",),
    "occlusion": ("zeiler2014visualizing", "li2016understanding"),
    "smoothgrad": ("smilkov2017smoothgrad",),
}
METHOD_WORKS = {  # of the unlearning methods that have a source
    "retrain": ("cao2015towards",),
    "eu_k": ("goel2022adversarial",),
    "cf_k": ("goel2022adversarial",),
    "fine_tune": ("golatkar2020eternal",),
    "gradient_ascent": ("thudi2022unrolling",),
    "random_labels": ("graves2021amnesiac",),
    "dampening": ("foster2024fast",),
    "scrub": ("kurmanji2023towards",),
    "salun": ("fan2024salun",),
    "neggrad_plus": ("kurmanji2023towards",),
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
    return f"{seeds} on each of {plan.splits} random splits of the reviews, with models of their own"


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
    units = join_names(UNIT_NAMES[unit] for unit in plan.units)
    how = f"at {_fractions(plan.doses)} of their {units}"
    if plan.match == "change":
        how = f"until their weights had changed by {_fractions(plan.doses)} of their norm"
    what = f"We randomized {_sets(plan, recipe)} {how} by {schemes}"
    return [
        Sentence(f"{what}, over {over or _replicates(plan)}."),
        *(SCHEME_SENTENCES[scheme] for scheme in plan.schemes),
    ]


def _nested(plan: Sweep) -> list[Sentence]:
    """Where the bands and intervals of a sweep's curves come from."""
    if plan.seeds == plan.splits == 1:
        return [Sentence("Intervals at 95 % hold how few reviews there are, and not the luck of the random draw.")]
    told = [
        Sentence("Curves show the median over seeds, and bands over seeds the middle 90 % of them."),
        Sentence(
            "Intervals at 95 % hold reviews and random draws together: their variances were estimated from the crossed "
            "table of reviews and seeds, with Satterthwaite's degrees of freedom; those of whole curves are "
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
            f"{format_share(material.baselines.chance)}; its interval holds all at which the interval of the "
            "accuracy does.",
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
            "re-initialization, and "
            "robust where at most a quarter is; intervals are corrected for the number of layer sets (Bonferroni)."
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _layer_choice(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    return [
        *_sweep(result.plan, result.recipe),
        Sentence(
            "To find which layer to unlearn in, the accuracy of each randomized model was measured on the forget set "
            f"({describe_forget(result.recipe.forget)}) and on the retain set, all other training reviews; the "
            "excess loss "
            "is what was lost of the first less what was lost of the second, a mean over fractions and seeds."
        ),
        Sentence(
            "Its intervals are corrected for the number of layer sets, and layer sets are ranked by it.",
            ("holm1979simple",),
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
            "How similarly the original and the randomized model lay out "
            f"{compared:,} validation reviews in each layer was measured by linear centred kernel alignment with an "
            "unbiased estimator, beside that of models trained from other seeds.",
            ("kornblith2019similarity", "song2012feature", "nguyen2021wide"),
        ),
        Sentence(
            "Differences are tested over seeds by Student's t, corrected for layers and layer sets.",
            ("holm1979simple",),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _relearned(plan: Relearning, recipe: Recipe) -> list[Sentence]:
    where = "test" if recipe.split.test_share else "validation"
    return [
        Sentence(
            "Randomized models were trained again with the settings of the original, until they reached "
            f"{format_share(plan.target_share)} of its validation accuracy on the {where} reviews, for at most "
            f"{format_epochs(plan.epochs)}, and so were models from scratch."
        ),
        Sentence(
            "Savings are 1 − steps to relearn / steps from scratch; a run that never reached the target counts as "
            "longer than "
            "all others.",
            ("ebbinghaus1885gedachtnis",),
        ),
        Sentence(
            "That savings are above 0 was tested by a one-sided sign test, which takes five models or more; the 90 "
            "% interval "
            "of their median goes by their order.",
            ("dixon1946sign", "thompson1936confidence"),
        ),
    ]


def _learning_curves(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    plan = result.recipe.relearning
    return [
        *_relearned(plan, result.recipe),
        Sentence(f"Learning curves are over {_replicates(plan)}; bands hold the middle 90 % of them."),
        *_stopped(len(result.learning_curves), 2 * plan.seeds * plan.splits),  # the randomized, and one from scratch
    ]


def _savings(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    plan = result.recipe.relearning
    return [
        *_sweep(plan.sweep, result.recipe, _replicates(plan)),
        *_relearned(plan, result.recipe),
        Sentence(
            "Where conclusions are named one by one they are corrected by Holm's method, in the table by that of "
            "Benjamini "
            "and Hochberg.",
            ("holm1979simple", "benjamini1995controlling"),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


def _unlearning(result: TableResult, material: Material) -> list[Sentence]:  # noqa: ARG001
    recipe, counts = result.recipe, result.reviews
    plan: Unlearning = recipe.unlearning.for_kind(recipe.model.kind)
    methods = [name for name in plan.methods if name not in ("original", "retrain")]
    works = dict.fromkeys(work for name in methods for work in METHOD_WORKS.get(name, ()))
    named = f", by {join_names(map(format_method, methods))}" if methods else ""
    trained_on = []
    if methods:
        further = f"{format_epochs(plan.epochs)} at a learning rate of {plan.learning_rate:g}"
        trained_on = [Sentence(f"Methods that train the original further did so for {further}.")]
    told = [
        Sentence(
            f"Of the training reviews, {describe_forget(recipe.forget)} "
            f"({format_count(counts['forget'], 'review')}) was to be "
            f"forgotten{named}, over {format_count(plan.seeds, 'seed')} (from {plan.seed}), each with an original "
            "of its own.",
            tuple(works),
        ),
        Sentence(
            "Each was compared with exact retraining, a fresh model trained on the other "
            f"{counts['retain']:,} reviews alone.",
            ("cao2015towards",),
        ),
        *trained_on,
        Sentence(
            "The tug of war is the product of 1 − |gap| of the accuracies on the forget, retain and validation "
            "reviews.",
            ("zhao2024what",),
        ),
    ]
    there = {name for name in result.frame if result.frame[name].notna().any()}
    if "attack_auc" in there:
        rate = " and as the true positive rate at a false positive rate of 1 %" * ("attack_tpr" in there)
        told.append(
            Sentence(
                f"A loss-threshold attack told forgotten reviews from {counts['non_members']:,} comparable ones "
                "never seen; "
                f"it is reported as the area under its ROC curve{rate}.",
                ("yeom2018privacy", *(("carlini2022membership",) if rate else ())),
            )
        )
    if "anamnesis" in there:
        told.append(
            Sentence(
                "The anamnesis index is the number of steps to relearn the forget set, divided by that of the "
                "retrained model.",
                ("chundawat2023zero",),
            )
        )
    if any(score.score is not None for score in result.indistinguishable.values()):
        told.append(
            Sentence(
                "How well unlearned can be told from retrained models is scored as in the first NeurIPS unlearning "
                "challenge.",
                ("triantafillou2024making",),
            )
        )
    return [
        *told,
        Sentence(
            "Gaps have intervals over models and reviews together; conclusions are corrected by Holm's method, and "
            "the table by "
            "that of Benjamini and Hochberg.",
            ("delong1988comparing", "obuchowski1995hypothesis", "holm1979simple", "benjamini1995controlling"),
        ),
        *_stopped(len(result.rows), result.planned),
    ]


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
