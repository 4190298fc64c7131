"""The graph follows the playhead, also to where it went while a picture was being drawn."""

from __future__ import annotations

from pathlib import Path

from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app.drive import open_file, wait_for_graph, write_tape

TWO = """
x = torch.ones(3, requires_grad=True)
x.exp().sum().backward()
x.sin().mean().backward()
"""


def test_a_playhead_that_moved_before_the_first_picture_is_followed(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    open_file(qtbot, controller, write_tape(tmp_path / "two.tape", TWO))
    tape = controller.session.tape
    assert tape is not None
    assert controller.session.graph is None  # its picture is being drawn for the tape's end
    controller.session.set_playhead(int(tape.passes["event"][0]) + 1)
    wait_for_graph(qtbot, controller)
    graph = controller.session.graph
    assert graph is not None
    assert graph.passes == (0,)


TRAINED = """
w = torch.ones(3, requires_grad=True)
opt = torch.optim.SGD([w], lr=0.1)
for step in range(3):
    opt.zero_grad()
    (w * w).sum().backward()
    opt.step()
"""


def test_at_the_end_of_a_tape_the_last_pass_is_shown_though_an_update_came_after_it(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    open_file(qtbot, controller, write_tape(tmp_path / "trained.tape", TRAINED))
    wait_for_graph(qtbot, controller)
    tape, session = controller.session.tape, controller.session
    assert tape is not None
    session.set_playhead(int(tape.passes["event"][0]) + 1)
    wait_for_graph(qtbot, controller)
    assert session.graph is not None
    assert session.graph.passes == (0,)
    session.set_playhead(len(tape.events))
    qtbot.waitUntil(lambda: session.graph is not None and session.graph.passes == (2,))


VALIDATED = (
    TRAINED
    + """
    with torch.no_grad():
        (w * w).sum().item()
"""
)


def test_at_the_end_of_a_tape_the_last_pass_is_shown_though_a_validation_came_after_it(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    open_file(qtbot, controller, write_tape(tmp_path / "validated.tape", VALIDATED))
    wait_for_graph(qtbot, controller)
    tape, session = controller.session.tape, controller.session
    assert tape is not None and session.graph is not None
    assert session.graph.passes == (2,)
    session.set_playhead(int(tape.ops["event"][-1]) + 1)  # in the validation
    qtbot.waitUntil(lambda: session.graph is not None and session.graph.passes == ())
