"""Altair charts as files for a paper or a talk: laid out for the width where they are printed, with their font.

The text has the size of its width and the plot takes what is left, as on a screen of that many lines of text. All kinds
of files are made from one picture, need no network, and look the same on a machine without any font.
"""

import base64
import hashlib
import html
import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from xml.sax.saxutils import escape

import altair as alt
import vl_convert

from forgetting.charts.style import INK, PAPER, PRINTED_GRID, PRINTED_WIDTHS

FONTS = Path(__file__).parent / "font"
FAMILY = "Forgetting Sans"
FONT = f"'{FAMILY}', 'Liberation Sans', Arial, Helvetica, sans-serif"  # the others are as wide, for what reads no SVG's
TEXT_SIZE = 11  # of all texts of a chart, in the units that it is laid out in
TITLE_SIZE = 13
LINE_HEIGHT = 1.35  # height of a line of text by its size
PRINTED_MARGIN = 6
POINTS_PER_CM = 72 / 2.54
PRINTED_DPI = 300
NARROW = 500  # units; where a chart is narrower its plots stand one below the other
HIGHEST_PLOT = 0.7  # of the whole width
TOLERANCE = 0.01  # of a size, up to which a chart is scaled and not laid out anew
MOST_TRIES = 4  # to lay out a chart that is too tall
FIRST_GUESS = 0.2  # of the width that is no plot
LEAST_SHARE = 0.4  # of the width that is plot
LEGEND_COLUMNS = (9, 2, 1)  # at most, until the legend is as narrow as the chart
STEP_GIVES = 1.2  # more than its share that each row gives, as titles and axes give nothing
LEAST_STEP = 13  # units of the height of a row with its text
COUNTED_NAME = re.compile(r'(?<=["#])((?:gradient_|clip)\d+)(?=[")])')  # where it is given, and where it is referred to
LEAST_PLOT = 140  # units of the height of a plot that gives way to what stands around it
PRINTED_CONFIGURATION = {  # of text and lines on paper; a chart's own comes before it
    "font": FONT,
    "background": PAPER,
    "axis": {
        "labelFontSize": TEXT_SIZE, "titleFontSize": TEXT_SIZE, "titleFontWeight": "normal", "labelColor": INK,
        "titleColor": INK, "domainColor": INK, "tickColor": INK, "gridColor": PRINTED_GRID, "labelSeparation": 4,
    },
    "legend": {
        "labelFontSize": TEXT_SIZE, "titleFontSize": TEXT_SIZE, "titleFontWeight": "normal", "labelColor": INK,
        "titleColor": INK,
    },
    "title": {"fontSize": TEXT_SIZE + 1, "fontWeight": "normal", "color": INK},
    "view": {"stroke": None},
}  # fmt: skip


@dataclass(frozen=True)
class _Picture:
    """A chart as SVG, in the units that it is laid out in, and as Vega-Lite without its title and caption.

    `beside` is the width that is no plot.
    """

    width: float
    height: float
    body: str
    spec: dict
    beside: float


def chart_bytes(
    chart: alt.TopLevelMixin, kind: str, *, width: str = "one column", title: str = "", caption: str = ""
) -> bytes:
    """A chart as a file, black on white, whatever the theme.

    Args:
        chart: A chart of one view, of layers, or a concatenation of such charts.
        kind: One of CHART_KINDS. A PNG has 300 dots per inch.
        width: Where it is to be printed, a key of PRINTED_WIDTHS.
        title: Stands above it; "" for none.
        caption: Stands below it; "" for none.
    """
    printed, spec = PRINTED_WIDTHS[width], _merge(PRINTED_CONFIGURATION, _clean(chart.to_dict()))
    _register_font()
    units = printed.width * POINTS_PER_CM * TEXT_SIZE / printed.text
    draw = partial(_draw, spec, title=title, caption=caption, caption_size=printed.caption * TEXT_SIZE)
    picture = draw(units)
    if printed.height:
        for attempt in range(MOST_TRIES):  # the plot gives way first, then the text
            over = picture.height / (units * printed.height / printed.width)
            if over <= 1 + TOLERANCE:
                break
            if attempt == 0:
                gives = (picture.height * (1 - 1 / over), 1 - STEP_GIVES * (1 - 1 / over))
            else:
                units *= over
            picture = draw(units, less=gives, beside=picture.beside)
    if kind == "html":
        return _html(picture.spec, title, caption).encode()
    points = printed.width * POINTS_PER_CM
    if kind == "svg":
        size = f'width="{printed.width:g}cm" height="{printed.width * picture.height / units:.3f}cm"'
        return _svg(picture, size, _font_face()).encode()
    svg = _svg(picture, f'width="{points:.3f}" height="{points * picture.height / units:.3f}"')
    return vl_convert.svg_to_pdf(svg) if kind == "pdf" else vl_convert.svg_to_png(svg, ppi=PRINTED_DPI)


def _clean(value: object) -> object:
    """A specification whose texts hold no sign that XML cannot hold: one of those would end the whole process."""
    if isinstance(value, str):
        return "\n".join(map(_printable, value.split("\n")))  # at which a title is broken
    if isinstance(value, dict):
        return {_clean(name): _clean(each) for name, each in value.items()}
    return [*map(_clean, value)] if isinstance(value, list) else value


@cache
def _register_font() -> None:
    vl_convert.register_font_directory(str(FONTS))


@cache
def _font_face() -> str:
    font = base64.b64encode((FONTS / "sans.ttf").read_bytes()).decode()
    return f"@font-face {{font-family: '{FAMILY}'; src: url(data:font/ttf;base64,{font});}}"


def _merge(general: Mapping, spec: dict) -> dict:
    """A chart's specification with configuration that its own comes before."""
    own = spec.get("config", {})
    merged = {
        name: {**value, **own.get(name, {})} if isinstance(value, dict) else value for name, value in general.items()
    }
    return {**spec, "config": {**own, **merged}, "padding": PRINTED_MARGIN}


def _draw(
    spec: dict,
    units: float,
    *,
    title: str,
    caption: str,
    caption_size: float,
    less: tuple[float, float] = (0.0, 1.0),
    beside: float = 0.0,
) -> _Picture:
    """A chart as wide as it is to be, with its title and caption.

    Its legends take fewer columns before its plot gets too narrow; see `_sized` for `less`, `_Picture` for `beside`.
    """
    plots = spec.get("concat", [spec])
    abreast = 1 if units < NARROW else min(len(plots), spec.get("columns", len(plots)))
    beside = beside or FIRST_GUESS * units
    for columns in LEGEND_COLUMNS:
        for _ in range(MOST_TRIES):
            plot = max(units - beside, LEAST_SHARE * units) / abreast
            sized = _sized(spec, plot, abreast, columns, units, less)
            text = vl_convert.vegalite_to_svg(sized)
            width, height = (float(re.search(f' {name}="([\\d.]+)"', text)[1]) for name in ("width", "height"))
            before, beside = beside, width - abreast * plot
            if abs(width - units) <= TOLERANCE * units or abs(beside - before) < 1:
                break
        if width <= (1 + TOLERANCE) * units:
            break
    scale = min(1.0, units / width)
    above, top = _write(title, units, TITLE_SIZE, 0.0)
    below, end = _write(caption, units, caption_size, top + scale * height)
    drawn = _rename(text[text.index(">") + 1 : text.rindex("</svg>")])
    chart = f'<g transform="translate(0,{top:g}) scale({scale:g})">{drawn}</g>'
    return _Picture(units, end, above + chart + below, sized, beside)


def _rename(body: str) -> str:
    """A picture whose gradients and clips have names of its own: Vega counts them on from chart to chart.

    So the same chart is the same file, and of several charts in one page none takes what is another's.
    """
    names = {name: f"part{index}" for index, name in enumerate(dict.fromkeys(COUNTED_NAME.findall(body)))}
    counted = COUNTED_NAME.sub(lambda found: names[found[1]], body)
    own = hashlib.sha256(counted.encode()).hexdigest()[:8]
    return COUNTED_NAME.sub(lambda found: f"{names[found[1]]}-{own}", body)


def _write(text: str, units: float, size: float, top: float) -> tuple[str, float]:
    """A text in lines from a height on, and the height where it ends."""
    lines = _wrap(_printable(text), units, size)
    look = f'font-family="{FONT}" font-size="{size:g}" fill="{INK}"'
    written = "".join(
        f'<text x="{PRINTED_MARGIN}" y="{top + PRINTED_MARGIN + (LINE_HEIGHT * row - 0.3) * size:g}" {look}>'
        f"{escape(line)}</text>"
        for row, line in enumerate(lines, start=1)
    )
    return written, top + (2 * PRINTED_MARGIN + LINE_HEIGHT * size * len(lines)) * bool(lines)


def _sized(spec: dict, plot: float, abreast: int, columns: int, units: float, less: tuple[float, float]) -> dict:
    """A specification with the size of its plots, its legends in at most so many columns, and no label too long.

    A plot gives way by `less`: of a height its first part, to a share of each row its second.
    """

    def limit(value: object) -> object:
        if isinstance(value, list):
            return [limit(each) for each in value]
        if not isinstance(value, dict):
            return value
        found = {name: limit(each) if name not in ("data", "datasets") else each for name, each in value.items()}
        if isinstance(found.get("columns"), int):
            found["columns"] = min(found["columns"], columns)
        if found.get("labelLimit"):
            found["labelLimit"] = min(found["labelLimit"], 0.4 * units)
        return found

    def size(chart: dict) -> dict:
        height = chart.get("height")
        if isinstance(height, int | float):
            height = min(height, max(LEAST_PLOT, min(height, HIGHEST_PLOT * units) - less[0]))
        elif isinstance(height, dict):
            height = {**height, "step": min(height["step"], max(LEAST_STEP, height["step"] * less[1]))}
        return {**chart, "width": plot, **({} if height is None else {"height": height})}

    limited = limit(spec)
    if "concat" in spec:
        return {**limited, "columns": abreast, "concat": [size(chart) for chart in limited["concat"]]}
    return size(limited)


def _wrap(text: str, units: float, size: float) -> list[str]:
    """Lines of a text that fit a width. Letters without spaces between them, as of Chinese, are broken anywhere."""
    lines, line, room = [], "", units - 2 * PRINTED_MARGIN
    for word in re.findall(r"[^ \t\n]+[ \t\n]*", text):  # no line ends at a no-break space
        if line and size * _em(line + word.rstrip()) > room:
            lines.append(line.rstrip())
            line = ""
        while size * _em(word) > room:
            cut = next(end for end in range(len(word), 0, -1) if end == 1 or size * _em(word[:end]) <= room)
            lines.append(word[:cut])
            word = word[cut:]
        line += word
    return [*lines, line.rstrip()] if line else lines


def _em(text: str) -> float:
    """About how wide a text is, by the size of its letters."""
    widths = {"W": 1.0, "F": 1.0}
    return sum(
        widths.get(
            unicodedata.east_asian_width(sign), 0.3 if sign in " .,:;'|()ijlt" else 0.7 if sign.isupper() else 0.56
        )
        for sign in text
    )


def _printable(text: str) -> str:
    """A text without the signs that XML cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)


def _svg(picture: _Picture, size: str, style: str = "") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {size} '
        f'viewBox="0 0 {picture.width:g} {picture.height:g}">{style and f"<style>{style}</style>"}'
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{picture.body}</svg>'
    )


def _html(spec: dict, title: str, caption: str) -> str:
    """A page that draws the chart, with what is said where it is pointed at."""
    page = vl_convert.vegalite_to_html(spec, bundle=True)
    start = page.rindex('{"config"')
    read, end = json.JSONDecoder().raw_decode(page, start)
    # A "</script>" in the chart's data would end the script that holds them.
    page = page[:start] + json.dumps(read).replace("<", "\\u003c") + page[end:]
    style = f"<style>{_font_face()} body {{font-family: {FONT}; max-width: 60rem; margin: 1rem}}</style>"
    above = f"<h1>{html.escape(title)}</h1>" if title else ""
    below = f"<p>{html.escape(caption)}</p>" if caption else ""
    place, after = page.rindex("  <body>"), '<div id="vega-chart"></div>'
    body = page[place:].replace(after, f"{style}{above}{after}{below}", 1)
    return page[:place] + body.replace('"renderer":"svg"', '"renderer":"svg","actions":false')
