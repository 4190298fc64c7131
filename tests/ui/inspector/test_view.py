"""What is said of a node is what the program did, at every playhead."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tape.schema import GradChange
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId
from ui.inspector.records import Links, NodeView
from ui.inspector.view import describe

LEAVES = "w = torch.tensor([1.0, 2.0], requires_grad=True)\nx = torch.tensor([3.0, 4.0])\n"
TWICE = (
    LEAVES,
    "y = w * x\nloss = y.sum()\nloss.backward()",
    "loss = (w * x).sum()\nloss.backward()",
)


def op(tape: Tape, name: str, which: int = 0) -> NodeId:
    rows = [i for i, row in enumerate(tape.ops) if tape.text(int(row["name"])) == name]
    return NodeId(Kind.OP, rows[which])


def grad_fn(tape: Tape, name: str, which: int = 0) -> NodeId:
    rows = [i for i, row in enumerate(tape.nodes) if tape.text(int(row["name"])) == name]
    kind = Kind.ACCUMULATE if name == "AccumulateGrad" else Kind.GRAD_FN
    return NodeId(kind, rows[which])


def leaf(tape: Tape, name: str) -> NodeId:
    rows = [i for i, row in enumerate(tape.values) if row["op"] < 0]
    return NodeId(Kind.LEAF, next(v for v in rows if tape.label(v) == name))


def at_end(tape: Tape, node: NodeId) -> NodeView:
    return describe(tape, node, len(tape.events))


def facts(view: NodeView) -> dict[str, str]:
    return {fact.label: fact.value for fact in view.facts}


def links(view: NodeView) -> dict[str, Links]:
    return {group.title: group for group in view.links}


def test_a_leaf(record):
    tape = record(*TWICE)
    view = at_end(tape, leaf(tape, "w"))
    assert (view.title, view.stripe) == ("w", "leaf")
    assert facts(view) == {
        "shape": "[2]", "dtype": "float32", "requires_grad": "True", "is_leaf": "True",
        "version": "0", "grad_fn": "None",
    }  # fmt: skip
    assert [link.text for link in links(view)["Used by"].links] == ["mul", "mul"]
    assert links(view)["Accumulator"].links[0].node == grad_fn(tape, "AccumulateGrad")
    np.testing.assert_array_equal(view.value.array, [1, 2])
    np.testing.assert_array_equal(view.gradient.array, [6, 8])


def test_a_tensor_without_gradient_says_so(record):
    tape = record(*TWICE)
    view = at_end(tape, leaf(tape, "x"))
    assert view.stripe == "input"
    assert view.gradient.array is None
    assert view.gradient.note == "None: requires_grad is False."
    assert view.ledger is None


def test_an_operation(record):
    tape = record(*TWICE)
    view = at_end(tape, op(tape, "mul"))
    assert (view.title, view.subtitle, view.stripe) == ("mul", "makes y", "pointwise")
    assert facts(view)["is_leaf"] == "False"
    inputs = links(view)["Inputs"].links
    assert [(link.slot, link.text, link.detail) for link in inputs] == [
        ("0", "w", "float32[2]"),
        ("1", "x", "float32[2]"),
    ]
    assert [link.node for link in inputs] == [leaf(tape, "w"), leaf(tape, "x")]
    assert links(view)["Used by"].links[0].node == op(tape, "sum")
    assert links(view)["grad_fn"].links[0].node == grad_fn(tape, "MulBackward0")
    np.testing.assert_array_equal(view.value.array, [3, 8])
    np.testing.assert_array_equal(view.gradient.array, [1, 1])


def test_a_grad_fn(record):
    tape = record(*TWICE)
    view = at_end(tape, grad_fn(tape, "MulBackward0"))
    assert (view.title, view.subtitle, view.stripe) == ("MulBackward0", "backward of mul", "grad")
    edges = links(view)["next_functions"].links
    assert [(link.slot, link.text, link.detail) for link in edges] == [
        ("0", "AccumulateGrad → w", "[3.0, 4.0]"),
        ("1", "None", "no gradient wanted"),
    ]
    assert edges[1].node is None
    assert links(view)["Backward of"].links[0].node == op(tape, "mul")
    assert facts(view)["visited"] == "in pass 1, step 2"


def test_an_accumulator_shows_the_leaf_s_grad(record):
    tape = record(*TWICE)
    view = at_end(tape, grad_fn(tape, "AccumulateGrad"))
    assert view.subtitle == "adds to w.grad"
    assert links(view)["Variable"].links[0].node == leaf(tape, "w")
    np.testing.assert_array_equal(view.gradient.array, [6, 8])


def test_the_source_line(record):
    tape = record(*TWICE)
    source = at_end(tape, op(tape, "sum")).source
    assert (source.cell, source.line) == ("cell-2", 2)
    assert source.text == "loss = y.sum()"
    assert source.place == "cell 2, line 2"
    assert at_end(tape, grad_fn(tape, "SumBackward0")).source == source


def test_a_leaf_leads_to_the_line_that_made_it(record):
    tape = record("# w = nothing\nw, x = None, None", *TWICE)
    source = at_end(tape, leaf(tape, "w")).source
    assert (source.cell, source.line, source.place) == ("cell-2", 1, "cell 2, line 1")
    assert source.text.startswith("w = torch.tensor")
    assert at_end(tape, grad_fn(tape, "AccumulateGrad")).source == source


def test_a_line_in_a_function_names_it(record):
    tape = record("def double(t):\n    return t * 2\n", LEAVES + "double(w)")
    source = at_end(tape, op(tape, "mul")).source
    assert (source.cell, source.line, source.place) == ("cell-1", 2, "cell 1, line 2 in double")


def test_nothing_is_known_before_it_happened(record):
    tape = record(*TWICE)
    mul, node = op(tape, "mul"), grad_fn(tape, "MulBackward0")
    event = int(tape.ops["event"][mul.ref])
    assert describe(tape, mul, event).value.array is None
    assert describe(tape, mul, event + 1).value.array is not None
    step = int(tape.steps["event"][tape.steps["node"] == node.ref][0])
    assert describe(tape, node, step).gradient.array is None
    assert facts(describe(tape, node, step))["visited"] == "not yet at the playhead"
    np.testing.assert_array_equal(describe(tape, node, step + 1).gradient.array, [1, 1])


def test_every_node_can_be_described_at_every_playhead(record):
    more = "w.grad = None\nv = w.exp()\nv.mul_(2)\nv.sum().backward()\nv.sum().backward()"
    tape = record(*TWICE, more)
    nodes = [NodeId(Kind.OP, i) for i in range(len(tape.ops))]
    nodes += [
        NodeId(Kind.ACCUMULATE if row["variable"] >= 0 else Kind.GRAD_FN, i)
        for i, row in enumerate(tape.nodes)
    ]
    nodes += [NodeId(Kind.LEAF, i) for i, row in enumerate(tape.values) if row["op"] < 0]
    for node in nodes:
        for playhead in range(len(tape.events) + 1):
            assert describe(tape, node, playhead).title


# -- the ledger -------------------------------------------------------------------------------


def test_a_doubled_gradient_is_explained(record):
    tape = record(*TWICE)
    ledger = at_end(tape, leaf(tape, "w")).ledger
    assert [(row.title, row.delta, row.after, row.piled) for row in ledger.rows] == [
        ("pass 1", "[3.0, 4.0]", "[3.0, 4.0]", False),
        ("pass 2", "[3.0, 4.0]", "[6.0, 8.0]", True),
    ]
    assert ledger.alarming
    assert ledger.verdict == (
        "w.grad is the sum of 2 passes (1 and 2): nothing cleared it between them."
    )
    assert ledger.rows[1].place == "MulBackward0 · cell 3, line 1"


@pytest.mark.parametrize(
    ("clearing", "kind", "title", "after"),
    [
        ("w.grad.zero_()", GradChange.WRITE, "zero_()", "[0.0, 0.0]"),
        ("w.grad = None", GradChange.CLEAR, "set to None", "None"),
        ("w.grad = torch.tensor([0.5, 0.5])", GradChange.SET, "assigned", "[0.5, 0.5]"),
    ],
)
def test_clearing_between_passes_is_listed_and_calms(record, clearing, kind, title, after):
    tape = record(TWICE[0], TWICE[1], clearing, TWICE[2])
    ledger = at_end(tape, leaf(tape, "w")).ledger
    assert [row.kind for row in ledger.rows] == [
        GradChange.ACCUMULATE, kind, GradChange.ACCUMULATE,
    ]  # fmt: skip
    cleared = ledger.rows[1]
    assert (cleared.title, cleared.delta, cleared.after) == (title, "", after)
    assert cleared.place.startswith("cell 3")
    assert not ledger.alarming
    assert ledger.verdict == "w.grad holds the gradient of pass 2 alone."


def test_two_paths_of_one_pass_are_told_apart(record):
    tape = record(LEAVES, "(w * x + w).sum().backward()")
    ledger = at_end(tape, leaf(tape, "w")).ledger
    (row,) = ledger.rows
    assert row.delta == "[4.0, 5.0]"
    assert {(part.text, part.delta) for part in row.parts} == {
        ("AddBackward0", "[1.0, 1.0]"),
        ("MulBackward0", "[3.0, 4.0]"),
    }
    assert not ledger.alarming


def test_the_ledger_knows_past_and_future(record):
    tape = record(*TWICE)
    node = leaf(tape, "w")
    first = at_end(tape, node).ledger.rows[0].playhead
    before, after = describe(tape, node, first - 1).ledger, describe(tape, node, first).ledger
    assert [row.past for row in before.rows] == [False, False]
    assert before.verdict == "Nothing has been added to w.grad yet."
    assert [row.past for row in after.rows] == [True, False]
    assert after.verdict == "w.grad holds the gradient of pass 1 alone."
    np.testing.assert_array_equal(describe(tape, node, first).gradient.array, [3, 4])


def test_a_row_leads_to_the_moment_when_grad_holds_what_it_says(record):
    tape = record(*TWICE)
    node = leaf(tape, "w")
    for row in at_end(tape, node).ledger.rows:
        shown = describe(tape, node, row.playhead).gradient.array
        assert f"[{shown[0]:.1f}, {shown[1]:.1f}]" == row.after


def test_a_long_history_is_cut_around_the_playhead(record):
    tape = record(LEAVES, "for _ in range(100):\n    (w * x).sum().backward()")
    node = leaf(tape, "w")
    end = at_end(tape, node).ledger
    assert (end.earlier, len(end.rows), end.later) == (60, 40, 0)
    assert end.rows[-1].title == "pass 100"
    assert "100 passes (1 to 100)" in end.verdict
    start = describe(tape, node, 0).ledger
    assert (start.earlier, len(start.rows), start.later) == (0, 12, 88)


def test_what_a_node_had_saved_is_freed_by_a_pass(record):
    tape = record(
        LEAVES,
        "y = (w * x).exp().sum()\ny.backward(retain_graph=True)\ny.backward()",
        "y.backward()",
    )
    node = grad_fn(tape, "ExpBackward0")
    rows = np.flatnonzero(tape.steps["node"] == node.ref)
    first, freeing = (int(tape.steps["event"][row]) + 1 for row in rows)
    view = describe(tape, node, first)
    assert links(view)["Saved"].links[0].detail == "float32[2]"
    assert "saved tensors" not in facts(view)
    view = describe(tape, node, freeing)
    assert facts(view)["saved tensors"] == "freed by pass 2, step 2"
    assert "missed" not in facts(view)
    link = links(view)["Saved, freed by pass 2"].links[0]
    assert (link.text, link.detail) == ("result: exp", "freed")
    assert facts(at_end(tape, node))["missed"] == "by pass 3, which stopped here"
    assert "missed" not in facts(at_end(tape, grad_fn(tape, "MulBackward0")))
