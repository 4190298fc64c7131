"""Between what a person wants the graph coloured by, what is measured for it, and the canvas."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.controller.graph import GraphBinding
from app.pictures import Picture
from app.preferences import Preferences
from app.session import Session
from app.work import Worker
from engine.tape.replay import Moment
from engine.tape.tape import Tape
from ui.graph.lens import Lens
from ui.graph.measures import Gauge, Measures
from ui.graph.pane import GraphPane
from ui.graph.shading import Legend, Shading
from ui.graph.types import CanvasState


class LensBinding(QObject):
    """Measures the shown graph off the GUI thread, and gives canvas and legend its shades."""

    changed = Signal()  # lens or flow

    def __init__(
        self, session: Session, graph: GraphBinding, pane: GraphPane, preferences: Preferences
    ) -> None:
        super().__init__(pane)
        self._session, self._graph, self._pane = session, graph, pane
        self._preferences = preferences
        self.lens = Lens.OPERATION
        self._gauge = Gauge()
        self._shading: Shading | None = None
        self._shaded: Picture | None = None  # what the shading is of
        self._worker = Worker("measures", self)
        self._worker.done.connect(self._done)
        self._worker.failed.connect(self._failed)
        graph.dress = self._dress
        graph.shown.connect(self._measure)
        session.tape_changed.connect(self._forget)
        pane.lens.chosen.connect(self.choose)

    @property
    def flow(self) -> bool:
        """Whether crossed edges show the size of their cotangents."""
        return self._preferences.flow or self.lens == Lens.GRADIENT

    @property
    def busy(self) -> bool:
        """Return whether a graph is being measured."""
        return self._worker.busy

    def choose(self, lens: Lens) -> None:
        """Colour the graph by this."""
        self.lens = lens
        self._show()

    def toggle_flow(self) -> None:
        """Show gradient flow, or not; the gradient's view always does."""
        if self.lens != Lens.GRADIENT:
            self._preferences.flow = not self._preferences.flow
        self._show()

    def close(self) -> None:
        """End the thread."""
        self._worker.close()

    def _show(self) -> None:
        self._pane.lens.set_lens(self.lens)
        self._shading = None
        self._measure()
        self._graph.retint()
        self.changed.emit()

    def _measure(self) -> None:
        """Measure the picture that is shown, if somebody wants to see it."""
        tape, picture = self._session.tape, self._graph.picture
        if tape is None or picture is None or (self.lens == Lens.OPERATION and not self.flow):
            self._worker.cancel()
            self._pane.legend.set_legends([])
            return
        if self._shading is None:
            self._pane.legend.set_legends([Legend("Measuring …")])
        frozen, gauge, lens, flow = tape.snapshot(), self._gauge, self.lens, self.flow
        self._worker.submit(
            lambda cancelled: _measured(tape, frozen, picture, gauge, lens, flow, cancelled)
        )

    def _done(self, result: tuple[Tape, Picture, Measures] | None) -> None:
        if result is None:
            return
        tape, picture, measures = result
        if tape is not self._session.tape or picture is not self._graph.picture:
            return
        self._shaded = picture
        self._shading = Shading(
            picture.tint, picture.graph, picture.layout, measures, self.flow
        )  # fmt: skip
        self._pane.legend.set_legends(self._shading.legends)
        self._graph.retint()

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _dress(self, state: CanvasState, moment: Moment) -> CanvasState:
        if self._shading is None or self._shaded is not self._graph.picture:
            return state
        return self._shading.dress(state, moment)

    def _forget(self) -> None:
        self._worker.cancel()
        self._gauge = Gauge()
        self._shading = self._shaded = None
        self._pane.legend.set_legends([])


def _measured(
    tape: Tape, frozen: Tape, picture: Picture, gauge: Gauge, lens: Lens, flow: bool,
    cancelled: Callable[[], bool],
) -> tuple[Tape, Picture, Measures] | None:  # fmt: skip
    found = gauge.measure(frozen, picture.graph, picture.layout, lens, flow, cancelled)
    return None if found is None else (tape, picture, found)
