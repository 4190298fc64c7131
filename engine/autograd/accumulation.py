"""How a gradient gets into the `.grad` of its leaf."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from engine import recording, version
from engine.autograd import node as graph
from engine.tensor import wrap


def accumulate(t: Any, g: Any) -> None:
    """Add the array `g` to `t.grad`, in place if there is one already."""
    old = getattr(t, "_grad", None)
    if old is None:
        t._grad = wrap(_own(g, t, 4), t._d)
        return
    if recording.log is not None or recording.forward is not None:
        recording.note_write(old)
    if isinstance(old._a, np.ndarray):  # in place even if it has history: nothing is recorded here
        np.add(old._a, g, out=old._a, casting="unsafe")
    else:
        old._a = old._a + g
    version.cell_of(old).bump()


def _own(g: Any, t: Any, refs: int) -> Any:
    """`g` itself if nobody else can see its memory, else a copy."""
    if not isinstance(g, np.ndarray):
        return g if isinstance(g, np.generic) else np.asarray(g)
    if (
        recording.log is None
        and g.flags.c_contiguous
        and g.dtype is t._d.np
        and sys.getrefcount(g) <= refs + _EXTRA
    ):
        owner = g.base
        if owner is None:
            return g
        # A product that was transposed twice: the view goes, and the memory is its alone.
        if (
            type(owner) is np.ndarray
            and owner.base is None
            and owner.shape == g.shape
            and owner.flags.c_contiguous
            and sys.getrefcount(owner) <= 3
        ):
            return owner
    return np.array(g, t._d.np)


_EXTRA = 1

graph.ACCUMULATE.append(accumulate)


def copied(g: Any) -> Any:
    """`g` in memory of its own, as PyTorch keeps it: written there by a copy that has history."""
    from engine.ops.copying import COPY
    from engine.ops.table import attach

    made = wrap(np.array(g._a), g._d)
    if g._g is not None:
        attach(COPY, [wrap(made._a, g._d), g], made)
    version.cell_of(made).bump()
    return made
