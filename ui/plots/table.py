"""The numbers of a tensor as a table that fetches only what is on screen."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from ui.fonts import mono_font
from ui.plots.colours import mix
from ui.plots.slices import matrix
from ui.plots.stats import number, real_part
from ui.theme import Theme, load

#: Rows or columns beyond this are not shown: a header keeps memory for each.
MOST = 1_000_000
_TINTS = 24
_MOVES = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End)
Index = QModelIndex | QPersistentModelIndex


class TensorModel(QAbstractTableModel):
    """A matrix as a table model; `scale` is the absolute value that gets the strongest tint.

    editable: whether a cell takes a number that is typed; `edited` gives row, column and number.
    """

    edited = Signal(int, int, object)

    def __init__(self) -> None:
        super().__init__()
        self.editable = False
        self._data: NDArray[Any] = np.zeros((0, 0))
        self._real: NDArray[Any] = self._data
        self._scale = 0.0
        self._vector = False
        self._theme = load("dark")
        self._tints: list[QColor] = []
        self.set_theme(self._theme)

    def set_array(self, array: NDArray[Any], leading: tuple[int, ...], scale: float) -> None:
        """Show the matrix of `array` at `leading` indices."""
        self.beginResetModel()
        self._vector = array.ndim < 2
        self._data = matrix(array, leading)[:MOST, :MOST]
        self._scale = scale
        self.endResetModel()

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        ends = (theme.families["matmul"], theme.accent)
        self._tints = [
            mix(theme.panel, ends[i >= 0], 0.42 * abs(i) / _TINTS)
            for i in range(-_TINTS, _TINTS + 1)
        ]

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._data.shape[0]

    def columnCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._data.shape[1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        value = self._data[index.row(), index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return number(value)
        if role == Qt.ItemDataRole.EditRole:
            return str(value)
        if role == Qt.ItemDataRole.ToolTipRole:
            at = index.row() if self._vector else f"{index.row()}, {index.column()}"
            return f"[{at}]  {value!s}"
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._tint(value)
        if role == Qt.ItemDataRole.ForegroundRole and not np.isfinite(value):
            return QColor(self._theme.error)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if self.editable else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Take a number that was typed; what is no number of the array's type is refused."""
        if role != Qt.ItemDataRole.EditRole or not self.editable or not index.isValid():
            return False
        new = typed(str(value), self._data.dtype)
        if new is None:
            return False
        if new != self._data[index.row(), index.column()]:
            self.edited.emit(index.row(), index.column(), new)
        return True

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return "" if self._vector and orientation == Qt.Orientation.Horizontal else str(section)
        return None

    def _tint(self, value: Any) -> QColor | None:
        real = float(real_part(np.asarray(value)))
        if not np.isfinite(real) or not self._scale:
            return None
        at = round(max(-1.0, min(1.0, real / self._scale)) * _TINTS)
        return self._tints[at + _TINTS]


class TensorTable(QTableView):
    """Shows a TensorModel; Ctrl+C copies the selected cells as tab-separated text."""

    edited = Signal(int, int, object)  # row, column, number

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = TensorModel()
        self.setModel(self._model)
        self._model.edited.connect(self.edited)
        self.setAccessibleName("Values")
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)  # the arrows go from cell to cell, Tab goes on
        self.setCornerButtonEnabled(False)
        self.setWordWrap(False)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        height = QFontMetrics(mono_font("small")).height() + 6
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
        self.verticalHeader().setDefaultSectionSize(height)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        )
        self.horizontalHeader().setDefaultSectionSize(self._column_width())
        self.horizontalHeader().setFixedHeight(height)

    def set_array(
        self, array: NDArray[Any], leading: tuple[int, ...] = (), scale: float | None = None
    ) -> None:
        """Show `array` at `leading` indices; `scale` defaults to its largest absolute value."""
        if scale is None:
            scale = largest(array)
        self._model.set_array(array, leading, scale)
        self.horizontalHeader().setVisible(array.ndim >= 2)
        self._fit_height()

    def set_editable(self, editable: bool) -> None:
        """Let a double click or F2 open a cell, or not."""
        self._model.editable = editable

    def edit_first(self) -> None:
        """Open the first cell, where cells may be edited."""
        first = self._model.index(0, 0)
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.setCurrentIndex(first)
        self.edit(first)

    def set_theme(self, theme: Theme) -> None:
        self._model.set_theme(theme)
        self.viewport().update()

    def event(self, event: QEvent) -> bool:
        # Moving about in the table comes before the window's shortcuts on the same keys.
        if (
            isinstance(event, QKeyEvent)
            and event.type() == QEvent.Type.ShortcutOverride
            and (event.key() in _MOVES or event.matches(QKeySequence.StandardKey.Copy))
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.selected_text())
        else:
            super().keyPressEvent(event)

    def selected_text(self) -> str:
        """Return the selected cells, full precision, one line per row, tabs between columns."""
        cells = sorted((i.row(), i.column()) for i in self.selectedIndexes())
        data = self._model
        lines: dict[int, list[str]] = {}
        for row, column in cells:
            text = data.data(data.index(row, column), Qt.ItemDataRole.ToolTipRole)
            lines.setdefault(row, []).append(text.split("  ", 1)[1])
        return "\n".join("\t".join(line) for line in lines.values())

    def sizeHint(self) -> QSize:
        """As high as its rows, between two and ten of them."""
        rows = min(max(self._model.rowCount(), 1), 10)
        header = 0 if self.horizontalHeader().isHidden() else self.horizontalHeader().height()
        bar = self.horizontalScrollBar().sizeHint().height() if self._scrolls() else 0
        return QSize(260, rows * self.verticalHeader().defaultSectionSize() + header + bar + 4)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_height()

    def _fit_height(self) -> None:
        self.setFixedHeight(self.sizeHint().height())

    def _scrolls(self) -> bool:
        room = self.width() - self.verticalHeader().sizeHint().width() - 14
        return self._model.columnCount() * self._column_width() > room

    def _column_width(self) -> int:
        return QFontMetrics(mono_font("small")).horizontalAdvance("-1.234e-12") + 8


def largest(array: NDArray[Any]) -> float:
    """Return the largest finite absolute value; 0 if there is none."""
    real = real_part(array)
    if real.dtype.kind == "f":
        real = real[np.isfinite(real)]
    if not real.size:
        return 0.0
    return max(abs(float(real.max())), abs(float(real.min())))


def typed(text: str, dtype: np.dtype[Any]) -> Any:
    """Return what a person typed as an element of a type; None if it is none."""
    try:
        if dtype.kind == "b":
            return np.bool_({"true": True, "1": True, "false": False, "0": False}[text.lower()])
        if dtype.kind in "iu":
            return dtype.type(int(text))
        return dtype.type(complex(text.replace("i", "j")) if dtype.kind == "c" else float(text))
    except (KeyError, ValueError, OverflowError):
        return None
