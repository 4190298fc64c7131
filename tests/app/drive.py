"""What a person does in the window, as functions that wait until it has happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QMessageBox
from pytestqt.qtbot import QtBot

from app.controller import Controller
from app.documents import Cell
from engine.tape.schema import ValueFlag
from tests import recording
from ui.graph.types import Kind, NodeId

RUN = 60_000  # milliseconds that a run may take
Show = Callable[..., list[Cell]]  # what the fixture `show` gives
ACCUMULATE = """\
import torch
x = torch.tensor([1.0, 2.0], requires_grad=True)
for _ in range(3):
    (x * x).sum().backward()
"""


def end(controller: Controller) -> None:
    """Close a window and let it go, as a closed tab does, now and not in a later test."""
    controller.session.set_dirty(False)
    controller.window.close()
    controller.close()
    controller.window.deleteLater()
    controller.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def script(folder: Path, *cells: str) -> Path:
    """Write a script of these cells."""
    path = folder / "program.py"
    path.write_text("".join(f"# %%\n{cell}\n" for cell in cells), "utf-8")
    return path


def open_file(qtbot: QtBot, controller: Controller, path: Path) -> None:
    """Open a file and, unless it is a tape, wait until its kernel is there."""
    if path.suffix == ".tape":
        assert controller.files.open(path)
    else:
        with qtbot.waitSignal(controller.runs.kernel.tape_ready, timeout=RUN):
            assert controller.files.open(path)
    assert controller.window.notice.text() == ""


def write_tape(path: Path, program: str) -> Path:
    """Record a program as one cell, without a kernel; `torch` is there."""
    return recording.write(path, program)


def run_all(qtbot: QtBot, controller: Controller) -> None:
    """Press Run All and wait for the last cell and for the graph of what it recorded."""
    with qtbot.waitSignal(controller.runs.finished, timeout=RUN):
        controller.window.actions_by_id["run_all"].trigger()
    wait_for_graph(qtbot, controller)


def wait_for_graph(qtbot: QtBot, controller: Controller) -> None:
    """Wait until the canvas shows the whole tape."""
    qtbot.waitUntil(lambda: is_drawn(controller), timeout=RUN)


def is_drawn(controller: Controller) -> bool:
    """Whether the picture on the canvas is of the tape as it is now."""
    picture, tape = controller.graph.picture, controller.session.tape
    if picture is None or tape is None or controller.graph.pictures.busy:
        return False
    shown = sum(len(graph.ops) for graph in controller.session.graphs)
    outside = int((tape.ops["pass_"] >= 0).sum()) if len(tape.ops) else 0
    return shown + outside >= len(tape.ops)


def texts(controller: Controller, key: str) -> str:
    """Return all text that stands below a cell."""
    parts: list[str] = []
    for output in controller.session.cell(key).outputs:
        data: dict[str, Any] = output.get("data", {})
        trace = "\n".join(output.get("traceback", []))
        parts.append(str(output.get("text", "")) + str(data.get("text/plain", "")) + trace)
    return "\n".join(parts)


def ask_kernel(qtbot: QtBot, controller: Controller, expression: str) -> Any:
    """Evaluate a JSON-able expression in the kernel, past the notebook."""
    said: list[str] = []

    def hear(key: str, outputs: list[dict[str, Any]]) -> None:
        if key == "probe":
            said.extend(str(output.get("text", output)) for output in outputs)

    kernel = controller.runs.kernel
    kernel.outputs.connect(hear)
    source = f"import json as _json; print(_json.dumps({expression}))"
    with qtbot.waitSignal(
        kernel.finished, timeout=RUN, check_params_cb=lambda key, _: key == "probe"
    ):
        kernel.execute("probe", source)
    kernel.outputs.disconnect(hear)
    qtbot.waitUntil(lambda: not controller.runs.busy, timeout=RUN)  # or it ends in what comes next
    return json.loads("".join(said))


def answer(controller: Controller, button: QMessageBox.StandardButton) -> None:
    """Answer the question about unsaved changes."""
    question = controller.files.leaving.question
    assert question is not None
    assert question.isVisible()
    question.button(button).click()


#: What is in a list is called by its place there, whatever a loop called it last.
GRADS = (
    "{name: thing.grad.tolist() for name, thing in globals().items() "
    "if name[0] != '_' and type(thing).__name__ == 'Tensor' "
    "and thing.is_leaf and thing.grad is not None and not any(thing is one "
    "for many in list(globals().values()) if type(many) is list for one in many)}"
)


def leaf(controller: Controller, name: str) -> NodeId:
    """Return the newest leaf node of the tensor that is called `name` at the end of the tape."""
    tape = controller.session.tape
    assert tape is not None
    for value in reversed(range(len(tape.values))):
        row = tape.values[value]
        if row["flags"] & ValueFlag.LEAF and tape.name_of(int(row["tensor"])) == name:
            return NodeId(Kind.LEAF, value)
    raise AssertionError(f"no leaf is called {name}")


def shown_grad(controller: Controller, node: NodeId) -> np.ndarray:
    """Select a leaf and return the `.grad` that the inspector shows at the playhead."""
    controller.session.select(node)
    view = controller.window.inspector.shown()
    assert view is not None
    assert view.node == node
    assert view.gradient is not None
    assert view.gradient.array is not None
    return view.gradient.array
