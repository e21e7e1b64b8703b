"""Studies that a page advances in slices, by kind."""

__all__ = ["base", "panel", "registry", "relearning", "sweep", "unlearning"]
