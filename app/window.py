"""The main window: notebook left, graph centre, inspector right, transport below."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QLabel,
    QMainWindow,
    QMenu,
    QSizePolicy,
    QTabWidget,
    QToolBar,
    QWidget,
)

from app.commands import COMMANDS, MENUS, tint_actions
from app.panels import Panels
from ui.busy import Busy
from ui.icons import app_icon
from ui.keyboard import give_keyboard, has_keyboard
from ui.notice import Notice
from ui.theme import Theme

_READABLE = 380  # points in which a list of differences or problems can be read
TOOLBAR = ("open", "save", "save_tape", "", "run", "run_all", "interrupt", "restart")


class Window(Panels):
    """Composes the panels; knows neither session nor kernel."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent)
        self.setObjectName("Window")
        self._places: QByteArray | None = None  # of the panels, for when the window is shown
        self.setWindowIcon(app_icon())
        self.setAcceptDrops(True)
        self.setDockOptions(
            QMainWindow.DockOption.AnimatedDocks
            | QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        self.toolbar = QToolBar("Toolbar", self)
        self.toolbar.setObjectName("Toolbar")
        self.toolbar.setMovable(False)
        self.toolbar.setIconSize(QSize(18, 18))
        self.toolbar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.addToolBar(self.toolbar)
        self.kernel_label = QLabel(self)
        self.tape_label = QLabel(self)
        self.busy = Busy(theme, self)
        self.statusBar().addPermanentWidget(self.busy)
        self.statusBar().addPermanentWidget(self.tape_label)
        self.statusBar().addPermanentWidget(self.kernel_label)
        self.statusBar().setSizeGripEnabled(False)
        self.notice = Notice(self, theme, over=self.graph, shelf=self.graph.shelf)
        self.recent_menu = QMenu("Open Recent", self)
        self.examples_menu = QMenu("Examples", self)
        self.actions_by_id: dict[str, QAction] = {}
        self.may_close: Callable[[], bool] = lambda: True
        self.closing: Callable[[], object] = lambda: None  # panels are still as they were left
        self.dropped: Callable[[str], object] = lambda path: None
        self._operations_placed = False
        self.docks["operations"].visibilityChanged.connect(self._place_operations)
        self.reset_layout()

    def set_actions(self, actions: Mapping[str, QAction]) -> None:
        """Fill menus and toolbar from the command table."""
        self.actions_by_id = dict(actions)
        tint_actions(self.actions_by_id, self._theme)
        menus = {name: self.menuBar().addMenu(f"&{name}") for name in MENUS}
        for command in COMMANDS:
            menu, action = menus[command.menu], actions[command.id]
            if command.separator:
                menu.addSeparator()
            if command.submenu:
                path = f"{command.menu}/{command.submenu}"
                if path not in menus:
                    menus[path] = menu.addMenu(command.submenu)
                menu = menus[path]
            menu.addAction(action)
            (self.graph if command.on_graph else self).addAction(action)
            if command.id == "open":
                menu.addMenu(self.recent_menu)
                menu.addMenu(self.examples_menu)
        for name, dock in self.docks.items():
            shown = dock.toggleViewAction()
            actions[f"panel_{name}"].setChecked(shown.isChecked())
            shown.toggled.connect(actions[f"panel_{name}"].setChecked)
        for name in TOOLBAR:
            if name:
                self.toolbar.addAction(actions[name])
            else:
                self.toolbar.addSeparator()
        spring = QWidget(self.toolbar)
        spring.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.toolbar.addWidget(spring)
        self.toolbar.addAction(actions["theme"])

    def set_theme(self, theme: Theme) -> None:
        """Take another theme; the application's style sheet is set by the caller."""
        super().set_theme(theme)
        self.notice.set_theme(theme)
        self.busy.set_theme(theme)
        tint_actions(self.actions_by_id, theme)

    def reset_layout(self) -> None:
        """Put every panel where it is at the first start."""
        areas = {
            "notebook": Qt.DockWidgetArea.LeftDockWidgetArea,
            "inspector": Qt.DockWidgetArea.RightDockWidgetArea,
            "transport": Qt.DockWidgetArea.BottomDockWidgetArea,
            "operations": Qt.DockWidgetArea.RightDockWidgetArea,
            "differences": Qt.DockWidgetArea.LeftDockWidgetArea,
            "console": Qt.DockWidgetArea.LeftDockWidgetArea,
            "lesson": Qt.DockWidgetArea.LeftDockWidgetArea,
            "problems": Qt.DockWidgetArea.RightDockWidgetArea,
            "breakpoints": Qt.DockWidgetArea.RightDockWidgetArea,
            "watches": Qt.DockWidgetArea.RightDockWidgetArea,
            "training": Qt.DockWidgetArea.RightDockWidgetArea,
        }
        for name, dock in self.docks.items():
            dock.setFloating(False)
            self.removeDockWidget(dock)
            self.addDockWidget(areas[name], dock)
            dock.setVisible(name in ("notebook", "inspector", "transport"))
        self._operations_placed = False
        width = max(self.width(), 1280)
        self.resizeDocks(
            [self.docks["notebook"], self.docks["inspector"]],
            [round(min(max(width * 0.31, 436), 640)), round(min(max(width * 0.2, 280), 420))],
            Qt.Orientation.Horizontal,
        )

    def restore(self, geometry: QByteArray, state: QByteArray) -> None:
        """Come back as the window was left; the first time, fill most of the screen."""
        restore_geometry(self, geometry)
        self.place_panels(state)

    def place_panels(self, state: QByteArray) -> None:
        """Put the panels where they were left, or where they are at the first start.

        In a window that is not shown yet, once it is: Qt keeps the places of one without a size
        beside its layout, and what happens to the layout in between ends the program.
        """
        if not self.isVisible():
            self._places = state
            self.reset_layout()
            return
        for placed in (True, False):
            if not state.isEmpty() and self.restoreState(state, int(placed)):
                self._operations_placed = placed
                return
        self.reset_layout()

    def state(self) -> QByteArray:
        """Return where the panels are; its version says whether the palette has a place yet."""
        return self.saveState(int(self._operations_placed))

    def show_differences(self) -> None:
        """Lay the list of differences over the notebook, wide enough to be read."""
        self._show_over("differences", "notebook")

    def show_problems(self) -> None:
        """Lay the list of problems over the inspector, wide enough to be read."""
        self._show_over("problems", "inspector")

    def show_breakpoints(self) -> None:
        """Lay the list of breakpoints over the inspector, wide enough to be read."""
        self._show_over("breakpoints", "inspector")

    def show_watches(self) -> None:
        """Lay the watches over the inspector, wide enough to be read."""
        self._show_over("watches", "inspector")

    def show_training(self) -> None:
        """Lay the plots over training over the inspector, wide enough to be read."""
        self._show_over("training", "inspector")

    def step_panel(self, by: int) -> None:
        """Move the keyboard to another visible panel; the graph is one of them."""
        panels = [dock.widget() for dock in self.docks.values() if dock.widget() is not None]
        panels.insert(1, self.graph)
        panels = [panel for panel in panels if not panel.visibleRegion().isEmpty()]
        here = next((n for n, panel in enumerate(panels) if has_keyboard(panel)), -(by > 0))
        for place in range(here + by, here + by * (len(panels) + 1), by):
            if give_keyboard(panels[place % len(panels)]):
                return

    def show_lesson(self) -> None:
        """Lay the lesson over the notebook, wide enough to be read."""
        self._show_over("lesson", "notebook")

    def show_console(self) -> None:
        """Show the console below the notebook, as high as a third of it."""
        dock, notebook = self.docks["console"], self.docks["notebook"]
        if not dock.isVisible() and not dock.isFloating():
            height = max(notebook.height(), 300)
            self.splitDockWidget(notebook, dock, Qt.Orientation.Vertical)
            dock.show()
            sizes = [height * 2 // 3, height // 3]
            self.resizeDocks([notebook, dock], sizes, Qt.Orientation.Vertical)
        dock.show()
        dock.raise_()

    def _show_over(self, name: str, other: str) -> None:
        dock = self.docks[name]
        if not dock.isVisible() and not dock.isFloating():
            self.tabifyDockWidget(self.docks[other], dock)
        dock.show()
        dock.raise_()
        if dock.width() < _READABLE and not dock.isFloating():
            self.resizeDocks([dock], [_READABLE], Qt.Orientation.Horizontal)

    def _place_operations(self, visible: bool) -> None:
        """Lay the palette over the inspector when it first appears; of the unseen Qt loses tabs."""
        if visible and not self._operations_placed:
            self._operations_placed = True
            self.tabifyDockWidget(self.docks["inspector"], self.docks["operations"])
            self.docks["operations"].raise_()

    def showEvent(self, event: QShowEvent) -> None:
        """Put the panels where they were left, and floating ones before the window."""
        super().showEvent(event)
        state, self._places = self._places, None
        if state is not None:
            self.place_panels(state)
        for dock in self.docks.values():
            if not event.spontaneous() and dock.isFloating() and not dock.isHidden():
                dock.hide()
                QTimer.singleShot(0, dock, dock.show)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the welcome page cover all but the bars."""
        super().resizeEvent(event)
        if self.made("welcome"):
            self.cover()

    def cover(self) -> None:
        """Let the welcome page cover all but the bars."""
        self.welcome.cover(self.toolbar.geometry().bottom() + 1, self.statusBar().height())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close only if nothing would be lost."""
        if self.may_close():
            self.closing()
            event.accept()
        else:
            event.ignore()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped files."""
        event.acceptProposedAction()
        self.activateWindow()
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.dropped(url.toLocalFile())


def restore_geometry(window: QWidget, geometry: QByteArray) -> None:
    """Let a window be where it was left; the first time, fill most of the screen."""
    if geometry.isEmpty() or not window.restoreGeometry(geometry):
        available = window.screen().availableGeometry()
        wished = QSize(1600, 1000)
        window.resize(wished.boundedTo(available.size()))
        # Smaller than wished: maximized, since the frame would push the edges off the screen.
        if available.width() <= wished.width() or available.height() <= wished.height():
            window.setWindowState(window.windowState() | Qt.WindowState.WindowMaximized)
