"""A node as it is and as it is elsewhere: before an edit, or in another recording."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ui.inspector.records import NodeView, Shown
from ui.plots.stats import number


def beside(view: NodeView, other: NodeView | None, title: str) -> NodeView:
    """Return a view that shows another one's arrays beside its own, where they differ."""
    if other is None:
        return view
    return replace(
        view,
        value=_shown(view.value, other.value, title),
        gradient=_shown(view.gradient, other.gradient, title),
    )


def _shown(one: Shown | None, two: Shown | None, title: str) -> Shown | None:
    if one is None or two is None or one.array is None or two.array is None:
        return one
    if one.array.shape == two.array.shape and one.array.tobytes() == two.array.tobytes():
        return one
    note = ""
    if one.array.shape == two.array.shape:
        with np.errstate(all="ignore"):
            gap = np.max(np.abs(np.subtract(one.array, two.array, dtype=_wide(one))), initial=0.0)
        note = f"|Δ| ≤ {number(np.float64(gap))}"
    return one._replace(beside=two.array, beside_title=title, note=note)


def _wide(shown: Shown) -> str:
    assert shown.array is not None
    return "complex128" if shown.array.dtype.kind == "c" else "float64"
