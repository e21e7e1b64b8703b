"""What the pages show, a module a subject."""

__all__ = [
    "attribution",
    "comparison",
    "data",
    "dose_response",
    "playing",
    "published",
    "relearn_tab",
    "relearning",
    "robustness",
    "training",
    "unlearning",
]
