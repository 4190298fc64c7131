"""The selected operation's derivative in the inspector, and its step as a program of NumPy."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from engine.tape.derivative import Derivative
from tests.app import drive
from ui.graph.types import Kind, NodeId

PROGRAM = """x = torch.tensor([[1.0, 2.0]])
w = torch.tensor([[0.5], [4.0]], requires_grad=True)
y = x @ w
loss = (y * y).sum()
loss.backward()
"""


def plain(text: str) -> str:
    """Text with ordinary blanks."""
    return text.replace("\u00a0", " ")


def derivative(qtbot: QtBot, controller: Controller, node: NodeId) -> Derivative:
    """Select a node and wait for its derivative."""
    with qtbot.waitSignal(controller.derivatives.shown, timeout=drive.RUN):
        controller.session.select(node)
    found = controller.window.inspector.details.derivative.derivative()
    assert found is not None
    return found


def test_the_formula_the_jacobian_and_the_recorded_sums_are_shown(
    qtbot: QtBot, opened: Controller
) -> None:
    found = derivative(qtbot, opened, NodeId(Kind.OP, 1))
    assert found.op == "mul"
    view = opened.window.inspector.details.derivative
    assert view.isVisible()
    assert [view.which.itemText(i) for i in range(view.which.count())] == [
        "input = y  [1, 1]",
        "other = y  [1, 1]",
    ]
    assert view.formula.text() == "∂input = g * other"
    assert plain(view.sums.text()) == "[0, 0]  1 · 8.5 = 8.5"
    assert view.jacobian.isVisible()
    view.which.setCurrentIndex(1)
    assert view.formula.text() == "∂other = g * input"


def test_it_is_that_of_the_backward_node_too_and_of_the_step_at_the_playhead(
    qtbot: QtBot, opened: Controller
) -> None:
    tape = opened.session.tape
    assert tape is not None
    found = derivative(qtbot, opened, NodeId(Kind.GRAD_FN, int(tape.ops["node"][0])))
    assert found.op == "mm"
    view = opened.window.inspector.details.derivative
    assert plain(view.sums.text()) == "[0, 0]  17 · 1 = 17\n[1, 0]  17 · 2 = 34"
    with qtbot.waitSignal(opened.derivatives.shown, timeout=drive.RUN):
        opened.session.set_playhead(int(tape.passes["event"][0]))
    assert not view.sums.isVisible()
    assert "No backward pass has come here" in view.note.text()
    assert not view.copy.isEnabled()


def test_a_leaf_has_none(qtbot: QtBot, opened: Controller) -> None:
    derivative(qtbot, opened, NodeId(Kind.OP, 1))
    opened.session.select(drive.leaf(opened, "w"))
    assert not opened.window.inspector.details.sections["derivative"].isVisible()
    opened.window.actions_by_id["copy_numpy"].trigger()
    assert "Select an operation" in opened.window.notice.text()


def test_the_step_is_copied_as_a_program_that_runs(qtbot: QtBot, opened: Controller) -> None:
    derivative(qtbot, opened, NodeId(Kind.OP, 0))
    with qtbot.waitSignal(opened.derivatives.copied, timeout=drive.RUN):
        opened.window.inspector.details.derivative.copy.click()
    program = QGuiApplication.clipboard().text()
    assert program.startswith('"""MmBackward0, as it ran in pass 1')
    exec(program, {})
