"""Charts as files of their own."""

import io
import json

import altair as alt


def chart_bytes(chart: alt.TopLevelMixin, kind: str) -> bytes:
    """A chart as a file of its own: "png", "svg" or "html", which needs no network."""
    sized = chart.properties(width=640, background="white")
    if kind == "png":
        kept = io.BytesIO()
        sized.save(kept, format="png", ppi=200)
        return kept.getvalue()
    text = io.StringIO()
    sized.save(text, format=kind, **({"inline": True} if kind == "html" else {}))
    page = text.getvalue()
    if kind == "html":  # the chart's data stand in a script, which a "</script>" in them would end
        start = page.rindex('{"config"')
        spec, end = json.JSONDecoder().raw_decode(page, start)
        page = page[:start] + json.dumps(spec).replace("<", "\\u003c") + page[end:]
    return page.encode()
