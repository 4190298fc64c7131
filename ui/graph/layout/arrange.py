"""A whole graph from portals to the finished layout."""

from __future__ import annotations

import numpy as np

from ui.graph.layout.assemble import assemble
from ui.graph.layout.orient import Orientation, orient
from ui.graph.layout.portals import Bools, Portals, far_edges, with_badges
from ui.graph.layout.problem import Problem, Whole
from ui.graph.layout.section import Drawing, draw_section
from ui.graph.layout.sections import Cut, Pin, cut
from ui.graph.layout.watch import PREPARED, Watch
from ui.graph.types import Layout


def arrange(whole: Whole, portal: Bools, watch: Watch, pin: Pin | None = None) -> Layout:
    """Lay out a graph; portal: (m,) edges that shall have badges, besides those that run far.

    pin: a node that nothing leads to, which shall be above all others.
    """
    problem = whole.problem
    portals, way = _through_portals(problem, portal)
    watch(PREPARED)
    sections = cut(portals.problem, way if pin is None else way.below(pin.node), pin)
    drawings = _draw(sections, watch)
    ends = np.stack([problem.src, problem.dst], axis=1)
    return assemble(whole.ids, whole.keys, ends, problem.role, portals, sections, drawings)


def _through_portals(problem: Problem, portal: Bools) -> tuple[Portals, Orientation]:
    """Put badges where edges would run too far, and find which way is down."""
    portal = portal.copy()
    while True:
        portals = with_badges(problem, portal)
        way = orient(portals.problem)
        far = portals.edge[far_edges(portals.problem, way.node_ranks()) & (portals.edge >= 0)]
        if not len(far):
            return portals, way
        portal[far] = True


def _draw(sections: Cut, watch: Watch) -> list[Drawing]:
    """Return the drawing of each section; equal ones are drawn once."""
    total = max(len(sections.nodes), 1)
    done = 0
    known: dict[tuple[object, ...], Drawing] = {}
    drawings = []
    for section in sections.sections:
        key = section.fingerprint()
        size = len(section.rank)
        if key not in known:
            known[key] = draw_section(section, watch.within(done / total, size / total))
        drawings.append(known[key])
        done += size
    return drawings
