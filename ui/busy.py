"""What goes on in the background: a few words, how far it is, and a button that ends it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QSizePolicy, QToolButton, QWidget

from ui.icons import icon
from ui.keyboard import Lending
from ui.theme import SPACE, Theme


class Busy(QWidget):
    """For a status bar; hidden while nothing goes on. Of several things the latest is shown.

    Each has an owner, who begins it, ends it and is named when it is cancelled.
    """

    cancelled = Signal(object)  # owner

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._works: dict[
            object, tuple[str, int, int]
        ] = {}  # words, done, of how much (0: unknown)
        self._text = QLabel(self)
        self._bar = QProgressBar(self)
        self._bar.setFixedSize(120, 4)
        self._bar.setTextVisible(False)
        self._bar.setAccessibleName("Progress")
        self._cancel = QToolButton(self)
        self._cancel.setAccessibleName("Cancel")
        self._cancel.clicked.connect(lambda: self.cancelled.emit(next(reversed(self._works))))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, SPACE["m"], 0)
        row.setSpacing(SPACE["s"])
        for part in (self._text, self._bar, self._cancel):
            row.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self._keyboard = Lending(self)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._cancel.setIcon(icon("close", theme.text_dim))

    def begin(self, owner: object, text: str) -> None:
        """Show `text`; how far it is, is not known yet."""
        self._works.pop(owner, None)
        self._works[owner] = (text, 0, 0)
        self._show()

    def advance(self, owner: object, done: int, total: int) -> None:
        """Show that `done` of `total` parts are done."""
        if owner in self._works:
            self._works[owner] = (self._works[owner][0], done, max(total, 1))
            self._show()

    def end(self, owner: object) -> None:
        """Show it no longer."""
        self._works.pop(owner, None)
        self._show()

    def _show(self) -> None:
        if not self._works:
            self._keyboard.give_back()
        self.setVisible(bool(self._works))
        if self._works:
            text, done, total = next(reversed(self._works.values()))
            self._text.setText(text)
            self._cancel.setToolTip(f"Cancel: {text}")
            self._bar.setRange(0, total)
            self._bar.setValue(done)

    def words(self) -> str:
        """Return what is said to go on, "" if nothing does."""
        return self._text.text() if not self.isHidden() else ""
