"""Groups of recorded programs: the tree, who is in which group, folding, and the wave in a fold."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine as torch
from engine.tape.replay import state_at
from engine.tape.tape import Tape
from tests.benchmarks.graphs import sizes
from tests.examples import examples
from tests.ui.graph.test_frames import check_frames
from tests.ui.graph.test_recorded import record
from ui.graph.folding import MANY, GroupWish, arrange, first_folded, fold
from ui.graph.groups import By, Group, Groups, available, closed, group_by
from ui.graph.layout import lay_out
from ui.graph.loops import find_loops
from ui.graph.model import build_graph, list_graphs, main_graph
from ui.graph.tint import TintIndex
from ui.graph.types import Kind, NodeId, Role

nn = torch.nn


class Block(nn.Module):
    def __init__(self, n: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(n, 2 * n), nn.Linear(2 * n, n)

    def forward(self, x: Any) -> Any:
        return x + self.down(torch.tanh(self.up(x)))


class Net(nn.Module):
    def __init__(self, depth: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([Block(3) for _ in range(depth)])
        self.head = nn.Linear(3, 2)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return self.head(torch.exp(x))


def net_tape(depth: int = 3) -> Tape:
    def cell(names: dict[str, Any]) -> None:
        net = names["net"] = Net(depth)
        loss = names["loss"] = net(torch.ones(4, 3)).square().mean()
        loss.backward()

    return record(cell)


def rnn_tape(steps: int) -> Tape:
    def cell(names: dict[str, Any]) -> None:
        w = names["w"] = torch.ones(3, 3, requires_grad=True)
        h = torch.zeros(1, 3)
        for k in range(steps):
            x = torch.full((1, 3), float(k))
            h = torch.tanh(x + h @ w)
        h.sum().backward()

    return record(cell)


def whole(tape: Tape) -> nx.MultiDiGraph[NodeId]:
    graph = build_graph(tape, main_graph(list_graphs(tape)))
    assert len(graph)
    return graph


def titles(groups: Groups) -> list[str]:
    return ["  " * group.depth + group.title for group in groups.groups]


def test_modules_are_groups_within_each_other_named_by_their_attributes() -> None:
    tape = net_tape(2)
    groups = group_by(tape, whole(tape), By.MODULE)
    assert titles(groups)[:4] == ["net", "  layers.0", "    up", "    down"]
    assert {group.detail for group in groups.groups if group.title == "layers.1"} == {"Block"}


def test_an_operation_its_grad_fn_and_its_leaves_are_in_one_group() -> None:
    tape = net_tape()
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    for op, back, role in graph.edges(data="role"):
        if role == Role.TIE:
            assert groups.of.get(op) == groups.of.get(back)
    for node, data in graph.nodes(data=True):
        if data["title"] == "layers.1.up.weight" or data["detail"] == "layers.1.up.weight.grad":
            assert [group.title for group in groups.path(node)] == ["net", "layers.1", "up"]
    loss = next(n for n, d in graph.nodes(data=True) if d["title"] == "mean")
    assert loss not in groups.of


@pytest.mark.parametrize("by", [By.MODULE, By.LINE, By.LOOP, By.CELL])
def test_nothing_outside_lies_between_two_nodes_of_a_folded_group(by: By) -> None:
    for tape in (net_tape(), rnn_tape(6)):
        graph = whole(tape)
        groups = group_by(tape, graph, by)
        for depth in range(groups.levels):
            shown = fold(graph, groups, groups.deeper(depth)).graph
            data = nx.DiGraph(
                (u, v) for u, v, role in shown.edges(data="role") if role == Role.DATA
            )
            assert nx.is_directed_acyclic_graph(data)


def test_iterations_of_a_loop_are_groups_in_a_group_and_shared_leaves_outside() -> None:
    tape = rnn_tape(5)
    graph = whole(tape)
    groups = group_by(tape, graph, By.LOOP)
    assert titles(groups) == ["loop", *[f"  iteration {k}" for k in range(1, 6)]]
    assert groups.groups[0].detail == "5 iterations"
    w = next(n for n, d in graph.nodes(data=True) if d["title"] == "w")
    assert groups.path(w) == [groups.groups[0]]
    sizes_ = {len(groups.members(group.id)) for group in groups.groups[2:]}
    assert len(sizes_) == 1


def test_lines_and_cells_are_what_ran_there_without_a_break() -> None:
    def first(names: dict[str, Any]) -> None:
        x = names["x"] = torch.ones(3, requires_grad=True)
        names["y"] = torch.exp(x * 2 + 1)

    def second(names: dict[str, Any]) -> None:
        z = torch.sin(names["y"]) * 3
        z.sum().backward()

    tape = record(first, second)
    graph = whole(tape)
    assert titles(group_by(tape, graph, By.CELL)) == ["cell 1", "cell 2"]
    lines = group_by(tape, graph, By.LINE)
    assert len(lines.members(lines.groups[0].id)) >= 6
    assert set(available(tape, graph)) == {By.CELL, By.LINE}


def test_ids_of_groups_stay_while_the_tape_grows() -> None:
    small, large = rnn_tape(3), rnn_tape(5)
    a, b = (group_by(tape, whole(tape), By.LOOP) for tape in (small, large))
    assert [group.id for group in a.groups] == [group.id for group in b.groups[: len(a.groups)]]
    assert len(set(b.index)) == len(b.groups)


@given(st.lists(st.integers(0, 4), max_size=40))
@examples(100)
def test_loops_lie_beside_or_within_each_other_and_their_iterations_are_equal(
    tokens: list[int],
) -> None:
    def check(loops: list[Any], low: int, high: int) -> None:
        at = low
        for loop in loops:
            assert at <= loop.starts[0]
            period = loop.starts[1] - loop.starts[0]
            assert np.diff([*loop.starts, loop.stop]).tolist() == [period] * len(loop.starts)
            first = tokens[loop.starts[0] : loop.starts[1]]
            for start in loop.starts:
                assert tokens[start : start + period] == first
            check(loop.inner, loop.starts[0], loop.starts[1])
            at = loop.stop
        assert at <= high

    check(find_loops(np.array(tokens, np.int64)), 0, len(tokens))


def test_a_loop_in_a_loop_is_found_within_each_iteration() -> None:
    tokens = np.array([9, *([1, 2, 2, 2, 3] * 4), 8])
    (outer,) = find_loops(tokens)
    assert outer.starts == [1, 6, 11, 16]
    assert outer.stop == 21
    assert [(loop.starts, loop.stop) for loop in outer.inner] == [([2, 3, 4], 5)]


def test_a_group_by_hand_takes_in_what_lies_between() -> None:
    tape = rnn_tape(3)
    graph = whole(tape)
    ops = sorted(node for node in graph if node.kind == Kind.OP)
    back = graph.nodes[ops[0]].get("twin") or ops[0]
    inner = closed(graph, [back, ops[-1]])
    assert {ops[0], ops[-1]} <= inner
    groups = group_by(tape, graph, By.HAND, [[ops[1], ops[-2]]])
    assert [group.title for group in groups.groups] == ["group 1"]
    assert all(graph.nodes[n]["kind"] != Kind.OP or n in closed(graph, [ops[1], ops[-2]])
               for n in groups.of)  # fmt: skip


# Folding


def test_a_folded_group_is_one_node_that_tells_operations_inputs_and_outputs() -> None:
    tape = net_tape(2)
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    block = next(group for group in groups.groups if group.title == "layers.1")
    shown = fold(graph, groups, [block.id])
    data = shown.graph.nodes[block.id]
    members = set(groups.members(block.id))
    ops = [node for node in members if node.kind == Kind.OP]
    assert data["title"] == "layers.1 · Block"
    assert data["detail"] == f"{len(ops)} ops · 1 in · 1 out"
    assert set(shown.graph.nodes) == (set(graph.nodes) - members) | {block.id}
    assert shown.hidden == dict.fromkeys(members, block.id)
    roles = [role for _, _, role in shown.graph.edges(block.id, data="role")]
    assert sorted(roles) == [Role.DATA, Role.GRAD]
    layout = lay_out(shown.graph, sizes(shown.graph), nest=shown.nest)
    check_frames(layout, shown.nest)


@examples(25)
@given(data=st.data())
def test_any_groups_can_be_folded(data: st.DataObject) -> None:
    tape = FIXED
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    folded = data.draw(st.sets(st.sampled_from([group.id for group in groups.groups])))
    shown = fold(graph, groups, folded)
    assert len(shown.graph) + len(shown.hidden) - len(set(shown.hidden.values())) == len(graph)
    for u, v, d in graph.edges(data=True):
        a, b = shown.hidden.get(u, u), shown.hidden.get(v, v)
        lines = shown.graph.get_edge_data(a, b, default={}).values()
        assert a == b or any(line["role"] == d["role"] for line in lines)
    layout = lay_out(shown.graph, sizes(shown.graph), nest=shown.nest)
    check_frames(layout, shown.nest)


FIXED = net_tape(2)


def test_a_large_graph_opens_folded_to_a_level_at_which_it_can_be_read() -> None:
    outer = [Group(NodeId(Kind.GROUP, k), -1, f"{k}", "", 0) for k in range(20)]
    inner = [Group(NodeId(Kind.GROUP, 100 + k), k // 4, f"{k}", "", 1) for k in range(80)]
    of = {NodeId(Kind.OP, k): 20 + k % 80 for k in range(2 * MANY)}
    groups = Groups(By.MODULE, [*outer, *inner], of)
    assert first_folded(groups, 2 * MANY) == frozenset(group.id for group in inner)
    assert first_folded(groups, MANY) == frozenset()
    assert first_folded(Groups(By.MODULE), 2 * MANY) == frozenset()


def test_a_graph_without_modules_is_shown_as_it_is() -> None:
    tape = rnn_tape(3)
    graph = whole(tape)
    arranged = arrange(tape, graph, GroupWish())
    assert arranged.shown.graph is graph
    assert not arranged.shown.nest.ids


# The playhead


def test_the_wave_in_a_folded_group_is_the_share_of_its_nodes_that_were_visited() -> None:
    tape = net_tape(3)
    graph = whole(tape)
    groups = group_by(tape, graph, By.MODULE)
    shown = fold(graph, groups, groups.deeper(1))
    layout = lay_out(shown.graph, sizes(shown.graph), nest=shown.nest)
    plain = lay_out(graph, sizes(graph))
    index = TintIndex(tape, shown.graph, layout, hidden=shown.hidden)
    full = TintIndex(tape, graph, plain)
    rng = np.random.default_rng(0)
    for playhead in [*rng.integers(0, len(tape.events) + 1, 60).tolist(), len(tape.events), 0]:
        moment = state_at(tape, playhead)
        state, all_ = index.state(moment), full.state(moment)
        visited = dict(zip(plain.ids, all_.visited.tolist(), strict=True))
        lit = {
            (plain.ids[a], plain.ids[b])
            for (a, b), on in zip(plain.edge_ends.tolist(), all_.edge_lit, strict=True)
            if on
        }
        assert state.progress is not None
        for at, node in enumerate(layout.ids):
            if node.kind == Kind.GROUP:
                back = [n for n in groups.members(node)
                        if n.kind in (Kind.GRAD_FN, Kind.ACCUMULATE)]  # fmt: skip
                share = sum(visited[n] for n in back) / len(back)
                assert state.progress[at] == pytest.approx(share)
                assert state.visited[at] == (share == 1.0)
            else:
                assert state.visited[at] == visited[node]
        for e, (a, b) in enumerate(layout.edge_ends.tolist()):
            data = shown.graph.edges[layout.ids[a], layout.ids[b], layout.edge_keys[e]]
            if data["role"] == Role.GRAD:
                ends = layout.ids[a], layout.ids[b]
                assert state.edge_lit[e] == any(
                    tuple(shown.hidden.get(n, n) for n in pair) == ends for pair in lit
                )
        if all_.active >= 0:
            node = plain.ids[all_.active]
            assert layout.ids[state.active] == shown.hidden.get(node, node)
