"""Class counts and text lengths of a file of reviews, as Altair charts."""

from collections.abc import Mapping

import altair as alt
import numpy as np
import pandas as pd

from forgetting.charts.style import REVIEW_COLOUR
from forgetting.charts.vega import CONFIGURATION, PADDING, plain_names


def classes_chart(counts: Mapping[str, int], most: int = 30) -> alt.Chart:
    """Reviews of each class, most frequent on top; of many classes the largest."""
    data = pd.DataFrame({"class": plain_names(counts), "reviews": list(counts.values())}).head(most)
    data["share"] = data["reviews"] / max(sum(counts.values()), 1)
    return (
        alt.Chart(data)
        .mark_bar(color=REVIEW_COLOUR)
        .encode(
            x=alt.X("reviews:Q", title="reviews"),
            y=alt.Y("class:N", title=None, sort=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)),
            tooltip=[alt.Tooltip("class:N"), alt.Tooltip("reviews:Q"), alt.Tooltip("share:Q", format=".1%")],
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=alt.Step(24))
    )


def count_lengths(words: np.ndarray) -> pd.DataFrame:
    """How many texts have from … to so many words, in at most 30 ranges of one width."""
    counts, edges = np.histogram(words, bins=min(30, max(int(np.ptp(words)), 1)))
    return pd.DataFrame({"from": edges[:-1], "to": edges[1:], "reviews": counts})


def lengths_chart(words: np.ndarray) -> alt.Chart:
    """How long the texts are, in words."""
    return (
        alt.Chart(count_lengths(words))
        .mark_bar(color=REVIEW_COLOUR)
        .encode(
            x=alt.X("from:Q", bin="binned", title="words in a text"),
            x2=alt.X2("to:Q"),
            y=alt.Y("reviews:Q", title="reviews"),
            tooltip=[alt.Tooltip("from:Q", format=".0f"), alt.Tooltip("to:Q", format=".0f"), alt.Tooltip("reviews:Q")],
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=240)
    )
