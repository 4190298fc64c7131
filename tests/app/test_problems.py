"""The list of problems and the answers to "Why?" in the real window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.controller import Controller, problems
from engine.tape.diagnose import Facts, Finding, Link, Severity
from engine.tape.tape import Tape
from tests.app import drive
from tests.recording import tape_of
from ui.graph.types import Kind, NodeId

PROGRAM = """\
x = torch.tensor([0.0, 4.0], requires_grad=True)
w = torch.ones(2, requires_grad=True)
y = torch.where(x > 0, (x * 2).sqrt(), torch.zeros(2))
loss = (y * w).sum()
loss.backward()
extra = torch.ones(2, requires_grad=True)
z = extra * 2
"""


def _open(qtbot: QtBot, controller: Controller, path: Path, program: str = PROGRAM) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(path, program))
    drive.wait_for_graph(qtbot, controller)
    controller.window.graph.canvas.set_reduced_motion(True)
    return controller


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    made = _open(qtbot, controller, tmp_path / "nan.tape")
    made.window.actions_by_id["problems"].trigger()
    qtbot.waitUntil(lambda: made.window.problems.model.rowCount() == 1)
    return made


def ask(qtbot: QtBot, controller: Controller, node: NodeId) -> str:
    """Select a node, press the key for Why?, and return the answer's title."""
    controller.session.select(node)
    with qtbot.waitSignal(controller.problems.asking.done):
        controller.window.actions_by_id["why"].trigger()
    return str(controller.window.problems.model.index(0).data())


def test_a_recording_that_is_opened_is_looked_through(opened: Controller) -> None:
    panel = opened.window.problems
    assert opened.window.docks["problems"].isVisible()
    assert panel.sentence.text() == "1 error"
    assert "sqrt cannot be differentiated" in panel.model.index(0).data()
    assert panel.model.detail(0) == "cell 1, line 3 · 0 times infinity behind a mask"


def test_the_list_has_the_keyboard_and_enter_leads_to_the_place(
    qtbot: QtBot, opened: Controller
) -> None:
    panel = opened.window.problems
    assert opened.window.focusWidget() is panel.list
    qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert opened.session.selection is not None
    assert opened.session.playhead < len(opened.session.tape.events)


def test_a_recording_that_grows_is_looked_through_meanwhile(
    qtbot: QtBot, opened: Controller
) -> None:
    """Only for what no later operation can put right."""
    panel, grown = opened.window.problems, opened.session.tape_grew
    panel.say("")
    opened.problems.glance_after(1)
    grown.emit()
    qtbot.waitUntil(lambda: "so far" in panel.sentence.text())
    assert panel.sentence.text() == "1 error so far."
    qtbot.waitUntil(lambda: panel.sentence.text() == "1 error")  # it is quiet


def test_a_link_goes_to_playhead_node_and_line(qtbot: QtBot, opened: Controller) -> None:
    row = opened.window.problems.view.rows[0]
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    session = opened.session
    assert session.playhead == row.link.event + 1
    assert session.selection == NodeId(Kind.GRAD_FN, row.link.node)
    # It is of another graph than the one that was shown.
    qtbot.waitUntil(lambda: session.selection in opened.graph.picture.graph)
    assert opened.graph.picture.graph.nodes[session.selection]["line"] == 3


def test_why_answers_for_leaves_and_nodes(qtbot: QtBot, opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    assert "0 · ∞" in ask(qtbot, opened, drive.leaf(opened, "x"))
    assert "what extra is used for does not lead" in ask(qtbot, opened, drive.leaf(opened, "extra"))
    names = [tape.text(int(row)) for row in tape.nodes["name"]]
    mul = NodeId(Kind.GRAD_FN, names.index("MulBackward0"))
    assert "0 · ∞" in ask(qtbot, opened, mul)
    where = NodeId(Kind.GRAD_FN, names.index("WhereBackward0"))
    assert "received a gradient of size 1" in ask(qtbot, opened, where)
    assert opened.window.problems.model.rowCount() == 2


def test_why_answers_for_the_playhead(qtbot: QtBot, opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    opened.session.set_playhead(int(tape.passes["event"][0]))
    assert ask(qtbot, opened, drive.leaf(opened, "x")) == "no backward pass has run yet"


def test_why_without_a_selection_says_what_to_do(opened: Controller) -> None:
    opened.session.select(None)
    opened.window.actions_by_id["why"].trigger()
    assert opened.window.notice.text() == "Select a node first: Why? answers for that."


def test_another_recording_is_looked_through_anew(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    _open(qtbot, opened, tmp_path / "good.tape", "w = torch.ones(2)\nv = w * 2\n")
    qtbot.waitUntil(lambda: opened.window.problems.sentence.text() == "Nothing looks wrong.")
    assert opened.window.problems.model.rowCount() == 0


def test_a_large_recording_waits_to_be_asked(
    qtbot: QtBot, controller: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(problems, "OPERATIONS", 3)
    _open(qtbot, controller, tmp_path / "large.tape")
    panel = controller.window.problems
    controller.window.show_problems()
    qtbot.waitUntil(panel.look.isVisible)
    assert panel.sentence.text() == "This recording is large."
    qtbot.mouseClick(panel.look, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: panel.sentence.text() == "1 error")
    assert not panel.look.isVisible()


def test_what_an_answer_found_is_kept_until_the_tape_grows(
    qtbot: QtBot, opened: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Tape] = []

    class Counted(Facts):
        def __init__(self, tape: Tape) -> None:
            made.append(tape)
            super().__init__(tape)

    monkeypatch.setattr(problems, "Facts", Counted)
    for _ in range(2):
        assert "sqrt" in ask(qtbot, opened, NodeId(Kind.OP, 1))
    assert len(made) == 1
    opened.session.tape_changed.emit()
    assert "sqrt" in ask(qtbot, opened, NodeId(Kind.OP, 1))
    assert len(made) == 2


def test_what_the_check_of_gradients_found_outlasts_a_look_at_the_same_tape(
    qtbot: QtBot, opened: Controller
) -> None:
    wrong = Finding("wrong-backward", "Cube sends a wrong gradient", "", "", (), Severity.ERROR)
    tape, panel = opened.session.tape, opened.window.problems
    assert tape is not None
    for grown, count in ((0, 2), (-1, 1)):
        opened.problems.add([wrong], {"Cube"}, len(tape.steps) + grown)
        assert panel.model.rowCount() == 2
        with qtbot.waitSignal(opened.problems.survey.done):
            panel.look.click()
        assert panel.model.rowCount() == count


_LEAF = "w = torch.ones(2, requires_grad=True)\n"
_PLUS = f"{_LEAF}h = torch.exp(w)\nh += 1\nh.sum().backward()"
_TWICE = f"{_LEAF}loss = (w * w).sum()\nloss.backward()\nloss.backward()"
_ELSEWHERE = f"{_LEAF}(w * w).sum().backward()\ntorch.ones(2).sum().backward()"


@pytest.mark.parametrize(
    ("program", "op", "told"),
    [
        (_TWICE, 1, "freed"), (_PLUS, 0, "modified"), (_PLUS, 2, "modified"),
        (f"{_LEAF}loss = w * w\nloss.backward()", 0, "not-scalar"),
        (f"{_LEAF}loss = w * w\nloss.backward(torch.ones(3))", 0, "shape-mismatch"),
        (_ELSEWHERE, 0, "sound"),
    ],
)  # fmt: skip
def test_where_backward_raised_why_answers_with_the_error(program: str, op: int, told: str) -> None:
    tape = tape_of(program)
    found = problems.answer(Facts(tape), NodeId(Kind.OP, op), len(tape.events))
    assert found.cause == told


def test_the_element_that_is_selected_in_the_gradients_table_is_asked_for(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    program = "w = torch.tensor([[-1.0, 2.0]], requires_grad=True)\ntorch.relu(w).sum().backward()"
    opened = _open(qtbot, controller, tmp_path / "one.tape", program)
    opened.session.select(NodeId(Kind.LEAF, 0))
    table = opened.window.inspector.details.gradient.tensor.table
    qtbot.waitUntil(lambda: table.model().columnCount() == 2)
    for column, said in ((0, "ReLU"), (1, "one pass brought")):
        table.setCurrentIndex(table.model().index(0, column))
        with qtbot.waitSignal(opened.problems.asking.done):
            opened.window.actions_by_id["why"].trigger()
        assert said in opened.window.problems.model.index(0).data()


def test_a_link_to_a_pass_leads_to_the_node_where_it_begins() -> None:
    tape = tape_of(f"{_LEAF}(w * 3).sum().backward()\nw.backward(torch.ones(2))")
    first, second = (int(event) for event in tape.passes["event"])
    (last,) = [op for op in range(len(tape.ops)) if tape.text(int(tape.ops["name"][op])) == "sum"]
    assert problems.node_of(tape, Link("the pass", first)) == NodeId(Kind.OP, last)
    leaf = problems.node_of(tape, Link("the pass", second))
    assert leaf is not None
    assert leaf.kind is Kind.LEAF
