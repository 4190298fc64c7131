"""The whole graph in a corner, with the part that is seen as a rectangle that can be dragged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QWheelEvent,
)

from ui.graph.batch import draw_rects
from ui.graph.camera import Rect, View
from ui.graph.canvas import GraphCanvas
from ui.graph.floating import Floating
from ui.graph.inks import Inks, Tint, faded
from ui.graph.matches import Matches
from ui.graph.paint import Picture, ink_of, looks_of, paint_edges, paint_fills
from ui.theme import Theme

#: Share of the canvas's sides that it takes, and between how many pixels; padding around the graph.
SHARE, LEAST, MOST, PAD = 0.22, 48, 380, 6
MOSTLY = 0.6  # of the graph's area: if so much is in sight, a map tells little and hides much
ROOM = 280  # pixels that a canvas's shorter side needs to have a map
#: Up to so many nodes the map is painted as the canvas is, edges too; more are dots from arrays.
PAINTED = 1_200
_MARK = 3.0  # pixels of a match
_NONE = QColor(0, 0, 0, 0).rgba()


class Minimap(Floating):
    """Shows the canvas's graph while much of it is out of sight, and moves its camera."""

    def __init__(self, canvas: GraphCanvas, matches: Matches, theme: Theme) -> None:
        super().__init__(canvas, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignRight)
        self._canvas, self._matches = canvas, matches
        self._theme, self._inks = theme, Inks(theme)
        self._wanted = True
        self._picture: Picture | None = None
        self._image: QImage | None = None
        self._grip = QPointF()  # from the pointer to the middle of what is seen, in scene units
        self.setObjectName("Minimap")
        self.setAccessibleName("Map of the graph")
        self.setToolTip("Drag the frame, or click where to look")
        canvas.view_changed.connect(self.follow)
        canvas.picture_changed.connect(self.follow)
        matches.changed.connect(self.update)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._theme, self._inks = theme, Inks(theme)
        self._image = None
        self.update()

    def set_wanted(self, wanted: bool) -> None:
        """Show the map where it is of use, or never."""
        self._wanted = wanted
        self.follow()

    def follow(self) -> None:
        """Take what the canvas shows now: show or hide the map, draw what changed."""
        picture = self._canvas.picture()
        if picture is not self._picture:
            moved = self._picture is None or picture is None or (
                self._picture.scene.bounds != picture.scene.bounds
            )  # fmt: skip
            self._picture, self._image = picture, None
            if moved:
                self.place()
        useful = self._wanted and picture is not None and self._has_room() and self._is_cut()
        if useful != self.isVisibleTo(self._canvas):
            self.setVisible(useful)
            self.place()
        self.update()

    def view(self) -> View:
        """Return where the scene lies on the map."""
        area = self._bounds()
        room_x, room_y = self.width() - 2 * PAD, self.height() - 2 * PAD
        scale = min(room_x / max(area.width, 1.0), room_y / max(area.height, 1.0))
        view = View(scale, 0.0, 0.0, self.devicePixelRatioF())
        return view.centred(*area.centre, self.width(), self.height())

    def frame(self) -> QRectF:
        """Return the part that the canvas shows, in pixels of the map."""
        seen, view = self._seen(), self.view()
        left, top = view.to_pixel(seen.x, seen.y)
        return QRectF(left, top, seen.width * view.scale, seen.height * view.scale)

    def wished(self, room: QSize) -> QSize:
        area = self._bounds()
        wide = min(max(SHARE * room.width(), LEAST), MOST)
        high = min(max(SHARE * room.height(), LEAST), MOST)
        scale = min(wide / max(area.width, 1.0), high / max(area.height, 1.0))
        pad = 2 * PAD
        return QSize(
            max(round(area.width * scale), LEAST) + pad,
            max(round(area.height * scale), LEAST) + pad,
        )

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        picture = self._picture
        if picture is None:
            return
        view, area = self.view(), QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        if self._image is None or self._image.size() != self.size() * view.ratio:
            self._image = image_of(picture, self._inks, view, self.size())
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shape = QPainterPath()
        shape.addRoundedRect(area, 6.0, 6.0)
        painter.fillPath(shape, QColor(self._theme.panel))
        painter.setClipPath(shape)
        painter.drawImage(QPointF(0.0, 0.0), self._image)
        self._paint_frame(painter, shape)
        self._paint_marks(painter, picture, view)
        painter.setClipping(False)
        painter.setPen(QPen(QColor(self._theme.border), 1.0))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)
        painter.end()

    def _paint_marks(self, painter: QPainter, picture: Picture, view: View) -> None:
        """Mark what the search found, and the node that the playhead stands on."""
        painter.setPen(Qt.PenStyle.NoPen)
        found = self._matches.nodes
        if len(found):
            boxes = picture.scene.boxes[found]
            places = np.round((boxes[:, :2] + boxes[:, 2:] / 2) * view.scale)
            places = np.unique(places + np.round((view.dx, view.dy)), axis=0) - _MARK // 2
            painter.setBrush(self._inks.focus)
            draw_rects(painter, np.concatenate([places, np.full_like(places, _MARK)], axis=1))
        active = picture.tints.active
        if active >= 0:
            middle = QPointF(*view.to_pixel(*picture.scene.box(active).centre))
            for reach, strength in ((5.0, 0.35), (2.5, 1.0)):
                painter.setBrush(faded(self._inks.active, strength))
                painter.drawEllipse(middle, reach, reach)

    def _paint_frame(self, painter: QPainter, shape: QPainterPath) -> None:
        """Dim what is not seen, and frame what is."""
        frame, inner = QPainterPath(), QRectF(self.rect()).adjusted(2.5, 2.5, -2.5, -2.5)
        seen = self.frame().intersected(inner)
        frame.addRoundedRect(seen, 2.0, 2.0)
        painter.fillPath(shape.subtracted(frame), faded(QColor(self._theme.panel), 0.4))
        painter.setPen(QPen(self._inks.text_dim, 1.5))
        painter.setBrush(faded(self._inks.text, 0.05))
        painter.drawPath(frame)

    # Pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            return
        x, y = self.view().to_scene(event.position().x(), event.position().y())
        if self.frame().adjusted(-3, -3, 3, 3).contains(event.position()):
            middle = self._seen().centre
            self._grip = QPointF(middle[0] - x, middle[1] - y)
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        else:
            self._grip = QPointF()
            self._canvas.look_at(x, y, animated=True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            x, y = self.view().to_scene(event.position().x(), event.position().y())
            self._canvas.look_at(x + self._grip.x(), y + self._grip.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom the canvas about its middle."""
        self._canvas.zoom_by(1.0018 ** event.angleDelta().y())
        event.accept()

    def hideEvent(self, event: QHideEvent) -> None:
        self._image = None
        super().hideEvent(event)

    # Within

    def _bounds(self) -> Rect:
        return Rect(0.0, 0.0, 1.0, 1.0) if self._picture is None else self._picture.scene.bounds

    def _seen(self) -> Rect:
        return self._canvas.camera().seen(*self._canvas.size_in_pixels())

    def _has_room(self) -> bool:
        return min(self._canvas.size_in_pixels()) >= ROOM

    def _is_cut(self) -> bool:
        """Return whether much of the graph is out of sight."""
        area, seen = self._bounds(), self._seen()
        wide = min(seen.x + seen.width, area.x + area.width) - max(seen.x, area.x)
        high = min(seen.y + seen.height, area.y + area.height) - max(seen.y, area.y)
        return max(wide, 0.0) * max(high, 0.0) < MOSTLY * area.width * area.height


def image_of(picture: Picture, inks: Inks, view: View, size: QSize) -> QImage:
    """Return the graph as the map shows it, on nothing; `view` says where the scene lies."""
    pixels = size * view.ratio
    if len(picture.scene) > PAINTED:
        image = _dots(picture._replace(inks=inks), view, pixels)
    else:
        image = QImage(pixels, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(_NONE)
        image.setDevicePixelRatio(view.ratio)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        themed = picture._replace(inks=inks)
        painter.setOpacity(0.6)
        paint_edges(painter, themed, view, np.arange(len(picture.scene.ends)))
        painter.setOpacity(1.0)
        paint_fills(painter, themed, view, np.arange(len(picture.scene)))
        painter.end()
    image.setDevicePixelRatio(view.ratio)
    return image


def _dots(picture: Picture, view: View, size: QSize) -> QImage:
    """Colour the pixel in which each node's middle lies; what was visited lies on top."""
    scene = picture.scene
    n, unit = len(scene), view.scale * view.ratio
    middles = scene.boxes[:n, :2] + scene.boxes[:n, 2:] / 2
    places = middles * unit + np.array((view.dx, view.dy)) * view.ratio
    x = np.clip(places[:, 0].astype(np.intp), 0, size.width() - 2)
    y = np.clip(places[:, 1].astype(np.intp), 0, size.height() - 2)
    colours, lit = _colours(picture, n)
    field = np.zeros((size.height(), size.width()), np.uint32)
    for some in (np.flatnonzero(~lit), np.flatnonzero(lit)):
        for dx, dy in ((1, 1), (0, 1), (1, 0), (0, 0)):  # a dot is two pixels wide and high
            field[y[some] + dy, x[some] + dx] = colours[some]
    image = QImage(
        field.data, size.width(), size.height(), QImage.Format.Format_ARGB32_Premultiplied
    )
    return image.copy()  # with memory of its own


def _colours(picture: Picture, n: int) -> tuple[NDArray[np.uint32], NDArray[np.bool_]]:
    """Return the colour of each of the first n nodes as 0xffrrggbb, and whether it is lit."""
    looks = looks_of(picture, np.arange(n))
    table = np.zeros(int(looks.max(initial=0)) + 1, np.uint32)
    for look in np.flatnonzero(np.bincount(looks)).tolist():
        table[look] = ink_of(picture, look).solid.rgb() | 0xFF000000
    return table[looks], picture.tints.nodes[:n] == Tint.LIT
