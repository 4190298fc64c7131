"""Light on the node under the pointer: after a moment's rest all but its neighbours are veiled."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.layer import Layer
from ui.graph.motion import Tween
from ui.graph.overlay import paint_focus
from ui.graph.paint import Picture
from ui.graph.scene import Indices, Scene

DELAY, FADE = 140, 130  # milliseconds
_NOTHING: Indices = np.zeros(0, np.intp)


class Spotlight(Layer):
    """Knows which node is pointed at, and how far the veil over the others has come."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.node = -1
        self.immediate = False  # no delay and no fading
        self._scene: Scene | None = None
        self._near: tuple[Indices, Indices] = (_NOTHING, _NOTHING)
        self._veil = self._begin = self._goal = 0.0
        self._fading = Tween(self, self._faded)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.timeout.connect(self._veil_in)

    @property
    def running(self) -> bool:
        return self._fading.running

    def set_scene(self, scene: Scene | None) -> None:
        """Take another scene, with no light on it."""
        self._scene, self.node = scene, -1
        self._wait.stop()
        self._fading.stop()
        self._veil, self._near = 0.0, (_NOTHING, _NOTHING)

    def point(self, node: int) -> bool:
        """Point at a node (-1: at none); return whether that is news."""
        if node == self.node:
            return False
        self.node = node
        if node < 0:
            self._wait.stop()
            self._fade_to(0.0)
        elif self._veil > 0.0:
            self._veil_in()  # from node to node the veil stays
        else:
            self._wait.start(0 if self.immediate else DELAY)
        return True

    def finish(self) -> None:
        """Have the veil where it is going."""
        self._fading.finish()

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        if self._veil > 0.0:
            paint_focus(painter, picture, view, size, *self._near, strength=self._veil)

    def _veil_in(self) -> None:
        if self._scene is not None and self.node >= 0:
            self._near = self._scene.around([self.node])
            self._fade_to(1.0)

    def _fade_to(self, goal: float) -> None:
        self._begin, self._goal = self._veil, goal
        self._fading.run(0 if self.immediate else round(FADE * abs(goal - self._veil)))

    def _faded(self, t: float) -> None:
        self._veil = self._begin + (self._goal - self._begin) * t
        self.changed.emit()
