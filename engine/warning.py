"""Warnings that point at the person's line, however deep in the package they arise."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

_ENGINE = str(Path(__file__).parent)
#: Whether what is said once in a process is said every time (`torch.set_warn_always`).
always = [False]
_said: set[str] = set()


def once(text: str, what: str = "") -> None:
    """Warn for the first time in a process only; of all that is said of `what` the first."""
    if always[0] or (what or text) not in _said:
        _said.add(what or text)
        warn(text)


def warn(text: str, category: type[Warning] = UserWarning) -> None:
    """Warn of what the nearest line outside of the package does."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_ENGINE):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def succeeded(name: str, by: str, *how: str) -> None:
    """Say once that a function has a successor, and how to call that."""
    text = (
        f"torch.{name} is deprecated in favor of {by} will be removed in a future PyTorch release."
    )
    once(text + "\n" + "\n".join(how))
