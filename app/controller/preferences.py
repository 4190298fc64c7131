"""Between the settings, their dialog, and all that follows them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import partial

from PySide6.QtCore import QObject, Qt, Signal

from app.controller.graph import GraphBinding
from app.preferences import ZOOMS, Preferences, setting
from app.runs import Runs
from app.settings import Settings
from app.window import Window
from ui import zooming
from ui.settings.dialog import Option, SettingsDialog
from ui.style import dress
from ui.theme import load

#: Commands that switch a preference and show it.
SWITCHES = ("follow", "animate", "stop_on_error", "minimap", "left_to_right")


class PreferencesBinding(QObject):
    """Applies what is chosen at once, wherever it was chosen."""

    applied = Signal(str)  # name of the preference
    restart_wished = Signal()

    def __init__(self, settings: Settings, window: Window, graph: GraphBinding, runs: Runs) -> None:
        super().__init__(window)
        self._settings, self._window, self._graph, self._runs = settings, window, graph, runs
        self.dialog: SettingsDialog | None = None  # while it is open
        settings.changed.connect(self._apply)
        self._apply_motion()
        self._apply_minimap()
        self._apply_memory()

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            **{name: partial(self._switch, name) for name in SWITCHES},
            "theme": self._switch_theme,
            "settings": self.open,
            "keep": lambda: self.open("keep_gb"),
            "memory": lambda: self.open("memory_gb"),
            "larger": lambda: self._zoom(1),
            "smaller": lambda: self._zoom(-1),
            "normal_size": lambda: self._choose_zoom(100),
        }

    def open(self, name: str = "") -> None:
        """Show the settings, with the keyboard in the field of one of them."""
        if self.dialog is None:
            self.dialog = SettingsDialog(
                self._window, load(self._settings.preferences.theme), self._choices()
            )
            self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.dialog.changed.connect(self._settings.choose)
            self.dialog.defaults_wished.connect(self._settings.restore_defaults)
            self.dialog.restart_wished.connect(self.restart_wished)
            self.dialog.destroyed.connect(self._closed)
        self.dialog.show()
        self.dialog.raise_()
        if name:
            self.dialog.fields[name].setFocus(Qt.FocusReason.OtherFocusReason)

    def show_theme(self) -> None:
        """Show everything in the chosen theme."""
        theme = load(self._settings.preferences.theme)
        dress(theme)
        self._window.set_theme(theme)
        if self.dialog is not None:
            self.dialog.set_theme(theme)

    def _choices(self) -> list[Option]:
        shown = [(one.name, setting(one.name)) for one in fields(Preferences)]
        return [
            Option(
                name, one.title, one.section, getattr(self._settings.preferences, name), one.tip,
                one.choices, one.least or 0.0, one.most or 0.0, one.step, one.unit, one.at_start,
            )
            for name, one in shown
            if one.title
        ]  # fmt: skip

    def _switch(self, name: str) -> None:
        self._settings.choose(name, not getattr(self._settings.preferences, name))

    def _switch_theme(self) -> None:
        light = self._settings.preferences.theme == "light"
        self._settings.choose("theme", "dark" if light else "light")

    def _zoom(self, by: int) -> None:
        now = self._settings.preferences.zoom
        others = [zoom for zoom in ZOOMS if (zoom - now) * by > 0]
        if others:
            self._choose_zoom(min(others) if by > 0 else max(others))

    def _choose_zoom(self, zoom: int) -> None:
        self._settings.choose("zoom", zoom)
        if zooming.shown() == zoom:
            self._window.notice.show_message(f"Everything is shown at {zoom} %.")
            return
        self._window.notice.show_message(
            f"Everything is shown at {zoom} % from the next start on.",
            action=("Restart Now", self.restart_wished.emit),
        )

    def _apply(self, name: str) -> None:
        if self.dialog is not None and name in self.dialog.fields:
            self.dialog.set_value(name, getattr(self._settings.preferences, name))
        effects: dict[str, Callable[[], object]] = {
            "theme": self.show_theme,
            "zoom": self._apply_zoom,
            "animate": self._apply_motion,
            "minimap": self._apply_minimap,
            "left_to_right": self._graph.turn,
            "keep_gb": self._apply_memory,
            "memory_gb": self._apply_memory,
        }
        if name in effects:
            effects[name]()
        self.applied.emit(name)

    def _apply_zoom(self) -> None:
        """Zoom all windows, from the one in front; what was drawn as pixels is drawn anew."""
        zoom, before = self._settings.preferences.zoom, zooming.shown()
        if zoom == before or not self._window.isVisible():
            return
        with self._window.kept_shares(before, zoom):
            zooming.zoom_to(zoom)
        self._window.set_theme(load(self._settings.preferences.theme))

    def _apply_motion(self) -> None:
        animate = self._settings.preferences.animate
        self._window.graph.canvas.set_reduced_motion(not animate)
        self._window.setAnimated(animate)

    def _apply_minimap(self) -> None:
        self._window.graph.minimap.set_wanted(self._settings.preferences.minimap)

    def _apply_memory(self) -> None:
        kernel, preferences = self._runs.kernel, self._settings.preferences
        kernel.keep = 1000 * preferences.keep_gb
        kernel.memory = 1000 * preferences.memory_gb

    def _closed(self) -> None:
        self.dialog = None
