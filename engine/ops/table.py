"""The operator table: one row per operation, its value and its gradients side by side.

A row is made by `define`:

    define("mul(self, other)", np.multiply, PROMOTE, family="pointwise",
           self=lambda F, g, other: g * F.conj(other), other=lambda F, g, self: g * F.conj(self))

The signature names the arguments. A gradient (VJP) takes `F`, the gradient `g` of the result, and
whatever it names: an argument of the operation, `result`, `<argument>_sizes`, `<argument>_dtype`.
What the VJPs name is what a node saves. They are written once: `F` and the values are arrays in an
ordinary pass and tensors when the backward pass itself is recorded (create_graph), where F's
functions are the operations of this table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import errors, recording, version
from engine.autograd import anomaly, mode
from engine.autograd import node as graph
from engine.autograd.node import LEAF, Function, Port, leaf_edge, tick
from engine.dtype import FLOAT, FROM_NP, float32
from engine.ops import halves, rooms, saved
from engine.ops.formula import compile_vjp
from engine.ops.promote import common, to_float
from engine.size import Size, intern
from engine.tensor import INFERENCE, Tensor, array, new, wrap

RAWTYPE, PROMOTE, PROMOTE_FLOAT, TO_FLOAT = range(4)


class Namespace:
    """Functions by operation name; what `F` is inside a VJP."""

    raw: bool

    def __init__(self, raw: bool) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Any:
        if rooms.load(name) and name in self.__dict__:
            return self.__dict__[name]
        op = OPS.get(name)
        if op is None or self.raw:
            raise AttributeError(f"no operation '{name}'")

        def call(*values: Any) -> Any:
            return run(op, [*values, *(op.defaults[p] for p in op.params[len(values) :])])

        setattr(self, name, call)
        return call


RAW: Any = Namespace(True)
GRAPH: Any = Namespace(False)
graph.RAW = RAW
OPS: dict[str, Op] = rooms.Table()
_families: dict[str, str] = {}

INPUT, RESULT, SIZES, DTYPE, NEEDS, RESULTS = range(6)


class Op:
    """A row of the table."""

    __slots__ = (
        "alone", "broadcasts", "defaults", "differentiable", "doc", "family", "formulas", "forward", "frees", "index",
        "joint", "kind", "listed", "name", "needs", "node", "outputs", "pack", "params", "required",
        "signature", "view", "vjps", "way",
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
    needs: tuple[set[int], bool]  # what VJPs read: places of arguments, and whether results
    outputs: int
    pack: Callable[..., Any] | None
    view: bool
    listed: bool  # the first argument is a list of tensors
    broadcasts: bool
    frees: bool
    vjps: dict[int, tuple[Callable[..., Any], tuple[tuple[int, int], ...]]]
    way: Callable[..., Any]  # runs it: the arguments by place, all of them

    def __repr__(self) -> str:
        return f"<op {self.signature} [{self.family}]>"


class OpNode(Function):
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
            return a.unpack(F)
        cell = self.cells.get(i) if self.cells else None
        if cell is not None and cell.last > self.seq:
            t = output_tensor(self, i, a, size, dt)
            raise version.modified_error(t, self.seq, cell_owner(self, i), cell)
        return a if F.raw else output_tensor(self, i, a, size, dt)

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        op = self.op
        if self.args is None:
            raise errors.freed()
        if op.joint is not None:
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
                    out.append(fn(F, g, *[self._value(F, k, j) for k, j in getters]))
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
        return saved_attribute(self, name)

    def __dir__(self) -> list[str]:
        own = {n for n in super().__dir__() if not n.startswith(("_saved_", "_raw_saved_"))}
        return sorted(own | set(saved_names(self.op)))

    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        return tuple(a for a in self.args or () if isinstance(a, Tensor))


class TableNode(OpNode):
    """The node that `run` makes of any row."""

    __slots__ = ("args", "cells", "metas", "outs")

    args: list[Any] | None
    metas: tuple[Any, ...]
    outs: tuple[Any, ...] | None
    cells: dict[int, Any] | None

    def release(self) -> None:
        if self.outs is not None or any(
            type(a) in _KEPT or isinstance(a, Tensor) for a in self.args or ()
        ):
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

    def unpack(self, F: Any) -> Any:
        t = self.hooks[1](self.packed)
        if not isinstance(t, Tensor):
            raise TypeError(
                "Output of saved tensor unpack_hook expected to be a Tensor but got result of type "
                + type(t).__name__
            )
        if F.raw:
            return t._a
        if self.edge is LEAF or t._g is self.edge:
            return t
        out = output_tensor(None, 0, t._a, t._s, t._d)
        out._g = self.edge
        return out


_KEPT = (Packed, list)


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
    t = new(Tensor)
    t._a, t._s, t._d, t._v = a, size, dt, None
    t._g = None if node is None else cell_owner(node, i)
    return t


#: Nodes that keep `dim` as a tuple even when one dimension was given.
_TUPLE_DIM = ("SumBackward1", "MeanBackward1")


_REDUCTIONS = {"none": 0, "mean": 1, "sum": 2}


def saved_names(op: Op) -> list[str]:
    """The names under which a node of this row shows what it saved."""
    used = op.joint[1] if op.joint else [x for _, gs in op.vjps.values() for x in gs]
    names = set()
    for kind, i in used:
        param = op.params[i] if i < len(op.params) else ""
        if kind == INPUT:
            names.add(f"_saved_{param}")
            if param in ("self", "other", "mat2", "weight", "target", "indices", "index"):
                names.add(f"_raw_saved_{param}")
        elif kind == RESULT:
            names.update(("_saved_result", "_raw_saved_result"))
        elif kind == SIZES:
            names.add(f"_saved_{param}_sym_sizes")
    return sorted(names)


def saved_attribute(node: Any, name: str) -> Any:
    """`grad_fn._saved_self` and the like."""
    op = node.op
    if node.args is None:
        raise errors.freed()
    if name in ("result", "out", "output") and node.outs:
        a, size, dt = node.outs[0]
        return a.unpack(GRAPH) if type(a) is Packed else output_tensor(node, 0, a, size, dt)
    if name == "self_sym_numel":
        return node.metas[0][0].numel()
    i = op.index.get(name)
    if (i is None and name.endswith("_sym_sizes")) or name.endswith("_sizes"):
        return tuple(node.metas[op.index[name.replace("_sym", "").removesuffix("_sizes")]][0])
    if i is None:
        raise AttributeError(f"'{type(node).__name__}' object has no attribute '_saved_{name}'")
    v = node.args[i]
    if name == "reduction":
        return _REDUCTIONS.get(v, v)
    if name == "indices" and type(v) in (list, tuple, np.ndarray):
        many = v if type(v) in (list, tuple) else (v,)
        return tuple(wrap(a) if isinstance(a, np.ndarray) else a for a in many)
    if type(v) is int and v < 0:
        return v + (1 << 64)  # shown as PyTorch shows a 64-bit integer
    if name == "dim" and isinstance(v, int) and type(node).__name__ in _TUPLE_DIM:
        return (v,)
    if type(v) is Packed:
        return v.unpack(GRAPH)
    if isinstance(v, Tensor):
        return node._unpack(GRAPH, v)
    return v


# --- running an operation ----------------------------------------------------------------------
def make(a: Any, half: Any) -> Any:
    """A result as a tensor without history; `half` is the narrow type it was computed for."""
    t = new(Tensor)
    d = FROM_NP[a.dtype]
    if half is not None and d is float32:
        a, d = halves.rounded(a, half), half
    t._a = a
    t._s = intern(a.shape)
    t._d = d
    t._g = None
    t._v = None
    if mode.inference:
        t._flags = INFERENCE
        t._v = version.Cell()
    return t


def run(op: Op, values: Sequence[Any]) -> Any:
    """Execute a row on arguments in the order of its signature."""
    return op.way(*values)


def _first_way(op: Op) -> Callable[..., Any]:
    """Stands for the quick way until it is asked for."""

    def first(*values: Any) -> Any:
        from engine.ops import quick

        op.way = quick.row(op)
        return op.way(*values)

    return first


def run_any(op: Op, values: list[Any]) -> Any:
    """Execute a row whatever its arguments are."""
    raws, need, half = unwrap(op, values)
    try:
        r = op.forward(*raws) if half is None else forward_of(op, half)(*raws)
    except ValueError as error:
        raise explained(error, values) from None
    if type(r) is tuple:
        out: Any = tuple(make(a, half) for a in r)
    else:
        out = make(r, half)
    if op.view:
        link(op, out, values[0])
    if need and mode.enabled:
        attach(op, values, out)
    if op.pack is not None:
        out = op.pack(out)
    if recording.log is not None:
        record(op.name, op, values, out)
    return out


def forward_of(op: Op, half: Any) -> Callable[..., Any]:
    """The forward of a row for the narrow type `half`, or for any other where that is None."""
    return op.forward if half is None else halves.forward(op.name, half) or op.forward


def explained(error: ValueError, values: list[Any]) -> Exception:
    """NumPy's error in PyTorch's words, if it is about shapes that do not broadcast."""
    if "broadcast" not in str(error) and "shape mismatch" not in str(error):
        return error
    shapes = [v._s for v in values if isinstance(v, Tensor)]
    return errors.unbroadcastable(shapes) or error


_PLAIN = frozenset((int, float, bool, str, type(None), Size))  # types that pass as they are


def unwrap(op: Op, values: list[Any]) -> tuple[list[Any], bool, Any]:
    """The arrays of the arguments, whether one requires grad, the result's type if it is narrow."""
    raws: list[Any] = []
    need = False
    if op.kind == RAWTYPE:
        view = op.view
        for v in values:
            kind = type(v)
            if kind is Tensor and v._d.quick:
                raws.append(array(v) if view else v._a)
                if v._g is not None:
                    need = True
            elif kind in _PLAIN or (kind is tuple and not (v and isinstance(v[0], Tensor))):
                raws.append(v)
            else:
                break
        else:
            return raws, need, None
        raws, need = [], False
    narrow: Any = None
    wide = False
    for v in values:
        if isinstance(v, Tensor):
            raws.append(array(v) if op.view else v._a)
            if v._g is not None:
                need = True
            if v._d in halves.HALVES:
                narrow = v._d
            elif v._d.category == FLOAT and (v._s or narrow is None):
                wide = True
        elif (type(v) is list or type(v) is tuple) and v and any(isinstance(e, Tensor) for e in v):
            raws.append([e._a if isinstance(e, Tensor) else e for e in v])
            need = need or any(isinstance(e, Tensor) and e._g is not None for e in v)
            narrow = next((e._d for e in v if getattr(e, "_d", None) in halves.HALVES), narrow)
        else:
            raws.append(v)
    if narrow is not None and need:
        graph.halves[0] = True
    half = narrow
    if op.kind == PROMOTE or op.kind == PROMOTE_FLOAT:
        d = common(values, raws, op.kind == PROMOTE_FLOAT, op.required)
        half = d if d in halves.HALVES else None
    elif op.kind == TO_FLOAT:
        to_float(values, raws)
    elif op.view or "dtype" in op.index:  # the type is the base's, or the operation sees to it
        half = None
    elif wide and half is not None:
        dims = (v._d for v in values if isinstance(v, Tensor) and v._s)
        half = next((d for d in dims if d in halves.HALVES), None)
    if half is not None:
        halves.widen(op.name, values, raws)
    return raws, need, half


def edges_of(op: Op, values: list[Any]) -> tuple[Any, ...]:
    if op.listed:
        return tuple(graph.edge(t) for t in values[0])
    out = []
    for i in op.differentiable:
        v = values[i]
        if isinstance(v, Tensor):
            g = v._g
            out.append(leaf_edge(v) if g is LEAF else g)
        else:
            out.append(None)
    return tuple(out)


def attach(op: Op, values: list[Any], out: Any, outs_from: Any = None) -> Any:
    """Give the result of an operation its node."""
    node = op.node
    n = node()
    if op.alone is not None:
        g = values[op.alone]._g
        n.edges = edges = (leaf_edge(values[op.alone]) if g is LEAF else g,)
    else:
        n.edges = edges = edges_of(op, values)
    firsts = out if type(out) is tuple else (out,)
    if not any(e is not None for e in edges) or (op.outputs == 1 and firsts[0]._d.category < FLOAT):
        return None
    n.g = None
    n.seq = tick()
    if anomaly.enabled:
        anomaly.remember(n)
    save(op, n, values, edges)
    if node.outputs == 1:
        firsts[0]._g = n
    else:
        n.outputs = len(firsts)  # type: ignore[misc]  # a slot of the classes with several
        for i, t in enumerate(firsts):
            if t._d.category >= FLOAT:
                t._g = Port(n, i)
    n.cells = None
    n.outs = tuple((pack_raw(t), t._s, t._d) for t in firsts) if op.needs[1] else None
    return n


def pack_raw(t: Any) -> Any:
    return Packed(t.detach(), pack_hooks[-1]) if pack_hooks else t._a


def save(op: Op, n: Any, values: list[Any], edges: tuple[Any, ...]) -> None:
    needed = needed_inputs(op, edges)
    packed = pack_in_order(op, values, needed) if pack_hooks and not op.listed else None
    args: list[Any] = []
    metas: list[Any] = []
    for i, v in enumerate(values):
        if isinstance(v, Tensor):
            metas.append((v._s, v._d))
            args.append((keep(v) if packed is None else packed[i]) if i in needed else None)
        elif i == 0 and op.listed:
            metas = [(t._s, t._d) for t in v]
            args.append([keep(t) for t in v] if i in needed else None)
        else:
            metas.append(None)
            args.append(
                [keep(t) if isinstance(t, Tensor) else t for t in v] if type(v) is list else v
            )
    n.args = args
    n.metas = tuple(metas)


def pack_in_order(op: Op, values: list[Any], needed: set[int]) -> dict[int, Any]:
    """The arguments that a node keeps, packed in the order in which its VJPs name them."""
    named = [j for i in op.differentiable if i in op.vjps for k, j in op.vjps[i][1] if k == INPUT]
    order = [*dict.fromkeys(i for i in named if i in needed), *sorted(needed.difference(named))]
    return {i: keep(values[i]) for i in order if isinstance(values[i], Tensor)}


def keep(t: Any) -> Any:
    """A tensor as a node keeps it; inference tensors may not be kept."""
    if getattr(t, "_flags", 0) & INFERENCE:
        raise RuntimeError(
            "Inference tensors cannot be saved for backward. Please do not use Tensors created in "
            "inference mode in computation tracked by autograd. To work around this, you can make "
            "a clone to get a normal tensor and use it in autograd, or use `torch.no_grad()` "
            "instead of `torch.inference_mode()`."
        )
    return Packed(t, pack_hooks[-1]) if pack_hooks else t


def needed_inputs(op: Op, edges: tuple[Any, ...]) -> set[int]:
    if op.listed or op.joint is not None or op.alone is not None:
        return op.needs[0]
    out: set[int] = set()
    for n, i in enumerate(op.differentiable):
        if edges[n] is not None:
            out.update(j for k, j in op.vjps[i][1] if k == INPUT)
    return out


def link(op: Op, out: Any, base: Any) -> None:
    """Declare results views of `base`."""
    origin = None
    many = type(out) is tuple
    if mode.enabled:
        if many:
            origin = multi_view_text(op)
    else:
        origin = "inference_mode" if mode.inference else "no_grad"
    for nr, t in enumerate(out if many else (out,)):
        t._d = base._d if t._a.dtype == base._a.dtype else t._d
        if mode.inference and not base.is_inference():
            t._flags = 0
        if mode.inference and base.is_inference():
            origin = None
        version.make_view(t, base, origin.format(nr=nr) if many and origin else origin)


def multi_view_text(op: Op) -> str:
    title = op.node.__name__.rstrip("0123456789").removesuffix("Backward")
    return (
        "Output {nr} of " + title + " is a view and is being modified inplace. This "
        "view is the output of a function that returns multiple views. Such functions do not allow "
        "the output views to be modified inplace. You should replace the inplace operation by an "
        "out-of-place one."
    )


def record(name: str, op: Op, values: list[Any], out: Any) -> None:
    """Hand one executed operation to the recorder."""
    inputs: list[Any] = []
    params: dict[str, Any] = {}
    for key, v in zip(op.params, values, strict=True):
        if isinstance(v, Tensor):
            inputs.append(v)
        elif (type(v) is list or type(v) is tuple) and v and isinstance(v[0], Tensor):
            inputs.extend(v)
        else:
            params[key] = v
    recording.operation(name, out, tuple(inputs), params or None)


# --- making rows -------------------------------------------------------------------------------
_VALUES: dict[str, Any] = {"None": None, "True": True, "False": False}


def _default(text: str) -> Any:
    text = text.strip()
    if text in _VALUES:
        return _VALUES[text]
    if text[:1] in "'\"":
        return text[1:-1]
    return float(text) if "." in text or "e" in text else int(text)


def _parse(signature: str) -> tuple[str, list[str], dict[str, Any], int]:
    name, _, rest = signature.partition("(")
    params: list[str] = []
    defaults: dict[str, Any] = {}
    required = 0
    for part in rest.rstrip(")").split(","):
        key, eq, value = part.strip().partition("=")
        if key and key != "*":
            params.append(key)
            if eq:
                defaults[key] = _default(value)
            else:
                required += 1
    return name, params, defaults, required


def _getters(op: Op, fn: Callable[..., Any], skip: int) -> tuple[tuple[int, int], ...]:
    code = fn.__code__
    out = []
    for p in code.co_varnames[skip : code.co_argcount]:
        if p in op.index:
            out.append((INPUT, op.index[p]))
        elif p == "result":
            out.append((RESULT, 0))
        elif p.startswith("result") and p[6:].isdigit():
            out.append((RESULT, int(p[6:])))
        elif p == "needs":
            out.append((NEEDS, 0))
        elif p.endswith("_sizes"):
            out.append((SIZES, op.index[p.removesuffix("_sizes")]))
        elif p.endswith("_dtype"):
            out.append((DTYPE, op.index[p.removesuffix("_dtype")]))
        else:
            raise TypeError(f"{op.name}: a VJP asks for '{p}', which is no argument")
    return tuple(out)


def camel(name: str) -> str:
    """log1p → Log1P: a letter after an underscore or a digit is a capital."""
    out, up = "", True
    for c in name.strip("_"):
        if c != "_":
            out += c.upper() if up else c
        up = c == "_" or c.isdigit()
    return out


def define(
    signature: str,
    forward: Callable[..., Any],
    kind: int = RAWTYPE,
    *,
    family: str,
    node: str | None = None,
    outputs: int = 1,
    view: bool = False,
    listed: bool = False,
    joint: Callable[..., Any] | None = None,
    wrt: str = "",
    pack: Callable[..., Any] | None = None,
    key: str | None = None,
    doc: str = "",
    **gradients: Callable[..., Any] | str,
) -> Op:
    """Add a row; `wrt` lists the differentiable arguments of a `joint` VJP; `key` names overloads.

    `doc` says in one sentence what a person gets. A gradient is a function or a formula (see `engine.ops.formula`).
    """
    vjps = {p: compile_vjp(v) if isinstance(v, str) else v for p, v in gradients.items()}
    name, params, defaults, required = _parse(signature)
    op = Op()
    op.name, op.signature, op.family, op.forward, op.kind = name, signature, family, forward, kind
    op.params, op.defaults, op.required = tuple(params), defaults, required
    op.index = {p: i for i, p in enumerate(params)}
    op.view, op.listed, op.pack, op.outputs = view, listed, pack, outputs
    op.broadcasts = kind in (PROMOTE, PROMOTE_FLOAT)
    op.doc = doc
    op.joint = None if joint is None else (joint, _getters(op, joint, 2))
    op.vjps = {op.index[p]: (fn, _getters(op, fn, 2)) for p, fn in vjps.items()}
    op.formulas = {op.index[p]: v for p, v in gradients.items() if isinstance(v, str)}
    wanted = wrt.split() if joint is not None else vjps
    op.differentiable = tuple(sorted(op.index[p] for p in wanted))
    used = op.joint[1] if op.joint else [x for _, gs in op.vjps.values() for x in gs]
    op.needs = ({i for k, i in used if k == INPUT}, any(k == RESULT for k, _ in used))
    op.frees = any(k in (INPUT, RESULT) for k, _ in used)
    op.alone = op.differentiable[0] if len(op.differentiable) == 1 and not listed else None
    op.node = _node_class(node or camel(name) + "Backward0", op)
    op.way = _first_way(op)
    saved.declare(OpNode, params)
    OPS[key or name] = op
    _families[name] = family
    setattr(RAW, key or name, forward)
    return op


def _node_class(title: str, op: Op) -> type[TableNode]:
    body: dict[str, Any] = {
        "op": op,
        "frees": op.frees,
        "outputs": op.outputs,
        "__module__": "torch.autograd.graph",
    }
    body["__slots__"] = ("outputs",) if op.outputs != 1 else ()
    if op.outputs != 1:
        del body["outputs"]
    return type(title, (TableNode,), body)


def undifferentiable(name: str) -> Callable[..., Any]:
    """The VJP of an operation for which PyTorch has none."""

    def vjp(F: Any, g: Any) -> Any:
        raise RuntimeError(f"derivative for aten::{name} is not implemented")

    return vjp


def family(name: str) -> str:
    """The family of an operation: by dispatcher name, in-place names included; else "other"."""
    if name not in _families:
        rooms.load(name)
        rooms.load(name.rstrip("_"))
    if name in _families:
        return _families[name]
    if name.endswith("_"):
        base = _families.get(name.rstrip("_"))
        return "inplace" if base in (None, "creation", "other") else base
    return "other"


def name_family(name: str, value: str) -> None:
    """Give a family to a name that has no row of its own."""
    _families.setdefault(name, value)


__all__ = [
    "GRAPH",
    "OPS",
    "PROMOTE",
    "PROMOTE_FLOAT",
    "RAW",
    "TO_FLOAT",
    "array",
    "define",
    "family",
    "np",
    "run",
]
