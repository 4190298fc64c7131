"""Turns a tape into the picture that the canvas shows: graphs, sizes, layout, tint, off-thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from app.work import Worker
from engine.tape.tape import Tape
from ui.graph.cards import card_sizes
from ui.graph.focus import Focus, focused
from ui.graph.folding import GroupWish, arrange
from ui.graph.groups import By, Groups, available
from ui.graph.listing import Listing
from ui.graph.model import GraphInfo, Graphs, build_graph, graph_at, list_graphs, main_graph
from ui.graph.pins import Pins, Sheet, pinned
from ui.graph.scene import Scene
from ui.graph.tint import TintIndex
from ui.graph.types import Layout, NodeId, empty_graph

if TYPE_CHECKING:
    import networkx as nx

Progress = Callable[[float], None]
_BUILT, _LAID_OUT = 0.3, 0.7  # how much of a picture is done when its graph is built, and laid out
_REPORTS = 50  # of the progress of one picture


class Wish(NamedTuple):
    """Which graph to draw (None: the one that the playhead stands in), and what part of it.

    A focus on a node that the graph does not have is none.
    """

    number: int | None
    playhead: int
    focus: Focus | None = None
    pins: Mapping[Sheet, Pins] = {}
    groups: GroupWish = GroupWish()
    sideways: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """One graph, laid out; `graphs` are all that the tape holds, `info` the one drawn or None.

    focus: on what part of the graph, which has n_whole nodes in all; None: it is all there.
    plain: the layout before its nodes were moved to where they are pinned.
    groups: as which the graph is drawn, and which of them are folded; could_be: by what else its
    nodes can be grouped; unfolded: what `graph` is with all groups unfolded.
    """

    graphs: Graphs
    info: GraphInfo | None
    focus: Focus | None
    n_whole: int
    groups: Groups
    folded: frozenset[NodeId]
    could_be: Sequence[By]
    unfolded: nx.MultiDiGraph[NodeId]
    graph: nx.MultiDiGraph[NodeId]
    plain: Layout
    pins: Pins
    layout: Layout
    scene: Scene
    tint: TintIndex
    seconds: float

    @property
    def sheet(self) -> Sheet:
        """Return which drawing of the graph it is."""
        return self.focus, self.layout.sideways


class Pictures(QObject):
    """Draws the wanted graph of a tape; while a tape grows, no more often than it can afford.

    Once a run is over, `hurry` has all of it drawn without a pause.
    """

    ready = Signal(object)  # Picture
    failed = Signal(object)  # Exception
    begun = Signal()
    advanced = Signal(float)  # how much of the picture is done, 0 to 1
    ended = Signal()  # it is ready, has failed, or is not wanted any more
    REST = 4.0  # pause between two pictures of a growing tape, in multiples of the last one's time
    SOONEST = 0.15  # seconds
    GROWS_FROM = 150  # nodes; a smaller graph is drawn anew as it grows, its cards glide

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker = Worker("pictures", self)
        self._worker.done.connect(self._done)
        self._worker.failed.connect(self.failed)
        for over in (self._worker.done, self._worker.failed):
            over.connect(lambda _: self.ended.emit())
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._start)
        self._request: tuple[Tape, Wish] | None = None
        self._last = (0.0, 0.0)  # when the last picture was ready, and how long it took
        self._drawn: Picture | None = None
        self._listing = Listing()
        self._hurry = False

    def draw(self, tape: Tape, wish: Wish) -> None:
        """Draw a graph of `tape` now."""
        self._request = (tape, wish)
        self._start()

    def redraw(self, tape: Tape, wish: Wish) -> None:
        """Draw it again because the tape grew: soon, not at once."""
        self._request = (tape, wish)
        if self._timer.isActive() or self._worker.busy:
            return
        when, took = self._last
        pause = max(self.SOONEST, self.REST * took) - (time.monotonic() - when)
        self._timer.start(0 if self._hurry else max(0, round(pause * 1000)))

    def hurry(self) -> None:
        """The tape is whole: draw what is due now, or right after what is being drawn."""
        self._hurry = self._worker.busy and self._request is not None
        if self._timer.isActive():
            self._start()

    def repin(self, picture: Picture, pins: Pins) -> None:
        """Draw a picture again with its nodes pinned elsewhere, unless another is being drawn."""
        if not self._worker.busy:
            self._worker.submit(lambda cancelled: _repinned(picture, pins))

    def cancel(self) -> None:
        """Draw nothing of what was asked for: its tape is about to close."""
        self._timer.stop()
        self._request = None
        self._worker.cancel()
        self.ended.emit()

    @property
    def busy(self) -> bool:
        """Return whether a picture is being drawn or is due."""
        return self._worker.busy or self._timer.isActive()

    @property
    def alive(self) -> bool:
        """Return whether the thread runs."""
        return self._worker.alive

    def close(self) -> None:
        """End the thread."""
        self._timer.stop()
        self._worker.close()

    def _start(self) -> None:
        self._timer.stop()
        self._hurry = False
        if self._request is None:
            return
        (tape, wish), self._request = self._request, None
        # The tape grows on this thread while the picture is drawn on another.
        frozen = tape.snapshot()
        before = self._drawn
        if before is not None and len(before.layout.ids) < self.GROWS_FROM:
            before = None
        tell = self._teller()
        self._worker.submit(
            lambda cancelled: picture_of(tape, frozen, wish, before, cancelled, tell, self._listing)
        )
        self.begun.emit()

    def _teller(self) -> Progress:
        """Return what the thread tells its progress to, which passes on few of many reports."""
        told = 0

        def tell(part: float) -> None:
            nonlocal told
            if int(_REPORTS * part) > told:
                told = int(_REPORTS * part)
                self.advanced.emit(part)

        return tell

    def _done(self, picture: Picture | None) -> None:
        if picture is None:
            return
        self._drawn = picture
        self._last = (time.monotonic(), picture.seconds)
        self.ready.emit(picture)
        if self._request is not None:
            self.redraw(*self._request)


def picture_of(
    live: Tape,
    tape: Tape,
    wish: Wish,
    before: Picture | None,
    cancelled: Callable[[], bool],
    tell: Progress = lambda part: None,
    graphs_of: Callable[[Tape, Tape], Graphs] = lambda live, frozen: list_graphs(frozen),
) -> Picture | None:
    """Draw a graph of a tape; `live` is the one that grows on. tell: is told the done part."""
    from ui.graph.layout import lay_out  # in the thread that draws: a window begins without

    begin = time.thread_time()
    graphs = graphs_of(live, tape)
    info = graphs.numbered(wish.number)
    if info is None:
        info = graph_at(tape, graphs, wish.playhead) or main_graph(graphs)
    whole = build_graph(tape, info) if info else empty_graph()
    focus = wish.focus if wish.focus is not None and wish.focus.node in whole else None
    graph = whole if focus is None else focused(whole, focus)
    grown = before is not None and before.focus == focus and _grows(before, live, info)
    old = before.plain if before is not None and grown else None
    first, wanted = -1 if info is None else info.first_event, wish.groups
    if focus is not None:  # on a part that shall be seen
        wanted = GroupWish(wanted.by, {(first, by): frozenset() for by in By})
    arranged = arrange(tape, graph, wanted, first)
    could_be = available(tape, graph)
    part, graph = graph, arranged.shown.graph
    tell(_BUILT)
    plain = lay_out(
        graph,
        card_sizes(graph),
        lambda part: tell(_BUILT + (_LAID_OUT - _BUILT) * part),
        cancelled,
        before=old,
        nest=arranged.shown.nest,
        sideways=wish.sideways,
    )
    if cancelled():
        return None
    tell(_LAID_OUT)
    pins = wish.pins.get((focus, wish.sideways), {})
    layout = pinned(plain, pins)
    tint = TintIndex(tape, graph, layout, None if part is whole else whole, arranged.shown.hidden)
    tint.tape = live  # it tells of moments that are yet to come
    scene = Scene.build(graph, layout)
    took = time.thread_time() - begin
    return Picture(
        graphs, info, focus, len(whole), arranged.groups, arranged.folded, could_be, part, graph,
        plain, pins, layout, scene, tint, took,
    )  # fmt: skip


def _repinned(picture: Picture, pins: Pins) -> Picture:
    layout = pinned(picture.plain, pins)
    scene = picture.scene.placed(layout)
    return replace(picture, pins=pins, layout=layout, scene=scene)


def _grows(before: Picture, live: Tape, info: GraphInfo | None) -> bool:
    """Return whether a graph is the one of a picture from before, or what became of it."""
    if before.info is None or info is None or before.tint.tape is not live:
        return False
    return before.info.first_event == info.first_event
