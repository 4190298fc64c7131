"""Pins: what the person has dragged stays where it was put, until it is let go."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.controller.graph import GraphBinding
from app.pictures import Picture
from app.session import Session
from app.window import Window
from engine.tape.tape import Tape
from ui.graph.pins import Pins, Sheet, shift_of
from ui.graph.types import NodeId


class Pinning(QObject):
    """Turns drags into pins that can be undone, and serves the commands that pin and let go."""

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, undo: QUndoStack
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._graph, self._undo = session, window, graph, undo
        self._canvas, self._marks = window.graph.canvas, window.graph.pin_marks
        self._canvas.nodes_dragged.connect(self._dragged)
        self._canvas.picks_changed.connect(self.update)
        session.selection_changed.connect(lambda _: self.update())
        session.pins_changed.connect(self.update)
        graph.shown.connect(self.update)
        graph.moved.connect(self.update)

    def handlers(self) -> dict[str, Callable[[], object]]:
        """Return what the commands do."""
        return {"pin": self.toggle, "unpin_all": self.unpin_all}

    def toggle(self) -> None:
        """Pin the selected nodes where they are; if all of them are pinned, let them go."""
        picture, chosen = self._graph.picture, self._canvas.picked()
        if picture is None or not chosen:
            return
        pins = dict(self._pins())
        if all(node in pins for node in chosen):
            for node in chosen:
                del pins[node]
            self._push("Unpin", pins)
        else:
            boxes = (picture.scene.box(picture.scene.index[node]) for node in chosen)
            pins |= {node: box.centre for node, box in zip(chosen, boxes, strict=True)}
            self._push("Pin", pins)

    def unpin_all(self) -> None:
        """Let all nodes of what is shown go where the layout has them."""
        picture = self._graph.picture
        if picture is not None:
            here = {*picture.scene.index, *picture.layout.frames.ids}
            self._push("Unpin All", {n: at for n, at in self._pins().items() if n not in here})

    def _dragged(self, places: Pins) -> None:
        picture, pins = self._graph.picture, dict(self._pins())
        one, at = next(iter(places.items()))
        frames = None if picture is None else picture.layout.frames
        if frames is None or one not in frames.ids:
            self._push("Move Nodes" if len(places) > 1 else "Move Node", {**pins, **places})
            return
        # What is pinned in a group goes with it.
        assert picture is not None
        x, y, width, height = frames.boxes[frames.ids.index(one)].tolist()
        by_x, by_y = at[0] - x - width / 2, at[1] - y - height / 2
        for node, (left, top) in pins.items():
            if one in [group.id for group in picture.groups.path(node)]:
                pins[node] = left + by_x, top + by_y
        self._push("Move Group", {**pins, one: self._middle(picture, one, by_x, by_y)})

    def _middle(
        self, picture: Picture, group: NodeId, by_x: float, by_y: float
    ) -> tuple[float, float]:
        """Return where a group is to be held that was moved: a frame that has grown around what
        is pinned in it has another middle than the layout's."""
        plain = picture.plain.frames
        x, y, width, height = plain.boxes[plain.ids.index(group)].tolist()
        now = shift_of(plain, self._pins(), group)
        return x + width / 2 + now[0] + by_x, y + height / 2 + now[1] + by_y

    def _sheet(self) -> Sheet:
        picture = self._graph.picture
        return (None, False) if picture is None else picture.sheet

    def _pins(self) -> Pins:
        return self._session.pins.get(self._sheet(), {})

    def _push(self, text: str, pins: Pins) -> None:
        sheet, before = self._sheet(), self._pins()
        if pins != before:
            self._undo.push(_Repin(text, self._session, sheet, before, pins))

    def update(self) -> None:
        """Mark what is pinned, and enable the commands that the selection allows."""
        picture, pins, actions = self._graph.picture, self._pins(), self._window.actions_by_id
        ids = [] if picture is None else picture.layout.ids
        here = [i for i, node in enumerate(ids) if node in pins] if pins else []
        frames = [] if picture is None else picture.layout.frames.ids
        framed = [k for k, group in enumerate(frames) if group in pins]
        self._marks.set_nodes(here, framed)
        if not actions:
            return
        chosen = self._canvas.picked()
        held = bool(chosen) and all(node in pins for node in chosen)
        actions["pin"].setText("Unpin" if held else "Pin")
        actions["pin"].setEnabled(bool(chosen))
        actions["unpin_all"].setEnabled(bool(here or framed))


class _Repin(QUndoCommand):
    """Other pins; undo brings back those before."""

    def __init__(
        self, text: str, session: Session, sheet: Sheet, before: Pins, after: Pins
    ) -> None:
        super().__init__(text)
        self._session, self._sheet = session, sheet
        self._tape: Tape | None = session.tape
        self._before, self._after = before, after

    def redo(self) -> None:
        self._set(self._after)

    def undo(self) -> None:
        self._set(self._before)

    def _set(self, pins: Pins) -> None:
        """Nothing for a tape that is gone."""
        if self._tape is self._session.tape:
            self._session.set_pins(self._sheet, pins)
