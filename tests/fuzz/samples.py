"""Small tapes of every kind of thing that a tape can hold: what the fuzzer damages."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engine as torch
from engine.tape.recorder import Recorder

nn = torch.nn


class Swap(torch.autograd.Function):
    """Two outputs, a saved tensor and a constant on ctx."""

    @staticmethod
    def forward(ctx: Any, x: Any, y: Any) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = 2.0
        return y * ctx.factor, x.clone()

    @staticmethod
    def backward(ctx: Any, a: Any, b: Any) -> Any:
        return b, a * ctx.factor


def _training(recorder: Recorder) -> None:
    """Two iterations of a small network: modules, an optimizer, names, cells, prints."""
    torch.manual_seed(0)
    recorder.begin_cell("cell-1", "net = make()\ntrain(net)", 1)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    x, y = torch.ones(5, 3), torch.zeros(5, 1)
    for _ in range(2):
        optimizer.zero_grad()
        loss = ((net(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        recorder.printed(f"loss {loss.item():.4f} ✓")
        recorder.flush()  # a segment
    recorder.end_cell({"net": net, "x": x, "y": y, "loss": loss})


def _calculus(recorder: Recorder) -> None:
    """Higher derivatives, hooks, several outputs, retained graphs, and what raises."""
    recorder.begin_cell("cell-1", "x = torch.tensor(2.0)", 1)
    x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    w = torch.tensor(2.0, requires_grad=True)
    x.register_hook(lambda grad: grad * 2)
    a, b = Swap.apply(x * w, x + w)
    total = (a * b).sum() + x.unbind(0)[1]
    total.backward(retain_graph=True)
    recorder.flush()
    (slope,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    slope.sum().backward()
    total.backward()
    try:
        total.backward()
    except RuntimeError as error:
        recorder.error(error)
    recorder.end_cell({"x": x, "w": w, "total": total, "slope": slope})


def _memory(recorder: Recorder) -> None:
    """Element types, views, writes in place, uniform and turned arrays, every change of a .grad."""
    recorder.begin_cell("cell-1", "w = torch.ones(70, 80)", -1)
    w = torch.ones(70, 80, requires_grad=True)
    half = torch.ones(3, dtype=torch.bfloat16, requires_grad=True)
    z = torch.tensor([1 + 2j], requires_grad=True)
    mask = torch.arange(70) > 3
    rows = (w.t() * 2).t()[mask].expand(2, -1, 80)
    rows.sum().backward()
    (half * 3).sum().backward()
    (z * z.conj()).sum().real.backward()
    with torch.no_grad():
        w.add_(0.5)
        w.grad.zero_()
        w[0] = 7.0
    w.grad = torch.full_like(w, 0.25)
    (w * w).sum().backward()
    w.grad = None
    buffer = torch.zeros(4)
    buffer[1:].mul_(2).add_(w[0, :3].detach())
    recorder.end_cell({"w": w, "half": half, "z": z, "mask": mask})
    recorder.flush()
    recorder.begin_cell("cell-2", "for step in range(40): ...", 2)
    v = torch.ones(2, requires_grad=True)
    for _ in range(40):
        (v * 3).sum().backward()
    recorder.end_cell({"v": v})


PROGRAMS: dict[str, Callable[[Recorder], None]] = {
    "training": _training, "calculus": _calculus, "memory": _memory,
}  # fmt: skip


@functools.cache
def sample(name: str, finished: bool = True) -> bytes:
    """Return the bytes of a tape: as it is saved, or as a spool that the program still writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sample.tape"
        recorder = Recorder(path)
        with recorder:
            PROGRAMS[name](recorder)
        recorder.flush()
        unfinished = path.read_bytes()
        recorder.finish()
        return path.read_bytes() if finished else unfinished
