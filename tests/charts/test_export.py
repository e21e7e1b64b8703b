"""Charts as files for print: sizes, fonts, and words of a file that stay words."""

import io
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import altair as alt
import pandas as pd
import pytest
from chart_parts import texts_of
from PIL import Image

from forgetting.charts.data import classes_chart
from forgetting.charts.export import chart_bytes
from forgetting.charts.history import Curve, history_chart
from forgetting.charts.style import PRINTED_WIDTHS
from forgetting.model.history import Epoch
from forgetting.model.history import PartMetrics as Metrics

CENTIMETRES = {"one column": 8.5, "two columns": 17.5, "slide": 33.867}
READABLE = 7.0  # points
HOSTILE = "<b>A</b> & \x00\x1b \ufffe 漢字 ‖ΔW‖₂ ]]> </script>"


def chart() -> alt.LayerChart:
    history = [Epoch(epoch, Metrics(1 / epoch, 0.5), Metrics(2 / epoch, 0.4), 0.1) for epoch in range(1, 5)]
    curves = [Curve("original", history), Curve("relearned", history[:2])]
    return history_chart(curves, "accuracy", {"chance": 0.1, "largest class": 0.2}, epochs=4, title="accuracy")


def beside(count: int) -> alt.ConcatChart:
    data = pd.DataFrame({"x": [1, 2], "y": [3, 4]})
    one = alt.Chart(data).mark_line().encode(x=alt.X("x:Q"), y=alt.Y("y:Q")).properties(height=150)
    return alt.concat(*[one] * count, columns=2)


def size_of(svg: bytes) -> tuple[float, float, float]:
    """Width and height in centimetres, and centimetres of a unit."""
    root = ElementTree.fromstring(svg)
    width, height = (float(root.get(name).removesuffix("cm")) for name in ("width", "height"))
    return width, height, width / float(root.get("viewBox").split()[2])


@pytest.mark.parametrize("width", PRINTED_WIDTHS)
@pytest.mark.parametrize(
    "make", [chart, lambda: beside(2), lambda: classes_chart({f"class {n}": 1 for n in range(30)})]
)
def test_a_chart_is_as_wide_as_it_is_printed_with_text_that_can_be_read(make, width):
    svg = chart_bytes(make(), "svg", width=width, title="A title", caption="A caption of some words. " * 9)
    printed, height, unit = size_of(svg)
    assert printed == CENTIMETRES[width]
    assert width != "slide" or height <= 1.01 * 19.05
    sizes = {float(size) for size in re.findall(r'font-size="([\d.]+)(?:px)?"', svg.decode())}
    assert min(sizes) * unit * 72 / 2.54 >= READABLE
    scales = [float(scale) for scale in re.findall(r"scale\(([\d.]+)\)", svg.decode())]
    assert min(scales) > 0.98  # nothing had to be made smaller than it was laid out


def test_plots_stand_one_below_the_other_in_one_column():
    heights = {width: size_of(chart_bytes(beside(2), "svg", width=width))[1] for width in ("one column", "two columns")}
    assert heights["one column"] > 1.5 * heights["two columns"]


def test_a_png_has_300_dots_per_inch_on_white():
    image = Image.open(io.BytesIO(chart_bytes(chart(), "png")))
    assert image.width == pytest.approx(8.5 / 2.54 * 300, abs=2)
    assert image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
    assert image.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_a_pdf_holds_its_font_alone():
    content = chart_bytes(chart(), "pdf", title="‖ΔW‖₂", caption="Of −1 to 1.")
    assert content.startswith(b"%PDF")
    fonts = set(re.findall(rb"/BaseFont\s*/(\S+)", content))
    assert {name.split(b"+")[-1] for name in fonts} == {b"ForgettingSans-Regular"}
    assert b"/FontFile2" in content


def test_an_svg_holds_its_font():
    svg = chart_bytes(chart(), "svg").decode()
    assert "url(data:font/ttf;base64," in svg
    assert all(family.startswith("'Forgetting Sans'") for family in re.findall(r'font-family="([^"]+)"', svg))


@pytest.mark.slow
def test_no_font_of_the_system_is_needed(tmp_path):
    (tmp_path / "fonts.conf").write_text('<?xml version="1.0"?><fontconfig></fontconfig>')
    code = (
        "import sys, pandas as pd, altair as alt; from forgetting.charts.export import chart_bytes\n"
        "data = pd.DataFrame({'a': ['x', 'y'], 'b': [1, 2]})\n"
        "chart = alt.Chart(data).mark_bar().encode(x=alt.X('b:Q', title='‖ΔW‖₂'), y=alt.Y('a:N'))\n"
        "sys.stdout.buffer.write(chart_bytes(chart, 'png', title='Accuracy', caption='Of 1–2.'))"
    )
    made = [
        subprocess.run([sys.executable, "-c", code], env={**os.environ, **more}, capture_output=True, check=True).stdout
        for more in ({}, {"FONTCONFIG_FILE": str(tmp_path / "fonts.conf")})
    ]
    assert made[0] == made[1]


@pytest.mark.parametrize("kind", ["svg", "pdf", "html"])
def test_words_of_a_file_stay_words(kind):
    content = chart_bytes(classes_chart({HOSTILE: 3, "b": 1}), kind, title=HOSTILE, caption=HOSTILE)
    if kind == "svg":
        shown = " ".join(HOSTILE.translate(dict.fromkeys(map(ord, "\x00\x1b\ufffe"))).split())
        assert " ".join(texts_of(content)[0].split()).startswith("<b>A</b> &")
        assert not [item for item in ElementTree.fromstring(content).iter() if item.tag.endswith("}b")]
        assert shown.split()[-1] in texts_of(content)[-1]
    if kind == "html":
        assert b"<b>A" not in content


def test_a_long_word_is_broken():
    texts = texts_of(chart_bytes(classes_chart({"a": 1}), "svg", caption="漢" * 100))
    assert sum("漢" in text for text in texts) > 2


def test_charts_in_one_page_keep_their_own_gradients_and_clips():
    data = pd.DataFrame({"x": ["a", "b"], "y": ["c", "d"], "z": [1, 2]})
    cells = alt.Chart(data).mark_rect(clip=True).encode(x=alt.X("x:N"), y=alt.Y("y:N"), color=alt.Color("z:Q"))
    files = [chart_bytes(made, "svg").decode() for made in (cells, cells.properties(height=200), cells)]
    assert files[0] == files[2]  # whatever was drawn between
    named = [set(re.findall(r'id="([^"]+)"', file)) for file in files]
    for file, names in zip(files, named, strict=True):
        assert set(re.findall(r"url\(#([^)]+)\)", file)) == names != set()
    assert not named[0] & named[1]
