"""The documents that are open: a controller in each tab, and what is kept of them for next time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QByteArray, QObject, QTimer, Signal

from app.controller import Controller
from app.controller.files import Files
from app.examples import examples
from app.settings import Left, Settings
from app.window import Window, restore_geometry
from engine.tape.storage.atomic import remove_stale
from ui.icons import app_icon
from ui.tabs import Tabs
from ui.theme import load


class Workspace(QObject):
    """One window with a tab per document; each has a kernel and a recording of its own.

    Call `close` when the window has closed.
    """

    restart_wished = Signal()

    def __init__(self, settings: Settings, later: bool = False) -> None:
        """later: leave to calls of `advance` what the first picture does not need."""
        super().__init__()
        self.settings = settings
        self.tabs = Tabs(load(settings.preferences.theme))
        settings.changed.connect(self._apply)
        self.tabs.setWindowIcon(app_icon())
        self.tabs.may_close = self._may_close
        self.tabs.close_wished.connect(self.close_tab)
        self._controllers: dict[Window, Controller] = {}
        self._given_up: set[Controller] = set()  # whose changes are lost when the window closes
        self._then: Callable[[], object] = lambda: None  # when it has closed
        restore_geometry(self.tabs, settings.window()[0])
        first = self.add(later).window
        # Once more when it is on screen: a window manager may have given it another size.
        QTimer.singleShot(0, first, lambda: first.place_panels(settings.window()[1]))

    # --- tabs

    def controllers(self) -> list[Controller]:
        """Return the controllers in the order of their tabs."""
        return [self._at(place) for place in range(self.tabs.count())]

    def current(self) -> Controller:
        """Return the controller whose tab is shown."""
        return self._at(self.tabs.current())

    def advance(self) -> bool:
        """Build a piece of what is not there yet; returns whether there was one."""
        return any(controller.advance() for controller in self._controllers.values())

    def add(self, later: bool = False) -> Controller:
        """Show a new tab with an empty notebook; later: as in `__init__`."""
        if self.tabs.count():
            self.settings.set_window(self.tabs.saveGeometry(), self.current().window.state())
        controller = Controller(self.settings, self.tabs.pages, later)
        self._controllers[controller.window] = controller
        controller.files.elsewhere = lambda path: self._files_for(controller, path)
        controller.tab_wished.connect(self._wished)
        controller.preferences.restart_wished.connect(self.restart_wished)
        self.tabs.show_page(self.tabs.add(controller.window))
        controller.window.place_panels(self.settings.window()[1])  # it has its size only now
        return controller

    def close_tab(self, place: int) -> None:
        """Close a tab when nothing is lost by it; the last one makes room for the welcome page."""
        controller = self._at(place)
        if controller.session.dirty:
            self._bring(controller)
        controller.files.leaving.before(lambda: self._close(controller))

    def _close(self, controller: Controller) -> None:
        if self.tabs.count() == 1:
            self.add().show_welcome()
        self._end(self.controllers().index(controller))

    def step(self, by: int) -> None:
        """Show the next tab, after the last the first."""
        self.tabs.show_page((self.tabs.current() + by) % self.tabs.count())

    def _wished(self, what: str) -> None:
        if what == "new":
            self.add().show_welcome()
        elif what == "close":
            self.close_tab(self.tabs.current())
        else:
            self.step(1 if what == "next" else -1)

    def _files_for(self, asking: Controller, path: Path | None) -> Files | None:
        """Return who opens a file (None: something new): who has it open, who is unused, a new one.

        None means the one who asks.
        """
        for controller in self.controllers():
            if path is not None and controller.files.shown == path.absolute():
                self._bring(controller)
                return controller.files
        return None if asking.is_unused() else self.add().files

    def _apply(self, name: str) -> None:
        if name == "theme":
            self.tabs.set_theme(load(self.settings.preferences.theme))

    def _bring(self, controller: Controller) -> None:
        self.tabs.show_page(self.controllers().index(controller))

    def _at(self, place: int) -> Controller:
        page = self.tabs.page(place)
        assert isinstance(page, Window)
        return self._controllers[page]

    def _end(self, place: int) -> None:
        page = self.tabs.take(place)
        assert isinstance(page, Window)
        controller = self._controllers.pop(page)
        controller.close()
        page.setParent(None)
        page.deleteLater()
        controller.deleteLater()

    # --- start and end

    def open(self, path: Path | None) -> None:
        """Open a file; without one, what the settings say: the last session, an example, or none.

        Nothing but an example of ours is run.
        """
        for known in self.settings.recent():
            remove_stale(known)  # what a crash in the middle of saving left
        first, start = self.current(), self.settings.preferences.start
        if path is not None:
            if not first.files.open(path):
                first.files.new()
        elif start == "session" and self._restore():
            pass
        elif start == "welcome":
            first.show_welcome()
        else:
            first.files.open_example(examples()[0])

    def _restore(self) -> bool:
        """Open what was open when the window closed; returns whether anything could be."""
        left, shown = self.settings.session()
        opened: list[Controller] = []
        chosen: Controller | None = None
        for number, one in enumerate(left):
            if not one.path.is_file() or not self.current().files.open(one.path):
                continue
            controller = self.current()
            opened.append(controller)
            controller.files.when_shown(partial(controller.session.set_playhead, one.playhead))
            if number == shown:
                chosen = controller
        if chosen is not None:
            self._bring(chosen)
        return bool(opened)

    def quit(self, then: Callable[[], object] = lambda: None) -> None:
        """Close the window and call `then`, unless the person stays for what is unsaved."""
        self._then = then
        self.tabs.close()

    def _may_close(self) -> bool:
        """Keep what is open for next time; False where a document would lose something.

        The person is asked about one after the other, and the window closes after the last answer.
        """
        for controller in self.controllers():
            if controller.session.dirty and controller not in self._given_up:
                self._bring(controller)
                controller.files.leaving.before(partial(self._give_up, controller), self._stay)
                return False
        self._keep_session()
        self._then()
        return True

    def _give_up(self, controller: Controller) -> None:
        self._given_up.add(controller)
        self.tabs.close()

    def _stay(self) -> None:
        self._given_up.clear()
        self._then = lambda: None

    def _keep_session(self) -> None:
        left = [
            Left(controller.files.shown, controller.session.playhead)
            for controller in self.controllers()
            if controller.files.shown is not None
        ]
        current = self.current()
        shown = next((n for n, one in enumerate(left) if one.path == current.files.shown), 0)
        self.settings.set_session(left, shown)
        self.settings.set_window(self._geometry(), current.window.state())

    def _geometry(self) -> QByteArray:
        return self.tabs.saveGeometry()

    def close(self) -> None:
        """End all kernels and threads."""
        while self.tabs.count():
            self._end(0)
        self.tabs.deleteLater()
