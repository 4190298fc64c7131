"""Training loops, which write in place, for PyTorch and our engine; they have no targets."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

Step = Callable[[], list[Any]]


def mlp(torch: Any, *widths: int, batch: int, optimizer: str, steps: int) -> Step:
    """Modules and an optimizer."""
    nn = torch.nn
    torch.manual_seed(0)
    layers: list[Any] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    stepper = getattr(torch.optim, optimizer)(model.parameters(), lr=1e-3)
    x = np.random.default_rng(0).normal(size=(batch, widths[0])).astype(np.float32)
    inputs, target = torch.from_numpy(x), torch.zeros(batch, dtype=torch.int64)

    def step() -> list[Any]:
        for _ in range(steps):
            stepper.zero_grad()
            nn.functional.cross_entropy(model(inputs), target).backward()
            stepper.step()
        return [p.detach() for p in model.parameters()]

    return step


def rnn(torch: Any, length: int = 100, width: int = 32, rounds: int = 10) -> Step:
    """A recurrent network with plain gradient descent."""
    torch.manual_seed(0)
    w, u = (torch.randn(width, width, requires_grad=True) for _ in range(2))
    x = torch.randn(length, 1, width)

    def step() -> list[Any]:
        for _ in range(rounds):
            h = torch.zeros(1, width)
            for t in range(length):
                h = torch.tanh(x[t] @ w * 0.1 + h @ u * 0.1)
            h.pow(2).mean().backward()
            with torch.no_grad():
                for p in (w, u):
                    p -= 0.01 * p.grad
                    p.grad = None
        return [w.detach(), u.detach()]

    return step


def accumulate(torch: Any, passes: int = 1_000) -> Step:
    """Many small passes into one gradient that stays."""
    w = torch.ones(3, requires_grad=True)

    def step() -> list[Any]:
        w.grad = None
        for i in range(passes):
            (w * float(i % 7)).sum().backward()
        return [w.grad]

    return step


TITLES = {
    "h": "MLP 2-16-16-2, batch 8, 200 × SGD",
    "i": "MLP 2-16-16-2, batch 8, 200 × Adam",
    "j": "MLP 784-1024-10, batch 64, 10 × Adam",
    "k": "RNN 100 × 32, 10 × descent by hand",
    "l": "1,000 small passes into one gradient",
}

PROGRAMS: dict[str, Callable[[Any], Step]] = {
    "h": lambda torch: mlp(torch, 2, 16, 16, 2, batch=8, optimizer="SGD", steps=200),
    "i": lambda torch: mlp(torch, 2, 16, 16, 2, batch=8, optimizer="Adam", steps=200),
    "j": lambda torch: mlp(torch, 784, 1024, 10, batch=64, optimizer="Adam", steps=10),
    "k": rnn,
    "l": accumulate,
}
