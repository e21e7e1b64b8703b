"""What is explained of a classifier's answer, and what an attribution gives; the methods are in two other modules."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True, eq=False)
class Attribution:
    """What the words of reviews contribute to the explained quantity.

    A review's values and its remainder add up to the logit of its class less the mean logit of all classes.

    Attributes:
        values: Contribution of each stored value of the inputs, of TF-IDF rows a word and of tokens each occurrence,
            (stored,), in units of the logit; positive for a word that speaks for the class.
        remainder: What the words leave unexplained, (rows,): with integrated gradients, what the model gives for a
            review without words.
    """

    values: torch.Tensor
    remainder: torch.Tensor


def explained_logit(logits: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
    """The logit of a class less the mean logit of all: (rows, classes) → (rows,)."""
    return logits.gather(1, classes[:, None]).squeeze(1) - logits.mean(dim=1)
