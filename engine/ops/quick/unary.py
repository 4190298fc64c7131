"""The quick way through a pointwise row of one tensor, whose gradient is a formula."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from engine.dtype import FROM_NP
from engine.ops import rounded, table
from engine.ops.formula import inline, names
from engine.ops.quick.parts import LOG, TENSOR, functions, indent, lazily, leaf, receive, steps
from engine.ops.quick.thrifty import spared
from engine.ops.table import Op, OpNode
from engine.size import intern


class OneEdge(OpNode):
    """A node with one edge, `e`."""

    __slots__ = ("e",)

    e: Any

    @property
    def edges(self) -> Any:  # type: ignore[override]
        return (self.e,)


class OneInput(OneEdge):
    """It keeps the input `x`, or else its element type there."""

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


class OneResult(OneEdge):
    """It keeps the values `y` of its result."""

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


def _one_input(op: Op, vjp: str) -> Any:
    load = """
x = self.x
if x is None:
    raise errors.freed()
if x._v is not None:
    verify(x, self.seq)
x = x._a"""
    return OneInput, load, "\nself.x = None", {"self": "x"}


def _one_result(op: Op, vjp: str) -> Any:
    load = """
y = self.y
if y is None:
    raise errors.freed()
if self.cells is not None:
    self._result(RAW, 0)  # raises if it was written to"""
    return OneResult, load, "\nself.y = None", {"result": "y"}


#: A 1 that is added to an array or less one, in a formula; and what takes its place, since NumPy
#: needs as long to make an array of a number as for the sum.
_ONE = re.compile(r"\b1(?= [-+] )|(?<= [-+] )1\b")
_CALL = re.compile(r"(\w+)\((\w+)\)")
_UNIT = np.ones((), np.float32)
_UNIT.flags.writeable = False
#: A difference that fits into the memory of a product which was just made.
_SLOPE = re.compile(r"\(?\bone - (\w+ \* \w+|multiply\(.*?\))\)?")


def _less(product: Any) -> Any:
    return np.subtract(_UNIT, product, product)


@cache
def _unary_node(op: Op, vjp: str) -> Any:
    if "self" in names(vjp):
        base, load, free, places = _one_input(op, vjp)
    elif "result" in names(vjp):
        base, load, free, places = _one_result(op, vjp)
    else:
        base, load, free, places = OneInput, "", "", {}
    calls, plain = functions(vjp), _ONE.sub("one", inline(vjp, places))
    one = "\none = ONE if g.__class__ is ndarray else 1" if "one" in plain else ""
    value = _small(plain, calls) or f"{one}\nv = {plain}"
    large = spared(plain, "y" if base is OneResult else "x", calls) if places else None
    sparing = ""
    if large is not None:
        large = one.replace(" if g.__class__ is ndarray else 1", "") + _SLOPE.sub(
            r"less(\1)", large
        )
        sparing = f"\nif g.__class__ is ndarray and g.size >= LARGE:{indent(large, 4)}\nelse:{indent(value, 4)}"
    if plain != (shorter := _SLOPE.sub(r"(one - \1 if small else less(\1))", plain)):
        value = f"{one}\nsmall = g.__class__ is not ndarray or g.size < LARGE\nv = {shorter}"
    end = "\ne = self.e" + receive("e", "v")
    node = steps(
        op, base, load, free, value + end, ("v",), sparing=sparing and sparing + end, RAW=table.RAW,
        ONE=_UNIT, less=_less, **calls,
    )  # fmt: skip
    node.frees = bool(places)
    return node


def _small(formula: str, calls: dict[str, Any]) -> str | None:
    """The lines for a formula whose one call is of what `rounded.exact` has made, written out."""
    found = [m for m in _CALL.finditer(formula) if hasattr(calls.get(m[1]), "ufunc")]
    if len(found) != 1 or _ONE.search(formula):
        return None
    lines = rounded.inline(calls[found[0][1]], "c", found[0][2], calls)
    return f"{lines}\nv = {formula.replace(found[0][0], 'c')}"


def unary(
    op: Op, full: Callable[..., Any], vjp: str, forward: str | None = None
) -> Callable[..., Any]:
    """The quick way through a row of one tensor; `full` is the other way."""

    def write(scope: dict[str, Any]) -> str:
        node = scope["Node"] = _unary_node(op, vjp)
        kept = "n.y = a\nn.cells = None" if node.__base__ is OneResult else ""
        kept = kept or f"n.x = {'self' if node.frees else 'd'}"
        scope.update(full=full, MISSING=_MISSING, forward=op.forward)
        if forward is None:
            value = "\na = self._a" + rounded.inline(op.forward, "a", "a", scope)
        else:
            value = f"\na = {inline(forward, {'self': 'self._a'})}"
        return f"""
def made(input=MISSING, *args, **kwargs):
    self = input
    if isinstance(self, Tensor) and not args and not kwargs:
        d = self._d
        if d.quick and not mode.unusual:
{indent(value, 12)}
            s = self._s
{indent(TENSOR + _ATTACH_ONE.format(kept=indent(kept, 4), leaf=indent(leaf("g", "self"), 8)), 12)}
{indent(LOG.format(name=op.name, inputs="(self,)", params="None"), 12)}
            return t
    return full(*args, **kwargs) if self is MISSING else full(self, *args, **kwargs)
"""

    call = lazily(op, write)
    call.__doc__ = full.__doc__
    return call  # type: ignore[no-any-return]


_ATTACH_ONE = """
g = self._g
if g is None or not mode.enabled:
    t._g = None
else:
    n = Node()
    if g is LEAF:{leaf}
    n.e = g
    n._got = None
    n.seq = tick()
{kept}
    t._g = n"""


class _Missing:
    pass


_MISSING = _Missing()
