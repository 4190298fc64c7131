"""Gives a state the shades of a lens: nodes and crossed edges by what was measured of them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.tape.replay import Moment
from ui.graph.lens import CLASSES, Floats, Lens, Scale, Shade, Shades, scale_of
from ui.graph.measures import Measures
from ui.graph.tint import TintIndex
from ui.graph.types import CanvasState, Layout, NodeId
from ui.plots.stats import number

if TYPE_CHECKING:
    import networkx as nx

_TITLES = {
    Lens.VALUE: "Value, root mean square",
    Lens.GRADIENT: "Gradient norm",
    Lens.TIME: "Time since the event before",
    Lens.MEMORY: "Bytes held",
    Lens.DTYPE: "Element type",
}


@dataclass(frozen=True, slots=True)
class Legend:
    """What shades mean: ticks are (place 0..1 on the ramp, text); entries are (shade, text).

    flow: whether the width of an edge says the same as its shade.
    """

    title: str
    ticks: Sequence[tuple[float, str]] = ()
    entries: Sequence[tuple[int, str]] = ()
    flow: bool = False


class Shading:
    """The shades of one graph through one lens, at any moment."""

    def __init__(
        self, tint: TintIndex, graph: nx.MultiDiGraph[NodeId], layout: Layout,
        measures: Measures, flow: bool,
    ) -> None:  # fmt: skip
        self._tint, self._measures = tint, measures
        self._flow = flow or measures.lens == Lens.GRADIENT
        index = {node: at for at, node in enumerate(layout.ids)}
        twins = (graph.nodes[node].get("twin") for node in layout.ids)
        self._twins = np.array([-1 if t is None else index.get(t, -1) for t in twins], np.int64)
        self._scale = scale_of(measures.nodes) if measures.lens != Lens.DTYPE else None
        self._gradient = scale_of(np.concatenate([measures.sent, measures.came]))
        self._fixed = self._fixed_shades()

    def dress(self, state: CanvasState, moment: Moment) -> CanvasState:
        """Return the state with shades for its nodes and crossed edges."""
        shades, flows = self._fixed, None
        if self._flow:
            flows = self._flows(len(state.edge_lit), moment)
        if self._measures.lens == Lens.GRADIENT:
            shades = self._came(len(state.shown), moment)
        return replace(state, shades=shades, flows=flows)

    @property
    def legends(self) -> list[Legend]:
        """What a person needs to read the shades, the nodes' first."""
        lens = self._measures.lens
        found = []
        if lens not in (Lens.OPERATION, Lens.GRADIENT):
            found.append(self._legend(lens, self._scale, self._measures.nodes))
        if self._flow:
            gradients = np.concatenate([self._measures.sent, self._measures.came])
            found.append(self._legend(Lens.GRADIENT, self._gradient, gradients))
        return found

    def _fixed_shades(self) -> Shades | None:
        """Return the shades that hold at every moment; None where there are none."""
        lens, nodes = self._measures.lens, self._measures.nodes
        if lens in (Lens.OPERATION, Lens.GRADIENT):
            return None
        if lens == Lens.DTYPE:
            known = np.isfinite(nodes)
            return np.where(known, Shade.CLASS + np.nan_to_num(nodes), Shade.NONE).astype(np.uint8)
        return (self._scale or Scale(0.0, 1.0)).shades(nodes)

    def _flows(self, count: int, moment: Moment) -> Shades:
        """Return the shades of edges by the last cotangent that crossed each."""
        flows = np.zeros(count, np.uint8)
        edges, rows = self._tint.crossings(moment)
        flows[edges] = self._shades_of(self._measures.sent, rows)
        return flows

    def _came(self, count: int, moment: Moment) -> Shades:
        """Return the shades of nodes by what came in; a forward node has that of its twin."""
        shades = np.full(count, Shade.NONE, np.uint8)
        if moment.pass_ < 0 or not len(self._tint.crossings(moment)[0]) + len(moment.visited):
            return shades
        tape = self._tint.tape
        first = bisect_left(tape.steps["event"], int(tape.passes["event"][moment.pass_]))
        steps = first + np.flatnonzero(tape.steps["pass_"][first : moment.n_steps] == moment.pass_)
        places = self._tint.places(tape.steps["node"][steps])
        shades[places[places >= 0]] = self._shades_of(self._measures.came, steps[places >= 0])
        forward = (shades == Shade.NONE) & (self._twins >= 0)
        shades[forward] = shades[self._twins[forward]]
        return shades

    def _shades_of(self, norms: Floats, rows: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Shades:
        """Return the shades of rows; of those newer than the measures NONE."""
        some = np.full(len(rows), np.nan)
        known = rows < len(norms)
        some[known] = norms[rows[known]]
        return (self._gradient or Scale(0.0, 1.0)).shades(some)

    def _legend(self, lens: Lens, scale: Scale | None, numbers: Floats) -> Legend:
        entries: list[tuple[int, str]] = []
        if lens == Lens.DTYPE:
            classes = np.unique(numbers[np.isfinite(numbers)]).astype(int).tolist()
            entries = [(Shade.CLASS + c, CLASSES[c]) for c in classes]
        else:
            entries += [(Shade.ZERO, "zero")] * bool((numbers == 0.0).any())
            entries += [(Shade.FAULT, "NaN or Inf")] * bool(np.isinf(numbers).any())
        say = {Lens.TIME: _seconds, Lens.MEMORY: _size}.get(lens, _power)
        ticks = [(place, say(x)) for place, x in scale.ticks()] if scale is not None else []
        title = _TITLES[lens] if ticks or entries else f"{_TITLES[lens]}: none in this graph"
        return Legend(title, ticks, entries, lens == Lens.GRADIENT)


def _power(x: float) -> str:
    return number(x) if 1e-3 <= x < 1e4 else f"1e{round(np.log10(x))}"


def _seconds(x: float) -> str:
    """Write "10 µs", "1 s"."""
    for unit, least in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if x >= 0.99 * least:
            return f"{x / least:.0f} {unit}"
    return f"{x / 1e-9:.3g} ns"


def _size(x: float) -> str:
    """Write "100 B", "10 kB", "1 MB"."""
    for unit, least in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if x >= 0.99 * least:
            return f"{x / least:.0f} {unit}"
    return f"{x:.0f} B"
