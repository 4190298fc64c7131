"""Which two-dimensional part of a tensor is shown, and the bar that chooses it."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QAbstractSpinBox, QGridLayout, QLabel, QSpinBox, QWidget

from ui.fonts import mono_font

#: Brackets, boxes and commas that fit side by side in a narrow panel.
_PER_ROW = 9


def matrix(array: NDArray[Any], leading: tuple[int, ...] = ()) -> NDArray[Any]:
    """Return the (rows, columns) view of `array` at `leading` indices of all but two dimensions.

    A vector of n becomes (n, 1), a scalar (1, 1).
    """
    if array.ndim >= 2:
        return array[leading] if leading else array
    return array.reshape(-1, 1)


class SliceBar(QWidget):
    """One spin box per leading dimension of a shape; hidden for a matrix, a vector, a scalar."""

    changed = Signal(tuple)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shape: tuple[int, ...] = ()
        self._boxes: list[QSpinBox] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        self.hide()

    def set_shape(self, shape: tuple[int, ...]) -> None:
        """Offer the indices of `shape`; chosen ones stay if the shape is the same."""
        if shape == self._shape:
            return
        self._shape = shape
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._boxes = [self._box(axis, size) for axis, size in enumerate(shape[:-2])]
        self._fill()
        self.setVisible(bool(self._boxes))

    def leading(self) -> tuple[int, ...]:
        """Return the chosen index of each leading dimension."""
        return tuple(box.value() for box in self._boxes)

    def _box(self, axis: int, size: int) -> QSpinBox:
        box = QSpinBox()
        box.setRange(0, max(size - 1, 0))
        box.setWrapping(True)
        box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        digits = QFontMetrics(mono_font("small")).horizontalAdvance(str(max(size - 1, 0)))
        box.setFixedWidth(digits + 34)
        box.setKeyboardTracking(False)
        box.setAccessibleName(f"Index of dimension {axis}, 0 to {size - 1}")
        box.setToolTip(f"Dimension {axis}: 0 to {size - 1}; turn the wheel or press ↑ ↓")
        box.valueChanged.connect(lambda _: self.changed.emit(self.leading()))
        return box

    def _fill(self) -> None:
        parts: list[QWidget] = [_mono("[")]
        for box in self._boxes:
            parts += [box, _mono(",")]
        parts.append(_mono(":, :]"))
        for i, part in enumerate(parts):
            self._grid.addWidget(part, i // _PER_ROW, i % _PER_ROW)
        self._grid.setColumnStretch(min(len(parts), _PER_ROW), 1)


def _mono(text: str) -> QLabel:
    label = QLabel(text)
    label.setObjectName("index")
    return label
