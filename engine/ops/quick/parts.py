"""The parts that generated functions and node classes have in common."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType
from typing import Any

import numpy as np

from engine import errors, recording, version
from engine.autograd import mode
from engine.autograd.node import LEAF, leaf_edge, tick
from engine.ops import table
from engine.ops.formula import CONSTANTS, called
from engine.ops.helpers import sum_to
from engine.ops.quick.thrifty import LARGE, joined, product, sums, thrifty, within
from engine.ops.table import Op, OpNode
from engine.size import intern
from engine.tensor import Tensor, new

_FOLDER = Path(__file__).parent  # where tracebacks find generated code: inside the engine


class Released:
    """What stands in the place of a saved value after the graph was freed: like a tensor that has a
    version, so that whoever looks for one of a tensor need not look for this as well."""

    __slots__ = ()
    _v = True

    def __repr__(self) -> str:
        return "released"


RELEASED = Released()


def verify(saved: Any, seq: int) -> None:
    """Raise if a saved tensor was freed, or written to since the node `seq` was made."""
    if saved is RELEASED:
        raise errors.freed()
    if version.changed(saved, seq):
        raise version.saved_error(saved, seq)


_SCOPE: dict[str, Any] = {
    "__name__": __name__,  # what NumPy's warnings are told by in other threads
    "LEAF": LEAF, "RELEASED": RELEASED, "STEP": recording.STEP, "Tensor": Tensor, "View": version.View,
    "OPERATION": recording.OPERATION, "changed": version.changed, "errors": errors, "getframe": sys._getframe,
    "intern": intern, "keep": table.keep, "leaf_edge": leaf_edge, "mode": mode, "new": new,
    "ndarray": np.ndarray, "getrefcount": sys.getrefcount, "recording": recording, "saved_error": version.saved_error, "sum_to": sum_to, "table_record": table.record, "tick": tick, "verify": verify,
    "where": recording.where, "LARGE": LARGE, "joined": joined, "multiply": np.multiply, "product": product, "within": within,
    **CONSTANTS,
}  # fmt: skip


def _build(op: Op, name: str, source: str, **values: Any) -> Any:
    """Compile generated source and return what it calls `made`."""
    scope = {**_SCOPE, **values}
    exec(compile(source, str(_FOLDER / f"{op.name}.{name}"), "exec"), scope)
    return scope["made"]


def lazily(op: Op, write: Callable[[dict[str, Any]], str]) -> Any:
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
    call.__qualname__ = op.name
    return call


_FIRST = compile(
    "def first(*args, **kwargs): return prepare()(*args, **kwargs)", str(_FOLDER), "exec"
).co_consts[0]


def functions(*formulas: str) -> dict[str, Any]:
    """The functions on arrays that formulas call."""
    return {n: getattr(table.RAW, n) for f in formulas for n in called(f)}


def indent(text: str, by: int) -> str:
    return "\n".join(" " * by + line if line.strip() else line for line in text.splitlines())


# --- parts of generated functions ------------------------------------------------------------------
TENSOR = """
t = new(Tensor)
t._a = a
t._s = s
t._d = d
t._v = None"""
LOG = """
log = recording.log
if log is not None:
    frame = getframe(1)
    code = frame.f_code
    if code is recording.person:
        log.append((OPERATION, {name!r}, t, {inputs}, {params}, code, frame.f_lasti, recording.scope))
    else:
        log.append((OPERATION, {name!r}, t, {inputs}, {params}, *where(frame), recording.scope))"""


def leaf(edge: str, t: str) -> str:
    """Lines that set `edge` to the AccumulateGrad of a leaf: those of `leaf_edge`, and a call if it is new."""
    return f"""
try:
    {edge} = {t}._acc() or leaf_edge({t})
except AttributeError:
    {edge} = leaf_edge({t})"""


def receive(edge: str, v: str) -> str:
    """The lines of `engine.autograd.node.receive`."""
    return f"""
old = {edge}._got
if old is None:
    {edge}._got = {v}
    pending[{edge}.seq] = {edge}
else:
    {edge}._got = old + {v}"""


def steps(
    op: Op, base: type[OpNode], load: str, free: str, body: str, grads: Sequence[str], extra: str = "",
    sparing: str = "", **values: Any,
) -> Any:  # fmt: skip
    """A node class: steps that keep what was saved, that free it, and that are logged.

    grads: the names of the gradients, some of which `body` may leave unset. sparing: what takes the
    place of `body` where what was saved is freed and nobody sees it.
    """
    load = "\ng = self._got\nself._got = None" + load
    unset = f"\n{' = '.join(grads)} = None"
    log = f"\nlog.append((STEP, self, (g,), ({', '.join(grads)},)))"
    source = f"""
class made(Base):
    __slots__ = ()
    __module__ = "builtins"

    def step(self, pending):
{indent(load + body, 8)}

    def step_free(self, pending):
{indent(load + (sums(sparing) if sparing else thrifty(body)) + free, 8)}

    def logged(self, pending, log):
{indent(load + unset + body + log, 8)}

    def logged_free(self, pending, log):
{indent(load + unset + body + free + log, 8)}
{extra}"""
    made = _build(op, "node", source, Base=base, **values)
    made.__name__ = made.__qualname__ = op.node.__name__
    made.title = op.node.title
    made.op = op
    return made
