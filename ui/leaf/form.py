"""Makes a leaf: its name, shape and type, its numbers in a table, and the code that makes it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ui.fonts import mono_font
from ui.graph.choice import Choice
from ui.leaf.content import DTYPES, Content, ContentError, Fill, code, numbers, read_table, shape_of
from ui.plots.table import TensorTable
from ui.theme import RADIUS, SPACE, Theme

_SHOWN = 400  # characters of a long line that are shown


class LeafTable(TensorTable):
    """A table of numbers to type into, or to paste a spreadsheet's cells into."""

    pasted = Signal(str, int, int)  # text, and the row and column where it goes

    def event(self, event: QEvent) -> bool:
        """Claim Ctrl+V from the window's shortcuts."""
        override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if override and event.matches(QKeySequence.StandardKey.Paste):  # type: ignore[attr-defined]
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Paste at the current cell."""
        if event.matches(QKeySequence.StandardKey.Paste):
            at = self.currentIndex()
            self.pasted.emit(
                QGuiApplication.clipboard().text(), max(at.row(), 0), max(at.column(), 0)
            )
        else:
            super().keyPressEvent(event)


class LeafForm(QDialog):
    """A form over one `Content`; `given` brings its code when it is accepted."""

    given = Signal(str, str)  # code, the variable that it assigns

    def __init__(
        self, name: str, taken: frozenset[str], theme: Theme, parent: QWidget | None = None
    ) -> None:
        """name: what is proposed; taken: names that are in use, which would be replaced."""
        super().__init__(parent)
        self.setWindowTitle("New Tensor")
        self._taken = taken
        self._content = Content((2, 3), typed=np.zeros((2, 3)))
        self.name, self.shape = QLineEdit(name), QLineEdit("2, 3")
        self.dtype, self.fill = Choice(self), Choice(self)
        self.dtype.colour = self.fill.colour = theme.text_dim
        self.dtype.addItems(DTYPES)
        self.fill.addItems([one.value for one in Fill])
        self.seed = QSpinBox()
        self.seed.setRange(0, 2**31 - 1)
        self.grad = QCheckBox("requires_grad")
        self.grad.setChecked(True)
        self.paste = QPushButton("Paste Table")
        self.paste.setToolTip(
            "Take the cells of a spreadsheet, or CSV, from the clipboard (Ctrl+V)"
        )
        self.paste.setAutoDefault(False)
        self.table = LeafTable()
        self.table.set_theme(theme)
        self.table.set_editable(True)
        self.code = QLabel()
        self.code.setObjectName("line")
        self.code.setFont(mono_font("small"))
        self.code.setWordWrap(True)
        self.code.setAccessibleName("Line of code")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(self.fontMetrics().lineSpacing())
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.run = self.buttons.addButton("Insert and Run", QDialogButtonBox.ButtonRole.AcceptRole)
        self.run.setDefault(True)
        self.setStyleSheet(_SHEET.format(t=theme, r=RADIUS, m=SPACE["m"], s=SPACE["s"]))
        self._lay_out()
        self._connect()
        self._show()
        self.name.selectAll()
        self.name.setFocus()

    def content(self) -> Content:
        """Return the leaf as it is described now."""
        return self._content

    # --- parts

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACE["l"])
        grid.setVerticalSpacing(SPACE["m"])
        rows = (
            ("Name", self.name, "Type", self.dtype),
            ("Shape", self.shape, "Numbers", self.fill),
        )
        for row, (left, first, right, second) in enumerate(rows):
            for place, (text, widget) in enumerate(((left, first), (right, second))):
                label = QLabel(text)
                label.setBuddy(widget)
                widget.setAccessibleName(text)
                grid.addWidget(label, row, 2 * place)
                grid.addWidget(widget, row, 2 * place + 1)
        for wide in (1, 3):
            grid.setColumnStretch(wide, 1)
        self.name.setFont(mono_font("body"))
        self.shape.setFont(mono_font("body"))
        self._seed_label = QLabel("Seed")
        self._seed_label.setBuddy(self.seed)
        self.seed.setAccessibleName("Seed")
        line = QHBoxLayout()
        line.setSpacing(SPACE["m"])
        line.addWidget(self.grad)
        line.addStretch(1)
        line.addWidget(self._seed_label)
        line.addWidget(self.seed)
        line.addWidget(self.paste)
        column = QVBoxLayout(self)
        column.setContentsMargins(*([SPACE["xl"]] * 4))
        column.setSpacing(SPACE["l"])
        column.addLayout(grid)
        column.addLayout(line)
        column.addWidget(self.table)
        column.addStretch(1)
        column.addWidget(self.code)
        column.addWidget(self.message)
        column.addWidget(self.buttons)
        self.setMinimumSize(520, 430)

    def _connect(self) -> None:
        self.name.textChanged.connect(lambda _: self._say())
        self.shape.textChanged.connect(self._reshape)
        self.dtype.currentTextChanged.connect(self._retype)
        self.fill.currentTextChanged.connect(lambda text: self._change(fill=Fill(text)))
        self.seed.valueChanged.connect(lambda seed: self._change(seed=seed))
        self.grad.toggled.connect(lambda on: self._change(requires_grad=on))
        self.paste.clicked.connect(lambda: self._paste(QGuiApplication.clipboard().text(), 0, 0))
        self.table.pasted.connect(self._paste)
        self.table.edited.connect(self._type)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)

    def _change(self, **changes: Any) -> None:
        self._content = replace(self._content, **changes)
        self._show()

    def _retype(self, dtype: str) -> None:
        differentiable = dtype.startswith(("float", "complex"))
        self.grad.setEnabled(differentiable)
        if not differentiable:
            self.grad.setChecked(False)
        self._change(dtype=dtype)

    def _reshape(self, text: str) -> None:
        try:
            shape = shape_of(text)
        except ContentError as error:
            self._refuse(str(error))
            return
        self._change(shape=shape, typed=_fitted(self._content, shape))

    def _type(self, row: int, column: int, value: Any) -> None:
        """Take a typed number; of a filled leaf the numbers are typed ones from then on."""
        matrix = _matrix(numbers(self._content)).copy()
        matrix[row, column] = value
        self._take(matrix.reshape(self._content.shape))

    def _paste(self, text: str, row: int, column: int) -> None:
        try:
            pasted = read_table(text)
        except ContentError as error:
            self._refuse(f"{error}.")
            return
        matrix = _matrix(numbers(self._content))
        rows, columns = max(len(matrix), row + len(pasted)), pasted.shape[1] + column
        columns = max(matrix.shape[1], columns)
        if row == column == 0:  # all of it: the leaf takes the table's shape
            rows, columns = pasted.shape
        shape = self._content.shape
        if (rows, columns) != matrix.shape:
            shape = (columns,) if rows == 1 and len(shape) == 1 else (rows, columns)
        wider = np.zeros((rows, columns), np.result_type(matrix, pasted))
        kept = matrix[:rows, :columns]
        wider[: len(kept), : kept.shape[1]] = kept
        wider[row : row + len(pasted), column : column + pasted.shape[1]] = pasted
        self._take(wider.reshape(shape))

    def _take(self, typed: NDArray[Any]) -> None:
        self._content = replace(self._content, shape=typed.shape, typed=typed, fill=Fill.TYPED)
        for widget, text in ((self.shape, ", ".join(map(str, typed.shape))),):
            widget.blockSignals(True)
            widget.setText(text)
            widget.blockSignals(False)
        self.fill.blockSignals(True)
        self.fill.setCurrentText(Fill.TYPED.value)
        self.fill.blockSignals(False)
        self._show()

    def _show(self) -> None:
        at = self.table.currentIndex()
        self.table.set_array(_matrix(numbers(self._content)))
        self.table.setCurrentIndex(self.table.model().index(at.row(), at.column()))
        for widget in (self.seed, self._seed_label):
            widget.setVisible(self._content.fill.random)
        self._say()

    def _say(self) -> None:
        name = self.name.text().strip()
        try:
            text = code(name, self._content)
        except ContentError as error:
            self._refuse(f"{error}.")
            return
        self.code.setText(text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …")
        replaced = name in self._taken
        self._tell(f"{name} is in use, and would be replaced." if replaced else "", "fine")
        self.run.setEnabled(True)

    def _refuse(self, why: str) -> None:
        self._tell(why, "problem")
        self.run.setEnabled(False)

    def _tell(self, text: str, kind: str) -> None:
        self.message.setText(text)
        self.message.setProperty("kind", kind)
        self.message.style().unpolish(self.message)
        self.message.style().polish(self.message)

    def _accept(self) -> None:
        name = self.name.text().strip()
        if self.run.isEnabled():
            self.accept()
            self.given.emit(code(name, self._content), name)


def _matrix(array: NDArray[Any]) -> NDArray[Any]:
    """An array as the table shows it: the last dimension across, the others down."""
    columns = array.shape[-1] if array.ndim else 1
    return array.reshape(math.prod(array.shape[:-1]), columns)


def _fitted(content: Content, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """Typed numbers in another shape: those that have a place there keep it."""
    if content.fill is not Fill.TYPED or content.typed is None:
        return None
    if math.prod(shape) == content.typed.size:
        return content.typed.reshape(shape)
    new = np.zeros(shape, content.typed.dtype)
    if len(shape) == content.typed.ndim:
        both = tuple(slice(min(a, b)) for a, b in zip(shape, content.typed.shape, strict=True))
        new[both] = content.typed[both]
    return new


_SHEET = """
QLabel#line {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: {r}px;
  padding: {s}px {m}px; }}
QPushButton:default:disabled {{ background: {t.raised}; border-color: {t.border}; }}
QLabel[kind="problem"] {{ color: {t.error}; }}
QLabel[kind="fine"] {{ color: {t.text_dim}; }}
"""
