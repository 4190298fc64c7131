"""A whole graph from portals to the finished layout."""

from __future__ import annotations

import numpy as np

from ui.graph.layout.assemble import assemble
from ui.graph.layout.joining import Drawn, join
from ui.graph.layout.narrows import narrow_edges
from ui.graph.layout.orient import Orientation, orient
from ui.graph.layout.portals import Portals, far_edges, with_badges
from ui.graph.layout.problem import Bools, Problem, Whole
from ui.graph.layout.section import Drawing, draw_section
from ui.graph.layout.sections import Cut, Fingerprint, Pin, cut
from ui.graph.layout.watch import PREPARED, Progress, Watch
from ui.graph.types import Layout

Known = dict[Fingerprint, Drawing]


def arrange(whole: Whole, portal: Bools, watch: Watch, pin: Pin | None = None) -> Layout:
    """Lay out a graph; portal: (m,) edges that shall have badges, besides those that run far.

    pin: a node that nothing leads to, which shall be above all others.
    """
    portals, way = _through_portals(whole.problem, portal)
    watch(PREPARED)
    drawing = draw(portals.problem, way, watch.within(0.0, 1.0), {}, pin)
    return assemble(whole, portals, drawing)


def draw(
    problem: Problem, way: Orientation, check: Progress, known: Known, pin: Pin | None = None,
    tall: float = 0.0,
) -> Drawing:  # fmt: skip
    """Draw a graph without portals in sections; those that are `known` are not drawn again.

    tall: how tall it may be before it wraps, 0 for what can be read.
    """
    sections = cut(problem, way if pin is None else way.below(pin.node), pin, tall)
    return join(problem, sections, _draw(sections, check, known), tall)


def _through_portals(problem: Problem, portal: Bools) -> tuple[Portals, Orientation]:
    """Put badges where edges would run too far or keep a deep graph from being cut into columns,
    and find which way is down."""
    portal, narrowed = portal.copy(), False
    while True:
        portals = with_badges(problem, portal)
        way = orient(portals.problem)
        far = portals.edge[far_edges(portals.problem, way.node_ranks()) & (portals.edge >= 0)]
        if not len(far) and not narrowed:
            narrowed = True
            far = portals.edge[narrow_edges(portals.problem, way)]
            far = far[far >= 0]
        if not len(far):
            return portals, way
        portal[far] = True


def _draw(sections: Cut, check: Progress, known: Known) -> Drawn:
    """Draw the sections; equal ones are drawn once."""
    total, starts = max(len(sections.nodes), 1), sections.node_starts.tolist()
    number: dict[Fingerprint, int] = {}
    drawings: list[Drawing] = []
    which = []
    for k, key in enumerate(sections.fingerprints()):
        if key not in number:
            number[key] = len(drawings)
            if key not in known:
                done, size = starts[k] / total, (starts[k + 1] - starts[k]) / total
                known[key] = draw_section(sections.section(k), _share(check, done, size))
            drawings.append(known[key])
        which.append(number[key])
    return Drawn(drawings, np.array(which, np.int64))


def _share(check: Progress, start: float, share: float) -> Progress:
    return lambda part: check(start + part * share)
