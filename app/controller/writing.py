"""Lines of code that gestures write: tried in the kernel first, then run in a cell of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from app.documents import Cell, new_key
from app.edits import InsertCell
from app.runs import Runs
from app.session import Session
from app.window import Window
from app.world import Named, World
from engine.tape.schema import Event
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId

_NO_KERNEL = "The kernel is not running: run the notebook first."


class Outcome(NamedTuple):
    """What a line would do, in words. problem: it would raise. allowed: it may be written."""

    text: str
    problem: bool
    allowed: bool


class Writing(QObject):
    """Asks the kernel what lines would do, and writes and runs those that gestures make."""

    wrote = Signal(str)  # the key of a cell that was written and runs

    def __init__(self, session: Session, runs: Runs, window: Window, undo: QUndoStack) -> None:
        super().__init__(window)
        self._session, self._runs, self._window, self._undo = session, runs, window, undo
        self._waiting: dict[int, Callable[[dict[str, Any]], object]] = {}
        #: Variables that gestures made and that no operation has used yet: they have no node.
        self.fresh: list[str] = []
        self._words = ""  # of the message about what was taken back
        session.document_changed.connect(self._over)
        runs.kernel.tried.connect(self._answer)
        runs.kernel.listed.connect(self._answer)

    def look(self, then: Callable[[World], object], needed: bool = True) -> None:
        """Ask what is defined, and call `then` with it.

        Without a kernel that is an empty world, or an error where one is `needed`.
        """

        def heard(said: dict[str, Any]) -> None:
            if needed and said.get("status") != "ok":
                self._window.notice.show_message(_NO_KERNEL, error=True)
                return
            then(self._world(said))

        if self._runs.busy:
            self._window.statusBar().showMessage("Waits until the kernel is idle …", 4000)
        self._waiting[self._runs.kernel.list_tensors()] = heard

    def attempt(self, line: str, result: str, then: Callable[[Outcome], object]) -> None:
        """Try a line without a trace; `then` is called with what it would do."""
        waiting = self._waiting
        waiting[self._runs.kernel.try_line(line, result)] = lambda said: then(_outcome(said))

    def write(self, source: str, what: str, run: bool = True) -> str:
        """Write code into a cell of its own at the end, and run it; `what` names it for undo.

        Returns the cell's key.
        """
        cells = self._session.document.cells
        blank = bool(cells) and cells[-1].kind == "code" and not cells[-1].source.strip()
        at, cell = len(cells) - blank, Cell(new_key(), "code", source)
        command = _WriteCell(self, at, cell) if run else InsertCell(self._session, at, cell)
        command.setText(what)
        self._undo.push(command)
        return cell.key

    def write_if_it_runs(self, source: str, result: str, what: str) -> None:
        """Try a line, and write it; one that would raise is refused in the engine's words."""

        def found(outcome: Outcome) -> None:
            if outcome.allowed:
                self.write(source, what)
            else:
                self._window.notice.show_message(outcome.text, error=True)

        self.attempt(source, result, found)

    def insert(self, session_index: int, cell: Cell) -> None:
        """Put a cell into the notebook and run it, with the playhead where its operations come."""
        self._session.insert_cell(session_index, cell)
        self._window.notebook.set_current(cell.key)
        tape = self._session.tape
        if tape is not None:
            self._session.set_playhead(len(tape.events))
        self._runs.run([cell.key])
        self.wrote.emit(cell.key)

    def remove(self, key: str) -> Cell:
        """Take a cell back, and say what stays."""
        cell = self._session.remove_cell(key)
        first, _, more = cell.source.strip().partition("\n")
        self._words = (
            f"Took “{first}{' …' if more else ''}” out of the notebook. What it did stays in the "
            "kernel and on the tape until the notebook runs anew."
        )
        self._window.notice.show_message(
            self._words,
            stays=True,
            action=("Restart and Run All", lambda: self._runs.restart(run_all=True)),
        )
        return cell

    def _over(self) -> None:
        """Another notebook is shown, of which nothing was taken."""
        if self._words and self._window.notice.text() == self._words:
            self._window.notice.end()

    def _world(self, said: dict[str, Any]) -> World:
        defined = frozenset(map(str, said.get("names", ())))
        written = {name for cell in self._session.document.cells for name in _words(cell)}
        tensors = tuple(_named(one) for one in said.get("tensors", ()))
        return World(tensors, tuple(said.get("models", ())), defined, defined | written)

    def _answer(self, token: int, said: dict[str, Any]) -> None:
        then = self._waiting.pop(token, None)
        if then is not None:
            then(said)


class _WriteCell(InsertCell):
    """Write and run a cell; undo takes it back."""

    def __init__(self, writing: Writing, index: int, cell: Cell) -> None:
        super().__init__(writing._session, index, cell)  # noqa: SLF001 (its own command)
        self._writing = writing

    def redo(self) -> None:
        self._writing.insert(self._index, self._cell)

    def undo(self) -> None:
        self._cell = self._writing.remove(self._cell.key)


def tensor_of(tape: Tape, node: NodeId) -> int:
    """Return the tensor that a node of the graph stands for: what an operation computed, a leaf."""
    if node.kind == Kind.LEAF:
        return int(tape.values["tensor"][node.ref])
    if node.kind == Kind.ACCUMULATE:
        return int(tape.nodes["variable"][node.ref])
    op = node.ref
    if node.kind == Kind.GRAD_FN:
        op = int(tape.nodes["op"][node.ref])
    elif node.kind != Kind.OP:
        return -1
    if op < 0 or not tape.ops["n_out"][op]:
        return -1
    return int(tape.values["tensor"][tape.ops["out0"][op]])


def newest(tape: Tape, tensor_name: str) -> NodeId | None:
    """Return the node that made the latest tensor of a name, if it is among the last events."""
    for event in range(len(tape.events) - 1, max(len(tape.events) - 200, -1), -1):
        kind, ref = int(tape.events["kind"][event]), int(tape.events["ref"][event])
        if kind == Event.OP:
            node = NodeId(Kind.OP, ref)
        elif kind == Event.LEAF:
            node = NodeId(Kind.LEAF, ref)
        else:
            continue
        tensor = tensor_of(tape, node)
        if tensor >= 0 and tape.name_of(tensor) == tensor_name:
            return node
    return None


def _named(one: dict[str, Any]) -> Named:
    return Named(
        str(one["name"]), int(one["tensor"]), tuple(one["shape"]), str(one["dtype"]),
        bool(one["requires_grad"]), bool(one["leaf"]), bool(one["grad"]),
    )  # fmt: skip


def _words(cell: Cell) -> set[str]:
    """Every word of a code cell: a new variable takes none of them."""
    text = cell.source if cell.kind == "code" else ""
    return set("".join(c if c.isalnum() or c == "_" else " " for c in text).split())


def _outcome(said: dict[str, Any]) -> Outcome:
    if said.get("status") == "ok":
        shown = str(said.get("shown") or "")
        return Outcome(f"Gives {shown}." if shown else "It can run.", False, True)
    if said.get("status") == "error":
        text = f"{said['ename']}: {said['evalue']}" if said["evalue"] else str(said["ename"])
        return Outcome(text, True, False)
    if said.get("status") == "unknown":
        return Outcome(f"What it gives is not known: {said['why']}.", False, True)
    return Outcome(_NO_KERNEL, True, False)
