"""What the person has chosen and how the window was left, kept in one INI file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from PySide6.QtCore import QByteArray, QObject, QSettings, QStandardPaths, Signal

from app.preferences import Preferences, parsed, setting


class Left(NamedTuple):
    """A file that was open when the window closed, and where its playhead was."""

    path: Path
    playhead: int


class Settings(QObject):
    """Preferences, recent files, keys and window state."""

    changed = Signal(str)  # name of a preference
    shortcuts_changed = Signal()

    MAX_RECENT = 10
    MAX_TRUSTED = 1000
    MAX_NOTED = 300

    def __init__(self, path: Path | None = None) -> None:
        super().__init__()
        if path is None:
            where = QStandardPaths.StandardLocation.AppConfigLocation
            path = Path(QStandardPaths.writableLocation(where)) / "tapedeck.ini"
        #: Where else this person's files of ours are kept.
        self.folder = path.parent
        self._store = QSettings(str(path), QSettings.Format.IniFormat)
        self.preferences = self._load()

    def _load(self) -> Preferences:
        """Read the preferences; a value that is not of its type counts as absent."""
        loaded = Preferences()
        for field in fields(Preferences):
            default = getattr(loaded, field.name)
            text = self._store.value(f"preferences/{field.name}")
            if text is None:
                continue
            setattr(loaded, field.name, parsed(str(text), field.name, default))
        return loaded

    def choose(self, name: str, value: Any) -> None:
        """Set a preference, within its limits, and keep it."""
        value = setting(name).admitted(value, getattr(Preferences(), name))
        if value != getattr(self.preferences, name):
            setattr(self.preferences, name, value)
            self.save()
            self.changed.emit(name)

    def restore_defaults(self) -> None:
        """Set every preference that the dialog shows to its default."""
        for field in fields(Preferences):
            if setting(field.name).title:
                self.choose(field.name, getattr(Preferences(), field.name))

    def save(self) -> None:
        """Write the preferences."""
        for field in fields(Preferences):
            value = getattr(self.preferences, field.name)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            self._store.setValue(f"preferences/{field.name}", text)
        self._store.sync()

    def recent(self) -> list[Path]:
        """Return the files opened last, newest first, those that still exist."""
        texts: Any = self._store.value("recent", [], list)
        return [path for path in (Path(str(text)) for text in texts) if path.exists()]

    def add_recent(self, path: Path) -> None:
        """Put `path` on top of the recent files."""
        path = path.absolute()
        others = [other for other in self.recent() if other != path]
        self._store.setValue("recent", [str(p) for p in [path, *others][: self.MAX_RECENT]])

    def session(self) -> tuple[list[Left], int]:
        """Return what was open when the window closed, and which of it was shown."""
        count = self._store.beginReadArray("session")
        left = []
        for number in range(count):
            self._store.setArrayIndex(number)
            at = str(self._store.value("playhead", "0"))
            path = Path(str(self._store.value("path", "")))
            left.append(Left(path, int(at) if at.isdigit() else 0))
        self._store.endArray()
        shown = str(self._store.value("shown", "0"))
        return left, int(shown) if shown.isdigit() else 0

    def set_session(self, left: Sequence[Left], shown: int) -> None:
        """Keep what is open, and which of it is shown."""
        self._store.remove("session")
        self._store.beginWriteArray("session", len(left))
        for number, one in enumerate(left):
            self._store.setArrayIndex(number)
            self._store.setValue("path", str(one.path))
            self._store.setValue("playhead", str(one.playhead))
        self._store.endArray()
        self._store.setValue("shown", str(shown))
        self._store.sync()

    def notes(self, path: Path) -> Any:
        """Return what was kept for a file (see `app.notes`), None for nothing."""
        try:
            return json.loads(str(self._store.value(_noted(path), "null")))
        except (ValueError, RecursionError):
            return None

    def set_notes(self, path: Path, notes: Mapping[str, Any]) -> None:
        """Keep notes for a file; those of files that had none for long go."""
        key = _noted(path)
        others = [other for other in map(str, self._list("noted")) if other != key]
        for old in others[self.MAX_NOTED - 1 :]:
            self._store.remove(old)
        self._store.setValue("noted", [key, *others][: self.MAX_NOTED])
        self._store.setValue(key, json.dumps(notes))

    def shortcuts(self) -> dict[str, tuple[str, ...]]:
        """Return the keys that the person chose, by command."""
        self._store.beginGroup("shortcuts")
        texts = {id: str(self._store.value(id)) for id in self._store.childKeys()}
        self._store.endGroup()
        return {id: tuple(text.split()) for id, text in texts.items()}

    def set_shortcuts(self, chosen: Mapping[str, Sequence[str]]) -> None:
        """Keep the keys that the person chose instead of the standard ones."""
        self._store.remove("shortcuts")
        for id, keys in chosen.items():
            self._store.setValue(f"shortcuts/{id}", " ".join(keys))
        self._store.sync()
        self.shortcuts_changed.emit()

    def trusted(self) -> list[str]:
        """Return the digests of the code that the person has trusted, newest first."""
        return [str(text) for text in self._list("trusted")]

    def add_trusted(self, digest: str) -> None:
        """Remember that the person trusts the code with this digest."""
        others = [other for other in self.trusted() if other != digest]
        self._store.setValue("trusted", [digest, *others][: self.MAX_TRUSTED])

    def _list(self, name: str) -> list[Any]:
        value: Any = self._store.value(name, [])  # a list of one comes back as a text
        return value if isinstance(value, list) else [value]

    def window(self) -> tuple[QByteArray, QByteArray]:
        """Return geometry and dock state as the window was left; empty at the first start."""
        empty = QByteArray()
        return (
            QByteArray(self._store.value("window/geometry", empty)),  # type: ignore[call-overload]
            QByteArray(self._store.value("window/state", empty)),  # type: ignore[call-overload]
        )

    def set_window(self, geometry: QByteArray, state: QByteArray) -> None:
        """Keep geometry and dock state for the next start."""
        self._store.setValue("window/geometry", geometry)
        self._store.setValue("window/state", state)
        self._store.sync()


def _noted(path: Path) -> str:
    """Return the key under which a file's notes are."""
    return f"notes/{hashlib.sha256(str(path.absolute()).encode()).hexdigest()[:32]}"
