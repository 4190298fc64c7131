"""Deep graphs that are nowhere one line wide wrap into columns too, through few portals."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest

from tests.benchmarks import graphs
from tests.ui.graph.test_layout import check_directions, check_sound, place
from ui.graph.layout import lay_out
from ui.graph.types import NodeId


def lstm(steps: int, last: bool = True) -> nx.MultiDiGraph:
    """An LSTM cell, step by step: a state h and a memory c go from each to the next."""
    b = graphs.Builder()
    h, c = b.leaf("h0", grad=True), b.leaf("c0")
    for k in range(steps):
        gates = b.op("split", b.linear(f"step{k}", b.op("cat", b.leaf(f"x{k}"), h)))
        i, f, o = (b.op("sigmoid", gates) for _ in range(3))
        c = b.op("add", b.op("mul", f, c), b.op("mul", i, b.op("tanh", gates)))
        h = b.op("mul", o, b.op("tanh", c))
    if last:
        b.op("sum", h)
    return b.graph


def unet(depth: int) -> nx.MultiDiGraph:
    """Convolutions on ever smaller pictures and back, each size led across to its own."""
    b = graphs.Builder()
    across: list[NodeId] = []

    def convolved(x: NodeId, name: str) -> NodeId:
        weights = (b.leaf(f"{name}.{part}", grad=True) for part in ("weight", "bias"))
        return b.op("relu", b.op("convolution", x, *weights))

    x = b.leaf("x")
    for k in range(depth):
        x = convolved(convolved(x, f"down{k}.0"), f"down{k}.1")
        across.append(x)
        x = b.op("max_pool2d", x)
    for k in range(depth):
        x = b.op("cat", b.op("upsample", x), across.pop())
        x = convolved(convolved(x, f"up{k}.0"), f"up{k}.1")
    b.op("mse_loss", x, b.leaf("target"))
    return b.graph


@pytest.mark.parametrize("make", [lambda: lstm(12), lambda: unet(5)], ids=["lstm", "unet"])
def test_it_has_a_readable_shape_and_few_portals(make: Callable[[], nx.MultiDiGraph]) -> None:
    graph = make()
    layout = place(graph)
    _, _, width, height = layout.bounds
    assert 0.5 < width / height < 3.0
    assert 0 < len(layout.badges.boxes) <= 32
    check_sound(graph, layout)
    check_directions(layout)


def test_where_there_are_waists_no_portal_is_needed() -> None:
    for blocks in (2, 3, 6):
        assert not len(place(graphs.transformer(blocks)).badges.boxes)


def test_a_tall_graph_of_few_nodes_wraps_too() -> None:
    b = graphs.Builder()
    out = b.leaf("x")
    for _ in range(30):
        out = b.op("tanh", out)
    layout = place(b.graph)
    assert len(b.graph) < 50
    assert layout.bounds[2] > 0.7 * layout.bounds[3]
    check_sound(b.graph, layout)


def test_a_step_more_moves_no_old_node() -> None:
    before = place(lstm(12, last=False))
    grown = lstm(13, last=False)
    after = lay_out(grown, graphs.sizes(grown), before=before)
    at = {node: k for k, node in enumerate(after.ids)}
    old = [at[node] for node in before.ids]
    assert np.array_equal(after.boxes[old], before.boxes)
