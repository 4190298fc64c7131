"""Which graphs a tape holds, and what the nodes and edges of one are."""

from __future__ import annotations

import subprocess
import sys

import networkx as nx
import pytest

from tests.ui.graph.tapes import Script, Tensor
from ui.graph.model import build_graph, graph_at, list_graphs, main_graph
from ui.graph.types import Kind, NodeId, Role


def line(s: Script, w: Tensor, x: Tensor, b: Tensor) -> Tensor:
    return s.op("add", s.op("mul", w, x), b)


def ends(graph: nx.MultiDiGraph, role: Role) -> list[tuple[str, str]]:
    title = graph.nodes(data="title")
    return sorted((title[u], title[v]) for u, v, r in graph.edges(data="role") if r == role)


@pytest.fixture
def script() -> Script:
    return Script()


def test_a_forward_and_backward_pass_is_one_graph(script: Script) -> None:
    script.cell("c1", 7)
    w, x, b = script.leaf(True), script.leaf(), script.leaf(True)
    loss = line(script, w, x, b)
    script.backward(loss)
    script.end_cell(w=w, x=x, b=b, loss=loss)
    tape = script.tape()
    (info,) = list_graphs(tape)
    assert info.title == "loss · cell 7"
    assert info.detail == "2 operations, pass 1"
    assert info.cells == ("c1",)
    assert info.passes == (0,)
    assert info.last_event == len(tape.events) - 2
    graph = build_graph(tape, info)
    kinds = [node.kind for node in graph]
    assert kinds.count(Kind.LEAF) == 3
    assert kinds.count(Kind.OP) == kinds.count(Kind.GRAD_FN) == kinds.count(Kind.ACCUMULATE) == 2
    assert ends(graph, Role.DATA) == [("b", "add"), ("mul", "add"), ("w", "mul"), ("x", "mul")]
    assert ends(graph, Role.GRAD) == [
        ("AddBackward0", "AccumulateGrad"), ("AddBackward0", "MulBackward0"),
        ("MulBackward0", "AccumulateGrad"),
    ]  # fmt: skip
    assert ends(graph, Role.TIE) == [("add", "AddBackward0"), ("mul", "MulBackward0")]


def test_nodes_say_what_they_are(script: Script) -> None:
    script.cell("c1", 1)
    script.line(3)
    w, x = script.leaf(True, 0.25), script.leaf(size=4)
    script.line(5)
    y = script.op("mul", w, x)
    script.end_cell(w=w, y=y)
    graph = build_graph(script.tape())
    by_title = {data["title"]: (node, data) for node, data in graph.nodes(data=True)}
    node, leaf = by_title["w"]
    assert (leaf["detail"], leaf["shape"], leaf["dtype"]) == ("float32 0.25", (), "float32")
    assert leaf["requires_grad"]
    assert (leaf["cell"], leaf["line"]) == ("c1", 3)
    assert leaf["twin"] == by_title["AccumulateGrad"][0]
    assert by_title["AccumulateGrad"][1]["twin"] == node
    assert by_title["AccumulateGrad"][1]["detail"] == "w.grad"
    assert by_title["t1"][1]["detail"] == "float32[4]"
    assert not by_title["t1"][1]["requires_grad"]
    op, data = by_title["mul"]
    assert (data["name"], data["detail"], data["line"]) == ("y", "float32[4]", 5)
    back, grad_fn = by_title["MulBackward0"]
    assert data["twin"] == back
    assert grad_fn["twin"] == op
    assert grad_fn["detail"] == "saved: self"
    assert grad_fn["event"] == data["event"] == 3


def test_x_times_x_has_two_edges_with_their_slots(script: Script) -> None:
    x = script.leaf(True)
    script.op("mul", x, x)
    graph = build_graph(script.tape())
    for role in (Role.DATA, Role.GRAD):
        slots = [d["slot"] for *_, d in graph.edges(data=True) if d["role"] == role]
        assert sorted(slots) == [0, 1]


def test_each_rebuilt_forward_is_a_graph_of_its_own(script: Script) -> None:
    script.cell("a", 1)
    x = script.leaf(True)
    script.end_cell(x=x)
    for count in (2, 3):
        script.cell(f"c{count}", count)
        y = script.op("pow", x)
        script.backward(y)
        script.end_cell(y=y)
    infos = list_graphs(script.tape())
    assert [info.title for info in infos] == ["y · cell 2", "y · cell 3"]
    assert [info.number for info in infos] == [1, 2]


def test_passes_over_one_retained_graph_belong_to_it(script: Script) -> None:
    x = script.leaf(True)
    y = script.op("pow", x)
    for _ in range(3):
        script.backward(y)
    (info,) = list_graphs(script.tape())
    assert info.passes == (0, 1, 2)
    assert info.detail == "1 operation, passes 1–3"


def train(script: Script, steps: int, prepare: bool = False) -> dict[str, Tensor]:
    script.cell("loop", 4)
    w, rate, data = script.leaf(True), script.leaf(), script.leaf()
    loss = data
    for _ in range(steps):
        script.line(2)
        x = script.op("div", data, rate) if prepare else script.leaf()
        loss = script.op("mean", script.op("mul", w, x))
        script.line(3)
        script.backward(loss)
        script.line(4)
        script.update("sub_", w, script.op("mul", rate, script.grad_of(w), grad=False))
    script.end_cell(w=w, loss=loss)
    return {"w": w, "loss": loss}


def test_a_training_loop_has_a_graph_per_iteration_and_one_of_updates(script: Script) -> None:
    train(script, 3)
    tape = script.tape()
    infos = list_graphs(tape)
    assert [info.title for info in infos] == [
        "loss · pass 1", "update of w · cell 4", "loss · pass 2", "loss · pass 3",
    ]  # fmt: skip
    assert infos[1].detail == "6 operations on parameters and gradients"
    assert infos[1].update
    first, third = build_graph(tape, infos[0]), build_graph(tape, infos[3])
    leaves = [
        {d["title"]: node for node, d in graph.nodes(data=True) if node.kind == Kind.LEAF}
        for graph in (first, third)
    ]
    assert leaves[0]["w"] != leaves[1]["w"]  # another value of the same tensor
    assert {n for n in first if n.kind == Kind.ACCUMULATE} == {
        n for n in third if n.kind == Kind.ACCUMULATE
    }


def test_untracked_preparation_belongs_to_the_graph_that_takes_it(script: Script) -> None:
    train(script, 2, prepare=True)
    tape = script.tape()
    tracked = [info for info in list_graphs(tape) if not info.update]
    assert len(tracked) == 2
    graph = build_graph(tape, tracked[1])
    (prepared,) = [node for node, title in graph.nodes(data="title") if title == "div"]
    assert not graph.nodes[prepared]["requires_grad"]
    assert graph.nodes[prepared]["twin"] is None


def test_what_several_graphs_take_is_a_leaf_there_and_a_graph_of_its_own(script: Script) -> None:
    script.cell("c", 1)
    raw, w = script.leaf(), script.leaf(True)
    ready = script.op("exp", raw)
    for _ in range(2):
        script.backward(script.op("mul", w, ready))
    script.end_cell(raw=raw, ready=ready, w=w)
    tape = script.tape()
    infos = list_graphs(tape)
    assert [info.title for info in infos] == ["ready · cell 1", "mul · pass 1", "mul · pass 2"]
    assert infos[0].detail == "1 operation, not tracked"
    assert ("ready", "mul") in ends(build_graph(tape, infos[2]), Role.DATA)


def test_a_detached_branch_stays_with_the_graph_it_came_from(script: Script) -> None:
    script.cell("c", 1)
    w, v = script.leaf(True), script.leaf(True)
    z = script.op("mul", w, w)
    cut = script.op("detach", z, grad=False)
    out = script.op("mul", v, cut)
    script.end_cell(z=z, cut=cut, out=out, w=w, v=v)
    tape = script.tape()
    infos = list_graphs(tape)
    assert [info.title for info in infos] == ["z · cell 1", "out · cell 1"]
    assert ("mul", "detach") in ends(build_graph(tape, infos[0]), Role.DATA)
    assert ("cut", "mul") in ends(build_graph(tape, infos[1]), Role.DATA)


def test_a_backward_of_a_leaf_has_a_graph_too(script: Script) -> None:
    x = script.leaf(True)
    script.backward(x)
    tape = script.tape()
    (info,) = list_graphs(tape)
    graph = build_graph(tape, info)
    assert {node.kind for node in graph} == {Kind.LEAF, Kind.ACCUMULATE}


def test_the_graph_at_a_playhead_is_where_the_last_thing_happened(script: Script) -> None:
    train(script, 2)
    tape = script.tape()
    infos = list_graphs(tape)
    first, _, second = infos
    assert graph_at(tape, infos, 0) == first
    assert graph_at(tape, infos, first.last_event + 1) == first
    assert graph_at(tape, infos, second.last_event + 1) == second
    assert graph_at(tape, infos, len(tape.events) - 1) is None  # an update: nothing to turn to


def test_the_main_graph_is_the_last_with_a_backward_pass(script: Script) -> None:
    train(script, 2)
    x = script.leaf()
    script.op("exp", x)
    infos = list_graphs(script.tape())
    assert infos[-1].detail == "1 operation, not tracked"
    assert main_graph(infos) == next(info for info in infos if info.passes == (1,))


def test_an_empty_tape_has_no_graphs() -> None:
    tape = Script().tape()
    assert main_graph(list_graphs(tape)) is None
    assert not list_graphs(tape)
    assert len(build_graph(tape)) == 0


def test_ids_stay_when_the_tape_grows(script: Script) -> None:
    script.cell("c", 1)
    w = script.leaf(True)
    y = script.op("exp", w)
    before = set(build_graph(script.tape()))
    script.backward(script.op("sum", y))
    after = build_graph(script.tape())
    assert before < set(after)
    assert all(isinstance(node, NodeId) for node in after)


def test_a_chain_of_20_000_operations_is_listed_and_built(script: Script) -> None:
    x = script.leaf(True)
    y = x
    for _ in range(20_000):
        y = script.op("tanh", y)
    tape = script.tape()
    (info,) = list_graphs(tape)
    graph = build_graph(tape, info)
    assert len(graph) == 40_002


def test_families_of_a_networks_operations_are_known_before_any_network_is_imported() -> None:
    code = "from ui.graph.labels import family; print(family('gelu'), family('native_layer_norm'))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "other" not in run.stdout
