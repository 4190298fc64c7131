"""The head of the inspector: the node's name under the colour of its family."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from ui.fonts import cut_name, ui_font
from ui.theme import Theme


class Header(QWidget):
    """Title and subtitle, elided; a stripe in the colour of the node's family on the left."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._title, self._subtitle, self._stripe = "", "", "other"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_words(self, title: str, subtitle: str, stripe: str) -> None:
        """Show a node; `stripe` is an operation's family, or "grad", "leaf", "input"."""
        self._title, self._subtitle, self._stripe = title, subtitle, stripe
        self.setAccessibleName(f"{title}, {subtitle}")
        self.setToolTip(f"{title}\n{subtitle}")
        self.update()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, 52)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, 52)

    def paintEvent(self, event: QPaintEvent) -> None:
        theme = self._theme
        grounds = {
            "grad": (theme.grad_fill, theme.grad_stripe, theme.grad_title),
            "leaf": (theme.leaf_fill, theme.leaf_border, theme.card_title),
            "input": (theme.input_fill, theme.input_border, theme.card_title),
        }
        family = theme.families.get(self._stripe, theme.families["other"])
        ground, stripe, ink = grounds.get(self._stripe, (theme.card, family, theme.card_title))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(stripe))
        painter.drawRoundedRect(box, 7, 7)
        painter.setClipRect(box.adjusted(4, 0, 0, 0))
        painter.setPen(QColor(theme.card_border))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(box, 7, 7)
        self._paint_words(painter, box.adjusted(15, 6, -12, -6), ink)
        painter.end()

    def _paint_words(self, painter: QPainter, inside: QRectF, ink: str) -> None:
        lines = (
            (self._title, ui_font("heading", QFont.Weight.DemiBold), ink),
            (self._subtitle, ui_font("body"), self._theme.card_detail),
        )
        top = inside.y()
        for (text, font, colour), part in zip(lines, (0.55, 0.45), strict=True):
            painter.setFont(font)
            painter.setPen(QColor(colour))
            line = QRectF(inside.x(), top, inside.width(), inside.height() * part)
            shown = cut_name(QFontMetricsF(font), text, inside.width())
            painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)
            top += line.height()
