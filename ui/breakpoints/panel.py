"""The breakpoints as a list, and every place where the chosen one is hit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.tape.breakpoints import Breakpoint
from ui.fonts import mono_font
from ui.theme import SPACE, Theme

_ROWS = 8  # breakpoints that are seen without a scroll bar
_EMPTY = "No breakpoints. F9 sets one at the selected node or line; Ctrl+F9 asks for a condition."


class Place(NamedTuple):
    """One hit: the playhead just after it, where it is in words, and what was noted there."""

    playhead: int
    where: str
    note: str


class BreakpointsPanel(QWidget):
    """Says what a person wishes through its signals; shows only what it is given."""

    chosen = Signal(int)  # row: its hits are wished for
    toggled = Signal(int, bool)  # row, on
    edit_requested = Signal(int)
    removed = Signal(int)
    add_requested = Signal()
    go_to = Signal(int)  # playhead

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Breakpoints")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setMinimumWidth(240)
        self.sentence = QLabel(_EMPTY)
        self.sentence.setWordWrap(True)
        self.list = self._tree("Breakpoints", ("Where", "When"))
        self.list.itemSelectionChanged.connect(lambda: self._choose(self.list.currentItem()))
        self.list.itemChanged.connect(self._changed)
        self.list.itemDoubleClicked.connect(
            lambda item, _: self.edit_requested.emit(self._row(item))
        )
        self.hits = self._tree("Hits", ("Hit", "Noted"))
        self.hits.itemActivated.connect(self._go)
        self.hits.itemClicked.connect(self._go)
        header = self.hits.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.hits_title = QLabel()
        self.hits_title.setProperty("role", "dim")
        self.add, self.edit, self.remove = (
            QPushButton(text) for text in ("Break When…", "Edit…", "Remove")
        )
        self.add.clicked.connect(self.add_requested)
        self.edit.clicked.connect(lambda: self._with_current(self.edit_requested.emit))
        self.remove.clicked.connect(lambda: self._with_current(self.removed.emit))
        buttons = QHBoxLayout()
        for button in (self.add, self.edit, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.live = QCheckBox("Pause the program at them as it runs")
        below = QWidget()
        lower = QVBoxLayout(below)
        lower.setContentsMargins(0, SPACE["m"], 0, 0)
        lower.addWidget(self.hits_title)
        lower.addWidget(self.hits, 1)
        lower.addStretch(0)  # keeps the title at the top where no hits are
        self._split = split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.list)
        split.addWidget(below)
        split.setStretchFactor(1, 1)
        self._by_hand = False  # whether a person has moved the handle
        split.splitterMoved.connect(self._handle_moved)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        column.setSpacing(SPACE["m"])
        column.addWidget(self.sentence)
        column.addLayout(buttons)
        column.addWidget(self.live)
        column.addWidget(split, 1)
        self._places: list[Place] = []
        self.set_theme(theme)
        self.set_breakpoints((), ())

    def set_live_action(self, action: QAction) -> None:
        """Let the box tell, and trigger, whether a running program waits at breakpoints."""
        self.live.setToolTip(action.toolTip())
        self.live.clicked.connect(action.trigger)
        action.toggled.connect(self.live.setChecked)

    def set_breakpoints(self, points: Sequence[Breakpoint], where: Sequence[str]) -> None:
        """Show breakpoints with their places in words; the chosen row stays chosen."""
        before = self.row()
        # In place: a row must not go while it tells that its box was ticked.
        self.list.blockSignals(True)
        while self.list.topLevelItemCount() > len(points):
            self.list.takeTopLevelItem(self.list.topLevelItemCount() - 1)
        for row, (point, place) in enumerate(zip(points, where, strict=True)):
            item = self.list.topLevelItem(row) or QTreeWidgetItem(self.list)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            on = Qt.CheckState.Checked if point.enabled else Qt.CheckState.Unchecked
            item.setCheckState(0, on)
            for column, text in enumerate((place, words(point))):
                item.setText(column, text)
                item.setToolTip(column, text)
        self.list.blockSignals(False)
        self.sentence.setText(_EMPTY if not points else "")
        self.sentence.setVisible(not points)
        for widget in (self.edit, self.remove):
            widget.setEnabled(bool(points))
        self._fit_list(len(points))
        chosen = self.list.topLevelItem(min(max(before, 0), len(points) - 1))
        if chosen is not None:
            self.list.setCurrentItem(chosen)
            self._choose(chosen)
        else:
            self.set_hits((), "")

    def set_hits(self, places: Sequence[Place], title: str) -> None:
        """Show where the chosen breakpoint is hit; `title` says how often, or what is wrong.

        More places than before are added below those, which stay where they are.
        """
        known = len(self._places)
        if [*places[:known]] != self._places:
            self.hits.clear()
            known = 0
        self._places = list(places)
        self.hits_title.setText(title)
        for place in places[known:]:
            item = QTreeWidgetItem(self.hits, [place.where, place.note])
            item.setData(0, Qt.ItemDataRole.UserRole, place.playhead)
            item.setToolTip(0, place.where)
        self.hits.setVisible(bool(places))

    def _fit_list(self, rows: int) -> None:
        """Leave the room to the hits that the breakpoints do not take."""
        if not self._by_hand:
            line = self.list.sizeHintForRow(0) if rows else 24
            wanted = self.list.header().height() + (min(max(rows, 2), _ROWS) + 1) * line
            self._split.setSizes([wanted, max(self._split.height() - wanted, wanted)])

    def _handle_moved(self) -> None:
        self._by_hand = True

    def row(self) -> int:
        """Return the chosen row, or -1."""
        item = self.list.currentItem()
        return -1 if item is None else self._row(item)

    def set_theme(self, theme: Theme) -> None:
        for tree in (self.list, self.hits):
            tree.setFont(mono_font("small"))
        self.setStyleSheet(f"""
        BreakpointsPanel, QTreeWidget {{ background: {theme.panel}; border: none; }}
        QTreeWidget {{ color: {theme.text}; outline: none; }}
        QTreeWidget::item {{ padding: 3px 0; }}
        QTreeWidget::item:hover {{ background: {theme.hover}; }}
        QTreeWidget::item:selected {{ background: {theme.selection}; color: {theme.text}; }}
        QHeaderView, QHeaderView::section {{ background: {theme.panel}; color: {theme.text_dim};
            border: none; }}
        """)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Delete) and self.list.hasFocus():
            self._with_current(self.removed.emit)
        else:
            super().keyPressEvent(event)

    def _tree(self, name: str, columns: tuple[str, ...]) -> QTreeWidget:
        tree = QTreeWidget()
        tree.setAccessibleName(name)
        tree.setHeaderLabels(list(columns))
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = tree.header()
        header.setStretchLastSection(True)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 190)
        return tree

    def _row(self, item: QTreeWidgetItem) -> int:
        return self.list.indexOfTopLevelItem(item)

    def _choose(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.chosen.emit(self._row(item))

    def _changed(self, item: QTreeWidgetItem, column: int) -> None:
        if column == 0:
            on = item.checkState(0) == Qt.CheckState.Checked
            self.toggled.emit(self._row(item), on)

    def _go(self, item: QTreeWidgetItem) -> None:
        self.go_to.emit(int(item.data(0, Qt.ItemDataRole.UserRole)))

    def _with_current(self, do: Callable[[int], None]) -> None:
        if self.row() >= 0:
            do(self.row())


def words(point: Breakpoint) -> str:
    """Return what a breakpoint waits for, in a line."""
    parts = [point.condition or "always"]
    if point.skip:
        parts.append(f"after {point.skip} hit{'s' * (point.skip != 1)}")
    if point.log:
        parts.append(f"notes {point.log}")
    return ", ".join(parts)
