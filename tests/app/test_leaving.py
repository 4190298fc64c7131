"""A window that is closed leaves nothing behind: no widgets, no objects, no threads."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.main import make_application
from app.settings import Settings
from tests.app import drive

PROGRAM = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
(w * w).sum().backward()
"""


def use(qtbot: QtBot, folder: Path) -> Controller:
    """Open a recording, and touch what keeps something: playhead, selection, edit, problems."""
    made = Controller(Settings(folder / "settings.ini"))
    made.window.show()
    qtbot.waitExposed(made.window)
    drive.open_file(qtbot, made, drive.write_tape(folder / "a.tape", PROGRAM))
    drive.wait_for_graph(qtbot, made)
    made.session.select(drive.leaf(made, "w"))
    for id in ("problems", "watches", "next_pass", "step"):
        made.window.actions_by_id[id].trigger()
    return made


def test_a_window_leaves_no_widgets_behind(qtbot: QtBot, tmp_path: Path) -> None:
    make_application()

    def open_and_close() -> int:
        drive.end(use(qtbot, tmp_path))
        return len(QApplication.allWidgets())

    assert open_and_close() == open_and_close()


def test_what_a_window_had_is_let_go(qtbot: QtBot, tmp_path: Path) -> None:
    make_application()
    made = use(qtbot, tmp_path)
    session = made.session
    parts = {
        "controller": made, "window": made.window, "session": session, "tape": session.tape,
        "canvas": made.window.graph.canvas,
    }  # fmt: skip
    left = {name: weakref.ref(part) for name, part in parts.items()}
    drive.end(made)
    del made, session, parts
    gc.collect()
    assert [name for name, ref in left.items() if ref() is not None] == []


def test_closing_leaves_no_thread(qtbot: QtBot, controller: Controller) -> None:
    controller.close()
    assert not controller.graph.pictures.alive
