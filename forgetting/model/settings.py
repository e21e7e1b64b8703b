"""The settings of a split, of a classifier and of its training. A recipe is made of them, without torch."""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import ClassVar

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, setting

SMALL, TINY, FEW_CLASSES = 10_000, 1_200, 10  # see `is_large`
STEPS, PATIENT_STEPS = 1_200, 150  # of training, and without a lower loss, of few reviews of many classes
ENOUGH_REVIEWS = 900  # training reviews from which a Transformer learns more than these; see `learns_by_heart`
# The attribution methods by name; their functions are in `attribution.py`, which needs torch.
ATTRIBUTIONS = ("gradient_input", "integrated_gradients", "occlusion", "smoothgrad")
OBJECTIVES = {"cross_entropy": "nats per review", "bitwise": "nats per review and class"}  # name → unit of the loss


def is_large(reviews: int, classes: int) -> bool:
    """Whether a file is trained by its size, with a stopping part; others are trained with the defaults.

    Args:
        reviews: Reviews that may be trained on.
        classes: Number of classes.
    """
    return reviews > SMALL or (reviews > TINY and classes > FEW_CLASSES)


def learns_by_heart(kind: str, reviews: int) -> bool:
    """Whether a model has too few reviews to learn more from them than the reviews themselves.

    A Transformer classifies 0.84 of the sample's validation reviews correctly by 964 for training. By 241 it is 0.61 of
    them (and 0.89 of those), where the MLP reaches 0.74; each is a mean over seeds.

    Args:
        kind: The kind of the model, as in ModelSettings.
        reviews: Reviews that may be trained on.
    """
    return kind == "transformer" and reviews < ENOUGH_REVIEWS


@dataclass(frozen=True)
class SplitSettings(Settings):
    """How reviews become a split.

    Attributes:
        words: What the texts are cut into: "basic" words of two or more letters or digits, as scikit-learn has them,
            "words" of any script, or "characters" and pairs of them; "automatic" decides by the texts.
        validation_share: Share of the reviews in the validation part, in (0, 1).
        test_share: Share of the reviews in the test part, in [0, 0.8]; 0 for none. It is held out from all choices, so
            that what is claimed of a choice can be measured on reviews that had no say in it.
        stratify: Whether the classes have equal shares in all parts.
        sublinear_tf: Whether a word's count enters as 1 + ln(count).
        min_df: Number of training reviews in which a word must occur.
        max_words: Number of words, the most frequent ones; 0 for all.
        stopping: Whether a stopping part is drawn from the training part, on which training finds its best epoch:
            "always", "never", or "by_size" where there are many reviews.
        seed: Seed of the split.
    """

    group: ClassVar[str] = "split"
    words: str = setting("automatic", choices=("automatic", "basic", "words", "characters"))
    validation_share: float = setting(0.2, low=0.05, high=0.9)
    test_share: float = setting(0.0, low=0.0, high=0.8)
    stratify: bool = setting(True)
    sublinear_tf: bool = setting(True)
    min_df: int = setting(2, low=1, high=1_000)
    max_words: int = setting(0, low=0, high=1_000_000)
    stopping: str = setting("by_size", choices=("by_size", "always", "never"))
    seed: int = setting(0, low=0, high=2**32 - 1)


@dataclass(frozen=True)
class ModelSettings(Settings):
    """Which classifier, and its size.

    Attributes:
        kind: "mlp", a multilayer perceptron on TF-IDF rows, or "transformer", which reads the words in their order.
        hidden: Widths of the hidden layers of an MLP.
        blocks: Number of blocks of a Transformer.
        width: Numbers that stand for a word in a Transformer; the number of heads must divide it.
        heads: Attention heads of each block.
        feedforward: Width of the hidden layer of each block's feed-forward part.
        max_tokens: Words of a review that a Transformer reads; those after them are left out.
        dropout: Probability with which a hidden activation is dropped while training.

    Raises:
        RecipeError: The heads do not divide the width.
    """

    group: ClassVar[str] = "model"
    kind: str = setting("mlp", choices=("mlp", "transformer"))
    hidden: tuple[int, ...] = setting((64,), low=1, high=1024, most=4)
    blocks: int = setting(2, low=1, high=12)
    width: int = setting(64, low=4, high=512)
    heads: int = setting(4, low=1, high=64)
    feedforward: int = setting(128, low=1, high=2048)
    max_tokens: int = setting(256, low=1, high=4096)
    dropout: float = setting(0.5, low=0.0, high=0.95)

    def __post_init__(self):
        super().__post_init__()
        if self.width % self.heads:
            raise RecipeError(
                f"model.width must be a multiple of model.heads, as each head reads an equal share; got {self.width} "
                f"and {self.heads}. Change one of them."
            )

    @property
    def layers(self) -> tuple[str, ...]:
        """The names of the layers in their order: fc1, fc2 … of an MLP, "words" to "head" of a Transformer."""
        return tuple(self.parameter_shapes(1, 1))

    @property
    def tokens(self) -> int:
        """Words of a review that the model reads in their order; 0 for a model that takes TF-IDF rows."""
        return self.max_tokens if self.kind == "transformer" else 0

    def shapes(self, words: int, classes: int) -> dict[str, tuple[int, int]]:
        """Inputs and outputs of each layer of an MLP, by its name, of a model of so many words and classes."""
        names = (f"fc{number}" for number in range(1, len(self.hidden) + 2))
        return dict(zip(names, pairwise((words, *self.hidden, classes)), strict=True))

    def parameter_shapes(self, words: int, classes: int) -> dict[str, dict[str, tuple[int, ...]]]:
        """The shape of each parameter, by its name in its layer, by layer, of a model of so many words and classes."""
        if self.kind == "mlp":
            return {name: _linear(*sizes) for name, sizes in self.shapes(words, classes).items()}
        width, norm = self.width, {"weight": (self.width,), "bias": (self.width,)}
        block = {
            "attention_norm": norm,
            **{f"attention.{name}": _linear(width, width) for name in ("query", "key", "value", "output")},
            "feedforward_norm": norm,
            "feedforward.up": _linear(width, self.feedforward),
            "feedforward.down": _linear(self.feedforward, width),
        }
        return {
            "words": {"weight": (words, width)},
            "positions": {"weight": (self.max_tokens, width)},
            **{f"blocks.{number}.{name}": shapes for number in range(self.blocks) for name, shapes in block.items()},
            "norm": norm,
            "head": _linear(width, classes),
        }

    def parameters(self, words: int, classes: int) -> dict[str, int]:
        """Number of parameters of each layer, by its name, of a model of so many words and classes."""
        return {
            name: sum(map(math.prod, shapes.values())) for name, shapes in self.parameter_shapes(words, classes).items()
        }

    def activations(self, classes: int) -> int:
        """Numbers that a step of training holds: of an MLP for each review, of a Transformer for each of its words."""
        if self.kind == "mlp":
            return sum(self.hidden) + classes
        return 2 * self.width + self.blocks * (9 * self.width + 2 * self.feedforward)


def _linear(inputs: int, outputs: int) -> dict[str, tuple[int, ...]]:
    return {"weight": (outputs, inputs), "bias": (outputs,)}


@dataclass(frozen=True)
class TrainingSettings(Settings):
    """How a model is trained. The last two settings exist for the published protocol.

    Attributes:
        objective: "cross_entropy" on class numbers, or "bitwise": binary cross-entropy with logits on one-hot rows,
            the mean over reviews and classes.
        by_size: Whether the number of reviews and classes chooses the settings of CHOSEN_BY_SIZE that have their
            defaults; see `for_size`.
        epochs: Passes over the training part.
        optimizer: "adam", at a constant learning rate; or "adamw", with decoupled weight decay, whose learning rate
            rises over the first tenth of all steps and then falls to 0 along a cosine.
        learning_rate: Learning rate, of AdamW the highest.
        batch_size: Reviews in a step; 0 for all at once.
        patience: Epochs without a lower loss of the stopping part after which training ends, with the weights of the
            best epoch; 0 for all epochs.
        word_dropout: Probability with which a word of a review is dropped, drawn anew in each step.
        weight_decay: Weight decay: of Adam coupled, which is added to the gradient, as in `torch.optim.Adam`; of AdamW
            decoupled, as in `torch.optim.AdamW`, and only of matrices.
        label_smoothing: Share of the target that is spread over all classes.
        dropout_steps: Number of first steps in which dropout acts; 0 for all steps.
        reuse_forward_pass: Whether the training metrics of an epoch come from the forward pass of its last step (before
            the step, with its dropout) instead of a pass after it.
    """

    group: ClassVar[str] = "training"
    objective: str = setting("cross_entropy", choices=tuple(OBJECTIVES))
    by_size: bool = setting(True)
    optimizer: str = setting("adam", choices=("adam", "adamw"))
    epochs: int = setting(100, low=1, high=2_000)
    learning_rate: float = setting(0.01, low=1e-6, high=10.0)
    batch_size: int = setting(0, low=0, high=1_000_000)
    patience: int = setting(0, low=0, high=2_000)
    word_dropout: float = setting(0.0, low=0.0, high=0.95)
    weight_decay: float = setting(1e-3, low=0.0, high=1.0)
    label_smoothing: float = setting(0.1, low=0.0, high=0.9)
    dropout_steps: int = setting(0, low=0, high=1_000_000)
    reuse_forward_pass: bool = setting(False)

    def for_size(self, reviews: int, classes: int, kind: str = "mlp") -> "TrainingSettings":
        """The settings that are used: where `by_size` is set, those in CHOSEN_BY_SIZE that have their defaults are
        chosen by the size, and `by_size` is then off. What was measured for it is in the README of `forgetting/model`.

        Args:
            reviews: Reviews that are not for validation: those of the training and of the stopping part.
            classes: Number of classes.
            kind: The kind of the model, as in ModelSettings.
        """
        if not self.by_size:
            return self
        chosen = _for_transformer(reviews) if kind == "transformer" else _for_mlp(reviews, classes)
        default = type(self)()
        free = (name for name in chosen if getattr(self, name) == getattr(default, name))
        return replace(self, by_size=False, **{name: chosen[name] for name in free})


def _for_mlp(reviews: int, classes: int) -> dict[str, float]:
    chosen = {}
    if reviews > SMALL:
        chosen = {"epochs": 40, "learning_rate": 0.003, "batch_size": 512, "patience": 2}
    elif is_large(reviews, classes):
        steps = math.ceil(reviews / 128)  # in an epoch
        epochs, patience = math.ceil(STEPS / steps), max(2, math.ceil(PATIENT_STEPS / steps))
        chosen = {"epochs": epochs, "learning_rate": 0.003, "batch_size": 128, "patience": patience}
    if chosen and classes > FEW_CLASSES:
        chosen["weight_decay"] = 1e-5
    return chosen


def _for_transformer(reviews: int) -> dict[str, float | str]:
    steps = math.ceil(reviews / 32)  # in an epoch
    return {
        "optimizer": "adamw",
        "epochs": min(15, max(3, math.ceil(STEPS / steps))),
        "learning_rate": 0.003,
        "batch_size": 32,
        "patience": 2 if reviews > TINY else 0,
        "word_dropout": 0.2,
        "weight_decay": 1.0,
    }


# In the order they are said.
CHOSEN_BY_SIZE = ("optimizer", "epochs", "learning_rate", "batch_size", "patience", "word_dropout", "weight_decay")
