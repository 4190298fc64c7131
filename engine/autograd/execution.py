"""Running the graph backwards: newest node first, leaves as soon as all that leads to them ran."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from engine import recording
from engine.autograd import anomaly, hooks, mode, sweep
from engine.autograd import node as graph
from engine.autograd.accumulation import accumulate, copied
from engine.autograd.node import AccumulateGrad, Node, Port
from engine.dtype import COMPLEX, cast
from engine.tensor import Tensor, wrap

#: The nodes of the passes that run with hooks, innermost last.
_orders: list[list[Node]] = []


def reached(edges: Sequence[Any]) -> int:
    """To how many of some edges the pass that runs comes."""
    nodes = set(_orders[-1]) if _orders else set(edges)
    return sum(e in nodes for e in edges)


class Pass:
    """One execution with everything that a person may have asked to see or change.

    `tensors` says whether the values are tensors (create_graph) or arrays. `wanted` maps edges to
    the places in `captured`; with `only` no leaf accumulates but those in it.
    """

    def __init__(self, retain: bool, tensors: bool) -> None:
        self.retain = retain
        self.tensors = tensors
        self.create = tensors
        self.namespace: Any = graph_namespace() if tensors else graph.RAW
        self.logs = True
        self.wanted: dict[Any, list[int]] = {}
        self.captured: dict[int, Any] = {}
        self.inputs: Sequence[Any] = ()
        self.only: set[Any] | None = None
        self.accumulate = True

    def aim(self, kind: str, inputs: Sequence[Any]) -> None:
        """Capture the gradients of `inputs` (kind "grad") or accumulate into them alone."""
        self.inputs = inputs
        edges = [graph.edge(t) for t in inputs]
        if kind == "grad":
            self.accumulate = False
            for i, e in enumerate(edges):
                self.wanted.setdefault(e, []).append(i)
        else:
            self.only = set(edges)

    def raw(self, g: Any) -> Any:
        return g._a if isinstance(g, Tensor) else g

    def run(self, order: list[Node], buffer: dict[Any, Any]) -> None:
        needed = self._needed(order) if self.only is not None or self.wanted else None
        _orders.append(order)
        try:
            for n in order:
                g = buffer.pop(n, None)
                if g is None or (needed is not None and n not in needed):
                    continue
                self.step(n, g, buffer, needed)
        finally:
            _orders.pop()

    def _needed(self, order: list[Node]) -> set[Any]:
        """The nodes on a path to something that is asked for."""
        needed = set(self.wanted) | (self.only or set())
        for n in reversed(order):
            if n not in needed and any(e in needed for e in n.edges):
                needed.add(n)
        return needed

    def step(self, n: Any, g: Any, buffer: dict[Any, Any], needed: set[Any] | None) -> None:
        if type(n) is Port:
            g = hooks.before(n, g, self)
            self._capture(n, g)
            g = hooks.ahead(n, g, self)
            if needed is None or n.node in needed:
                self.push(n, g, buffer)
            return
        g = hooks.before(n, g, self)
        if type(n) is AccumulateGrad:
            self._leaf(n, hooks.ahead(n, g, self))
            return
        self._capture(n, g)
        g = hooks.ahead(n, g, self)
        if needed is not None and not any(e in needed for e in n.edges):
            return
        out = (
            self.grads(n, g)
            if not (anomaly.enabled and self.logs)
            else anomaly.watched(n, g, self.grads)
        )
        if n in graph.hooked:
            out = hooks.after(n, out, g, self)
        if self.logs and recording.log is not None:
            self._record(n, g, out)
        for e, v in zip(n.edges, out, strict=False):
            if e is None or v is None or (needed is not None and e not in needed):
                continue
            if type(e) is Port or e not in buffer:
                buffer[e] = v if e not in buffer else self.add(buffer[e], v)
            else:
                buffer[e] = self.add(buffer[e], v)
        if n.frees and not self.retain:
            n.release()

    def grads(self, n: Any, g: Any) -> Sequence[Any]:
        """What a node makes of a gradient."""
        return n.grads(self.namespace, g)  # type: ignore[no-any-return]

    def add(self, old: Any, v: Any) -> Any:
        return old + v

    def push(self, port: Port, g: Any, buffer: dict[Any, Any]) -> None:
        _to_port(port, g, buffer)

    def _record(self, n: Any, g: Any, out: Sequence[Any]) -> None:
        gs = tuple(map(self.raw, g)) if isinstance(g, list) else (self.raw(g),)
        assert recording.log is not None
        recording.log.append((recording.STEP, n, gs, tuple(map(self.raw, out))))

    def _capture(self, n: Any, g: Any) -> None:
        for i in self.wanted.get(n, ()):
            self.captured[i] = g
            if self.logs and recording.log is not None:
                recording.log.append((recording.CAPTURE, self.inputs[i], self.raw(g)))

    def _leaf(self, n: AccumulateGrad, g: Any) -> None:
        t = n.variable
        g = hooks.before_leaf(t, g, self)
        self._capture(n, g)
        if not self.accumulate or (self.only is not None and n not in self.only):
            return
        self.accumulate_into(t, g)
        if recording.log is not None:
            recording.log.append((recording.ACCUMULATE, n, t, self.raw(g), t._grad))
        hooks.after_leaf(n, t, g, self)

    def accumulate_into(self, t: Any, g: Any) -> None:
        """Add to `t.grad`."""
        if not self.tensors:
            accumulate(t, g)
            return
        old = getattr(t, "_grad", None)
        t._grad = copied(g) if old is None else old + g


def _to_port(port: Port, g: Any, buffer: dict[Any, Any]) -> None:
    """Put the gradient of one of several outputs into its place for the node."""
    slots = buffer.get(port.node)
    if slots is None:
        slots = buffer[port.node] = [None] * port.node.outputs
    old = slots[port.nr]
    slots[port.nr] = g if old is None else old + g


def graph_namespace() -> Any:
    from engine.ops.table import GRAPH

    return GRAPH


def root_edge(t: Any, i: int) -> Any:
    if t._g is None:
        raise RuntimeError(
            f"element {i} of tensors does not require grad and does not have a grad_fn"
        )
    return graph.edge(t)


def _implicit(t: Any) -> Any:
    if t._s.numel() != 1:
        raise RuntimeError("grad can be implicitly created only for scalar outputs")
    if t._d.category == COMPLEX:
        raise RuntimeError(
            "grad can be implicitly created only for real scalar outputs but got torch." + t._d.name
        )
    return t._d.np.type(1) if not t._s else np.ones(t._s, t._d.np)


def given_gradient(t: Any, g: Any, i: int) -> Any:
    if not isinstance(g, Tensor):
        raise TypeError("gradients can be either Tensors or None, but got " + type(g).__name__)
    if g._s is not t._s and g._s != t._s:
        raise RuntimeError(
            f"Mismatch in shape: grad_output[{i}] has a shape of {g._s} and output[{i}] has a "
            f"shape of {t._s}."
        )
    if (g._d.category == COMPLEX) != (t._d.category == COMPLEX):
        raise RuntimeError(
            "For complex Tensors, both grad_output and output are required to have the same dtype."
            f" Mismatch in dtype: grad_output[{i}] has a dtype of {g._d} and output[{i}] has a "
            f"dtype of {t._d}."
        )
    return g


def start(outputs: Sequence[Any], gradients: Sequence[Any], tensors: bool) -> dict[Any, Any]:
    """The buffer at the begin of a pass: the roots' edges and their gradients."""
    buffer: dict[Any, Any] = {}
    for i, (t, g) in enumerate(zip(outputs, gradients, strict=True)):
        if g is None:
            if t._g is not None:
                g = _implicit(t)
                g = wrap(g, t._d) if tensors else g
        else:
            g = given_gradient(t, g, i)
            if not tensors:
                g = cast(g._a, g._d, t._d)
        e = root_edge(t, i)
        buffer[e] = buffer[e] + g if e in buffer else g
    return buffer


def execute(
    kind: str, outputs: Sequence[Any], gradients: Sequence[Any], retain: bool, create: bool,
    inputs: Sequence[Any] | None,
) -> dict[int, Any]:  # fmt: skip
    """Run a pass; returns the captured gradients by position in `inputs` for kind "grad"."""
    many = mode.batching is not None and mode.batching.deepest((*outputs, *gradients))
    if many:
        return _of_examples(outputs, gradients, retain, create, inputs)
    if mode.duals is not None and kind == "grad" and not create:
        return _on_duals(outputs, gradients, retain, inputs)
    buffer = start(outputs, gradients, create)
    half = graph.halves[0] and _halves().found(outputs, sweep.plan(buffer))
    if half and not create:
        buffer = _halves().start(outputs, buffer)
    plain = (
        inputs is None
        and not half
        and not create
        and not graph.hooked
        and not (graph.leaf_hooks and hooks.on_leaves())
        and not anomaly.enabled
        and not sweep.running
        and not recording.watched
    )
    before, mode.enabled = mode.enabled, create
    opened = recording.open_log()  # a pass is on the tape wherever it runs
    try:
        if recording.log is not None:
            return _recorded(kind, outputs, gradients, retain, create, inputs, buffer, plain, half)
        if plain:
            sweep.sweep(buffer, retain)
            return {}
        return _general(kind, retain, create, inputs, sweep.plan(buffer), buffer, half)
    finally:
        mode.enabled = before
        recording.close_log(opened)


def _of_examples(
    outputs: Sequence[Any], gradients: Sequence[Any], retain: bool, create: bool,
    inputs: Sequence[Any] | None,
) -> dict[int, Any]:  # fmt: skip
    """A pass inside a map: on batched tensors, whose operations are those that a recorder sees."""
    from engine.batching.passes import BatchedPass

    buffer = start(outputs, gradients, True)
    p = BatchedPass(retain)
    p.aim("grad", inputs or ())
    before, mode.enabled = mode.enabled, create
    try:
        p.run(sweep.plan(buffer), buffer)
    finally:
        mode.enabled = before
    return p.captured


def _on_duals(
    outputs: Sequence[Any], gradients: Sequence[Any], retain: bool, inputs: Sequence[Any] | None
) -> dict[int, Any]:
    """A pass while a level of dual tensors is open: on tensors, so that tangents move along."""
    buffer = start(outputs, gradients, True)
    p = Pass(retain, tensors=True)
    p.logs = False
    p.aim("grad", inputs or ())
    before, mode.enabled = mode.enabled, False
    try:
        p.run(sweep.plan(buffer), buffer)
    finally:
        mode.enabled = before
    return p.captured


def _halves() -> Any:
    from engine.autograd import halves

    return halves


def _general(
    kind: str, retain: bool, create: bool, inputs: Sequence[Any] | None,
    order: list[Node], buffer: dict[Any, Any], half: bool,
) -> dict[int, Any]:  # fmt: skip
    p: Pass = _halves().HalfPass(retain, create) if half else Pass(retain, create)
    if inputs is not None:
        p.aim(kind, inputs)
    p.run(order, buffer)
    return p.captured if p.create else {i: p.raw(g) for i, g in p.captured.items()}


def _recorded(
    kind: str, outputs: Sequence[Any], gradients: Sequence[Any], retain: bool, create: bool,
    inputs: Sequence[Any] | None, buffer: dict[Any, Any], plain: bool, half: bool,
) -> dict[int, Any]:  # fmt: skip
    log = recording.log
    assert log is not None
    log.append((
        recording.PASS, kind, tuple(outputs), tuple(gradients), retain, create,
        None if inputs is None else tuple(inputs), *recording.where(), plain,
    ))  # fmt: skip
    error: BaseException | None = None
    try:
        if plain:
            sweep.sweep(buffer, retain, recording.log)  # an append may have changed what it is
            return {}
        return _general(kind, retain, create, inputs, sweep.plan(buffer), buffer, half)
    except BaseException as e:
        error = e
        raise
    finally:
        if recording.log is not None:
            recording.log.append((recording.END, error))
