"""Combo boxes of the bar above the canvas."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QComboBox, QSizePolicy, QWidget

from ui.graph.lens import Lens
from ui.icons import pixmap
from ui.theme import SPACE


class Choice(QComboBox):
    """A combo box whose arrow is one of our icons, in the theme's colour."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.colour = ""
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        side = 14
        arrow = pixmap("chevron_down", self.colour, side, self.devicePixelRatioF())
        left, top = self.width() - side - SPACE["m"], (self.height() - side) // 2
        painter = QPainter(self)
        painter.drawPixmap(left, top, arrow)
        painter.end()


class LensChoice(Choice):
    """Chooses what the graph is coloured by."""

    chosen = Signal(object)  # Lens
    WIDEST = 21  # letters

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Colour by")
        self.setToolTip("What the colours of the nodes tell")
        self.setMinimumContentsLength(self.WIDEST)
        for lens in Lens:
            self.addItem(f"Colour by {lens.value.lower()}", lens)
        self.activated.connect(lambda index: self.chosen.emit(list(Lens)[index]))

    def set_lens(self, lens: Lens) -> None:
        """Mark a lens; emits nothing."""
        self.setCurrentIndex(list(Lens).index(lens))
