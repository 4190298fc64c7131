"""Writing into memory in place, and what that does to the graph.

A write to a tensor gives it the operation's node. A write to a view gives the *base* a `CopySlices`
node, which applies the operation's gradient to the part of the base that the view shows, and gives
every live view of that memory an `AsStridedBackward0` node on top of it.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from engine import recording, version
from engine.autograd import mode
from engine.autograd import node as graph
from engine.autograd.node import Function, tick
from engine.batching.levels import BatchedTensor
from engine.dtype import COMPLEX, FLOAT, bfloat16, cast, complex32, round_bfloat16, round_complex32
from engine.ops import table
from engine.ops.table import Op, OpNode, record
from engine.tensor import Tensor, array, new

OVERLAP = (
    "unsupported operation: some elements of the input tensor and the written-to tensor refer to a "
    "single memory location. Please clone() the tensor before performing the operation."
)
_WRITTEN = "its base or another view of its base has been modified inplace"
#: A moment after all others.
_EVER = sys.maxsize


def write(t: Any, r: Any) -> None:
    """Overwrite the values of `t` (after the recorder kept the old ones) and count the version."""
    if recording.log is not None or recording.forward is not None:
        recording.note_write(t)
    if t._d is bfloat16:
        r = round_bfloat16(r)
    elif t._d is complex32:
        r = round_complex32(r)
    a = t._a
    if not isinstance(a, np.ndarray):
        t._a = np.array(r, a.dtype)[()]
    elif getattr(r, "dtype", a.dtype) == a.dtype:
        a[...] = r
    else:
        np.copyto(a, r, casting="unsafe")
    version.cell_of(t).bump()


def check(t: Any, op: str, others: Sequence[Any] = (), once: bool = True) -> None:
    """Raise if an in-place operation on `t` is not allowed now.

    once: its elements may not share memory with each other.
    """
    if t.is_inference():
        if not mode.inference:
            raise RuntimeError(
                "Inplace update to inference tensor outside InferenceMode is not allowed.You can make"
                " a clone to get a normal tensor before doing inplace update.See "
                "https://github.com/pytorch/rfcs/pull/17 for more details."
            )
        return
    if mode.enabled:
        version.check_write(t, op)
    if once and isinstance(t._a, np.ndarray) and 0 in t._a.strides and _overlaps(t._a):
        raise RuntimeError(
            "unsupported operation: more than one element of the written-to tensor refers to a single memory "
            "location. Please clone() the tensor before performing the operation."
        )


def _overlaps(a: Any) -> bool:
    return any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape, strict=True)) and bool(a.size)


def _check_overlap(t: Any, values: list[Any]) -> None:
    """Raise if another argument lies partly in the memory that is written."""
    for v in values[1:]:
        if v is t or not isinstance(v, Tensor) or not _same_memory(t, v):
            continue
        a, b = array(t), array(v)
        same = a.strides == b.strides and address(a) == address(b)
        if not same and np.may_share_memory(a, b) and not (_overlaps(a) or _overlaps(b)):
            raise RuntimeError(OVERLAP)


def mapped(op: Op, values: list[Any]) -> Any:
    """What a running map makes of a write; NotImplemented if it has no part in it."""
    return NotImplemented if mode.batching is None else mode.batching.write(op, values)


def run_inplace(op: Op, values: list[Any]) -> Any:
    """Execute a row and put the result into its first argument."""
    t = values[0]
    check(t, op.name)
    if (done := mapped(op, values)) is not NotImplemented:
        return done
    _check_overlap(t, values)
    raws, need, half = table.unwrap(op, values)
    try:
        r = table.forward_of(op, half)(*raws)
    except ValueError as error:
        raise table.explained(error, values) from None
    _check_result(t, r)
    return store(op, values, r, need)


def store(op: Op, values: list[Any], r: Any, need: bool, name: str | None = None) -> Any:
    """Write `r` into the first argument as the outcome of `op`, with history and record."""
    t = values[0]
    before = t._g
    tangents = None if mode.duals is None else mode.duals.moved(op, values)
    old: Any = None
    if need and mode.enabled:
        old = snapshot(t, keep=0 in op.needs[0])
        others = [_overwritten(v) if _same_memory(t, v) else v for v in values[1:]]
    write(t, r)
    if old is not None:
        history(op, [old, *others], t, before)
        for v, other in zip(values[1:], others, strict=True):
            if other is not v:
                other._g = v._g
    if tangents is not None:
        mode.duals.written(t, tangents)
    if recording.log is not None:
        record(name or op.name + "_", op, values, t)
    return t


def _check_result(t: Any, r: Any) -> None:
    if r.shape != t._s:
        raise RuntimeError(
            f"output with shape {list(t._s)} doesn't match the broadcast shape {list(r.shape)}"
        )
    kinds = {"b": 0, "i": 1, "u": 1, "f": FLOAT, "c": COMPLEX}
    if kinds[r.dtype.kind] > max(t._d.category, 0) and kinds[r.dtype.kind] != t._d.category:
        from engine.dtype import FROM_NP

        raise RuntimeError(
            f"result type {FROM_NP[r.dtype].display} can't be cast to the desired output type "
            f"{t._d.display}"
        )


def snapshot(t: Any, keep: bool) -> Any:
    """`t` as it was before the write: its values (copied if `keep`) and its place in the graph."""
    old = new(Tensor)
    old._a = t._a.copy() if keep and isinstance(t._a, np.ndarray) else t._a
    old._s, old._d, old._g, old._v = t._s, t._d, t._g, None
    return old


def _same_memory(t: Any, other: Any) -> bool:
    if t is other:
        return True
    return isinstance(other, Tensor) and None is not other._v and _cell(other) is _cell(t)


def _cell(t: Any) -> Any:
    return t._v.cell if type(t._v) is version.View else t._v


def _overwritten(v: Any) -> Any:
    """An argument whose memory the operation itself writes: backward finds it modified."""
    now = version.cell_of(v)
    cell = version.Cell()
    cell.count, cell.last, cell.times = now.count + 1, _EVER, [_EVER]
    out = new(Tensor)
    out._a, out._s, out._d, out._g, out._v = v._a, v._s, v._d, v._g, cell
    return out


def history(op: Op, values: list[Any], t: Any, before: Any) -> None:
    """Give `t`, just written by `op`, its new place in the graph."""
    n = table.attach(op, values, t)
    if n is None:
        return
    if n.outs is not None:
        n.cells = {0: version.cell_of(t)}
    if type(t._v) is version.View:
        rebase(t, n, before)
        return
    if t._v.views:
        _renew_views(t, t._v)
    if graph.hooked and before is not None and before is not graph.LEAF:
        from engine.autograd import hooks

        hooks.move(before, n, t)


def rebase(t: Any, n: Any, before: Any) -> None:
    """Put a CopySlices node on the base of the view `t`, which `n` wrote."""
    base = t._v.base
    t._g = before
    cs = new(CopySlices)
    cs.edges = (graph.edge(base), *n.edges[1:])
    cs._got = None
    cs.seq = tick()
    cs.fn, cs.size, cs.dt = n, base._s, base._d
    cs.geometry = geometry(base, t)
    cs.steps = uneven_strides(base)
    base._g = cs
    _renew_views(base, t._v.cell)


def _renew_views(base: Any, cell: Any) -> None:
    """Put the live views of `base`, which was written, on top of its new place in the graph."""
    for ref in list(cell.views):
        view = ref()
        if view is not None and view._v.base is base:
            origin = view._v.origin
            view._g = strided_node(base, view) if origin is None else _spoiled(origin)


class Spoiled(Function):
    """The node of a view that may not be used any more, since its base was written."""

    __slots__ = ("spoiled",)

    spoiled: str

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        raise RuntimeError(self.spoiled)


def _spoiled(origin: str) -> Spoiled:
    n = new(Spoiled)
    n.edges, n._got, n.seq = (), None, tick()
    if origin in ("no_grad", "inference_mode"):
        origin = version.view_in(origin, _WRITTEN)
    n.spoiled = origin.replace("and is being modified inplace", "and " + _WRITTEN, 1)
    return n


def strides_of(a: Any) -> tuple[int, ...]:
    """Strides in elements, as PyTorch counts them."""
    return tuple(s // a.itemsize for s in a.strides)


def address(a: Any) -> int:
    return int(a.__array_interface__["data"][0])


def geometry(base: Any, view: Any) -> tuple[tuple[int, ...], tuple[int, ...], int]:
    """Size, strides and offset (in elements) of a view in its base's memory."""
    if type(base) is BatchedTensor:  # those of one example
        return geometry(base._a.one(), view._a.one())
    b, v = array(base), array(view)
    offset = (address(v) - address(b)) // b.itemsize if b.size and v.size else 0
    return view._s, strides_of(v), offset


def uneven_strides(base: Any) -> tuple[int, ...] | None:
    """The strides of a base whose elements do not lie one behind the other; None of another."""
    a = base._a.one() if type(base) is BatchedTensor else base
    a = array(a)
    return None if a.flags.c_contiguous else strides_of(a)


class CopySlices(Function):
    """The node of a base that was written through a view.

    `geometry` is the view's in the base's memory, in which `steps` lead through the base.
    """

    __slots__ = ("dt", "fn", "geometry", "size", "steps")
    __module__ = "builtins"

    title = "torch::autograd::CopySlices"
    frees = True
    fn: Any
    size: Any
    dt: Any
    geometry: tuple[tuple[int, ...], tuple[int, ...], int]
    steps: tuple[int, ...] | None

    def release(self) -> None:
        self.fn.release()

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        size, strides, offset = self.geometry
        if self.steps is not None:
            return self._scattered(F, g, self._places(g.shape))
        if F.raw:
            whole = np.array(g, order="C")
            part = _part(whole, size, strides, offset)
            inner = self.fn.grads(F, part.copy())
            part[...] = 0 if inner[0] is None else inner[0]
            return (whole if self.edges[0] is not None else None, *inner[1:])
        part = F.as_strided(F.clone_contiguous(g), size, strides, offset)
        inner = self.fn.grads(F, part)
        first = F.zeros(size, self.dt) if inner[0] is None else inner[0]
        return (F.as_strided_scatter(g, first, size, strides, offset), *inner[1:])

    def _places(self, whole: Any) -> Any:
        """Which of the base's elements, counted row by row, the view shows."""
        n, steps = math.prod(whole), self.steps or ()
        reach = sum((k - 1) * s for k, s in zip(whole, steps, strict=True))
        memory = np.zeros(1 + reach, np.int64)
        _part(memory, tuple(whole), steps, 0)[...] = np.arange(n).reshape(whole)
        return _part(memory, *self.geometry)

    def _scattered(self, F: Any, g: Any, places: Any) -> Sequence[Any]:
        """The gradients where the view's elements are anywhere among the base's."""
        flat, at = g.reshape((-1,)), places.ravel()
        inner = self.fn.grads(F, F.take_flat(flat, at).reshape(places.shape))
        first = F.zeros(places.shape, self.dt) if inner[0] is None else inner[0]
        kept = np.ones(flat.shape[0], bool)
        kept[at] = False
        written = F.scatter_into(first.reshape((-1,)), at, flat.shape[0])
        out = F.where(F.const(kept), flat, written).reshape(g.shape)
        return (out if self.edges[0] is not None else None, *inner[1:])


def _part(whole: Any, size: Any, strides: Any, offset: int) -> Any:
    flat = whole.reshape(-1)
    return as_strided(flat[offset:], size, [s * whole.itemsize for s in strides])


def strided_node(base: Any, view: Any) -> Any:
    """An AsStridedBackward0 from `base` to `view`."""
    size, strides, offset = geometry(base, view)
    op = table.OPS["as_strided"]
    n = new(op.node)
    n.edges = (graph.edge(base),)
    n._got = None
    n.seq = tick()
    steps = uneven_strides(base)
    start = None if steps is None else (steps, 0)
    n.args, n.outs, n.cells = [None, size, strides, offset, start], None, None
    n.metas = ((base._s, base._d), *[None] * 4)
    return n


_renames: dict[tuple[type, str], type] = {}


def renamed(cls: type, title: str) -> type:
    """A node class that goes by another name."""
    key = (cls, title)
    if key not in _renames:
        _renames[key] = type(title, (cls,), {"__slots__": (), "__module__": cls.__module__})
    return _renames[key]


def fill_from(t: Any, values: Any) -> None:
    """Write without history, as random fills and zero_ under no_grad do."""
    check(t, "fill_")
    write(t, values)


__all__ = ["OpNode", "cast", "check", "fill_from", "run_inplace", "store", "write"]
