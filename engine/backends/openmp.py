"""torch.backends.openmp: the engine computes with NumPy."""

from __future__ import annotations


def is_available() -> bool:
    return False
