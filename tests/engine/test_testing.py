"""assert_close says where values differ and how far, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine.testing import assert_close

X = torch.arange(3.0)
#: Pairs and what PyTorch 2.13 says of them.
DIFFERENT: list[tuple[Any, Any, str]] = [
    (
        X,
        X.double(),
        "The values for attribute 'dtype' do not match: torch.float32 != torch.float64.",
    ),
    (
        X,
        X[:2],
        "The values for attribute 'shape' do not match: torch.Size([3]) != torch.Size([2]).",
    ),
    (
        X,
        torch.tensor([0, 1, 2.1]),
        "Tensor-likes are not close!\n\nMismatched elements: 1 / 3 (33.3%)\n"
        "Greatest absolute difference: 0.09999990463256836 at index (2,) (up to 1e-05 allowed)\n"
        "Greatest relative difference: 0.04761900380253792 at index (2,) (up to 1.3e-06 allowed)",
    ),
    (
        {"a": X.int()},
        {"a": X.int() + 1},
        "Tensor-likes are not equal!\n\nMismatched elements: 3 / 3 (100.0%)\n"
        "Greatest absolute difference: 1 at index (0,)\nGreatest relative difference: 1.0 at index (0,)\n\n"
        "The failure occurred for item ['a']",
    ),
    (
        [1.0],
        [2.0],
        "Scalars are not close!\n\nExpected 2.0 but got 1.0.\nAbsolute difference: 1.0 (up to 1e-07 allowed)\n"
        "Relative difference: 0.5 (up to 1e-07 allowed)\n\nThe failure occurred for item [0]",
    ),
]


@pytest.mark.parametrize(("actual", "expected", "words"), DIFFERENT)
def test_differences_are_told(actual: Any, expected: Any, words: str) -> None:
    with pytest.raises(AssertionError) as caught:
        assert_close(actual, expected)
    assert str(caught.value) == words


def test_close_values_pass_and_other_kinds_are_refused() -> None:
    assert_close(X, X + 1e-7)
    assert_close([X, {"a": 1.0}], [X, {"a": 1.0 + 1e-9}])
    assert_close(X, X + 0.1, rtol=0, atol=0.2)
    with pytest.raises(TypeError, match="No comparison pair was able to handle inputs"):
        assert_close(X, [0.0, 1.0, 2.0])
