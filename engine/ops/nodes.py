"""A row of the operator table, and the node of an operation: what its VJPs need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import errors, recording, version
from engine.autograd import mode, sweep
from engine.autograd.node import LEAF, Node, Port
from engine.batching.levels import Batch, BatchedTensor
from engine.dtype import FLOAT
from engine.ops import saved
from engine.tensor import TENSORS, Tensor, new

INPUT, RESULT, SIZES, DTYPE, NEEDS, RESULTS = range(6)
#: The key in `Op.twice` of the kernel that gives all gradients.
JOINT = -1
#: What a node is called that cannot be differentiated.
UNDERIVED = "torch::autograd::NotImplemented"


class Op:
    """A row of the table."""

    __slots__ = (
        "alone", "broadcasts", "defaults", "differentiable", "doc", "family", "formulas", "forward", "frees", "index",
        "joint", "kind", "listed", "name", "needs", "node", "outputs", "pack", "params", "required", "shown",
        "signature", "twice", "view", "vjps", "way",
    )  # fmt: skip

    name: str
    signature: str
    family: str
    doc: str
    params: tuple[str, ...]
    defaults: dict[str, Any]
    required: int  # arguments without a default; the first of the signature
    index: dict[str, int]
    forward: Callable[..., Any]
    formulas: dict[int, str]  # the gradients that are written as text, by place
    kind: int
    node: type[TableNode]
    joint: tuple[Callable[..., Any], tuple[tuple[int, int], ...]] | None
    differentiable: tuple[int, ...]  # places of the arguments that get gradients
    alone: int | None  # the only one of them, if there is only one
    needs: tuple[set[int], bool]  # what nodes keep: places of arguments, and whether results
    shown: set[int]  # places of arguments that no VJP reads, kept to be shown
    outputs: int
    pack: Callable[..., Any] | None
    view: bool
    listed: bool  # the first argument is a list of tensors
    broadcasts: bool
    frees: bool
    twice: dict[int, Callable[..., Any]]  # backward kernels by argument (see `engine.ops.twice`)
    vjps: dict[int, tuple[Callable[..., Any], tuple[tuple[int, int], ...]]]
    way: Callable[..., Any]  # runs it: the arguments by place, all of them

    def __repr__(self) -> str:
        return f"<op {self.signature} [{self.family}]>"


class OpNode(Node):
    """The node of an operation: what its VJPs need.

    `args` are the arguments by place (None where no VJP needs one; None itself once freed), `metas`
    the shape and element type of those that are tensors, `outs` the results with theirs, `cells`
    the cells of the memory of results that have one.
    """

    __slots__ = ()

    outputs: int
    op: Op
    args: list[Any] | None
    metas: tuple[Any, ...]
    outs: tuple[Any, ...] | None
    cells: dict[int, Any] | None

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        edges = super().next_functions
        return tuple(e for e in edges if e[0] is not None) if self.title == UNDERIVED else edges

    def values(self, F: Any, getters: Sequence[tuple[int, int]]) -> list[Any]:
        """What VJPs name, in order."""
        return [self._value(F, kind, i) for kind, i in getters]

    def _value(self, F: Any, kind: int, i: int) -> Any:
        if kind == INPUT:
            v = self.args[i]  # type: ignore[index]
            if isinstance(v, Tensor):
                return self._unpack(F, v)
            if type(v) is list or type(v) is tuple:
                return type(v)(self._unpack(F, e) if isinstance(e, Tensor) else e for e in v)
            if type(v) is Packed:
                return v.unpack(F)
            return v
        if kind == RESULT:
            return self._result(F, i)
        if self.op.listed and kind in (SIZES, DTYPE) and i == 0:
            return [m[kind - SIZES] for m in self.metas[: len(self.edges)]]
        if kind == SIZES:
            return self.metas[i][0]
        if kind == DTYPE:
            return self.metas[i][1]
        return tuple(e is not None for e in self.edges)

    def _unpack(self, F: Any, v: Any) -> Any:
        if v._v is not None and version.changed(v, self.seq):
            raise version.saved_error(v, self.seq)
        return v._a if F.raw else v

    def _result(self, F: Any, i: int) -> Any:
        a, size, dt = self.outs[i]  # type: ignore[index]
        if type(a) is Packed:
            return a.unpack(F, cell_owner(self, i))
        cell = self.cells.get(i) if self.cells else None
        if cell is not None and cell.last > self.seq:
            t = output_tensor(self, i, a, size, dt)
            raise version.modified_error(t, self.seq, cell_owner(self, i), cell)
        return a if F.raw else output_tensor(self, i, a, size, dt)

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        op = self.op
        if self.args is None:
            raise errors.freed()
        for i in op.shown:
            v = self.args[i]
            if isinstance(v, Tensor):
                self._unpack(F, v)
        if not F.raw and JOINT in op.twice:
            out = list(op.twice[JOINT](self, g))
        elif op.joint is not None:
            fn, getters = op.joint
            out = list(fn(F, g, *[self._value(F, k, i) for k, i in getters]))
        elif op.listed:
            fn, getters = op.vjps[0]
            out = list(fn(F, g, *[self._value(F, k, i) for k, i in getters]))
        else:
            out = []
            edges = self.edges
            for n, i in enumerate(op.differentiable):
                if edges[n] is None:
                    out.append(None)
                else:
                    fn, getters = op.vjps[i]
                    values = [self._value(F, k, j) for k, j in getters]
                    again = None if F.raw else op.twice.get(n)
                    if again is None or not plain(g, values):
                        out.append(fn(F, g, *values))
                    else:
                        out.append(again(g, *values))
        return self._finish(F, out)

    def _finish(self, F: Any, out: list[Any]) -> list[Any]:
        """Sum what was broadcast and give each gradient its input's element type."""
        op = self.op
        places = range(len(out)) if op.listed else op.differentiable
        for n, i in enumerate(places):
            v = out[n]
            meta = self.metas[i]
            if v is None or meta is None or self.edges[n] is None:
                continue
            size, dt = meta
            if op.broadcasts and v.shape != size:
                v = F.sum_to(v, size)
            if F.raw:
                if v.dtype is not dt.np and v.dtype != dt.np:
                    v = (
                        v.real.astype(dt.np)
                        if v.dtype.kind == "c" and dt.np.kind != "c"
                        else v.astype(dt.np)
                    )
            elif v._d is not dt:
                v = F.to_dtype(F.real(v) if v._d.is_complex and not dt.is_complex else v, dt)
            out[n] = v
        return out

    def saved(self, name: str) -> Any:
        """What the node saved under a name (see `engine.ops.saved`)."""
        return saved.attribute(self, name)

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *saved.names(self.op)})

    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        return tuple(a for a in self.args or () if isinstance(a, Tensor))


def plain(g: Any, values: Sequence[Any]) -> bool:
    """Whether a backward kernel can take these values: tensors that nothing else handles, of types
    that are not computed in steps of their own (see `engine.autograd.halves`)."""
    return (
        mode.batching is None
        and type(g) in TENSORS
        and g._d.quick
        and all(type(v) in TENSORS for v in values if isinstance(v, Tensor))
    )


class TableNode(OpNode):
    """The node that `run` makes of any row."""

    __slots__ = ("args", "cells", "edges", "metas", "outs")

    edges: Sequence[Any]
    args: list[Any] | None
    metas: tuple[Any, ...]
    outs: tuple[Any, ...] | None
    cells: dict[int, Any] | None

    def release(self) -> None:
        if self.outs is not None or _holds_values(self.args or ()):
            self.args = None
            self.outs = None


class Packed:
    """A saved tensor that a `saved_tensors_hooks` pair keeps in its own way."""

    __slots__ = ("edge", "hooks", "packed")

    def __init__(self, t: Any, hooks: Any) -> None:
        self.hooks = hooks
        self.edge = t._g
        with _hooks_off():
            self.packed = hooks[0](t)

    def unpack(self, F: Any, owner: Any = None) -> Any:
        """The tensor again; with `owner` as what that node computed."""
        sweep.turn()
        revealed = recording.reveal()
        try:
            t = self.hooks[1](self.packed)
        finally:
            recording.cover(revealed)
        if not isinstance(t, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                + type(t).__name__
            )
        if F.raw:
            return t._a
        edge = self.edge if owner is None else owner
        if edge is LEAF or t._g is edge:
            return t
        out = output_tensor(None, 0, t._a, t._s, t._d)
        out._g = edge
        return out


_VALUES = (Tensor, Packed, np.ndarray)


def _holds_values(args: Sequence[Any]) -> bool:
    """Whether arguments, or what is inside of them, are tensors or the arrays of an index."""
    for a in args:
        kind = type(a)
        if kind is Packed or isinstance(a, Tensor):
            return True
        if (kind is list or kind is tuple) and any(isinstance(e, _VALUES) for e in a):
            return True
    return False


class _hooks_off:
    def __enter__(self) -> None:
        self.before = list(pack_hooks)
        pack_hooks.clear()
        mode.refresh()

    def __exit__(self, *exc: object) -> None:
        pack_hooks[:] = self.before
        mode.refresh()


pack_hooks = mode.pack_hooks


def cell_owner(node: Any, i: int) -> Any:
    return node if node.outputs == 1 else Port(node, i)


def output_tensor(node: Any, i: int, a: Any, size: Any, dt: Any) -> Any:
    """The result `i` of a node as a tensor again, for a backward pass that is itself recorded."""
    t = new(BatchedTensor if type(a) is Batch else Tensor)
    t._a, t._s, t._d, t._v = a, size, dt, None
    t._g = None if node is None or dt.category < FLOAT else cell_owner(node, i)
    if mode.duals is not None and node is not None:
        mode.duals.restore(node, i, t)
    return t
