"""Versions of memory: who wrote when, and which tensors are views of which.

A tensor's `_v` is None until somebody needs more: then a `Cell`, shared by everything that shares
the memory, or for a view a `View` that refers to its base and to the base's cell. Writes take a
number from the clock that also numbers the nodes; a saved tensor was changed if its memory was
written later than the node was made.
"""

from __future__ import annotations

import re
import weakref
from typing import Any

from engine.autograd import mode
from engine.autograd import node as graph
from engine.errors import LEAF_INPLACE, LEAF_VIEW_INPLACE

_KEEP = 256
_ref = weakref.ref


class Cell:
    """The writes to one piece of memory."""

    __slots__ = ("__weakref__", "count", "last", "prune", "times", "views")

    def __init__(self) -> None:
        self.count = 0
        self.last = 0
        self.times: list[int] = []
        self.views: list[weakref.ref[Any]] = []
        self.prune = 64

    def bump(self) -> None:
        self.last = graph.tick()
        self.count += 1
        self.times.append(self.last)
        if len(self.times) > _KEEP:
            del self.times[: _KEEP // 2]

    def before(self, seq: float) -> int:
        """The version at the moment `seq` of the clock."""
        return self.count - sum(t > seq for t in self.times)


class View:
    """A view: its base, the shared cell and how it came to be."""

    __slots__ = ("base", "cell", "origin")

    base: Any
    cell: Cell
    origin: str | None  # None, or why writing through it is forbidden: "no_grad", "multi" ...


def cell_of(t: Any) -> Cell:
    v = t._v
    if v is None:
        v = t._v = Cell()
        g = t._g
        if g is not None and g is not graph.LEAF:
            _tell_node(g, v)
    return v.cell if type(v) is View else v


def _tell_node(g: Any, cell: Cell) -> None:
    """A node that saved its own output learns of the memory's cell."""
    node: Any
    node, nr = (g.node, g.nr) if type(g) is graph.Port else (g, 0)
    if getattr(node, "outs", None) is not None:
        node.cells = {**(node.cells or {}), nr: cell}


def count(t: Any) -> int:
    v = t._v
    if v is None:
        return 0
    return (v.cell if type(v) is View else v).count


def changed(t: Any, seq: float) -> bool:
    """Whether the memory of `t` was written after the moment `seq`."""
    v = t._v
    return v is not None and (v.cell if type(v) is View else v).last > seq


def make_view(out: Any, base: Any, origin: str | None) -> None:
    """Declare `out` a view of the memory of `base` (or of what `base` is a view of)."""
    v = base._v
    if type(v) is View:
        root, cell = v.base, v.cell
        origin = origin or v.origin
    else:
        root, cell = base, cell_of(base) if v is None else v
    out._v = view = View()
    view.base = root
    view.cell = cell
    view.origin = origin
    views = cell.views
    views.append(_ref(out))
    if len(views) > cell.prune:  # amortised: what is dead goes when the list has doubled
        cell.views = [r for r in cell.views if r() is not None]
        cell.prune = 2 * len(cell.views) + 64


_HINT = (
    "Hint: enable anomaly detection to find the operation that failed to compute its gradient, with "
    "torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
_WATCHED_HINT = (
    "Hint: the backtrace further above shows the operation that failed to compute its gradient. The "
    "variable in question was changed in there or anywhere later. Good luck!"
)


def modified_error(t: Any, seq: float, g: Any, cell: Cell) -> RuntimeError:
    """The error for a saved tensor that was written before backward could use it."""
    origin = ""
    if g is not None and g is not graph.LEAF:
        node, nr = (g.node, g.nr) if type(g) is graph.Port else (g, 0)
        name = getattr(node, "title", "") or type(node).__name__
        name = name.removesuffix("Backward0").replace("Backward", "")
        if type(t._v) is View:  # whose node is made anew when its memory was written
            name, nr = "AsStrided", 0
        origin = f", which is output {nr} of {name},"
    return RuntimeError(
        "one of the variables needed for gradient computation has been modified by an inplace "
        f"operation: [{_legacy(t._d)} {list(t._s)}]{origin} is at version {cell.count}; expected "
        f"version {cell.before(seq)} instead. {_WATCHED_HINT if mode.anomaly else _HINT}"
    )


def _legacy(d: Any) -> str:
    """The old name of a type of tensor; bfloat16 never had one."""
    return "CPUBFloat16Type" if d.name == "bfloat16" else str(d.legacy)


def saved_error(t: Any, seq: float) -> RuntimeError:
    return modified_error(t, seq, t._g, cell_of(t))


_AMBIGUOUS = (
    " Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your "
    "code by moving both the view and the inplace either both inside the no_grad block (if you "
    "don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked)."
)


#: Why a view may not be written that is one of several results.
MANY = (
    "This view is the output of a function that returns multiple views. Such functions do not allow "
    "the output views to be modified inplace. You should replace the inplace operation by an "
    "out-of-place one."
)
_FIRST_WORDS = re.compile(r"^Output \d+ of \w+")


def _named(origin: str, t: Any) -> str:
    """Why a view may not be written, with the name of the operation that made it."""
    g = t._g
    if g is None or g is graph.LEAF:
        return origin
    node, nr = (g.node, g.nr) if type(g) is graph.Port else (g, 0)
    title = node.name().rstrip("0123456789").removesuffix("Backward")
    return _FIRST_WORDS.sub(f"Output {nr} of {title}", origin)


def view_in(origin: str, what: str) -> str:
    """Why a view that was made in another mode may not be used."""
    made = origin.removesuffix("_mode")
    return f"A view was created in {made} mode and {what} with grad mode enabled.{_AMBIGUOUS}"


def check_write(t: Any, op: str) -> None:
    """Raise if `t` may not be written in place while the graph is recorded."""
    v = t._v
    if type(v) is View:
        _check_view(t, v)
    elif t._g is graph.LEAF:
        raise RuntimeError(LEAF_INPLACE)


def _check_view(t: Any, v: View) -> None:
    if v.origin in ("no_grad", "inference_mode") and v.base._g is not None:
        raise RuntimeError(view_in(v.origin, "is being modified inplace"))
    if v.origin not in (None, "no_grad", "inference_mode") and (
        t._g is not None or v.base._g is not None
    ):
        raise RuntimeError(_named(v.origin, t))
    if v.base._g is graph.LEAF:
        raise RuntimeError(LEAF_VIEW_INPLACE if t is not v.base else LEAF_INPLACE)


#: torch.version, which is this module under PyTorch's name: what PyTorch was built for.
__version__ = "2.13.0+cpu"
debug = False
cuda = hip = rocm = xpu = None
