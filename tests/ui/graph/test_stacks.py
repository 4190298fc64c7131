"""Stacks: many leaves of one operation stand in rows, with what hangs from them below them."""

from __future__ import annotations

import numpy as np

from tests.benchmarks import graphs
from tests.ui.graph.test_layout import check_sound, place
from tests.ui.graph.test_towers import cells
from ui.graph.types import Kind


def test_many_leaves_of_one_operation_stand_in_rows() -> None:
    b = graphs.Builder()
    leaves = [b.leaf(f"w{k}", grad=True) for k in range(24)]
    b.op("sum", b.op("cat", *leaves))
    layout = place(b.graph)
    tops = {float(layout.boxes[layout.ids.index(leaf), 1]) for leaf in leaves}
    assert len(tops) == 6
    _, _, width, height = layout.bounds
    assert width < 3 * height
    check_sound(b.graph, layout)


def test_the_badges_of_stacked_leaves_stand_right_below_them() -> None:
    graph = cells(12, 12)
    layout = place(graph)
    badges = layout.badges
    leaves = [k for k, node in enumerate(layout.ids) if node.kind == Kind.LEAF]
    middle = layout.boxes[:, 0] + layout.boxes[:, 2] / 2
    for k in np.flatnonzero(np.isin(badges.nodes, leaves)).tolist():
        x, y, width, _ = badges.boxes[k]
        leaf = layout.boxes[badges.nodes[k]]
        assert abs(x + width / 2 - middle[badges.nodes[k]]) < leaf[2]
        assert 0 < y - leaf[1] - leaf[3] < 130
    check_sound(graph, layout)


def test_a_leaf_with_portals_stands_beside_its_first_use() -> None:
    b = graphs.Builder()
    x = b.leaf("x", grad=True)
    for _ in range(12):
        x = b.op("relu", x)
    weight = b.leaf("w", grad=True)
    first = x = b.op("mul", x, weight)
    for _ in range(10):
        x = b.op("mul", x, weight)
    layout = place(b.graph)
    boxes = {node: layout.boxes[k] for k, node in enumerate(layout.ids)}
    assert len(layout.badges)
    assert 0 < boxes[first][1] - boxes[weight][1] < 120
    check_sound(b.graph, layout)
