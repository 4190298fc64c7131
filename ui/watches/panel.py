"""The watches with their values at the playhead; the chosen one as picture and plot."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.tape.watches import Plot
from ui.fonts import mono_font
from ui.keyboard import tab_after
from ui.plots.stats import number
from ui.plots.tensor_view import TensorView
from ui.theme import SPACE, Theme

if TYPE_CHECKING:
    from ui.plots.lines import LinePlot

_EMPTY = (
    "Write an expression over tensors and gradients, as in NumPy: loss, norm(w.grad), "
    "(w > 0).mean(). It is followed as the playhead moves."
)
_HEIGHT = 190
_ROWS = 10  # of the list at most before it scrolls


class Reading(NamedTuple):
    """A watch at the playhead. value: None: nothing yet; problem: why there is none, in words."""

    text: str
    value: Any
    problem: str = ""


class WatchesPanel(QWidget):
    """Says what a person wishes through its signals; shows only what it is given."""

    added = Signal(str)
    removed = Signal(int)
    changed = Signal(int, str)  # row, another expression
    chosen = Signal(int)
    go_to = Signal(int)  # playhead

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._readings: Sequence[Reading] = ()
        self._plot: Plot | None = None
        self._playhead = 0
        self.setAccessibleName("Watches")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.field = QLineEdit()
        self.field.setFont(mono_font("body"))
        self.field.setPlaceholderText("norm(w.grad)")
        self.field.setAccessibleName("New watch")
        self.field.returnPressed.connect(self._add)
        self.add, self.remove = QPushButton("Add"), QPushButton("Remove")
        self.add.clicked.connect(self._add)
        self.remove.clicked.connect(self._remove)
        self.sentence = QLabel(_EMPTY)
        self.sentence.setWordWrap(True)
        self.sentence.setProperty("role", "dim")
        self.list = self._make_list()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setVisible(False)
        self.field.textEdited.connect(lambda: self._say(""))
        self.why = QLabel()
        self.why.setWordWrap(True)
        self.why.setVisible(False)
        row = QHBoxLayout()
        row.setSpacing(SPACE["m"])
        row.addWidget(self.field, 1)
        row.addWidget(self.add)
        row.addWidget(self.remove)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        column.setSpacing(SPACE["m"])
        column.addLayout(row)
        column.addWidget(self.note)
        column.addWidget(self.sentence)
        column.addWidget(self.list)
        column.addWidget(self.why)
        column.addStretch(1)  # what is shown of the chosen one takes the room that there is
        self.set_theme(theme)

    @cached_property
    def plot(self) -> LinePlot:
        """The chosen watch over time, made for the first."""
        from ui.plots.lines import LinePlot  # with pyqtgraph: a third of a second

        plot = LinePlot(self._theme)
        plot.setMinimumHeight(_HEIGHT)
        plot.setMaximumHeight(2 * _HEIGHT)
        plot.getPlotItem().setLabel("bottom", "event")
        plot.setAccessibleName("The chosen watch over time")
        plot.chosen.connect(self._choose_moment)
        plot.stepped.connect(self._step)
        self._column.insertWidget(self._column.indexOf(self.list) + 1, plot, 100)
        tab_after(self.list, plot)
        return plot

    @cached_property
    def picture(self) -> TensorView:
        """The chosen watch at the playhead, made for the first that is an array."""
        picture = TensorView(self._theme)
        self._column.insertWidget(self._column.indexOf(self.why) + 1, picture)
        tab_after(self.plot if "plot" in vars(self) else self.list, picture)
        return picture

    def set_readings(self, readings: Sequence[Reading]) -> None:
        """Show what the watches are at the playhead; the chosen row stays chosen."""
        self._readings = readings
        before = self.row()
        self.list.blockSignals(True)
        while self.list.topLevelItemCount() > len(readings):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        for row, one in enumerate(readings):
            item = self.list.topLevelItem(row) or QTreeWidgetItem(self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsEditable)
            item.setText(0, one.text)
            item.setText(1, told(one))
            item.setToolTip(0, one.text)
            item.setToolTip(1, one.problem or told(one))
            dim = self._theme.text_dim if one.value is None else self._theme.text
            colour = self._theme.error if one.problem else dim
            item.setForeground(1, QColor(colour))
        self.choose(min(max(before, 0), len(readings) - 1))
        self.list.blockSignals(False)
        self._fit_list(len(readings))
        self.sentence.setVisible(not readings)
        self.list.setVisible(bool(readings))
        self.remove.setEnabled(bool(readings))
        self._show()

    def _fit_list(self, rows: int) -> None:
        """Make the list as high as its rows, up to some of them."""
        line = max(self.list.sizeHintForRow(0), 16)
        wanted = self.list.header().sizeHint().height() + min(max(rows, 1), _ROWS) * line
        self.list.setFixedHeight(wanted + 2 * self.list.frameWidth() + line // 2)

    def set_plot(self, plot: Plot | None) -> None:
        """Show the chosen watch over time."""
        self._plot = plot
        finite = plot is not None and bool(np.isfinite(plot.values).any())
        if finite or "plot" in vars(self):
            self.plot.setVisible(finite)
        if plot is not None and finite:
            colour = self._theme.accent
            self.plot.draw(plot.playheads.astype(float), plot.values[:, None], [colour])
            self.set_playhead(self._playhead)

    def set_playhead(self, playhead: int) -> None:
        """Mark the playhead in the plot."""
        self._playhead = playhead
        if self._plot is not None and "plot" in vars(self) and self.plot.isVisibleTo(self):
            self.plot.mark(float(playhead))

    def refuse(self, why: str) -> None:
        """Say why what was typed is no watch; it stays in the field."""
        self._say(why)
        self.note.setStyleSheet(f"color: {self._theme.error};")

    def accept(self) -> None:
        """What was typed is a watch now."""
        self.field.clear()
        self._say("")

    def _say(self, why: str) -> None:
        self.note.setText(why)
        self.note.setVisible(bool(why))

    def choose(self, row: int) -> None:
        """Make a row the chosen one."""
        item = self.list.topLevelItem(row)
        if item is not None:
            self.list.setCurrentItem(item)

    def row(self) -> int:
        """Return the chosen row, -1 without one."""
        item = self.list.currentItem()
        return -1 if item is None else self.list.indexOfTopLevelItem(item)

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        for name in ("picture", "plot"):
            if name in vars(self):
                getattr(self, name).set_theme(theme)
        self.setStyleSheet(f"WatchesPanel {{ background: {theme.panel}; }}")
        self.set_readings(self._readings)
        self.set_plot(self._plot)

    def _make_list(self) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setAccessibleName("Watches")
        tree.setHeaderLabels(["Expression", "At the playhead"])
        tree.setRootIsDecorated(False)
        tree.setFont(mono_font("small"))
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        tree.setEditTriggers(
            QAbstractItemView.EditTrigger.DoubleClicked
            | QAbstractItemView.EditTrigger.EditKeyPressed
        )
        tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        tree.header().setStretchLastSection(False)
        tree.currentItemChanged.connect(lambda *_: self._chosen())
        tree.itemChanged.connect(self._edited)
        return tree

    def _add(self) -> None:
        if self.field.text().strip():
            self.added.emit(self.field.text().strip())

    def _remove(self) -> None:
        if self.row() >= 0:
            self.removed.emit(self.row())

    def _edited(self, item: QTreeWidgetItem, column: int) -> None:
        row = self.list.indexOfTopLevelItem(item)
        if column == 0 and item.text(0) != self._readings[row].text:
            self.changed.emit(row, item.text(0))

    def _chosen(self) -> None:
        self._show()
        self.set_plot(None)
        self.chosen.emit(self.row())

    def _show(self) -> None:
        row = self.row()
        one = self._readings[row] if 0 <= row < len(self._readings) else None
        self.why.setText("" if one is None else one.problem)
        self.why.setVisible(one is not None and bool(one.problem))
        self.why.setStyleSheet(f"color: {self._theme.error};")
        array = None if one is None or one.problem or one.value is None else np.asarray(one.value)
        shown = array is not None and array.ndim > 0 and array.dtype.kind in "biufc"
        if not shown and "picture" not in vars(self):
            return
        self.picture.setVisible(shown)
        self.picture.set_array(array if shown else None)

    def _choose_moment(self, x: float) -> None:
        if self._plot is not None and len(self._plot.playheads):
            at = int(np.abs(self._plot.playheads - x).argmin())
            self.go_to.emit(int(self._plot.playheads[at]))

    def _step(self, by: int) -> None:
        """Go to the plotted moment after the playhead (1), or the one before (-1)."""
        from ui.plots.lines import beside

        to = None if self._plot is None else beside(self._plot.playheads, self._playhead, by)
        if to is not None:
            self.go_to.emit(to)


def told(one: Reading) -> str:
    """Return a reading in a few words: the number, the shape of an array, or that there is none."""
    if one.problem:
        return "cannot be computed"
    if one.value is None:
        return "nothing here"
    value = (
        np.asarray(one.value) if isinstance(one.value, (np.ndarray, np.generic, float)) else None
    )
    if value is None or value.dtype.kind not in "biufc":
        return str(one.value)
    return (
        number(value.reshape(())[()]) if value.size == 1 else f"{value.dtype} {list(value.shape)}"
    )
