"""Gradients of the operator table against finite differences, once and twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import engine as torch

Fn = Callable[..., Any]
_RNG = np.random.default_rng(7)


def leaf(*shape: int, low: float = 0.3, high: float = 1.7) -> Any:
    """A float64 leaf with positive entries that are well apart."""
    n = int(np.prod(shape))
    values = np.linspace(low, high, n) if n else np.zeros(0)
    return torch.tensor(_RNG.permutation(values).reshape(shape), requires_grad=True)


def _index(*values: int) -> Any:
    return torch.tensor(values)


MASK = torch.tensor([[True, False, True], [False, True, True]])
POINTWISE = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "rsqrt",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "sigmoid",
    "neg",
    "abs",
    "square",
    "erf",
    "erfc",
    "lgamma",
    "digamma",
    "sinc",
    "relu",
    "deg2rad",
]
ROWS: dict[str, tuple[Fn, tuple[tuple[int, ...], ...]]] = {
    **{name: (lambda x, name=name: getattr(torch, name)(x), ((2, 3),)) for name in POINTWISE},
    "asin": (lambda x: torch.asin(x / 2), ((3,),)),
    "acos": (lambda x: torch.acos(x / 2), ((3,),)),
    "atanh": (lambda x: torch.atanh(x / 2), ((3,),)),
    "logit": (lambda x: torch.logit(x / 2), ((3,),)),
    "erfinv": (lambda x: torch.erfinv(x / 2), ((3,),)),
    "add": (lambda x, y: torch.add(x, y, alpha=2), ((2, 3), (3,))),
    "sub": (lambda x, y: x - y, ((2, 1), (1, 3))),
    "mul": (lambda x, y: x * y, ((2, 3), (3,))),
    "div": (lambda x, y: x / y, ((2, 3), (2, 1))),
    "rsub": (lambda x: 3 - x, ((3,),)),
    "rdiv": (lambda x: 3 / x, ((3,),)),
    "pow": (lambda x: x**3, ((2, 3),)),
    "pow_tensor": (lambda x, y: x**y, ((2, 3), (3,))),
    "rpow": (lambda x: 2**x, ((3,),)),
    "maximum": (lambda x, y: torch.maximum(x, y + 0.05), ((2, 3), (3,))),
    "atan2": (torch.atan2, ((2, 3), (3,))),
    "hypot": (torch.hypot, ((2, 3), (3,))),
    "logaddexp": (torch.logaddexp, ((2, 3), (3,))),
    "xlogy": (torch.xlogy, ((3,), (3,))),
    "lerp": (torch.lerp, ((3,), (3,), (3,))),
    "addcmul": (torch.addcmul, ((3,), (3,), (3,))),
    "addcdiv": (torch.addcdiv, ((3,), (3,), (3,))),
    "where": (lambda x, y: torch.where(MASK, x, y), ((2, 3), (3,))),
    "clamp": (lambda x: x.clamp(0.45, 1.45), ((2, 4),)),
    "masked_fill": (lambda x: x.masked_fill(MASK, 2.0), ((2, 3),)),
    "masked_select": (lambda x: x.masked_select(MASK), ((2, 3),)),
    "sum": (lambda x: x.sum(), ((2, 3),)),
    "sum_dim": (lambda x: x.sum((0, 2)), ((2, 3, 2),)),
    "mean_dim": (lambda x: x.mean(1, True), ((2, 3),)),
    "prod": (lambda x: x.prod(), ((4,),)),
    "prod_dim": (lambda x: x.prod(1), ((2, 3),)),
    "var": (lambda x: x.var(1), ((2, 3),)),
    "std": (lambda x: x.std(), ((2, 3),)),
    "var_mean": (lambda x: torch.var_mean(x, 1)[0], ((2, 3),)),
    "norm": (lambda x: x.norm(), ((2, 3),)),
    "norm3": (lambda x: x.norm(3, 1), ((2, 3),)),
    "max": (lambda x: x.max(), ((2, 3),)),
    "max_dim": (lambda x: x.max(1)[0], ((2, 3),)),
    "amin": (lambda x: x.amin(0), ((2, 3),)),
    "median": (lambda x: x.median(), ((5,),)),
    "logsumexp": (lambda x: x.logsumexp(1), ((2, 3),)),
    "softmax": (lambda x: x.softmax(1), ((2, 3),)),
    "log_softmax": (lambda x: x.log_softmax(0), ((2, 3),)),
    "cumsum": (lambda x: x.cumsum(1), ((2, 3),)),
    "cumprod": (lambda x: x.cumprod(1), ((2, 3),)),
    "cummax": (lambda x: x.cummax(1)[0], ((2, 3),)),
    "sort": (lambda x: x.sort(1)[0], ((2, 3),)),
    "topk": (lambda x: x.topk(2)[0], ((2, 3),)),
    "view": (lambda x: x.view(3, 2) * x.view(3, 2), ((2, 3),)),
    "transpose": (lambda x: x.transpose(0, 2) ** 2, ((2, 3, 2),)),
    "permute": (lambda x: x.permute(2, 0, 1) ** 2, ((2, 3, 2),)),
    "expand": (lambda x: x.expand(2, 3) ** 2, ((3,),)),
    "squeeze": (lambda x: x.unsqueeze(1).squeeze(1) ** 2, ((3,),)),
    "select": (lambda x: x[1] * x[0], ((2, 3),)),
    "slice": (lambda x: x[:, ::2] ** 2, ((2, 3),)),
    "index": (lambda x: x[_index(0, 1, 0)] ** 2, ((2, 3),)),
    "mask": (lambda x: x[MASK] ** 2, ((2, 3),)),
    "gather": (lambda x: x.gather(1, torch.tensor([[0, 2], [1, 1]])) ** 2, ((2, 3),)),
    "scatter": (
        lambda x, y: x.scatter(1, torch.tensor([[0, 2], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "scatter_add": (
        lambda x, y: x.scatter_add(1, torch.tensor([[0, 0], [1, 0]]), y) ** 2,
        ((2, 3), (2, 2)),
    ),
    "index_select": (lambda x: x.index_select(1, _index(2, 0)) ** 2, ((2, 3),)),
    "index_add": (lambda x, y: x.index_add(0, _index(0, 0), y) ** 2, ((2, 3), (2, 3))),
    "take": (lambda x: x.take(_index(0, 4, 4)) ** 2, ((2, 3),)),
    "cat": (lambda x, y: torch.cat([x, y]) ** 2, ((2, 3), (1, 3))),
    "stack": (lambda x, y: torch.stack([x, y], 1) ** 2, ((3,), (3,))),
    "unbind": (lambda x: x.unbind(1)[1] * x.unbind(1)[0], ((2, 3),)),
    "split": (lambda x: x.split(2, 1)[0] * 2, ((2, 3),)),
    "repeat": (lambda x: x.repeat(2, 2) ** 2, ((2, 3),)),
    "roll": (lambda x: x.roll(1, 0) * x, ((2, 3),)),
    "flip": (lambda x: x.flip(0) * x, ((2, 3),)),
    "tril": (lambda x: x.tril() ** 2, ((3, 3),)),
    "diagonal": (lambda x: x.diagonal() ** 2, ((2, 3),)),
    "diag_embed": (lambda x: torch.diag_embed(x) ** 2, ((3,),)),
    "trace": (lambda x: x.trace() ** 2, ((3, 3),)),
    "unfold": (lambda x: x.unfold(0, 2, 1) ** 2, ((4,),)),
    "as_strided": (lambda x: x.as_strided((2, 2), (1, 2)) ** 2, ((5,),)),
    "mm": (lambda x, y: x @ y, ((2, 3), (3, 2))),
    "mv": (lambda x, y: x @ y, ((2, 3), (3,))),
    "dot": (lambda x, y: x @ y, ((3,), (3,))),
    "bmm": (lambda x, y: x @ y, ((2, 2, 3), (2, 3, 2))),
    "matmul_broadcast": (lambda x, y: x @ y, ((2, 1, 2, 3), (3, 3, 2))),
    "matmul_folded": (lambda x, y: x @ y, ((2, 2, 3), (3, 2))),
    "addmm": (lambda x, y, z: torch.addmm(x, y, z, beta=0.5, alpha=2), ((2,), (2, 3), (3, 2))),
    "outer": (torch.outer, ((2,), (3,))),
    "einsum": (lambda x, y: torch.einsum("bij,jk->bik", x, y), ((2, 2, 3), (3, 2))),
    "cdist": (lambda x, y: torch.cdist(x, y + 2), ((2, 3), (2, 3))),
    "inverse": (lambda x: torch.inverse(x + 3 * torch.eye(2, dtype=torch.float64)), ((2, 2),)),
    "det": (lambda x: torch.det(x), ((3, 3),)),
    "logdet": (lambda x: torch.logdet(x @ x.mT + torch.eye(2, dtype=torch.float64)), ((2, 2),)),
    "solve": (
        lambda a, b: torch.linalg.solve(a + 3 * torch.eye(2, dtype=torch.float64), b),
        ((2, 2), (2, 1)),
    ),
    "cholesky": (
        lambda a: torch.linalg.cholesky(a @ a.mT + torch.eye(2, dtype=torch.float64)),
        ((2, 2),),
    ),
    "svdvals": (lambda a: torch.linalg.svdvals(a), ((2, 3),)),
    "eigvalsh": (lambda a: torch.linalg.eigvalsh(a + a.mT), ((2, 2),)),
    "matrix_exp": (lambda a: torch.matrix_exp(a / 2), ((2, 2),)),
    "qr": (lambda a: torch.linalg.qr(a)[1], ((3, 2),)),
    "qr of a wide matrix": (lambda a: torch.linalg.qr(a), ((2, 3),)),
    "qr of a wide matrix, Q alone": (lambda a: torch.linalg.qr(a)[0], ((2, 3),)),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_gradient_agrees_with_finite_differences(name: str) -> None:
    fn, shapes = ROWS[name]
    assert torch.autograd.gradcheck(fn, tuple(leaf(*s) for s in shapes))


@pytest.mark.parametrize("name", ROWS)
def test_the_gradient_of_the_gradient_agrees_too(name: str) -> None:
    fn, shapes = ROWS[name]
    assert torch.autograd.gradgradcheck(fn, tuple(leaf(*s) for s in shapes))


_SHAPES = st.lists(st.integers(1, 3), min_size=0, max_size=3)


@settings(max_examples=40, deadline=None)
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
