"""Corners of operations that lessons visit: nothing to compute with, and unusual ways to say it."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import engine as torch
from engine import nn


@pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 2)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_nothing_is_nothing(name: str, shape: tuple[int, ...]) -> None:
    x = torch.empty(shape, requires_grad=True)
    y = getattr(torch, name)(x, -1)
    assert y.shape == shape
    assert torch.autograd.grad(y.sum(), x)[0].shape == shape


def test_einsum_takes_lists_of_numbers_for_letters() -> None:
    x = torch.arange(6.0).reshape(2, 3)
    assert torch.equal(torch.einsum(x, [0, 1], x, [2, 1]), x @ x.T)
    assert torch.equal(torch.einsum(x, [0, 1], x, [0, 1], [0]), (x * x).sum(1))
    assert torch.equal(torch.einsum(x, [..., 1], [...]), x.sum(1))
    with pytest.raises(ValueError, match=r"not within the valid range \[0, 52\)"):
        torch.einsum(x, [0, 60])
    with pytest.raises(ValueError, match="must specify the equation string"):
        torch.einsum("ij")


def test_the_zeroth_power_of_a_matrix_is_in_the_graph() -> None:
    x = torch.tensor([[1.0, 2], [3, 4]], requires_grad=True)
    y = torch.linalg.matrix_power(x, 0)
    assert torch.equal(y, torch.eye(2))
    assert "CopyBackwards" in repr(y)
    assert torch.equal(torch.autograd.grad(y.sum(), x)[0], torch.zeros(2, 2))


def test_a_layer_of_one_input_rounds_once_as_pytorchs_kernel_does() -> None:
    torch.manual_seed(0)
    x, w, b = torch.randn(40, 1), torch.randn(1, 20), torch.randn(20)
    exact = x.double().numpy() * w.double().numpy() + b.double().numpy()
    assert np.array_equal(torch.addmm(b, x, w).numpy(), exact.astype(np.float32))
    one = torch.addmm(b[:1], x, w[:, :1])  # a single column is multiplied, then added to
    assert torch.equal(one, x * w[:, :1] + b[:1])


def test_a_saved_module_is_refused_by_its_own_name(tmp_path: Path) -> None:
    torch.save(nn.Linear(2, 2), tmp_path / "model.pt")
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL torch\.nn\.modules\.linear\.Linear"):
        torch.load(tmp_path / "model.pt")


@pytest.mark.parametrize("make", [torch.from_numpy, torch.tensor, torch.as_tensor])
def test_an_array_whose_type_is_an_object_of_its_own_gives_the_same_digits(make) -> None:
    own = np.dtype(np.float32).newbyteorder("<")
    plain = torch.linspace(-2, 2, 9).exp()
    assert torch.equal(make(torch.linspace(-2, 2, 9).numpy().astype(own)).exp(), plain)


def test_a_relu_lets_no_sign_through_where_it_is_flat() -> None:
    for shape in ((), (3,), (200, 200)):
        x = torch.full(shape, -1.0).requires_grad_()
        torch.relu(x).backward(torch.full(shape, -1.0))
        assert not torch.signbit(x.grad).any()


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
def test_what_is_masked_stays_0_in_maps_in_forward_mode_and_in_half_precision() -> None:
    x, far = torch.tensor([-1.0, 2.0]), torch.tensor([float("inf"), -1.0])
    half = x.half().requires_grad_()
    found = (
        torch.func.jvp(torch.relu, (x,), (far,))[1],
        torch.func.vmap(torch.func.vjp(torch.relu, x)[1])(far[None])[0][0],
        torch.autograd.grad(half.relu(), half, far.half())[0],
    )
    for gradient in found:
        assert gradient.tolist() == [0.0, -1.0]
