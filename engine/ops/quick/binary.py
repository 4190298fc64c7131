"""The operator of a pointwise row of two tensors, or of a tensor and a number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.ops import table
from engine.ops.formula import compile_vjp, inline, names
from engine.ops.quick.parts import (
    LOG,
    RELEASED,
    TENSOR,
    functions,
    indent,
    lazily,
    leaf,
    receive,
    steps,
)
from engine.ops.table import Op, OpNode
from engine.tensor import Tensor, wrap


class TwoInputs(OpNode):
    """`a`, `b`: what is kept (Tensor or number), with edges `ea`, `eb`; `shapes` is None unless
    something was broadcast."""

    __slots__ = ("a", "b", "ea", "eb", "shapes")

    ea: Any
    eb: Any
    a: Any
    b: Any
    shapes: Any
    outs = cells = None

    @property
    def edges(self) -> Any:  # type: ignore[override]
        return self.ea, self.eb

    @property
    def args(self) -> Any:  # type: ignore[override]
        kept = [self.a, self.b] if self.frees else [None, None]
        if kept[1] is RELEASED:
            return None
        return kept + [1] * (len(self.op.params) - 2)

    @property
    def metas(self) -> Any:  # type: ignore[override]
        raise AttributeError("metas")

    def release(self) -> None:
        if self.frees:
            self.a = self.b = RELEASED

    def value(self, F: Any, v: Any) -> Any:
        if isinstance(v, Tensor):
            return self._unpack(F, v)
        if v is RELEASED:
            raise errors.freed()
        return v

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        """The gradients of the two inputs before summing over what was broadcast."""
        raise NotImplementedError

    def grads(self, F: Any, g: Any) -> Any:
        ga, gb = self.both(F, g)
        if self.shapes is not None:
            sa, sb = self.shapes
            if ga is not None and ga.shape != sa:
                ga = F.sum_to(ga, sa)
            if gb is not None and gb.shape != sb:
                gb = F.sum_to(gb, sb)
        return ga, gb

    def saved(self, name: str) -> Any:
        if self.frees and name in ("self", "other"):
            v = self.a if name == "self" else self.b
            if v is RELEASED:
                raise errors.freed()
            if v is None or isinstance(v, Tensor):
                return v if v is None else self._unpack(table.GRAPH, v)
            return wrap(np.asarray(v))
        if name == "alpha" and not self.frees:
            return 1
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '_saved_{name}'")

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        pairs = super().next_functions
        return pairs[:1] if self.op.name == "rsub" else pairs


def _load(name: str) -> str:
    """Lines that set a local name to the values that were saved: `a` was a tensor, and `b` too if
    it has an edge."""
    lines = f"""
if {name}._v is not None:
    verify({name}, self.seq)
{name} = {name}._a"""
    if name == "b":
        lines = f"""
if eb is not None or isinstance(b, Tensor):{indent(lines, 4)}
elif b is RELEASED:
    raise errors.freed()"""
    return f"\n{name} = self.{name}{lines}"


_PLACES = {"self": "a", "other": "b"}


def _binary_node(op: Op, va: str, vb: str) -> Any:
    """The node class of a row of two tensors; `va` and `vb` are its gradients as formulas."""
    used = [{_PLACES[n] for n in names(f)} for f in (va, vb)]
    always = used[0] & used[1]
    load = "\nea = self.ea\neb = self.eb\nshapes = self.shapes" + "".join(
        map(_load, sorted(always))
    )
    body = both = ""
    for i, (letter, text) in enumerate((("a", va), ("b", vb))):
        v = f"v{letter}"
        part = (
            "".join(map(_load, sorted(used[i] - always)))
            + f"""
{v} = {inline(text, _PLACES)}
if shapes is not None and {v}.shape != shapes[{i}]:
    {v} = sum_to({v}, shapes[{i}])
{receive("e" + letter, v)}"""
        )
        body += f"\nif e{letter} is not None:\n{indent(part, 4)}"
        values = "".join(f", self.value(F, self.{_PLACES[n]})" for n in names(text))
        both += f"None if e{letter} is None else {letter}_vjp(F, g{values}), "
    frees = bool(used[0] | used[1])
    free = "\nself.a = self.b = RELEASED" if frees else ""
    extra = f"""
    def both(self, F, g):
        ea, eb = self.ea, self.eb
        return {both}
"""
    vjps = {"a_vjp": compile_vjp(va), "b_vjp": compile_vjp(vb)}
    node = steps(
        op, TwoInputs, load, free, body, ("va", "vb"), extra, "", **vjps, **functions(va, vb)
    )
    node.frees = frees
    return node


def _kept(name: str, va: str, vb: str) -> str:
    """The condition under which a node keeps an input."""
    sides = [e for e, text in (("ga", va), ("gb", vb)) if name in names(text)]
    return " or ".join(f"{e} is not None" for e in sides)


def binary(
    name: str, op: Op, full: Callable[[Any, Any], Any], forward: str, va: str, vb: str
) -> Callable[..., Any]:
    """The operator of a row of two tensors, for tensors of one plain type and for numbers.

    forward, va, vb: the value and the two gradients as formulas in `self` and `other`.
    """

    def write(scope: dict[str, Any]) -> str:
        node = scope["Node"] = _binary_node(op, va, vb)
        scope.update(full=full)
        kept = ""
        if node.frees:
            a, b = _kept("self", va, vb), _kept("other", va, vb)
            kept = f"""
n.a = self if {a} else None
n.b = other if {b} else None
if mode.met_inference:
    if {a}:
        n.a = keep(self)
    if sb is not None and ({b}):
        n.b = keep(other)"""
        attach = _ATTACH_TWO.format(
            kept=indent(kept, 4),
            leaf_a=indent(leaf("ga", "self"), 8),
            leaf_b=indent(leaf("gb", "other"), 8),
        )
        value = inline(forward, {"self": "self._a", "other": "other._a"})
        number = inline(forward, {"self": "self._a"})
        return f"""
def made(self, other):
    d = self._d
    if not d.quick or mode.unusual:
        return full(self, other)
    shapes = None
    s = self._s
    if isinstance(other, Tensor):
        if other._d is not d:
            return full(self, other)
        sb = other._s
        if s is sb:
            a = {value}
        else:
            try:
                a = {value}
            except ValueError:
                raise errors.mismatch(s, sb) from None
            shapes = (s, sb)
            s = intern(a.shape)
        gb = other._g
    elif type(other) is float or type(other) is int:
        a = {number}
        sb = gb = None
    else:
        return full(self, other)
{indent(TENSOR + attach, 4)}
    if recording.log is not None:
        if sb is None:
            inputs, params = (self,), {{"other": other}}
        else:
            inputs, params = (self, other), None
{indent(LOG.format(name=name, inputs="inputs", params="params"), 8)}
    return t
"""

    return lazily(op, write)  # type: ignore[no-any-return]


_ATTACH_TWO = """
ga = self._g
if (ga is None and gb is None) or not mode.enabled:
    t._g = None
else:
    n = Node()
    if ga is LEAF:{leaf_a}
    if gb is LEAF:{leaf_b}
    n.ea = ga
    n.eb = gb
    n._got = None
    n.seq = tick()
    n.shapes = shapes
{kept}
    t._g = n"""
