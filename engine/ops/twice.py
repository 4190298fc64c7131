"""Backward kernels as operations of their own: TanhBackwardBackward0 and its like.

Where a backward pass is itself recorded, PyTorch's graph shows one node for such a kernel, not the
arithmetic inside it. `name_kernel` gives a row such an operation for its first argument and
`name_joint` one for all its arguments; the value is the row's own gradient, and its gradients come
from differentiating that gradient as a formula of tensors. `refuse_kernel` makes it one that
PyTorch does not differentiate.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import recording
from engine.autograd import mode
from engine.dtype import FLOAT
from engine.ops.namespace import GRAPH, OPS, RAW
from engine.ops.nodes import INPUT, JOINT, NEEDS, RESULT, SIZES, Op, OpNode, plain
from engine.ops.table import define
from engine.tensor import Tensor, wrap

#: The error that a refused kernel raises.
Refusal = Callable[[], Exception]


def name_kernel(op: Op, node: str, over: str, mirrored: bool = False) -> None:
    """Let the gradient of the first argument of `op` be a node of its own, called `node`.

    over: what the kernel can be differentiated by besides the gradient it is given, as arguments
    of the row or "result". mirrored: the second argument's gradient is the same kernel of the two
    arguments exchanged.
    """
    vjp, names, through = _first(op, over)

    def again(F: Any, g: Any, needs: tuple[bool, ...], *values: Any) -> list[Any]:
        places = [0, *(1 + names.index(n) for n in through)]
        found = _slopes(F, vjp, [g], needs, places, values)
        return [
            F.zeros_like(values[p]) if need and slope is None else slope
            for p, need, slope in zip(places, needs, found, strict=True)
        ]

    takes = ["grad_output", *names]
    joint = _taking(again, takes)
    kernel = _kernel(op, takes, lambda g, *values: vjp(RAW, g, *values), node, joint, through)
    op.twice[0] = kernel.way
    if mirrored:
        op.twice[1] = lambda g, a, b, *rest: kernel.way(g, b, a, *rest)


def name_joint(op: Op, node: str, edges: str) -> None:
    """Let all gradients of a row be one node, called `node`.

    edges: what follows the given gradient in the node's edges: arguments of the row, and names
    that are none for what PyTorch's kernel takes besides.
    """
    vjp, getters = op.joint or _together(op)
    names = [_name(op, kind, i) for kind, i in getters]
    through = edges.split()
    takes = ["grad_output", *through, *(n for n in names if n not in through)]
    order = [takes.index(n) - 1 for n in names]
    places = list(range(1 + len(through)))

    def formula(F: Any, g: Any, *values: Any) -> Any:
        return vjp(F, g, *[values[i] for i in order])

    def forward(g: Any, *values: Any) -> Any:
        none = np.zeros((), g.dtype)
        return tuple(none if v is None else v for v in formula(RAW, g, *values))

    def again(F: Any, gs: Any, needs: tuple[bool, ...], *values: Any) -> list[Any]:
        return _slopes(F, formula, gs, needs, places, values)

    outputs = len(op.differentiable)
    kernel = _kernel(op, takes, forward, node, _taking(again, takes), through, outputs)

    def at(n: OpNode, g: Any) -> Any:
        values = n.values(GRAPH, getters)
        if not plain(g, values):
            return vjp(GRAPH, g, *values)
        named = dict(zip(names, values, strict=True))
        return kernel.way(g, *[named.get(n) for n in takes[1:]])

    op.twice[JOINT] = at


def _together(op: Op) -> tuple[Any, tuple[tuple[int, int], ...]]:
    """The separate VJPs of a row as a joint one, and what it takes."""
    used = dict.fromkeys(x for i in op.differentiable for x in op.vjps[i][1])
    getters = (*used, (NEEDS, 0))
    separate = [
        (fn, [getters.index(x) for x in own]) for fn, own in (op.vjps[i] for i in op.differentiable)
    ]

    def vjp(F: Any, g: Any, *values: Any) -> Any:
        return [
            fn(F, g, *[values[i] for i in places]) if need else None
            for need, (fn, places) in zip(values[-1], separate, strict=True)
        ]

    return vjp, getters


def refuse_kernel(
    op: Op, error: Refusal, over: str, node: str = "NotImplemented", mirrored: bool = False
) -> None:
    """Let the gradient of the first argument of `op` be a node that cannot be differentiated."""
    vjp, names, through = _first(op, over)
    takes = ["grad_output", *names]

    def again(F: Any, g: Any, needs: tuple[bool, ...], *values: Any) -> list[Any]:
        raise error()

    kernel = _kernel(op, takes, lambda g, *v: vjp(RAW, g, *v), node, _taking(again, takes), through)

    def first(g: Any, *values: Any) -> Any:
        return vjp(GRAPH, g, *values) if mode.pushes else kernel.way(g, *values)

    def second(g: Any, a: Any, b: Any, result: Any, *rest: Any) -> Any:
        if mode.pushes:
            return op.vjps[op.differentiable[1]][0](GRAPH, g, a, b, result, *rest)
        return kernel.way(g.mT, b, a, OPS["clone"].way(result.mT), *rest)

    op.twice[0] = first
    if mirrored:
        op.twice[1] = second


def _first(op: Op, over: str) -> tuple[Any, list[str], list[str]]:
    """The VJP of the first argument, what it takes, and by which of these it can be differentiated."""
    vjp, getters = op.vjps[op.differentiable[0]]
    names = [_name(op, kind, i) for kind, i in getters]
    return vjp, names, [n for n in names if n in over.split()]


def _taking(again: Any, takes: list[str]) -> Any:
    """`again` as the joint VJP of a row whose arguments are `takes`."""
    listed = ", ".join(takes)
    return eval(f"lambda F, g, {listed}, needs: again(F, g, needs, {listed})", {"again": again})


def _kernel(
    op: Op, takes: list[str], forward: Any, node: str, joint: Any, through: list[str],
    outputs: int = 1,
) -> Op:  # fmt: skip
    kernel = define(
        f"{op.name}_backward({', '.join(takes)})", forward, family=op.family, outputs=outputs,
        node=node if node == "NotImplemented" else node + "Backward0",
        joint=joint, wrt=" ".join(["grad_output", *through]),
    )  # fmt: skip
    kernel.broadcasts = False
    return kernel


def _name(op: Op, kind: int, i: int) -> str:
    if kind == INPUT:
        return op.params[i]
    if kind == RESULT:
        return "result" if not i else f"result_{i}"
    if kind == NEEDS:
        return "wanted"
    return f"{op.params[i]}_{'shape' if kind == SIZES else 'kind'}"


def _slopes(
    F: Any, vjp: Any, gs: Any, needs: tuple[bool, ...], places: list[int], values: tuple[Any, ...]
) -> list[Any]:
    """The gradients of a kernel by what stands at `places` in its arguments, where there is need."""
    before, log = mode.enabled, recording.log
    given = list(values)
    try:
        mode.enabled = True
        if F.raw:
            recording.log = None  # the step is recorded as one
            given = [_tensor(v, i in places) for i, v in enumerate(values)]
            own = given
        else:
            own = [
                OPS["alias"].way(v) if i in places and v is not None else v
                for i, v in enumerate(values)
            ]
        out = vjp(GRAPH, *own)
        wanted = [own[p] for p, need in zip(places, needs, strict=True) if need]
        found = iter(_pulled(F, out if type(out) in (tuple, list) else [out], gs, wanted))
    finally:
        mode.enabled, recording.log = before, log
    slopes = []
    for need in needs:
        slope = next(found) if need else None
        slopes.append(slope._a if F.raw and isinstance(slope, Tensor) else slope)
    return slopes


def _pulled(F: Any, outs: Sequence[Any], gs: Sequence[Any], wanted: list[Any]) -> Sequence[Any]:
    """The gradients of the results that received one, by what is wanted."""
    from engine.autograd.passes import grad

    pairs = [
        (out, wrap(g) if F.raw else g)
        for out, g in zip(outs, gs, strict=True)
        if out is not None and g is not None and out._g is not None
    ]
    if not pairs:
        return [None] * len(wanted)
    ends, seeds = zip(*pairs, strict=True)
    found: Sequence[Any] = grad(ends, wanted, seeds, create_graph=not F.raw, allow_unused=True)
    return found


def _tensor(v: Any, leaf: bool) -> Any:
    """An array as a tensor, as the formula for tensors takes it; what is none stays as it is."""
    if not isinstance(v, (np.ndarray, np.generic)):
        return v
    t = wrap(v)
    return t.requires_grad_() if leaf and t._d.category >= FLOAT else t
