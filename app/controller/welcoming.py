"""Between the welcome page, the recent files and the examples."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject

from app.controller.files import Files
from app.examples import examples
from app.settings import Settings
from app.window import Window
from ui.welcome.page import Sample


class Welcoming(QObject):
    """Shows the page until a document is opened."""

    def __init__(self, window: Window, files: Files, settings: Settings) -> None:
        super().__init__(window)
        self._page, self._window = window.welcome, window
        self._files, self._settings = files, settings
        page = self._page
        page.new_wished.connect(files.new)
        page.open_wished.connect(files.open_dialog)
        page.file_chosen.connect(lambda name: files.open(Path(name)))
        page.sample_chosen.connect(lambda number: files.open_example(examples()[number]))
        page.closed.connect(self.close)
        files.recent_changed.connect(self._fill)

    def open(self) -> None:
        """Show the page."""
        if not self._page.cards:
            self._page.set_samples(
                [Sample(one.title, one.summary, one.pictures()) for one in examples()]
            )
        self._page.set_files(self._settings.recent())
        self._window.cover()
        self._page.open_page()

    def close(self) -> None:
        """Show the document that is behind it."""
        if self._page.isVisibleTo(self._window):
            self._page.hide()
            self._window.notebook.setFocus()

    def _fill(self) -> None:
        if not self._page.isHidden():
            self._page.set_files(self._settings.recent())
