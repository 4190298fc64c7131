"""The one mutable object of the app: document, tape, shown graph, playhead, selection."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.documents import Cell, Document
from engine.tape.breakpoints import Breakpoint
from engine.tape.tape import Tape
from ui.graph.folding import GroupWish
from ui.graph.model import GraphInfo, Graphs
from ui.graph.pins import Pins, Sheet
from ui.graph.types import NodeId

if TYPE_CHECKING:
    from app.counterpart import Counterpart


class Session(QObject):
    """Holds what the window shows; whoever changes it does so here, and the signals tell the rest.

    The playhead is the number of the tape's events that have happened, 0..len(tape.events).
    """

    document_changed = Signal()  # another document
    path_changed = Signal()
    dirty_changed = Signal(bool)
    cell_inserted = Signal(int)
    cell_removed = Signal(str)
    cell_moved = Signal(str, int)
    cell_kind_changed = Signal(str)
    cell_source_changed = Signal(str)  # by something else than typing
    tape_changed = Signal()  # another tape, or none
    tape_grew = Signal()
    graphs_changed = Signal()
    graph_changed = Signal()
    playhead_changed = Signal(int)
    selection_changed = Signal(object)  # NodeId | None
    counterpart_changed = Signal()
    tape_coming = Signal()  # before anything of another tape is told
    breakpoints_changed = Signal()
    watches_changed = Signal()
    pins_changed = Signal()
    grouping_changed = Signal()

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.title = ""  # instead of a file's name, for an example or a recording
        self.foreign = False  # the document was read from a file
        self.trusted = True  # its code may run
        self.dirty = False
        self.tape: Tape | None = None
        self.graphs: Graphs | None = None
        self.graph: GraphInfo | None = None
        self.playhead = 0
        self.selection: NodeId | None = None
        self.counterpart: Counterpart | None = None
        self.breakpoints: Sequence[Breakpoint] = ()
        self.watches: Sequence[str] = ()
        #: Where nodes are held, in the drawings of whole graphs and in those of parts.
        self.pins: dict[Sheet, Pins] = {}
        self.grouping = GroupWish()

    # --- document

    @property
    def name(self) -> str:
        """Return what the person calls the document."""
        return self.title or (self.document.path.name if self.document.path else "Untitled")

    def set_document(self, document: Document, foreign: bool = False) -> None:
        """Show another document, `foreign` if others may have written its code.

        The tape of the old one goes with it.
        """
        self.document, self.foreign, self.trusted = document, foreign, not foreign
        self.set_tape(None)
        self.set_dirty(False)
        self.document_changed.emit()
        self.path_changed.emit()

    def replace_document(self, document: Document) -> None:
        """Show a document as its file has it now, by another's hand; the tape stays."""
        self.document, self.foreign, self.trusted = document, True, False
        self.set_dirty(False)
        self.document_changed.emit()

    def set_path(self, path: Path) -> None:
        """The document now lives at `path`."""
        self.document.path = path
        self.path_changed.emit()

    def set_dirty(self, dirty: bool) -> None:
        """Say whether the document differs from its file."""
        if dirty != self.dirty:
            self.dirty = dirty
            self.dirty_changed.emit(dirty)

    def index(self, key: str) -> int:
        """Return the place of a cell; KeyError if there is none with this key."""
        for index, cell in enumerate(self.document.cells):
            if cell.key == key:
                return index
        raise KeyError(key)

    def cell(self, key: str) -> Cell:
        """Return a cell; KeyError if there is none with this key."""
        return self.document.cells[self.index(key)]

    def set_source(self, key: str, source: str) -> None:
        """Keep the text of a cell that was edited in its editor."""
        cell = self.cell(key)
        if cell.source != source:
            cell.source = source
            self.set_dirty(True)

    def replace_source(self, key: str, source: str) -> None:
        """Give a cell another text."""
        self.set_source(key, source)
        self.cell_source_changed.emit(key)

    def insert_cell(self, index: int, cell: Cell) -> None:
        """Put a cell at `index`."""
        self.document.cells.insert(index, cell)
        self.set_dirty(True)
        self.cell_inserted.emit(index)

    def remove_cell(self, key: str) -> Cell:
        """Take a cell out and return it."""
        cell = self.document.cells.pop(self.index(key))
        self.set_dirty(True)
        self.cell_removed.emit(key)
        return cell

    def move_cell(self, key: str, index: int) -> None:
        """Put a cell at another place."""
        cell = self.document.cells.pop(self.index(key))
        self.document.cells.insert(index, cell)
        self.set_dirty(True)
        self.cell_moved.emit(key, index)

    def set_kind(self, key: str, kind: str) -> None:
        """Make a cell "code", "markdown" or "raw"; outputs go when it is not code any more."""
        cell = self.cell(key)
        cell.kind = kind
        if kind != "code":
            cell.outputs, cell.count = [], None
        self.set_dirty(True)
        self.cell_kind_changed.emit(key)

    # --- tape

    def set_tape(self, tape: Tape | None) -> None:
        """Show another tape from its end; the selection and the graphs of the old one go."""
        if tape is not None:
            self.tape_coming.emit()
        self.set_counterpart(None)
        old, self.tape = self.tape, tape
        self.graphs = self.graph = None
        self.pins = {}
        self.grouping = GroupWish()
        self.select(None)
        self.playhead = 0 if tape is None else len(tape.events)
        self.tape_changed.emit()
        self.graphs_changed.emit()
        self.graph_changed.emit()
        self.playhead_changed.emit(self.playhead)
        if old is not None and old is not tape:
            old.close()

    def read_more(self) -> None:
        """Read what was appended to the tape, on any thread; `grow` shows it."""
        tape = self.tape
        if tape is not None:
            tape.absorb()

    def grow(self) -> None:
        """Show what was read of the tape; a playhead at its end stays at its end."""
        if self.tape is None:
            return
        at_end = self.playhead == len(self.tape.events)
        if not self.tape.publish():
            return
        self.tape_grew.emit()
        if at_end:
            self.set_playhead(len(self.tape.events))

    def set_graphs(self, graphs: Graphs) -> None:
        """Keep the graphs that the tape holds; the shown one stays if it is still there."""
        self.graphs = graphs
        self.graphs_changed.emit()

    def set_graph(self, graph: GraphInfo | None) -> None:
        """Show one of the graphs."""
        if graph != self.graph:
            self.graph = graph
            self.graph_changed.emit()

    def set_playhead(self, playhead: int) -> None:
        """Move the playhead; it stays within the tape."""
        end = 0 if self.tape is None else len(self.tape.events)
        playhead = min(max(playhead, 0), end)
        if playhead != self.playhead:
            self.playhead = playhead
            self.playhead_changed.emit(playhead)

    def set_pins(self, sheet: Sheet, pins: Pins) -> None:
        """Hold nodes in one drawing of the graphs where they were put."""
        if self.pins.get(sheet, {}) != pins:
            self.pins = {**self.pins, sheet: pins}
            self.pins_changed.emit()

    def set_counterpart(self, counterpart: Counterpart | None) -> None:
        """Show the tape beside another one, or by itself."""
        if counterpart is not self.counterpart:
            self.counterpart = counterpart
            self.counterpart_changed.emit()

    def set_breakpoints(self, points: Sequence[Breakpoint]) -> None:
        """Stop at these places of the tape from now on."""
        if tuple(points) != tuple(self.breakpoints):
            self.breakpoints = tuple(points)
            self.breakpoints_changed.emit()

    def set_watches(self, texts: Sequence[str]) -> None:
        """Watch these expressions."""
        if tuple(texts) != tuple(self.watches):
            self.watches = tuple(texts)
            self.watches_changed.emit()

    def set_grouping(self, grouping: GroupWish) -> None:
        """Group the graphs in another way, or fold other groups."""
        if grouping != self.grouping:
            self.grouping = grouping
            self.grouping_changed.emit()

    def select(self, node: NodeId | None) -> None:
        """Select a node of the graph, or nothing."""
        if node != self.selection:
            self.selection = node
            self.selection_changed.emit(node)
