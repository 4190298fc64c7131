"""What a step may write into: memory that only the sweep refers to."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch

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
