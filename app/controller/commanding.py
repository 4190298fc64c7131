"""The command palette and the table of shortcuts, over the one table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence

from app.commands import COMMANDS, set_keys
from app.controller.files import Files
from app.examples import examples
from app.keymap import Keymap, native
from app.settings import Settings
from app.window import Window
from ui.commands.entry import Entry
from ui.commands.shortcuts import Row, ShortcutDialog
from ui.notebook.keys import ALWAYS
from ui.theme import Theme


class Commanding(QObject):
    """Offers every command by its words, and lets a person change its keys."""

    def __init__(
        self, window: Window, files: Files, settings: Settings, theme: Callable[[], Theme]
    ) -> None:
        super().__init__(window)
        self._window, self._files, self._settings, self._theme = window, files, settings, theme
        self.keymap = Keymap(COMMANDS, settings)
        self.dialog: ShortcutDialog | None = None  # while it is open
        self._others: dict[str, Callable[[], object]] = {}  # files and examples by entry
        settings.shortcuts_changed.connect(self._show)
        window.palette_of_commands.chosen.connect(self._chosen)

    def handlers(self) -> Mapping[str, Callable[[], object]]:
        """Return what the commands do."""
        window = self._window
        panels = {
            f"panel_{name}": dock.toggleViewAction().trigger for name, dock in window.docks.items()
        }
        return {
            "palette": self.open_palette,
            "shortcuts": self.open_shortcuts,
            "next_panel": lambda: window.step_panel(1),
            "previous_panel": lambda: window.step_panel(-1),
            **panels,
        }

    def open_palette(self) -> None:
        """Offer all commands, recent files and examples."""
        actions = self._window.actions_by_id
        entries = [
            Entry(
                command.id, actions[command.id].text(), _menu(command.menu, command.submenu),
                native(self.keymap.keys(command.id)[:1]), command.tip,
                actions[command.id].isEnabled(),
                actions[command.id].isChecked() if command.checkable else None,
            )
            for command in COMMANDS
            if command.id != "palette"
        ]  # fmt: skip
        self._others = {}
        for path in self._settings.recent():
            self._others[f"file {path}"] = partial(self._files.open, path)
            entries.append(Entry(f"file {path}", path.name, "Open Recent", tip=str(path)))
        for example in examples():
            id = f"example {example.path.name}"
            self._others[id] = partial(self._files.open_example, example)
            entries.append(Entry(id, example.title, "Examples", tip=example.summary))
        self._window.palette_of_commands.open(entries)

    def open_shortcuts(self) -> None:
        """Show the table of all keys."""
        if self.dialog is None:
            self.dialog = ShortcutDialog(self._window, self._theme())
            self.dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            self.dialog.wished.connect(lambda id, keys: self.keymap.choose(id, keys))
            self.dialog.standard_wished.connect(lambda id: self.keymap.reset(id))
            self.dialog.destroyed.connect(self._closed)
            self.dialog.set_rows(self.rows())
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.search.setFocus()

    def rows(self) -> list[Row]:
        """Return the table of keys: those of the commands, then the notebook's own."""
        keymap = self.keymap
        rows = [
            Row(
                one.id, one.text.rstrip("…"), _menu(one.menu, one.submenu), keymap.keys(one.id),
                keymap.is_standard(one.id),
            )
            for one in COMMANDS
        ]  # fmt: skip
        for (key, modifiers), name in ALWAYS.items():
            text = QKeySequence(key | modifiers).toString()
            rows.append(Row("", name.replace("_", " ").capitalize(), "(notebook)", (text,)))
        return rows

    def set_theme(self, theme: Theme) -> None:
        """Show the table of keys in another theme."""
        if self.dialog is not None:
            self.dialog.set_theme(theme)

    def _chosen(self, id: str) -> None:
        action = self._window.actions_by_id.get(id)
        if action is not None:
            action.trigger()
        else:
            self._others[id]()

    def _show(self) -> None:
        self.keymap = Keymap(COMMANDS, self._settings)  # another tab may have changed it
        set_keys(self._window.actions_by_id, self.keymap)
        if self.dialog is not None:
            self.dialog.set_rows(self.rows())

    def _closed(self) -> None:
        self.dialog = None


def _menu(menu: str, submenu: str) -> str:
    return f"{menu} › {submenu}" if submenu else menu
