"""Conditions: NumPy's words, and nothing that a tape's reader could be harmed with."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.tape.conditions import Condition, ConditionError

KNOWN = frozenset({"grad", "value", "name", "pass_"})
HERE: dict[str, Any] = {
    "grad": np.array([3.0, -4.0], np.float32), "value": np.array([1.0, np.nan]), "name": "fc2.weight",
    "pass_": 7,
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("norm(grad) > 4.9", True),
        ("norm(grad) > 5.1", False),
        ("isnan(value).any()", True),
        ('name == "fc2.weight" and pass_ == 7', True),
        ('name.startswith("fc1") or pass_ in (1, 7)', True),
        ("not isfinite(value).all()", True),
        ("grad[1] < -3", True),
        ("abs(grad[-1]) ** 2 == 16", True),
        ("grad.shape == (2,)", True),
        ("torch.exp(grad).max() == grad.exp().max()", True),
        ("(grad * torch.ones(2)).shape == np.zeros((2,)).shape", True),
        ("1 < pass_ <= 7", True),
        ("1 < pass_ < 7", False),
        ("max(abs(grad)) if pass_ > 3 else 0", 4.0),
        ("sum(grad * grad) / len(grad)", 12.5),
        ("grad[::2].size", 1),
        ("-mean(grad)", 0.5),
    ],
)
def test_conditions_are_numpy_s_words(text: str, value: object) -> None:
    assert Condition(text, KNOWN)(HERE) == value


def test_only_the_names_that_are_asked_for_are_looked_up() -> None:
    assert Condition('norm(grad) > 1 and name != ""', KNOWN).names == {"grad", "name"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no expression"),
        ("norm(grad", "is no expression"),
        ("gard > 1", "'gard' is not known; there are grad, name, pass_, value"),
        ("__import__('os')", "__import__() is not known"),
        ("grad.__class__", ".__class__ cannot be asked for"),
        ("grad.tofile('x')", ".tofile() cannot be called"),
        ("[x for x in grad]", "cannot be used in a condition"),
        ("(lambda: 1)()", "cannot be called"),
        ("grad := 3", "is no expression"),
        ("f'{grad}'", "cannot be used in a condition"),
        ("grad << 2", "this operator cannot be used"),
        ("1" + " + 1" * 60, "nested too deeply"),
        ("1 == " * 900 + "1", "at most"),
    ],
)
def test_what_is_no_condition_is_refused_with_a_reason(text: str, told: str) -> None:
    with pytest.raises(ConditionError) as caught:
        Condition(text, KNOWN)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("grad > 1", "gives 2 truths: add .any() or .all()"),
        ("grad and 1", "add .any() or .all()"),
        ("grad[5] > 1", "index 5 is out of bounds"),
        ("name * 1000000", "only numbers and arrays"),
        ("torch.ones(100000, 100000)", "at most 1,000,000 elements"),
        ("grad @ value[:1]", "grad @ value[:1]"),
    ],
)
def test_what_cannot_be_computed_says_why(text: str, told: str) -> None:
    with pytest.raises(ConditionError) as caught:
        Condition(text, KNOWN).holds(HERE)
    assert told in str(caught.value)


def test_a_power_is_a_number_not_a_computation_without_end() -> None:
    assert Condition("9 ** 9 ** 9 ** 9 > 1", KNOWN).holds(HERE)


def test_what_is_not_there_compares_as_false_and_is_said_otherwise() -> None:
    nothing = HERE | {"grad": None}
    assert not Condition("grad > 1", KNOWN).holds(nothing)
    assert Condition("grad is None", KNOWN).holds(nothing)
    with pytest.raises(ConditionError, match="nothing here"):
        Condition("norm(grad) > 1", KNOWN).holds(nothing)
