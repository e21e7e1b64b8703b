"""A row of an unlearning comparison: one method's model of one seed, beside exact retraining, and what is known of it.

How the metrics are computed is `evaluation.py`; what several rows say together is `contrasts.py` and `result.py`.
"""

from dataclasses import dataclass, field

import numpy as np

from forgetting.metrics.comparisons import Measurement

SETS = ("forget", "retain", "validation")
FEWEST_STEPS = 10  # of the retrained model, for an AIN: of fewer a step more or less changes it by over a tenth
MODEL_METRICS = {  # metrics of one model, which the retrained model has too; what each is
    **{f"{name}_accuracy": f"top-1 accuracy on the {name} reviews" for name in SETS},
    **{f"{name}_loss": f"loss of the objective on the {name} reviews" for name in SETS},
    "test_accuracy": "top-1 accuracy on the reviews of the test part",
    "attack_auc": "loss-threshold attack, area under the curve",
    "attack_accuracy": "logistic regression on the loss, 10-fold balanced accuracy",
    "attack_tpr": "share of members found at 1 % false positives",
    "relearn_steps": "optimizer steps until the forget set is known again",
    "seconds": "time that the method took",
}
PAIR_METRICS = {  # metrics of a pair of models, with the value where the model equals the retrained one
    "tow": 1.0,
    "test_tow": 1.0,
    "forget_agreement": 1.0,
    "validation_agreement": 1.0,
    "forget_divergence": 0.0,
    "validation_divergence": 0.0,
    "anamnesis": 1.0,
    "seconds_ratio": 1.0,
}
SIMILARITY_METRICS = (
    "tow",
    "test_tow",
    "forget_agreement",
    "validation_agreement",
    "forget_divergence",
    "validation_divergence",
)
UNLEARNING_METRICS = (*MODEL_METRICS, *PAIR_METRICS)


@dataclass(frozen=True, eq=False)
class UnlearningRow:
    """One method's model of one seed, beside exact retraining with another seed.

    Attributes:
        method: Key of METHODS.
        seed: Of the original and of the method; the retrained model has `second_seed(seed)`.
        metrics: UNLEARNING_METRICS of the unlearned model, by name; None where missing.
        retrained: MODEL_METRICS of the retrained model, by name; None where missing.
        intervals: 95 % intervals over reviews, by (metric, model); the models are "unlearned" and "retrained".
        missing: The reason of each None, by the metric's name, with "retrained_" before it where it is the retrained
            model's.
        over_forgets: Whether this model knows the forget set less than the retrained one does, by more than it knows
            unseen reviews less; None where that cannot be told. See `contrasts.over_forgets`.
        remembers: Whether the attack finds the forget set among the members more surely than after retraining; None
            where that cannot be told. See `contrasts.remembers`.
        probabilities: Probability of the true class, (forget reviews,), by model: "original", "unlearned",
            "retrained".
        losses: −ln of the probability of the true class, by model ("unlearned", "retrained") and set ("forget",
            "retain", "non_members").
        confidence: Logit of the probability of the true class, (forget reviews,), by model as `probabilities`.
        hits: Whether each review is classified correctly, by model ("unlearned", "retrained") and set: SETS, "test",
            and "unseen" for `ForgetSets.unseen`.
        scaled_losses: As `losses`, of the sets "forget" and "unseen", the unlearned model at the temperature of the
            retrained one.
        similarity: CKA of each layer with the retrained model's, by model ("unlearned", "original"), set ("forget",
            "validation") and layer, and of the unlearned with the original one, as "unlearned_to_original"; empty
            where the method gave no model. See `representations`.
    """

    method: str
    seed: int
    metrics: dict[str, float | None]
    retrained: dict[str, float | None]
    intervals: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    over_forgets: bool | None = None
    remembers: bool | None = None
    probabilities: dict[str, np.ndarray] = field(default_factory=dict)
    losses: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    confidence: dict[str, np.ndarray] = field(default_factory=dict)
    hits: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    scaled_losses: dict[str, dict[str, np.ndarray]] = field(default_factory=dict)
    similarity: dict[str, dict[str, dict[str, Measurement]]] = field(default_factory=dict)

    def gap(self, metric: str) -> float | None:
        """The metric less that of exact retraining: the nearer to 0, the better.

        Args:
            metric: One of UNLEARNING_METRICS.

        Returns:
            The difference; None where either is missing.
        """
        value, ideal = self.metrics[metric], self.retrained.get(metric, PAIR_METRICS.get(metric))
        return None if value is None or ideal is None else value - ideal
