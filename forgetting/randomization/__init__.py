"""Randomizing any torch module: its layers, their units, the schemes, and the path from original to randomized."""
