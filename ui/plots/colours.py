"""Colour arithmetic for what is painted by hand: mixing, and the diverging map of heat maps."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor

#: Entries of a colour map; odd, so that zero has an entry of its own.
LEVELS = 511


def mix(first: str, second: str, amount: float) -> QColor:
    """Return the colour `amount` (0 to 1) of the way from `first` to `second`."""
    a, b = QColor(first), QColor(second)
    return QColor.fromRgbF(
        a.redF() + (b.redF() - a.redF()) * amount,
        a.greenF() + (b.greenF() - a.greenF()) * amount,
        a.blueF() + (b.blueF() - a.blueF()) * amount,
        a.alphaF() + (b.alphaF() - a.alphaF()) * amount,
    )


def faded(colour: str, opacity: float) -> QColor:
    """Return `colour` with its opacity multiplied by `opacity` (0 to 1)."""
    result = QColor(colour)
    result.setAlphaF(result.alphaF() * opacity)
    return result


@lru_cache(maxsize=8)
def diverging(negative: str, zero: str, positive: str) -> NDArray[np.uint32]:
    """Return LEVELS colours as 0xffrrggbb, from `negative` over `zero` to `positive`."""
    stops = np.array([_rgb(negative), _rgb(zero), _rgb(positive)])
    at = np.linspace(-1.0, 1.0, LEVELS)
    # Most elements of a tensor are small: the power lets them stand out from zero.
    weight = np.abs(at) ** 0.7
    ends = np.where(at[:, None] < 0, stops[0], stops[2])
    mixed = stops[1] + (ends - stops[1]) * weight[:, None]
    rgb = np.round(np.clip(mixed, 0, 1) * 255).astype(np.uint32)
    colours: NDArray[np.uint32] = (rgb[:, 0] << 16) | (rgb[:, 1] << 8) | rgb[:, 2]
    return colours | np.uint32(0xFF000000)


def _rgb(colour: str) -> NDArray[np.float64]:
    c = QColor(colour)
    return np.array([c.redF(), c.greenF(), c.blueF()])
