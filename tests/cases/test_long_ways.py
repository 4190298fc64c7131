"""Answers over thousands of nodes, most of which are followed many at a time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.tape.diagnose import Facts, Finding, why
from engine.tape.tape import Tape

Record = Callable[[str], Tape]

ELEMENTS = """\
w = torch.tensor([1.0, -2.0, 3.0], requires_grad=True)
y = w * 1.0
for i in range(700):
    y = {} if i == 350 else y * 1.001
loss = y.sum()
loss.backward()
"""
FORKS = """\
w = torch.ones(3, requires_grad=True)
y = w * 1.0
for i in range(300):
    y = y + (y * 1e-6).tanh() if i < 290 else y * 0.01
y.sum().backward()
"""


def _asked(tape: Tape, element: tuple[int, ...] | None = None) -> Finding:
    facts = Facts(tape)
    return why(facts, facts.named("w"), element)


@pytest.mark.parametrize(("middle", "element", "cause", "passed"), [
    ("torch.relu(y)", (1,), "dead-relu", 351),
    ("torch.relu(-y.abs() - 1)", None, "dead-relu", 354),
    ("y.clamp(max=2.5)", (2,), "clamped", 351),
    ("torch.where(y > 0, y, y.detach())", (1,), "masked", 351),
    ("y.log() * torch.tensor([0.0, 0.0, 1.0])", (0,), "times-zero", 352),
    ("y[[2, 2, 0]]", (1,), "masked", 351),
])  # fmt: skip
def test_an_element_is_followed_to_the_node_that_made_it_zero(
    middle: str, element: tuple[int, ...] | None, cause: str, passed: int, record_program: Record
) -> None:
    found = _asked(record_program(ELEMENTS.format(middle)), element)
    assert found.cause == cause
    assert found.culprit.source is not None
    assert found.culprit.source.line == 4
    told = [link.text for link in found.chain if link.text.startswith("…")]
    assert told == [f"… {passed - 12:,} nodes more receives zero and sends it on"]


def test_nan_is_followed_to_where_it_was_born(record_program: Record) -> None:
    found = _asked(record_program(ELEMENTS.format("(y * 0).sqrt() * y")))
    assert found.cause == "sqrt-at-zero"
    assert any(link.text.startswith("…") for link in found.chain)


def test_the_gain_that_makes_a_gradient_vanish_is_told(record_program: Record) -> None:
    found = _asked(record_program(ELEMENTS.format("y * 1e-9")))
    assert found.cause == "vanishing"
    assert found.text.startswith("Over 699 nodes")
    assert found.text.endswith("the strongest is MulBackward0 with 1e-09.")
    assert found.culprit.text == "MulBackward0 makes 1.42e-09 of 1.42 (× 1e-09)"


def test_the_way_on_which_most_came_is_told(record_program: Record) -> None:
    found = _asked(record_program(FORKS))
    assert found.cause == "vanishing"
    assert "MulBackward0" in found.culprit.text
