"""The studies that a session keeps: as many as fit, each found again by its settings.

What has started by itself is not kept: it is there again within seconds.
"""

from forgetting.core.limits import limits
from forgetting.dashboard.state.session import Session, Study
from forgetting.randomization.layers import parameter_count

MOST_KEPT = 12  # studies of a session


def keep_study(visitor: Session, study: Study) -> None:
    """Keep a study, in place of one of the same settings; older ones go where there are too many, which is said.

    Those that are pinned go last.
    """
    if before := find_kept_study(visitor, study.kind, study.key):
        study.pinned = before.pinned
    visitor.kept = [other for other in visitor.kept if other is not before] + [study]
    while not _fit(visitor.kept) and len(visitor.kept) > 1:
        oldest = min(visitor.kept[:-1], key=lambda other: other.pinned)
        delete_study(visitor, oldest)
        visitor.notices.append(
            f"To make room, the oldest kept study is gone: {oldest.title}. Pin the studies that should stay longer."
        )
    _drop_models(visitor.kept)


def find_kept_study(visitor: Session, kind: str, key: str) -> Study | None:
    """The kept study of these settings, None where there is none."""
    return next((study for study in visitor.kept if (study.kind, study.key) == (kind, key)), None)


def related_studies(visitor: Session, kind: str, key: str, base: str) -> tuple[Study, ...]:
    """The session's studies of other settings whose parts fit."""
    shown = visitor.studies.get(kind)
    studies = [*visitor.kept, *([shown] if shown and shown not in visitor.kept else [])]
    return tuple(study for study in studies if (study.kind, study.base) == (kind, base) and study.key != key)


def show_study(visitor: Session, study: Study) -> None:
    """Show a study on its page."""
    visitor.studies[study.kind] = study


def delete_study(visitor: Session, study: Study) -> None:
    """Keep and show a study no longer."""
    study.running = False
    visitor.kept = [other for other in visitor.kept if other is not study]
    if visitor.studies.get(study.kind) is study:
        del visitor.studies[study.kind]


def _fit(kept: list[Study]) -> bool:
    """Whether the studies are few enough, and their parts and reviews together no more than one may have."""
    reviews = {study.trained_model.sha256: len(study.trained_model.split.reviews.texts) for study in kept}
    parts = sum(study.total for study in kept)
    return len(kept) <= MOST_KEPT and parts <= limits().variants and sum(reviews.values()) <= limits().rows


def _drop_models(kept: list[Study]) -> None:
    """Free the models that older studies hold for methods to come, so that all together are no more than one may hold.

    Those that the studies will train yet count, too. Their rows stay.
    """
    room, seen = limits().models, []
    runners = [study.runner for study in reversed(kept) if study.runner]
    for runner in runners:
        if any(runner.shares_models(other) for other in seen):
            continue
        seen.append(runner)
        sharing = [other for other in runners if other.shares_models(runner)]
        seeds = {*runner.staged, *(seed for other in sharing for seed, _ in other.missing(other.settings))}
        room -= 3 * len(seeds) * parameter_count(runner.trained.model)
        if room < 0:
            runner.drop_models()
