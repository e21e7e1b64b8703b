"""Results as plain text, for the command line.

pandas' `to_string` does not write these tables: their last column is text of any length, which it would align on the
right, and the others have widths that stay the same from one result to the next.
"""

import math
from collections import Counter
from collections.abc import Sequence
from itertools import product

import numpy as np
import pandas as pd

from forgetting.core.errors import DataError, shorten
from forgetting.experiment.flip import Flip
from forgetting.experiment.prediction import Predictions
from forgetting.experiment.published import PUBLISHED_MODELS, REFERENCE_SEEDS
from forgetting.experiment.results import Result
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.scores import Scores
from forgetting.model.split import Split
from forgetting.model.words import Tokenizer
from forgetting.recipe.forget import describe_forget
from forgetting.reporting.comparison import describe_comparison, describe_hollow, describe_published
from forgetting.reporting.explanation import SANITY_CHECK_NAMES, describe_sanity_check
from forgetting.reporting.formatting import format_count
from forgetting.reporting.layer_choice import describe_layer_choice, list_losses
from forgetting.reporting.names import name_scope
from forgetting.reporting.published import PLACE_TITLES, PUBLISHED_METRIC_TITLES, describe_places
from forgetting.reporting.relearning import (
    format_log_ratio,
    format_savings,
    format_savings_interval,
    name_conclusion,
)
from forgetting.reporting.review import describe_flip, describe_known_words, describe_prediction
from forgetting.reporting.unlearning import describe_unlearning
from forgetting.reporting.words import describe_tokenizer
from forgetting.studies.dose_response import HalfWay, half_way
from forgetting.studies.evaluation import SweepRow
from forgetting.studies.explanation_rows import ExplanationResult
from forgetting.studies.memory import savings_curves
from forgetting.studies.nested import nested_curves, nested_half_ways
from forgetting.studies.relearning import RelearningResult
from forgetting.studies.sanity_check import INPUT_ALONE, agreement_curves, conclude_sanity_check
from forgetting.studies.study_result import StudyResult
from forgetting.studies.sweep import SweepResult
from forgetting.unlearning.layer_choice import rank_layers
from forgetting.unlearning.result import UnlearningResult


def format_run(result: Result) -> str:
    """The metrics of the original and the randomized model, each beside what a trivial model reaches."""
    base, comparison = result.baselines, result.comparison
    objective = result.recipe.training.objective
    hollow = describe_hollow(comparison.original.scores["validation"], base)
    lines = [
        "{rows} reviews, {words} words, {classes} classes".format(**result.data),
        describe_tokenizer(Tokenizer(**result.data["tokenizer"])),
        f"{result.parameters:,} parameters; trained {len(result.trained.history)} epochs ({result.trained.state})"
        + (f", of which epoch {result.trained.kept_epoch} is kept" if result.trained.kept_epoch else ""),
        "",
        *([hollow, ""] if hollow else []),
        f"{'':24}{'original':>12}{'randomized':>12}   baseline",
    ]
    for part in ("training", "validation"):
        before, after = (outcome.scores[part] for outcome in (comparison.original, comparison.randomized))
        svc = f"{base.linear_svc[part]:.4f}" if base.linear_svc else base.missing["linear_svc"]
        rows = {
            "loss": f"uniform guess {base.chance_loss:.4f} ({objective})",
            "accuracy": f"chance {base.chance:.4f}, majority class {base.majority[part]:.4f}, LinearSVC {svc}",
            "macro_f1": f"majority class {base.majority_macro_f1[part]:.4f}",
            "balanced_accuracy": f"majority class {base.majority_balanced_accuracy[part]:.4f}",
            "bitwise_accuracy": f"always no {base.all_no:.4f}",
        }
        for name, baseline in rows.items():
            title = f"{part} {name}".replace("_", " ").replace("macro f1", "macro-F1")
            lines.append(f"{title:29}{_metric(before, name):>7}{_metric(after, name):>12}   {baseline}")
        if change := comparison.changes[part]:
            ends = f"95 % interval {change.low:+.4f} to {change.high:+.4f}, McNemar's p {change.p:.2g}"
            lines.append(f"{part + ' accuracy, change':36}{change.change:+12.4f}   {ends}")
        ratios = {
            f"chance {base.chance:.4f}": comparison.forgetting[part],
            f"majority class {base.majority[part]:.4f}": comparison.forgetting_above_majority[part],
        }
        missing = next((ratio.missing for ratio in ratios.values() if ratio.missing), "")
        if not missing and hollow:
            missing = "the original is not shown to be better than a trivial model"
        values = [f"{ratio.value:12.4f}   beside {baseline}" for baseline, ratio in ratios.items() if not missing]
        lines += [f"{part + ' forgetting':36}{value}" for value in values or [missing]]
    if result.recipe.protocol == "published":
        conclusion = describe_published(comparison, base)
    else:
        layers = tuple(layer.name for layer in result.layers)
        conclusion = describe_comparison(comparison, base, result.recipe.randomization, layers)
    return "\n".join([*lines, "", conclusion])


def _metric(scores: Scores, name: str) -> str:
    value = getattr(scores, name)
    return "missing" if value is None else f"{value:.4f}"


def format_data(split: Split, base: Baselines) -> str:
    """The reviews of a split by class, its parts, and what trivial models reach on them."""
    width = max(16, *(len(_one_line(label)) + 2 for label in split.classes))
    sizes = ", ".join(f"{name} {len(part):,}" for name, part in split.parts.items())
    svc = f"{base.linear_svc['validation']:.4f}" if base.linear_svc else base.missing["linear_svc"]
    return "\n".join(
        [
            f"{format_count(len(split.reviews), 'review')} of {split.reviews.report.source}, SHA-256 "
            f"{split.reviews.sha256}",
            f"texts: {split.reviews.report.text!r}; labels: {split.reviews.report.label!r}",
            f"parts: {sizes}; {len(split.words):,} words ({split.tokenizer.kind})",
            "",
            *(f"{_one_line(label):{width}}{count:8,}" for label, count in split.reviews.counts.items()),
            "",
            f"validation accuracy of trivial models: chance {base.chance:.4f}, majority class "
            f"{base.majority['validation']:.4f}, LinearSVC {svc}",
        ]
    )


def format_sweep(result: SweepResult, base: Baselines, *, hollow: bool = False) -> str:
    """The half-way dose (D50) of each curve, beside what trivial models reach.

    Args:
        result: The curves.
        base: Baselines of the split.
        hollow: Whether the original is not shown to be better than a trivial model.
    """
    frame = result.frame
    before = frame["validation_accuracy_before"].median()
    svc = f", LinearSVC {base.linear_svc['validation']:.4f}" if base.linear_svc else ""
    majority = base.majority["validation"]
    title = "half-way dose" if result.plan.match == "dose" else "half-way change"
    seeds, splits = (format_count(getattr(result.plan, f"{name}s"), name) for name in ("seed", "split"))
    luck = f"reviews and {seeds}" + (f" on each of {splits}" if result.plan.splits > 1 else "")
    luck += "" if result.plan.retrain or result.plan.splits > 1 else " of one model"
    if result.plan.seeds == result.plan.splits == 1:
        luck = "reviews alone: one seed does not show the luck of the draw"
    halves = nested_half_ways(
        half_way(frame, hollow=hollow), tuple(nested_curves(result.rows, retrain=result.plan.retrain))
    )
    before = f"Validation accuracy {before:.4f}; chance {base.chance:.4f}, majority class {majority:.4f}{svc}"
    return "\n".join([before, "", *_half_way_lines(halves, title, luck)])


def format_layer_choice(result: SweepResult) -> list[str]:
    """Which layer to unlearn in: what layer sets lose of the forget set and of the retain set, by scheme and unit.

    Args:
        result: A sweep whose rows have both sets.
    """
    known, scope = result.recipe.model.layers, name_scope(retrain=result.plan.retrain, splits=1)
    return [
        _rank([row for row in result.rows if (row.scheme, row.unit) == (scheme, unit)], known, scope)
        for scheme, unit in product(result.plan.schemes, result.plan.units)
    ]


def _rank(rows: Sequence[SweepRow], known: tuple[str, ...], scope: str) -> str:
    try:
        ranking = rank_layers(rows, known)
    except DataError as error:
        return str(error)
    losses = list_losses(ranking, known)
    width = max([16, *(len(one["layers"]) + 2 for one in losses)])
    lines = [
        *describe_layer_choice(ranking, known, scope).splitlines(),
        "",
        f"{ranking.scheme + ', ' + ranking.unit:{width}}{'lost of forget set':>20}{'lost of retain set':>20}"
        f"{'excess, points':>16}{'95 % interval, corrected':>26}{'adjusted p':>13}   beside the best",
    ]
    for one in losses:
        interval = f"{one['low']:+.1f} to {one['high']:+.1f}"
        lines.append(
            f"{one['layers']:{width}}{one['lost of the forget set']:>20}{one['lost of the retain set']:>20}"
            f"{one['excess']:>+16.1f}{interval:>26}{one['adjusted p']:>13.2g}   {one['beside the best']}"
        )
    return "\n".join(lines)


def _half_way_lines(halves: Sequence[HalfWay], title: str, luck: str) -> list[str]:
    """A line for each half-way dose, below one with the titles."""
    width = max([16, *(len(half.layers) + 2 for half in halves)])
    lines = [f"{'layers':{width}}{'scheme':10}{'unit':10}{title:>16}   95 % interval over {luck}"]
    for half in halves:
        ends = [f"{end:.4f}" if end is not None else "open" for end in (half.low, half.high)]
        interval = half.missing if ends == ["open", "open"] else " to ".join(ends)
        dose = f"{half.dose:16.4f}   {interval}" if half.dose is not None else f"{'none':>16}   {half.missing}"
        lines.append(f"{half.layers:{width}}{half.scheme:10}{half.unit:10}{dose}")
    return lines


def format_study(result: StudyResult) -> str:
    """What a study of any model found: its notes, the half-way doses and, where it was measured, the robustness."""
    row = result.rows[0] if result.rows else None
    values = row.validation if row else {}
    before, majority = values.get(f"{result.metric}_before"), values.get("majority")
    known = {"chance": result.chance, "majority class": majority if result.metric == "accuracy" else None}
    shown = ", ".join(f"{name} {value:.4f}" for name, value in known.items() if value is not None)
    title = f"{result.title}: validation {result.metric} {'missing' if before is None else f'{before:.4f}'}"
    dose = "half-way dose" if result.plan.match == "dose" else "half-way change"
    luck = f"rows and {format_count(result.plan.seeds, 'seed')} of one model"
    lines = [
        *result.notes,
        f"{title}; {shown}" if shown else title,
        "",
        *_half_way_lines(result.half_way(), dose, luck),
    ]
    found = result.robustness()
    if found:
        width = max([16, *(len(one.layer) + 2 for one in found)])
        heads = f"{'accuracy':>10}{'forgetting':>12}   95 % interval, corrected"
        lines += ["", f"{'re-initialized':{width}}{heads}"]
    for one in found:
        accuracy, forgetting = (
            "none" if value is None else f"{value:.4f}" for value in (one.accuracies[0], one.reinitialized)
        )
        ends = " to ".join(f"{end:.4f}" for end in one.together) if one.together else one.missing
        lines.append(f"{one.layer:{width}}{accuracy:>10}{forgetting:>12}   {ends}: {one.conclusion}")
    return "\n".join(lines)


def format_relearning(result: RelearningResult, base: Baselines, *, hollow: bool = False) -> str:
    """The accuracy right after randomizing, the savings and the conclusion for each variant, corrected for them all.

    Args:
        result: The savings.
        base: Baselines of the split.
        hollow: Whether the original is not shown to be better than a trivial model.
    """
    frame, curves = result.frame, savings_curves(result.frame, hollow=hollow)
    before, target = (frame[name].median() for name in ("accuracy_before", "target"))
    width, counted = max(16, *(len(name) + 2 for name in curves["layers"])), curves.iloc[0]
    lines = [
        f"Validation accuracy {before:.4f}; chance {base.chance:.4f}, majority class "
        f"{base.majority['validation']:.4f}. To be reached on the {frame['measured_on'].iloc[0]} part: {target:.4f}",
        "",
        f"{'layers':{width}}{'scheme':10}{'dose':>10}{'accuracy after':>16}{'savings':>16}{'90 % interval':>18}"
        f"{'log ratio':>16}{'p':>8}{'corrected p':>13}   corrected conclusion over {counted['unit']}s",
    ]
    for row in curves.itertuples():
        saved = "none" if math.isnan(row.median) else format_savings(row.median, row.median_high)
        interval = format_savings_interval(row.interval_low, row.interval_high)
        ratio = "none" if math.isnan(row.log_ratio) else format_log_ratio(row.log_ratio, row.log_ratio_high)
        p, adjusted = ("none" if math.isnan(p) else f"{p:.2g}" for p in (row.p, row.adjusted))
        after = "missing" if math.isnan(row.accuracy) else f"{row.accuracy:.4f}"
        counts = {"already there": row.already_there, "never reached": row.never, "diverged": row.diverged}
        others = "".join(f"; {count} {name}" for name, count in counts.items() if count)
        single, corrected = (name_conclusion(one, row.unit) for one in (row.conclusion, row.corrected))
        alone = f" ({single} alone)" if row.conclusion != row.corrected else ""
        variant = f"{row.layers:{width}}{row.scheme:10}{row.dose:10.3g}{after:>16}{saved:>16}{interval:>18}{ratio:>16}"
        lines.append(f"{variant}{p:>8}{adjusted:>13}   {corrected}{alone}{others}")
    reasons = dict.fromkeys(row.missing["savings"] for row in result.rows if "savings" in row.missing)
    return "\n".join([*lines, *(f"no savings: {' '.join(reason.split())}" for reason in reasons)])


def format_explanation(result: ExplanationResult, base: Baselines, *, hollow: bool = False) -> str:
    """How like the explanations of each method stay to the original ones, and which methods change with the model.

    Args:
        result: The rows.
        base: Baselines of the split.
        hollow: Whether the original is not shown to be better than a trivial model.
    """
    found, agreement = conclude_sanity_check(result, hollow=hollow), agreement_curves(result.frame)
    last = result.frame[result.frame["dose"] == result.frame["dose"].max()]
    rises = last.groupby(["layers", "attribution"])["complexity_rise"].mean()
    width = max(16, *(len(one.layers) + 2 for one in found))
    lines = [
        f"{'layers':{width}}{'method':22}{'dose':>6}{'left':>9}{'95 % interval':>20}{'random × input':>16}"
        f"{'beyond':>9}{'corrected interval':>20}{'complexity':>12}   conclusion"
    ]
    for one in found:
        left = beyond = f"{'missing':>9}{'none':>20}"
        if one.left:
            left, beyond = (
                f"{change.change:9.4f}{f'{change.low:.4f} to {change.high:.4f}':>20}"
                for change in (one.left, one.beyond)
            )
        rise, alone = (
            "none" if math.isnan(value) else f"{value:{form}}"
            for value, form in ((rises[one.layers, one.attribution], "+.1%"), (one.references[INPUT_ALONE], ".4f"))
        )
        lines.append(
            f"{one.layers:{width}}{one.attribution:22}{one.dose:6.3g}{left}{alone:>16}{beyond}{rise:>12}   "
            f"{SANITY_CHECK_NAMES[one.conclusion]}"
        )
    for layers in dict.fromkeys(one.layers for one in found):
        lines += ["", describe_sanity_check([one for one in found if one.layers == layers], agreement, base)]
    return "\n".join(lines)


UNLEARNING_COLUMNS = {  # titles of the table's columns, by metric
    "forget_accuracy": "forget",
    "retain_accuracy": "retain",
    "validation_accuracy": "validation",
    "tow": "ToW",
    "attack_auc": "attack AUC",
    "relearn_steps": "steps",
    "anamnesis": "AIN",
    "seconds_ratio": "time ratio",
}
NO_GAP = ("seconds_ratio",)  # nearer to retraining is not better
MARKS = {True: "", None: "?"}  # of what is concluded, and of what cannot be told


def format_unlearning(result: UnlearningResult) -> str:
    """The metrics of each method, with the gap to exact retraining; medians over seeds."""
    gaps, counts = result.gaps.set_index(["method", "metric"]), result.reviews
    methods = result.methods
    first = max(14, *(len(name) + 2 for name in methods)) if methods else 14
    lines = [
        f"{format_count(counts['forget'], 'review')} to forget ({describe_forget(result.recipe.forget)}), "
        f"{counts['retain']:,} to retain, "
        f"{counts['validation']:,} for validation, among them "
        f"{format_count(counts['non_members'], 'comparable non-member')}",
        "Medians over seeds. In brackets: the gap to exact retraining with another seed; of ToW and AIN that to 1,",
        "which an equal model would have. The row retrain shows how large the gaps are by luck.",
        "Each method runs at one setting. A question mark: that cannot be told with so few reviews or seeds.",
        "",
        f"{'method':{first}}" + "".join(f"{title:>16}" for title in UNLEARNING_COLUMNS.values()),
    ]
    for method in methods:
        cells = "".join(f"{_with_gap(metric, gaps.loc[(method, metric)]):>16}" for metric in UNLEARNING_COLUMNS)
        conclusions = {"remembered": result.remembers(method), "over-forgets": result.over_forgets(method)}
        known = method in result.candidates and not math.isnan(gaps.loc[(method, "forget_accuracy")]["value"])
        marks = [f"   {name}{MARKS[holds]}" for name, holds in conclusions.items() if known and holds is not False]
        lines.append(f"{method:{first}}{cells}{''.join(marks)}")
    lines += [
        f"{'largest class':{first}}" + "".join(f"{result.majority[name]:>16.3f}" for name in result.majority),
        f"{'chance':{first}}" + f"{result.chance:>16.3f}" * 3 + f"{'':16}{0.5:>16.3f}",
    ]
    rows = result.gaps[result.gaps["metric"].isin(UNLEARNING_COLUMNS) & (result.gaps["missing"] != "")]
    for reason, group in rows.groupby("missing", sort=False):  # one line for each reason
        methods, metrics = (", ".join(dict.fromkeys(group[name])) for name in ("method", "metric"))
        lines.append(f"missing for {methods} ({metrics.replace('_', ' ')}): {' '.join(reason.split())}")
    return "\n".join([*lines, "", describe_unlearning(result)])


def _with_gap(metric: str, row: pd.Series) -> str:
    if math.isnan(row["value"]):
        return "missing"
    digits = ",g" if metric.endswith("steps") else ".3f"
    value = f"{row['value']:{digits}}"
    return value if metric in NO_GAP or math.isnan(row["gap"]) else f"{value} ({row['gap']:+{digits}})"


def format_published(summary: dict) -> str:
    """The published metrics beside those of the re-runs, where they lie among them, and what the table hides.

    Args:
        summary: what `summarize_runs` returns, and under "data" whether the reviews are those of the original file.
    """
    heads = "".join(f"{name:>10}" for name in ("published", "median", "min", "max"))
    lines = [f"{'':41}{heads}  {'among these':14}  in the middle 95 % of {REFERENCE_SEEDS} seeds"]
    for model in PUBLISHED_MODELS:
        for part, metrics in summary[model].items():
            for name, spread in metrics.items():
                published = summary["published"][model][part].get(name)
                known = f"{published:10.4f}" if published is not None else f"{'–':>10}"
                values = "".join(f"{spread[key]:10.4f}" for key in ("median", "min", "max"))
                within = {True: "yes", False: "no", None: "not published"}[spread.get("within")]
                title = f"{model} {part} {PUBLISHED_METRIC_TITLES[name]}"
                lines.append(f"{title:41}{known}{values}  {PLACE_TITLES[spread.get('place')]:14}  {within}")
    published, here = (sum(layers.values()) for layers in summary["parameters"].values())
    best = max(part["bitwise_accuracy"]["max"] for model in PUBLISHED_MODELS for part in summary[model].values())
    above = "above" if summary["always_no"] > best else "not above"
    lines += [
        "",
        describe_places(summary),
        f"Parameters: {published:,} published, {here:,} here.",
        f"Always answering no: bitwise accuracy {summary['always_no']:.4f}, {above} the best of these re-runs.",
    ]
    if not summary["data"]["original_file"]:
        lines.append("This is not the original file: the published table is of another file.")
    return "\n".join(lines)


CLASSES_LISTED, TEXTS_LISTED = 12, 20


def format_predictions(result: Predictions, kind: str, flip: Flip | None = None) -> str:
    """What a model makes of texts: of one text in sentences and all probabilities, of several the predicted classes.

    Args:
        result: The predictions.
        kind: Kind of the words, a key of WORD_KINDS.
        flip: Why the prediction of the only text flipped; None where that was not asked for.
    """
    if len(result.texts) == 1:
        sentences = [describe_known_words(result.known[0], result.unknown[0], kind), describe_prediction(result)]
        sentences += [describe_flip(flip)] if flip else []
        return "\n".join([*map(_one_line, sentences), "", *_class_lines(result)])
    lines = [
        f"chance {result.chance:.4f}, largest class {_one_line(shorten(result.largest_class, 30))} "
        f"{result.largest_share:.4f} of the training reviews",
        "",
        f"{'row':>7}" + "".join(f"   {name:22}{'probability':>11}" for name in result.models) + "   words known   text",
    ]
    for row in range(min(len(result.texts), TEXTS_LISTED)):
        cells = [
            f"   {_one_line(shorten(found.labels[row] or 'missing', 22)):22}"
            + _probability(found.probabilities[row].max(), 11)
            for found in result.models.values()
        ]
        words = f"{len(result.known[row]):,} of {len(result.known[row]) + len(result.unknown[row]):,}"
        lines.append(f"{row + 1:7,}{''.join(cells)}   {words:>11}   {_one_line(shorten(result.texts[row]))}")
    if len(result.texts) > TEXTS_LISTED:
        lines.append(f"{'':10}and {len(result.texts) - TEXTS_LISTED:,} more: --out writes them all to a file")
    for name, found in result.models.items():
        counts = Counter(label or "missing" for label in found.labels).most_common(CLASSES_LISTED)
        lines.append(f"{name}: {', '.join(f'{_one_line(shorten(label, 30))} {count:,}' for label, count in counts)}")
    if result.flipped is not None:
        known = int((~result.flipped.isna()).sum())
        lines.append(f"{int(result.flipped.sum()):,} of {known:,} predictions flipped")
    return "\n".join(lines)


def _class_lines(result: Predictions) -> list[str]:
    """The probabilities of the only text, the largest first, and the sum of those that are not listed."""
    names, rows = list(result.models), [found.probabilities[0] for found in result.models.values()]
    lines = [f"{'':32}" + "".join(f"{name:>12}" for name in names)]
    order = np.argsort(-rows[0], kind="stable")
    for number in order[:CLASSES_LISTED]:
        label = _one_line(shorten(result.original.classes[number], 30))
        lines.append(f"{label:32}" + "".join(_probability(row[number], 12) for row in rows))
    if rest := list(order[CLASSES_LISTED:]):
        lines.append(
            f"{f'{len(rest):,} others, their sum':32}" + "".join(_probability(row[rest].sum(), 12) for row in rows)
        )
    return lines


def _probability(value: float, width: int) -> str:
    return f"{'missing':>{width}}" if np.isnan(value) else f"{value:{width}.4f}"


def _one_line(text: str) -> str:
    """A text that a terminal shows as it is: signs that would move or colour it become blanks."""
    return "".join(character if character.isprintable() else " " for character in text)


def format_limits(limits: dict[str, tuple[int, str]]) -> str:
    """The value in force and the meaning of each limit, as a table that Markdown reads too."""
    rows = [(f"`{name}`", f"{value:,}", meaning) for name, (value, meaning) in limits.items()]
    first, second, third = (max(map(len, column)) for column in zip(("limit", "value", "meaning"), *rows, strict=True))
    return "\n".join(
        [
            f"| {'limit':{first}} | {'value':>{second}} | {'meaning':{third}} |",
            f"|{'-' * (first + 2)}|{'-' * (second + 1)}:|{'-' * (third + 2)}|",
            *(f"| {name:{first}} | {value:>{second}} | {meaning:{third}} |" for name, value, meaning in rows),
        ]
    )
