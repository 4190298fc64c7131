"""Backward passes through float16 and bfloat16, rounded as PyTorch rounds them.

Most gradients are formulas of several operations: there each operation rounds, so they are computed
on tensors. Others are one kernel, which computes in float32 and rounds its result. What arrives at
a node from several sides is rounded after each addition.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from engine import recording, version
from engine.autograd import node as graph
from engine.autograd.execution import Pass
from engine.autograd.function import BackwardNode
from engine.autograd.node import AccumulateGrad, Port
from engine.dtype import bfloat16, float32
from engine.ops.halves import HALVES, near, rounded, widened
from engine.ops.table import GRAPH, RAW, Packed, TableNode
from engine.tensor import Tensor, new, wrap

#: Operations whose gradient is one kernel.
_FUSED = frozenset((
    "tanh", "_softmax", "_log_softmax", "gelu", "silu", "mish", "softplus", "elu",
    "celu", "leaky_relu", "log_sigmoid", "hardswish", "hardsigmoid", "glu", "rrelu_with_noise",
    "smooth_l1_loss", "nll_loss", "nll_loss2d",
    "native_layer_norm", "native_batch_norm", "native_group_norm", "layer_norm", "batch_norm",
    "group_norm", "logit",
))  # fmt: skip


def found(roots: Iterable[Any], order: Iterable[Any]) -> bool:
    """Return whether a pass goes through tensors of a narrow type."""
    return any(t._d in HALVES for t in roots) or any(map(_narrow, order))


def start(roots: Sequence[Any], buffer: dict[Any, Any]) -> dict[Any, Any]:
    """The arrays that a pass begins with as tensors of their roots' types."""
    types = {graph.edge(t): t._d for t in roots}
    return {
        e: wrap(rounded(widened(v), types[e]) if types[e] in HALVES else v, types[e])
        for e, v in buffer.items()
    }


def _narrow(n: Any) -> bool:
    if isinstance(n, TableNode):
        return any(meta is not None and meta[1] in HALVES for meta in n.metas)
    if isinstance(n, BackwardNode):
        kept = n.__dict__
        return any(meta[1] in HALVES for meta in (*kept["_input_metas"], *kept["_metas"]))
    if type(n) is AccumulateGrad:
        return n.variable._d in HALVES
    return getattr(n, "dt", None) in HALVES


class HalfPass(Pass):
    """A pass on tensors that are in no graph, so that each operation rounds."""

    def __init__(self, retain: bool, create: bool) -> None:
        super().__init__(retain, tensors=True)
        self.create = create

    def grads(self, n: Any, g: Any) -> Sequence[Any]:
        """Operations of the pass itself belong to nobody's graph, unless that is asked for."""
        if self.create or isinstance(n, BackwardNode):
            return self._in_graph(n, g)
        before = recording.hide()
        try:
            return _fused(n, g) if _is_fused(n) else n.grads(GRAPH, g)
        finally:
            recording.show(before)

    @staticmethod
    def _in_graph(n: Any, g: Any) -> Sequence[Any]:
        """The gradients with their history, which is that of the formula, and the kernel's values."""
        out = n.grads(GRAPH, g)
        if _is_fused(n):
            for v, value in zip(out, _fused(n, g), strict=True):
                if v is not None:
                    v._a = value._a
        return out  # type: ignore[no-any-return]

    def add(self, old: Any, v: Any) -> Any:
        return super().add(old, v) if self.create else _sum(old, v)

    def push(self, port: Port, g: Any, buffer: dict[Any, Any]) -> None:
        slots = buffer.setdefault(port.node, [None] * port.node.outputs)
        old = slots[port.nr]
        slots[port.nr] = g if old is None else self.add(old, g)

    def accumulate_into(self, t: Any, g: Any) -> None:
        if self.create:
            super().accumulate_into(t, g)
        else:
            accumulate(t, g._a)


def accumulate(t: Any, g: Any) -> None:
    """Add the array `g` to `t.grad`, in place if there is one already."""
    old = getattr(t, "_grad", None)
    if old is None:
        t._grad = wrap(np.array(g, t._d.np)[()], t._d)
        return
    if recording.log is not None or recording.forward is not None:
        recording.note_write(old)
    total = _sum(old, wrap(g, t._d))._a
    if isinstance(old._a, np.ndarray):
        old._a[...] = total
    else:
        old._a = total
    version.cell_of(old).bump()


def _sum(a: Any, b: Any) -> Any:
    total = widened(a._a) + widened(b._a)
    return wrap(rounded(total, a._d) if a._d in HALVES else total, a._d)


def _is_fused(n: Any) -> bool:
    if not isinstance(n, TableNode) or not _narrow(n):
        return False
    return n.op.name in _FUSED or (n.op.name == "sigmoid" and n.metas[0][1] is bfloat16)


def _fused(n: Any, g: Any) -> list[Any]:
    """The gradients of a node in float32, rounded at the end."""
    many = isinstance(g, list)
    raws = [None if v is None else widened(v._a) for v in (g if many else [g])]
    kernel = _KERNELS.get(n.op.name)
    if kernel is None or _mixed(n):
        grads = _wide(n).grads(RAW, raws if many else raws[0])
    else:
        grads = kernel(n, g)
    places = range(len(grads)) if n.op.listed else n.op.differentiable
    types = [None if n.metas[i] is None else n.metas[i][1] for i in places]
    return [
        v if v is None else wrap(rounded(v, d) if d in HALVES else v, d)
        for v, d in zip(grads, types, strict=True)
    ]


def _layer_norm(n: Any, g: Any) -> list[Any]:
    """PyTorch keeps mean and deviation, and adds up the rows' shares, in the narrow type."""
    d = n.metas[0][1]
    x, shape, weight, _, eps = (_raw(a) for a in _wide(n).args)
    sizes = x.shape[: x.ndim - len(shape)], tuple(shape)
    rows, m = x.reshape(math.prod(sizes[0]), -1), math.prod(sizes[1])
    g = widened(g._a).reshape(rows.shape)
    centred = rows - rows.mean(1, keepdims=True)
    scale = near(1 / np.sqrt((centred * centred).mean(1, keepdims=True) + np.float32(eps)), d)
    shift = -near(rows.mean(1, keepdims=True), d) * scale
    xhat = rows * scale + shift
    gw = g if weight is None else g * weight.reshape(-1)
    slope = (gw * xhat).mean(1, keepdims=True)
    gx = (gw - gw.mean(1, keepdims=True) - xhat * slope) * scale
    found = [gx.reshape(x.shape), None, None]
    for i, share in ((1, g * xhat), (2, g)):
        if n.edges[i] is not None:
            total: Any = np.zeros(m, np.float32)
            for row in share:
                total = near(total + row, d)
            found[i] = total.reshape(shape)
    return [None if e is None else v for e, v in zip(n.edges, found, strict=True)]


def _log_sigmoid(n: Any, g: Any) -> list[Any]:
    """PyTorch keeps exp(-|x|) in the narrow type."""
    x = _raw(_wide(n).args[0])
    small = near(np.exp(-np.abs(x)), n.metas[0][1])
    share = small / (1 + small)
    return [np.where(x < 0, 1 - share, share) * widened(g._a)]


def _glu(n: Any, g: Any) -> list[Any]:
    """PyTorch keeps the sigmoid in the narrow type."""
    x, dim = (_raw(a) for a in _wide(n).args)
    first, second = np.split(x, 2, dim)
    s = near(1 / (1 + np.exp(-second)), n.metas[0][1])
    g = widened(g._a)
    return [np.concatenate([s * g, (1 - s) * s * first * g], dim)]


_KERNELS = {"native_layer_norm": _layer_norm, "log_sigmoid": _log_sigmoid, "glu": _glu}


def _raw(a: Any) -> Any:
    return a._a if isinstance(a, Tensor) else a


def _mixed(n: Any) -> bool:
    """Whether the parameters of a node are of another type than its input."""
    return any(meta is not None and meta[1] is not n.metas[0][1] for meta in n.metas)


def _wide(n: Any) -> Any:
    """A node as it would be had everything been float32."""
    wide = new(type(n))
    wide.edges, wide.seq, wide.cells, wide.outs = n.edges, n.seq, None, None
    if n.outputs != 1:
        wide.outputs = n.outputs
    wide.metas = tuple(m and (m[0], float32 if m[1] in HALVES else m[1]) for m in n.metas)
    if n.args is None:
        wide.args = None  # freed: the node says so itself
        return wide
    wide.args = [_unpacked(n, a) for a in n.args]
    if n.outs is not None:
        outs = [widened(n._result(RAW, i)) for i in range(len(n.outs))]
        wide.outs = tuple((a, out[1], float32) for a, out in zip(outs, n.outs, strict=True))
    return wide


def _unpacked(n: Any, a: Any) -> Any:
    if isinstance(a, Tensor):
        return wrap(widened(n._unpack(RAW, a)))
    if type(a) is Packed:
        return wrap(widened(a.unpack(RAW)))
    return [_unpacked(n, e) for e in a] if type(a) is list else a
