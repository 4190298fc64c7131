"""Pictures of a growing tape come with pauses, but for the last one."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.pictures import Pictures, Wish
from engine.tape.tape import Tape
from tests.app import drive

PROGRAM = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x * x).sum().backward()\n"


def test_a_run_that_is_over_is_drawn_without_a_pause(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = Tape.open(drive.write_tape(tmp_path / "one.tape", PROGRAM))
    pictures, wish = Pictures(), Wish(None, len(tape.events))
    monkeypatch.setattr(pictures, "SOONEST", 600.0)
    with qtbot.waitSignal(pictures.ready):
        pictures.draw(tape, wish)
        pictures.redraw(tape, wish)  # it grew while it is drawn
    assert pictures.busy
    with qtbot.waitSignal(pictures.ready):
        pictures.hurry()
    assert not pictures.busy
    with qtbot.waitSignals([pictures.ready, pictures.ready]):
        pictures.draw(tape, wish)
        pictures.redraw(tape, wish)
        pictures.hurry()
    pictures.close()
    tape.close()
