"""Asks for the arguments of an operation; shows what its line would give before it is written."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QStringListModel, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCompleter,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from engine.ops.listing import Operation
from ui.fonts import mono_font, ui_font
from ui.palette.calls import compose, parameters
from ui.palette.rows import gradient, sentence
from ui.theme import RADIUS, SPACE, Theme

_PAUSE = 200  # milliseconds without a key before a line is tried
_WIDTH = 460
CHECKING = "Checking …"


class CallForm(QDialog):
    """One field per parameter with its default. `wished` asks the owner to try a line.

    The owner answers with `set_outcome`; only a line that can run, or of which that cannot be
    told, is given.
    """

    wished = Signal(str, str)  # line of code, the variable that it assigns
    given = Signal(str, str)  # the same, accepted

    def __init__(
        self,
        one: Operation,
        values: Mapping[str, str],
        result: str | None,
        tensors: Mapping[str, str],
        theme: Theme,
        parent: QWidget | None = None,
    ) -> None:
        """values: arguments as code, by parameter. tensors: what can be named, and its form.

        result: a name for what the call gives; None if nobody wants it.
        """
        super().__init__(parent)
        self.setWindowTitle(one.name)
        self._one, self._tensors, self._theme = one, tensors, theme
        self._tried = ""  # the line of which the outcome is shown
        self.fields: dict[str, QLineEdit] = {}
        self._forms: dict[str, QLabel] = {}
        self.name = QLineEdit(result or "")
        self.name.setVisible(result is not None)
        self.line = QLabel()
        self.line.setObjectName("line")
        self.line.setFont(mono_font("small"))
        self.line.setWordWrap(True)
        self.line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.line.setAccessibleName("Line of code")
        self.outcome = QLabel()
        self.outcome.setWordWrap(True)
        self.outcome.setMinimumHeight(2 * self.fontMetrics().lineSpacing())
        self.outcome.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.outcome.setAccessibleName("What it gives")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.run = self.buttons.addButton("Insert and Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self.run.setDefault(True)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(*([SPACE["xl"]] * 4))
        column.setSpacing(SPACE["l"])
        column.addLayout(self._words())
        column.addLayout(self._grid(values))
        column.addWidget(self.line)
        column.addWidget(self.outcome)
        column.addWidget(self.buttons)
        self.setMinimumWidth(_WIDTH)
        self.setStyleSheet(_SHEET.format(t=theme, r=RADIUS, m=SPACE["m"], s=SPACE["s"]))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._wish)
        self._changed()
        empty = [field for name, field in self.fields.items() if not values.get(name)]
        (empty or [self.name, *self.fields.values()])[0].setFocus()

    def set_outcome(self, line: str, text: str, problem: bool, allowed: bool) -> None:
        """Say what a line would give, or why it cannot run; older lines are left aside."""
        if line != self.text():
            return
        self._tried = line if allowed else ""
        self.outcome.setText(text)
        self.outcome.setProperty("kind", "problem" if problem else "fine")
        self.outcome.style().unpolish(self.outcome)
        self.outcome.style().polish(self.outcome)
        self.run.setEnabled(allowed)
        self._make_room()

    def text(self) -> str:
        """Return the line of code as it is typed now."""
        values = {name: field.text() for name, field in self.fields.items()}
        name = self.name.text().strip()
        call = compose(self._one, values)
        return f"{name} = {call}" if name else call

    # --- parts

    def _make_room(self) -> None:
        """Grow with what is said, so that it is read in full and nothing is pressed together."""
        column = self.layout()
        assert column is not None
        needed = column.totalHeightForWidth(max(self.width(), _WIDTH))
        if needed > self.height():
            self.resize(max(self.width(), _WIDTH), needed)

    def _words(self) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(SPACE["s"])
        name = QLabel(self._one.signature)
        bold = mono_font("body")
        bold.setBold(True)
        name.setFont(bold)
        told = QLabel(sentence(self._one))
        told.setProperty("role", "dim")
        formula = QLabel(f"Gradient: {gradient(self._one)}")
        spoken = not self._one.gradients or not self._one.gradients[0][0]
        formula.setFont(ui_font("small") if spoken else mono_font("small"))
        formula.setProperty("role", "dim")
        for label in (name, told, formula):
            label.setWordWrap(True)
            column.addWidget(label)
        return column

    def _grid(self, values: Mapping[str, str]) -> QGridLayout:
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE["l"])
        grid.setVerticalSpacing(SPACE["m"])
        grid.setColumnStretch(1, 1)
        completions = QStringListModel(list(self._tensors), self)
        rows = [(each.name, each.default, each.needed) for each in parameters(self._one)]
        for row, (name, default, needed) in enumerate(rows):
            label, field, form = QLabel(name), QLineEdit(values.get(name, "")), QLabel()
            label.setProperty("role", "strong" if needed else "dim")
            label.setBuddy(field)
            field.setPlaceholderText(default or ("" if needed else "left out"))
            form.setProperty("role", "faint")
            form.setFont(mono_font("small"))
            completer = QCompleter(completions, field)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseSensitive)
            field.setCompleter(completer)
            self.fields[name], self._forms[name] = field, form
            for place, widget in enumerate[QWidget]((label, field, form)):
                grid.addWidget(widget, row, place)
        label = QLabel("Name")
        label.setBuddy(self.name)
        label.setVisible(not self.name.isHidden())
        grid.addWidget(label, len(rows), 0)
        grid.addWidget(self.name, len(rows), 1)
        named = {**self.fields, "Name of the result": self.name}
        for name, field in named.items():
            field.setFont(mono_font("body"))
            field.setAccessibleName(name)
            field.textChanged.connect(self._changed)
        return grid

    def _changed(self) -> None:
        for name, field in self.fields.items():
            self._forms[name].setText(self._tensors.get(field.text().strip(), ""))
        self.line.setText(self.text())
        self.run.setEnabled(False)
        missing = [
            each.name
            for each in parameters(self._one)
            if each.needed and not self.fields[each.name].text().strip()
        ]
        name = self.name.text().strip()
        self._timer.stop()
        if missing:
            self.set_outcome(self.text(), f"Needs {' and '.join(missing)}.", False, False)
        elif name and not all(part.strip().isidentifier() for part in name.split(",")):
            self.set_outcome(self.text(), f"{name!r} is no name of a variable.", True, False)
        else:
            self.set_outcome(self.text(), CHECKING, False, False)
            self._timer.start(_PAUSE)

    def _wish(self) -> None:
        self.wished.emit(self.text(), self.name.text().strip())

    def _accept(self) -> None:
        if self._tried == self.text():
            self.accept()
            self.given.emit(self.text(), self.name.text().strip())


_SHEET = """
QLabel#line {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: {r}px;
  padding: {s}px {m}px; }}
QPushButton:default:disabled {{ background: {t.raised}; border-color: {t.border}; }}
QLabel[kind="problem"] {{ color: {t.error}; }}
QLabel[kind="fine"] {{ color: {t.text_dim}; }}
"""
