"""Which keys each command has: those of the table, or those that the person chose."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtGui import QKeySequence

from app.command import Command
from app.settings import Settings


class Keymap:
    """The keys of all commands; changes are kept in the settings."""

    def __init__(self, commands: Sequence[Command], settings: Settings) -> None:
        self._standard = {one.id: tuple(map(portable, one.keys)) for one in commands}
        self._settings = settings
        self._chosen = {
            id: keys
            for id, keys in settings.shortcuts().items()
            if id in self._standard and all(map(portable, keys))
        }

    def keys(self, id: str) -> tuple[str, ...]:
        """Return the keys of a command; KeyError if there is no such command."""
        standard = self._standard[id]
        return self._chosen.get(id, standard)

    def is_standard(self, id: str) -> bool:
        """Return whether a command has the keys that it came with."""
        return self.keys(id) == self._standard[id]

    def choose(self, id: str, keys: Sequence[str]) -> None:
        """Give a command these keys, and take them from whoever has them."""
        wanted = tuple(map(portable, keys))
        for other in self._standard:
            left = tuple(key for key in self.keys(other) if key not in wanted)
            if other != id and left != self.keys(other):
                self._set(other, left)
        self._set(id, wanted)
        self._settings.set_shortcuts(self._chosen)

    def reset(self, id: str = "") -> None:
        """Give a command the keys that it came with, or all of them."""
        if id:
            self.choose(id, self._standard[id])
        else:
            self._chosen = {}
            self._settings.set_shortcuts(self._chosen)

    def _set(self, id: str, keys: tuple[str, ...]) -> None:
        if keys == self._standard[id]:
            self._chosen.pop(id, None)
        else:
            self._chosen[id] = keys


def portable(key: str) -> str:
    """Return a key's name as settings keep it; "" if it names no key."""
    return QKeySequence(key).toString(QKeySequence.SequenceFormat.PortableText)


def native(keys: Sequence[str]) -> str:
    """Return keys as a person reads them on this machine: `Right or .`"""
    form = QKeySequence.SequenceFormat.NativeText
    return " or ".join(QKeySequence(key).toString(form) for key in keys)
