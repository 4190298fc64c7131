"""Differences, areas and slopes along a dimension; covariance and correlation."""

from __future__ import annotations

from typing import Any

from engine.dtype import BOOL, COMPLEX, FLOAT, INT, float32, uint8
from engine.ops.api import FUNCTIONS, publish
from engine.ops.helpers import axis
from engine.ops.scalars import over, times
from engine.tensor import Tensor
from engine.warning import warn


def diff(
    input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None, *,
    out: Any = None,
) -> Any:  # fmt: skip
    """Differences of neighbours, `n` times over."""
    if not input._s:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    if n < 0:
        raise RuntimeError(f"order must be non-negative but got {n}")
    d = axis(dim, len(input._s))
    if n == 0:
        same = FUNCTIONS["zeros_like"](input.detach())
        return same.copy_(input) if input._s.numel() else same
    parts = [t for t in (prepend, input, append) if t is not None]
    x = parts[0] if len(parts) == 1 else FUNCTIONS["cat"](parts, d)
    for _ in range(min(n, x._s[d])):
        rest = x._s[d] - 1
        after, before = x.narrow(d, 1, rest), x.narrow(d, 0, rest)
        x = after.logical_xor(before) if x._d.category == BOOL else after - before
    return x


def _neighbours(y: Any, d: int) -> tuple[Any, Any]:
    n = y._s[d] - 1
    return y.narrow(d, 0, n), y.narrow(d, 1, n)


def _spacing(name: str, x: Any, y: Any, d: int) -> Any:
    """Widths between points `x`, shaped so that they lie along dimension `d` of `y`."""
    if len(x._s) == 1:
        if x._s[0] != y._s[d]:
            raise RuntimeError(f"{name}: There must be one `x` value for each sample point")
        shape = [1] * len(y._s)
        shape[d] = x._s[0]
        x = x.reshape(shape)
    first, second = _neighbours(x, d)
    return second - first


def _no_dimensions(y: Any, dim: int) -> None:
    if not y._s:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")


def trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The area under `y` along `dim`."""
    _no_dimensions(y, dim)
    d = axis(dim, len(y._s))
    if x is not None:
        left, right = _neighbours(y, d)
        wide = left + right
        return over((wide * _spacing("trapezoid", x, y, d)).sum(d), 2.0)
    if not y._s[d]:
        return y.sum(d)
    ends = y.select(d, 0) + y.select(d, -1)
    return times(y.sum(d) - times(ends, 0.5), dx)


def cumulative_trapezoid(y: Any, x: Any = None, *, dx: Any = 1, dim: int = -1) -> Any:
    """The areas under `y` up to each point along `dim`."""
    _no_dimensions(y, dim)
    d = axis(dim, len(y._s))
    left, right = _neighbours(y, d)
    if x is not None:
        wide = left + right
        return over((wide * _spacing("cumulative_trapezoid", x, y, d)).cumsum(d), 2.0)
    return times(left + right, dx / 2.0).cumsum(d)


def _steps(spacing: Any, dims: list[int]) -> list[Any]:
    if spacing is None:
        return [1.0] * len(dims)
    if isinstance(spacing, (int, float)):
        return [spacing] * len(dims)
    if isinstance(spacing, Tensor):
        return [spacing]
    if len(spacing) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or a list of length equal "
            f"to 'self.dim() = {len(dims)}', since dim argument was not given, but got a list of length {len(spacing)}"
        )
    return list(spacing)


def gradient(input: Any, *, spacing: Any = None, dim: Any = None, edge_order: int = 1) -> Any:
    """The slopes of samples along each dimension, by central differences inside."""
    if edge_order not in (1, 2):
        raise RuntimeError("torch.gradient only supports edge_order=1 and edge_order=2.")
    if input._d is uint8:
        raise RuntimeError("torch.gradient does not support uint8 input.")
    dims = [dim] if isinstance(dim, int) else list(range(len(input._s)) if dim is None else dim)
    if dim is not None and isinstance(spacing, (list, tuple)) and len(spacing) != len(dims):
        raise RuntimeError(
            "torch.gradient expected spacing to be unspecified, a scalar or it's spacing and dim "
            f"arguments to have the same length, but got a spacing argument of length {len(spacing)} "
            f"and a dim argument of length {len(dims)}."
        )
    dims = [axis(d, len(input._s)) for d in dims]
    for i, d in enumerate(dims):
        if d in dims[:i]:
            raise RuntimeError(f"dim {d} appears multiple times in the list of dims")
    for d in dims:
        if input._s[d] < edge_order + 1:
            raise RuntimeError(
                "torch.gradient expected each dimension size to be at least edge_order+1"
            )
    return tuple(
        _slope(input, d, h, edge_order) for d, h in zip(dims, _steps(spacing, dims), strict=True)
    )


def _slope(x: Any, d: int, h: Any, edge_order: int) -> Any:
    n = x._s[d]
    if isinstance(h, Tensor):
        return _slope_at(x, d, h, edge_order)
    inner = over(over(x.narrow(d, 2, n - 2) - x.narrow(d, 0, n - 2), h), 2)
    if edge_order == 1:
        first = over(x.narrow(d, 1, 1) - x.narrow(d, 0, 1), h)
        last = over(x.narrow(d, n - 1, 1) - x.narrow(d, n - 2, 1), h)
    else:
        a, b, c = (x.narrow(d, i, 1) for i in range(3))
        first = (-1.5 * a + 2.0 * b - 0.5 * c) / h
        a, b, c = (x.narrow(d, n - i, 1) for i in (1, 2, 3))
        last = (1.5 * a - 2.0 * b + 0.5 * c) / h
    return FUNCTIONS["cat"]([first, inner, last], d)


def _slope_at(x: Any, d: int, at: Any, edge_order: int) -> Any:
    n = x._s[d]
    shape = [1] * len(x._s)
    shape[d] = -1
    steps = (at.narrow(0, 1, n - 1) - at.narrow(0, 0, n - 1)).reshape(shape)
    left, right = steps.narrow(d, 0, n - 2), steps.narrow(d, 1, n - 2)
    a = -right / (left * (left + right))
    b = (right - left) / (left * right)
    c = left / (right * (left + right))
    inner = a * x.narrow(d, 0, n - 2) + b * x.narrow(d, 1, n - 2) + c * x.narrow(d, 2, n - 2)
    if edge_order == 2:
        ends = (0, 1), (n - 3, n - 2)
        (l0, r0), (l1, r1) = ((steps.narrow(d, i, 1), steps.narrow(d, j, 1)) for i, j in ends)
        weights = (
            (-(2.0 * l0 + r0) / (l0 * (l0 + r0)), (l0 + r0) / (l0 * r0), -l0 / (r0 * (l0 + r0))),
            (r1 / (l1 * (l1 + r1)), -(l1 + r1) / (l1 * r1), (2.0 * r1 + l1) / (r1 * (l1 + r1))),
        )
        first, last = (
            sum(w * x.narrow(d, i + k, 1) for k, w in enumerate(three))
            for i, three in zip((0, n - 3), weights, strict=True)
        )
        return FUNCTIONS["cat"]([first, inner, last], d)
    first = (x.narrow(d, 1, 1) - x.narrow(d, 0, 1)) / steps.narrow(d, 0, 1)
    last = (x.narrow(d, n - 1, 1) - x.narrow(d, n - 2, 1)) / steps.narrow(d, n - 2, 1)
    return FUNCTIONS["cat"]([first, inner, last], d)


# --- covariance ------------------------------------------------------------------------------------
def _check_weights(name: str, weights: Any, n: int, category: int, words: str) -> None:
    if weights is None:
        return
    if len(weights._s) > 1:
        raise RuntimeError(
            f"cov(): expected {name} to have one or fewer dimensions but got {name} with "
            f"{len(weights._s)} dimensions"
        )
    if weights._d.category != category:
        raise RuntimeError(
            f"cov(): expected {name} to have {words} dtype but got {name} with {weights._d.display} "
            "dtype"
        )
    if weights._s.numel() != n:
        raise RuntimeError(
            f"cov(): expected {name} to have the same numel as there are observations in the input "
            f"but got {weights._s.numel()} != {n}"
        )
    if (weights < 0).any():
        raise RuntimeError(f"cov(): {name} cannot be negative")


def cov(input: Any, *, correction: int = 1, fweights: Any = None, aweights: Any = None) -> Any:
    """The covariance of the rows, each a variable with observations in its columns."""
    if len(input._s) > 2:
        raise RuntimeError(
            "cov(): expected input to have two or fewer dimensions but got an input with "
            f"{len(input._s)} dimensions"
        )
    if input._d.category == BOOL:
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = input.reshape(1, -1) if len(input._s) < 2 else input
    n = x._s[1]
    _check_weights("fweights", fweights, n, INT, "integral")
    _check_weights("aweights", aweights, n, FLOAT, "floating point")
    weights = fweights
    if aweights is not None:
        weights = aweights if weights is None else weights * aweights
    if weights is not None:
        total = weights.sum()
        mean = (x * weights).sum(1) / total
        if aweights is None or correction == 0:
            norm = total - correction
        else:
            norm = total - correction * (weights * aweights).sum() / total
    else:
        mean = (x if x._d.category >= FLOAT else x.to(float32)).sum(1) / n
        norm = FUNCTIONS["tensor"](n - correction, dtype=mean._d.to_real())
    centred = x - mean.unsqueeze(1)
    if norm <= 0:
        warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number "
            "of observations."
        )
    norm = norm.clamp(min=0)
    right = centred if weights is None else centred * weights
    return FUNCTIONS["true_divide"](centred @ right.t().conj(), norm).squeeze()


def corrcoef(input: Any) -> Any:
    """The correlation of the rows."""
    if len(input._s) > 2:
        raise RuntimeError(
            "corrcoef(): expected input to have two or fewer dimensions but got an input with "
            f"{len(input._s)} dimensions"
        )
    c = cov(input)
    if not c._s:
        return c / c
    spread = c.diag().sqrt()
    r = (c / spread.unsqueeze(1)) / spread.unsqueeze(0)
    if r._d.category == COMPLEX:
        return FUNCTIONS["_complex"](r.real.clamp(-1, 1), r.imag.clamp(-1, 1))
    return r.clamp(-1, 1)


for _n in ("diff", "cov", "corrcoef"):
    publish(_n, globals()[_n], F=False)
for _n in ("trapezoid", "cumulative_trapezoid", "gradient"):
    publish(_n, globals()[_n], method=False, F=False)
publish("trapz", trapezoid, method=False, F=False)
