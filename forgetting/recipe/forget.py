"""What is to be forgotten, and the settings of the unlearning methods."""

from dataclasses import dataclass, replace
from typing import ClassVar, Self

from forgetting.core.errors import RecipeError
from forgetting.core.numbers import format_share
from forgetting.core.settings import Settings, setting
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import ALL, Randomization
from forgetting.recipe.plans import replicate_seeds

METHODS_VARIABLE = "FORGETTING_METHODS"  # environment variable that names files or modules with custom methods
MOST_NAMED = 6  # layers in an error
# By the kind of the model. A Transformer is tuned for a third of the epochs that train it, a little below their rate;
# the README of `forgetting/unlearning` has what was measured for the others.
CHOSEN_BY_KIND = {
    "mlp": {"epochs": 20, "learning_rate": 0.01, "ascent_rate": 0.3, "dampening_alpha": 2.0},
    "transformer": {"epochs": 5, "learning_rate": 0.002, "ascent_rate": 0.1, "dampening_alpha": 5.0},
}


@dataclass(frozen=True)
class Forget(Settings):
    """Which training reviews are to be forgotten.

    Attributes:
        by: A "class", chosen "reviews", or a random "share".
        label: The class.
        reviews: Keys of the chosen reviews, see `review_key`.
        share: Share of the training part's different texts, in [0, 1].
        seed: Seed that the share is drawn from.
    """

    group: ClassVar[str] = "forget"
    by: str = setting("share", choices=("class", "reviews", "share"))
    label: str = setting("")
    reviews: tuple[str, ...] = setting((), most=10_000)
    share: float = setting(0.1, low=0.0, high=1.0)
    seed: int = setting(0, low=0, high=2**32 - 1)

    @property
    def used(self) -> Self:
        """The same with the defaults of what this way of choosing does not use."""
        names = {"class": ("label",), "reviews": ("reviews",), "share": ("share", "seed")}[self.by]
        return type(self)(by=self.by, **{name: getattr(self, name) for name in names})


def describe_forget(forget: Forget) -> str:
    """Describe what is to be forgotten, as a part of a sentence."""
    return {
        "class": f"the class “{forget.label[:80]}”",
        "reviews": f"the list of {len(forget.reviews):,} review{'s' * (len(forget.reviews) != 1)}",
        "share": f"a share of {format_share(forget.share)}",
    }[forget.by]


@dataclass(frozen=True)
class Unlearning(Settings):
    """Which unlearning methods are compared, over how many seeds, and the settings of the methods.

    Attributes:
        methods: Keys of METHODS, at least one.
        seeds: Number of replicates. Each has its own original model, retrained model and unlearned models.
        seed: Seed of the first replicate; the others have the seeds after it.
        epochs: Epochs of the methods that train the original model further; 0 for those that suit the kind of the
            model, see `for_kind`.
        learning_rate: Learning rate of these methods; 0 for that of the kind.
        last_layers: Number of layers, counted from the last, that EU-k and CF-k train: their k.
        repair_layers: Layers that "randomize_and_repair" randomizes, see `Randomization`.
        repair_fraction: Fraction of their units that it randomizes, in [0, 1].
        repair_scheme: Scheme that it uses, a key of SCHEMES.
        ascent_rate: Length of a step of gradient ascent; 0 for that of the kind.
        ascent_clip: The largest norm of its gradient; a longer gradient is scaled down to it.
        ascent_tolerance: Accuracy on the retain set, in [0, 1], that gradient ascent may lose before it stops.
        dampening_alpha: α of selective synaptic dampening, above which a weight is dampened; −1 for that of the kind.
        dampening_lambda: λ of selective synaptic dampening, how strongly.
        scrub_alpha: Weight with which SCRUB stays near the original model.
        scrub_gamma: Weight of the loss on the retain set in SCRUB.
        scrub_epochs: Epochs in which SCRUB moves away on the forget set, fewer than `epochs`
            where an epoch of the retain set comes first.
        scrub_order: Which epoch of SCRUB comes first: that of the retain set, "retain_first", or that of the forget
            set, "forget_first", as its authors have it.
        scrub_temperature: Temperature that both predictions are divided by where SCRUB compares them, above 0; its
            authors take 2 or 4.
        salun_share: Share that SalUn trains of the weights with a gradient on the forget set, in [0, 1]; its authors
            take 0.5.
        neggrad_beta: β of NegGrad+, in [0, 1]: how much the loss of the retain set counts beside that of the forget
            set, which counts 1 − β.
        relearn_epochs: Epochs within which a model must learn the forget set again for the anamnesis index; 0
            leaves the index out.

    Raises:
        RecipeError: No method is named, or the seeds run out of range.
    """

    group: ClassVar[str] = "unlearning"
    methods: tuple[str, ...] = setting(
        (
            "original",
            "retrain",
            "randomize_and_repair",
            "eu_k",
            "cf_k",
            "fine_tune",
            "gradient_ascent",
            "random_labels",
            "dampening",
            "scrub",
        ),
        most=100,
    )
    seeds: int = setting(5, low=1, high=1_000)
    seed: int = setting(0, low=0, high=2**32 - 1)
    epochs: int = setting(0, low=0, high=2_000)
    learning_rate: float = setting(0.0, low=0.0, high=10.0)
    last_layers: int = setting(1, low=1, high=100)
    repair_layers: tuple[str, ...] = setting((ALL,), most=1_000)
    repair_fraction: float = setting(0.5, low=0.0, high=1.0)
    repair_scheme: str = setting("reinit", choices=tuple(SCHEMES))
    ascent_rate: float = setting(0.0, low=0.0, high=1_000.0)
    ascent_clip: float = setting(1.0, low=1e-6, high=1e6)
    ascent_tolerance: float = setting(0.05, low=0.0, high=1.0)
    dampening_alpha: float = setting(-1.0, low=-1.0, high=1e6)
    dampening_lambda: float = setting(1.0, low=0.0, high=1e6)
    scrub_alpha: float = setting(1.0, low=0.0, high=1e3)
    scrub_gamma: float = setting(1.0, low=0.0, high=1e3)
    scrub_epochs: int = setting(1, low=0, high=2_000)
    scrub_order: str = setting("retain_first", choices=("retain_first", "forget_first"))
    scrub_temperature: float = setting(1.0, low=0.01, high=1_000.0)
    salun_share: float = setting(0.5, low=0.0, high=1.0)
    neggrad_beta: float = setting(0.95, low=0.0, high=1.0)
    relearn_epochs: int = setting(100, low=0, high=2_000)

    def __post_init__(self):
        super().__post_init__()
        if not self.methods:
            raise RecipeError("unlearning.methods must name at least one; got none. Choose some.")
        object.__setattr__(self, "methods", tuple(dict.fromkeys(self.methods)))
        replicate_seeds(self.group, self.seed, self.seeds)

    def for_kind(self, kind: str) -> Self:
        """The settings that are used for a kind of model, as in ModelSettings.

        Those of CHOSEN_BY_KIND that have their defaults, which stand for no value of their own, are chosen by it.
        """
        default, chosen = type(self)(), CHOSEN_BY_KIND[kind]
        left_open = (name for name in chosen if getattr(self, name) == getattr(default, name))
        return replace(self, **{name: chosen[name] for name in left_open})

    @property
    def replicates(self) -> range:
        """The seeds of the replicates."""
        return replicate_seeds(self.group, self.seed, self.seeds)

    @property
    def planned(self) -> list[tuple[int, str]]:
        """The seed and the method of each unlearned model."""
        return [(seed, name) for seed in self.replicates for name in self.methods]

    def check(self, known: tuple[str, ...]) -> None:
        """Check that the settings, as `for_kind` gives them, fit a model.

        Whether the methods exist is checked by `unlearning.check_methods`.

        Args:
            known: Names of the model's layers, in order.

        Raises:
            RecipeError: A setting does not fit.
        """
        if self.last_layers > len(known):
            raise RecipeError(
                f"unlearning.last_layers must be at most the number of layers, {len(known)} "
                f"({', '.join(known[:MOST_NAMED])}{' …' * (len(known) > MOST_NAMED)}); "
                f"got {self.last_layers}. Lower it."
            )
        alone = self.scrub_order == "retain_first"  # its first epoch moves away from nothing
        if "scrub" in self.methods and self.scrub_epochs > self.epochs - alone:
            raise RecipeError(
                f"unlearning.scrub_epochs must be at most {self.epochs - alone}, as SCRUB has {self.epochs} epochs "
                f"(unlearning.epochs){', the first of the retain set alone' if alone else ''}; got "
                f"{self.scrub_epochs}. Lower the first, or raise the other."
            )
        self.randomization(0).chosen_layers(known, "unlearning.repair_layers")

    def randomization(self, seed: int) -> Randomization:
        """The randomization with which "randomize_and_repair" begins."""
        return Randomization(
            layers=self.repair_layers, fraction=self.repair_fraction, scheme=self.repair_scheme, seed=seed
        )
