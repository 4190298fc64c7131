"""Between canvas, inspector, notebook lines and the session's tape, graph and selection."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.controller.drawing import Drawing
from app.pictures import Picture, Pictures, Wish
from app.preferences import Preferences
from app.session import Session
from app.window import Window
from engine.tape.replay import Moment, line_at, state_at
from engine.tape.schema import Event, Mark
from engine.tape.tape import Tape
from ui.graph.focus import Focus
from ui.graph.infos import GraphInfo, Graphs
from ui.graph.model import graph_at, main_graph
from ui.graph.types import CanvasState, Kind, NodeId
from ui.inspector.beside import beside
from ui.inspector.group import describe_group
from ui.inspector.records import NodeView
from ui.inspector.view import describe


class GraphBinding(QObject):
    """Draws the chosen graph of the tape, tints it at the playhead, and shows what is selected."""

    turned = Signal()  # it is drawn in another direction: places are elsewhere
    leaving = Signal()  # the person asked for another graph, or for another part of it
    moved = Signal()  # the same picture with other pins is on the canvas
    shown = Signal()  # another picture is on the canvas, or none

    def __init__(self, session: Session, window: Window, preferences: Preferences) -> None:
        super().__init__(window)
        self._session, self._window, self._preferences = session, window, preferences
        self._pane, self._canvas = window.graph, window.graph.canvas
        self.picture: Picture | None = None
        #: What a lens makes of a state.
        self.dress: Callable[[CanvasState, Moment], CanvasState] = lambda state, moment: state
        self._lit: list[tuple[str, int]] = []  # cell and line of the node that is lit there
        self._wanted: int | None = None  # the graph asked for; None: the newest
        self._focus: Focus | None = None  # the part of it that was asked for
        self._waits: tuple[str, int] | None = None  # before which line a program waits
        self.anchor: NodeId | None = None  # a group with which the camera stays
        self.pictures = Pictures(self)
        self.pictures.ready.connect(self._show)
        self.pictures.failed.connect(self._failed)
        self.drawing = Drawing(self.pictures, session, window)
        session.tape_changed.connect(self._tape_changed)
        session.tape_grew.connect(self._tape_grew)
        session.graphs_changed.connect(self._list)
        session.graph_changed.connect(self._list)
        session.playhead_changed.connect(self._playhead_moved)
        session.selection_changed.connect(self._selected)
        session.counterpart_changed.connect(self._counterpart_changed)
        session.pins_changed.connect(self._repin)
        session.grouping_changed.connect(self._regroup)
        self._pane.graph_chosen.connect(self.choose)
        self._canvas.node_selected.connect(session.select)
        window.inspector.node_clicked.connect(self.reveal)
        window.inspector.source_clicked.connect(window.notebook.reveal)
        window.inspector.event_clicked.connect(session.set_playhead)
        window.notebook.cursor_moved.connect(self._line_entered)
        self._tape_changed()

    def choose(self, number: int, focus: Focus | None = None) -> None:
        """Show graph `number` of the tape, or a part of it."""
        self.leaving.emit()
        self._wanted, self._focus = number, focus
        if self._session.tape is not None:
            self.pictures.draw(self._session.tape, self._wish(number))

    def choose_next(self, step: int) -> None:
        """Show the graph `step` places further."""
        graphs, graph = self._session.graphs, self._session.graph
        if graph is not None and graphs:
            self.choose(graphs.beside(graph.number, step))

    def reveal(self, node: NodeId) -> None:
        """Select a node and bring it into view, if the shown graph has it."""
        if self.picture is not None and node in self.picture.scene.index:
            self._session.select(node)
            self._canvas.select(node, reveal=True)

    def turn(self) -> None:
        """Draw the shown graph in the direction that is preferred by now."""
        graph = self._session.graph
        self.turned.emit()
        if graph is not None and self._session.tape is not None:
            self.pictures.draw(self._session.tape, self._wish(graph.number))

    def show_step(self, milliseconds: int) -> None:
        """Let the step that the playhead stands on move along its edges; show its code too."""
        self._canvas.reveal_active()
        self._canvas.animate_step(milliseconds)
        if self._preferences.follow:
            for key, line in self._lit:
                self._window.notebook.follow(key, line)

    def _tape_changed(self) -> None:
        self.pictures.cancel()
        self.picture = self._wanted = self._focus = None
        self._canvas.set_graph(None, None)
        self.shown.emit()
        if self._session.tape is not None:
            self.pictures.draw(self._session.tape, self._wish(None))

    def _regroup(self) -> None:
        if self._session.tape is not None and self._session.graph is not None:
            self.pictures.draw(self._session.tape, self._wish(self._session.graph.number))

    def _tape_grew(self) -> None:
        assert self._session.tape is not None
        self.pictures.redraw(self._session.tape, self._wish(self._wanted))

    def _wish(self, number: int | None) -> Wish:
        session, sideways = self._session, self._preferences.left_to_right
        focus, pins = self._focus, session.pins
        return Wish(number, session.playhead, focus, pins, session.grouping, sideways)

    def _list(self) -> None:
        self._pane.set_graphs(self._session.graphs, self._session.graph)

    def _repin(self) -> None:
        """Draw the picture again if nodes are pinned elsewhere by now."""
        picture = self.picture
        if picture is not None:
            pins = self._session.pins.get(picture.sheet, {})
            if pins != picture.pins:
                self.pictures.repin(picture, pins)

    def _show(self, picture: Picture) -> None:
        if picture.tint.tape is not self._session.tape:
            return  # of a tape that is gone
        if self.picture is not None and picture.plain is self.picture.plain:
            self.picture = picture
            self._canvas.move_to(picture.scene)
            self.moved.emit()
            self._repin()
            return
        old, sheet = self._session.graph, None if self.picture is None else self.picture.sheet
        self.picture = picture
        same = old is not None and picture.info is not None and old.number == picture.info.number
        same &= sheet == picture.sheet
        self._session.set_graphs(picture.graphs)
        self._session.set_graph(picture.info)
        anchor, self.anchor = self.anchor, None
        self._canvas.set_graph(
            picture.graph, picture.layout, keep_view=same, scene=picture.scene, anchor=anchor,
            alike=self._wanted is None and _alike(old, picture.info),
        )  # fmt: skip
        self._tint()
        selection = self._session.selection
        if selection is not None and selection in picture.scene.index:
            self._canvas.select(selection)
        self._describe()
        self.shown.emit()
        self._repin()
        self._catch_up(picture)

    def _catch_up(self, picture: Picture) -> None:
        """Turn to the graph in which the playhead stands, if it went there while this was drawn."""
        tape, info = self._session.tape, picture.info
        if tape is None or info is None or self._wanted is not None or picture.focus is not None:
            return
        at = _turn_to(tape, picture.graphs, self._session.playhead)
        if self._preferences.follow and at is not None and at.number != info.number:
            self.pictures.redraw(tape, self._wish(at.number))

    def _failed(self, error: Exception) -> None:
        raise error  # ours: the report dialog shows it

    def _playhead_moved(self, playhead: int) -> None:
        tape, graph = self._session.tape, self._session.graph
        graphs = self._session.graphs
        if tape is not None and self._preferences.follow and graph is not None and graphs:
            at = _turn_to(tape, graphs, playhead)
            if at is not None and at.number != graph.number:
                self._wanted = self._focus = None
                self.pictures.draw(tape, self._wish(at.number))
        self._light(self._tint())
        if not self._lit and tape is not None:  # its graph is not there yet, or it is in a fold
            self.light_line(line_at(tape, playhead))
        self._describe()

    def _light(self, node: NodeId | None) -> None:
        """Light the line of code that a node comes from."""
        place = None
        if node is not None and self.picture is not None and node in self.picture.graph:
            data = self.picture.graph.nodes[node]
            if data.get("cell") and data.get("line"):
                place = data["cell"], data["line"]
        self.light_line(place)

    def light_line(self, place: tuple[str, int] | None) -> None:
        """Light a line of a cell, and no other; at the tape's end the one a program waits at."""
        tape = self._session.tape
        if self._waits and tape is not None and self._session.playhead >= len(tape.events):
            place = self._waits
        self._lit = [] if place is None else [place]
        self._window.notebook.light_lines({key: {line} for key, line in self._lit})

    def wait_at(self, place: tuple[str, int] | None) -> None:
        """A program waits before a line of a cell, which has not run yet; None: no more."""
        self._waits = place
        tape = self._session.tape
        self.light_line(None if tape is None else line_at(tape, self._session.playhead))

    def retint(self) -> None:
        """Show the state at the playhead anew: `dress` does something else."""
        self._tint()

    def _tint(self) -> NodeId | None:
        """Tint the canvas at the playhead; returns the node that it stands on."""
        if self.picture is None or self._session.tape is None:
            return None
        moment = state_at(self._session.tape, self._session.playhead)
        state = self.dress(self.picture.tint.state(moment), moment)
        self._canvas.set_state(state)
        return self.picture.layout.ids[state.active] if state.active >= 0 else None

    def _counterpart_changed(self) -> None:
        counterpart = self._session.counterpart
        self._canvas.highlight(frozenset() if counterpart is None else counterpart.differs)
        self._canvas.set_notes(None if counterpart is None else counterpart.note)
        self._describe()

    def _selected(self, node: NodeId | None) -> None:
        self._canvas.select(node)
        self._describe()
        self._light(node)
        tape = self._session.tape
        if node is not None and not self._lit and tape is not None:  # its graph is on its way
            self.light_line(line_at(tape, self._session.playhead))

    def _describe(self) -> None:
        tape, node = self._session.tape, self._session.selection
        if tape is None or node is None:
            self._window.inspector.show_node(None)
            return
        if node.kind == Kind.GROUP:
            self._window.inspector.show_node(self._describe_group(node))
            return
        playhead, other = self._session.playhead, self._session.counterpart
        view = describe(tape if other is None else other.shown, node, playhead)
        if other is not None:
            twin = other.node(node)
            there = None
            if twin is not None:
                there = describe(other.other, twin, other.playhead(playhead))
            view = beside(view, there, other.title)
        self._window.inspector.show_node(view)

    def _describe_group(self, node: NodeId) -> NodeView | None:
        if self.picture is None or self._session.tape is None or node not in self.picture.graph:
            return None
        at = self.picture.scene.index[node]
        state = self.picture.tint.state(state_at(self._session.tape, self._session.playhead))
        share = 0.0 if state.progress is None else float(state.progress[at])
        return describe_group(node, self.picture.graph.nodes[node], share)

    def _line_entered(self, key: str, line: int) -> None:
        if self.picture is None:
            return
        nodes = self.picture.graph.nodes(data=True)
        self._canvas.highlight({n for n, d in nodes if d["cell"] == key and d["line"] == line})


def _alike(old: GraphInfo | None, new: GraphInfo | None) -> bool:
    """Whether two graphs are of the same cells, as those of a loop's iterations."""
    return (
        old is not None and new is not None and (old.cells, old.update) == (new.cells, new.update)
    )


def _turn_to(tape: Tape, graphs: Graphs, playhead: int) -> GraphInfo | None:
    """The graph to show at a playhead.

    At the tape's end it is the main one after the last update, and, once the cell has ended, after
    what the same cells computed without recording, as a validation.
    """
    at = graph_at(tape, graphs, playhead)
    if playhead < len(tape.events):
        return at
    main = main_graph(graphs)
    if at is None or main is None:
        return main
    last = tape.events[-1]
    over = last["kind"] == Event.MARK and tape.marks["kind"][last["ref"]] == Mark.CELL_END
    aside = over and not len(at.nodes) and bool(set(at.cells) & set(main.cells))
    return main if aside and main.passes else at
