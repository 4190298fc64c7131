"""What can be reached from a node, the part of a graph around it, and the bar that says so."""

from __future__ import annotations

from collections.abc import Iterator

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.benchmarks import graphs
from tests.ui.graph.samples import accumulate, grad_fn, ladder, leaf, op
from ui import theme
from ui.graph.focus import Focus, focused
from ui.graph.focusbar import FocusBar
from ui.graph.reach import Reach, Way
from ui.graph.types import Kind, NodeId, Role

LEFT = Qt.MouseButton.LeftButton


def nodes(focus: Focus) -> set[NodeId]:
    return set(focused(ladder(5), focus))


def test_the_neighbourhood_grows_with_the_steps() -> None:
    near = {op(2), op(1), op(3), leaf(3), grad_fn(2)}
    assert nodes(Focus(op(2), Way.NEAR, 1)) == near
    wider = nodes(Focus(op(2), Way.NEAR, 2))
    assert wider > near
    assert {op(0), op(4), grad_fn(1), grad_fn(3), accumulate(2)} <= wider
    assert nodes(Focus(op(2), Way.NEAR, 99)) == set(ladder(5))


def test_a_weight_that_many_share_does_not_lead_to_all_of_them() -> None:
    graph = graphs.rnn(12)
    weight = NodeId(Kind.LEAF, 0)
    users = sorted(graph.successors(weight))
    part = focused(graph, Focus(users[5], Way.NEAR, 2))
    assert weight in part
    assert set(users) & set(part) == {users[5]}
    assert set(users) < set(focused(graph, Focus(weight, Way.NEAR, 1)))


def test_ancestors_are_what_a_node_was_made_of_with_their_partners() -> None:
    assert nodes(Focus(op(2), Way.ANCESTORS)) == {
        op(0), op(1), op(2), leaf(0), leaf(1), leaf(2), leaf(3), grad_fn(0), grad_fn(1), grad_fn(2),
    }  # fmt: skip
    assert nodes(Focus(grad_fn(3), Way.ANCESTORS)) == {grad_fn(3), grad_fn(4), op(3), op(4)}


def test_descendants_are_what_came_of_it() -> None:
    assert nodes(Focus(op(3), Way.DESCENDANTS)) == {op(3), op(4), grad_fn(3), grad_fn(4)}
    assert accumulate(0) in nodes(Focus(grad_fn(3), Way.DESCENDANTS))
    assert grad_fn(4) not in nodes(Focus(grad_fn(3), Way.DESCENDANTS))


def test_the_part_keeps_the_graphs_order_words_and_edges() -> None:
    whole = ladder(5)
    part = focused(whole, Focus(op(2), Way.NEAR, 2))
    assert list(part) == [node for node in whole if node in part]
    assert part.nodes[op(2)] == whole.nodes[op(2)]
    inside = [e for e in whole.edges(keys=True, data=True) if e[0] in part and e[1] in part]
    assert list(part.edges(keys=True, data=True)) == inside


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(KeyError):
        focused(ladder(2), Focus(op(77), Way.NEAR))


@given(st.data())
def test_reach_agrees_with_a_plain_search(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    pairs = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.sampled_from(list(Role)))
    edges = data.draw(st.lists(pairs, max_size=30))
    ends = np.array([(a, b) for a, b, _ in edges], np.int32).reshape(-1, 2)
    reach = Reach(n, ends, np.array([role for *_, role in edges], np.uint8))
    spine: nx.DiGraph[int] = nx.DiGraph()
    spine.add_nodes_from(range(n))
    everything = spine.copy()
    spine.add_edges_from((a, b) for a, b, role in edges if role != Role.TIE)
    everything.add_edges_from((a, b) for a, b, _ in edges)
    start, hops = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, 4))
    found = {way: set(np.flatnonzero(reach.of([start], way)).tolist()) for way in Way}
    assert found[Way.ANCESTORS] == nx.ancestors(spine, start) | {start}
    assert found[Way.DESCENDANTS] == nx.descendants(spine, start) | {start}
    near = nx.single_source_shortest_path_length(everything.to_undirected(), start, hops)
    assert set(np.flatnonzero(reach.of([start], Way.NEAR, hops)).tolist()) == set(near)


@pytest.fixture
def bar(qtbot: QtBot) -> Iterator[FocusBar]:
    host = QWidget()
    qtbot.addWidget(host)
    host.resize(800, 100)
    host.show()
    bar = FocusBar(theme.load("dark"), host)
    bar.resize(800, 40)
    bar.set_focus(Focus(op(2), Way.NEAR, 2), "mul", 17, 3204)
    qtbot.waitExposed(host)
    yield bar
    host.hide()


def test_the_bar_says_what_is_shown(bar: FocusBar) -> None:
    assert (bar.name.text(), bar.hops.text()) == ("mul", "2 steps")
    assert bar.count.text() == "17 of 3,204 nodes"
    assert bar.ways.checkedButton().text() == "Around"
    bar.set_focus(Focus(op(2), Way.ANCESTORS, 2), "mul", 17, 3204)
    assert not bar.hops.isVisible()
    bar.set_focus(None)
    assert not bar.isVisible()


def test_its_buttons_ask_for_another_part(qtbot: QtBot, bar: FocusBar) -> None:
    for name, hops in (("zoom_in", 3), ("zoom_out", 1)):
        with qtbot.waitSignal(bar.changed) as caught:
            qtbot.mouseClick(bar.buttons[name], LEFT)
        assert caught.args == [Focus(op(2), Way.NEAR, hops)]
    with qtbot.waitSignal(bar.changed) as caught:
        qtbot.mouseClick(bar.ways.buttons()[2], LEFT)
    assert caught.args == [Focus(op(2), Way.DESCENDANTS, 2)]
    with qtbot.waitSignal(bar.closed):
        qtbot.mouseClick(bar.buttons["close"], LEFT)


def test_it_goes_no_further_than_there_is(bar: FocusBar) -> None:
    bar.set_focus(Focus(op(2), Way.NEAR, 1), "mul", 9, 9)
    assert not bar.buttons["zoom_out"].isEnabled()
    assert not bar.buttons["zoom_in"].isEnabled()


def test_it_fits_a_narrow_canvas(bar: FocusBar) -> None:
    bar.resize(440, 40)
    assert not bar.count.isVisible()
    close = bar.buttons["close"].geometry()
    assert close.right() <= 440
    bar.resize(800, 40)
    assert bar.count.isVisible()
