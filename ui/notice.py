"""A short message over the window that goes by itself, instead of a modal box."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from ui.icons import icon
from ui.keyboard import Lending
from ui.theme import SPACE, Theme


class Notice(QWidget):
    """Floats over its parent, at the lower edge of the part `over`; errors stay until closed.

    What stays, so that somebody may think about it, lies in the `shelf` and covers nothing.
    """

    STAYS = 6000  # milliseconds; an error stays
    gone = Signal(str)  # the message that went, with no other in its place

    def __init__(
        self, parent: QWidget, theme: Theme, over: QWidget | None = None,
        shelf: QVBoxLayout | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._window, self._over, self._shelf = parent, over or parent, shelf
        self.setObjectName("Notice")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._text = QLabel(self)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._action, self._other = QPushButton(self), QPushButton(self)
        self._close = QToolButton(self)
        self._close.setAccessibleName("Close message")
        self._close.clicked.connect(self.end)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["m"], SPACE["m"])
        row.setSpacing(SPACE["m"])
        row.addWidget(self._text, 1)
        row.addWidget(self._action)
        row.addWidget(self._other)
        row.addWidget(self._close)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.end)
        self._runs: list[Callable[[], object] | None] = [None, None]
        self._keyboard = Lending(self)
        self._action.clicked.connect(lambda: self._act(0))
        self._other.clicked.connect(lambda: self._act(1))
        self.set_theme(theme)
        self._over.installEventFilter(self)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._close.setIcon(icon("close", theme.text_dim))

    def show_message(
        self,
        text: str,
        *,
        error: bool = False,
        stays: bool = False,
        action: tuple[str, Callable[[], object]] | None = None,
        other: tuple[str, Callable[[], object]] | None = None,
    ) -> None:
        """Show `text`; `action` and `other` add buttons, which also close the message."""
        self._text.setText(text)
        self._lay(on_shelf=stays and self._shelf is not None)
        self.setProperty("kind", "error" if error else "info")
        self.style().unpolish(self)
        self.style().polish(self)
        for button, offer in ((self._action, action), (self._other, other)):
            button.setVisible(offer is not None)
            button.setText(offer[0] if offer else "")
        self._runs = [offer[1] if offer else None for offer in (action, other)]
        self._timer.stop()
        if not error and not stays:
            self._timer.start(self.STAYS)
        self.show()
        self._place()
        self.raise_()

    def end(self) -> None:
        """Take the message away."""
        text = self.text()
        self.hide()
        self.gone.emit(text)

    def setVisible(self, visible: bool) -> None:
        """Leave the keyboard to who had it, when the message goes."""
        if not visible and self.isVisible():
            self._keyboard.give_back()
        super().setVisible(visible)

    def text(self) -> str:
        """Return the message that is shown, "" if none is."""
        return self._text.text() if self.isVisible() else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place when the window changes its size."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _act(self, which: int) -> None:
        run = self._runs[which]
        self.end()
        if run is not None:
            run()

    def _lay(self, *, on_shelf: bool) -> None:
        self.setProperty("shelf", on_shelf)
        if self._shelf is not None and on_shelf != (self._shelf.indexOf(self) >= 0):
            if on_shelf:
                self._shelf.addWidget(self)
            else:
                self._shelf.removeWidget(self)
                self.setParent(self._window)

    def _place(self) -> None:
        if self.property("shelf"):
            return
        over, margin = self._over, SPACE["xxl"]
        corner = over.mapTo(self._window, over.rect().topLeft())
        width = min(620, max(over.width() - 2 * margin, 320))
        row = self.layout()
        height = row.heightForWidth(width) if row is not None else self.sizeHint().height()
        left = corner.x() + (over.width() - width) // 2
        left = min(max(left, margin), self._window.width() - width - margin)
        self.setGeometry(left, corner.y() + over.height() - height - margin, width, height)
