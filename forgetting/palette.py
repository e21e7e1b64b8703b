"""One colour a meaning, in light and dark theme, told apart by colour-blind eyes by their lightness too."""

ORIGINAL = "#a5385f"  # burgundy
RANDOMIZED = "#4292d4"  # blue
RELEARNED = "#dca028"  # gold; retrained too
BASELINE = "#857d86"  # grey; always dashed or dotted
