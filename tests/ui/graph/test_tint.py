"""What is tinted at a playhead."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tape.replay import state_at
from engine.tape.schema import Event
from engine.tape.tape import Tape
from tests.benchmarks.graphs import sizes
from tests.ui.graph.tapes import Script
from ui.graph.layout import lay_out
from ui.graph.model import build_graph, list_graphs
from ui.graph.tint import TintIndex, canvas_state
from ui.graph.types import Kind, NodeId, Role


class Shown:
    """One graph of a tape, laid out."""

    def __init__(self, tape: Tape, number: int = 1) -> None:
        self.tape = tape
        self.graph = build_graph(tape, list_graphs(tape)[number - 1])
        self.layout = lay_out(self.graph, sizes(self.graph))
        self.index = TintIndex(tape, self.graph, self.layout)

    def at(self, playhead: int):
        return self.index.state(state_at(self.tape, playhead))

    def titles(self, mask: np.ndarray) -> list[str]:
        ids = self.layout.ids
        return sorted(self.graph.nodes[ids[i]]["title"] for i in np.flatnonzero(mask))

    def place(self, title: str) -> int:
        ids = self.layout.ids
        (found,) = [i for i, n in enumerate(ids) if self.graph.nodes[n]["title"] == title]
        return found


def steps(tape: Tape) -> list[int]:
    """Return the playheads right after each step."""
    return (np.flatnonzero(tape.events["kind"] == Event.STEP) + 1).tolist()


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def chain(script: Script) -> Shown:
    """y = tanh(w * x) and its backward."""
    script.cell("c", 1)
    w, x = script.leaf(True), script.leaf()
    script.backward(script.op("tanh", script.op("mul", w, x)))
    script.end_cell(w=w, x=x)
    return Shown(script.tape())


def test_nodes_appear_when_they_come_into_being(chain: Shown) -> None:
    assert chain.titles(chain.at(0).shown) == []
    assert chain.titles(chain.at(2).shown) == ["w"]
    both = ["AccumulateGrad", "MulBackward0", "mul", "w", "x"]
    assert chain.titles(chain.at(4).shown) == both
    assert chain.at(len(chain.tape.events)).shown.all()


def test_the_playhead_stands_on_what_just_happened(chain: Shown) -> None:
    assert chain.at(1).active == -1  # the beginning of the cell
    assert chain.at(2).active == chain.place("w")
    assert chain.at(4).active == chain.place("mul")
    first, second, third = steps(chain.tape)
    assert chain.at(first).active == chain.place("TanhBackward0")
    assert chain.at(second).active == chain.place("MulBackward0")
    assert chain.at(third).active == chain.place("AccumulateGrad")


def test_the_backward_wave_leaves_a_trail_of_nodes_and_edges(chain: Shown) -> None:
    first, second, third = steps(chain.tape)
    grads = chain.layout.roles == Role.GRAD
    assert chain.titles(chain.at(first).visited) == ["TanhBackward0"]
    assert chain.titles(chain.at(second).visited) == ["MulBackward0", "TanhBackward0"]
    assert chain.at(first).edge_lit.sum() == 1
    assert np.array_equal(chain.at(third).edge_lit, grads)
    assert not chain.at(first - 1).edge_lit.any()


def test_a_step_moves_its_cotangents_along_its_own_edges(chain: Shown) -> None:
    first, second, third = steps(chain.tape)
    for playhead, source in ((first, "TanhBackward0"), (second, "MulBackward0")):
        (edge,) = chain.at(playhead).pulses.tolist()
        assert chain.layout.edge_ends[edge, 0] == chain.place(source)
    assert not len(chain.at(third).pulses)
    assert not len(chain.at(third + 1).pulses)


def test_parallel_edges_of_x_times_x_are_lit_both(script: Script) -> None:
    x = script.leaf(True)
    script.backward(script.op("mul", x, x))
    shown = Shown(script.tape())
    state = shown.at(steps(shown.tape)[0])
    assert sorted(state.pulses.tolist()) == np.flatnonzero(shown.layout.roles == Role.GRAD).tolist()


def test_accumulating_says_what_is_added_and_what_grad_holds(script: Script) -> None:
    script.cell("c", 1)
    x, v = script.leaf(True), script.leaf(True, size=4)
    y = script.op("mul", x, v)
    script.backward(y, 0.31)
    script.backward(y, -0.5)
    script.end_cell(x=x, v=v)
    tape = script.tape()
    shown = Shown(tape)
    badges = []
    for playhead in steps(tape):
        names = {i: shown.layout.ids[i] for i in shown.at(playhead).badges}
        texts = shown.at(playhead).badges
        badges.append({shown.graph.nodes[names[i]]["detail"]: text for i, text in texts.items()})
    one, four = "float32 1", "float32[4]"
    assert badges[0] == badges[3] == {}
    assert {"x.grad": "+ 0.31", one: "grad 0.31"} in badges[1:3]
    assert {"v.grad": "+ ‖Δ‖ 0.62", four: "‖grad‖ 0.62"} in badges[1:3]
    assert {"x.grad": "− 0.5", one: "grad −0.19"} in badges[4:]
    assert {"v.grad": "+ ‖Δ‖ 1", four: "‖grad‖ 0.38"} in badges[4:]


def test_a_pass_over_another_graph_does_not_tint_shared_leaves(script: Script) -> None:
    script.cell("c", 1)
    x = script.leaf(True)
    for name in ("exp", "sin"):
        script.backward(script.op(name, x))
    script.end_cell(x=x)
    tape = script.tape()
    first, second = Shown(tape, 1), Shown(tape, 2)
    end = steps(tape)[-1]
    assert not first.at(end).visited.any()
    assert first.at(end).active == -1
    assert second.titles(second.at(end).visited) == ["AccumulateGrad", "SinBackward0"]


def test_a_second_pass_begins_without_a_trail(script: Script) -> None:
    x = script.leaf(True)
    y = script.op("exp", x)
    script.backward(y)
    script.backward(y)
    shown = Shown(script.tape())
    again = int(shown.tape.passes["event"][1]) + 1
    assert shown.at(again - 1).visited.sum() == 2
    assert not shown.at(again).visited.any()
    assert not shown.at(again).edge_lit.any()


def test_a_layout_of_a_shorter_tape_can_show_a_longer_one(script: Script) -> None:
    x = script.leaf(True)
    script.backward(script.op("exp", x))
    old = Shown(script.tape())
    script.backward(script.op("sin", script.op("exp", x)))
    longer = script.tape()
    old.index.tape = longer
    state = old.index.state(state_at(longer, len(longer.events)))
    assert state.shown.all()
    assert not state.visited.any()


def test_the_function_is_the_index_in_one_go(chain: Shown) -> None:
    moment = state_at(chain.tape, steps(chain.tape)[1])
    once = canvas_state(chain.tape, chain.graph, chain.layout, moment)
    kept = chain.index.state(moment)
    for a, b in (
        (once.shown, kept.shown),
        (once.visited, kept.visited),
        (once.edge_lit, kept.edge_lit),
    ):
        assert np.array_equal(a, b)
    assert once.active == kept.active
    assert NodeId(Kind.OP, 0) in chain.layout.ids


def test_wherever_the_playhead_jumps_the_tints_are_those_of_a_fresh_look(record) -> None:
    tape = record(
        "w = torch.ones(2, requires_grad=True)\n"
        "y = (w * w).tanh()\ny.sum().backward(retain_graph=True)\ny.sum().backward()\n"
        "(w.exp() * w).sum().backward()\n"
    )
    rng = np.random.default_rng(0)
    for number in (1, 2):
        shown = Shown(tape, number)
        for playhead in rng.integers(0, len(tape.events) + 1, 60).tolist():
            found = shown.at(playhead)
            fresh = canvas_state(tape, shown.graph, shown.layout, state_at(tape, playhead))
            for one, other in zip(found.__slots__, fresh.__slots__, strict=True):
                np.testing.assert_array_equal(getattr(found, one), getattr(fresh, other))
