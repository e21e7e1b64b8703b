"""What two runs are compared by, as Parquet: what models say of each review, or the rows of a study."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from forgetting.data.reviews import review_key
from forgetting.experiment.export import TableResult, table_bytes
from forgetting.model.history import Epoch

if TYPE_CHECKING:
    import numpy as np
    import torch

    from forgetting.model.split import Split

EPOCHS = "epochs"  # the key, in the metadata of the schema, of the epochs as JSON


def study_content(result: TableResult) -> bytes:
    """The table of a study; of a sweep also which validation reviews each variant gets right.

    These are `validation_hits`, packed as `Hits.after`, of so many `validation_reviews`; null where they are not kept.
    """
    from forgetting.studies.evaluation import Hits

    frame, recipe, about = result.export()
    found_hits = [getattr(row, "hits", None) for row in getattr(result, "rows", ())]
    hits = [found if isinstance(found, Hits) else None for found in found_hits]  # rows of unlearning hold others
    if any(hits):
        kept = {
            "hits": [found and found.after for found in hits],
            "reviews": [found and found.reviews for found in hits],
        }
        frame = frame.assign(**{f"validation_{name}": values for name, values in kept.items()})
    return table_bytes(frame, "parquet", recipe, about)


def reviews_content(split: Split, history: Sequence[Epoch], **logits: torch.Tensor) -> bytes:
    """What models say of each validation review, as Parquet.

    Args:
        split: The reviews.
        history: The epochs of the original.
        logits: Of each model by its name, (reviews, classes).
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq
    from torch.nn.functional import cross_entropy

    part, classes = split.validation, pa.array(split.classes)

    def labels(numbers: np.ndarray, known: np.ndarray) -> pa.DictionaryArray:
        return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32), mask=~known), classes)

    everywhere = np.ones(len(part), dtype=bool)
    columns = {
        "review": pa.array([review_key(split.reviews.texts[row]) for row in part.rows]),
        "class": labels(part.targets.numpy(), everywhere),
    }
    for name, values in logits.items():
        losses = cross_entropy(values, part.targets, reduction="none").numpy().astype(np.float32)
        columns[name] = labels(values.argmax(dim=1).numpy(), values.isfinite().all(dim=1).numpy())
        columns[f"{name}_loss"] = pa.array(losses, mask=~np.isfinite(losses))
    epochs = [
        {"epoch": epoch.epoch}
        | {
            f"{name}_{metric}": value if value == value else None
            for name in ("training", "validation")
            for metric, value in vars(getattr(epoch, name)).items()
        }
        for epoch in history
    ]
    content = io.BytesIO()
    table = pa.table(columns).replace_schema_metadata({EPOCHS: json.dumps(epochs)})
    pq.write_table(table, content, compression="zstd")
    return content.getvalue()
