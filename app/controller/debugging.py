"""Between breakpoints and the playhead: continue, step over, run to; off the GUI thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

from app.controller.graph import GraphBinding
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.breakpoints import Breakpoint, Hit, On, Search, over, places, spot_of
from engine.tape.called import unknown
from engine.tape.conditions import ConditionError
from engine.tape.moments import Moments
from engine.tape.schema import Event
from engine.tape.tape import Tape, TapeError
from ui.breakpoints.form import BreakpointForm
from ui.breakpoints.panel import Place
from ui.graph.types import Kind, NodeId
from ui.theme import Theme

LISTED = 1000  # hits of the chosen breakpoint that are listed
AGAIN = 500  # ms: after so long at least the hits of a recording that grows are listed again


class Debugging(QObject):
    """Keeps the session's breakpoints, moves the playhead to them, and lists their hits."""

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, pause: Callable[[], None],
        theme: Callable[[], Theme],
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._pause, self._theme = pause, theme
        self._panel = window.breakpoints
        self.form: BreakpointForm | None = None
        self.search, self.listing = Worker("breakpoints", self), Worker("hits", self)
        self.search.done.connect(self._arrive)
        self.listing.done.connect(self._list_hits)
        self.search.failed.connect(self._search_failed)
        self.listing.failed.connect(self._list_failed)
        session.breakpoints_changed.connect(self._show)
        session.tape_changed.connect(self._tape_changed)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(AGAIN)
        self._again.timeout.connect(self._show_again)
        session.tape_grew.connect(self._grew)
        window.docks["breakpoints"].visibilityChanged.connect(self._seen)
        panel = self._panel
        panel.chosen.connect(self._choose)
        panel.toggled.connect(lambda row, on: self._replace(row, enabled=on))
        panel.removed.connect(self._remove)
        panel.edit_requested.connect(self._edit)
        panel.add_requested.connect(self.break_when)
        panel.go_to.connect(self._go_to)
        panel.set_live_action(window.actions_by_id["live"])
        self._show()

    def close(self) -> None:
        """End the threads."""
        self.search.close()
        self.listing.close()

    # --- moving

    def go_on(self, backwards: bool = False) -> None:
        """Go to the next breakpoint that is hit, or the last one before."""
        tape = self._session.tape
        if tape is None:
            return
        self._pause()
        frozen, at = tape.snapshot(), self._session.playhead
        points = list(self._session.breakpoints)
        self._window.statusBar().showMessage("Looking for the next breakpoint …")
        self.search.submit(
            lambda cancelled: (
                tape,
                backwards,
                Search(frozen, points).next(at, backwards, cancelled),
            )
        )

    def step_over(self, backwards: bool = False, out: bool = False) -> None:
        """Step round what a module does inside, or until it is left."""
        if self._session.tape is not None:
            self._pause()
            self._land(over(self._session.tape, self._session.playhead, backwards, out))

    def run_to(self) -> None:
        """Go to where the selected node happens next, or else where it happened before.

        That very one, not the same of another iteration or run.
        """
        tape, node = self._session.tape, self._session.selection
        point = None if tape is None or node is None else at_node(tape, node)
        if node is not None and node.kind in (Kind.OP, Kind.GRAD_FN):
            row = node.ref if node.kind == Kind.OP else -1 - node.ref
            point = Breakpoint(On.NODE, row)
        if tape is None or point is None:
            self._window.notice.show_message("Select a node to run to.")
            return
        self._pause()
        events = (places(tape, point) + 1).tolist()
        later = [p for p in events if p > self._session.playhead]
        if later or events:
            self._land(later[0] if later else events[-1], keep=True)

    def to_end(self) -> None:
        """Go to what happened last: a running program waits there."""
        if self._session.tape is not None:
            self._pause()
            self._land(len(self._session.tape.events))

    def _arrive(self, result: tuple[Tape, bool, Hit | None]) -> None:
        tape, backwards, hit = result
        self._window.statusBar().clearMessage()
        if tape is not self._session.tape:
            return
        if hit is None:
            end = "start" if backwards else "end"
            self._session.set_playhead(0 if backwards else len(tape.events))
            self._window.notice.show_message(f"No breakpoint is hit before the {end}.")
            return
        self._land(hit.playhead)
        self._window.statusBar().showMessage(f"Stopped at {where(tape, hit.breakpoint)}", 8000)

    def _land(self, playhead: int, keep: bool = False) -> None:
        """Move the playhead and select what happened there."""
        self._session.set_playhead(playhead)
        tape = self._session.tape
        node = None if tape is None else node_at(tape, playhead - 1)
        if node is not None and not keep:
            self._session.select(node)
            self._graph.reveal(node)

    def _go_to(self, playhead: int) -> None:
        self._pause()
        self._land(playhead)

    def _search_failed(self, error: Exception) -> None:
        self._window.statusBar().clearMessage()
        if not isinstance(error, (ConditionError, TapeError)):
            raise error  # ours: the report dialog shows it
        self._window.notice.show_message(str(error), error=True)

    # --- the list

    def toggle(self) -> None:
        """Set a breakpoint at the selected node or the cursor's line, or take it away."""
        point = self._here()
        if point is None:
            self._window.notice.show_message("Select a node, or put the cursor in a line of code.")
            return
        points = list(self._session.breakpoints)
        same = [one for one in points if (one.on, one.target) == (point.on, point.target)]
        if same:
            points = [one for one in points if one not in same]
        else:
            points.append(point)
        self._session.set_breakpoints(points)

    def break_when(self) -> None:
        """Ask for a condition: at the selected node if there is one, else anywhere."""
        self._ask(self._here() or Breakpoint(On.ANY), None)

    def show(self) -> None:
        """Open the list."""
        self._window.show_breakpoints()

    def _here(self) -> Breakpoint | None:
        session, notebook = self._session, self._window.notebook
        focus = self._window.focusWidget()
        if focus is not None and notebook.isAncestorOf(focus) and session.tape is not None:
            place = notebook.cursor_place()
            if place is not None:
                return Breakpoint(On.LINE, place)
        if session.tape is None or session.selection is None:
            return None
        return at_node(session.tape, session.selection)

    def _ask(self, point: Breakpoint, row: int | None) -> None:
        tape = self._session.tape
        if tape is None:
            return
        ways = [(where(tape, one), one) for one in (point, *wider(tape, point))]
        self.form = BreakpointForm(ways, self._theme(), self._window)
        self.form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form.given.connect(lambda changed: self._take(changed, row))
        self.form.open()

    def _take(self, point: Breakpoint, row: int | None) -> None:
        points = list(self._session.breakpoints)
        if row is None:
            points.append(point)
        else:
            points[row] = point
        self._session.set_breakpoints([*dict.fromkeys(points)])  # the same one twice is one
        self.show()

    def _edit(self, row: int) -> None:
        self._ask(self._session.breakpoints[row], row)

    def _remove(self, row: int) -> None:
        points = list(self._session.breakpoints)
        del points[row]
        self._session.set_breakpoints(points)

    def _replace(self, row: int, enabled: bool) -> None:
        points = list(self._session.breakpoints)
        points[row] = replace(points[row], enabled=enabled)
        self._session.set_breakpoints(points)

    def _show(self) -> None:
        tape, points = self._session.tape, self._session.breakpoints
        told = ["" if tape is None else where(tape, one) for one in points]
        self._panel.set_breakpoints(points, told)
        marked = [] if tape is None else [n for one in points for n in marked_nodes(tape, one)]
        self._window.graph.stops.set_ids(frozenset(marked))
        lines: dict[str, set[int]] = {}
        for one in points:
            if one.on is On.LINE and one.enabled:
                lines.setdefault(one.target[0], set()).add(one.target[1])
        self._window.notebook.set_stops(lines)

    def _choose(self, row: int) -> None:
        tape = self._session.tape
        known = tape is not None and 0 <= row < len(self._session.breakpoints)
        if tape is None or not known:
            self._panel.set_hits((), "")
        if tape is None or not known or not self._panel.isVisible():
            return
        frozen, point = tape.snapshot(), self._session.breakpoints[row]
        self.listing.submit(lambda cancelled: (tape, point, _hits(frozen, point, cancelled)))

    def _grew(self) -> None:
        if self._session.breakpoints and not self._again.isActive():
            self._again.start()

    def _seen(self, visible: bool) -> None:
        if visible:
            self._show_again()

    def _show_again(self) -> None:
        """Say of a recording that has grown where it is stopped, once the hits are listed."""
        if self.listing.busy:
            self._again.start()
        else:
            self._show()

    def _list_hits(self, result: tuple[Tape, Breakpoint, list[Place]]) -> None:
        tape, point, found = result
        if tape is self._session.tape and point in self._session.breakpoints:
            many = f"the first {LISTED:,}" if len(found) > LISTED else f"{len(found):,}"
            title = f"Hit {many} time{'s' * (len(found) != 1)}" if found else "Never hit"
            if not found and point.on is On.LINE and not len(places(tape, point)):
                title = (
                    "No step of the recording is of this line; a program that runs waits before it"
                )
            elif not found and (why := unknown(tape, point)):
                title = f"Never hit: {why}"
            self._panel.set_hits(found[:LISTED], title)

    def _list_failed(self, error: Exception) -> None:
        if not isinstance(error, (ConditionError, TapeError)):
            raise error  # ours: the report dialog shows it
        self._panel.set_hits((), str(error))

    def _tape_changed(self) -> None:
        """Rows mean nothing in another tape; spots, lines, names and types do."""
        self.search.cancel()
        self.listing.cancel()
        kept = [one for one in self._session.breakpoints if one.on is not On.NODE]
        self._session.set_breakpoints(list(dict.fromkeys(kept)))
        self._show()


def at_node(tape: Tape, node: NodeId) -> Breakpoint | None:
    """Return a breakpoint at a node of the graph: a leaf's is at its name."""
    op = node.ref if node.kind == Kind.OP else -1
    if node.kind == Kind.GRAD_FN:
        op = int(tape.nodes["op"][node.ref])
        if op < 0:
            return Breakpoint(On.NODE, -1 - node.ref)
    if op >= 0:
        spot = spot_of(tape, op)
        return Breakpoint(On.NODE, op) if spot is None else Breakpoint(On.SPOT, spot)
    tensor = -1
    if node.kind == Kind.ACCUMULATE:
        tensor = int(tape.nodes["variable"][node.ref])
    elif node.kind == Kind.LEAF:
        tensor = int(tape.values["tensor"][node.ref])
    name = tape.name_of(tensor) if tensor >= 0 else None
    return Breakpoint(On.LEAF, name) if name else None


def wider(tape: Tape, point: Breakpoint) -> list[Breakpoint]:
    """Return what else a breakpoint may be on than its place: its line, its type, any step."""
    types, lines = list[str](), list[Breakpoint]()
    if point.on is On.SPOT:
        types.append(point.target.op)
        named = [i for i, text in enumerate(tape.texts()) if text == point.target.op]
        rows = np.flatnonzero(np.isin(tape.ops["name"], named) & (tape.ops["node"] >= 0))
        types += [tape.text(int(tape.nodes["name"][tape.ops["node"][row]])) for row in rows[:1]]
        if any(tape.text(int(cell)) == point.target.key for cell in tape.cells["key"]):
            place = point.target.key, point.target.line
            lines = [replace(point, on=On.LINE, target=place)]
    found = [replace(point, on=On.TYPE, target=name) for name in types]
    return lines + found + ([] if point.on is On.ANY else [replace(point, on=On.ANY, target=None)])


def node_at(tape: Tape, event: int) -> NodeId | None:
    """Return the node of the graph that an event is about."""
    if not 0 <= event < len(tape.events):
        return None
    kind, ref = (int(tape.events[c][event]) for c in ("kind", "ref"))
    if kind == Event.OP:
        return NodeId(Kind.OP, ref)
    if kind == Event.LEAF:
        return NodeId(Kind.LEAF, ref)
    if kind == Event.STEP:
        node = int(tape.steps["node"][ref])
        leaf = tape.nodes["variable"][node] >= 0
        return NodeId(Kind.ACCUMULATE if leaf else Kind.GRAD_FN, node)
    return None


def marked_nodes(tape: Tape, point: Breakpoint) -> list[NodeId]:
    """Return the nodes that are marked for a breakpoint."""
    if point.on is On.ANY or not point.enabled:
        return []
    nodes = (node_at(tape, int(event)) for event in places(tape, point).tolist())
    return [node for node in dict.fromkeys(nodes) if node is not None]


def where(tape: Tape, point: Breakpoint) -> str:
    """Return where a breakpoint is, in words."""
    if point.on is On.ANY:
        return "any step"
    if point.on is On.LEAF:
        return f"{point.target}.grad"
    if point.on is On.TYPE:
        return f"every {point.target}"
    if point.on is On.LINE:
        key, line = point.target
        runs = [int(row["count"]) for row in tape.cells if tape.text(int(row["key"])) == key]
        return f"cell {runs[-1]}, line {line}" if runs else f"line {line}, not run yet"
    if point.on is On.SPOT:
        op, key, line, nth = point.target
        again = f", time {nth + 1}" if nth else ""
        return f"{op}, line {line}{again}"
    if point.target < 0:
        return tape.text(int(tape.nodes["name"][-1 - point.target]))
    source = tape.source(int(tape.events["loc"][tape.ops["event"][point.target]]))
    line = f", line {source.line}" if source is not None else ""
    return tape.text(int(tape.ops["name"][point.target])) + line


def _hits(tape: Tape, point: Breakpoint, cancelled: Callable[[], bool]) -> list[Place]:
    """Return the hits of a breakpoint, one more than are listed at most."""
    point = replace(point, enabled=True)
    search, moments = Search(tape, [point]), Moments(tape)
    found = []
    for playhead, note in islice(search.every(point, cancelled), LISTED + 1):
        at = moments.at(
            playhead - 1, {"op", "grad_fn", "backward", "pass_", "name", "cell", "line"}
        )
        begins = f"pass {at['pass_']} begins" if at["pass_"] else "a .grad is set"
        which = f" ({at['name']})" if at["name"] else ""
        step = f"{at['grad_fn']}{which}, pass {at['pass_']}"
        what = step if at["backward"] else f"{at['op']}{which}" if at["op"] else begins
        found.append(Place(playhead, f"{what} · cell {at['cell']}, line {at['line']}", note))
    return found
