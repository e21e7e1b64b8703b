"""One colour a meaning, in light and dark theme, told apart by colour-blind eyes by their lightness too."""

ORIGINAL = "#a5385f"  # burgundy
RANDOMIZED = "#4292d4"  # blue
RELEARNED = "#dca028"  # gold; retrained too
SERIES = (RANDOMIZED, "#8a63c4", "#1f9e89", "#d15b9d", "#a07f45", "#5f7f95")  # layer sets or schemes side by side
BASELINE = "#857d86"  # grey; always dashed or dotted
