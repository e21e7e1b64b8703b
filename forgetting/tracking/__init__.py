"""What was run, kept: a run with its metrics beside their baselines, the runs of a machine, and experiments as files.

Nothing is computed here: results come from the packages above.
"""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(__name__, {"run": ("RUN_KINDS", "Run", "RunMetric", "run_key")})
