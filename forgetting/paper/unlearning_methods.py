"""What each unlearning method did, as sentences of a methods section."""

from collections.abc import Callable
from functools import partial

from forgetting.core.numbers import format_share
from forgetting.experiment.export import TableResult
from forgetting.paper.prose import Sentence
from forgetting.randomization.settings import ALL
from forgetting.recipe.forget import Unlearning, describe_forget
from forgetting.reporting.formatting import format_count, format_epochs, join_names
from forgetting.reporting.names import format_method, format_scheme

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


def _repaired(plan: Unlearning) -> str:
    layers = "all layers" if plan.repair_layers == (ALL,) else join_names(plan.repair_layers)
    scheme = format_scheme(plan.repair_scheme)
    return f"Repair began with {format_share(plan.repair_fraction)} of {layers} randomized by {scheme}."


def _repaired_otherwise(layers: str, plan: Unlearning) -> str:
    how = f"{format_share(plan.repair_fraction)} of {layers} randomized by {format_scheme(plan.repair_scheme)}"
    return f"To hold it against other layers, a repair began with {how}."


def _last(plan: Unlearning) -> str:
    return "the last layer" if plan.last_layers == 1 else f"the last {plan.last_layers} layers"


# What a method did besides, of those whose settings are their own.
METHOD_SENTENCES: dict[str, Callable[[Unlearning], str]] = {
    "randomize_and_repair": _repaired,
    "repair_all_layers": partial(_repaired_otherwise, "all layers"),
    "repair_random_layer": partial(_repaired_otherwise, "as many layers drawn at random"),
    "eu_k": lambda plan: f"EU-k drew {_last(plan)} anew and trained nothing else, with the settings of the original.",
    "cf_k": lambda plan: f"CF-k trained {_last(plan)} alone.",
    "gradient_ascent": lambda plan: (
        f"Gradient ascent climbed the loss of the forget set for at most {format_count(plan.epochs, 'step')} of "
        f"{plan.ascent_rate:g} times the gradient, clipped to a norm of {plan.ascent_clip:g}, until that loss was a "
        f"uniform guess's or a step would have taken more than {100 * plan.ascent_tolerance:g} points off the "
        "accuracy on the retain set."
    ),
    "random_labels": lambda _: "Random labels gave each review of the forget set another class.",
    "dampening": lambda plan: (
        f"Selective synaptic dampening had α = {plan.dampening_alpha:g} and λ = {plan.dampening_lambda:g}."
    ),
    "scrub": lambda plan: (
        f"SCRUB had α = {plan.scrub_alpha:g}, γ = {plan.scrub_gamma:g}, a temperature of {plan.scrub_temperature:g} "
        f"and {format_count(plan.scrub_epochs, 'epoch')} of the forget set."
    ),
    "salun": lambda plan: (
        f"SalUn, with random labels as well, changed the {format_share(plan.salun_share)} of the weights with the "
        "largest gradient on the forget set."
    ),
    "neggrad_plus": lambda plan: f"NegGrad+ had β = {plan.neggrad_beta:g}.",
}
UNTUNED = ("original", "retrain", "eu_k", "gradient_ascent", "dampening")  # which do not train the original further
TUG_OF_WAR = Sentence(
    "The tug of war is the product of 1 − |gap| of the accuracies on the forget, retain and validation reviews.",
    ("zhao2024what",),
)
ANAMNESIS = Sentence(
    "The anamnesis index is the number of steps to relearn the forget set, divided by that of the retrained model.",
    ("chundawat2023zero",),
)
CHALLENGE = Sentence(
    "How well unlearned can be told from retrained models is scored as in the first NeurIPS unlearning challenge.",
    ("triantafillou2024making",),
)


def tell_unlearning(result: TableResult) -> list[Sentence]:
    """What was to be forgotten, what each method did, and how the models were held against exact retraining."""
    recipe, counts = result.recipe, result.reviews
    plan: Unlearning = recipe.unlearning.for_kind(recipe.model.kind)
    methods = [name for name in plan.methods if name not in ("original", "retrain")]
    works = dict.fromkeys(work for name in methods for work in METHOD_WORKS.get(name, ()))
    if "scrub" in methods and plan.scrub_temperature != 1:
        works |= {"hinton2015distilling": None}
    named = f", by {join_names(map(format_method, methods))}" if methods else ""
    return [
        Sentence(
            f"Of the training reviews, {describe_forget(recipe.forget)} ({format_count(counts['forget'], 'review')}) "
            f"was to be forgotten{named}, over {format_count(plan.seeds, 'seed')} (from {plan.seed}), each with an "
            "original of its own.",
            tuple(works),
        ),
        Sentence(
            f"Each was compared with exact retraining, a fresh model trained on the other {counts['retain']:,} "
            "reviews alone.",
            ("cao2015towards",),
        ),
        *_tell_methods(plan, methods),
        *_tell_metrics(result, plan),
    ]


def _tell_methods(plan: Unlearning, methods: list[str]) -> list[Sentence]:
    """How far methods trained the original further, and what each did besides."""
    told = [Sentence(METHOD_SENTENCES[name](plan)) for name in methods if name in METHOD_SENTENCES]
    if tuned := [name for name in methods if name not in UNTUNED]:
        further = f"{format_epochs(plan.epochs)} at a learning rate of {plan.learning_rate:g}"
        names = join_names(map(format_method, tuned))
        told.insert(0, Sentence(f"The original was trained further for {further} by {names}."))
    return told


def _tell_metrics(result: TableResult, plan: Unlearning) -> list[Sentence]:
    """The metrics that the table has, and how they are claimed."""
    there = {name for name in result.frame if result.frame[name].notna().any()}
    told = [TUG_OF_WAR]
    if "attack_auc" in there:
        rate = " and as the true positive rate at a false positive rate of 1 %" * ("attack_tpr" in there)
        attacked = (
            f"A loss-threshold attack told forgotten reviews from {result.reviews['non_members']:,} comparable ones "
            f"never seen; it is reported as the area under its ROC curve{rate}."
        )
        told.append(Sentence(attacked, ("yeom2018privacy", *(["carlini2022membership"] if rate else []))))
    told += [ANAMNESIS] * ("anamnesis" in there)
    told += [CHALLENGE] * any(score.score is not None for score in result.indistinguishable.values())
    over = "models and reviews together" if plan.seeds > 1 else "reviews"
    intervals = ["delong1988comparing"] * ("attack_auc" in there) + ["obuchowski1995hypothesis"] * (plan.seeds > 1)
    corrected = (
        f"Gaps have intervals over {over}; conclusions are corrected by Holm's method, and the table by that of "
        "Benjamini and Hochberg."
    )
    return [*told, Sentence(corrected, (*intervals, "holm1979simple", "benjamini1995controlling"))]
