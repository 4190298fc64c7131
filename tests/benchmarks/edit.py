"""What an edit of a leaf costs in the real window, from the number typed to the graph shown.

    python -m tests.benchmarks.edit [--profile]

Milliseconds of CPU of the whole process, per graph of about 1,000 operations: until the new tape
is there (evaluate and what differs), until the whole graph shows it, and until a view of readable
cards does. The real window, 1280 x 800, software raster.
"""

from __future__ import annotations

import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtCore import QCoreApplication, QEventLoop

from app.controller import Controller
from app.main import make_application
from app.settings import Settings
from tests import recording
from tests.benchmarks.playback import ready, wait
from ui.graph.types import Kind, NodeId

ROUNDS = 9
CHAIN = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w * 1.0
for i in range(499):
    y = (y * 0.999).tanh() if i % 2 else (y + 0.01).sin()
loss = y.sum()
loss.backward()
"""
SCALARS = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w.sum()
for i in range(499):
    y = (y * 0.999).tanh() if i % 2 else (y + 0.01).sin()
y.backward()
"""
LAYERS = """\
w = torch.linspace(-1, 1, 64).reshape(8, 8).requires_grad_()
y = torch.ones(4, 8)
for i in range(249):
    y = ((y @ w).tanh() + y).relu()
loss = (y * y).mean()
loss.backward()
"""
PROGRAMS = {"chain": CHAIN, "scalars": SCALARS, "layers": LAYERS}


def edit(controller: Controller, at: int) -> tuple[float, float]:
    """Type a number; return CPU milliseconds until it was worked out, and until it was shown."""
    canvas, session = controller.window.graph.canvas, controller.session
    tape = session.tape
    assert tape is not None
    node = NodeId(Kind.LEAF, 0)
    controller.graph.reveal(node)
    settle(controller)
    array = np.array(tape.value(0))
    array.flat[0] = 0.5 + 0.01 * at
    loop = QEventLoop()
    session.counterpart_changed.connect(loop.quit)
    begin = time.process_time()
    controller.what_if.edit(node, array)
    loop.exec()
    worked = time.process_time()
    session.counterpart_changed.disconnect(loop.quit)
    canvas.viewport().repaint()
    while canvas.is_painting():
        QCoreApplication.processEvents()
    return 1000 * (worked - begin), 1000 * (time.process_time() - begin)


def settle(controller: Controller) -> None:
    """Let everything that is due happen."""
    canvas = controller.window.graph.canvas
    for _ in range(20):
        QCoreApplication.processEvents()
    wait(lambda: not canvas.is_animating() and not canvas.is_painting())


def main() -> int:
    make_application()
    with tempfile.TemporaryDirectory() as folder:
        for name, program in PROGRAMS.items():
            path = Path(folder) / f"{name}.tape"
            recording.write(path, program)
            controller = Controller(Settings(Path(folder) / "settings.ini"))
            controller.window.resize(1280, 800)
            controller.window.show()
            controller.files.open(path)
            wait(lambda controller=controller: ready(controller))
            measure(name, controller)
            controller.session.set_dirty(False)
            controller.window.close()
            controller.close()
    return 0


def measure(name: str, controller: Controller) -> None:
    """Print what edits of a tape cost."""
    canvas, tape = controller.window.graph.canvas, controller.session.tape
    assert tape is not None
    profile = cProfile.Profile() if "--profile" in sys.argv else None
    for view in ("whole graph", "readable"):
        if view == "readable":
            canvas.center_on(NodeId(Kind.OP, len(tape.ops) // 2))
        else:
            canvas.fit(animated=False)
        edit(controller, 0)
        if profile:
            profile.enable()
        taken = [edit(controller, at) for at in range(1, ROUNDS)]
        if profile:
            profile.disable()
        worked, shown = (statistics.median(column) for column in zip(*taken, strict=True))
        times = f"evaluated {worked:5.0f} ms, shown {shown:5.0f} ms"
        print(f"{name:9} {len(tape.ops):,} operations, {view:12} {times}")
    if profile:
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    sys.exit(main())
