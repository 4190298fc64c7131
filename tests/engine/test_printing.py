"""Tensors print as PyTorch prints them."""

from __future__ import annotations

import importlib
import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import printing

_spec = importlib.util.spec_from_file_location(
    "printing_recipes", Path(__file__).parent / "printing_recipes.py"
)
assert _spec is not None and _spec.loader is not None
#: The module; the package's attribute of this name is the class.
dtypes: Any = importlib.import_module("engine.dtype")
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
CASES = list(zip(recipes.cases(), json.loads(recipes.RECORDING.read_text()), strict=True))


class Node:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


@dataclass
class Tensor:
    """The part of a tensor that printing reads."""

    _a: Any
    dtype: Any
    requires_grad: bool = False
    grad_fn: Node | None = None


def tensor(values: Any, dtype: Any = dtypes.float32, shape: Any = None, **rest: Any) -> Any:
    array = np.array(values, dtype=dtype.np)
    array = array if shape is None else array.reshape(shape)
    if dtype is dtypes.bfloat16:
        array = dtypes.round_bfloat16(array)
    return Tensor(array, dtype, **rest)


@pytest.fixture(autouse=True)
def default_options() -> Iterator[None]:
    printing.set_printoptions(profile="default")
    yield
    printing.set_printoptions(profile="default")


@pytest.mark.parametrize("number", range(len(CASES)))
def test_a_tensor_prints_as_recorded(number: int) -> None:
    case, text = CASES[number]
    printing.set_printoptions(**case["options"])
    dtype = getattr(dtypes, "bool_" if case["dtype"] == "bool" else case["dtype"])
    t = tensor(case["values"], dtype, case["shape"])
    t.requires_grad = case["role"] != "plain"
    t.grad_fn = Node("CloneBackward0") if case["role"] == "result" else None
    assert printing.tensor_repr(t) == text


def test_only_visible_elements_decide_the_format() -> None:
    middle = np.zeros(1101, dtype=np.float32)
    middle[500] = 1.2345
    assert printing.tensor_repr(tensor(middle)) == "tensor([0., 0., 0.,  ..., 0., 0., 0.])"


def test_names_of_nodes_lose_their_namespace() -> None:
    t = tensor([1.0], requires_grad=True, grad_fn=Node("torch::autograd::CopySlices"))
    assert printing.tensor_repr(t) == "tensor([1.], grad_fn=<CopySlices>)"


def test_a_subclass_prints_under_its_own_name() -> None:
    class Metres(Tensor):
        pass

    t = Metres(np.ones(2, dtype=np.float32), dtypes.float32)
    assert printing.tensor_repr(t) == "Metres([1., 1.])"


def test_options_inside_a_with_block_end_with_it() -> None:
    before = printing.get_printoptions()
    with printing.printoptions(precision=2):
        assert printing.tensor_repr(tensor(3.14159)) == "tensor(3.14)"
    assert printing.get_printoptions() == before
