"""Random programs: forward operations, passes, and all that people do to leaves and gradients."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine as torch

SHAPES = [(), (3,), (2, 3)]


class Stop(Exception):
    """Raised inside a pass to stop a run there."""


@dataclass
class Run:
    """One execution: its leaves, all tensors so far, and what was seen of the gradients."""

    leaves: list[Any] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    errors: int = 0

    def __post_init__(self) -> None:
        for i, shape in enumerate(SHAPES):
            start = np.arange(1, 1 + int(np.prod(shape))).reshape(shape) / (2.5 + i)
            leaf = torch.tensor(start.tolist(), requires_grad=True)
            self.leaves.append(leaf)
            self.made.append(leaf)

    def pick(self, i: int) -> Any:
        return self.made[i % len(self.made)]

    def leaf(self, i: int) -> Any:
        return self.leaves[i % len(self.leaves)]

    def grads(self) -> list[bytes | None]:
        """Return the bits of every leaf's .grad."""
        return [None if t.grad is None else bits(t.grad) for t in self.leaves]


def bits(tensor: Any) -> bytes:
    return bytes(np.asarray(tensor.detach().numpy()).tobytes())


def _op(run: Run, kind: int, a: int, b: int) -> None:
    x, y = run.pick(a), run.pick(b)
    unary = [
        lambda: x.tanh(),
        lambda: x.sum(),
        lambda: x * 0.75,
        lambda: x.exp().tanh(),
        lambda: x + 0,
    ]
    binary = [lambda: x + y, lambda: x * y, lambda: x - y, lambda: x * x]
    choices = unary + binary
    if x.dim() == 2:
        choices = [*choices, lambda: x.t().t(), lambda: x[0]]
    run.made.append(choices[kind % len(choices)]())


def _backward(run: Run, a: int, retain: bool, create: bool) -> None:
    run.pick(a).sum().backward(retain_graph=retain or create, create_graph=create)


def _backward_with(run: Run, a: int, retain: bool) -> None:
    root = run.pick(a)
    root.backward(torch.ones_like(root) * 1.5, retain_graph=retain)


def _grad(run: Run, a: int, b: int) -> None:
    torch.autograd.grad(run.pick(a).sum(), [run.leaf(b)], retain_graph=True, allow_unused=True)


def _change_grad(run: Run, kind: int, i: int) -> None:
    leaf = run.leaf(i)
    grad = leaf.grad
    with torch.no_grad():
        if kind == 0:
            leaf.grad = None
        elif kind == 1:
            leaf.grad = torch.full_like(leaf.detach(), 0.5)
        elif grad is None:
            return
        elif kind == 2:
            grad.zero_()
        elif kind == 3:
            grad.mul_(-0.5)
        elif kind == 4:
            grad.data.zero_()
        elif kind == 5:
            leaf.grad = grad * 2
        elif kind == 6 and grad.dim():
            grad[0] = 7.0
        elif kind == 7:
            grad.detach().add_(1)


def _change_leaf(run: Run, kind: int, i: int) -> None:
    leaf = run.leaf(i)
    if kind == 0:
        with torch.no_grad():
            leaf.add_(0.125)
    elif kind == 1:
        leaf.data.mul_(0.5)
    elif kind == 2:
        with torch.no_grad():
            leaf.copy_(leaf * 0.25)
    elif leaf.grad is not None:
        with torch.no_grad():
            leaf -= 0.1 * leaf.grad


def _write(run: Run, a: int) -> None:
    tensor = run.pick(a)
    if not tensor.is_leaf:
        tensor.mul_(0.5)


def _hook(run: Run, a: int, i: int) -> None:
    tensor = run.pick(a)
    if i % 2:
        tensor.register_hook(lambda grad: grad * 2)
    else:
        tensor.register_hook(lambda grad: None)


ACTIONS = {
    "op": _op, "backward": _backward, "backward_with": _backward_with, "grad": _grad,
    "change_grad": _change_grad, "change_leaf": _change_leaf, "write": _write, "hook": _hook,
}  # fmt: skip

_number = st.integers(0, 15)
_ops = st.tuples(st.just("op"), _number, _number, _number)
_steps = st.one_of(
    _ops, _ops, _ops,
    st.tuples(st.just("backward"), _number, st.booleans(), st.sampled_from([False] * 5 + [True])),
    st.tuples(st.just("backward_with"), _number, st.booleans()),
    st.tuples(st.just("grad"), _number, _number),
    st.tuples(st.just("change_grad"), st.integers(0, 7), _number),
    st.tuples(st.just("change_leaf"), st.integers(0, 3), _number),
    st.tuples(st.just("write"), _number),
    st.tuples(st.just("hook"), _number, _number),
)  # fmt: skip
programs = st.lists(_steps, min_size=3, max_size=25)


def perform(run: Run, step: tuple[Any, ...]) -> None:
    """Do one step; what PyTorch forbids raises and is counted."""
    try:
        ACTIONS[step[0]](run, *step[1:])
    except RuntimeError:
        run.errors += 1
