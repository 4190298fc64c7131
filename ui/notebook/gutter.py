"""The strip of line numbers and marks beside a code editor."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ui.fonts import mono_font
from ui.theme import Theme

MARK = 3  # width of a mark, px
DOT = 3.5  # radius of a breakpoint's dot, px


class Gutter(QWidget):
    """Line numbers; lit lines carry an accent mark, the failing line a red one, breakpoints a dot.

    Lines do not wrap and the editor never scrolls down, so line n is at (n - 1) row heights.
    """

    def __init__(self, editor: QPlainTextEdit, theme: Theme, row: Callable[[], float]) -> None:
        super().__init__(editor)
        self._editor, self._theme, self._row = editor, theme, row
        self._lit: frozenset[int] = frozenset()
        self._stops: frozenset[int] = frozenset()
        self._error = self._current = 0
        self.numbered = True  # False: only the marks are shown
        self.setCursor(Qt.CursorShape.ArrowCursor)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.update()

    def set_marks(
        self, lit: frozenset[int], error: int, current: int, stops: frozenset[int]
    ) -> None:
        """Set the 1-based lit lines, failing line, current line (0 is none) and breakpoints."""
        now = lit, error, current, stops
        if now != (self._lit, self._error, self._current, self._stops):
            self._lit, self._error, self._current, self._stops = now
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw numbers and marks of the exposed lines."""
        painter = QPainter(self)
        painter.setFont(mono_font("small"))
        height = self._row()
        first = max(1, int(event.rect().top() / height) + 1)
        last = min(int(event.rect().bottom() / height) + 1, self._editor.blockCount())
        align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for number in range(first, last + 1):
            top, mark = (number - 1) * height, self._mark(number)
            if mark is not None:
                painter.fillRect(QRectF(0, top, MARK, height), QColor(mark))
            if number in self._stops:
                self._dot(painter, top, height)
            if not self.numbered:
                continue
            bright = number == self._current or mark is not None
            painter.setPen(QColor(self._theme.text_dim if bright else self._theme.text_faint))
            painter.drawText(QRectF(0, top, self.width() - 10, height), align, str(number))

    def _dot(self, painter: QPainter, top: float, height: float) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.error))
        painter.drawEllipse(QPointF(MARK + DOT, top + height / 2), DOT, DOT)

    def _mark(self, number: int) -> str | None:
        if number == self._error:
            return self._theme.error
        return self._theme.accent if number in self._lit else None
