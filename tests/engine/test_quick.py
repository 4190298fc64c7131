"""The quick ways of rows give the digits of the general one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.nn import functional
from engine.ops.quick.parts import LARGE

ROWS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "tan": torch.tan,
    "expm1": torch.expm1,
    "atan": torch.atan,
    "softmax": lambda x: functional.softmax(x, dim=-1),
    "softmax of columns": lambda x: functional.softmax(x, dim=0),
    "log_softmax": lambda x: functional.log_softmax(x, dim=-1),
    "sin": torch.sin,
}
SHAPES = [(), (1,), (3, 5), (2, LARGE)]


def _gradients(of: Any, x: Any, g: Any) -> list[bytes]:
    x = x.clone().requires_grad_()
    y = of(x)
    y.backward(g)
    return [y.detach().numpy().tobytes(), x.grad.numpy().tobytes(), str(x.grad.dtype).encode()]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("name", ROWS)
def test_values_and_gradients_are_those_of_the_general_way(
    name: str, dtype: Any, shape: Any
) -> None:
    rng = np.random.default_rng(1)
    x, g = (torch.tensor(rng.normal(size=shape), dtype=dtype) for _ in range(2))
    quick = _gradients(ROWS[name], x, g)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        general = _gradients(ROWS[name], x, g)
    assert quick == general


def test_a_layer_norm_goes_back_by_the_means_of_its_forward_pass() -> None:
    """As PyTorch, which keeps them: an input changed behind its back is used as it is now."""
    rng = np.random.default_rng(2)
    before, g = rng.normal(size=(2, 3, 8))
    x = torch.tensor(before).requires_grad_()
    y = functional.layer_norm(x, (8,))
    x.data.mul_(2)
    y.backward(torch.tensor(g))
    mean = before.mean(1, keepdims=True)
    rstd = 1 / np.sqrt(((before - mean) ** 2).mean(1, keepdims=True) + 1e-5)
    xhat = (2 * before - mean) * rstd
    wanted = (g - g.mean(1, keepdims=True) - xhat * (g * xhat).mean(1, keepdims=True)) * rstd
    np.testing.assert_allclose(x.grad.numpy(), wanted, rtol=1e-12)


def test_two_layer_norms_of_one_input_keep_their_own_means() -> None:
    rng = np.random.default_rng(3)
    x, g = (torch.tensor(rng.normal(size=(4, 6))) for _ in range(2))

    def both(x: Any) -> Any:
        return functional.layer_norm(x, (6,)) + functional.layer_norm(x, (4, 6), eps=0.1)

    def apart(x: Any) -> Any:
        return functional.layer_norm(x, (6,)) + functional.layer_norm(x.clone(), (4, 6), eps=0.1)

    found, wanted = (_gradients(of, x, g) for of in (both, apart))
    np.testing.assert_allclose(np.frombuffer(found[1]), np.frombuffer(wanted[1]), rtol=1e-12)
