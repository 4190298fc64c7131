"""Running a row: from arguments to a result with its place in the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from engine import errors, recording, version
from engine.autograd import anomaly, mode
from engine.autograd import node as graph
from engine.autograd.node import LEAF, Port, leaf_edge, tick
from engine.dtype import FLOAT, FROM_NP, complex64, float32
from engine.ops import halves
from engine.ops.nodes import INPUT, Op, Packed, pack_hooks
from engine.ops.promote import common, to_float
from engine.size import Size, intern
from engine.tensor import INFERENCE, Tensor, array, new

RAWTYPE, PROMOTE, PROMOTE_FLOAT, TO_FLOAT = range(4)


def make(a: Any, half: Any) -> Any:
    """A result as a tensor without history; `half` is the narrow type it was computed for."""
    t = new(Tensor)
    d = FROM_NP[a.dtype]
    if half is not None and (d is float32 or d is complex64):
        a, d = halves.narrowed(a, d, half)
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


def first_way(op: Op) -> Callable[..., Any]:
    """Stands for the quick way until it is asked for."""

    def first(*values: Any) -> Any:
        from engine.ops import quick

        op.way = quick.row(op)
        return op.way(*values)

    return first


def run_any(op: Op, values: list[Any]) -> Any:
    """Execute a row whatever its arguments are."""
    if mode.batching is not None:
        done = mode.batching.run(op, values)
        if done is not NotImplemented:
            return done
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
    if mode.duals is not None:
        mode.duals.move(op, values, out)
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
    n._got = None
    n.seq = tick()
    if anomaly.enabled:
        anomaly.remember(n)
    if not pack_hooks:
        _keep(op, n, values, edges, firsts)
        return n
    hooked = recording.enter_forward(())  # what hooks do to pack is part of the operation
    try:
        _keep(op, n, values, edges, firsts)
    finally:
        recording.leave_forward(hooked)
        recording.failed(hooked)
    return n


def _keep(op: Op, n: Any, values: list[Any], edges: tuple[Any, ...], firsts: Any) -> None:
    """Let a node save what it needs, and be that of the results."""
    save(op, n, values, edges)
    if op.node.outputs == 1:
        firsts[0]._g = n
    else:
        n.outputs = len(firsts)
        for i, t in enumerate(firsts):
            if t._d.category >= FLOAT:
                t._g = Port(n, i)
    n.cells = None
    n.outs = tuple((pack_raw(t), t._s, t._d) for t in firsts) if op.needs[1] else None


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
    out = set(op.shown)
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
    return "Output {nr} of " + title + " is a view and is being modified inplace. " + version.MANY


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
