"""What PyTorch has and the engine lacks is refused by name, with a reason."""

from __future__ import annotations

from importlib import import_module

import pytest

import engine as torch


@pytest.mark.parametrize(
    ("package", "name", "why"),
    [
        ("optim", "SparseAdam", "sparse tensors are not supported.*use Adam"),
        ("nn", "quantized", "quantized tensors"),
        ("nn.functional", "grouped_mm", "supported are the functions"),
        ("func", "functionalize", "compiled and traced"),
        ("utils.data", "IterDataPipe", "DataLoader are"),
        ("testing", "make_tensor", r"torch\.rand"),
    ],
)
def test_an_absent_name_is_refused_with_a_reason(package: str, name: str, why: str) -> None:
    module = import_module(f"engine.{package}")
    with pytest.raises(
        AttributeError, match=rf"'torch\.{package}' has no attribute '{name}' here: .*{why}"
    ):
        getattr(module, name)


def test_a_name_that_nobody_has_is_refused_without_a_reason() -> None:
    for package in (
        "fft",
        "optim",
        "nn",
        "nn.functional",
        "func",
        "utils.data",
        "distributions",
        "testing",
    ):
        with pytest.raises(
            AttributeError, match=rf"^module 'torch\.{package}' has no attribute 'nothing'$"
        ):
            _ = import_module(f"engine.{package}").nothing


def test_methods_of_sparse_and_quantized_tensors_say_that_there_are_none() -> None:
    x = torch.ones(2, 2)
    for name in ("to_sparse", "coalesce", "crow_indices"):
        with pytest.raises(
            NotImplementedError, match=f"Tensor.{name} is not supported here: sparse"
        ):
            getattr(x, name)()
    with pytest.raises(NotImplementedError, match="quantized"):
        x.int_repr()
