"""The graph view: shows a laid-out graph, tinted by the playhead, to be walked and chosen from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QElapsedTimer, QRectF, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from ui.fonts import ui_font
from ui.graph.camera import Rect, View, fitted
from ui.graph.framing import Header
from ui.graph.gestures import Gesture
from ui.graph.hands import HandledView
from ui.graph.headers import Headers
from ui.graph.layer import Layer
from ui.graph.motion import GLIDE
from ui.graph.nodedrag import Lift
from ui.graph.overlay import paint_placeholder, paint_ring, paint_rings
from ui.graph.paint import paint_background
from ui.graph.previews import Preview
from ui.graph.scene import Scene, touching
from ui.graph.still import ReadPreviews, for_clipboard
from ui.graph.thumbs import THUMBS_FROM
from ui.graph.tips import description
from ui.graph.types import CanvasState, Layout, NodeId
from ui.theme import Theme

if TYPE_CHECKING:
    import networkx as nx


class GraphCanvas(HandledView):
    """Shows one graph. Signals report what the person does, never what a setter did.

    The arrow keys walk from the selected node; without a selection, left and right are left to
    whoever has a shortcut on them.
    """

    fold_requested = Signal(object)  # NodeId of an open group

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        self._headers = Headers()
        self._folding = QElapsedTimer()  # since a click has folded a group
        self._on_header = False
        self._lit: frozenset[NodeId] = frozenset()
        self._lit_at = np.zeros(0, np.intp)
        self._placeholder = ("No graph yet", "Run a cell to record its operations.")
        self._part: float | None = None
        super().__init__(theme, parent)
        self.add_layer(self._headers)
        self._layers.insert(0, self._layers.pop())  # below the veil
        self.setAccessibleName("Graph")
        self.describe()

    def add_layer(self, layer: Layer) -> None:
        """Paint `layer` above the picture from now on."""
        layer.setParent(self)
        layer.changed.connect(self.repaint_view)
        layer.set_scene(self._stage.scene)
        self._layers.append(layer)

    # Setters

    def set_theme(self, theme: Theme) -> None:
        self._stage.set_theme(theme)

    def set_reduced_motion(self, reduced: bool) -> None:
        """Do without animation: the camera, steps and the veil jump to their ends."""
        super().set_reduced_motion(reduced)
        self._spotlight.immediate = reduced

    def set_placeholder(self, title: str, detail: str = "", part: float | None = None) -> None:
        """Set what an empty canvas says; part: how much is done of what comes, 0 to 1."""
        self._placeholder, self._part = (title, detail), part
        self.describe()
        self.repaint_view()

    def set_graph(
        self,
        graph: nx.MultiDiGraph[NodeId] | None,
        layout: Layout | None,
        keep_view: bool = False,
        scene: Scene | None = None,
        anchor: NodeId | None = None,
        alike: bool = False,
    ) -> None:
        """Show a graph; the state is plain until `set_state`.

        The selection stays if the graph still has the node. keep_view: it is the graph of before,
        grown: the camera stays too, unless the whole graph was fitted, which it then is again.
        scene: `Scene.build(graph, layout)`, where another thread has made it already. anchor: a
        group that has been folded or unfolded: the camera stays with it. alike: it is as the one
        before, of another iteration: where a person panned and zoomed to stays in view.
        """
        if graph is None or layout is None or not layout.ids:
            scene = None
        elif scene is None:
            scene = Scene.build(graph, layout)
        glide = keep_view and self.isVisible() and not self._reduced_motion
        self.end_gesture()
        self._held = None
        self._picks.moved(self._stage.scene, scene)
        shift = self._shift(scene, anchor)
        glides = self._stage.show(scene, glide, shift)
        if shift != (0.0, 0.0):
            scale = self.camera().scale
            self.look(self.camera().panned(-shift[0] * scale, -shift[1] * scale))
        self._find_lit()
        self._unpoint()
        for layer in self._layers:
            layer.set_scene(scene)
        if scene is not None and (self._fitted or not (keep_view or (alike and self._in_sight()))):
            self.fit(animated=glides)
        self.describe()

    def _in_sight(self) -> bool:
        """Whether the middle of the view shows a part of the content."""
        area, seen = self.content(), self.camera().seen(*self.size_in_pixels())
        if area is None:
            return False
        x, y = seen.centre
        return 0 <= x - area.x <= area.width and 0 <= y - area.y <= area.height

    def move_to(self, scene: Scene) -> None:
        """Show the same nodes and edges at other places, in the same state; they glide there,
        unless they were dragged."""
        self.end_gesture()
        dropped, self._held = self._held is not None, None
        self._headers.set_scene(scene)
        self._stage.move(scene, self.isVisible() and not self._reduced_motion and not dropped)

    @property
    def is_empty(self) -> bool:
        """Whether the placeholder is shown."""
        return self._stage.scene is None

    def clear(self) -> None:
        """Show the placeholder instead of a graph."""
        self.set_graph(None, None)

    def set_state(self, state: CanvasState | None) -> None:
        """Tint the graph; the arrays must be as long as the layout. Raises ValueError otherwise."""
        self._stage.set_state(state)

    def set_previews(self, previews: Mapping[NodeId, Preview]) -> None:
        """Show small pictures of arrays on the cards of these nodes, and none on others."""
        self._stage.set_previews(
            {at: one for node, one in previews.items() if (at := self._index(node)) >= 0}
        )

    def animate_step(self, duration_ms: int) -> None:
        """Let the cotangents of the state's active step travel once; 0 shows their arrival."""
        self._stage.animate_step(0 if self._reduced_motion else duration_ms)

    def select(self, node: NodeId | None, reveal: bool = False) -> None:
        """Select a node (None or one that is not shown: nothing); emits no signal."""
        index = self._index(node)
        if index != self._picks.chief or index < 0:
            self._picks.only(index)
        self.describe()
        if reveal and node is not None:
            self.reveal(node)
        self.repaint_view()

    def highlight(self, nodes: Iterable[NodeId]) -> None:
        """Ring the nodes that belong to something pointed at elsewhere, as a source line."""
        self._lit = frozenset(nodes)
        self._find_lit()
        self.repaint_view()

    def set_notes(self, note: Callable[[NodeId], str] | None) -> None:
        """Let cards say something else than their detail: "" for those that do not.

        It is asked for cards in view, as often as they are painted.
        """
        self._stage.set_notes(note)

    def highlighted(self) -> frozenset[NodeId]:
        """Return what `highlight` was given last."""
        return self._lit

    def pick(self, nodes: Iterable[NodeId]) -> None:
        """Select several nodes, those that are shown; emits no signal."""
        scene = self._stage.scene
        index = {} if scene is None else scene.index
        self._picks.set(index[node] for node in nodes if node in index)
        self.describe()
        self.repaint_view()

    def picked(self) -> list[NodeId]:
        """Return all selected nodes, the one first that `selected` returns."""
        scene = self._stage.scene
        if scene is None or self._picks.chief < 0:
            return []
        return [scene.ids[node] for node in (self._picks.chief, *self._picks.others.tolist())]

    def still(self, read: ReadPreviews) -> Callable[[], QImage]:
        """Return what paints the graph as an image, or those of its nodes that are selected if
        they are several; it may be called on another thread. Raises ValueError without a graph.

        read: gives the previews of nodes by their places, on that thread."""
        picture = self._stage.picture
        if picture is None:
            raise ValueError("there is no graph to paint")
        nodes = self._picks.nodes if len(self._picks.nodes) > 1 else None
        return for_clipboard(picture, self._stage.state, nodes, read)

    def node_count(self) -> int:
        return 0 if self._stage.scene is None else len(self._stage.scene)

    # Camera

    def nodes_near(self) -> list[NodeId]:
        """Return the nodes in view if they are near enough to show previews, else none."""
        scene, view = self._stage.scene, self.camera()
        if scene is None or view.scale < THUMBS_FROM:
            return []
        seen = scene.nodes_in(view.seen(*self.size_in_pixels()))
        return [scene.ids[at] for at in seen.tolist() if at < len(scene)]

    def content(self) -> Rect | None:
        return None if self._stage.scene is None else self._stage.scene.bounds

    def is_animating(self) -> bool:
        layers = any(layer.running for layer in self._layers)
        return self._glide.running or self._stage.running or layers

    def is_painting(self) -> bool:
        """Return whether parts of the view still show what was before."""
        return self._stage.pending

    def finish_painting(self) -> None:
        """Bring all motion to its end and paint what is still missing: for pictures of the view."""
        self._glide.finish()
        self._settle.stop()
        for layer in self._layers:
            layer.finish()
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
        arriving = self._stage.arriving  # before, what belongs to a card would stand by itself
        for layer in self._layers:
            if arriving or layer is not self._headers:
                layer.paint(painter, picture, view, size)
        if arriving:
            self._stage.paint_active(painter, view)
            self._paint_rings(painter, picture.scene, view, size)
            self._stage.paint_step(painter, view, size, self._headers.areas(view, size))
        if self._held is not None:
            lift, by = self._held
            lift.paint(painter, lift.held(picture, by), view, size)
        if self._gesture is not None:
            self._gesture.paint(painter, self._stage.inks, view)
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
        paint_placeholder(painter, inks, size, *self._placeholder, fonts=fonts, part=self._part)

    def _paint_rings(
        self, painter: QPainter, scene: Scene, view: View, size: tuple[float, float]
    ) -> None:
        colour = self._stage.inks.focus
        for nodes in (self._lit_at, self._picks.others):
            some = nodes[touching(scene.boxes[nodes], view.seen(*size))]
            paint_rings(painter, scene, view, some, colour)
        if self._picks.chief >= 0 and scene.is_drawn(self._picks.chief):
            paint_ring(painter, scene, view, self._picks.chief, colour)

    # Groups

    def show_group(self, group: NodeId) -> None:
        """Bring a group into view: its frame as a whole, or its card."""
        scene = self._stage.scene
        place = None if scene is None else scene.place_of(group)
        if place is None:
            return
        self._fitted = False
        self.look(fitted(place.grown(24.0), *self.size_in_pixels(), self._ratio()), GLIDE)

    def header_rect(self, group: NodeId) -> Rect | None:
        """Return where the header of an open group is, in pixels of the viewport."""
        header = self._headers.of(group, self.camera(), self.size_in_pixels())
        if header is None:
            return None
        area = header.area
        return Rect(area.x(), area.y(), area.width(), area.height())

    def _shift(self, scene: Scene | None, anchor: NodeId | None) -> tuple[float, float]:
        """Return how far a group is from where it was, if the camera shall go with it."""
        old = self._stage.scene
        if scene is None or old is None or anchor is None or self._fitted:
            return 0.0, 0.0
        was, now = old.place_of(anchor), scene.place_of(anchor)
        return (0.0, 0.0) if was is None or now is None else (now.x - was.x, now.y - was.y)

    def clicked(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> None:
        header = self._header_at(x, y)
        if header is None or button != Qt.MouseButton.LeftButton:
            super().clicked(x, y, button, held)
        elif header.chevron.contains(x, y):
            self._folding.start()
            self.fold_requested.emit(header.group)

    def dragged(
        self, x: float, y: float, button: Qt.MouseButton, held: Qt.KeyboardModifier
    ) -> Gesture | None:
        header, scene = self._header_at(x, y), self._stage.scene
        left = button == Qt.MouseButton.LeftButton and not held
        if header is None or scene is None or not left:
            return super().dragged(x, y, button, held)
        return self._take_up(scene, Lift.of_group(scene, header.frame), x, y)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._folding.isValid() and not self._folding.hasExpired(
            QApplication.doubleClickInterval()
        ):
            self.mousePressEvent(event)  # its first click has folded a group
            return
        header = self._header_at(event.position().x(), event.position().y())
        if header is not None and event.button() == Qt.MouseButton.LeftButton:
            self.fold_requested.emit(header.group)
        else:
            super().mouseDoubleClickEvent(event)

    def pointed(self, x: float, y: float) -> None:
        header = self._header_at(x, y)
        if header is not None:
            self._hover(-1)
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        elif self._on_header:
            self.viewport().unsetCursor()
        self._on_header = header is not None
        if header is None:
            super().pointed(x, y)

    def _header_at(self, x: float, y: float) -> Header | None:
        return self._headers.at(x, y, self.camera(), self.size_in_pixels())

    # Within

    def _find_lit(self) -> None:
        index = {} if self._stage.scene is None else self._stage.scene.index
        self._lit_at = np.array([index[node] for node in self._lit if node in index], np.intp)

    def describe(self) -> None:
        """Say in words what is shown, for those who cannot see it."""
        scene = self._stage.scene
        if scene is None:
            self.setAccessibleDescription(". ".join(part for part in self._placeholder if part))
            return
        chief, count = self._picks.chief, len(self._picks.nodes)
        self.setAccessibleDescription(description(scene, chief, count))
