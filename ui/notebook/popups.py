"""What floats beside the cursor: the list of completions, and a card with words about a name."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from ui.fonts import mono_font, ui_font
from ui.notebook.ansi import Screen
from ui.notebook.textview import TextView
from ui.theme import SPACE, Theme

ROWS = 10  # completions shown at once; more scroll
LINES = 14  # lines of a card shown at once
_ROW = 22  # height of a completion, px
Index = QModelIndex | QPersistentModelIndex
_WIDEST, _NARROWEST = 560, 200  # px


class Completion(NamedTuple):
    """One way to go on; `kind` says what it is: "function", "module", …, or is ""."""

    text: str
    kind: str = ""


class _Row(QStyledItemDelegate):
    """Paints a completion: its text, and its kind at the right."""

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.theme = theme

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        data = index.data
        box, state = option.rect, option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, QColor(self.theme.selection))
        inner = box.adjusted(SPACE["m"], 0, -SPACE["m"], 0)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(ui_font("small"))
        painter.setPen(QColor(self.theme.text_dim))
        kind = data(Qt.ItemDataRole.UserRole)
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignRight, kind)
        room = painter.fontMetrics().horizontalAdvance(kind) + SPACE["l"] if kind else 0
        painter.setFont(mono_font())
        painter.setPen(QColor(self.theme.text))
        text = painter.fontMetrics().elidedText(
            data(Qt.ItemDataRole.DisplayRole), Qt.TextElideMode.ElideMiddle, inner.width() - room
        )
        painter.drawText(inner, middle | Qt.AlignmentFlag.AlignLeft, text)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, _ROW)


class CompletionList(QListWidget):
    """Offers completions without taking the keyboard; its owner passes keys on."""

    chosen = Signal(object)  # Completion

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("Completions")
        self.setAccessibleName("Completions")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setUniformItemSizes(True)
        self._row = _Row(self, theme)
        self.setItemDelegate(self._row)
        self.offered: list[Completion] = []
        self.itemClicked.connect(lambda _: self.choose())
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._row.theme = theme
        self.viewport().update()

    def offer(self, items: list[Completion]) -> None:
        """Show other completions; the first is current."""
        self.offered = items
        self.clear()
        metrics, widest = self.fontMetrics(), 0
        for item in items:
            row = QListWidgetItem(item.text.rpartition(".")[2] or item.text)
            row.setData(Qt.ItemDataRole.UserRole, item.kind)
            self.addItem(row)
            text = len(row.text()) * mono_advance()
            widest = max(widest, text + metrics.horizontalAdvance(item.kind))
        self.setCurrentRow(0)
        width = min(max(round(widest) + 64, _NARROWEST), _WIDEST)
        self.resize(width, min(len(items), ROWS) * _ROW + 2 * self.frameWidth() + 2)

    def step(self, rows: int) -> None:
        """Go up or down; from the last to the first and back."""
        count = self.count()
        row = self.currentRow() + rows
        one = abs(rows) == 1
        self.setCurrentRow(row % count if one else min(max(row, 0), count - 1))

    def choose(self) -> None:
        """Take the current one."""
        if 0 <= self.currentRow() < len(self.offered):
            self.chosen.emit(self.offered[self.currentRow()])


class Card(QFrame):
    """A few lines of terminal text on a raised sheet."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("DocCard")
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box = QVBoxLayout(self)
        box.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["m"], SPACE["s"])
        self._view: TextView | None = None
        self.words = Screen()
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        if self._view is not None:
            self._view.set_theme(theme)

    def write(self, text: str) -> None:
        """Show other text, which may hold terminal colours."""
        layout = self.layout()
        assert layout is not None
        if self._view is not None:
            layout.removeWidget(self._view)
            self._view.hide()
            self._view.deleteLater()
        self.words = Screen(text)
        view = self._view = TextView(self, self.words, self._theme)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.scroll_lines(len(self.words) > LINES)
        layout.addWidget(view)
        width = min(round(view.text_width()) + 10, _WIDEST)
        rows = min(len(self.words), LINES)
        height = view.height_for(width, rows)
        self.resize(width + 2 * SPACE["m"] + 2, height + 2 * SPACE["s"] + 4)
        self.setAccessibleName(self.words.text())


def mono_advance() -> int:
    """Return the width of a letter of code, px."""
    return QFontMetrics(mono_font()).horizontalAdvance("0")


def place(popup: QWidget, anchor: QWidget, at: QRect, above: bool = False) -> None:
    """Show a popup under (or above) a rectangle of `anchor`, inside its window."""
    window = anchor.window()
    if popup.parentWidget() is not window:
        popup.setParent(window)
    size, room = popup.size(), window.rect()
    corner = anchor.mapTo(window, QPoint(at.left(), at.bottom() + 4))
    up = anchor.mapTo(window, at.topLeft()).y() - size.height() - 4
    fits = corner.y() + size.height() <= room.bottom()
    y = up if (above and up >= 0) or (not fits and up >= 0) else corner.y()
    x = max(4, min(corner.x(), room.right() - size.width() - 4))
    popup.move(x, y)
    popup.show()
    popup.raise_()
