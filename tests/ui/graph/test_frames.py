"""Layout with groups: what must hold for every graph and every nest, and how equal groups look."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.benchmarks.measure import drawing, edges_through
from tests.examples import examples
from tests.ui.graph.test_layout import any_graphs, check_sound, deep_programs, programs, route
from tests.ui.graph.test_narrows import unet
from ui.graph.layout import LayoutCancelled, lay_out
from ui.graph.types import Kind, Layout, Nest, NodeId, Role

SLACK = 0.6  # of float32 in drawings that are a million units wide


def runs(graph: nx.MultiDiGraph, stops: list[int], depths: list[int]) -> Nest:
    """Group what was made one after the other: at each stop a group ends and another begins.

    depths: how far each group lies inside the one before it; 0 begins at the top.
    """
    ids: list[NodeId] = []
    parents: list[int] = []
    open_: list[int] = []
    of = {}
    marks = dict(zip(stops, depths, strict=False))
    for place, node in enumerate(graph.nodes):
        if place in marks:
            del open_[marks[place] :]
            parents.append(open_[-1] if open_ else -1)
            open_.append(len(ids))
            ids.append(NodeId(Kind.GROUP, place))
        if open_:
            of[node] = open_[-1]
    return Nest(ids, parents, of)


@st.composite
def nested(draw: st.DrawFn, of: st.SearchStrategy[nx.MultiDiGraph]) -> tuple[nx.MultiDiGraph, Nest]:
    graph = draw(of)
    n = len(graph)
    stops = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=10, unique=True))
    depths = draw(st.lists(st.integers(0, 3), min_size=len(stops), max_size=len(stops)))
    return graph, runs(graph, sorted(stops), depths)


def place(graph: nx.MultiDiGraph, nest: Nest) -> Layout:
    return lay_out(graph, graphs.sizes(graph), nest=nest)


def inside(inner: np.ndarray, outer: np.ndarray) -> bool:
    low = (inner[:2] >= outer[:2] - SLACK).all()
    return bool(low and (inner[:2] + inner[2:] <= outer[:2] + outer[2:] + SLACK).all())


def apart(a: np.ndarray, b: np.ndarray) -> bool:
    right, low = a[:2] + a[2:], b[:2] + b[2:]
    return bool((right <= b[:2] + SLACK).any() or (low <= a[:2] + SLACK).any())


def check_frames(layout: Layout, nest: Nest) -> None:
    """Members lie in their frame, all others outside; frames lie in each other or apart."""
    frames = layout.frames
    boxes = frames.boxes.astype(float)
    number = {group: k for k, group in enumerate(frames.ids)}
    above: list[set[int]] = []
    for k, parent in enumerate(frames.parents.tolist()):
        assert parent < k
        above.append({k} | (above[parent] if parent >= 0 else set()))
        old = nest.parents[nest.ids.index(frames.ids[k])]
        assert (nest.ids[old] if old >= 0 else None) == (
            frames.ids[parent] if parent >= 0 else None
        )
        if parent >= 0:
            assert inside(boxes[k], boxes[parent])
    for a in range(len(boxes)):
        for b in range(a):
            if b not in above[a]:
                assert apart(boxes[a], boxes[b])
    cards = np.concatenate([layout.boxes, layout.badges.boxes]).astype(float)
    owners = [*range(len(layout.ids)), *layout.badges.nodes.tolist()]
    homes = _homes(layout, nest, number)
    for box, owner in zip(cards, owners, strict=True):
        within = above[homes[owner]] if homes[owner] >= 0 else set()
        for k, frame in enumerate(boxes):
            assert inside(box, frame) if k in within else apart(box, frame)


def _homes(layout: Layout, nest: Nest, number: dict[NodeId, int]) -> list[int]:
    """Return the frame of each node; what is tied together has one, that of its first node."""
    graph = nx.Graph()
    graph.add_nodes_from(range(len(layout.ids)))
    graph.add_edges_from(layout.edge_ends[layout.roles == Role.TIE].tolist())
    homes = [-1] * len(layout.ids)
    for part in nx.connected_components(graph):
        group = nest.of.get(layout.ids[min(part)], -1)
        for node in part:
            homes[node] = number[nest.ids[group]] if group >= 0 else -1
    return homes


def check_strangers(layout: Layout, nest: Nest) -> None:
    """No edge enters a frame in which it has no end."""
    drawn = drawing(layout)
    frames = layout.frames
    homes = _homes(layout, nest, {group: k for k, group in enumerate(frames.ids)})
    for k, box in enumerate(frames.boxes.astype(float)):
        members = {
            layout.ids[node]
            for node, home in enumerate(homes)
            if home >= 0 and _within(nest, nest.ids.index(frames.ids[home]), frames.ids[k])
        }
        strange = np.array([
            layout.ids[a] not in members and layout.ids[b] not in members
            for a, b in layout.edge_ends.tolist()
        ], bool)  # fmt: skip
        strange[layout.roles == Role.TIE] = False
        edges = np.flatnonzero(strange)
        points = [route(layout, e) for e in edges]
        starts = np.cumsum([0, *map(len, points)])
        alone = drawn._replace(
            boxes=box[None], ends=np.full((len(edges), 2), -1),
            points=np.concatenate([*points, np.zeros((0, 2))]), starts=starts,
        )  # fmt: skip
        assert edges_through(alone) == 0


def _within(nest: Nest, group: int, frame: NodeId) -> bool:
    while group >= 0:
        if nest.ids[group] == frame:
            return True
        group = nest.parents[group]
    return False


def check_routes(layout: Layout) -> None:
    """Data edges go down from card to card, gradient edges up; between columns once more."""
    for e, (a, b) in enumerate(layout.edge_ends.tolist()):
        points, source, target = route(layout, e), layout.boxes[a], layout.boxes[b]
        if not len(points) or layout.roles[e] == Role.TIE:
            continue
        if layout.roles[e] == Role.GRAD:
            points, source, target = points[::-1], target, source
        assert np.abs(points[0, 1] - source[1] - source[3]) < SLACK
        assert np.abs(points[-1, 1] - target[1]) < SLACK
        for point, box in ((points[0], source), (points[-1], target)):
            assert box[0] - SLACK <= point[0] <= box[0] + box[2] + SLACK
        assert np.abs(points[0, 0] - points[1, 0]) < SLACK
        assert np.abs(points[-1, 0] - points[-2, 0]) < SLACK


def check(graph: nx.MultiDiGraph, nest: Nest) -> Layout:
    layout = place(graph, nest)
    check_sound(graph, layout)
    check_frames(layout, nest)
    check_strangers(layout, nest)
    return layout


@given(nested(programs()))
@examples(50)
def test_members_lie_in_their_frame_and_nothing_else_does(
    given_: tuple[nx.MultiDiGraph, Nest],
) -> None:
    check_routes(check(*given_))


@given(nested(deep_programs()))
@examples(8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_frames_of_deep_programs_hold_too(given_: tuple[nx.MultiDiGraph, Nest]) -> None:
    check_routes(check(*given_))


@given(nested(any_graphs()))
@examples(50)
def test_a_damaged_graph_in_groups_is_still_drawn_whole(
    given_: tuple[nx.MultiDiGraph, Nest],
) -> None:
    check(*given_)


@given(nested(programs()))
@examples(15)
def test_the_same_groups_are_always_laid_out_the_same(
    given_: tuple[nx.MultiDiGraph, Nest],
) -> None:
    graph, nest = given_
    a, b = place(graph, nest), place(graph.copy(), nest)
    assert np.array_equal(a.boxes, b.boxes)
    assert np.array_equal(a.points, b.points)
    assert np.array_equal(a.frames.boxes, b.frames.boxes)


def test_equal_groups_look_alike() -> None:
    graph = graphs.rnn(60)
    nest = graphs.steps_of(graph)
    layout = check(graph, nest)
    sizes = layout.frames.boxes[1:, 2:]
    assert np.allclose(sizes, sizes[0], atol=SLACK)
    index = {node: k for k, node in enumerate(layout.ids)}
    places: list[list[np.ndarray]] = [[] for _ in nest.ids]
    for node, group in nest.of.items():
        places[group].append(layout.boxes[index[node], :2] - layout.frames.boxes[group, :2])
    for mine in places[2:]:
        assert np.allclose(mine, places[1], atol=SLACK)


def test_the_spines_run_straight_through_groups() -> None:
    graph = graphs.rnn(3)
    layout = place(graph, graphs.steps_of(graph))
    for title in ("tanh", "TanhBackward0"):
        some = [k for k, node in enumerate(layout.ids) if graph.nodes[node]["title"] == title]
        middles = layout.boxes[some, 0] + layout.boxes[some, 2] / 2
        assert np.allclose(middles[1:], middles[1], atol=SLACK)


@pytest.mark.parametrize("sideways", [False, True])
def test_both_spines_run_straight_into_groups_and_out_of_them(sideways: bool) -> None:
    graph = graphs.mlp(2)
    layout = lay_out(
        graph, graphs.sizes(graph), nest=graphs.layers_of(graph), sideways=sideways
    )  # fmt: skip
    along = 1 if sideways else 0
    for titles in (("addmm", "nll_loss"), ("AddmmBackward0", "NllLossBackward0")):
        some = [k for k, node in enumerate(layout.ids) if graph.nodes[node]["title"] in titles]
        middles = layout.boxes[some, along] + layout.boxes[some, 2 + along] / 2
        assert np.allclose(middles, middles[0], atol=SLACK)


def test_the_spine_of_what_was_not_recorded_runs_straight_into_groups_and_out_of_them() -> None:
    whole = graphs.mlp(2)
    graph = whole.subgraph([n for n in whole if n.kind in (Kind.OP, Kind.LEAF)]).copy()
    outside = ("nll_loss", "target")
    inner = [n for n, data in graph.nodes(data=True) if data["title"] not in outside]
    layout = place(graph, Nest([NodeId(Kind.GROUP, 0)], [-1], dict.fromkeys(inner, 0)))
    some = [k for k, n in enumerate(layout.ids) if graph.nodes[n]["title"] in ("addmm", "nll_loss")]
    middles = layout.boxes[some, 0] + layout.boxes[some, 2] / 2
    assert len(some) > 2
    assert np.allclose(middles, middles[0], atol=SLACK)


def test_a_gradient_line_runs_straight_out_of_a_group_beside_those_to_its_parameters() -> None:
    b = graphs.Builder()
    hidden = b.op("tanh", b.linear("fc1", b.leaf("x", grad=True)))
    stops = [len(b.graph)]
    out = b.linear("fc2", hidden)
    stops.append(len(b.graph))
    b.op("mse_loss", out, b.leaf("target"))
    graph = b.graph
    layout = place(graph, runs(graph, stops, [0, 0]))
    titles = [graph.nodes[node]["title"] for node in layout.ids]
    (edge,) = [
        e
        for e, (a, c) in enumerate(layout.edge_ends.tolist())
        if layout.roles[e] == Role.GRAD
        and (titles[a], titles[c]) == ("AddmmBackward0", "TanhBackward0")
    ]
    points = layout.points[layout.starts[edge] : layout.starts[edge + 1]]
    assert np.ptp(points[:, 0]) < SLACK


@pytest.mark.parametrize("sideways", [False, True])
def test_groups_without_waists_wrap_through_few_portals(sideways: bool) -> None:
    graph = unet(5)
    titles = [graph.nodes[node]["title"] for node in graph]
    stops = [k for k, title in enumerate(titles) if title in ("max_pool2d", "cat")]
    nest = runs(graph, [0, *stops], [0] + [1] * len(stops))
    layout = lay_out(graph, graphs.sizes(graph), nest=nest, sideways=sideways)
    _, _, width, height = layout.bounds
    assert 0.7 < width / height < 3.0
    assert 0 < len(layout.badges) <= 32
    check_frames(layout, nest)


def test_groups_of_a_deep_graph_wrap_into_columns_of_a_readable_shape() -> None:
    for graph, nest in (
        (graphs.transformer(12), graphs.blocks_of), (graphs.rnn(200), graphs.steps_of)
    ):  # fmt: skip
        layout = place(graph, nest(graph))
        _, _, width, height = layout.bounds
        assert 0.5 < width / height < 3.0
        lefts = np.unique(np.round(layout.frames.boxes[1:, 0]))
        assert len(lefts) >= 5


def test_leaves_of_what_follows_a_large_group_stand_below_it_not_beside_it() -> None:
    graph = graphs.transformer(4)
    layout = place(graph, graphs.blocks_of(graph))
    whole = layout.frames.boxes[0]
    outside = np.flatnonzero(layout.frames.homes < 0)
    leaves = [k for k in outside if layout.ids[k].kind in (Kind.LEAF, Kind.ACCUMULATE)]
    assert len(leaves) > 4
    for box in layout.boxes[leaves]:
        assert box[1] >= whole[1] + whole[3]
        assert whole[0] <= box[0] and box[0] + box[2] <= whole[0] + whole[2]


def test_groups_without_any_node_have_no_frame() -> None:
    graph = graphs.lesson()
    group = [NodeId(Kind.GROUP, k) for k in range(3)]
    nest = Nest(group, [-1, 0, -1], dict.fromkeys(graph.nodes, 2))
    layout = check(graph, nest)
    assert layout.frames.ids == group[2:]


def test_progress_of_groups_rises_to_the_end_and_cancel_stops_the_layout() -> None:
    graph = graphs.rnn(30)
    seen: list[float] = []
    lay_out(graph, graphs.sizes(graph), progress=seen.append, nest=graphs.steps_of(graph))
    assert seen == sorted(seen)
    assert seen[-1] > 0.9
    with pytest.raises(LayoutCancelled):
        lay_out(
            graph, graphs.sizes(graph), cancelled=lambda: len(seen) > 0, nest=graphs.steps_of(graph)
        )
