"""Folded groups as cards: a stack, a chevron that says they open, and the backward wave in them."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from ui.graph.camera import Rect, View
from ui.graph.inks import CardInk, Inks, mix

CHEVRON = 16.0  # width that the chevron takes from the words
BAR = 9.0  # height that the bar of the wave takes from them
_UNDER, _STEP = 2, 3.0  # cards below the first one, and how far each looks out
_INSET, _THICK, _LIFT = (
    12.0,
    4.0,
    9.0,
)  # of the bar: from the sides, height, from below


def draw_stack(
    painter: QPainter, box: Rect, radius: float, ink: CardInk, view: View, melt: float
) -> Rect:
    """Draw the cards below the first one; return where that is."""
    top = box._replace(height=box.height - _UNDER * _STEP)
    unit = view.scale * view.ratio
    for k in range(_UNDER, 0, -1):
        inset, low = k * 5.0, k * _STEP
        area = QRectF(inset, low, box.width - 2 * inset, top.height)
        shade = mix(ink.border, ink.fill, 0.25 * k)
        if melt >= 1.0:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(_darker(ink.solid, 0.25 * k))
        else:
            painter.setPen(QPen(shade, max(round(unit), 1) / unit))
            painter.setBrush(_darker(ink.fill, 0.2 * k))
        painter.drawRoundedRect(area, radius, radius)
    return top


def draw_wave(
    painter: QPainter, inks: Inks, box: Rect, share: float, melt: float, shaded: bool = False
) -> None:
    """Draw chevron and bar on a folded group at the painter's origin; share: 0 to 1.

    shaded: its colour says something else, which the wave shall not hide from afar.
    """
    height = box.height - _UNDER * _STEP
    if melt >= 1.0:
        if share > 0.0 and not shaded:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(inks.wave)
            painter.drawRoundedRect(QRectF(0.0, 0.0, box.width * share, height), 6.0, 6.0)
        return
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(inks.text_dim, 1.6, c=Qt.PenCapStyle.RoundCap))
    x, y = box.width - 15.0, (height - BAR) / 2
    tip = [QPointF(x - 2.0, y - 4.0), QPointF(x + 2.0, y), QPointF(x - 2.0, y + 4.0)]
    painter.drawPolyline(tip)
    bar = QRectF(_INSET, height - _LIFT - _THICK / 2, box.width - 2 * _INSET, _THICK)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mix(inks.canvas, inks.text, 0.16))
    painter.drawRoundedRect(bar, _THICK / 2, _THICK / 2)
    if share > 0.0:
        bar.setWidth(max(bar.width() * share, _THICK))
        painter.setBrush(inks.accent)
        painter.drawRoundedRect(bar, _THICK / 2, _THICK / 2)


def _darker(colour: QColor, share: float) -> QColor:
    dark = QColor(colour)
    dark.setAlphaF(1.0 - share)
    return dark
