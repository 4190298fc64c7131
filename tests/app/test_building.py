"""Gestures write code: operations by key, drop and form; refused, run, shown and undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from ui.graph.types import Kind, NodeId
from ui.palette.drop import OPERATION
from ui.palette.form import CHECKING, CallForm

PROGRAM = """import torch
x = torch.ones(3, 4)
w = torch.full((4, 2), 0.5, requires_grad=True)
z = torch.ones(5) * 2
y = x @ w
"""


@pytest.fixture
def built(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window on a program that has run."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM, "utf-8")
    drive.open_file(qtbot, controller, path)
    drive.run_all(qtbot, controller)
    return controller


def pick(controller: Controller, *names: str) -> None:
    """Click the first node, and the others with Ctrl held, by their variables' names."""
    picture = controller.graph.picture
    assert picture is not None
    canvas = controller.window.graph.canvas
    held = Qt.KeyboardModifier.NoModifier
    for name in names:
        node = next(
            node
            for node, data in picture.graph.nodes(data=True)
            if data["name"] == name and data["kind"] in (Kind.LEAF, Kind.OP)
        )
        rect = canvas.node_rect(node)
        assert rect is not None
        place = QPointF(*rect.centre).toPoint()
        QTest.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, held, place)
        held = Qt.KeyboardModifier.ControlModifier
    assert len(canvas.picked()) == len(names)


def sources(controller: Controller) -> list[str]:
    return [cell.source for cell in controller.session.document.cells]


def shown_name(controller: Controller, node: NodeId | None) -> str:
    picture = controller.graph.picture
    if picture is None or node is None or node not in picture.graph:
        return ""
    return str(picture.graph.nodes[node]["name"])


def waited_form(qtbot: QtBot, controller: Controller) -> CallForm:
    """Wait until a form is open and says something of its line."""
    qtbot.waitUntil(lambda: controller.building.applying.form is not None, timeout=drive.RUN)
    form = controller.building.applying.form
    assert form is not None
    settled(qtbot, form)
    return form


def settled(qtbot: QtBot, form: CallForm) -> None:
    qtbot.waitUntil(lambda: form.outcome.text() != CHECKING, timeout=drive.RUN)


def test_a_key_on_selected_nodes_writes_runs_and_grows_the_graph(
    qtbot: QtBot, built: Controller
) -> None:
    pick(built, "x", "w")
    built.window.activateWindow()
    built.window.graph.canvas.setFocus()
    qtbot.waitUntil(built.window.graph.canvas.hasFocus)
    QTest.keyClick(built.window.graph.canvas, Qt.Key.Key_At)
    qtbot.waitUntil(lambda: shown_name(built, built.session.selection) == "t1", timeout=drive.RUN)
    assert sources(built)[-1] == "t1 = torch.matmul(x, w)"
    assert built.window.notice.text() == ""
    assert drive.ask_kernel(qtbot, built, "t1.tolist()") == [[2.0, 2.0]] * 3


def test_nodes_are_arguments_in_the_order_in_which_they_were_chosen(
    qtbot: QtBot, built: Controller
) -> None:
    pick(built, "y", "x")
    built.building.applying.apply("torch.sub")
    form = waited_form(qtbot, built)  # since its line cannot run
    assert form.text() == "t1 = torch.sub(y, x)"


def test_a_wrong_shape_is_refused_in_the_engines_words_and_nothing_is_written(
    qtbot: QtBot, built: Controller
) -> None:
    before, events = sources(built), len(built.session.tape.events)  # type: ignore[union-attr]
    pick(built, "x", "y")
    built.building.applying.apply("torch.matmul")
    form = waited_form(qtbot, built)
    assert form.outcome.text().startswith("RuntimeError: mat1 and mat2 shapes cannot be multiplied")
    assert form.outcome.property("kind") == "problem"
    assert not form.run.isEnabled()
    QTest.keyClick(form, Qt.Key.Key_Return)
    assert form.isVisible()
    assert sources(built) == before
    assert len(built.session.tape.events) == events  # type: ignore[union-attr]
    form.fields["other"].setText("w")
    qtbot.waitUntil(form.run.isEnabled, timeout=drive.RUN)
    assert form.outcome.text() == "Gives float32 (3, 2), requires grad."
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        QTest.keyClick(form, Qt.Key.Key_Return)
    assert sources(built)[-1] == "t1 = torch.matmul(x, w)"


def test_dropping_an_operation_on_the_canvas_asks_for_its_arguments(
    qtbot: QtBot, built: Controller
) -> None:
    pick(built, "w")
    viewport = built.window.graph.canvas.viewport()
    data = QMimeData()
    data.setData(OPERATION, b"torch.sum")
    held = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    enters = QDragEnterEvent(QPoint(20, 20), *held)
    QApplication.sendEvent(viewport, enters)
    assert enters.isAccepted()
    QApplication.sendEvent(viewport, QDropEvent(QPointF(20, 20), *held))
    form = waited_form(qtbot, built)
    assert form.fields["keepdim"].placeholderText() == "False"
    assert form.text() == "t1 = torch.sum(w)"
    form.fields["dim"].setText("0")
    form.fields["keepdim"].setText("True")
    form.name.setText("total")
    qtbot.waitUntil(form.run.isEnabled, timeout=drive.RUN)
    assert form.text() == "total = torch.sum(w, 0, True)"
    assert form.outcome.text() == "Gives float32 (1, 2), requires grad."
    form.run.click()
    qtbot.waitUntil(
        lambda: shown_name(built, built.session.selection) == "total", timeout=drive.RUN
    )


def test_undo_takes_the_line_back_says_what_stays_and_redo_runs_it_again(
    qtbot: QtBot, built: Controller
) -> None:
    before = sources(built)
    pick(built, "w")
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        built.building.applying.apply("torch.relu")
    assert sources(built) == [*before, "t1 = torch.relu(w)"]
    assert built.window.actions_by_id["undo"].isEnabled()
    built.window.actions_by_id["undo"].trigger()
    assert sources(built) == before
    assert "t1 = torch.relu(w)" in built.window.notice.text()
    with qtbot.waitSignal(built.runs.finished, timeout=drive.RUN):
        built.window.actions_by_id["redo"].trigger()
    assert sources(built) == [*before, "t1 = torch.relu(w)"]


def test_a_node_that_no_variable_holds_is_refused_with_a_reason(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "program.py"
    path.write_text("import torch\nx = torch.ones(2)\nx = (x * 3).exp()\n", "utf-8")
    drive.open_file(qtbot, controller, path)
    drive.run_all(qtbot, controller)
    picture = controller.graph.picture
    assert picture is not None
    first = next(n for n, data in picture.graph.nodes(data=True) if data["title"] == "mul")
    controller.window.graph.canvas.pick([first])
    controller.building.applying.apply("torch.relu")
    qtbot.waitUntil(lambda: controller.window.notice.text() != "", timeout=drive.RUN)
    assert "No variable holds" in controller.window.notice.text()
    assert len(controller.session.document.cells) == 1
