"""torch.xpu: there is none; what counts devices and memory says so, what needs one raises."""

from __future__ import annotations

from typing import Any


def is_available() -> bool:
    return False


def is_initialized() -> bool:
    return False


def device_count() -> int:
    return 0


def empty_cache() -> None:
    """Nothing to free."""


def manual_seed(seed: int) -> None:
    """Nothing to seed."""


manual_seed_all = manual_seed


def current_device() -> Any:
    raise AssertionError("Torch not compiled with XPU enabled")


def synchronize(device: Any = None) -> None:
    raise AssertionError("Torch not compiled with XPU enabled")
