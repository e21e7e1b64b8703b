"""The conclusion of a comparison: a sentence and four metrics with their baselines, which follow the live fraction.

The browser gets all texts from here, one frame for each whole percent, so that each is formatted by one rule.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from forgetting.charts.comparison import bars_and_labels
from forgetting.core.errors import ForgettingError
from forgetting.core.numbers import PERCENT
from forgetting.dashboard.state import models
from forgetting.dashboard.state.cache import SharedCache
from forgetting.dashboard.state.runs import rest_on
from forgetting.dashboard.state.session import TrainedModel, session
from forgetting.dashboard.studies.fraction_path import FractionRow, advance_path, find_path, path_key, row_of
from forgetting.dashboard.ui.labels import name_controls
from forgetting.dashboard.ui.live_fraction import live_fraction, moves_charts, released_count
from forgetting.dashboard.ui.randomization_form import toggle_layer
from forgetting.experiment.results import Comparison
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.scores import Scores
from forgetting.metrics.typical_review import TypicalReview, find_typical_review
from forgetting.randomization.groups import block_of, title_block
from forgetting.randomization.settings import Randomization
from forgetting.recipe.plans import FRACTIONS
from forgetting.reporting.comparison import (
    describe_cost,
    describe_forgetting,
    describe_hollow,
    describe_published,
    describe_randomization,
)
from forgetting.reporting.formatting import format_fraction, format_metric, format_number, format_share
from forgetting.reporting.glossary import find_term

FRAMES = SharedCache("frames", most=4)
DRAWN = SharedCache("drawn comparisons", most=4)
ModelScores = Mapping[str, Scores]  # of a model, by part


@dataclass(frozen=True, eq=False)
class Frames:
    """What the browser shows at each fraction of a path; at a percent between them it has nothing.

    Attributes:
        key: What the path depends on; charts with this key follow the slider.
        json: The frames as a JSON list; "null" where they are not computed.
        losses: All losses on the path, which the axis of the loss holds.
        fractions: The fractions of the path.
        typical: The review that stands for all on the path.
        pending: Whether they are still being computed.
        note: Why the page does not follow the slider; "" where it does.
    """

    key: str
    json: bytes = b"null"
    losses: tuple[float, ...] = ()
    fractions: tuple[float, ...] = FRACTIONS
    typical: TypicalReview | None = None
    pending: bool = False
    note: str = ""


def live_view(
    trained_model: TrainedModel, comparison: Comparison, baselines: Baselines, *, with_review: bool = False
) -> None:
    """The slider with all that follows it. In the published protocol there is no slider, and the rest stands still.

    Args:
        trained_model: The original.
        comparison: The original and the randomized model.
        baselines: Of the split.
        with_review: Whether one review stands there, with its prediction before and after.
    """
    recipe, split, randomization = trained_model.recipe, trained_model.split, session().recipe.randomization
    published = recipe.protocol == "published"
    frames = find_frames(trained_model, randomization, baselines)
    fitting = models.fit_randomization(randomization, trained_model)
    chosen = fitting.chosen_layers(recipe.model.layers)
    review, prediction = None, ""
    if not published:
        review, prediction = _review(trained_model, fitting, comparison, frames)
    now = _frame(trained_model, fitting, baselines, comparison.original.scores, row_of(comparison), prediction)
    if published:
        now |= {"sentence": describe_published(comparison, baselines), "charts": {}}
    fraction = randomization.fraction
    columns = []
    if recipe.model.kind == "mlp":
        kinds = ["words", *["neurons"] * len(recipe.model.hidden), "classes"]
        widths = (len(split.words), *recipe.model.hidden, len(split.classes))
        columns = [{"width": width, "label": [f"{width:,}", kind]} for width, kind in zip(widths, kinds, strict=True)]
    data = {
        "key": frames.key,
        "count": released_count(),
        "percent": FRACTIONS.index(fraction) if fraction in FRACTIONS else 100 * fraction,
        "now": now,
        "note": name_controls(frames.note),
        "step": (len(FRACTIONS) - 1) // (len(frames.fractions) - 1),
        "fractions": [format_fraction(fraction) for fraction in FRACTIONS],
        "presenting": session().presenting,
        "moving": moves_charts(),
        "metrics": _metrics(baselines),
        "layers": []
        if published
        else [
            {"name": name, "chosen": name in chosen, "weights": f"{count:,}"}
            for name, count in recipe.model.parameters(len(split.words), len(split.classes)).items()
        ],
        "unit": fitting.unit,
        "columns": columns,
        "stages": [] if columns or published else _stages(recipe.model.layers),
        "review": review,
        "has_review": with_review and not published,
    }
    # The frames are the most of it, and are written once for all runs.
    live_fraction(
        json.dumps(data).encode()[:-1] + b', "frames": ' + frames.json + b"}",
        on_layer=lambda name: toggle_layer(name, recipe.model.layers),
    )


def _stages(layers: tuple[str, ...]) -> list[dict]:
    """The parts of a Transformer in the order in which they are passed: title, and number and short name of each layer.

    A block's norms stand in the part that reads what they give.
    """
    stages: dict[str, list] = {}
    for number, name in enumerate(layers):
        block, part = block_of(name), name.rpartition(".")[2]
        if block:
            what = "attention" if "attention" in name else "feed-forward"
            title = f"{title_block(block).capitalize()}: {what}"
        else:
            title = "Embedding" if name in ("words", "positions") else "Answer"
        stages.setdefault(title, []).append([number, "norm" if part.endswith("_norm") else part])
    return [{"title": title, "layers": members} for title, members in stages.items()]


def find_drawn(comparison: Comparison, key: str) -> Comparison:
    """The comparison that the charts are drawn for: the first one with its key, as the browser moves them from there.

    Args:
        comparison: What the page shows.
        key: Of its frames.
    """
    return DRAWN.ask(key, lambda: comparison) if moves_charts() else comparison


def advance_live(trained_model: TrainedModel) -> None:
    """Compute what the slider still lacks, and log what was looked at, once the rest of the page is drawn."""
    if path := find_path(trained_model, session().recipe.randomization):
        advance_path(path)
    rest_on(session(), trained_model)


def find_frames(trained_model: TrainedModel, randomization: Randomization, baselines: Baselines) -> Frames:
    """The frames of a randomization, as far as they are computed."""
    key = path_key(trained_model, randomization)
    try:
        path = find_path(trained_model, randomization)
    except ForgettingError as error:
        return Frames(key, note=str(error))
    if path is None:
        return Frames(key, note="No layer is chosen: click one to randomize it.")
    if path.obstacle:
        return Frames(key, note=f"The page follows when you let go. {path.obstacle}")
    if not path.finished:
        note = f"The page follows when you let go: {len(path.rows)} of {len(path.fractions)} fractions are computed."
        return Frames(key, pending=True, note=note)

    def make() -> Frames:
        fitting = models.fit_randomization(randomization, trained_model)
        original = models.find_original(trained_model).scores
        found, losses = [None] * len(FRACTIONS), []
        for fraction, row, prediction in zip(path.fractions, path.rows, path.typical.predictions, strict=True):
            at = fitting.with_value("fraction", fraction)
            found[FRACTIONS.index(fraction)] = _frame(trained_model, at, baselines, original, row, prediction)
            losses += [score.loss for score in row.scores.values() if score.loss is not None]
        return Frames(key, json.dumps(found).encode(), tuple(losses), path.fractions, path.typical)

    return FRAMES.ask(key, make)


def _frame(
    trained_model: TrainedModel,
    randomization: Randomization,
    baselines: Baselines,
    original: ModelScores,
    row: FractionRow,
    prediction: str,
) -> dict:
    """What stands on the page at one fraction. prediction: of the review that stands there."""
    layers = trained_model.recipe.model.layers
    before, after = original["validation"], row.scores["validation"]
    changes = [_change(before, after, metric) for metric in ("accuracy", "loss", "macro_f1")]
    ratio, missing, note = describe_forgetting(*row.forgetting, describe_hollow(before, baselines))
    changes.insert(2, (ratio, missing))
    words = describe_randomization(randomization, layers)
    sentence = describe_cost(
        before, after, row.changes["validation"], baselines, randomization, layers, untouched=row.untouched
    )
    return {
        "sentence": sentence,
        "values": [value for value, _ in changes],
        "missing": {index: f"Missing: {reason}." for index, (_, reason) in enumerate(changes) if reason},
        "beyond": {2: note} if note else {},
        "prediction": "nothing" if after.accuracy is None else prediction,
        "fraction": format_fraction(randomization.fraction),
        "layers": _layers(trained_model, randomization),
        "spoken": f"{words} randomized".replace(PERCENT, " percent"),
        "charts": {
            metric: bars_and_labels(original, row.scores, row.changes, metric) for metric in ("accuracy", "loss")
        },
    }


def _layers(trained_model: TrainedModel, randomization: Randomization) -> list[dict[str, str | float]]:
    """How much of each layer is randomized, as a share of its parameters; weights are counted where units are larger.

    Units other than weights may be far from the share of the fraction: of a word there are no biases, and words may be
    listed.
    """
    model, split = trained_model.recipe.model, trained_model.split
    chosen, sizes = randomization.chosen_layers(model.layers), (len(split.words), len(split.classes))
    layers, parameters = [], model.parameters(*sizes)
    for name, shapes in model.parameter_shapes(*sizes).items():
        count = randomization.count_parameters(name, shapes, model.heads) if name in chosen else 0
        share = count / parameters[name]
        fraction = randomization.fraction if name in chosen else 0.0
        by_weight = randomization.unit == "weight"
        layers.append(
            {
                "part": share,
                "share": format_fraction(fraction) if by_weight else format_share(share),
                "count": "" if by_weight or name not in chosen else f"{count:,}",
            }
        )
    return layers


def _review(
    trained_model: TrainedModel, randomization: Randomization, comparison: Comparison, frames: Frames
) -> tuple[dict[str, str] | None, str]:
    """The review that stands for all, and its prediction at the fraction of a randomization.

    Where there is no path it is found between the two models alone; while one is computed there is none.
    """
    if frames.pending:
        return None, ""
    split, fraction = trained_model.split, randomization.fraction
    typical = frames.typical
    if typical is None:
        both = (comparison.original, comparison.randomized)
        typical = find_typical_review(split, [each.logits["validation"].argmax(dim=1).numpy() for each in both])
        prediction = typical.predictions[-1]
    elif fraction in frames.fractions:
        prediction = typical.predictions[frames.fractions.index(fraction)]
    else:
        prediction = split.classes[comparison.randomized.logits["validation"][typical.position].argmax()]
    chosen = (
        f"One of the {len(split.validation):,} validation reviews, on which the network was not trained. It is a "
        "typical one: of those that the original predicts right, at most half are lost at a smaller fraction."
    )
    before = typical.predictions[0]
    return {"text": typical.text, "label": typical.label, "before": before, "chosen": chosen}, prediction


def _change(before: Scores, after: Scores, metric: str) -> tuple[str, str]:
    """A metric before → after, and the reason where it is missing."""
    first, second = (format_metric(metric, getattr(scores, metric)) for scores in (before, after))
    first = first.removesuffix(PERCENT) if second.endswith(PERCENT) else first
    return f"{first} → {second}", before.missing.get(metric) or after.missing.get(metric) or ""


def _metrics(baselines: Baselines) -> list[dict[str, str]]:
    """Label, baseline and meaning of each metric."""
    chance, majority = format_share(baselines.chance), format_share(baselines.majority["validation"])
    guess, largest = format_number(baselines.chance_loss), format_number(baselines.majority_macro_f1["validation"])
    return [
        {
            "label": "Validation accuracy",
            "baseline": f"chance {chance}, largest class {majority}",
            "help": f"{find_term('accuracy').short} Before → after; a uniform guess reaches {chance}, the largest "
            f"class {majority}.",
        },
        {
            "label": "Validation loss",
            "baseline": f"uniform guess {guess}",
            "help": f"{find_term('loss').short} Before → after.",
        },
        {
            "label": "Forgetting",
            "baseline": "0 intact · 1 at chance",
            "help": f"{find_term('forgetting').short} {find_term('forgetting').long}",
        },
        {
            "label": "Macro-F1",
            "baseline": f"largest class {largest}",
            "help": f"{find_term('macro-F1').short} Before → after.",
        },
    ]
