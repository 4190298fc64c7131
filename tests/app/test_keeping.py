"""Work survives crashes and other programs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app import recovery
from app.controller import Controller
from app.documents import Cell, Document, load
from tests.app import drive


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def notebook(path: Path, *sources: str) -> Path:
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def type_into(controller: Controller, text: str) -> None:
    view = controller.window.notebook
    view.edit(view.order()[0])
    editor = view.cell(view.order()[0]).editor
    assert editor is not None
    QTest.keyClicks(editor, text)


def press(controller: Controller, text: str) -> None:
    """Press a button of the message over the window."""
    buttons = controller.window.notice.findChildren(QPushButton)
    next(button for button in buttons if button.text() == text).click()


def crash(controller: Controller, qtbot: QtBot, gone: int) -> Path:
    """Wait until unsaved work was kept, and make it that of a process that is gone."""
    kept: list[None] = []
    controller.keeping.recovering.kept = lambda: kept.append(None)
    qtbot.waitUntil(lambda: bool(kept), timeout=20_000)
    base = controller.settings.folder / "recovery"
    (folder,) = base.iterdir()
    left = folder.with_name(f"tapedeck-{gone}-left")
    folder.rename(left)
    return left


def test_unsaved_work_is_kept_and_offered_at_the_next_start(
    qtbot: QtBot, controller: Controller, tmp_path: Path, gone: int
) -> None:
    path = notebook(tmp_path / "n.ipynb", "x = 1")
    drive.open_file(qtbot, controller, path)
    type_into(controller, "# more")
    crash(controller, qtbot, gone)
    controller.session.set_dirty(False)
    controller.files.new()
    controller.keeping.offer()
    assert "n.ipynb has unsaved changes" in controller.window.notice.text()
    press(controller, "Open Them")
    session = controller.session
    assert session.document.path == path
    assert session.dirty
    assert [cell.source for cell in session.document.cells] == ["# morex = 1"]
    assert controller.files.save()
    assert load(path).cells[0].source == "# morex = 1"
    assert not list((controller.settings.folder / "recovery").iterdir())


def test_discarded_work_is_offered_no_more(
    qtbot: QtBot, controller: Controller, tmp_path: Path, gone: int
) -> None:
    drive.open_file(qtbot, controller, notebook(tmp_path / "n.ipynb", "x = 1"))
    type_into(controller, "# more")
    left = crash(controller, qtbot, gone)
    then: list[None] = []
    controller.keeping.recovering.offer(lambda: then.append(None))
    press(controller, "Discard")
    assert then == [None]
    assert not left.exists()


def test_saved_work_leaves_nothing_to_recover(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, notebook(tmp_path / "n.ipynb", "x = 1"))
    kept: list[None] = []
    controller.keeping.recovering.kept = lambda: kept.append(None)
    type_into(controller, "# more")
    qtbot.waitUntil(lambda: bool(kept), timeout=20_000)
    assert controller.files.save()
    assert not list((controller.settings.folder / "recovery").iterdir())


def test_large_outputs_are_left_out_of_what_is_kept(tmp_path: Path) -> None:
    output = {"output_type": "stream", "name": "stdout", "text": "x" * 5_000_000}
    document = Document(cells=[Cell("a", source="1", outputs=[output]), Cell("b", source="2")])
    copy = recovery.snapshot(document)
    assert [cell.source for cell in copy.cells] == ["1", "2"]
    assert copy.cells[0].outputs == []
    assert document.cells[0].outputs == [output]


def test_what_was_not_written_to_the_end_is_not_offered(tmp_path: Path, gone: int) -> None:
    folder = tmp_path / f"tapedeck-{gone}-x"
    folder.mkdir()
    recovery.keep(Document(cells=[Cell("a", source="1")]), "Title", folder)
    assert [one.title for one in recovery.left_behind(tmp_path)] == ["Title"]
    (folder / recovery.ORIGIN).write_text(json.dumps({"path": None}))
    assert recovery.left_behind(tmp_path) == []


def by_another(path: Path, write: Callable[[Path], object]) -> None:
    """Replace a file as editors do: another one takes its name."""
    other = path.with_name("other.ipynb")
    write(other)
    other.replace(path)


def test_a_change_by_another_program_is_noticed_and_shown(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = notebook(tmp_path / "n.ipynb", "x = 1")
    drive.open_file(qtbot, controller, path)
    notice, session = controller.window.notice, controller.session
    by_another(path, lambda other: notebook(other, "x = 2"))
    qtbot.waitUntil(lambda: "changed by another program" in notice.text(), timeout=20_000)
    tape = session.tape
    press(controller, "Reload")
    assert [cell.source for cell in session.document.cells] == ["x = 2"]
    assert session.tape is tape  # kernel and recording go on
    assert not session.dirty
    by_another(path, lambda other: notebook(other, "x = 3"))
    qtbot.waitUntil(lambda: "changed by another program" in notice.text(), timeout=20_000)


def test_saving_over_the_work_of_another_program_is_asked_about(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = notebook(tmp_path / "n.ipynb", "x = 1")
    drive.open_file(qtbot, controller, path)
    type_into(controller, "# mine ")
    by_another(path, lambda other: notebook(other, "x = 2"))
    assert not controller.files.save()
    assert load(path).cells[0].source == "x = 2"
    press(controller, "Save Mine Over It")
    assert load(path).cells[0].source == "# mine x = 1"
    assert not controller.session.dirty
    type_into(controller, "# again ")
    assert controller.files.save()  # its own writing is no change by another
