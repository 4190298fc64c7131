"""Keeps the person's work: from a crash, from other programs, and from code of others."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.controller.files import Files
from app.controller.leftovers import Leftovers
from app.controller.recovering import Recovering
from app.controller.trusting import Trusting
from app.controller.watching import Watching
from app.runs import Runs
from app.session import Session
from app.settings import Settings
from app.window import Window


class Keeping(QObject):
    """Puts recovery, trust and the watch on the file together; decides what is offered first."""

    def __init__(
        self, session: Session, runs: Runs, window: Window, files: Files, settings: Settings
    ) -> None:
        super().__init__(window)
        self.leftovers = Leftovers(files, window)
        self.recovering = Recovering(session, runs, window, files, settings.folder / "recovery")
        self.watching = Watching(session, window)
        self.trusting = Trusting(session, runs, window.notebook.trust, settings)
        files.may_overwrite = self.watching.may_overwrite
        self.watching.save = files.save

    def offer(self) -> None:
        """Tell of unsaved work, then of recordings, that a crash left behind."""
        self.recovering.offer(self.leftovers.offer)

    def close(self) -> None:
        """End what watches, and give up what was not saved."""
        self.recovering.close()
        self.leftovers.close()
