"""File → Export Graph: every format through a process of its own, with progress and cancel."""

from __future__ import annotations

import time
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
from tests.app.drive import open_file, wait_for_graph
from tests.app.export.test_export import lesson
from ui.graph.lens import Lens

PATIENCE = 30_000


@pytest.fixture
def shown(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Iterator[Controller]:
    """A window on a recording."""
    lesson().save(tmp_path / "a.tape")
    open_file(qtbot, controller, tmp_path / "a.tape")
    wait_for_graph(qtbot, controller)
    yield controller
    controller.files.exports.close()


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
    exports, stalls, last = shown.files.exports, [0.0], [time.perf_counter()]

    def beat() -> None:
        stalls.append(time.perf_counter() - last[0])
        last[0] = time.perf_counter()

    heart = QTimer()
    heart.timeout.connect(beat)
    heart.start(5)
    with qtbot.waitSignal(exports.advanced, timeout=PATIENCE):
        shown.files.export_to(target)
    with qtbot.waitSignal(exports.cancelled, timeout=PATIENCE):
        shown.window.busy.findChild(QToolButton).click()
    heart.stop()
    assert max(stalls) < 0.5
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
        exports.start(lesson(), tmp_path / "a.gif", 1, "dark")  # of a recording in memory
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
