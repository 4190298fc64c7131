"""What a person expects is typed in the window; the answer leads to where it and the tape part."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.cli import main
from app.controller import Controller
from app.controller.expecting import targets_of
from tests.app import drive
from ui.graph.types import Kind, NodeId
from ui.problems.expect_form import ExpectForm

PROGRAM = """\
x = torch.tensor([[1., 2.], [3., -1.], [0.5, 4.], [2., 2.]])
w = torch.tensor([0.5, -1.], requires_grad=True)
pred = x @ w
loss = (pred ** 2).mean()
loss.backward()
"""


def ask(controller: Controller, node: NodeId) -> ExpectForm:
    controller.session.select(node)
    controller.window.actions_by_id["expect"].trigger()
    form = controller.expecting.form
    assert form is not None
    return form


def node(controller: Controller, kind: Kind, name: str) -> NodeId:
    tape = controller.session.tape
    assert tape is not None
    table = tape.ops if kind == Kind.OP else tape.nodes
    return NodeId(kind, [tape.text(row) for row in table["name"].tolist()].index(name))


def answered(qtbot: QtBot, controller: Controller, form: ExpectForm, text: str) -> str:
    with qtbot.waitSignal(controller.problems.asking.done):
        form.field.setPlainText(text)
        QTest.keyClick(form.field, Qt.Key.Key_Return)
    index = controller.window.problems.model.index(0)
    return str(index.data(Qt.ItemDataRole.DisplayRole))


def test_the_answer_is_listed_first_and_leads_to_the_operation(
    qtbot: QtBot, opened: Controller
) -> None:
    said = answered(qtbot, opened, ask(opened, drive.leaf(opened, "w")), "2 * x.T @ pred")
    assert "w.grad is 1/4 × what you expect: the mean divides by 4" in said
    (finding, *_) = opened.window.problems.model.rows
    opened.problems.follow(finding.culprit)
    assert opened.session.selection == node(opened, Kind.OP, "mean")


def test_what_cannot_be_read_is_said_in_the_form(qtbot: QtBot, opened: Controller) -> None:
    form = ask(opened, drive.leaf(opened, "w"))
    form.field.setPlainText("2 * nothing")
    QTest.keyClick(form.field, Qt.Key.Key_Return)
    assert "'nothing' is not known" in form.message.text()
    assert form.isVisible()
    form.field.setPlainText("2 * x")
    assert form.message.text() == ""
    form.reject()


def test_values_and_gradients_of_operations_can_be_meant(qtbot: QtBot, opened: Controller) -> None:
    tape = opened.session.tape
    assert tape is not None
    end = len(tape.events)
    names = {
        kind: [one.name for one in targets_of(tape, node(opened, kind, name), end)]
        for kind, name in ((Kind.OP, "mean"), (Kind.GRAD_FN, "PowBackward0"))
    }
    assert names[Kind.OP] == ["loss", "the gradient at MeanBackward0"]
    assert names[Kind.GRAD_FN][0] == "the gradient at PowBackward0"
    form = ask(opened, node(opened, Kind.GRAD_FN, "PowBackward0"))
    said = answered(qtbot, opened, form, "[1, 1, 1, 1]")
    assert "PowBackward0 is 1/4 × what you expect" in said


def test_what_was_typed_before_is_there_again(qtbot: QtBot, opened: Controller) -> None:
    answered(qtbot, opened, ask(opened, drive.leaf(opened, "w")), "x.sum(0)")
    form = ask(opened, drive.leaf(opened, "w"))
    assert form.field.toPlainText() == "x.sum(0)"
    form.reject()


def test_without_a_selection_it_says_what_to_do(opened: Controller) -> None:
    opened.session.select(None)
    opened.window.actions_by_id["expect"].trigger()
    assert opened.window.notice.text() == "Select a tensor or an operation to compare first."


def test_the_command_line_answers_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = drive.write_tape(tmp_path / "mean.tape", PROGRAM)
    assert main(["why", str(path), "w.grad", "--expect", "2 * x.T @ pred"]) == 0
    assert "w.grad is 1/4 × what you expect" in capsys.readouterr().out
    assert main(["why", str(path), "w.grad", "--expect", "2 * x.T @ pred / 4"]) == 0
    assert "w.grad is what you expect" in capsys.readouterr().out
    assert main(["why", str(path), "w.grad", "--expect", "2 * "]) == 2
    assert "--expect: '2 *' is no expression" in capsys.readouterr().err
