"""Which layer to unlearn in, as an Altair chart: what is lost of the forget set beyond the retain set."""

from collections.abc import Mapping, Sequence

import altair as alt
import pandas as pd

from forgetting.charts.style import BASELINE, PALE, SERIES_COLOURS, TEXT
from forgetting.charts.vega import CONFIGURATION, PADDING

ROW_HEIGHTS = {12: 34, 40: 22}  # pixels of a layer set, by up to how many there are
LEAST_ROW = 15
EXCESS_TITLE = ["lost of the forget set less lost of the retain set,", "points of accuracy"]
LEAST_ENDS = 5.0  # points on either side of 0 that the axis has at least


def excess_chart(rows: Sequence[Mapping[str, object]]) -> alt.LayerChart:
    """A bar a layer set with its interval, the largest first; right of 0 the forget set loses more.

    Args:
        rows: Of `reporting.layer_choice.list_losses`.
    """
    table = pd.DataFrame(rows)
    ends = [table[["excess", "low", "high"]].min().min(), table[["excess", "low", "high"]].max().max()]
    domain = [min(-LEAST_ENDS, max(ends[0], -100)), max(LEAST_ENDS, min(ends[1], 100))]
    base = alt.Chart(table).encode(
        y=alt.Y("layers:N", title=None, sort=None, axis=alt.Axis(labelLimit=190)),
        tooltip=[
            alt.Tooltip("layers:N", title="layer set"),
            alt.Tooltip("lost of the forget set:N"),
            alt.Tooltip("lost of the retain set:N"),
            alt.Tooltip("excess:Q", title="excess, points", format="+.1f"),
            alt.Tooltip("low:Q", title="from", format="+.1f"),
            alt.Tooltip("high:Q", title="to", format="+.1f"),
            alt.Tooltip("adjusted p:Q", format=".3f"),
            alt.Tooltip("beside the best:N"),
        ],
    )
    x = alt.X("excess:Q", title=EXCESS_TITLE, scale=alt.Scale(domain=domain, nice=False, clamp=True))
    bars = base.mark_bar(color=SERIES_COLOURS[0]).encode(
        x=x, opacity=alt.when(alt.datum.shown).then(alt.value(1)).otherwise(alt.value(PALE))
    )
    spans = base.mark_rule(strokeWidth=2, color=TEXT).encode(x=alt.X("low:Q", title=EXCESS_TITLE), x2=alt.X2("high:Q"))
    zero = alt.Chart(pd.DataFrame({"at": [0.0]})).mark_rule(color=BASELINE, strokeDash=[5, 4]).encode(x=alt.X("at:Q"))
    height = next((height for most, height in ROW_HEIGHTS.items() if len(table) <= most), LEAST_ROW)
    return alt.layer(bars, spans, zero).configure(**CONFIGURATION).properties(padding=PADDING, height=alt.Step(height))
