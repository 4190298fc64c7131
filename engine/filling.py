"""Making tensors of one value: zeros, ones, empty, full."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine import device as devices
from engine import dtype as dtypes
from engine.autograd import mode
from engine.creation import _check_dtype, _finish
from engine.dtype import COMPLEX, default, dtype, of_scalar
from engine.errors import type_name
from engine.ops.guards import guarded
from engine.tensor import Tensor, wrap


def shape_of(name: str, size: tuple[Any, ...]) -> tuple[int, ...]:
    """The shape from `f(2, 3)`, `f((2, 3))` or `f(tensor)`."""
    if len(size) == 1 and isinstance(size[0], (tuple, list)):
        items: Sequence[Any] = size[0]
        wrapped = True
    else:
        items, wrapped = size, False
    out = []
    for i, s in enumerate(items):
        if isinstance(s, (float, str)) or not hasattr(s, "__index__"):
            if wrapped or i:
                raise TypeError(
                    f"{name}(): argument 'size' must be tuple of ints, but found element of type "
                    f"{type_name(s)} at pos {i}"
                    if wrapped
                    else f"{name}() received an invalid combination of arguments - got ({', '.join(type(x).__name__ for x in size)}), but expected one of:"
                )
            raise TypeError(
                f"{name}(): argument 'size' (position 1) must be tuple of ints, not {type_name(s)}"
            )
        out.append(s.__index__())
    if any(s < 0 for s in out):
        bad = next(s for s in out if s < 0)
        if name == "zeros":
            raise RuntimeError(f"{name}: Dimension size must be non-negative.")
        raise RuntimeError(f"Trying to create tensor with negative dimension {bad}: {out}")
    if math.prod(out) >= 1 << 63:
        raise RuntimeError(f"Storage size calculation overflowed with sizes={out}")
    return tuple(out)


def without_data(shape: Any, d: Any, requires_grad: bool) -> Any:
    """A tensor on the meta device."""
    from engine import meta

    return meta.make(shape, d, requires_grad)


_COMMON = ("layout", "pin_memory", "names", "memory_format")


def _options(name: str, kwargs: dict[str, Any]) -> None:
    for key in kwargs:
        if key not in _COMMON:
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")


def _filler(name: str, make: Any, make_like: Any) -> Any:
    def create(
        *size: Any,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        out: Any = None,
        **kwargs: Any,
    ) -> Any:
        if "size" in kwargs:
            size = (kwargs.pop("size"),)
        _options(name, kwargs)
        nowhere = devices.check(device)
        d = _check_dtype(name, dtype) or default()
        if nowhere:
            return without_data(shape_of(name, size), d, requires_grad)
        t = wrap(make(shape_of(name, size), d.np), d)
        if out is not None:
            out.resize_(*t._s)
            return out.copy_(t)
        return _finish(t, requires_grad)

    def like(
        input: Any,
        *,
        dtype: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        **kwargs: Any,
    ) -> Any:
        _options(name + "_like", kwargs)
        if not isinstance(input, Tensor):
            from engine import errors

            raise errors.not_tensor(name + "_like", "input", 1, input)
        if mode.batching is not None:
            made = mode.batching.like(like, input, dtype=dtype)
            if made is not NotImplemented:
                return made
        d = dtype or input._d
        a = input._a
        if type(a) is np.ndarray and not a.flags.c_contiguous:  # the order of the memory is kept
            return _finish(wrap(make_like(a, d.np), d), requires_grad)
        return _finish(wrap(make(input._s, d.np), d), requires_grad)

    what = "unset elements" if name == "empty" else name
    create.__doc__ = f"A tensor of {what} in a given shape."
    like.__doc__ = f"A tensor of {what} in the shape and type of input."
    create.__name__ = create.__qualname__ = name
    like.__name__ = like.__qualname__ = name + "_like"
    return create, like


zeros, zeros_like = _filler("zeros", np.zeros, np.zeros_like)
ones, ones_like = _filler("ones", np.ones, np.ones_like)
empty, empty_like = _filler("empty", np.zeros, np.zeros_like)


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """A tensor of one value; the value decides the type."""
    _options("full", kwargs)
    nowhere = devices.check(device)
    if not isinstance(size, (tuple, list)):
        raise TypeError(
            f"full(): argument 'size' (position 1) must be tuple of ints, not {type_name(size)}"
        )
    value = fill_value.item() if isinstance(fill_value, Tensor) else fill_value
    d = dtype or (fill_value._d if isinstance(fill_value, Tensor) else of_scalar(value))
    shape = shape_of("full", (tuple(size),))
    if nowhere:
        return without_data(shape, d, requires_grad)
    return _finish(wrap(np.full(shape, _element(value, d), d.np), d), requires_grad)


def _element(value: Any, d: dtype) -> Any:
    if d is dtypes.bfloat16:
        return dtypes.round_bfloat16(np.float32(value))
    unreal = isinstance(value, complex) and (d.category == COMPLEX or not value.imag)
    if (d.category == dtypes.INT or isinstance(value, complex)) and not unreal:
        from engine.ops.copying import _number

        return _number(value, d)
    return value


def full_like(
    input: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **kwargs: Any,
) -> Any:
    """A tensor of one value in the shape and type of input."""
    if mode.batching is not None:
        made = mode.batching.like(full_like, input, fill_value, dtype=dtype)
        if made is not NotImplemented:
            return made
    d = dtype or input._d
    value = _element(fill_value, d)
    a = input._a
    if type(a) is np.ndarray and not a.flags.c_contiguous:
        return _finish(wrap(np.full_like(a, value, d.np), d), requires_grad)
    return _finish(wrap(np.full(input._s, value, d.np), d), requires_grad)


@devices.placed
def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, requires_grad: bool = False, **kwargs: Any
) -> Any:
    """Zeros with a given step in memory per dimension."""
    d = dtype or default()
    top = sum((n - 1) * s for n, s in zip(size, stride, strict=True)) + 1
    flat = np.zeros(max(top, 0) if all(size) else 0, d.np)
    steps = [s * d.np.itemsize for s in stride]
    return _finish(wrap(as_strided(flat, tuple(size), steps), d), requires_grad)


zeros, ones, empty, full = (
    guarded(make.__name__, make, False) for make in (zeros, ones, empty, full)
)
zeros_like, ones_like, empty_like, full_like = (
    guarded(make.__name__, devices.placed(make, standing=False), False)
    for make in (zeros_like, ones_like, empty_like, full_like)
)
#: What the torch namespace has of these.
MAKERS = (zeros, zeros_like, ones, ones_like, empty, empty_like, full, full_like, empty_strided)
