"""A graph that grows: old nodes stay where they are, and what is new is drawn as soundly."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.examples import examples
from tests.ui.graph.test_layout import check_directions, check_sound
from ui.graph.layout import lay_out
from ui.graph.types import Layout, NodeId, Role


@st.composite
def growing_programs(draw: st.DrawFn) -> list[nx.MultiDiGraph]:
    """A random program at some moments while it runs."""
    b = graphs.Builder()
    made = [b.leaf(f"w{k}", grad=draw(st.booleans())) for k in range(draw(st.integers(1, 3)))]
    moments = []
    for k in range(draw(st.integers(4, 40))):
        if draw(st.integers(0, 4)) == 0:
            made.append(b.leaf("leaf", grad=draw(st.booleans())))
        picks = draw(st.lists(st.integers(0, 7), min_size=1, max_size=3))
        made.append(b.op("mul", *(made[-1 - pick % len(made)] for pick in picks)))
        if k % 9 == 8:
            moments.append(b.graph.copy())
    return [*moments, b.graph]


def grown(graph: nx.MultiDiGraph, before: Layout) -> Layout:
    return lay_out(graph, graphs.sizes(graph), before=before)


def moves(before: Layout, after: Layout) -> float:
    """Return how far the old node moved that moved most."""
    index = {node: i for i, node in enumerate(after.ids)}
    places = [index[node] for node in before.ids]
    return float(np.abs(after.boxes[places] - before.boxes).max())


@given(growing_programs())
@examples(10, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_every_moment_of_a_growing_program_is_sound_and_old_nodes_stay(
    moments: list[nx.MultiDiGraph],
) -> None:
    layout = lay_out(moments[0], graphs.sizes(moments[0]))
    for graph in moments[1:]:
        after = grown(graph, layout)
        check_sound(graph, after)
        check_directions(after)
        if moves(layout, after):  # only where a badge found no room: all is as if drawn anew
            assert np.array_equal(after.boxes, lay_out(graph, graphs.sizes(graph)).boxes)
        layout = after


class Network:
    """A perceptron of which more layers and side branches can be written."""

    def __init__(self) -> None:
        self.builder = graphs.Builder()
        self.graph = self.builder.graph
        self.outputs = [self.builder.leaf("x")]
        for _ in range(4):
            self.layer()
        self.before = lay_out(self.graph, graphs.sizes(self.graph))

    def layer(self) -> NodeId:
        hidden = self.builder.linear(f"fc{len(self.outputs)}", self.outputs[-1])
        self.outputs.append(self.builder.op("relu", hidden))
        return self.outputs[-1]

    def after(self) -> tuple[Layout, dict[NodeId, np.ndarray]]:
        layout = grown(self.graph, self.before)
        return layout, dict(zip(layout.ids, layout.boxes, strict=True))


def test_an_appended_layer_goes_on_straight_below() -> None:
    net = Network()
    end, new = net.outputs[-1], net.layer()
    layout, box = net.after()
    assert moves(net.before, layout) == 0.0
    assert box[new][0] + box[new][2] / 2 == pytest.approx(box[end][0] + box[end][2] / 2, abs=0.1)
    assert box[new][1] > box[end][1]
    assert not len(layout.badges)


def test_a_side_branch_stands_aside_with_portals() -> None:
    net = Network()
    middle = net.outputs[2]
    branch = net.builder.op("mean", net.builder.op("abs", middle))
    layout, box = net.after()
    assert moves(net.before, layout) == 0.0
    x, _, width, _ = net.before.bounds
    assert box[branch][0] > x + width
    ids, badges = layout.ids, layout.badges
    data = badges.roles == Role.DATA
    ends = [(ids[a], ids[b]) for a, b in zip(badges.nodes[data], badges.far[data], strict=True)]
    tip = next(iter(net.graph.predecessors(branch)))
    assert sorted(ends) == sorted([(middle, tip), (tip, middle)])


def test_a_second_branch_counts_in_the_badge_of_the_first() -> None:
    net = Network()
    net.builder.op("abs", net.outputs[2])
    net.before, _ = net.after()
    net.builder.op("exp", net.outputs[2])
    layout, _ = net.after()
    middle = layout.ids.index(net.outputs[2])
    mine = np.flatnonzero((layout.badges.nodes == middle) & (layout.badges.roles == Role.DATA))
    assert len(mine) == 1
    assert np.diff(layout.badges.edge_starts)[mine].tolist() == [2]
    assert layout.badges.far[mine].tolist() == [-1]


def test_a_graph_that_is_the_same_keeps_its_layout() -> None:
    net = Network()
    layout, _ = net.after()
    assert np.array_equal(layout.boxes, net.before.boxes)
    assert sorted(layout.points.tolist()) == sorted(net.before.points.tolist())


@pytest.mark.parametrize("change", ["smaller", "other sizes", "fed from above"])
def test_what_did_not_only_grow_is_laid_out_anew(change: str) -> None:
    net = Network()
    graph = net.graph.copy()
    sizes = graphs.sizes(graph)
    if change == "smaller":
        graph.remove_node(net.outputs[-1])
    elif change == "other sizes":
        sizes[net.outputs[1]] = (300.0, 52.0)
    else:
        graph.add_edge(net.builder.leaf("late"), net.outputs[1], role=Role.DATA, slot=1)
        graph.nodes[next(reversed(list(graph)))].update(net.graph.nodes[list(net.graph)[-1]])
        sizes = graphs.sizes(net.graph)
    again = lay_out(graph, sizes, before=net.before)
    assert np.array_equal(again.boxes, lay_out(graph, sizes).boxes)


def test_growing_step_by_step_of_a_deep_network_leaves_its_columns_alone() -> None:
    b = graphs.Builder()
    x = b.leaf("x")
    for k in range(30):
        x = b.op("relu", b.linear(f"fc{k}", x))
    before = lay_out(b.graph, graphs.sizes(b.graph))
    for k in range(30, 34):
        x = b.op("relu", b.linear(f"fc{k}", x))
        after = grown(b.graph, before)
        check_sound(b.graph, after)
        assert moves(before, after) == 0.0
        before = after
