"""A whole graph from portals to the finished layout."""

from __future__ import annotations

from ui.graph.layout.assemble import assemble, join
from ui.graph.layout.orient import Orientation, orient
from ui.graph.layout.portals import Portals, far_edges, with_badges
from ui.graph.layout.problem import Bools, Problem, Whole
from ui.graph.layout.section import Drawing, draw_section
from ui.graph.layout.sections import Cut, Pin, cut
from ui.graph.layout.watch import PREPARED, Progress, Watch
from ui.graph.types import Layout

Known = dict[tuple[object, ...], Drawing]


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
    fine: bool = False,
) -> Drawing:  # fmt: skip
    """Draw a graph without portals in sections; those that are `known` are not drawn again."""
    sections = cut(problem, way if pin is None else way.below(pin.node), pin, fine)
    return join(problem, sections, _draw(sections, check, known))


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


def _draw(sections: Cut, check: Progress, known: Known) -> list[Drawing]:
    """Return the drawing of each section; equal ones are drawn once."""
    total = max(len(sections.nodes), 1)
    done = 0
    drawings = []
    for section in sections.sections:
        key = section.fingerprint()
        size = len(section.rank)
        if key not in known:
            known[key] = draw_section(section, _share(check, done / total, size / total))
        drawings.append(known[key])
        done += size
    return drawings


def _share(check: Progress, start: float, share: float) -> Progress:
    return lambda part: check(start + part * share)
