"""A program that runs with breakpoints: where it waited, and where a replay of its tape stops."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Sequence

import engine as torch
from engine import nn
from engine.tape.breakpoints import GO, Breakpoint, Search
from engine.tape.record.stops import Stop, Stops
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape

PROGRAM = """\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2
    @staticmethod
    def backward(ctx, g):
        return g * 2
model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
w = torch.ones(2, requires_grad=True)
for k in range(3):
    y = model((Double.apply(w) * (k + 1)).unsqueeze(0))
    a, b = torch.cat([y, y * 2], 1).chunk(2, 1)
    loss = ((a + b) * 10 ** k).sum()
    loss.backward()
g, = torch.autograd.grad((w * w).sum(), w, create_graph=True)
with torch.no_grad():
    w -= 0.1 * w.grad
g.sum().backward()
w.grad = None
y = w * 3
"""
FILE = "<cell a>"


def run(
    points: Sequence[Breakpoint],
    wait: Callable[[Stop], str] = lambda stop: GO,
    mode: str = GO,
    note: Callable[[str], object] = print,
    program: str = PROGRAM,
) -> tuple[Tape, list[int], list[Stop]]:
    """Run a program; return its tape, the playheads at which it waited, and why."""
    recorder = Recorder()
    names = {"torch": torch, "nn": nn, "recorder": recorder}
    at, found = list[int](), list[Stop]()

    def waited(stop: Stop) -> str:
        found.append(stop)
        at.append(recorder.asked(lambda transcript: transcript.batch.events.count))
        return wait(stop)

    def cell_of(file: str) -> tuple[str, int]:
        return ("a", 4) if file == FILE else ("", 0)

    torch.manual_seed(0)
    linecache.cache[FILE] = (len(program), None, program.splitlines(keepends=True), FILE)
    stops = Stops(points, waited, cell_of, lambda: names, note)
    stops.step(mode)
    try:
        with recorder:
            recorder.begin_cell("a", program, 4)
            recorder.register_file(FILE, "a")
            recorder.stop_at(stops)
            exec(compile(program, FILE, "exec"), names)
            stops.settle()
            recorder.end_cell(names)
    finally:
        linecache.cache.pop(FILE)
    assert recorder.failure is None
    return recorder.tape(), at, found


def replayed(tape: Tape, point: Breakpoint) -> list[int]:
    return [playhead for playhead, _ in Search(tape, [point]).every(point)]
