"""The kinds of studies by name, and how one begins."""

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Study, TrainedModel, session
from forgetting.dashboard.studies import relearning, sweep, unlearning

STUDY_KINDS = {**sweep.SWEEP_KINDS, **relearning.RELEARNING_KINDS, **unlearning.UNLEARNING_KINDS}


def begin_study(trained_model: TrainedModel, name: str) -> Study:
    """A study of that kind, as the session's recipe plans it, under way."""
    kind = STUDY_KINDS[name]
    study = kind.begin(trained_model)
    study.quick = kind.quick(trained_model)
    session().studies[name] = study
    return study


def start_study(trained_model: TrainedModel, name: str) -> None:
    """The same for a button; what stands in the way becomes a notice."""
    try:
        begin_study(trained_model, name)
    except ForgettingError as error:
        session().notices.append(str(error))
