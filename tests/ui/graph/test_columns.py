"""A graph that is read from columns is like one that was put together edge by edge."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tape.replay import state_at
from engine.tape.tape import Tape
from tests.ui.graph.golden import EXAMPLES, recorded
from ui.graph.build import build_graph
from ui.graph.cards import card_sizes
from ui.graph.columns import columns_of, in_order
from ui.graph.groups import By, available, group_by
from ui.graph.layout import lay_out
from ui.graph.model import list_graphs, main_graph
from ui.graph.scene import Scene
from ui.graph.tint import TintIndex
from ui.graph.types import NodeId

Graph = nx.MultiDiGraph


def alike(a: Any, b: Any) -> bool:
    """Return whether two records of arrays say the same."""
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))
    if hasattr(a, "__dataclass_fields__"):
        return all(alike(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)


def put_together(graph: Graph) -> Graph:
    """Return a graph of the same nodes and edges, in the same order, without columns."""
    plain = Graph()
    plain.add_nodes_from(graph.nodes(data=True))
    columns = columns_of(graph)
    assert columns is not None
    for e in np.argsort(columns.added).tolist():
        ends = columns.ids[columns.src[e]], columns.ids[columns.dst[e]]
        plain.add_edge(*ends, **columns.edge(e))
    return plain


@pytest.fixture(scope="module", params=[EXAMPLES[3], EXAMPLES[7]], ids=lambda path: path.stem)
def tape(request: pytest.FixtureRequest) -> Tape:
    return recorded(request.param)


def test_it_answers_as_any_graph_does(tape: Tape) -> None:
    for info in [*list_graphs(tape), None]:
        graph = build_graph(tape, info)
        plain = put_together(graph)
        assert isinstance(graph, nx.MultiDiGraph)
        assert columns_of(plain) is None
        assert (len(graph), graph.number_of_edges()) == (len(plain), plain.number_of_edges())
        assert list(graph.nodes(data=True)) == list(plain.nodes(data=True))
        assert list(graph.edges(keys=True, data=True)) == list(plain.edges(keys=True, data=True))
        assert list(graph.in_edges(keys=True)) == list(plain.in_edges(keys=True))
        for node in plain:
            assert list(graph.succ[node]) == list(plain.succ[node])
            assert list(graph.pred[node]) == list(plain.pred[node])
            assert graph.degree(node) == plain.degree(node)
        assert NodeId.of("group:7") not in graph
        with pytest.raises(KeyError):
            graph.nodes[NodeId.of("group:7")]


def test_what_is_said_of_an_edge_is_the_same_from_both_ends(tape: Tape) -> None:
    graph = build_graph(tape)
    u, v, key = next(iter(graph.edges(keys=True)))
    assert graph.succ[u][v][key] is graph.pred[v][u][key]
    assert graph.nodes[u] is graph.nodes[u]


def test_it_cannot_be_changed_but_copied(tape: Tape) -> None:
    graph = build_graph(tape)
    node = next(iter(graph))
    with pytest.raises(nx.NetworkXError, match="rozen graph"):
        graph.remove_node(node)
    copy = graph.copy()
    assert columns_of(copy) is None
    copy.remove_node(node)
    assert node in graph
    assert node not in copy
    part = graph.subgraph([node])
    assert list(part) == [node]
    assert not isinstance(graph.to_undirected(), nx.DiGraph)


def test_all_that_is_drawn_is_the_same_without_columns(tape: Tape, qapp: object) -> None:
    info = main_graph(list_graphs(tape))
    graph = build_graph(tape, info)
    plain = put_together(graph)
    sizes = card_sizes(graph)
    assert sizes == card_sizes(plain)
    assert list(sizes) == list(graph)
    for sideways in (False, True):
        layout = lay_out(graph, sizes, sideways=sideways)
        assert alike(layout, lay_out(plain, sizes, sideways=sideways))
        assert alike(Scene.build(graph, layout), Scene.build(plain, layout))
        tints = TintIndex(tape, graph, layout), TintIndex(tape, plain, layout)
        for playhead in range(0, len(tape.events) + 1, 7):
            a, b = (tint.state(state_at(tape, playhead)) for tint in tints)
            assert alike(a, b)


def test_groups_are_the_same_without_columns(tape: Tape) -> None:
    graph = build_graph(tape, main_graph(list_graphs(tape)))
    plain = put_together(graph)
    assert available(tape, graph) == available(tape, plain)
    for by in (By.MODULE, By.LOOP, By.LINE, By.CELL):
        assert group_by(tape, graph, by) == group_by(tape, plain, by)


def test_a_layout_grows_the_same_with_and_without_columns(tape: Tape, qapp: object) -> None:
    info = main_graph(list_graphs(tape))
    graph = build_graph(tape, info)
    plain = put_together(graph)
    early = plain.subgraph(list(plain)[: len(plain) // 2]).copy()
    before = lay_out(early, card_sizes(early))
    grown = [lay_out(g, card_sizes(g), before=before) for g in (graph, plain)]
    assert alike(*grown)
    assert alike(*(Scene.build(g, grown[0]) for g in (graph, plain)))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=40))
def test_edges_have_the_order_and_keys_that_a_multigraph_gives_them(
    added: list[tuple[int, int]],
) -> None:
    graph = Graph()
    graph.add_nodes_from(range(6))
    for number, (u, v) in enumerate(added):
        graph.add_edge(u, v, number=number)
    src, dst = np.array(added, np.int64).reshape(-1, 2).T
    order, keys = in_order(6, src, dst)
    found = [(*added[e], key, e) for e, key in zip(order.tolist(), keys.tolist(), strict=True)]
    assert found == list(graph.edges(keys=True, data="number"))
