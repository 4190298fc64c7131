"""A line to change: where it stands, how it reads and how it should, and a button to copy it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from engine.tape.diagnose.finding import Edit
from engine.tape.diagnose.words import compared, told
from ui.fonts import mono_font, ui_font
from ui.icons import icon
from ui.sentences import capital
from ui.theme import RADIUS, SPACE, Theme

_NAMES = {"-": "EditOld", "+": "EditNew", " ": "EditKept"}
_SHOWN = {"-": "−", "+": "+", " ": ""}


class EditView(QWidget):
    """Shows an edit as a small comparison: what goes, what comes, and between which lines."""

    def __init__(self, edit: Edit, where: str, theme: Theme) -> None:
        super().__init__()
        self.edit = edit
        self.place = _label(capital(told(edit, where), []), "EditPlace")
        self.place.setFont(ui_font("small"))
        self.lines = compared(edit)
        self.labels: list[QLabel] = []
        self.copy = QToolButton()
        self.copy.setAutoRaise(True)
        self.copy.setFixedSize(24, 24)
        self.copy.setIconSize(QSize(14, 14))
        self.copy.setAccessibleName(f"Copy the line: {edit.text}")
        self.copy.setToolTip("Copy the line")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(edit.text))
        self.copy.setVisible(edit.how != "leave out")
        column = QGridLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setVerticalSpacing(SPACE["xs"])
        column.setColumnStretch(0, 1)
        column.addWidget(self.place, 0, 0)
        column.addWidget(self.copy, 0, 1)
        column.addWidget(self._code(), 1, 0, 1, 2)
        self.set_theme(theme)

    def _code(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("EditCode")
        rows = QGridLayout(frame)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.setColumnStretch(1, 1)
        for row, (mark, text) in enumerate(self.lines):
            sign, line = QLabel(_SHOWN[mark]), _label(text, _NAMES[mark])
            sign.setObjectName(_NAMES[mark])
            sign.setFixedWidth(20)
            sign.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
            for label in (sign, line):
                label.setFont(mono_font("small"))
            rows.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            rows.addWidget(line, row, 1, Qt.AlignmentFlag.AlignTop)
            self.labels.append(line)
        return frame

    def set_theme(self, theme: Theme) -> None:
        self.copy.setIcon(icon("copy", theme.text_dim))
        self.setStyleSheet(f"""
        #EditPlace {{ color: {theme.text_dim}; }}
        #EditCode {{ background: {theme.panel}; border: 1px solid {theme.border};
            border-radius: {RADIUS}px; }}
        #EditCode QLabel {{ padding: 2px 4px; }}
        #EditOld {{ color: {theme.error}; }}
        #EditNew {{ color: {theme.success}; }}
        #EditKept {{ color: {theme.text_dim}; }}
        """)


class EditList(QVBoxLayout):
    """The edits of a finding, one below the other."""

    def __init__(self) -> None:
        super().__init__()
        self.setSpacing(SPACE["s"])
        self.views: list[EditView] = []

    def show_edits(self, edits: list[tuple[Edit, str]], theme: Theme) -> None:
        """Show edits with a place in words each, in place of those before."""
        for view in self.views:
            self.removeWidget(view)
            view.deleteLater()
        self.views = [EditView(edit, where, theme) for edit, where in edits]
        for view in self.views:
            self.addWidget(view)


def _label(text: str, name: str) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setObjectName(name)
    return label
