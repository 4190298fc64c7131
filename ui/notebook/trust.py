"""The bar over a notebook that comes from elsewhere."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QWidget

from ui.icons import pixmap
from ui.theme import SPACE, Theme

OPENED = "This file comes from elsewhere. Nothing in it has been run."
WISHED = "This file comes from elsewhere. Running it gives its code all of your rights."


class TrustBar(QWidget):
    """Says that nothing was run, and asks before anything is."""

    trusted = Signal()

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.setObjectName("TrustBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._mark = QLabel(self)
        self.words = QLabel(self)
        self.words.setWordWrap(True)
        self.button = QPushButton("Trust", self)
        self.button.clicked.connect(self.trusted)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["l"], SPACE["s"], SPACE["m"], SPACE["s"])
        row.setSpacing(SPACE["m"])
        row.addWidget(self._mark)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._mark.setPixmap(pixmap("warning", theme.warning, 16, self.devicePixelRatioF()))

    def show_opened(self) -> None:
        """Say that a notebook from elsewhere was opened."""
        self.words.setText(OPENED)
        self.button.setText("Trust")
        self.show()

    def ask(self) -> None:
        """Ask whether what was wished for may run."""
        self.words.setText(WISHED)
        self.button.setText("Trust and Run")
        self.show()
        self.button.setFocus(Qt.FocusReason.OtherFocusReason)

    def leave(self) -> None:
        """Go, and leave the keyboard to the notebook: a neighbour would get it."""
        notebook = self.parentWidget()
        if notebook is not None and self.button.hasFocus():
            notebook.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
