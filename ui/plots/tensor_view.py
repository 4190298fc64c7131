"""One tensor, three ways: as table, heat map or histogram, with its statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from engine.tape.uniform import corner
from ui.icons import icon
from ui.plots.heatmap import HeatMap
from ui.plots.histogram import Histogram
from ui.plots.slices import SliceBar, matrix
from ui.plots.stats import number, stats, summary
from ui.plots.table import TensorTable, largest, typed
from ui.theme import MONO_FONT, RADIUS, SIZES, Theme

_WAYS = (("table", "Table"), ("heatmap", "Heat map"), ("histogram", "Histogram"))


class TensorView(QWidget):
    """Shows an array of any shape and dtype; only the chosen picture is computed.

    `edited` brings a new array with the number that was typed into a cell, where that is allowed.
    """

    edited = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._array: NDArray[Any] | None = None
        self._scale = 0.0
        self._theme = theme
        self._way = "table"
        self._editable = False
        self.table, self.heatmap, self.histogram = TensorTable(), HeatMap(), Histogram()
        self.slices = SliceBar()
        self.scalar = _label("Value")
        self.scalar.setObjectName("scalar")
        self.number = QLineEdit()
        self.number.setObjectName("number")
        self.number.setAccessibleName("Value, can be edited")
        self.number.editingFinished.connect(self._number_typed)
        self.statistics = _label("Statistics")
        self.statistics.setObjectName("statistics")
        self.statistics.setWordWrap(True)
        self.buttons = QButtonGroup(self)
        self._bar = self._make_bar()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for part in (
            self._bar,
            self.slices,
            self.scalar,
            self.number,
            *self._pictures(),
            self.statistics,
        ):
            column.addWidget(part)
        self.slices.changed.connect(self._fill)
        self.table.edited.connect(self._cell_typed)
        self.set_theme(self._theme)
        self._fill()

    def set_array(self, array: NDArray[Any] | None) -> None:
        """Show an array, or nothing. It is not copied and must not change.

        Of one that shows an element more often than memory could hold it, a corner looks like all.
        """
        self._array = None if array is None else corner(array)
        if array is not None and self._array is not None:
            self._scale = largest(self._array)
            self.slices.set_shape(self._array.shape)
            self.statistics.setText(summary(stats(array)))
        self._fill()

    def set_editable(self, editable: bool) -> None:
        """Let numbers be typed into the table, or not."""
        if editable != self._editable:
            self._editable = editable
            self.table.set_editable(editable)
            self._fill()

    def element(self) -> tuple[int, ...] | None:
        """Return the index of the one element that is selected in the table, or None."""
        cells = self.table.selectedIndexes()
        if self._array is None or len(cells) != 1 or self.table.isHidden():
            return None
        at = cells[0].row(), cells[0].column()
        return at[:1] if self._array.ndim < 2 else (*self.slices.leading(), *at)

    def edit(self) -> None:
        """Begin to edit the first element, where that is allowed."""
        if not self._editable or self._array is None or not self._array.size:
            return
        if self._array.size == 1:
            self.number.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.number.selectAll()
        else:
            self.set_way("table")
            self.table.edit_first()

    def set_way(self, way: str) -> None:
        """Choose "table", "heatmap" or "histogram"."""
        self._way = way
        self.buttons.button([name for name, _ in _WAYS].index(way)).setChecked(True)
        self._fill()

    @property
    def way(self) -> str:
        return self._way

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        for part in self._pictures():
            part.set_theme(theme)
        self.ensurePolished()
        self.setStyleSheet(_sheet(theme))
        self._dress()

    def _pictures(self) -> tuple[TensorTable, HeatMap, Histogram]:
        return self.table, self.heatmap, self.histogram

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for i, (name, text) in enumerate(_WAYS):
            button = QToolButton()
            button.setCheckable(True)
            button.setChecked(name == self._way)
            button.setFixedSize(28, 24)
            button.setIconSize(QSize(16, 16))
            button.setToolTip(text)
            button.setAccessibleName(text)
            self.buttons.addButton(button, i)
            row.addWidget(button)
        row.addStretch(1)
        self.buttons.idClicked.connect(lambda i: self.set_way(_WAYS[i][0]))
        return bar

    def _fill(self) -> None:
        array = self._array
        single = array is None or array.size <= 1
        self._bar.setVisible(not single)
        deep = array is not None and array.ndim > 2
        self.slices.setVisible(deep and not single and self._way != "histogram")
        self.statistics.setVisible(not single)
        typed = self._editable and array is not None and array.size == 1
        self.scalar.setVisible(array is not None and single and not typed)
        self.number.setVisible(typed)
        for (name, _), part in zip(_WAYS, self._pictures(), strict=True):
            part.setVisible(not single and name == self._way)
        self._dress()
        if array is None:
            return
        if typed:
            self.number.setText(str(array.reshape(-1)[0]))
        if single:
            self.scalar.setText(_scalar_text(array))
            return
        if self._way == "histogram":
            self.histogram.set_array(array)
            return
        leading = self.slices.leading()
        if self._way == "heatmap":
            self.heatmap.set_array(array, leading, self._scale)
        else:
            self.table.set_array(array, leading, self._scale)

    def _cell_typed(self, row: int, column: int, value: object) -> None:
        if self._array is not None:
            new = np.array(self._array)
            matrix(new, self.slices.leading())[row, column] = value
            self.edited.emit(new)

    def _number_typed(self) -> None:
        if self._array is None or self._array.size != 1:
            return
        value = typed(self.number.text(), self._array.dtype)
        old = self._array.reshape(-1)[0]
        if value is None:
            self.number.setText(str(old))
        elif value != old:
            self.edited.emit(np.full(self._array.shape, value, self._array.dtype))

    def _dress(self) -> None:
        for i, (name, _) in enumerate(_WAYS):
            colour = self._theme.accent if name == self._way else self._theme.text_dim
            self.buttons.button(i).setIcon(icon(name, colour))


def _scalar_text(array: NDArray[Any]) -> str:
    if not array.size:
        return f"empty {list(array.shape)}"
    text = number(array.reshape(-1)[0], 7)
    return "[" * array.ndim + text + "]" * array.ndim


def _label(name: str) -> QLabel:
    label = QLabel()
    label.setAccessibleName(name)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _sheet(theme: Theme) -> str:
    return f"""
    TensorView QLabel, TensorView QLineEdit, TensorView QSpinBox, TensorView QTableView,
    TensorView QHeaderView::section {{
        font-family: "{MONO_FONT}"; font-size: {SIZES["small"]}pt; }}
    TensorView QLabel {{ color: {theme.text}; background: transparent; }}
    TensorView QLabel#statistics, TensorView QLabel#index {{ color: {theme.text_dim}; }}
    TensorView QLabel#scalar {{ font-size: {SIZES["heading"]}pt; }}
    TensorView QToolButton {{ border: 1px solid transparent; border-radius: {RADIUS - 1}px;
        background: transparent; }}
    TensorView QToolButton:hover {{ background: {theme.hover}; }}
    TensorView QToolButton:checked {{ background: {theme.raised}; border-color: {theme.border}; }}
    TensorView QToolButton:focus {{ border-color: {theme.focus}; }}
    TensorView QTableView {{ background: {theme.panel}; color: {theme.text};
        border: 1px solid {theme.border}; border-radius: {RADIUS - 2}px;
        selection-background-color: {theme.selection}; selection-color: {theme.text}; }}
    TensorView QTableView::corner, TensorView QAbstractScrollArea::corner {{
        background: transparent; border: none; }}
    TensorView QSpinBox {{ padding: 2px 3px; }}
    TensorView QTableView:focus {{ border-color: {theme.focus}; }}
    TensorView QHeaderView {{ background: {theme.raised}; border: none; }}
    TensorView QHeaderView::section {{ background: {theme.raised}; color: {theme.text_dim};
        border: none; padding: 0 5px; }}
    """
