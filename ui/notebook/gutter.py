"""The strip of line numbers and marks beside a code editor."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from ui.fonts import mono_font
from ui.theme import Theme

MARK = 3  # width of a mark, px


class Numbered(Protocol):
    """What the strip needs to know of its editor."""

    def visible_lines(self) -> list[tuple[int, float, float]]:
        """Return (1-based number, top, height) of the lines on screen."""


class Gutter(QWidget):
    """Line numbers; lit lines carry an accent mark, the failing line a red one."""

    def __init__(self, parent: QWidget, editor: Numbered, theme: Theme) -> None:
        super().__init__(parent)
        self._editor = editor
        self._theme = theme
        self._lit: frozenset[int] = frozenset()
        self._error = 0
        self._current = 0
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.update()

    def set_marks(self, lit: frozenset[int], error: int, current: int) -> None:
        """Set the 1-based lit lines, failing line and current line; 0 is none."""
        self._lit, self._error, self._current = lit, error, current
        self.update()

    def sizeHint(self) -> QSize:
        """Return the strip's width at its present height."""
        return QSize(self.width(), self.height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw numbers and marks of the visible lines."""
        painter = QPainter(self)
        painter.setFont(mono_font("small"))
        for number, top, height in self._editor.visible_lines():
            mark = self._mark(number)
            if mark is not None:
                painter.fillRect(QRectF(0, top, MARK, height), QColor(mark))
            bright = number == self._current or mark is not None
            painter.setPen(QColor(self._theme.text_dim if bright else self._theme.text_faint))
            box = QRectF(0, top, self.width() - 10, height)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, align, str(number))

    def _mark(self, number: int) -> str | None:
        if number == self._error:
            return self._theme.error
        return self._theme.accent if number in self._lit else None
