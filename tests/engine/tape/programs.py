"""Random programs: forward operations, passes, and all that people do to leaves and gradients."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

import engine as torch
from engine.utils.checkpoint import checkpoint

SHAPES = [(), (3,), (2, 3), (3,)]
DTYPES = [torch.float32, torch.float32, torch.float32, torch.bfloat16]


class Stop(Exception):
    """Raised inside a pass to stop a run there."""


class Doubled(torch.autograd.Function):
    """Writes its input in place, and says so."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.mark_dirty(x)
        return x.mul_(2)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g * 2


class Halved(torch.autograd.Function):
    """Writes its input in place through another tensor, and hands out a result of its own."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        x.data.mul_(0.5)
        return x + 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        return g * x


class Broken(torch.autograd.Function):
    """Raises in the middle of a pass."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        raise RuntimeError("no gradient today")


class Cleared(torch.autograd.Function):
    """Writes the .grad of its input in place in its forward."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        if x.is_leaf and x.grad is not None:
            x.grad.zero_()
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g


class Failing(torch.autograd.Function):
    """Writes the .grad of its input through another tensor in its forward, and raises."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        if x.is_leaf and x.grad is not None:
            x.grad.detach().add_(1)
        raise RuntimeError("no result today")


class Forgetting(torch.autograd.Function):
    """Assigns the .grad of its input in its forward, and those of all leaves inside a pass."""

    @staticmethod
    def forward(ctx: Any, x: Any, run: Run) -> Any:
        ctx.run = run
        if x.is_leaf and x.grad is not None:
            x.grad.data.zero_()
            x.grad = torch.full_like(x, 2.0)
            run.changed()
            x.grad.add_(1)
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        for leaf in ctx.run.leaves:
            leaf.grad = None if leaf.dim() else torch.ones_like(leaf)
            ctx.run.changed()
        return g, None


class Inner(torch.autograd.Function):
    """Descends in its forward: writes its input, runs passes of its own, and hands out what it found.

    A pass also adds to the .grad of the leaf that it is given, which it writes between passes.
    """

    @staticmethod
    def forward(ctx: Any, x: Any, leaf: Any, kind: int, run: Run) -> Any:
        y = x.detach().clone().requires_grad_()
        if leaf.grad is not None and kind & 1:
            leaf.grad.mul_(0.5)
            run.changed()
        if kind & 2 and not (x.is_leaf and x.requires_grad):
            x.data.add_(0.25)
        with torch.enable_grad():
            for _ in range(2):
                ((y * 3).tanh() + leaf.sum()).sum().backward()
                with torch.no_grad():
                    y -= 0.1 * y.grad
                leaf.grad.detach().mul_(0.75)
                run.changed()
            ctx.z = y * 2
        leaf.grad.data.add_(0.125)
        run.changed()
        if kind & 4:
            raise RuntimeError("no result after passes")
        ctx.save_for_backward(y)
        ctx.leaf = leaf
        return ctx.z if kind & 8 else y.detach() + 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (y,) = ctx.saved_tensors
        with torch.enable_grad():
            (y.detach().requires_grad_() * ctx.leaf.sum()).sum().backward()
        return g * y.detach(), None, None, None


class Onward(torch.autograd.Function):
    """Runs a pass in its forward without enable_grad, over a graph that is there."""

    @staticmethod
    def forward(ctx: Any, x: Any, run: Run) -> Any:
        root = run.made[-1]
        if root.requires_grad:
            torch.autograd.backward(root, torch.full_like(root, 0.5), retain_graph=True)
        return x * 1

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        return g, None


def _through_inner(t: Any, leaf: Any, run: Run) -> Any:
    return Inner.apply(t * 1, leaf, 0, run).tanh()


FUNCTIONS = [Doubled, Halved, Broken, Cleared, Failing, Forgetting]
OPTIMIZERS = [
    lambda leaves: torch.optim.SGD(leaves, lr=0.1, momentum=0.5),
    lambda leaves: torch.optim.Adam(leaves, lr=0.1),
    lambda leaves: torch.optim.AdamW(leaves, lr=0.1, foreach=True),
]


@dataclass(repr=False)
class Run:
    """One execution: its leaves, all tensors so far, and what was seen of the gradients.

    kept: tensors that are no leaves but retain their gradient. parts: others that show memory of
    what was made. changed: called where a Function has
    assigned a .grad inside a pass, or written one before a pass of its own.
    """

    leaves: list[Any] = field(default_factory=list)
    made: list[Any] = field(default_factory=list)
    kept: list[Any] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)
    optimizers: dict[int, Any] = field(default_factory=dict)
    errors: int = 0
    changed: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        for i, (shape, dtype) in enumerate(zip(SHAPES, DTYPES, strict=True)):
            start = np.arange(1, 1 + int(np.prod(shape))).reshape(shape) / (2.5 + i)
            leaf = torch.tensor(start.tolist(), dtype=dtype, requires_grad=True)
            self.leaves.append(leaf)
            self.made.append(leaf)

    def pick(self, i: int) -> Any:
        return self.made[i % len(self.made)]

    def leaf(self, i: int) -> Any:
        return self.leaves[i % len(self.leaves)]

    def grads(self) -> list[bytes | None]:
        """Return the bits of every .grad: the leaves', then those that are kept."""
        return [None if t.grad is None else bits(t.grad) for t in (*self.leaves, *self.kept)]


def bits(tensor: Any) -> bytes:
    """Return the bytes of a tensor's values, of bfloat16 as float32."""
    return bytes(np.asarray(tensor.detach().float().numpy()).tobytes())


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


def _shared(run: Run, a: int, kind: int) -> None:
    """Write a tensor through another one that shows its memory, and keep that one."""
    tensor = run.pick(a).detach() if kind % 2 else run.pick(a).data
    part = tensor[1] if kind // 2 and tensor.dim() else tensor
    part.mul_(0.75)
    run.parts.append(part)


def _hook(run: Run, a: int, i: int) -> None:
    tensor = run.pick(a)
    if i % 2:
        tensor.register_hook(lambda grad: grad * 2)
    else:
        tensor.register_hook(lambda grad: None)


def _keep(run: Run, a: int) -> None:
    tensor = run.pick(a)
    if not tensor.is_leaf and not tensor.retains_grad:
        tensor.retain_grad()
        run.kept.append(tensor)


def _function(run: Run, kind: int, a: int) -> None:
    function = FUNCTIONS[kind]
    x = run.leaf(a) if function in (Cleared, Failing, Forgetting) else run.pick(a)
    run.made.append(function.apply(*((x, run) if function is Forgetting else (x,))))


def _inner(run: Run, kind: int, a: int, b: int) -> None:
    run.made.append(Inner.apply(run.pick(a), run.leaf(b), kind, run))


def _onward(run: Run, a: int) -> None:
    run.made.append(Onward.apply(run.pick(a), run))


def _checkpoint(run: Run, a: int, b: int, reentrant: bool) -> None:
    part = functools.partial(_through_inner, leaf=run.leaf(b), run=run)
    run.made.append(checkpoint(part, run.pick(a), use_reentrant=reentrant))


def _optimizer(run: Run, kind: int) -> Any:
    if kind not in run.optimizers:
        run.optimizers[kind] = OPTIMIZERS[kind](run.leaves)
    return run.optimizers[kind]


def _step(run: Run, kind: int) -> None:
    _optimizer(run, kind).step()


def _zero_grad(run: Run, kind: int, none: bool) -> None:
    _optimizer(run, kind).zero_grad(set_to_none=none)


def _broken_hook(run: Run, a: int) -> None:
    """A hook that raises, once, in the middle of the next pass that comes there."""
    calls: list[int] = []

    def hook(grad: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("a hook that fails")

    run.pick(a).register_hook(hook)


ACTIONS = {
    "keep": _keep, "function": _function, "step": _step, "zero_grad": _zero_grad,
    "broken_hook": _broken_hook, "inner": _inner, "onward": _onward, "checkpoint": _checkpoint,
    "op": _op, "backward": _backward, "backward_with": _backward_with, "grad": _grad,
    "change_grad": _change_grad, "change_leaf": _change_leaf, "write": _write, "hook": _hook,
    "shared": _shared,
}  # fmt: skip

_number = st.integers(0, 15)
_ops = st.tuples(st.just("op"), _number, _number, _number)
_backwards = st.tuples(
    st.just("backward"), _number, st.booleans(), st.sampled_from([False] * 5 + [True])
)
_others = st.one_of(
    st.tuples(st.just("backward_with"), _number, st.booleans()),
    st.tuples(st.just("grad"), _number, _number),
    st.tuples(st.just("change_grad"), st.integers(0, 7), _number),
    st.tuples(st.just("change_leaf"), st.integers(0, 3), _number),
    st.tuples(st.just("write"), _number),
    st.tuples(st.just("shared"), _number, st.integers(0, 3)),
    st.tuples(st.just("hook"), _number, _number),
    st.tuples(st.just("keep"), _number),
    st.tuples(st.just("function"), st.sampled_from([0, 1, 2, 3, 3, 4, 5, 5]), _number),
    st.tuples(st.just("step"), st.integers(0, len(OPTIMIZERS) - 1)),
    st.tuples(st.just("zero_grad"), st.integers(0, len(OPTIMIZERS) - 1), st.booleans()),
    st.tuples(st.just("broken_hook"), _number),
    st.tuples(st.just("inner"), _number, _number, _number),
    st.tuples(st.just("onward"), _number),
    st.tuples(st.just("checkpoint"), _number, _number, st.booleans()),
)
#: Most of a program is operations and passes; it begins with some, so that there is what to change.
_steps = st.one_of(_ops, _backwards, _others, _others)
programs = st.tuples(
    st.lists(_ops, min_size=2, max_size=6), _backwards, st.lists(_steps, min_size=4, max_size=20)
).map(lambda parts: [*parts[0], parts[1], *parts[2]])


def perform(run: Run, step: tuple[Any, ...]) -> None:
    """Do one step; what PyTorch forbids raises and is counted."""
    try:
        ACTIONS[step[0]](run, *step[1:])
    except RuntimeError:
        run.errors += 1
