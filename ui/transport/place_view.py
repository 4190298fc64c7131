"""The readout: what the playhead stands on, and where that is."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.fonts import cut_name, ui_font
from ui.theme import Theme, load
from ui.transport.readout import Place


class PlaceView(QWidget):
    """Two lines: what the playhead stands on, and where that is; both elided, whole as tooltip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = Place(0, 0, "", "")
        self._theme = load("dark")
        self._what = ui_font("body", QFont.Weight.DemiBold)
        self._where = ui_font("small")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(40, 34)

    def set_place(self, place: Place) -> None:
        self._place = place
        text = "\n".join(filter(None, (place.what, place.where)))
        self.setAccessibleName(text)
        self.setToolTip(text)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        lines = [(self._place.what, self._what, self._theme.text)]
        if self._place.where:
            lines.append((self._place.where, self._where, self._theme.text_dim))
        heights = [QFontMetrics(font).height() for _, font, _ in lines]
        y = (self.height() - sum(heights)) / 2
        for (text, font, colour), height in zip(lines, heights, strict=True):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            shown = cut_name(QFontMetricsF(font), text, self.width())
            painter.drawText(QRectF(0, y, self.width(), height), shown)
            y += height
        painter.end()
