"""The panels around the graph, in docks; those that a first start does not show are made later."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QMainWindow, QWidget

from ui.dock import Dock
from ui.graph.pane import GraphPane
from ui.inspector.inspector import Inspector
from ui.notebook.view import NotebookView
from ui.theme import Theme
from ui.transport.transport import Transport

if TYPE_CHECKING:  # what is made later is imported then
    from ui.breakpoints.panel import BreakpointsPanel
    from ui.commands.palette import CommandPalette
    from ui.compare.panel import DifferencesPanel
    from ui.lesson.panel import LessonPanel
    from ui.notebook.console import Console
    from ui.palette.panel import OperationPalette
    from ui.problems.panel import ProblemsPanel
    from ui.training.panel import TrainingPanel
    from ui.watches.panel import WatchesPanel
    from ui.welcome.page import WelcomePage

_NARROWEST = 220  # points of the notebook, in which its buttons can be read
_TITLES = {
    "notebook": "Notebook", "inspector": "Inspector", "transport": "Transport",
    "operations": "Operations", "console": "Console", "lesson": "Lesson",
    "differences": "Differences", "problems": "Problems", "breakpoints": "Breakpoints",
    "watches": "Watches", "training": "Over Training",
}  # fmt: skip
#: What is made when it is first asked for: panels of docks, and pages over the window.
LATER = (
    "console", "lesson", "operations", "differences", "problems", "breakpoints", "watches",
    "training", "welcome", "palette_of_commands",
)  # fmt: skip

Panel = TypeVar("Panel", bound=QWidget)


class Panels(QMainWindow):
    """A window that has a dock for every panel, and makes a panel when it is first asked for."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        if parent is not None:  # a QMainWindow would be a window of its own even so
            self.setWindowFlags(Qt.WindowType.Widget)
        self._theme = theme
        self._shares: dict[Dock, QSize] = {}  # what docks wish for at 100 %
        #: Called before an empty dock is shown; makes the panels and what serves them.
        self.complete: Callable[[], object] = self.make_all
        self.notebook = NotebookView(theme=theme)
        self.notebook.setMinimumWidth(_NARROWEST)
        self.graph = GraphPane(theme)
        self.inspector = Inspector(theme)
        self.transport = Transport(theme)
        self.docks = {
            name: Dock(f"{name.title()}Dock", title, self) for name, title in _TITLES.items()
        }
        self.setCentralWidget(self.graph)
        for name in ("notebook", "inspector", "transport"):
            self._dock(name, getattr(self, name))
        for dock in self.docks.values():
            dock.empty_shown.connect(lambda: self.complete())

    @cached_property
    def console(self) -> Console:
        from ui.notebook.console import Console

        return self._dock("console", Console(self._theme))

    @cached_property
    def lesson(self) -> LessonPanel:
        from ui.lesson.panel import LessonPanel

        return self._dock("lesson", LessonPanel(self._theme))

    @cached_property
    def operations(self) -> OperationPalette:
        from ui.palette.panel import OperationPalette

        return self._dock("operations", OperationPalette(self._theme))

    @cached_property
    def differences(self) -> DifferencesPanel:
        from ui.compare.panel import DifferencesPanel

        return self._dock("differences", DifferencesPanel(self._theme))

    @cached_property
    def problems(self) -> ProblemsPanel:
        from ui.problems.panel import ProblemsPanel

        return self._dock("problems", ProblemsPanel(self._theme))

    @cached_property
    def breakpoints(self) -> BreakpointsPanel:
        from ui.breakpoints.panel import BreakpointsPanel

        return self._dock("breakpoints", BreakpointsPanel(self._theme))

    @cached_property
    def watches(self) -> WatchesPanel:
        from ui.watches.panel import WatchesPanel

        return self._dock("watches", WatchesPanel(self._theme))

    @cached_property
    def training(self) -> TrainingPanel:
        from ui.training.panel import TrainingPanel

        return self._dock("training", TrainingPanel(self._theme))

    @cached_property
    def welcome(self) -> WelcomePage:
        from ui.welcome.page import WelcomePage

        return WelcomePage(self._theme, self)

    @cached_property
    def palette_of_commands(self) -> CommandPalette:
        from ui.commands.palette import CommandPalette

        return CommandPalette(self, self._theme)

    def made(self, name: str) -> bool:
        """Return whether a panel of LATER is there."""
        return name in vars(self)

    def make_all(self) -> None:
        """Make what is not there yet."""
        for name in LATER:
            getattr(self, name)

    @contextlib.contextmanager
    def kept_shares(self, before: int, after: int) -> Iterator[None]:
        """Give the docks their shares of the window again, which is zoomed from `before` per cent.

        What had no room at one zoom has its old size at the next, unless one was dragged meanwhile.
        """
        docks = [one for one in self.docks.values() if one.isVisible() and not one.isFloating()]
        whole = {one: one.size() * (before / 100) for one in docks}
        self._shares = whole = {one: self._shares.get(one, size) for one, size in whole.items()}
        yield
        lengths = [whole[one] * (100 / after) for one in docks]
        self.resizeDocks(docks, [one.width() for one in lengths], Qt.Orientation.Horizontal)
        self.resizeDocks(docks, [one.height() for one in lengths], Qt.Orientation.Vertical)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Forget the shares when a border between docks is dragged; all else is a child's."""
        super().mousePressEvent(event)
        self._shares = {}

    def set_theme(self, theme: Theme) -> None:
        """Show docks and panels in another theme."""
        self._theme = theme
        for name in ("notebook", "graph", "inspector", "transport", *filter(self.made, LATER)):
            getattr(self, name).set_theme(theme)
        for dock in self.docks.values():
            dock.set_theme(theme)

    def _dock(self, name: str, panel: Panel) -> Panel:
        self.docks[name].hold(panel, self._theme)
        return panel
