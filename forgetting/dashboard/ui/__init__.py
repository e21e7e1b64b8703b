"""What pages are made of: the frame of a page, its controls and its forms."""

__all__ = [
    "advancing",
    "browser_component",
    "chosen_file",
    "conclusion",
    "controls",
    "differences",
    "escape",
    "labels",
    "navigation",
    "page",
    "plan_form",
    "prerequisites",
    "randomization_form",
    "tables",
    "training_form",
    "unlearning_form",
]
