"""Draws the rows of the command palette: state, text and menu at the left, keys at the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from ui.commands.entry import Entry
from ui.fonts import mono_font, ui_font
from ui.icons import pixmap
from ui.theme import RADIUS, SPACE, Theme

Index = QModelIndex | QPersistentModelIndex
ENTRY = Qt.ItemDataRole.UserRole
MARK = 20  # width of the place for a check mark, points
_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft


class Rows(QStyledItemDelegate):
    """Paints Entry rows in a theme."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """Return the height of a row; its width is the view's."""
        return QSize(200, QFontMetrics(ui_font()).height() + 2 * SPACE["m"])

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """Draw one row."""
        entry: Entry = index.data(ENTRY)
        theme, box = self.theme, QRect(option.rect)
        state: QStyle.StateFlag = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.hover))
            painter.drawRoundedRect(box.adjusted(SPACE["s"], 0, -SPACE["s"], 0), RADIUS, RADIUS)
        inner = box.adjusted(SPACE["l"], 0, -SPACE["l"], 0)
        if entry.checked:
            painter.drawPixmap(
                inner.left(), inner.center().y() - 7,
                pixmap("check", theme.accent, 14, painter.device().devicePixelRatioF()),
            )  # fmt: skip
        ink = theme.text if entry.enabled else theme.text_faint
        keys = _width(mono_font("small"), entry.keys) if entry.keys else 0
        words = inner.adjusted(MARK, 0, -keys - SPACE["l"], 0)
        used = _draw(painter, words, entry.text, ui_font(), ink)
        rest = words.adjusted(used + SPACE["m"], 0, 0, 0)
        _draw(painter, rest, entry.where, ui_font("small"), theme.text_faint)
        right = inner.adjusted(inner.width() - keys, 0, 0, 0)
        _draw(painter, right, entry.keys, mono_font("small"), theme.text_dim)
        painter.restore()


def _width(font: QFont, text: str) -> int:
    return QFontMetrics(font).horizontalAdvance(text) + 1


def _draw(painter: QPainter, box: QRect, text: str, font: QFont, colour: str) -> int:
    """Draw one line, its end left out where there is no room, and return its width."""
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, max(box.width(), 0))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(box, _LEFT, shown)
    return _width(font, shown)
