"""The graph view: shows a laid-out graph, tinted by the playhead, to be walked and chosen from."""

from __future__ import annotations

import html
from collections.abc import Iterable

import networkx as nx
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QToolTip, QWidget

from ui.fonts import ui_font
from ui.graph.camera import Rect, View
from ui.graph.motion import GLIDE
from ui.graph.overlay import paint_placeholder, paint_ring, paint_rings
from ui.graph.paint import paint_background
from ui.graph.scene import Scene, touching
from ui.graph.spotlight import Spotlight
from ui.graph.stage import Stage
from ui.graph.types import CanvasState, Layout, NodeId
from ui.graph.view import CameraView
from ui.graph.walk import Way, nearest, step
from ui.theme import Theme

READABLE = 0.62  # the scale that going to a node reaches at least
_WAYS = {
    Qt.Key.Key_Up: Way.UP, Qt.Key.Key_Down: Way.DOWN,
    Qt.Key.Key_Left: Way.LEFT, Qt.Key.Key_Right: Way.RIGHT,
}  # fmt: skip


_BY_KEY = (
    Qt.FocusReason.TabFocusReason,
    Qt.FocusReason.BacktabFocusReason,
    Qt.FocusReason.ShortcutFocusReason,
)


class GraphCanvas(CameraView):
    """Shows one graph. Signals report what the person does, never what a setter did.

    The arrow keys walk from the selected node; without a selection, left and right are left to
    whoever has a shortcut on them.
    """

    node_selected = Signal(object)  # NodeId | None
    node_hovered = Signal(object)  # NodeId | None
    node_activated = Signal(object)  # NodeId: double click or Enter

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        self._stage = Stage(theme)
        self._spotlight = Spotlight()
        self._selected = -1
        self._framed = False
        self._lit: frozenset[NodeId] = frozenset()
        self._placeholder = ("No graph yet", "Run a cell to record its operations.")
        super().__init__(parent)
        for part in (self._stage, self._spotlight):
            part.setParent(self)
            part.changed.connect(self.repaint_view)
        self.setAccessibleName("Graph")
        self._describe()

    # Setters

    def set_theme(self, theme: Theme) -> None:
        self._stage.set_theme(theme)

    def set_reduced_motion(self, reduced: bool) -> None:
        """Do without animation: the camera, steps and the veil jump to their ends."""
        super().set_reduced_motion(reduced)
        self._spotlight.immediate = reduced

    def set_placeholder(self, title: str, detail: str = "") -> None:
        """Set what an empty canvas says."""
        self._placeholder = (title, detail)
        self._describe()
        self.repaint_view()

    def set_graph(
        self,
        graph: nx.MultiDiGraph[NodeId] | None,
        layout: Layout | None,
        keep_view: bool = False,
        scene: Scene | None = None,
    ) -> None:
        """Show a graph; the state is plain until `set_state`.

        The selection stays if the graph still has the node. keep_view: it is the graph of before,
        grown: the camera stays too, unless the whole graph was fitted, which it then is again.
        scene: `Scene.build(graph, layout)`, where another thread has made it already.
        """
        chosen = self.selected()
        if graph is None or layout is None or not layout.ids:
            scene = None
        elif scene is None:
            scene = Scene.build(graph, layout)
        glide = keep_view and self.isVisible() and not self._reduced_motion
        glides = self._stage.show(scene, glide)
        self._selected = self._index(chosen)
        self._unpoint()
        self._spotlight.clear(scene)
        if scene is not None and (self._fitted or not keep_view):
            self.fit(animated=glides)
        self._describe()

    def clear(self) -> None:
        """Show the placeholder instead of a graph."""
        self.set_graph(None, None)

    def set_state(self, state: CanvasState | None) -> None:
        """Tint the graph; the arrays must be as long as the layout. Raises ValueError otherwise."""
        self._stage.set_state(state)

    def animate_step(self, duration_ms: int) -> None:
        """Let the cotangents of the state's active step travel once; 0 shows their arrival."""
        self._stage.animate_step(0 if self._reduced_motion else duration_ms)

    def select(self, node: NodeId | None, reveal: bool = False) -> None:
        """Select a node (None or one that is not shown: nothing); emits no signal."""
        self._selected = self._index(node)
        self._describe()
        if reveal and node is not None:
            self.reveal(node)
        self.repaint_view()

    def highlight(self, nodes: Iterable[NodeId]) -> None:
        """Ring the nodes that belong to something pointed at elsewhere, as a source line."""
        self._lit = frozenset(nodes)
        self.repaint_view()

    def highlighted(self) -> frozenset[NodeId]:
        """Return what `highlight` was given last."""
        return self._lit

    def selected(self) -> NodeId | None:
        return self._id(self._selected)

    def node_count(self) -> int:
        return 0 if self._stage.scene is None else len(self._stage.scene)

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
        """Pan as little as needed to have a node in view."""
        index = self._index(node)
        scene = self._stage.scene
        if scene is None or index < 0:
            return
        view, (width, height) = self.camera(), self.size_in_pixels()
        box = scene.box(index)
        left, top = view.to_pixel(box.x, box.y)
        by_x = _inward(left, box.width * view.scale, width)
        by_y = _inward(top, box.height * view.scale, height)
        if by_x or by_y:
            self.pan(by_x, by_y, GLIDE)

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

    def content(self) -> Rect | None:
        return None if self._stage.scene is None else self._stage.scene.bounds

    def is_animating(self) -> bool:
        return self._glide.running or self._stage.running or self._spotlight.running

    def finish_painting(self) -> None:
        """Bring all motion to its end and paint what is still missing: for pictures of the view."""
        self._glide.finish()
        self._settle.stop()
        self._spotlight.finish()
        self._stage.finish(self.camera(), self.size_in_pixels())
        self.repaint_view()

    # Painting

    def paint_view(self, painter: QPainter) -> None:
        size, view = self.size_in_pixels(), self.camera()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        picture = self._stage.picture
        if picture is None:
            self._paint_placeholder(painter, size)
            self._paint_frame(painter, size)
            return
        self._stage.paint(painter, view, size, self.is_moving())
        self._spotlight.paint(painter, picture, view, size)
        self._stage.paint_active(painter, view)
        self._paint_rings(painter, picture.scene, view, size)
        self._stage.paint_step(painter, view, size)
        self._paint_frame(painter, size)

    def _paint_frame(self, painter: QPainter, size: tuple[float, float]) -> None:
        """Show that the arrow keys now come here, to those who came by key."""
        if self._framed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(self._stage.inks.focus, 2.0))
            painter.drawRect(QRectF(1.0, 1.0, size[0] - 2.0, size[1] - 2.0))

    def _paint_placeholder(self, painter: QPainter, size: tuple[float, float]) -> None:
        inks, fonts = self._stage.inks, (ui_font("heading"), ui_font("body"))
        paint_background(painter, inks, View(1.0, 0.0, 0.0), Rect(0.0, 0.0, *size))
        paint_placeholder(painter, inks, size, *self._placeholder, fonts=fonts)

    def _paint_rings(
        self, painter: QPainter, scene: Scene, view: View, size: tuple[float, float]
    ) -> None:
        colour = self._stage.inks.focus
        if self._lit:
            lit = np.array([scene.index[node] for node in self._lit if node in scene.index], int)
            lit = lit[touching(scene.boxes[lit], view.seen(*size))]
            paint_rings(painter, scene, view, lit, colour)
        if self._selected >= 0:
            paint_ring(painter, scene, view, self._selected, colour)

    # Pointer

    def clicked(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button != Qt.MouseButton.LeftButton:
            return
        node, scene = self._node_at(x, y), self._stage.scene
        if scene is not None and node >= len(scene):
            self._follow(scene, node)
        else:
            self._choose(node)

    def _follow(self, scene: Scene, badge: int) -> None:
        """Go where a portal leads; one with many far ends leads to one after the other."""
        far = scene.far_nodes(badge)
        goal = next((node for node in far if node > self._selected), far[0])
        self._choose(goal)
        self.center_on(scene.ids[goal])

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
        if self._stage.scene is None or node < 0:
            QToolTip.hideText()
            return
        card = self._stage.scene.cards[node]
        text = f"<b>{html.escape(card.title)}</b>"
        if node >= len(self._stage.scene):
            text += (
                "<br>Click to go there" if card.title[0] != "+" else "<br>Click to go to the next"
            )
        if card.name:
            text += f" → {html.escape(card.name)}"
        if card.detail:
            text += f"<br><span style='white-space:pre'>{html.escape(card.detail)}</span>"
        QToolTip.showText(globally, text, self.viewport())

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
            if plain and event.key() in _WAYS and (self._selected >= 0 or vertical):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, node = Qt.Key(event.key()), self.selected()
        if key in _WAYS and self._stage.scene is not None:
            self._walk(self._stage.scene, _WAYS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and node is not None:
            self.node_activated.emit(node)
        elif key == Qt.Key.Key_Escape and node is not None:
            self._choose(-1)
        else:
            super().keyPressEvent(event)

    def _walk(self, scene: Scene, way: Way) -> None:
        if self._selected < 0:
            begin = self._stage.active
            width, height = self.size_in_pixels()
            middle = self.camera().to_scene(width / 2, height / 2)
            goal = begin if begin >= 0 else nearest(scene, *middle)
        else:
            goal = step(scene, self._selected, way)
        self._choose(goal)
        self.reveal(scene.ids[goal])

    # Within

    def _choose(self, node: int) -> None:
        if node != self._selected:
            self._selected = node
            self._describe()
            self.node_selected.emit(self._id(node))
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

    def _describe(self) -> None:
        """Say in words what is shown, for those who cannot see it."""
        scene = self._stage.scene
        if scene is None:
            self.setAccessibleDescription(". ".join(part for part in self._placeholder if part))
            return
        text = f"{len(scene)} nodes, {scene.n_edges} edges. "
        if self._selected >= 0:
            card = scene.cards[self._selected]
            text += f"Selected: {card.title} {card.detail}".rstrip()
        else:
            text += "Nothing selected; the arrow keys walk from node to node."
        self.setAccessibleDescription(text)


def _inward(start: float, length: float, room: float, margin: float = 32.0) -> float:
    """Return how far to move a span of pixels so that it lies within `room`."""
    if start < margin:
        return margin - start
    return min(room - margin - length - start, 0.0)
