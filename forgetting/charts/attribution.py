"""The most influential words of a class, as an Altair chart."""

from collections.abc import Mapping

import altair as alt
import pandas as pd

from forgetting.charts.style import ORIGINAL
from forgetting.charts.vega import CONFIGURATION, PADDING, plain_names


def words_chart(influence: Mapping[str, float], title: str) -> alt.Chart:
    """A bar for each word, as long as its influence; `title` names the axis."""
    table = pd.DataFrame({"word": plain_names(influence), "influence": list(influence.values())})
    return (
        alt.Chart(table)
        .mark_bar(color=ORIGINAL)
        .encode(
            x=alt.X("influence:Q", title=title),
            y=alt.Y("word:N", title=None, sort=None, axis=alt.Axis(labelLimit=180, labelOverlap=False)),
            tooltip=[alt.Tooltip("word:N"), alt.Tooltip("influence:Q", format=".4f")],
        )
        .configure(**CONFIGURATION)
        .properties(padding=PADDING, height=alt.Step(18))
    )
