"""Backward kernels as operations of their own: TanhBackwardBackward0 and its like.

Where a backward pass is itself recorded, PyTorch's graph shows one node for such a kernel, not the
arithmetic inside it. `name_kernel` gives a row such an operation; its value is the row's own
gradient, and its gradients come from differentiating that gradient as a formula of tensors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine import recording
from engine.autograd import mode
from engine.dtype import FLOAT
from engine.ops.namespace import GRAPH, OPS, RAW
from engine.ops.nodes import INPUT, RESULT, SIZES, Op
from engine.ops.table import define
from engine.tensor import Tensor, wrap


def name_kernel(op: Op, node: str, over: str) -> None:
    """Let the gradient of the first argument of `op` be a node of its own, called `node`.

    over: what the kernel can be differentiated by besides the gradient it is given, as arguments
    of the row or "result".
    """
    place = op.differentiable[0]
    vjp, getters = op.vjps[place]
    names = [_name(op, kind, i) for kind, i in getters]
    through = [n for n in names if n in over.split()]

    def again(F: Any, g: Any, needs: tuple[bool, ...], *values: Any) -> list[Any]:
        return _slopes(F, vjp, g, needs, [0, *(1 + names.index(n) for n in through)], values)

    takes = ", ".join(["grad_output", *names])
    joint = eval(f"lambda F, g, {takes}, needs: again(F, g, needs, {takes})", {"again": again})
    kernel = define(
        f"{op.name}_backward({takes})",
        lambda g, *values: vjp(RAW, g, *values),
        family=op.family,
        node=node + "Backward0",
        joint=joint,
        wrt=" ".join(["grad_output", *through]),
    )
    kernel.broadcasts = False
    op.twice = kernel


def _name(op: Op, kind: int, i: int) -> str:
    if kind == INPUT:
        return op.params[i]
    if kind == RESULT:
        return "result" if not i else f"result_{i}"
    return f"{op.params[i]}_{'shape' if kind == SIZES else 'kind'}"


def _slopes(
    F: Any, vjp: Any, g: Any, needs: tuple[bool, ...], places: list[int], values: tuple[Any, ...]
) -> list[Any]:
    """The gradients of a kernel by what stands at `places` in its arguments, where there is need."""
    from engine.autograd.passes import grad

    before, log = mode.enabled, recording.log
    given = list(values)
    try:
        mode.enabled = True
        if F.raw:
            recording.log = None  # the step is recorded as one
            given = [_tensor(v, i in places) for i, v in enumerate(values)]
            own = given
        else:
            own = [OPS["alias"].way(v) if i in places else v for i, v in enumerate(values)]
        out = vjp(GRAPH, *own)
        wanted = [own[p] for p, need in zip(places, needs, strict=True) if need]
        found = iter(
            grad(out, wanted, wrap(g) if F.raw else g, create_graph=not F.raw, allow_unused=True)
            if out._g is not None
            else [None] * len(wanted)
        )
    finally:
        mode.enabled, recording.log = before, log
    slopes = []
    for p, need in zip(places, needs, strict=True):
        slope = next(found) if need else None
        if need and slope is None:
            slope = F.zeros_like(values[p])
        slopes.append(slope._a if F.raw and isinstance(slope, Tensor) else slope)
    return slopes


def _tensor(v: Any, leaf: bool) -> Any:
    """An array as a tensor, as the formula for tensors takes it; what is none stays as it is."""
    if not isinstance(v, (np.ndarray, np.generic)):
        return v
    t = wrap(v)
    return t.requires_grad_() if leaf and t._d.category >= FLOAT else t
