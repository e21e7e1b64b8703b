"""One colour a meaning, in light and dark theme, told apart by colour-blind eyes by their lightness too."""

ORIGINAL = "#a5385f"  # burgundy
RANDOMIZED = "#4292d4"  # blue
RELEARNED = "#dca028"  # gold; retrained too
SERIES = (RANDOMIZED, "#5b3f8c", "#1f9e89", "#c65d9b", "#8a6d3b", "#2f4858")  # layer sets or schemes side by side
BASELINE = "#857d86"  # grey; always dashed or dotted
