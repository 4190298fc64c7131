"""The speed control: a slider over a ladder of speeds, and the speed in words."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QActionGroup, QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QMenu, QSlider, QToolButton, QWidget

from ui.fonts import mono_font
from ui.transport.player import NORMAL_SPEED

#: Multiples of NORMAL_SPEED; the last ones are for tapes of many thousand events.
LADDER = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0, 256.0, 1024.0)


class SpeedControl(QWidget):
    """Chooses a speed, in stops per second.

    Clicking the words goes back to the normal speed; without the slider it offers all speeds.
    """

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
        self.label.setAccessibleName("Speed in words")
        self.label.setMinimumWidth(QFontMetrics(mono_font("small")).horizontalAdvance("1024×") + 14)
        self._factor = 1.0
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self._row.addWidget(self.slider)
        self._row.addWidget(self.label)
        self.set_speed(NORMAL_SPEED)
        self.slider.valueChanged.connect(self._chosen)
        self.label.clicked.connect(self._clicked)
        self.menu = QMenu(self)
        self.choices = QActionGroup(self.menu)
        for rung, factor in enumerate(LADDER):
            action = self.menu.addAction(f"{factor:g}×", partial(self.slider.setValue, rung))
            action.setCheckable(True)
            self.choices.addAction(action)

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
        self._say(self._factor)

    def _clicked(self) -> None:
        if not self.slider.isHidden():
            self.slider.setValue(LADDER.index(1.0))
            return
        self.choices.actions()[self.slider.value()].setChecked(True)
        size = self.menu.sizeHint()
        place = self.label.mapToGlobal(self.label.rect().topRight())
        self.menu.popup(QPoint(place.x() - size.width(), place.y() - size.height()))

    def _chosen(self, rung: int) -> None:
        self._say(LADDER[rung])
        self.speed_requested.emit(LADDER[rung] * NORMAL_SPEED)

    def _say(self, factor: float) -> None:
        self._factor = factor
        self.label.setText(f"{factor:g}×")
        text = f"{factor * NORMAL_SPEED:g} steps per second"
        self.slider.setToolTip(f"Speed: {text}")
        offer = "other speeds" if self.slider.isHidden() else "the normal speed"
        self.label.setToolTip(f"{text}; click for {offer}")
