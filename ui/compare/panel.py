"""The list of differences between two recordings; a chosen one gives the playhead to go to."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from engine.tape.compare import Difference
from ui.fonts import mono_font
from ui.plots.stats import number
from ui.theme import SPACE, Theme

Index = QModelIndex | QPersistentModelIndex
_COLUMNS = ("What", "Largest |Δ|", "Line", "Event")
_ALIGNED = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class DifferenceModel(QAbstractTableModel):
    """A row per difference."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme = theme
        self.rows: Sequence[Difference] = ()

    def set_rows(self, rows: Sequence[Difference]) -> None:
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(_COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        across = orientation == Qt.Orientation.Horizontal
        if across and role == Qt.ItemDataRole.TextAlignmentRole:
            return _ALIGNED if section else int(Qt.AlignmentFlag.AlignLeft)
        return _COLUMNS[section] if across and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row = self.rows[index.row()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return words(row)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return "  ".join(filter(None, words(row)))
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column():
            return _ALIGNED
        only = row.event_a < 0 or row.event_b < 0
        if role == Qt.ItemDataRole.ForegroundRole and only:
            return QColor(self.theme.warning)
        return None


class DifferencesPanel(QWidget):
    """A sentence, the rows, and a button that ends the comparison."""

    chosen = Signal(object)  # Difference
    ended = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel("No comparison yet: File → Compare With…")
        self.sentence.setWordWrap(True)
        self.end = QPushButton("End Comparison")
        self.end.clicked.connect(self.ended)
        self.model = DifferenceModel(theme)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setAccessibleName("Differences")
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.table.selectionModel().currentRowChanged.connect(self._chosen)
        self.first = QPushButton("Go to First Difference")
        self.first.clicked.connect(self.go_to_first)
        foot = QHBoxLayout()
        foot.addWidget(self.first)
        foot.addStretch(1)
        foot.addWidget(self.end)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        column.setSpacing(SPACE["m"])
        column.addWidget(self.sentence)
        column.addWidget(self.table, 1)
        column.addLayout(foot)
        self.set_theme(theme)
        self.set_differences("", ())

    def set_differences(self, other: str, rows: Sequence[Difference]) -> None:
        """Show how the shown recording differs from one called `other`; "" for no comparison."""
        self.model.set_rows(rows)
        self.end.setVisible(bool(other))
        self.first.setVisible(bool(rows))
        if not other:
            self.sentence.setText("No comparison yet: File → Compare With…")
        elif not rows:
            self.sentence.setText(f"The same as {other}, bit for bit.")
        else:
            many = f"{len(rows):,} difference{'s' * (len(rows) != 1)}"
            self.sentence.setText(f"{many} from {other}; the first is at event {_event(rows[0])}.")

    def go_to_first(self) -> None:
        """Choose the first difference, again if it is chosen already."""
        if self.table.currentIndex().row() == 0:
            self._chosen(self.model.index(0, 0))
        self.table.selectRow(0)
        self.table.scrollToTop()

    def set_theme(self, theme: Theme) -> None:
        self.model.theme = theme
        self.table.setFont(mono_font("small"))
        self.setStyleSheet(f"""
        QTableView {{ background: {theme.panel}; color: {theme.text}; border: none;
            selection-background-color: {theme.selection}; selection-color: {theme.text}; }}
        QHeaderView, QHeaderView::section {{ background: {theme.panel}; color: {theme.text_dim};
            border: none; padding: 2px 8px; }}
        """)

    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self.model.rows[index.row()])


def words(row: Difference) -> tuple[str, str, str, str]:
    """Return what the columns say of a difference."""
    what = f"{row.what} (shape)" if row.kind == "shape" else row.what
    what = what.removesuffix(", only in the first").removesuffix(", only in the second")
    size = "" if math.isnan(row.size) else number(row.size)
    if row.event_a < 0 or row.event_b < 0:
        size = "only here" if row.event_b < 0 else "only there"
    lines = [str(source.line) for source in row.sources if source is not None]
    return what, size, " / ".join(dict.fromkeys(lines)), str(_event(row))


def _event(row: Difference) -> int:
    """Return the event's number as the transport counts it, from 1."""
    return (row.event_a if row.event_a >= 0 else row.event_b) + 1
