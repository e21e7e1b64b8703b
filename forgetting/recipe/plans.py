"""The plans of studies: which variants a sweep has, and how randomized models are trained again.

The package `forgetting.studies` carries them out.
"""

import math
from dataclasses import dataclass, replace
from typing import ClassVar

from forgetting.core.errors import RecipeError
from forgetting.core.limits import check_limit
from forgetting.core.settings import Settings, setting
from forgetting.model.settings import ModelSettings
from forgetting.randomization.patterns import ALL, LAYER_SEPARATOR, layer_sets
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.settings import Randomization
from forgetting.randomization.units import UNITS


def even_doses(count: int) -> tuple[float, ...]:
    """`count` doses evenly from 0 to 1, both included; for a count of 1 the dose 1."""
    return tuple(step / (count - 1) for step in range(count)) if count > 1 else (1.0,)


MOST_ROBUSTNESS_SEEDS = 100  # of a study of robustness, whatever the plan of a sweep has
FRACTIONS = even_doses(101)  # every whole percent, as a slider has them


def replicate_seeds(group: str, seed: int, seeds: int) -> range:
    """The seeds of the replicates of a study: `seed` and those after it.

    Args:
        group: Group of the settings, for the error.
        seed: The first seed.
        seeds: How many there are.

    Raises:
        RecipeError: The last one would be more than 32 bits hold.
    """
    if seed + seeds > 2**32:
        raise RecipeError(
            f"{group}.seed + {group}.seeds must be at most {2**32:,}; got {seed:,} + {seeds:,}. Lower one."
        )
    return range(seed, seed + seeds)


def _normalize(plan: "Sweep | Relearning") -> None:
    """Check that a plan is not empty and has seeds; sort its doses, and name each dose, scheme and unit once."""
    settings = plan.to_dict()
    for name in ("layers", "schemes", "units"):
        if name in settings and not settings[name]:
            raise RecipeError(
                f"{plan.group}.{name} must name at least one; got none, so the plan is empty. Choose some."
            )
    replicate_seeds(plan.group, plan.seed, plan.seeds)
    for name in ("doses", "schemes", "units"):
        if name in settings:
            different = dict.fromkeys(settings[name])
            object.__setattr__(plan, name, tuple(sorted(different) if name == "doses" else different))


@dataclass(frozen=True)
class Sweep(Settings):
    """Variants of one trained model: each layer set × dose × scheme × unit × seed.

    Attributes:
        layers: Layer sets, such as "fc1", "fc1+fc2" or "blocks.*.attention", and families of them: "each" layer alone,
            "all" at once, the cascades "down" from the last layer and "up" from the first; "each:blocks.*" is a family
            of the modules that a pattern matches. See `forgetting.randomization.patterns`.
        doses: The planned doses, each in [0, 1], rising.
        schemes: Keys of SCHEMES.
        units: Keys of UNITS.
        seeds: Number of replicates.
        seed: Seed of the first replicate; the others have the seeds after it.
        splits: Number of splits of the reviews: `split.seed` and the seeds after it. Each replicate is repeated on each
            split; with more than one, each split has models of its own.
        retrain: Whether each replicate has its own model, trained from the replicate's seed on the same split.
        match: What a planned dose is a fraction of: "dose" of the units of a layer, or "change" of the norm of its
            weights, so that units are randomized until ‖ΔW‖₂ is that fraction of ‖W‖₂.
        scale: Scale of the scheme "noise", see `Randomization`.
        words: Words of the unit "word", see `Randomization`.

    Raises:
        RecipeError: The layers, the schemes or the units are empty, or the seeds run out of range.
    """

    group: ClassVar[str] = "sweep"
    layers: tuple[str, ...] = setting(("each", ALL), most=1_000)
    doses: tuple[float, ...] = setting(even_doses(21), low=0.0, high=1.0, most=1_001)
    schemes: tuple[str, ...] = setting(("reinit", "normal"), choices=tuple(SCHEMES), most=len(SCHEMES))
    units: tuple[str, ...] = setting(("weight",), choices=tuple(UNITS), most=len(UNITS))
    seeds: int = setting(10, low=1, high=10_000)
    seed: int = setting(0, low=0, high=2**32 - 1)
    splits: int = setting(1, low=1, high=1_000)
    retrain: bool = setting(False)
    match: str = setting("dose", choices=("dose", "change"))
    scale: float = setting(1.0, low=0.0, high=1_000.0)
    words: tuple[str, ...] = setting((), most=10_000)

    def __post_init__(self):
        super().__post_init__()
        _normalize(self)
        for unit in self.units:
            self.randomization(self.schemes[0], unit, self.seed)

    def randomization(self, scheme: str, unit: str, seed: int) -> Randomization:
        """The randomization of a replicate, with all layers at dose 1."""
        return Randomization(scheme=scheme, unit=unit, seed=seed, scale=self.scale, words=self.words)

    @property
    def replicates(self) -> range:
        """The seeds of the replicates."""
        return replicate_seeds(self.group, self.seed, self.seeds)

    def sets(self, known: tuple[str, ...], group: str = "sweep") -> tuple[tuple[str, ...], ...]:
        """The layer sets for a model, each once.

        Args:
            known: Names of the model's layers, in order.
            group: Group of the settings that hold the plan, for the error.

        Returns:
            The sets, each with its layers in the model's order.

        Raises:
            RecipeError: A pattern matches no layer, or a unit does not fit a set.
        """
        found = dict.fromkeys(names for item in self.layers for names in layer_sets(item, known, f"{group}.layers"))
        for names in found:
            for unit in self.units:
                self.randomization(self.schemes[0], unit, self.seed).check_unit(names, known)
        return tuple(found)

    def count(self, known: tuple[str, ...], group: str = "sweep") -> int:
        """The number of variants, which is that of the rows.

        Args:
            known: Names of the model's layers, in order.
            group: Group of the settings that hold the plan, for the error.

        Raises:
            RecipeError: There are more than the limit allows, or the plan does not fit the layers; see `sets`.
        """
        sizes = {
            "layer sets": len(self.sets(known, group)),
            "doses": len(self.doses),
            "schemes": len(self.schemes),
            "units": len(self.units),
            "seeds": self.seeds,
        } | ({"splits": self.splits} if self.splits > 1 else {})
        total = math.prod(sizes.values())
        study = "A sweep" if group == self.group else group.capitalize()
        product = " × ".join(f"{size:,} {name}" for name, size in sizes.items())
        check_limit(
            "variants",
            total,
            f"{study} must have at most {{most}} variants; {product} are {{found}}.",
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
        splits: Number of splits of the reviews, see `Sweep`.
        retrain: Whether each replicate has its own original model, trained from the replicate's seed, so that what is
            concluded holds for training, and not for one model alone.

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
    splits: int = setting(1, low=1, high=1_000)
    retrain: bool = setting(True)

    def __post_init__(self):
        super().__post_init__()
        _normalize(self)

    @property
    def sweep(self) -> Sweep:
        """The variants, as the plan of a sweep."""
        names = ("layers", "doses", "schemes", "seeds", "seed", "splits")
        return Sweep(**{name: getattr(self, name) for name in names})

    def count(self, known: tuple[str, ...]) -> int:
        """The number of variants; see `Sweep.count`."""
        return self.sweep.count(known, self.group)


def plan_curve(randomization: Randomization, model: ModelSettings) -> Sweep:
    """The sweep of a randomization's layers, scheme and unit over many doses and seeds, from its seed on.

    A Transformer, whose variants take long, has fewer of both.

    Args:
        randomization: What is randomized.
        model: The model, whose layers it must fit.

    Raises:
        RecipeError: The randomization does not fit the model.
    """
    seeds, doses = (10, even_doses(21)) if model.kind == "mlp" else (3, even_doses(11))
    return Sweep(
        layers=(LAYER_SEPARATOR.join(randomization.chosen_layers(model.layers)),),
        doses=doses,
        schemes=(randomization.scheme,),
        units=(randomization.unit,),
        seeds=seeds,
        seed=min(randomization.seed, 2**32 - seeds),
        scale=randomization.scale,
        words=randomization.words,
    )


def plan_layer_choice(plan: Sweep) -> Sweep:
    """A sweep on one split, as a forget set is of that split, by fractions and with one unit, to rank layer sets by."""
    return replace(plan, splits=1, match="dose", units=plan.units[:1])
