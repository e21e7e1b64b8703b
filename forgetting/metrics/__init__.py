"""Numbers about predictions: metrics, calibration, scores, baselines, comparisons, intervals and tests."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "baselines": (
            "Baselines",
            "beats_trivial",
            "compare_with_majority",
            "compute_baselines",
            "find_majority",
            "measure_forgettings",
        ),
        "calibration": ("temperature_scaled_loss",),
        "comparisons": (
            "Measurement",
            "measure_agreement",
            "measure_divergence",
            "measure_forgetting",
            "measure_forgetting_above_majority",
        ),
        "components": (
            "Component",
            "CrossedMeans",
            "Remedy",
            "crossed_means",
            "mean_components",
            "remedies",
            "variance_components",
        ),
        "crossed": ("CrossedChange", "area_change", "area_placements", "crossed_change", "smallest_area_change"),
        "intervals": (
            "BAND_QUANTILES",
            "Band",
            "auc_interval",
            "median_band",
            "median_interval",
            "seed_bands",
            "wilson_interval",
        ),
        "multiplicity": ("benjamini_hochberg", "holm"),
        "nested": (
            "Estimate",
            "NestedMeans",
            "accuracy_interval",
            "corrected_interval",
            "ratio_interval",
            "simultaneous_level",
        ),
        "paired": (
            "PairedChange",
            "compare_hits",
            "make_change",
            "mcnemar_test",
            "paired_interval",
            "reviews_needed",
            "sign_test",
            "smallest_change",
        ),
        "scores": (
            "FEWEST_CLASS_REVIEWS",
            "LOSS_TOO_LARGE",
            "NOT_FINITE",
            "TOP_K",
            "Scores",
            "probabilities",
            "score_logits",
            "top_1_accuracy",
            "why_no_top_k",
        ),
    },
)
