"""The list of everything that made a .grad, to be read at a glance and clicked through."""

from __future__ import annotations

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QListView,
    QVBoxLayout,
    QWidget,
)

from ui.inspector.ledger_rows import LedgerDelegate, LedgerModel, row_height, row_text
from ui.inspector.records import Ledger, LedgerRow
from ui.plots.colours import faded
from ui.theme import SIZES, Theme

Index = QModelIndex | QPersistentModelIndex
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


class _List(QListView):
    chosen = Signal(int)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._model = LedgerModel()
        self._delegate = LedgerDelegate(theme)
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
