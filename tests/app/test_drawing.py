"""A canvas on which a picture will be says so, until the picture is there."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import pictures
from app.controller import Controller
from tests.app import drive

PROGRAM = "x = torch.tensor([1.0, 2.0], requires_grad=True)\n(x * x).sum().backward()\n"


def test_an_empty_canvas_says_that_the_graph_is_being_drawn(
    qtbot: QtBot, controller: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas, go, draw = controller.window.graph.canvas, threading.Event(), pictures.picture_of

    def slowly(*args: object) -> object:
        assert go.wait(20)
        return draw(*args)  # type: ignore[arg-type]

    assert canvas.accessibleDescription().startswith("Nothing recorded yet")
    controller.graph.drawing.set_running(True)
    assert canvas.accessibleDescription().startswith("Running the code")
    controller.graph.drawing.set_running(False)
    assert canvas.accessibleDescription().startswith("Nothing recorded yet")
    monkeypatch.setattr(pictures, "picture_of", slowly)
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "one.tape", PROGRAM))
    qtbot.waitUntil(lambda: "Drawing the graph" in canvas.accessibleDescription())
    assert "2 operations" in canvas.accessibleDescription()
    go.set()
    drive.wait_for_graph(qtbot, controller)
    assert not canvas.is_empty
    assert not controller.window.busy.words()


def test_canvas_and_transport_say_that_the_code_runs(
    controller: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, transport = controller.runs, controller.window.transport
    assert transport.readout.accessibleName() == "No tape"
    monkeypatch.setattr(runs.kernel, "start", lambda folder: None)  # it takes a while
    runs.open(None, run=True)
    assert transport.readout.accessibleName() == "Running the code"
    assert controller.window.graph.canvas.accessibleDescription().startswith("Running the code")


def test_a_canvas_with_a_graph_keeps_it_and_the_status_bar_tells_of_the_next(
    qtbot: QtBot, opened: Controller, monkeypatch: pytest.MonkeyPatch
) -> None:
    canvas, go, draw = opened.window.graph.canvas, threading.Event(), pictures.picture_of

    def slowly(*args: object) -> object:
        assert go.wait(20)
        return draw(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(pictures, "picture_of", slowly)
    monkeypatch.setattr("app.controller.drawing.SHOWN", 1)
    opened.graph.turn()
    qtbot.waitUntil(lambda: opened.window.busy.words() == "Drawing the graph")
    assert not canvas.is_empty
    opened.window.busy.cancelled.emit(opened.graph.drawing)
    assert not opened.window.busy.words()
    assert not opened.graph.pictures.busy
    go.set()
