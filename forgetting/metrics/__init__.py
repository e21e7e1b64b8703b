"""Numbers about predictions: metrics, calibration, scores, baselines, comparisons and intervals."""
