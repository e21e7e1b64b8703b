"""The kinds of studies by name, how one begins, and which one a page shows."""

from dataclasses import replace

from forgetting.dashboard.state.session import Session, Study, TrainedModel
from forgetting.dashboard.state.work import run_study
from forgetting.dashboard.studies import (
    base,
    explanation,
    kept,
    layer_choice,
    relearning,
    robustness,
    similarity,
    sweep,
    unlearning,
)
from forgetting.dashboard.studies.base import StudyRequest

STUDY_KINDS = {
    **sweep.SWEEP_KINDS,
    **robustness.ROBUSTNESS_KINDS,
    **layer_choice.LAYER_CHOICE_KINDS,
    **explanation.EXPLANATION_KINDS,
    **similarity.SIMILARITY_KINDS,
    **relearning.RELEARNING_KINDS,
    **unlearning.UNLEARNING_KINDS,
}


def request_study(visitor: Session, trained_model: TrainedModel, name: str) -> StudyRequest:
    """What a visitor asks for who wants a study of that kind."""
    request = StudyRequest(trained_model, visitor.recipe)
    kind = STUDY_KINDS[name]
    return replace(request, related=kept.related_studies(visitor, name, kind.key(request), kind.base(request)))


def begin_study(visitor: Session, name: str, request: StudyRequest) -> Study:
    """Begin a study that a visitor asks for, show it, and keep it. Raises ForgettingError where it cannot be."""
    study = _begin(visitor, name, request)
    run_study(visitor, study)
    kept.keep_study(visitor, study)
    return study


def find_study(visitor: Session, name: str, request: StudyRequest) -> Study | None:
    """The study of a visitor's settings, shown or kept, whether it has ended or not; None where there is none."""
    key, shown = STUDY_KINDS[name].key(request), visitor.studies.get(name)
    return shown if shown and shown.key == key else kept.find_kept_study(visitor, name, key)


def choose_study(visitor: Session, name: str, request: StudyRequest) -> Study | None:
    """The study to show: that of the visitor's settings where it is kept, else the one shown before.

    Where that one has started by itself, or there is none, the study of the visitor's settings starts by itself, or a
    quick look at it, if it takes little time.

    Raises:
        ForgettingError: Where there cannot be such a study.
    """
    kind, shown = STUDY_KINDS[name], visitor.studies.get(name)
    if known := find_study(visitor, name, request):
        kept.show_study(visitor, known)
        return known
    if shown is None or shown.unasked:
        for asked in (request, replace(kind.look(request), related=())):
            if shown and shown.key == kind.key(asked):
                return shown
            if kind.seconds(asked) <= base.UNASKED_SECONDS:
                study = _begin(visitor, name, asked)
                study.unasked, study.look = True, asked is not request
                return study
    return shown


def _begin(visitor: Session, name: str, request: StudyRequest) -> Study:
    kind = STUDY_KINDS[name]
    study = kind.begin(request)
    study.kind, study.part = name, kind.part
    study.base, study.recipe = kind.base(request), request.whole_recipe
    study.taken = len(study.rows)
    study.title = f"{kind.title}: {kind.describe(request)}"
    kept.show_study(visitor, study)
    return study
