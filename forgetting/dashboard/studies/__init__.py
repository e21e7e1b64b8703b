"""Studies that a page advances in slices, by kind."""

__all__ = ["base", "fraction_path", "kept", "panel", "registry", "relearning", "split_accuracy", "sweep", "unlearning"]
