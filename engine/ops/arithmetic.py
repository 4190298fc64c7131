"""+ - * / at full speed: the rows of `binary` for the common case of one plain element type.

Here the node classes are written out by hand, because these four make up most of a graph. Whatever
is not common (other types, saved-tensor hooks, mixed arguments) goes to the table's rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from engine import errors, recording, version
from engine.autograd import mode
from engine.autograd import node as graph
from engine.autograd.node import LEAF, Function, leaf_edge, tick
from engine.dtype import float32, float64
from engine.ops import binary, inplace, table
from engine.ops.api import into, publish
from engine.ops.helpers import sum_to
from engine.ops.promote import result_dtype
from engine.ops.table import run
from engine.size import intern
from engine.tensor import Tensor, new, wrap

_FAST = frozenset((float32, float64))


class _Binary(Function):
    """`a`, `b`: what is saved (Tensor or number); `shapes` is None unless something was broadcast."""

    __slots__ = ("a", "b", "shapes")

    op: Any
    _released = False

    def release(self) -> None:
        self.a = self.b = _GONE

    def unpack(self, F: Any, v: Any) -> Any:
        if isinstance(v, Tensor):
            if v._v is not None and version.changed(v, self.seq):
                raise version.saved_error(v, self.seq)
            return v._a if F.raw else v
        if v is _GONE:
            raise errors.freed()
        return v

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        raise NotImplementedError

    def grads(self, F: Any, g: Any) -> Sequence[Any]:
        ga, gb = self.both(F, g)
        if self.shapes is not None:
            sa, sb = self.shapes
            if ga is not None and ga.shape != sa:
                ga = F.sum_to(ga, sa)
            if gb is not None and gb.shape != sb:
                gb = F.sum_to(gb, sb)
        return ga, gb

    def push(self, g: Any, buffer: dict[Any, Any]) -> None:
        ga, gb = self.both(table.RAW, g)
        ea, eb = self.edges
        shapes = self.shapes
        if ea is not None:
            if shapes is not None and ga.shape != shapes[0]:
                ga = sum_to(ga, shapes[0])
            old = buffer.get(ea)
            if old is None or type(ea) is graph.Port:
                self._put(ea, ga, buffer)
            else:
                buffer[ea] = old + ga
        if eb is not None:
            if shapes is not None and gb.shape != shapes[1]:
                gb = sum_to(gb, shapes[1])
            old = buffer.get(eb)
            if old is None:
                buffer[eb] = gb
            else:
                buffer[eb] = old + gb

    @staticmethod
    def _put(e: Any, g: Any, buffer: dict[Any, Any]) -> None:
        buffer[e] = buffer[e] + g if e in buffer else g

    def _saved(self, v: Any) -> Any:
        if v is _GONE:
            raise errors.freed()
        return (
            self.unpack(table.GRAPH, v)
            if isinstance(v, Tensor) or v is None
            else wrap(np.asarray(v))
        )

    def __getattr__(self, name: str) -> Any:
        if self.frees and name == "_saved_self":
            return self._saved(self.a)
        if self.frees and name == "_saved_other":
            return self._saved(self.b)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        pairs = super().next_functions
        return pairs[:1] if type(self) is RsubBackward1 else pairs

    def _raw_saved_tensors(self) -> tuple[Any, ...]:
        return tuple(v for v in (self.a, self.b) if isinstance(v, Tensor)) if self.frees else ()


class _Gone:
    def __repr__(self) -> str:
        return "released"


_GONE = _Gone()


class AddBackward0(_Binary):
    __slots__ = ()
    frees = False

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        return g, g

    @property
    def _saved_alpha(self) -> int:
        return 1


class SubBackward0(_Binary):
    __slots__ = ()
    frees = False

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        return g, None if self.edges[1] is None else -g

    @property
    def _saved_alpha(self) -> int:
        return 1


class RsubBackward1(_Binary):
    __slots__ = ()
    frees = False

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        return -g, None

    @property
    def _saved_alpha(self) -> int:
        return 1


class MulBackward0(_Binary):
    __slots__ = ()
    frees = True

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        ea, eb = self.edges
        return (
            None if ea is None else g * self.unpack(F, self.b),
            None if eb is None else g * self.unpack(F, self.a),
        )


class DivBackward0(_Binary):
    __slots__ = ()
    frees = True

    def both(self, F: Any, g: Any) -> tuple[Any, Any]:
        ea, eb = self.edges
        b = self.unpack(F, self.b)
        ga = None if ea is None else g / b
        if eb is None:
            return ga, None
        return ga, -g * ((self.unpack(F, self.a) / b) / b)


for _cls in (AddBackward0, SubBackward0, RsubBackward1, MulBackward0, DivBackward0):
    _cls.__module__ = "torch.autograd.graph"


def _make(
    name: str, op: Any, node: Any, fn: Callable[[Any, Any], Any], saves: bool
) -> Callable[[Any, Any], Any]:
    """The operator for one of the four: fast for float tensors of one type and for numbers."""
    divides = op is binary.DIV

    def call(self: Any, other: Any) -> Any:
        d = self._d
        if d not in _FAST or mode.unusual:
            return _slow(op, self, other)
        if isinstance(other, Tensor):
            if d is not other._d:
                return _slow(op, self, other)
            s, so = self._s, other._s
            if s is so:
                a = fn(self._a, other._a)
                shapes = None
            else:
                try:
                    a = fn(self._a, other._a)
                except ValueError:
                    raise errors.mismatch(s, so) from None
                shapes = (s, so)
                s = intern(a.shape)
            gb = other._g
        elif type(other) is float or type(other) is int:
            a = fn(self._a, other)
            s, shapes, gb = self._s, None, None
        else:
            return _slow(op, self, other)
        ga = self._g
        t = new(Tensor)
        t._a = a
        t._s = s
        t._d = d
        t._v = None
        if (ga is not None or gb is not None) and mode.enabled:
            n = new(node)
            if ga is LEAF:
                ga = leaf_edge(self)
            if gb is LEAF:
                gb = leaf_edge(other)
            n.edges = (ga, gb)
            n.seq = tick()
            n.shapes = shapes
            if saves:
                n.a = None if gb is None else self if self._v is None else table.keep(self)
                n.b = None if ga is None and not divides else other
                if gb is None and type(other) is Tensor and other._v is not None:
                    table.keep(other)
            t._g = n
        else:
            t._g = None
        if recording.log is not None:
            _log(name, self, other, t)
        return t

    return call


def _log(name: str, a: Any, b: Any, t: Any) -> None:
    if isinstance(b, Tensor):
        recording.operation(name, t, (a, b), None)
    else:
        recording.operation(name, t, (a,), {"other": b})


def _slow(op: Any, a: Any, b: Any) -> Any:
    """Everything else: arrays, NumPy numbers, other types; NotImplemented for strangers."""
    if isinstance(b, np.ndarray):
        b = wrap(b)
    elif not isinstance(b, (Tensor, bool, int, float, complex, np.generic)):
        return NotImplemented
    if op is binary.SUB or op is binary.RSUB:
        binary.check_bool(a, b)
    return run(op, [a, b, 1] if len(op.params) == 3 else [a, b])


plus = _make("add", binary.ADD, AddBackward0, lambda a, b: a + b, False)
minus = _make("sub", binary.SUB, SubBackward0, lambda a, b: a - b, False)
minus_from = _make("rsub", binary.RSUB, RsubBackward1, lambda a, b: b - a, False)
times = _make("mul", binary.MUL, MulBackward0, lambda a, b: a * b, True)
over = _make("div", binary.DIV, DivBackward0, lambda a, b: a / b, True)


def _function(name: str, op: Any, fast: Callable[[Any, Any], Any], also: str) -> None:
    alpha = len(op.params) == 3

    def call(input: Any, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and isinstance(input, Tensor):
            r = fast(input, args[0])
            if r is not NotImplemented:
                return r
        return full(input, *args, **kwargs)

    def full(input: Any, other: Any, *rest: Any, alpha: Any = 1, out: Any = None) -> Any:
        values = _arguments(name, input, other, alpha, has_alpha)
        if out is not None:
            return into(name, out, lambda: run(op, values), values)
        return run(op, values)

    def write(self: Any, other: Any, *, alpha: Any = 1) -> Any:
        return inplace.run_inplace(op, _arguments(name, self, other, alpha, has_alpha))

    has_alpha = alpha
    call.__name__ = call.__qualname__ = name
    for n in (name, *also.split()):
        publish(n, call)
        publish(n + "_", write, function=False, F=False)


def _arguments(name: str, a: Any, b: Any, alpha: Any, has_alpha: bool) -> list[Any]:
    if not isinstance(a, Tensor) and not isinstance(b, Tensor):
        raise errors.not_tensor(name, "input", 1, a)
    if not isinstance(b, (Tensor, bool, int, float, complex, np.generic)):
        raise TypeError(
            f"{name}(): argument 'other' (position 1) must be Tensor, not {type(b).__name__}"
        )
    if name in ("sub", "rsub"):
        binary.check_bool(a, b)
    if not has_alpha:
        return [a, b]
    _check_alpha(a, b, alpha)
    return [a, b, alpha]


def _check_alpha(a: Any, b: Any, alpha: Any) -> None:
    if isinstance(alpha, float):
        d = result_dtype([a, b])
        if d.category < 2:
            raise RuntimeError(
                "For integral input tensors, argument alpha must not be a floating point number."
            )


_function("add", binary.ADD, plus, "")
_function("sub", binary.SUB, minus, "subtract")
_function("mul", binary.MUL, times, "multiply")
_function("rsub", binary.RSUB, minus_from, "")
