"""The buttons that float over the cell under the pointer, and those at the notebook's end."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from ui.icons import icon
from ui.theme import RADIUS, Theme

ICON = 15


class Button(NamedTuple):
    """One button: command, icon and tool tip."""

    command: str
    icon: str
    tip: str


BUTTONS = (
    Button("run", "run", "Run cell (Ctrl+Enter)"),
    Button("insert", "plus", "Insert code cell below (B)"),
    Button("up", "up", "Move up (Ctrl+Shift+Up)"),
    Button("down", "down", "Move down (Ctrl+Shift+Down)"),
    Button("kind", "text", "Change to text (M)"),
    Button("delete", "trash", "Delete cell (D, D)"),
    Button("more", "more", "More"),
)


class CellToolbar(QWidget):
    """A pill of icon buttons; says which command was pressed."""

    triggered = Signal(str)

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self.buttons: dict[str, QToolButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(3, 1, 3, 1)
        row.setSpacing(1)
        for spec in BUTTONS:
            button = QToolButton(self)
            button.setObjectName("CellTool")
            button.setToolTip(spec.tip)
            button.setAccessibleName(spec.tip)
            button.setIconSize(QSize(ICON, ICON))
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(lambda _=False, c=spec.command: self.triggered.emit(c))
            row.addWidget(button)
            self.buttons[spec.command] = button
        self._kind = "code"
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        for spec in BUTTONS:
            self.buttons[spec.command].setIcon(icon(spec.icon, theme.text_dim))
        self._show_kind()
        self.update()

    def set_kind(self, kind: str) -> None:
        """Offer what suits a cell of this kind."""
        if kind != self._kind:
            self._kind = kind
            self._show_kind()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pill."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(self._theme.border))
        painter.setBrush(QColor(self._theme.panel))
        box = self.rect().toRectF().adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS, RADIUS)

    def _show_kind(self) -> None:
        code = self._kind == "code"
        tip = "Change to text (M)" if code else "Change to code (Y)"
        self.buttons["kind"].setIcon(icon("text" if code else "code", self._theme.text_dim))
        self.buttons["kind"].setToolTip(tip)
        self.buttons["kind"].setAccessibleName(tip)


class AddRow(QWidget):
    """The two buttons below the last cell."""

    requested = Signal(str)  # kind

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        self.buttons: dict[str, QPushButton] = {}
        for kind, text in (("code", "Code"), ("markdown", "Text")):
            button = QPushButton(text, self)
            button.setObjectName("AddCell")
            button.setAccessibleName(f"Add {text.lower()} cell")
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setIconSize(QSize(13, 13))
            button.clicked.connect(lambda _=False, k=kind: self.requested.emit(k))
            row.addWidget(button)
            self.buttons[kind] = button
        row.addStretch()
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        for button in self.buttons.values():
            button.setIcon(icon("plus", theme.text_dim))
