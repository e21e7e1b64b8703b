"""What computes: the pipeline, with torch prepared for it, and what logs its results.

Importing this module takes as long as all else that the first screen needs. So whoever computes imports it then, and
every page but the Overview does so when it is opened.
"""

from forgetting.core.seeding import pin_threads
from forgetting.experiment.pipeline import (
    compare,
    copy_state,
    make_trainer,
    measure_outcome,
    prepare,
    select_reviews,
    snapshot,
)
from forgetting.tracking import run_records, run_store  # noqa: F401 - or the first run would wait for them

__all__ = ["compare", "copy_state", "make_trainer", "measure_outcome", "prepare", "select_reviews", "snapshot"]

pin_threads()
