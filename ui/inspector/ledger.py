"""The list of everything that made a .grad, to be read at a glance and clicked through."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPen,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from engine.tape.schema import GradChange
from ui.fonts import mono_font, ui_font
from ui.inspector.records import Ledger, LedgerRow
from ui.plots.colours import faded
from ui.theme import RADIUS, SIZES, Theme

Index = QModelIndex | QPersistentModelIndex
_LINE = 17
_HIGHEST = 420  # points; higher lists scroll by themselves


class LedgerView(QWidget):
    """A verdict and the rows of a Ledger; a chosen row gives the playhead to go to."""

    event_clicked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._ledger: Ledger | None = None
        self.verdict = QLabel()
        self.verdict.setObjectName("verdict")
        self.verdict.setWordWrap(True)
        self.verdict.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.left_out = QLabel()
        self.left_out.setObjectName("left_out")
        self.list = _List(theme)
        self.list.chosen.connect(self.event_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (self.verdict, self.list, self.left_out):
            column.addWidget(part)
        self.set_theme(theme)

    def set_ledger(self, ledger: Ledger) -> None:
        """Show a ledger; nothing is touched where nothing changed."""
        if ledger == self._ledger:
            return
        before, self._ledger = self._ledger, ledger
        self.verdict.setText(ledger.verdict)
        hidden = [
            f"{count:,} {word}"
            for count, word in ((ledger.earlier, "earlier"), (ledger.later, "later"))
            if count
        ]
        self.left_out.setText(f"{' and '.join(hidden)} not listed")
        self.left_out.setVisible(bool(hidden))
        if before is None or before.rows != ledger.rows:
            self.list.set_rows(ledger.rows)
        if before is None or before.alarming != ledger.alarming:
            self._dress()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.list.set_theme(theme)
        self._dress()

    def _dress(self) -> None:
        theme = self._theme
        alarming = self._ledger is not None and self._ledger.alarming
        colour = theme.warning if alarming else theme.border
        text = theme.text if alarming else theme.text_dim
        ground = faded(theme.warning, 0.12).name(QColor.NameFormat.HexArgb)
        self.ensurePolished()
        self.setStyleSheet(f"""
        QLabel#verdict {{ color: {text}; border: none; border-left: 3px solid {colour};
            background: {ground if alarming else "transparent"}; padding: 4px 8px; }}
        QLabel#left_out {{ color: {theme.text_dim}; font-size: {SIZES["small"]}pt; }}
        QListView {{ background: transparent; border: none; outline: none; }}
        """)


class _Rows(QAbstractListModel):
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


class _List(QListView):
    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = _Rows()
        self._delegate = _Delegate(theme)
        self.setModel(self._model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName("Contributions to the gradient")
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.clicked.connect(self._choose)

    def set_rows(self, rows: tuple[LedgerRow, ...]) -> None:
        self._model.set_rows(rows)
        self.doItemsLayout()
        heights = sum(row_height(row) for row in rows)
        self.setFixedHeight(min(heights, _HIGHEST) + 2)
        latest = max((i for i, row in enumerate(rows) if row.past), default=-1)
        if latest >= 0:
            self.scrollTo(self._model.index(latest))

    def set_theme(self, theme: Theme) -> None:
        self._delegate.theme = theme
        self.viewport().update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            rows = self._model.rows
            chosen = [rows[i.row()] for i in self.selectedIndexes()] or rows
            QGuiApplication.clipboard().setText("\n".join(row_text(row) for row in chosen))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self._model.rows[index.row()].playhead)


class _Delegate(QStyledItemDelegate):
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


def _row_of(index: Index) -> LedgerRow:
    model = index.model()
    assert isinstance(model, _Rows)
    return model.rows[index.row()]


Words = tuple[str, QFont, str]


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
