"""Live mode: a program that waits at a line, is looked into, changed, and goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from app.controller import Controller
from engine.tape.breakpoints import Breakpoint, On
from engine.tape.moments import Moments
from tests.app import drive
from ui.graph.types import Kind, NodeId
from ui.notebook import mime

PROGRAM = """\
import torch
w = torch.ones(2, requires_grad=True)
def f(x):
    y = x * 3
    return y.sum()
loss = f(w)
loss.backward()
print(w.grad.tolist(), scale if 'scale' in globals() else None)
z = w - 2
"""


@pytest.fixture
def live(qtbot: QtBot, controller: Controller, tmp_path: Path) -> Controller:
    """The program, in live mode, the console open."""
    (tmp_path / "a.py").write_text(PROGRAM)
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    controller.window.actions_by_id["live"].trigger()
    assert controller.window.actions_by_id["live"].isChecked()
    controller.window.actions_by_id["console"].trigger()
    return controller


def pause_at(qtbot: QtBot, controller: Controller, line: int) -> str:
    """Run until the program waits at a line; returns the cell's key."""
    key = controller.session.document.cells[0].key
    return pause(qtbot, controller, Breakpoint(On.LINE, (key, line)))


def pause(qtbot: QtBot, controller: Controller, *points: Breakpoint) -> str:
    """Run until the program waits at a breakpoint; returns the cell's key."""
    controller.session.set_breakpoints(points)
    controller.run_all()
    paused(qtbot, controller)
    return controller.session.document.cells[0].key


def paused(qtbot: QtBot, controller: Controller) -> None:
    qtbot.waitUntil(lambda: controller.pausing.paused, timeout=drive.RUN)


def go(qtbot: QtBot, controller: Controller, command: str = "continue") -> str:
    """Let the program go on until it waits again; returns what the window says."""
    controller.window.actions_by_id[command].trigger()
    paused(qtbot, controller)
    return controller.window.notice.text()


def enter(qtbot: QtBot, controller: Controller, text: str) -> str:
    """Run a line in the console during a pause and return what it said."""
    console = controller.window.console
    QTest.keyClicks(console.prompt, text)
    with qtbot.waitSignal(controller.pausing.said, timeout=drive.RUN):
        QTest.keyClick(console.prompt, Qt.Key.Key_Return)
    return "".join(mime.plain(item) for item in console.column.models[-1].items)


def ended(qtbot: QtBot, controller: Controller) -> None:
    qtbot.waitUntil(lambda: not controller.runs.busy, timeout=drive.RUN)


def test_the_variables_of_a_paused_program_are_seen_and_changed(
    qtbot: QtBot, live: Controller
) -> None:
    key = pause_at(qtbot, live, 7)
    assert "waits before line 7" in live.window.notice.text()
    assert live.window.notebook.current() == key
    assert enter(qtbot, live, "loss") == "tensor(6., grad_fn=<SumBackward0>)"
    assert enter(qtbot, live, "scale = 5") == ""
    assert enter(qtbot, live, "nope").startswith("NameError")
    assert live.runs.kernel.state == "busy"
    assert live.window.kernel_label.text() == "Program waits at a breakpoint"
    tape = live.session.tape
    assert tape is not None
    qtbot.waitUntil(lambda: tape.refresh() or len(tape.ops) == 2, timeout=drive.RUN)
    assert len(tape.passes) == 0  # the backward pass has not begun
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)
    assert drive.texts(live, key) == "[3.0, 3.0] 5\n"
    assert live.window.notice.text() == ""
    assert live.window.kernel_label.text() == "Kernel idle"


def test_a_functions_own_variables_can_be_changed(qtbot: QtBot, live: Controller) -> None:
    key = pause_at(qtbot, live, 5)
    assert enter(qtbot, live, "y = x * 10") == ""
    live.session.set_breakpoints([])  # from when the program goes on
    assert live.pausing.resume()
    ended(qtbot, live)
    assert drive.texts(live, key) == "[10.0, 10.0] None\n"


def test_a_paused_program_can_be_interrupted(qtbot: QtBot, live: Controller) -> None:
    key = pause_at(qtbot, live, 7)
    notice, waits = live.window.notice, live.window.notice.text()
    notice.show_message("Something else.")
    notice.end()  # as its time, its buttons and the cross do
    assert (notice.text(), notice.isVisible()) == (waits, True)
    notice.end()  # a person's wish
    assert notice.text() == ""
    live.window.actions_by_id["interrupt"].trigger()
    ended(qtbot, live)
    said = drive.texts(live, key)
    assert "interrupted while it waited at a breakpoint" in said
    assert "ipykernel" not in said
    assert not live.pausing.paused
    assert drive.ask_kernel(qtbot, live, "1 + 1") == 2


def test_without_live_mode_nothing_waits(qtbot: QtBot, live: Controller) -> None:
    box = live.window.breakpoints.live
    assert box.isChecked()
    box.click()
    assert not live.window.actions_by_id["live"].isChecked()
    key = live.session.document.cells[0].key
    live.session.set_breakpoints([Breakpoint(On.LINE, (key, 7))])
    with qtbot.waitSignal(live.runs.finished, timeout=drive.RUN):
        live.run_all()
    assert drive.texts(live, key) == "[3.0, 3.0] None\n"


def test_what_a_breakpoint_notes_is_printed_while_the_program_runs(
    qtbot: QtBot, live: Controller
) -> None:
    live.window.actions_by_id["live"].trigger()  # nothing waits, and notes are printed anyway
    key = live.session.document.cells[0].key
    points = (
        Breakpoint(On.TYPE, "mul", log="value.sum()"),
        Breakpoint(On.LEAF, "w", log="norm(grad)"),
        Breakpoint(On.TYPE, "sum", enabled=False, log="value"),
    )
    live.session.set_breakpoints(points)
    with qtbot.waitSignal(live.runs.finished, timeout=drive.RUN):
        live.run_all()
    assert drive.texts(live, key).splitlines() == [
        "value.sum() = 6  (mul, y, line 4)",
        "norm(grad) = 4.24264  (AccumulateGrad, w, pass 1)",
        "[3.0, 3.0] None",
    ]


def node_at_playhead(controller: Controller) -> str:
    tape = controller.session.tape
    assert tape is not None
    assert controller.session.playhead == len(tape.events)
    at = Moments(tape).at(controller.session.playhead - 1, {"op", "grad_fn", "backward"})
    return str(at["grad_fn"] if at["backward"] else at["op"])


def test_a_program_waits_inside_an_operation_and_inside_the_pass(
    qtbot: QtBot, live: Controller
) -> None:
    key = pause(
        qtbot, live, Breakpoint(On.TYPE, "mul"), Breakpoint(On.ANY, condition="norm(grad) > 4")
    )
    assert "waits at mul (y, line 4): value is what it computed." in live.window.notice.text()
    assert node_at_playhead(live) == "mul"
    assert live.window.notebook.current() == key
    assert enter(qtbot, live, "value") == "tensor([3., 3.], grad_fn=<MulBackward0>)"
    assert enter(qtbot, live, "x") == "tensor([1., 1.], requires_grad=True)"
    said = go(qtbot, live)
    assert "waits in backward pass 1, at AccumulateGrad (w): grad is" in said
    assert node_at_playhead(live) == "AccumulateGrad"
    assert enter(qtbot, live, "grad, loss.item()") == "(tensor([3., 3.]), 6.0)"
    assert enter(qtbot, live, "scale = w.grad.tolist()") == ""
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)
    assert drive.texts(live, key) == "[3.0, 3.0] [3.0, 3.0]\n"


def test_a_line_is_waited_at_before_it_runs_and_at_its_steps(
    qtbot: QtBot, live: Controller
) -> None:
    key = pause_at(qtbot, live, 4)
    assert "before line 4" in live.window.notice.text()
    cell = live.window.notebook.column.models[0]
    assert cell.lit == {4}  # where it waits, not where something happened last
    listed = live.window.breakpoints.list
    qtbot.waitUntil(lambda: listed.topLevelItem(0).text(0) == "cell 1, line 4")
    begins = Breakpoint(On.LINE, (key, 7), "pass_ == 1")
    live.session.set_breakpoints([*live.session.breakpoints, begins])
    assert "where backward pass 1 begins, line 7." in go(qtbot, live)
    live.session.set_breakpoints(
        [*live.session.breakpoints, Breakpoint(On.ANY, None, "name == 'z'")]
    )
    assert "in backward pass 1, at MulBackward0 (y, line 4)" in go(qtbot, live)
    assert "at sub (z, line 9)" in go(qtbot, live)
    assert enter(qtbot, live, "z.tolist()") == "[-1.0, -1.0]"
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)


def test_a_waiting_program_is_stepped_by_lines_and_by_operations(
    qtbot: QtBot, live: Controller
) -> None:
    pause_at(qtbot, live, 6)
    assert "before line 4" in go(qtbot, live, "step_into")
    assert "before line 5" in go(qtbot, live, "step_over")
    assert "before line 7" in go(qtbot, live, "step_out")
    live.session.set_breakpoints([Breakpoint(On.TYPE, "SumBackward0")])
    assert "at SumBackward0 (loss, line 5)" in go(qtbot, live)
    assert "at MulBackward0 (y, line 4)" in go(qtbot, live, "step_into")
    assert "at AccumulateGrad (w)" in go(qtbot, live, "step_over")
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)


def test_stepping_into_what_calls_back_waits_in_the_next_call_and_in_view(
    qtbot: QtBot, live: Controller, tmp_path: Path
) -> None:
    """As an optimizer calls its closure; a line stays in view when the notebook gets lower."""
    (tmp_path / "b.py").write_text(
        "k = 0\n" * 60 + "def f(x):\n    y = x\n    return y\nlist(map(f, 'ab'))\n"
    )
    drive.open_file(qtbot, live, tmp_path / "b.py")
    pause_at(qtbot, live, 63)
    assert "before line 62" in go(qtbot, live, "step_into")
    assert enter(qtbot, live, "x") == "'b'"
    column, key = live.window.notebook.column, live.session.document.cells[0].key
    column.resize(column.width(), column.height() // 2)
    line = column.widgets[key].editor_line_rect(62)
    top = column.models[0].top + line.top() - column.verticalScrollBar().value()
    assert 0 <= top <= column.viewport().height() - line.height()
    live.window.actions_by_id["interrupt"].trigger()
    ended(qtbot, live)


def test_a_program_that_waits_in_a_pass_can_be_interrupted(qtbot: QtBot, live: Controller) -> None:
    key = pause(qtbot, live, Breakpoint(On.TYPE, "MulBackward0"))
    live.window.actions_by_id["interrupt"].trigger()
    ended(qtbot, live)
    said = drive.texts(live, key)
    assert "interrupted while it waited at a breakpoint" in said
    assert "ipykernel" not in said
    assert drive.ask_kernel(qtbot, live, "w.grad") is None
    tape = live.session.tape
    assert tape is not None
    assert "KeyboardInterrupt" in tape.text(int(tape.ends["error"][0]))


def test_a_breakpoint_at_a_node_holds_in_the_next_run(qtbot: QtBot, live: Controller) -> None:
    """What was set at a node of one recording stops the program of the next at the same."""
    with qtbot.waitSignal(live.runs.finished, timeout=drive.RUN):
        live.run_all()
    tape = live.session.tape
    assert tape is not None
    live.session.select(NodeId(Kind.OP, 1))
    live.window.actions_by_id["breakpoint"].trigger()
    live.window.actions_by_id["restart_run"].trigger()
    paused(qtbot, live)
    assert "waits at sum (loss, line 5)" in live.window.notice.text()
    assert "SumBackward0 (loss, line 5)" in go(qtbot, live)
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)


def test_a_condition_that_has_no_answer_is_told_once(qtbot: QtBot, live: Controller) -> None:
    pause(qtbot, live, Breakpoint(On.ANY, condition="value > 1"))
    assert "condition has no answer" in live.window.notice.text()
    live.window.actions_by_id["continue"].trigger()
    ended(qtbot, live)
