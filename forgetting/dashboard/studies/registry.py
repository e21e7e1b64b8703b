"""The kinds of studies by name, and how one begins."""

from forgetting.dashboard.state.session import Session, Study, TrainedModel
from forgetting.dashboard.studies import relearning, sweep, unlearning
from forgetting.dashboard.studies.base import StudyRequest

STUDY_KINDS = {**sweep.SWEEP_KINDS, **relearning.RELEARNING_KINDS, **unlearning.UNLEARNING_KINDS}


def request_study(visitor: Session, trained_model: TrainedModel, name: str) -> StudyRequest:
    """What a visitor asks for who wants a study of that kind."""
    return StudyRequest(trained_model, visitor.recipe, visitor.studies.get(name))


def begin_study(visitor: Session, trained_model: TrainedModel, name: str) -> Study:
    """Begin a study of that kind, in place of the visitor's last one. Raises ForgettingError where it cannot be."""
    kind, request = STUDY_KINDS[name], request_study(visitor, trained_model, name)
    study = kind.begin(request)
    study.quick = kind.quick(request)
    visitor.studies[name] = study
    return study
