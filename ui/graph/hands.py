"""The graph view under the person's hands: pointer, keys, selection, and the way to a node."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip, QWidget

from ui.graph.camera import Rect
from ui.graph.gestures import Gesture, RubberBand
from ui.graph.layer import Layer
from ui.graph.motion import GLIDE
from ui.graph.nodedrag import Lift, NodeDrag
from ui.graph.paint import Picture
from ui.graph.picks import Picks
from ui.graph.scene import Scene
from ui.graph.spotlight import Spotlight
from ui.graph.stage import Stage
from ui.graph.tips import has_tip, tip_of
from ui.graph.types import Kind, NodeId
from ui.graph.view import CameraView
from ui.graph.walk import Walker, Way, nearest
from ui.theme import Theme

GRASPED = 12.0  # pixels that a card must be high to be dragged; from afar one only pans
READABLE = 0.62  # the scale that going to a node reaches at least
_WAYS = {
    Qt.Key.Key_Up: Way.UP, Qt.Key.Key_Down: Way.DOWN,
    Qt.Key.Key_Left: Way.LEFT, Qt.Key.Key_Right: Way.RIGHT,
}  # fmt: skip


#: Keys that add to the selection instead of beginning a new one.
_MORE = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class HandledView(CameraView):
    """Lets a person point at, select and walk the nodes of the stage's scene.

    Shift or Ctrl adds to the selection, by click or with a rubber band. The subclass paints.
    """

    node_selected = Signal(object)  # NodeId | None
    node_hovered = Signal(object)  # NodeId | None
    node_activated = Signal(object)  # NodeId: double click or Enter
    picture_changed = Signal()  # another scene, theme or state, or the next frame of a motion
    #: The person dropped nodes, or a group: a dict of NodeId to where its middle is, in scene
    #: units. They are shown there until `move_to` or `set_graph` is called.
    nodes_dragged = Signal(object)
    picks_changed = Signal()  # by the person: see `picked`
    menu_requested = Signal(object, QPoint)  # NodeId | None, and where on the screen
    back_pressed = Signal()  # the mouse's button for that
    forward_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        self._stage = Stage(theme)
        self._spotlight = Spotlight()
        self._layers: list[Layer] = [self._spotlight]
        self._picks = Picks()
        self._banded: Picks | None = None  # what was selected before a rubber band
        self._walker = Walker()
        self._walking = False
        self._held: tuple[Lift, NDArray[np.float64]] | None = None  # dropped, not yet moved
        self._framed = False
        super().__init__(parent)
        for part in (self._stage, self._spotlight):
            part.setParent(self)
            part.changed.connect(self.repaint_view)
        self._stage.changed.connect(self.picture_changed)

    def describe(self) -> None:
        """Say in words what is shown; to be given by the subclass."""
        raise NotImplementedError

    def selected(self) -> NodeId | None:
        return self._id(self._picks.chief)

    # Camera

    def center_on(self, node: NodeId) -> None:
        """Bring a node to the middle, at a scale at which it can be read."""
        index = self._index(node)
        scene = self._stage.scene
        if scene is None or index < 0:
            return
        self._fitted = False
        view = self.camera()._replace(scale=max(self.camera().scale, READABLE))
        centre = scene.box(index).centre
        self.look(view.centred(*centre, *self.size_in_pixels()), GLIDE)

    def reveal(self, node: NodeId) -> None:
        """Pan as little as needed to have a node in view; not where all is in view."""
        index = self._index(node)
        scene = self._stage.scene
        if scene is None or index < 0 or self._fitted:
            return
        view, (width, height) = self.camera(), self.size_in_pixels()
        box = scene.box(index)
        left, top = view.to_pixel(box.x, box.y)
        by_x = _inward(left, box.width * view.scale, width)
        by_y = _inward(top, box.height * view.scale, height)
        if by_x or by_y:
            self.pan(by_x, by_y, GLIDE)

    def show_node(self, node: NodeId) -> None:
        """Bring a node where it can be read: nothing moves if it is, else it goes to the middle."""
        rect, (width, height) = self.node_rect(node), self.size_in_pixels()
        if rect is None:
            return
        inside = rect.x >= 0 and rect.y >= 0
        inside &= rect.x + rect.width <= width and rect.y + rect.height <= height
        if not inside or self.camera().scale < READABLE:
            self.center_on(node)

    def reveal_active(self) -> None:
        """Pan as little as needed to have the node in view that the playhead stands on."""
        active = self._id(self._stage.active)
        if active is not None:
            self.reveal(active)

    def node_rect(self, node: NodeId) -> Rect | None:
        """Return where a node is, in pixels of the viewport."""
        index = self._index(node)
        scene = self._stage.scene
        if scene is None or index < 0:
            return None
        box, view = scene.box(index), self.camera()
        return Rect(*view.to_pixel(box.x, box.y), box.width * view.scale, box.height * view.scale)

    # Pointer

    def clicked(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> None:
        if button != Qt.MouseButton.LeftButton:
            return
        node, scene = self._node_at(x, y), self._stage.scene
        if scene is not None and node >= len(scene):
            self._follow(scene, node)
        elif not held & _MORE:
            self._choose(node)
        elif node >= 0:
            self._change_picks(lambda: self._picks.toggle(node))

    def dragged(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> Gesture | None:
        scene = self._stage.scene
        if button != Qt.MouseButton.LeftButton or scene is None:
            return None
        if not held & _MORE:
            return self._lift(scene, x, y)
        self._banded = Picks()
        self._banded.set(self._picks.nodes, self._picks.chief)
        return RubberBand(x, y, self.camera, self._band)

    def picture(self) -> Picture | None:
        """Return what is painted; None without a graph."""
        return self._stage.picture

    def _lift(self, scene: Scene, x: float, y: float) -> Gesture | None:
        """Take up the node under a pixel, with all that are selected if it is; None from afar."""
        node = self._node_at(x, y)
        if not 0 <= node < len(scene) or scene.box(node).height * self.camera().scale < GRASPED:
            return None
        if node not in self._picks.nodes:
            self._choose(node)
        return self._take_up(scene, Lift(scene, list(self._picks.nodes)), x, y)

    def _take_up(self, scene: Scene, lift: Lift, x: float, y: float) -> Gesture | None:
        """Let what is lifted follow the pointer, which is at a pixel."""
        if self._held is not None:
            return None  # what was dropped last is on its way
        self._fitted = False
        self._hover(-1)
        self._spotlight.finish()  # what it would light is no longer on the ground
        self._stage.move(lift.ground())

        def done(by: NDArray[np.float64] | None) -> None:
            if by is None or not by.any():
                self._stage.move(scene)
                return
            self._held = lift, by
            self.nodes_dragged.emit(lift.places(by))

        return NodeDrag(
            x, y, self.camera, lift, self.picture, self.size_in_pixels, self.repaint_view, done
        )

    def _band(self, area: Rect | None) -> None:
        """Select what a rubber band touches, beside what was selected before."""
        scene, before = self._stage.scene, self._banded
        if scene is None or before is None:
            return
        held = [] if area is None else scene.nodes_in(area).tolist()
        nodes = before.nodes | {node for node in held if node < len(scene)}
        self._change_picks(lambda: self._picks.set(nodes, before.chief))

    def _follow(self, scene: Scene, badge: int) -> None:
        """Go where a portal leads; one with many far ends leads to one after the other."""
        far = scene.far_nodes(badge)
        goal = next((node for node in far if node > self._picks.chief), far[0])
        self._choose(goal)
        self.center_on(scene.ids[goal])

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.BackButton:
            self.back_pressed.emit()
        elif event.button() == Qt.MouseButton.ForwardButton:
            self.forward_pressed.emit()
        super().mousePressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu of the node under the pointer, which is selected, or of the canvas."""
        place, node = event.pos(), -1
        if event.reason() == QContextMenuEvent.Reason.Mouse:
            node = self._node_at(place.x(), place.y())
            node = -1 if self._id(node) is None else node
            if node not in self._picks.nodes:
                self._choose(node)
        else:
            node = self._picks.chief
            rect = self.node_rect(self._id(node) or NodeId(Kind.OP, -1))
            place = QPoint(*(round(at) for at in rect.centre)) if rect else self.rect().center()
        self._hover(-1)
        self.menu_requested.emit(self._id(node), self.viewport().mapToGlobal(place))
        event.accept()

    def pointed(self, x: float, y: float) -> None:
        self._hover(self._node_at(x, y))

    def pan(self, by_x: float, by_y: float, milliseconds: int = 0) -> None:
        self._hover(-1)
        super().pan(by_x, by_y, milliseconds)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        node = self._id(self._node_at(event.position().x(), event.position().y()))
        if node is not None and event.button() == Qt.MouseButton.LeftButton:
            self.node_activated.emit(node)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(-1)
        super().leaveEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self._tip(event.pos(), event.globalPos())
            return True
        return super().viewportEvent(event)

    def _tip(self, place: QPoint, globally: QPoint) -> None:
        node = self._node_at(place.x(), place.y())
        scene = self._stage.scene
        if scene is None or node < 0 or not has_tip(scene, node, self.camera().scale):
            QToolTip.hideText()
            return
        QToolTip.showText(globally, tip_of(scene, node), self.viewport())

    def _hover(self, node: int) -> None:
        if not self._spotlight.point(node):
            return
        if node >= 0:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.viewport().unsetCursor()
        self.node_hovered.emit(self._id(node))

    def _unpoint(self) -> None:
        if self._spotlight.node >= 0:
            self.viewport().unsetCursor()
            self.node_hovered.emit(None)

    # Keyboard

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._framed = event.reason() in _BY_KEY
        super().focusInEvent(event)
        self.repaint_view()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._framed = False
        super().focusOutEvent(event)
        self.repaint_view()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (
                Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier
            )  # fmt: skip
            vertical = event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down)
            escape = event.key() == Qt.Key.Key_Escape and self._picks.chief >= 0
            if escape or (plain and event.key() in _WAYS and (self._picks.chief >= 0 or vertical)):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, node = Qt.Key(event.key()), self.selected()
        if key in _WAYS and self._stage.scene is not None:
            self._walk(self._stage.scene, _WAYS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and node is not None:
            self.node_activated.emit(node)
        elif key == Qt.Key.Key_Escape and self.end_gesture():
            pass
        elif key == Qt.Key.Key_Escape and node is not None:
            self._choose(-1)
        else:
            super().keyPressEvent(event)

    def _walk(self, scene: Scene, way: Way) -> None:
        if self._picks.chief < 0:
            begin = self._stage.active
            width, height = self.size_in_pixels()
            middle = self.camera().to_scene(width / 2, height / 2)
            goal = begin if begin >= 0 else nearest(scene, *middle)
        else:
            goal = self._walker.step(scene, self._picks.chief, way)
        self._walking = True
        self._choose(goal)
        self._walking = False
        self.reveal(scene.ids[goal])

    def is_walking(self) -> bool:
        """Return whether what is selected just now is so by a step with an arrow key."""
        return self._walking

    # Within

    def _choose(self, node: int) -> None:
        self._change_picks(lambda: self._picks.only(node))

    def _change_picks(self, change: Callable[[], None]) -> None:
        """Let the person change the selection, and say so."""
        before, chief = self._picks.nodes, self._picks.chief
        change()
        self.describe()
        if self._picks.chief != chief:
            self.node_selected.emit(self.selected())
        if self._picks.nodes != before:
            self.picks_changed.emit()
            self.repaint_view()

    def _node_at(self, x: float, y: float) -> int:
        if self._stage.scene is None:
            return -1
        view = self.camera()
        return self._stage.scene.node_at(*view.to_scene(x, y), slack=1.5 / view.scale)

    def _index(self, node: NodeId | None) -> int:
        if self._stage.scene is None or node is None:
            return -1
        return self._stage.scene.index.get(node, -1)

    def _id(self, index: int) -> NodeId | None:
        scene = self._stage.scene
        return None if scene is None or not 0 <= index < len(scene) else scene.ids[index]


def _inward(start: float, length: float, room: float, margin: float = 32.0) -> float:
    """Return how far to move a span of pixels so that it lies within `room`."""
    if start < margin:
        return margin - start
    return min(room - margin - length - start, 0.0)
