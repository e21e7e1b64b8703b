"""What charts share: one colour a meaning, heights and margins, in Plotly and in Vega.

Each colour stands out from the ground of both themes by 3:1 or more, and colour-blind eyes tell the models apart.
"""

from dataclasses import dataclass

ORIGINAL = "#a93a63"  # burgundy
RANDOMIZED = "#3a8fd0"  # blue
RELEARNED = "#b98812"  # gold
BASELINE = "#857d86"  # grey; always dashed or dotted
REVIEW_COLOUR = "#a8683a"  # brown
SPEAKS_FOR, SPEAKS_AGAINST = "#1b7f98", "#da5e0b"  # teal; orange, which is striped, so not told by colour alone
SERIES_COLOURS = ("#7e50d9", "#4f9c8b", "#427615", "#9682f9", "#775889", "#4ba70a")  # violets and greens
MEANINGS = {  # what each colour says, wherever it is
    "the original model": ORIGINAL,
    "a randomized model": RANDOMIZED,
    "a relearned or retrained model": RELEARNED,
    "a baseline": BASELINE,
    "reviews": REVIEW_COLOUR,
    "a word that speaks for a class": SPEAKS_FOR,
    "a word that speaks against a class": SPEAKS_AGAINST,
    **{f"layer set, scheme, method or class {index + 1}": colour for index, colour in enumerate(SERIES_COLOURS)},
}
HEAT = ("#f0ebe8", "#4a4045")  # from a trivial model to the original, in no colour that means something
LIGHT_TEXT_FROM = 0.7  # of the way along HEAT, text on it is white, else black
TEXT = "currentColor"  # that of the page in its theme, black in a file
PALE = 0.35  # opacity of what is too uncertain to stand out
PALE_TEXT = {"light": "#756d71", "dark": "#948a90"}  # of the same in tables, by the theme
CHART_HEIGHT = 300
MAP_HEIGHT = 460  # of maps of reviews, with their legend
NAMES_APART = 0.085  # of an axis, from one baseline's name to the next
FRACTION_TITLE = "fraction randomized"
CHANGE_TITLE = "‖ΔW‖₂ / ‖W‖₂"
NO_WIDTH = "\u2060"
INK, PAPER, PRINTED_GRID = "#000000", "#ffffff", "#dddddd"  # of files, whatever the theme
CHART_KINDS = ("png", "svg", "pdf", "html")  # of files


@dataclass(frozen=True)
class PrintedWidth:
    """Where a chart is printed.

    Attributes:
        width: In centimetres.
        text: Size of the text, in points.
        caption: Size of the caption by that of the text.
        height: The largest height in centimetres; 0 where there is none.
    """

    width: float
    text: float
    caption: float = 1.0
    height: float = 0.0


PRINTED_WIDTHS = {
    "one column": PrintedWidth(8.5, 7.5),
    "two columns": PrintedWidth(17.5, 8.0),
    "slide": PrintedWidth(33.867, 16.0, 0.8, 19.05),  # 13.33 by 7.5 inches
}
