"""torch.backends.mps: there is none."""

from __future__ import annotations


def is_available() -> bool:
    return False


is_built = is_available
