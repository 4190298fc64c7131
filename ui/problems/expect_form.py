"""Asks what a person expects a tensor or a gradient to be: a formula, or numbers."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QRadioButton,
    QVBoxLayout,
    QWidget,
)

from ui.fonts import mono_font
from ui.sentences import sentence
from ui.theme import SPACE, Theme

EXAMPLES = "2 * x.T @ (x @ w - y)", "softmax(logits, dim=1)", "tensor([0.5000, -1.0000])"


class ExpectForm(QDialog):
    """A field for what is expected; `given` brings it, and which of the choices is meant.

    choices: what can be compared, "w" or "w.grad", the likelier one first. problem: why a text
    cannot be read, "" if it can; asked when the person is done.
    """

    given = Signal(int, str)

    def __init__(
        self, choices: list[str], text: str, problem: Callable[[int, str], str], theme: Theme,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle("Compare with What You Expect")
        self._problem = problem
        self._group = QButtonGroup(self)
        row = QHBoxLayout()
        row.setSpacing(SPACE["l"])
        for number, choice in enumerate(choices):
            button = QRadioButton(choice)
            button.setFont(mono_font("body"))
            button.setChecked(number == 0)
            button.setVisible(len(choices) > 1)
            self._group.addButton(button, number)
            row.addWidget(button)
        row.addStretch()
        self.label = QLabel(f"What do you expect {choices[0]} to be?")
        self.field = _Field(text)
        self.field.setAccessibleName("Expected")
        self.field.setPlaceholderText(f"for example  {EXAMPLES[0]}")
        self.field.setFont(mono_font("body"))
        self.field.setTabChangesFocus(True)
        self.field.setMinimumSize(460, 84)
        self.field.entered.connect(self._accept)
        self.label.setBuddy(self.field)
        hint = QLabel(
            "A formula over the names of the recording, in NumPy's or PyTorch's words, or numbers "
            f"as they are printed:<br>{'<br>'.join(EXAMPLES[1:])}"
        )
        hint.setWordWrap(True)
        hint.setProperty("role", "dim")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setStyleSheet(f"color: {theme.error};")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText("Compare")
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._group.idToggled.connect(self._choose)
        self.field.textChanged.connect(self._typed)
        column = QVBoxLayout(self)
        column.setContentsMargins(*([SPACE["xl"]] * 4))
        column.setSpacing(SPACE["l"])
        column.addWidget(self.label)
        if len(choices) > 1:
            column.addLayout(row)
        for widget in (self.field, hint, self.message, self.buttons):
            column.addWidget(widget)
        self._typed()
        self.field.setFocus()

    def _choose(self, number: int, on: bool) -> None:
        if on:
            self.label.setText(f"What do you expect {self._group.button(number).text()} to be?")
            self._typed()

    def _typed(self) -> None:
        self.message.clear()
        ready = bool(self.field.toPlainText().strip())
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(ready)

    def _accept(self) -> None:
        text, number = self.field.toPlainText(), self._group.checkedId()
        if not text.strip():
            return
        problem = self._problem(number, text)
        if problem:
            self.message.setText(sentence(problem))
            return
        self.accept()
        self.given.emit(number, text)


class _Field(QPlainTextEdit):
    """Text of several lines, for numbers that are pasted; Return is done with it."""

    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take Return as the end; with Shift it begins a line."""
        plain = not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and plain:
            self.entered.emit()
        else:
            super().keyPressEvent(event)
