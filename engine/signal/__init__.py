"""torch.signal: windows."""

from __future__ import annotations

from typing import Any

from engine import later


def __getattr__(name: str) -> Any:
    return later.load(__name__, {"windows": "engine.signal.windows"}, name)
