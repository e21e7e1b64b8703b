"""The kinds of studies by name, and how one begins."""

from forgetting.dashboard import relearn_studies, sweep_studies, unlearn_studies
from forgetting.dashboard.session import Learned, Study, session
from forgetting.errors import ForgettingError

KINDS = {**sweep_studies.KINDS, **relearn_studies.KINDS, **unlearn_studies.KINDS}


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
