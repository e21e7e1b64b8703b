"""The plans of studies: what a sweep varies, and what is relearned. How they are carried out is `sweeps.py` and
`relearning.py`.
"""

from dataclasses import dataclass
from typing import ClassVar

from forgetting.core.errors import RecipeError
from forgetting.core.limits import check_limit
from forgetting.core.settings import Settings, setting
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import ALL, Randomization
from forgetting.randomization.units import UNITS

LAYER_SEPARATOR = "+"  # between the layers of a set: "fc1+fc2"


def even_doses(count: int) -> tuple[float, ...]:
    """So many doses, evenly from 0 to 1, both included; of one alone, 1."""
    return tuple(step / (count - 1) for step in range(count)) if count > 1 else (1.0,)


def _each(known: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Each layer alone."""
    return [(name,) for name in known]


def _all(known: tuple[str, ...]) -> list[tuple[str, ...]]:
    """All layers at once."""
    return [known]


def _down(known: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Top-down: the last layer, then with it the one before, and so on to all."""
    return [known[-count:] for count in range(1, len(known) + 1)]


def _up(known: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Bottom-up: the first layer, then with it the next, and so on to all."""
    return [known[:count] for count in range(1, len(known) + 1)]


def _named(item: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """The layers of a set such as "fc1+fc2"."""
    names = tuple(item.split(LAYER_SEPARATOR))
    if not set(names) <= set(known):
        raise RecipeError(
            f"sweep.layers must be sets of the model's layers ({', '.join(known)}), joined by {LAYER_SEPARATOR!r}, "
            "or one of "
            f"{', '.join(FAMILIES)}; got {item[:80]!r}."
        )
    return names


FAMILIES = {"each": _each, ALL: _all, "down": _down, "up": _up}  # of layer sets, by name


@dataclass(frozen=True)
class Sweep(Settings):
    """Variants of one trained model: each layer set × dose × scheme × unit × seed.

    layers: layer sets, such as "fc1" or "fc1+fc2", and families of them: "each" layer alone, "all" at once, the
    cascades "down" from the last layer and "up" from the first. doses: in [0, 1]. schemes, units: see
    `Randomization`. seeds: how many replicates, of the seeds `seed`, `seed` + 1 …
    retrain: each replicate has a model of its own, trained from the replicate's seed on the same split.
    match: what a dose is a share of: "dose" of a layer's units, or "change" of the norm of its weights, so that units
    are randomized until ‖ΔW‖₂ is that share of ‖W‖₂. scale: of the scheme "noise". words: see `Randomization`.

    Raises RecipeError where one of them is empty, or the seeds run out of range.
    """

    group: ClassVar[str] = "sweep"
    layers: tuple[str, ...] = setting(("each", ALL), most=1_000)
    doses: tuple[float, ...] = setting(even_doses(21), low=0.0, high=1.0, most=1_001)
    schemes: tuple[str, ...] = setting(("reinit", "normal"), choices=tuple(SCHEMES), most=len(SCHEMES))
    units: tuple[str, ...] = setting(("weight",), choices=tuple(UNITS), most=len(UNITS))
    seeds: int = setting(10, low=1, high=10_000)
    seed: int = setting(0, low=0, high=2**32 - 1)
    retrain: bool = setting(False)
    match: str = setting("dose", choices=("dose", "change"))
    scale: float = setting(1.0, low=0.0, high=1_000.0)
    words: tuple[str, ...] = setting((), most=10_000)

    def __post_init__(self):
        super().__post_init__()
        for name in ("layers", "schemes", "units"):
            if not getattr(self, name):
                raise RecipeError(f"sweep.{name} must name at least one; got none, so the plan is empty. Choose some.")
        if self.seed + self.seeds > 2**32:
            raise RecipeError(
                f"sweep.seed + sweep.seeds must be at most {2**32:,}; got {self.seed:,} + {self.seeds:,}. Lower one."
            )
        for name in ("doses", "schemes", "units"):
            kept = tuple(dict.fromkeys(getattr(self, name)))
            object.__setattr__(self, name, tuple(sorted(kept)) if name == "doses" else kept)
        for unit in self.units:
            self.randomization(self.schemes[0], unit, self.seed)

    def randomization(self, scheme: str, unit: str, seed: int) -> Randomization:
        """A replicate's, of all layers at dose 1."""
        return Randomization(scheme=scheme, unit=unit, seed=seed, scale=self.scale, words=self.words)

    @property
    def replicates(self) -> range:
        """The seeds."""
        return range(self.seed, self.seed + self.seeds)

    def sets(self, known: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """The layer sets for a model with these layers, each once, its layers in the model's order.

        Raises RecipeError for a layer that the model does not have, and where a unit does not fit a set.
        """
        found: dict[tuple[str, ...], None] = {}
        for item in self.layers:
            named = FAMILIES[item](known) if item in FAMILIES else [_named(item, known)]
            for names in named:
                for unit in self.units:
                    found[Randomization(layers=names, unit=unit).chosen_layers(known)] = None
        return tuple(found)

    def count(self, known: tuple[str, ...]) -> int:
        """Number of variants, which is that of the rows.

        Raises RecipeError where they are more than the limit.
        """
        sizes = {
            "layer sets": len(self.sets(known)),
            "doses": len(self.doses),
            "schemes": len(self.schemes),
            "units": len(self.units),
            "seeds": self.seeds,
        }
        total = 1
        for size in sizes.values():
            total *= size
        product = " × ".join(f"{size:,} {name}" for name, size in sizes.items())
        check_limit(
            "variants",
            total,
            f"A sweep must have at most {{most}} variants; {product} are {{found}}.",
            f"Reduce the {max(sizes, key=sizes.get)} first.",
            kind=RecipeError,
        )
        return total


@dataclass(frozen=True)
class Relearning(Settings):
    """How soon randomized models learn again what they knew.

    Attributes:
        target_share: Share of the original validation accuracy that is the target, in (0, 1].
        epochs: Epochs after which the target counts as never reached.
        layers: Layer sets of the variants whose savings are measured, see `Sweep`.
        doses: Their doses, each in [0, 1].
        schemes: Their schemes, keys of SCHEMES.
        seeds: Number of replicates.
        seed: Seed of the first replicate, for its randomization and the training after it; the others have the seeds
            after it.

    Raises:
        RecipeError: The layers or the schemes are empty, or the seeds run out of range.
    """

    group: ClassVar[str] = "relearning"
    target_share: float = setting(0.95, low=0.01, high=1.0)
    epochs: int = setting(100, low=1, high=2_000)
    layers: tuple[str, ...] = setting(("each", ALL), most=1_000)
    doses: tuple[float, ...] = setting(even_doses(6), low=0.0, high=1.0, most=1_001)
    schemes: tuple[str, ...] = setting(("reinit", "normal"), choices=tuple(SCHEMES), most=len(SCHEMES))
    seeds: int = setting(5, low=1, high=1_000)
    seed: int = setting(0, low=0, high=2**32 - 1)

    def __post_init__(self):
        super().__post_init__()
        try:
            plan = self.sweep
        except RecipeError as error:
            raise RecipeError(str(error).replace("sweep.", "relearning.")) from error
        for name in ("doses", "schemes"):
            object.__setattr__(self, name, getattr(plan, name))

    @property
    def sweep(self) -> Sweep:
        """The variants, as the plan of a sweep."""
        return Sweep(layers=self.layers, doses=self.doses, schemes=self.schemes, seeds=self.seeds, seed=self.seed)
