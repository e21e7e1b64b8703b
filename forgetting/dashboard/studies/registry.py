"""The kinds of studies by name, and how one begins."""

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state.session import Learned, Study, session
from forgetting.dashboard.studies import relearning, sweep, unlearning

KINDS = {**sweep.KINDS, **relearning.KINDS, **unlearning.KINDS}


def begin(learned: Learned, name: str) -> Study:
    """A study of that kind, as the session's recipe plans it, under way."""
    kind = KINDS[name]
    study = kind.begin(learned)
    study.quick = kind.quick(learned)
    session().studies[name] = study
    return study


def start(learned: Learned, name: str) -> None:
    """The same for a button; what stands in the way becomes a notice."""
    try:
        begin(learned, name)
    except ForgettingError as error:
        session().notices.append(str(error))
