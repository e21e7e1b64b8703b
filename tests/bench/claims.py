"""What the library claims by its intervals and tests, each with worlds of known truth to try it in.

A claim is one of coverage, an interval holds the truth; of error, a test finds what is not there; and of power, it
finds what is there. `tests/test_claims.py` compares the list with the code, so that no interval goes unmeasured.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from forgetting.studies.sanity_check import MARGIN
from tests.bench import contrasts, replicates, worlds
from tests.bench.worlds import Random

REVIEWS, SEEDS = (20, 60, 240, 1_000), (3, 5, 10)
WANTED = {"coverage": (0.93, 0.97), "error": (0.0, 0.05), "power": (0.0, 1.0)}  # bounds of the share of the worlds
FEWEST = 1_000  # worlds
SLOW = 20  # worlds of a claim that takes a tenth of a second in each


@dataclass(frozen=True)
class Claim:
    """What functions claim, and a world to try it in.

    Attributes:
        kind: A key of WANTED.
        of: The functions, by their module in `forgetting` and name.
        world: What is drawn, in words.
        trial: Called with a generator, the number of worlds and a size; whether the claim held, (worlds,), NaN where
            it was not made.
        sizes: The numbers of reviews, REVIEWS, or of seeds, SEEDS.
        wanted: Bounds of the share of the worlds by size, where they are not those of WANTED.
        said: Words in the first function's docstring that say how far off it is there.
        quick: How many worlds a short test draws.
    """

    kind: str
    of: tuple[str, ...]
    world: str
    trial: Callable[[Random, int, int], np.ndarray]
    sizes: tuple[int, ...] = REVIEWS
    wanted: dict[int, tuple[float, float]] | None = None
    said: str = ""
    quick: int = 200

    @property
    def title(self) -> str:
        return f"{self.kind} of {self.of[0].rpartition('.')[2]}: {self.world}"

    def measure(self, size: int, count: int) -> tuple[float, float]:
        """The share of worlds in which the claim holds, and its standard error; NaN where it is made in none."""
        found = self.trial(np.random.default_rng(1885), count, size).astype(float)
        known = found[~np.isnan(found)]
        if not len(known):
            return np.nan, np.nan
        share = float(known.mean())
        return share, float(np.sqrt(max(share * (1 - share), 1 / len(known)) / len(known)))

    def is_kept(self, size: int, share: float, error: float) -> bool:
        """Whether a share is as wanted, or so near that luck explains it: three standard errors."""
        low, high = (self.wanted or {}).get(size, WANTED[self.kind])
        return np.isnan(share) or low - 3 * error <= share <= high + 3 * error


def at(reviews: int | None = None, seeds: int | None = None, **options: bool) -> Callable[..., np.ndarray]:
    """What holds of curves by name, of so many reviews or seeds where that is not the size that is asked for."""

    def curves(_: Random, count: int, size: int, name: str) -> np.ndarray:
        return replicates.read_curves(count, reviews or size, seeds or size, **options)[name]

    return curves


NESTED = "studies.nested.nested_curves"
CURVES = {  # what nested intervals are of, with the functions that make them
    "accuracy": ("metrics.nested.accuracy_interval", "metrics.nested.t_quantile"),
    "change": ("metrics.nested.Estimate.interval",),
    "forgetting": ("metrics.nested.ratio_interval", "studies.nested.nested_forgetting"),
    "half-way": (NESTED, "studies.nested.nested_half_ways"),
    "band": ("metrics.nested.simultaneous_level", NESTED),
}
CONTRASTS = {  # what two kinds of models are compared by, with the functions that do
    "accuracy": (
        "metrics.crossed.crossed_change",
        *(f"unlearning.contrasts.{name}" for name in ("accuracy_contrast", "accuracy_excess", "loss_contrast")),
        *(f"unlearning.contrasts.{name}" for name in ("loss_excess", "tow_contrast", "steps_contrast")),
        *(f"unlearning.contrasts.{name}" for name in ("divergence_contrast", "soon_contrast")),
    ),
    "area": ("metrics.crossed.area_change", "unlearning.contrasts.area_contrast"),
}
PAIRED = ("metrics.paired.paired_interval", "metrics.paired.compare_hits", "metrics.paired.make_change")
TESTED = ("metrics.paired.mcnemar_test", "metrics.paired.PairedChange.decided")
HOLLOW = ("metrics.baselines.beats_trivial", "metrics.baselines.compare_with_majority")
SAVED = ("studies.memory.conclude_memory", "metrics.paired.sign_test", "studies.memory.savings_curves")
SANITY = ("studies.sanity_check.conclude_sanity_check", "studies.sanity_check.SanityCheck.conclusion")
PAIRS = ("studies.differences.compare_pairs", "studies.differences.Difference.decided")
CLAIMS = (
    Claim("coverage", ("metrics.intervals.wilson_interval",), "hits of one model", worlds.accuracy_covers),
    Claim("coverage", PAIRED, "hits of two models, after which all or nothing is lost", worlds.change_covers),
    Claim(
        "coverage",
        ("metrics.differences.newcombe_interval",),
        "hits of two models on reviews of their own",
        worlds.independent_change_covers,
    ),
    *(
        Claim(
            "coverage",
            ("metrics.differences.bootstrap_changes",),
            f"{metric.replace('_', ' ')} of three classes",
            partial(worlds.counted_change_covers, metric=metric),
            wanted={20: (0.90, 0.97), **dict.fromkeys(REVIEWS[1:], WANTED["coverage"])},
            said="91 to 93 % of 20 reviews",
            quick=SLOW,
        )
        for metric in ("macro_f1", "balanced_accuracy")
    ),
    Claim(
        "error",
        ("metrics.differences.bootstrap_changes",),
        "macro-F1 of two equally good models",
        partial(worlds.swapped_change_is_found, metric="macro_f1"),
        quick=SLOW,
    ),
    Claim(
        "coverage",
        ("metrics.differences.independent_change",),
        "two kinds of models that vary unequally",
        worlds.unequal_spreads_cover,
        SEEDS,
    ),
    Claim("error", TESTED, "two models of equal accuracy", partial(worlds.change_is_found, change=0.0)),
    Claim("power", TESTED, "10 points are lost", partial(worlds.change_is_found, change=-0.1)),
    Claim("power", TESTED, "30 points are lost", partial(worlds.change_is_found, change=-0.3)),
    Claim(
        "power",
        ("metrics.paired.reviews_needed", "metrics.paired.PairedChange.needed"),
        "as many reviews as it asks for, at most so many",
        worlds.promised_reviews_find,
        wanted=dict.fromkeys(REVIEWS, (0.77, 0.80)),
        said="77 and 80 %",
    ),
    Claim(
        "power",
        ("metrics.paired.smallest_change",),
        "a change as large as it says, 2 % change the other way",
        worlds.smallest_change_is_found,
        wanted=dict.fromkeys(REVIEWS, (0.77, 0.80)),
        said="77 and 80 %",
    ),
    Claim("error", HOLLOW, "as good as the largest class", partial(worlds.model_beats_the_largest_class, points=0.0)),
    Claim("power", HOLLOW, "10 points better than that", partial(worlds.model_beats_the_largest_class, points=0.1)),
    Claim(
        "coverage",
        ("metrics.intervals.auc_interval", "unlearning.membership.loss_threshold_attack"),
        "losses of as many members as non-members",
        worlds.area_covers,
    ),
    Claim(
        "coverage",
        ("metrics.intervals.share_interval", "unlearning.membership.tpr_at_fpr_attack"),
        "members found at 1 % false positives",
        worlds.share_found_covers,
        wanted=dict.fromkeys(REVIEWS, (0.93, 0.99)),
        said="in 93 to 99 %",
    ),
    *(
        Claim("coverage", of, f"{name}, {words}", partial(curves, name=name), sizes, quick=SLOW)
        for name, of in CURVES.items()
        for words, curves, sizes in (
            ("5 draws", at(seeds=5), REVIEWS),
            ("60 reviews", at(reviews=60), SEEDS),
            ("60 reviews, a model each", at(reviews=60, own=True), SEEDS),
        )
    ),
    Claim(
        "error",
        ("metrics.nested.Estimate.p",),
        "draws that change nothing, 5 of them",
        partial(at(seeds=5, flat=True), name="found"),
        quick=SLOW,
    ),
    Claim(
        "coverage",
        ("studies.splits.summarize_splits", "metrics.nested.corrected_interval"),
        "nearest centroids, 60 validation reviews, so many splits",
        lambda random, count, size: replicates.splits_cover(random, count, 60, size),
        SEEDS,
        quick=SLOW,
    ),
    Claim(
        "coverage",
        (NESTED,),
        "nearest centroids, 60 validation reviews, so many splits of 3 draws",
        lambda random, count, size: replicates.split_curve_covers(random, count, 60, size),
        SEEDS,
        wanted=dict.fromkeys(SEEDS, (0.97, 0.99)),
        said="97 to 99 %",
        quick=SLOW,
    ),
    *(
        Claim("coverage", of, f"{name}, {words}", trial, sizes, quick=SLOW)
        for name, of in CONTRASTS.items()
        for words, trial, sizes in (
            ("5 models of each kind", partial(contrasts.changes_cover, models=5, what=name), REVIEWS),
            ("60 reviews", lambda *size, what=name: contrasts.changes_cover(*size[:2], 60, size[2], what=what), SEEDS),
        )
    ),
    *(
        Claim(
            kind,
            of,
            f"{name}, 5 models of each kind, {words}",
            partial(contrasts.changes_are_decided, models=5, what=name, shift=shift),
            quick=SLOW,
        )
        for name, of in CONTRASTS.items()
        for kind, words, shift in (("error", "alike", 0.0), ("power", "losses half a difficulty larger", 0.5))
    ),
    Claim(
        "power",
        ("metrics.crossed.smallest_area_change",),
        "a change as large as it says",
        contrasts.smallest_area_is_found,
        wanted=dict.fromkeys(REVIEWS, (0.75, 0.83)),
        said="About the smallest change",
        quick=SLOW,
    ),
    Claim(
        "error",
        ("metrics.multiplicity.holm",),
        "any false finding of 20 tests, a third of them with an effect",
        partial(worlds.finds_by_luck, any_of=True),
        sizes=(20,),
    ),
    Claim(
        "error",
        ("metrics.multiplicity.benjamini_hochberg",),
        "share of false findings of 20 tests, a third of them with an effect",
        partial(worlds.finds_by_luck, any_of=False),
        sizes=(20,),
    ),
    Claim(
        "coverage",
        ("metrics.intervals.median_band", "metrics.intervals.seed_bands", "studies.dose_response.curves"),
        "one seed more",
        worlds.band_holds_another_seed,
        SEEDS,
        {3: (0.44, 0.50), 5: (0.61, 0.67), 10: (0.72, 0.78)},
        "47, 64 and 75 %",
    ),
    Claim(
        "coverage",
        ("metrics.intervals.median_interval", "studies.memory.conclude_memory"),
        "median savings, where some runs never arrive",
        partial(worlds.savings_cover, saved=0.25),
        SEEDS,
        {5: (0.93, 0.97), 10: (0.97, 1.0)},
        "of 10 in 98 %",
        quick=SLOW,
    ),
    Claim("error", SAVED, "steps as from scratch", partial(worlds.remembers, saved=0.0), SEEDS, quick=SLOW),
    Claim(
        "error",
        SAVED,
        "the same, so many splits of 3 models",
        partial(worlds.remembers, saved=0.0, models=3),
        SEEDS,
        quick=SLOW,
    ),
    Claim("power", SAVED, "a quarter of the steps is saved", partial(worlds.remembers, saved=0.25), SEEDS, quick=SLOW),
    Claim("power", SAVED, "half of the steps is saved", partial(worlds.remembers, saved=0.5), SEEDS, quick=SLOW),
    Claim(
        "power",
        ("studies.memory.smallest_share",),
        "a share as large as it says",
        worlds.smallest_share_is_found,
        SEEDS,
        dict.fromkeys(SEEDS, (0.8, 0.8)),
        "with a given power",
    ),
    Claim(
        "error",
        PAIRS,
        "any of three layer sets that leave the same, 5 draws",
        lambda random, count, size: replicates.differences_decided(random, count, size, 5, lower=0.0),
        quick=SLOW,
    ),
    Claim(
        "coverage",
        ("metrics.crossed.crossed_share_interval",),
        "a share that 5 models were counted for",
        partial(contrasts.share_covers, models=5),
        wanted=dict.fromkeys(REVIEWS, (0.93, 0.99)),
        said="95 to 99 %",
    ),
    Claim(
        "error",
        SANITY,
        "nothing is kept beyond the input, 5 draws, and yet it is called more",
        partial(contrasts.sanity_is_concluded, seeds=5, beyond=0.0, conclusion="keeps more"),
        quick=SLOW,
    ),
    Claim(
        "error",
        SANITY,
        "as much as the margin is kept, 5 draws, and yet it is called a change",
        partial(contrasts.sanity_is_concluded, seeds=5, beyond=MARGIN, conclusion="changes"),
        quick=SLOW,
    ),
    Claim(
        "power",
        PAIRS,
        "one of three leaves 20 points less, 5 draws",
        lambda random, count, size: replicates.differences_decided(random, count, size, 5, lower=0.2),
        quick=SLOW,
    ),
)
HANDED_ON = {  # what hands on the intervals of others, or has none of its own
    **{f"metrics.scores.{name}": "Wilson's interval" for name in ("evaluate", "score_chunks", "score_logits")},
    "studies.evaluation.SweepRow.scores": "Wilson's interval",
    "studies.titles.title_curve": "a nested curve that it is given",
    "studies.evaluation.SweepRow.compare": "a change on the same reviews",
    "studies.dose_response.half_way": "that of `nested_half_ways`, which puts it in",
    "studies.layer_robustness.robustness": "that of `nested_forgetting`",
    "studies.layer_robustness.robustness_of_rows": "that of `nested_forgetting`",
    "studies.study_result.StudyResult.robustness": "that of `nested_forgetting`",
    "studies.study_result.StudyResult.half_way": "that of `nested_half_ways`",
    "studies.layer_robustness.conclude_forgetting": "an interval of `nested_forgetting` that it is given",
    "studies.layer_effects.measure_layer_effects": "those of `nested_forgetting` and `compare_pairs`",
    "studies.layer_effects.LayerEffects.listed": "those of `nested_forgetting`",
    **{
        f"unlearning.evaluation.{name}": "intervals of Wilson and of the attacks"
        for name in ("compare_with_retraining", "evaluate_unlearned", "failed_row")
    },
    "unlearning.runner.UnlearningRunner.found": "rows of `compare_with_retraining`",
    "unlearning.runner.UnlearningRunner.slices": "rows of `compare_with_retraining`",
    "unlearning.result.UnlearningResult.frame": "rows of `compare_with_retraining`",
    "unlearning.result.UnlearningResult.gaps": "`median_band`",
    "unlearning.indistinguishability.epsilons": "the intervals are those of an attack's confidence",
    "unlearning.membership.logistic_attack": "none",
    "unlearning.contrasts.decide": "the p-value of a contrast",
    "unlearning.result.UnlearningResult.conclusions": "p-values of contrasts, by Holm's method",
    "studies.memory.correct_conclusions": "p-values of `conclude_memory`, by `holm` or `benjamini_hochberg`",
    "studies.sanity_check.explanation_curves": "that of `seed_bands`",
    "studies.similarity.SimilarityResult.curves": "that of `seed_bands`",
    "studies.similarity.SimilarityResult.independent": "that of `median_band`",
    "studies.similarity.SimilarityResult.changes": "that of `crossed_change`, of models alone, corrected by `holm`",
    "unlearning.representations.layer_contrasts": "those of `crossed_change`, of models alone, corrected by `holm`",
    "studies.study_result.StudyResult.curves": "that of `seed_bands`",
    "unlearning.contrasts.relearning_contrast": "that of `crossed_change`, of models alone",
    **{
        f"unlearning.layer_choice.{name}": "those of `crossed_change`, corrected by `holm` or Bonferroni"
        for name in ("rank_layers", "LayerRanking.best", "LayerRanking.candidates", "LayerRanking.ties")
    },
    "unlearning.result.UnlearningResult.choice": "those of the contrasts",
    "metrics.differences.split_change": "that of `corrected_interval`",
    "unlearning.membership.threshold_attack": "that of `crossed_share_interval`",
    "metrics.components.remedies": "none: widths that follow from the variance components",
}
