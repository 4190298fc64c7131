"""Functions of torch.nn.functional: values, gradients, second gradients and graphs as PyTorch's."""

from __future__ import annotations

import importlib.util
import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
import engine.nn.functional as F

_spec = importlib.util.spec_from_file_location(
    "functional_recipes", Path(__file__).parent / "functional_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())
#: Where the graph is known to be another: PyTorch pads circularly with four copies into slices, and
#: has one node for a product of three.
OTHER_GRAPH = {"F.pad(im, (1, 2, 3, 1), mode='circular')", "F.bilinear(a, b, k3, c)"}


def close(found: Any, expected: Any) -> None:
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("expression", recipes.EXPRESSIONS)
def test_value_gradients_graph_and_random_stream(expression: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recipes.evaluate(engine, F, expression)
    expected = RECORDED[expression]
    assert found["shape"] == expected["shape"]
    close(found["value"], expected["value"])
    assert found["grads"].keys() == expected["grads"].keys()
    for name, grad in expected["grads"].items():
        close(found["grads"][name], grad)
    if expression not in OTHER_GRAPH:
        assert found["graph"] == expected["graph"]
    close(found["next"], expected["next"])


@pytest.mark.parametrize("expression", [e for e in recipes.EXPRESSIONS if "second" in RECORDED[e]])
def test_gradients_of_gradients(expression: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = recipes.second_order(engine, F, expression)
    for name, second in RECORDED[expression]["second"].items():
        close(found.get(name, np.zeros(len(second))), second)


def test_an_unknown_name_says_where_it_was_looked_for() -> None:
    with pytest.raises(AttributeError, match=r"module 'torch.nn.functional' has no attribute 'x'"):
        F.x  # noqa: B018


def test_a_function_that_is_not_there_names_itself_and_what_is() -> None:
    with pytest.raises(NotImplementedError, match=r"linear_cross_entropy is not supported.*losses"):
        F.linear_cross_entropy()
