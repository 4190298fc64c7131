"""What the first picture does not need is built behind it, and is there as soon as it is needed."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.behind import Behind, Imports, Pieces
from app.controller import Controller
from app.documents import load
from app.examples import examples
from app.main import make_application
from app.panels import LATER
from app.settings import Settings
from tests.app import drive

PROGRAM = "x = torch.ones(2, requires_grad=True)\n(x * x).sum().backward()\n"


@pytest.fixture
def early(qtbot: QtBot, tmp_path: Path) -> Iterator[Controller]:
    """A shown window of which the first picture's part is built."""
    make_application()
    made = Controller(Settings(tmp_path / "settings.ini"), later=True)
    made.window.showNormal()
    qtbot.waitExposed(made.window)
    yield made
    drive.end(made)


def built(controller: Controller) -> bool:
    return all(map(controller.window.made, LATER)) and hasattr(controller, "commanding")


def test_the_first_picture_needs_no_hidden_panel(early: Controller) -> None:
    assert not any(map(early.window.made, LATER))
    assert early.window.inspector.isVisible()


def test_a_command_completes_the_window_first(early: Controller) -> None:
    early.window.actions_by_id["problems"].trigger()
    assert built(early)
    assert early.window.problems.isVisible()


def test_a_panel_that_is_shown_is_filled_before_it_is_seen(early: Controller) -> None:
    early.window.docks["watches"].show()
    assert built(early)
    assert early.window.docks["watches"].widget() is early.window.watches
    early.watches.add("1 + 1")
    assert early.watches.texts == ["1 + 1"]


def test_a_recording_is_told_to_all(qtbot: QtBot, early: Controller, tmp_path: Path) -> None:
    drive.open_file(qtbot, early, drive.write_tape(tmp_path / "a.tape", PROGRAM))
    assert built(early)
    drive.wait_for_graph(qtbot, early)
    early.session.select(drive.leaf(early, "x"))
    assert early.window.inspector.details.isVisible()
    assert early.window.inspector.details.sections["value"].isVisible()
    qtbot.waitUntil(lambda: not early.iterations.worker.busy, timeout=drive.RUN)


def test_what_came_before_is_known_to_what_is_built_after(early: Controller) -> None:
    early.session.set_watches(["norm(w)"])
    early.session.set_document(load(examples()[0].path))
    early.complete()
    assert early.lesson.steps
    item = early.window.watches.list.topLevelItem(0)
    assert item is not None
    assert item.text(0) == "norm(w)"


def test_pieces_are_done_once_the_window_is_painted(qtbot: QtBot) -> None:
    window, met = QWidget(), list[str]()
    qtbot.addWidget(window)

    def pieces() -> Pieces:
        for name in ("one", "two", "three"):
            met.append(name)
            yield 1

    Behind(window, pieces(), lambda: met.append("done"))
    QCoreApplication.processEvents()
    assert not met
    window.show()
    qtbot.waitUntil(lambda: met == ["one", "two", "three", "done"])


def test_modules_are_imported_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_behind.py").write_text("import threading\nme = threading.get_ident()\n")
    monkeypatch.syspath_prepend(tmp_path)
    imports = Imports()
    assert all(pause > 0 for pause in imports.of("imported_behind"))
    imports.close()
    assert sys.modules.pop("imported_behind").me != threading.get_ident()


def test_pyside_still_asks_where_the_start_answers() -> None:
    assert callable(vars(sys.modules["shibokensupport.feature"])["_mod_uses_pyside"])
