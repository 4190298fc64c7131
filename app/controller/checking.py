"""Checks gradients against finite differences on a thread; marks wrong ones on the graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from PySide6.QtCore import QObject, Signal

from app.controller.graph import GraphBinding
from app.controller.problems import ProblemsBinding
from app.runs import Runs
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
        self, session: Session, window: Window, graph: GraphBinding, problems: ProblemsBinding,
        runs: Runs,
    ) -> None:  # fmt: skip
        super().__init__(window)
        self._session, self._window, self._graph, self._runs = session, window, graph, runs
        self._problems, self._marks = problems, window.graph.offences
        self._asked, self._checks_so_far = -1, list[numeric.Check]()  # of Functions, in the kernel
        self.worker = Worker("mathematics", self)
        self.worker.done.connect(self._done)
        self.worker.failed.connect(self._failed)
        self._advanced.connect(self._advance)
        window.busy.cancelled.connect(lambda owner: self._cancel() if owner is self else None)
        session.tape_changed.connect(self._forget)
        runs.kernel.checked.connect(self._own_checked)
        problems.can_measure = self._reaches_kernel
        window.problems.measure_requested.connect(self._check_functions)

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
        self._window.busy.begin(self, "Checking gradients")
        self.worker.submit(lambda cancelled: (tape, *self._checks(frozen, steps, cancelled)))

    def _reaches_kernel(self) -> bool:
        """Whether the person's own Functions can be run again: only their kernel has them."""
        tape = self._session.tape
        return tape is not None and self._runs.tape is tape and self._runs.kernel.state == "idle"

    def _check_functions(self) -> None:
        """Check the latest step of each Function of the person's own."""
        tape, steps = self._session.tape, sorted(self._problems.unmeasured.values())
        if tape is not None and steps:
            frozen = tape.snapshot()
            self._window.busy.begin(self, "Checking gradients")
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
            self._window.busy.advance(self, done, total)

    def _done(self, result: tuple[Tape, list[numeric.Check], list[Finding]]) -> None:
        tape, checks, wrong = result
        if tape is not self._session.tape:
            self._window.busy.end(self)
            return
        own = [one.step for one in checks if not numeric.is_known(_op_name(tape, one))]
        if own and self._reaches_kernel():
            self._checks_so_far = checks
            self._asked = self._runs.kernel.check_functions(sorted(set(own)))
            return  # the person's own Functions can be run again only there
        self._window.busy.end(self)
        self._show(tape, checks, wrong)

    def _own_checked(self, token: int, said: dict[str, Any]) -> None:
        """The kernel has checked the person's Functions, or says why it could not."""
        if token != self._asked:
            return
        self._asked = -1
        self._window.busy.end(self)
        tape, checks, self._checks_so_far = self._session.tape, self._checks_so_far, []
        if tape is not None:
            new = {(c.step, c.slot): c for c in map(numeric.read, said.get("checks", ()))}
            checks = [new.get((one.step, one.slot), one) for one in checks]
            self._show(tape, checks, numeric.findings(tape.snapshot(), checks))

    def _show(self, tape: Tape, checks: list[numeric.Check], wrong: list[Finding]) -> None:
        errors: dict[NodeId, float] = {}
        for one in checks:
            if one.wrong:
                node = NodeId(Kind.GRAD_FN, one.node)
                errors[node] = max(one.error, errors.get(node, 0.0))
        self._marks.set_errors(errors)
        own = {_op_name(tape, one) for one in checks if not one.reason}
        measured = {name for name in own if not numeric.is_known(name)}
        self._problems.add(wrong, measured, len(tape.steps))
        self._window.notice.show_message(numeric.sentence(checks), error=bool(errors))
        if errors:
            worst = max(errors, key=lambda node: errors[node])
            self._session.select(worst)
            self._window.graph.canvas.show_node(worst)

    def _failed(self, error: Exception) -> None:
        self._window.busy.end(self)
        if not isinstance(error, TapeError):
            raise error  # ours: the report dialog shows it
        self._window.notice.show_message(str(error), error=True)

    def _cancel(self) -> None:
        if self._asked >= 0:
            self._asked = -1
            self._window.busy.end(self)
        if self.worker.busy:
            self.worker.cancel()
            self._window.busy.end(self)

    def _forget(self) -> None:
        self._cancel()
        self._marks.set_errors({})


def _op_name(tape: Tape, check: numeric.Check) -> str:
    op = int(tape.nodes["op"][check.node])
    return tape.text(int(tape.ops["name"][op])) if op >= 0 else ""


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
