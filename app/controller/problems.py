"""Between the list of problems and the tape: looks through it on a thread, answers "Why?"."""

from __future__ import annotations

import time
from collections.abc import Callable, Set

from PySide6.QtCore import QObject, QTimer

from app.controller.graph import GraphBinding
from app.session import Session
from app.window import Window
from app.work import Worker
from engine.tape.diagnose import Facts, Finding, Link, Severity, problems, why, why_node, why_value
from engine.tape.diagnose.numeric import own_functions
from engine.tape.diagnose.raised import instead
from engine.tape.places import place
from engine.tape.schema import Event
from engine.tape.tape import Tape, TapeError
from ui.graph.types import Kind, NodeId

#: A larger recording is looked through only when a person asks for it.
OPERATIONS, BYTES = 50_000, 1 << 29
_QUIET = 400  # milliseconds without growth before a recording is looked through
_MEANWHILE = 1500  # at least between two looks at one that goes on growing
_AT_ONCE = 0.002  # seconds of work, before it rests twice as long
_SHARE = 3  # and so many times what the look before took


_Looked = tuple[Tape, list[Finding], dict[str, int]]


class ProblemsBinding(QObject):
    """Keeps the list true to the tape and answers for what is selected."""

    def __init__(self, session: Session, window: Window, graph: GraphBinding) -> None:
        super().__init__(window)
        self._session, self._window, self._graph = session, window, graph
        self._panel = window.problems
        self._found: list[Finding] = []
        self._answer: Finding | None = None
        self._checked: tuple[list[Finding], Set[str], int] = [], frozenset(), -1
        #: Whether the person's own Functions can be measured; those that are not, with a step.
        self.can_measure: Callable[[], bool] = lambda: False
        self.unmeasured: dict[str, int] = {}
        self._asked = False  # to look through a large recording
        self._facts: tuple[Tape, tuple[int, ...], Facts] | None = None
        self.survey, self.asking = Worker("problems", self), Worker("why", self)
        self.survey.done.connect(self._looked)
        self.asking.done.connect(self._answered)
        for worker in (self.survey, self.asking):
            worker.failed.connect(self._failed)
        self._wait = QTimer(self)
        self._wait.setSingleShot(True)
        self._wait.setInterval(_QUIET)
        self._wait.timeout.connect(self._look)
        self._meanwhile = QTimer(self)
        self._meanwhile.setSingleShot(True)
        self._meanwhile.timeout.connect(self._glance)
        self._least = _MEANWHILE
        self._took = 0.0  # seconds, by the latest glance
        self._panel.followed.connect(self.follow)
        self._panel.look_requested.connect(self._ask_to_look)
        session.tape_changed.connect(self._tape_changed)
        session.tape_grew.connect(self._grew)

    def close(self) -> None:
        """End the threads."""
        self.survey.close()
        self.asking.close()
        self._facts = None

    def show(self) -> None:
        """Open the list, and give it the keyboard: Enter leads to a problem's place."""
        self._window.show_problems()
        self._panel.list.setFocus()

    def add(self, found: list[Finding], measured: Set[str], steps: int) -> None:
        """Put what the numeric check found before the rest, instead of what it found before.

        measured: the person's Functions that it measured. steps: how many the tape had: a look
        at a tape with more of them knows better.
        """
        self._checked = found, measured, steps
        self._found, self.unmeasured = self._with_checked(self._found, self.unmeasured)
        self._show()
        self._say()

    def _keep_checked(self, tape: Tape) -> None:
        """Forget what the numeric check found of a tape that a pass has gone through since.

        What else comes late, as the mark of a cell's end, changes nothing of what was measured.
        """
        if len(tape.steps) > self._checked[2]:
            self._checked = [], frozenset(), -1

    def _with_checked(
        self, found: list[Finding], own: dict[str, int]
    ) -> tuple[list[Finding], dict[str, int]]:
        """Return findings with those of the numeric check, and the Functions that it left out."""
        checked, measured, _ = self._checked
        causes = {one.cause for one in checked} | ({"wrong-backward"} if measured else set())
        rest = [one for one in found if one.cause not in causes]
        return [*checked, *rest], {name: step for name, step in own.items() if name not in measured}

    def _say(self) -> None:
        n, still = len(self.unmeasured), self._wait.isActive()
        said, measure = sentence(self._found), bool(n) and not still and self.can_measure()
        if still:
            said = f"{said.rstrip('.')} so far."
        elif measure:
            which = "1 Function of yours is" if n == 1 else f"{n} Functions of yours are"
            said = f"{said.rstrip('.')}. {which} not measured."
        self._panel.say(said, may_measure=measure)

    def ask(self) -> None:
        """Answer why the selected tensor's gradient, or the selected value, is as it is."""
        tape, node = self._session.tape, self._session.selection
        if tape is None or node is None or node.kind == Kind.GROUP:
            self._window.notice.show_message("Select a node first: Why? answers for that.")
            return
        facts, playhead = self._facts_of(tape), self._session.playhead
        element = self._window.inspector.element()
        self.asking.submit(lambda cancelled: (tape, answer(facts, node, playhead, element)))

    def _facts_of(self, tape: Tape) -> Facts:
        """Return what is known of a tape for the thread that answers: kept until the tape grows."""
        state = len(tape.events), len(tape.names), len(tape.reads)
        if self._facts is None or self._facts[:2] != (tape, state):
            self._facts = tape, state, Facts(tape.snapshot())
        return self._facts[2]

    def prepare(self, work: Callable[[], object]) -> None:
        """Do on the thread what the next answer may need."""
        self.asking.submit(lambda cancelled: (None, work()))

    def answer_with(self, work: Callable[[Callable[[], bool]], Finding]) -> None:
        """Show the answer to another question, worked out on the thread."""
        tape = self._session.tape
        if tape is not None:
            self.asking.submit(lambda cancelled: (tape, work(cancelled)))

    def follow(self, link: Link) -> None:
        """Go to where a link of a proof points: playhead, node, line of code."""
        tape = self._session.tape
        if tape is None or link.event < 0:
            return
        self._session.set_playhead(link.event + 1)
        node = node_of(tape, link)
        if node is not None:
            self._session.select(node)
            self._graph.reveal(node)
        if link.source is not None and link.source.cell:
            self._window.notebook.reveal(link.source.cell, link.source.line)
            self._graph.light_line((link.source.cell, link.source.line))

    def _tape_changed(self) -> None:
        self.survey.cancel()
        self.asking.cancel()
        self._found, self._answer, self._asked, self._facts = [], None, False, None
        self.unmeasured, self._checked = {}, ([], frozenset(), -1)
        self._show()
        if self._session.tape is None:
            self._panel.say("Nothing recorded yet.")
        else:
            self._wait.start()

    def _grew(self) -> None:
        """Look when it is quiet, and now and then while a program goes on recording."""
        self._wait.start()
        if not self._meanwhile.isActive():
            self._meanwhile.start(max(self._least, round(1000 * _SHARE * self._took)))

    def glance_after(self, milliseconds: int) -> None:
        """Look at a recording that grows no more often than this."""
        self._least = milliseconds

    def _glance(self) -> None:
        """Look for what no later operation of a program that still runs can put right."""
        tape = self._session.tape
        if tape is None or not self._wait.isActive() or self.survey.busy or self._is_large(tape):
            return
        frozen, began = tape.snapshot(), time.perf_counter()
        self._keep_checked(frozen)

        def look(cancelled: Callable[[], bool]) -> _Looked:
            found = problems(frozen, cancelled=_calmly(cancelled), going_on=True)
            self._took = time.perf_counter() - began
            return tape, found, {}

        self.survey.submit(look)

    def _is_large(self, tape: Tape) -> bool:
        return len(tape.ops) > OPERATIONS or int(tape.arrays["nbytes"].sum()) > BYTES

    def _ask_to_look(self) -> None:
        self._asked = True
        self._look()

    def _look(self) -> None:
        self._meanwhile.stop()
        tape = self._session.tape
        if tape is None:
            return
        if self._is_large(tape) and not self._asked:
            self._panel.say("This recording is large.", may_look=True)
            return
        self._panel.say("Looking for problems …")
        frozen = tape.snapshot()
        self._keep_checked(frozen)
        self.survey.submit(
            lambda cancelled: (tape, problems(frozen, cancelled=cancelled), own_functions(frozen))
        )

    def _looked(self, result: _Looked) -> None:
        tape, found, own = result
        if tape is self._session.tape:
            self._found, self.unmeasured = self._with_checked(found, own)
            self._show()
            self._say()

    def _answered(self, result: tuple[Tape | None, Finding]) -> None:
        tape, found = result
        if tape is not None and tape is self._session.tape:
            self._answer = found
            self._show()
            self._window.show_problems()
            self._panel.list.setFocus()

    def _show(self) -> None:
        self._panel.set_findings(self._answer, self._found, self._place)

    def _place(self, link: Link) -> str:
        tape = self._session.tape
        return place(tape, link.source) if tape is not None and link.source is not None else ""

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, TapeError):
            raise error  # ours: the report dialog shows it
        self._panel.say(str(error))


def _calmly(cancelled: Callable[[], bool]) -> Callable[[], bool]:
    """Return the question, asked all the time, with rests that leave time to the window."""
    rested = time.perf_counter()

    def ask() -> bool:
        nonlocal rested
        if time.perf_counter() - rested > _AT_ONCE:
            time.sleep(2 * _AT_ONCE)
            rested = time.perf_counter()
        return cancelled()

    return ask


def sentence(found: list[Finding]) -> str:
    """Return how many problems there are, in words."""
    if not found:
        return "Nothing looks wrong."
    counts = [
        (sum(one.severity is severity for one in found), severity.name.lower())
        for severity in sorted(Severity, reverse=True)
    ]
    return ", ".join(f"{n} {name}{'s' * (n != 1)}" for n, name in counts if n)


def answer(
    facts: Facts, node: NodeId, playhead: int, element: tuple[int, ...] | None = None
) -> Finding:
    """Return why what a node of the graph stands for is as it is at a playhead.

    element: the index of the one that is asked for, of the .grad of a leaf.
    """
    tensor = _leaf(facts.tape, node)
    if element is not None and tensor >= 0:
        return why(facts, tensor, element, playhead)
    op = node.ref if node.kind == Kind.OP else -1
    grad_fn = node.ref if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE) else -1
    return instead(facts, _answer(facts, node, playhead), op, grad_fn, playhead)


def _leaf(tape: Tape, node: NodeId) -> int:
    """Return the tensor whose .grad a leaf or an AccumulateGrad node shows, or -1."""
    if node.kind == Kind.ACCUMULATE:
        return int(tape.nodes["variable"][node.ref])
    return int(tape.values["tensor"][node.ref]) if node.kind == Kind.LEAF else -1


def _answer(facts: Facts, node: NodeId, playhead: int) -> Finding:
    if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE):
        return why_node(facts, node.ref, playhead)
    value = int(facts.tape.ops["out0"][node.ref]) if node.kind == Kind.OP else node.ref
    return (
        why_value(facts, value)
        or _of_op(facts, node, playhead)
        or why(facts, int(facts.tape.values["tensor"][value]), playhead=playhead)
    )


def _of_op(facts: Facts, node: NodeId, playhead: int) -> Finding | None:
    """Return why the gradient that came to an operation's node is as it is, if one did."""
    grad_fn = int(facts.tape.ops["node"][node.ref]) if node.kind == Kind.OP else -1
    visited = grad_fn >= 0 and any(
        facts.tape.steps["event"][step] < playhead for step in facts.visits(grad_fn)
    )
    return why_node(facts, grad_fn, playhead) if visited else None


def node_of(tape: Tape, link: Link) -> NodeId | None:
    """Return the node of the graph that a link is about."""
    kind = int(tape.events["kind"][link.event])
    if kind == Event.STEP and link.node >= 0:
        accumulates = tape.nodes["variable"][link.node] >= 0
        return NodeId(Kind.ACCUMULATE if accumulates else Kind.GRAD_FN, link.node)
    if link.op >= 0:
        return NodeId(Kind.OP, link.op)
    if link.value >= 0:
        return NodeId(Kind.LEAF, link.value)
    return _root(tape, int(tape.events["ref"][link.event])) if kind == Event.PASS else None


def _root(tape: Tape, pass_: int) -> NodeId | None:
    """Return the node that a pass begins at, if it is one."""
    first, count = (int(tape.passes[c][pass_]) for c in ("root0", "n_root"))
    value = int(tape.roots["value"][first]) if count == 1 else -1
    if value < 0:
        return None
    op = int(tape.values["op"][value])
    return NodeId(Kind.OP, op) if op >= 0 else NodeId(Kind.LEAF, value)
