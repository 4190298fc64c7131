"""The window: commands, panels, theme, files, and a kernel that misbehaves."""

from __future__ import annotations

from pathlib import Path

import nbformat
import numpy as np
import pytest
from PySide6.QtCore import QEvent, QEventLoop, QMimeData, QObject, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from app.commands import COMMANDS
from app.controller import Controller
from app.documents import load
from app.settings import Settings
from tests.app import drive


def test_every_command_has_an_action_and_shortcuts_are_unique(controller: Controller) -> None:
    actions = controller.window.actions_by_id
    assert set(actions) == {command.id for command in COMMANDS}
    keys = [QKeySequence(key).toString() for command in COMMANDS for key in command.keys]
    assert len(keys) == len(set(keys))
    assert all(action.toolTip() for action in actions.values())


def test_first_start_shows_an_example_that_has_run_and_is_ready_to_play(
    qtbot: QtBot, controller: Controller
) -> None:
    with qtbot.waitSignal(controller.runs.first_run, timeout=drive.RUN):
        controller.open(None)
    drive.wait_for_graph(qtbot, controller)
    tape = controller.session.tape
    assert tape is not None
    assert len(tape.passes)
    assert controller.session.playhead == int(tape.passes["event"][0])
    assert not controller.session.dirty  # nobody is asked to save an example
    assert controller.window.graph.canvas.node_count() > 0
    leaf = drive.leaf(controller, "x")
    assert controller.session.selection == leaf  # the inspector is not empty at first sight
    view = controller.window.inspector.shown()
    assert view is not None
    assert view.node == leaf
    assert controller.window.graph.canvas.selected() == leaf
    controller.window.actions_by_id["step"].trigger()
    assert controller.session.playhead > int(tape.passes["event"][0])


def test_run_all_has_its_key_also_while_a_cell_is_edited(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, "print(1)", "print(2)"))
    notebook = controller.window.notebook
    first, last = (cell.key for cell in controller.session.document.cells)
    editor = notebook.cell(first).editor
    editor.setFocus()
    keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        qtbot.keyClick(editor, Qt.Key.Key_Return, keys)
    assert drive.texts(controller, last) == "2\n"


def test_accumulation_can_be_seen(qtbot: QtBot, controller: Controller, tmp_path: Path) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, drive.ACCUMULATE))
    drive.run_all(qtbot, controller)
    tape, session = controller.session.tape, controller.session
    assert tape is not None
    x = drive.leaf(controller, "x")
    for done, end in enumerate(tape.ends["event"], 1):
        session.set_playhead(int(end) + 1)
        assert np.array_equal(drive.shown_grad(controller, x), np.float32([2, 4]) * done)
    view = controller.window.inspector.shown()
    assert view is not None
    assert view.ledger is not None
    assert [row.after for row in view.ledger.rows if row.past]
    assert len(view.ledger.rows) == 3
    assert view.ledger.alarming
    session.set_playhead(0)
    view = controller.window.inspector.shown()
    assert view is not None
    assert view.gradient is None or view.gradient.array is None


def test_selection_lights_its_source_line_and_the_cursor_lights_its_nodes(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, drive.ACCUMULATE))
    drive.run_all(qtbot, controller)
    key = controller.session.document.cells[0].key
    lit: list[dict[str, set[int]]] = []
    notebook = controller.window.notebook
    original = notebook.light_lines
    notebook.light_lines = lambda lines: (lit.append(lines), original(lines))[1]
    graph = controller.graph.picture.graph
    node = next(n for n, data in graph.nodes(data=True) if data["title"] == "mul")
    controller.session.select(node)
    assert lit[-1] == {key: {4}}
    with qtbot.waitSignal(controller.window.inspector.source_clicked):
        controller.window.inspector.source_clicked.emit(key, 4)
    notebook.cursor_moved.emit(key, 4)
    assert node in controller.window.graph.canvas.highlighted()


def _is_inside(notebook: QWidget, widget: QWidget | None) -> bool:
    return widget is not None and notebook.isAncestorOf(widget)


def test_a_step_scrolls_its_code_into_view_but_not_under_a_writing_person(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    filler = [f"a{i} = {i}\n" * 8 for i in range(12)]
    drive.open_file(qtbot, controller, drive.script(tmp_path, *filler, drive.ACCUMULATE))
    drive.run_all(qtbot, controller)
    tape, notebook = controller.session.tape, controller.window.notebook
    bar = notebook.column.verticalScrollBar()
    bar.setValue(0)
    notebook.edit(controller.session.document.cells[0].key)
    controller.session.set_playhead(int(tape.passes["event"][0]))
    controller.window.actions_by_id["step"].trigger()
    assert bar.value() == 0
    notebook.set_current(controller.session.document.cells[0].key)
    controller.window.setFocus()
    qtbot.waitUntil(lambda: not _is_inside(notebook, QApplication.focusWidget()))
    controller.window.actions_by_id["step"].trigger()
    cell = notebook.cell(controller.session.document.cells[-1].key)
    qtbot.waitUntil(lambda: bar.value() > 0)
    assert cell.visibleRegion().boundingRect().intersects(cell.editor_line_rect(4))


class TimerEvents(QObject):
    """Counts what any timer of the application does."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Timer
        return False


def test_no_timer_runs_while_the_tape_is_paused(qtbot: QtBot, controller: Controller) -> None:
    with qtbot.waitSignal(controller.runs.first_run, timeout=drive.RUN):
        controller.open(None)
    drive.wait_for_graph(qtbot, controller)
    canvas, player = controller.window.graph.canvas, controller.playback.player
    application, timers = QApplication.instance(), TimerEvents()
    assert application is not None
    application.installEventFilter(timers)
    with qtbot.waitSignals([canvas.viewport_painted] * 4, timeout=drive.RUN):
        player.play()
    player.pause()
    qtbot.waitUntil(lambda: not canvas.is_animating() and not canvas.is_moving())
    assert timers.count  # they can be seen
    loop = QEventLoop()
    for _ in range(8):  # what settles after a motion may take its time; what runs on never ends
        timers.count = 0
        QTimer.singleShot(500, loop.quit)
        loop.exec()
        if timers.count <= 1:
            break
    application.removeEventFilter(timers)
    assert timers.count <= 1  # ours
    running = [timer for timer in controller.window.findChildren(QTimer) if timer.isActive()]
    assert not running


def test_theme_switches_live_and_is_kept(controller: Controller, tmp_path: Path) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    before = application.styleSheet()
    controller.window.actions_by_id["theme"].trigger()
    assert application.styleSheet() != before
    controller.settings.save()
    assert Settings(tmp_path / "settings.ini").preferences.theme == "light"
    controller.window.actions_by_id["theme"].trigger()
    assert application.styleSheet() == before


def test_panels_come_back_as_they_were_left(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    docks = controller.window.docks
    docks["inspector"].close()
    docks["transport"].setFloating(True)
    controller.window.close()
    again = Controller(Settings(tmp_path / "settings.ini"))
    again.window.show()
    qtbot.waitUntil(lambda: again.window.docks["transport"].isVisible())
    assert again.window.docks["inspector"].isHidden()
    assert again.window.docks["transport"].isFloating()
    drive.end(again)
    controller.window.actions_by_id["reset_layout"].trigger()
    assert not docks["inspector"].isHidden()
    assert not docks["transport"].isFloating()


def test_a_moved_and_a_tabbed_panel_come_back(controller: Controller, tmp_path: Path) -> None:
    window, docks = controller.window, controller.window.docks
    assert window.dockOptions() & QMainWindow.DockOption.AllowTabbedDocks  # by hand too
    window.addDockWidget(Qt.DockWidgetArea.TopDockWidgetArea, docks["transport"])
    window.tabifyDockWidget(docks["notebook"], docks["inspector"])
    controller.settings.set_window(window.saveGeometry(), window.saveState())
    window.reset_layout()
    assert not window.tabifiedDockWidgets(docks["notebook"])
    window.restore(*Settings(tmp_path / "settings.ini").window())
    assert window.tabifiedDockWidgets(docks["notebook"]) == [docks["inspector"]]
    assert window.dockWidgetArea(docks["transport"]) == Qt.DockWidgetArea.TopDockWidgetArea


def test_the_first_start_stays_on_a_small_screen(controller: Controller, tmp_path: Path) -> None:
    """A frame around a window as large as the screen would push its status bar off it."""
    first = Controller(Settings(tmp_path / "other.ini"))
    available = first.window.screen().availableGeometry()
    roomy = available.width() > 1600 and available.height() > 1000
    assert first.window.isMaximized() is not roomy
    assert first.window.width() <= available.width()
    drive.end(first)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("broken.ipynb", b"{", "broken.ipynb"),
        ("list.ipynb", b"[]", "list.ipynb"),
        ("binary.py", b"\0\1\2", "binary.py"),
        ("torn.tape", b"PK\x03\x04 torn", "torn.tape"),
        ("missing.ipynb", None, "missing.ipynb"),
    ],
)
def test_a_file_that_cannot_be_opened_is_said_and_nothing_is_lost(
    controller: Controller, tmp_path: Path, name: str, content: bytes | None, says: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    before = controller.session.document
    assert not controller.files.open(path)
    assert says in controller.window.notice.text()
    assert controller.session.document is before


def test_a_notebook_is_saved_as_a_valid_notebook_with_its_outputs(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(
        qtbot, controller, drive.script(tmp_path, "1 + 1", "import torch\ntorch.ones(2)")
    )
    drive.run_all(qtbot, controller)
    path = tmp_path / "saved.ipynb"
    assert controller.files.write_document(path)
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    results = [cell.outputs[0].data["text/plain"] for cell in notebook.cells]
    assert results == ["2", "tensor([1., 1.])"]
    assert [cell.source for cell in load(path).cells] == [
        cell.source for cell in controller.session.document.cells
    ]
    assert not controller.session.dirty


@pytest.mark.parametrize(
    ("answer", "closes"),
    [
        (QMessageBox.StandardButton.Cancel, False),
        (QMessageBox.StandardButton.Discard, True),
        (QMessageBox.StandardButton.Save, True),
    ],
)
def test_unsaved_changes_are_asked_about(
    controller: Controller, tmp_path: Path, answer: QMessageBox.StandardButton, closes: bool
) -> None:
    path = drive.script(tmp_path, "a = 1")
    assert controller.files.open(path)
    cell = controller.session.document.cells[0]
    controller.session.set_source(cell.key, "a = 2")
    assert not controller.window.close()
    drive.answer(controller, answer)
    assert controller.window.isVisible() is not closes
    saved = answer == QMessageBox.StandardButton.Save
    assert ("a = 2" in path.read_text("utf-8")) is saved


def test_a_file_is_opened_over_unsaved_changes_when_they_are_given_up(
    controller: Controller, tmp_path: Path
) -> None:
    cell = controller.session.document.cells[0]
    controller.session.set_source(cell.key, "mine = 1")
    path = drive.script(tmp_path, "other = 2")
    assert not controller.files.open(path)
    drive.answer(controller, QMessageBox.StandardButton.Cancel)
    assert controller.session.document.cells[0].source == "mine = 1"
    assert not controller.files.open(path)
    drive.answer(controller, QMessageBox.StandardButton.Discard)
    assert controller.session.document.path == path


def test_every_dropped_file_is_opened(controller: Controller, tmp_path: Path) -> None:
    opened: list[str] = []
    controller.window.dropped = opened.append
    names = [str(tmp_path / name) for name in ("a.py", "b.tape")]
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(name) for name in names] + [QUrl("https://example.org/c.py")])
    held = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    enters = QDragEnterEvent(QPoint(20, 20), *held)
    QApplication.sendEvent(controller.window, enters)
    assert enters.isAccepted()
    QApplication.sendEvent(controller.window, QDropEvent(QPointF(20, 20), *held))
    assert opened == names
