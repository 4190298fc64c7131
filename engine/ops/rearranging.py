"""Flips, rolls, repeats, moved dimensions, windows; and parts of a dimension that VJPs take."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine import errors
from engine.autograd import mode
from engine.batching.levels import level_of
from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.helpers import axis, in_rows
from engine.ops.shape import CLONE, _shape_args, permute
from engine.ops.table import (
    GRAPH,
    RAW,
    define,
    run,
)
from engine.tensor import Tensor, wrap
from engine.warning import once

Raw = Any


def _flip(a: Raw, dims: Any) -> Raw:
    a = np.asarray(a)
    places = [axis(d, a.ndim) for d in dims]
    if len(set(places)) != len(places):
        twice = next(d for d in places if places.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return np.array(np.flip(a, tuple(places))) if a.ndim else a.copy()


FLIP = define("flip(self, dims)", _flip, family="shape", self=lambda F, g, dims: F.flip(g, dims))


def flip(input: Any, *dims: Any, **kw: Any) -> Any:
    """The order of the elements turned round along `dims`."""
    return run(FLIP, [input, _shape_args((kw["dims"],) if "dims" in kw else dims)])


def _roll(a: Raw, shifts: Any, dims: Any) -> Raw:
    return np.roll(in_rows(a), shifts, dims or None)


ROLL = define(
    "roll(self, shifts, dims)",
    _roll,
    family="shape",
    self=lambda F, g, shifts, dims: F.roll(g, tuple(-s for s in shifts), dims),
)


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Elements moved along `dims`; what leaves at one end comes in at the other."""
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not shifts:
        raise RuntimeError("`shifts` required")
    if len(dims) != len(shifts) and (dims or len(shifts) > 1):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    for d in dims:
        if not input._s:
            raise errors.no_dims(d)
        axis(d, len(input._s))
    return run(ROLL, [input, shifts, dims])


def _repeat_vjp(F: Any, g: Any, self_sizes: Any, repeats: Any) -> Any:
    extra = len(repeats) - len(self_sizes)
    if 0 in repeats:
        return F.zeros(self_sizes, None if F.raw else g._d)
    shape: list[int] = []
    dims: list[int] = []
    for i, r in enumerate(repeats):
        dims.append(len(shape))
        shape.append(r)
        if i >= extra:
            shape.append(self_sizes[i - extra])
    return F.sum(g.reshape(tuple(shape)), dims, False)


REPEAT = define(
    "repeat(self, repeats)",
    lambda a, repeats: np.tile(a, repeats),
    family="shape",
    self=_repeat_vjp,
)


def repeat(self: Any, *repeats: Any) -> Any:
    """The tensor, repeated along each dimension."""
    counts = _shape_args(repeats)
    if len(counts) < len(self._s):
        raise RuntimeError(
            "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor"
        )
    padded = (1,) * (len(counts) - len(self._s)) + tuple(self._s)
    sizes = [c * s for c, s in zip(counts, padded, strict=True)]
    if any(s < 0 for s in sizes):
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {next(s for s in sizes if s < 0)}: {sizes}"
        )
    return run(REPEAT, [self, counts])


def tile(input: Any, *dims: Any) -> Any:
    """The tensor, repeated along each dimension; missing ones count as 1."""
    counts = _shape_args(dims)
    return repeat(input, *(1,) * (len(input._s) - len(counts)), *counts)


def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: Any = None
) -> Any:
    """Each element, or slice along `dim`, repeated in place; of counts alone, their places."""
    if repeats is None:
        places = wrap(np.arange(input._s[0], dtype=input._d.np), input._d)
        return repeat_interleave(places, input, 0, output_size=output_size)
    t = input.reshape(-1) if dim is None else input
    d = 0 if dim is None else axis(dim, len(t._s))
    if not t._s:
        raise errors.no_dims(d) if isinstance(repeats, Tensor) else errors.dim_range(d + 1, 0)
    if level_of(repeats):
        raise RuntimeError(mode.batching.dynamic.format("repeat_interleave.Tensor"))
    counts = np.asarray(repeats._a) if isinstance(repeats, Tensor) else np.asarray(repeats)
    if counts.dtype.kind != "i":
        raise errors.not_implemented("repeat_interleave_cpu", repeats._d.display)
    if counts.size and counts.min() < 0:
        raise RuntimeError(
            "Repeats must be non-negative" if not counts.ndim else "repeats can not be negative"
        )
    if counts.size != 1 and counts.size != t._s[d]:
        raise RuntimeError(
            "repeats must have the same size as input along dim, but got repeats.size(0) = "
            f"{counts.size} and input.size({d}) = {t._s[d]}"
        )
    if counts.size == 1:
        n, k = t._s[d], int(counts.reshape(-1)[0])
        wide = t.unsqueeze(d + 1).expand(*t._s[: d + 1], k, *t._s[d + 1 :])
        return run(CLONE, [wide]).contiguous().view(*t._s[:d], n * k, *t._s[d + 1 :])
    index = np.repeat(np.arange(t._s[d]), counts)
    return t.index_select(d, wrap(index))


publish("flip", flip)
publish("roll", roll)


def _flipper(least: int, dim: int) -> Any:
    def call(input: Any) -> Any:
        if len(input._s) < least:
            raise RuntimeError(f"Input must be >= {least}-d.")
        return flip(input, dim)

    return call


publish("fliplr", _flipper(2, 1), F=False, doc="The columns in reversed order.")
publish("flipud", _flipper(1, 0), F=False, doc="The rows in reversed order.")
publish("repeat", repeat, function=False, F=False)
publish("tile", tile, F=False)
publish("repeat_interleave", repeat_interleave, F=False)
RAW.flip, RAW.roll = _flip, _roll
ROT90 = define(
    "rot90(self, k, dims)",
    lambda a, k, dims: np.array(np.rot90(a, k, dims)),
    family="shape",
    self=lambda F, g, k, dims: F.rot90(g, -k, dims),
)


def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Turned k times by 90 degrees in the plane of two dimensions."""
    n = len(input._s)
    if len(dims) != 2:
        raise RuntimeError(f"expected total rotation dims == 2, but got dims = {len(dims)}")
    if n < 2:
        raise RuntimeError(f"expected total dims >= 2, but got total dims = {n}")
    first, second = dims
    if first == second or abs(first - second) == n:
        raise RuntimeError(
            f"expected rotation dims to be different, but got dim0 = {first} and dim1 = {second}"
        )
    return run(ROT90, [input, k, (axis(first, n), axis(second, n))])


def movedim(input: Any, source: Any, destination: Any) -> Any:
    """A view with dimensions at other places, the others in order."""
    n = len(input._s)
    if not isinstance(source, int) and len(source) != len(destination):
        raise RuntimeError(
            f"movedim: Invalid source or destination dims: source ({list(source)} dims) should contain the "
            f"same number of dims as destination ({list(destination)} dims)"
        )
    src = [axis(d, n) for d in ((source,) if isinstance(source, int) else source)]
    dst = [axis(d, n) for d in ((destination,) if isinstance(destination, int) else destination)]
    for name, places, given in (("source", src, source), ("destination", dst, destination)):
        if len(set(places)) < len(places):
            raise RuntimeError(f"movedim: repeated dim in `{name}` ({list(given)})")
    order = [d for d in range(n) if d not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return permute(input, *order)


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """One dimension as several."""
    d = axis(dim, len(input._s))
    parts = [int(s) for s in sizes]
    if not parts:
        raise RuntimeError("unflatten: sizes must be non-empty")
    if -1 in parts:
        known = math.prod(s for s in parts if s != -1)
        parts[parts.index(-1)] = input._s[d] // known if known else 0
    if math.prod(parts) != input._s[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} ({input._s[d]}) in the input tensor"
        )
    return input.view((*input._s[:d], *parts, *input._s[d + 1 :]))


def ravel(input: Any) -> Any:
    """All elements as a vector, a view if possible."""
    return input.contiguous().view(-1)


for _n in ("rot90", "movedim", "unflatten", "ravel"):
    publish(_n, globals()[_n], F=False)
publish("moveaxis", movedim, F=False)


def _unfold(a: Raw, dimension: int, size: int, step: int) -> Raw:
    d = axis(dimension, a.ndim)
    if not a.ndim:
        return a.reshape(1)[:size]
    return sliding_window_view(a, size, d, writeable=True)[
        (slice(None),) * d + (slice(None, None, step),)
    ]


def _unfold_back(g: Raw, sizes: Any, d: int, size: int, step: int) -> Raw:
    if not sizes:
        return g.sum()
    out = np.zeros(sizes, g.dtype)
    view = np.moveaxis(out, d, -1)
    g = np.moveaxis(g, d, -2)
    for i in range(g.shape[-2]):
        view[..., i * step : i * step + size] += g[..., i, :]
    return out


UNFOLD = define(
    "unfold(self, dimension, size, step)",
    _unfold,
    family="shape",
    view=True,
    self=lambda F, g, self_sizes, dimension, size, step: F.unfold_back(
        g, self_sizes, axis(dimension, len(self_sizes)), size, step
    ),
    doc="Windows of `size`, `step` apart along a dimension, as a new last dimension.",
)
define(
    "_unfold_back(self, sizes, d, size, step)",
    _unfold_back,
    family="shape",
    key="unfold_back",
    node="UnfoldBackwardBackward0",
    self=lambda F, g, d, size, step: F.unfold(g, d, size, step),
)


def _check_unfold(values: list[Any]) -> None:
    t, dimension, size, step = values
    d = axis(dimension, len(t._s))
    n = t._s[d] if t._s else 1
    if size > n:
        raise RuntimeError(f"maximum size for tensor at dimension {d} is {n} but size is {size}")
    if size < 0:
        raise RuntimeError(f"size is {size} but must be >= 0")
    if step <= 0:
        raise RuntimeError(f"step is {step} but must be > 0")


expose(UNFOLD, function=False, check=_check_unfold)


def _matrix_t(self: Any, name: str = "mT") -> Any:
    if not self._s:
        warnings.warn(
            "Tensor.H is deprecated on 0-D tensors. Consider using x.conj()."
            if name == "H"
            else f"Tensor.{name} is deprecated on 0-D tensors. This function is the identity in these cases.",
            UserWarning, stacklevel=3,
        )  # fmt: skip
        return self
    if len(self._s) < 2:
        raise RuntimeError(
            f"tensor.{name} is only supported on matrices or batches of matrices. Got {len(self._s)}-D tensor."
        )
    return self.transpose(-2, -1)


publish(
    "adjoint",
    lambda self: _matrix_t(self, "adjoint()").conj(),
    F=False,
    doc="The last two dimensions swapped, and the elements conjugated.",
)


def _reversed(self: Any) -> Any:
    if not self._s:
        once("Tensor.T is deprecated on 0-D tensors. This function is the identity in these cases.")
        return self
    if len(self._s) != 2:
        once(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
        )  # fmt: skip
    return permute(self, *range(len(self._s) - 1, -1, -1))


def _hermitian(self: Any) -> Any:
    if len(self._s) not in (0, 2):
        raise RuntimeError(
            f"tensor.H is only supported on matrices (2-D tensors). Got {len(self._s)}-D tensor."
            + " For batches of matrices, consider using tensor.mH" * (len(self._s) > 2)
        )
    return _matrix_t(self, "H").conj()


Tensor.T, Tensor.mT = property(_reversed), property(_matrix_t)  # type: ignore[attr-defined]
Tensor.H = property(_hermitian)  # type: ignore[attr-defined]
Tensor.mH = property(lambda self: _matrix_t(self, "mH").conj())  # type: ignore[attr-defined]
RAW.narrow_one = lambda a, d: np.ones_like(a[(slice(None),) * d + (slice(0, 1),)])
RAW.slice_one = lambda a, d, i, j: a[(slice(None),) * d + (slice(i, j),)]
RAW.prod_dim = lambda a, d, keepdim: a.prod(axis=d, keepdims=keepdim)
GRAPH.narrow_one = lambda a, d: FUNCTIONS["ones_like"](a.narrow(d, 0, 1))
GRAPH.slice_one = lambda a, d, i, j: a[
    (slice(None),) * d + (slice(i, j if j is None or j >= 0 else a._s[d] + j),)
]
GRAPH.prod_dim = lambda a, d, keepdim: FUNCTIONS["prod"](a, d, keepdim)
