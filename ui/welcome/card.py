"""A card of the gallery: a picture, a title and a sentence; pressed as a button is."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPainterPath, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QAbstractButton, QWidget

from ui.fonts import ui_font
from ui.theme import RADIUS, SPACE, Theme, load

WIDTH, PICTURE = 264, 150  # points
_WRAP = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop
_LINES = 3  # of the sentence


class Card(QAbstractButton):
    """Paints itself; Enter and Space press it too."""

    chosen = Signal()

    def __init__(self, title: str, summary: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(title)
        self._summary = summary
        self._picture = QPixmap()
        self._theme = load("dark")
        self.setAccessibleName(title)
        self.setAccessibleDescription(summary)
        self.setToolTip(summary)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setFixedSize(self.sizeHint())
        self.clicked.connect(self.chosen)

    def set_picture(self, picture: QPixmap, theme: Theme) -> None:
        """Show another picture, in another theme."""
        self._picture, self._theme = picture, theme
        self.update()

    def sizeHint(self) -> QSize:
        """Return the size of every card."""
        title, small = (QFontMetrics(ui_font(size)) for size in ("title", "small"))
        words = title.height() + SPACE["xs"] + _LINES * small.lineSpacing()
        return QSize(WIDTH, PICTURE + words + 2 * SPACE["l"])

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw picture, title and sentence in a frame."""
        theme, box = self._theme, QRectF(self.rect()).adjusted(1, 1, -1, -1)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        frame = QPainterPath()
        frame.addRoundedRect(box, RADIUS + 2, RADIUS + 2)
        painter.fillPath(frame, QColor(theme.hover if self.underMouse() else theme.panel))
        painter.setClipPath(frame)
        top = QRectF(box.left(), box.top(), box.width(), PICTURE)
        painter.fillRect(top, QColor(theme.canvas))
        if not self._picture.isNull():
            painter.drawPixmap(top, self._picture, QRectF(self._picture.rect()))
        painter.setClipping(False)
        inner = box.adjusted(SPACE["l"], PICTURE + SPACE["m"], -SPACE["l"], -SPACE["m"])
        font = ui_font("title")
        painter.setFont(font)
        painter.setPen(QColor(theme.text))
        metrics = QFontMetrics(font)
        painter.drawText(inner, _WRAP, metrics.elidedText(
            self.text(), Qt.TextElideMode.ElideRight, int(inner.width())
        ))  # fmt: skip
        painter.setFont(ui_font("small"))
        painter.setPen(QColor(theme.text_dim))
        painter.drawText(inner.adjusted(0, metrics.height() + SPACE["xs"], 0, 0), _WRAP, _fitted(
            self._summary, int(inner.width())
        ))  # fmt: skip
        focus = self.hasFocus()
        painter.setPen(QPen(QColor(theme.focus if focus else theme.border), 2 if focus else 1))
        painter.drawPath(frame)
        painter.end()


def _fitted(text: str, width: int) -> str:
    """Return as many words as _LINES lines hold, an ellipsis after the last if some are left."""
    metrics, words = QFontMetrics(ui_font("small")), text.split()
    most = _LINES * metrics.lineSpacing()
    for count in range(len(words), 0, -1):
        shown = " ".join(words[:count]) + ("" if count == len(words) else " …")
        if metrics.boundingRect(0, 0, width, 10_000, int(_WRAP), shown).height() <= most:
            return shown
    return ""
