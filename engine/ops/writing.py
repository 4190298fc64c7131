"""A tensor with one part replaced, out of place and in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors, recording, version
from engine.errors import type_name
from engine.ops import inplace
from engine.ops.api import FUNCTIONS, publish
from engine.ops.copying import _number
from engine.ops.cumulative import CUMPROD, CUMSUM
from engine.ops.helpers import axis
from engine.ops.table import define, run
from engine.tensor import Tensor, array
from engine.warning import once

Raw = Any


# --- views filled from a source: out of place ------------------------------------------------------
def _part_row(name: str, params: str, part: Callable[..., Raw]) -> Any:
    """A row that copies `self` and puts `src` into the part of it that `part` shows."""

    def forward(a: Raw, src: Raw, *where: Any) -> Raw:
        out = np.array(a)
        view = part(out, *where)
        if view.shape != np.shape(src):
            raise RuntimeError(
                f"expected src to have a size equal to the {name.removesuffix('_scatter')} of self. src size = "
                f"{list(np.shape(src))}, {name.removesuffix('_scatter')} size = {list(view.shape)}"
            )
        view[...] = src
        return out

    def zeroed(g: Raw, *where: Any) -> Raw:
        out = np.array(g)
        part(out, *where)[...] = 0
        return out

    key = f"_zero_{name}"
    define(
        f"_{name}_part(self, {params})",
        lambda g, *where: np.array(part(g, *where)),
        family="indexing",
        key=key + "_part",
        self=_vjp(
            params,
            lambda F, g, self_sizes, self_dtype, *where: getattr(F, name)(
                F.zeros(self_sizes, self_dtype), g, *where
            ),
            ("self_sizes", "self_dtype"),
        ),
    )
    define(
        f"_{name}_rest(self, {params})",
        zeroed,
        family="indexing",
        key=key,
        self=_vjp(params, lambda F, g, *where: getattr(F, key)(g, *where)),
    )
    return define(
        f"{name}(self, src, {params})",
        forward,
        family="indexing",
        self=_vjp(params, lambda F, g, *where: getattr(F, key)(g, *where)),
        src=_vjp(params, lambda F, g, *where: getattr(F, key + "_part")(g, *where)),
    )


def _vjp(params: str, fn: Callable[..., Any], extra: tuple[str, ...] = ()) -> Callable[..., Any]:
    """`fn` as a VJP whose arguments have the names of the row's (the table asks for them by name)."""
    names = ", ".join([*extra, *(p.split("=")[0].strip() for p in params.split(","))])
    made: Callable[..., Any] = eval(f"lambda F, g, {names}: fn(F, g, {names})", {"fn": fn})
    return made


def _select_part(a: Raw, dim: int, index: int) -> Raw:
    return a[(slice(None),) * dim + (index, ...)]


def _slice_part(a: Raw, dim: int, start: int, end: int, step: int) -> Raw:
    return a[(slice(None),) * dim + (slice(start, end, step),)]


def _diagonal_part(a: Raw, offset: int, dim1: int, dim2: int) -> Raw:
    view = np.diagonal(a, offset, dim1, dim2)
    view.flags.writeable = True
    return view


SELECT_SCATTER = _part_row("select_scatter", "dim, index", _select_part)
SLICE_SCATTER = _part_row("slice_scatter", "dim, start, end, step", _slice_part)
DIAGONAL_SCATTER = _part_row("diagonal_scatter", "offset, dim1, dim2", _diagonal_part)


def select_scatter(input: Any, src: Any, dim: int, index: int) -> Any:
    """`input` with the slice at `index` of `dim` replaced."""
    d = axis(dim, len(input._s))
    n = input._s[d]
    if not -n <= index < n:
        raise IndexError(
            f"select(): index {index} out of range for tensor of size {list(input._s)} at dimension {d}"
        )
    return run(SELECT_SCATTER, [input, src, d, index % n])


def slice_scatter(
    input: Any, src: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1
) -> Any:
    """`input` with input[start:end:step] along `dim` replaced."""
    d = axis(dim, len(input._s))
    a, b, _ = slice(start, end, step).indices(input._s[d])
    return run(SLICE_SCATTER, [input, src, d, a, max(a, b), step])


def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """`input` with a diagonal replaced."""
    n = len(input._s)
    return run(DIAGONAL_SCATTER, [input, src, offset, axis(dim1, n), axis(dim2, n)])


for _n in ("select_scatter", "slice_scatter", "diagonal_scatter"):
    publish(_n, globals()[_n], F=False)


# --- put: by flat position --------------------------------------------------------------------------
def _put(a: Raw, index: Raw, source: Raw, accumulate: bool) -> Raw:
    out = np.array(a)
    flat = out.reshape(-1)
    if accumulate:
        np.add.at(flat, index.reshape(-1), source.reshape(-1))
    else:
        flat[index.reshape(-1)] = source.reshape(-1)
    return out


def _put_self(F: Any, g: Any, index: Any, accumulate: bool) -> Any:
    if accumulate:
        return g
    return F.put(g, index, F.zeros_like(F.take(g, index)), False)


PUT = define(
    "put(self, index, source, accumulate=False)",
    _put,
    family="indexing",
    self=_put_self,
    source=lambda F, g, index, source_sizes: F.take(g, index).reshape(source_sizes),
)


def _check_put(self: Any, index: Any, source: Any) -> None:
    if index._d.name != "int64":
        raise RuntimeError(f"put_(): Expected a long tensor for index, but got {index._d.display}")
    if source._d is not self._d:
        raise RuntimeError(
            "put_(): self and source expected to have the same dtype, but got self.dtype = "
            f"{self._d.display} and source.dtype = {source._d.display}"
        )
    if index._s.numel() != source._s.numel():
        raise RuntimeError(
            "put_(): Expected source and index to have the same number of elements, but got "
            f"source.numel() = {source._s.numel()}, index.numel() = {index._s.numel()}"
        )
    n = self._s.numel()
    at = np.asarray(index._a)
    if at.size and (at.min() < -n or at.max() >= n):
        bad = at[(at < -n) | (at >= n)].ravel()[0]
        raise IndexError(f"out of range: tried to access index {bad} on a tensor of {n} elements.")


def put(input: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    """A copy with `source` put, or added, at places of the flat tensor."""
    _check_put(input, index, source)
    return run(PUT, [input, index, source, accumulate])


def put_(self: Any, index: Any, source: Any, accumulate: bool = False) -> Any:
    _check_put(self, index, source)
    return inplace.run_inplace(PUT, [self, index, source, accumulate])


publish("put", put)
publish("put_", put_, function=False, F=False)


# --- in place ----------------------------------------------------------------------------------------
def _running(op: Any) -> Callable[..., Any]:
    def write(self: Any, dim: int, *, dtype: Any = None) -> Any:
        return inplace.run_inplace(op, [self, dim])

    return write


publish("cumsum_", _running(CUMSUM), function=False, F=False)
publish("cumprod_", _running(CUMPROD), function=False, F=False)


def fill_diagonal_(self: Any, fill_value: Any, wrap: bool = False) -> Any:
    """Write a number onto the main diagonal; with `wrap` again below the square of tall matrices."""
    if len(self._s) < 2:
        raise RuntimeError("dimensions must larger than 1")
    if len(self._s) > 2 and len(set(self._s)) > 1:
        raise RuntimeError("all dimensions of input must be of equal length")
    step = sum(int(np.prod(self._s[i + 1 :])) for i in range(len(self._s)))
    n = min(self._s)
    if wrap and len(self._s) == 2 and self._s[0] > self._s[1] + 1:
        n = -(-self._s.numel() // step)
    strides = tuple(s // self._a.itemsize for s in array(self).strides)
    with_step = sum(strides) if not wrap else step
    self.as_strided((n,), (with_step,)).fill_(fill_value)
    return self


def as_strided_(self: Any, size: Any, stride: Any, storage_offset: Any = None) -> Any:
    inplace.check(self, "as_strided_")
    out = FUNCTIONS["as_strided"](self, size, stride, storage_offset)
    recording.note_write(self)
    self._a, self._s = out._a, out._s
    version.cell_of(self).bump()
    if out._g is not None:
        out._g.__class__ = inplace.renamed(type(out._g), "AsStridedBackward1")
        self._g = out._g
    return self


def set_(self: Any, source: Any = None, *more: Any) -> Any:
    """Show the memory of another tensor."""
    if self._g is not None:
        if self.is_leaf:
            raise RuntimeError(errors.LEAF_INPLACE)
        raise RuntimeError("derivative for set_ is not implemented")
    if source is not None and not isinstance(source, Tensor):
        raise TypeError(
            f"set_() received an invalid combination of arguments - got ({type_name(source)}), but expected "
            "one of:\n * ()\n * (torch.Storage source)\n * (Tensor source)\n"
        )
    if source is None:
        source = FUNCTIONS["tensor"]([], dtype=self._d)
    if source._d is not self._d:
        raise RuntimeError(
            f"Could not set tensor of type {source._d.name} to a tensor of type {self._d.name}"
        )
    recording.note_write(self)
    self._a, self._s = array(source), source._s
    version.cell_of(self).bump()
    return self


def apply_(self: Any, callable: Callable[[Any], Any]) -> Any:
    """Replace each element by what the function makes of it."""
    if self._g is not None:
        raise RuntimeError(
            "Can't call apply_() on Variable that requires grad. Use var.detach().apply_() instead."
        )
    values = np.array([_number(callable(v), self._d) for v in self._a.reshape(-1).tolist()])
    inplace.fill_from(self, values.reshape(self._s).astype(self._d.np))
    return self


def map_(self: Any, tensor: Any, callable: Callable[[Any, Any], Any]) -> Any:
    """Replace each element by what the function makes of it and the other tensor's."""
    for t in (self, tensor):
        if t._g is not None:
            raise RuntimeError(
                "Can't call map_() on Variable that requires grad. Use var.detach().map_() instead."
            )
    other = np.broadcast_to(tensor._a, self._s).reshape(-1).tolist()
    pairs = zip(self._a.reshape(-1).tolist(), other, strict=True)
    values = np.array([_number(callable(a, b), self._d) for a, b in pairs])
    inplace.fill_from(self, values.reshape(self._s).astype(self._d.np))
    return self


def float_power_(self: Any, exponent: Any) -> Any:
    raise_to = FUNCTIONS["float_power"](self.detach(), exponent)
    if raise_to._d is not self._d:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {self._d.display} but the operation's result "
            f"requires dtype {raise_to._d.display}"
        )
    return self.pow_(exponent)


for _n in ("fill_diagonal_", "as_strided_", "set_", "apply_", "map_", "float_power_"):
    publish(_n, globals()[_n], function=False, F=False)
publish("as_strided_", as_strided_, method=False, F=False)


# --- sizes -------------------------------------------------------------------------------------------
def sum_to_size(self: Any, *size: Any) -> Any:
    """Sum what broadcasting from `size` would have spread."""
    want = tuple(size[0]) if len(size) == 1 and isinstance(size[0], (tuple, list)) else size
    extra = len(self._s) - len(want)
    if extra < 0 or any(
        w not in (1, s) for w, s in zip(want, self._s[max(extra, 0) :], strict=True)
    ):
        raise RuntimeError(f"size {{{list(want)}}} is not expandable to size {{{list(self._s)}}}.")
    dims = [*range(extra)] + [
        i + extra for i, w in enumerate(want) if w == 1 and self._s[i + extra] != 1
    ]
    if not want:
        return self.sum()
    out = self.sum(dims, True) if dims else self
    return out.view(want) if extra else out


publish("sum_to_size", sum_to_size, function=False, F=False)


# --- index_reduce ------------------------------------------------------------------------------------
def _spread(index: Any, source: Any, dim: int) -> Any:
    if not source._s:
        return index.reshape(())
    shape = [1] * len(source._s)
    shape[dim] = -1
    return index.reshape(shape).expand(source._s)


def index_reduce(
    input: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    """Reduce the slices of `source` into the slices of `input` that `index` names."""
    once("index_reduce() is in beta and the API may change at any time.")
    d = axis(dim, len(input._s))
    return _reduced(
        input.scatter_reduce(
            d, _spread(index, source, d), source, reduce, include_self=include_self
        )
    )


def _reduced(out: Any) -> Any:
    if out._g is not None and type(out._g).__name__ == "ScatterReduceBackward0":
        out._g.__class__ = inplace.renamed(type(out._g), "IndexReduceBackward0")
    return out


def index_reduce_(
    self: Any, dim: int, index: Any, source: Any, reduce: str, *, include_self: bool = True
) -> Any:
    once("index_reduce() is in beta and the API may change at any time.")
    d = axis(dim, len(self._s))
    return _reduced(
        self.scatter_reduce_(
            d, _spread(index, source, d), source, reduce, include_self=include_self
        )
    )


publish("index_reduce", index_reduce, F=False)
publish("index_reduce_", index_reduce_, function=False, F=False)
