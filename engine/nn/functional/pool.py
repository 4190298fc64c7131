"""Pooling over windows, and over a given number of parts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import engine
from engine import errors
from engine.batching.levels import elements
from engine.ops.helpers import from_arrays
from engine.tensor import Tensor

from ..kernels import pooling as rows
from ..kernels.resize import resamplers
from . import checks
from .conv import ntuple

_OMITTED: tuple[Any, ...] = (None, (), [])  # strides that stand for the kernel's size


def _last(n: int, *, each: bool = False) -> str:
    """Name the last dimensions."""
    return "the last dimension" if n == 1 else f"{'each of ' * each}the last {n} dimensions"


def _max_pool(n: int) -> Callable[..., Any]:
    def pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        name = f"max_pool{n}d"
        for place, (what, value) in enumerate(
            (("kernel_size", kernel_size), ("stride", stride)), 2
        ):
            if isinstance(value, (float, str)) or (value is None and place == 2):
                raise errors.not_a(name, what, place, "tuple of ints", value)
        checks.pool_numbers(name, n, kernel_size, stride, padding, dilation)
        kernel = ntuple(kernel_size, n)
        steps = kernel if stride in _OMITTED else ntuple(stride, n)
        pads, spread = ntuple(padding, n), ntuple(dilation, n)
        if n == 1:
            checks.max_pool1d(input, kernel[0], steps[0], pads[0], spread[0])
        else:
            checks.pool(name, input, n, kernel, steps, pads, spread)
        x, args = input, (kernel, steps, pads, spread)
        if n == 1:
            x = input.unsqueeze(-2)
            args = ((1, *kernel), (1, *steps), (0, *pads), (1, *spread))
        counts = rows._counts(elements(x), *args, ceil_mode)
        checks.pool_output(input, counts[-n:], n)
        run = rows.max_pool3d if n == 3 else rows.max_pool2d
        out = run(x, *args, ceil_mode)
        if n == 1:
            out = out.squeeze(-2)
        if not return_indices:
            return out
        indices = from_arrays(lambda a: rows.max_places(a, *args, ceil_mode), x)
        return out, indices.squeeze(-2) if n == 1 else indices

    pool.__name__ = pool.__qualname__ = f"max_pool{n}d"
    pool.__doc__ = f"Maxima over windows of {_last(n)}; the first of equals wins."
    return pool


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))


def _with_indices(pool: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(pool)
    def both(*args: Any, **kwargs: Any) -> Any:
        return pool(*args, **{**kwargs, "return_indices": True})

    return both


max_pool1d_with_indices = _with_indices(max_pool1d)
max_pool2d_with_indices = _with_indices(max_pool2d)
max_pool3d_with_indices = _with_indices(max_pool3d)


def _avg_pool(n: int) -> Callable[..., Tensor]:
    def pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> Tensor:  # fmt: skip
        name = f"avg_pool{n}d"
        checks.pool_numbers(name, n, kernel_size, stride, padding, 1)
        kernel = ntuple(kernel_size, n)
        steps = kernel if stride in _OMITTED else ntuple(stride, n)
        pads = ntuple(padding, n)
        checks.pool(name, input, n, kernel, steps, pads, (1,) * n)
        counts = rows._counts(elements(input), kernel, steps, pads, (1,) * n, ceil_mode)
        checks.pool_output(input, counts, n)
        if divisor_override == 0:
            raise RuntimeError("divisor must be not zero")
        rest = (ceil_mode, count_include_pad, divisor_override)
        if n == 1:
            args = ((1, *kernel), (1, *steps), (0, *pads))
            x = input.unsqueeze(-2)
            return _AVG[2](x, *args, *rest).squeeze(-2)  # type: ignore[no-any-return]
        return _AVG[n](input, kernel, steps, pads, *rest)  # type: ignore[no-any-return]

    pool.__name__ = pool.__qualname__ = f"avg_pool{n}d"
    pool.__doc__ = f"Means over windows of {_last(n)}."
    return pool


_AVG = rows.avg_pools
avg_pool1d, avg_pool2d, avg_pool3d = map(_avg_pool, (1, 2, 3))


def _sizes(output_size: Any, input: Tensor, n: int) -> tuple[int, ...]:
    wanted = (
        (output_size,) * n if output_size is None or isinstance(output_size, int) else output_size
    )
    return tuple(s if w is None else int(w) for w, s in zip(wanted, input.shape[-n:], strict=True))


def _adaptive_avg(n: int) -> Callable[..., Tensor]:
    def pool(input: Tensor, output_size: Any) -> Tensor:
        checks.adaptive("avg", input, n, output_size)
        size = _sizes(output_size, input, n)
        if all(s == 1 for s in size):
            x = input.unsqueeze(-2) if n == 1 else input
            out = x.mean(tuple(range(-max(n, 2), 0)), keepdim=True)
            return out.squeeze(-2) if n == 1 else out  # type: ignore[no-any-return]
        if n == 1:
            out = _resample("_adaptive_avg_pool2d", input.unsqueeze(-2), (1, *size))
            return out.squeeze(-2)  # type: ignore[no-any-return]
        return _resample(f"_adaptive_avg_pool{n}d", input, size)

    pool.__name__ = pool.__qualname__ = f"adaptive_avg_pool{n}d"
    pool.__doc__ = f"Means over a given number of parts of {_last(n, each=True)}."
    return pool


def _resample(name: str, input: Tensor, size: tuple[int, ...]) -> Tensor:
    return resamplers[name](input, size, "mean", False, (None,) * len(size))  # type: ignore[no-any-return]


adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = map(_adaptive_avg, (1, 2, 3))


def _adaptive_max(n: int) -> Callable[..., Any]:
    def pool(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        checks.adaptive("max", input, n, output_size)
        size = _sizes(output_size, input, n)
        x = input.unsqueeze(-2) if n == 1 else input
        size = (1, *size) if n == 1 else size
        out = rows.adaptive_max_pools[max(n, 2)](x, size)
        out = out.squeeze(-2) if n == 1 else out
        if not return_indices:
            return out
        indices = from_arrays(lambda a: rows.adaptive_places(a, size), x)
        return out, indices.squeeze(-2) if n == 1 else indices

    pool.__name__ = pool.__qualname__ = f"adaptive_max_pool{n}d"
    pool.__doc__ = f"Maxima over a given number of parts of {_last(n, each=True)}."
    return pool


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(_adaptive_max, (1, 2, 3))


def _lp_pool(n: int) -> Callable[..., Tensor]:
    average = (avg_pool1d, avg_pool2d, avg_pool3d)[n - 1]

    def pool(
        input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
        ceil_mode: bool = False,
    ) -> Tensor:  # fmt: skip
        size = 1
        for k in ntuple(kernel_size, n):
            size *= k
        out = average(input.pow(norm_type), kernel_size, stride, 0, ceil_mode)
        return (engine.sign(out) * engine.relu(out.abs())).mul(size).pow(1.0 / norm_type)  # type: ignore[no-any-return]

    pool.__name__ = pool.__qualname__ = f"lp_pool{n}d"
    pool.__doc__ = f"p-norms over windows of {_last(n)}."
    return pool


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp_pool, (1, 2, 3))


def _max_unpool(n: int) -> Callable[..., Tensor]:
    def unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
        output_size: Any = None,
    ) -> Tensor:  # fmt: skip
        kernel = ntuple(kernel_size, n)
        steps = kernel if stride is None else ntuple(stride, n)
        pads = ntuple(padding, n)
        if output_size is None:
            size = [
                (s - 1) * st - 2 * p + k
                for s, st, p, k in zip(input.shape[-n:], steps, pads, kernel, strict=True)
            ]
        else:
            size = list(output_size)[-n:]
        run = rows.max_unpools[max(n, 2)]
        return run(input, indices, (*input.shape[:-n], *size), n)  # type: ignore[no-any-return]

    unpool.__name__ = unpool.__qualname__ = f"max_unpool{n}d"
    unpool.__doc__ = "Put values back to the places that max pooling returned, zeros elsewhere."
    return unpool


max_unpool1d, max_unpool2d, max_unpool3d = map(_max_unpool, (1, 2, 3))
