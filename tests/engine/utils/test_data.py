"""Data sets, samplers and the loader take items in PyTorch's order and leave its stream behind."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.utils import data
from engine.utils.checkpoint import checkpoint

_spec = importlib.util.spec_from_file_location(
    "data_recipes", Path(__file__).parent / "data_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())


@pytest.mark.parametrize("code", recipes.EXPRESSIONS)
def test_order_and_stream(code: str) -> None:
    assert recipes.evaluate(torch, data, code) == RECORDED[code]


def test_numbers_arrays_and_names_are_collated_by_kind() -> None:
    items = [{"x": np.ones(2), "y": 1, "z": 0.5, "name": "a"}] * 2
    batch = data.default_collate(items)
    assert batch["x"].shape == (2, 2) and batch["x"].dtype is torch.float64
    assert batch["y"].dtype is torch.int64 and batch["z"].dtype is torch.float64
    assert batch["name"] == ["a", "a"]


def test_unequal_items_are_refused() -> None:
    with pytest.raises(RuntimeError, match="equal size"):
        data.default_collate([[1], [1, 2]])


def test_a_stream_is_batched_until_it_ends() -> None:
    class Numbers(data.IterableDataset[int]):
        def __iter__(self) -> Any:
            return iter(range(5))

    assert [b.tolist() for b in data.DataLoader(Numbers(), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert len(list(data.DataLoader(Numbers(), batch_size=2, drop_last=True))) == 2


def test_contradicting_options_are_refused() -> None:
    with pytest.raises(ValueError, match="mutually exclusive with shuffle"):
        data.DataLoader([1], sampler=[0], shuffle=True)


def test_a_checkpoint_computes_the_same_gradients() -> None:
    w = torch.randn(3, requires_grad=True)
    x = torch.randn(3, requires_grad=True)

    def part(t: Any) -> Any:
        return (t * w).sin()

    part(x).sum().backward()
    expected = x.grad.clone(), w.grad.clone()
    x.grad = w.grad = None
    checkpoint(part, x, use_reentrant=False).sum().backward()
    assert torch.equal(x.grad, expected[0]) and torch.equal(w.grad, expected[1])
