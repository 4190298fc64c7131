"""Moving about the graph: back and forward through visited places, and the focus on a part."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject

from app.controller.finding import Finding
from app.controller.graph import GraphBinding
from app.places import Place, Places
from app.session import Session
from app.window import Window
from ui.graph.focus import Focus
from ui.graph.motion import GLIDE
from ui.graph.reach import Way
from ui.graph.types import NodeId
from ui.graph.view import Stand


class Moving(QObject):
    """Remembers where the person was, and shows parts of the graph by themselves."""

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, finding: Finding
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._finding, self._canvas = finding, window.graph.canvas
        self._bar = window.graph.focus_bar
        self._places = Places()
        self._node: NodeId | None = None  # selected before the present change
        self._goal: Place | None = None  # on the way there, until its graph is shown
        self._whole: Stand | None = None  # the camera before the focus
        session.selection_changed.connect(self._selected)
        session.tape_changed.connect(self._forget)
        graph.leaving.connect(self._leave)
        graph.shown.connect(self._shown)
        graph.turned.connect(self._forget_cameras)
        self._canvas.back_pressed.connect(self.back)
        self._canvas.forward_pressed.connect(self.forward)
        self._bar.changed.connect(self._turn)
        self._bar.closed.connect(self.show_whole)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {
            "back": self.back,
            "forward": self.forward,
            "focus_near": lambda: self.focus(Way.NEAR),
            "focus_ancestors": lambda: self.focus(Way.ANCESTORS),
            "focus_descendants": lambda: self.focus(Way.DESCENDANTS),
            "focus_wider": lambda: self._widen(1),
            "focus_narrower": lambda: self._widen(-1),
            "show_whole": self.show_whole,
        }

    # --- places

    def back(self) -> None:
        """Go to where one was before."""
        self._go(self._places.back(self._now()))

    def forward(self) -> None:
        """Go to where one came back from."""
        self._go(self._places.forward(self._now()))

    def _now(self) -> Place:
        graph, picture = self._session.graph, self._graph.picture
        number = None if graph is None else graph.number
        focus = None if picture is None else picture.focus
        return Place(number, focus, self._node, self._canvas.stand())

    def _leave(self) -> None:
        if self._goal is None:
            self._places.leave(self._now())

    def _selected(self, node: NodeId | None) -> None:
        if self._goal is None and node is not None:
            walked = self._canvas.is_walking() or self._finding.stepping
            self._places.leave(self._now(), walked)
        if node is not None or self._goal is not None:
            self._node = node
        self._update()

    def _forget(self) -> None:
        self._node = self._goal = None
        self._forget_cameras()

    def _forget_cameras(self) -> None:
        self._places.clear()
        self._whole = None
        self._update()

    def _go(self, place: Place | None) -> None:
        if place is None:
            return
        self._goal, now = place, self._now()  # what is selected on the way is no new place
        if (place.graph, place.focus) == (now.graph, now.focus) or place.graph is None:
            self._arrive(place, GLIDE)
        else:
            self._graph.choose(place.graph, place.focus)

    def _arrive(self, place: Place, milliseconds: int) -> None:
        """The graph of the place is shown: go to the node there."""
        self._session.select(place.node)
        self._canvas.return_to(place.stand, milliseconds)
        self._goal = None
        self._update()

    def _shown(self) -> None:
        picture, goal = self._graph.picture, self._goal
        focus = None if picture is None else picture.focus
        if picture is None or self._node not in picture.graph:
            self._node = None  # it is selected, but not here
        if picture is None or focus is None:
            self._bar.set_focus(None)
        else:
            title = str(picture.graph.nodes[focus.node].get("title") or "")
            self._bar.set_focus(focus, title, len(picture.graph), picture.n_whole)
        self._window.graph.settle()
        if goal is not None and picture is not None:
            if focus == goal.focus:
                self._arrive(goal, 0)
            self._goal = None
        elif picture is not None and focus is None and self._whole is not None:
            self._canvas.return_to(self._whole)
        if focus is None:
            self._whole = None
        self._update()

    # --- focus

    def focus(self, way: Way) -> None:
        """Show what can be reached from the selected node by itself."""
        node = self._session.selection
        if node is not None:
            self._turn(Focus(node, way))

    def show_whole(self) -> None:
        """Show the whole graph again, as it was looked at."""
        graph = self._session.graph
        if graph is not None and self._now().focus is not None:
            self._graph.choose(graph.number)

    def _turn(self, focus: Focus) -> None:
        graph = self._session.graph
        if graph is None:
            return
        if self._now().focus is None:
            self._whole = self._canvas.stand()
        self._graph.choose(graph.number, focus)

    def _widen(self, by: int) -> None:
        focus = self._now().focus
        if focus is not None and focus.way == Way.NEAR:
            self._turn(focus.wider(by))

    def _update(self) -> None:
        actions = self._window.actions_by_id
        if not actions:
            return
        focus = self._now().focus
        near = focus is not None and focus.way == Way.NEAR
        actions["back"].setEnabled(self._places.has_back)
        actions["forward"].setEnabled(self._places.has_forward)
        for name in ("focus_near", "focus_ancestors", "focus_descendants"):
            actions[name].setEnabled(self._session.selection is not None)
        for name in ("focus_wider", "focus_narrower"):
            actions[name].setEnabled(near)
        actions["show_whole"].setEnabled(focus is not None)
