"""Scales, what is measured through each lens, and the shades at a playhead."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tape.replay import cotangents, state_at
from engine.tape.schema import Event
from engine.tape.tape import Tape
from tests.benchmarks.graphs import sizes
from tests.ui.graph.test_groups import net_tape
from ui.graph.folding import fold
from ui.graph.groups import By, group_by
from ui.graph.layout import lay_out
from ui.graph.lens import CLASSES, Lens, Scale, Shade, class_of, scale_of
from ui.graph.measures import Gauge
from ui.graph.model import build_graph, list_graphs, main_graph
from ui.graph.shading import Shading
from ui.graph.tint import TintIndex
from ui.graph.types import Kind, Role

PROGRAM = """\
w = torch.tensor([3.0, 4.0], requires_grad=True)
v = torch.tensor([0.0, 0.0], requires_grad=True)
k = torch.tensor([1, 2])
a = w * 10.0
loss = (a * a).sum() + (v * k).sum() + (a * 0.0).sum()
loss.backward()
"""


class Seen:
    """The first graph of a recording through a lens."""

    def __init__(self, tape: Tape, lens: Lens, flow: bool = False) -> None:
        self.tape = tape
        self.graph = build_graph(tape, list_graphs(tape)[0])
        self.layout = lay_out(self.graph, sizes(self.graph))
        self.tint = TintIndex(tape, self.graph, self.layout)
        measures = Gauge().measure(tape, self.graph, self.layout, lens, flow)
        assert measures is not None
        self.measures = measures
        self.shading = Shading(self.tint, self.graph, self.layout, self.measures, flow)

    def number(self, title: str, kind: Kind, which: int = 0) -> float:
        return float(self.measures.nodes[self.place(title, kind, which)])

    def place(self, title: str, kind: Kind, which: int = 0) -> int:
        ids, nodes = self.layout.ids, self.graph.nodes
        found = [i for i, n in enumerate(ids) if n.kind == kind and nodes[n]["title"] == title]
        return sorted(found, key=lambda i: ids[i].ref)[which]

    def at(self, playhead: int):
        moment = state_at(self.tape, playhead)
        return self.shading.dress(self.tint.state(moment), moment)

    def steps(self) -> list[int]:
        return (np.flatnonzero(self.tape.events["kind"] == Event.STEP) + 1).tolist()


@pytest.fixture
def tape(record: Callable[..., Tape]) -> Tape:
    return record(PROGRAM)


POSITIVE = st.floats(1e-300, 1e300)


@given(st.lists(POSITIVE, min_size=1, max_size=20))
def test_larger_numbers_have_no_lower_shade_and_the_ends_are_reached(numbers: list[float]) -> None:
    given_numbers = np.sort(np.array(numbers))
    scale = scale_of(given_numbers)
    assert scale is not None
    shades = scale.shades(given_numbers).astype(int)
    assert (np.diff(shades) >= 0).all()
    assert shades.min() >= Shade.RAMP and shades.max() < Shade.RAMP + Shade.STEPS
    ticks = scale.ticks()
    assert [place for place, _ in ticks] == sorted({place for place, _ in ticks})
    assert ticks[0][0] == 0.0 and ticks[-1][0] == 1.0 and 2 <= len(ticks) <= 5
    assert ticks[-1][1] >= given_numbers.max() * (1 - 1e-6)


def test_zero_nothing_and_faults_have_shades_of_their_own() -> None:
    shades = Scale(0, 1).shades(np.array([0.0, np.nan, np.inf, 1e-99, 10.0]))
    top = Shade.RAMP + Shade.STEPS - 1
    assert shades.tolist() == [Shade.ZERO, Shade.NONE, Shade.FAULT, Shade.RAMP, top]
    assert scale_of(np.array([0.0, np.nan, np.inf])) is None


def test_values_are_measured_as_root_mean_squares(tape: Tape) -> None:
    seen = Seen(tape, Lens.VALUE)
    assert seen.number("w", Kind.LEAF) == pytest.approx(5 / 2**0.5)
    assert seen.number("v", Kind.LEAF) == 0.0
    assert seen.number("sum", Kind.OP) == pytest.approx(2500.0)
    assert np.isnan(seen.number("AccumulateGrad", Kind.ACCUMULATE))
    words = [text for legend in seen.shading.legends for _, text in legend.entries]
    assert words == ["zero"]


def test_memory_and_types_are_those_of_the_tape(tape: Tape) -> None:
    memory, types = Seen(tape, Lens.MEMORY), Seen(tape, Lens.DTYPE)
    assert memory.number("w", Kind.LEAF) == 8 and memory.number("k", Kind.LEAF) == 16
    assert memory.number("MulBackward0", Kind.GRAD_FN, 1) == 16.0  # a * a saves a twice
    assert types.number("k", Kind.LEAF) == CLASSES.index("integer")
    assert types.number("w", Kind.LEAF) == CLASSES.index("float32")
    legend = types.shading.legends[0]
    assert [text for _, text in legend.entries] == ["float32", "integer"] and not legend.ticks
    assert class_of("complex64") == class_of("complex128") != class_of("bool")


def test_time_is_that_since_the_event_before(tape: Tape) -> None:
    seen = Seen(tape, Lens.TIME)
    node = seen.layout.ids[seen.place("sum", Kind.OP)]
    event = int(tape.ops["event"][node.ref])
    time = tape.events["time"]
    assert seen.number("sum", Kind.OP) == time[event] - time[event - 1]
    assert np.isnan(seen.number("w", Kind.LEAF))
    step = int(tape.steps["event"][0])
    root = seen.layout.ids.index(next(n for n in seen.layout.ids if n.kind == Kind.GRAD_FN and
                                      n.ref == tape.steps["node"][0]))  # fmt: skip
    assert seen.measures.nodes[root] == time[step] - time[step - 1]


def test_gradients_shade_what_they_have_reached_and_no_more(tape: Tape) -> None:
    seen = Seen(tape, Lens.GRADIENT)
    before = seen.at(int(tape.passes["event"][0]) + 1)
    assert set(before.shades.tolist()) == {Shade.NONE} and not before.flows.any()
    for playhead in seen.steps():
        state = seen.at(playhead)
        assert ((state.flows > 0) == state.edge_lit).all()
        back = [i for i, n in enumerate(seen.layout.ids) if n.kind > Kind.OP]
        assert ((state.shades > Shade.NONE)[back] == state.visited[back]).all()
    last = seen.at(seen.steps()[-1])
    w, v = seen.place("w", Kind.LEAF), seen.place("v", Kind.LEAF)
    assert last.shades[w] > last.shades[v] >= Shade.RAMP  # |2 * 100 * w| against |k|
    scale = scale_of(np.concatenate([seen.measures.sent, seen.measures.came]))
    assert scale is not None
    wanted = scale.shades(np.array([200 * 5.0, 5**0.5]))
    assert last.shades[[w, v]].tolist() == wanted.tolist()


def test_the_legend_says_where_there_are_no_gradients(record: Callable[..., Tape]) -> None:
    seen = Seen(record("x = torch.tensor([1.0]); y = x * 2.0"), Lens.GRADIENT, flow=True)
    assert [legend.title for legend in seen.shading.legends] == [
        "Gradient norm: none in this graph"
    ]


def test_edges_carry_the_norm_of_what_crossed_them(tape: Tape) -> None:
    seen = Seen(tape, Lens.OPERATION, flow=True)
    state = seen.at(seen.steps()[-1])
    assert state.shades is None
    lit = np.flatnonzero(state.edge_lit)
    assert (seen.layout.roles[lit] == Role.GRAD).all() and Shade.ZERO in state.flows[lit]
    for slot, row in enumerate(tape.contributions):
        if row["node"] >= 0:
            norm = np.linalg.norm(tape.array(int(row["array"])).astype(float))
            assert seen.measures.sent[slot] == pytest.approx(norm)


def test_what_came_in_at_a_step_is_the_sum_of_what_was_sent(tape: Tape) -> None:
    seen = Seen(tape, Lens.GRADIENT)
    for step in range(len(tape.steps)):
        (came,) = (one for one in cotangents(tape, step) if one is not None)
        assert seen.measures.came[step] == pytest.approx(np.linalg.norm(came.astype(float)))


def test_a_gradient_that_is_not_finite_is_a_fault(record: Callable[..., Tape]) -> None:
    source = "x = torch.zeros(2, requires_grad=True)\n(x.sqrt() * 0).sum().backward()\n"
    seen = Seen(record(source), Lens.GRADIENT)
    state = seen.at(seen.steps()[-1])
    assert state.shades[seen.place("AccumulateGrad", Kind.ACCUMULATE)] == Shade.FAULT
    assert (Shade.FAULT, "NaN or Inf") in seen.shading.legends[0].entries


def test_a_second_pass_begins_without_the_shades_of_the_first(
    record: Callable[..., Tape],
) -> None:
    seen = Seen(record("x = torch.ones(2, requires_grad=True)\ny = (x * 2).sum()\n"
                       "y.backward(retain_graph=True)\ny.backward()\n"), Lens.GRADIENT)  # fmt: skip
    second = int(seen.tape.passes["event"][1])
    assert (seen.at(second).shades > Shade.NONE).any()
    assert set(seen.at(second + 1).shades.tolist()) == {Shade.NONE}


def test_measuring_can_be_cancelled_and_reads_nothing_twice(
    tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = build_graph(tape, list_graphs(tape)[0])
    layout, gauge = lay_out(graph, sizes(graph)), Gauge()
    assert gauge.measure(tape, graph, layout, Lens.VALUE, True, lambda: True) is None
    first = gauge.measure(tape, graph, layout, Lens.VALUE, True)
    assert first is not None
    monkeypatch.setattr(tape, "array", lambda index: pytest.fail("read again"))
    again = gauge.measure(tape, graph, layout, Lens.VALUE, True)
    assert again is not None
    np.testing.assert_array_equal(first.nodes, again.nodes)
    np.testing.assert_array_equal(first.came, again.came)


@pytest.mark.parametrize("lens", [Lens.VALUE, Lens.TIME, Lens.MEMORY, Lens.GRADIENT])
def test_a_folded_group_has_the_shade_of_what_is_inside(lens: Lens) -> None:
    tape = net_tape(2)
    whole = build_graph(tape, main_graph(list_graphs(tape)))
    groups = group_by(tape, whole, By.MODULE)
    first = next(group for group in groups.groups if group.title == "layers.1")
    shown = fold(whole, groups, [first.id])
    layout = lay_out(shown.graph, sizes(shown.graph), nest=shown.nest)
    measures = Gauge().measure(tape, shown.graph, layout, lens, True)
    assert measures is not None
    tint = TintIndex(tape, shown.graph, layout, hidden=shown.hidden)
    moment = state_at(tape, len(tape.events))
    state = Shading(tint, shown.graph, layout, measures, True).dress(tint.state(moment), moment)
    at = layout.ids.index(first.id)
    assert state.shades is not None and state.shades[at] >= Shade.RAMP
    crossed = [e for e in np.flatnonzero(state.edge_lit).tolist() if at in layout.edge_ends[e]]
    assert crossed and all(state.flows[e] >= Shade.RAMP for e in crossed)
    if lens in (Lens.VALUE, Lens.MEMORY):
        plain = lay_out(whole, sizes(whole))
        inside = [i for i, node in enumerate(plain.ids) if shown.hidden.get(node) == first.id]
        each = Gauge().measure(tape, whole, plain, lens, False)
        assert each is not None
        numbers = each.nodes[inside]
        wanted = np.nanmax(numbers) if lens == Lens.VALUE else None
        if wanted is not None:
            assert measures.nodes[at] == wanted
        else:
            assert np.nanmax(numbers) < measures.nodes[at] <= np.nansum(numbers)
