"""Graphs that run from left to right: as sound as those that run down, with level words."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from tests.benchmarks import graphs
from tests.examples import examples
from tests.ui.graph.samples import mlp
from tests.ui.graph.test_frames import check_frames, runs
from tests.ui.graph.test_layout import check_directions, check_sound, programs
from ui.graph.canvas import GraphCanvas
from ui.graph.cards import card_sizes
from ui.graph.layout import lay_out
from ui.graph.layout.frames import HEADER
from ui.graph.layout.turning import turned
from ui.graph.pins import pinned, way_of
from ui.graph.types import Kind, Layout, NodeId, Role


def place(graph: nx.MultiDiGraph, before: Layout | None = None) -> Layout:
    return lay_out(graph, graphs.sizes(graph), sideways=True, before=before)


@given(programs())
@examples(15)
def test_every_program_is_sound_and_runs_to_the_right(graph: nx.MultiDiGraph) -> None:
    layout = place(graph)
    assert layout.sideways
    check_sound(graph, layout)
    check_directions(turned(layout))
    for node, (width, height) in graphs.sizes(graph).items():
        assert layout.boxes[layout.ids.index(node), 2:] == pytest.approx([width, height])


def test_turning_twice_changes_nothing() -> None:
    layout = lay_out(mlp(3), dict.fromkeys(mlp(3), (120.0, 46.0)))
    again = turned(turned(layout))
    assert not again.sideways
    for name in ("boxes", "points"):
        assert getattr(again, name) == pytest.approx(getattr(layout, name))


def test_the_backward_spine_lies_above_the_forward_one() -> None:
    graph = mlp(3)
    layout = place(graph)
    index = {node: i for i, node in enumerate(layout.ids)}
    pairs = [(n, graph.nodes[n]["twin"]) for n in graph if n.kind == Kind.OP]
    for op, back in pairs:
        a, b = layout.boxes[index[op]], layout.boxes[index[back]]
        assert b[1] + b[3] < a[1]
        assert a[0] + a[2] / 2 == pytest.approx(b[0] + b[2] / 2)


def test_badges_of_portals_are_level_too() -> None:
    graph = graphs.rnn(30)
    layout = place(graph)
    assert len(layout.badges) > 20
    assert (layout.badges.boxes[:, 3] == 24.0).all()
    assert (layout.badges.boxes[:, 2] >= 44.0).all()
    check_sound(graph, layout)


def test_a_deep_graph_wraps_into_rows_of_a_readable_shape() -> None:
    layout = place(graphs.transformer(12))
    _, _, width, height = layout.bounds
    assert 0.8 < width / height < 4.0
    # The first operations stand in the top row, the last ones in the lowest.
    assert layout.boxes[:20, 1].max() < layout.boxes[-20:, 1].min()


def test_a_long_leaf_below_a_cut_hides_no_line_above_it() -> None:
    builder = graphs.Builder()
    out = builder.leaf("x")
    for _ in range(20):
        out = builder.op("mul", out, builder.leaf("a_long_weight"))
    check_sound(builder.graph, place(builder.graph))


def test_frames_have_their_header_above() -> None:
    graph = graphs.mlp(8)
    nest = runs(graph, [len(graph) // 3, 2 * len(graph) // 3], [1, 1, 1])
    layout = lay_out(graph, graphs.sizes(graph), nest=nest, sideways=True)
    assert len(layout.frames) > 1
    check_frames(layout, nest)
    inner = set(range(len(layout.frames))) - set(layout.frames.parents.tolist())
    for k in inner:
        x, y, width, height = layout.frames.boxes[k]
        mine = layout.boxes[:, 0] >= x
        mine &= layout.boxes[:, 0] + layout.boxes[:, 2] <= x + width
        mine &= (layout.boxes[:, 1] >= y) & (layout.boxes[:, 1] <= y + height)
        assert layout.boxes[mine, 1].min() - y >= HEADER - 0.5


def test_a_growing_graph_keeps_its_places_and_its_direction() -> None:
    builder = graphs.Builder()
    out = builder.leaf("x")
    for _ in range(60):
        out = builder.op("mul", out, builder.leaf("w"))
    before = place(builder.graph.copy())
    for _ in range(3):
        out = builder.op("add", out, out)
    after = place(builder.graph, before)
    index = {node: i for i, node in enumerate(after.ids)}
    assert np.array_equal(after.boxes[[index[node] for node in before.ids]], before.boxes)
    check_sound(builder.graph, after)
    down = lay_out(builder.graph, graphs.sizes(builder.graph), before=before)
    assert not down.sideways  # of another direction nothing is kept
    check_directions(down)


def test_edges_of_pinned_nodes_leave_and_arrive_sideways() -> None:
    graph = mlp(3)
    layout = place(graph)
    node = next(n for n in graph if n.kind == Kind.OP and graph.nodes[n]["title"] == "relu")
    moved = pinned(layout, {node: (900.0, 700.0)})
    i = layout.ids.index(node)
    for e, (a, b) in enumerate(layout.edge_ends.tolist()):
        if layout.roles[e] == Role.DATA and i in (a, b):
            way = way_of(moved, e)
            assert way[1, 1] == pytest.approx(way[0, 1]) and way[1, 0] > way[0, 0]
            assert way[-2, 1] == pytest.approx(way[-1, 1]) and way[-2, 0] < way[-1, 0]


@pytest.fixture
def canvas(empty: GraphCanvas) -> GraphCanvas:
    empty.resize(900, 500)
    graph = mlp(3)
    empty.set_graph(graph, lay_out(graph, card_sizes(graph), sideways=True))
    return empty


def test_right_and_left_walk_along_edges_up_and_down_across(
    qtbot: QtBot, canvas: GraphCanvas
) -> None:
    graph = mlp(3)
    relu = next(n for n in graph if n.kind == Kind.OP and graph.nodes[n]["title"] == "relu")
    back: NodeId = graph.nodes[relu]["twin"]
    canvas.select(relu)
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    assert canvas.selected() in graph.successors(relu)
    assert graph.nodes[canvas.selected()]["title"] == "addmm"
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.selected() == relu
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    assert canvas.selected() == back
    qtbot.keyClick(canvas, Qt.Key.Key_Down)
    assert canvas.selected() == relu
