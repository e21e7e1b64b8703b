"""From reviews to a trained classifier: split, model and trainer, and the influence of each word on the model."""

from forgetting.core.lazy import lazy_names

__getattr__, __all__ = lazy_names(
    __name__,
    {
        "attribution": ("attribute", "most_influential_words"),
        "classifier": ("TextClassifier", "first_layer"),
        "encoding": ("TextEncoder", "Token", "make_encoder"),
        "explained": ("Attribution",),
        "sparse": ("SparseMatrix",),
        "history": ("Epoch", "PartMetrics"),
        "settings": ("OBJECTIVES", "ModelSettings", "SplitSettings", "TrainingSettings"),
        "split": ("Part", "Split", "encode_labels", "make_split", "split_rows"),
        "tokens": ("TokenRows",),
        "trainer": ("Trainer", "compute_loss", "measure_logits", "measure_part"),
        "transformer": ("TextTransformer",),
    },
)
