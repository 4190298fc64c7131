"""A graph in groups that grows: old nodes stay, frames grow around what comes into them."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import Phase, given
from hypothesis import strategies as st

from tests.benchmarks import graphs
from tests.benchmarks.layout import GROWTH, grown_groups
from tests.examples import examples
from tests.ui.graph.test_frames import check_frames, check_strangers, inside, runs
from tests.ui.graph.test_growth import growing_programs, moves
from tests.ui.graph.test_layout import check_sound
from ui.graph.layout import lay_out
from ui.graph.types import Kind, Layout, Nest, NodeId


def place(graph: nx.MultiDiGraph, nest: Nest, before: Layout | None = None) -> Layout:
    return lay_out(graph, graphs.sizes(graph), nest=nest, before=before)


def check(graph: nx.MultiDiGraph, nest: Nest, layout: Layout) -> None:
    check_sound(graph, layout)
    check_frames(layout, nest)
    check_strangers(layout, nest)


@st.composite
def growing_groups(draw: st.DrawFn) -> list[tuple[nx.MultiDiGraph, Nest]]:
    moments = draw(growing_programs())
    n = len(moments[-1])
    stops = sorted(draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=8, unique=True)))
    depths = draw(st.lists(st.integers(0, 2), min_size=len(stops), max_size=len(stops)))
    return [(graph, runs(graph, stops, depths)) for graph in moments]


@given(growing_groups())
@examples(10, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_every_moment_is_sound_and_old_nodes_stay_or_all_is_drawn_anew(
    moments: list[tuple[nx.MultiDiGraph, Nest]],
) -> None:
    layout = place(*moments[0])
    for graph, nest in moments[1:]:
        after = place(graph, nest, layout)
        check(graph, nest, after)
        if moves(layout, after):
            assert np.array_equal(after.boxes, place(graph, nest).boxes)
        layout = after


@pytest.mark.parametrize("name", GROWTH)
def test_frames_grow_and_no_old_node_moves(name: str) -> None:
    old, new = GROWTH[name]()
    groups, more = grown_groups(name, old, new)
    before = place(old, groups)
    after = place(new, more, before)
    assert moves(before, after) == 0.0
    check(new, more, after)
    boxes = dict(zip(after.frames.ids, after.frames.boxes.astype(float), strict=True))
    for group, box in zip(before.frames.ids, before.frames.boxes.astype(float), strict=True):
        assert inside(box, boxes[group])
    grew = boxes[before.frames.ids[0]][3] > before.frames.boxes[0, 3] + 100.0
    assert grew == ("more" in name)  # the network's frame is round its new layer


def test_what_goes_on_in_an_old_group_widens_its_frame() -> None:
    old, new = graphs.appended(graphs.growing_mlp())
    groups = graphs.layers_of(old)
    last = len(groups.ids) - 1
    more = Nest(groups.ids, groups.parents, {node: groups.of.get(node, last) for node in new})
    before = place(old, groups)
    after = place(new, more, before)
    check(new, more, after)
    assert moves(before, after) == 0.0
    assert after.frames.boxes[last, 3] > before.frames.boxes[last, 3] + 100.0


@pytest.mark.parametrize("change", ["groups gone", "groups new", "others", "deeper"])
def test_other_groups_are_laid_out_anew(change: str) -> None:
    old, new = graphs.appended(graphs.growing_mlp())
    groups, more = graphs.layers_of(old), graphs.layers_of(new)
    before = place(old, groups)
    if change == "groups gone":
        more = Nest([], [], {})
    elif change == "groups new":
        before = lay_out(old, graphs.sizes(old))
    elif change == "others":
        more = Nest(more.ids, more.parents, dict.fromkeys(new, 1))
    else:
        around = NodeId(Kind.GROUP, -2)
        of = {node: group + 1 for node, group in more.of.items()}
        more = Nest([around, *more.ids], [-1, *[parent + 1 for parent in more.parents]], of)
    after = place(new, more, before)
    assert np.array_equal(after.boxes, place(new, more).boxes)
