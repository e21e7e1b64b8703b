"""One colour a meaning, and every text at a contrast of 4.5:1 or more, in both themes."""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from colours import BLACK, SIGHT, WHITE, apart, contrast, mix

from forgetting.charts.style import HEAT, LIGHT_TEXT_FROM, MEANINGS, PALE_TEXT, SERIES_COLOURS

ROOT = Path(__file__).parents[2]
THEMES = {
    name: theme
    for name, theme in tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"].items()
    if isinstance(theme, dict)
}
CSS = (ROOT / "forgetting/dashboard/ui/browser/page.css").read_text()
TEXT = 4.5  # WCAG 2.2, 1.4.3
GRAPHICS = 3.0  # 1.4.11


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_every_text_stands_out(theme):
    text, primary = theme["textColor"], theme["primaryColor"]
    captions = float(re.search(r'"stCaptionContainer"\] \{\s*opacity: ([\d.]+)', CSS)[1])
    charts = int(re.search(r"fill: color-mix\(in srgb, currentColor (\d+)%", CSS)[1]) / 100
    for ground in (theme["backgroundColor"], theme["secondaryBackgroundColor"]):
        for share in (1.0, captions, charts):
            assert contrast(mix(text, ground, share), ground) >= TEXT
        assert contrast(text, mix(primary, ground, 0.15)) >= TEXT  # what is chosen of pills
    assert contrast(WHITE, primary) >= TEXT  # on buttons
    assert contrast(primary, theme["backgroundColor"]) >= GRAPHICS


@pytest.mark.parametrize("theme", PALE_TEXT)
def test_pale_text_of_tables_stands_out(theme):
    assert contrast(PALE_TEXT[theme], THEMES[theme]["backgroundColor"]) >= TEXT


def test_the_style_writes_in_the_colours_of_the_themes():
    found = re.findall(r"light-dark\((#\w+), (#\w+)\)", CSS)
    kinds = ("textColor", "backgroundColor")
    assert set(found) == {(THEMES["light"][kind], THEMES["dark"][kind]) for kind in kinds}


def test_values_in_a_heat_map_stand_out_from_every_cell():
    for place in np.linspace(0, 1, 101):
        cell = mix(HEAT[1], HEAT[0], place)
        assert contrast(WHITE if place > LIGHT_TEXT_FROM else BLACK, cell) >= TEXT, place


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
@pytest.mark.parametrize("meaning", MEANINGS)
def test_every_mark_stands_out_from_the_page(theme, meaning):
    assert contrast(MEANINGS[meaning], theme["backgroundColor"]) >= GRAPHICS


def test_no_colour_has_two_meanings():
    for first, second in combinations(MEANINGS, 2):
        assert apart(MEANINGS[first], MEANINGS[second]) > 0.08, (first, second)
    for sight in SIGHT:
        models = [MEANINGS[name] for name in MEANINGS if name.endswith("model")]
        assert len(models) == 3
        for group in (models, SERIES_COLOURS):
            assert all(apart(*pair, sight) > 0.1 for pair in combinations(group, 2)), sight


def test_every_colour_is_one_of_the_table():
    """Colours of charts are written in the style alone."""
    for folder in ("charts", "dashboard"):
        for path in sorted((ROOT / "forgetting" / folder).rglob("*.py")):
            if path.name != "style.py":
                assert not re.findall(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8")), path
