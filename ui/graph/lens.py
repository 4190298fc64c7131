"""What the canvas can be coloured by, and the scale that turns numbers into few shades."""

from __future__ import annotations

import math
from enum import Enum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Shades = NDArray[np.uint8]


class Lens(Enum):
    """The views of a graph; the value is what a person reads."""

    OPERATION = "Operation"
    VALUE = "Value"
    GRADIENT = "Gradient"
    TIME = "Time"
    MEMORY = "Memory"
    DTYPE = "Type"


class Shade:
    """Codes of shades: OWN keeps a card's own colours, RAMP + 0..STEPS - 1 rise with the number,
    CLASS + i is the i-th of the CLASSES."""

    OWN, NONE, ZERO, FAULT, RAMP, STEPS = 0, 1, 2, 3, 4, 12
    CLASS = RAMP + STEPS


#: Element types that look alike: what they are called, and the first letters of those that are.
CLASSES = ("float32", "float64", "float16", "bfloat16", "complex", "integer", "bool")
#: A scale has at most so many decades: what is smaller is shown as the smallest.
DECADES = 12


def class_of(dtype: str) -> int:
    """Return which of the CLASSES an element type belongs to."""
    if dtype in CLASSES:
        return CLASSES.index(dtype)
    return CLASSES.index("complex" if dtype.startswith("complex") else "integer")


class Scale(NamedTuple):
    """A logarithmic scale from 10**low to 10**high; low is below high."""

    low: float
    high: float

    def shades(self, numbers: Floats) -> Shades:
        """Return the shade of each number (not negative); NONE for NaN, FAULT for infinite ones."""
        shades = np.full(len(numbers), Shade.NONE, np.uint8)
        shades[numbers == 0.0] = Shade.ZERO
        shades[np.isinf(numbers)] = Shade.FAULT
        some = np.isfinite(numbers) & (numbers > 0.0)
        place = (np.log10(numbers[some]) - self.low) / (self.high - self.low)
        step = np.clip((place * Shade.STEPS).astype(np.int64), 0, Shade.STEPS - 1)
        shades[some] = Shade.RAMP + step
        return shades

    def ticks(self, most: int = 5) -> list[tuple[float, float]]:
        """Return (place 0..1, number) of up to `most` whole decades, the ends among them."""
        decades = round(self.high - self.low)
        step = -(-decades // (most - 1))
        exponents = list(range(decades, -1, -step))
        if exponents[-1] > 0:  # the next to the smallest would stand too near
            exponents[-1 if exponents[-1] < step else len(exponents) :] = [0]
        return [(e / decades, 10.0 ** (self.low + e)) for e in reversed(exponents)]


def scale_of(numbers: Floats) -> Scale | None:
    """Return the scale of whole decades around all finite positive numbers; None without any."""
    some = numbers[np.isfinite(numbers) & (numbers > 0.0)]
    if not len(some):
        return None
    high = math.ceil(math.log10(float(some.max())) - 1e-9)
    low = math.floor(math.log10(float(some.min())) + 1e-9)
    return Scale(max(min(low, high - 1), high - DECADES), high)
