"""The quick ways through the rows that make up most of a graph.

For plain float32 and float64 tensors, pointwise rows whose value and gradients are formulas (see
`engine.ops.formula`) get functions and node classes written for them, as `namedtuple` writes
classes: everything in one function, without a call that could be spared. Whatever else comes
(other types, saved-tensor hooks, inference mode) goes through `engine.ops.table.run`.

A node of these classes looks like any other `OpNode`; it only keeps less and steps faster.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache
from heapq import heappush
from pathlib import Path
from types import FunctionType
from typing import Any

from engine import errors, recording, version
from engine.autograd import mode
from engine.autograd.node import LEAF, leaf_edge, tick
from engine.dtype import FROM_NP
from engine.ops import table
from engine.ops.formula import CONSTANTS, called, compile_vjp, inline, names
from engine.ops.helpers import sum_to
from engine.ops.table import Op, OpNode
from engine.size import intern
from engine.tensor import Tensor, new, wrap

_FOLDER = Path(__file__).with_suffix("")  # where tracebacks find generated code: inside the engine


class OneInput(OpNode):
    """A node with one input that keeps the input `x`, or else its element type there."""

    __slots__ = ("x",)

    x: Any

    @property
    def args(self) -> Any:  # type: ignore[override]
        return None if self.x is None else [self.x if self.frees else None]

    @property
    def metas(self) -> Any:  # type: ignore[override]
        x = self.x
        return ((x._s, x._d),) if self.frees else ((None, x),)

    outs = cells = None

    def release(self) -> None:
        if self.frees:
            self.x = None


class OneResult(OpNode):
    """A node with one input that keeps the values `y` of its result."""

    __slots__ = ("cells", "y")

    y: Any

    @property
    def args(self) -> Any:  # type: ignore[override]
        return None if self.y is None else [None]

    @property
    def metas(self) -> Any:  # type: ignore[override]
        return ((intern(self.y.shape), FROM_NP[self.y.dtype]),)

    @property
    def outs(self) -> Any:  # type: ignore[override]
        return None if self.y is None else ((self.y, *self.metas[0]),)

    def release(self) -> None:
        self.y = None


class Released:
    """What stands in the place of a saved value after the graph was freed."""

    def __repr__(self) -> str:
        return "released"


RELEASED = Released()


class TwoInputs(OpNode):
    """`a`, `b`: what is kept (Tensor or number); `shapes` is None unless something was broadcast."""

    __slots__ = ("a", "b", "shapes")

    a: Any
    b: Any
    shapes: Any
    outs = cells = None

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

    def __getattr__(self, name: str) -> Any:
        if self.frees and name in ("_saved_self", "_saved_other"):
            v = self.a if name == "_saved_self" else self.b
            if v is RELEASED:
                raise errors.freed()
            if v is None or isinstance(v, Tensor):
                return v if v is None else self._unpack(table.GRAPH, v)
            import numpy as np

            return wrap(np.asarray(v))
        if name == "_saved_alpha" and not self.frees:
            return 1
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        pairs = super().next_functions
        return pairs[:1] if self.op.name == "rsub" else pairs


_SCOPE: dict[str, Any] = {
    "LEAF": LEAF, "OURS": recording.ours, "RELEASED": RELEASED, "STEP": recording.STEP, "Tensor": Tensor,
    "OPERATION": recording.OPERATION, "changed": version.changed, "errors": errors, "getframe": sys._getframe, "heappush": heappush,
    "intern": intern, "keep": table.keep, "leaf_edge": leaf_edge, "mode": mode, "new": new,
    "recording": recording, "saved_error": version.saved_error, "sum_to": sum_to, "tick": tick,
    "where": recording.where, **CONSTANTS,
}  # fmt: skip


def _build(op: Op, name: str, source: str, **values: Any) -> Any:
    """Compile generated source and return what it calls `made`."""
    scope = {**_SCOPE, **values}
    exec(compile(source, str(_FOLDER / f"{op.name}.{name}"), "exec"), scope)
    return scope["made"]


def _lazily(op: Op, write: Callable[[dict[str, Any]], str]) -> Any:
    """A function whose code is written when it is called for the first time.

    `write` returns the source of `made` and puts what it needs beside `_SCOPE`.
    """
    scope: dict[str, Any] = dict(_SCOPE)

    def prepare() -> Any:
        exec(compile(write(scope), str(_FOLDER / op.name), "exec"), scope)
        call.__code__, call.__defaults__ = scope["made"].__code__, scope["made"].__defaults__
        return call

    scope["prepare"] = prepare
    call: Any = FunctionType(_FIRST, scope, op.name)
    return call


_FIRST = compile(
    "def first(*args, **kwargs): return prepare()(*args, **kwargs)", str(_FOLDER), "exec"
).co_consts[0]


def _functions(*formulas: str) -> dict[str, Any]:
    """The functions on arrays that formulas call."""
    return {n: getattr(table.RAW, n) for f in formulas for n in called(f)}


def _indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line.strip() else line for line in text.splitlines())


# --- parts of generated functions ------------------------------------------------------------------
_TENSOR = """
t = new(Tensor)
t._a = a
t._s = s
t._d = d
t._v = None"""
_LOG = """
log = recording.log
if log is not None:
    frame = getframe(1)
    code = frame.f_code
    if OURS.get(code.co_filename, True):
        log.append((OPERATION, {name!r}, t, {inputs}, {params}, *where(), recording.scope))
    else:
        log.append((OPERATION, {name!r}, t, {inputs}, {params}, code, frame.f_lasti, recording.scope))"""


def _receive(edge: str, v: str) -> str:
    """The lines of `engine.autograd.node.receive`."""
    return f"""
old = {edge}.g
if old is not None:
    {edge}.g = old + {v}
else:
    {edge}.g = {v}
    key = -{edge}.seq
    pending[key] = {edge}
    if key < 0:
        heappush(heap, key)"""


def _steps(
    op: Op, base: type[OpNode], load: str, free: str, body: str, grads: str, extra: str = "", **values: Any
) -> Any:  # fmt: skip
    """A node class: steps that keep what was saved, that free it, and that are logged."""
    source = f"""
class made(Base):
    __slots__ = ()
    __module__ = "torch.autograd.graph"

    def step(self, g, heap, pending):
{_indent(load + body, 8)}

    def step_free(self, g, heap, pending):
{_indent(load + body + free, 8)}

    def logged(self, g, heap, pending, log):
{_indent(load + body, 8)}
        log.append((STEP, self, (g,), {grads}))
{extra}"""
    made = _build(op, "node", source, Base=base, **values)
    made.__name__ = made.__qualname__ = op.node.__name__
    made.op = op
    return made


# --- one tensor ------------------------------------------------------------------------------------
def _one_input(op: Op, vjp: str) -> Any:
    load = """
x = self.x
if x is None:
    raise errors.freed()
if x._v is not None and changed(x, self.seq):
    raise saved_error(x, self.seq)
x = x._a"""
    return OneInput, load, "\nself.x = None", {"self": "x"}


def _one_result(op: Op, vjp: str) -> Any:
    load = """
y = self.y
if y is None:
    raise errors.freed()
if self.cells is not None:
    self.grads(RAW, g)  # raises if the result was written to"""
    return OneResult, load, "\nself.y = None", {"result": "y"}


@cache
def _unary_node(op: Op, vjp: str) -> Any:
    if "self" in names(vjp):
        base, load, free, places = _one_input(op, vjp)
    elif "result" in names(vjp):
        base, load, free, places = _one_result(op, vjp)
    else:
        base, load, free, places = OneInput, "", "", {}
    body = f"\ne = self.edges[0]\nv = {inline(vjp, places)}\n" + _receive("e", "v")
    node = _steps(op, base, load, free, body, "(v,)", RAW=table.RAW, **_functions(vjp))
    node.frees = bool(places)
    return node


def unary(
    op: Op, full: Callable[..., Any], vjp: str, forward: str = "forward(self)"
) -> Callable[..., Any]:
    """The quick way through a row of one tensor; `full` is the other way."""

    def write(scope: dict[str, Any]) -> str:
        node = scope["Node"] = _unary_node(op, vjp)
        kept = "n.y = a\nn.cells = None" if node.__base__ is OneResult else ""
        kept = kept or f"n.x = {'self' if node.frees else 'd'}"
        scope.update(full=full, MISSING=_MISSING, forward=op.forward)
        return f"""
def made(input=MISSING, *args, **kwargs):
    self = input
    if isinstance(self, Tensor) and not args and not kwargs:
        d = self._d
        if d.quick and not mode.unusual:
            a = {inline(forward, {"self": "self._a"})}
            s = self._s
{_indent(_TENSOR + _ATTACH_ONE.format(kept=_indent(kept, 4)), 12)}
{_indent(_LOG.format(name=op.name, inputs="(self,)", params="None"), 12)}
            return t
    return full(*args, **kwargs) if self is MISSING else full(self, *args, **kwargs)
"""

    call = _lazily(op, write)
    call.__doc__ = full.__doc__
    return call  # type: ignore[no-any-return]


_ATTACH_ONE = """
g = self._g
if g is None or not mode.enabled:
    t._g = None
else:
    n = new(Node)
    n.edges = (leaf_edge(self) if g is LEAF else g,)
    n.g = None
    n.seq = tick()
{kept}
    t._g = n"""


class _Missing:
    pass


_MISSING = _Missing()


# --- two tensors -----------------------------------------------------------------------------------
def _load(name: str) -> str:
    return f"""
{name} = self.{name}
if isinstance({name}, Tensor):
    if {name}._v is not None and changed({name}, self.seq):
        raise saved_error({name}, self.seq)
    {name} = {name}._a
elif {name} is RELEASED:
    raise errors.freed()"""


_PLACES = {"self": "a", "other": "b"}


def _binary_node(op: Op, va: str, vb: str) -> Any:
    """The node class of a row of two tensors; `va` and `vb` are its gradients as formulas."""
    used = [{_PLACES[n] for n in names(f)} for f in (va, vb)]
    always = used[0] & used[1]
    load = "\nea, eb = self.edges\nshapes = self.shapes\nva = vb = None" + "".join(
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
{_receive("e" + letter, v)}"""
        )
        body += f"\nif e{letter} is not None:\n{_indent(part, 4)}"
        values = "".join(f", self.value(F, self.{_PLACES[n]})" for n in names(text))
        both += f"None if e{letter} is None else {letter}_vjp(F, g{values}), "
    frees = bool(used[0] | used[1])
    free = "\nself.a = self.b = RELEASED" if frees else ""
    extra = f"""
    def both(self, F, g):
        ea, eb = self.edges
        return {both}
"""
    vjps = {"a_vjp": compile_vjp(va), "b_vjp": compile_vjp(vb)}
    node = _steps(op, TwoInputs, load, free, body, "(va, vb)", extra, **vjps, **_functions(va, vb))
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
            kept = f"""
n.a = (self if self._v is None else keep(self)) if {_kept("self", va, vb)} else None
n.b = (other if sb is None or other._v is None else keep(other)) if {_kept("other", va, vb)} else None"""
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
{_indent(_TENSOR + _ATTACH_TWO.format(kept=_indent(kept, 4)), 4)}
    if recording.log is not None:
        inputs, params = ((self,), {{"other": other}}) if sb is None else ((self, other), None)
{_indent(_LOG.format(name=name, inputs="inputs", params="params"), 8)}
    return t
"""

    return _lazily(op, write)  # type: ignore[no-any-return]


_ATTACH_TWO = """
ga = self._g
if (ga is None and gb is None) or not mode.enabled:
    t._g = None
else:
    n = new(Node)
    if ga is LEAF:
        ga = leaf_edge(self)
    if gb is LEAF:
        gb = leaf_edge(other)
    n.edges = (ga, gb)
    n.g = None
    n.seq = tick()
    n.shapes = shapes
{kept}
    t._g = n"""
