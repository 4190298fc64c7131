"""Between the search bar over the graph, the index of what can be found, and canvas and session."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from app.controller.graph import GraphBinding
from app.pictures import Picture
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.called import unmet
from engine.tape.conditions import Condition, ConditionError
from engine.tape.tape import Tape, TapeError
from ui.graph.conditions import is_condition, meeting, read_condition
from ui.graph.motion import GLIDE
from ui.graph.search import SearchIndex
from ui.graph.types import NodeId
from ui.graph.view import Stand

_NOTHING: NDArray[np.intp] = np.zeros(0, np.intp)


class Finding(QObject):
    """Lights what the search finds and goes from match to match.

    What is in folded groups is found too: the group is lit. The index is made off the GUI thread
    when the bar opens; a query that is typed before it is there is answered then. A query can be a
    condition of breakpoints, which is computed on another thread. Kept, it filters the graph.
    """

    def __init__(self, session: Session, window: Window, graph: GraphBinding) -> None:
        super().__init__(window)
        self._session, self._graph = session, graph
        self._bar, self._matches = window.graph.finder, window.graph.matches
        self._chip = window.graph.filter_chip
        self._canvas = window.graph.canvas
        self._index: SearchIndex | None = None
        self._indexed: Picture | None = None  # what the index is of, or will be
        self._found, self._at = _NOTHING, -1
        self._shown_at = _NOTHING  # the scene's number of each node of the index
        self.stepping = False  # what is selected just now is a match
        self._typed = False  # since there is an index to answer it
        self._before: tuple[Stand, NodeId | None] | None = None  # how it was at opening
        self.worker, self.filtering = Worker("search", self), Worker("filter", self)
        self.worker.done.connect(self._made)
        self.filtering.done.connect(self._met)
        for worker in (self.worker, self.filtering):
            worker.failed.connect(self._failed)
        self._chip.opened.connect(self.open)
        self._chip.closed.connect(self._clear)
        self._bar.query_changed.connect(self._search)
        self._bar.stepped.connect(self.step)
        self._bar.closed.connect(self._close)
        graph.shown.connect(self._shown)

    def open(self) -> None:
        """Show the bar with the keyboard in it."""
        if not self._bar.isVisible():
            self._before = self._canvas.stand(), self._session.selection
        self._chip.hide()
        self._bar.open()
        self._refresh()

    def filter(self) -> None:
        """Show the bar, whose matches stay lit when it is gone."""
        self._bar.keep.setChecked(True)
        self.open()

    def step(self, by: int) -> None:
        """Go to the next match (1) or the one before (-1), round and round."""
        if not self._bar.isVisible():
            self.open()
        elif len(self._found):
            self._at = (self._at + by) % len(self._found) if self._at >= 0 else min(by - 1, 0)
            self._bar.stays = True
            self._go()

    def close(self) -> None:
        """End the threads."""
        self.worker.close()
        self.filtering.close()

    def _close(self, restore: bool) -> None:
        self._bar.hide()
        if self._bar.keep.isChecked() and self._bar.field.text().strip():
            self._tell_filter()
        else:
            self._clear()
        if restore and self._before is not None:
            stand, selection = self._before
            self._session.select(selection)
            self._canvas.return_to(stand, GLIDE)
        self._canvas.setFocus()

    def _clear(self) -> None:
        """Light nothing and filter nothing any more."""
        self._bar.keep.setChecked(False)
        self._chip.hide()
        self.filtering.cancel()
        self._matches.set_nodes(_NOTHING)
        self._found, self._at = _NOTHING, -1

    def _tell_filter(self) -> None:
        total = 0 if self._index is None else len(self._index.ids)
        self._chip.show_filter(self._bar.field.text().strip(), len(self._found), total)

    def _wanted(self) -> bool:
        """Return whether matches are to be lit: the bar is open, or they are kept."""
        return self._bar.isVisible() or self._chip.isVisible()

    def _shown(self) -> None:
        """Another picture is on the canvas: what is found is found anew."""
        self._index = self._indexed = None
        self._found, self._at = _NOTHING, -1
        self.filtering.cancel()
        if self._wanted():
            self._refresh()

    def _refresh(self) -> None:
        picture = self._graph.picture
        if picture is None or self._index is not None:
            self._light(self._bar.field.text())
        elif self._indexed is not picture:
            self._indexed = picture
            self.worker.submit(lambda cancelled: _indexed(picture))

    def _made(self, result: tuple[Picture, SearchIndex, NDArray[np.intp]]) -> None:
        picture, index, shown_at = result
        if picture is self._graph.picture:
            self._index, self._shown_at = index, shown_at
            if self._bar.isVisible() and self._typed:
                self._search(self._bar.field.text())
            elif self._wanted():
                self._light(self._bar.field.text())

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, (ConditionError, TapeError)):
            raise error  # ours: the report dialog shows it
        self._matches.set_nodes(_NOTHING)
        self._bar.say(str(error), wrong=True)

    def _search(self, query: str) -> None:
        """Light what a query finds and go to the first match that is not before the selection."""
        self._typed = self._index is None or is_condition(query)
        self._light(query)
        self._go_first()

    def _go_first(self) -> None:
        if len(self._found):
            self._at = self._first()
            self._go()

    def _light(self, query: str) -> None:
        """Light what a query finds; one is at the selected node if that is among it."""
        self.filtering.cancel()
        if is_condition(query):
            self._ask(query)
        else:
            self._show_found(_NOTHING if self._index is None else self._index.find(query))

    def _ask(self, query: str) -> None:
        """Look for the nodes that meet a condition; those found before stay lit meanwhile."""
        tape, index = self._session.tape, self._index
        self._found, self._at = _NOTHING, -1
        try:
            condition = read_condition(query)
        except ConditionError as error:
            self._failed(error)
            return
        self._bar.say("Looking …")
        if tape is not None and index is not None:
            frozen = tape.snapshot()
            self.filtering.submit(lambda cancelled: _answered(frozen, index, condition, cancelled))

    def _met(self, result: tuple[SearchIndex, NDArray[np.bool_], str]) -> None:
        index, met, why = result
        if index is self._index and self._wanted():
            self._show_found(index.ordered(met))
            if why:
                self._bar.say(why, wrong=True)
            if self._typed and self._bar.isVisible():
                self._typed = False
                self._go_first()

    def _show_found(self, found: NDArray[np.intp]) -> None:
        self._found = found
        node = self._session.selection
        here = -1 if self._index is None or node is None else self._index.index.get(node, -1)
        at = np.flatnonzero(self._found == here)
        self._at = int(at[0]) if len(at) else -1
        self._matches.set_nodes(np.unique(self._shown_at[self._found]))
        self._bar.set_count(self._at + 1, len(self._found))
        if self._chip.isVisible():
            self._tell_filter()

    def _first(self) -> int:
        """Return the place of the first match at or after what was selected at opening."""
        start, index = None if self._before is None else self._before[1], self._index
        if start is None or index is None or start not in index.index:
            return 0
        later = index.place(self._found) >= index.place(np.array([index.index[start]]))
        return int(np.argmax(later))

    def _go(self) -> None:
        assert self._index is not None
        self._bar.set_count(self._at + 1, len(self._found))
        node = self._index.ids[int(self._found[self._at])]
        self.stepping = True
        self._session.select(node)
        self.stepping = False
        self._canvas.show_node(node)


def _answered(
    tape: Tape, index: SearchIndex, condition: Condition, cancelled: Callable[[], bool]
) -> tuple[SearchIndex, NDArray[np.bool_], str]:
    """Return at which nodes a condition holds, and what it names that the tape does not have."""
    met = meeting(tape, index.ids, condition, cancelled)
    return index, met, "" if met.any() else unmet(tape, condition)


def _indexed(picture: Picture) -> tuple[Picture, SearchIndex, NDArray[np.intp]]:
    """Return the index of a picture, and where on it each node is, or the group that hides it."""
    ids, shown = list(picture.unfolded), picture.scene.index
    return picture, SearchIndex(picture.unfolded, ids), np.array([shown[n] for n in ids], np.intp)
