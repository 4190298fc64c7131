"""Programs as people write them: the gradients on the tape are theirs, bit for bit."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from often import take_down_often

import engine as torch
from engine.tape import replay
from engine.tape.record import transcript
from engine.tape.recorder import Recorder
from engine.tape.schema import Event, OpFlag, ValueFlag
from engine.tape.summary import summarize
from engine.tape.tape import Tape

nn = torch.nn
Program = Callable[[], list[Any]]
PROGRAMS: dict[str, Program] = {}


def program(fn: Program) -> Program:
    PROGRAMS[fn.__name__] = fn
    return fn


def leaf(*shape: int, seed: int = 0, **kwargs: Any) -> Any:
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return torch.tensor(values.tolist(), requires_grad=True, **kwargs)


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, scale: float) -> Any:
        y = x * x * x
        ctx.save_for_backward(x, y)
        ctx.scale = scale
        return y * scale

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * 3 * x * x * ctx.scale + 0 * y, None


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Nearest(torch.autograd.Function):
    """A layer that looks for its result by descending, in its forward."""

    @staticmethod
    def forward(ctx: Any, x: Any, w: Any) -> Any:
        y, goal = torch.zeros(3, requires_grad=True), x * w
        with torch.enable_grad():
            for _ in range(4):
                ((y.tanh() - goal) ** 2).sum().backward()
                with torch.no_grad():
                    y -= 0.25 * y.grad
                y.grad = None
            ctx.residual = y - goal
        ctx.save_for_backward(y.detach())
        return y

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        return g * y + ctx.residual.detach(), g * 0.5


class Halves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x[:2].clone(), x[2:].clone()

    @staticmethod
    def backward(ctx: Any, a: Any, b: Any) -> Any:
        return torch.cat([a, b])


class Broken(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise ValueError("no gradient today")


@program
def functions_of_ones_own() -> list[Any]:
    x = leaf(3)
    y = Cube.apply(x, 0.5)
    (y * y).sum().backward()
    Cube.apply(x, 2.0).sum().backward()
    return [x]


@program
def functions_that_write_in_place() -> list[Any]:
    x = leaf(3)
    for _ in range(3):
        y = x * 3
        z = Doubled.apply(y)
        (z.sin() + y).sum().backward()
    return [x]


@program
def functions_that_run_passes_in_their_forward() -> list[Any]:
    x, w = leaf(3), leaf(3, seed=1)
    for _ in range(12):
        y = Nearest.apply(x * 2, w)
        (y * y + Cube.apply(x, 0.5)).sum().backward()
    with torch.no_grad():
        x.grad.mul_(0.5)
        Nearest.apply(x, w)
    return [x, w]


@program
def functions_of_several_outputs() -> list[Any]:
    x = leaf(4)
    a, _ = Halves.apply(x)
    a.sum().backward()
    a, b = Halves.apply(x)
    (a * b).sum().backward()
    return [x]


@program
def bfloat16() -> list[Any]:
    w, x = leaf(4, 3, dtype=torch.bfloat16), leaf(3, seed=1, dtype=torch.bfloat16)
    for _ in range(5):
        y = (w * x).tanh()
        (y.sum(1) * y.sum()).sum().backward()
        with torch.no_grad():
            w -= 0.1 * w.grad
    return [w, x]


@program
def loops_without_gradients() -> list[Any]:
    w = leaf(3)
    with torch.no_grad():
        for i in range(300):
            w.add_(0.001 * i)
            w.clamp_(-1, 1)
    (w * w).sum().backward()
    with torch.no_grad():
        for _ in range(5):
            w.grad.mul_(0.5)
            w -= w.grad
    return [w]


@program
def errors_inside_a_pass() -> list[Any]:
    x, y = leaf(2), leaf(2, seed=1)
    with pytest.raises(ValueError, match="no gradient"):
        (Broken.apply(x * 2) + y.exp()).sum().backward()
    (x * y).sum().backward()
    hook = x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * y).sum().backward()
    hook.remove()
    (x * y).sum().backward()
    return [x, y]


@program
def gradients_of_gradients() -> list[Any]:
    x, w = leaf(3), leaf(3, seed=1)
    y = (x.tanh() * w).sum()
    (g,) = torch.autograd.grad(y, x, create_graph=True)
    (h,) = torch.autograd.grad((g * g).sum(), x, create_graph=True)
    (y + (h * h).sum()).backward()
    return [x, w]


@program
def passes_inside_passes() -> list[Any]:
    x, w = leaf(3), leaf(3, seed=1)

    def nested(g: Any) -> Any:
        with torch.enable_grad():
            (inner,) = torch.autograd.grad((w * w).sum(), w)
        return g + inner

    y = x * 2
    y.register_hook(nested)
    y.sum().backward()
    return [x, w]


@program
def checkpoints() -> list[Any]:
    from engine.utils.checkpoint import checkpoint

    layer, x = nn.Linear(3, 3), leaf(2, 3)
    for reentrant in (False, True):
        checkpoint(lambda t: layer(t).tanh(), x, use_reentrant=reentrant).sum().backward()
    inner = functools.partial(checkpoint, lambda t: layer(t).tanh(), use_reentrant=True)
    checkpoint(lambda t: inner(t), x, use_reentrant=True).sum().backward()
    return [x, *layer.parameters()]


def _recurrent(kind: str) -> Program:
    def run() -> list[Any]:
        torch.manual_seed(0)
        model = getattr(nn, kind)(3, 4, num_layers=2, batch_first=True)
        head = nn.Linear(4, 2)
        parameters = [*model.parameters(), *head.parameters()]
        stepper = torch.optim.Adam(parameters, lr=0.01)
        x = torch.randn(2, 5, 3)
        for _ in range(3):
            stepper.zero_grad()
            out, _ = model(x)
            head(out[:, -1]).pow(2).mean().backward()
            torch.nn.utils.clip_grad_norm_(parameters, 0.5)
            stepper.step()
        return parameters

    return run


PROGRAMS |= {kind: _recurrent(kind) for kind in ("RNN", "LSTM", "GRU")}


def _training(optimizer: str, set_to_none: bool) -> Program:
    def run() -> list[Any]:
        from engine.utils.data import DataLoader, TensorDataset

        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3)
        )
        data = TensorDataset(torch.randn(20, 4), torch.arange(20) % 3)
        stepper = getattr(torch.optim, optimizer)(model.parameters(), lr=0.05)
        for _ in range(2):
            for x, y in DataLoader(data, batch_size=6, shuffle=True):
                stepper.zero_grad(set_to_none=set_to_none)
                nn.functional.cross_entropy(model(x), y).backward()
                stepper.step()
        return list(model.parameters())

    return run


PROGRAMS |= {
    f"{optimizer}, {'None' if none else 'zeros'}": _training(optimizer, none)
    for optimizer in ("SGD", "Adam")
    for none in (True, False)
}


@program
def many_small_steps() -> list[Any]:
    """Longer than one batch of the drain, with all kinds of entries in it."""
    w, b = leaf(3), leaf(1)
    for i in range(200):
        loss = ((w * float(i % 3) + b).tanh() ** 2).mean()
        loss.backward()
        if i % 50 == 49:
            w.grad, b.grad = None, torch.zeros(1)
    return [w, b]


def _flushing(every: int) -> Callable[[Recorder], None]:
    """Return what makes a recorder take down what it has every so many entries."""

    def prepare(recorder: Recorder) -> None:
        take_down_often(recorder, every)

    return prepare


def _bits(tensor: Any) -> bytes:
    tensor = tensor.detach()
    return bytes(
        (tensor.to(torch.float32) if tensor.dtype is torch.bfloat16 else tensor).numpy().tobytes()
    )


def _number(tensor: Any) -> int:
    return int(tensor._tid) % (1 << 40)


@pytest.mark.parametrize("every", [1, 7, 128, 1 << 30])
@pytest.mark.parametrize("name", PROGRAMS)
def test_the_gradients_on_the_tape_are_those_of_the_program(name: str, every: int) -> None:
    torch.manual_seed(0)
    wanted = [None if t.grad is None else _bits(t.grad) for t in PROGRAMS[name]()]
    torch.manual_seed(0)
    recorder = Recorder()
    _flushing(every)(recorder)
    with recorder:
        leaves = PROGRAMS[name]()
    tape = recorder.tape()
    assert recorder.failure is None
    for tensor, plain in zip(leaves, wanted, strict=True):
        found = replay.grad_at(tape, _number(tensor), len(tape.events))
        assert (found is None) == (tensor.grad is None)
        assert found is None or found.tobytes() == _bits(tensor.grad) == plain
        values = np.flatnonzero(tape.values["tensor"] == _number(tensor))
        assert tape.value(int(values[-1])).tobytes() == _bits(tensor)
    summary = summarize(tape)
    json.dumps(summary, allow_nan=False)
    assert summary["steps"] == len(tape.steps) > 0
    assert all(one["ended"] for one in summary["per_pass"])


def _taken_down(name: str, every: int) -> dict[str, list[Any]]:
    torch.manual_seed(0)
    recorder = Recorder()
    _flushing(every)(recorder)
    with recorder:
        leaves = PROGRAMS[name]()
    del leaves
    assert recorder.failure is None
    return _readable(recorder.tape())


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rows_do_not_depend_on_when_they_are_taken_down(name: str) -> None:
    one, other = _taken_down(name, 1), _taken_down(name, 1 << 30)
    for table, rows in one.items():
        assert rows == other[table], table


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_rows_do_not_depend_on_how_many_are_written_together(name: str, monkeypatch) -> None:
    monkeypatch.setattr(transcript, "_LONG", 1 << 30)
    one = _taken_down(name, 1 << 30)
    monkeypatch.setattr(transcript, "_LONG", 1)
    other = _taken_down(name, 1 << 30)
    for table, rows in one.items():
        assert rows == other[table], table


_ADDRESS = re.compile(" at 0x[0-9a-f]+")
#: Columns that are texts: their numbers depend on which was met first.
_TEXTS = {
    "ops": ("name", "params"),
    "nodes": ("name",),
    "saved": ("name", "text"),
    "names": ("text",),
}


def _readable(tape: Tape) -> dict[str, list[Any]]:
    """Return rows with texts, and arrays by content, in place of what depends on batches."""
    found: dict[str, list[Any]] = {}
    for table in ("ops", "inputs", "edges", "saved", "passes", "steps", "ends", "grads", "nodes"):
        rows = getattr(tape, table)
        texts = _TEXTS.get(table, ())
        plain = [name for name in rows.dtype.names if name not in (*texts, "seq")]
        found[table] = rows[plain].tolist()
        found[f"{table} texts"] = [
            [_ADDRESS.sub("", tape.text(int(i))) for i in rows[name]] for name in texts
        ]
    found["events"] = tape.events[["kind", "ref"]].tolist()
    found["tensors"] = tape.values[[n for n in tape.values.dtype.names if n != "array"]].tolist()
    found["sent"] = [_content(tape, row) for row in tape.contributions["array"]]
    found["given"] = [_content(tape, row) for row in tape.cotangents["array"]]
    found["values"] = [
        None if content is None else (content.shape, content.tobytes())
        for content in map(tape.value, range(len(tape.values)))
    ]
    return found


def _content(tape: Tape, row: Any) -> Any:
    return None if row < 0 else (tape.array(int(row)).shape, tape.array(int(row)).tobytes())


def test_a_function_of_ones_own_is_one_operation_with_what_it_saved() -> None:
    with Recorder() as recorder:
        x = leaf(3)
        Cube.apply(x, 0.5).sum().backward()
    tape = recorder.tape()
    assert [tape.text(int(n)) for n in tape.ops["name"]][:2] == ["Cube", "sum"]
    node = tape.nodes[int(tape.ops["node"][0])]
    assert tape.text(int(node["name"])) == "CubeBackward"
    saved = tape.saved[int(node["saved0"]) :][: int(node["n_saved"])]
    assert [tape.text(int(s["name"])) for s in saved] == ["saved_tensors[0]", "saved_tensors[1]"]
    assert int(saved["value"][0]) == 0


def test_a_function_that_writes_in_place_is_an_inplace_operation() -> None:
    with Recorder() as recorder:
        y = leaf(3) * 3
        Doubled.apply(y).sum().backward()
    tape = recorder.tape()
    row = [tape.text(int(name)) for name in tape.ops["name"]].index("Doubled")
    assert tape.ops["flags"][row] & OpFlag.INPLACE
    assert tape.value(int(tape.ops["out0"][row])).tobytes() == _bits(y)


def test_an_error_inside_a_pass_is_at_its_end_and_the_next_pass_is_whole() -> None:
    with Recorder() as recorder:
        errors_inside_a_pass()
    tape = recorder.tape()
    errors = [tape.text(int(e)) for e in tape.ends["error"]]
    assert errors == [
        "ValueError: no gradient today", "", "ZeroDivisionError: division by zero", "",
    ]  # fmt: skip


@pytest.mark.parametrize("place", [False, True])
def test_an_assigned_gradient_has_the_place_that_the_engine_tells(place: bool) -> None:
    from engine import recording

    with Recorder() as recorder:
        w = torch.ones(2, requires_grad=True)
        (w * 2).sum().backward()
        log = recording.log
        assert log is not None
        code = test_an_assigned_gradient_has_the_place_that_the_engine_tells.__code__
        w._grad = None
        log.append((recording.GRAD, w, None, code, 0) if place else (recording.GRAD, w, None))
    tape = recorder.tape()
    last = replay.ledger(tape, _number(w))[-1]
    assert last.kind.name == "CLEAR"
    assert (last.source is not None) == place
    if last.source is not None:
        assert last.source.file == __file__
        assert last.source.line == code.co_firstlineno


def test_leaves_that_modules_hold_are_parameters() -> None:
    with Recorder() as recorder:
        parameters = PROGRAMS["LSTM"]()
    tape = recorder.tape()
    flags = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD | ValueFlag.PARAMETER
    leaves = {int(t) for t in tape.values["tensor"][(tape.values["flags"] & flags) == flags]}
    assert leaves >= {_number(p) for p in parameters}
    assert (tape.events["kind"] == Event.PASS).sum() == 3
