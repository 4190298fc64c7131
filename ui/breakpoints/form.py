"""Asks for a breakpoint's condition, how many hits pass, and what to note instead of stopping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from engine.tape.breakpoints import Breakpoint
from engine.tape.conditions import Condition, ConditionError
from engine.tape.moments import KNOWN, NAMES
from ui.fonts import mono_font
from ui.graph.choice import Choice
from ui.theme import MONO_FONT, SPACE, Theme

EXAMPLES = ("norm(grad) > 1e3", "isnan(value).any()", 'name == "fc2.weight" and pass_ == 7')


class BreakpointForm(QDialog):
    """A form over one breakpoint; `given` brings it changed when it is accepted.

    What is typed is read at once: OK is there when both expressions can be.
    """

    given = Signal(object)  # Breakpoint

    def __init__(
        self, ways: Sequence[tuple[str, Breakpoint]], theme: Theme, parent: QWidget | None = None
    ) -> None:
        """ways: what it may be on, in words; the first is what it is on."""
        super().__init__(parent)
        self.setWindowTitle("Breakpoint")
        self._ways, point = ways, ways[0][1]
        self.where = Choice(self)
        self.where.colour = theme.text_dim
        self.where.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.where.setAccessibleName("Where")
        self.where.addItems([words for words, _ in ways])
        self.where.setEnabled(len(ways) > 1)
        self.condition, self.log = QLineEdit(point.condition), QLineEdit(point.log)
        self.condition.setPlaceholderText(f"always, or for example  {EXAMPLES[0]}")
        self.log.setPlaceholderText("stop, or note for example  norm(grad)")
        for field, name in ((self.condition, "Condition"), (self.log, "Note instead of stopping")):
            field.setFont(mono_font("body"))
            field.setAccessibleName(name)
            field.setMinimumWidth(420)
            field.textChanged.connect(self._read)
        self.skip = QSpinBox()
        self.skip.setRange(0, 1_000_000)
        self.skip.setAccessibleName("Hits to pass over")
        self.skip.setValue(point.skip)
        self.skip.lineEdit().setTextMargins(SPACE["m"], 0, 0, 0)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setStyleSheet(f"color: {theme.error};")
        names = QLabel(
            "A condition can ask for "
            + ", ".join(map(_code, NAMES))
            + f", and call {_code('norm')}, {_code('max')}, {_code('isnan')} and the like:"
            + "".join(f"<div style='margin-top: 4px'>{_code(one)}</div>" for one in EXAMPLES[1:])
        )
        names.setWordWrap(True)
        names.setProperty("role", "dim")
        names.setToolTip("\n".join(f"{name}: {text}" for name, text in NAMES.items()))
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        rows = QFormLayout()
        rows.setSpacing(SPACE["m"])
        rows.addRow("At", self.where)
        rows.addRow("When", self.condition)
        rows.addRow("After hits", self.skip)
        rows.addRow("Note", self.log)
        column = QVBoxLayout(self)
        column.setContentsMargins(*([SPACE["xl"]] * 4))
        column.setSpacing(SPACE["l"])
        column.addLayout(rows)
        column.addWidget(names)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        self.condition.setFocus()
        self._read()

    def _read(self) -> None:
        problem = ""
        for field in (self.condition, self.log):
            try:
                if field.text().strip():
                    Condition(field.text(), KNOWN)
            except ConditionError as error:
                problem = problem or str(error)
        self.message.setText(problem)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(not problem)

    def _accept(self) -> None:
        changed = replace(
            self._ways[self.where.currentIndex()][1],
            condition=self.condition.text().strip(),
            log=self.log.text().strip(),
            skip=self.skip.value(),
        )
        self.accept()
        self.given.emit(changed)


def _code(text: str) -> str:
    """Return rich text in the code font."""
    return f"<span style=\"font-family: '{MONO_FONT}'\">{escape(text)}</span>"
