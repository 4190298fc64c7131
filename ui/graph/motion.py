"""Animations that end: a value runs from 0 to 1, eased, and no timer lives before or after."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QAbstractAnimation, QEasingCurve, QObject, QVariantAnimation

GLIDE = 220  # milliseconds of a move that the eye should follow


class Tween(QVariantAnimation):
    """Calls `moved(t)` with t from 0 to 1; the last call is always moved(1.0)."""

    def __init__(
        self, parent: QObject, moved: Callable[[float], None],
        easing: QEasingCurve.Type = QEasingCurve.Type.OutCubic,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._moved = moved
        self.setStartValue(0.0)
        self.setEndValue(1.0)
        self.setEasingCurve(easing)
        self.valueChanged.connect(self._step)

    def run(self, milliseconds: int) -> None:
        """Begin anew; without a duration the end is reached at once."""
        self.stop()
        if milliseconds <= 0:
            self._moved(1.0)
            return
        self.setDuration(milliseconds)
        self.start()

    def finish(self) -> None:
        """Jump to the end if running."""
        if self.running:
            self.stop()
            self._moved(1.0)

    @property
    def running(self) -> bool:
        return self.state() == QAbstractAnimation.State.Running

    def _step(self, value: float) -> None:
        if self.running:
            self._moved(float(value))
