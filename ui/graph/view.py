"""A graphics view with a camera: pan, zoom about the cursor, fit."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QGraphicsItem,
    QGraphicsScene,
    QGraphicsView,
    QStyleOptionGraphicsItem,
    QWidget,
)

from ui.graph.camera import Rect, View, between, fitted
from ui.graph.gestures import Gesture
from ui.graph.motion import GLIDE, Tween

NOTCH = 130  # milliseconds of one notch of the wheel
SETTLE = 90  # milliseconds after which a zoom is taken to be over
STEP = 1.25  # factor of zoom in and zoom out
KEEP = 48.0  # pixels of the content that panning leaves in view


class Stand(NamedTuple):
    """A camera, and whether it was to show the whole content whatever the size of the view."""

    view: View
    fitted: bool


class Canvas(QGraphicsItem):
    """The one item of the view: it covers it and paints in the view's pixels."""

    def __init__(self, paint: Callable[[QPainter], None]) -> None:
        super().__init__()
        self._paint = paint
        self._area = QRectF()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption, False)

    def resize(self, width: float, height: float) -> None:
        self.prepareGeometryChange()
        self._area = QRectF(0.0, 0.0, width, height)

    def boundingRect(self) -> QRectF:
        return self._area

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        try:
            self._paint(painter)
        except Exception as error:  # it must not come to Qt, which may end the program by it
            sys.excepthook(type(error), error, error.__traceback__)


class CameraView(QGraphicsView):
    """Moves a camera over content; subclasses give `content()`, `paint_view()` and react to clicks.

    Until the person pans or zooms after `fit`, the content stays fitted when the view is resized.
    """

    view_changed = Signal()
    viewport_painted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._item = Canvas(self._paint)
        scene = QGraphicsScene(self)
        scene.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        scene.addItem(self._item)
        self.setScene(scene)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._view = View(1.0, 0.0, 0.0)
        self._from = self._to = self._view
        self._fitted = True
        self._reduced_motion = False
        self._glide = Tween(self, self._glided)
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE)
        self._settle.timeout.connect(self.repaint_view)
        self._pressed: QPointF | None = None
        self._dragging = False
        self._gesture: Gesture | None = None

    # To be given by the subclass

    def content(self) -> Rect | None:
        """Return what there is to see, in scene units."""
        raise NotImplementedError

    def paint_view(self, painter: QPainter) -> None:
        raise NotImplementedError

    def clicked(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> None:
        """React to a click on a pixel that was no drag, with the keys that were held."""

    def dragged(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> Gesture | None:
        """Return what a drag from a pixel does; None moves the content."""
        return None

    def pointed(self, x: float, y: float) -> None:
        """React to the pointer being over a pixel with no button down."""

    # Camera

    def camera(self) -> View:
        return self._view

    def size_in_pixels(self) -> tuple[float, float]:
        port = self.viewport()
        return float(port.width()), float(port.height())

    def set_reduced_motion(self, reduced: bool) -> None:
        """Do without animation: the camera and everything else jump."""
        self._reduced_motion = reduced
        if reduced:
            self._glide.finish()

    def fit(self, animated: bool = True) -> None:
        """Show the whole content, and keep it whole until the person pans or zooms."""
        self._fitted = True
        area = self.content()
        if area is not None:
            self.look(fitted(area, *self.size_in_pixels(), self._ratio()), GLIDE * animated)

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the view."""
        width, height = self.size_in_pixels()
        self._zoom(factor, width / 2, height / 2, NOTCH)

    def zoom_in(self) -> None:
        self.zoom_by(STEP)

    def zoom_out(self) -> None:
        self.zoom_by(1 / STEP)

    def actual_size(self) -> None:
        """Zoom so that one scene unit is one pixel."""
        target = self._to if self._glide.running else self._view
        self.zoom_by(1.0 / target.scale)

    def look(self, view: View, milliseconds: int = 0) -> None:
        """Move the camera to `view`."""
        self._from, self._to = self._view, self._on_pixels(view)
        self._glide.run(0 if self._reduced_motion or not self.isVisible() else milliseconds)

    def stand(self) -> Stand:
        """Return where the person looks, to come back to."""
        return Stand(self._view, self._fitted)

    def return_to(self, stand: Stand, milliseconds: int = 0) -> None:
        """Look again as at that moment: at the same part, or at the whole content."""
        if stand.fitted:
            self.fit(milliseconds > 0)
        else:
            self._fitted = False
            self.look(stand.view, milliseconds)

    def look_at(self, x: float, y: float, animated: bool = False) -> None:
        """Bring a scene point to the middle, but never the content wholly out of sight."""
        self._fitted = False
        view = self._kept(self._view.centred(x, y, *self.size_in_pixels()))
        self.look(view, GLIDE * animated)

    def is_moving(self) -> bool:
        """Return whether the scale is changing, or just was."""
        return self._settle.isActive()

    def repaint_view(self) -> None:
        self._item.update()

    def _paint(self, painter: QPainter) -> None:
        self.paint_view(painter)
        self.viewport_painted.emit()

    def _glided(self, t: float) -> None:
        view = between(self._from, self._to, t, *self.size_in_pixels())
        if view.scale != self._view.scale and self.isVisible() and not self._reduced_motion:
            self._settle.start()
        self._view = self._on_pixels(view)
        self.view_changed.emit()
        self.repaint_view()

    def _zoom(self, factor: float, x: float, y: float, milliseconds: int) -> None:
        self._fitted = False
        target = self._to if self._glide.running else self._view
        self.look(target.zoomed(factor, x, y), milliseconds)

    def pan(self, by_x: float, by_y: float, milliseconds: int = 0) -> None:
        """Move the content by that many pixels, but never wholly out of sight."""
        self._fitted = False
        self.look(self._kept(self._view.panned(by_x, by_y)), milliseconds)

    def _kept(self, view: View) -> View:
        area = self.content()
        if area is None:
            return view
        width, height = self.size_in_pixels()
        left, top = view.to_pixel(area.x, area.y)
        right, low = left + area.width * view.scale, top + area.height * view.scale
        by_x = max(KEEP - right, 0.0) + min(width - KEEP - left, 0.0)
        by_y = max(KEEP - low, 0.0) + min(height - KEEP - top, 0.0)
        return view.panned(by_x, by_y)

    def _on_pixels(self, view: View) -> View:
        """Return the view with its origin on a device pixel, so that tiles are copied unchanged."""
        ratio = self._ratio()
        return View(
            view.scale, round(view.dx * ratio) / ratio, round(view.dy * ratio) / ratio, ratio
        )

    def _ratio(self) -> float:
        return float(self.devicePixelRatioF())

    # Events

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        width, height = self.size_in_pixels()
        self.setSceneRect(0.0, 0.0, width, height)
        self._item.resize(width, height)
        if self._fitted:
            self.fit(animated=False)
        elif event.oldSize().isValid():
            grown = event.size() - event.oldSize()
            self.look(self._view.panned(grown.width() / 2, grown.height() / 2))

    def wheelEvent(self, event: QWheelEvent) -> None:
        place, pixels = event.position(), event.pixelDelta()
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.phase() != Qt.ScrollPhase.NoScrollPhase and not pixels.isNull() and not control:
            self.pan(pixels.x(), pixels.y())  # two fingers on a touchpad
        else:
            delta = event.angleDelta().y() or event.angleDelta().x()
            notched = abs(delta) >= 120 and pixels.isNull()
            self._zoom(1.0018**delta, place.x(), place.y(), NOTCH if notched else 0)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.look(self._view)  # on a screen of another density: other device pixels
        return bool(super().event(event))

    def viewportEvent(self, event: QEvent) -> bool:
        if (
            isinstance(event, QNativeGestureEvent)
            and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture
        ):
            place = event.position()
            self._zoom(1.0 + event.value(), place.x(), place.y(), 0)
            return True
        return bool(super().viewportEvent(event))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self.end_gesture()
            self._pressed, self._dragging = event.position(), False
            self._glide.finish()
            self.setFocus(Qt.FocusReason.MouseFocusReason)
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position()
        if self._pressed is None:
            self.pointed(place.x(), place.y())
            return
        way = place - self._pressed
        if not self._dragging and way.manhattanLength() >= QApplication.startDragDistance() / 2:
            self._dragging = True
            left = event.buttons() & Qt.MouseButton.LeftButton
            button = Qt.MouseButton.LeftButton if left else Qt.MouseButton.MiddleButton
            begin = self._pressed.x(), self._pressed.y()
            self._gesture = self.dragged(*begin, button, event.modifiers())
            hand = Qt.CursorShape.ClosedHandCursor
            self.viewport().setCursor(hand if self._gesture is None else self._gesture.cursor)
        if self._gesture is not None:
            self._gesture.move(place.x(), place.y())
            self.repaint_view()
        elif self._dragging:
            self._pressed = place
            self.pan(way.x(), way.y())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            event.accept()
            return
        place, dragged = event.position(), self._dragging
        self._pressed, self._dragging = None, False
        self.viewport().unsetCursor()
        gesture, self._gesture = self._gesture, None
        if gesture is not None:
            gesture.drop()
            self.repaint_view()  # what the gesture painted is gone
        elif not dragged:
            self.clicked(place.x(), place.y(), event.button(), event.modifiers())
        self.pointed(place.x(), place.y())

    def end_gesture(self) -> bool:
        """Undo what a drag under way has done; return whether there was one."""
        gesture, self._gesture = self._gesture, None
        if gesture is None:
            return False
        self._pressed, self._dragging = None, False
        self.viewport().unsetCursor()
        gesture.cancel()
        self.repaint_view()
        return True

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        actions: dict[int, Callable[[], None]] = {
            Qt.Key.Key_F: self.fit, Qt.Key.Key_1: self.actual_size,
            Qt.Key.Key_Plus: self.zoom_in, Qt.Key.Key_Equal: self.zoom_in,
            Qt.Key.Key_Minus: self.zoom_out,
        }  # fmt: skip
        action = actions.get(event.key())
        held = event.modifiers() & ~(
            Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier
        )
        if action is None or held:
            event.ignore()
        else:
            action()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Leave what is dropped to whom the view is in; a scene would take all of it."""
        event.ignore()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Nothing scrolls: the camera is the only way to move."""
