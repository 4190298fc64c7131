"""The legend of the shades: a ramp with its numbers, or a colour per class, side by side."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.graph.inks import Inks
from ui.graph.lens import Shade
from ui.graph.paint import flow_width
from ui.graph.shading import Legend
from ui.graph.words import detail_font, title_font
from ui.theme import Theme

HEIGHT = 62.0  # pixels
_WIDTH, _GAP, _PAD = 300.0, 32.0, 12.0
_TOP, _ROW, _BAR, _SWATCH = 7.0, 18.0, 12.0, 10.0
_SMALL, _LARGE = 11, 12  # font sizes


def paint_legends(painter: QPainter, inks: Inks, area: QRectF, legends: Sequence[Legend]) -> None:
    """Paint the legends side by side on a strip, HEIGHT high."""
    painter.fillRect(area, QColor(inks.theme.panel))
    painter.fillRect(QRectF(area.left(), area.top(), area.width(), 1.0), QColor(inks.theme.border))
    room = area.width() - 2 * _PAD + _GAP
    width = min(room / max(len(legends), 1) - _GAP, _WIDTH)
    for place, legend in enumerate(legends):
        left = area.left() + _PAD + place * (width + _GAP)
        _paint(painter, inks, QRectF(left, area.top() + _TOP, width, HEIGHT - _TOP), legend)


def _paint(painter: QPainter, inks: Inks, area: QRectF, legend: Legend) -> None:
    painter.setFont(title_font(_LARGE))
    painter.setPen(inks.text)
    line = QRectF(area.left(), area.top(), area.width(), _ROW)
    painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, legend.title)
    painter.setFont(detail_font(_SMALL))
    width = sum(_entry_width(text) for _, text in legend.entries)
    if legend.ticks:
        _entries(painter, inks, line.right() + 14.0 - width, line.top(), legend)
        bar = QRectF(area.left(), line.bottom() + 1.0, area.width(), _BAR)
        _ramp(painter, inks, bar, legend)
        _numbers(painter, inks, bar, legend)
    else:
        _entries(painter, inks, area.left(), line.bottom() + 5.0, legend)


def _entry_width(text: str) -> float:
    return _SWATCH + 20.0 + QFontMetricsF(detail_font(_SMALL)).horizontalAdvance(text)


def _entries(painter: QPainter, inks: Inks, left: float, top: float, legend: Legend) -> None:
    for shade, text in legend.entries:
        swatch = QRectF(left, top + (_ROW - _SWATCH) / 2, _SWATCH, _SWATCH)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(inks.shade(shade))
        painter.drawRoundedRect(swatch, 2.5, 2.5)
        painter.setPen(inks.text_dim)
        words = QRectF(swatch.right() + 6.0, top, _WIDTH, _ROW)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)
        left += _entry_width(text)


def _ramp(painter: QPainter, inks: Inks, area: QRectF, legend: Legend) -> None:
    """Draw the steps of the ramp; where edges grow with it, as a wedge."""
    painter.setPen(Qt.PenStyle.NoPen)
    step = area.width() / Shade.STEPS
    for number in range(Shade.STEPS):
        shade = Shade.RAMP + number
        x = area.left() + number * step
        share = flow_width(shade) / flow_width(Shade.FAULT) if legend.flow else 1.0
        top = area.bottom() - area.height() * share
        painter.setBrush(inks.shade(shade))
        corners = [QPointF(x, top), QPointF(x + step, top), QPointF(x + step, area.bottom())]
        painter.drawConvexPolygon(QPolygonF([*corners, QPointF(x, area.bottom())]))


def _numbers(painter: QPainter, inks: Inks, bar: QRectF, legend: Legend) -> None:
    """Write the numbers below their places, those at the ends inside."""
    metrics = QFontMetricsF(detail_font(_SMALL))
    painter.setPen(inks.text_dim)
    for place, text in legend.ticks:
        width = metrics.horizontalAdvance(text)
        x = bar.left() + place * bar.width() - width / 2
        x = min(max(x, bar.left()), bar.right() - width)
        words = QRectF(x, bar.bottom() + 1.0, width + 2.0, _ROW - 2.0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter, text)


class LegendView(QWidget):
    """A strip below the canvas, there while there is something to explain."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._inks = Inks(theme)
        self._legends: list[Legend] = []
        self.setFixedHeight(round(HEIGHT))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Legend")
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._inks = Inks(theme)
        self.update()

    def set_legends(self, legends: Sequence[Legend]) -> None:
        """Show these; none hides it."""
        self._legends = list(legends)
        self.setAccessibleDescription("; ".join(map(in_words, legends)))
        self.setVisible(bool(legends))
        self.update()

    def legends(self) -> list[Legend]:
        return self._legends

    def sizeHint(self) -> QSize:
        return QSize(round(_WIDTH), round(HEIGHT))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_legends(painter, self._inks, QRectF(self.rect()), self._legends)
        painter.end()


def in_words(legend: Legend) -> str:
    """Return what a legend says to those who cannot see it."""
    parts = [text for _, text in legend.entries]
    if legend.ticks:
        parts.insert(0, f"{legend.ticks[0][1]} to {legend.ticks[-1][1]}")
    return f"{legend.title}: {', '.join(parts)}" if parts else legend.title
