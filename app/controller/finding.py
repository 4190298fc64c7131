"""Between the search bar over the graph, the index of what can be found, and canvas and session."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject

from app.controller.graph import GraphBinding
from app.pictures import Picture
from app.session import Session
from app.window import Window
from app.work import Worker
from ui.graph.motion import GLIDE
from ui.graph.search import SearchIndex
from ui.graph.types import NodeId
from ui.graph.view import Stand

_NOTHING: NDArray[np.intp] = np.zeros(0, np.intp)


class Finding(QObject):
    """Lights what the search finds and goes from match to match.

    What is in folded groups is found too: the group is lit. The index is made off the GUI thread
    when the bar opens; a query that is typed before it is there is answered then.
    """

    def __init__(self, session: Session, window: Window, graph: GraphBinding) -> None:
        super().__init__(window)
        self._session, self._graph = session, graph
        self._bar, self._matches = window.graph.finder, window.graph.matches
        self._canvas = window.graph.canvas
        self._index: SearchIndex | None = None
        self._indexed: Picture | None = None  # what the index is of, or will be
        self._found, self._at = _NOTHING, -1
        self._shown_at = _NOTHING  # the scene's number of each node of the index
        self.stepping = False  # what is selected just now is a match
        self._typed = False  # since there is an index to answer it
        self._before: tuple[Stand, NodeId | None] | None = None  # how it was at opening
        self.worker = Worker("search", self)
        self.worker.done.connect(self._made)
        self.worker.failed.connect(self._failed)
        self._bar.query_changed.connect(self._search)
        self._bar.stepped.connect(self.step)
        self._bar.closed.connect(self._close)
        graph.shown.connect(self._shown)

    def open(self) -> None:
        """Show the bar with the keyboard in it."""
        if not self._bar.isVisible():
            self._before = self._canvas.stand(), self._session.selection
        self._bar.open()
        self._refresh()

    def step(self, by: int) -> None:
        """Go to the next match (1) or the one before (-1), round and round."""
        if not self._bar.isVisible():
            self.open()
        elif len(self._found):
            self._at = (self._at + by) % len(self._found) if self._at >= 0 else min(by - 1, 0)
            self._go()

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    def _close(self, restore: bool) -> None:
        self._bar.hide()
        self._matches.set_nodes(_NOTHING)
        self._found, self._at = _NOTHING, -1
        if restore and self._before is not None:
            stand, selection = self._before
            self._session.select(selection)
            self._canvas.return_to(stand, GLIDE)
        self._canvas.setFocus()

    def _shown(self) -> None:
        """Another picture is on the canvas: what is found is found anew."""
        self._index = self._indexed = None
        self._found, self._at = _NOTHING, -1
        if self._bar.isVisible():
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
            elif self._bar.isVisible():
                self._light(self._bar.field.text())

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _search(self, query: str) -> None:
        """Light what a query finds and go to the first match that is not before the selection."""
        self._typed = self._index is None
        self._light(query)
        if len(self._found):
            self._at = self._first()
            self._go()

    def _light(self, query: str) -> None:
        """Light what a query finds; one is at the selected node if that is among it."""
        self._found = _NOTHING if self._index is None else self._index.find(query)
        node = self._session.selection
        here = -1 if self._index is None or node is None else self._index.index.get(node, -1)
        at = np.flatnonzero(self._found == here)
        self._at = int(at[0]) if len(at) else -1
        self._matches.set_nodes(np.unique(self._shown_at[self._found]))
        self._bar.set_count(self._at + 1, len(self._found))

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


def _indexed(picture: Picture) -> tuple[Picture, SearchIndex, NDArray[np.intp]]:
    """Return the index of a picture, and where on it each node is, or the group that hides it."""
    ids, shown = list(picture.unfolded), picture.scene.index
    return picture, SearchIndex(picture.unfolded, ids), np.array([shown[n] for n in ids], np.intp)
