"""A kernel that somebody else started is watched, and left alone in the end."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.connect import write_connection_file
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.controller.pausing import FOREIGN
from engine.tape.breakpoints import Breakpoint, On
from tests.app import drive

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="starts a kernel by hand")
PROGRAM = """\
import torch
w = torch.ones(2, requires_grad=True)
(w * 3).sum().backward()
print('ran')"""


class Other:
    """Somebody else's kernel, and their own client of it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        write_connection_file(str(file))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "ipykernel_launcher", "-f", str(file)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=file.parent,
        )  # fmt: skip

    def connect(self) -> None:
        self.client = BlockingKernelClient(connection_file=str(self.file))
        self.client.load_connection_file()
        self.client.start_channels()
        deadline = time.monotonic() + 60
        while not self._answers():
            assert time.monotonic() < deadline
            assert self.process.poll() is None

    def _answers(self) -> bool:
        """Whether it lives; a client says that it died, too, before it has come up."""
        try:
            self.client.wait_for_ready(timeout=60)
        except RuntimeError:
            return False
        return True

    def run(self, source: str) -> dict[str, Any]:
        reply: dict[str, Any] = self.client.execute_interactive(
            source, timeout=60, output_hook=lambda _: None
        )["content"]
        return reply


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Other]:
    made = Other(tmp_path / "kernel-other.json")
    try:
        made.connect()
        yield made
        made.client.stop_channels()
    finally:
        made.process.kill()
        made.process.wait()


@pytest.fixture
def attached(qtbot: QtBot, controller: Controller, other: Other) -> Controller:
    with qtbot.waitSignal(controller.runs.kernel.tape_ready, timeout=drive.RUN):
        assert controller.attaching.attach(other.file)
    assert controller.runs.kernel.state == "idle"
    return controller


def recorded(controller: Controller) -> list[str]:
    tape = controller.session.tape
    return [] if tape is None else [tape.text(row["name"]) for row in tape.ops]


def test_what_others_run_is_recorded_and_shown(
    qtbot: QtBot, attached: Controller, other: Other
) -> None:
    session = attached.session
    assert other.run(PROGRAM)["status"] == "ok"
    qtbot.waitUntil(lambda: recorded(attached) == ["mul", "sum"], timeout=drive.RUN)
    cell = session.document.cells[0]
    assert (cell.source, cell.count) == (PROGRAM, 1)
    qtbot.waitUntil(lambda: drive.texts(attached, cell.key) == "ran\n", timeout=drive.RUN)
    tape = session.tape
    assert tape is not None
    assert len(tape.passes) == 1
    place = tape.source(int(tape.events["loc"][tape.ops["event"][0]]))
    assert place is not None
    assert (place.cell, place.line) == (cell.key, 3)


def test_ones_own_cells_run_there_too(qtbot: QtBot, attached: Controller, other: Other) -> None:
    other.run("import torch\nx = torch.ones(3)")
    session = attached.session
    qtbot.waitUntil(lambda: len(session.document.cells) == 2, timeout=drive.RUN)
    key = session.document.cells[-1].key
    session.replace_source(key, "y = x.exp()")
    with qtbot.waitSignal(attached.runs.finished, timeout=drive.RUN):
        attached.runs.run([key])
    qtbot.waitUntil(lambda: recorded(attached) == ["exp"], timeout=drive.RUN)
    assert other.run("assert y.shape == (3,)")["status"] == "ok"


def test_that_its_programs_do_not_wait_at_breakpoints_is_said(attached: Controller) -> None:
    attached.window.actions_by_id["live"].trigger()
    assert attached.window.notice.text() == FOREIGN
    attached.session.set_breakpoints([Breakpoint(On.TYPE, "mul")])
    assert attached.runs.stops() == []


def test_it_is_left_as_it_was(qtbot: QtBot, attached: Controller, other: Other) -> None:
    other.run("import torch\nx = torch.ones(3)")
    attached.files.new()
    assert attached.runs.kernel.join(10)
    reply = other.run("assert get_ipython().kernel.tapedeck is None")
    assert reply["status"] == "ok", reply
    assert other.run("x + 1")["status"] == "ok"
    assert (
        other.run("import sys; assert not any(n.startswith('app.') for n in sys.modules)")["status"]
        == "ok"
    )
    assert other.process.poll() is None


def test_a_kernel_with_the_real_pytorch_is_refused_in_words(
    qtbot: QtBot, controller: Controller, other: Other
) -> None:
    other.run("import sys, types; sys.modules['torch'] = types.ModuleType('torch')")
    with qtbot.waitSignal(controller.runs.died, timeout=drive.RUN):
        controller.attaching.attach(other.file)
    assert "imported PyTorch already" in controller.window.notice.text()
    assert other.process.poll() is None


@pytest.mark.parametrize(("text", "why"), [("{", "not JSON"), ("{}", "lacks 'transport'")])
def test_a_file_that_is_no_connection_is_told(
    qtbot: QtBot, controller: Controller, tmp_path: Path, text: str, why: str
) -> None:
    (tmp_path / "k.json").write_text(text)
    with qtbot.waitSignal(controller.runs.died, timeout=drive.RUN):
        controller.attaching.attach(tmp_path / "k.json")
    assert why in controller.window.notice.text()
