"""The part of the data check that looks at words: what texts are cut into, and which reviews have none."""

from streamlit.delta_generator import DeltaGenerator

from forgetting.core.errors import ForgettingError
from forgetting.dashboard.state import data
from forgetting.dashboard.state.session import session
from forgetting.dashboard.ui.escape import literal
from forgetting.dashboard.ui.labels import in_words
from forgetting.data.profile import DataProfile
from forgetting.reporting.formatting import format_count, format_share
from forgetting.reporting.glossary import explain
from forgetting.reporting.words import describe_tokenizer, describe_unknown_words


def words_check_view(profile: DataProfile, metric: DeltaGenerator, sentence: DeltaGenerator) -> None:
    """Count the reviews without a word that a model would know, in both parts.

    Args:
        profile: Of the reviews.
        metric: Place of the count.
        sentence: Place of what the texts are cut into, and of the warning where many reviews have no known word.
    """
    inputs = session().inputs
    try:
        split = data.find_checked_split(inputs)
    except ForgettingError as error:
        shares, said, warned = ("no split", "of the validation reviews"), str(error), True
    else:
        found = {name: format_share(split.without_known_words[name] / len(part)) for name, part in split.parts.items()}
        shares = (found["validation"], f"{found['training']} of the training reviews")
        few = describe_unknown_words(split, inputs.recipe.split)
        said, warned = f"{describe_tokenizer(split.tokenizer)} {few or ''}".rstrip(), bool(few)
        if split.without_words:
            said += f" Without any word: {format_count(split.without_words, 'review')}."
        if len(split.reviews) < profile.rows:
            said += f" Counted in a sample of {format_count(len(split.reviews), 'review')}."
    label = "Without a known word"
    metric.metric(label, *shares, delta_color="off", delta_arrow="off", help=explain(label))
    if warned:
        sentence.warning(in_words(said), icon=":material/warning:")
    else:
        sentence.caption(literal(said))
