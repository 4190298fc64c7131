"""What the person has chosen and how the window was left: one typed schema over QSettings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSettings, QStandardPaths

from app.kernel.messages import KEEP_MEGABYTES

LEAST_GB, MOST_GB = 0.1, 10_000.0


@dataclass(slots=True)
class Preferences:
    """The settings with their defaults."""

    theme: str = "dark"  # "dark", "light"
    speed: float = 4.0  # events per second of the transport
    animate: bool = True  # False: reduced motion
    stop_on_error: bool = False  # Run All ends at the first cell that raises
    follow: bool = True  # the canvas follows the playhead to its graph
    left_to_right: bool = False  # how graphs run; False: top-down
    minimap: bool = True  # a map of the graph while part of it is out of sight
    keep_gb: float = KEEP_MEGABYTES / 1000  # of arrays that a recording holds whole
    ask_trust: bool = True  # before code from elsewhere is run
    memory_gb: float = 0.0  # of data that the code may hold; 0: no limit
    flow: bool = False  # crossed edges show the size of their cotangents


class Settings:
    """Preferences, recent files and window state, kept in one INI file."""

    MAX_RECENT = 10
    MAX_TRUSTED = 1000

    def __init__(self, path: Path | None = None) -> None:
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
            try:
                value = str(text) == "true" if isinstance(default, bool) else type(default)(text)
            except ValueError:
                continue
            setattr(loaded, field.name, value)
        if loaded.theme not in ("dark", "light"):
            loaded.theme = Preferences().theme
        loaded.speed = min(max(loaded.speed, 0.25), 1000.0)
        loaded.memory_gb = min(max(loaded.memory_gb, 0.0), MOST_GB)
        loaded.keep_gb = min(max(loaded.keep_gb, LEAST_GB), MOST_GB)
        return loaded

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
