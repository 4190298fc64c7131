"""The cards of the real window show their arrays, and gradients as the playhead comes to them."""

from __future__ import annotations

import numpy as np
from pytestqt.qtbot import QtBot

from app.controller import Controller
from engine.tape.schema import Event
from tests.app import drive
from tests.app.test_what_if import edit
from ui.graph.previews import Form
from ui.graph.types import Kind, NodeId

PROGRAM = """\
w = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
loss = (w * 2).exp().sum()
loss.backward()
"""


def forms(qtbot: QtBot, controller: Controller) -> dict[NodeId, Form]:
    """Return what the cards show once all is read."""
    qtbot.waitUntil(lambda: not controller.previews.busy, timeout=drive.RUN)
    picture = controller.window.graph.canvas.picture()
    assert picture is not None
    return {picture.scene.ids[at]: one.form for at, one in picture.previews.items()}


def test_gradients_appear_on_backward_cards_step_by_step(qtbot: QtBot, opened: Controller) -> None:
    session = opened.session
    tape = session.tape
    assert tape is not None
    session.set_playhead(int(tape.passes["event"][0]) + 1)
    before = forms(qtbot, opened)
    assert before and all(node.kind in (Kind.LEAF, Kind.OP) for node in before)
    assert Form.CELLS in before.values()
    steps = (np.flatnonzero(tape.events["kind"] == Event.STEP) + 1).tolist()
    for count, playhead in enumerate(steps, 1):
        session.set_playhead(playhead)
        shown = forms(qtbot, opened)
        assert sum(node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE) for node in shown) == count
    session.set_playhead(0)
    assert not forms(qtbot, opened)


def test_from_afar_nothing_is_read(qtbot: QtBot, opened: Controller) -> None:
    canvas = opened.window.graph.canvas
    known = forms(qtbot, opened)
    assert known
    canvas.look(canvas.camera().zoomed(0.2, 0, 0))
    assert canvas.nodes_near() == []
    assert forms(qtbot, opened) == known


def test_an_edited_leaf_shows_its_new_value(qtbot: QtBot, opened: Controller) -> None:
    def shown() -> np.ndarray:
        forms(qtbot, opened)
        picture = opened.window.graph.canvas.picture()
        assert picture is not None
        return picture.previews[picture.scene.index[drive.leaf(opened, "w")]].marks

    assert shown().tolist() == [[0.25, 0.5], [0.75, 1.0]]
    edit(qtbot, opened, "w", 0, "-4")
    assert shown().tolist()[0] == [-1.0, 0.5]
