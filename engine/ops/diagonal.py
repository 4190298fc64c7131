"""Rearranging: diagonals, triangles, flips, rolls, repeats, windows; and small algebra on rows."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from engine.ops.api import FUNCTIONS, expose, publish
from engine.ops.helpers import axis
from engine.ops.shape import CLONE, _shape_args, permute
from engine.ops.table import PROMOTE, RAW, define, run
from engine.tensor import Tensor, wrap

Raw = Any


# --- triangles and diagonals ---------------------------------------------------------------------
def _triangle(name: str, fn: Any) -> None:
    def check(values: list[Any]) -> None:
        if not isinstance(values[1], int):
            raise TypeError(
                f"{name}(): argument 'diagonal' (position 1) must be int, not {type(values[1]).__name__}"
            )
        if len(values[0]._s) < 2:
            raise RuntimeError(f"{name}: input tensor must have at least 2 dimensions")

    expose(
        define(
            f"{name}(self, diagonal=0)",
            fn,
            family="shape",
            self=lambda F, g, diagonal: getattr(F, name)(g, diagonal),
        ),
        inplace=True,
        check=check,
    )


_triangle("tril", np.tril)
_triangle("triu", np.triu)


def _diagonal(a: Raw, offset: int, dim1: int, dim2: int) -> Raw:
    return _writable_diagonal(a, offset, axis(dim1, a.ndim), axis(dim2, a.ndim))


def _writable_diagonal(a: Raw, offset: int, dim1: int, dim2: int) -> Raw:
    """np.diagonal, but writable: strides add up along the diagonal."""
    start = [slice(None)] * a.ndim
    if offset >= 0:
        start[dim2] = slice(min(offset, a.shape[dim2]), None)
    else:
        start[dim1] = slice(min(-offset, a.shape[dim1]), None)
    part = a[tuple(start)]
    rest = [d for d in range(a.ndim) if d not in (dim1, dim2)]
    shape = [part.shape[d] for d in rest] + [min(part.shape[dim1], part.shape[dim2])]
    strides = [part.strides[d] for d in rest] + [part.strides[dim1] + part.strides[dim2]]
    return np.lib.stride_tricks.as_strided(part, shape, strides)


def _diagonal_back(g: Raw, sizes: Any, offset: int, dim1: int, dim2: int) -> Raw:
    out = np.zeros(sizes, g.dtype)
    _writable_diagonal(out, offset, dim1, dim2)[...] = g
    return out


DIAGONAL = define(
    "diagonal(self, offset=0, dim1=0, dim2=1)",
    _diagonal,
    family="shape",
    view=True,
    self=lambda F, g, self_sizes, offset, dim1, dim2: F.diagonal_back(
        g, self_sizes, offset, axis(dim1, len(self_sizes)), axis(dim2, len(self_sizes))
    ),
)
define(
    "_diagonal_back(self, sizes, offset, dim1, dim2)",
    _diagonal_back,
    family="shape",
    key="diagonal_back",
    self=lambda F, g, offset, dim1, dim2: F.diagonal(g, offset, dim1, dim2),
)
expose(DIAGONAL)


def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    n = input._s[-1] + abs(offset)
    out = run(DIAG_EMBED, [input, (*input._s[:-1], n, n), offset])
    d1, d2 = axis(dim1, len(out._s)), axis(dim2, len(out._s))
    last = len(out._s)
    return out if (d1, d2) == (last - 2, last - 1) else out.movedim((-2, -1), (d1, d2))


DIAG_EMBED = define(
    "diag_embed(self, sizes, offset)",
    lambda a, sizes, offset: _diagonal_back(a, sizes, offset, len(sizes) - 2, len(sizes) - 1),
    family="shape",
    self=lambda F, g, offset, sizes: F.diagonal(g, offset, len(sizes) - 2, len(sizes) - 1),
)


def diag(input: Any, diagonal: int = 0) -> Any:
    if len(input._s) == 1:
        return diag_embed(input, diagonal)
    if len(input._s) == 2:
        return run(DIAGONAL_COPY, [input, diagonal, 0, 1])
    raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {len(input._s)}D")


DIAGONAL_COPY = define(
    "diagonal_copy(self, offset=0, dim1=0, dim2=1)",
    lambda a, o, d1, d2: np.array(np.diagonal(a, o, d1, d2)),
    family="shape",
    self=lambda F, g, self_sizes, offset, dim1, dim2: F.diagonal_back(
        g, self_sizes, offset, dim1, dim2
    ),
)


def diagflat(input: Any, offset: int = 0) -> Any:
    return diag_embed(input.reshape(-1), offset)


def _check_trace(values: list[Any]) -> None:
    if len(values[0]._s) != 2:
        raise RuntimeError(
            "trace: expected a matrix, but got tensor with dim " + str(len(values[0]._s))
        )


def _trace_vjp(F: Any, g: Any, self_sizes: Any) -> Any:
    n = min(self_sizes)
    return F.diagonal_back(F.expand(g, (n,)), self_sizes, 0, 0, 1)


expose(
    define("trace(self)", lambda a: np.trace(a), family="reduction", self=_trace_vjp),
    check=_check_trace,
)
for _n in ("diag_embed", "diag", "diagflat"):
    publish(_n, globals()[_n], F=False)


def tril_indices(row: int, col: int, offset: int = 0, **kwargs: Any) -> Any:
    return wrap(np.stack(np.tril_indices(row, offset, col)))


def triu_indices(row: int, col: int, offset: int = 0, **kwargs: Any) -> Any:
    return wrap(np.stack(np.triu_indices(row, offset, col)))


publish("tril_indices", tril_indices, method=False, F=False)
publish("triu_indices", triu_indices, method=False, F=False)


# --- flips, rolls, repeats -----------------------------------------------------------------------
def _flip(a: Raw, dims: Any) -> Raw:
    a = np.asarray(a)
    places = [axis(d, a.ndim) for d in dims]
    if len(set(places)) != len(places):
        twice = next(d for d in places if places.count(d) > 1)
        raise RuntimeError(f"dim {twice} appears multiple times in the list of dims")
    return np.array(np.flip(a, tuple(places))) if a.ndim else a.copy()


FLIP = define("flip(self, dims)", _flip, family="shape", self=lambda F, g, dims: F.flip(g, dims))


def flip(input: Any, *dims: Any, **kw: Any) -> Any:
    return run(FLIP, [input, _shape_args((kw["dims"],) if "dims" in kw else dims)])


def _roll(a: Raw, shifts: Any, dims: Any) -> Raw:
    return np.roll(a, shifts, dims or None)


ROLL = define(
    "roll(self, shifts, dims)",
    _roll,
    family="shape",
    self=lambda F, g, shifts, dims: F.roll(g, tuple(-s for s in shifts), dims),
)


def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    shifts = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    dims = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if dims and len(dims) != len(shifts):
        raise RuntimeError(
            f"shifts and dimensions must align. shifts: {len(shifts)}, dims:{len(dims)}"
        )
    if not dims:
        return run(ROLL, [input.reshape(-1), shifts, (0,)]).reshape(input._s)
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
    counts = _shape_args(dims)
    return repeat(input, *(1,) * (len(input._s) - len(counts)), *counts)


def repeat_interleave(
    input: Any, repeats: Any, dim: int | None = None, *, output_size: Any = None
) -> Any:
    t = input.reshape(-1) if dim is None else input
    d = 0 if dim is None else axis(dim, len(t._s))
    counts = np.asarray(repeats._a) if isinstance(repeats, Tensor) else np.asarray(repeats)
    if counts.size == 1:
        n, k = t._s[d], int(counts.reshape(-1)[0])
        wide = t.unsqueeze(d + 1).expand(*t._s[: d + 1], k, *t._s[d + 1 :])
        return run(CLONE, [wide]).contiguous().view(*t._s[:d], n * k, *t._s[d + 1 :])
    index = np.repeat(np.arange(t._s[d]), counts)
    return t.index_select(d, wrap(index))


publish("flip", flip)
publish("roll", roll)
publish("fliplr", lambda self: flip(self, 1), F=False)
publish("flipud", lambda self: flip(self, 0), F=False)
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
    return run(ROT90, [input, k, tuple(dims)])


def movedim(input: Any, source: Any, destination: Any) -> Any:
    n = len(input._s)
    src = [axis(d, n) for d in ((source,) if isinstance(source, int) else source)]
    dst = [axis(d, n) for d in ((destination,) if isinstance(destination, int) else destination)]
    order = [d for d in range(n) if d not in src]
    for d, s in sorted(zip(dst, src, strict=True)):
        order.insert(d, s)
    return permute(input, *order)


def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    d = axis(dim, len(input._s))
    parts = [int(s) for s in sizes]
    if -1 in parts:
        known = math.prod(s for s in parts if s != -1)
        parts[parts.index(-1)] = input._s[d] // known if known else 0
    if math.prod(parts) != input._s[d]:
        raise RuntimeError(
            f"unflatten: Provided sizes {list(sizes)} don't multiply up to the size of dim {d} ({input._s[d]}) in the input tensor"
        )
    return input.view(*input._s[:d], *parts, *input._s[d + 1 :])


def ravel(input: Any) -> Any:
    return input.reshape(-1)


for _n in ("rot90", "movedim", "unflatten", "ravel"):
    publish(_n, globals()[_n], F=False)
publish("moveaxis", movedim, F=False)


def _unfold(a: Raw, dimension: int, size: int, step: int) -> Raw:
    d = axis(dimension, a.ndim)
    return sliding_window_view(a, size, d, writeable=True)[
        (slice(None),) * d + (slice(None, None, step),)
    ]


def _unfold_back(g: Raw, sizes: Any, d: int, size: int, step: int) -> Raw:
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
)
define(
    "_unfold_back(self, sizes, d, size, step)",
    _unfold_back,
    family="shape",
    key="unfold_back",
    self=lambda F, g, d, size, step: F.unfold(g, d, size, step),
)
expose(UNFOLD, function=False)


# --- rows ----------------------------------------------------------------------------------------
def _cross(a: Raw, b: Raw, dim: int) -> Raw:
    return np.cross(a, b, axis=dim)


CROSS = define(
    "linalg_cross(self, other, dim=-1)",
    _cross,
    PROMOTE,
    family="pointwise",
    self=lambda F, g, other, dim: F.linalg_cross(F.conj(other), g, dim),
    other=lambda F, g, self, dim: F.linalg_cross(g, F.conj(self), dim),
)


@functools.cache
def _warn_about_cross() -> None:
    warnings.warn(
        "Using torch.cross without specifying the dim arg is deprecated.\n"
        "Please either pass the dim explicitly or simply use torch.linalg.cross.\n"
        "The default value of dim will change to agree with that of linalg.cross in a future "
        "release. (Triggered internally at /__w/pytorch/pytorch/aten/src/ATen/native/Cross.cpp:63.)",
        UserWarning, stacklevel=3,
    )  # fmt: skip


def cross(input: Any, other: Any, dim: int | None = None) -> Any:
    if dim is None:
        _warn_about_cross()
        dim = next((i for i, s in enumerate(input._s) if s == 3), -1)
    if input._s[axis(dim, len(input._s))] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input._s[dim]} and {other._s[dim]}"
        )
    return run(CROSS, [input, other, dim])


publish("cross", cross, F=False)


def kron(input: Any, other: Any) -> Any:
    n = max(len(input._s), len(other._s))
    a = input.reshape((1,) * (n - len(input._s)) + tuple(input._s))
    b = other.reshape((1,) * (n - len(other._s)) + tuple(other._s))
    x = a.reshape([v for s in a._s for v in (s, 1)])
    y = b.reshape([v for s in b._s for v in (1, s)])
    return (x * y).reshape([p * q for p, q in zip(a._s, b._s, strict=True)])


def meshgrid(*tensors: Any, indexing: str | None = None) -> tuple[Any, ...]:
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing is None:
        import warnings

        warnings.warn(
            "torch.meshgrid: in an upcoming release, it will be required to pass the indexing argument.",
            UserWarning, stacklevel=2,
        )  # fmt: skip
    ts = list(tensors)
    swap = indexing == "xy" and len(ts) >= 2
    if swap:
        ts[0], ts[1] = ts[1], ts[0]
    shape = [t.numel() for t in ts]
    outs = [
        t.reshape([-1 if i == k else 1 for k in range(len(ts))]).expand(*shape)
        for i, t in enumerate(ts)
    ]
    if swap:
        outs = [o.transpose(0, 1) for o in outs]
        outs[0], outs[1] = outs[1], outs[0]
    return tuple(outs)


def cartesian_prod(*tensors: Any) -> Any:
    if len(tensors) == 1:
        return tensors[0]
    return FUNCTIONS["stack"]([g.reshape(-1) for g in meshgrid(*tensors, indexing="ij")], 1)


def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    pick = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    index = list(pick(range(input.numel()), r))
    return input[wrap(np.array(index, np.int64).reshape(-1, r))]


def diff(input: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    parts = [t for t in (prepend, input, append) if t is not None]
    x = parts[0] if len(parts) == 1 else FUNCTIONS["cat"](parts, dim)
    for _ in range(n):
        d = axis(dim, len(x._s))
        size = x._s[d]
        x = x.narrow(d, 1, size - 1) - x.narrow(d, 0, size - 1)
    return x


def trapezoid(y: Any, x: Any = None, *, dx: float = 1, dim: int = -1) -> Any:
    d = axis(dim, len(y._s))
    n = y._s[d]
    mean = (y.narrow(d, 1, n - 1) + y.narrow(d, 0, n - 1)) / 2
    return (mean * (dx if x is None else diff(x, dim=-1))).sum(d)


def block_diag(*tensors: Any) -> Any:
    ts = [t.reshape(1, -1) if len(t._s) < 2 else t for t in tensors]
    width = sum(t._s[1] for t in ts)
    rows, start = [], 0
    for t in ts:
        left = FUNCTIONS["zeros"](t._s[0], start, dtype=t._d)
        right = FUNCTIONS["zeros"](t._s[0], width - start - t._s[1], dtype=t._d)
        rows.append(FUNCTIONS["cat"]([left, t, right], 1))
        start += t._s[1]
    return FUNCTIONS["cat"](rows, 0)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    n = x._s[0] if N is None else N
    cols = [x**i for i in range(n)]
    return FUNCTIONS["stack"](cols if increasing else cols[::-1], -1)


def atleast(n: int) -> Any:
    from engine.ops.joining import _atleast

    def call(*tensors: Any) -> Any:
        if len(tensors) == 1 and isinstance(tensors[0], Tensor):
            return _atleast(n, tensors[0])
        items = tensors[0] if len(tensors) == 1 else tensors
        return tuple(_atleast(n, t) for t in items)

    return call


def renorm(input: Any, p: float, dim: int, maxnorm: float) -> Any:
    others = [d for d in range(len(input._s)) if d != axis(dim, len(input._s))]
    n = FUNCTIONS["norm"](input, p, others, True)
    return input * FUNCTIONS["where"](n > maxnorm, maxnorm / (n + 1e-7), 1.0)


for _n in ("kron", "diff", "renorm"):
    publish(_n, globals()[_n], F=False)
for _n in ("meshgrid", "cartesian_prod", "combinations", "trapezoid", "block_diag", "vander"):
    publish(_n, globals()[_n], method=False, F=False)
publish("trapz", trapezoid, method=False, F=False)
for _i in (1, 2, 3):
    publish(f"atleast_{_i}d", atleast(_i), method=False, F=False)
publish("adjoint", lambda self: self.mT.conj(), F=False)


def _matrix_t(self: Any) -> Any:
    if len(self._s) < 2:
        raise RuntimeError(
            f"tensor.mT is only supported on matrices or batches of matrices. Got {len(self._s)}-D tensor."
        )
    return self.transpose(-2, -1)


def _reversed(self: Any) -> Any:
    if len(self._s) != 2:
        import warnings

        warnings.warn(
            "The use of `x.T` on tensors of dimension other than 2 to reverse their shape is deprecated and it will throw an error in a future release. Consider `x.mT` to transpose batches of matrices or `x.permute(*torch.arange(x.ndim - 1, -1, -1))` to reverse the dimensions of a tensor.",
            UserWarning, stacklevel=2,
        )  # fmt: skip
    return permute(self, *range(len(self._s) - 1, -1, -1))


Tensor.T, Tensor.mT = property(_reversed), property(_matrix_t)  # type: ignore[attr-defined]
RAW.narrow_one = lambda a, d: np.ones_like(a[(slice(None),) * d + (slice(0, 1),)])
RAW.slice_one = lambda a, d, i, j: a[(slice(None),) * d + (slice(i, j),)]
RAW.prod_dim = lambda a, d, keepdim: a.prod(axis=d, keepdims=keepdim)
from engine.ops.table import GRAPH  # noqa: E402

GRAPH.narrow_one = lambda a, d: FUNCTIONS["ones_like"](a.narrow(d, 0, 1))
GRAPH.slice_one = lambda a, d, i, j: a[
    (slice(None),) * d + (slice(i, j if j is None or j >= 0 else a._s[d] + j),)
]
GRAPH.prod_dim = lambda a, d, keepdim: FUNCTIONS["prod"](a, d, keepdim)
