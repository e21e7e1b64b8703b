"""What is said of an experiment that was opened: what it lacks here, and whether its metrics are reproduced."""

import math
from collections.abc import Mapping, Sequence

from forgetting.core.errors import shorten
from forgetting.reporting.formatting import join_names
from forgetting.tracking.experiment_file import ExperimentFile, ExperimentResult
from forgetting.tracking.metric_texts import format_baselines_of, format_metric_of, format_run_value
from forgetting.tracking.run import RUN_TITLES, RunMetric

CLOSE = 1e-5  # relative difference up to which numbers are the same but for what machines round differently
MOST_DIFFERING = 3  # metrics that differ, in a sentence
MOST_VERSIONS = 10  # in a sentence


def describe_lacks(experiment: ExperimentFile, data_sha256: str, versions: Mapping[str, str]) -> list[str]:
    """What stands in the way of the same numbers, a sentence each.

    Args:
        experiment: What was opened.
        data_sha256: SHA-256 of the reviews at hand, "" where they are missing.
        versions: See `current_versions`.
    """
    sentences, wanted = [], experiment.data_sha256
    if not data_sha256:
        name = shorten(experiment.data_name) or "its reviews"
        sentences.append(
            f"It waits for its reviews: {name!r}, SHA-256 {wanted}. Choose that file on Data, and it goes on."
        )
    elif data_sha256 != wanted:
        name = shorten(experiment.data_name)
        sentences.append(
            f"Its reviews ({name!r}) had the SHA-256 {wanted}; those here have {data_sha256}, so its numbers cannot be "
            "expected."
        )
    if experiment.model:
        sentences.append(
            f"Its numbers are of {shorten(experiment.model, 200)}, which is not in the file: load that model on Train, "
            "if you have it. Here the recipe's model is trained to the end."
        )
    others = [
        f"{shorten(name)} {shorten(version)} (here {versions.get(name, 'none')})"
        for name, version in experiment.versions.items()
        if versions.get(name) != version
    ]
    if others:
        more = [f"{len(others) - MOST_VERSIONS} more"] if len(others) > MOST_VERSIONS else []
        named = join_names(others[:MOST_VERSIONS] + more)
        sentences.append(f"It was saved with {named}, so its last digits may differ.")
    return sentences


def describe_reproduction(file: ExperimentResult, found: ExperimentResult | None) -> tuple[bool | None, str]:
    """Whether a result is that of the file.

    Args:
        file: What the file has.
        found: The same kind of result, computed here; None where it is not computed.

    Returns:
        Whether all metrics are the file's, None where that is not known, and a sentence.
    """
    title = RUN_TITLES[file.kind]
    if found is None or found.done < file.done:
        done = "not computed here yet" if found is None else f"{found.done:,} of {file.done:,} computed here"
        return None, f"{title}: {done}, so it is not known whether it is the file's."
    here = {metric.name: metric for metric in found.metrics}
    pairs = [(metric, here.get(metric.name)) for metric in file.metrics]
    differing = [(metric, other) for metric, other in pairs if not _is_close(metric, other)]
    if differing or found.done != file.done:
        named = [_describe_difference(*pair) for pair in differing[:MOST_DIFFERING]]
        more = f"; and {len(differing) - MOST_DIFFERING} more" if len(differing) > MOST_DIFFERING else ""
        parts = "" if found.done == file.done else f" The file has {file.done:,} parts, here are {found.done:,}."
        return False, f"{title} differs from the file: {'; '.join(named) or 'in its parts'}{more}.{parts}"
    exact = all((metric.value, metric.interval) == (other.value, other.interval) for metric, other in pairs)
    how = "bit for bit" if exact else "but for their last digits"
    return True, f"{title}: all {len(pairs)} metrics of the file are reproduced, {how}."


def match_results(
    experiment: ExperimentFile, found: Sequence[ExperimentResult]
) -> list[tuple[ExperimentResult, ExperimentResult | None]]:
    """Each result of a file with that of its kind that is computed here, None where there is none."""
    by_kind = {result.kind: result for result in found}
    return [(result, by_kind.get(result.kind)) for result in experiment.results]


def _is_close(file: RunMetric, found: RunMetric | None) -> bool:
    if found is None:
        return False
    numbers = [(file.value, found.value), *zip(file.interval or (), found.interval or (), strict=False)]
    if (file.interval is None) != (found.interval is None):
        return False
    return all(
        one == other if None in (one, other) else math.isclose(one, other, rel_tol=CLOSE, abs_tol=CLOSE)
        for one, other in numbers
    )


def _describe_difference(file: RunMetric, found: RunMetric | None) -> str:
    """A metric in the file and here, as exactly as shows the difference, beside what trivial models reach."""
    name, trivial = shorten(file.name), shorten(format_baselines_of(file), 200)
    texts = ((write(file), write(found) if found else "missing") for write in WRITINGS)
    in_file, here = next(pair for pair in texts if pair[0] != pair[1])
    return f"{name} is {in_file} in the file, {here} here" + f" ({trivial})" * bool(trivial)


def _write_exactly(metric: RunMetric) -> str:
    """A metric with all its digits."""
    return f"{metric.value!r}" + (f" ({' to '.join(map(repr, metric.interval))})" if metric.interval else "")


WRITINGS = (lambda metric: format_run_value(metric.name, metric.value), format_metric_of, _write_exactly)
