"""Operations give under the engine what they gave under PyTorch: values, gradients, names, words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import engine as torch

sys.path.insert(0, str(Path(__file__).parent))

from operation_recipes import load, results

_CASES = load()
_ROUGH = {"float16": 2e-3, "bfloat16": 1.6e-2}


def _close(a: Any, b: Any, tolerance: float) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(_close(x, y, tolerance) for x, y in zip(a, b, strict=True))
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= tolerance * max(abs(a), 0.1)
    return type(a) is type(b) and bool(a == b)


def _same(expected: Any, given: Any) -> bool:
    if isinstance(expected, dict) and isinstance(given, dict):
        return expected.keys() == given.keys() and all(
            _same(expected[k], given[k]) for k in expected
        )
    if isinstance(expected, list) and isinstance(given, list):
        if len(expected) == 4 and isinstance(expected[1], list) and given[:3] == expected[:3]:
            return _close(expected[3], given[3], _ROUGH.get(expected[0], 1e-5))
        return len(expected) == len(given) and all(map(_same, expected, given))
    return _close(expected, given, 1e-5)


@pytest.fixture(autouse=True)
def default_settings() -> Iterator[None]:
    torch.set_warn_always(True)  # whatever was said before in this process
    yield
    torch.set_warn_always(False)
    torch.set_printoptions(profile="default")
    torch.set_default_dtype(torch.float32)
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("name", _CASES)
def test_an_operation_gives_what_pytorch_gives(name: str) -> None:
    code, looked_at, expected = _CASES[name]
    given = results(code, looked_at, torch)
    assert len(given) == len(expected), given
    for wanted, got in zip(expected, given, strict=True):
        assert _same(wanted, got), f"\n{code}\nexpected {wanted}\ngiven    {got}"
