"""float16 and bfloat16: values and gradients have PyTorch's bits."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import engine as torch

_spec = importlib.util.spec_from_file_location(
    "half_recipes", Path(__file__).parent / "half_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())["cases"]


@pytest.mark.parametrize("dtype", recipes.DTYPES)
@pytest.mark.parametrize("case", recipes.CASES)
def test_values_and_gradients_are_pytorchs_bit_for_bit(case: str, dtype: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recipes.evaluate(torch, case, dtype)
    names = ("value", "a.grad", "b.grad", "a.grad after two", "b.grad after two")
    assert dict(zip(names, found, strict=True)) == dict(
        zip(names, RECORDED[case][dtype], strict=True)
    )


@pytest.mark.parametrize("dtype", recipes.DTYPES)
def test_what_a_pass_gives_has_the_narrow_type_and_the_graph_stays_out_of_it(dtype: str) -> None:
    d = getattr(torch, dtype)
    a = torch.tensor([1.0, 2.0], dtype=d, requires_grad=True)
    seen: list[Any] = []
    y = a * 1.1
    y.retain_grad()
    y.register_hook(lambda g: seen.append(g.dtype))
    (g,) = torch.autograd.grad((y * y).sum(), a, retain_graph=True)
    (y * y).sum().backward()
    assert seen == [d, d]
    assert g.dtype is a.grad.dtype is y.grad.dtype is d
    assert not g.requires_grad and not a.grad.requires_grad and g.tolist() == a.grad.tolist()


def test_a_gradient_is_added_in_place() -> None:
    a = torch.tensor([1.0, 2.0], dtype=torch.bfloat16, requires_grad=True)
    (a * 1.1).sum().backward()
    first, version = a.grad, a.grad._version
    (a * 0.3).sum().backward()
    assert a.grad is first and first._version == version + 1
    assert first.tolist() == [1.40625, 1.40625]
