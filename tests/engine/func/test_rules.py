"""Batching rules: every row of the table mapped over, beside a loop over the examples."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import func
from engine.func.trees import leaves as flat

sys.path.insert(0, str(Path(__file__).parents[1]))

from gradient_recipes import ROWS
from later_recipes import SAMPLED
from recipe_leaves import leaf

#: The first forward derivative of a process warns of that, as PyTorch's does.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

SIZE = 3
#: What no map can do: results of different shapes, leaves made inside, memory that is not the example's.
REFUSED = {
    "masked_select", "third_of_max", "third_of_take", "third_of_select", "third_of_scatter",
    "third_of_narrow", "as_strided",
    *(name for name in SAMPLED if not name.startswith("affine")),
}  # fmt: skip


def _examples(shapes: Any) -> list[Any]:
    """For each shape as many inputs as there are examples, slightly different ones."""
    found = []
    for place, shape in enumerate(shapes):
        base = leaf(*shape, place=place).detach()
        steps = torch.arange(base.numel(), dtype=base.dtype).reshape(base.shape)
        found.append(
            torch.stack([base + 0.003 * k * steps / max(base.numel(), 1) for k in range(SIZE)])
        )
    return found


def _same(found: Any, wanted: Any) -> bool:
    pairs = list(zip(flat(found), flat(wanted), strict=True))
    return all(
        a.shape == b.shape
        and a.dtype is b.dtype
        and np.allclose(a.detach().numpy(), b.detach().numpy(), 1e-9, 1e-9, equal_nan=True)
        for a, b in pairs
    )


def _stacked(results: list[Any]) -> list[Any]:
    return [torch.stack(list(column)) for column in zip(*map(flat, results), strict=True)]


def _total(fn: Callable[..., Any]) -> Callable[..., Any]:
    """A number out of all that a function returns."""

    def total(*args: Any) -> Any:
        found: Any = 0
        for t in flat(fn(*args)):
            if isinstance(t, torch.Tensor) and t.is_complex():
                found = found + t.real.sum() + 2 * t.imag.sum()
            elif isinstance(t, torch.Tensor) and t.is_floating_point():
                weights = torch.linspace(0.5, 1.5, max(t.numel(), 1), dtype=torch.float64)
                found = found + (t * weights[: t.numel()].reshape(t.shape)).sum()
        return found

    return total


@pytest.mark.parametrize("name", sorted(set(ROWS) - REFUSED))
def test_a_row_maps_as_a_loop_does(name: str) -> None:
    fn, shapes = ROWS[name]
    xs = _examples(shapes)

    def values(*args: Any) -> Any:
        return [t for t in flat(fn(*args)) if isinstance(t, torch.Tensor)]

    wanted = _stacked([values(*(x[k] for x in xs)) for k in range(SIZE)])
    assert _same(func.vmap(values)(*xs), wanted)
    slopes = func.grad(_total(fn), tuple(range(len(xs))))
    wanted = _stacked([slopes(*(x[k] for x in xs)) for k in range(SIZE)])
    assert _same(func.vmap(slopes)(*xs), wanted)


@pytest.mark.parametrize("name", sorted(set(ROWS) - REFUSED))
def test_gradients_go_through_a_mapped_row(name: str) -> None:
    fn, shapes = ROWS[name]
    total = _total(fn)
    weights = torch.arange(1.0, SIZE + 1, dtype=torch.float64)

    def gradients(run: Callable[..., Any]) -> Any:
        xs = [x.clone().requires_grad_() for x in _examples(shapes)]
        out = (run(*xs) * weights).sum()
        if not out.requires_grad:
            return []
        return torch.autograd.grad(out, xs, allow_unused=True, materialize_grads=True)

    looped = gradients(lambda *xs: torch.stack([total(*(x[k] for x in xs)) for k in range(SIZE)]))
    assert _same(gradients(func.vmap(total)), looped)


@pytest.mark.parametrize("shared", [0, 1])
@pytest.mark.parametrize(
    "name",
    [n for n in ("add", "mul", "div", "pow", "maximum", "where", "mm", "bmm", "mv", "dot", "addmm",
                 "baddbmm", "outer", "matmul", "gather", "index_add", "conv2d", "layer_norm",
                 "batch_norm", "group_norm", "cdist", "linalg_solve", "mse_loss", "lerp")
     if n in ROWS and len(ROWS[n][1]) > 1],
)  # fmt: skip
def test_an_argument_that_all_examples_share(name: str, shared: int) -> None:
    fn, shapes = ROWS[name]
    xs = _examples(shapes)
    dims = tuple(None if i == shared else 0 for i in range(len(xs)))
    xs[shared] = xs[shared][0]

    def of(k: int) -> list[Any]:
        return [x if d is None else x[k] for x, d in zip(xs, dims, strict=True)]

    total = _total(fn)
    assert _same(func.vmap(total, dims)(*xs), torch.stack([total(*of(k)) for k in range(SIZE)]))
    slopes = func.grad(total, tuple(range(len(xs))))
    wanted = _stacked([slopes(*of(k)) for k in range(SIZE)])
    assert _same(func.vmap(slopes, dims)(*xs), wanted)


def test_second_derivatives_inside() -> None:
    x = _examples(((4,),))[0]

    def curve(t: Any) -> Any:
        return (t.prod() + t.cumprod(0).sum()) * t.softmax(0)[0]

    wanted = torch.stack([func.hessian(curve)(row) for row in x])
    assert _same(func.vmap(func.hessian(curve))(x), wanted)
    assert _same(func.vmap(func.jacrev(func.jacrev(curve)))(x), wanted)


@pytest.mark.parametrize("second", [torch.tensor(2.0, dtype=torch.float64), torch.tensor(3)])
def test_examples_without_dimensions_count_less_for_the_type(second: Any) -> None:
    many = second.repeat(3)
    for first in (torch.ones(3, 2), torch.ones(3, 2, dtype=torch.int32), torch.ones(3)):
        found = func.vmap(lambda a, b: a * b)(first, many)
        assert found.dtype is (first[0] * second).dtype


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(
    "dims", [d for d in itertools.product((0, None), repeat=3) if any(x == 0 for x in d)]
)
def test_convolutions_of_what_is_shared_and_what_is_not(dims: Any, groups: int) -> None:
    torch.manual_seed(0)
    shapes = ((2, 4, 6, 5), (6, 4 // groups, 3, 2), (6,))
    args = [
        torch.randn(*(() if d is None else (SIZE,)), *s, dtype=torch.float64)
        for s, d in zip(shapes, dims, strict=True)
    ]

    def of(k: int) -> list[Any]:
        return [a if d is None else a[k] for a, d in zip(args, dims, strict=True)]

    def squares(x: Any, w: Any, b: Any) -> Any:
        return torch.nn.functional.conv2d(x, w, b, (2, 1), 1, groups=groups) ** 2

    first = func.grad(lambda *a: squares(*a).sum(), (0, 1, 2))
    second = func.grad(lambda *a: sum((t**2).sum() for t in first(*a)), (0, 1, 2))
    for fn in (squares, first, second):
        wanted = _stacked([fn(*of(k)) for k in range(SIZE)])
        assert _same(func.vmap(fn, dims)(*args), wanted)
