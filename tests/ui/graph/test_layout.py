"""Layout: what must hold for every graph, and what the small ones look like."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.benchmarks.measure import box_overlaps, drawing, edges_through
from ui.graph.layout import LayoutCancelled, lay_out
from ui.graph.types import Kind, Layout, NodeId, Role


@st.composite
def programs(draw: st.DrawFn) -> nx.MultiDiGraph:
    """Random programs: leaves with and without gradients, ops that use anything made before."""
    b = graphs.Builder()
    made = [b.leaf(f"x{k}", grad=draw(st.booleans())) for k in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(0, 25))):
        if draw(st.integers(0, 4)) == 0:
            made.append(b.leaf("leaf", grad=draw(st.booleans())))
        picks = draw(st.lists(st.integers(0, len(made) - 1), min_size=1, max_size=4))
        made.append(b.op("a_long_operation" if draw(st.booleans()) else "f",
                         *(made[k] for k in picks)))  # fmt: skip
    return b.graph


@st.composite
def any_graphs(draw: st.DrawFn) -> nx.MultiDiGraph:
    """Graphs that no engine made: any roles between any nodes, cycles and loops too."""
    n = draw(st.integers(1, 12))
    ids = [NodeId(Kind(draw(st.integers(0, 3))), k) for k in range(n)]
    graph = nx.MultiDiGraph()
    for node in ids:
        graph.add_node(node, kind=node.kind, title="node", detail="")
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from(Role))
    for u, v, role in draw(st.lists(ends, max_size=30)):
        graph.add_edge(ids[u], ids[v], role=role)
    return graph


def place(graph: nx.MultiDiGraph) -> Layout:
    return lay_out(graph, graphs.sizes(graph))


def route(layout: Layout, e: int) -> np.ndarray:
    return layout.points[layout.starts[e] : layout.starts[e + 1]]


def check_sound(graph: nx.MultiDiGraph, layout: Layout) -> None:
    assert layout.ids == list(graph.nodes)
    drawn = sorted(
        (layout.ids[a], layout.ids[b], k)
        for (a, b), k in zip(layout.edge_ends.tolist(), layout.edge_keys, strict=True)
    )
    assert drawn == sorted(graph.edges(keys=True))
    assert len(layout.starts) == graph.number_of_edges() + 1
    assert np.isfinite(layout.points).all()
    counts = np.diff(layout.starts)
    assert (counts >= 4).all()
    assert (counts % 3 == 1).all()
    assert box_overlaps(layout.boxes.astype(np.float64)) == 0
    assert edges_through(drawing(layout)) == 0


def on_border(point: np.ndarray, box: np.ndarray, y: float) -> bool:
    return bool(box[0] - 0.01 <= point[0] <= box[0] + box[2] + 0.01 and abs(point[1] - y) < 0.01)


def check_directions(layout: Layout) -> None:
    for e, (a, b) in enumerate(layout.edge_ends.tolist()):
        points, source, target = route(layout, e), layout.boxes[a], layout.boxes[b]
        if layout.roles[e] == Role.DATA:
            assert on_border(points[0], source, source[1] + source[3])
            assert on_border(points[-1], target, target[1])
            assert (np.diff(points[:, 1]) >= -0.01).all()
        elif layout.roles[e] == Role.GRAD:
            assert on_border(points[0], source, source[1])
            assert on_border(points[-1], target, target[1] + target[3])
            assert (np.diff(points[:, 1]) <= 0.01).all()
        if layout.roles[e] != Role.TIE:
            assert points[0, 0] == points[1, 0]  # leaves vertically
            assert points[-1, 0] == points[-2, 0]


@given(programs())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_program_is_drawn_without_overlaps_and_in_its_direction(
    graph: nx.MultiDiGraph,
) -> None:
    layout = place(graph)
    check_sound(graph, layout)
    check_directions(layout)


@given(programs())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_an_op_and_its_grad_fn_share_a_rank_with_the_grad_fn_to_the_left(
    graph: nx.MultiDiGraph,
) -> None:
    layout = place(graph)
    box = dict(zip(layout.ids, layout.boxes, strict=True))
    for op, back, role in graph.edges(data="role"):
        if role == Role.TIE:
            a, b = box[op], box[back]
            assert a[1] + a[3] / 2 == pytest.approx(b[1] + b[3] / 2, abs=0.01)
            assert b[0] + b[2] < a[0]


@given(any_graphs())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_graph_is_still_drawn_whole(graph: nx.MultiDiGraph) -> None:
    layout = place(graph)
    check_sound(graph, layout)


@given(programs())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_same_graph_is_always_laid_out_the_same(graph: nx.MultiDiGraph) -> None:
    a, b = place(graph), place(graph.copy())
    assert np.array_equal(a.boxes, b.boxes)
    assert np.array_equal(a.points, b.points)


@pytest.mark.parametrize(
    "make", [graphs.mlp, graphs.lesson, lambda: graphs.transformer(3), lambda: graphs.rnn(40)]
)
def test_known_programs_are_sound(make) -> None:
    graph = make()
    layout = place(graph)
    check_sound(graph, layout)
    check_directions(layout)


def named(graph: nx.MultiDiGraph, layout: Layout, title: str) -> list[np.ndarray]:
    return [
        box
        for node, box in zip(layout.ids, layout.boxes, strict=True)
        if graph.nodes[node]["title"] == title
    ]


def test_both_spines_of_a_perceptron_are_straight() -> None:
    graph = graphs.mlp()
    layout = place(graph)
    for titles in (("addmm", "relu", "log_softmax", "nll_loss"),
                   ("AddmmBackward0", "ReluBackward0", "NllLossBackward0")):  # fmt: skip
        middles = {
            round(float(box[0] + box[2] / 2), 1)
            for title in titles
            for box in named(graph, layout, title)
        }
        assert len(middles) == 1


def test_leaves_stand_one_rank_above_their_first_use() -> None:
    graph = graphs.mlp()
    layout = place(graph)
    y = layout.boxes[:, 1] + layout.boxes[:, 3] / 2
    borders = np.sort(y)[1:][np.diff(np.sort(y)) > 1]
    rank = dict(zip(layout.ids, np.searchsorted(borders - 0.5, y).tolist(), strict=True))
    for node in graph:
        if node.kind == Kind.LEAF:
            assert rank[node] == min(rank[user] for user in graph.successors(node)) - 1
        if node.kind == Kind.ACCUMULATE:
            assert rank[node] == min(rank[back] for back in graph.predecessors(node)) - 1


def test_x_times_x_shows_two_edges_with_ports_of_their_own() -> None:
    b = graphs.Builder()
    x = b.leaf("x", grad=True)
    b.op("mul", x, x)
    layout = place(b.graph)
    for role in (Role.DATA, Role.GRAD):
        ends = [route(layout, e)[[0, -1], 0] for e in np.flatnonzero(layout.roles == role)]
        assert len(ends) == 2
        assert (np.abs(ends[0] - ends[1]) > 8).all()


def test_unconnected_parts_lie_beside_each_other() -> None:
    b = graphs.Builder()
    for k in range(7):
        b.op("exp", b.leaf(f"x{k}", grad=True))
    layout = place(b.graph)
    check_sound(b.graph, layout)
    _, _, width, height = layout.bounds
    assert 0.3 < width / height < 5


def test_an_empty_graph_and_a_lone_node_have_layouts() -> None:
    assert place(nx.MultiDiGraph()).bounds == (0.0, 0.0, 0.0, 0.0)
    b = graphs.Builder()
    b.leaf("x")
    assert place(b.graph).boxes.shape == (1, 4)


def test_a_hub_with_many_distant_users_costs_linear_space() -> None:
    graph = graphs.rnn(300)
    layout = place(graph)
    check_sound(graph, layout)
    assert len(layout.points) < 40 * graph.number_of_edges()


def test_progress_rises_to_the_end_and_cancel_stops_the_layout() -> None:
    graph = graphs.rnn(30)
    seen: list[float] = []
    lay_out(graph, graphs.sizes(graph), progress=seen.append)
    assert seen == sorted(seen)
    assert seen[0] == 0.0
    assert seen[-1] > 0.9
    with pytest.raises(LayoutCancelled):
        lay_out(graph, graphs.sizes(graph), cancelled=lambda: len(seen) > 0)


def test_thousands_of_equal_parts_are_laid_out_like_one() -> None:
    b = graphs.Builder()
    for _ in range(2_000):
        b.op("sub_", b.leaf("w"), b.op("mul", b.leaf("w.grad")))
    layout = place(b.graph)
    check_sound(b.graph, layout)
    parts = layout.boxes.reshape(2_000, 4, 4)
    moved = parts[:, :, :2] - parts[:, :1, :2]
    assert np.allclose(moved, moved[0], atol=0.05)


def test_the_spine_leads_to_the_root_and_not_down_a_longer_side_branch() -> None:
    b = graphs.Builder()
    first = b.op("mul", b.leaf("x", grad=True))
    side = first
    for _ in range(3):
        side = b.op("side", side)
    loss = b.op("loss", first)
    b.graph.nodes[loss]["root"] = True
    layout = place(b.graph)
    middle = {n: x + w / 2 for n, (x, _, w, _) in zip(layout.ids, layout.boxes, strict=True)}
    assert middle[loss] == pytest.approx(middle[first], abs=0.01)
    assert abs(middle[side] - middle[first]) > 50
