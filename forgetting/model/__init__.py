"""From reviews to a trained classifier: split, model and trainer, and the influence of each word on the model."""

from forgetting.model.attribution import most_influential_words
from forgetting.model.classifier import ModelSettings, TextClassifier, first_layer
from forgetting.model.sparse import SparseMatrix
from forgetting.model.split import Part, Split, SplitSettings, encode_labels, make_split, split_rows
from forgetting.model.trainer import (
    OBJECTIVES,
    Epoch,
    PartMetrics,
    Trainer,
    TrainingSettings,
    compute_loss,
    measure_logits,
)

__all__ = [
    "OBJECTIVES",
    "Epoch",
    "ModelSettings",
    "Part",
    "PartMetrics",
    "SparseMatrix",
    "Split",
    "SplitSettings",
    "TextClassifier",
    "Trainer",
    "TrainingSettings",
    "compute_loss",
    "encode_labels",
    "first_layer",
    "make_split",
    "measure_logits",
    "most_influential_words",
    "split_rows",
]
