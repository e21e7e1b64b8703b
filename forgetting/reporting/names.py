"""What schemes and unlearning methods are called in the interface, by their names in code."""

from forgetting.randomization.schemes import SCHEMES

SCHEME_NAMES = {
    "normal": "N(0, 1)",
    "reinit": "re-randomization",
    "rewind": "re-initialization",
    "permute": "permutation",
    "zero": "zeros",
    "noise": "added noise",
}
METHOD_NAMES = {
    "original": "original",
    "retrain": "exact retraining",
    "randomize_and_repair": "randomize and repair",
    "eu_k": "EU-k",
    "cf_k": "CF-k",
    "fine_tune": "fine-tuning",
    "gradient_ascent": "gradient ascent",
    "random_labels": "random labels",
    "dampening": "dampening",
    "scrub": "SCRUB",
    "salun": "SalUn",
    "neggrad_plus": "NegGrad+",
    "repair_all_layers": "repair of all layers",
    "repair_random_layer": "repair of a random layer",
}
ATTRIBUTION_NAMES = {
    "gradient_input": "gradient × input",
    "integrated_gradients": "integrated gradients",
    "occlusion": "occlusion",
    "smoothgrad": "SmoothGrad",
    "original": "original explanation",
    "random": "random",
    "random_input": "random × input",
    "tf_idf": "TF-IDF alone",
    "word_frequency": "word frequency alone",
    "linear_svm": "LinearSVC",
}
OBJECTIVE_NAMES = {"cross_entropy": "cross-entropy", "bitwise": "bitwise"}
OPTIMIZER_NAMES = {"adam": "Adam", "adamw": "AdamW"}
NETWORK_NAMES = {"mlp": "MLP", "transformer": "Transformer"}
KIND_NAMES = {
    "automatic": "automatic",
    "basic": "basic words",
    "words": "words of every script",
    "characters": "characters and pairs of them",
}
METRIC_TITLES = {
    "macro_f1": "macro-F1",
    "temperature_scaled_loss": "temperature-scaled loss",
    "most_predicted_share": "share of the most predicted class",
    "tow": "ToW",
    "anamnesis": "AIN",
    "attack_auc": "attack AUC",
    "attack_tpr": "TPR at 1 % FPR",
}


def name_metric(metric: str) -> str:
    """What a metric is called in a table."""
    return METRIC_TITLES.get(metric, metric.replace("_", " "))


def format_scheme(scheme: str) -> str:
    """What a scheme is called in a sentence."""
    return SCHEME_NAMES.get(scheme, scheme)


def name_scope(*, retrain: bool, splits: int) -> str:
    """What a study's numbers are of, as a part of a sentence; "" where models of several splits stand behind them.

    Args:
        retrain: Whether each replicate has its own model.
        splits: Number of splits of the reviews, each with models of its own.
    """
    return "" if splits > 1 else "on this split" if retrain else "of this model"


def describe_scheme(scheme: str) -> str:
    """What a randomized unit becomes, as a part of a sentence: the first line of the docstring of the scheme."""
    line = SCHEMES[scheme].__doc__.splitlines()[0].rstrip(".")
    return line[0].lower() + line[1:]


def format_method(method: str) -> str:
    """What an unlearning method is called in a sentence; a method of someone's own has its name as words."""
    return METHOD_NAMES.get(method, method.replace("_", " "))


def format_attribution(attribution: str) -> str:
    """What an attribution method, or what one is compared with, is called in a sentence."""
    return ATTRIBUTION_NAMES.get(attribution, attribution.replace("_", " "))


def format_class(label: str) -> str:
    """A class in a sentence: its label between quotation marks."""
    return f"“{label}”"
