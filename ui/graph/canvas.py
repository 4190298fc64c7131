"""The graph view: shows a laid-out graph, tinted by the playhead, to be walked and chosen from."""

from __future__ import annotations

import html
from collections.abc import Iterable

import networkx as nx  # type: ignore[import-untyped]
import numpy as np
from PySide6.QtCore import QEasingCurve, QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter
from PySide6.QtWidgets import QToolTip, QWidget

from ui.fonts import ui_font
from ui.graph.camera import Rect, View
from ui.graph.cards import CardPainter
from ui.graph.inks import Inks, tints_of
from ui.graph.morph import Morph
from ui.graph.motion import Tween
from ui.graph.overlay import (
    paint_badges,
    paint_comets,
    paint_focus,
    paint_halo,
    paint_placeholder,
    paint_ring,
    paint_rings,
    paint_uncrossed,
)
from ui.graph.paint import Picture, paint_background, paint_scene
from ui.graph.scene import Indices, Scene, touching
from ui.graph.tiles import Tiles
from ui.graph.types import CanvasState, Layout, NodeId
from ui.graph.view import GLIDE, CameraView
from ui.graph.walk import Way, nearest, step
from ui.theme import Theme

#: While the scale changes, so many cards are painted anew in each frame; more are stretched tiles.
DIRECT = 48
BUDGET = 0.008  # seconds of a frame for new tiles
HOVER_DELAY, HOVER_FADE = 140, 130  # milliseconds
READABLE = 0.62  # the scale that going to a node reaches at least
TRAVEL, RISE = 0.75, 0.6  # of a step's time: comets arrive, badges begin to rise
_NOTHING: Indices = np.zeros(0, np.intp)
_WAYS = {
    Qt.Key.Key_Up: Way.UP, Qt.Key.Key_Down: Way.DOWN,
    Qt.Key.Key_Left: Way.LEFT, Qt.Key.Key_Right: Way.RIGHT,
}  # fmt: skip


class GraphCanvas(CameraView):
    """Shows one graph. Signals report what the person does, never what a setter did.

    The arrow keys walk from the selected node; without a selection, left and right are left to
    whoever has a shortcut on them.
    """

    node_selected = Signal(object)  # NodeId | None
    node_hovered = Signal(object)  # NodeId | None
    node_activated = Signal(object)  # NodeId: double click or Enter

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        self._inks = Inks(theme)
        self._cards = CardPainter()
        self._picture: Picture | None = None
        self._state: CanvasState | None = None
        self._tiles = Tiles()
        self._complete = self._prepared = False
        self._selected = self._hovered = -1
        self._near: tuple[Indices, Indices] = (_NOTHING, _NOTHING)
        self._lit: frozenset[NodeId] = frozenset()
        self._veil = 0.0
        self._pulse = 1.0
        self._placeholder = ("No graph yet", "Run a cell to record its operations.")
        super().__init__(parent)
        self._hover_wait = QTimer(self)
        self._hover_wait.setSingleShot(True)
        self._hover_wait.timeout.connect(self._veil_in)
        self._veiling = Tween(self, self._veiled)
        self._veil_way = (0.0, 0.0)
        self._morph: Morph | None = None
        self._morphed = 1.0
        self._morphing = Tween(self, self._morph_moved)
        self._pulsing = Tween(self, self._pulsed, QEasingCurve.Type.Linear)
        self._more = QTimer(self)
        self._more.setSingleShot(True)
        self._more.timeout.connect(self._go_on)
        self.setAccessibleName("Graph")
        self.set_theme(theme)
        self._describe()

    # Setters

    def set_theme(self, theme: Theme) -> None:
        self._inks = Inks(theme)
        self._retint(afresh=True)

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
        empty = graph is None or layout is None or not layout.ids
        self._stop_motion()
        self._state = None
        if empty or graph is None or layout is None:
            self._picture, self._selected = None, -1
            self._tiles.show(None)
        else:
            scene = scene or Scene.build(graph, layout)
            if keep_view and self._picture is not None and self.isVisible():
                self._morph = Morph.between(self._picture.scene, scene)
            self._selected = scene.index.get(chosen, -1) if chosen else -1
            self._picture = Picture(scene, tints_of(scene, None), self._inks, self._cards)
            self._tiles.show(self._picture)
            self._prepared = False
            if not keep_view or self._fitted:
                self.fit(animated=self._morph is not None)
            if self._morph is not None:
                self._morphing.run(0 if self._reduced_motion else GLIDE)
        self._describe()
        self.repaint_view()

    def clear(self) -> None:
        """Show the placeholder instead of a graph."""
        self.set_graph(None, None)

    def set_state(self, state: CanvasState | None) -> None:
        """Tint the graph; the arrays must be as long as the layout. Raises ValueError otherwise."""
        if self._picture is None:
            return
        scene = self._picture.scene
        if state is not None and (
            len(state.shown) != len(scene) or len(state.edge_lit) != len(scene.ends)
        ):
            raise ValueError(
                f"a state of {len(state.shown)} nodes and {len(state.edge_lit)} edges does not fit "
                f"the graph shown, which has {len(scene)} and {len(scene.ends)}"
            )
        self._pulsing.stop()
        self._pulse = 1.0
        self._state = state
        self._retint()

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

    def selected(self) -> NodeId | None:
        return self._id(self._selected)

    def node_count(self) -> int:
        return 0 if self._picture is None else len(self._picture.scene)

    # Camera

    def center_on(self, node: NodeId) -> None:
        """Bring a node to the middle, at a scale at which it can be read."""
        index = self._index(node)
        if self._picture is None or index < 0:
            return
        self._fitted = False
        view = self.camera()._replace(scale=max(self.camera().scale, READABLE))
        centre = self._picture.scene.box(index).centre
        self.look(view.centred(*centre, *self.size_in_pixels()), GLIDE)

    def reveal(self, node: NodeId) -> None:
        """Pan as little as needed to have a node in view."""
        index = self._index(node)
        if self._picture is None or index < 0:
            return
        view, (width, height) = self.camera(), self.size_in_pixels()
        box = self._picture.scene.box(index)
        left, top = view.to_pixel(box.x, box.y)
        by_x = _inward(left, box.width * view.scale, width)
        by_y = _inward(top, box.height * view.scale, height)
        if by_x or by_y:
            self.pan(by_x, by_y, GLIDE)

    def node_rect(self, node: NodeId) -> Rect | None:
        """Return where a node is, in pixels of the viewport."""
        index = self._index(node)
        if self._picture is None or index < 0:
            return None
        box, view = self._picture.scene.box(index), self.camera()
        return Rect(*view.to_pixel(box.x, box.y), box.width * view.scale, box.height * view.scale)

    def content(self) -> Rect | None:
        return None if self._picture is None else self._picture.scene.bounds

    # Replay

    def animate_step(self, duration_ms: int) -> None:
        """Let the cotangents of the state's active step travel once; 0 shows their arrival."""
        if self._state is None or not (len(self._state.pulses) or self._state.badges):
            return
        self._pulsing.run(0 if self._reduced_motion else duration_ms)

    def is_animating(self) -> bool:
        tweens = (self._pulsing, self._glide, self._veiling, self._morphing)
        return any(tween.running for tween in tweens)

    # Painting

    def paint_view(self, painter: QPainter) -> None:
        size = self.size_in_pixels()
        picture, view = self._picture, self.camera()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if picture is None:
            paint_background(painter, self._inks, View(1.0, 0.0, 0.0), Rect(0.0, 0.0, *size))
            fonts = (ui_font("heading"), ui_font("body"))
            paint_placeholder(painter, self._inks, size, *self._placeholder, fonts=fonts)
            return
        area = view.seen(*size)
        if self._morph is not None:
            self._morph.paint(painter, picture, view, area, self._morphed)
        elif self.is_moving() and len(picture.scene.nodes_in(area)) <= DIRECT:
            paint_scene(painter, picture, view, area)
        else:
            self._complete = self._tiles.paint(painter, view, size, self.is_moving(), BUDGET)
            if not self._complete or not self._prepared:
                self._more.start(0)
        self._paint_overlay(painter, picture, view, size)

    def _paint_overlay(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        state, under_way = self._state, self._pulse < 1.0
        if state is not None and under_way:
            paint_uncrossed(painter, picture, view, state.pulses.astype(np.intp))
        if self._veil > 0.0:
            paint_focus(painter, picture, view, size, *self._near, strength=self._veil)
        if picture.tints.active >= 0:
            breath = 4.0 * self._pulse * (1.0 - self._pulse)
            paint_halo(painter, picture, view, picture.tints.active, breath)
        self._paint_rings(painter, picture, view, size)
        if state is not None and under_way:
            travelled = _eased(min(self._pulse / TRAVEL, 1.0))
            paint_comets(painter, picture, view, state.pulses.astype(np.intp), travelled)
        if state is not None:
            risen = _eased(min(max((self._pulse - RISE) / (1.0 - RISE), 0.0), 1.0))
            paint_badges(painter, picture, view, state.badges, risen)

    def _paint_rings(
        self, painter: QPainter, picture: Picture, view: View, size: tuple[float, float]
    ) -> None:
        scene, colour = picture.scene, self._inks.focus
        if self._lit:
            lit = np.array([scene.index[node] for node in self._lit if node in scene.index], int)
            lit = lit[touching(scene.boxes[lit], view.seen(*size))]
            paint_rings(painter, scene, view, lit, colour)
        if self._selected >= 0:
            paint_ring(painter, scene, view, self._selected, colour)

    def finish_painting(self) -> None:
        """Bring all motion to its end and paint what is still missing: for pictures of the view."""
        for tween in (self._glide, self._pulsing, self._veiling, self._morphing):
            tween.finish()
        self._settle.stop()
        self._tiles.complete(self.camera(), self.size_in_pixels())
        self.repaint_view()

    def _go_on(self) -> None:
        """Paint what a frame had no time for, then what zooming out will need."""
        if not self._complete:
            self.repaint_view()
        elif self._tiles.prepare(self.camera().ratio):
            self._more.start(0)
        else:
            self._prepared = True

    def _retint(self, afresh: bool = False) -> None:
        if self._picture is not None:
            tints = tints_of(self._picture.scene, self._state)
            self._picture = self._picture._replace(tints=tints, inks=self._inks)
            if afresh:
                self._tiles.show(self._picture)
                self._prepared = False
            else:
                self._tiles.recolour(self._picture)
        self.repaint_view()

    # Pointer

    def clicked(self, x: float, y: float, button: Qt.MouseButton) -> None:
        if button == Qt.MouseButton.LeftButton:
            self._choose(self._node_at(x, y))

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
        if self._picture is None or node < 0:
            QToolTip.hideText()
            return
        card = self._picture.scene.cards[node]
        text = f"<b>{html.escape(card.title)}</b>"
        if card.name:
            text += f" → {html.escape(card.name)}"
        if card.detail:
            text += f"<br><span style='white-space:pre'>{html.escape(card.detail)}</span>"
        QToolTip.showText(globally, text, self.viewport())

    def _hover(self, node: int) -> None:
        if node == self._hovered:
            return
        self._hovered = node
        if node >= 0 and self._picture is not None:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
            if self._veil > 0.0:
                self._veil_in()  # from node to node the veil stays
            else:
                self._hover_wait.start(0 if self._reduced_motion else HOVER_DELAY)
        else:
            self._hover_wait.stop()
            self.viewport().unsetCursor()
            self._run_veil(0.0)
        self.node_hovered.emit(self._id(node))

    def _veil_in(self) -> None:
        if self._picture is not None and self._hovered >= 0:
            self._near = self._picture.scene.around([self._hovered])
            self._run_veil(1.0)

    def _run_veil(self, goal: float) -> None:
        self._veil_way = (self._veil, goal)
        distance = abs(goal - self._veil)
        self._veiling.run(0 if self._reduced_motion else round(HOVER_FADE * distance))

    def _veiled(self, t: float) -> None:
        begin, goal = self._veil_way
        self._veil = begin + (goal - begin) * t
        self.repaint_view()

    def _morph_moved(self, t: float) -> None:
        self._morphed = t
        if t >= 1.0:
            self._morph = None
        self.repaint_view()

    def _pulsed(self, t: float) -> None:
        self._pulse = t
        self.repaint_view()

    # Keyboard

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
        if key in _WAYS and self._picture is not None:
            self._walk(_WAYS[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and node is not None:
            self.node_activated.emit(node)
        elif key == Qt.Key.Key_Escape and node is not None:
            self._choose(-1)
        else:
            super().keyPressEvent(event)

    def _walk(self, way: Way) -> None:
        assert self._picture is not None
        scene = self._picture.scene
        if self._selected < 0:
            begin = self._picture.tints.active
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
        if self._picture is None:
            return -1
        view = self.camera()
        return self._picture.scene.node_at(*view.to_scene(x, y), slack=1.5 / view.scale)

    def _index(self, node: NodeId | None) -> int:
        if self._picture is None or node is None:
            return -1
        return self._picture.scene.index.get(node, -1)

    def _id(self, index: int) -> NodeId | None:
        return None if self._picture is None or index < 0 else self._picture.scene.ids[index]

    def _stop_motion(self) -> None:
        self._hover_wait.stop()
        for tween in (self._pulsing, self._veiling, self._morphing):
            tween.stop()
        self._morph = None
        self._pulse, self._veil, self._near = 1.0, 0.0, (_NOTHING, _NOTHING)
        self._hover(-1)

    def _describe(self) -> None:
        """Say in words what is shown, for those who cannot see it."""
        if self._picture is None:
            self.setAccessibleDescription(". ".join(part for part in self._placeholder if part))
            return
        scene = self._picture.scene
        text = f"{len(scene)} nodes, {len(scene.ends)} edges. "
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


def _eased(t: float) -> float:
    return t * t * (3.0 - 2.0 * t)
