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
