"""How a person can say what they expect: numbers as they are printed, and formulas."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from engine.tape.conditions import ConditionError
from engine.tape.diagnose import words
from engine.tape.diagnose.expectation import read_numbers
from engine.tape.tape import Tape

PRINTED = [
    "tensor([[1., 2.], [3., 4.]], grad_fn=<AddBackward0>)",
    "[[1, 2], [3, 4]]",
    "[[1. 2.]\n [3. 4.]]",
    "array([[1., 2.],\n       [3., 4.]], dtype=float32)",
    "torch.tensor([[1, 2], [3, 4]])",
    "((1, 2), (3, 4))",
    "Parameter containing:\ntensor([[1., 2.],\n        [3., 4.]], requires_grad=True)",
]


@pytest.mark.parametrize("text", PRINTED)
def test_numbers_are_read_as_they_are_printed(text: str) -> None:
    found = read_numbers(text)
    assert found is not None
    assert found.tolist() == [[1, 2], [3, 4]]


def test_single_numbers_and_what_is_none() -> None:
    for text, number in (("3", 3), ("-1.5e-3", -1.5e-3), ("tensor(0.5)", 0.5), ("inf", np.inf)):
        found = read_numbers(text)
        assert found is not None
        assert (found.shape, float(found)) == ((), number)
    assert read_numbers("2 * w") is None
    assert read_numbers("") is None


@pytest.mark.parametrize(("text", "words"), [
    ("[1, 2", "a [ is not closed"), ("[1] 2]", "a ] closes nothing"),
    ("[[1, 2], [3]]", "several lengths"),
])  # fmt: skip
def test_numbers_that_are_not_whole_are_refused(text: str, words: str) -> None:
    with pytest.raises(ConditionError, match=re.escape(words)):
        read_numbers(text)


def test_a_formula_that_cannot_be_read_is_refused(record_program: Callable[[str], Tape]) -> None:
    tape = record_program(
        "x = torch.ones(4, 2)\nw = torch.ones(2, requires_grad=True)\n(x @ w).sum().backward()"
    )
    for text, said in (
        ("q + 1", "'q' is not known"),
        ("x @ x", "x @ x"),
        ("'a'", "gives no numbers"),
    ):
        with pytest.raises(ConditionError, match=re.escape(said)):
            words.answer(tape, "w.grad", text)
