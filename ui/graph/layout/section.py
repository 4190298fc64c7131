"""One section from ranks to routes: the steps between a problem and its drawing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ui.graph.layout.blocks import straight_blocks
from ui.graph.layout.coordinates import Placement, measure
from ui.graph.layout.items import place_bends
from ui.graph.layout.order import order_items
from ui.graph.layout.orient import oriented
from ui.graph.layout.plan import make_plan
from ui.graph.layout.problem import BOTTOM, TOP, Floats, Ints
from ui.graph.layout.ranks import drops, heights, neighbours
from ui.graph.layout.routes import place_boxes, route, stack_ranks
from ui.graph.layout.sections import Section
from ui.graph.layout.stacks import stacked


@dataclass(frozen=True, slots=True)
class Drawing:
    """boxes (n, 4); points (p, 2) and starts (m + 1,) of the routes; low, high: the corners of
    all that is drawn; reach: from the corner of the top's box to that of the bottom's."""

    boxes: Floats
    points: Floats
    starts: Ints
    low: Floats
    high: Floats


def draw_section(section: Section, check: Callable[[float], None]) -> Drawing:
    """Lay out one section; check is told the done part, 0 to 1."""
    check(0.0)
    problem = section.problem
    way = oriented(problem, section.partner, section.rank)
    units = way.units
    ups, downs = neighbours(len(units.op), way.links)
    tops = [units.of[section.top]] if section.top >= 0 else []
    # What comes into a group and leaves it is its spine.
    into = [units.of[node] for node in np.flatnonzero(problem.pin == TOP).tolist()]
    depth = heights(way.order, ups, [*tops, *into])
    ends = (problem.root > 0) | (problem.pin == BOTTOM)
    roots = [units.of[node] for node in np.flatnonzero(ends).tolist()]
    below = drops(way.order, downs, roots)
    items = place_bends(way.rank, way.links)
    coming = items.leading(depth, into)
    straight = items.leading(depth, [unit for unit in into if len(downs[unit]) == 1])
    layers = order_items(items, units, depth, below, straight, lambda part: check(0.1 + 0.4 * part))
    pos = [0] * len(items.rank)
    for layer in layers:
        for p, i in enumerate(layer):
            pos[i] = p
    hung = tops if section.hung else []
    loose = stacked(way.rank, ups, downs)
    loose |= {items.first_bend(unit) for unit in loose if len(downs[unit]) > 1}
    block = straight_blocks(items, units, depth, below, pos, hung, coming, loose)
    joints = [units.of[node] for node in (section.top, section.bottom) if node >= 0]
    extents = measure(problem, items, units, block, dict.fromkeys(joints, section.apart))
    anchors = Placement(items, extents, layers, block).solve(lambda part: check(0.5 + 0.4 * part))
    plan = make_plan(problem, units, items, extents, anchors)
    check(0.95)
    bands = stack_ranks(problem, plan)
    boxes = place_boxes(problem, plan, bands)
    points, starts = route(problem, plan, bands, boxes)
    low = np.vstack([boxes[:, :2], points]).min(axis=0)
    high = np.vstack([boxes[:, :2] + boxes[:, 2:], points]).max(axis=0)
    return Drawing(boxes, points, starts, low, high)
