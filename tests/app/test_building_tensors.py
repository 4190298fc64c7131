"""Gestures on one tensor write code: leaves, backward, requires_grad, detach, zero, rename."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.templates import TEMPLATES
from tests.app import drive
from ui.graph.types import Kind, NodeId
from ui.leaf.content import Fill
from ui.leaf.form import LeafForm

PROGRAM = """import torch
x = torch.ones(3, 4)
w = torch.full((4, 2), 0.5, requires_grad=True)
y = x @ w
loss = y.sum()
"""


@pytest.fixture
def built(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window on a program that has run."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, "utf-8")
    drive.open_file(qtbot, controller, path)
    drive.run_all(qtbot, controller)
    return controller


def node(controller: Controller, name: str) -> NodeId:
    picture = controller.graph.picture
    assert picture is not None
    data = picture.graph.nodes(data=True)
    return next(n for n, d in data if d["name"] == name and d["kind"] in (Kind.LEAF, Kind.OP))


def perform(qtbot: QtBot, controller: Controller, name: str, command: str) -> None:
    """Select a node, trigger a command as the menu does, and wait until its line has run."""
    controller.session.select(node(controller, name))
    action = controller.window.actions_by_id[command]
    assert action.isEnabled()
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        action.trigger()


def last(controller: Controller) -> str:
    return controller.session.document.cells[-1].source


def opened_leaf(qtbot: QtBot, controller: Controller) -> LeafForm:
    controller.window.actions_by_id["new_leaf"].trigger()
    tensors = controller.building.tensors
    qtbot.waitUntil(lambda: tensors.leaf_form is not None, timeout=drive.RUN)
    assert tensors.leaf_form is not None
    return tensors.leaf_form


def test_backward_of_a_number_runs_at_once_and_a_second_one_is_refused_in_the_engines_words(
    qtbot: QtBot, built: Controller
) -> None:
    perform(qtbot, built, "loss", "backward")
    assert last(built) == "loss.backward()"
    assert drive.ask_kernel(qtbot, built, "w.grad.tolist()") == [[3.0, 3.0]] * 4
    drive.wait_for_graph(qtbot, built)
    cells = len(built.session.document.cells)
    built.session.select(node(built, "loss"))
    built.window.actions_by_id["backward"].trigger()
    qtbot.waitUntil(lambda: built.building.applying.form is not None, timeout=drive.RUN)
    form = built.building.applying.form
    assert form is not None
    assert form.outcome.text().startswith("RuntimeError: Trying to backward through the graph a")
    assert len(built.session.document.cells) == cells


def test_backward_of_several_numbers_asks_for_a_gradient(qtbot: QtBot, built: Controller) -> None:
    built.session.select(node(built, "y"))
    built.window.actions_by_id["backward"].trigger()
    qtbot.waitUntil(lambda: built.building.applying.form is not None, timeout=drive.RUN)
    form = built.building.applying.form
    assert form is not None
    assert form.fields["gradient"].text() == "torch.ones_like(y)"
    assert form.name.isHidden()
    form.fields["gradient"].setText("torch.ones(2)")
    qtbot.waitUntil(lambda: form.outcome.property("kind") == "problem", timeout=drive.RUN)
    assert "shape" in form.outcome.text()
    form.fields["gradient"].setText("2 * torch.ones_like(y)")
    qtbot.waitUntil(form.run.isEnabled, timeout=drive.RUN)
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        form.run.click()
    assert last(built) == "y.backward(2 * torch.ones_like(y))"
    assert drive.ask_kernel(qtbot, built, "w.grad.tolist()") == [[6.0, 6.0]] * 4


def test_a_leaf_is_toggled_detached_and_zeroed_by_lines_that_undo_takes_back(
    qtbot: QtBot, built: Controller
) -> None:
    perform(qtbot, built, "loss", "backward")
    drive.wait_for_graph(qtbot, built)
    perform(qtbot, built, "w", "zero_grad")
    assert last(built) == "w.grad.zero_()"
    assert drive.ask_kernel(qtbot, built, "w.grad.sum().item()") == 0.0
    drive.wait_for_graph(qtbot, built)
    perform(qtbot, built, "w", "toggle_grad")
    assert last(built) == "w.requires_grad_(False)"
    assert drive.ask_kernel(qtbot, built, "w.requires_grad") is False
    built.window.actions_by_id["undo"].trigger()
    assert last(built) == "w.grad.zero_()"
    assert "w.requires_grad_(False)" in built.window.notice.text()


def test_detach_makes_a_tensor_of_its_own(qtbot: QtBot, built: Controller) -> None:
    perform(qtbot, built, "y", "detach")
    assert last(built) == "y_detached = y.detach()"
    assert drive.ask_kernel(qtbot, built, "y_detached.requires_grad") is False


def test_a_variable_is_renamed_in_all_cells_in_the_kernel_and_back(
    qtbot: QtBot, built: Controller
) -> None:
    built.session.select(node(built, "w"))
    built.window.actions_by_id["rename"].trigger()
    tensors = built.building.tensors
    qtbot.waitUntil(lambda: tensors.name_form is not None, timeout=drive.RUN)
    assert tensors.name_form is not None
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        tensors.name_form.setTextValue("weights")
        tensors.name_form.accept()
    assert built.session.document.cells[0].source == PROGRAM.replace("w ", "weights ").replace(
        "@ w", "@ weights"
    ).rstrip("\n")
    assert drive.ask_kernel(qtbot, built, "['w' in dir(), weights.shape[0]]") == [False, 4]
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        built.window.actions_by_id["undo"].trigger()
    assert built.session.document.cells[0].source == PROGRAM.rstrip("\n")
    assert drive.ask_kernel(qtbot, built, "['w' in dir(), 'weights' in dir()]") == [True, False]


def test_a_name_in_use_is_refused(qtbot: QtBot, built: Controller) -> None:
    before = [cell.source for cell in built.session.document.cells]
    built.session.select(node(built, "w"))
    built.window.actions_by_id["rename"].trigger()
    tensors = built.building.tensors
    qtbot.waitUntil(lambda: tensors.name_form is not None, timeout=drive.RUN)
    assert tensors.name_form is not None
    tensors.name_form.setTextValue("x")
    tensors.name_form.accept()
    assert "x is in use already" in built.window.notice.text()
    assert [cell.source for cell in built.session.document.cells] == before


def test_a_leaf_is_pasted_from_a_spreadsheet_and_used_by_an_operation(
    qtbot: QtBot, controller: Controller
) -> None:
    qtbot.waitUntil(lambda: controller.session.tape is not None or True)
    controller.files.new()
    qtbot.waitUntil(lambda: controller.runs.kernel.state == "idle", timeout=drive.RUN)
    form = opened_leaf(qtbot, controller)
    QGuiApplication.clipboard().setText("1,5\t2\n3\t4\n5\t6")
    form.table.setFocus()
    QTest.keyClick(form.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert form.shape.text() == "3, 2"
    assert "[[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]]" in form.code.text()
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        form.run.click()
    cells = [cell.source for cell in controller.session.document.cells if cell.source]
    assert cells == [
        "import torch\n\nx = torch.tensor([[1.5, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)"
    ]
    assert drive.ask_kernel(qtbot, controller, "x.tolist()") == [[1.5, 2], [3, 4], [5, 6]]
    controller.building.applying.apply("torch.sum")  # of the new leaf, which has no node yet
    qtbot.waitUntil(
        lambda: (
            (picture := controller.graph.picture) is not None
            and controller.session.selection in picture.graph
        ),
        timeout=drive.RUN,
    )
    cells = [cell.source for cell in controller.session.document.cells if cell.source]
    assert cells[-1] == "t1 = torch.sum(x)"


def test_the_form_of_a_leaf_shows_the_numbers_that_its_code_makes(
    qtbot: QtBot, controller: Controller
) -> None:
    controller.files.new()
    qtbot.waitUntil(lambda: controller.runs.kernel.state == "idle", timeout=drive.RUN)
    form = opened_leaf(qtbot, controller)
    form.shape.setText("2, 2")
    form.fill.setCurrentText(Fill.NORMAL.value)
    form.seed.setValue(7)
    model = form.table.model()
    shown = [
        [float(model.index(i, j).data(Qt.ItemDataRole.EditRole)) for j in (0, 1)] for i in (0, 1)
    ]
    form.shape.setText("2, a")
    assert not form.run.isEnabled()
    assert form.message.text() == "“2, a” is no shape: write it like 3, 4"
    form.shape.setText("2, 2")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        QTest.keyClick(form, Qt.Key.Key_Return)
    np.testing.assert_allclose(drive.ask_kernel(qtbot, controller, "x.tolist()"), shown, 1e-6)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_ordinary_code_that_runs(
    qtbot: QtBot, controller: Controller, name: str
) -> None:
    controller.files.new()
    qtbot.waitUntil(lambda: controller.runs.kernel.state == "idle", timeout=drive.RUN)
    before = len(controller.session.document.cells)
    controller.window.actions_by_id[f"template_{name}"].trigger()
    qtbot.waitUntil(lambda: len(controller.session.document.cells) > before, timeout=drive.RUN)
    assert controller.session.document.cells[0].count is None  # it waits to be looked at
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.window.actions_by_id["run_all"].trigger()
    assert drive.texts(controller, controller.session.document.cells[0].key) == ""
    assert controller.session.tape is not None
    assert len(controller.session.tape.ops)
    controller.window.actions_by_id["undo"].trigger()
    assert len(controller.session.document.cells) == before


def test_templates_use_what_is_selected_and_what_is_there(qtbot: QtBot, built: Controller) -> None:
    built.window.graph.canvas.pick([node(built, "y")])
    built.building.insert_template("mlp")
    qtbot.waitUntil(lambda: "Sequential" in last(built), timeout=drive.RUN)
    assert "nn.Linear(2, 16)" in last(built)
    assert "prediction = model(y)" in last(built)
    assert "import torch\n" not in last(built)
