"""Pins in the real window: by dragging and by command, undone, kept while the tape grows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from tests.ui.graph.hands import drag
from ui.graph.types import Kind, NodeId

PROGRAM = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
h = w * 2
loss = (h.exp() * w).sum()
loss.backward()
"""


def op(controller: Controller, title: str) -> NodeId:
    nodes = controller.graph.picture.graph.nodes(data=True)
    return next(n for n, d in nodes if d["title"] == title and n.kind == Kind.OP)


def centre(controller: Controller, node: NodeId) -> np.ndarray:
    scene = controller.window.graph.canvas.picture().scene
    return np.array(scene.box(scene.index[node]).centre)


def drag_node(qtbot: QtBot, controller: Controller, node: NodeId, way: QPoint) -> np.ndarray:
    """Drag a node by pixels; return by how many scene units."""
    canvas = controller.window.graph.canvas
    rect = canvas.node_rect(node)
    assert rect is not None
    start = QPoint(*(round(at) for at in rect.centre))
    with qtbot.waitSignal(controller.graph.moved, timeout=drive.RUN):
        drag(qtbot, canvas, start, way)
    return np.array((way.x(), way.y())) / canvas.camera().scale


def run(qtbot: QtBot, controller: Controller, name: str) -> None:
    with qtbot.waitSignal(controller.graph.moved, timeout=drive.RUN):
        controller.window.actions_by_id[name].trigger()


def test_a_drag_pins_and_undo_brings_back(qtbot: QtBot, opened: Controller) -> None:
    node, marks = op(opened, "exp"), opened.window.graph.pin_marks
    before = centre(opened, node)
    scale = opened.window.graph.canvas.camera().scale
    by = drag_node(qtbot, opened, node, QPoint(70, 25))
    assert centre(opened, node) - before == pytest.approx(by, abs=1e-2)
    assert opened.window.graph.canvas.camera().scale == scale
    assert marks.nodes.tolist() == [opened.graph.picture.scene.index[node]]
    assert opened.undo.undoText() == "Move Node"
    run(qtbot, opened, "undo")
    assert centre(opened, node) == pytest.approx(before, abs=1e-2)
    assert len(marks.nodes) == 0
    run(qtbot, opened, "redo")
    assert centre(opened, node) - before == pytest.approx(by, abs=1e-2)


def test_pins_are_set_and_let_go_by_command(qtbot: QtBot, opened: Controller) -> None:
    node, action = op(opened, "exp"), opened.window.actions_by_id["pin"]
    assert not action.isEnabled()
    opened.session.select(node)
    assert (action.text(), action.isEnabled()) == ("Pin", True)
    before = centre(opened, node)
    with qtbot.waitSignal(opened.graph.moved, timeout=drive.RUN):
        qtbot.keyClick(opened.window.graph.canvas, Qt.Key.Key_P)
    assert action.text() == "Unpin"
    assert centre(opened, node) == pytest.approx(before, abs=1e-2)
    drag_node(qtbot, opened, node, QPoint(50, 0))
    run(qtbot, opened, "pin")
    assert centre(opened, node) == pytest.approx(before, abs=1e-2)
    drag_node(qtbot, opened, node, QPoint(50, 0))
    drag_node(qtbot, opened, op(opened, "sum"), QPoint(-50, 0))
    assert len(opened.window.graph.pin_marks.nodes) == 2
    run(qtbot, opened, "unpin_all")
    assert len(opened.window.graph.pin_marks.nodes) == 0
    assert not opened.window.actions_by_id["unpin_all"].isEnabled()
    run(qtbot, opened, "undo")
    assert len(opened.window.graph.pin_marks.nodes) == 2


def test_a_pin_holds_while_the_graph_is_laid_out_anew(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    cells = (
        "import torch\nw = torch.ones(2, requires_grad=True)\nh = (w * w).exp()",
        "h = h.sin()",
    )
    path = tmp_path / "program.py"
    path.write_text("".join(f"# %%\n{cell}\n" for cell in cells), "utf-8")
    drive.open_file(qtbot, controller, path)
    controller.window.graph.canvas.set_reduced_motion(True)
    first, second = (cell.key for cell in controller.session.document.cells[:2])
    for key in (first, second):
        with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
            controller.runs.run([key])
        drive.wait_for_graph(qtbot, controller)
        if key == first:
            node = op(controller, "exp")
            drag_node(qtbot, controller, node, QPoint(90, 10))
            held = centre(controller, node)
    assert op(controller, "sin") in controller.graph.picture.graph
    assert centre(controller, node) == pytest.approx(held, abs=1e-2)


def test_a_part_has_pins_of_its_own(qtbot: QtBot, opened: Controller) -> None:
    node = op(opened, "exp")
    drag_node(qtbot, opened, node, QPoint(60, 20))
    held = centre(opened, node)
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        opened.window.actions_by_id["focus_near"].trigger()
    assert len(opened.window.graph.pin_marks.nodes) == 0
    drag_node(qtbot, opened, node, QPoint(-30, 0))
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        opened.window.actions_by_id["show_whole"].trigger()
    assert centre(opened, node) == pytest.approx(held, abs=1e-2)


def test_another_tape_has_no_pins(qtbot: QtBot, opened: Controller, tmp_path: Path) -> None:
    drag_node(qtbot, opened, op(opened, "exp"), QPoint(60, 20))
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "second.tape", PROGRAM))
    drive.wait_for_graph(qtbot, opened)
    assert opened.session.pins == {}
    opened.undo.undo()  # of a tape that is gone
    assert opened.session.pins == {}
