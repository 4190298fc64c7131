"""Groups that are dragged: what goes along, how frames grow, undo, and what an export shows."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.export import ExportError
from app.export.arrangement import Arrangement
from tests.app import drive
from tests.app.test_grouping import NET, act, group, shown_groups
from tests.ui.graph.hands import LEFT, drag, move
from tests.ui.graph.hands import picture as drawn
from ui.graph.types import Kind, NodeId

PATIENCE = 30_000


@pytest.fixture
def net(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "net.tape", NET))
    drive.wait_for_graph(qtbot, controller)
    controller.window.graph.canvas.set_reduced_motion(True)
    return controller


def grip(net: Controller, group_: NodeId) -> QPoint:
    """Bring a group into view and return a place on its header, beside the chevron."""
    canvas = net.window.graph.canvas
    canvas.show_group(group_)
    header = canvas.header_rect(group_)
    assert header is not None
    return QPoint(round(header.x + header.width - 8), round(header.y + header.height / 2))


def drag_group(qtbot: QtBot, net: Controller, group_: NodeId, way: QPoint) -> np.ndarray:
    """Drag a group by its header; return by how many scene units."""
    canvas, start = net.window.graph.canvas, grip(net, group_)
    with qtbot.waitSignal(net.graph.moved, timeout=drive.RUN):
        drag(qtbot, canvas, start, way)
    return np.array((way.x(), way.y())) / canvas.camera().scale


def boxes(net: Controller) -> dict[NodeId, np.ndarray]:
    """Return where all nodes and frames are."""
    layout = net.window.graph.canvas.picture().scene
    nodes = dict(zip(layout.ids, layout.boxes[: len(layout.ids)], strict=True))
    return nodes | dict(zip(layout.frames.ids, layout.frames.boxes.astype(float), strict=True))


def members(net: Controller, group_: NodeId) -> set[NodeId]:
    picture = net.graph.picture
    assert picture is not None
    inner = {g.id for g in picture.groups.groups if group_ in [o.id for o in path_of(net, g.id)]}
    return {*picture.groups.members(group_), *inner}


def path_of(net: Controller, node: NodeId) -> list:
    return net.graph.picture.groups.path(node)


def test_a_group_dragged_by_its_header_takes_all_along_and_undo_brings_it_back(
    qtbot: QtBot, net: Controller
) -> None:
    layer, before = group(net, "layers.1"), boxes(net)
    by = drag_group(qtbot, net, layer, QPoint(240, 30))
    after, inside = boxes(net), members(net, layer)
    assert len(inside) > 15
    for node, box in before.items():
        if node in inside:
            assert after[node][:2] - box[:2] == pytest.approx(by, abs=0.05)
            assert after[node][2:] == pytest.approx(box[2:], abs=0.05)
        elif node.kind != Kind.GROUP:
            assert np.array_equal(after[node], box)
    outer, frame = after[group(net, "net")], after[layer]
    assert (frame[:2] >= outer[:2]).all()  # the frame around it has grown
    assert (frame[:2] + frame[2:] <= outer[:2] + outer[2:]).all()
    assert net.undo.undoText() == "Move Group"
    with qtbot.waitSignal(net.graph.moved, timeout=drive.RUN):
        net.window.actions_by_id["undo"].trigger()
    assert all(np.allclose(box, before[node], atol=0.05) for node, box in boxes(net).items())


def test_a_second_drag_goes_on_from_the_first_and_unpin_all_lets_go(
    qtbot: QtBot, net: Controller
) -> None:
    layer, before = group(net, "layers.0"), boxes(net)
    by = drag_group(qtbot, net, layer, QPoint(-150, 20))
    by = by + drag_group(qtbot, net, layer, QPoint(-60, -10))
    assert boxes(net)[layer][:2] - before[layer][:2] == pytest.approx(by, abs=0.1)
    with qtbot.waitSignal(net.graph.moved, timeout=drive.RUN):
        net.window.actions_by_id["unpin_all"].trigger()
    assert boxes(net)[layer] == pytest.approx(before[layer], abs=0.05)


def test_what_is_pinned_in_a_group_makes_its_frame_grow_and_goes_with_it(
    qtbot: QtBot, net: Controller
) -> None:
    layer, canvas = group(net, "layers.1"), net.window.graph.canvas
    canvas.show_group(layer)
    node = next(n for n in members(net, layer) if n.kind == Kind.ACCUMULATE)
    start = canvas.node_rect(node)
    assert start is not None
    before = boxes(net)
    with qtbot.waitSignal(net.graph.moved, timeout=drive.RUN):
        drag(qtbot, canvas, QPoint(*map(round, start.centre)), QPoint(-300, 0))
    grown = boxes(net)
    assert grown[layer][0] < grown[node][0]
    assert grown[layer][2] > before[layer][2] + 50
    by = drag_group(qtbot, net, layer, QPoint(80, 40))
    after = boxes(net)
    assert after[node][:2] - grown[node][:2] == pytest.approx(by, abs=0.1)
    assert after[layer][:2] - grown[layer][:2] == pytest.approx(by, abs=0.1)


def test_a_group_is_seen_while_it_is_dragged_and_escape_gives_up(
    qtbot: QtBot, net: Controller
) -> None:
    layer, canvas = group(net, "layers.1"), net.window.graph.canvas
    start = grip(net, layer)
    plain = drawn(canvas)
    qtbot.mousePress(canvas.viewport(), LEFT, pos=start)
    move(canvas, start + QPoint(40, 30))
    move(canvas, start + QPoint(80, 60))
    assert drawn(canvas) != plain
    canvas.end_gesture()
    qtbot.mouseRelease(canvas.viewport(), LEFT, pos=start)
    qtbot.mouseMove(canvas.viewport(), QPoint(2, 2))
    assert drawn(canvas) == plain
    assert not net.session.pins


def test_folds_are_undone_and_done_again(qtbot: QtBot, net: Controller) -> None:
    act(qtbot, net, "fold_level")
    act(qtbot, net, "fold_all")
    assert net.undo.undoText() == "Fold"
    act(qtbot, net, "undo")
    assert shown_groups(net) == {"up · Linear", "down · Linear"}
    act(qtbot, net, "undo")
    assert shown_groups(net) == set()
    act(qtbot, net, "redo")
    assert shown_groups(net) == {"up · Linear", "down · Linear"}
    act(qtbot, net, "unfold_all")
    assert net.undo.undoText() == "Unfold"


def width_of(path: Path) -> int:
    found = re.search(r'viewBox="0 0 (\d+) (\d+)"', path.read_text("utf-8"))
    assert found is not None
    return int(found[1])


def test_an_export_shows_pins_folds_and_groups_made_by_hand(
    qtbot: QtBot, net: Controller, tmp_path: Path
) -> None:
    def export(name: str) -> Path:
        with qtbot.waitSignal(net.files.exports.done, timeout=PATIENCE):
            net.files.export_to(tmp_path / name)
        return tmp_path / name

    plain = export("plain.svg")
    by = drag_group(qtbot, net, group(net, "layers.0"), QPoint(-400, 0))
    pinned = export("pinned.svg")
    assert width_of(pinned) - width_of(plain) > 0.5 * abs(by[0])
    assert export("again.svg").read_bytes() == pinned.read_bytes()
    act(qtbot, net, "select_all")
    with qtbot.waitSignal(net.graph.shown, timeout=drive.RUN):
        net.window.actions_by_id["group_selection"].trigger()
    title = net.graph.picture.groups.groups[0].title
    assert title in export("hand.svg").read_text("utf-8")


def test_an_arrangement_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    op, card = NodeId(Kind.OP, 3), NodeId(Kind.GROUP, 1 << 40)
    for made in (
        Arrangement(),
        Arrangement({op: (1.5, -2.0)}, frozenset([card]), (frozenset([op]),)),
    ):
        made.save(path)
        assert Arrangement.load(path) == made


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"pins": {"op": [1, 2]}}', '{"pins": {"op:1": [1]}, "folded": null, "groups": []}',
     '{"pins": {"op:1": [NaN, 1]}, "folded": null, "groups": []}'],
)  # fmt: skip
def test_a_file_that_is_no_arrangement_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(ExportError, match=r"bad\.json is not an arrangement"):
        Arrangement.load(path)
