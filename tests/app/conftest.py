"""The real window on a session of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.documents import Cell
from app.main import make_application
from app.settings import Settings
from tests.app import drive
from ui import zooming


@pytest.fixture
def controller(qtbot: QtBot, tmp_path: Path) -> Iterator[Controller]:
    """A shown window with fresh settings; its kernel and threads end with the test."""
    make_application()
    settings = Settings(tmp_path / "settings.ini")
    made = Controller(settings)
    made.window.showNormal()
    made.window.resize(1280, 800)
    qtbot.waitExposed(made.window)
    yield made
    drive.end(made)
    zooming.zoom_to(100)


@pytest.fixture
def opened(
    qtbot: QtBot, controller: Controller, tmp_path: Path, request: pytest.FixtureRequest
) -> Controller:
    """The window on a recording of the module's PROGRAM, the keyboard in the graph, still."""
    program: str = request.module.PROGRAM
    drive.open_file(qtbot, controller, drive.write_tape(tmp_path / "first.tape", program))
    drive.wait_for_graph(qtbot, controller)
    controller.window.graph.canvas.set_reduced_motion(True)
    controller.window.graph.canvas.setFocus()
    return controller


@pytest.fixture
def show(controller: Controller) -> drive.Show:
    """Show cells with these sources, "a", "b", …; the first is selected as a whole."""

    def make(*sources: str, kind: str = "code") -> list[Cell]:
        cells = [Cell(key, kind, text) for key, text in zip("abcdef", sources, strict=False)]
        document = controller.session.document
        document.cells = cells
        controller.session.set_document(document)
        view = controller.window.notebook
        view.select(view.model("a"), focus=True)
        return cells

    return make
