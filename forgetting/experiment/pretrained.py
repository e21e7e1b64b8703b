"""Models of the synthetic sample, trained when the program was made, with all that the first screen shows of them.

    python -m forgetting.experiment.pretrained [mlp] [transformer]

trains those that are named anew, or all, and writes their files, which a change of the sample, the defaults or the
training calls for. A file holds the trained weights, the history, the split, the baselines, and the metrics at each
whole percent of the randomization that the app opens with, with one review's predictions. Numbers, words and the
recipe: nothing in it is code. Reading it takes neither torch nor scikit-learn; what only torch can hold is made when it
is first asked for.

Its numbers are those of the machine that wrote it. Another processor sums in another order, and Adam makes whole steps
of what is left where a gradient is nearly 0: the weights of fc1 may differ by 5 % of their norm, at the same accuracy.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open

from forgetting.data.sample import load_sample
from forgetting.experiment.results import Comparison, Outcome, Trained
from forgetting.metrics.baselines import Baselines, measure_forgettings
from forgetting.metrics.comparisons import Measurement
from forgetting.metrics.intervals import wilson_interval
from forgetting.metrics.scores import Scores, recall_of
from forgetting.metrics.typical_review import TypicalReview, find_typical_review
from forgetting.model.history import Epoch, PartMetrics
from forgetting.model.split import PARTS, Part, Split
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import FRACTIONS
from forgetting.recipe.recipe import OPENINGS, Recipe

PRETRAINED = {  # files, by the kind of the model
    "mlp": Path(__file__).with_suffix(".safetensors"),
    "transformer": Path(__file__).with_name("pretrained_transformer.safetensors"),
}
SCORES = ("loss", "accuracy", "top_k_accuracy", "macro_f1", "bitwise_accuracy")
MEASUREMENTS = ("agreement", "divergence")
CHANGES = ("lost", "gained")


class _Later:
    """A base that makes some fields of a frozen dataclass when the first of them is asked for.

    Args:
        load: Makes them, by name.
        known: The other fields.
    """

    def __init__(self, load: Callable[[], dict[str, Any]] = dict, **known: Any):
        vars(self).update(known, _load=load)

    def __getattr__(self, name: str) -> Any:
        if name not in {field.name for field in fields(self)}:
            raise AttributeError(name)
        vars(self).update(self._load())
        return vars(self)[name]

    def __reduce__(self) -> tuple:
        """Copies, and what other processes get, are whole."""
        return type(self).__bases__[1], tuple(getattr(self, field.name) for field in fields(self))


class _Part(_Later, Part):
    tokens = cached_property(lambda self: self.__getattr__("tokens"))  # Part's default would be found first


class _Split(_Later, Split):
    pass


class _Trained(_Later, Trained):
    pass


class _Outcome(_Later, Outcome):
    pass


class _Comparison(_Later, Comparison):
    pass


@dataclass(frozen=True, eq=False)
class Pretrained:
    """A trained model with its split and baselines.

    Attributes:
        recipe: All settings that determine the model.
        sha256: SHA-256 of the synthetic sample that it was trained on, as 64 hexadecimal digits.
        split: The split.
        trained: The model.
        baselines: The baselines on the split.
        path: Metrics at FRACTIONS, by name and part, such as "loss.validation"; "confusion" is (101, classes, classes),
            "lost" and "gained" are (101, classes).
        typical: The review that stands for all on that path.
    """

    recipe: Recipe
    sha256: str
    split: Split
    trained: Trained
    baselines: Baselines
    path: dict[str, np.ndarray]
    typical: TypicalReview

    @property
    def opening(self) -> Recipe:
        """The recipe that the app opens such a model with."""
        return OPENINGS[self.recipe.model.kind]

    @cached_property
    def original(self) -> Outcome:
        """What the model reaches before it is randomized."""
        return self.find_comparison(self.opening.randomization.with_value("fraction", 0.0)).original

    def find_comparison(self, randomization: Randomization) -> Comparison | None:
        """What `compare` gives for a randomization; None where the file does not have it."""
        fraction = randomization.fraction
        if fraction not in FRACTIONS or randomization != replace(self.opening.randomization, fraction=fraction):
            return None
        recipe, at = replace(self.recipe, randomization=randomization), FRACTIONS.index(fraction)

        @cache
        def compared() -> Comparison:
            from forgetting.experiment.pipeline import compare

            return compare(recipe, self.split, self.trained)

        original, randomized = (
            _Outcome(
                lambda name=name: {"logits": getattr(compared(), name).logits},
                scores={part: self._scores(part, index) for part in PARTS},
            )
            for name, index in (("original", 0), ("randomized", at))
        )
        majority = self.baselines.majority_class
        ratios = {part: measure_forgettings(original.scores[part], randomized.scores[part], majority) for part in PARTS}
        return _Comparison(
            lambda: {"model": compared().model},
            original=original,
            randomized=randomized,
            forgetting={part: beside_chance for part, (beside_chance, _) in ratios.items()},
            forgetting_above_majority={part: above_majority for part, (_, above_majority) in ratios.items()},
            changed_weights=int(self.path["changed_weights"][at]),
            history=(),
            **{name: {part: self.path[f"{name}.{part}"][at] for part in PARTS} for name in CHANGES},
            **{
                name: {part: Measurement(float(self.path[f"{name}.{part}"][at])) for part in PARTS}
                for name in MEASUREMENTS
            },
        )

    def _scores(self, part: str, at: int) -> Scores:
        values = {name: float(self.path[f"{name}.{part}"][at]) for name in SCORES}
        reviews = len(getattr(self.split, part))
        confusion = self.path[f"confusion.{part}"][at].astype(np.int64)
        recall = recall_of(confusion)
        return Scores(
            reviews=reviews,
            interval=wilson_interval(round(values["accuracy"] * reviews), reviews),
            balanced_accuracy=float(np.nanmean(recall)),
            recall=recall,
            confusion=confusion,
            **values,
        )


def load_pretrained(kind: str = "mlp") -> Pretrained:
    """The model of a kind that came with the program, the same object in each call."""
    return _load(kind)


@cache
def _load(kind: str) -> Pretrained:
    with safe_open(PRETRAINED[kind], framework="numpy") as file:
        about = {name: json.loads(text) for name, text in file.metadata().items()}
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no dict
    recipe = Recipe.from_dict(about["recipe"])

    def make_part(name: str) -> Part:
        def load() -> dict[str, Any]:
            import torch

            from forgetting.model.sparse import SparseMatrix
            from forgetting.model.tokens import TokenRows

            def tensors(*keys: str) -> list[torch.Tensor]:
                return [torch.from_numpy(arrays[f"{name}.{key}"]) for key in keys]

            shape = (len(arrays[f"{name}.rows"]), len(about["words"]))
            return {
                "inputs": SparseMatrix(*tensors("offsets", "columns", "values"), shape),
                "targets": tensors("targets")[0],
                "tokens": TokenRows(*tensors("token_offsets", "token_ids"), shape) if recipe.model.tokens else None,
            }

        return _Part(load, rows=arrays[f"{name}.rows"])

    def load_reviews() -> dict[str, Any]:
        from forgetting.experiment.pipeline import select_reviews

        return {"reviews": select_reviews(recipe, load_sample())}

    def load_model() -> dict[str, Any]:
        import torch

        from forgetting.experiment.pipeline import build_model, copy_state

        model = build_model(recipe, split)
        initial = copy_state(model)
        model.load_state_dict({name: torch.from_numpy(arrays[name]) for name in initial})
        return {"model": model, "initial": initial}

    parts = {name: make_part(name) for name in PARTS}
    names = {key: tuple(about[key]) for key in ("words", "classes")}
    split = _Split(load_reviews, max_tokens=recipe.model.tokens, **names, **parts)
    history = tuple(
        Epoch(number, PartMetrics(*values[:2]), PartMetrics(*values[2:4]), values[4])
        for number, values in enumerate(arrays["history"].tolist(), start=1)
    )
    trained = _Trained(
        load_model,
        history=history,
        state="finished",
        steps=about["steps"],
        seconds=history[-1].seconds,
        training_logits=None,
    )
    path = {name.removeprefix("path."): array for name, array in arrays.items() if name.startswith("path.")}
    typical = TypicalReview(**about["typical"] | {"predictions": tuple(about["typical"]["predictions"])})
    return Pretrained(recipe, about["sha256"], split, trained, Baselines(**about["baselines"]), path, typical)


def write_pretrained(kind: str = "mlp", path: Path | None = None) -> None:
    """Train the sample's model of a kind anew, and write its file."""
    from safetensors.numpy import save

    from forgetting.core.files import write_atomically
    from forgetting.experiment.pipeline import compare, measure_outcome, prepare, train
    from forgetting.metrics.baselines import compute_baselines

    recipe = OPENINGS[kind].for_training()
    split = prepare(recipe, load_sample())
    trained = train(recipe, split)
    arrays = {name: value.contiguous().numpy() for name, value in trained.model.state_dict().items()}
    arrays["history"] = np.array(
        [[*asdict(each.training).values(), *asdict(each.validation).values(), each.seconds] for each in trained.history]
    )
    for name, part in split.parts.items():
        arrays |= {f"{name}.{key}": getattr(part.inputs, key).numpy() for key in ("offsets", "columns", "values")}
        if part.tokens is not None:
            arrays |= {f"{name}.token_{key}": getattr(part.tokens, key).numpy() for key in ("offsets", "ids")}
        arrays |= {f"{name}.targets": part.targets.numpy(), f"{name}.rows": part.rows}
    original = measure_outcome(recipe, split, trained)
    at = [OPENINGS[kind].with_value("randomization.fraction", fraction) for fraction in FRACTIONS]
    compared = [compare(each, split, trained, original) for each in at]
    for part in PARTS:
        scores = [each.randomized.scores[part] for each in compared]
        arrays |= {f"path.{name}.{part}": np.array([getattr(each, name) for each in scores]) for name in SCORES}
        arrays[f"path.confusion.{part}"] = np.array([each.confusion for each in scores], dtype=np.int32)
        for name in CHANGES:
            arrays[f"path.{name}.{part}"] = np.array([getattr(each, name)[part] for each in compared], dtype=np.int32)
        for name in MEASUREMENTS:
            arrays[f"path.{name}.{part}"] = np.array([getattr(each, name)[part].value for each in compared])
    arrays["path.changed_weights"] = np.array([each.changed_weights for each in compared], dtype=np.int32)
    predictions = [each.randomized.logits["validation"].argmax(dim=1).numpy() for each in compared]
    about = {
        "recipe": recipe.to_dict(),
        "sha256": split.reviews.sha256,
        "words": split.words,
        "classes": split.classes,
        "steps": trained.steps,
        "typical": asdict(find_typical_review(split, predictions)),
        "baselines": asdict(compute_baselines(split, recipe.training.objective)),
    }
    write_atomically(path or PRETRAINED[kind], save(arrays, {name: json.dumps(value) for name, value in about.items()}))


if __name__ == "__main__":
    import sys

    from forgetting.core.seeding import pin_threads

    pin_threads()
    for chosen in sys.argv[1:] or PRETRAINED:
        write_pretrained(chosen)
