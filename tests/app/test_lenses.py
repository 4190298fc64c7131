"""Colouring the graph in the real window: bar, menu, legend and canvas agree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from tests.app.test_what_if import PROGRAM
from ui.graph.lens import Lens, Shade


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "first.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    return controller


def shades(controller: Controller) -> np.ndarray:
    picture = controller.window.graph.canvas.picture()
    assert picture is not None
    return picture.tints.shades[: len(picture.scene)]


@pytest.mark.parametrize("lens", [lens for lens in Lens if lens != Lens.OPERATION])
def test_a_lens_from_the_menu_colours_nodes_and_explains_it(
    qtbot: QtBot, opened: Controller, lens: Lens
) -> None:
    pane, actions = opened.window.graph, opened.window.actions_by_id
    assert not pane.legend.isVisible()
    actions[f"colour_{lens.name.lower()}"].trigger()
    assert pane.lens.currentData() == lens
    qtbot.waitUntil(lambda: not opened.lenses.busy)
    assert (shades(opened) > Shade.NONE).any()
    assert pane.legend.isVisible() and pane.legend.legends()[0].title
    checked = {name for name, action in actions.items() if action.isChecked() and "colour" in name}
    assert checked == {f"colour_{lens.name.lower()}"}
    actions["colour_operation"].trigger()
    assert not shades(opened).any() and not pane.legend.isVisible()


def test_flow_shows_on_edges_alone_and_is_remembered(qtbot: QtBot, opened: Controller) -> None:
    opened.window.actions_by_id["flow"].trigger()
    qtbot.waitUntil(lambda: not opened.lenses.busy)
    picture = opened.window.graph.canvas.picture()
    assert picture is not None and picture.tints.flows.any() and not picture.tints.shades.any()
    assert [legend.flow for legend in opened.window.graph.legend.legends()] == [True]
    assert opened.settings.preferences.flow
    session = opened.session
    assert session.tape is not None
    session.set_playhead(int(session.tape.passes["event"][0]))
    picture = opened.window.graph.canvas.picture()
    assert picture is not None and not picture.tints.flows.any()


def test_another_tape_is_measured_anew(qtbot: QtBot, opened: Controller, tmp_path: Path) -> None:
    opened.lenses.choose(Lens.VALUE)
    qtbot.waitUntil(lambda: not opened.lenses.busy)
    before = opened.window.graph.legend.legends()
    program = "x = torch.tensor(1e6, requires_grad=True)\n(x * 2).backward()\n"
    drive.open_file(qtbot, opened, drive.write_tape(tmp_path / "second.tape", program))
    drive.wait_for_graph(qtbot, opened)
    qtbot.waitUntil(lambda: not opened.lenses.busy)
    after = opened.window.graph.legend.legends()
    assert before[0].title == after[0].title and before[0].ticks != after[0].ticks
    assert (shades(opened) > Shade.NONE).any()
