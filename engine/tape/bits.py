"""How the element types of a tape are held in NumPy arrays, bfloat16 included."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import DTYPES
from engine.tape.uniform import element, is_uniform

BFLOAT16 = DTYPES.index("bfloat16")
FLOAT32 = DTYPES.index("float32")
CODES: dict[str, int] = {name: code for code, name in enumerate(DTYPES)}

#: The NumPy type of each code as stored, little-endian; bfloat16 is two bytes of float32. Made from
#: text, they are NumPy's own objects where the machine is little-endian: the engine compares by `is`.
STORED: tuple[np.dtype[np.generic], ...] = tuple(
    np.dtype(np.dtype("uint16" if name == "bfloat16" else name).newbyteorder("<").str)
    for name in DTYPES
)


def widen(halves: NDArray[np.uint16]) -> NDArray[np.float32]:
    """Return bfloat16 values, given as their upper halves, as float32."""
    return (halves.astype(np.uint32) << 16).view(np.float32)


def narrow(values: NDArray[np.float32]) -> NDArray[np.uint16]:
    """Return the upper halves of float32 values, rounded to nearest even; NaN stays NaN."""
    bits = np.ascontiguousarray(values, np.float32).view(np.uint32)
    rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(values), np.uint32(0x7FC0), rounded).astype(np.uint16)


def add(left: NDArray[np.generic], right: NDArray[np.generic], code: int) -> NDArray[np.generic]:
    """Return left + right as the engine accumulates it in the element type `code`."""
    if is_uniform(left) and is_uniform(right):
        return np.broadcast_to(add(element(left), element(right), code), left.shape)
    with np.errstate(all="ignore"):
        total = np.add(left, right)
    if code == BFLOAT16:
        total = widen(narrow(total))
    return np.asarray(total)


def same(left: NDArray[Any], right: NDArray[Any]) -> bool:
    """Return whether two arrays are equal bit for bit, NaN and signed zeros included."""
    if left.shape != right.shape or left.dtype != right.dtype:
        return False
    if left.size <= 256 or left.dtype.itemsize not in (1, 2, 4, 8):
        return bool(left.tobytes() == right.tobytes())
    kind = f"u{left.dtype.itemsize}"
    wide, other = np.ascontiguousarray(left).view(kind), np.ascontiguousarray(right).view(kind)
    return bool(np.array_equal(wide, other))
