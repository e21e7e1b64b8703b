"""What the controls of the settings are called, and errors of the library in these words."""

import re

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from forgetting.core.errors import EmptyStateError, ForgettingError
from forgetting.dashboard.ui.escape import literal

LABELS = {
    "reading.header": "First row is a header",
    "reading.skip_lines": "Lines to skip",
    "reading.quotes": "Quotes",
    "reading.leave_out_bad_rows": "Leave bad rows out",
    "reading.encoding": "Encoding",
    "reading.line_encodings": "Two encodings, line by line",
    "reading.sheet": "Sheet",
    "data.source": "Reviews from",
    "data.text_column": "Column of the texts",
    "data.label_column": "Column of the labels",
    "data.missing": "Words that mean missing",
    "data.fold_labels": "One class in any letter case",
    "data.quantile_classes": "Quantile classes (0: none)",
    "data.drop_duplicates": "Drop exact duplicates",
    "data.min_reviews": "Reviews a class needs",
    "data.max_reviews": "Reviews at most (0: all)",
    "data.max_classes": "Classes at most (0: all)",
    "data.seed": "Seed of the sample",
    "split.words": "Kind of words",
    "split.stopping": "Stopping part",
    "split.validation_share": "Validation share",
    "split.test_share": "Test share (0: none)",
    "split.min_df": "Reviews a word needs",
    "split.max_words": "Words at most (0: all)",
    "split.seed": "Seed of the split",
    "split.sublinear_tf": "Sublinear TF",
    "split.stratify": "Stratify",
    "model.kind": "Network",
    "model.hidden": "Hidden widths",
    "model.blocks": "Blocks",
    "model.width": "Width of a word's vector",
    "model.heads": "Attention heads",
    "model.feedforward": "Feed-forward width",
    "model.max_tokens": "Words read of a review",
    "model.dropout": "Dropout",
    "training.objective": "Objective",
    "training.by_size": "Chosen by size",
    "training.optimizer": "Optimizer",
    "training.patience": "Patience (0: all epochs)",
    "training.epochs": "Epochs",
    "training.learning_rate": "Learning rate",
    "training.batch_size": "Batch size (0: all)",
    "training.weight_decay": "Weight decay",
    "training.label_smoothing": "Label smoothing",
    "training.word_dropout": "Word dropout",
    "seed": "Seed of weights and training",
    "randomization.layers": "Layers to randomize",
    "randomization.fraction": "Fraction randomized",
    "randomization.scheme": "Scheme",
    "randomization.scale": "Noise s, in standard deviations",
    "randomization.unit": "Unit",
    "randomization.words": "Words to forget",
    "randomization.seed": "Seed",
    "sweep.layers": "Layer sets",
    "sweep.schemes": "Schemes",
    "sweep.scale": "Noise s, in standard deviations",
    "sweep.units": "Units",
    "sweep.doses": "Fractions randomized",
    "sweep.seeds": "Seeds",
    "sweep.seed": "First seed",
    "sweep.splits": "Splits",
    "sweep.retrain": "Retrain for each seed",
    "relearning.layers": "Layer sets",
    "relearning.schemes": "Schemes",
    "relearning.doses": "Fractions randomized",
    "relearning.seeds": "Seeds",
    "relearning.epochs": "Epochs at most",
    "relearning.target_share": "Share of the original accuracy to reach",
    "relearning.seed": "First seed",
    "relearning.splits": "Splits",
    "relearning.retrain": "Retrain for each seed",
    "forget.by": "Forget",
    "forget.share": "Share of the training reviews",
    "forget.seed": "Seed of the share",
    "forget.label": "Class",
    "unlearning.methods": "Methods",
    "unlearning.seeds": "Seeds",
    "unlearning.seed": "First seed",
    "unlearning.epochs": "Epochs of repair and tuning",
    "unlearning.learning_rate": "Learning rate of repair and tuning",
    "unlearning.last_layers": "k of EU-k and CF-k",
    "unlearning.repair_fraction": "Fraction randomized before repair",
    "unlearning.repair_scheme": "Scheme of randomize and repair",
    "unlearning.repair_layers": "Layers of randomize and repair",
    "unlearning.ascent_rate": "Gradient ascent: length of a step",
    "unlearning.ascent_clip": "Gradient ascent: clip the norm at",
    "unlearning.ascent_tolerance": "Gradient ascent: retain accuracy it may lose",
    "unlearning.dampening_alpha": "Dampening: α, select above",
    "unlearning.dampening_lambda": "Dampening: λ",
    "unlearning.scrub_alpha": "SCRUB: α, near the original",
    "unlearning.scrub_gamma": "SCRUB: γ, loss of the retain set",
    "unlearning.scrub_epochs": "SCRUB: epochs away",
    "unlearning.scrub_order": "SCRUB: which set first",
    "unlearning.scrub_temperature": "SCRUB: temperature",
    "unlearning.salun_share": "SalUn: share of the weights",
    "unlearning.neggrad_beta": "NegGrad+: β, retain set",
    "unlearning.relearn_epochs": "Relearning: epochs at most",
    "review.key": "Review of the file",
    "review.text": "Text in the link",
    "review.attribution": "Attribution",
    "explanation.attributions": "Attributions",
    "explanation.layers": "Layer sets",
    "explanation.doses": "Fractions randomized",
    "explanation.scheme": "Scheme",
    "explanation.seeds": "Seeds",
    "explanation.seed": "First seed",
    "explanation.top": "k of the top-k overlap",
    "explanation.samples": "SmoothGrad: noisy copies",
    "explanation.noise": "SmoothGrad: noise",
}
_NAMED = re.compile(rf"(?<![\w.])(?:{'|'.join(re.escape(name) for name in LABELS if '.' in name)})(?![\w.]\w)")


def short_label(name: str) -> str:
    """The label of a setting's control without what its values mean, which stands there in brackets."""
    return LABELS[name].split(" (")[0]


def name_controls(message: object) -> str:
    """A message of the library as plain text, with the labels of controls in the place of their settings' names."""
    return _NAMED.sub(lambda found: f"“{short_label(found[0])}”", str(message))


def in_words(message: object) -> str:
    """The same as Markdown."""
    return literal(name_controls(message))


def show_error(error: ForgettingError, place: DeltaGenerator | None = None, icon: str | None = None) -> None:
    """Say what is wrong, or, where only something is still to be chosen, what to do next.

    Args:
        error: What the library says.
        place: Where, by default where the script is.
        icon: Before the sentence.
    """
    draw = place or st
    (draw.info if isinstance(error, EmptyStateError) else draw.error)(in_words(error), icon=icon)
