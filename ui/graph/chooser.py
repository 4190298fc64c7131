"""The box in which a person chooses among a tape's graphs, of which there may be thousands."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QListView, QWidget

from ui.graph.choice import BarChoice
from ui.graph.infos import GraphInfo, Graphs

_Index = QModelIndex | QPersistentModelIndex


class GraphChooser(BarChoice):
    """Offers graphs by their titles; what only prepared data comes last."""

    graph_chosen = Signal(int)  # GraphInfo.number

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._titles = _Titles(self)
        self.setModel(self._titles)
        view = self.view()
        assert isinstance(view, QListView)
        view.setUniformItemSizes(True)  # or each of the rows is measured
        self.setAccessibleName("Graph")
        self.setToolTip("The graphs on this tape: each forward run builds its own")
        self.setPlaceholderText("No graph")
        self.setMaxVisibleItems(24)
        self.activated.connect(lambda row: self.graph_chosen.emit(self._titles.number(row)))

    def set_graphs(self, graphs: Graphs | None, shown: GraphInfo | None) -> None:
        """Offer the graphs of a tape and mark the shown one; emits nothing."""
        self._titles.show(graphs)
        self.setEnabled(bool(graphs))
        row = -1 if graphs is None or shown is None else graphs.row(shown.number)
        if row >= 0 or not graphs:
            self.setCurrentIndex(row)


class _Titles(QAbstractListModel):
    """The titles of graphs, asked for as they come into view."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._graphs: Graphs | None = None
        self._count = 0

    def show(self, graphs: Graphs | None) -> None:
        """Show others; what is chosen stays the row that it is."""
        if graphs is self._graphs:
            return
        count = 0 if graphs is None else len(graphs)
        nowhere, more = QModelIndex(), count > self._count
        if more:
            self.beginInsertRows(nowhere, self._count, count - 1)
        elif count < self._count:
            self.beginRemoveRows(nowhere, count, self._count - 1)
        kept, self._graphs = min(count, self._count), graphs
        changed, self._count = count != self._count, count
        if changed and more:
            self.endInsertRows()
        elif changed:
            self.endRemoveRows()
        if kept:
            self.dataChanged.emit(self.index(0), self.index(kept - 1))

    def number(self, row: int) -> int:
        """Return the number of the graph in a row."""
        assert self._graphs is not None
        return int(self._graphs.offered[row]) + 1

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._count

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self._graphs is None or not 0 <= index.row() < self._count:
            return None
        place = int(self._graphs.offered[index.row()])
        if role == Qt.ItemDataRole.DisplayRole:
            return self._graphs.title(place)
        return self._graphs[place].detail if role == Qt.ItemDataRole.ToolTipRole else None
