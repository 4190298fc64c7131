"""The canvas with a bar above it that chooses among the tape's graphs."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.graph.canvas import GraphCanvas
from ui.graph.choice import Brief, GroupChoice, LensChoice
from ui.graph.chooser import GraphChooser
from ui.graph.crumbs import Crumbs
from ui.graph.filterchip import FilterChip
from ui.graph.finder import Finder
from ui.graph.focusbar import FocusBar
from ui.graph.legend import LegendView
from ui.graph.matches import Matches
from ui.graph.minimap import Minimap
from ui.graph.model import GraphInfo, Graphs
from ui.graph.offences import Offences
from ui.graph.pinmarks import PinMarks
from ui.graph.stops import Stops
from ui.icons import icon
from ui.theme import SPACE, Theme


class GraphPane(QWidget):
    """Canvas and bar; the bar says which graph is shown and lets another be chosen."""

    graph_chosen = Signal(int)  # GraphInfo.number

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = GraphCanvas(theme, self)
        self.matches = Matches()
        self.stops = Stops()
        self.pin_marks = PinMarks()
        self.offences = Offences()
        for layer in (self.pin_marks, self.matches, self.stops, self.offences):
            self.canvas.add_layer(layer)
        self.minimap = Minimap(self.canvas, self.matches, theme)
        self.finder = Finder(theme, self.canvas)
        self.filter_chip = FilterChip(theme, self.canvas)
        self.legend = LegendView(theme, self)
        self.focus_bar = FocusBar(theme, self)
        self._bar = QWidget(self)
        self._bar.setObjectName("CanvasBar")
        self._bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._choice = GraphChooser(self._bar)
        self._choice.graph_chosen.connect(self.graph_chosen)
        self.lens = LensChoice(self._bar)
        self.grouping = GroupChoice(self._bar)
        self.crumbs = Crumbs(theme, self.canvas)
        self._detail = Brief(self._bar)
        self._detail.setProperty("role", "dim")
        self._buttons = {
            name: self._button(name, tip, slot)
            for name, tip, slot in (
                ("zoom_out", "Zoom out", lambda: self.canvas.zoom_by(1 / 1.25)),
                ("zoom_in", "Zoom in", lambda: self.canvas.zoom_by(1.25)),
                ("fit", "Show the whole graph (F)", self.canvas.fit),
            )
        }
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["m"], SPACE["s"])
        row.setSpacing(SPACE["s"])
        row.addWidget(self._choice)
        row.addWidget(self.grouping)
        row.addWidget(self._detail, 1)
        row.addWidget(self.lens)
        for button in self._buttons.values():
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._bar)
        self.shelf = QVBoxLayout()  # for what is said above the canvas
        column.addLayout(self.shelf)
        column.addWidget(self.focus_bar)
        column.addWidget(self.canvas, 1)
        column.addWidget(self.legend)
        for choice in (self._choice, self.lens, self.grouping):
            choice.resized.connect(self._fit_bar)
        self.set_theme(theme)
        self.set_graphs(None, None)

    def set_theme(self, theme: Theme) -> None:
        """Take another theme."""
        floating = (self.minimap, self.finder, self.filter_chip, self.crumbs)
        for part in (self.canvas, *floating, self.focus_bar, self.legend):
            part.set_theme(theme)
        for choice in (self._choice, self.lens, self.grouping):
            choice.colour = theme.text_dim
        for name, button in self._buttons.items():
            button.setIcon(icon(name, theme.text_dim))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_bar()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape on the graph, where it has nothing else to end, ends the search."""
        if event.key() == Qt.Key.Key_Escape and self.finder.isVisible():
            self.finder.closed.emit(False)
        else:
            super().keyPressEvent(event)

    def _fit_bar(self) -> None:
        """In a narrow bar zooming is left to the wheel and the keys."""
        parts = (self._choice, self.grouping, self.lens, *self._buttons.values())
        zooming = [self._buttons[name] for name in ("zoom_out", "zoom_in")]
        taken = [p.sizeHint().width() for p in parts if p in zooming or not p.isHidden()]
        room = self.width() - 2 * SPACE["m"] - len(taken) * SPACE["s"]
        for button in zooming:
            button.setVisible(sum(taken) <= room)

    def settle(self) -> None:
        """Give the canvas the room that the bars leave, at once."""
        column = self.layout()
        assert column is not None
        column.activate()

    def set_graphs(self, graphs: Graphs | None, shown: GraphInfo | None) -> None:
        """List the graphs and mark the shown one."""
        self._choice.set_graphs(graphs, shown)
        self._detail.say("" if shown is None or not graphs else shown.detail)

    def _button(self, name: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton(self._bar)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        return button
