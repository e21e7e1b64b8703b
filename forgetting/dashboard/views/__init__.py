"""What the pages show, a module a subject."""

__all__ = [
    "attribution",
    "comparison",
    "data",
    "dose_response",
    "method",
    "published",
    "relearning",
    "robustness",
    "runs",
    "splits",
    "story",
    "training",
    "unlearning",
]
