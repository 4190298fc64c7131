"""Groups in the window: fold by mouse, keys and menu; the playhead and selection in folds; undo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app.drive import RUN, open_file, wait_for_graph, write_tape
from ui.graph.groups import By
from ui.graph.types import Kind, NodeId

NET = """
class Block(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = torch.nn.Linear(3, 6), torch.nn.Linear(6, 3)
    def forward(self, x):
        return x + self.down(torch.tanh(self.up(x)))
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList([Block() for _ in range(3)])
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
net = Net()
loss = net(torch.ones(2, 3)).square().mean()
loss.backward()
"""
PLAIN = """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x * x).exp().sin().sum()
y.backward()
"""


@pytest.fixture
def net(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    open_file(qtbot, controller, write_tape(tmp_path / "net.tape", NET))
    wait_for_graph(qtbot, controller)
    return controller


def group(controller: Controller, title: str) -> NodeId:
    assert controller.graph.picture is not None
    groups = controller.graph.picture.groups.groups
    return next(one.id for one in groups if one.title == title)


def act(qtbot: QtBot, controller: Controller, name: str) -> None:
    """Trigger a command and wait until the graph is drawn as it says."""
    controller.window.actions_by_id[name].trigger()
    wait_for_graph(qtbot, controller)


def shown_groups(controller: Controller) -> set[str]:
    """Return the titles of folded groups that are cards."""
    picture = controller.graph.picture
    assert picture is not None
    nodes = picture.graph.nodes
    return {nodes[node]["title"] for node in picture.graph if node.kind == Kind.GROUP}


def frames(controller: Controller) -> set[str]:
    assert controller.graph.picture is not None
    return {title for title, _ in controller.graph.picture.scene.captions}


def test_a_network_opens_in_frames_of_its_modules(net: Controller) -> None:
    assert frames(net) >= {"net · Net", "layers.0 · Block", "up · Linear"}
    assert shown_groups(net) == set()
    assert net.window.graph.grouping.by == By.MODULE


def test_a_program_without_modules_has_no_frames(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    open_file(qtbot, controller, write_tape(tmp_path / "plain.tape", PLAIN))
    wait_for_graph(qtbot, controller)
    assert frames(controller) == shown_groups(controller) == set()
    assert controller.window.graph.grouping.by == By.NOTHING
    assert not controller.window.actions_by_id["group_module"].isEnabled()
    act(qtbot, controller, "fold_all")
    assert shown_groups(controller) == set()


def test_levels_fold_and_unfold_one_by_one_and_all_at_once(qtbot: QtBot, net: Controller) -> None:
    act(qtbot, net, "fold_level")
    assert shown_groups(net) == {"up · Linear", "down · Linear"}
    act(qtbot, net, "fold_level")
    assert shown_groups(net) == {f"layers.{k} · Block" for k in range(3)}
    act(qtbot, net, "fold_all")
    assert shown_groups(net) == {"net · Net"}
    act(qtbot, net, "unfold_level")
    assert shown_groups(net) == {f"layers.{k} · Block" for k in range(3)}
    act(qtbot, net, "unfold_all")
    assert shown_groups(net) == set()


def test_a_double_click_on_a_header_folds_and_on_the_card_unfolds(
    qtbot: QtBot, net: Controller
) -> None:
    canvas, layer = net.window.graph.canvas, group(net, "layers.1")
    canvas.set_reduced_motion(True)
    canvas.show_group(layer)
    header = canvas.header_rect(layer)
    assert header is not None
    place = QPoint(round(header.x + header.width - 8), round(header.y + header.height / 2))
    with qtbot.waitSignal(net.graph.shown):
        qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown_groups(net) == {"layers.1 · Block"}
    card = canvas.node_rect(layer)
    assert card is not None
    place = QPoint(*(round(at) for at in card.centre))
    with qtbot.waitSignal(net.graph.shown):
        qtbot.mouseDClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert shown_groups(net) == set()


def test_a_click_on_the_chevron_folds_and_the_camera_stays_with_the_group(
    qtbot: QtBot, net: Controller
) -> None:
    canvas, layer = net.window.graph.canvas, group(net, "layers.1")
    canvas.set_reduced_motion(True)
    canvas.show_group(layer)
    header = canvas.header_rect(layer)
    scene = net.graph.picture.scene if net.graph.picture else None
    assert header is not None
    assert scene is not None
    frame = scene.place_of(layer)
    assert frame is not None
    before = canvas.camera().to_pixel(frame.x, frame.y)
    place = QPoint(round(header.x + 6), round(header.y + header.height / 2))
    with qtbot.waitSignal(net.graph.shown):
        qtbot.mouseClick(canvas.viewport(), Qt.MouseButton.LeftButton, pos=place)
    card = canvas.node_rect(layer)
    assert card is not None
    assert (card.x, card.y) == pytest.approx(before, abs=1.5)


def test_the_key_folds_the_group_of_the_selection_which_the_card_then_shows(
    qtbot: QtBot, net: Controller
) -> None:
    canvas, picture = net.window.graph.canvas, net.graph.picture
    assert picture is not None
    inner = picture.groups.members(group(net, "up"))
    node = next(n for n in inner if n.kind == Kind.OP)
    net.session.select(node)
    assert [title for _, title in net.window.graph.crumbs.path()] == ["net", "layers.0", "up"]
    act(qtbot, net, "fold_group")
    assert net.session.selection == node
    assert canvas.selected() == group(net, "up")
    act(qtbot, net, "fold_group")
    assert shown_groups(net) == set()
    assert canvas.selected() == node


def test_enter_unfolds_a_selected_card_which_the_inspector_describes(
    qtbot: QtBot, net: Controller
) -> None:
    act(qtbot, net, "fold_all")
    canvas = net.window.graph.canvas
    canvas.setFocus()
    net.session.select(group(net, "net"))
    view = net.window.inspector.shown()
    assert view is not None
    assert view.title == "net · Net"
    with qtbot.waitSignal(net.graph.shown):
        qtbot.keyClick(canvas, Qt.Key.Key_Return)
    assert shown_groups(net) == {f"layers.{k} · Block" for k in range(3)}


def test_a_folded_group_lights_up_while_the_playhead_is_in_it_and_its_wave_grows(
    qtbot: QtBot, net: Controller
) -> None:
    act(qtbot, net, "fold_level")
    act(qtbot, net, "fold_level")
    tape, picture, canvas = net.session.tape, net.graph.picture, net.window.graph.canvas
    assert tape is not None
    assert picture is not None
    seen: list[float] = []
    layer = group(net, "layers.1")
    at = picture.scene.index[layer]
    members = set(picture.groups.members(layer))
    for step in tape.steps:
        net.session.set_playhead(int(step["event"]) + 1)
        shown = canvas.picture()
        assert shown is not None
        here = {NodeId(Kind.GRAD_FN, int(step["node"])), NodeId(Kind.ACCUMULATE, int(step["node"]))}
        assert (shown.tints.active == at) == bool(here & members)
        seen.append(int(shown.tints.waves[at]))
    assert seen == sorted(seen)
    assert seen[0] == 0
    assert len(set(seen)) > 4
    net.session.set_playhead(int(tape.steps["event"][0]) + 1)
    shown = canvas.picture()
    assert shown is not None
    assert shown.tints.waves[at] == seen[0]


def test_the_chooser_groups_by_something_else_and_remembers_folds_of_each(
    qtbot: QtBot, net: Controller
) -> None:
    act(qtbot, net, "fold_all")
    with qtbot.waitSignal(net.graph.shown):
        net.window.graph.grouping.chosen.emit(By.LOOP)
    assert shown_groups(net) == set()
    assert "iteration 1" in frames(net)
    act(qtbot, net, "group_nothing")
    assert frames(net) == set()
    act(qtbot, net, "group_module")
    assert shown_groups(net) == {"net · Net"}


def test_a_selection_becomes_a_group_and_undo_dissolves_it(qtbot: QtBot, net: Controller) -> None:
    act(qtbot, net, "group_nothing")
    picture, canvas = net.graph.picture, net.window.graph.canvas
    assert picture is not None
    ops = sorted(node for node in picture.graph if node.kind == Kind.OP)
    canvas.pick([ops[2], ops[5]])
    act(qtbot, net, "group_selection")
    assert frames(net) == {"group 1"}
    assert net.window.graph.grouping.by == By.HAND
    act(qtbot, net, "undo")
    assert frames(net) == set()
    assert net.window.graph.grouping.by == By.NOTHING
    act(qtbot, net, "redo")
    net.session.select(ops[2])
    act(qtbot, net, "ungroup")
    assert "group 1" not in frames(net)


def test_folds_survive_the_growth_of_the_tape(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "net.py"
    cells = (
        f"import torch\n{NET.split('loss =')[0]}",
        "y = net(torch.ones(2, 3))",
        "loss = y.square().mean()",
    )
    path.write_text("".join(f"# %%\n{cell}\n" for cell in cells), "utf-8")
    open_file(qtbot, controller, path)
    keys = [cell.key for cell in controller.session.document.cells]
    with qtbot.waitSignal(controller.runs.finished, timeout=RUN):
        controller.runs.run(keys[:2])
    wait_for_graph(qtbot, controller)
    act(qtbot, controller, "fold_level")
    act(qtbot, controller, "fold_level")
    folded = shown_groups(controller)
    assert folded == {f"layers.{k} · Block" for k in range(3)}
    with qtbot.waitSignal(controller.runs.finished, timeout=RUN):
        controller.runs.run(keys[2:])
    wait_for_graph(qtbot, controller)
    assert shown_groups(controller) == folded
    picture = controller.graph.picture
    assert picture is not None
    assert "mean" in {data["title"] for _, data in picture.graph.nodes(data=True)}


def test_headers_keep_a_legible_size_at_any_zoom(qtbot: QtBot, net: Controller) -> None:
    canvas, root = net.window.graph.canvas, group(net, "net")
    canvas.set_reduced_motion(True)
    heights = []
    for scale in (0.05, 0.2, 1.0):
        canvas.look(canvas.camera()._replace(scale=scale).centred(300, 300, 600, 400))
        header = canvas.header_rect(root)
        if header is not None:
            heights.append(header.height)
    assert heights
    assert np.min(heights) >= 11.0  # letters of 9.5 pixels


def test_no_header_hides_what_is_in_its_frame(net: Controller) -> None:
    canvas, picture = net.window.graph.canvas, net.graph.picture
    canvas.set_reduced_motion(True)
    assert picture is not None
    middle = picture.scene.bounds.centre
    size, seen = canvas.size_in_pixels(), 0
    for scale in (0.08, 0.12, 0.16, 0.2, 0.3, 0.5, 1.0, 1.8):
        canvas.look(canvas.camera()._replace(scale=scale).centred(*middle, *size))
        for frame in picture.scene.frames.ids:
            header = canvas.header_rect(frame)
            if header is None:
                continue
            seen += 1
            for node in picture.groups.members(frame):
                card = canvas.node_rect(node)
                assert card is not None
                beside = card.x >= header.x + header.width or card.x + card.width <= header.x
                assert beside or card.y >= header.y + header.height - 3.5
    assert seen >= 10
