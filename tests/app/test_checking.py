"""A person's own Functions are checked where their code is: in the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.cli import main
from app.controller import Controller
from tests.app import drive

PROGRAM = """\
import torch
class Scaled(torch.autograd.Function):
    calls = 0
    @staticmethod
    def forward(ctx, factor, x, power=2):
        Scaled.calls += 1
        ctx.save_for_backward(x)
        ctx.factor = factor
        return factor * x ** 2
    @staticmethod
    def backward(ctx, g):
        x, = ctx.saved_tensors
        return None, FACTOR * ctx.factor * x * g, None
w = torch.tensor([1.0, 2.0, -3.0], requires_grad=True)
loss = Scaled.apply(3.0, w * 2).sin().sum()
loss.backward()
"""


def check(qtbot: QtBot, controller: Controller, folder: Path, factor: str) -> str:
    """Run the program, check all gradients, and return what the window says."""
    (folder / "a.py").write_text(PROGRAM.replace("FACTOR", factor))
    drive.open_file(qtbot, controller, folder / "a.py")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    drive.wait_for_graph(qtbot, controller)
    with qtbot.waitSignal(controller.runs.kernel.checked, timeout=drive.RUN):
        controller.window.actions_by_id["check_all"].trigger()
    return controller.window.notice.text()


def test_a_wrong_backward_of_a_function_is_found_and_named(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    said = check(qtbot, controller, tmp_path, "1")
    assert "4 backward nodes measured: 1 sends a wrong gradient." in said
    (found,) = [f for f in controller.window.problems.model.rows if f.cause == "wrong-backward"]
    assert found.title == "ScaledBackward sends 0.5 times the right gradient"
    assert found.culprit.source is not None
    assert found.culprit.source.line == 11
    assert drive.ask_kernel(qtbot, controller, "Scaled.calls") == 1  # the check left no trace


def test_a_right_backward_is_right(qtbot: QtBot, controller: Controller, tmp_path: Path) -> None:
    assert "4 backward nodes measured: all are right." in check(qtbot, controller, tmp_path, "2")


def test_a_function_that_was_not_measured_is_told_of_and_measured_by_a_click(
    qtbot: QtBot, controller: Controller, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(PROGRAM.replace("FACTOR", "1"))
    drive.open_file(qtbot, controller, tmp_path / "a.py")
    with qtbot.waitSignal(controller.runs.finished, timeout=drive.RUN):
        controller.run_all()
    panel = controller.window.problems
    said = "Nothing looks wrong. 1 Function of yours is not measured."
    qtbot.waitUntil(lambda: panel.sentence.text() == said, timeout=drive.RUN)
    with qtbot.waitSignal(controller.runs.kernel.checked, timeout=drive.RUN):
        panel.measure.click()
    assert panel.sentence.text() == "1 error"
    assert panel.measure.isHidden()


@pytest.mark.parametrize(("factor", "status", "said"), [
    ("1", 1, "ScaledBackward sends 0.5 times the right gradient"),
    ("2", 0, "4 backward nodes measured: all are right."),
])  # fmt: skip
def test_a_recording_can_be_checked_as_it_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], factor: str, status: int, said: str
) -> None:
    (tmp_path / "a.py").write_text(PROGRAM.replace("FACTOR", factor))
    output = str(tmp_path / "a.tape")
    assert main(["record", str(tmp_path / "a.py"), "-o", output, "--check"]) == status
    assert said in capsys.readouterr().out
