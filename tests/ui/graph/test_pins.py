"""Pinned nodes: where they are, and what their edges do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.ui.graph.samples import grad_fn, ladder, leaf, op, place
from ui.graph.layout import lay_out
from ui.graph.pins import pinned, way_of
from ui.graph.scene import Scene
from ui.graph.types import Layout, NodeId, Role


@pytest.fixture(scope="module")
def layout() -> Layout:
    graph = ladder(5)
    return place(graph, dict.fromkeys(graph, (120.0, 46.0)))


def middle(layout: Layout, node: NodeId) -> np.ndarray:
    box = layout.boxes[layout.ids.index(node)].astype(float)
    return box[:2] + box[2:] / 2


def route(layout: Layout, source: NodeId, target: NodeId) -> np.ndarray:
    ends = [layout.ids.index(source), layout.ids.index(target)]
    return way_of(layout, layout.edge_ends.tolist().index(ends))


def test_a_pinned_node_is_where_it_is_held_and_all_else_stays(layout: Layout) -> None:
    moved = pinned(layout, {op(2): (700.0, 50.0)})
    assert middle(moved, op(2)) == pytest.approx((700.0, 50.0))
    others = [i for i, node in enumerate(layout.ids) if node != op(2)]
    assert np.array_equal(moved.boxes[others], layout.boxes[others])
    far = np.array([op(2) not in (layout.ids[a], layout.ids[b]) for a, b in layout.edge_ends])
    for e in np.flatnonzero(far):
        assert np.array_equal(way_of(moved, e), way_of(layout, e))
    assert moved.ids is layout.ids


def test_without_pins_or_with_pins_of_others_nothing_changes(layout: Layout) -> None:
    assert pinned(layout, {}) is layout
    assert pinned(layout, {op(77): (0.0, 0.0)}) is layout


def test_edges_follow_at_their_ports_and_arrive_the_right_way(layout: Layout) -> None:
    shift = np.array((430.0, -35.0))
    moved = pinned(layout, {op(2): tuple(middle(layout, op(2)) + shift)})
    for source, target, role in (
        (op(1), op(2), Role.DATA), (op(2), op(3), Role.DATA), (leaf(3), op(2), Role.DATA),
    ):  # fmt: skip
        before, after = route(layout, source, target), route(moved, source, target)
        assert after[0] - before[0] == pytest.approx(shift * (source == op(2)))
        assert after[-1] - before[-1] == pytest.approx(shift * (target == op(2)))
        assert after[1, 0] == pytest.approx(after[0, 0])
        assert after[1, 1] > after[0, 1]
        assert after[-2, 0] == pytest.approx(after[-1, 0])
        assert after[-2, 1] < after[-1, 1]
        assert role == Role.DATA
    back = pinned(layout, {grad_fn(2): (-800.0, 300.0)})
    way = route(back, grad_fn(2), grad_fn(1))
    assert way[1, 1] < way[0, 1] and way[-2, 1] > way[-1, 1]  # cotangents run upward


@pytest.mark.parametrize(
    ("place_", "axis", "sign"),
    [
        ((-260.0, 170.0), 0, -1),
        ((300.0, 180.0), 0, 1),
        ((0.0, 600.0), 1, 1),
        ((0.0, -500.0), 1, -1),
    ],
)
def test_a_tie_runs_between_facing_sides(
    layout: Layout, place_: tuple[float, float], axis: int, sign: int
) -> None:
    moved = pinned(layout, {grad_fn(2): place_})
    way = route(moved, op(2), grad_fn(2))
    size = np.array((120.0, 46.0))
    a, b = middle(moved, op(2)), middle(moved, grad_fn(2))
    a[axis] += sign * size[axis] / 2
    b[axis] -= sign * size[axis] / 2
    assert way[0] == pytest.approx(a) and way[-1] == pytest.approx(b)


def test_what_is_moved_together_keeps_its_edges_shape(layout: Layout) -> None:
    shift = np.array((90.0, 20.0))
    nodes = (op(2), op(3), grad_fn(2))
    moved = pinned(layout, {node: tuple(middle(layout, node) + shift) for node in nodes})
    for pair in ((op(2), op(3)), (op(2), grad_fn(2))):
        assert route(moved, *pair) == pytest.approx(route(layout, *pair) + shift, abs=1e-3)


@pytest.fixture(scope="module")
def shared() -> tuple[object, Layout]:
    graph = graphs.rnn(30)
    return graph, lay_out(graph, dict.fromkeys(graph, (110.0, 46.0)))


def test_badges_go_along_with_their_node(shared: tuple[object, Layout]) -> None:
    graph, layout = shared
    node = int(layout.badges.nodes[3])
    shift = np.array((500.0, -200.0))
    moved = pinned(layout, {layout.ids[node]: tuple(middle(layout, layout.ids[node]) + shift)})
    mine = layout.badges.nodes == node
    going = moved.badges.boxes[:, :2] - layout.badges.boxes[:, :2]
    assert going[mine] == pytest.approx(np.tile(shift, (mine.sum(), 1)), abs=1e-3)
    assert not going[~mine].any()
    for k in np.flatnonzero(mine):
        some = slice(*layout.badges.starts[k : k + 2])
        stubs = moved.badges.points[some] - layout.badges.points[some]
        assert stubs == pytest.approx(np.broadcast_to(shift, stubs.shape), abs=1e-3)
    assert len(Scene.build(graph, moved).boxes) == len(layout.boxes) + len(layout.badges)


@given(st.data())
def test_routes_begin_and_end_at_their_boxes_wherever_nodes_are(data: st.DataObject) -> None:
    graph = ladder(5)
    layout = place(graph, dict.fromkeys(graph, (120.0, 46.0)))
    chosen = data.draw(st.lists(st.sampled_from(layout.ids), unique=True))
    at = st.floats(-2000, 2000).map(round)
    pins = {node: (float(data.draw(at)), float(data.draw(at))) for node in chosen}
    moved = pinned(layout, pins)
    assert len(moved.starts) == len(layout.starts) and moved.starts[-1] == len(moved.points)
    for node, where in pins.items():
        assert middle(moved, node) == pytest.approx(where, abs=1e-2)
    for e, ends in enumerate(layout.edge_ends.tolist()):
        way = way_of(moved, e)
        assert len(way) % 3 == 1
        for point, node in ((way[0], ends[0]), (way[-1], ends[1])):
            x, y, width, height = moved.boxes[node].astype(float)
            assert x - 0.1 <= point[0] <= x + width + 0.1
            assert y - 0.1 <= point[1] <= y + height + 0.1
