"""torch.mps: there is none; what counts devices says so, what needs one raises."""

from __future__ import annotations


def is_available() -> bool:
    return False


def device_count() -> int:
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


def empty_cache() -> None:
    raise RuntimeError("Cannot execute emptyCache() without MPS backend.")


def synchronize() -> None:
    raise RuntimeError("Cannot execute deviceSynchronize() without MPS backend.")
