"""What is to be forgotten, and the settings of the unlearning methods."""

from dataclasses import dataclass
from typing import ClassVar

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, setting
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import ALL, Randomization


@dataclass(frozen=True)
class Forget(Settings):
    """Which training reviews are to be forgotten.

    by: a "class", chosen "reviews", or a random "share". label: the class. reviews: their keys, see `review_key`.
    share: of the training part's different texts, drawn from `seed`.
    """

    group: ClassVar[str] = "forget"
    by: str = setting("share", choices=("class", "reviews", "share"))
    label: str = setting("")
    reviews: tuple[str, ...] = setting((), most=10_000)
    share: float = setting(0.1, low=0.0, high=1.0)
    seed: int = setting(0, low=0, high=2**32 - 1)


def describe_forget(forget: Forget) -> str:
    """What is to be forgotten, in words."""
    return {
        "class": f"class {forget.label[:80]!r}",
        "reviews": f"the list of {len(forget.reviews)} reviews",
        "share": f"a share of {forget.share:g}",
    }[forget.by]


@dataclass(frozen=True)
class Unlearning(Settings):
    """Which methods are compared, over how many seeds, and the methods' own settings.

    methods: keys of METHODS. seeds: replicates, of the seeds `seed`, `seed` + 1 …, each with an original model, a
    retrained one and methods of its own. epochs, learning_rate: of whatever trains the original model on.
    k: layers, counted from the last, that EU-k and CF-k train. layers, fraction, scheme: what "randomize_and_repair"
    randomizes, see `Randomization`. ascent_rate, clip, tolerance: of gradient ascent: length of a step, the most that
    the gradient's norm may be, and how much retain accuracy may be lost. selection, dampening: of selective synaptic
    dampening, its α and λ. scrub_alpha, scrub_gamma, scrub_epochs: of SCRUB: the weights of staying near the original
    and of the retain set's loss, and the number of epochs in which it moves away on the forget set, fewer than epochs.
    relearn_epochs: within which a model must learn the forget set again for the anamnesis index; 0 leaves it out.

    Raises RecipeError where no method is named, or the seeds run out of range.
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
    epochs: int = setting(20, low=1, high=2_000)
    learning_rate: float = setting(0.01, low=1e-6, high=10.0)
    k: int = setting(1, low=1, high=100)
    layers: tuple[str, ...] = setting((ALL,), most=1_000)
    fraction: float = setting(0.5, low=0.0, high=1.0)
    scheme: str = setting("reinit", choices=tuple(SCHEMES))
    ascent_rate: float = setting(0.3, low=1e-6, high=1_000.0)
    clip: float = setting(1.0, low=1e-6, high=1e6)
    tolerance: float = setting(0.05, low=0.0, high=1.0)
    selection: float = setting(2.0, low=0.0, high=1e6)
    dampening: float = setting(1.0, low=0.0, high=1e6)
    scrub_alpha: float = setting(1.0, low=0.0, high=1e3)
    scrub_gamma: float = setting(1.0, low=0.0, high=1e3)
    scrub_epochs: int = setting(1, low=0, high=2_000)
    relearn_epochs: int = setting(100, low=0, high=2_000)

    def __post_init__(self):
        super().__post_init__()
        if not self.methods:
            raise RecipeError("unlearning.methods must name at least one; got none. Choose some.")
        object.__setattr__(self, "methods", tuple(dict.fromkeys(self.methods)))
        if self.seed + self.seeds > 2**32:
            raise RecipeError(
                f"unlearning.seed + unlearning.seeds must be at most {2**32:,}; got {self.seed:,} + {self.seeds:,}. "
                "Lower one."
            )

    @property
    def replicates(self) -> range:
        """The seeds."""
        return range(self.seed, self.seed + self.seeds)

    @property
    def planned(self) -> list[tuple[int, str]]:
        """Seed and method of each model that is asked for."""
        return [(seed, name) for seed in self.replicates for name in self.methods]

    def check(self, known: tuple[str, ...]) -> None:
        """Raise RecipeError where a setting does not fit a model with these layers; methods: see `check_unlearning`."""
        if self.k > len(known):
            raise RecipeError(
                f"unlearning.k must be at most the number of layers, {len(known)} ({', '.join(known)}); got {self.k}. "
                "Lower it."
            )
        if "scrub" in self.methods and self.scrub_epochs >= self.epochs:
            raise RecipeError(
                f"unlearning.scrub_epochs must be below unlearning.epochs, as SCRUB's first epoch is of the retain set "
                f"alone; got {self.scrub_epochs} and {self.epochs}. Lower the first, or raise the other."
            )
        try:
            self.randomization(0).chosen_layers(known)
        except RecipeError as error:
            raise RecipeError(str(error).replace("randomization.", "unlearning.")) from error

    def randomization(self, seed: int) -> Randomization:
        """What "randomize_and_repair" does first."""
        return Randomization(layers=self.layers, fraction=self.fraction, scheme=self.scheme, seed=seed)
