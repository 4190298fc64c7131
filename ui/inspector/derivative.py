"""The local derivative of an operation: formula, Jacobian, and the sums that a step sent."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.ops.gradient_text import BY_A_FUNCTION
from engine.tape.derivative import Derivative, Product, spelled
from ui.graph.choice import Choice
from ui.plots.heatmap import HeatMap
from ui.theme import MONO_FONT, SIZES, SPACE, Theme

_SUMS = 4  # elements whose sums are written out
_SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse


class DerivativeView(QWidget):
    """Shows a Derivative, one input at a time; `copy_requested` asks for its step in NumPy."""

    copy_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._derivative: Derivative | None = None
        self.which = Choice(self)
        self.which.setAccessibleName("Input of the derivative")
        self.which.currentIndexChanged.connect(lambda _: self._show())
        self.copy = QPushButton("Copy as NumPy")
        self.copy.setToolTip("A program of NumPy alone that reproduces the numbers of this step")
        self.copy.clicked.connect(self.copy_requested)
        self.formula, self.sums, self.note, self.about = QLabel(), QLabel(), QLabel(), QLabel()
        for label, name in zip(
            (self.formula, self.sums, self.note, self.about), ("formula", "sums"), strict=False
        ):
            label.setObjectName(name)
        for label in (self.formula, self.sums, self.note, self.about):
            label.setWordWrap(True)
            label.setTextInteractionFlags(_SELECTABLE)
        self.jacobian = HeatMap()
        self.jacobian.setAccessibleName("Jacobian")
        below = QHBoxLayout()
        below.addWidget(self.copy)
        below.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 0, 0, 0)
        column.setSpacing(SPACE["m"])
        for part in (self.which, self.formula, self.about, self.jacobian, self.sums, self.note):
            column.addWidget(part)
        column.addLayout(below)
        self.set_theme(theme)
        self.set_derivative(None)

    def set_derivative(self, derivative: Derivative | None) -> None:
        """Show another derivative; the same input stays chosen where there is one."""
        before = self.which.currentText()
        self._derivative = derivative
        names = [] if derivative is None else [_title(p, derivative) for p in derivative.products]
        self.which.blockSignals(True)
        self.which.clear()
        self.which.addItems(names)
        self.which.setCurrentIndex(max(self.which.findText(before), 0) if names else -1)
        self.which.setEnabled(len(names) > 1)
        self.which.blockSignals(False)
        self._show()

    def derivative(self) -> Derivative | None:
        """Return what is shown."""
        return self._derivative

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self.which.colour = theme.text_dim
        self.jacobian.set_theme(theme)
        small = f"font-size: {SIZES['small']}pt"
        self.ensurePolished()
        self.setStyleSheet(f"""
        DerivativeView QLabel {{ {small}; color: {theme.text_dim}; }}
        DerivativeView QLabel#formula {{ font-family: "{MONO_FONT}"; color: {theme.text}; }}
        DerivativeView QLabel#sums {{ font-family: "{MONO_FONT}"; color: {theme.text}; }}
        """)

    def _show(self) -> None:
        one, at = self._derivative, self.which.currentIndex()
        known = one is not None and 0 <= at < len(one.products)
        self.copy.setEnabled(one is not None and one.step >= 0)
        for part in (self.which, self.copy, self.formula, self.about, self.jacobian, self.sums):
            part.setVisible(known)
        if one is None or not known:
            self.note.setText("Computing …")
            self.note.show()
            return
        product = one.products[at]
        self.formula.setText(_formula(product))
        self.formula.setVisible(bool(product.formula))
        jacobian = product.jacobian
        small = jacobian is not None and jacobian.size > 0
        self.jacobian.setVisible(small)
        self.about.setVisible(small)
        if jacobian is not None and small:
            rows, columns = jacobian.shape
            self.about.setText(
                f"Jacobian: {rows} of the result down, {columns} of the input across"
                + (", real and imaginary parts" if np.iscomplexobj(jacobian) else "")
            )
            self.jacobian.set_array(_real(jacobian))
        lines = _sums(one, product)
        self.sums.setText("\n".join(lines))
        self.sums.setVisible(bool(lines))
        note = product.reason
        if not note and not lines:
            note = "No backward pass has come here yet at the playhead."
        self.note.setText(note)
        self.note.setVisible(bool(note))


def _formula(product: Product) -> str:
    if product.formula == BY_A_FUNCTION:
        return f"∂{product.argument}: {BY_A_FUNCTION}"
    parts = product.formula.replace(" with ", "\nwith ").replace("; ", "\n")
    return f"∂{product.argument} = {parts}"


def _real(jacobian: NDArray[Any]) -> NDArray[Any]:
    """Return two columns for each complex one, of its real and its imaginary part."""
    if not np.iscomplexobj(jacobian):
        return jacobian
    return np.stack([jacobian.real, jacobian.imag], -1).reshape(len(jacobian), -1)


def _title(product: Product, derivative: Derivative) -> str:
    several = sum(p.argument == product.argument for p in derivative.products) > 1
    which = f" {product.slot}" if several else ""
    name = f" = {product.name}" if product.name and product.name != product.argument else ""
    return f"{product.argument}{which}{name}  {list(product.shape)}"


def _sums(derivative: Derivative, product: Product) -> list[str]:
    """Return the sums of the first elements: `[0, 1]  3 · 4 = 12`."""
    if product.sent is None or product.jacobian is None:
        return []
    lines = []
    for k in range(min(product.sent.size, _SUMS)):
        text = spelled(derivative, product, k)
        if text:
            whole = text.replace(" · ", "\u00a0·\u00a0").replace(" = ", " =\u00a0")
            place = _index(k, product.sent.shape).replace(" ", "\u00a0")
            lines.append(f"{place}\u00a0\u00a0{whole}")
    left = product.sent.size - len(lines)
    return [*lines, f"… and {left:,} more"] if lines and left else lines


def _index(k: int, shape: tuple[int, ...]) -> str:
    places: list[int] = []
    for size in reversed(shape):
        k, at = divmod(k, size)
        places.insert(0, at)
    return f"[{', '.join(map(str, places))}]"
