"""Nodes of the backward graph and the leaf at its end.

An edge is one object: the node that receives the gradient. A tensor that is one of several outputs
of an operation points to a `Port`, which hands its gradient to the right place of its node; so the
backward loop never handles (node, number) pairs.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from engine import errors, recording

#: Numbers of creation; in-place writes draw from the same clock (see `engine.version`).
tick: Callable[[], int] = itertools.count(1).__next__
_leaf: Callable[[], int] = itertools.count(-1, -1).__next__

#: Hooks by node, see `engine.autograd.hooks`; while it is empty no loop looks for hooks.
hooked: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()
#: The hooks of leaves, some of which may be empty again; kept on the tensors themselves.
leaf_hooks: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()
#: Whether some graph has tensors of float16 or bfloat16, see `engine.autograd.halves`.
halves: list[bool] = [False]


Front = dict[int, Any]  # what has received a gradient and waits for its step, by `seq`


def receive(edge: Any, v: Any, pending: Front) -> None:
    """Add the array `v` to what `edge` received; the first time it joins what waits.

    The generated steps of `engine.ops.quick` hold these lines themselves.
    """
    old = edge._got
    if old is None:
        edge._got = v
        pending[edge.seq] = edge
    else:
        edge._got = old + v


class Node:
    """A step of the backward pass: takes the gradient of an output, gives those of the inputs.

    `seq` is the number of creation, negative for leaves. `edges` are the receivers, one per
    differentiable input. `_got` is what a pass on bare arrays has summed up so far for this node
    (see `engine.autograd.sweep`).
    """

    __slots__ = ("__weakref__", "_got", "seq")
    __module__ = "torch.autograd.graph"

    edges: Sequence[Any] = ()
    seq: Any
    _got: Any
    title: str = ""
    frees = False  # has something to release after its step
    outputs = 1
    spoiled = ""  # why the node cannot be used any more

    def name(self) -> str:
        return self.title or type(self).__name__

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        return tuple(
            (None, 0) if e is None else (e.node, e.nr) if type(e) is Port else (e, 0)
            for e in self.edges
        )

    @property
    def requires_grad(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        return _SHOWN

    @property
    def metadata(self) -> dict[Any, Any]:
        found: dict[Any, Any] = _extras(self).setdefault("metadata", {})
        return found

    def _sequence_nr(self) -> int:
        return int(self.seq)

    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        return ()

    def release(self) -> None:
        """Drop what was saved."""

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        """The gradients for `edges`; `F` computes on arrays or on tensors, as `g` is."""
        raise NotImplementedError

    def step(self, pending: Front) -> None:
        """Hand the gradients of the inputs, as arrays, to the edges."""
        out = self.grads(RAW, self._got)
        self._got = None  # not before: `engine.autograd.sweep.turn` may put the step off
        for edge, v in zip(self.edges, out, strict=False):
            if edge is not None and v is not None:
                receive(edge, v, pending)

    def step_free(self, pending: Front) -> None:
        """A step after which nothing that was saved is needed any more."""
        self.step(pending)
        self.release()

    def logged(self, pending: Front, log: Any) -> None:
        """A step that a recorder sees."""
        g = self._got
        out = self.grads(RAW, g)
        self._got = None
        for edge, v in zip(self.edges, out, strict=False):
            if edge is not None and v is not None:
                receive(edge, v, pending)
        gs = tuple(g) if self.outputs > 1 else (g,)
        log.append((recording.STEP, self, gs, tuple(out)))

    def logged_free(self, pending: Front, log: Any) -> None:
        """The same, after which nothing that was saved is needed any more."""
        self.logged(pending, log)
        self.release()

    def __call__(self, *gradients: Any) -> Any:
        from engine.autograd.passes import call

        return call(self, gradients)

    def register_hook(self, fn: Callable[..., Any]) -> Any:
        from engine.autograd.hooks import add

        return add(self, "post", fn)

    def register_prehook(self, fn: Callable[..., Any]) -> Any:
        from engine.autograd.hooks import add

        return add(self, "pre", fn)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} object at {id(self):#x}>"


#: What `dir` shows of any node.
_SHOWN = [
    *dir(object), "__call__", "metadata", "name", "next_functions", "register_hook",
    "register_prehook", "requires_grad", "_input_metadata", "_register_hook_dict", "_sequence_nr", "_set_sequence_nr",
]  # fmt: skip
#: Rarely used state of nodes (metadata), by node.
_extra: weakref.WeakKeyDictionary[Node, dict[str, Any]] = weakref.WeakKeyDictionary()


def _extras(node: Node) -> dict[str, Any]:
    found = _extra.get(node)
    if found is None:
        found = _extra[node] = {}
    return found


class Port(Node):
    """One of several outputs of a node."""

    __slots__ = ("node", "nr")

    def __init__(self, node: Node, nr: int) -> None:
        self.node = node
        self.nr = nr
        self._got = None
        self.seq = tick()  # newer than its node, older than all that it is an edge of

    @property
    def edges(self) -> Sequence[Any]:  # type: ignore[override]
        return (self.node,)

    def step(self, pending: Front) -> None:
        node, g = self.node, self._got
        self._got = None
        if node._got is None:
            receive(node, [None] * node.outputs, pending)
        old = node._got[self.nr]
        node._got[self.nr] = g if old is None else old + g

    def step_free(self, pending: Front) -> None:
        self.step(pending)

    def logged(self, pending: Front, log: Any) -> None:
        self.step(pending)


class AccumulateGrad(Node):
    """The end of a path: adds the gradient to `variable.grad`."""

    __slots__ = ("variable",)
    __module__ = "builtins"

    title = "torch::autograd::AccumulateGrad"
    variable: Any

    def _sequence_nr(self) -> int:
        return 2**64 - 1

    def accumulate(self, g: Any, log: Any) -> None:
        """Add a gradient to that of the variable; `log` is None or takes it."""
        t = self.variable
        ACCUMULATE[0](t, g)
        if log is not None:
            log.append((recording.ACCUMULATE, self, t, g, t._grad))


class Function(Node):
    """A node of an operation: it knows its edges."""

    __slots__ = ("edges",)

    edges: Sequence[Any]


class _Leaf:
    """What `Tensor._g` is for a leaf that requires grad; the AccumulateGrad is made on demand."""

    def __repr__(self) -> str:
        return "LEAF"


LEAF = _Leaf()
ACCUMULATE: list[Callable[[Any, Any], None]] = []
#: The arrays' namespace of operations; filled by `engine.ops.table`.
RAW: Any = None


def leaf_edge(t: Any) -> AccumulateGrad:
    """The AccumulateGrad of a leaf; it lives as long as a graph refers to it."""
    try:
        node = t._acc()
    except AttributeError:
        node = None
    if node is None:
        node = AccumulateGrad()
        node.variable = t
        node._got = None
        node.seq = _leaf()
        t._acc = weakref.ref(node)
    return node  # type: ignore[no-any-return]


def edge(t: Any) -> Any:
    """The receiver of a tensor's gradient, or None."""
    g = t._g
    return leaf_edge(t) if g is LEAF else g


def check_freed(saved: Any) -> None:
    if saved is None:
        raise errors.freed()


__all__ = [
    "LEAF",
    "AccumulateGrad",
    "Function",
    "Node",
    "Port",
    "edge",
    "leaf_edge",
    "recording",
    "tick",
]
