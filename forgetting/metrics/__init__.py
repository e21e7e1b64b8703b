"""Numbers about predictions: metrics, calibration, scores, baselines, comparisons and intervals."""

from forgetting.metrics.baselines import Baselines, compute_baselines
from forgetting.metrics.calibration import temperature_scaled_loss
from forgetting.metrics.comparisons import Measurement, measure_agreement, measure_divergence, measure_forgetting
from forgetting.metrics.intervals import (
    BAND_QUANTILES,
    Band,
    auc_interval,
    median_band,
    seed_bands,
    wilson_interval,
)
from forgetting.metrics.scores import (
    LOSS_TOO_LARGE,
    NOT_FINITE,
    TOP_K,
    Scores,
    probabilities,
    score_logits,
    top_1_accuracy,
    why_no_top_k,
)

__all__ = [
    "BAND_QUANTILES",
    "LOSS_TOO_LARGE",
    "NOT_FINITE",
    "TOP_K",
    "Band",
    "Baselines",
    "Measurement",
    "Scores",
    "auc_interval",
    "compute_baselines",
    "measure_agreement",
    "measure_divergence",
    "measure_forgetting",
    "median_band",
    "probabilities",
    "score_logits",
    "seed_bands",
    "temperature_scaled_loss",
    "top_1_accuracy",
    "why_no_top_k",
    "wilson_interval",
]
