"""What stands with a chart in a paper: its title, a caption that says what is drawn and of what, its file's name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from forgetting.core.numbers import PERCENT
from forgetting.recipe.forget import describe_forget
from forgetting.reporting.comparison import describe_randomization
from forgetting.reporting.formatting import (
    format_count,
    format_metric,
    format_product,
    format_share,
    join_names,
)
from forgetting.reporting.names import NETWORK_NAMES, format_attribution, format_method, format_scheme, name_metric

if TYPE_CHECKING:
    from forgetting.model.split import Split
    from forgetting.recipe.plans import Relearning, Sweep
    from forgetting.recipe.recipe import Recipe

MOST_LETTERS_OF_PART = 32  # of each part of a file's name
PARTS_OF_SPLIT = ("training", "validation", "stopping", "test")
OF_BOTH_PARTS = ("accuracy", "accuracy by epoch")  # charts whose baselines differ between the parts
SEEDS_BAND = f"5–95{PERCENT} of the seeds"
CLAIMED_BAND = f"the 95{PERCENT} interval over {{sources}}"
BEFORE_AFTER = "The original model is burgundy (left), the randomized one blue (right)."
WILSON = f"Whiskers are 95{PERCENT} Wilson intervals over the reviews."
FOR_ALL_SETS = "corrected for the number of layer sets (Bonferroni)"
PALE_MEANS = "What is pale is not shown once all comparisons are corrected for."
# The title and what is drawn, by the name of the chart. {metric}, {band} and others are what `describe_chart` is given.
CHART_WORDS: dict[str, tuple[str, str]] = {
    "classes": ("Reviews of each class", "Bars count the reviews of a class that are kept; of many classes the largest "
                "30 are drawn."),
    "lengths": ("Lengths of the texts", "Bars count the texts by their number of words, split at blanks."),
    "loss by epoch": ("Loss by epoch of training", "Thick lines are of the validation part, thin ones of the training "
                      "part."),
    "accuracy by epoch": ("Accuracy by epoch of training", "Thick lines are of the validation part, thin ones of the "
                          "training part."),
    "accuracy": ("Accuracy before and after randomization", f"Top-1 accuracy by part. {BEFORE_AFTER} {WILSON}"),
    "bitwise accuracy": ("Bitwise accuracy before and after randomization", "The share of right yes-or-no answers, one "
                         f"for each review and class. {BEFORE_AFTER}"),
    "loss": ("Loss before and after randomization", f"Mean loss by part, in {{unit}}. {BEFORE_AFTER}"),
    "recall": ("Recall of each class before and after randomization", "Circles are the original model, diamonds the "
               "randomized one, on the validation part. Classes of few reviews are pale."),
    "confusion": ("Confusion before and after randomization", "The share of the validation reviews of a true class "
                  "(row) that are predicted to be of a class (column). Classes of few reviews are pale."),
    "weights": ("Weights before and after randomization", "Histograms of each layer's parameters, counts on a "
                "logarithmic axis. The original is burgundy, the randomized model blue and dashed."),
    "words": ("Most influential words of the class {class}", "Bars are the mean influence of a word on the logit of "
              "the class."),
    "current fraction": ("Validation accuracy by the fraction randomized", "The thick line is the median over "
                     "{seeds}, its band holds {band}; the dotted line is the seed of the current randomization, "
                     "the dot its fraction."),
    "dose–response": ("{metric} by the {axis}", "Lines are medians over seeds, bands hold {band}.{pale}"),
    "heat map": ("{metric} by layer set and {axis}", "Cells are medians over seeds, from a trivial model (light) to "
                 "the original (dark).{pale}"),
    "cascades": ("{metric} as layers are randomized one after another", "Lines are medians over seeds, bands hold "
                 "{band}; {reached} of each layer is randomized."),
    "half-way fractions": ("Half-way {axis} (D50) of each curve", "Points are where the median over seeds has lost "
                           f"half of the accuracy above chance, lines are 95{PERCENT} intervals."),
    "uncertainty": ("Sources of the uncertainty of the accuracy", "Bars are shares of the variance where "
                    "{reached} is randomized."),
    "robustness": ("Robustness of each layer", "Forgetting of the validation accuracy, 0 where intact and 1 at chance, "
                   "of each layer re-initialized (upper bar) and re-randomized (lower bar), with "
                   f"95{PERCENT} intervals, the upper ones {FOR_ALL_SETS}. Pale bars are not concluded on."),
    "conclusions": ("Forgetting of single layer sets", "Forgetting of the validation accuracy, 0 where intact and 1 at "
                    f"chance, of each layer set wholly randomized, with 95{PERCENT} intervals corrected for their "
                    "number (Bonferroni). Pale is not concluded on."),
    "layer choice": ("What each layer set loses of the forget set", "Bars are the accuracy lost on the forget set less "
                     f"that lost on the retain set, with 95{PERCENT} intervals {FOR_ALL_SETS}. {PALE_MEANS}"),
    "explanations": ("Similarity of explanations by the fraction randomized", "Lines are medians over seeds of each "
                     f"method, bands hold {SEEDS_BAND}; the dotted line is the agreement of the predictions. Dashed "
                     "references never look at the model."),
    "explanations by layers": ("Similarity of explanations by layer set", f"Points with 95{PERCENT} intervals are what "
                               "is left at the largest fraction; grey marks never look at the model."),
    "map": ("Reviews in the layer {layer} before and after randomization", "Points are {part} reviews by the "
            "first two principal components of the layer's activations; colours and shapes are by {colour}."),
    "similarity": ("Similarity of the layer {layer} to the original", "Lines are medians over seeds of linear CKA, "
                   f"bands hold {SEEDS_BAND}; the grey band is what independently trained models reach."),
    "similarity to retraining": ("Similarity of the layer {layer} to exact retraining", "Small marks are seeds, large "
                                 "ones medians of linear CKA; dashed lines are another retraining (gold) and the "
                                 "original (burgundy)."),
    "relearning": ("Validation accuracy by epoch of relearning", "Lines are medians over seeds, bands hold "
                   f"{SEEDS_BAND}. The relearned model is dash-dotted, one from scratch dashed."),
    "savings": ("Savings of relearning by the fraction randomized", "Savings are 1 − steps to relearn / steps from "
                f"scratch: 1 is never lost, 0 is gone. Lines are medians over seeds, bands hold "
                f"{SEEDS_BAND}. {PALE_MEANS}"),
    "gaps": ("Gaps to exact retraining", "Numbers are medians over seeds; bars are gaps to exact retraining on the "
             f"scale below each title, lines hold {SEEDS_BAND}, and the gold band {SEEDS_BAND} of the gaps between "
             f"retrainings. {PALE_MEANS}"),
    "trade-off": ("Gaps in forget and {across} accuracy", "Small marks are seeds, large ones medians; the gold star is "
                  "exact retraining."),
    "attack": ("Membership inference after unlearning", "Points are the mean AUC of the attack less that after exact "
               f"retraining, lines 95{PERCENT} intervals over models and reviews. {PALE_MEANS}"),
    "losses": ("Losses of the reviews after {method}", "Histograms of −ln p of the true class: forgotten (filled), "
               "retained (dotted) and non-member reviews (dashed)."),
    "published": ("The published experiment and its re-runs", "{marks}"),
    "runs": ("Two runs compared", "{marks}"),
}  # fmt: skip


@dataclass(frozen=True)
class ChartSource:
    """What a chart is of.

    Attributes:
        data: Name of the reviews; it may be a file's.
        recipe: The settings of the model and of what is done with it; None for a study of another program's model.
        reviews: Numbers of reviews by part of the split.
        classes: Number of classes; 0 where it is not known.
        parameters: Number of the model's parameters; 0 where it is not known.
        epochs: Epochs that the model was trained for; None where that is not known.
        kind: What was done, a key of DONE.
        plan: The settings of a study; None for those of the recipe.
        note: A sentence of its own.
    """

    data: str
    recipe: Recipe | None = None
    reviews: Mapping[str, int] = field(default_factory=dict)
    classes: int = 0
    parameters: int = 0
    epochs: int | None = None
    kind: str = "training"
    plan: object = None
    note: str = ""

    @property
    def studied(self) -> object:
        """The settings of what was done, where it has any of its own."""
        return self.plan or getattr(self.recipe, PLAN_GROUPS.get(self.kind, ""), None)


def source_of_split(data: str, recipe: Recipe, split: Split, **others: object) -> ChartSource:
    """The source of a chart of a split and a model of it.

    Args:
        data: Name of the reviews.
        recipe: See `ChartSource`.
        split: The split.
        others: Further attributes of the source.
    """
    parts = {name: getattr(split, name) for name in PARTS_OF_SPLIT}
    return ChartSource(
        data,
        recipe,
        {name: len(part) for name, part in parts.items() if part is not None},
        len(split.classes),
        sum(recipe.model.parameters(len(split.words), len(split.classes)).values()),
        **others,
    )


@dataclass(frozen=True)
class ChartText:
    """What stands with a chart.

    Attributes:
        title: Of the chart.
        caption: What is drawn, its baselines, and what it is of.
        stem: Of the names of its files; safe on every system.
        baselines: What trivial models reach, by their names.
    """

    title: str
    caption: str
    stem: str
    baselines: Mapping[str, float] = field(default_factory=dict)


def describe_chart(
    chart: str,
    source: ChartSource,
    *,
    shown: Mapping[str, str] | None = None,
    baselines: Mapping[str, float] | None = None,
    metric: str = "accuracy",
    **words: str,
) -> ChartText:
    """Title, caption and file name of a chart.

    Args:
        chart: A key of CHART_WORDS.
        source: What it is of.
        shown: What was chosen of a study: its "layers", "scheme" and the like, by their names.
        baselines: What trivial models reach on the metric, by their names.
        metric: The metric that is drawn, as code calls it.
        words: What the words of the chart leave open.
    """
    shown, baselines = dict(shown or {}), dict(baselines or {})
    words = {
        "metric": f"validation {name_metric(metric)}",
        "band": SEEDS_BAND,
        "seeds": "seeds",
        "axis": "fraction randomized",
        "pale": "",
        **words,
    }
    words["band"] = _fill(words["band"], {"sources": _name_sources(source.studied)})
    title, drawn = (_fill(text, {**shown, **words}) for text in CHART_WORDS[chart])
    chosen = join_names(f"{name} {_name_shown(name, value)}" for name, value in shown.items()) if shown else ""
    lines = ", ".join(f"{name} {format_metric(metric, value)}" for name, value in baselines.items())
    sentences = [
        drawn,
        chosen and f"Shown: {chosen}.",
        lines and f"Baselines{' on validation' if chart in OF_BOTH_PARTS else ''}: {lines}.",
        *_describe_source(source),
        source.note,
    ]
    seeds = getattr(source.studied, "seeds", 0)
    name = chart if metric == "accuracy" or name_metric(metric) in chart else f"{chart} {metric}"
    return ChartText(
        title[:1].upper() + title[1:],
        " ".join(filter(None, sentences)),
        name_file(name, source, *shown.values(), seeds=seeds),
        baselines,
    )


def name_file(name: str, source: ChartSource, *shown: str, seeds: int = 0) -> str:
    """The name of a file, without its ending; safe on every system.

    Args:
        name: What it is.
        source: What it is of.
        shown: What was chosen of it.
        seeds: Number of seeds; 0 for none to tell.
    """
    data = source.data.rpartition(".")[0] or source.data
    count = f"{seeds} seed{'s' * (seeds != 1)}" if seeds else ""
    return "_".join(filter(None, map(slug, (data, name, *shown, *_name_randomization(source), count)))) or "chart"


def slug(text: str) -> str:
    """A part of a file's name that is safe on every system: letters and digits of ASCII, and hyphens."""
    plain = text.replace("synthetic sample", "sample").replace("–", "-")
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:MOST_LETTERS_OF_PART].strip("-")


def _name_sources(plan: object) -> str:
    """What intervals of a study are over, as `NestedMeans.sources` has it."""
    if plan is None:  # as a curve of the comparison has seeds of its own
        return "seeds and reviews"
    return join_names([*(name for name in ("seeds", "splits") if getattr(plan, name, 1) > 1), "reviews"])


def _fill(text: str, words: Mapping[str, str]) -> str:
    """A text with its gaps filled; what fills one may hold braces."""
    return re.sub(r"\{(\w+)\}", lambda gap: words[gap[1]], text)


def _name_shown(name: str, value: str) -> str:
    return format_scheme(value) if name == "scheme" else f"“{value}”" if name == "class" else value


def _name_randomization(source: ChartSource) -> list[str]:
    """What the one randomization of a chart is, as parts of a file's name."""
    if source.recipe is None or source.kind not in ("comparison", "learning_curves"):
        return []
    randomization = source.recipe.randomization
    layers = randomization.chosen_layers(source.recipe.model.layers)
    name = "all layers" if layers == source.recipe.model.layers else "+".join(layers)
    return [name, randomization.scheme, f"{100 * randomization.fraction:.3g} percent"] if layers else ["original"]


def _describe_source(source: ChartSource) -> list[str]:
    """The reviews, the model, and what was done with it, a sentence each."""
    recipe = source.recipe
    of = ""
    if source.reviews:
        counts = ", ".join(f"{name} {count:,}" for name, count in source.reviews.items())
        parts = f" ({counts}; split seed {recipe.split.seed})" if recipe and source.kind != "data" else ""
        of = f", {sum(source.reviews.values()):,} reviews of {source.classes:,} classes{parts}"
    sentences = [f"Data: {source.data}{of}."]
    if recipe is None or source.kind == "data":
        return sentences
    model = [
        NETWORK_NAMES[recipe.model.kind],
        format_count(source.parameters, "parameter") if source.parameters else "",
        "" if source.epochs is None else format_count(source.epochs, "epoch"),
        _name_models(source),
    ]
    return [*sentences, f"Model: {', '.join(filter(None, model))}.", DONE[source.kind](source)]


def _name_models(source: ChartSource) -> str:
    """The seed of the model, or what each has a model of its own."""
    own = source.kind in ("unlearning", "reproduction") or getattr(source.studied, "retrain", False)
    several = ["seed"] * own + ["split"] * (getattr(source.studied, "splits", 1) > 1)
    return f"a model for each {join_names(several)}" if several else f"seed {source.recipe.seed}"


def _describe_comparison(source: ChartSource) -> str:
    if source.recipe.protocol == "published":
        return "Randomized: a fresh model from N(0, 1), trained as the original was."
    return _describe_randomized(source, f"seed {source.recipe.randomization.seed}")


def _describe_randomized(source: ChartSource, drawn: str) -> str:
    """What is randomized; drawn: the seed that it is drawn with."""
    randomization = source.recipe.randomization
    what = describe_randomization(randomization, source.recipe.model.layers)
    if what == "nothing":
        return "Randomized: nothing."
    scheme = _name_scheme(randomization.scheme, randomization.scale)
    return f"Randomized: {what} by {scheme}, {_by_unit(randomization.unit)}, {drawn}."


def _name_scheme(scheme: str, scale: float) -> str:
    return f"{format_scheme(scheme)} (scale {scale:g})" if scheme == "noise" else format_scheme(scheme)


def _by_unit(unit: str) -> str:
    return f"{unit} by {unit}"


def _describe_sweep(source: ChartSource) -> str:
    plan = source.studied
    return _describe_plan(plan, "change" if plan.match == "change" else "fraction")


def _describe_plan(plan: Sweep | Relearning, dose: str = "fraction") -> str:
    """The size of a plan, its schemes and units, and its seeds."""
    sizes = [(len(plan.doses), dose), (plan.seeds, "seed")] + ([(plan.splits, "split")] if plan.splits > 1 else [])
    units, scale = getattr(plan, "units", ("weight",)), getattr(plan, "scale", 1.0)
    schemes = join_names(_name_scheme(scheme, scale) for scheme in plan.schemes)
    return f"Study: {format_product(sizes)} ({_list_seeds(plan)}); {schemes}, {join_names(map(_by_unit, units), 'or')}."


def _describe_similarity(source: ChartSource) -> str:
    plan = source.studied
    product = format_product([(len(plan.doses), "fraction"), (plan.seeds, "seed")])
    return f"Study: {product} ({_list_seeds(plan)}); {format_scheme(plan.scheme)}."


def _list_seeds(plan: object) -> str:
    return f"seed {plan.seed}" if plan.seeds == 1 else f"seeds {plan.seed}–{plan.seed + plan.seeds - 1}"


def _describe_explanation(source: ChartSource) -> str:
    plan = source.studied
    methods = join_names(map(format_attribution, plan.attributions))
    product = format_product([(len(plan.doses), "fraction"), (plan.seeds, "seed")])
    return f"Study: {product} ({_list_seeds(plan)}); {methods}, after {format_scheme(plan.scheme)}."


def _describe_relearning(source: ChartSource) -> str:
    plan = source.studied
    trained = f"Trained for {format_count(plan.epochs, 'epoch')}; {_describe_target(source)}."
    return f"{_describe_randomized(source, _list_seeds(plan))} {trained}"


def _describe_target(source: ChartSource) -> str:
    tested = " on the test reviews" if source.reviews.get("test") else ""
    return f"the target{tested} is {format_share(source.studied.target_share)} of the original's validation accuracy"


def _describe_savings(source: ChartSource) -> str:
    plan = source.studied
    return (
        f"{_describe_plan(plan)} Relearned for at most {format_count(plan.epochs, 'epoch')}; "
        f"{_describe_target(source)}."
    )


def _describe_unlearning(source: ChartSource) -> str:
    plan = source.studied
    methods = join_names(map(format_method, plan.methods))
    return f"{_describe_forgotten(source)} Methods: {methods}; {_list_seeds(plan)}."


def _describe_forgotten(source: ChartSource) -> str:
    return f"Forgotten: {describe_forget(source.recipe.forget)} of the training reviews."


PLAN_GROUPS = {  # the group of settings that holds the plan of a kind
    **dict.fromkeys(("dose", "change", "robustness", "layer_choice"), "sweep"),
    **dict.fromkeys(("explanation", "similarity"), "explanation"),
    "learning_curves": "relearning",
    "savings": "relearning",
    "unlearning": "unlearning",
}
DONE: dict[str, Callable[[ChartSource], str]] = {  # what was done, by its kind
    "data": lambda _: "",
    "training": lambda _: "",
    **dict.fromkeys(("comparison", "reproduction"), _describe_comparison),
    **dict.fromkeys(("dose", "change", "robustness"), _describe_sweep),
    "layer_choice": lambda source: f"{_describe_sweep(source)} {_describe_forgotten(source)}",
    "explanation": _describe_explanation,
    "similarity": _describe_similarity,
    "learning_curves": _describe_relearning,
    "savings": _describe_savings,
    "unlearning": _describe_unlearning,
}
