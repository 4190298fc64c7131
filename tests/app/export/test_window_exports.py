"""File → Export Graph: every format through a process of its own, with progress and cancel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QToolButton
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.exports import Exports
from app.controller.files import EXPORTS
from app.export import FORMATS, export
from engine.tape.tape import Tape
from tests.app.drive import open_file, wait_for_graph
from tests.app.export.test_export import lesson
from tests.ui.graph.tapes import Script
from ui.graph.lens import Lens

PATIENCE = 30_000


def long_lesson() -> Tape:
    """A recording whose film takes many times as long as to cancel it."""
    script = Script()
    script.cell("c1", 1)
    w = x = script.leaf(True, 0.25, 3)
    for _ in range(200):
        x = script.op("mul", x, w)
    loss = script.op("mean", x)
    script.backward(loss)
    script.end_cell(w=w, loss=loss)
    return script.tape()


@pytest.fixture
def shown(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Iterator[Controller]:
    """A window on a recording."""
    open_recording(qtbot, controller, lesson(), tmp_path)
    yield controller
    controller.files.exports.close()


def open_recording(qtbot: QtBot, controller: Controller, tape: Tape, folder: Path) -> None:
    tape.save(folder / "a.tape")
    open_file(qtbot, controller, folder / "a.tape")
    wait_for_graph(qtbot, controller)


def test_every_format_is_offered() -> None:
    assert set(EXPORTS) == set(FORMATS)


def test_the_shown_graph_is_written_in_the_chosen_format(
    qtbot: QtBot, shown: Controller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = str(tmp_path / "picture"), f"{EXPORTS['.svg']} (*.svg)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: chosen)
    with qtbot.waitSignal(shown.files.exports.done, timeout=PATIENCE) as ended:
        shown.window.actions_by_id["export"].trigger()
        assert shown.window.busy.words() == "Exporting picture.svg"
    assert ended.args == ["picture.svg"]
    assert b"MulBackward0" in (tmp_path / "picture.svg").read_bytes()
    assert shown.window.busy.words() == ""


def test_a_long_export_leaves_the_window_alive_and_can_be_cancelled(
    qtbot: QtBot, shown: Controller, tmp_path: Path
) -> None:
    pytest.importorskip("PIL.Image")
    target = tmp_path / "a.gif"
    target.write_text("old")
    exports, beats = shown.files.exports, itertools.count()
    open_recording(qtbot, shown, long_lesson(), tmp_path)
    heart = QTimer()
    heart.timeout.connect(lambda: next(beats))
    heart.start(5)
    with qtbot.waitSignal(exports.advanced, timeout=PATIENCE):
        shown.files.export_to(target)
    with qtbot.waitSignal(exports.cancelled, timeout=PATIENCE):
        shown.window.busy.findChild(QToolButton).click()
    heart.stop()
    assert next(beats) > 20  # a window that waited for the process would leave none
    assert target.read_text() == "old"
    assert sorted(path.name for path in tmp_path.glob("a.*")) == ["a.gif", "a.tape"]
    assert not exports.busy and shown.window.busy.words() == ""


def test_what_stands_in_the_way_is_said(qtbot: QtBot, shown: Controller, tmp_path: Path) -> None:
    with qtbot.waitSignal(shown.files.exports.failed, timeout=PATIENCE):
        shown.files.export_to(tmp_path / "missing" / "a.dot")
    said = shown.window.notice.text()
    assert said.startswith("a.dot is not written: cannot write ")
    assert said.endswith("No such file or directory")


def test_closing_ends_an_export(qtbot: QtBot, qapp: object, tmp_path: Path) -> None:
    pytest.importorskip("PIL.Image")
    exports = Exports()
    with qtbot.waitSignal(exports.advanced, timeout=PATIENCE):
        exports.start(long_lesson(), tmp_path / "a.gif", 1, "dark")  # of a recording in memory
    exports.close()
    assert not exports.busy
    assert list(tmp_path.iterdir()) == []


def test_the_window_writes_what_it_shows(qtbot: QtBot, shown: Controller, tmp_path: Path) -> None:
    tape = shown.session.tape
    assert tape is not None
    shown.session.set_playhead(len(tape.events) - 3)
    shown.lenses.choose(Lens.VALUE)
    with qtbot.waitSignal(shown.files.exports.done, timeout=PATIENCE):
        shown.files.export_to(tmp_path / "window.png")
    look = {"playhead": len(tape.events) - 3, "lens": "value"}
    export(tape, tmp_path / "command.png", **look)  # type: ignore[arg-type]
    assert (tmp_path / "window.png").read_bytes() == (tmp_path / "command.png").read_bytes()
