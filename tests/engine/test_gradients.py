"""Gradients of the operator table against finite differences, once and twice."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import mutually_broadcastable_shapes

import engine as torch
from engine.ops import OPS, rooms

sys.path.insert(0, str(Path(__file__).parent))

from gradient_recipes import ELEMENTWISE, FIXED, ROWS
from recipe_leaves import leaf, leaves

from tests.examples import examples

#: Rows without finite differences: what draws at random, what PyTorch does not differentiate, steps,
#: and rows that only a third pass goes through.
UNCHECKED = {
    "_sample_dirichlet",
    "_standard_gamma",
    "bernoulli",
    "bernoulli_fill",
    "binomial",
    "cauchy",
    "exponential",
    "geometric",
    "geqrf",
    "log_normal",
    "normal",
    "normal_both",
    "normal_mean",
    "normal_std",
    "poisson",
    "random",
    "uniform",
    "part",
    "take_along",
    "take_flat",
    "floor_divide",
    "heaviside",
    "remainder_of",
    "ceil",
    "div_mode",
    "floor",
    "round",
    "round_places",
    "sgn",
    "sign",
    "trunc",
    "nextafter",
    "linalg_ldl_factor_ex",
    "linalg_ldl_solve",
    "unique_consecutive",
    "unique_dim",
}

#: Rows whose backward kernel PyTorch does not differentiate.
ONCE = {"cdist", "hardsigmoid"}


def _graph(roots: list[Any]) -> Iterator[Any]:
    """The nodes below some tensors."""
    seen: set[int] = set()
    waiting = [t.grad_fn for t in roots if t.grad_fn is not None]
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        waiting += [n for n, _ in node.next_functions if n is not None]
        inner = getattr(node, "fn", None)
        if inner is not None:
            yield inner


def _rows_of(name: str) -> set[Any]:
    """The rows that the check of `name` goes through, in the first and in the second pass."""
    fn, shapes = ROWS[name]
    inputs = leaves(shapes)
    outs = fn(*inputs)
    level = [o for o in (outs if isinstance(outs, tuple) else (outs,)) if o.requires_grad]
    nodes = list(_graph(level))
    for _ in range(2):
        sums = [(o.abs() if o.is_complex() else o).sum() for o in level]
        try:
            grads = torch.autograd.grad(sums, inputs, create_graph=True, allow_unused=True)
        except (NotImplementedError, RuntimeError):
            assert name in ONCE
            break
        level = [g for g in grads if g is not None and g.requires_grad]
        nodes += _graph(level)
        if not level:
            break
    return {id(op) for n in nodes if (op := getattr(type(n), "op", None)) is not None}


def test_every_differentiable_row_is_checked() -> None:
    rooms.load_all()
    through = set().union(*map(_rows_of, ROWS))
    listed = {name for names in rooms.ROOMS.values() for name in " ".join(names).split()}
    missing = {
        key
        for key, op in OPS.items()
        if key in listed and op.differentiable and id(op) not in through
    }
    assert missing <= UNCHECKED, sorted(missing - UNCHECKED)


def _shapes_for(name: str) -> st.SearchStrategy[Any]:
    """Shapes on which a row can be checked.

    Elementwise rows get any that broadcast. For others every size in the recipe stands for one that
    is drawn, equal ones for the same, so that what must fit still fits.
    """
    _, shapes = ROWS[name]
    if name in ELEMENTWISE:
        drawn = mutually_broadcastable_shapes(num_shapes=len(shapes), max_dims=3, max_side=2)
        return drawn.map(lambda found: found.input_shapes)
    sizes = sorted({n for shape in shapes for n in shape if n > 1 and name not in FIXED})
    grown = st.tuples(*[st.integers(n, n + 1) for n in sizes])
    return grown.map(
        lambda found: [
            [dict(zip(sizes, found, strict=True)).get(n, n) for n in shape] for shape in shapes
        ]
    )


_FEW = settings(
    max_examples=2, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
@given(data=st.data())
@_FEW
def test_the_gradient_agrees_with_finite_differences(name: str, data: Any) -> None:
    inputs = leaves(data.draw(_shapes_for(name)))
    assert torch.autograd.gradcheck(ROWS[name][0], inputs)


@pytest.mark.parametrize("name", sorted(set(ROWS) - ONCE))
@given(data=st.data())
@_FEW
def test_the_gradient_of_the_gradient_agrees_too(name: str, data: Any) -> None:
    inputs = leaves(data.draw(_shapes_for(name)))
    assert torch.autograd.gradgradcheck(ROWS[name][0], inputs)


@pytest.mark.parametrize("name", sorted(ONCE))
def test_what_pytorch_differentiates_once_refuses_the_second_time(name: str) -> None:
    fn, shapes = ROWS[name]
    inputs = leaves(shapes)
    (gradient, *_) = torch.autograd.grad(fn(*inputs).sum(), inputs, create_graph=True)
    with pytest.raises((NotImplementedError, RuntimeError), match="is not implemented"):
        gradient.sum().backward()


_SHAPES = st.lists(st.integers(1, 3), min_size=0, max_size=3)


@examples(25)
@given(_SHAPES, st.data())
def test_broadcast_operands_get_gradients_of_their_own_shape(shape: list[int], data: Any) -> None:
    other = [
        data.draw(st.sampled_from([1, n])) for n in shape[data.draw(st.integers(0, len(shape))) :]
    ]
    x, y = leaf(*shape), leaf(*other)
    (x * y / (x + y)).sum().backward()
    assert x.grad.shape == x.shape
    assert y.grad.shape == y.shape
    a, b = x._a, y._a
    expected = (b / (a + b)) ** 2
    assert np.allclose(x.grad.numpy(), expected)


@pytest.mark.parametrize(
    ("matrix", "wanted"),
    [
        ([[1.0, 2.0], [2.0, 4.0]], [[3.0, -2.0], [-1.0, 0.0]]),
        (
            [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 1.0, 1.0]],
            [[-11.0, 22.0, -11.0], [6.0, -12.0, 6.0], [-4.0, 8.0, -4.0]],
        ),
        ([[1.0, 2.0], [3.0, 4.0]], [[3.0, -2.0], [-1.0, 0.0]]),
    ],
)
@pytest.mark.parametrize("batched", [False, True])
def test_the_determinant_can_be_differentiated_twice_where_it_is_zero(
    matrix: Any, wanted: Any, batched: bool
) -> None:
    n = len(matrix)
    values = [matrix, np.eye(n).tolist()] if batched else matrix
    a = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    (g,) = torch.autograd.grad(torch.det(a).sum(), a, create_graph=True)
    weights = torch.arange(n * n, dtype=torch.float64).reshape(n, n)
    (h,) = torch.autograd.grad((g * weights).sum(), a)
    np.testing.assert_allclose((h[0] if batched else h).numpy(), wanted, atol=1e-9)


def test_a_grad_with_history_is_a_copy_and_stays_it_when_more_is_added() -> None:
    w = torch.full((2,), 3.0, requires_grad=True)
    with pytest.warns(UserWarning, match="reference cycle"):
        (w**3).sum().backward(create_graph=True)
    first = w.grad
    assert repr(first) == "tensor([27., 27.], grad_fn=<CopyBackwards>)"
    assert [f and f.name() for f, _ in first.grad_fn.next_functions] == [None, "MulBackward0"]
    (w * 2).sum().backward()
    assert w.grad is first
    assert repr(first) == "tensor([29., 29.], grad_fn=<CopyBackwards>)"
    assert torch.autograd.grad(first.sum(), w)[0].tolist() == [18.0, 18.0]
    w.grad = None


@pytest.mark.parametrize(
    ("mode", "message"),
    [("r", "depends on Q, which is not computed when mode='r'"), ("complete", "nrows > ncols")],
)
def test_qr_says_why_it_has_no_gradient(mode: str, message: str) -> None:
    q, r = torch.linalg.qr(leaf(3, 2), mode=mode)
    assert tuple(q.shape) == ((0,) if mode == "r" else (3, 3))
    with pytest.raises(RuntimeError, match=message):
        r.sum().backward()


def test_qr_refuses_a_mode_that_it_does_not_know() -> None:
    with pytest.raises(RuntimeError, match="unrecognized mode 'foo'"):
        torch.linalg.qr(leaf(2, 2), mode="foo")
