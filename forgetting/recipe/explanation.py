"""Which review is looked at, and the plan of the sanity check: does an explanation change with the model?"""

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote_plus

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, setting
from forgetting.model.settings import ATTRIBUTIONS
from forgetting.randomization.schemes import SCHEMES
from forgetting.recipe.plans import Sweep, even_doses

MOST_LINKED = 6_000  # bytes of an address that a text may take, as those of some 8,000 are refused on their way


def linked_size(text: str) -> int:
    """The bytes that a text takes in an address: one for a plain letter, 6 and more for those of other scripts."""
    return len(quote_plus(text, errors="surrogatepass"))


@dataclass(frozen=True)
class ChosenReview(Settings):
    """Which review is looked at, and how it is explained.

    Attributes:
        key: Key of a review of the file, see `review_key`; "" for none.
        text: A typed text, which is looked at instead; "" for none. It is here only where its author wants it to be.
        attribution: Attribution method, a name in ATTRIBUTIONS.

    Raises:
        RecipeError: The text is longer than an address can be.
    """

    group: ClassVar[str] = "review"
    key: str = setting("")
    text: str = setting("")
    attribution: str = setting("integrated_gradients", choices=ATTRIBUTIONS)

    def __post_init__(self):
        super().__post_init__()
        if (size := linked_size(self.text)) > MOST_LINKED:
            raise RecipeError(
                f"review.text may take at most {MOST_LINKED:,} bytes of the address; it takes {size:,}. Shorten the "
                "text, or leave it out."
            )


@dataclass(frozen=True)
class Explanation(Settings):
    """The sanity check of attributions: variants of one trained model, explained by several methods.

    Attributes:
        attributions: Attribution methods, names in ATTRIBUTIONS.
        layers: Layer sets, see `Sweep`; "down" is the cascade from the last layer.
        doses: The doses, each in [0, 1], rising.
        scheme: Scheme of the randomization, a key of SCHEMES.
        seeds: Number of replicates.
        seed: Seed of the first replicate; the others have the seeds after it.
        top: Number k of words in the top-k overlap.
        samples: Number of noisy copies of a review that "smoothgrad" averages over.
        noise: Standard deviation of their noise, as a share of the range of a review's values.

    Raises:
        RecipeError: The methods or the layers are empty, or the seeds run out of range.
    """

    group: ClassVar[str] = "explanation"
    attributions: tuple[str, ...] = setting(ATTRIBUTIONS, choices=ATTRIBUTIONS, most=len(ATTRIBUTIONS))
    layers: tuple[str, ...] = setting(("down", "each"), most=1_000)
    doses: tuple[float, ...] = setting(even_doses(21), low=0.0, high=1.0, most=1_001)
    scheme: str = setting("reinit", choices=tuple(SCHEMES))
    seeds: int = setting(5, low=1, high=1_000)
    seed: int = setting(0, low=0, high=2**32 - 1)
    top: int = setting(5, low=1, high=1_000)
    samples: int = setting(16, low=1, high=1_000)
    noise: float = setting(0.15, low=0.0, high=10.0)

    def __post_init__(self):
        super().__post_init__()
        if not self.attributions:
            raise RecipeError("explanation.attributions must name at least one; got none, so the plan is empty.")
        different = tuple(dict.fromkeys(self.attributions))
        object.__setattr__(self, "attributions", different)
        object.__setattr__(self, "doses", tuple(sorted(set(self.doses))))
        self.sweep  # noqa: B018 - which checks the layers and the seeds

    @property
    def sweep(self) -> Sweep:
        """The variants, as the plan of a sweep."""
        return Sweep(layers=self.layers, doses=self.doses, schemes=(self.scheme,), seeds=self.seeds, seed=self.seed)

    def count(self, known: tuple[str, ...]) -> int:
        """The number of variants; see `Sweep.count`."""
        return self.sweep.count(known, self.group)
