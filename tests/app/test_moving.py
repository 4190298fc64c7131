"""Back and forward, and the focus on a part of the graph, in the real window."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.settings import Settings
from engine.tape.replay import state_at
from tests.app import drive
from ui.graph.focus import Focus
from ui.graph.reach import Way
from ui.graph.types import Kind, NodeId

PROGRAM = """\
w = torch.ones(3, 4, requires_grad=True)
h = w
for _ in range(12):
    h = (h * w).relu()
loss = h.sum()
loss.backward()
v = torch.ones(3, requires_grad=True)
(v * v).exp().sum().backward()
"""


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "first.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    controller.window.graph.canvas.set_reduced_motion(True)
    numbers = [graph.number for graph in controller.session.graphs]
    choose(qtbot, controller, numbers[0])
    controller.window.graph.canvas.setFocus()
    return controller


def choose(qtbot: QtBot, controller: Controller, number: int) -> None:
    with qtbot.waitSignal(controller.graph.shown, timeout=drive.RUN):
        controller.window.graph.graph_chosen.emit(number)


def command(qtbot: QtBot, controller: Controller, name: str) -> None:
    """Trigger a command that leads to another picture."""
    with qtbot.waitSignal(controller.graph.shown, timeout=drive.RUN):
        controller.window.actions_by_id[name].trigger()


def op(controller: Controller, title: str, which: int = 0) -> NodeId:
    nodes = controller.graph.picture.graph.nodes(data=True)
    found = sorted(n for n, d in nodes if d["title"] == title and n.kind == Kind.OP)
    return found[which]


def middle(controller: Controller, node: NodeId) -> QPoint:
    rect = controller.window.graph.canvas.node_rect(node)
    assert rect is not None
    return QPoint(*(round(at) for at in rect.centre))


def test_alt_and_arrows_and_the_mouse_go_back_and_forward(qtbot: QtBot, opened: Controller) -> None:
    session, canvas = opened.session, opened.window.graph.canvas
    actions = opened.window.actions_by_id
    first, second, third = (op(opened, "mul", k) for k in (0, 6, 11))
    session.select(first)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=middle(opened, second))
    assert session.selection == second
    canvas.center_on(second)
    view = canvas.camera()
    opened.graph.reveal(third)
    canvas.center_on(third)
    assert actions["back"].isEnabled() and not actions["forward"].isEnabled()
    actions["back"].trigger()
    assert (session.selection, canvas.camera()) == (second, view)
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.BackButton, pos=QPoint(5, 5))
    assert session.selection == first
    qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.ForwardButton, pos=QPoint(5, 5))
    actions["forward"].trigger()
    assert session.selection == third
    assert canvas.selected() == third
    assert not actions["forward"].isEnabled()


def test_back_from_a_walk_leads_to_its_beginning(qtbot: QtBot, opened: Controller) -> None:
    canvas, start = opened.window.graph.canvas, op(opened, "mul", 1)
    opened.session.select(start)
    for _ in range(5):
        qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert opened.session.selection != start
    opened.window.actions_by_id["back"].trigger()
    assert opened.session.selection == start


def test_back_leads_to_another_graph(qtbot: QtBot, opened: Controller) -> None:
    session = opened.session
    numbers = [graph.number for graph in session.graphs]
    node = op(opened, "relu", 2)
    session.select(node)
    choose(qtbot, opened, numbers[1])
    opened.session.select(op(opened, "exp"))
    command(qtbot, opened, "back")
    assert session.graph is not None and session.graph.number == numbers[0]
    assert session.selection == node
    command(qtbot, opened, "forward")
    assert session.graph.number == numbers[1]


def test_focus_shows_a_part_that_can_be_widened_and_left(qtbot: QtBot, opened: Controller) -> None:
    canvas, bar = opened.window.graph.canvas, opened.window.graph.focus_bar
    total = canvas.node_count()
    node = op(opened, "mul", 5)
    opened.session.select(node)
    canvas.center_on(node)
    before = canvas.camera()
    command(qtbot, opened, "focus_near")
    assert bar.isVisible() and bar.name.text() == "mul"
    few = canvas.node_count()
    assert 4 < few < total
    assert canvas.selected() == node
    assert opened.graph.picture.focus == Focus(node, Way.NEAR, 2)
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    more = canvas.node_count()
    assert few < more < total
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        qtbot.mouseClick(bar.buttons["zoom_out"], Qt.MouseButton.LeftButton)
    assert canvas.node_count() == few
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)  # first the selection
    assert opened.session.selection is None
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert canvas.node_count() == total
    assert canvas.camera() == before
    assert not bar.isVisible()


def test_ancestors_and_descendants_make_up_the_spine(qtbot: QtBot, opened: Controller) -> None:
    node = op(opened, "mul", 4)
    opened.session.select(node)
    command(qtbot, opened, "focus_ancestors")
    ops = {n for n in opened.graph.picture.graph if n.kind == Kind.OP}
    assert len(ops) == 9
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        bar = opened.window.graph.focus_bar
        qtbot.mouseClick(bar.ways.buttons()[2], Qt.MouseButton.LeftButton)
    after = {n for n in opened.graph.picture.graph if n.kind == Kind.OP}
    assert ops & after == {node}
    assert len(after) == 17  # the rest of 24 in the loop, and the sum
    command(qtbot, opened, "back")
    assert opened.graph.picture.focus == Focus(node, Way.ANCESTORS)


def test_the_backward_wave_runs_through_a_part_without_its_root(
    qtbot: QtBot, opened: Controller
) -> None:
    tape = opened.session.tape
    opened.session.set_playhead(int(tape.ends["event"][0]))
    opened.session.select(op(opened, "mul", 1))
    command(qtbot, opened, "focus_near")
    picture = opened.graph.picture
    state = picture.tint.state(state_at(tape, opened.session.playhead))
    back = [n.kind in (Kind.GRAD_FN, Kind.ACCUMULATE) for n in picture.layout.ids]
    assert state.visited.tolist() == back
    assert state.edge_lit.any()


def test_another_tape_has_no_places_and_no_focus(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    opened.session.select(op(opened, "mul", 5))
    command(qtbot, opened, "focus_near")
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "second.tape", PROGRAM))
    drive.wait_for_graph(qtbot, opened)
    assert not opened.window.graph.focus_bar.isVisible()
    assert opened.graph.picture.focus is None
    assert not opened.window.actions_by_id["back"].isEnabled()


def test_a_part_that_was_turned_leads_to_the_whole_graph(qtbot: QtBot, opened: Controller) -> None:
    canvas = opened.window.graph.canvas
    opened.session.select(op(opened, "relu", 5))
    canvas.zoom_by(8.0)
    command(qtbot, opened, "focus_ancestors")
    command(qtbot, opened, "left_to_right")
    command(qtbot, opened, "show_whole")
    assert canvas.stand().fitted
    command(qtbot, opened, "left_to_right")


def test_graphs_turn_and_the_direction_is_kept(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    action = opened.window.actions_by_id["left_to_right"]
    node = op(opened, "mul", 3)

    def way() -> tuple[float, float]:
        """Return the way from the first operation to the next."""
        scene = opened.graph.picture.scene
        first = scene.box(scene.index[op(opened, "mul")]).centre
        after = scene.box(scene.index[op(opened, "relu")]).centre
        return after[0] - first[0], after[1] - first[1]

    assert not action.isChecked() and way()[1] > abs(way()[0])
    opened.session.select(node)
    command(qtbot, opened, "left_to_right")
    assert action.isChecked()
    assert way()[0] > abs(way()[1])
    assert opened.window.graph.canvas.selected() == node
    assert opened.window.graph.canvas.stand().fitted
    opened.settings.save()
    assert Settings(tmp_path / "settings.ini").preferences.left_to_right
    command(qtbot, opened, "left_to_right")
    assert not opened.graph.picture.layout.sideways
