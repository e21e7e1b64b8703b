"""The names of the layers of the app's Transformer, in order."""

PARTS = ("attention_norm", *(f"attention.{name}" for name in ("query", "key", "value", "output")))
PARTS += ("feedforward_norm", "feedforward.up", "feedforward.down")
LAYERS = ("words", "positions", *(f"blocks.{block}.{part}" for block in (0, 1) for part in PARTS), "norm", "head")
