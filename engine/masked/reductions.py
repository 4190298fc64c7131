"""Reductions and normalizations that leave out the elements under a False of a mask."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import engine


def _parts(input: Any, mask: Any) -> tuple[Any, Any]:
    """Plain data and mask, which for a masked tensor is its own."""
    from .tensor import data_of, is_masked_tensor

    if is_masked_tensor(input):
        own = input._mask
        return data_of(input), own if mask is None else own & mask
    if mask is None:
        return input, engine.ones(input.shape, dtype=engine.bool)
    return input, mask.expand(input.shape)


def _lowest(t: Any) -> Any:
    if t.dtype is engine.bool:
        return False
    return -math.inf if t.is_floating_point() else engine.iinfo(t.dtype).min


def _highest(t: Any) -> Any:
    if t.dtype is engine.bool:
        return True
    return math.inf if t.is_floating_point() else engine.iinfo(t.dtype).max


def _filled(input: Any, mask: Any, value: Any) -> Any:
    return engine.where(mask, input, engine.full_like(input.detach(), value))


def _over(t: Any, name: str, dim: Any, keepdim: bool, **options: Any) -> Any:
    if dim is None:
        dim = tuple(range(t.dim()))
    return getattr(t, name)(dim, keepdim=keepdim, **options)


def sum(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """The sum of the elements that count."""
    data, mask = _parts(input, mask)
    return _over(_filled(data, mask, 0), "sum", dim, keepdim, dtype=dtype)


def mean(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """The mean of the elements that count; nan of none."""
    data, mask = _parts(input, mask)
    if not (data.is_floating_point() or data.is_complex() or dtype is not None):
        raise ValueError("mean(): input dtype should be either floating point or complex dtypes.")
    total = _over(_filled(data, mask, 0), "sum", dim, keepdim, dtype=dtype)
    count = _over(mask, "sum", dim, keepdim)
    return total / count


def prod(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """The product of the elements that count."""
    data, mask = _parts(input, mask)
    ones = _filled(data, mask, 1)
    if dim is None:
        return ones.prod(dtype=dtype)
    for d in sorted((dim,) if isinstance(dim, int) else dim, reverse=True):
        ones = ones.prod(d, keepdim=keepdim, dtype=dtype)
    return ones


def amax(input: Any, dim: Any = None, keepdim: bool = False, *, mask: Any = None) -> Any:
    """The largest of the elements that count."""
    data, mask = _parts(input, mask)
    return _over(_filled(data, mask, _lowest(data)), "amax", dim, keepdim)


def amin(input: Any, dim: Any = None, keepdim: bool = False, *, mask: Any = None) -> Any:
    """The smallest of the elements that count."""
    data, mask = _parts(input, mask)
    return _over(_filled(data, mask, _highest(data)), "amin", dim, keepdim)


def argmax(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """Where the largest of the elements that count is."""
    data, mask = _parts(input, mask)
    return _filled(data, mask, _lowest(data)).argmax(dim, keepdim).to(dtype or data.dtype)


def argmin(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """Where the smallest of the elements that count is."""
    data, mask = _parts(input, mask)
    return _filled(data, mask, _highest(data)).argmin(dim, keepdim).to(dtype or data.dtype)


def all(input: Any, dim: Any = None, keepdim: bool = False, *, mask: Any = None) -> Any:
    """Whether all elements that count are true."""
    data, mask = _parts(input, mask)
    true = engine.where(mask, data.bool(), engine.ones_like(mask))
    return true.all() if dim is None else true.all(dim, keepdim)


def var(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, mask: Any = None
) -> Any:
    """The variance of the elements that count."""
    data, mask = _parts(input, mask)
    data = data if data.is_floating_point() or data.is_complex() else data.float()
    dims = tuple(range(data.dim())) if dim is None else dim
    center = mean(data, dims, True, mask=mask)
    apart = _filled(data - center, mask, 0)
    squares = _over(apart * apart.conj(), "sum", dims, keepdim)
    count = _over(mask, "sum", dims, keepdim)
    return squares / (count - int(unbiased)).clamp(min=0)


def std(
    input: Any, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, mask: Any = None
) -> Any:
    """The standard deviation of the elements that count."""
    return var(input, dim, unbiased, keepdim, mask=mask).sqrt()


def norm(
    input: Any, ord: float = 2.0, dim: Any = None, keepdim: bool = False, *,
    mask: Any = None,
) -> Any:  # fmt: skip
    """The norm of the vector of elements that count."""
    data, mask = _parts(input, mask)
    fill = math.inf if ord == -math.inf else 0.0
    return engine.linalg.vector_norm(_filled(data, mask, fill), ord, dim, keepdim)


def logsumexp(
    input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None, mask: Any = None
) -> Any:
    """log Σ exp over the elements that count."""
    data, mask = _parts(input, mask)
    data = data if dtype is None else data.to(dtype)
    wide = data if data.is_floating_point() or data.is_complex() else data.float()
    found = _over(_filled(wide, mask, -math.inf), "logsumexp", dim, keepdim)
    return found.to(data.dtype)


def _normalized(name: str, doc: str, sign: int = 1) -> Callable[..., Any]:
    def call(input: Any, dim: int, dtype: Any = None, *, mask: Any = None) -> Any:
        data, mask = _parts(input, mask)
        return getattr(_filled(sign * data if sign < 0 else data, mask, -math.inf), name)(
            dim, dtype=dtype
        )

    call.__doc__ = doc
    return call


softmax = _normalized("softmax", "The softmax over the elements that count.")
log_softmax = _normalized("log_softmax", "The logarithm of the softmax over what counts.")
softmin = _normalized("softmax", "The softmax of the negated elements that count.", -1)
softmax.__name__, log_softmax.__name__, softmin.__name__ = "softmax", "log_softmax", "softmin"
