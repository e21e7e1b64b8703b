"""What charts share: one colour a meaning, heights and margins, in Plotly and in Vega.

The colours hold in light and dark theme, and colour-blind eyes tell them apart by their lightness.
"""

ORIGINAL = "#a5385f"  # burgundy
RANDOMIZED = "#4292d4"  # blue
RELEARNED = "#dca028"  # gold; retrained too
BASELINE = "#857d86"  # grey; always dashed or dotted
SERIES_COLOURS = (RANDOMIZED, "#8a63c4", "#1f9e89", "#d15b9d", "#a07f45", "#5f7f95")  # layer sets, schemes or methods
CHART_HEIGHT = 300
LABEL_MARGIN = {"left": 5, "top": 5, "bottom": 5, "right": 70}  # room for the names of the baselines
FRACTION_TITLE = "fraction randomized"
CHANGE_TITLE = "‖ΔW‖₂ / ‖W‖₂"
NO_WIDTH = "\u2060"
