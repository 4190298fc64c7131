"""The model, the layout and the tints on tapes of programs that the engine really ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.replay import state_at
from engine.tape.schema import Event
from engine.tape.tape import Tape
from tests.benchmarks.graphs import sizes
from tests.benchmarks.measure import box_overlaps, drawing, edges_through
from tests.examples import examples
from ui.graph.layout import lay_out
from ui.graph.model import build_graph, list_graphs
from ui.graph.tint import TintIndex
from ui.graph.types import Kind, Role

Cell = Callable[[dict[str, Any]], None]


def record(*cells: Cell) -> Tape:
    """Run cells over one namespace."""
    recorder, names = Recorder(), dict[str, Any]()
    with recorder:
        for number, cell in enumerate(cells, 1):
            recorder.begin_cell(f"c{number}", "", number)
            cell(names)
            recorder.end_cell(names)
    assert recorder.failure is None
    return recorder.tape()


def test_three_rebuilt_forwards_are_three_graphs_that_add_to_one_leaf() -> None:
    def leaf(n: dict[str, Any]) -> None:
        n["x"] = torch.tensor(2.0, requires_grad=True)

    def again(n: dict[str, Any]) -> None:
        n["y"] = n["x"] ** 2
        n["y"].backward()

    tape = record(leaf, again, again, again)
    infos = list_graphs(tape)
    assert [info.title for info in infos] == ["y · cell 2", "y · cell 3", "y · cell 4"]
    badges = []
    for info in infos:
        graph = build_graph(tape, info)
        layout = lay_out(graph, sizes(graph))
        index = TintIndex(tape, graph, layout)
        last = int(tape.steps["event"][tape.steps["pass_"] == info.passes[0]][-1])
        state = index.state(state_at(tape, last + 1))
        badges.append(
            {graph.nodes[layout.ids[i]]["title"]: text for i, text in state.badges.items()}
        )
    assert badges == [
        {"AccumulateGrad": "+ 4", "x": "grad 4"},
        {"AccumulateGrad": "+ 4", "x": "grad 8"},
        {"AccumulateGrad": "+ 4", "x": "grad 12"},
    ]


def test_zeroing_and_clearing_a_grad_show_at_its_leaf() -> None:
    def cell(n: dict[str, Any]) -> None:
        n["x"] = x = torch.tensor(2.0, requires_grad=True)
        (x * x).backward()
        x.grad.zero_()
        x.grad = None

    tape = record(cell)
    graph = build_graph(tape, next(info for info in list_graphs(tape) if not info.update))
    layout = lay_out(graph, sizes(graph))
    index = TintIndex(tape, graph, layout)
    leaf = next(i for i, node in enumerate(layout.ids) if node.kind == Kind.LEAF)
    changes = np.flatnonzero(tape.events["kind"] == Event.GRAD) + 1
    states = [index.state(state_at(tape, int(playhead))) for playhead in changes]
    assert [state.badges for state in states] == [{leaf: "grad 0"}, {leaf: "grad None"}]
    assert [state.active for state in states] == [leaf, leaf]


def test_a_training_loop_is_a_graph_per_step_with_updates_apart() -> None:
    def loop(n: dict[str, Any]) -> None:
        n["w"] = w = torch.ones(3, requires_grad=True)
        for _ in range(3):
            n["loss"] = (w * w).sum()
            n["loss"].backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
            w.grad.zero_()

    tape = record(loop)
    infos = list_graphs(tape)
    assert [info.title for info in infos if not info.update] == [
        "loss · pass 1", "loss · pass 2", "loss · pass 3",
    ]  # fmt: skip
    (update,) = [info for info in infos if info.update]
    assert update.title == "update of w, w.grad · cell 1"
    assert all(len(info.ops) == 2 for info in infos if not info.update)


def test_what_a_layer_begins_with_is_told_from_its_updates() -> None:
    def make(n: dict[str, Any]) -> None:
        n["layer"] = torch.nn.Linear(2, 3)

    (info,) = list_graphs(record(make))
    assert info.title == "initial weight, bias · cell 1"


def test_a_detached_view_and_a_gradient_of_a_gradient_stay_in_their_graph() -> None:
    def cell(n: dict[str, Any]) -> None:
        n["x"] = x = torch.ones(2, requires_grad=True)
        n["y"] = y = (x * x * x).sum()
        x.grad = None
        y.backward(create_graph=True)
        n["cut"] = y.detach()

    with pytest.warns(UserWarning, match="create_graph"):
        tape = record(cell)
    (info,) = list_graphs(tape)
    graph = build_graph(tape, info)
    titles = Counter(title for _, title in graph.nodes(data="title"))
    assert titles["detach"] == 1
    assert titles["mul"] > 2  # those that the backward pass recorded too


@st.composite
def programs(draw: st.DrawFn) -> list[Cell]:
    """Cells that compute, run backward, update in place and detach, in any order."""

    def compute(name: str, picks: list[int], tracked: bool) -> Cell:
        def cell(n: dict[str, Any]) -> None:
            pool = n.setdefault("pool", [torch.ones(2, requires_grad=True), torch.ones(2)])
            a, b = (pool[k % len(pool)] for k in picks)
            with torch.enable_grad() if tracked else torch.no_grad():
                results = {"mul": a * b, "add": a + b, "exp": a.exp(), "cut": (a * b).detach()}
                pool.append(results[name])

        return cell

    def backward(n: dict[str, Any]) -> None:
        for tensor in reversed(n.get("pool", [])):
            if tensor.requires_grad:
                tensor.sum().backward(retain_graph=True)
                break

    def update(n: dict[str, Any]) -> None:
        leaf = n.get("pool", [None])[0]
        if leaf is not None and leaf.grad is not None:
            with torch.no_grad():
                leaf.data.sub_(leaf.grad)
            leaf.grad.zero_()

    def one() -> Cell:
        kind = draw(st.integers(0, 9))
        if kind == 0:
            return update
        if kind <= 2:
            return backward
        picks = [draw(st.integers(0, 20)), draw(st.integers(0, 20))]
        name = draw(st.sampled_from(["mul", "add", "exp", "cut"]))
        return compute(name, picks, draw(st.integers(0, 3)) > 0)

    return [one() for _ in range(draw(st.integers(1, 14)))]


@given(programs())
@examples(25)
def test_every_operation_is_in_one_graph_which_shows_all_its_edges(cells: list[Cell]) -> None:
    tape = record(*cells)
    infos = list_graphs(tape)
    seen: Counter[Any] = Counter()
    for info in infos:
        graph = build_graph(tape, info)
        seen.update(node for node in graph if node.kind in (Kind.OP, Kind.GRAD_FN))
        for node in graph:
            roles = [role for *_, role in graph.in_edges(node, data="role")]
            if node.kind == Kind.OP:
                assert roles.count(Role.DATA) == tape.ops["n_in"][node.ref]
            if node.kind == Kind.GRAD_FN:
                first, count = (int(tape.nodes[c][node.ref]) for c in ("edge0", "n_edge"))
                sent = [role for *_, role in graph.out_edges(node, data="role")]
                following = tape.edges["node"][first : first + count]
                assert sent.count(Role.GRAD) == (following >= 0).sum()
                assert roles.count(Role.TIE) == 1
        layout = lay_out(graph, sizes(graph))
        assert box_overlaps(layout.boxes.astype(np.float64)) == 0
        assert edges_through(drawing(layout)) == 0
        check_tints(tape, TintIndex(tape, graph, layout))
    assert sorted(node.ref for node in seen if node.kind == Kind.OP) == list(range(len(tape.ops)))
    assert set(seen.values()) <= {1}
    firsts = [info.first_event for info in infos]
    assert firsts == sorted(firsts)


def check_tints(tape: Tape, index: TintIndex) -> None:
    """What is visited or lit is shown, nothing that is shown goes again."""
    before = np.zeros(0)
    for playhead in range(0, len(tape.events) + 1, 3):
        state = index.state(state_at(tape, playhead))
        assert not (state.visited & ~state.shown).any()
        assert state.active < 0 or state.shown[state.active]
        assert not len(before) or not (before & ~state.shown).any()
        assert state.edge_lit[state.pulses].all()
        before = state.shown


def test_a_pass_lights_every_gradient_edge_of_its_graph() -> None:
    def cell(n: dict[str, Any]) -> None:
        x = torch.ones(2, requires_grad=True)
        ((x * x).exp() + x).sum().backward()

    tape = record(cell)
    (info,) = list_graphs(tape)
    graph = build_graph(tape, info)
    layout = lay_out(graph, sizes(graph))
    state = TintIndex(tape, graph, layout).state(state_at(tape, len(tape.events)))
    assert np.array_equal(state.edge_lit, layout.roles == Role.GRAD)
    assert (tape.events["kind"] == Event.STEP).sum() == state.visited.sum()
