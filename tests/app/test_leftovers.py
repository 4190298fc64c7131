"""What a crash left behind is offered at the next start; a damaged tape as far as it goes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.leftovers import Leftovers
from app.kernel import folders
from engine.tape.check import check
from tests.fuzz.samples import sample

pytestmark = pytest.mark.skipif(os.name != "posix", reason="process ids of Unix")


@pytest.fixture
def gone() -> int:
    """The id of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leave(base: Path, pid: int, data: bytes, name: str = "abc") -> Path:
    folder = base / f"{folders.PREFIX}{pid}-{name}"
    folder.mkdir()
    (folder / folders.SPOOL).write_bytes(data)
    return folder


def press(controller: Controller, label: str) -> None:
    for button in controller.window.notice.findChildren(QPushButton):
        if button.isVisible() and button.text() == label:
            button.click()
            return
    raise AssertionError(f"there is no button {label}")


def offered(controller: Controller, base: Path) -> Leftovers:
    leftovers = Leftovers(controller.files, controller.window, base)
    leftovers.offer()
    return leftovers


def test_a_spool_that_was_cut_off_is_opened_saved_and_then_removed(
    controller: Controller, tmp_path: Path, gone: int
) -> None:
    spool = sample("training", finished=False)
    folder = leave(tmp_path, gone, spool[:-10] + b"")
    folder_two = leave(tmp_path, gone, spool, "def")
    os.utime(folder / folders.SPOOL, (1, 1))
    leftovers = offered(controller, tmp_path)
    notice = controller.window.notice
    assert "up to the moment at which Tapedeck ended" in notice.text()
    press(controller, "Open")
    assert "not finished, it ends after" in notice.text()
    tape = controller.session.tape
    assert tape is not None
    assert len(tape.passes) == 2
    assert not folder_two.exists(), "it belongs to this window now"
    assert folders.leftover_tapes(tmp_path) == [folder / folders.SPOOL]
    assert controller.files.write_tape(tmp_path / "kept.tape")
    controller.session.set_tape(None)
    leftovers.close()
    assert check(tmp_path / "kept.tape").whole
    assert not list(tmp_path.glob(f"{folders.PREFIX}{os.getpid()}-*"))


def test_discarded_it_is_gone_and_the_next_is_offered(
    controller: Controller, tmp_path: Path, gone: int
) -> None:
    spool = sample("calculus", finished=False)
    leave(tmp_path, gone, spool)
    leave(tmp_path, gone, spool, "def")
    leave(tmp_path, gone, b"nothing on it", "ghi")
    offered(controller, tmp_path)
    press(controller, "Discard")
    assert len(folders.leftover_tapes(tmp_path)) == 1
    press(controller, "Discard")
    assert list(tmp_path.glob(f"{folders.PREFIX}*")) == []
    assert controller.window.notice.text() == ""


def test_what_is_opened_and_not_saved_stays_for_the_next_start(
    controller: Controller, tmp_path: Path, gone: int
) -> None:
    leave(tmp_path, gone, sample("calculus", finished=False))
    leftovers = offered(controller, tmp_path)
    press(controller, "Open")
    controller.session.set_tape(None)
    leftovers.close()
    (kept,) = tmp_path.glob(f"{folders.PREFIX}*")
    assert kept.name.startswith(f"{folders.PREFIX}{os.getpid()}-")


def test_the_recording_of_a_window_that_was_killed_is_offered(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    base = tmp_path / "t"
    base.mkdir()
    with subprocess.Popen([sys.executable, "-c", _WINDOW, str(base)], stdout=-1) as window:
        assert window.stdout is not None
        assert window.stdout.readline() == b"recorded\n"
        window.send_signal(signal.SIGKILL)
    offered(controller, base)
    press(controller, "Open")
    tape = controller.session.tape
    assert tape is not None
    assert len(tape.passes) >= 1
    assert tape.text(int(tape.cells["source"][0])).startswith("import torch")


_WINDOW = """
import queue, sys
from pathlib import Path
from app.kernel.messages import Event, Job
from app.kernel.worker import Worker
events = queue.SimpleQueue()
worker = Worker(events.put, base=Path(sys.argv[1]))
worker.start(None)
source = "import torch\\nw = torch.ones(3, requires_grad=True)\\n(w * 2).sum().backward()"
worker.execute([Job("a", source)])
while events.get().name != "finished":
    pass
print("recorded", flush=True)
events.get()
while True:
    events.get()
"""


def test_of_a_damaged_tape_what_can_be_read_is_offered(
    controller: Controller, tmp_path: Path
) -> None:
    from tests.fuzz.members import put_together, rows_of, take_apart, with_rows

    parts, finished = take_apart(sample("memory"))
    at = next(i for i, part in enumerate(parts) if part.name == "segments/00000001/steps.npy")
    rows = rows_of(parts[at])
    rows["node"][-1] = -5
    parts[at] = with_rows(parts[at], rows)
    path = tmp_path / "a.tape"
    path.write_bytes(put_together(parts, finished))
    assert not controller.files.open(path)
    notice = controller.window.notice
    assert "steps row" in notice.text()
    (label,) = [b.text() for b in notice.findChildren(QPushButton) if b.isVisible()]
    press(controller, label)
    tape = controller.session.tape
    assert tape is not None
    assert label == f"Open Its First {len(tape.events)} Events"
    assert "is damaged at segment 00000001: steps row" in notice.text()
    assert controller.files.write_tape(tmp_path / "b.tape")
    assert check(tmp_path / "b.tape").whole
