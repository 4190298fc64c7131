"""torch.cpu: the one device there is."""

from __future__ import annotations

from typing import Any

from engine import later


def is_available() -> bool:
    """Whether there is one: yes."""
    return True


def device_count() -> int:
    """How many there are."""
    return 1


def current_device() -> str:
    """Its name."""
    return "cpu"


def synchronize(device: Any = None) -> None:
    """Wait for what runs: nothing does."""


def __getattr__(name: str) -> Any:
    return later.load(__name__, {"amp": "engine.cpu.amp"}, name)
