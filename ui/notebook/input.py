"""The line in which a running cell is given its input."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from ui.fonts import mono_font
from ui.keyboard import is_for_line
from ui.theme import SPACE

HEIGHT = 30  # px


class InputRow(QWidget):
    """A prompt and a field; Enter gives the line to the program."""

    given = Signal(str)
    left = Signal()  # Escape: back to the notebook, the program goes on waiting

    def __init__(self, parent: QWidget, prompt: str, password: bool) -> None:
        super().__init__(parent)
        label = QLabel(prompt.rstrip() or "Input:", self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setFont(mono_font())
        self.field = QLineEdit(self)
        self.field.setObjectName("CellInput")
        self.field.setFont(mono_font())
        self.field.setAccessibleName(prompt.strip() or "Input")
        self.field.setPlaceholderText("The program waits: type, then press Enter")
        if password:
            self.field.setEchoMode(QLineEdit.EchoMode.Password)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACE["m"])
        row.addWidget(label)
        row.addWidget(self.field, 1)
        self.field.returnPressed.connect(lambda: self.given.emit(self.field.text()))
        self.field.installEventFilter(self)
        self.show()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        """Keep the keys of a line from the notebook and from the window's shortcuts."""
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.KeyPress:
            return is_for_line(event)
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
            return True
        return False

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What is typed here is no key of the notebook's."""
        event.accept()
