"""Which nodes of a graph meet a condition of breakpoints."""

from __future__ import annotations

import numpy as np
import pytest

from engine.tape.conditions import ConditionError
from engine.tape.tape import Tape
from tests.app.drive import write_tape
from ui.graph.conditions import is_condition, meeting, read_condition
from ui.graph.model import build_graph, list_graphs, main_graph
from ui.graph.types import Kind, NodeId

PROGRAM = """\
w = torch.tensor([3.0, 4.0], requires_grad=True)
h = (w * 2).exp()
loss = (h.sum() * 0.001 + (w * float("nan")).sum() * 0.0)
loss.backward(retain_graph=True)
"""


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Tape:
    return Tape.open(write_tape(tmp_path_factory.mktemp("conditions") / "a.tape", PROGRAM))


def met(tape: Tape, text: str) -> set[tuple[Kind, str]]:
    """Return kind and title of the nodes that meet a condition."""
    info = main_graph(list_graphs(tape))
    assert info is not None
    graph = build_graph(tape, info)
    ids: list[NodeId] = list(graph)
    found = meeting(tape, ids, read_condition(text))
    return {(ids[at].kind, graph.nodes[ids[at]]["title"]) for at in np.flatnonzero(found)}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("norm(grad) > 1e3", True), ('name == "fc2.weight" and pass_ == 7', True),
        ("isnan(value).any()", True), ("not backward", True), ("norm(grad) >", True),
        ("max(grad", True), ("relu", False), ("relu fc1", False), ("op:mul shape:[3, *]", False),
        ("grad_fn:Mul", False), ("[64, *]", False), ("id:12", False), ("", False), ("12", False),
    ],
)  # fmt: skip
def test_a_condition_is_told_from_words(text: str, meant: bool) -> None:
    assert is_condition(text) is meant


def test_values_gradients_and_names_are_asked_where_they_are(tape: Tape) -> None:
    assert met(tape, "isnan(value).any() and not backward") >= {(Kind.OP, "mul"), (Kind.OP, "sum")}
    assert met(tape, "norm(value) > 2e3 and op == 'exp'") == {
        (Kind.OP, "exp"), (Kind.GRAD_FN, "ExpBackward0")
    }  # fmt: skip
    assert (Kind.GRAD_FN, "ExpBackward0") in met(tape, "backward and norm(grad) < 0.01")
    assert met(tape, "norm(grad) > 1e9") == set()  # operations have no gradient: no error either
    assert {(Kind.LEAF, "w")} < met(tape, 'name == "w"')


def test_what_cannot_be_read_or_computed_says_why(tape: Tape) -> None:
    with pytest.raises(ConditionError, match=r"nrm\(\) is not known"):
        read_condition("nrm(grad) > 1")
    with pytest.raises(ConditionError, match=r"add \.any\(\) or \.all\(\)"):
        met(tape, "value > 0")


def test_it_can_be_cancelled(tape: Tape) -> None:
    info = main_graph(list_graphs(tape))
    assert info is not None
    ids = list(build_graph(tape, info))
    found = meeting(tape, ids, read_condition("event > 0"), cancelled=lambda: True)
    assert not found.any()
