"""Layers draw PyTorch's parameters, print as it does and compute what it computes."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine import nn

_spec = importlib.util.spec_from_file_location(
    "layer_recipes", Path(__file__).parent / "layer_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=3e-5, atol=2e-5)


@pytest.fixture(autouse=True)
def no_warnings() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("number", range(len(recipes.LAYERS)), ids=lambda n: recipes.LAYERS[n][0])
def test_a_layer(number: int) -> None:
    found = recipes.evaluate_layer(engine, nn, *recipes.LAYERS[number])
    expected = RECORDED["layers"][number]
    assert found["repr"] == expected["repr"]
    for part in ("parameters", "grads", "state"):
        assert list(found[part]) == list(expected[part])
        for name, values in expected[part].items():
            close(found[part][name], values)
    assert found["shape"] == expected["shape"]
    for part in ("value", "input", "eval", "next"):
        close(found[part], expected[part])


@pytest.mark.parametrize("number", range(len(recipes.CALLS)), ids=lambda n: recipes.CALLS[n][:60])
def test_a_call(number: int) -> None:
    close(recipes.evaluate_call(engine, nn, recipes.CALLS[number]), RECORDED["calls"][number])
