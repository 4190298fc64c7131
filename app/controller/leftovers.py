"""Recordings that a crash left behind: offered at the next start, opened or discarded."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject

from app.controller.files import Files
from app.kernel import folders
from app.window import Window
from engine.tape.storage.room import in_words


class Leftovers(QObject):
    """Finds the spools of windows that ended without removing them, and shows what is in them.

    An opened one belongs to this window: it is removed once it was saved elsewhere, and is offered
    again at the next start if it was not.
    """

    def __init__(self, files: Files, window: Window, base: Path | None = None) -> None:
        super().__init__(window)
        self._files, self._window, self._base = files, window, base
        self._opened: set[Path] = set()
        self._saved: set[Path] = set()
        files.tape_saved.connect(self._tape_saved)

    @property
    def opened(self) -> bool:
        """Return whether a recording that was left behind is shown, and not saved yet."""
        return bool(self._opened - self._saved)

    def offer(self) -> None:
        """Tell of the newest recording that was left behind, if there is one."""
        for tape in folders.leftover_tapes(self._base):
            if folders.holds_something(tape):
                self._window.notice.show_message(
                    _words(tape), stays=True,
                    action=("Open", partial(self.open, tape)),
                    other=("Discard", partial(self.discard, tape)),
                )  # fmt: skip
                return
            folders.remove_folder(tape.parent)

    def open(self, tape: Path) -> bool:
        """Show a recording as far as it goes; returns whether it could be."""
        claimed = folders.claim(tape)
        if claimed is None:
            self._window.notice.show_message("Another window has opened this recording.")
            return False
        self._opened.add(claimed)
        return self._files.open_recovered(claimed, f"Recording of {when(claimed)}")

    def discard(self, tape: Path) -> None:
        """Remove a recording, and offer the next."""
        claimed = folders.claim(tape)
        if claimed is not None:
            folders.remove_folder(claimed.parent)
        self.offer()

    def close(self) -> None:
        """Remove what was opened and then saved; the window has let go of it."""
        for tape in self._saved:
            folders.remove_folder(tape.parent)

    def _tape_saved(self, file: str) -> None:
        self._saved |= {tape for tape in self._opened if str(tape) == file}


def _words(tape: Path) -> str:
    count = tape.stat().st_size
    size = f" ({in_words(count)})" if count >= 1e6 else ""
    return f"Unsaved recording{size} of {when(tape)}, up to the moment at which Tapedeck ended."


def when(tape: Path) -> str:
    return f"{datetime.fromtimestamp(tape.stat().st_mtime):%d %B, %H:%M}"
