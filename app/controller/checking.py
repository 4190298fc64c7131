"""Checks gradients against finite differences on a thread; marks wrong ones on the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.controller.graph import GraphBinding
from app.controller.problems import ProblemsBinding
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.diagnose import Finding, numeric
from engine.tape.tape import Tape, TapeError
from ui.graph.types import Kind, NodeId


class Checking(QObject):
    """Checks the gradients that backward nodes sent, and marks those that are wrong."""

    _advanced = Signal(int, int)  # steps done, of how many; from the thread

    def __init__(
        self, session: Session, window: Window, graph: GraphBinding, problems: ProblemsBinding
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._problems, self._marks = problems, window.graph.offences
        self.worker = Worker("mathematics", self)
        self.worker.done.connect(self._done)
        self.worker.failed.connect(self._failed)
        self._advanced.connect(self._advance)
        window.busy.cancelled.connect(self._cancel)
        session.tape_changed.connect(self._forget)

    def close(self) -> None:
        """End the thread."""
        self.worker.close()

    def check_selection(self) -> None:
        """Check the selected nodes, and what is in selected groups."""
        nodes = self._window.graph.canvas.picked()
        if nodes:
            self._check(nodes)
        else:
            self._window.notice.show_message("Select a node first, or check all gradients.")

    def check_all(self) -> None:
        """Check all nodes of the graph that is shown."""
        picture = self._graph.picture
        self._check([] if picture is None else picture.unfolded)

    def _check(self, nodes: Iterable[NodeId]) -> None:
        tape = self._session.tape
        steps = [] if tape is None else steps_of(tape, self._members(nodes))
        if tape is None or not steps:
            text = "No pass has come to these nodes: there is no gradient to check."
            self._window.notice.show_message(text)
            return
        frozen = tape.snapshot()
        self._window.busy.begin("Checking gradients")
        self.worker.submit(lambda cancelled: (tape, *self._checks(frozen, steps, cancelled)))

    def _members(self, nodes: Iterable[NodeId]) -> list[NodeId]:
        groups = None if self._graph.picture is None else self._graph.picture.groups
        found: list[NodeId] = []
        for node in nodes:
            inside = node.kind == Kind.GROUP and groups is not None and node in groups.index
            found += groups.members(node) if inside and groups is not None else [node]
        return found

    def _checks(
        self, tape: Tape, steps: list[int], cancelled: Callable[[], bool]
    ) -> tuple[list[numeric.Check], list[Finding]]:
        """Run on the thread: return all outcomes, and what is wrong."""
        place = {step: at for at, step in enumerate(steps, 1)}
        found, told = [], 0
        for one in numeric.check(tape, steps, cancelled=cancelled):
            found.append(one)
            if place[one.step] - told >= max(len(steps) // 100, 1):
                told = place[one.step]
                self._advanced.emit(told, len(steps))
        return found, numeric.findings(tape, found)

    def _advance(self, done: int, total: int) -> None:
        if self.worker.busy:
            self._window.busy.advance(done, total)

    def _done(self, result: tuple[Tape, list[numeric.Check], list[Finding]]) -> None:
        tape, checks, wrong = result
        self._window.busy.end()
        if tape is not self._session.tape:
            return
        errors: dict[NodeId, float] = {}
        for one in checks:
            if one.wrong:
                node = NodeId(Kind.GRAD_FN, one.node)
                errors[node] = max(one.error, errors.get(node, 0.0))
        self._marks.set_errors(errors)
        self._problems.add(wrong)
        self._window.notice.show_message(sentence(checks, len(errors)), error=bool(errors))
        if errors:
            worst = max(errors, key=lambda node: errors[node])
            self._session.select(worst)
            self._window.graph.canvas.show_node(worst)

    def _failed(self, error: Exception) -> None:
        self._window.busy.end()
        if not isinstance(error, TapeError):
            raise error  # ours: the report dialog shows it
        self._window.notice.show_message(str(error), error=True)

    def _cancel(self) -> None:
        if self.worker.busy:
            self.worker.cancel()
            self._window.busy.end()

    def _forget(self) -> None:
        self._cancel()
        self._marks.set_errors({})


def steps_of(tape: Tape, nodes: Iterable[NodeId]) -> list[int]:
    """Return the steps at which passes came to nodes, or to the backward nodes of operations."""
    wanted = np.zeros(len(tape.nodes) + 1, bool)  # the last for what has none
    for node in nodes:
        if node.kind == Kind.OP:
            wanted[int(tape.ops["node"][node.ref])] = True
        elif node.kind == Kind.GRAD_FN:
            wanted[node.ref] = True
    wanted[-1] = False
    found: list[int] = np.flatnonzero(wanted[tape.steps["node"]]).tolist()
    return found


def sentence(checks: list[numeric.Check], wrong: int) -> str:
    """Return the outcome in words."""
    nodes = {one.node for one in checks}
    reasons = {one.node: one.reason for one in checks if one.reason}
    measured = len(nodes) - len(reasons)
    text = f"{measured:,} backward node{'s' * (measured != 1)} measured: "
    text += f"{wrong:,} send{'s' * (wrong == 1)} a wrong gradient." if wrong else "all are right."
    if reasons:
        why = next(iter(reasons.values()))
        text += f" {len(reasons):,} could not be measured ({why})."
    return text
