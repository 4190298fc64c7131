"""Breakpoints and watches stay with their document: over a restart, in another tab, in the file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app import notes
from app.controller import Controller
from app.documents import Cell, Document, load
from app.notes import Notes
from app.settings import Settings
from engine.tape.breakpoints import Breakpoint, On, Spot
from tests.app import drive

PROGRAM = """\
# %%
import torch
w = torch.ones(2, requires_grad=True)
# %%
loss = (w * 3).sum()
loss.backward()
"""


def script(folder: Path) -> Path:
    path = folder / "a.py"
    path.write_text(PROGRAM)
    return path


def opened(qtbot: QtBot, controller: Controller, path: Path) -> list[str]:
    """Open a file; return the keys of its cells."""
    drive.open_file(qtbot, controller, path)
    return [cell.key for cell in controller.session.document.cells]


def points(key: str) -> list[Breakpoint]:
    return [
        Breakpoint(On.LINE, (key, 2), "norm(grad) > 1", skip=2),
        Breakpoint(On.SPOT, Spot("mul", key, 1, 0), enabled=False),
        Breakpoint(On.LEAF, "w", log="norm(grad)"),
        Breakpoint(On.TYPE, "MulBackward0"),
    ]


@pytest.fixture
def again(controller: Controller) -> Iterator[Controller]:
    """Another window with the same settings, as after a new start."""
    made = Controller(Settings(controller.settings.folder / "settings.ini"))
    yield made
    made.session.set_dirty(False)
    made.window.close()
    made.close()
    made.window.deleteLater()


def test_they_are_there_when_the_file_is_opened_again(
    qtbot: QtBot, controller: Controller, again: Controller, tmp_path: Path
) -> None:
    path = script(tmp_path)
    keys = opened(qtbot, controller, path)
    controller.session.set_breakpoints(points(keys[1]))
    controller.session.set_watches(["norm(w.grad)"])
    keys = opened(qtbot, again, path)
    assert list(again.session.breakpoints) == points(keys[1])
    assert list(again.session.watches) == ["norm(w.grad)"]
    assert again.window.watches.list.topLevelItem(0).text(0) == "norm(w.grad)"
    assert not again.session.dirty


def test_a_notebook_carries_them_once_it_is_saved(
    qtbot: QtBot, controller: Controller, again: Controller, tmp_path: Path
) -> None:
    path = tmp_path / "a.ipynb"
    controller.files.new()
    controller.session.set_source(controller.session.document.cells[0].key, "1 + 1")
    controller.session.set_watches(["w.grad"])
    assert controller.files.write_document(path)
    metadata = json.loads(path.read_text())["metadata"]
    assert metadata["tapedeck"] == {"watches": ["w.grad"]}
    assert metadata["kernelspec"]["language"] == "python"
    copy = path.rename(tmp_path / "b.ipynb")  # what the settings do not know
    opened(qtbot, again, copy)
    assert list(again.session.watches) == ["w.grad"]
    again.session.set_watches([])
    assert again.files.write_document(copy)
    assert "tapedeck" not in json.loads(copy.read_text())["metadata"]


def test_a_recording_keeps_them_too(
    qtbot: QtBot, controller: Controller, again: Controller, tmp_path: Path
) -> None:
    path = drive.write_tape(tmp_path / "a.tape", "w = torch.ones(2)\n")
    opened(qtbot, controller, path)
    controller.session.set_watches(["w"])
    opened(qtbot, again, path)
    assert list(again.session.watches) == ["w"]


@pytest.mark.parametrize("wrong", [
    None, 3, {"breakpoints": 3}, {"breakpoints": [None, [9], [3, [7, 2], "", True, 0, ""]]},
    {"watches": [1, ""]}, {"watches": {"a": 1}},
])  # fmt: skip
def test_what_is_none_is_left_out(wrong: object) -> None:
    assert notes.read(wrong, Document(cells=[Cell("a")])) == Notes()


def test_cells_are_told_by_their_places(tmp_path: Path) -> None:
    first, second = load(script(tmp_path)), load(script(tmp_path))
    row = Breakpoint(On.NODE, 3)  # of one recording
    said = notes.plain(Notes((*points(first.cells[1].key), row)), first)
    assert notes.read(json.loads(json.dumps(said)), second).breakpoints == tuple(
        points(second.cells[1].key)
    )


def test_settings_forget_what_was_set_long_ago(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "s.ini")
    for number in range(settings.MAX_NOTED + 5):
        settings.set_notes(tmp_path / f"{number}.py", {"watches": [str(number)]})
    assert settings.notes(tmp_path / "4.py") is None
    assert settings.notes(tmp_path / "5.py") == {"watches": ["5"]}
