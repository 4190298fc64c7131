"""The layer of headers: names of open groups on their frames, to be clicked to fold them."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from ui.graph.camera import View
from ui.graph.framing import Header, Rooms, headers, paint_headers, rooms_of
from ui.graph.layer import Layer
from ui.graph.paint import Picture
from ui.graph.scene import Scene
from ui.graph.types import NodeId


class Headers(Layer):
    """Paints the headers of frames, and knows where they are."""

    def __init__(self) -> None:
        super().__init__()
        self._scene: Scene | None = None
        self._rooms: Rooms | None = None  # of that scene
        self._drawn: tuple[View, tuple[float, float], list[Header]] | None = None

    def set_scene(self, scene: Scene | None) -> None:
        self._scene, self._drawn = scene, None
        self._rooms = None if scene is None else rooms_of(scene)

    def paint(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        shown = self._headers(view, size)
        if self._scene is not None and picture.scene.frames is not self._scene.frames:
            shown = headers(picture.scene, view, size)  # a group of it is held elsewhere
        paint_headers(painter, picture.inks, picture.scene, view, shown)

    def at(self, x: float, y: float, view: View, size: tuple[float, float]) -> Header | None:
        """Return the header under a pixel; the innermost one comes first."""
        shown = self._headers(view, size)
        return next((one for one in reversed(shown) if one.area.contains(x, y)), None)

    def of(self, group: NodeId, view: View, size: tuple[float, float]) -> Header | None:
        """Return a group's header as it is on the screen; None if it is not."""
        return next((one for one in self._headers(view, size) if one.group == group), None)

    def areas(self, view: View, size: tuple[float, float]) -> list[QRectF]:
        """Return where names are, in pixels."""
        return [one.area for one in self._headers(view, size)]

    def _headers(self, view: View, size: tuple[float, float]) -> list[Header]:
        if self._scene is None:
            return []
        if self._drawn is None or self._drawn[:2] != (view, size):
            self._drawn = view, size, headers(self._scene, view, size, self._rooms)
        return self._drawn[2]
