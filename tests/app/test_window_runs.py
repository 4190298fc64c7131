"""The window while a program loops, dies or streams."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, QTimer
from pytestqt.qtbot import QtBot

from app.controller import Controller
from tests.app import drive


def test_an_endless_loop_is_interrupted_and_the_window_stays_alive(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, "while True:\n    pass", "x = 1"))
    runs, interrupt = controller.runs, controller.window.actions_by_id["interrupt"]
    at_end: list[bool] = []
    runs.ending.connect(lambda: at_end.append(runs.busy and interrupt.isEnabled()))
    with qtbot.waitSignal(
        runs.status_changed, timeout=drive.RUN, check_params_cb=lambda _, s: s == "running"
    ):
        controller.run_all()
    assert interrupt.isEnabled()
    with qtbot.waitSignal(runs.finished, timeout=drive.RUN):
        interrupt.trigger()
    assert at_end == [True]  # the last of the recording is still to be read then
    first, second = controller.session.document.cells
    assert first.outputs[-1]["ename"] == "KeyboardInterrupt"
    assert second.count is None
    assert not interrupt.isEnabled()


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_killed_kernel_loses_neither_notebook_nor_recording(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, drive.ACCUMULATE))
    drive.run_all(qtbot, controller)
    tape = controller.session.tape
    assert tape is not None
    passes = len(tape.passes)
    pid = drive.ask_kernel(qtbot, controller, "__import__('os').getpid()")
    with qtbot.waitSignal(controller.runs.died, timeout=drive.RUN):
        os.kill(pid, signal.SIGKILL)
    said = controller.window.notice.text()
    assert said.startswith("The kernel was ended by SIGKILL")
    assert ".." not in said
    assert len(controller.session.tape.passes) == passes
    assert controller.files.write_tape(tmp_path / "kept.tape")
    assert controller.settings.recent()[0] == tmp_path / "kept.tape"
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()  # a new kernel, a new tape
    assert controller.window.notice.text() == ""
    drive.wait_for_graph(qtbot, controller)
    assert len(controller.session.tape.passes) == passes


def test_the_cell_in_which_the_kernel_died_is_marked_and_those_behind_are_not(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    path = drive.script(tmp_path, "a = 1", "import os, time; time.sleep(0.3); os._exit(3)", "b = 1")
    drive.open_file(qtbot, controller, path)
    statuses: dict[str, str] = {}
    controller.runs.status_changed.connect(statuses.__setitem__)
    with qtbot.waitSignal(controller.runs.died, timeout=drive.RUN):
        controller.run_all()
    assert [statuses[cell.key] for cell in controller.session.document.cells] == [
        "ok", "error", "idle",
    ]  # fmt: skip
    notice, transport = controller.window.notice, controller.window.transport
    assert "exit status 3" in notice.text()
    assert not notice.geometry().intersects(  # one can still play what was recorded
        QRect(transport.mapTo(controller.window, QPoint(0, 0)), transport.size())
    )


def test_what_stays_is_said_above_the_canvas_and_the_rest_over_it(
    qtbot: QtBot, controller: Controller
) -> None:
    window, notice = controller.window, controller.window.notice

    def covered() -> QRect:
        canvas = window.graph.canvas
        at = [QRect(one.mapTo(window, QPoint(0, 0)), one.size()) for one in (notice, canvas)]
        return at[0].intersected(at[1])

    notice.show_message("This is over soon.")
    assert not covered().isEmpty()
    notice.show_message("Think about it.", stays=True)
    qtbot.waitUntil(lambda: covered().isEmpty())
    assert notice.isVisible()
    notice.show_message("This is over soon.")
    assert not covered().isEmpty()


def test_the_event_loop_goes_on_while_a_long_run_streams_in(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    """What the window itself works between two ticks of a timer, whatever else the machine does."""
    program = """\
import torch
x = torch.ones(8, requires_grad=True)
for i in range(300):
    y = x
    for _ in range(20):
        y = y * 1.01 + 0.1
    y.sum().backward()
    print(i)
"""
    drive.open_file(qtbot, controller, drive.script(tmp_path, program))
    stalls: list[float] = []
    last = [time.thread_time()]

    def tick() -> None:
        now = time.thread_time()
        stalls.append(now - last[0])
        last[0] = now

    timer = QTimer()
    timer.timeout.connect(tick)
    timer.start(5)
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    drive.wait_for_graph(qtbot, controller)
    timer.stop()
    print(f"longest stall {max(stalls) * 1000:.0f} ms over {len(stalls)} ticks")
    assert len(controller.session.tape.passes) == 300
    assert len(stalls) > 50
    assert max(stalls) < 1.0


def test_a_cell_that_goes_while_the_kernel_starts_is_not_run(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    drive.open_file(qtbot, controller, drive.script(tmp_path, "print(1)", "print(2)"))
    first, second = (cell.key for cell in controller.session.document.cells)
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.window.actions_by_id["restart_run"].trigger()
        controller.window.notebook.set_current(first)
        controller.window.actions_by_id["cut_cell"].trigger()
    assert [cell.key for cell in controller.session.document.cells] == [second]
    assert drive.texts(controller, second) == "2\n"
