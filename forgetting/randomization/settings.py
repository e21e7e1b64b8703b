"""What to randomize, how much, and how."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from forgetting.core.errors import RecipeError
from forgetting.core.settings import Settings, setting
from forgetting.randomization.heads import may_have_heads, no_heads
from forgetting.randomization.patterns import ALL, LAYER_SEPARATOR, NEAR_NAMES, expand_set, matching_layers
from forgetting.randomization.schemes import SCHEMES
from forgetting.randomization.units import UNITS


@dataclass(frozen=True)
class Randomization(Settings):
    """What to randomize, how much, and how.

    Attributes:
        layers: Patterns of layers, see `forgetting.randomization.patterns`; ("all",) for every layer, () for none.
        fraction: Fraction randomized, in [0, 1]: round(fraction · n) of each chosen layer's n units.
        scheme: A key of SCHEMES.
        unit: A key of UNITS.
        seed: Seed of the choice of units and of their new values.
        scale: Standard deviation of the scheme "noise", in standard deviations of the parameter.
        words: With the unit "word", the words that may be randomized, of which the fraction is taken; () for all.

    Raises:
        RecipeError: A value is out of its bounds, or words are listed with another unit.
    """

    group: ClassVar[str] = "randomization"
    layers: tuple[str, ...] = setting((ALL,), most=1_000)
    fraction: float = setting(1.0, low=0.0, high=1.0)
    scheme: str = setting("normal", choices=tuple(SCHEMES))
    unit: str = setting("weight", choices=tuple(UNITS))
    seed: int = setting(0, low=0, high=2**32 - 1)
    scale: float = setting(1.0, low=0.0, high=1_000.0)
    words: tuple[str, ...] = setting((), most=10_000)

    def __post_init__(self):
        super().__post_init__()
        if self.words and self.unit != "word":
            raise RecipeError(
                f"Words ({', '.join(self.words[:3])}{' …' if len(self.words) > 3 else ''}) can be listed with the unit "
                f"'word' alone; got {self.unit!r}. Choose that unit and the first layer, or list no words."
            )

    def chosen_layers(self, known: tuple[str, ...], setting: str = "randomization.layers") -> tuple[str, ...]:
        """The layers of a model, or parts of layers, that are chosen, in the model's order.

        Args:
            known: Names of the model's layers, in order.
            setting: Name of the setting that holds `layers`, for the error.

        Raises:
            RecipeError: A pattern matches no layer, or a layer after the first is chosen with the unit "word".
        """
        if self.layers == (ALL,):
            names = known
        else:
            names = expand_set(LAYER_SEPARATOR.join(self.layers), known, setting) if self.layers else ()
        self.check_unit(names, known)
        return names

    def fit(self, known: tuple[str, ...]) -> "Randomization":
        """The same of the patterns alone that match layers of a model.

        Args:
            known: Names of the model's layers, in order.
        """
        if self.layers == (ALL,):
            return self
        return replace(self, layers=tuple(pattern for pattern in self.layers if matching_layers(pattern, known)))

    def check_unit(self, names: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Check that the unit is one of these layers of a model.

        Raises:
            RecipeError: A layer after the first is chosen with the unit "word", or one that is by its name in no
                attention with the unit "head".
        """
        apart = next((name for name in names if not may_have_heads(name, known)), "") if self.unit == "head" else ""
        if apart:
            raise no_heads(repr(apart))
        if self.unit == "word" and any(name != known[0] for name in names):
            listed = ", ".join(names[:NEAR_NAMES]) + (" …" if len(names) > NEAR_NAMES else "")
            raise RecipeError(
                f"Unit 'word' is a column of the first layer ({known[0]!r}); got layers {listed}. "
                "Choose the first layer alone, or the unit 'weight' or 'neuron'."
            )

    def count_parameters(self, layer: str, shapes: Mapping[str, tuple[int, ...]], heads: int = 1) -> int:
        """How many parameters of a layer of the app's own networks are randomized, where the layer is chosen.

        Args:
            layer: Its name.
            shapes: The shape of each parameter by its name; one without a bias is a table, with a row for each input.
            heads: Heads of attention of each block.
        """
        total, (first, *rest) = sum(map(math.prod, shapes.values())), shapes["weight"]
        inputs, outputs = (rest[0] if rest else 1, first) if "bias" in shapes else (first, rest[0])
        of_head = inputs * outputs if layer.endswith("output") else total  # which has its rows of the bias, too
        units, values = {
            "weight": (total, 1),
            "neuron": (first, total // first),  # of a table, its rows
            "word": (len(set(self.words)) or inputs, outputs),  # a word has no bias
            "head": (heads, of_head // heads),
        }[self.unit]
        return round(self.fraction * units) * values
