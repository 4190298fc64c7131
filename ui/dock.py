"""A dock panel with a quiet title row: name, float, close."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QToolButton, QWidget

from ui.icons import icon
from ui.theme import SPACE, Theme


class Dock(QDockWidget):
    """Holds one widget; `name` identifies it in the saved window state."""

    empty_shown = Signal()  # it is about to be seen without a widget

    def __init__(self, name: str, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setObjectName(name)
        self._frame = QColor()
        self._float: QToolButton | None = None
        self._close: QToolButton | None = None

    def hold(self, content: QWidget, theme: Theme) -> None:
        """Take a widget, and the title row with it."""
        self.setWidget(content)
        bar, title = QWidget(self), self.windowTitle()
        bar.setObjectName("DockTitle")
        bar.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        row = QHBoxLayout(bar)
        row.setContentsMargins(SPACE["l"], SPACE["s"], SPACE["s"], SPACE["s"])
        row.setSpacing(SPACE["xs"])
        row.addWidget(QLabel(title.upper(), bar), 1)
        self._float = self._button("panel_right", f"Float {title}", bar)
        self._float.clicked.connect(lambda: self.setFloating(not self.isFloating()))
        self._close = self._button("close", f"Hide {title}", bar)
        self._close.clicked.connect(self.close)
        row.addWidget(self._float)
        row.addWidget(self._close)
        self.setTitleBarWidget(bar)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Tint the buttons of the title row."""
        self._frame = QColor(theme.text_faint)
        for button, name in ((self._float, "panel_right"), (self._close, "close")):
            if button is not None:
                button.setIcon(icon(name, theme.text_dim))
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        """Ask for a widget, if none came so far."""
        if self.widget() is None:
            self.empty_shown.emit()
        super().showEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a frame around a floating panel; Qt draws none where the title row is ours."""
        super().paintEvent(event)
        if self.isFloating():
            painter = QPainter(self)
            painter.setPen(self._frame)
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
            painter.end()

    @staticmethod
    def _button(name: str, label: str, bar: QWidget) -> QToolButton:
        button = QToolButton(bar)
        button.setObjectName(name)
        button.setToolTip(label)
        button.setAccessibleName(label)
        return button
