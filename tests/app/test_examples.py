"""Every built-in example opens, runs, and replays to the gradients that the kernel holds."""

from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.examples import examples
from tests.app import drive


@pytest.mark.parametrize("number", range(len(examples())))
def test_example_runs_and_replays(qtbot: QtBot, controller: Controller, number: int) -> None:
    example = examples()[number]
    with qtbot.waitSignal(controller.runs.first_run, timeout=drive.RUN):
        controller.files.open_example(example)
    drive.wait_for_graph(qtbot, controller)
    assert controller.session.name == example.title
    for cell in controller.session.document.cells:
        raised = any(output["output_type"] == "error" for output in cell.outputs)
        assert raised is ("raises-exception" in cell.tags), drive.texts(controller, cell.key)
    player = controller.playback.player
    player.set_speed(5000.0)
    with qtbot.waitSignal(
        player.state_changed, timeout=drive.RUN, check_params_cb=lambda playing: not playing
    ):
        controller.window.actions_by_id["play"].trigger()
    tape = controller.session.tape
    assert tape is not None
    assert controller.session.playhead == len(tape.events)
    for name, value in drive.ask_kernel(qtbot, controller, drive.GRADS).items():
        shown = drive.shown_grad(controller, drive.leaf(controller, name))
        assert np.array_equal(shown, np.asarray(value, shown.dtype)), name


def test_there_are_eight_examples_and_each_says_what_it_teaches() -> None:
    assert len(examples()) >= 8
    assert all(example.title and example.summary for example in examples())
