"""Programs as people write them, each of which returns its leaves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from programs import Broken, Doubled

import engine as torch

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
    with pytest.raises(RuntimeError, match="no gradient"):
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
