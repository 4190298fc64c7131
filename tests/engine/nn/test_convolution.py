"""Convolutions are computed part by part of a batch."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine.nn.kernels import convolution as kernels

F = torch.nn.functional


def _results(x: Any, w: Any, b: Any, **options: Any) -> list[Any]:
    for t in (x, w, b):
        t.grad = None
    y = F.conv2d(x, w, b, **options)
    (y * torch.arange(y.numel(), dtype=y.dtype).view(y.shape).sin()).sum().backward()
    return [y.detach(), x.grad, w.grad, b.grad]


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2, "padding": 1}, {"dilation": 2}, {"groups": 2, "padding": (0, 2)}],
    ids=str,
)
@pytest.mark.parametrize("samples", [1, 2, 5])
def test_parts_of_a_batch_give_what_the_whole_gives(
    options: dict[str, Any], samples: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    x = torch.randn(5, 4, 7, 6, dtype=torch.float64, requires_grad=True)
    w = torch.randn(6, 4 // options.get("groups", 1), 3, 2, dtype=torch.float64, requires_grad=True)
    b = torch.randn(6, dtype=torch.float64, requires_grad=True)
    whole = _results(x, w, b, **options)
    positions = whole[0].shape[2] * whole[0].shape[3]
    monkeypatch.setattr(kernels, "_AT_ONCE", samples * 4 * 3 * 2 * positions)
    for part, full in zip(_results(x, w, b, **options), whole, strict=True):
        assert torch.allclose(part, full, rtol=1e-12, atol=1e-12)


def test_an_empty_batch_gives_an_empty_result_and_zero_gradients() -> None:
    x = torch.zeros(0, 2, 4, 4, requires_grad=True)
    w, b = torch.ones(3, 2, 2, 2, requires_grad=True), torch.ones(3, requires_grad=True)
    y, gx, gw, gb = _results(x, w, b)
    assert y.shape == (0, 3, 3, 3) and gx.shape == x.shape
    assert not gw.any() and not gb.any()
