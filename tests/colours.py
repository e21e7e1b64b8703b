"""What the tests of colours compute: contrast as the WCAG define it, and how far apart two colours look."""

import re

import numpy as np

WHITE, BLACK = (255.0, 255.0, 255.0), (0.0, 0.0, 0.0)
# What is left of linear RGB to eyes without one kind of cones: Machado, Oliveira & Fernandes 2009, severity 1.
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
}
# Ottosson's Oklab: linear RGB → cones → lightness and two axes of colour.
CONES = [[0.41222147, 0.53633254, 0.05144599], [0.2119035, 0.6806995, 0.10739696], [0.08830246, 0.28171884, 0.62997870]]
LAB = [
    [0.21045426, 0.79361778, -0.00407205],
    [1.9779985, -2.42859221, 0.45059371],
    [0.02590404, 0.78277177, -0.80867577],
]

Colour = str | tuple[float, ...]


def channels(colour: Colour) -> tuple[float, ...]:
    """Red, green and blue in [0, 255] of a CSS colour such as #9c2f52 or rgb(1, 2, 3)."""
    if not isinstance(colour, str):
        return colour
    if colour.startswith("#"):
        return tuple(int(colour[start : start + 2], 16) for start in (1, 3, 5))
    scale = 255 if colour.startswith("color(srgb") else 1
    return tuple(scale * float(part) for part in re.findall(r"[\d.]+", colour)[:3])


def linear(colour: Colour) -> np.ndarray:
    values = np.array(channels(colour)) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(colour: Colour) -> float:
    return float(linear(colour) @ [0.2126, 0.7152, 0.0722])


def contrast(first: Colour, second: Colour) -> float:
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mix(upper: Colour, lower: Colour, share: float) -> tuple[float, ...]:
    """A colour of which `share` covers another."""
    return tuple(share * a + (1 - share) * b for a, b in zip(channels(upper), channels(lower), strict=True))


def apart(first: Colour, second: Colour, sight: str = "normal") -> float:
    """Distance in Oklab, where black and white are 1 apart, to eyes of a kind."""
    places = [
        np.array(LAB) @ np.cbrt(np.array(CONES) @ np.clip(np.array(SIGHT[sight]) @ linear(colour), 0, 1))
        for colour in (first, second)
    ]
    return float(np.linalg.norm(places[0] - places[1]))
