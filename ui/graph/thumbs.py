"""The small picture at the right of a card: heat map, bars or number, with a pill of health."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPaintEngine, QPainter, QPen

from ui.graph.camera import View
from ui.graph.inks import CardInk, faded, mix
from ui.graph.previews import Form, Health, Preview
from ui.graph.words import READABLE_DETAIL, detail_font
from ui.plots.colours import LEVELS, diverging
from ui.theme import Theme

#: Room that a card keeps for it, its side, and the scale from which it is drawn.
SLOT, SIDE = 38.0, 30.0
THUMBS_FROM = 0.5
_PILL, _PILL_TEXT = 12.0, 9  # height, font size
_FINE = 8  # a vector picture has so many pixels per cell, since viewers blur them
_WORDS = {Health.NAN: "NaN", Health.INF: "Inf", Health.ZERO: "0"}
_VECTOR = (QPaintEngine.Type.SVG, QPaintEngine.Type.Pdf)


class Thumbs:
    """Draws previews in the colours of one theme; keeps heat maps that it made."""

    def __init__(self, theme: Theme) -> None:
        self._theme = theme
        self._maps: dict[Preview, QImage] = {}
        self._positive, self._negative = QColor(theme.accent), QColor(theme.families["matmul"])

    def draw(
        self, painter: QPainter, preview: Preview | None, area: QRectF, ink: CardInk, view: View
    ) -> None:
        """Draw into `area` (scene units); without a preview, the place where one will be."""
        area = _on_pixels(area, view)
        if preview is None:
            painter.setPen(QPen(faded(ink.border, 0.6), 1.0 / view.scale, Qt.PenStyle.DotLine))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(area.adjusted(3.0, 3.0, -3.0, -3.0), 4.0, 4.0)
            return
        if preview.form == Form.NUMBER:
            self._number(painter, preview, area, ink, view)
        elif preview.form == Form.CELLS:
            self._cells(painter, preview, area)
        else:
            self._bars(painter, preview, area, ink)
        if preview.health != Health.FINE and preview.form != Form.NUMBER:
            self._pill(painter, preview.health, area, view)

    def colour_of(self, health: Health) -> QColor:
        """Return what marks an array that is not healthy."""
        return QColor(self._theme.text_dim if health == Health.ZERO else self._theme.error)

    def _number(
        self, painter: QPainter, preview: Preview, area: QRectF, ink: CardInk, view: View
    ) -> None:
        """Write the number as large as it fits, if it can be read then."""
        bad = preview.health in (Health.NAN, Health.INF)
        colour = self.colour_of(preview.health) if bad else ink.title
        area = area.adjusted(area.width() - SLOT, 0.0, 2.0, 0.0)
        size = min(11, int(area.width() / (0.61 * max(len(preview.short), 1))))
        if not preview.short:
            if preview.health != Health.FINE:
                self._pill(painter, preview.health, area, view)
        elif size * view.scale >= READABLE_DETAIL * 0.82:
            painter.setFont(detail_font(size))
            painter.setPen(colour)
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter, preview.short.replace("-", "−"))

    def _cells(self, painter: QPainter, preview: Preview, area: QRectF) -> None:
        image = self._maps.get(preview)
        if image is None:
            if len(self._maps) > 2048:
                self._maps.clear()
            image = self._maps[preview] = self._image(preview)
        if painter.paintEngine().type() in _VECTOR:
            image = image.scaled(image.width() * _FINE, image.height() * _FINE)
        painter.drawImage(area, image)

    def _image(self, preview: Preview) -> QImage:
        theme, marks = self._theme, preview.marks
        half = (LEVELS - 1) // 2
        zero = mix(QColor(theme.card), QColor(theme.text), 0.1).name()
        table = diverging(theme.families["matmul"], zero, theme.accent)
        finite = np.isfinite(marks)
        colours = table[np.round(np.where(finite, marks, 0.0) * half).astype(np.intp) + half]
        colours[~finite] = QColor(theme.error).rgba()
        rows, columns = colours.shape
        buffer = np.ascontiguousarray(colours, np.uint32)
        return QImage(
            buffer.data, columns, rows, columns * 4, QImage.Format.Format_ARGB32
        ).copy()  # owns its pixels

    def _bars(self, painter: QPainter, preview: Preview, area: QRectF, ink: CardInk) -> None:
        """Draw a vector's elements up and down from zero, or how they are distributed."""
        marks = preview.marks
        counts = preview.form == Form.HISTOGRAM
        finite = marks[np.isfinite(marks)]
        low, high = min(finite.min(initial=0.0), 0.0), max(finite.max(initial=0.0), 0.0)
        span = (high - low) or 1.0
        inner = area.adjusted(0.0, 1.0, 0.0, -1.0)
        zero = inner.bottom() + inner.height() * low / span
        width = inner.width() / len(marks)
        gap = min(1.0, 0.2 * width)
        painter.setPen(Qt.PenStyle.NoPen)
        for place, mark in enumerate(marks.tolist()):
            left = inner.left() + place * width + gap / 2
            if not np.isfinite(mark):
                painter.setBrush(QColor(self._theme.error))
                painter.drawRect(QRectF(left, inner.top(), width - gap, inner.height()))
                continue
            colour = ink.detail if counts else self._positive if mark >= 0 else self._negative
            painter.setBrush(colour)
            height = inner.height() * mark / span
            painter.drawRect(QRectF(left, zero, width - gap, -height).normalized())
        painter.setBrush(faded(ink.detail, 0.55))
        painter.drawRect(QRectF(inner.left(), zero - 0.35, inner.width(), 0.7))

    def _pill(self, painter: QPainter, health: Health, area: QRectF, view: View) -> None:
        """Draw the pill over the lower edge; from afar it has no word, but its colour."""
        colour = self.colour_of(health)
        place = QRectF(area.left(), area.bottom() - _PILL, area.width(), _PILL)
        painter.setPen(QPen(QColor(self._theme.card), 1.0))
        painter.setBrush(colour)
        painter.drawRoundedRect(place, _PILL / 2, _PILL / 2)
        if _PILL_TEXT * view.scale >= READABLE_DETAIL * 0.82:
            font = detail_font(_PILL_TEXT)
            font.setBold(True)
            painter.setFont(font)
            painter.setPen(QColor(self._theme.canvas))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, _WORDS[health])


def _on_pixels(area: QRectF, view: View) -> QRectF:
    """Return `area` on whole device pixels; the card that it is in begins on one."""
    unit = view.scale * view.ratio
    corners = [round(x * unit) / unit for x in area.getCoords()]  # type: ignore[attr-defined]
    return QRectF(corners[0], corners[1], corners[2] - corners[0], corners[3] - corners[1])
