"""The rows of the ledger: their model, their words, and how they are drawn."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from engine.tape.schema import GradChange
from ui.fonts import mono_font, ui_font
from ui.inspector.records import LedgerRow
from ui.theme import RADIUS, Theme

Index = QModelIndex | QPersistentModelIndex
Words = tuple[str, QFont, str]  # text, font, colour
_LINE = 17  # points, the height of a line


def row_text(row: LedgerRow) -> str:
    """Return a row in one line of words, as copied and read aloud."""
    delta = _signed(row.delta) if row.delta else ""
    parts = (f"{part.text} {part.place} {_signed(part.delta)}" for part in row.parts)
    return "  ".join(filter(None, (row.title, row.place, delta, f"= {row.after}", *parts)))


def row_height(row: LedgerRow) -> int:
    return 8 + _LINE * ((3 if _adds(row) else 2) + len(row.parts))


def _adds(row: LedgerRow) -> bool:
    return row.kind is GradChange.ACCUMULATE


def _signed(delta: str) -> str:
    return delta if delta.startswith("-") else f"+ {delta}"


class LedgerModel(QAbstractListModel):
    """The rows of a Ledger, each with its words."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[LedgerRow, ...] = ()

    def set_rows(self, rows: tuple[LedgerRow, ...]) -> None:
        """Replace the rows; if only their state changed, the selection stays."""
        if len(rows) == len(self.rows):
            self.rows = rows
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row_text(row)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row_text(row)}\nClick to go there."
        return None


class LedgerDelegate(QStyledItemDelegate):
    """Draws a row: a dot on the line of time, what was added, what it came to, from where."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, row_height(_row_of(index)))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, theme = _row_of(index), self.theme
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._ground(painter, option, box)
        painter.setOpacity(1.0 if row.past else 0.5)
        painter.setPen(QPen(QColor(theme.border), 1.5))
        painter.drawLine(QPointF(box.x() + 11, box.y()), QPointF(box.x() + 11, box.bottom()))
        self._mark(painter, QPointF(box.x() + 11, box.y() + 13), _adds(row))
        self._lines(painter, row, QRectF(box.x() + 26, box.y() + 3, box.width() - 32, _LINE))
        painter.restore()

    def _lines(self, painter: QPainter, row: LedgerRow, line: QRectF) -> None:
        theme, small, mono = self.theme, ui_font("small"), mono_font("small")
        title = (row.title, ui_font("body", QFont.Weight.Medium), theme.text)
        added = theme.visited_border if theme.dark else theme.accent
        place = (row.place, small, theme.text_dim)
        after = (f"= {row.after}", mono, theme.text)
        if not _adds(row):
            _two(painter, line, title, after)
            _two(painter, line.translated(0, _LINE), place, ("", mono, theme.text))
            return
        _two(painter, line, title, (_signed(row.delta), mono_font("body"), added))
        if row.piled:
            state = ("adds on top", small, theme.warning)
        else:
            state = ("starts afresh", small, theme.text_dim)
        _two(painter, line.translated(0, _LINE), state, after)
        _two(painter, line.translated(0, 2 * _LINE), place, ("", mono, theme.text))
        for i, part in enumerate(row.parts):
            at = line.translated(0, (3 + i) * _LINE).adjusted(8, 0, 0, 0)
            words = " · ".join(filter(None, (part.text, part.place)))
            delta = (_signed(part.delta), mono, theme.text_dim)
            _two(painter, at, (words, small, theme.text_dim), delta)

    def _ground(self, painter: QPainter, option: QStyleOptionViewItem, box: QRectF) -> None:
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        focused = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.setPen(QPen(QColor(self.theme.focus), 1) if focused else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self.theme.hover) if hovered else Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS - 2, RADIUS - 2)

    def _mark(self, painter: QPainter, centre: QPointF, adds: bool) -> None:
        """A filled dot where something was added, a ring where .grad was cleared or set."""
        theme = self.theme
        colour = QColor(theme.visited_border if adds else theme.text_dim)
        painter.setPen(QPen(colour, 1.6))
        painter.setBrush(colour if adds else QColor(theme.panel))
        painter.drawEllipse(centre, 4.2, 4.2)


def _row_of(index: Index) -> LedgerRow:
    model = index.model()
    assert isinstance(model, LedgerModel)
    return model.rows[index.row()]


def _two(painter: QPainter, line: QRectF, left: Words, right: Words) -> None:
    """Draw words at both ends of a line; the left ones give way."""
    text, font, colour = right
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, int(line.width() * 0.62))
    painter.setFont(font)
    painter.setPen(QColor(colour))
    flags = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    painter.drawText(line, flags, shown)
    room = line.width() - metrics.horizontalAdvance(shown) - 8
    text, font, colour = left
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, int(max(room, 0)))
    painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), shown)
