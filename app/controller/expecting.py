"""Between what a person expects of the selected node and the answer in the list of problems."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, Qt

from app.controller.problems import ProblemsBinding
from app.session import Session
from app.window import Window
from engine.tape.conditions import ConditionError
from engine.tape.diagnose import expectation
from engine.tape.diagnose.expected import reads_at, why_other
from engine.tape.diagnose.facts import Facts
from engine.tape.rerun.operations import rows_by_name
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId
from ui.problems.expect_form import ExpectForm
from ui.theme import Theme


class Target(NamedTuple):
    """What can be compared: a value or a .grad of a tensor, or what came to a node."""

    name: str
    tensor: int
    grad: bool
    node: int = -1


class Expecting(QObject):
    """Asks for the expected value and has it compared with the tape's."""

    def __init__(
        self,
        session: Session,
        window: Window,
        problems: ProblemsBinding,
        theme: Callable[[], Theme],
    ) -> None:
        super().__init__(window)
        self._session, self._window, self._problems = session, window, problems
        self._theme = theme
        self._texts: dict[str, str] = {}  # what was expected of each name before
        self.form: ExpectForm | None = None

    def ask(self) -> None:
        """Ask what is expected of the selected node."""
        tape, node, playhead = self._session.tape, self._session.selection, self._session.playhead
        targets = [] if tape is None or node is None else targets_of(tape, node, playhead)
        if tape is None or not targets:
            self._window.notice.show_message("Select a tensor or an operation to compare first.")
            return
        frozen = tape.snapshot()

        def problem(number: int, text: str) -> str:
            try:
                _read(frozen, targets[number], text, playhead)
            except ConditionError as error:
                return str(error)
            return ""

        text = self._texts.get(targets[0].name, "")
        self.form = ExpectForm(
            [one.name for one in targets], text, problem, self._theme(), self._window
        )
        self.form.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.form.given.connect(
            lambda number, text: self._compare(frozen, targets[number], text, playhead)
        )
        self.form.open()
        self._problems.prepare(rows_by_name)

    def _compare(self, frozen: Tape, target: Target, text: str, playhead: int) -> None:
        self._texts[target.name] = text
        self._problems.answer_with(
            lambda cancelled: why_other(
                frozen, target.tensor, target.grad, _read(frozen, target, text, playhead), playhead,
                cancelled, target.node,
            )
        )  # fmt: skip


def _read(tape: Tape, target: Target, text: str, playhead: int) -> expectation.Expected:
    at = reads_at(tape, target.tensor, target.grad, playhead, target.node)
    return expectation.read(text, tape, at)


def targets_of(tape: Tape, node: NodeId, playhead: int) -> list[Target]:
    """Return what of a node of the graph can be compared, the likelier first."""
    facts = Facts(tape)
    if node.kind in (Kind.LEAF, Kind.ACCUMULATE):
        if node.kind == Kind.LEAF:
            tensor = int(tape.values["tensor"][node.ref])
        else:
            tensor = int(tape.nodes["variable"][node.ref])
        name = facts.name(tensor)
        value, grad = Target(name, tensor, False), Target(f"{name}.grad", tensor, True)
        has = bool(tape.grads_of.rows(tape.grads["tensor"], tensor))
        return [grad, value] if has else [value]
    if node.kind not in (Kind.OP, Kind.GRAD_FN):
        return []
    op = node.ref if node.kind == Kind.OP else int(tape.nodes["op"][node.ref])
    grad_fn = int(tape.ops["node"][op]) if node.kind == Kind.OP else node.ref
    outs = facts.outputs(op) if op >= 0 else range(0)
    tensor = int(tape.values["tensor"][outs[0]]) if len(outs) else -1
    found = []
    if len(outs):
        found.append(Target(facts.label(outs[0]), tensor, False))
    if grad_fn >= 0 and any(tape.steps["event"][s] < playhead for s in facts.visits(grad_fn)):
        found.append(Target(f"the gradient at {facts.node_name(grad_fn)}", tensor, True, grad_fn))
    return found[::-1] if node.kind == Kind.GRAD_FN else found
