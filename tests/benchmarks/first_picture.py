"""How long a tape takes from its file to its first picture on the canvas, and the memory for it.

Used by `python -m tests.benchmarks.canvas`. The tape is a recurrent chain with its backward pass;
seconds are the processor's and, in brackets, the clock's, of a process that has imported what a
window begins with: loading networkx and the layout counts, as it does after a start.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PER_ROUND = 6  # mul, add, tanh and their grad_fns
SIZE = (1600, 900)


def measured(nodes: int) -> str:
    """Record a tape of about so many nodes, show it, and say what that took."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "chain.tape"
        _in_process("make", str(path), str(nodes // PER_ROUND))
        found = json.loads(_in_process("show", str(path)))
    words = f"{found['cpu']:6.2f} s ({found['wall']:.2f} s)"
    return f"{words}, {found['shown']:,} nodes shown, {found['memory']:,.0f} MB at most in all"


def _in_process(*words: str) -> str:
    args = [sys.executable, "-m", "tests.benchmarks.first_picture", *words]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.run(
        args, stdout=subprocess.PIPE, env=environment, check=True, text=True
    ).stdout


def make(path: Path, rounds: int) -> None:
    """Record a program of so many rounds."""
    import engine as torch
    from engine.tape.recorder import Recorder

    recorder = Recorder(path)
    with recorder:
        x, w = torch.ones(16, requires_grad=True), torch.full((16,), 0.9, requires_grad=True)
        y = x
        for _ in range(rounds):
            y = torch.tanh(y * w + 0.1)
        y.sum().backward()
    recorder.finish()


def show(path: Path) -> dict[str, float]:
    """Open, lay out and paint a tape as the window does."""
    from PySide6.QtWidgets import QApplication

    from app.pictures import Wish, picture_of
    from engine.tape.replay import state_at
    from engine.tape.tape import Tape
    from ui.graph.canvas import GraphCanvas
    from ui.theme import load

    application = QApplication(["tapedeck"])
    canvas = GraphCanvas(load("dark"))
    canvas.resize(*SIZE)
    canvas.show()
    while not (canvas.windowHandle() and canvas.windowHandle().isExposed()):
        application.processEvents()
    wall, cpu = time.perf_counter(), time.process_time()
    tape = Tape.open(path)
    playhead = int(tape.passes["event"][0])
    wish = Wish(None, playhead)
    gc.disable()  # as the window's worker does
    picture = picture_of(tape, tape.snapshot(), wish, None, lambda: False)
    gc.enable()
    assert picture is not None
    canvas.set_graph(picture.graph, picture.layout, scene=picture.scene)
    canvas.set_state(picture.tint.state(state_at(tape, playhead)))
    canvas.viewport().repaint()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    canvas.finish_painting()
    canvas.viewport().repaint()
    return {"cpu": cpu, "wall": wall, "memory": _peak(), "shown": len(picture.layout.ids)}


def _peak() -> float:
    """Return the most memory that the process had, in MB; getrusage would count its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        print(json.dumps(show(Path(sys.argv[2]))))
