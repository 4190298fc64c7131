"""A parameter over the iterations of a training loop, in the window."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import engine as torch
from app.controller import Controller
from engine.tape.recorder import Recorder
from tests.app.drive import open_file, wait_for_graph
from ui.graph.types import Kind

PATIENCE = 20_000


@pytest.fixture
def trained(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window on the tape of a loop of 30 passes over one leaf, which is selected."""
    with Recorder() as recorder:
        recorder.begin_cell("c", "", 1)
        w = torch.ones(2, 3, requires_grad=True)
        optimizer = torch.optim.SGD([w], lr=0.01)
        for _ in range(30):
            optimizer.zero_grad()
            (w * w).sum().backward()
            optimizer.step()
        recorder.end_cell({"w": w})
    recorder.tape().save(tmp_path / "loop.tape")
    open_file(qtbot, controller, tmp_path / "loop.tape")
    wait_for_graph(qtbot, controller)
    assert controller.graph.picture is not None
    leaf = next(node for node in controller.graph.picture.graph if node.kind == Kind.LEAF)
    with qtbot.waitSignal(controller.iterations.worker.done, timeout=PATIENCE):
        controller.session.select(leaf)
    return controller


def ask(qtbot: QtBot, controller: Controller, text: str) -> None:
    view = controller.window.inspector.details.iterations
    view.slice.setText(text)
    view.slice.returnPressed.emit()
    qtbot.waitUntil(lambda: not controller.iterations.worker.busy, timeout=PATIENCE)


def test_a_selected_leaf_shows_its_gradient_over_all_passes(trained: Controller) -> None:
    view = trained.window.inspector.details.iterations
    assert trained.window.inspector.details.sections["iterations"].isVisible()
    assert view.slice.text() == "w.grad"
    assert view.note.text() == "6 elements over 30 iterations"


def test_a_click_moves_the_playhead_to_where_the_gradient_was_added(
    qtbot: QtBot, trained: Controller
) -> None:
    view = trained.window.inspector.details.iterations
    ask(qtbot, trained, "w.grad[::10, 0]")
    assert view.note.text() == "3 elements over 3 iterations"
    trained.session.set_playhead(0)
    view.plot.stepped.emit(1)
    tape = trained.session.tape
    assert tape is not None
    assert trained.session.playhead == int(tape.grads["event"][0]) + 1
    assert view.plot.marked() == 0.0


def test_what_cannot_be_read_is_said(qtbot: QtBot, trained: Controller) -> None:
    ask(qtbot, trained, "w[0, 9]")
    said = trained.window.inspector.details.iterations.note.text()
    assert said == "9 is out of range: dimension 0 has size 2"


def test_each_leaf_keeps_its_slice(qtbot: QtBot, trained: Controller) -> None:
    ask(qtbot, trained, "w[:, 1]")
    node = trained.session.selection
    trained.session.select(None)
    trained.session.select(node)
    qtbot.waitUntil(lambda: not trained.iterations.worker.busy, timeout=PATIENCE)
    assert trained.window.inspector.details.iterations.slice.text() == "w[:, 1]"


def test_closing_ends_the_thread(controller: Controller) -> None:
    controller.close()
    assert not controller.iterations.worker.alive
