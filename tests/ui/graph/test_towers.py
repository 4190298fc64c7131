"""Side branches that begin with nothing else stay beside their spine, however many there are."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from tests.benchmarks import graphs
from tests.ui.graph.test_layout import check_directions, check_sound, place
from ui.graph.layout import lay_out
from ui.graph.layout.ranks import Spans, heights, neighbours, rank_units, topological
from ui.graph.layout.towers import find_spans
from ui.graph.types import Kind, Layout, Nest, NodeId, Role

BESIDE = 420.0


def running_sum(steps: int) -> nx.MultiDiGraph:
    """`total += w * k`, again and again."""
    b = graphs.Builder()
    w, total = b.leaf("w", grad=True), b.leaf("total")
    for _ in range(steps):
        total = b.op("add", total, b.op("mul", w))
    b.op("sum", total)
    return b.graph


def middles(graph: nx.MultiDiGraph, layout: Layout, title: str) -> np.ndarray:
    some = [k for k, node in enumerate(layout.ids) if graph.nodes[node]["title"] == title]
    return np.asarray(layout.boxes[some, 0] + layout.boxes[some, 2] / 2)


@pytest.mark.parametrize("steps", [9, 60])
def test_what_every_step_adds_stands_beside_it(steps: int) -> None:
    graph = running_sum(steps)
    layout = place(graph)
    away = middles(graph, layout, "mul") - middles(graph, layout, "add")
    assert (np.abs(away[3:]) < BESIDE).all()
    check_sound(graph, layout)
    check_directions(layout)


def test_a_long_running_sum_wraps_into_columns() -> None:
    _, _, width, height = place(running_sum(60)).bounds
    assert 0.5 < width / height < 3.0


def test_the_spine_runs_straight_past_the_towers() -> None:
    graph = running_sum(9)
    x = middles(graph, place(graph), "add")
    assert len(np.unique(np.round(x[3:]))) <= 2  # of two columns


def test_units_in_a_row_move_apart_until_their_towers_fit_between_them() -> None:
    # 0-5 a spine; beside each of 1-5 a tower of two.
    links = [(k, k + 1) for k in range(5)]
    links += [(5 + k, 10 + k) for k in range(1, 6)] + [(10 + k, k) for k in range(1, 6)]
    links += [(16, 0)]  # so that the spine begins higher than any tower
    ups, downs = neighbours(17, links)
    order = topological(ups, downs)
    depth = heights(order, ups)
    spans = find_spans(dict.fromkeys(links, 1), ups, depth, frozenset())
    assert spans == {k + 1: (k, 2) for k in range(1, 5)}
    rank = rank_units(order, ups, downs, depth, spans)
    assert [rank[k + 1] - rank[k] for k in range(1, 5)] == [2, 2, 2, 2]
    assert all(rank[10 + k] == rank[k] - 1 for k in range(1, 6))


def test_two_towers_in_a_row_change_nothing() -> None:
    assert spans_of([(0, 1), (1, 2), (3, 5), (5, 1), (4, 6), (6, 2)], frozenset()) == {}


def test_no_tower_stands_beside_a_frame() -> None:
    assert spans_of([(0, 1), (1, 2), (3, 4), (4, 2)], frozenset([1])) == {2: (1, 3)}


def spans_of(links: list[tuple[int, int]], frames: frozenset[int]) -> Spans:
    ups, downs = neighbours(max(map(max, links)) + 1, links)
    return find_spans(dict.fromkeys(links, 1), ups, heights(topological(ups, downs), ups), frames)


def cells(steps: int, weights: int) -> nx.MultiDiGraph:
    """A cell that is used at every step with all of its weights."""
    b = graphs.Builder()
    given = [b.leaf(f"w{k}", grad=True) for k in range(weights)]
    h = b.leaf("h0")
    for _ in range(steps):
        h = b.op("cell", h, *given)
    b.op("sum", h)
    return b.graph


@pytest.mark.parametrize(("weights", "badges"), [(3, 3), (7, 1)])
def test_many_portals_of_one_node_are_one_badge(weights: int, badges: int) -> None:
    graph = cells(12, weights)
    layout = place(graph)
    for title, role in (("cell", Role.DATA), ("CellBackward0", Role.GRAD)):
        some = [k for k, node in enumerate(layout.ids) if graph.nodes[node]["title"] == title]
        here = np.flatnonzero((layout.badges.nodes == some[5]) & (layout.badges.roles == role))
        assert len(here) == badges
        assert np.diff(layout.badges.edge_starts)[here].sum() == weights
    check_sound(graph, layout)


def test_the_weights_of_five_steps_become_portals_and_the_steps_columns() -> None:
    graph = graphs.rnn(5)
    layout = place(graph)
    _, _, width, height = layout.bounds
    assert width > 0.8 * height
    assert len(layout.badges)
    check_sound(graph, layout)


def test_what_uses_several_results_of_a_group_hangs_below_it() -> None:
    """A long chain uses results from within a tall group: through portals it would rise above."""
    b = graphs.Builder()
    x = b.leaf("x", grad=True)
    x = mean = b.op("relu", x)
    x = spread = b.op("relu", x)
    for _ in range(24):
        x = b.op("relu", x)
    group = {node: 0 for node in b.graph if b.graph.nodes[node]["title"].startswith("r")}
    chain = b.op("mul", mean, spread)
    for _ in range(6):
        chain = b.op("neg", chain)
    b.op("add", chain, x)
    nest = Nest([NodeId(Kind.GROUP, 0)], [-1], group)
    layout = lay_out(b.graph, graphs.sizes(b.graph), nest=nest)
    assert not len(layout.badges)
