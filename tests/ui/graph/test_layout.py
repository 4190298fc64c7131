"""Layout: what must hold for every graph, and what the small ones look like."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.benchmarks.measure import box_overlaps, drawing, edges_through
from tests.examples import examples
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
def deep_programs(draw: st.DrawFn) -> nx.MultiDiGraph:
    """A block of random operations, unrolled: what it carries, weights that all steps share."""
    b = graphs.Builder()
    shared = [b.leaf(f"w{k}", grad=True) for k in range(draw(st.integers(0, 3)))]
    early = b.op("early", b.leaf("x", grad=True))
    steps = draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=6))
    carried = early
    for k in range(draw(st.integers(10, 40))):
        made = [carried, *shared, b.leaf(f"x{k}", grad=k % 3 == 0)]
        for p, q in steps:
            made.append(b.op("mul", made[p % len(made)], made[-1 - q % len(made)]))
        carried = b.op("join", carried, made[-1])
        if draw(st.integers(0, 9)) == 0:
            b.op("aside", draw(st.sampled_from([early, made[-1], carried])))
    b.op("last", carried, early)
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
    portal = counts == 0
    assert (counts[~portal] >= 4).all()
    assert (counts[~portal] % 3 == 1).all()
    check_portals(layout, portal)
    assert box_overlaps(drawing(layout).boxes) == 0
    assert edges_through(drawing(layout)) == 0


def check_portals(layout: Layout, portal: np.ndarray) -> None:
    """Every edge that is not drawn has one badge at each end, and no other edge has one."""
    badges = layout.badges
    seen = set()
    for k in range(len(badges)):
        for e in badges.edges[badges.edge_starts[k] : badges.edge_starts[k + 1]].tolist():
            ends = layout.edge_ends[e].tolist()
            here = int(badges.nodes[k])
            assert here in ends
            other = ends[1 - ends.index(here)]
            assert badges.far[k] in (other, -1)
            assert badges.roles[k] == layout.roles[e]
            assert (e, here) not in seen
            seen.add((e, here))
    expected = {(e, end) for e in np.flatnonzero(portal) for end in layout.edge_ends[e].tolist()}
    assert seen == expected


def on_border(point: np.ndarray, box: np.ndarray, y: float) -> bool:
    return bool(box[0] - 0.01 <= point[0] <= box[0] + box[2] + 0.01 and abs(point[1] - y) < 0.01)


def goes_down(points: np.ndarray) -> bool:
    """Return whether a route never rises, but for the one way up between two columns."""
    rises = np.diff(points[:, 1]) < -0.01
    return int(np.diff(rises.astype(int), prepend=0).clip(0).sum()) <= int(
        points[-1, 0] - points[0, 0] > 200
    )


def check_directions(layout: Layout) -> None:
    for e, (a, b) in enumerate(layout.edge_ends.tolist()):
        points, source, target = route(layout, e), layout.boxes[a], layout.boxes[b]
        if not len(points):
            continue
        if layout.roles[e] == Role.DATA:
            assert on_border(points[0], source, source[1] + source[3])
            assert on_border(points[-1], target, target[1])
            assert goes_down(points)
        elif layout.roles[e] == Role.GRAD:
            assert on_border(points[0], source, source[1])
            assert on_border(points[-1], target, target[1] + target[3])
            assert goes_down(points[::-1])
        if layout.roles[e] != Role.TIE:
            assert points[0, 0] == points[1, 0]  # leaves vertically
            assert points[-1, 0] == points[-2, 0]


@given(programs())
@examples(60)
def test_every_program_is_drawn_without_overlaps_and_in_its_direction(
    graph: nx.MultiDiGraph,
) -> None:
    layout = place(graph)
    check_sound(graph, layout)
    check_directions(layout)


@given(deep_programs())
@examples(10, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_every_unrolled_program_is_drawn_or_has_portals(graph: nx.MultiDiGraph) -> None:
    layout = place(graph)
    check_sound(graph, layout)
    check_directions(layout)


@given(programs())
@examples(30)
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
@examples(60)
def test_a_damaged_graph_is_still_drawn_whole(graph: nx.MultiDiGraph) -> None:
    layout = place(graph)
    check_sound(graph, layout)


@given(programs())
@examples(20)
def test_the_same_graph_is_always_laid_out_the_same(graph: nx.MultiDiGraph) -> None:
    a, b = place(graph), place(graph.copy())
    assert np.array_equal(a.boxes, b.boxes)
    assert np.array_equal(a.points, b.points)


def test_a_shared_weight_is_drawn_to_its_first_use_and_has_portals_to_the_others() -> None:
    graph = graphs.rnn(20)
    layout = place(graph)
    weight = layout.ids.index(NodeId(Kind.LEAF, 0))
    uses = np.flatnonzero((layout.edge_ends[:, 0] == weight) & (layout.roles == Role.DATA))
    users = layout.edge_ends[uses, 1]
    assert len(uses) == 20
    assert users[np.diff(layout.starts)[uses] > 0].tolist() == [users.min()]
    badges = layout.badges
    at_weight = np.flatnonzero((badges.nodes == weight) & (badges.roles == Role.DATA))
    assert badges.far[at_weight].tolist() == [-1]
    at_users = np.flatnonzero((badges.far == weight) & (badges.roles == Role.DATA))
    assert sorted(badges.nodes[at_users].tolist()) == sorted(users.tolist())[1:]
    below = layout.boxes[badges.nodes[at_users], 1]
    assert (badges.boxes[at_users, 1] + badges.boxes[at_users, 3] < below).all()


def test_an_edge_across_many_ranks_has_a_badge_at_each_end() -> None:
    b = graphs.Builder()
    first = x = b.op("first", b.leaf("x", grad=True))
    for _ in range(70):
        x = b.op("exp", x)
    last = b.op("add", x, first)
    layout = place(b.graph)
    far = [layout.ids.index(first), layout.ids.index(last)]
    edge = int(np.flatnonzero((layout.edge_ends == far).all(axis=1))[0])
    assert not len(route(layout, edge))
    ends = {(int(n), int(f)) for n, f in zip(layout.badges.nodes, layout.badges.far, strict=True)}
    assert {(far[0], far[1]), (far[1], far[0])} <= ends


def test_equal_sections_of_a_deep_graph_look_alike() -> None:
    graph = graphs.transformer(6)
    layout = place(graph)
    named_ = [k for k, n in enumerate(layout.ids) if graph.nodes[n]["title"] == "native_layer_norm"]
    softmax = [k for k, n in enumerate(layout.ids) if graph.nodes[n]["title"] == "softmax"]
    offsets = layout.boxes[softmax, :2] - layout.boxes[named_[0:12:2], :2]
    assert np.allclose(offsets[1:], offsets[1], atol=0.05)


def test_a_deep_graph_wraps_into_columns_of_a_readable_shape() -> None:
    for graph in (graphs.transformer(12), graphs.rnn(200)):
        _, _, width, height = place(graph).bounds
        assert 0.5 < width / height < 3.0


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
