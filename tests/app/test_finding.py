"""Finding nodes in the real window, and the map's command."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.settings import Settings
from tests.app import drive
from ui.graph.types import Kind

PROGRAM = """\
w = torch.ones(3, 4, requires_grad=True)
x = torch.ones(3, 4)
h = w * x
for _ in range(6):
    h = (h * w).relu()
loss = h.sum()
loss.backward()
"""


def search(qtbot: QtBot, controller: Controller, query: str) -> str:
    """Type a query into the bar, which is open, and return the count that it shows."""
    finder = controller.window.graph.finder
    finder.field.clear()
    qtbot.keyClicks(finder.field, query)
    qtbot.waitUntil(lambda: finder.count.text() != "" and not controller.finding.worker.busy)
    return finder.count.text()


def title(controller: Controller) -> str:
    node, picture = controller.session.selection, controller.graph.picture
    assert node is not None and picture is not None
    return str(picture.graph.nodes[node]["title"])


def test_find_goes_from_match_to_match_and_round(qtbot: QtBot, opened: Controller) -> None:
    canvas, finder = opened.window.graph.canvas, opened.window.graph.finder
    qtbot.keyClick(canvas, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert finder.isVisible()
    assert search(qtbot, opened, "op:mul") == "1 of 7"
    assert title(opened) == "mul"
    assert len(opened.window.graph.matches.nodes) == 7
    seen = [opened.session.selection]
    for expected in ("2 of 7", "3 of 7"):
        qtbot.keyClick(finder.field, Qt.Key.Key_Return)
        assert finder.count.text() == expected
        seen.append(opened.session.selection)
    assert len(set(seen)) == 3
    assert canvas.selected() == seen[-1]
    rect = canvas.node_rect(seen[-1])
    assert rect is not None and canvas.rect().contains(*(int(at) for at in rect.centre))
    for _ in range(3):
        qtbot.keyClick(finder.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert finder.count.text() == "7 of 7"
    opened.window.actions_by_id["find_next"].trigger()
    assert opened.session.selection == seen[0]
    assert search(qtbot, opened, "op:mul shape:[4, 3]") == "No match"
    assert not len(opened.window.graph.matches.nodes)


def test_escape_restores_and_closing_stays(qtbot: QtBot, opened: Controller) -> None:
    canvas, finder = opened.window.graph.canvas, opened.window.graph.finder
    loss = next(n for n, d in opened.graph.picture.graph.nodes(data=True) if d["title"] == "sum")
    opened.session.select(loss)
    canvas.zoom_by(1.5)
    before = canvas.camera()
    opened.window.actions_by_id["find"].trigger()
    search(qtbot, opened, "name:w")
    assert opened.session.selection != loss
    qtbot.keyClick(finder.field, Qt.Key.Key_Escape)
    assert not finder.isVisible()
    assert (opened.session.selection, canvas.camera()) == (loss, before)
    assert not len(opened.window.graph.matches.nodes)
    opened.window.actions_by_id["find"].trigger()
    assert finder.field.selectedText() == "name:w"
    search(qtbot, opened, "op:relu")
    qtbot.mouseClick(finder.buttons["close"], Qt.MouseButton.LeftButton)
    assert title(opened) == "relu"
    assert not finder.isVisible()


def test_escape_on_the_graph_unselects_then_ends_the_search(
    qtbot: QtBot, opened: Controller
) -> None:
    canvas, finder = opened.window.graph.canvas, opened.window.graph.finder
    opened.window.actions_by_id["find"].trigger()
    search(qtbot, opened, "op:relu")
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert opened.session.selection is None
    assert finder.isVisible()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert not finder.isVisible()


def test_escape_stays_at_a_match_that_one_went_to(qtbot: QtBot, opened: Controller) -> None:
    finder = opened.window.graph.finder
    opened.session.select(None)
    opened.window.actions_by_id["find"].trigger()
    search(qtbot, opened, "op:relu")
    qtbot.keyClick(finder.field, Qt.Key.Key_Return)
    qtbot.keyClick(finder.field, Qt.Key.Key_Escape)
    assert not finder.isVisible()
    assert title(opened) == "relu"


def test_the_search_begins_at_the_selection(qtbot: QtBot, opened: Controller) -> None:
    nodes = opened.graph.picture.graph.nodes(data=True)
    muls = sorted((d["event"], n) for n, d in nodes if d["title"] == "mul" and n.kind == Kind.OP)
    opened.session.select(muls[4][1])
    opened.window.actions_by_id["find"].trigger()
    assert search(qtbot, opened, "op:mul") == "5 of 7"
    assert opened.session.selection == muls[4][1]


def test_what_is_in_a_folded_group_is_found_and_lights_the_group(
    qtbot: QtBot, opened: Controller
) -> None:
    canvas, picture = opened.window.graph.canvas, opened.graph.picture
    muls = [n for n, d in picture.graph.nodes(data=True) if d["title"] == "mul"]
    muls = sorted(n for n in muls if n.kind == Kind.OP)[2:4]
    canvas.pick(muls)
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        opened.window.actions_by_id["group_selection"].trigger()
    with qtbot.waitSignal(opened.graph.shown, timeout=drive.RUN):
        opened.window.actions_by_id["fold_all"].trigger()
    picture = opened.graph.picture
    assert muls[0] not in picture.graph
    opened.session.select(None)
    opened.window.actions_by_id["find"].trigger()
    assert search(qtbot, opened, "op:mul") == "1 of 7"
    shown = [picture.layout.ids[i] for i in opened.window.graph.matches.nodes]
    assert len(shown) == 6  # two of the seven are one group
    (group,) = (node for node in shown if node.kind == Kind.GROUP)
    finder = opened.window.graph.finder
    for _ in range(2):
        qtbot.keyClick(finder.field, Qt.Key.Key_Return)
    assert opened.session.selection == muls[0]
    assert canvas.selected() == group


def test_find_is_for_the_graph_when_it_has_the_keyboard(qtbot: QtBot, opened: Controller) -> None:
    action = opened.window.actions_by_id["find"]
    assert action.shortcut() == QKeySequence("Ctrl+F")
    assert action.shortcutContext() == Qt.ShortcutContext.WidgetWithChildrenShortcut
    opened.window.inspector.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    opened.window.inspector.setFocus()
    focus = QApplication.focusWidget()
    qtbot.keyClick(focus, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert not opened.window.graph.finder.isVisible()


def test_another_graph_is_searched_anew(qtbot: QtBot, opened: Controller, tmp_path: Path) -> None:
    opened.window.actions_by_id["find"].trigger()
    assert search(qtbot, opened, "op:mul") == "1 of 7"
    program = "w = torch.ones(2, requires_grad=True)\n(w * w).exp().sum().backward()"
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "second.tape", program))
    drive.wait_for_graph(qtbot, opened)
    finder = opened.window.graph.finder
    qtbot.waitUntil(lambda: finder.count.text().endswith("1 found"))
    assert len(opened.window.graph.matches.nodes) == 1


def test_the_map_is_switched_off_for_good(qtbot: QtBot, opened: Controller, tmp_path: Path) -> None:
    window, action = opened.window, opened.window.actions_by_id["minimap"]
    window.graph.canvas.zoom_by(4.0)
    assert action.isChecked() and window.graph.minimap.isVisible()
    action.trigger()
    assert not action.isChecked() and not window.graph.minimap.isVisible()
    opened.settings.save()
    assert not Settings(tmp_path / "settings.ini").preferences.minimap
