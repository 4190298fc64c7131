"""Sizes of dialogs on small screens and at large zooms."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

_FRAME = QSize(16, 48)  # what a window manager puts around a window, about


def fit(window: QWidget, size: QSize) -> None:
    """Give a window a size, or as much of it as its screen has room for."""
    window.resize(size.boundedTo(room(window)))


def room(window: QWidget) -> QSize:
    """Return the largest size at which all of a window is on its screen."""
    return window.screen().availableSize() - _FRAME
