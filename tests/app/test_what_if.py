"""Editing a leaf in the inspector, and comparing with another recording, in the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from app.controller import Controller
from engine.tape.replay import grad_at
from tests.app import drive
from ui.graph.types import Kind, NodeId

PROGRAM = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
b = torch.tensor(0.5, requires_grad=True)
loss = ((w * 2).exp() + b).sum()
loss.backward()
"""


def made_by(controller: Controller, name: str) -> NodeId:
    """Return the node of the first operation of a name."""
    tape = controller.session.tape
    assert tape is not None
    names = [tape.text(text) for text in tape.ops["name"].tolist()]
    return NodeId(Kind.OP, names.index(name))


def edit(qtbot: QtBot, controller: Controller, name: str, row: int, text: str) -> None:
    """Type a number into the table of a leaf's value, and wait for what comes of it."""
    controller.graph.reveal(drive.leaf(controller, name))
    model = controller.window.inspector.details.value.tensor.table.model()
    with qtbot.waitSignal(controller.session.counterpart_changed, timeout=drive.RUN):
        assert model.setData(model.index(row, 0), text)


def card_says(controller: Controller, node: NodeId) -> str:
    """Return the detail that the canvas writes on a node's card."""
    picture = controller.window.graph.canvas.picture()
    assert picture is not None
    return picture.card(picture.scene.index[node])[0].detail


def test_an_edited_value_changes_the_graph_and_undo_restores(
    qtbot: QtBot, opened: Controller
) -> None:
    session, inspector = opened.session, opened.window.inspector
    tape = session.tape
    assert tape is not None
    edit(qtbot, opened, "w", 0, "0.0")
    found = session.counterpart
    assert found is not None
    names = {tape.text(int(tape.ops["name"][n.ref])) for n in found.differs if n.kind == Kind.OP}
    assert names == {"mul", "exp", "add", "sum"}
    leaf = drive.leaf(opened, "w")
    total = float(np.exp([2.0, 4.0]).sum()) + 1, float(np.exp([0.0, 4.0]).sum()) + 1
    assert found.note(made_by(opened, "sum")) == f"{total[0]:.4g} → {total[1]:.4g}"
    assert found.note(leaf) == "[2] Δ 1"
    assert found.note(drive.leaf(opened, "b")) == ""
    exp = made_by(opened, "exp")
    backward = NodeId(Kind.GRAD_FN, int(tape.ops["node"][made_by(opened, "mul").ref]))
    gap = abs(np.exp(2.0) - 1)
    assert found.note(exp) == f"[2] Δ {gap:.4g}"
    assert found.note(backward) == f"∂ [2] Δ {gap:.4g}"
    view = inspector.shown()
    assert view is not None
    assert view.value is not None
    assert view.gradient is not None
    assert (view.value.array.tolist(), view.value.beside.tolist()) == ([0.0, 2.0], [1.0, 2.0])
    np.testing.assert_allclose(view.gradient.array, 2 * np.exp([0.0, 4.0]), rtol=1e-6)
    np.testing.assert_allclose(view.gradient.beside, 2 * np.exp([2.0, 4.0]), rtol=1e-6)
    assert inspector.details.gradient.beside.isVisible()
    assert "w" in opened.window.notice.text()
    assert card_says(opened, leaf) == "[2] Δ 1"
    opened.undo.undo()
    assert session.counterpart is None
    assert card_says(opened, leaf) == "float32[2]"
    view = inspector.shown()
    assert view is not None
    assert view.value is not None
    assert (view.node, view.value.array.tolist(), view.value.beside) == (leaf, [1.0, 2.0], None)
    assert not inspector.details.gradient.beside.isVisible()
    with qtbot.waitSignal(session.counterpart_changed, timeout=drive.RUN):
        opened.undo.redo()


def test_edits_add_up_and_the_recorded_value_ends_them(qtbot: QtBot, opened: Controller) -> None:
    session = opened.session
    edit(qtbot, opened, "w", 0, "3.0")
    opened.graph.reveal(drive.leaf(opened, "b"))
    number = opened.window.inspector.details.value.tensor.number
    number.setText("4.5")
    with qtbot.waitSignal(session.counterpart_changed, timeout=drive.RUN):
        number.editingFinished.emit()
    assert session.counterpart is not None
    assert session.counterpart.shown.manifest["edited"] == ["b", "w"]
    number.setText("no number")
    number.editingFinished.emit()
    assert number.text() == "4.5"
    number.setText("0.5")
    with qtbot.waitSignal(session.counterpart_changed, timeout=drive.RUN):
        number.editingFinished.emit()
    assert session.counterpart.shown.manifest["edited"] == ["w"]
    opened.what_if.reset()
    assert session.counterpart is None


def test_another_tape_ends_an_edit(qtbot: QtBot, opened: Controller, tmp_path: Path) -> None:
    edit(qtbot, opened, "w", 0, "3.0")
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "other.tape", PROGRAM))
    assert opened.session.counterpart is None
    opened.undo.undo()
    assert opened.session.counterpart is None


def test_two_recordings_are_listed_shown_and_linked(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    session, panel = opened.session, opened.window.differences
    other = drive.write_tape(tmp_path / "second.tape", PROGRAM.replace("2.0]", "2.5]"))
    with qtbot.waitSignal(session.counterpart_changed, timeout=drive.RUN):
        opened.comparing.open(other)
    assert session.tape is not None
    assert "second.tape" in panel.sentence.text()
    assert card_says(opened, drive.leaf(opened, "w")) == "[2] Δ 0.5"
    assert "≠" in card_says(opened, made_by(opened, "sum"))
    assert opened.window.docks["differences"].isVisible()
    assert panel.model.rows[0].what == "leaf w"
    panel.first.click()
    first = panel.model.rows[0].event_a + 1
    assert (session.playhead, session.selection) == (first, drive.leaf(opened, "w"))
    session.set_playhead(first + 2)
    panel.first.click()
    assert session.playhead == first
    row = next(i for i, one in enumerate(panel.model.rows) if one.what.startswith("exp"))
    panel.table.selectRow(row)
    exp = made_by(opened, "exp")
    assert (session.selection, session.playhead) == (exp, panel.model.rows[row].event_a + 1)
    view = opened.window.inspector.shown()
    assert view is not None
    assert view.value is not None
    np.testing.assert_allclose(view.value.array, np.exp([2.0, 4.0]), rtol=1e-6)
    np.testing.assert_allclose(view.value.beside, np.exp([2.0, 5.0]), rtol=1e-6)
    assert view.value.beside_title == "second.tape"
    leaf = drive.leaf(opened, "w")
    session.select(leaf)
    assert grad_at(session.tape, 0, session.playhead) is None
    session.set_playhead(len(session.tape.events))
    view = opened.window.inspector.shown()
    assert view is not None
    assert view.gradient is not None
    assert view.gradient.beside is not None, "the other's playhead came along"
    panel.end.click()
    assert session.counterpart is None
    assert not panel.model.rows


def test_what_is_only_in_the_other_recording_is_gone_to_where_it_would_be(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    program = PROGRAM.replace(".exp()", ".exp().sin()") + "b.grad = None\n"
    other = drive.write_tape(tmp_path / "second.tape", program)
    with qtbot.waitSignal(opened.session.counterpart_changed, timeout=drive.RUN):
        opened.comparing.open(other)
    panel, tape = opened.window.differences, opened.session.tape
    assert tape is not None
    rows = [one.what for one in panel.model.rows]
    assert "b.grad = None after pass 1, only in the second" in rows
    opened.session.set_playhead(len(tape.events))
    panel.table.selectRow(rows.index("sin"))
    exp = int(tape.ops["event"][made_by(opened, "exp").ref])
    assert exp <= opened.session.playhead <= exp + 2


def test_what_is_no_tape_cannot_be_compared(
    qtbot: QtBot, opened: Controller, tmp_path: Path
) -> None:
    (tmp_path / "bad.tape").write_bytes(b"no tape")
    opened.comparing.open(tmp_path / "bad.tape")
    qtbot.waitUntil(lambda: "bad.tape" in opened.window.notice.text(), timeout=drive.RUN)
    assert opened.session.counterpart is None
