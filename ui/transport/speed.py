"""The speed control: a slider over a ladder of speeds, and the speed in words."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from ui.fonts import mono_font
from ui.transport.player import NORMAL_SPEED

#: Multiples of NORMAL_SPEED; the last ones are for tapes of many thousand events.
LADDER = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0)


class SpeedControl(QWidget):
    """Chooses a speed, in stops per second. Clicking the words goes back to the normal speed."""

    speed_requested = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, len(LADDER) - 1)
        self.slider.setPageStep(1)
        self.slider.setFixedWidth(92)
        self.slider.setAccessibleName("Speed")
        self.label = QToolButton()
        self.label.setAutoRaise(True)
        self.label.setAccessibleName("Normal speed")
        self.label.setMinimumWidth(QFontMetrics(mono_font("small")).horizontalAdvance("1024×") + 14)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addWidget(self.slider)
        self._row.addWidget(self.label)
        self.set_speed(NORMAL_SPEED)
        self.slider.valueChanged.connect(self._chosen)
        self.label.clicked.connect(lambda: self.slider.setValue(LADDER.index(1.0)))

    def set_speed(self, stops_per_second: float) -> None:
        """Show a speed without announcing it; the slider goes to the nearest rung."""
        factor = stops_per_second / NORMAL_SPEED
        rung = int(np.argmin(np.abs(np.log(LADDER) - np.log(factor))))
        self.slider.blockSignals(True)
        self.slider.setValue(rung)
        self.slider.blockSignals(False)
        self._say(factor)

    def set_compact(self, compact: bool) -> None:
        """Leave out the slider where there is little room."""
        self.slider.setVisible(not compact)
        self._row.activate()

    def _chosen(self, rung: int) -> None:
        self._say(LADDER[rung])
        self.speed_requested.emit(LADDER[rung] * NORMAL_SPEED)

    def _say(self, factor: float) -> None:
        self.label.setText(f"{factor:g}×")
        text = f"{factor * NORMAL_SPEED:g} steps per second"
        self.slider.setToolTip(f"Speed: {text}")
        self.label.setToolTip(f"{text}; click for the normal speed")
