"""Results as plain text, for the command line."""

from forgetting.dose_response import half_way
from forgetting.experiment import Result
from forgetting.metrics import Baselines, Scores
from forgetting.published import MODELS
from forgetting.sweeps import SweepResult


def run_table(result: Result) -> str:
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


def sweep_table(result: SweepResult, base: Baselines) -> str:
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


def published_table(summary: dict) -> str:
    lines = [f"{'':41}{'published':>10}{'median':>10}{'min':>10}{'max':>10}  published in the range of 120 seeds"]
    for model in MODELS:
        for part, figures in summary[model].items():
            for name, spread in figures.items():
                published = summary["published"][model][part].get(name)
                known = f"{published:10.4f}" if published is not None else f"{'–':>10}"
                values = "".join(f"{spread[key]:10.4f}" for key in ("median", "min", "max"))
                within = {True: "  yes", False: "  no", None: "  not published"}[spread.get("within")]
                title = f"{model} {part} {'top-1 accuracy' if name == 'accuracy' else name}".replace("_", " ")
                lines.append(f"{title:41}{known}{values}{within}")
    best = max(part["bitwise_accuracy"]["max"] for model in MODELS for part in summary[model].values())
    place = "above" if summary["always_no"] > best else "not above"
    always_no = f"Always answering no: bitwise accuracy {summary['always_no']:.4f}, {place} the best of these re-runs."
    other = (
        "" if summary["data"]["original_file"] else "\nThis is not the original file: the published table is not of it."
    )
    return "\n".join([*lines, "", always_no]) + other
