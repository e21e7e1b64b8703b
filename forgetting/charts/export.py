"""Altair charts as files."""

import io
import json

import altair as alt


def chart_bytes(chart: alt.TopLevelMixin, kind: str) -> bytes:
    """A chart as a file that needs no network; kind: "png", "svg" or "html"."""
    sized = chart.properties(width=640, background="white")
    if kind == "png":
        image = io.BytesIO()
        sized.save(image, format="png", ppi=200)
        return image.getvalue()
    text = io.StringIO()
    sized.save(text, format=kind, **({"inline": True} if kind == "html" else {}))
    page = text.getvalue()
    if kind == "html":  # a "</script>" in the chart's data would end the script that holds them
        start = page.rindex('{"config"')
        spec, end = json.JSONDecoder().raw_decode(page, start)
        page = page[:start] + json.dumps(spec).replace("<", "\\u003c") + page[end:]
    return page.encode()
