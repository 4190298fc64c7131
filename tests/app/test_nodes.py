"""What can be done to nodes, and the menus that offer it, in the real window."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from ui.graph.types import Kind, NodeId

pytestmark = pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)

PROGRAM = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
h = w * 2
loss = (h.exp() + b).sum()
loss.backward()
"""


def op(controller: Controller, title: str) -> NodeId:
    nodes = controller.graph.picture.graph.nodes(data=True)
    return next(n for n, d in nodes if d["title"] == title and n.kind == Kind.OP)


def run(controller: Controller, name: str) -> None:
    controller.window.actions_by_id[name].trigger()


def copied(qtbot: QtBot, controller: Controller, name: str) -> str | QImage:
    with qtbot.waitSignal(controller.nodes.copied, timeout=drive.RUN) as caught:
        run(controller, name)
    (what,) = caught.args
    return what


def menu_at(controller: Controller, node: NodeId | None) -> QMenu:
    """Click with the right button on a node, or beside all of them, and return the menu."""
    canvas = controller.window.graph.canvas
    rect = None if node is None else canvas.node_rect(node)
    at = QPoint(3, 3) if rect is None else QPoint(*(round(part) for part in rect.centre))
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, canvas.viewport().mapToGlobal(at))
    QApplication.sendEvent(canvas.viewport(), event)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    return menu


def names(menu: QMenu) -> list[str]:
    return [action.objectName() for action in menu.actions() if not action.isSeparator()]


def test_a_leafs_menu_offers_what_a_leaf_allows(qtbot: QtBot, opened: Controller) -> None:
    leaf = drive.leaf(opened, "w")
    menu = menu_at(opened, leaf)
    assert opened.session.selection == leaf
    offered = names(menu)
    assert {"inspect", "go_to_code", "go_to_partner", "edit_value", "copy_value"} <= set(offered)
    assert "show_whole" not in offered
    lines = [action.isSeparator() for action in menu.actions()]
    assert not lines[0] and not lines[-1]
    assert not any(a and b for a, b in pairwise(lines))
    menu.close()
    menu = menu_at(opened, op(opened, "exp"))
    assert "edit_value" not in names(menu)
    menu.close()


def test_the_empty_canvas_has_a_menu_of_its_own(qtbot: QtBot, opened: Controller) -> None:
    opened.session.select(op(opened, "exp"))
    menu = menu_at(opened, None)
    assert {"find", "fit", "select_all", "copy_picture", "minimap"} <= set(names(menu))
    assert "inspect" not in names(menu)
    assert opened.session.selection is None
    canvas = opened.window.graph.canvas
    canvas.zoom_by(2.0)
    fit = next(action for action in menu.actions() if action.objectName() == "fit")
    fit.trigger()
    assert canvas.stand().fitted
    menu.close()


def test_a_menu_offers_nothing_for_no_graph(qtbot: QtBot, controller: Controller) -> None:
    menu = controller.nodes.menu(None)
    assert not {"find", "select_all", "copy_picture"} & set(names(menu))
    menu.close()


def test_ancestors_and_descendants_are_selected(opened: Controller) -> None:
    canvas = opened.window.graph.canvas
    opened.session.select(op(opened, "exp"))
    run(opened, "select_ancestors")
    titles = {opened.graph.picture.graph.nodes[n]["title"] for n in canvas.picked()}
    assert titles == {"w", "mul", "exp"}
    assert opened.session.selection == op(opened, "exp")  # it stays the chief
    opened.session.select(op(opened, "exp"))
    run(opened, "select_all")
    assert len(canvas.picked()) == canvas.node_count()
    opened.session.select(None)
    assert canvas.picked() == []
    opened.session.select(op(opened, "mul"))
    run(opened, "select_descendants")
    titles = {opened.graph.picture.graph.nodes[n]["title"] for n in canvas.picked()}
    assert titles == {"mul", "exp", "add", "sum"}


def test_enter_brings_up_the_inspector(qtbot: QtBot, opened: Controller) -> None:
    dock, canvas = opened.window.docks["inspector"], opened.window.graph.canvas
    dock.close()
    opened.session.select(op(opened, "exp"))
    qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert dock.isVisible()
    assert opened.window.inspector.shown().node == op(opened, "exp")


def test_b_goes_to_the_partner_and_back(qtbot: QtBot, opened: Controller) -> None:
    canvas, node = opened.window.graph.canvas, op(opened, "exp")
    opened.session.select(node)
    qtbot.keyClick(canvas, Qt.Key.Key_B)
    partner = opened.session.selection
    assert partner.kind == Kind.GRAD_FN
    assert opened.graph.picture.graph.nodes[partner]["twin"] == node
    qtbot.keyClick(canvas, Qt.Key.Key_B)
    assert opened.session.selection == node


def test_the_code_of_a_node_comes_into_view(opened: Controller) -> None:
    seen: list[tuple[str, int]] = []
    notebook = opened.window.notebook
    notebook.reveal = lambda key, line: seen.append((key, line))
    opened.window.docks["notebook"].close()
    opened.session.select(op(opened, "exp"))
    run(opened, "go_to_code")
    data = opened.graph.picture.graph.nodes[op(opened, "exp")]
    assert seen == [(data["cell"], data["line"])]
    assert opened.window.docks["notebook"].isVisible()


def test_names_and_values_are_copied(qtbot: QtBot, opened: Controller) -> None:
    opened.session.select(drive.leaf(opened, "w"))
    assert copied(qtbot, opened, "copy_name") == "w"
    assert copied(qtbot, opened, "copy_value") == "[1., 2.]"
    opened.window.graph.canvas.pick([op(opened, "mul"), op(opened, "exp")])
    lines = str(copied(qtbot, opened, "copy_name")).splitlines()
    assert sorted(lines) == ["exp", "h"]
    opened.session.select(None)
    for name in ("copy_name", "copy_value", "go_to_code", "inspect"):
        assert not opened.window.actions_by_id[name].isEnabled()


def test_a_leafs_value_is_edited_from_the_graph(qtbot: QtBot, opened: Controller) -> None:
    tensor = opened.window.inspector.details.value.tensor
    opened.session.select(drive.leaf(opened, "b"))
    qtbot.keyClick(opened.window.graph.canvas, Qt.Key.Key_F2)
    assert QApplication.focusWidget() is tensor.number
    opened.session.select(drive.leaf(opened, "w"))
    opened.window.graph.canvas.setFocus()
    tensor.set_way("histogram")
    qtbot.keyClick(opened.window.graph.canvas, Qt.Key.Key_F2)
    assert tensor.way == "table"
    assert tensor.table.state() == tensor.table.State.EditingState
    opened.session.select(op(opened, "exp"))
    assert not opened.window.actions_by_id["edit_value"].isEnabled()


def pixels(image: QImage) -> np.ndarray:
    small = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(small.constBits(), np.uint32).reshape(small.height(), -1).copy()


def test_the_graph_is_copied_as_a_picture(qtbot: QtBot, opened: Controller) -> None:
    opened.session.select(op(opened, "exp"))  # one node is no selection to copy
    image = copied(qtbot, opened, "copy_picture")
    assert isinstance(image, QImage)
    bounds = opened.graph.picture.scene.bounds
    assert image.width() == pytest.approx(2 * (bounds.width + 64), abs=2)
    assert image.height() == pytest.approx(2 * (bounds.height + 64), abs=2)
    assert len(np.unique(pixels(image))) > 20


def test_a_copied_picture_shows_the_arrays_of_nodes_out_of_view_too(
    qtbot: QtBot, opened: Controller
) -> None:
    canvas = opened.window.graph.canvas
    canvas.zoom_by(50.0)  # hardly any is in view
    opened.previews.update()
    near = copied(qtbot, opened, "copy_picture")
    canvas.fit()
    qtbot.waitUntil(lambda: not opened.previews.busy)
    assert (pixels(copied(qtbot, opened, "copy_picture")) == pixels(near)).all()


def test_several_selected_nodes_are_copied_without_the_rest(
    qtbot: QtBot, opened: Controller
) -> None:
    canvas, scene = opened.window.graph.canvas, opened.graph.picture.scene
    pair = [op(opened, "mul"), op(opened, "exp")]
    canvas.pick(pair)
    opened.nodes.update()
    assert opened.window.actions_by_id["copy_picture"].text() == "Copy 2 Nodes as Picture"
    image = copied(qtbot, opened, "copy_picture")
    assert isinstance(image, QImage)
    boxes = np.array([scene.boxes[scene.index[node]] for node in pair])
    width = (boxes[:, 0] + boxes[:, 2]).max() - boxes[:, 0].min()
    assert image.width() <= 2 * (width + 64 + 40)
    assert image.height() < 2 * scene.bounds.height
    # Between the two runs their edge, and beside it nothing.
    middle = pixels(image)[image.height() // 2]
    ink = np.flatnonzero(middle != middle[0])
    assert 0 < len(ink) < 40
