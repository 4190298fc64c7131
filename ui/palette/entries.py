"""The rows of the palette as a Qt model: a heading per family, then its operations."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QPersistentModelIndex, Qt

from engine.ops.listing import Operation
from ui.palette.calls import statement
from ui.palette.drop import OPERATION
from ui.palette.search import Section

Index = QModelIndex | QPersistentModelIndex
#: The role under which a row gives its Section or Operation.
ROW = Qt.ItemDataRole.UserRole
_ROOT = QModelIndex()


class Entries(QAbstractListModel):
    """Headings cannot be selected; operations can be dragged as the line they insert."""

    def __init__(self) -> None:
        super().__init__()
        self.names: tuple[str, ...] = ()  # variables that a dragged line uses
        self._rows: list[Section | Operation] = []

    def set_sections(self, sections: Sequence[Section]) -> None:
        """Show other sections."""
        self.beginResetModel()
        self._rows = []
        for section in sections:
            self._rows.append(section)
            self._rows.extend(section.operations)
        self.endResetModel()

    def operation(self, row: int) -> Operation | None:
        """Return the operation of a row, or None for a heading and beyond the ends."""
        found = self._rows[row] if 0 <= row < len(self._rows) else None
        return found if isinstance(found, Operation) else None

    def next(self, row: int, step: int) -> int:
        """Return the row of the operation `step` operations further; it stays between the ends."""
        rows = [i for i, each in enumerate(self._rows) if isinstance(each, Operation)]
        if not rows:
            return -1
        at = rows.index(row) + step if row in rows else 0
        return rows[min(max(at, 0), len(rows) - 1)]

    def rowCount(self, parent: Index = _ROOT) -> int:
        """Return the number of rows, headings included."""
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the row itself under ROW, and words for screen readers."""
        row = self._rows[index.row()]
        if role == ROW:
            return row
        operation = isinstance(row, Operation)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return row.signature if isinstance(row, Operation) else row.family
        if role == Qt.ItemDataRole.AccessibleDescriptionRole and operation:
            return row.doc if isinstance(row, Operation) else None
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Let operations be selected and dragged."""
        if self.operation(index.row()) is None:
            return Qt.ItemFlag.ItemIsEnabled
        kind = Qt.ItemFlag
        return kind.ItemIsEnabled | kind.ItemIsSelectable | kind.ItemIsDragEnabled

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        """Return a dragged operation by name, and as the line of code that an editor takes."""
        found = [self.operation(index.row()) for index in indexes]
        dragged = [one for one in found if one is not None]
        data = QMimeData()
        data.setText("\n".join(statement(one, self.names) for one in dragged))
        if dragged:
            data.setData(OPERATION, dragged[0].call.encode())
        return data

    def mimeTypes(self) -> list[str]:
        """Drag as plain text, which every editor takes, and by name."""
        return ["text/plain", OPERATION]

    def supportedDragActions(self) -> Qt.DropAction:
        """The palette keeps what is dragged from it."""
        return Qt.DropAction.CopyAction
