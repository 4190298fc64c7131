"""Pins: nodes that the person has dragged stay where they were put, until they are let go."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.controller.graph import GraphBinding
from app.session import Session
from app.window import Window
from engine.tape.tape import Tape
from ui.graph.pins import Pins, Sheet


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
            kept = {n: at for n, at in self._pins().items() if n not in picture.scene.index}
            self._push("Unpin All", kept)

    def _dragged(self, places: Pins) -> None:
        self._push("Move Nodes" if len(places) > 1 else "Move Node", {**self._pins(), **places})

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
        self._marks.set_nodes(here)
        if not actions:
            return
        chosen = self._canvas.picked()
        held = bool(chosen) and all(node in pins for node in chosen)
        actions["pin"].setText("Unpin" if held else "Pin")
        actions["pin"].setEnabled(bool(chosen))
        actions["unpin_all"].setEnabled(bool(here))


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
