"""What a step may write into: memory that only the sweep refers to."""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.autograd import execution, node

N = 1 << 14  # large enough that steps use memory again


def _leaves() -> list[Any]:
    rng = np.random.default_rng(0)
    return [torch.tensor(rng.normal(size=N)).requires_grad_() for _ in range(3)]


def _shared(x: Any, y: Any, z: Any) -> Any:
    s = x + y  # hands one array to both
    return (s * z + s) * (x - y).tanh()


PROGRAMS = {
    "sum of products": lambda x, y, z: x * y + y * z + z * x,
    "shared": _shared,
    "square": lambda x, y, z: (x * x) * (x * x),
    "chain": lambda x, y, z: ((x * y).sin().tanh() * z).exp(),
    "view": lambda x, y, z: (x.view(128, -1).t() * y.view(128, -1).t()).reshape(-1) * z,
    "broadcast": lambda x, y, z: (x.view(128, -1) * y.view(128, -1)[0]).reshape(-1) * z,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_memory_used_again_leaves_gradients_as_small_pieces_have_them(name: str) -> None:
    program = PROGRAMS[name]
    whole = _leaves()
    seed = torch.tensor(np.random.default_rng(1).normal(size=N))
    kept = seed.clone()
    program(*whole).backward(seed)
    assert torch.equal(seed, kept)  # the person's own
    slow = _leaves()
    out = program(*slow)
    expected = torch.autograd.grad(out, slow, seed, allow_unused=True)  # takes no memory again
    for leaf, g in zip(whole, expected, strict=True):
        assert (leaf.grad is None) if g is None else torch.equal(leaf.grad, g)


def test_accumulating_twice_changes_no_gradient_of_another_leaf() -> None:
    x, y, _ = _leaves()
    (x + y).sum().backward()
    (x + y).backward(torch.ones(N, dtype=torch.float64))
    assert x.grad.data_ptr() != y.grad.data_ptr()
    assert torch.equal(x.grad, torch.full((N,), 2.0, dtype=torch.float64))
    x.grad.zero_()
    assert torch.equal(y.grad, torch.full((N,), 2.0, dtype=torch.float64))


def _grads(leaves: list[Any]) -> list[float | None]:
    return [None if leaf.grad is None else round(leaf.grad.item(), 3) for leaf in leaves]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("retain", [False, True])
def test_a_backward_of_a_persons_sees_the_leaves_that_pytorch_served_before(
    retain: bool, fails: bool
) -> None:
    leaves = [torch.tensor(float(i), requires_grad=True) for i in (1, 2, 3, 4)]
    seen: list[list[float | None]] = []

    class Watched(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, t: Any) -> Any:
            return t.clone()

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            seen.append(_grads(leaves))
            if fails:
                raise ValueError("no")
            return g

    a, b, c, d = leaves
    x = Watched.apply(a * b)
    y = Watched.apply(x * c) + c
    z = y * b * d + d
    if fails:
        with pytest.raises(ValueError, match="no") as raised:
            z.backward(retain_graph=retain)
        assert raised.value.__context__ is None
        assert seen == [[None, None, None, 19.0]]
        assert _grads(leaves) == [None, None, None, 19.0]
    else:
        z.backward(retain_graph=retain)
        assert seen == [[None, None, None, 19.0], [None, None, 24.0, 19.0]]
        assert _grads(leaves) == [48.0, 60.0, 24.0, 19.0]


def test_so_does_a_hook_that_unpacks_what_was_saved() -> None:
    leaves = [torch.tensor(float(i), requires_grad=True) for i in (1, 2, 3)]
    seen: list[list[float | None]] = []

    def unpack(t: Any) -> Any:
        seen.append(_grads(leaves))
        return t

    a, b, c = leaves
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpack):
        x = a * b
    y = x.sin() * c
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, unpack):
        z = (y * 2).exp() * b
    z.backward()
    assert seen == [[None] * 3] * 3 + [[None, None, 851.497]] * 2
    assert _grads(leaves) == [-2338.164, -934.973, 851.497]


@pytest.mark.parametrize("name", ["g", "grad", "saved", "freed", "metas", "arguments", "x", "args"])
def test_a_person_may_call_anything_on_ctx(name: str) -> None:
    class Square(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            setattr(ctx, name, x)
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            assert torch.equal(ctx.saved_tensors[0], getattr(ctx, name))
            return 2 * getattr(ctx, name) * g

    x = torch.tensor([3.0]).requires_grad_()
    Square.apply(x).backward()
    assert x.grad.tolist() == [6.0]


def test_once_the_hooks_of_leaves_are_gone_passes_are_sweeps_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sweeps = []
    monkeypatch.setattr(node, "leaf_hooks", weakref.WeakValueDictionary())  # none of other tests
    monkeypatch.setattr(node, "hooked", weakref.WeakKeyDictionary())
    monkeypatch.setattr(execution.sweep, "sweep", lambda buffer, retain: sweeps.append(buffer))
    x = torch.ones(3, requires_grad=True)
    first = x.register_hook(lambda g: 2 * g)
    second = x.register_post_accumulate_grad_hook(lambda t: None)
    first.remove()
    x.sum().backward()
    assert not sweeps
    second.remove()
    x.sum().backward()
    assert len(sweeps) == 1


def test_a_result_that_was_written_through_a_view_is_not_differentiated() -> None:
    y = torch.ones(2, 3, requires_grad=True).softmax(1)
    y.view(3, 2).mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("name", ["exp", "tanh", "sin", "cos", "tan", "sigmoid", "square", "log1p"])
def test_a_step_may_take_the_memory_of_a_saved_value_that_nobody_else_has(name: str) -> None:
    x = torch.rand(N, dtype=torch.float64).requires_grad_()
    kept = getattr(x * 2, name)()
    copy, seen = kept.clone(), kept.detach()
    kept.sum().backward(retain_graph=True)
    kept.sum().backward()
    assert torch.equal(kept, copy) and torch.equal(seen, copy)
    twice, x.grad = x.grad, None
    getattr(x * 2, name)().sum().backward()  # the result is gone
    assert torch.equal(twice, 2 * x.grad)
    assert torch.equal(x, x.detach())
