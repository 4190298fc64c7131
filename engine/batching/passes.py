"""Backward passes on batched tensors: the gradients of all examples at once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from engine.autograd import mode, passes
from engine.autograd import node as graph
from engine.autograd.execution import Pass
from engine.autograd.node import Function, Port, tick
from engine.dtype import FLOAT
from engine.ops.table import GRAPH, OpNode
from engine.tensor import Tensor, new

from .dispatch import part, stacked
from .levels import NoData, at, batched, deepest, level_of, tracked


class BatchedPass(Pass):
    """A pass whose steps are operations on batched tensors; no step is logged as such."""

    def __init__(self, retain: bool) -> None:
        super().__init__(retain, tensors=True)
        self.logs = False

    def grads(self, n: Any, g: Any) -> Sequence[Any]:
        try:
            return n.grads(GRAPH, g)  # type: ignore[no-any-return]
        except NoData:
            if not isinstance(n, OpNode):
                raise
            return by_example(n, g if isinstance(g, list) else [g])


# --- formulas that read elements -----------------------------------------------------------------
def by_example(n: Any, cotangents: list[Any]) -> list[Any]:
    """The gradients of a node whose formula reads elements, example by example."""
    results = [n._result(GRAPH, i) for i in range(len(n.outs or ()))]
    inputs = [v for v in (*cotangents, *n.args, *results) if isinstance(v, Tensor)]
    number = deepest(inputs)
    slopes = [v for v in inputs if level_of(v) == number and v._g is not None and mode.enabled]
    found: list[list[Any]] = []
    leaves: list[list[Any]] = []
    for i in range(at(number).size):
        own = {id(v): _own(v, number, i, any(v is s for s in slopes)) for v in inputs}

        def one(v: Any, own: dict[int, Any] = own) -> Any:
            return own.get(id(v), v)

        g = [one(v) for v in cotangents]
        m = _as_one(n, [one(v) for v in n.args], [one(v) for v in results])
        found.append(list(m.grads(GRAPH, g if n.outputs > 1 else g[0])))
        leaves.append([own[id(s)] for s in slopes])
    out = [None if c[0] is None else stacked(list(c)) for c in zip(*found, strict=True)]
    if not any(tracked(_lower(v, number)) for v in inputs):
        out = [v if v is None else v.detach() for v in out]  # from leaves that are of no other use
    out = [v if v is None else batched(v, number) for v in out]
    return _placed(out, slopes, found, leaves, number) if slopes else out


def _lower(v: Any, number: int) -> Any:
    """What a tensor holds below a level."""
    return v._a.value if level_of(v) == number else v


def _own(v: Any, number: int, i: int, slope: bool) -> Any:
    """One example of a tensor; a leaf, or a step of its own, if derivatives by it are wanted."""
    p = part(v, number)
    t = p.one(i)
    if not slope:
        return t
    return t.view_as(t) if t.requires_grad else t.detach().requires_grad_()


@cache
def _single(kind: type) -> Any:
    """The class of a node that is given its results."""
    body = {"__slots__": ("given",), "_result": lambda self, F, i: self.given[i]}
    return type(kind.__name__, (kind,), body)


def _as_one(n: Any, args: list[Any], results: list[Any]) -> Any:
    """A node as it would be had it computed one example."""
    one = new(_single(n.op.node))
    one.edges, one.seq, one.cells, one.metas, one.args = n.edges, n.seq, None, n.metas, args
    if n.outputs != 1:
        one.outputs = n.outputs
    one.outs, one.given = n.outs, results
    return one


def _placed(
    out: list[Any], slopes: list[Any], found: list[list[Any]], leaves: list[list[Any]], number: int
) -> list[Any]:
    """Give gradients that were computed by example their place in the graph of the level."""
    n = Examples()
    n.edges = tuple(graph.edge(s) for s in slopes)
    n._got, n.seq, n.outputs = None, tick(), len(out)
    n.found, n.leaves, n.number = found, leaves, number
    for i, t in enumerate(out):
        if t is not None and t._d.category >= FLOAT:
            t._g = n if n.outputs == 1 else Port(n, i)
    return out


class Examples(Function):
    """The node of gradients that were computed example by example."""

    __slots__ = ("found", "leaves", "number", "outputs")

    found: list[list[Any]]
    leaves: list[list[Any]]
    number: int
    outputs: int

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        given = g if isinstance(g, list) else [g]
        if mode.enabled and any(v is not None and v._g is not None for v in given):
            raise RuntimeError(
                "vmap: third derivatives of an operation that is computed example by example are not "
                "supported inside of the mapped function"
            )
        rows = []
        for i, (out, own) in enumerate(zip(self.found, self.leaves, strict=True)):
            live = [
                (o, part(v, self.number).one(i) if isinstance(v, Tensor) else v)
                for o, v in zip(out, given, strict=True)
                if v is not None and o is not None and o.requires_grad
            ]
            if not live:
                rows.append([GRAPH.zeros_like(t) for t in own])
                continue
            roots, cotangents = zip(*live, strict=True)
            r = passes.grad(
                roots, own, cotangents, retain_graph=True, create_graph=mode.enabled,
                allow_unused=True, materialize_grads=True,
            )  # fmt: skip
            rows.append(list(r))
        columns = (stacked(list(column)) for column in zip(*rows, strict=True))
        return [batched(c if mode.enabled else c.detach(), self.number) for c in columns]
