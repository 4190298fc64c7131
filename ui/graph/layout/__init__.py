"""Layered layout: forward and backward spine side by side, as mirrored pairs of one rank.

A pipeline of pure steps: units (mirrored pairs), ranks, items (units and bends of long links),
order within ranks (few crossings), blocks (straight verticals), coordinates, plan (ways and
ports of edges), routes. Data edges run downward, gradient edges upward; curves lie in the gaps
between ranks, so none can touch a box. Deterministic: it depends on the graph's order alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import networkx as nx
import numpy as np

from ui.graph.layout.blocks import straight_blocks
from ui.graph.layout.coordinates import Placement, measure
from ui.graph.layout.items import place_bends
from ui.graph.layout.order import order_items
from ui.graph.layout.packing import pack
from ui.graph.layout.plan import make_plan
from ui.graph.layout.problem import Floats, Ints, Problem, fingerprint, read_graph, split
from ui.graph.layout.ranks import break_cycles, drops, heights, neighbours, rank_units, topological
from ui.graph.layout.routes import place_boxes, route, stack_ranks
from ui.graph.layout.units import Units, find_links, pair_up
from ui.graph.types import Layout, NodeId

Progress = Callable[[float], None]


class LayoutCancelled(Exception):
    """Raised by `lay_out` when `cancelled` said so."""


def lay_out(
    graph: nx.MultiDiGraph[NodeId],
    sizes: Mapping[NodeId, tuple[float, float]],
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Layout:
    """Return where the graph's nodes and edges lie; edges need the attribute `role`,
    and `slot` where inputs have an order; nodes may have `root`, where a backward pass begins.

    sizes: width and height per node. progress is called with the done part, 0 to 1; cancelled is
    asked often, and LayoutCancelled raised when it returns True.
    """
    whole = read_graph(graph, sizes)
    parts = split(whole.problem)
    total = max(len(whole.ids), 1)
    done = 0
    drawn: list[tuple[Floats, Floats, Ints]] = []
    known: dict[tuple[bytes, ...], tuple[Floats, Floats, Ints]] = {}  # equal parts are drawn once
    for nodes, _, problem in parts:

        def check(part: float, done: int = done, size: int = len(nodes)) -> None:
            if cancelled is not None and cancelled():
                raise LayoutCancelled
            if progress is not None:
                progress((done + part * size) / total)

        key = fingerprint(problem)
        if key not in known:
            known[key] = _lay_out_part(problem, check)
        drawn.append(known[key])
        done += len(nodes)
    return _assemble(whole.ids, whole.keys, whole.problem, parts, drawn)


def _lay_out_part(problem: Problem, check: Progress) -> tuple[Floats, Floats, Ints]:
    check(0.0)
    units, links, order = _orient(problem)
    ups, downs = neighbours(len(units.op), links)
    depth = heights(order, ups)
    roots = [units.of[node] for node in np.flatnonzero(problem.root).tolist()]
    below = drops(order, downs, roots)
    items = place_bends(rank_units(order, ups, downs), links)
    layers = order_items(items, units, depth, below, lambda part: check(0.1 + 0.4 * part))
    pos = [0] * len(items.rank)
    for layer in layers:
        for p, i in enumerate(layer):
            pos[i] = p
    block = straight_blocks(items, units, depth, below, pos)
    extents = measure(problem, items, units, block)
    anchors = Placement(items, extents, layers, block).solve(lambda part: check(0.5 + 0.4 * part))
    plan = make_plan(problem, units, items, extents, anchors)
    check(0.95)
    bands = stack_ranks(problem, plan)
    boxes = place_boxes(problem, plan, bands)
    return boxes, *route(problem, plan, bands, boxes)


def _orient(problem: Problem) -> tuple[Units, dict[tuple[int, int], int], list[int]]:
    """Return units, their links and a topological order; pairs that would close a cycle part."""
    single: frozenset[int] = frozenset()
    for _ in range(2):
        units = pair_up(problem, single)
        links = find_links(problem, units)
        order = topological(*neighbours(len(units.op), links))
        if len(order) == len(units.op):
            return units, links, order
        sorted_ = set(order)
        single = frozenset(i for i, u in enumerate(units.of) if u not in sorted_)
    kept = break_cycles(len(units.op), links)
    links = {link: links[link] for link in kept}
    return units, links, topological(*neighbours(len(units.op), links))


def _assemble(
    ids: list[NodeId],
    keys: list[int],
    problem: Problem,
    parts: list[tuple[Ints, Ints, Problem]],
    drawn: list[tuple[Floats, Floats, Ints]],
) -> Layout:
    boxes = np.zeros((len(ids), 4), np.float32)
    lows = [np.vstack([part[:, :2], points]).min(axis=0) for part, points, _ in drawn]
    highs = [
        np.vstack([part[:, :2] + part[:, 2:], points]).max(axis=0) for part, points, _ in drawn
    ]
    corners = pack([tuple(high - low) for low, high in zip(lows, highs, strict=True)])
    edge_order, all_points, counts = [], [], []
    for (nodes, edges, _), (part, points, starts), low, corner in zip(
        parts, drawn, lows, corners, strict=True
    ):
        shift = np.array(corner) - low
        boxes[nodes] = part
        boxes[nodes, :2] = part[:, :2] + shift
        all_points.append(points + shift)
        edge_order.append(edges)
        counts.append(np.diff(starts))
    edge = np.concatenate(edge_order) if edge_order else np.zeros(0, np.int64)
    count = np.concatenate(counts) if counts else np.zeros(0, np.int64)
    return Layout(
        ids,
        boxes,
        np.stack([problem.src[edge], problem.dst[edge]], axis=1).astype(np.int32),
        [keys[e] for e in edge.tolist()],
        problem.role[edge].astype(np.uint8),
        np.concatenate([*all_points, np.zeros((0, 2))]).astype(np.float32),
        np.concatenate([[0], np.cumsum(count)]).astype(np.int32),
    )
