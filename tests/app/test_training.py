"""The plots over training: filled when they are opened, and clicked to go there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive
from ui.training.panel import What

PROGRAM = """torch.manual_seed(0)
net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
x = torch.randn(8, 3)
for step in range(6):
    optimizer.zero_grad()
    net(x).square().mean().backward()
    optimizer.step()
"""


@pytest.fixture
def opened(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The window on a recording, with the plots open."""
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "a.tape", PROGRAM))
    drive.wait_for_graph(qtbot, controller)
    with qtbot.waitSignal(controller.training.shown, timeout=drive.RUN):
        controller.window.actions_by_id["training"].trigger()
    assert controller.window.training.isVisible()
    return controller


def choose(qtbot: QtBot, controller: Controller, what: What) -> None:
    with qtbot.waitSignal(controller.training.shown, timeout=drive.RUN):
        controller.window.training.what.setCurrentText(what.value)


def test_all_parameters_are_plotted_and_a_click_moves_the_playhead(
    qtbot: QtBot, opened: Controller
) -> None:
    panel = opened.window.training
    assert [name for name, _, _ in panel.lines()] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    heads = panel.lines()[0][1]
    assert len(heads) == 6
    assert "0.weight" in panel.legend.text().replace("&nbsp;", " ")
    before, at_the_end = panel.legend.text(), opened.session.playhead
    panel.plot.chosen.emit(3.4)  # in passes
    assert opened.session.playhead == heads[2] < at_the_end
    assert panel.plot.marked() == 3
    assert panel.legend.text() != before, "values are those at the playhead"
    for key, at in ((Qt.Key.Key_Right, 3), (Qt.Key.Key_Left, 2), (Qt.Key.Key_Left, 1)):
        QTest.keyClick(panel.plot, key)
        assert opened.session.playhead == heads[at]
    before = [values.copy() for _, _, values in panel.lines()]
    choose(qtbot, opened, What.UPDATES)
    assert not np.allclose(before[0], panel.lines()[0][2])


def test_a_parameters_histograms_are_ridges_that_can_be_clicked(
    qtbot: QtBot, opened: Controller
) -> None:
    panel = opened.window.training
    assert not panel.parameter.isVisible()
    choose(qtbot, opened, What.GRADIENT_RIDGES)
    assert panel.parameter.isVisible()
    assert panel.ridges.isVisible()
    with qtbot.waitSignal(opened.training.shown, timeout=drive.RUN):
        panel.parameter.setCurrentIndex(2)
    assert panel.legend.text().startswith("2.weight")
    assert panel.parameter.currentText() == "2.weight"
    place = QPoint(100, round(panel.ridges.baseline(1)))
    QTest.mouseClick(panel.ridges, Qt.MouseButton.LeftButton, pos=place)
    assert panel.ridges.lit() == 1
    assert panel.legend.text().startswith("2.weight: passes from above down, all on one axis")
    with qtbot.waitSignal(opened.training.shown, timeout=drive.RUN):
        panel.axes.setCurrentText("Each its own axis")
    assert "each on an axis of its own" in panel.legend.text()
    assert panel.ridges.words(0).startswith("pass 1: -")


def test_the_health_of_activations_is_plotted(qtbot: QtBot, opened: Controller) -> None:
    choose(qtbot, opened, What.HEALTH)
    (line,) = opened.window.training.lines()
    assert line[0] == "net.1 relu: zero"
    assert len(line[1]) == 6
    assert np.all((line[2] >= 0) & (line[2] <= 1))


def test_without_a_gradient_it_says_what_to_do(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(
        qtbot, controller, drive.write_tape(tmp_path / "a.tape", "x = torch.ones(2) * 2")
    )
    with qtbot.waitSignal(controller.training.shown, timeout=drive.RUN):
        controller.window.actions_by_id["training"].trigger()
    assert controller.window.training.message.isVisible()
    assert "run a program" in controller.window.training.message.text()
