"""Results as plain text, for the command line."""

import math

import pandas as pd

from forgetting.experiment.published import PUBLISHED_MODELS
from forgetting.experiment.results import Result
from forgetting.metrics.baselines import Baselines
from forgetting.metrics.scores import Scores
from forgetting.recipe.forget import describe_forget
from forgetting.studies.dose_response import half_way
from forgetting.studies.savings import RelearningResult, savings_curves
from forgetting.studies.sweep import SweepResult
from forgetting.unlearning.result import UnlearningResult


def format_run(result: Result) -> str:
    base, comparison = result.baselines, result.comparison
    objective = result.recipe.training.objective
    lines = [
        "{rows} reviews, {words} words, {classes} classes".format(**result.data),
        f"{result.parameters:,} parameters; trained {len(result.trained.history)} epochs ({result.trained.state})",
        "",
        f"{'':22}{'original':>12}{'randomized':>12}   baseline",
    ]
    for part in ("training", "validation"):
        before, after = (outcome.scores[part] for outcome in (comparison.original, comparison.randomized))
        rows = {
            "loss": f"uniform guess {base.chance_loss:.4f} ({objective})",
            "accuracy": f"chance {base.chance:.4f}, majority class {base.majority[part]:.4f}{_svc(result, part)}",
            "macro_f1": f"majority class {base.majority_macro_f1[part]:.4f}",
            "bitwise_accuracy": f"always no {base.all_no:.4f}",
        }
        for name, baseline in rows.items():
            title = f"{part} {name}".replace("_", " ").replace("macro f1", "macro-F1")
            lines.append(f"{title:27}{_figure(before, name):>7}{_figure(after, name):>12}   {baseline}")
        ratio = comparison.forgetting[part]
        lines.append(f"{part + ' forgetting':34}{ratio.missing or format(ratio.value, '12.4f')}")
    return "\n".join(lines)


def _svc(result: Result, part: str) -> str:
    svc = result.baselines.linear_svc
    return f", LinearSVC {svc[part]:.4f}" if svc else f", LinearSVC {result.baselines.missing['linear_svc']}"


def _figure(scores: Scores, name: str) -> str:
    value = getattr(scores, name)
    return "missing" if value is None else f"{value:.4f}"


def format_sweep(result: SweepResult, base: Baselines) -> str:
    """The half-way dose of each curve, beside what trivial models reach."""
    frame = result.frame
    before = frame["validation_accuracy_before"].median()
    svc = f", LinearSVC {base.linear_svc['validation']:.4f}" if base.linear_svc else ""
    majority = base.majority["validation"]
    what = "half-way dose" if result.plan.match == "dose" else "half-way change"
    halves = half_way(frame)
    width = max(16, *(len(half.layers) + 2 for half in halves)) if halves else 16
    lines = [
        f"Validation accuracy {before:.4f}; chance {base.chance:.4f}, majority class {majority:.4f}{svc}",
        "",
        f"{'layers':{width}}{'scheme':10}{'unit':10}{what:>16}   95 % interval over {result.plan.seeds} seeds",
    ]
    for half in halves:
        ends = [f"{end:.4f}" if end is not None else "open" for end in (half.low, half.high)]
        interval = half.missing if ends == ["open", "open"] else " to ".join(ends)
        shown = f"{half.dose:16.4f}   {interval}" if half.dose is not None else f"{'none':>16}   {half.missing}"
        lines.append(f"{half.layers:{width}}{half.scheme:10}{half.unit:10}{shown}")
    return "\n".join(lines)


def format_relearning(result: RelearningResult, base: Baselines) -> str:
    """Accuracy right after randomizing, savings and verdict of each variant."""
    frame, curves = result.frame, savings_curves(result.frame)
    first, width = frame.iloc[0], max(16, *(len(name) + 2 for name in curves["layers"]))
    lines = [
        f"Validation accuracy {first['accuracy_before']:.4f}; chance {base.chance:.4f}, majority class "
        f"{base.majority['validation']:.4f}. To be reached: {first['target']:.4f}",
        "",
        f"{'layers':{width}}{'scheme':10}{'dose':>10}{'accuracy after':>16}{'savings':>10}   verdict over seeds",
    ]
    for row in curves.itertuples():
        saved = "none" if math.isnan(row.median) else f"{row.median:.3f}"
        after = "missing" if math.isnan(row.accuracy) else f"{row.accuracy:.4f}"
        counts = {"already there": row.already_there, "never reached": row.never, "diverged": row.diverged}
        told = "".join(f"; {count} {name}" for name, count in counts.items() if count)
        variant = f"{row.layers:{width}}{row.scheme:10}{row.dose:10.3g}"
        lines.append(f"{variant}{after:>16}{saved:>10}   {row.conclusion}{told}")
    reasons = dict.fromkeys(row.missing["savings"] for row in result.rows if "savings" in row.missing)
    return "\n".join([*lines, *(f"no savings: {' '.join(reason.split())}" for reason in reasons)])


UNLEARNING_COLUMNS = {  # columns of the table, by figure
    "forget_accuracy": "forget",
    "retain_accuracy": "retain",
    "validation_accuracy": "validation",
    "tow": "ToW",
    "attack_auc": "attack AUC",
    "anamnesis": "AIN",
    "seconds_ratio": "time ratio",
}
NO_GAP = ("seconds_ratio",)  # nearer to retraining is not better


def format_unlearning(result: UnlearningResult) -> str:
    """Each method's figures, with the gap to exact retraining; medians over seeds."""
    gaps, counts = result.gaps.set_index(["method", "figure"]), result.reviews
    methods = list(gaps.index.unique("method"))
    first = max(14, *(len(name) + 2 for name in methods)) if methods else 14
    lines = [
        f"{counts['forget']:,} reviews to forget ({describe_forget(result.recipe.forget)}), {counts['retain']:,} to "
        "retain, "
        f"{counts['validation']:,} for validation, {counts['non_members']:,} of them unseen and comparable",
        "In brackets: the gap to exact retraining with another seed. The row retrain tells how large it is by luck.",
        "",
        f"{'method':{first}}" + "".join(f"{title:>16}" for title in UNLEARNING_COLUMNS.values()),
    ]
    for method in methods:
        cells = "".join(f"{_with_gap(figure, gaps.loc[(method, figure)]):>16}" for figure in UNLEARNING_COLUMNS)
        known = {"   remembered": result.remembers(method), "   over-forgets": result.over_forgets(method)}
        lines.append(f"{method:{first}}{cells}" + "".join(name for name, holds in known.items() if holds))
    base = "".join(f"{result.majority[name]:>16.3f}" for name in result.majority)
    lines += [
        f"{'largest class':{first}}{base}",
        f"{'chance':{first}}" + f"{result.chance:>16.3f}" * 3 + f"{'':16}{0.5:>16.3f}",
    ]
    return "\n".join([*lines, *_reasons(result)])


def _with_gap(metric: str, line: pd.Series) -> str:
    if math.isnan(line["value"]):
        return "missing"
    if metric in NO_GAP or math.isnan(line["gap"]):
        return f"{line['value']:.3f}"
    return f"{line['value']:.3f} ({line['gap']:+.3f})"


def _reasons(result: UnlearningResult) -> list[str]:
    """Why figures of the table are missing: a line a reason, with the methods and figures that it is of."""
    rows = result.gaps[result.gaps["figure"].isin(UNLEARNING_COLUMNS) & (result.gaps["missing"] != "")]
    lines = []
    for reason, own in rows.groupby("missing", sort=False):
        methods, figures = (", ".join(dict.fromkeys(own[name])) for name in ("method", "figure"))
        lines.append(f"missing for {methods} ({figures.replace('_', ' ')}): {' '.join(reason.split())}")
    return lines


def format_published(summary: dict) -> str:
    lines = [f"{'':41}{'published':>10}{'median':>10}{'min':>10}{'max':>10}  published in the range of 120 seeds"]
    for model in PUBLISHED_MODELS:
        for part, figures in summary[model].items():
            for name, spread in figures.items():
                published = summary["published"][model][part].get(name)
                known = f"{published:10.4f}" if published is not None else f"{'–':>10}"
                values = "".join(f"{spread[key]:10.4f}" for key in ("median", "min", "max"))
                within = {True: "  yes", False: "  no", None: "  not published"}[spread.get("within")]
                title = f"{model} {part} {'top-1 accuracy' if name == 'accuracy' else name}".replace("_", " ")
                lines.append(f"{title:41}{known}{values}{within}")
    best = max(part["bitwise_accuracy"]["max"] for model in PUBLISHED_MODELS for part in summary[model].values())
    place = "above" if summary["always_no"] > best else "not above"
    always_no = f"Always answering no: bitwise accuracy {summary['always_no']:.4f}, {place} the best of these re-runs."
    other = (
        "" if summary["data"]["original_file"] else "\nThis is not the original file: the published table is not of it."
    )
    return "\n".join([*lines, "", always_no]) + other
